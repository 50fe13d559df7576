//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Execution/ProductCount.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Pipelines/Registration.h"

using namespace ravel;
using namespace ravel::rnn;

/// The products in `op`, which speaks about one instant or one example.
static double countOperations(mlir::Operation *op) {
  if (auto linear = mlir::dyn_cast<LinearOp>(op))
    return 2.0 * linear.getMatrix().getType().getNumElements();
  if (auto sparse = mlir::dyn_cast<SparseLinearOp>(op)) {
    auto type = mlir::cast<mlir::ShapedType>(sparse.getMatrix().getType());
    return static_cast<double>(type.getNumElements());
  }
  if (auto contract = mlir::dyn_cast<ContractOp>(op))
    return 2.0 * contract.getResult().getType().getNumElements();
  return 0;
}

/// Whether `op` is evaluated at each instant.
static bool isPerInstant(mlir::Operation *op) {
  return op->getParentOfType<ScanOp>() ||
         llvm::any_of(op->getOperandTypes(), llvm::IsaPred<SeqType>);
}

llvm::Expected<ProductCount> ravel::countProducts(const Compiler &compiler,
                                                  const ModelSource &source,
                                                  const CompileOptions &options,
                                                  llvm::StringRef function) {
  llvm::Expected<std::string> text =
      compiler.print(source, options, /*level=*/2);
  if (!text)
    return text.takeError();
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(*text, &context);
  if (!module)
    return makeFileError(source.path, "its level 2 cannot be read back");
  auto callee = module->lookupSymbol<mlir::func::FuncOp>(function);
  if (!callee)
    return makeFileError(source.path, "has no function @" + function);
  ProductCount count;
  callee.walk([&](mlir::Operation *op) {
    (isPerInstant(op) ? count.perInstant : count.perExample) +=
        countOperations(op);
  });
  return count;
}
