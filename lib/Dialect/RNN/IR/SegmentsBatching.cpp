//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How a loop over parts of time is written for a batch (level 2 to level 3).
//
// A part is a range of packed rows, and a batch of its own: of the examples
// that live at its first instant, with offsets of its own. The others have
// ended, and their states stay as they were. No part has more rows than the
// first, nor more examples than the batch; the sizes say so (`arith.minui`), so
// that room for all parts can be found before the loop.
//
// Checkpoints are tensors with as many rows for each part as there are
// examples.
//
//===----------------------------------------------------------------------===//

#include "RowRange.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace ravel::rnn;

namespace {

/// The loop over parts, seen from outside.
struct Parts {
  BatchExtent whole;
  /// Instants of a part, the number of parts, and the rows of the first.
  Value length, count, maxRows;
};

/// One part.
struct Part {
  BatchExtent extent;
  /// Its rows of sequences, of states and of checkpoints.
  RowRange rows, living, checkpoint;

  RowRange getRange(Type type, bool isState) const {
    if (isState)
      return living;
    return isa<SeqType>(type) ? rows : checkpoint;
  }
};

} // namespace

static Value createIndex(ImplicitLocOpBuilder &builder, int64_t value) {
  return arith::ConstantIndexOp::create(builder, value);
}

static Parts createParts(ImplicitLocOpBuilder &builder,
                         const BatchExtent &whole, int64_t length) {
  Parts parts{whole, createIndex(builder, length), Value(), Value()};
  parts.count =
      arith::CeilDivUIOp::create(builder, whole.numInstants, parts.length);
  Value end = arith::MinUIOp::create(builder, whole.numInstants, parts.length);
  parts.maxRows = tensor::ExtractOp::create(builder, whole.offsets, end);
  return parts;
}

/// `offsets[begin + i] - first` for i up to `count`, which is `most` at most.
static Value createOwnOffsets(ImplicitLocOpBuilder &builder, Value offsets,
                              Value begin, Value first, Value count,
                              int64_t most) {
  Value empty = tensor::EmptyOp::create(builder, ArrayRef<int64_t>{most + 1},
                                        builder.getIndexType());
  Value one = createIndex(builder, 1);
  Value size = arith::AddIOp::create(builder, count, one);
  auto loop = scf::ForOp::create(
      builder, createIndex(builder, 0), size, one, empty,
      [&](OpBuilder &inner, Location loc, Value i, ValueRange values) {
        ImplicitLocOpBuilder b(loc, inner);
        Value from = arith::AddIOp::create(b, begin, i);
        Value offset = tensor::ExtractOp::create(b, offsets, from);
        Value own = arith::SubIOp::create(b, offset, first);
        Value next = tensor::InsertOp::create(b, own, values.front(), i);
        scf::YieldOp::create(b, next);
      });
  RowRange range = {builder.getIndexAttr(0), size};
  return range.extract(builder, builder.getLoc(), loop.getResult(0));
}

/// Part number `index`.
static Part createPart(ImplicitLocOpBuilder &builder, const Parts &parts,
                       int64_t length, Value index) {
  const BatchExtent &whole = parts.whole;
  Value begin = arith::MulIOp::create(builder, index, parts.length);
  Value rest = arith::SubIOp::create(builder, whole.numInstants, begin);
  Value count = arith::MinUIOp::create(builder, rest, parts.length);
  Value end = arith::AddIOp::create(builder, begin, count);
  RowRange instant =
      getInstant(builder, builder.getLoc(), whole.offsets, begin);
  Value first = cast<Value>(instant.first);
  Value last = tensor::ExtractOp::create(builder, whole.offsets, end);
  Value rows = arith::SubIOp::create(builder, last, first);
  rows = arith::MinUIOp::create(builder, rows, parts.maxRows);
  Value living = arith::MinUIOp::create(builder, cast<Value>(instant.count),
                                        whole.batchSize);
  Part part;
  part.extent.numInstants = count;
  part.extent.numRows = rows;
  part.extent.batchSize = living;
  part.extent.offsets =
      createOwnOffsets(builder, whole.offsets, begin, first, count, length);
  part.rows = {first, rows};
  part.living = {builder.getIndexAttr(0), living};
  Value checkpoint = arith::MulIOp::create(builder, index, whole.batchSize);
  part.checkpoint = {checkpoint, living};
  return part;
}

/// What the results of `op` start from: destinations, the initial states, and
/// zeros for totals.
static SmallVector<Value> createInitials(ImplicitLocOpBuilder &builder,
                                         SegmentsOp op, const Parts &parts,
                                         BatchContext &context) {
  SmallVector<Value> carried;
  for (Value output : op.getOutputs()) {
    Type type = output.getType();
    if (op.isTotal(output)) {
      Value zero = createSplat(builder, op.getLoc(), getScalarType(type), 0.0);
      if (auto tensor = dyn_cast<RankedTensorType>(type)) {
        Value empty = tensor::EmptyOp::create(builder, tensor, ValueRange());
        zero = linalg::FillOp::create(builder, zero, empty).getResult(0);
      }
      carried.push_back(zero);
    } else if (isa<CheckpointsType>(type)) {
      Value rows =
          arith::MulIOp::create(builder, parts.count, parts.whole.batchSize);
      carried.push_back(tensor::EmptyOp::create(
          builder, getRowsType(getElementOrSelf(type)), rows));
    } else {
      carried.push_back(context.getDestination(builder, output));
    }
  }
  for (auto [state, final] : llvm::zip_equal(op.getStates(), op.getFinals()))
    carried.push_back(writeBatched(builder, context, state,
                                   context.getDestination(builder, final)));
  return carried;
}

/// Writes the body of `op` for one part; returns the next of `carried`.
static FailureOr<SmallVector<Value>>
writePart(ImplicitLocOpBuilder &builder, SegmentsOp op, const Part &part,
          ValueRange inputs, ValueRange carried, BatchContext &context) {
  Location loc = op.getLoc();
  size_t numOutputs = op.getOutputs().size();
  auto isState = [&](size_t index) { return index >= numOutputs; };
  auto getRange = [&](size_t index) {
    return part.getRange(op.getResult(index).getType(), isState(index));
  };
  for (auto [argument, operand, input] :
       llvm::zip_equal(op.getInputArgs(), op.getInputs(), inputs)) {
    RowRange range = part.getRange(operand.getType(), /*isState=*/false);
    context.map(argument, range.extract(builder, loc, input));
  }
  SmallVector<Value> destinations;
  for (auto [index, value] : llvm::enumerate(carried))
    destinations.push_back(op.isTotal(op.getResult(index))
                               ? Value()
                               : getRange(index).extract(builder, loc, value));
  for (auto [argument, slice] : llvm::zip_equal(
           op.getStateArgs(), ArrayRef(destinations).drop_front(numOutputs)))
    context.map(argument, slice);

  // What is kept of the states is read before the body overwrites them.
  SmallVector<Value> written(carried.size()), left(destinations);
  for (auto [index, value] : llvm::enumerate(op.getYield().getOutputs()))
    if (isa<BlockArgument>(value) && destinations[index]) {
      written[index] =
          writeBatched(builder, context, value, destinations[index]);
      left[index] = Value();
    }
  FailureOr<SmallVector<Value>> values =
      context.batchBlock(builder, op.getEntry(), part.extent, left);
  if (failed(values))
    return failure();

  SmallVector<Value> next;
  for (auto [index, value] : llvm::enumerate(carried)) {
    Value result = written[index] ? written[index] : (*values)[index];
    next.push_back(
        destinations[index]
            ? getRange(index).insert(builder, loc, result, value)
            : arith::AddFOp::create(builder, value, result).getResult());
  }
  return next;
}

LogicalResult SegmentsOp::batch(OpBuilder &outer, BatchContext &context) {
  ImplicitLocOpBuilder builder(getLoc(), outer);
  int64_t length = getLength();
  Value sequence = *llvm::find_if(
      getInputs(), [](Value input) { return isa<SeqType>(input.getType()); });
  BatchExtent extent = context.getExtent(sequence);
  if (extent.order)
    return emitError("parts of time have no form for a batch with sequences of "
                     "several lengths");
  Parts parts = createParts(builder, extent, length);
  SmallVector<Value> inputs;
  for (Value input : getInputs())
    inputs.push_back(context.getBatched(builder, input));
  SmallVector<Value> carried = createInitials(builder, *this, parts, context);

  LogicalResult result = success();
  auto loop = scf::ForOp::create(
      builder, createIndex(builder, 0), parts.count, createIndex(builder, 1),
      carried, [&](OpBuilder &inner, Location loc, Value k, ValueRange values) {
        ImplicitLocOpBuilder body(loc, inner);
        if (getReverse()) {
          Value last =
              arith::SubIOp::create(body, parts.count, createIndex(body, 1));
          k = arith::SubIOp::create(body, last, k);
        }
        Part part = createPart(body, parts, length, k);
        FailureOr<SmallVector<Value>> next =
            writePart(body, *this, part, inputs, values, context);
        result = LogicalResult(next);
        scf::YieldOp::create(body,
                             failed(next) ? SmallVector<Value>(values) : *next);
      });
  for (auto [value, final] : llvm::zip_equal(getResults(), loop.getResults()))
    context.map(value, final);
  return result;
}
