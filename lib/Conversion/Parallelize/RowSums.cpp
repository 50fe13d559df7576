//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Shares sums over all rows, the gradients of parameters, among threads. Each
// column of a sum is added by one thread, in order of the rows: its bits do not
// depend on the number of threads. Sums that follow each other run in one
// parallel region, where they are marked for `rnn-lower-linalg`. What lies
// between two sums of a run comes before the run, so it must neither read what
// they write nor write what they read.
//
//===----------------------------------------------------------------------===//

#include "RowSums.h"
#include "../LinalgToVector/Contracts.h"
#include "../LinalgToVector/VectorLoops.h"

using namespace mlir;
using namespace ravel;

namespace {
/// A sum over rows that threads can share by columns.
struct RowSum {
  /// The op, or the loop over rows around it.
  Operation *op;
  /// The op of `linalg`.
  Operation *sum;
  SmallVector<Value> reads;
  Value out;
  /// What makes `out` zero before it, if anything does.
  linalg::FillOp zeros;
  /// Multiplications that take as long as a row.
  int64_t weight;
};
} // namespace

/// Memory traffic for one number takes as long as so many multiplications.
static constexpr int64_t kTraffic = 8;
/// A run of sums whose rows weigh less is not shared.
static constexpr int64_t kLeastWeight = 4096;
/// Nor is one of less weight in all.
static constexpr int64_t kLeastWork = 1 << 19;

static int64_t getColumns(Value memref) {
  return cast<MemRefType>(memref.getType()).getShape().back();
}

/// The matrix of which `row` is a whole row.
static Value getMatrixOfRow(Value row) {
  auto view = row.getDefiningOp<memref::SubViewOp>();
  if (!view || !hasVectors(row) || view.getType().getRank() != 1 ||
      view.getSourceType().getRank() != 2 || !view.hasUnitStride() ||
      view.getStaticOffsets()[1] != 0 ||
      getColumns(view.getSource()) != getColumns(row))
    return nullptr;
  return view.getSource();
}

/// The sum in a loop that adds rows of a matrix to rows of another, and does
/// nothing else.
static linalg::AddOp getScatteredSum(scf::ForOp loop) {
  linalg::AddOp sum;
  for (Operation &op : loop.getBody()->without_terminator()) {
    auto add = dyn_cast<linalg::AddOp>(op);
    if (add && !sum && llvm::all_of(add->getOperands(), getMatrixOfRow) &&
        getMatrixOfRow(add.getInputs()[0]) ==
            getMatrixOfRow(add.getOutputs()[0]))
      sum = add;
    else if (!isMemoryEffectFree(&op) && !isa<memref::LoadOp>(op))
      return nullptr;
  }
  return loop.getNumResults() == 0 ? sum : nullptr;
}

/// `op` as a sum over rows, if it is one.
static std::optional<RowSum> getRowSum(Operation *op) {
  RowSum sum{op, op, {}, Value(), nullptr, 0};
  if (auto contract = dyn_cast<linalg::ContractOp>(op);
      contract && isVectorContract(contract)) {
    sum.reads = contract.getInputs();
    sum.out = contract.getOutputs()[0];
    sum.weight = getColumns(sum.reads[0]) * getColumns(sum.out);
  } else if (auto reduce = dyn_cast<linalg::ReduceOp>(op);
             reduce && isVectorTotal(reduce)) {
    sum.reads = reduce.getInputs();
    sum.out = reduce.getInits()[0];
    sum.weight = kTraffic * getColumns(sum.out);
  } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
    linalg::AddOp add = getScatteredSum(loop);
    if (!add)
      return std::nullopt;
    sum.sum = add;
    sum.out = getMatrixOfRow(add.getOutputs()[0]);
    sum.reads.push_back(getMatrixOfRow(add.getInputs()[1]));
    for (auto load : loop.getBody()->getOps<memref::LoadOp>())
      sum.reads.push_back(load.getMemRef());
    sum.weight = kTraffic * getColumns(sum.out);
  } else {
    return std::nullopt;
  }
  sum.zeros = findZeros(op, sum.out);
  return sum;
}

/// The rows that `sum` adds.
static Value createRowCount(OpBuilder &builder, const RowSum &sum) {
  if (auto loop = dyn_cast<scf::ForOp>(sum.op))
    return loop.getUpperBound();
  return memref::DimOp::create(builder, sum.op->getLoc(), sum.reads[0], 0);
}

/// Moves `run` into one parallel region, in place of its last op.
static void parallelizeSums(ArrayRef<RowSum> run, ModuleOp module) {
  int64_t weight = 0;
  for (const RowSum &sum : run)
    weight += sum.weight;
  if (weight < kLeastWeight)
    return;
  Operation *last = run.back().op;
  OpBuilder builder(last);
  Location loc = last->getLoc();
  Value work;
  for (const RowSum &sum : run) {
    Value part = arith::MulIOp::create(
        builder, loc, createRowCount(builder, sum),
        arith::ConstantIndexOp::create(builder, loc, sum.weight));
    work = work ? arith::AddIOp::create(builder, loc, work, part).getResult()
                : part;
  }
  Value isMuch = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::uge, work,
      arith::ConstantIndexOp::create(builder, loc, kLeastWork));
  ParallelRegion region = createParallelRegion(last, module, isMuch);
  auto share = [&](Operation *op) {
    op->setAttr(kDistributedAttr, builder.getUnitAttr());
  };
  for (const RowSum &sum : run) {
    if (sum.zeros) {
      Operation *zeros = sum.zeros;
      zeros->moveBefore(region.terminator);
      share(zeros);
    }
    sum.op->moveBefore(region.terminator);
    share(sum.sum);
  }
}

void ravel::parallelizeRowSums(Block &block, ModuleOp module) {
  SmallVector<SmallVector<RowSum>> runs(1);
  for (Operation &op : block) {
    std::optional<RowSum> sum = getRowSum(&op);
    // What takes long is not waited for: it would drive what the sums read out
    // of the cache.
    bool isShort = sum || op.getNumRegions() == 0 || isa<linalg::LinalgOp>(op);
    if (!isShort || !llvm::all_of(runs.back(), [&](const RowSum &earlier) {
          return canSwap(&op, earlier.reads, earlier.out);
        }))
      runs.emplace_back();
    if (sum)
      runs.back().push_back(std::move(*sum));
  }
  for (ArrayRef<RowSum> run : runs)
    if (!run.empty())
      parallelizeSums(run, module);
}
