//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How ops that speak about time or the whole batch are written for a batch
// (level 2 to level 3).
//
//===----------------------------------------------------------------------===//

#include "AttentionBatching.h"
#include "RowOrder.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ravel::rnn;

namespace {

/// What the body of a scan uses from outside.
struct Captures {
  llvm::SetVector<Value> shared, perExample;
  llvm::SetVector<Operation *> constants;

  Captures(ScanOp scan, BatchContext &context) {
    for (Operation &op : scan.getEntry())
      for (Value operand : op.getOperands()) {
        if (scan.getBody().isAncestor(operand.getParentRegion()))
          continue;
        Operation *def = operand.getDefiningOp();
        if (def && isCloned(def, scan))
          constants.insert(def);
        else if (context.isShared(operand))
          shared.insert(operand);
        else
          perExample.insert(operand);
      }
  }

private:
  /// Whether `def` is a constant that the body gets a copy of. The columns of
  /// one with several values differ, so chains read it from memory.
  static bool isCloned(Operation *def, ScanOp scan) {
    DenseElementsAttr values;
    return def->hasTrait<OpTrait::ConstantLike>() &&
           !(scan.getColumnwise() && matchPattern(def, m_Constant(&values)) &&
             !values.isSplat());
  }
};

} // namespace

Value ravel::rnn::writeBatched(OpBuilder &builder, BatchContext &context,
                               Value value, Value destination) {
  Location loc = value.getLoc();
  Operation *def = value.getDefiningOp();
  bool constant = def && def->hasTrait<OpTrait::ConstantLike>();
  SmallVector<Value> ins, shared;
  if (!constant && context.isShared(value))
    shared.push_back(context.getShared(value));
  else if (!constant)
    ins.push_back(context.getBatched(builder, value));
  auto rows = RowsOp::create(builder, loc, ins, shared, destination);
  OpBuilder body = OpBuilder::atBlockBegin(&rows.getEntry());
  if (constant)
    YieldOp::create(body, loc, body.clone(*def)->getResults());
  else
    YieldOp::create(body, loc, rows.getEntry().getArguments());
  return rows.getResult(0);
}

/// Clones the ops of the body of `scan`; returns what it yields.
static SmallVector<Value> cloneOps(OpBuilder &builder, ScanOp scan,
                                   const Captures &captures,
                                   IRMapping &mapping) {
  for (Operation *constant : captures.constants)
    builder.clone(*constant, mapping);
  for (Operation &op : scan.getEntry().without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results;
  for (Value value : scan.getYield().getOperands())
    results.push_back(mapping.lookup(value));
  return results;
}

/// Fills the body of `rows` from that of `scan`; `arguments` of the scan's body
/// and captured per-example values stand for the rows, in this order.
static void cloneBody(ScanOp scan, RowsOp rows, ValueRange arguments,
                      const Captures &captures) {
  OpBuilder builder = OpBuilder::atBlockBegin(&rows.getEntry());
  IRMapping mapping;
  mapping.map(arguments, rows.getRowArgs().take_front(arguments.size()));
  mapping.map(captures.perExample.getArrayRef(),
              rows.getRowArgs().drop_front(arguments.size()));
  mapping.map(captures.shared.getArrayRef(), rows.getSharedArgs());
  YieldOp::create(builder, scan.getYield().getLoc(),
                  cloneOps(builder, scan, captures, mapping));
}

/// Fills the body of `chains` from that of `scan`.
static void cloneBody(ScanOp scan, ChainsOp chains, const Captures &captures) {
  OpBuilder builder = OpBuilder::atBlockBegin(&chains.getEntry());
  IRMapping mapping;
  mapping.map(scan.getInputArgs(), chains.getInArgs());
  mapping.map(captures.perExample.getArrayRef(), chains.getExampleArgs());
  mapping.map(captures.shared.getArrayRef(), chains.getSharedArgs());
  mapping.map(scan.getStateArgs(), chains.getStateArgs());
  SmallVector<Value> results = cloneOps(builder, scan, captures, mapping);
  YieldOp::create(builder, scan.getYield().getLoc(),
                  ArrayRef(results).drop_back(scan.getStates().size()),
                  ArrayRef(results).take_back(scan.getStates().size()));
}

//===----------------------------------------------------------------------===//
// ScanOp
//===----------------------------------------------------------------------===//

/// Writes a scan that does no more than slice vectors of its inputs: the same
/// columns of all rows, where they are. Returns false for any other scan, and
/// where a slice is returned, for that is to be written elsewhere.
static bool batchSlices(ScanOp scan, OpBuilder &builder,
                        BatchContext &context) {
  auto getArgument = [&](Value value) -> BlockArgument {
    auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || slice->getBlock() != &scan.getEntry() ||
        slice.getSourceType().getRank() != 1 ||
        slice.getType().getRank() != 1 ||
        ShapedType::isDynamic(slice.getStaticOffsets()[0]) ||
        slice.getStaticStrides()[0] != 1)
      return nullptr;
    return dyn_cast<BlockArgument>(slice.getSource());
  };
  YieldOp yield = scan.getYield();
  if (!scan.isTimeParallel() ||
      !llvm::all_of(yield.getOutputs(), getArgument) ||
      llvm::any_of(scan->getUsers(), llvm::IsaPred<func::ReturnOp>))
    return false;
  for (auto [output, value] :
       llvm::zip_equal(scan.getOutputs(), yield.getOutputs())) {
    unsigned number = getArgument(value).getArgNumber();
    auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
    Value rows = context.getBatched(builder, scan.getInputs()[number]);
    Location loc = slice.getLoc();
    OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
    OpFoldResult columns = builder.getIndexAttr(slice.getType().getDimSize(0));
    context.map(output,
                tensor::ExtractSliceOp::create(
                    builder, loc, rows,
                    {zero, builder.getIndexAttr(slice.getStaticOffsets()[0])},
                    {tensor::getMixedSize(builder, loc, rows, 0), columns},
                    {one, one}));
  }
  return true;
}

Value ravel::rnn::orderForInstants(OpBuilder &builder, Location loc,
                                   BatchContext &context,
                                   const BatchExtent &extent, Value value,
                                   Value rows) {
  if (!extent.order)
    return rows;
  Value ordered = tensor::EmptyOp::create(
      builder, loc, getRowsType(value.getType()), extent.batchSize);
  return toInstantOrder(builder, loc, extent, rows, ordered);
}

Value ravel::rnn::writeInitialState(OpBuilder &builder, BatchContext &context,
                                    const BatchExtent &extent, Value state,
                                    Value final) {
  if (!extent.order)
    return writeBatched(builder, context, state,
                        context.getDestination(builder, final));
  Location loc = final.getLoc();
  Value rows = tensor::EmptyOp::create(
      builder, loc, getRowsType(state.getType()), extent.batchSize);
  rows = writeBatched(builder, context, state, rows);
  return orderForInstants(builder, loc, context, extent, state, rows);
}

Value ravel::rnn::writeFinalState(OpBuilder &builder, BatchContext &context,
                                  const BatchExtent &extent, Value final,
                                  Value state) {
  if (!extent.order || final.use_empty())
    return state;
  return toBatchOrder(builder, final.getLoc(), extent, state,
                      context.getDestination(builder, final));
}

LogicalResult ScanOp::batch(OpBuilder &builder, BatchContext &context) {
  for (Operation &op : getEntry().without_terminator())
    if (op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      return op.emitError("'")
             << op.getName()
             << "' in the body of a scan has no form for a batch";
  if (batchSlices(*this, builder, context))
    return success();
  if (readsMemory(*this)) {
    batchAttentiveScan(*this, builder, context);
    return success();
  }
  Location loc = getLoc();
  const BatchExtent &extent = context.getExtent(getInputs().front());
  Captures captures(*this, context);
  SmallVector<Value> inputs, shared, perExample, carried;
  for (Value input : getInputs())
    inputs.push_back(context.getBatched(builder, input));
  for (Value value : captures.shared)
    shared.push_back(context.getShared(value));
  for (Value value : captures.perExample)
    perExample.push_back(orderForInstants(builder, loc, context, extent, value,
                                          context.getBatched(builder, value)));
  for (Value output : getOutputs())
    carried.push_back(context.getDestination(builder, output));

  // Instants that need neither a state nor a value of the example are rows like
  // any other.
  if (isTimeParallel() && perExample.empty()) {
    auto rows = RowsOp::create(builder, loc, inputs, shared, carried);
    cloneBody(*this, rows, getEntry().getArguments(), captures);
    for (auto [output, result] : llvm::zip(getOutputs(), rows.getResults()))
      context.map(output, result);
    return success();
  }

  // A state lives in the memory of its final value.
  for (auto [state, final] : llvm::zip(getStates(), getFinals()))
    carried.push_back(
        writeInitialState(builder, context, extent, state, final));
  auto mapResults = [&](ValueRange values) {
    for (auto [result, value] : llvm::zip(getOutputs(), values))
      context.map(result, value);
    for (auto [final, value] :
         llvm::zip(getFinals(), values.take_back(getStates().size())))
      context.map(final,
                  writeFinalState(builder, context, extent, final, value));
  };

  if (getColumnwise()) {
    size_t numOutputs = getOutputs().size();
    auto chains = ChainsOp::create(
        builder, loc, extent.offsets, inputs, perExample, shared,
        ArrayRef(carried).take_front(numOutputs),
        ArrayRef(carried).drop_front(numOutputs), getReverse());
    cloneBody(*this, chains, captures);
    mapResults(chains.getResults());
    return success();
  }

  auto loop = createTimeLoop(
      builder, loc, extent, carried,
      [&](OpBuilder &body, Value step, ValueRange values) {
        Value t = getStepInstant(body, loc, extent, step, getReverse());
        RowRange instant = getInstant(body, loc, extent.offsets, t);
        RowRange living = {body.getIndexAttr(0), instant.count};
        size_t numOutputs = getOutputs().size();
        SmallVector<Value> ins, outs;
        for (Value input : inputs)
          ins.push_back(instant.extract(body, loc, input));
        for (auto [index, value] : llvm::enumerate(values)) {
          RowRange range = index < numOutputs ? instant : living;
          outs.push_back(range.extract(body, loc, value));
          if (index >= numOutputs)
            ins.push_back(outs.back());
        }
        for (Value value : perExample)
          ins.push_back(living.extract(body, loc, value));
        auto rows = RowsOp::create(body, loc, ins, shared, outs);
        cloneBody(*this, rows, getEntry().getArguments(), captures);
        SmallVector<Value> next;
        for (auto [index, pair] :
             llvm::enumerate(llvm::zip(rows.getResults(), values))) {
          RowRange range = index < numOutputs ? instant : living;
          next.push_back(
              range.insert(body, loc, std::get<0>(pair), std::get<1>(pair)));
        }
        scf::YieldOp::create(body, loc, next);
      });
  mapResults(loop.getResults());
  return success();
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

LogicalResult LengthOp::batch(OpBuilder &builder, BatchContext &context) {
  Location loc = getLoc();
  // Each instant adds one to the examples that live at it.
  const BatchExtent &extent = context.getExtent(getOperand());
  Value destination =
      extent.order ? tensor::EmptyOp::create(
                         builder, loc, getRowsType(getType()), extent.batchSize)
                         .getResult()
                   : context.getDestination(builder, getResult());
  auto zeros =
      RowsOp::create(builder, loc, ValueRange(), ValueRange(), destination);
  OpBuilder zerosBody = OpBuilder::atBlockBegin(&zeros.getEntry());
  YieldOp::create(zerosBody, loc, createSplat(zerosBody, loc, getType(), 0.0));
  auto loop = createTimeLoop(
      builder, loc, extent, zeros.getResults(),
      [&](OpBuilder &body, Value t, ValueRange values) {
        RowRange living = {body.getIndexAttr(0),
                           getInstant(body, loc, extent.offsets, t).count};
        Value slice = living.extract(body, loc, values.front());
        auto rows = RowsOp::create(body, loc, slice, ValueRange(), slice);
        OpBuilder rowBody = OpBuilder::atBlockBegin(&rows.getEntry());
        Value one = createSplat(rowBody, loc, getType(), 1.0);
        Value next =
            arith::AddFOp::create(rowBody, loc, rows.getRowArgs().front(), one);
        YieldOp::create(rowBody, loc, next);
        scf::YieldOp::create(
            body, loc,
            living.insert(body, loc, rows.getResult(0), values.front()));
      });
  context.map(getResult(), writeFinalState(builder, context, extent,
                                           getResult(), loop.getResult(0)));
  return success();
}

LogicalResult ReverseOp::batch(OpBuilder &builder, BatchContext &context) {
  Location loc = getLoc();
  Value input = context.getBatched(builder, getOperand());
  Value destination = context.getDestination(builder, getResult());
  const BatchExtent &extent = context.getExtent(getOperand());
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);

  // Lengths: the last instant at which an example lives, plus one.
  auto indexType =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getIndexType());
  Value lengths =
      tensor::EmptyOp::create(builder, loc, indexType, extent.batchSize);
  lengths = createPackedLoop(
      builder, loc, extent, lengths,
      [&](OpBuilder &body, Value t, Value row, Value carried) {
        Value length = arith::AddIOp::create(body, loc, t, one);
        return tensor::InsertOp::create(body, loc, length, carried, row)
            .getResult();
      });

  auto getRow = [&](OpBuilder &body, Value t, Value row) -> Value {
    Value first = tensor::ExtractOp::create(body, loc, extent.offsets, t);
    return arith::AddIOp::create(body, loc, first, row);
  };
  context.map(
      getResult(),
      createPackedLoop(
          builder, loc, extent, destination,
          [&](OpBuilder &body, Value t, Value row, Value target) {
            Value length = tensor::ExtractOp::create(body, loc, lengths, row);
            Value last = arith::SubIOp::create(body, loc, length, one);
            Value mirrored = arith::SubIOp::create(body, loc, last, t);
            return copyRow(body, loc, input, getRow(body, mirrored, row),
                           target, getRow(body, t, row));
          }));
  return success();
}

//===----------------------------------------------------------------------===//
// Totals
//===----------------------------------------------------------------------===//

LogicalResult TotalOp::batch(OpBuilder &builder, BatchContext &context) {
  context.map(getResult(),
              TotalOp::create(builder, getLoc(), getType(),
                              context.getBatched(builder, getOperand())));
  return success();
}

LogicalResult ContractOp::batch(OpBuilder &builder, BatchContext &context) {
  context.map(getResult(),
              ContractOp::create(builder, getLoc(), getType(),
                                 context.getBatched(builder, getLhs()),
                                 context.getBatched(builder, getRhs())));
  return success();
}

LogicalResult ScatterOp::batch(OpBuilder &builder, BatchContext &context) {
  context.map(getResult(),
              ScatterOp::create(builder, getLoc(), getType(),
                                context.getBatched(builder, getVector()),
                                context.getBatched(builder, getIndex())));
  return success();
}
