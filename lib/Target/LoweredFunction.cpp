//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LoweredFunction.h"
#include "../Execution/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

SmallVector<const LoweredArgument *>
LoweredFunction::find(LoweredArgument::Kind kind) const {
  SmallVector<const LoweredArgument *> found;
  for (const LoweredArgument &argument : arguments)
    if (argument.kind == kind)
      found.push_back(&argument);
  return found;
}

SmallVector<const LoweredArgument *> LoweredFunction::find(Role role) const {
  SmallVector<const LoweredArgument *> found;
  for (const LoweredArgument *argument : find(LoweredArgument::Kind::Ordinary))
    if (argument->argument.role == role)
      found.push_back(argument);
  return found;
}

/// The constant that a function which tells the size of a workspace stores.
static std::optional<int64_t> findConstantBytes(func::FuncOp companion) {
  std::optional<int64_t> bytes;
  companion.walk([&](memref::StoreOp store) {
    llvm::APInt value;
    if (matchPattern(store.getValueToStore(), m_ConstantInt(&value)))
      bytes = value.getSExtValue();
  });
  return bytes;
}

void ravel::boundWorkspace(ModuleOp module, StringRef name) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  auto companion =
      module.lookupSymbol<func::FuncOp>((name + ".workspace").str());
  if (!function || !companion)
    return;
  auto getRole = [&](Value value) -> StringRef {
    auto argument = dyn_cast<BlockArgument>(value);
    auto role = argument ? function.getArgAttrOfType<StringAttr>(
                               argument.getArgNumber(), RNNDialect::kRoleAttr)
                         : StringAttr();
    return role ? role.getValue() : "";
  };
  Value batch;
  for (BlockArgument argument : companion.getArguments().drop_back())
    if (getRole(argument) == "batch")
      batch = argument;
  companion.walk([&](memref::LoadOp load) {
    if (getRole(load.getMemRef()) != "offsets")
      return;
    OpBuilder builder(load);
    load.replaceAllUsesWith(arith::MulIOp::create(builder, load.getLoc(),
                                                  load.getIndices()[0], batch)
                                .getResult());
    load.erase();
  });
}

std::optional<int64_t> ravel::evaluateWorkspace(ModuleOp module, StringRef name,
                                                int64_t instants,
                                                int64_t batch) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  auto companion =
      module.lookupSymbol<func::FuncOp>((name + ".workspace").str());
  if (!function || !companion)
    return 0;
  OwningOpRef<ModuleOp> scratch = ModuleOp::create(module.getLoc());
  func::FuncOp copy = companion.clone();
  scratch->push_back(copy);
  for (auto declared : module.getOps<LLVM::LLVMFuncOp>())
    scratch->push_back(declared.clone());
  OpBuilder builder(copy.getContext());
  builder.setInsertionPointToStart(&copy.front());
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, copy.getLoc(), value);
  };
  for (BlockArgument argument : copy.getArguments().drop_back()) {
    Argument described = describeArgument(function, argument.getArgNumber());
    if (described.role == Role::Batch)
      argument.replaceAllUsesWith(index(batch));
    int64_t rows = described.role == Role::Offsets           ? instants + 1
                   : described.layout == RowLayout::Sequence ? instants * batch
                                                             : batch;
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers()))
      if (auto dim = dyn_cast<memref::DimOp>(user);
          dim && dim.getConstantIndex() == 0)
        dim.replaceAllUsesWith(index(rows).getResult());
  }
  PassManager manager(copy.getContext());
  manager.addPass(createCanonicalizerPass());
  if (failed(manager.run(*scratch)))
    return std::nullopt;
  return findConstantBytes(copy);
}

std::unique_ptr<LoweredFunction> ravel::describeFunction(ModuleOp module,
                                                         StringRef name) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function)
    return nullptr;
  auto result = std::make_unique<LoweredFunction>();
  result->name = name.str();
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    LoweredArgument &argument = result->arguments.emplace_back();
    argument.argument = describeArgument(function, i);
    auto role = function.getArgAttrOfType<StringAttr>(i, RNNDialect::kRoleAttr);
    if (role && role.getValue() == "prepared")
      argument.kind = LoweredArgument::Kind::Prepared;
    if (role && role.getValue() == "workspace") {
      argument.kind = LoweredArgument::Kind::Workspace;
      result->hasWorkspace = true;
    }
    auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[i]);
    if (!type)
      continue;
    argument.shape.emplace();
    for (int64_t size : type.getShape())
      argument.shape->push_back(ShapedType::isDynamic(size) ? -1 : size);
    Type element = type.getElementType();
    if (type.hasStaticShape() && element.isIntOrFloat())
      argument.bytes =
          type.getNumElements() * ((element.getIntOrFloatBitWidth() + 7) / 8);
  }
  if (auto companion =
          module.lookupSymbol<func::FuncOp>((name + ".workspace").str())) {
    result->workspaceBytes = findConstantBytes(companion);
    companion.walk([&](memref::LoadOp) { result->isWorkspaceKnown = false; });
  }
  result->preparation = describeFunction(module, (name + ".prepare").str());
  if (auto attrs =
          function->getAttrOfType<DictionaryAttr>(RNNDialect::kStreamAttr))
    result->streaming = describeStreaming(attrs);
  return result;
}
