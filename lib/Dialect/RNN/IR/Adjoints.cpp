//===----------------------------------------------------------------------===//
// Part of the Ravel project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The derivatives of the dialect's own ops (level 1 to level 2).
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

LogicalResult ScanOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  return context.buildScanAdjoint(builder, *this);
}
LogicalResult SigmoidOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult ReluOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult SoftplusOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult SoftmaxOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult SumOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult MaxOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult LogSumExpOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult BroadcastOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult PickOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult ReverseOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult LinearOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
LogicalResult LookupOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) { return failure(); }
