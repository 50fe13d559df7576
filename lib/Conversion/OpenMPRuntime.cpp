//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "OpenMPRuntime.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

Value ravel::createRuntimeCall(OpBuilder &builder, Location loc,
                               ModuleOp module, StringRef name) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!function) {
    OpBuilder declare = OpBuilder::atBlockEnd(module.getBody());
    function = LLVM::LLVMFuncOp::create(
        declare, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(builder.getI32Type(), {}));
  }
  Value result =
      LLVM::CallOp::create(builder, loc, function, ValueRange()).getResult();
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    result);
}
