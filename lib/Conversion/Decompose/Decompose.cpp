//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes functions of a vector in the bodies of kernels by what kernels
// evaluate: elementwise arithmetic, sums, largest components and
// concatenations.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ravel/Conversion/Passes.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {
#define GEN_PASS_DEF_DECOMPOSE
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// e^(x - max(x)), and max(x).
static std::pair<Value, Value> createShiftedExp(ImplicitLocOpBuilder &b,
                                                Value x) {
  Value largest = MaxOp::create(b, getScalarType(x.getType()), x);
  Value spread = BroadcastOp::create(b, x.getType(), largest);
  Value shifted = arith::SubFOp::create(b, x, spread);
  return {math::ExpOp::create(b, shifted), largest};
}

static Value expandSoftmax(ImplicitLocOpBuilder &b, Operation *op) {
  Value x = op->getOperand(0);
  Value e = createShiftedExp(b, x).first;
  Type scalar = getScalarType(x.getType());
  Value sum = SumOp::create(b, scalar, e);
  Value one = createSplat(b, b.getLoc(), scalar, 1);
  Value inverse = arith::DivFOp::create(b, one, sum);
  Value spread = BroadcastOp::create(b, x.getType(), inverse);
  return arith::MulFOp::create(b, e, spread);
}

static Value expandLogSumExp(ImplicitLocOpBuilder &b, Operation *op) {
  Value x = op->getOperand(0);
  auto [e, largest] = createShiftedExp(b, x);
  Value sum = SumOp::create(b, getScalarType(x.getType()), e);
  Value log = math::LogOp::create(b, sum);
  return arith::AddFOp::create(b, largest, log);
}

static Value expandRelu(ImplicitLocOpBuilder &b, Operation *op) {
  Value x = op->getOperand(0);
  Value zero = createSplat(b, b.getLoc(), x.getType(), 0);
  return arith::MaximumFOp::create(b, x, zero);
}

/// Columns [begin, end) of a vector.
static Value createSlice(ImplicitLocOpBuilder &b, Value vector, int64_t begin,
                         int64_t end) {
  OpFoldResult offset = b.getIndexAttr(begin),
               size = b.getIndexAttr(end - begin), stride = b.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(b, vector, offset, size, stride);
}

/// Where one vector is written into another: the vectors side by side.
static Value expandInsertSlice(ImplicitLocOpBuilder &b, Operation *op) {
  auto insert = cast<tensor::InsertSliceOp>(op);
  if (insert.getType().getRank() != 1 ||
      ShapedType::isDynamic(insert.getStaticOffsets()[0]) ||
      insert.getStaticStrides()[0] != 1)
    return nullptr;
  int64_t begin = insert.getStaticOffsets()[0];
  int64_t end = begin + insert.getSourceType().getDimSize(0);
  int64_t size = insert.getType().getDimSize(0);
  SmallVector<Value> parts;
  if (begin > 0)
    parts.push_back(createSlice(b, insert.getDest(), 0, begin));
  parts.push_back(insert.getSource());
  if (end < size)
    parts.push_back(createSlice(b, insert.getDest(), end, size));
  if (parts.size() == 1)
    return parts[0];
  return tensor::ConcatOp::create(b, insert.getType(), 0, parts);
}

/// A vector between constants: the three side by side.
static Value expandPad(ImplicitLocOpBuilder &b, Operation *op) {
  auto pad = cast<tensor::PadOp>(op);
  Value filler = pad.getConstantPaddingValue();
  FloatAttr value;
  if (!filler || pad.getType().getRank() != 1 ||
      !matchPattern(filler, m_Constant(&value)) ||
      ShapedType::isDynamic(pad.getStaticLow()[0]) ||
      ShapedType::isDynamic(pad.getStaticHigh()[0]))
    return nullptr;
  SmallVector<Value> parts;
  auto fill = [&](int64_t size) {
    auto type = RankedTensorType::get({size}, pad.getType().getElementType());
    if (size > 0)
      parts.push_back(
          createSplat(b, b.getLoc(), type, value.getValueAsDouble()));
  };
  fill(pad.getStaticLow()[0]);
  parts.push_back(pad.getSource());
  fill(pad.getStaticHigh()[0]);
  if (parts.size() == 1)
    return parts[0];
  return tensor::ConcatOp::create(b, pad.getType(), 0, parts);
}

/// A slice of vectors side by side that lies in one of them: a slice of that.
static Value expandSliceOfConcat(ImplicitLocOpBuilder &b, Operation *op) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  auto concat = slice.getSource().getDefiningOp<tensor::ConcatOp>();
  if (!concat || slice.getType().getRank() != 1 ||
      ShapedType::isDynamic(slice.getStaticOffsets()[0]))
    return nullptr;
  int64_t begin = slice.getStaticOffsets()[0];
  int64_t size = slice.getType().getDimSize(0);
  for (Value part : concat.getInputs()) {
    int64_t width = cast<RankedTensorType>(part.getType()).getDimSize(0);
    if (begin >= 0 && begin + size <= width)
      return size == width ? part : createSlice(b, part, begin, begin + size);
    begin -= width;
  }
  return nullptr;
}

namespace {
using DecomposeFn = Value (*)(ImplicitLocOpBuilder &, Operation *);

/// Replaces an op in a kernel by what `expand` builds, if it builds anything.
struct DecomposePattern : RewritePattern {
  DecomposePattern(StringRef name, MLIRContext *context, DecomposeFn expand)
      : RewritePattern(name, /*benefit=*/1, context), expand(expand) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isInKernel(op))
      return rewriter.notifyMatchFailure(op, "not in a kernel");
    ImplicitLocOpBuilder builder(op->getLoc(), rewriter);
    Value value = expand(builder, op);
    if (!value)
      return rewriter.notifyMatchFailure(op, "not of static vectors");
    rewriter.replaceOp(op, value);
    return success();
  }

  DecomposeFn expand;
};

/// Makes a constant of several values an operand that all rows share: a kernel
/// reads it from memory, like a parameter.
struct ShareConstant : OpRewritePattern<arith::ConstantOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ConstantOp op,
                                PatternRewriter &rewriter) const override {
    auto rows = dyn_cast<RowsOp>(op->getParentOp());
    auto values = dyn_cast<DenseElementsAttr>(op.getValue());
    if (!rows || !values || values.isSplat())
      return rewriter.notifyMatchFailure(op, "not several values in a kernel");
    rewriter.setInsertionPoint(rows);
    Value outside = rewriter.clone(*op)->getResult(0);
    Value inside = rows.getEntry().addArgument(op.getType(), op.getLoc());
    rewriter.modifyOpInPlace(rows,
                             [&] { rows.getSharedMutable().append(outside); });
    rewriter.replaceOp(op, inside);
    return success();
  }
};

struct Decompose : ravel::impl::DecomposeBase<Decompose> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    auto add = [&](StringRef name, DecomposeFn expand) {
      patterns.add(
          std::make_unique<DecomposePattern>(name, &getContext(), expand));
    };
    patterns.add<ShareConstant>(&getContext());
    add(SoftmaxOp::getOperationName(), expandSoftmax);
    add(LogSumExpOp::getOperationName(), expandLogSumExp);
    add(ReluOp::getOperationName(), expandRelu);
    add(tensor::InsertSliceOp::getOperationName(), expandInsertSlice);
    add(tensor::PadOp::getOperationName(), expandPad);
    add(tensor::ExtractSliceOp::getOperationName(), expandSliceOfConcat);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
