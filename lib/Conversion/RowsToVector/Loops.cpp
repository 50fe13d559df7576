//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The loops of a kernel over its rows and columns, and how threads share them.
//
//===----------------------------------------------------------------------===//

#include "RowsLowering.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// The number of rows of this thread: whole groups dealt in turn, then those
/// that don't fill a group.
void RowsLowering::countRows() {
  Value all = memref::DimOp::create(builder, op.getOuts()[0], index(0));
  numRows = all;
  if (!op.getThreadId())
    return;
  Value id = op.getThreadId(), threads = op.getNumThreads();
  Value groups = arith::DivUIOp::create(builder, all, index(rowGroup));
  Value rest = arith::RemUIOp::create(builder, all, index(rowGroup));
  // Groups id, id + n, ... below `groups`.
  Value last = arith::AddIOp::create(
      builder, groups, arith::SubIOp::create(builder, threads, index(1)));
  Value mine = arith::DivSIOp::create(
      builder, arith::SubIOp::create(builder, last, id), threads);
  Value next = arith::RemUIOp::create(builder, groups, threads);
  Value isMine =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, next, id);
  Value extra = arith::SelectOp::create(builder, isMine, rest, index(0));
  numRows = arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, mine, index(rowGroup)), extra);
}

/// The row of `ins` and `outs` that is this thread's row number `local`.
Value RowsLowering::getRow(Value local) {
  if (!op.getThreadId())
    return local;
  Value group = arith::DivUIOp::create(builder, local, index(rowGroup));
  Value inner = arith::RemUIOp::create(builder, local, index(rowGroup));
  Value dealt = arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, group, op.getNumThreads()),
      op.getThreadId());
  return arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, dealt, index(rowGroup)), inner);
}

scf::ForOp RowsLowering::forEach(Value begin, Value end, int64_t step,
                                 BodyFn body) {
  auto loop = scf::ForOp::create(builder, begin, end, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
  return loop;
}

/// The column of a loop over columns from `begin` to `end` in the order of step
/// number `step`: every other step goes backwards, and finds in the cache what
/// the step before read last.
Value RowsLowering::takeTurn(Value step, Value begin, Value end, int64_t width,
                             Value column) {
  Value isForward = arith::CmpIOp::create(
      builder, arith::CmpIPredicate::eq,
      arith::AndIOp::create(builder, step, index(1)), index(0));
  Value mirrored = arith::SubIOp::create(
      builder,
      arith::AddIOp::create(builder, begin,
                            arith::SubIOp::create(builder, end, index(width))),
      column);
  return arith::SelectOp::create(builder, isForward, column, mirrored);
}

/// Calls `body` for blocks of `vectors` vectors of the columns of `domain`, and
/// once more for the rest, with the values that it returned before.
SmallVector<Value> RowsLowering::forColumns(int64_t domain, int64_t vectors,
                                            ValueRange inits, ColumnsFn body) {
  int64_t lanes = kernel.lanes, width = vectors * lanes;
  int64_t whole = domain / width * width;
  SmallVector<Value> carried(inits);
  Window window;
  window.vectors = vectors;
  window.lastLanes = lanes;
  if (whole == width) {
    window.column = index(0);
    carried = body(window, carried);
  } else if (whole > 0) {
    auto loop = scf::ForOp::create(builder, index(0), index(whole),
                                   index(width), carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    window.column = loop.getInductionVar();
    if (kernel.instant)
      window.column = takeTurn(kernel.instant, index(0), index(whole), width,
                               window.column);
    SmallVector<Value> next = body(window, loop.getRegionIterArgs());
    if (!next.empty())
      scf::YieldOp::create(builder, next);
    carried = llvm::to_vector_of<Value>(loop.getResults());
  }
  if (whole == domain)
    return carried;
  int64_t rest = domain - whole;
  window.column = index(whole);
  window.vectors = (rest + lanes - 1) / lanes;
  window.lastLanes = rest - (window.vectors - 1) * lanes;
  return body(window, carried);
}

/// Calls `body` for this thread's blocks of columns: of several threads each
/// takes neighbours, so that it reads the same weights at each step.
void RowsLowering::forOwnColumns(int64_t domain, int64_t vectors,
                                 ColumnsFn body) {
  if (!op.getColumnId()) {
    forColumns(domain, vectors, {}, body);
    return;
  }
  int64_t lanes = kernel.lanes, width = vectors * lanes;
  int64_t whole = domain / width, rest = domain % width;
  Value blocks = index(whole + (rest != 0));
  auto bound = [&](Value id) -> Value {
    return arith::DivUIOp::create(builder,
                                  arith::MulIOp::create(builder, blocks, id),
                                  op.getNumColumnThreads());
  };
  Value first = bound(op.getColumnId());
  Value last =
      bound(arith::AddIOp::create(builder, op.getColumnId(), index(1)));
  Window window;
  window.vectors = vectors;
  window.lastLanes = lanes;
  if (whole > 0) {
    Value end = arith::MinUIOp::create(builder, last, index(whole));
    Value firstColumn = arith::MulIOp::create(builder, first, index(width));
    Value endColumn = arith::MulIOp::create(builder, end, index(width));
    auto loop =
        scf::ForOp::create(builder, firstColumn, endColumn, index(width));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    window.column = loop.getInductionVar();
    if (scf::ForOp time = getTimeLoop(op))
      window.column = takeTurn(time.getInductionVar(), firstColumn, endColumn,
                               width, window.column);
    body(window, {});
  }
  if (rest == 0)
    return;
  Value isLast = arith::AndIOp::create(
      builder,
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, last, blocks),
      arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, first, last));
  auto choice = scf::IfOp::create(builder, isLast, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  window.column = index(whole * width);
  window.vectors = (rest + lanes - 1) / lanes;
  window.lastLanes = rest - (window.vectors - 1) * lanes;
  body(window, {});
}

/// Waits for the threads that share this thread's rows.
void RowsLowering::emitBarrier() {
  if (!op.getColumnId())
    return;
  Value isShared = arith::CmpIOp::create(builder, arith::CmpIPredicate::ugt,
                                         op.getNumColumnThreads(), index(1));
  auto choice = scf::IfOp::create(builder, isShared, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  omp::BarrierOp::create(builder);
}

/// The blocks into which `count` rows fall: whole ones, then smaller ones, then
/// single rows. A step of time has so few rows that single ones would count.
SmallVector<RowsLowering::Blocks> RowsLowering::splitRows(Value count,
                                                          int64_t rows) {
  SmallVector<int64_t> sizes;
  if (rows > 1)
    sizes.push_back(rows);
  if (getTimeLoop(op) && !isCompact)
    for (int64_t size = rows; size > 2;)
      sizes.push_back(size = (size + 1) / 2);
  sizes.push_back(1);
  SmallVector<Blocks> blocks;
  Value begin = index(0);
  for (int64_t size : sizes) {
    Value end = count;
    if (size > 1) {
      Value rest = arith::RemUIOp::create(
          builder, arith::SubIOp::create(builder, count, begin), index(size));
      end = arith::SubIOp::create(builder, count, rest);
    }
    blocks.push_back({size, begin, end});
    begin = end;
  }
  return blocks;
}

/// Calls `body` for each of `blocks`, of rows from local row `first` on.
void RowsLowering::forRows(Value first, ArrayRef<Blocks> blocks, Window window,
                           RowsFn body) {
  for (const Blocks &block : blocks)
    forEach(block.begin, block.end, block.rows, [&](Value slot) {
      Value row = getRow(arith::AddIOp::create(builder, first, slot));
      window.rows = {row};
      window.slots = {slot};
      for (int64_t r = 1; r < block.rows; ++r) {
        window.rows.push_back(arith::AddIOp::create(builder, row, index(r)));
        window.slots.push_back(arith::AddIOp::create(builder, slot, index(r)));
      }
      body(window);
    });
}
