//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes each `rnn.chains` on memrefs as loops with vectors in registers.
//
// Chains don't need each other, so that no thread ever waits:
//
//   for each tile of time:
//     for each example of this thread that lives:
//       for each block of columns of this thread:
//         states from memory to registers
//         for each instant of the tile:  the body, in registers
//         states to memory
//
// A block has several vectors, so that the latency of one chain is hidden
// behind the others. A tile is as many instants as have their rows in few
// pages: the hardware's prefetcher wants memory to be read in order, which a
// block through all of time would not do. Where one instant fills pages, each
// is a tile, and the states pass through the first cache. Threads split
// examples by their total length, or columns where there are few examples.
// Whoever computes a chain does the same operations in the same order.
//
// Narrow states leave the processor waiting for one chain. If these are linear
// and long their time is split (TimeChunks.cpp).
//
//===----------------------------------------------------------------------===//

#include "../OpenMPRuntime.h"
#include "ChainsLowering.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_LOWERCHAINS
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

Value ChainsLowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, value);
}
Value ChainsLowering::add(Value a, Value b) {
  return builder.createOrFold<arith::AddIOp>(a, b);
}
Value ChainsLowering::sub(Value a, Value b) {
  return builder.createOrFold<arith::SubIOp>(a, b);
}
Value ChainsLowering::mul(Value a, Value b) {
  return builder.createOrFold<arith::MulIOp>(a, b);
}
Value ChainsLowering::div(Value a, Value b) {
  return builder.createOrFold<arith::DivUIOp>(a, b);
}
Value ChainsLowering::ceilDiv(Value a, Value b) {
  return div(add(a, sub(b, index(1))), b);
}
Value ChainsLowering::min(Value a, Value b) {
  return builder.createOrFold<arith::MinUIOp>(a, b);
}
Value ChainsLowering::isLess(Value a, Value b) {
  return builder.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b);
}
Value ChainsLowering::select(Value condition, Value a, Value b) {
  return builder.createOrFold<arith::SelectOp>(condition, a, b);
}
Value ChainsLowering::loadOffset(Value instant) {
  return memref::LoadOp::create(builder, op.getOffsets(), instant);
}

scf::ForOp ChainsLowering::forEach(Value begin, Value end, Value step,
                                   BodyFn body) {
  auto loop = scf::ForOp::create(builder, begin, end, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
  return loop;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Bits of the widest number that `op` computes with.
static int64_t getWidth(ChainsOp op) {
  int64_t width = 32;
  for (Operation &inner : op.getEntry())
    for (Value value : inner.getOperands())
      if (auto type = dyn_cast<FloatType>(getElementTypeOrSelf(value)))
        width = std::max<int64_t>(width, type.getWidth());
  return width;
}

ChainsLowering::ChainsLowering(ChainsOp op, const ChainOptions &options)
    : builder(op.getLoc(), op), op(op), options(options),
      columns(op.getNumColumns()), lanes(columns ? options.lanes : 1) {
  chooseVectors();
}

/// Chooses as many vectors as half of the registers hold, or somewhat fewer if
/// then no columns are left over.
void ChainsLowering::chooseVectors() {
  int64_t whole = columns / lanes;
  int64_t numStates = std::max<int64_t>(op.getStates().size(), 1);
  int64_t most = std::clamp<int64_t>(options.registers / 2 / numStates, 1, 8);
  vectors = std::min(std::max<int64_t>(whole, 1), most);
  for (int64_t fewer = vectors; fewer > vectors / 2 && whole > 0; --fewer)
    if (whole % fewer == 0) {
      vectors = fewer;
      return;
    }
}

/// Counts instants, packed rows, and examples with an instant.
void ChainsLowering::countExamples() {
  Value size = memref::DimOp::create(builder, op.getOffsets(), index(0));
  numInstants = sub(size, index(1));
  numRows = loadOffset(numInstants);
  numExamples =
      sub(loadOffset(min(index(1), numInstants)), loadOffset(index(0)));
}

/// Finds the length of each example: it lives at instant t if more than its
/// number of examples do.
void ChainsLowering::measureExamples() {
  lengths = memref::AllocOp::create(
      builder, MemRefType::get({ShapedType::kDynamic}, builder.getIndexType()),
      numExamples);
  auto loop = scf::ForOp::create(builder, index(0), numExamples, index(1),
                                 ValueRange(numInstants));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value example = loop.getInductionVar();
  auto search = scf::WhileOp::create(
      builder, TypeRange(builder.getIndexType()), loop.getRegionIterArgs(),
      [&](OpBuilder &inner, Location, ValueRange length) {
        OpBuilder::InsertionGuard innerGuard(builder);
        builder.restoreInsertionPoint(inner.saveInsertionPoint());
        Value last = sub(length[0], index(1));
        Value living = sub(loadOffset(length[0]), loadOffset(last));
        Value hasEnded = arith::CmpIOp::create(
            builder, arith::CmpIPredicate::ule, living, example);
        scf::ConditionOp::create(builder, hasEnded, length);
      },
      [&](OpBuilder &inner, Location, ValueRange length) {
        OpBuilder::InsertionGuard innerGuard(builder);
        builder.restoreInsertionPoint(inner.saveInsertionPoint());
        scf::YieldOp::create(builder, sub(length[0], index(1)));
      });
  memref::StoreOp::create(builder, search.getResult(0), lengths, example);
  scf::YieldOp::create(builder, search.getResults());
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

/// Starts threads, unless there is too little work to share.
void ChainsLowering::beginParallel() {
  if (!options.parallel) {
    id = index(0);
    threads = index(1);
    return;
  }
  omp::ParallelOperands clauses;
  int64_t leastRows =
      llvm::divideCeil(options.minElements, std::max<int64_t>(columns, 1));
  clauses.ifExpr = arith::CmpIOp::create(builder, arith::CmpIPredicate::uge,
                                         numRows, index(leastRows));
  auto parallel = omp::ParallelOp::create(builder, clauses);
  builder.createBlock(&parallel.getRegion());
  auto module = op->getParentOfType<ModuleOp>();
  id = createRuntimeCall(builder, builder.getLoc(), module,
                         "omp_get_thread_num");
  threads = createRuntimeCall(builder, builder.getLoc(), module,
                              "omp_get_num_threads");
}

void ChainsLowering::endParallel() {
  if (!options.parallel)
    return;
  omp::TerminatorOp::create(builder);
  builder.setInsertionPoint(op);
}

/// Splits the examples from `firstRow` on by their length, or the columns where
/// there are fewer than two examples for each thread.
ChainsLowering::Share ChainsLowering::chooseShare(Value firstRow) {
  Value zero = index(0), width = index(columns);
  if (!options.parallel)
    return {firstRow, numExamples, zero, width};

  // A thread begins with the first example before which there is its part of
  // all rows.
  Value all = shortRows ? shortRows : numRows;
  Value begin = div(mul(all, id), threads);
  Value end = div(mul(all, add(id, index(1))), threads);
  auto loop = scf::ForOp::create(builder, firstRow, numExamples, index(1),
                                 ValueRange{zero, firstRow, firstRow});
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value before = loop.getRegionIterArg(0);
    auto count = [&](unsigned number, Value bound) {
      Value isBefore = isLess(before, bound);
      return add(loop.getRegionIterArg(number),
                 select(isBefore, index(1), index(0)));
    };
    Value length =
        memref::LoadOp::create(builder, lengths, loop.getInductionVar());
    Value first = count(1, begin), last = count(2, end);
    scf::YieldOp::create(builder, ValueRange{add(before, length), first, last});
  }
  Share rows{loop.getResult(1), loop.getResult(2), zero, width};
  if (columns == 0)
    return rows;

  // Columns are dealt in blocks, or in vectors where there are too few blocks.
  int64_t numBlocks = columns / lanes / vectors;
  Value isFew = isLess(index(numBlocks), threads);
  Value unit = select(isFew, index(lanes), index(lanes * vectors));
  Value part = mul(ceilDiv(ceilDiv(width, unit), threads), unit);
  Value left = min(mul(id, part), width);
  Value right = min(add(left, part), width);
  Value byRows = builder.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::uge,
                                                     sub(numExamples, firstRow),
                                                     mul(threads, index(2)));
  return {select(byRows, rows.firstRow, firstRow),
          select(byRows, rows.endRow, numExamples), select(byRows, zero, left),
          select(byRows, width, right)};
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Chooses as many instants as have their rows in two pages, but no more than
/// 32 and one at least.
Value ChainsLowering::chooseTimeTile() {
  if (options.timeTile > 0)
    return index(options.timeTile);
  constexpr int64_t kTileBytes = 8192, kMostInstants = 32;
  int64_t rowBytes = std::max<int64_t>(columns, 1) * getWidth(op) / 8;
  int64_t rows = std::max<int64_t>(kTileBytes / rowBytes, 1);
  Value one = index(1);
  Value examples = builder.createOrFold<arith::MaxUIOp>(numExamples, one);
  Value instants = div(index(rows), examples);
  instants = builder.createOrFold<arith::MaxUIOp>(instants, one);
  return min(instants, index(kMostInstants));
}

void ChainsLowering::emitTiles(const Share &share) {
  Value tile = chooseTimeTile();
  Value numTiles = ceilDiv(numInstants, tile);
  scf::ForOp loop = forEach(index(0), numTiles, index(1), [&](Value step) {
    Value number = step;
    if (op.getReverse())
      number = sub(sub(numTiles, index(1)), step);
    Value first = mul(number, tile);
    Value end = min(add(first, tile), numInstants);
    Value living = sub(loadOffset(add(first, index(1))), loadOffset(first));
    forEach(share.firstRow, min(share.endRow, living), index(1),
            [&](Value example) {
              Value length = memref::LoadOp::create(builder, lengths, example);
              emitColumns(share, example, first, min(end, length));
            });
  });
  loop->setAttr(RNNDialect::kTimeAttr, builder.getUnitAttr());
}

void ChainsLowering::emitColumns(const Share &share, Value example, Value first,
                                 Value end) {
  if (columns == 0) {
    emitBlock({example, Value()}, first, end);
    return;
  }
  auto emit = [&](int64_t numVectors) {
    return [&, numVectors](Value column) {
      emitBlock({example, column, numVectors, lanes, lanes}, first, end);
    };
  };
  Value column = share.firstColumn;
  int64_t whole = columns / lanes * lanes;
  if (whole > 0) {
    Value right = min(share.endColumn, index(whole));
    right = builder.createOrFold<arith::MaxUIOp>(right, column);
    if (vectors > 1) {
      Value width = index(vectors * lanes);
      Value blocks = mul(div(sub(right, column), width), width);
      Value middle = add(column, blocks);
      forEach(column, middle, width, emit(vectors));
      column = middle;
    }
    forEach(column, right, index(lanes), emit(1));
  }
  if (whole == columns)
    return;
  Value isLast = builder.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::eq, share.endColumn, index(columns));
  isLast = builder.createOrFold<arith::AndIOp>(
      isLast, isLess(share.firstColumn, index(columns)));
  auto tail = scf::IfOp::create(builder, isLast, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(tail.thenBlock());
  emitBlock({example, index(whole), 1, lanes, columns - whole}, first, end);
}

/// Computes the instants [first, end) of a block of columns.
void ChainsLowering::emitBlock(const ColumnBlock &block, Value first,
                               Value end) {
  Values states = ChainEvaluator::loadStates(builder, op, block);
  auto loop =
      scf::ForOp::create(builder, index(0), sub(end, first), index(1), states);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    Value instant =
        op.getReverse() ? sub(sub(end, index(1)), step) : add(first, step);
    ChainEvaluator evaluator(builder, op, block, loop);
    evaluator.beginInstant(add(loadOffset(instant), block.example),
                           loop.getRegionIterArgs());
    Values next = evaluator.evaluateInstant(/*writesOutputs=*/true);
    if (!next.empty())
      scf::YieldOp::create(builder, next);
  }
  ChainEvaluator::storeStates(builder, op, block, loop.getResults());
}

void ChainsLowering::run() {
  countExamples();
  measureExamples();
  bool split = isSplit();
  if (split)
    prepareChunks();
  beginParallel();
  if (split)
    emitChunks();
  emitTiles(chooseShare(split ? numLong : index(0)));
  endParallel();
  if (split)
    memref::DeallocOp::create(builder, maps);
  memref::DeallocOp::create(builder, lengths);
  op.erase();
}

namespace {
struct LowerChains : ravel::impl::LowerChainsBase<LowerChains> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<ChainsOp> kernels;
    getOperation()->walk([&](ChainsOp op) { kernels.push_back(op); });
    for (ChainsOp op : kernels) {
      if (!op.getResults().empty()) {
        op.emitOpError("must be bufferized before it is lowered");
        return signalPassFailure();
      }
      ChainOptions options{vectorWidth / getWidth(op),
                           numRegisters,
                           timeTile,
                           parallel,
                           minElements,
                           chunk,
                           minInstants};
      ChainsLowering(op, options).run();
    }
  }
};
} // namespace
