//===----------------------------------------------------------------------===//
// Part of the Ravel project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// One-Shot Bufferize, with the bodies of `rnn.rows` out of its sight.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
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
  if (op->getParentOfType<rnn::RowsOp>())
    return true;
  return isa<rnn::RowsOp>(op) &&
         llvm::none_of(op->getOperandTypes(), llvm::IsaPred<TensorType>);
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
      signalPassFailure();
  }
};
} // namespace
