//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// One-Shot Bufferize, with the bodies of kernels out of its sight.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ravel/Conversion/Passes.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {
#define GEN_PASS_DEF_BUFFERIZEBATCHES
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;

/// Whether `op` keeps its tensors: it is in the body of a kernel, or it is a
/// kernel on memrefs, of which only the body's arguments are tensors.
static bool isSettled(Operation *op) {
  if (rnn::isInKernel(op))
    return true;
  return isa<rnn::RowsOp, rnn::ChainsOp>(op) &&
         llvm::none_of(op->getOperandTypes(), llvm::IsaPred<TensorType>);
}

/// A batched function writes its results to arguments that its caller owns, so
/// it returns nothing.
static void dropResults(func::FuncOp function) {
  Block &entry = function.front();
  SmallVector<BlockArgument> destinations;
  for (BlockArgument argument : entry.getArguments()) {
    auto role = function.getArgAttrOfType<StringAttr>(
        argument.getArgNumber(), rnn::RNNDialect::kRoleAttr);
    if (role && role.getValue() == "output")
      destinations.push_back(argument);
  }
  if (destinations.size() != function.getNumResults())
    return;
  auto terminator = cast<func::ReturnOp>(entry.getTerminator());
  OpBuilder builder(terminator);
  for (auto [value, destination] :
       llvm::zip(terminator.getOperands(), destinations)) {
    if (value != destination)
      memref::CopyOp::create(builder, terminator.getLoc(), value, destination);
  }
  terminator.getOperandsMutable().clear();
  function.setType(builder.getFunctionType(entry.getArgumentTypes(), {}));
}

namespace {
struct BufferizeBatches : ravel::impl::BufferizeBatchesBase<BufferizeBatches> {
  using Base::Base;

  void runOnOperation() override {
    bufferization::OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    options.setFunctionBoundaryTypeConversion(
        bufferization::LayoutMapOption::IdentityLayoutMap);
    options.opFilter.denyOperation(isSettled);
    bufferization::BufferizationState state;
    if (failed(bufferization::runOneShotModuleBufferize(getOperation(), options,
                                                        state)))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && function.getNumResults() != 0)
        dropResults(function);
  }
};
} // namespace
