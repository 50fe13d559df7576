//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_EMITENTRYPOINTS
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;

/// The prefix of the wrapper that `llvm.emit_c_interface` asks for.
static constexpr StringLiteral kWrapperPrefix = "_mlir_ciface_";

/// Defines `ravel_NAME(ptr)` for the wrapper `_mlir_ciface_NAME`: each element
/// of the array points to an argument, a memref's descriptor or a number.
static void createEntryPoint(LLVM::LLVMFuncOp wrapper) {
  Location loc = wrapper.getLoc();
  OpBuilder builder(wrapper);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()), pointer);
  std::string name =
      ("ravel_" + wrapper.getName().drop_front(kWrapperPrefix.size())).str();
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> arguments;
  for (auto [index, argument] :
       llvm::enumerate(wrapper.getFunctionType().getParams())) {
    Value slot = LLVM::GEPOp::create(
        builder, loc, pointer, pointer, block->getArgument(0),
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
    Value value = LLVM::LoadOp::create(builder, loc, pointer, slot);
    if (argument != pointer)
      value = LLVM::LoadOp::create(builder, loc, argument, value);
    arguments.push_back(value);
  }
  LLVM::CallOp::create(builder, loc, wrapper, arguments);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

namespace {
struct EmitEntryPointsPass
    : ravel::impl::EmitEntryPointsBase<EmitEntryPointsPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> wrappers;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue;
      // What arguments are has been read by whoever wanted to know; LLVM does
      // not know these attributes.
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        function.setArgAttrs(
            i, llvm::to_vector(llvm::make_filter_range(
                   mlir::function_interface_impl::getArgAttrs(function, i),
                   [](NamedAttribute attr) {
                     return !attr.getName().getValue().starts_with("rnn.");
                   })));
      // The entry points are all that the object shows.
      function.setLinkage(LLVM::Linkage::Internal);
      if (function.getName().starts_with(kWrapperPrefix))
        wrappers.push_back(function);
    }
    for (LLVM::LLVMFuncOp wrapper : wrappers)
      createEntryPoint(wrapper);
  }
};
} // namespace
