//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Splits work among threads. Each loop over time, with all that is in it, runs
// in one parallel region: threads start once, not once a step.
//
// Rows are independent: threads that take rows never wait for each other. But
// each reads all weights at every step, and few rows can't be shared evenly. So
// where a step does enough work, threads take columns: each reads its own part
// of the weights, which stays in its cache, and they wait for each other after
// each stage of a kernel. Small weights and many rows are split by rows.
// Kernels outside of loops over time are, too.
//
// Sums over all rows are shared by columns; see RowSums.cpp.
//
// A parallel region whose batch is too small to split runs on one thread.
//
//===----------------------------------------------------------------------===//

#include "../OpenMPRuntime.h"
#include "../RowsToVector/Plan.h"
#include "../RowsToVector/Tiles.h"
#include "RowSums.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_PARALLELIZE
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Whether the rows of all kernels in `op` can be split, and nothing else
/// writes memory.
static bool isSplittable(Operation *op) {
  bool splittable = true;
  op->walk([&](Operation *inner) {
    if (inner->getParentOfType<RowsOp>() || isa<RowsOp, AttendRowsOp>(inner) ||
        isa<scf::ForOp, scf::YieldOp>(inner))
      return;
    if (!isMemoryEffectFree(inner) && !isa<memref::LoadOp>(inner))
      splittable = false;
  });
  return splittable;
}

/// The fewest rows of any array outside of `op` that its kernels write: the
/// batch, for a loop over time, since the packed arrays have at least as many.
static Value createRowCount(OpBuilder &builder, Operation *op) {
  Value count;
  op->walk([&](Operation *kernel) {
    if (!isa<RowsOp, AttendRowsOp>(kernel))
      return;
    for (Value base : cast<DestinationStyleOpInterface>(kernel).getDpsInits()) {
      auto isInside = [&] {
        return op->isProperAncestor(base.getParentBlock()->getParentOp()) ||
               op == base.getParentBlock()->getParentOp();
      };
      auto view = base.getDefiningOp<memref::SubViewOp>();
      for (; view && isInside(); view = base.getDefiningOp<memref::SubViewOp>())
        base = view.getSource();
      if (isInside())
        continue;
      Location loc = kernel->getLoc();
      Value size = memref::DimOp::create(builder, loc, base, 0);
      count =
          count ? arith::MinUIOp::create(builder, loc, count, size).getResult()
                : size;
    }
  });
  return count;
}

/// Whether `value` is at least `least`.
static Value isAtLeast(OpBuilder &builder, Location loc, Value value,
                       int64_t least) {
  return arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::uge, value,
      arith::ConstantIndexOp::create(builder, loc, least));
}

ParallelRegion ravel::createParallelRegion(Operation *op, ModuleOp module,
                                           Value condition) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  omp::ParallelOperands clauses;
  clauses.ifExpr = condition;
  auto parallel = omp::ParallelOp::create(builder, loc, clauses);
  builder.createBlock(&parallel.getRegion());
  ParallelRegion region;
  region.id = createRuntimeCall(builder, loc, module, "omp_get_thread_num");
  region.threads =
      createRuntimeCall(builder, loc, module, "omp_get_num_threads");
  region.terminator = omp::TerminatorOp::create(builder, loc);
  return region;
}

namespace {
/// What one step of a loop over time costs for each row.
struct StepCost {
  /// Multiplications and additions in products.
  int64_t operations = 0;
  /// Products that follow one another.
  int64_t stages = 0;
  int64_t weightBytes = 0;
};
} // namespace

static FailureOr<StepCost> getStepCost(Operation *loop) {
  StepCost cost;
  WalkResult result = loop->walk([&](RowsOp rows) {
    FailureOr<Plan> plan = Plan::create(rows);
    if (failed(plan))
      return WalkResult::interrupt();
    for (const Stage &stage : plan->getStages()) {
      cost.stages += stage.kind == Stage::Products;
      for (const ProductGroup &group : stage.groups) {
        auto vector = getProductVector(group.products[0].op).getType();
        Operation *product = group.products[0].op;
        int64_t columns = stage.domain * group.products.size();
        cost.operations += columns * getProductWork(product);
        cost.weightBytes += columns * getProductDepth(product) *
                            vector.getElementTypeBitWidth() / 8;
      }
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return cost;
}

namespace {
struct Limits {
  int64_t minRows, minWork, rowWeights, minRegionWork;
};
} // namespace

/// About how many operations `op` does for one row.
static int64_t getAttentionWork(AttendRowsOp op) {
  // Of a memory as long as a short sentence.
  constexpr int64_t kElements = 8;
  int64_t columns = 1;
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<MemRefType>(operand.getType());
        type && type.getRank() == 2 && !type.isDynamicDim(1))
      columns = std::max(columns, type.getDimSize(1));
  return 2 * kElements * columns;
}

/// About how many operations the kernels in `op` do for one row, one at least.
static int64_t getRowWork(Operation *op) {
  // A function of `math` is a polynomial.
  constexpr int64_t kFunctionWork = 16;
  int64_t work = 1;
  op->walk([&](Operation *inner) {
    if (auto attend = dyn_cast<AttendRowsOp>(inner)) {
      work += getAttentionWork(attend);
      return;
    }
    if (!inner->getParentOfType<RowsOp>() || inner->getNumResults() != 1)
      return;
    auto type = dyn_cast<RankedTensorType>(inner->getResult(0).getType());
    int64_t size = type && type.hasStaticShape() ? type.getNumElements() : 1;
    if (isProduct(inner))
      work += size * getProductWork(inner);
    else if (isa<math::MathDialect>(inner->getDialect()))
      work += kFunctionWork * size;
    else if (!isa<arith::ConstantOp, tensor::ExtractSliceOp>(inner))
      work += size;
  });
  return work;
}

/// Whether `op`, whose kernels have `rows` rows, is worth starting threads for:
/// it has rows for all, and more work than it takes to start them.
static Value isWorthThreads(OpBuilder &builder, Operation *op, Value rows,
                            const Limits &limits) {
  Location loc = op->getLoc();
  int64_t least = llvm::divideCeil(limits.minRegionWork, getRowWork(op));
  auto loop = dyn_cast<scf::ForOp>(op);
  if (!loop)
    return isAtLeast(builder, loc, rows, std::max(limits.minRows, least));
  Value enough = isAtLeast(builder, loc, rows, limits.minRows);
  Value all = arith::MulIOp::create(builder, loc, rows, loop.getUpperBound());
  return arith::AndIOp::create(builder, loc, enough,
                               isAtLeast(builder, loc, all, least));
}

/// Whether threads share the columns of each row in the steps of `loop`; null
/// where they never do.
static FailureOr<Value> createColumnChoice(Operation *loop, ModuleOp module,
                                           Value rows, const Limits &limits) {
  FailureOr<StepCost> cost = getStepCost(loop);
  if (failed(cost))
    return failure();
  if (cost->stages == 0)
    return Value();
  OpBuilder builder(loop);
  Location loc = loop->getLoc();
  int64_t stageWork = std::max<int64_t>(1, cost->operations / cost->stages);
  Value choice = isAtLeast(builder, loc, rows,
                           llvm::divideCeil(limits.minWork, stageWork));
  if (cost->weightBytes > limits.rowWeights)
    return choice;
  // So many rows for each thread that the last block's size hardly matters.
  constexpr int64_t kManyRows = 8 * kRowGroup;
  Value threads =
      createRuntimeCall(builder, loc, module, "omp_get_max_threads");
  Value many = arith::MulIOp::create(
      builder, loc, threads,
      arith::ConstantIndexOp::create(builder, loc, kManyRows));
  Value isFew = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                      rows, many);
  return arith::AndIOp::create(builder, loc, choice, isFew).getResult();
}

/// Moves `op` into a parallel region whose threads share its kernels' rows or
/// columns.
static LogicalResult parallelize(Operation *op, ModuleOp module,
                                 const Limits &limits) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  Value count = createRowCount(builder, op), condition, byColumns;
  if (count)
    condition = isWorthThreads(builder, op, count, limits);
  if (count && op->hasAttr(RNNDialect::kTimeAttr)) {
    FailureOr<Value> choice = createColumnChoice(op, module, count, limits);
    if (failed(choice))
      return failure();
    byColumns = *choice;
    if (byColumns)
      condition = arith::OrIOp::create(builder, loc, condition, byColumns);
  }
  ParallelRegion region = createParallelRegion(op, module, condition);
  op->moveBefore(region.terminator);
  auto share = [&](Value row, Value rowThreads, Value column,
                   Value columnThreads) {
    auto assign = [&](auto kernel) {
      kernel.getThreadIdMutable().assign(row);
      kernel.getNumThreadsMutable().assign(rowThreads);
      if (!column)
        return;
      kernel.getColumnIdMutable().assign(column);
      kernel.getNumColumnThreadsMutable().assign(columnThreads);
    };
    op->walk([&](RowsOp kernel) { assign(kernel); });
    op->walk([&](AttendRowsOp kernel) { assign(kernel); });
  };
  if (!byColumns) {
    share(region.id, region.threads, Value(), Value());
    return success();
  }
  builder.setInsertionPoint(op);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto choose = [&](Value whenColumns, Value whenRows) {
    return arith::SelectOp::create(builder, loc, byColumns, whenColumns,
                                   whenRows);
  };
  Value row = choose(zero, region.id), rowThreads = choose(one, region.threads);
  Value column = choose(region.id, zero);
  Value columnThreads = choose(region.threads, one);
  share(row, rowThreads, column, columnThreads);
  return success();
}

/// Lets threads share the panels of each of `packs`, neighbours.
static void parallelizePacking(ArrayRef<PackOp> packs, ModuleOp module) {
  ParallelRegion region = createParallelRegion(packs.back(), module, Value());
  for (PackOp pack : packs) {
    pack->moveBefore(region.terminator);
    pack.getThreadIdMutable().assign(region.id);
    pack.getNumThreadsMutable().assign(region.threads);
  }
}

/// Runs of packing ops that follow one another.
static SmallVector<SmallVector<PackOp>> findPacking(Block &block) {
  SmallVector<SmallVector<PackOp>> runs;
  Operation *previous = nullptr;
  for (Operation &op : block) {
    if (isMemoryEffectFree(&op) || isa<memref::AllocOp>(op))
      continue;
    if (auto pack = dyn_cast<PackOp>(op)) {
      if (!isa_and_present<PackOp>(previous))
        runs.emplace_back();
      runs.back().push_back(pack);
    }
    previous = &op;
  }
  return runs;
}

/// The blocks of ops that don't run at every instant: that of `function`, and
/// those of loops over parts of time.
static SmallVector<Block *> findBlocks(func::FuncOp function) {
  SmallVector<Block *> blocks{&function.front()};
  for (unsigned i = 0; i < blocks.size(); ++i)
    for (auto loop : blocks[i]->getOps<scf::ForOp>())
      if (!loop->hasAttr(RNNDialect::kTimeAttr))
        blocks.push_back(loop.getBody());
  return blocks;
}

/// Splits what is in `block`, but for the bodies of loops that are not over
/// time.
static LogicalResult parallelize(Block &block, ModuleOp module,
                                 const Limits &limits) {
  for (ArrayRef<PackOp> run : findPacking(block))
    parallelizePacking(run, module);
  parallelizeRowSums(block, module);
  SmallVector<Operation *> work;
  for (Operation &op : block)
    if (isa<RowsOp, AttendRowsOp>(op) ||
        (op.hasAttr(RNNDialect::kTimeAttr) && op.getNumResults() == 0 &&
         isSplittable(&op)))
      work.push_back(&op);
  for (Operation *op : work)
    if (failed(parallelize(op, module, limits)))
      return failure();
  return success();
}

namespace {
struct ParallelizePass : ravel::impl::ParallelizeBase<ParallelizePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>()) {
      // One row is too little for threads, and a step must not wait for any.
      if (function.isExternal() ||
          function->hasAttr(RNNDialect::kBatchSizeAttr))
        continue;
      for (Block *block : findBlocks(function))
        if (failed(parallelize(*block, module,
                               {minRows, minWork, rowWeights, minRegionWork})))
          return signalPassFailure();
    }
  }
};
} // namespace
