//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How memories, and scans that read them, are written for a batch (level 2 to
// level 3). A memory's rows lie one after the other, example after example in
// the batch's order; those of a packed sequence lie instant after instant.
//
//===----------------------------------------------------------------------===//

#include "AttentionBatching.h"
#include "RowKernels.h"
#include "RowOrder.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace ravel::rnn;

/// The row of a memory that is the packed row `row` of instant `t`.
static Value getMemoryRow(OpBuilder &builder, Location loc,
                          const BatchExtent &extent, const MemoryExtent &memory,
                          Value t, Value row) {
  Value example = getExample(builder, loc, extent, row);
  Value start = tensor::ExtractOp::create(builder, loc, memory.starts, example);
  return arith::AddIOp::create(builder, loc, start, t);
}

static Value getPackedRow(OpBuilder &builder, Location loc,
                          const BatchExtent &extent, Value t, Value row) {
  Value first = tensor::ExtractOp::create(builder, loc, extent.offsets, t);
  return arith::AddIOp::create(builder, loc, first, row);
}

LogicalResult RememberOp::batch(OpBuilder &builder, BatchContext &context) {
  Location loc = getLoc();
  Value packed = context.getBatched(builder, getOperand());
  Value destination = context.getDestination(builder, getResult());
  const BatchExtent &extent = context.getExtent(getOperand());
  const MemoryExtent &memory = context.getMemory(getResult());
  context.map(getResult(),
              createPackedLoop(
                  builder, loc, extent, destination,
                  [&](OpBuilder &body, Value t, Value row, Value target) {
                    Value from = getPackedRow(body, loc, extent, t, row);
                    Value to = getMemoryRow(body, loc, extent, memory, t, row);
                    return copyRow(body, loc, packed, from, target, to);
                  }));
  return success();
}

LogicalResult AccumulateOp::batch(OpBuilder &builder, BatchContext &context) {
  Location loc = getLoc();
  Value alignment = context.getBatched(builder, getAlignment());
  Value vector = context.getBatched(builder, getVector());
  Value memory, sequence;
  if (getMemory())
    memory = context.getBatched(builder, getMemory());
  if (isa<SeqType>(getVector().getType()))
    sequence = getVector();
  const BatchExtent &extent = context.getExtent(getLike());
  const MemoryExtent &layout = context.getMemory(getAlignment());
  Value sources = context.getSources(builder, sequence, getAlignment());

  auto type = getRowsType(getElementOrSelf(getType()));
  Value empty = tensor::EmptyOp::create(builder, loc, type, extent.numRows);
  Value zero = createSplat(builder, loc, type.getElementType(), 0.0);
  Value zeros = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  auto sum = AttendRowsOp::create(
      builder, loc, TypeRange(type),
      getMemory() ? AttendKind::AccumulateAdditive : AttendKind::Accumulate,
      ValueRange{alignment, vector}, memory, Value(), layout.starts, sources,
      zeros, Value(), Value(), Value(), Value());
  Value destination = context.getDestination(builder, getResult());
  context.map(
      getResult(),
      createPackedLoop(builder, loc, extent, destination,
                       [&](OpBuilder &body, Value t, Value row, Value target) {
                         Value from =
                             getMemoryRow(body, loc, extent, layout, t, row);
                         Value to = getPackedRow(body, loc, extent, t, row);
                         return copyRow(body, loc, sum.getResult(0), from,
                                        target, to);
                       }));
  return success();
}

LogicalResult ShiftOp::batch(OpBuilder &builder, BatchContext &context) {
  Location loc = getLoc();
  const BatchExtent &extent = context.getExtent(getOperand());
  Value input = context.getBatched(builder, getOperand());
  Value destination = context.getDestination(builder, getResult());
  // What an instant reads: the rows of the one before, of which it has the
  // first, or the initial values.
  Value initial = tensor::EmptyOp::create(
      builder, loc, getRowsType(getInitial().getType()), extent.batchSize);
  initial = writeBatched(builder, context, getInitial(), initial);
  if (extent.order) {
    Value ordered = tensor::EmptyOp::create(
        builder, loc, getRowsType(getInitial().getType()), extent.batchSize);
    initial = toInstantOrder(builder, loc, extent, initial, ordered);
  }
  context.map(
      getResult(),
      createPackedLoop(
          builder, loc, extent, destination,
          [&](OpBuilder &body, Value t, Value row, Value target) {
            Value zero = arith::ConstantIndexOp::create(body, loc, 0);
            Value one = arith::ConstantIndexOp::create(body, loc, 1);
            Value isFirst = arith::CmpIOp::create(
                body, loc, arith::CmpIPredicate::eq, t, zero);
            Value before = arith::SubIOp::create(body, loc, t, one);
            before = arith::SelectOp::create(body, loc, isFirst, zero, before);
            Value from = getPackedRow(body, loc, extent, before, row);
            Value earlier = tensor::ExtractOp::create(body, loc, input, from);
            Value first = tensor::ExtractOp::create(body, loc, initial, row);
            Value value =
                arith::SelectOp::create(body, loc, isFirst, first, earlier);
            Value to = getPackedRow(body, loc, extent, t, row);
            return tensor::InsertOp::create(body, loc, value, target, to)
                .getResult();
          }));
  return success();
}

//===----------------------------------------------------------------------===//
// Runs of ops
//===----------------------------------------------------------------------===//

/// A tensor of its own for `rows` rows of `value`: empty tensors of one shape
/// are one value, and what is written between kernels must not share memory.
static Value createRows(OpBuilder &builder, Location loc, BatchContext &context,
                        Value value, Value rows) {
  SmallVector<Value> sizes{rows};
  if (isa<AlignmentType>(getElementOrSelf(value.getType())))
    sizes.push_back(context.getMemory(value).longest);
  return bufferization::AllocTensorOp::create(
      builder, loc, getRowsType(getElementOrSelf(value.getType())), sizes);
}

/// What does not change from row to row of `kernels`, for rows of `sequence`.
static RowKernels::Operands createOperands(OpBuilder &builder,
                                           BatchContext &context,
                                           const RowKernels &kernels,
                                           Value sequence) {
  RowKernels::Operands operands;
  for (Value value : kernels.getShared())
    operands.shared[value] = context.getShared(value);
  for (Value value : kernels.getMemories())
    operands.memories[value] = context.getBatched(builder, value);
  for (Value value : kernels.getReferences()) {
    operands.extents[value] = context.getMemory(value);
    operands.sources[value] = context.getSources(builder, sequence, value);
  }
  return operands;
}

SmallVector<Value> ravel::rnn::batchRun(OpBuilder &builder, Location loc,
                                        BatchContext &context,
                                        ArrayRef<Operation *> ops,
                                        ValueRange results, Value batchSize) {
  SmallVector<RowKernels::Result> wanted = llvm::map_to_vector(
      results, [](Value value) { return RowKernels::Result{value, Value()}; });
  RowKernels kernels(ops, wanted,
                     [&](Value value) { return context.isShared(value); });
  RowKernels::Operands operands =
      createOperands(builder, context, kernels, /*sequence=*/Value());
  for (Value value : kernels.getInputs())
    operands.rows[value] = context.getBatched(builder, value);
  for (Value value : results)
    operands.destinations.push_back(context.getDestination(builder, value));
  for (Value value : kernels.getTemporaries())
    operands.destinations.push_back(
        createRows(builder, loc, context, value, batchSize));
  SmallVector<Value> written = kernels.write(builder, loc, operands);
  written.resize(results.size());
  return written;
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

bool ravel::rnn::readsMemory(ScanOp scan) {
  return llvm::any_of(scan.getEntry().without_terminator(),
                      [](Operation &op) { return isAttention(&op); });
}

namespace {
/// Writes a scan that reads memories.
class AttentiveScan {
public:
  AttentiveScan(ScanOp scan, BatchContext &context, OpBuilder &builder)
      : scan(scan), context(context), builder(builder), loc(scan.getLoc()),
        extent(context.getExtent(scan.getInputs().front())),
        kernels(getOps(scan), getWanted(scan),
                [&](Value value) { return context.isShared(value); }) {}

  void run();

private:
  static SmallVector<Operation *> getOps(ScanOp scan);
  static SmallVector<RowKernels::Result> getWanted(ScanOp scan);
  bool isArgument(Value value) {
    return scan.getBody().isAncestor(value.getParentRegion());
  }
  void findOperands();
  void writeAtOnce();
  void writeInstants();
  ScanOp scan;
  BatchContext &context;
  OpBuilder &builder;
  Location loc;
  const BatchExtent &extent;
  RowKernels kernels;
  RowKernels::Operands operands;
  /// Captured values of the example, in the order of the instants' rows.
  DenseMap<Value, Value> perExample;
};
} // namespace

SmallVector<Operation *> AttentiveScan::getOps(ScanOp scan) {
  SmallVector<Operation *> ops;
  for (Operation &op : scan.getEntry().without_terminator())
    ops.push_back(&op);
  return ops;
}

SmallVector<RowKernels::Result> AttentiveScan::getWanted(ScanOp scan) {
  SmallVector<RowKernels::Result> wanted;
  for (Value value : scan.getYield().getOutputs())
    wanted.push_back({value, Value()});
  for (auto [value, state] :
       llvm::zip_equal(scan.getYield().getStates(), scan.getStateArgs()))
    wanted.push_back({value, state});
  return wanted;
}

void AttentiveScan::findOperands() {
  operands =
      createOperands(builder, context, kernels, scan.getInputs().front());
  for (Value value : kernels.getInputs()) {
    if (isArgument(value))
      continue;
    Value rows = context.getBatched(builder, value);
    perExample[value] =
        orderForInstants(builder, loc, context, extent, value, rows);
  }
}

/// All instants are rows like any other.
void AttentiveScan::writeAtOnce() {
  for (auto [argument, input] :
       llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
    operands.rows[argument] = context.getBatched(builder, input);
  for (Value output : scan.getOutputs())
    operands.destinations.push_back(context.getDestination(builder, output));
  for (Value value : kernels.getTemporaries())
    operands.destinations.push_back(
        createRows(builder, loc, context, value, extent.numRows));
  SmallVector<Value> written = kernels.write(builder, loc, operands);
  for (auto [output, value] : llvm::zip(scan.getOutputs(), written))
    context.map(output, value);
}

void AttentiveScan::writeInstants() {
  DenseMap<Value, Value> inputs;
  for (auto [argument, input] :
       llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
    inputs[argument] = context.getBatched(builder, input);
  SmallVector<Value> carried;
  for (Value output : scan.getOutputs())
    carried.push_back(context.getDestination(builder, output));
  for (auto [state, final] :
       llvm::zip_equal(scan.getStates(), scan.getFinals()))
    carried.push_back(
        writeInitialState(builder, context, extent, state, final));
  for (Value value : kernels.getTemporaries())
    carried.push_back(
        createRows(builder, loc, context, value, extent.batchSize));
  size_t numOutputs = scan.getOutputs().size();

  auto loop = createTimeLoop(
      builder, loc, extent, carried,
      [&](OpBuilder &body, Value step, ValueRange values) {
        Value t = getStepInstant(body, loc, extent, step, scan.getReverse());
        RowRange instant = getInstant(body, loc, extent.offsets, t);
        RowRange living = {body.getIndexAttr(0), instant.count};
        auto getRange = [&](size_t index) {
          return index < numOutputs ? instant : living;
        };
        RowKernels::Operands now = operands;
        for (auto [index, value] : llvm::enumerate(values))
          now.destinations.push_back(getRange(index).extract(body, loc, value));
        for (Value argument : scan.getInputArgs())
          if (llvm::is_contained(kernels.getInputs(), argument))
            now.rows[argument] =
                instant.extract(body, loc, inputs.lookup(argument));
        for (auto [index, argument] : llvm::enumerate(scan.getStateArgs()))
          now.rows[argument] = now.destinations[numOutputs + index];
        for (auto [value, rows] : perExample)
          now.rows[value] = living.extract(body, loc, rows);
        for (auto &[reference, sources] : now.sources)
          sources = instant.extract(body, loc, sources);
        SmallVector<Value> written = kernels.write(body, loc, now);
        SmallVector<Value> next;
        for (auto [index, value] : llvm::enumerate(values))
          next.push_back(
              getRange(index).insert(body, loc, written[index], value));
        scf::YieldOp::create(body, loc, next);
      });
  for (auto [output, value] : llvm::zip(scan.getOutputs(), loop.getResults()))
    context.map(output, value);
  for (auto [final, value] :
       llvm::zip(scan.getFinals(), loop.getResults().drop_front(numOutputs)))
    context.map(final, writeFinalState(builder, context, extent, final, value));
}

void AttentiveScan::run() {
  findOperands();
  if (scan.isTimeParallel() && perExample.empty())
    writeAtOnce();
  else
    writeInstants();
}

void ravel::rnn::batchAttentiveScan(ScanOp scan, OpBuilder &builder,
                                    BatchContext &context) {
  AttentiveScan(scan, context, builder).run();
}
