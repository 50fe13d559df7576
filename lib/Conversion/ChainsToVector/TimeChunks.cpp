//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Splits the time of long chains that are linear in their states: a scan in two
// passes (Blelloch, Prefix sums and their applications, 1990; for recurrent
// networks Martin & Cundy, Parallelizing linear recurrent neural nets over
// sequence length, 2018).
//
// The time of an example is cut into parts of equal size, and a few steps that
// are left over at its end:
//
//   1. For each part: the map of the states before it to those after it. It is
//      linear: a matrix, found by pushing unit vectors through the body's
//      derivative, and a vector, found by running the body from 0.
//   2. One part after the other: the states before it, from its predecessor's.
//   3. For each part: the body, from there on, and the outputs.
//
// This does the recurrence's arithmetic twice, but several parts at once, so
// that one hides the latency of the other, and on several threads. It pays
// where the states fill one or two registers; wider states do without it.
//
// Only the length of an example and the width of its states decide how it is
// cut, so that its bits depend neither on the number of threads nor on the
// examples beside it. They do differ from those of an uncut chain, by rounding.
//
//===----------------------------------------------------------------------===//

#include "ChainsLowering.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Whether the next states of `op` take more than a few multiplications, which
/// are not worth doing twice.
static bool isCostly(ChainsOp op) {
  DenseSet<Value> needed;
  needed.insert_range(op.getYield().getStates());
  for (Operation &inner : llvm::reverse(op.getEntry().without_terminator())) {
    if (llvm::none_of(inner.getResults(),
                      [&](Value v) { return needed.contains(v); }))
      continue;
    if (isa<math::MathDialect>(inner.getDialect()) || isa<arith::DivFOp>(inner))
      return true;
    needed.insert_range(inner.getOperands());
  }
  return false;
}

/// Whether the time of chains can be split, and it pays.
bool ChainsLowering::isSplit() {
  if (options.chunk <= 0 || op.getStates().empty() || !isLinear(op) ||
      isCostly(op))
    return false;
  Type element = getElementTypeOrSelf(op.getStates()[0]);
  if (!isa<FloatType>(element) ||
      !llvm::all_equal(llvm::map_range(op.getStates(), [](Value state) {
        return getElementTypeOrSelf(state);
      })))
    return false;
  constexpr int64_t kEnoughChains = 4;
  int64_t width = llvm::divideCeil(std::max<int64_t>(columns, 1), lanes);
  int64_t chains = width * op.getStates().size();
  interleave = kEnoughChains / chains;
  return interleave > 1;
}

ColumnBlock ChainsLowering::getWholeRow(Value row) {
  if (columns == 0)
    return {row, Value()};
  int64_t width = llvm::divideCeil(columns, lanes);
  return {row, index(0), width, lanes, columns - (width - 1) * lanes};
}

void ChainsLowering::prepareChunks() {
  // Those that live at the last instant of `minInstants`.
  Value last = min(index(options.minInstants), numInstants);
  Value before =
      sub(builder.createOrFold<arith::MaxUIOp>(last, index(1)), index(1));
  Value isShort = isLess(numInstants, index(options.minInstants));
  numLong =
      select(isShort, index(0), sub(loadOffset(last), loadOffset(before)));
  auto loop = scf::ForOp::create(builder, index(0), numLong, index(1),
                                 ValueRange(numRows));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value length =
        memref::LoadOp::create(builder, lengths, loop.getInductionVar());
    scf::YieldOp::create(builder, sub(loop.getRegionIterArg(0), length));
  }
  shortRows = loop.getResult(0);
  maxGroups = ceilDiv(numInstants, index(options.chunk * interleave));
  int64_t numStates = op.getStates().size();
  ColumnBlock block = getWholeRow(index(0));
  auto type = MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic,
                               numStates * numStates + numStates,
                               block.vectors * block.lanes},
                              getElementTypeOrSelf(op.getStates()[0]));
  maps = memref::AllocOp::create(
      builder, type, ValueRange{numLong, mul(maxGroups, index(interleave))},
      builder.getI64IntegerAttr(64));
}

ChainsLowering::Split ChainsLowering::getSplit(Value row) {
  Value length = memref::LoadOp::create(builder, lengths, row);
  Value groups = ceilDiv(length, index(options.chunk * interleave));
  return {row, length, groups, div(length, mul(groups, index(interleave)))};
}

/// Calls `body` for each group of parts of each example that is this thread's.
void ChainsLowering::forGroups(function_ref<void(const Split &, Value)> body) {
  forEach(id, mul(numLong, maxGroups), threads, [&](Value item) {
    Split split = getSplit(div(item, maxGroups));
    Value group = builder.createOrFold<arith::RemUIOp>(item, maxGroups);
    auto exists = scf::IfOp::create(builder, isLess(group, split.groups),
                                    /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(exists.thenBlock());
    body(split, group);
  });
}

/// Loops over `count` steps of `chains` parts of an example, the first of which
/// begins at step `first`. `body` computes one instant of one part from what it
/// carries, and returns that for the next instant; `carried` becomes what it
/// returned last.
void ChainsLowering::forSteps(
    const Split &split, Value first, Value count, unsigned chains,
    function_ref<Values(ChainEvaluator &, Value, ValueRange)> body,
    Values &carried) {
  ColumnBlock block = getWholeRow(split.row);
  auto loop = scf::ForOp::create(builder, index(0), count, index(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  unsigned size = carried.size() / chains;
  Values next;
  for (unsigned chain = 0; chain < chains; ++chain) {
    Value start = add(first, mul(index(chain), split.size));
    Value instant = add(start, loop.getInductionVar());
    if (op.getReverse())
      instant = sub(sub(split.length, index(1)), instant);
    ChainEvaluator evaluator(builder, op, block, loop);
    llvm::append_range(
        next,
        body(evaluator, add(loadOffset(instant), split.row),
             ValueRange(loop.getRegionIterArgs()).slice(chain * size, size)));
  }
  scf::YieldOp::create(builder, next);
  carried = llvm::to_vector_of<Value>(loop.getResults());
}

/// The vectors of `count` rows of what is kept of a part, from row `first` on.
ChainsLowering::Values ChainsLowering::loadChunk(const Split &split,
                                                 Value chunk, unsigned first,
                                                 unsigned count) {
  ColumnBlock block = getWholeRow(split.row);
  Type element = cast<MemRefType>(maps.getType()).getElementType();
  Values values;
  for (unsigned k = first; k < first + count; ++k)
    for (int64_t u = 0; u < block.vectors; ++u) {
      SmallVector<Value> place{split.row, chunk, index(k), index(u * lanes)};
      values.push_back(
          block.column
              ? vector::LoadOp::create(
                    builder, VectorType::get({lanes}, element), maps, place)
                    .getResult()
              : memref::LoadOp::create(builder, maps, place).getResult());
    }
  return values;
}

void ChainsLowering::storeChunk(const Split &split, Value chunk, unsigned first,
                                ValueRange values) {
  ColumnBlock block = getWholeRow(split.row);
  for (auto [number, value] : llvm::enumerate(values)) {
    SmallVector<Value> place{split.row, chunk,
                             index(first + number / block.vectors),
                             index(number % block.vectors * lanes)};
    if (block.column)
      vector::StoreOp::create(builder, value, maps, place);
    else
      memref::StoreOp::create(builder, value, maps, place);
  }
}

/// Finds the maps of a group of parts.
void ChainsLowering::emitMaps(const Split &split, Value group) {
  unsigned numStates = op.getStates().size();
  unsigned size = numStates * getWholeRow(split.row).vectors;
  Type element = getElementTypeOrSelf(op.getStates()[0]);
  // Of each part: for each state the column of the matrix, then the vector.
  Values carried;
  {
    ChainEvaluator evaluator(builder, op, getWholeRow(split.row), nullptr);
    for (unsigned chain = 0; chain < interleave; ++chain)
      for (unsigned column = 0; column <= numStates; ++column)
        for (unsigned state = 0; state < numStates; ++state)
          carried.append(size / numStates,
                         evaluator.createSplat(element, state == column));
  }
  Value firstChunk = mul(group, index(interleave));
  forSteps(
      split, mul(firstChunk, split.size), split.size, interleave,
      [&](ChainEvaluator &evaluator, Value row, ValueRange values) {
        evaluator.beginInstant(row, values.take_back(size));
        Values offset = evaluator.evaluateInstant(/*writesOutputs=*/false);
        Values next;
        for (unsigned column = 0; column < numStates; ++column)
          for (Value tangent :
               evaluator.evaluateTangents(values.slice(column * size, size)))
            next.push_back(tangent ? tangent
                                   : evaluator.createSplat(element, 0));
        llvm::append_range(next, offset);
        return next;
      },
      carried);
  for (unsigned chain = 0; chain < interleave; ++chain)
    storeChunk(split, add(firstChunk, index(chain)), 0,
               ArrayRef(carried).slice(chain * size * (numStates + 1),
                                       size * (numStates + 1)));
}

/// Puts the states before each part in the place of what it adds to them.
void ChainsLowering::emitStarts(Value row) {
  Split split = getSplit(row);
  unsigned numStates = op.getStates().size();
  ColumnBlock block = getWholeRow(row);
  auto loop = scf::ForOp::create(
      builder, index(0), mul(split.groups, index(interleave)), index(1),
      ChainEvaluator::loadStates(builder, op, block));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value chunk = loop.getInductionVar();
  ValueRange states = loop.getRegionIterArgs();
  unsigned size = states.size();
  Values map = loadChunk(split, chunk, 0, numStates * (numStates + 1));
  storeChunk(split, chunk, numStates * numStates, states);
  Values next(ArrayRef(map).take_back(size));
  for (unsigned column = 0; column < numStates; ++column)
    for (unsigned i = 0; i < size; ++i) {
      Value state = states[column * block.vectors + i % block.vectors];
      Value product =
          arith::MulFOp::create(builder, map[column * size + i], state);
      next[i] = arith::AddFOp::create(builder, next[i], product);
    }
  scf::YieldOp::create(builder, next);
}

/// Runs a group of parts from the states before them, and after the last group
/// what is left over.
void ChainsLowering::emitGroup(const Split &split, Value group) {
  unsigned numStates = op.getStates().size();
  Value firstChunk = mul(group, index(interleave));
  Values states;
  for (unsigned chain = 0; chain < interleave; ++chain)
    llvm::append_range(states, loadChunk(split, add(firstChunk, index(chain)),
                                         numStates * numStates, numStates));
  auto run = [](ChainEvaluator &evaluator, Value row, ValueRange values) {
    evaluator.beginInstant(row, values);
    return evaluator.evaluateInstant(/*writesOutputs=*/true);
  };
  forSteps(split, mul(firstChunk, split.size), split.size, interleave, run,
           states);

  Value isLast = builder.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::eq, add(group, index(1)), split.groups);
  auto rest = scf::IfOp::create(builder, isLast, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(rest.thenBlock());
  Values last(ArrayRef(states).take_back(states.size() / interleave));
  Value done = mul(mul(split.groups, index(interleave)), split.size);
  forSteps(split, done, sub(split.length, done), 1, run, last);
  ChainEvaluator::storeStates(builder, op, getWholeRow(split.row), last);
}

void ChainsLowering::emitChunks() {
  auto wait = [&] {
    if (options.parallel)
      omp::BarrierOp::create(builder);
  };
  auto any = scf::IfOp::create(builder, isLess(index(0), numLong),
                               /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(any.thenBlock());
  forGroups([&](const Split &split, Value group) { emitMaps(split, group); });
  wait();
  forEach(id, numLong, threads, [&](Value row) { emitStarts(row); });
  wait();
  forGroups([&](const Split &split, Value group) { emitGroup(split, group); });
}
