//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The derivatives of the dialect's own ops (level 1 to level 2).
//
// Each rule turns `g`, the gradient of the op's result, into gradients of its
// operands. A rule speaks of the result `y` rather than of an operand where it
// can: the result of an activation is often kept anyway. A rule asks for a
// value of the forward pass only where an operand that wants a gradient needs
// it, for inside a scan each such value is stored for every instant.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

static Value mul(OpBuilder &builder, Location loc, Value a, Value b) {
  return arith::MulFOp::create(builder, loc, a, b);
}

static Value add(OpBuilder &builder, Location loc, Value a, Value b) {
  return arith::AddFOp::create(builder, loc, a, b);
}

static Value sub(OpBuilder &builder, Location loc, Value a, Value b) {
  return arith::SubFOp::create(builder, loc, a, b);
}

/// The sum of the components of `vector`, as a vector of its type.
static Value broadcastSum(OpBuilder &builder, Location loc, Value vector) {
  Value sum =
      SumOp::create(builder, loc, getScalarType(vector.getType()), vector);
  return BroadcastOp::create(builder, loc, vector.getType(), sum);
}

//===----------------------------------------------------------------------===//
// Elementwise functions
//===----------------------------------------------------------------------===//

/// g y (1 - y)
LogicalResult SigmoidOp::buildAdjoint(OpBuilder &builder,
                                      AdjointContext &context) {
  Location loc = getLoc();
  Value g = context.getGradient(getResult());
  Value y = context.getForward(builder, getResult());
  Value rest =
      sub(builder, loc, createSplat(builder, loc, y.getType(), 1.0), y);
  Value slope = mul(builder, loc, y, rest);
  context.addGradient(builder, getOperand(), mul(builder, loc, g, slope));
  return success();
}

/// g where y > 0, else 0
LogicalResult ReluOp::buildAdjoint(OpBuilder &builder,
                                   AdjointContext &context) {
  Location loc = getLoc();
  Value g = context.getGradient(getResult());
  Value y = context.getForward(builder, getResult());
  Value zero = createSplat(builder, loc, y.getType(), 0.0);
  Value positive =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, y, zero);
  context.addGradient(builder, getOperand(),
                      arith::SelectOp::create(builder, loc, positive, g, zero));
  return success();
}

/// g sigmoid(x)
LogicalResult SoftplusOp::buildAdjoint(OpBuilder &builder,
                                       AdjointContext &context) {
  Location loc = getLoc();
  Value g = context.getGradient(getResult());
  Value x = context.getForward(builder, getOperand());
  Value slope = SigmoidOp::create(builder, loc, x.getType(), x);
  context.addGradient(builder, getOperand(), mul(builder, loc, g, slope));
  return success();
}

/// g s (1 + x h' (1 - s)), where y = x s, s = sigmoid(h), h = a x + b x^3
LogicalResult GeluOp::buildAdjoint(OpBuilder &builder,
                                   AdjointContext &context) {
  Location loc = getLoc();
  auto splat = [&](double value) {
    return createSplat(builder, loc, getType(), value);
  };
  constexpr double a = 2 * 0.79788456080286535588; // sqrt(2/pi)
  constexpr double b = 0.044715 * a;
  Value g = context.getGradient(getResult());
  // Beyond these bounds the slope is 0 or 1, but an infinity times 0 is not.
  Value x = context.getForward(builder, getOperand());
  x = arith::MaximumFOp::create(builder, loc, x, splat(-32));
  x = arith::MinimumFOp::create(builder, loc, x, splat(32));
  Value square = mul(builder, loc, x, x);
  Value cubic = mul(builder, loc, square, splat(b));
  Value h = mul(builder, loc, x, add(builder, loc, splat(a), cubic));
  Value s = SigmoidOp::create(builder, loc, getType(), h);
  Value slope = add(builder, loc, splat(a), mul(builder, loc, splat(3), cubic));
  Value change = mul(builder, loc, mul(builder, loc, x, slope),
                     sub(builder, loc, splat(1), s));
  Value derivative = mul(builder, loc, s, add(builder, loc, splat(1), change));
  context.addGradient(builder, getOperand(), mul(builder, loc, g, derivative));
  return success();
}

//===----------------------------------------------------------------------===//
// Functions of a whole vector
//===----------------------------------------------------------------------===//

/// y (g - sum(g y))
LogicalResult SoftmaxOp::buildAdjoint(OpBuilder &builder,
                                      AdjointContext &context) {
  Location loc = getLoc();
  Value g = context.getGradient(getResult());
  Value y = context.getForward(builder, getResult());
  Value mean = broadcastSum(builder, loc, mul(builder, loc, g, y));
  context.addGradient(builder, getOperand(),
                      mul(builder, loc, y, sub(builder, loc, g, mean)));
  return success();
}

/// g, for each component
LogicalResult SumOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  Value g = context.getGradient(getResult());
  context.addGradient(
      builder, getOperand(),
      BroadcastOp::create(builder, getLoc(), getOperand().getType(), g));
  return success();
}

/// g where x equals y, else 0
LogicalResult MaxOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  Location loc = getLoc();
  Type type = getOperand().getType();
  Value g = context.getGradient(getResult());
  Value x = context.getForward(builder, getOperand());
  Value y = context.getForward(builder, getResult());
  Value largest = BroadcastOp::create(builder, loc, type, y);
  Value equal = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                      x, largest);
  Value spread = BroadcastOp::create(builder, loc, type, g);
  Value zero = createSplat(builder, loc, type, 0.0);
  context.addGradient(
      builder, getOperand(),
      arith::SelectOp::create(builder, loc, equal, spread, zero));
  return success();
}

/// g softmax(x)
LogicalResult LogSumExpOp::buildAdjoint(OpBuilder &builder,
                                        AdjointContext &context) {
  Location loc = getLoc();
  Type type = getOperand().getType();
  Value g = context.getGradient(getResult());
  Value x = context.getForward(builder, getOperand());
  Value share = SoftmaxOp::create(builder, loc, type, x);
  Value spread = BroadcastOp::create(builder, loc, type, g);
  context.addGradient(builder, getOperand(), mul(builder, loc, spread, share));
  return success();
}

/// sum(g)
LogicalResult BroadcastOp::buildAdjoint(OpBuilder &builder,
                                        AdjointContext &context) {
  Value g = context.getGradient(getResult());
  context.addGradient(
      builder, getOperand(),
      SumOp::create(builder, getLoc(), getOperand().getType(), g));
  return success();
}

/// g at the index, else 0
LogicalResult PickOp::buildAdjoint(OpBuilder &builder,
                                   AdjointContext &context) {
  Location loc = getLoc();
  Type type = getOperand().getType();
  Value g = context.getGradient(getResult());
  Value index = context.getForward(builder, getIndex());
  Value place = OneHotOp::create(builder, loc, type, index);
  Value spread = BroadcastOp::create(builder, loc, type, g);
  context.addGradient(builder, getOperand(), mul(builder, loc, spread, place));
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// For y = x W: dx = g W^T, dW = x^T g. With `transpose`: dx = g W, dW = g^T x.
LogicalResult LinearOp::buildAdjoint(OpBuilder &builder,
                                     AdjointContext &context) {
  Location loc = getLoc();
  Value g = context.getGradient(getResult());
  if (context.isActive(getVector())) {
    Value matrix = context.getForward(builder, getMatrix());
    context.addGradient(builder, getVector(),
                        LinearOp::create(builder, loc, getVector().getType(), g,
                                         matrix, !getTranspose()));
  }
  if (context.isActive(getMatrix())) {
    Value x = context.getForward(builder, getVector());
    Value lhs = getTranspose() ? g : x;
    Value rhs = getTranspose() ? x : g;
    context.addGradient(
        builder, getMatrix(),
        OuterOp::create(builder, loc, getMatrix().getType(), lhs, rhs));
  }
  return success();
}

/// dx = g W^T
LogicalResult SparseLinearOp::buildAdjoint(OpBuilder &builder,
                                           AdjointContext &context) {
  if (context.isActive(getMatrix()))
    return emitOpError("has no derivative by its weights");
  if (!context.isActive(getVector()))
    return success();
  RankedTensorType vector = getVector().getType();
  Value matrix = DensifyOp::create(
      builder, getLoc(),
      vector.clone({vector.getDimSize(0), getResult().getType().getDimSize(0)}),
      context.getForward(builder, getMatrix()));
  context.addGradient(builder, getVector(),
                      LinearOp::create(builder, getLoc(), vector,
                                       context.getGradient(getResult()), matrix,
                                       /*transpose=*/true));
  return success();
}

/// g in the row that was read, else 0
LogicalResult LookupOp::buildAdjoint(OpBuilder &builder,
                                     AdjointContext &context) {
  Value g = context.getGradient(getResult());
  Value index = context.getForward(builder, getIndex());
  context.addGradient(
      builder, getMatrix(),
      ScatterRowOp::create(builder, getLoc(), getMatrix().getType(), g, index));
  return success();
}

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

LogicalResult ScanOp::buildAdjoint(OpBuilder &builder,
                                   AdjointContext &context) {
  return context.buildScanAdjoint(builder, *this);
}

LogicalResult SegmentsOp::buildAdjoint(OpBuilder &builder,
                                       AdjointContext &context) {
  return context.buildSegmentsAdjoint(builder, *this);
}

/// g backwards
LogicalResult ReverseOp::buildAdjoint(OpBuilder &builder,
                                      AdjointContext &context) {
  Value g = context.getGradient(getResult());
  context.addGradient(builder, getOperand(),
                      ReverseOp::create(builder, getLoc(), g.getType(), g));
  return success();
}

LogicalResult LengthOp::buildAdjoint(OpBuilder &, AdjointContext &) {
  return success();
}
bool LengthOp::isPiecewiseConstant() { return true; }
