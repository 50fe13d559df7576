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
// The gradient of a matrix, a product over all rows, is split by rows of the
// matrix, each of which one thread computes alone, so that its bits do not
// depend on the number of threads.
//
// A parallel region whose batch is too small to split runs on one thread.
//
//===----------------------------------------------------------------------===//

#include "../OpenMPRuntime.h"
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

namespace {
/// A parallel region, and what a thread in it knows of itself.
struct ParallelRegion {
  Operation *terminator;
  Value id, threads;
};
} // namespace

/// A region before `op` that has several threads where `count` is at least
/// `least`.
static ParallelRegion createParallelRegion(Operation *op, ModuleOp module,
                                           Value count, int64_t least) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  omp::ParallelOperands clauses;
  if (count)
    clauses.ifExpr = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::uge, count,
        arith::ConstantIndexOp::create(builder, loc, least));
  auto parallel = omp::ParallelOp::create(builder, loc, clauses);
  builder.createBlock(&parallel.getRegion());
  ParallelRegion region;
  region.id = createRuntimeCall(builder, loc, module, "omp_get_thread_num");
  region.threads =
      createRuntimeCall(builder, loc, module, "omp_get_num_threads");
  region.terminator = omp::TerminatorOp::create(builder, loc);
  return region;
}

/// Moves `op` into a parallel region whose threads share its kernels' rows.
static void parallelize(Operation *op, ModuleOp module, int64_t minRows) {
  OpBuilder builder(op);
  ParallelRegion region =
      createParallelRegion(op, module, createRowCount(builder, op), minRows);
  op->moveBefore(region.terminator);
  op->walk([&](RowsOp rows) {
    rows.getThreadIdMutable().assign(region.id);
    rows.getNumThreadsMutable().assign(region.threads);
  });
}

/// Rows of a matrix that one thread computes come in groups of this many, a
/// multiple of the rows of every tile.
static constexpr int64_t kMatrixRowGroup = 12;
/// Matrices with fewer elements are not split.
static constexpr int64_t kSmallMatrix = 4096;

/// Whether `op` is a sum over rows into a matrix that is large enough to split.
static bool isSplittableProduct(linalg::ContractOp op) {
  AffineExpr i, j, r;
  bindDims(op.getContext(), i, j, r);
  SmallVector<AffineMap> maps;
  for (auto [row, column] : {std::pair(r, i), {r, j}, {i, j}})
    maps.push_back(AffineMap::get(3, 0, {row, column}, op.getContext()));
  auto type = dyn_cast<MemRefType>(op.getOutputs()[0].getType());
  return type && type.getRank() == 2 && type.hasStaticShape() &&
         type.getNumElements() >= kSmallMatrix &&
         op.getIndexingMapsArray() == maps;
}

/// Lets each thread compute some rows of the matrix that `op` adds to.
static void parallelizeProduct(linalg::ContractOp op, ModuleOp module,
                               int64_t minRows) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value lhs = op.getInputs()[0], rhs = op.getInputs()[1];
  Value out = op.getOutputs()[0];
  auto type = cast<MemRefType>(out.getType());
  Value rows = memref::DimOp::create(builder, loc, lhs, 0);
  ParallelRegion region = createParallelRegion(op, module, rows, minRows);
  builder.setInsertionPoint(region.terminator);
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value height = index(type.getDimSize(0));
  Value groups = index(llvm::divideCeil(type.getDimSize(0), kMatrixRowGroup));
  Value share = arith::MulIOp::create(
      builder, loc,
      arith::CeilDivUIOp::create(builder, loc, groups, region.threads),
      index(kMatrixRowGroup));
  Value first = arith::MinUIOp::create(
      builder, loc, arith::MulIOp::create(builder, loc, region.id, share),
      height);
  Value size = arith::MinUIOp::create(
      builder, loc, arith::SubIOp::create(builder, loc, height, first), share);
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  Value left = memref::SubViewOp::create(
      builder, loc, lhs, ArrayRef<OpFoldResult>{zero, first},
      ArrayRef<OpFoldResult>{rows, size}, ArrayRef<OpFoldResult>{one, one});
  Value part = memref::SubViewOp::create(
      builder, loc, out, ArrayRef<OpFoldResult>{first, zero},
      ArrayRef<OpFoldResult>{size, builder.getIndexAttr(type.getDimSize(1))},
      ArrayRef<OpFoldResult>{one, one});
  linalg::ContractOp::create(builder, loc, TypeRange(), ValueRange{left, rhs},
                             ValueRange(part), op.getIndexingMapsAttr());
  op.erase();
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
      SmallVector<linalg::ContractOp> products;
      for (auto product : function.front().getOps<linalg::ContractOp>())
        if (isSplittableProduct(product))
          products.push_back(product);
      for (linalg::ContractOp product : products)
        parallelizeProduct(product, module, minRows);
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
