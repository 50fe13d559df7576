//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Splits work over rows among threads. Each loop over time, with all that is in
// it, runs in one parallel region in which every thread takes its rows of every
// step: rows are independent, so no step waits for another thread, and threads
// start once, not once a step. Kernels outside of such loops are split
// likewise.
//
// A parallel region whose batch is too small to split runs on one thread.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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

/// A call of a function of the OpenMP runtime that returns an `i32`.
static Value createRuntimeCall(OpBuilder &builder, Location loc,
                               ModuleOp module, StringRef name) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!function) {
    OpBuilder declare = OpBuilder::atBlockEnd(module.getBody());
    function = LLVM::LLVMFuncOp::create(
        declare, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(builder.getI32Type(), {}));
  }
  Value result =
      LLVM::CallOp::create(builder, loc, function, ValueRange()).getResult();
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    result);
}

/// Whether the rows of all kernels in `op` can be split, and nothing else
/// writes memory.
static bool isSplittable(Operation *op) {
  bool splittable = true;
  op->walk([&](Operation *inner) {
    if (inner->getParentOfType<RowsOp>() || isa<RowsOp>(inner) ||
        isa<scf::ForOp, scf::YieldOp>(inner))
      return;
    if (!isMemoryEffectFree(inner) && !isa<memref::LoadOp>(inner))
      splittable = false;
  });
  return splittable;
}

/// The fewest rows of any array that the kernels in `op` write: the batch, for
/// a loop over time, since the packed arrays have at least as many.
static Value createRowCount(OpBuilder &builder, Operation *op) {
  Value count;
  op->walk([&](RowsOp rows) {
    for (Value base : rows.getOuts()) {
      while (auto view = base.getDefiningOp<memref::SubViewOp>())
        base = view.getSource();
      if (llvm::any_of(op->getRegions(), [&](Region &region) {
            return region.isAncestor(base.getParentRegion());
          }))
        continue;
      Value size = memref::DimOp::create(builder, rows.getLoc(), base, 0);
      count = count
                  ? arith::MinUIOp::create(builder, rows.getLoc(), count, size)
                        .getResult()
                  : size;
    }
  });
  return count;
}

/// Moves `op` into a parallel region whose threads share its kernels' rows.
static void parallelize(Operation *op, ModuleOp module, int64_t minRows) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  omp::ParallelOperands clauses;
  if (Value count = createRowCount(builder, op)) {
    Value least = arith::ConstantIndexOp::create(builder, loc, minRows);
    clauses.ifExpr = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::uge, count, least);
  }
  auto parallel = omp::ParallelOp::create(builder, loc, clauses);
  Block *block = builder.createBlock(&parallel.getRegion());
  Value id = createRuntimeCall(builder, loc, module, "omp_get_thread_num");
  Value threads =
      createRuntimeCall(builder, loc, module, "omp_get_num_threads");
  auto terminator = omp::TerminatorOp::create(builder, loc);
  op->moveBefore(block, terminator->getIterator());
  op->walk([&](RowsOp rows) {
    rows.getThreadIdMutable().assign(id);
    rows.getNumThreadsMutable().assign(threads);
  });
}

namespace {
struct ParallelizePass : ravel::impl::ParallelizeBase<ParallelizePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      SmallVector<Operation *> work;
      for (Operation &op : function.front())
        if (isa<RowsOp>(op) || (op.hasAttr(RNNDialect::kTimeAttr) &&
                                op.getNumResults() == 0 && isSplittable(&op)))
          work.push_back(&op);
      for (Operation *op : work)
        parallelize(op, module, minRows);
    }
  }
};
} // namespace
