//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes each `rnn.rows` on memrefs as loops with vectors in registers.
//
// The body is planned in stages (Plan.h) and evaluated on demand at windows of
// rows and columns (Evaluator.h). The loops around that:
//
//   for each panel of rows:
//     for each stage:
//       products:  for each block of columns:     weights stay in the cache
//                    for each block of rows:      accumulators in registers
//                      the products, then everything that is made of them
//                  for each wider block of columns:
//                    for each row that fills no block: the same
//       otherwise: for each row: numbers; for each block of columns: the rest
//     copy outputs whose memory was still read
//
// A panel is a bounded number of rows, so that scratch memory is bounded.
//
// With `distribute(%id, %n)` rows are dealt in groups: group g belongs to
// thread g mod n. With `columns(%id, %n)` each thread computes some blocks of
// columns of each stage; threads wait for each other after a stage.
//
// Scratch memory is reserved at
// the start of the function or parallel region, never in a loop.
//
//===----------------------------------------------------------------------===//

#include "Packing.h"
#include "RowsLowering.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_LOWERROWS
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

/// Fetches the weights of the next block of columns while the last part of this
/// one's is multiplied.
void RowsLowering::prefetchNextWeights(unsigned number, Evaluator &evaluator) {
  const Stage &stage = plan.getStages()[number];
  for (auto [place, group] : llvm::enumerate(stage.groups)) {
    int64_t depth = getProductDepth(group.products[0].op);
    int64_t begin = 0;
    auto it = kernel.partial.find({number, place});
    if (it != kernel.partial.end()) {
      begin = (depth - 1) / it->second.depth * it->second.depth;
      depth = it->second.depth;
    }
    evaluator.prefetchWeights(place, index(begin), depth,
                              panelRows / getStage(number).getBlockRows());
  }
}

/// Evaluates the roots of a stage of products at a block of rows.
void RowsLowering::emitBlock(unsigned stage, const Window &window,
                             bool usePartial) {
  Evaluator evaluator(builder, kernel, stage, window);
  if (getTimeLoop(op))
    evaluator.prefetch();
  if (usePartial)
    prefetchNextWeights(stage, evaluator);
  evaluator.evaluateProducts(usePartial);
  ArrayRef<Root> roots = plan.getStages()[stage].roots;
  // All is read before anything is written.
  SmallVector<SmallVector<Value>> values;
  for (const Root &root : roots)
    values.push_back(evaluator.evaluate(root.value, root.offset));
  for (auto [root, value] : llvm::zip(roots, values))
    evaluator.store(root, value);
}

/// Adds all parts of the weights of a block of columns but the last to the
/// partial sums of `blocks`: all rows use a part before the next one is read.
void RowsLowering::addParts(unsigned number, unsigned group, Value first,
                            ArrayRef<Blocks> blocks, const Window &window) {
  auto it = kernel.partial.find({number, group});
  if (it == kernel.partial.end())
    return;
  const ProductGroup &products = plan.getStages()[number].groups[group];
  int64_t depth = getProductDepth(products.products[0].op);
  int64_t part = it->second.depth, last = (depth - 1) / part * part;
  forRows(first, blocks, window, [&](const Window &rows) {
    Evaluator(builder, kernel, number, rows).clearPartial(group);
  });
  forEach(index(0), index(last), part, [&](Value begin) {
    forRows(first, blocks, window, [&](const Window &rows) {
      Evaluator evaluator(builder, kernel, number, rows);
      evaluator.prefetchWeights(group, begin, part,
                                panelRows / getStage(number).getBlockRows());
      evaluator.addPartial(group, begin);
    });
  });
}

/// Evaluates a stage of products for `count` rows from local row `first` on:
/// blocks of rows, and single rows with more columns at once.
void RowsLowering::emitProducts(unsigned number, Value first, Value count) {
  const Stage &stage = plan.getStages()[number];
  SmallVector<Blocks> blocks =
      splitRows(count, getStage(number).getBlockRows());
  Blocks single = blocks.pop_back_val();
  if (!blocks.empty())
    forOwnColumns(stage.domain, getStage(number).getBlockVectors(),
                  [&](const Window &window, ValueRange) {
                    for (unsigned group = 0; group < stage.groups.size();
                         ++group)
                      addParts(number, group, first, blocks, window);
                    forRows(first, blocks, window, [&](const Window &rows) {
                      emitBlock(number, rows, /*usePartial=*/true);
                    });
                    return SmallVector<Value>();
                  });
  forOwnColumns(stage.domain, getStage(number).getRowVectors(),
                [&](const Window &window, ValueRange) {
                  forRows(first, single, window, [&](const Window &rows) {
                    emitBlock(number, rows, /*usePartial=*/false);
                  });
                  return SmallVector<Value>();
                });
}

/// Evaluates the columns of one row in a stage without products.
void RowsLowering::emitColumns(unsigned number, const Window &base) {
  const Stage &stage = plan.getStages()[number];
  Evaluator outer(builder, kernel, number, base);
  if (stage.kind == Stage::Numbers) {
    SmallVector<SmallVector<Value>> values;
    for (const Root &root : stage.roots)
      values.push_back(outer.evaluateNumber(root.value));
    for (auto [root, value] : llvm::zip(stage.roots, values)) {
      auto [memref, isSlot] = Evaluator::getMemory(kernel, root.target);
      memref::StoreOp::create(builder, value[0], memref,
                              isSlot ? base.slots[0] : base.rows[0]);
    }
    return;
  }
  for (Value value : stage.numbers)
    outer.evaluateNumber(value);
  SmallVector<Value> inits;
  for (const Root &root : stage.roots) {
    if (root.kind != Root::Reduce)
      continue;
    auto type = cast<FloatType>(root.target.getType());
    bool isSum = root.target.getDefiningOp<SumOp>() != nullptr;
    APFloat start = isSum ? APFloat::getZero(type.getFloatSemantics())
                          : APFloat::getInf(type.getFloatSemantics(), true);
    auto vector = VectorType::get({kernel.lanes}, type);
    inits.push_back(arith::ConstantOp::create(
        builder, DenseElementsAttr::get(vector, start)));
  }
  int64_t vectors = getStage(number).getRowVectors();
  auto emit = [&](const Window &columns, ValueRange carried) {
    Window window = columns;
    window.rows = base.rows;
    window.slots = base.slots;
    Evaluator evaluator(builder, kernel, number, window);
    for (Value value : stage.numbers)
      evaluator.setNumber(value, outer.evaluateNumber(value));
    SmallVector<SmallVector<Value>> values;
    for (const Root &root : stage.roots)
      values.push_back(evaluator.evaluate(root.value, root.offset));
    SmallVector<Value> next;
    for (auto [root, value] : llvm::zip(stage.roots, values)) {
      if (root.kind == Root::Reduce)
        next.push_back(evaluator.fold(root, carried[next.size()], value));
      else
        evaluator.store(root, value);
    }
    return next;
  };
  // What all threads need of all columns is folded by each.
  if (inits.empty()) {
    forOwnColumns(stage.domain, vectors, emit);
    return;
  }
  SmallVector<Value> folded = forColumns(stage.domain, vectors, inits, emit);
  unsigned next = 0;
  for (const Root &root : stage.roots) {
    if (root.kind != Root::Reduce)
      continue;
    auto kind = root.target.getDefiningOp<SumOp>()
                    ? vector::CombiningKind::ADD
                    : vector::CombiningKind::MAXIMUMF;
    Value number = vector::ReductionOp::create(builder, kind, folded[next++]);
    auto [memref, isSlot] = Evaluator::getMemory(kernel, root.target);
    memref::StoreOp::create(builder, number, memref,
                            isSlot ? base.slots[0] : base.rows[0]);
  }
}

/// Whether output `out` is copied from where its value lies.
bool RowsLowering::isCopied(unsigned out) {
  Value value = op.getYield().getOutputs()[out];
  auto [memref, isSlot] = Evaluator::getMemory(kernel, value);
  if (!memref || memref == op.getOuts()[out] ||
      (!plan.isStaged(out) && !plan.getOutOf(value) &&
       !kernel.scratch.contains(value)))
    return false;
  // A value that was written to the output itself lies nowhere else.
  return llvm::none_of(plan.getStages(), [&](const Stage &stage) {
    return llvm::any_of(stage.roots, [&](const Root &root) {
      return root.kind == Root::Out && root.out == out && !plan.isStaged(out);
    });
  });
}

/// Writes the outputs of one row whose values lie elsewhere.
void RowsLowering::copyOutputs(const Window &base) {
  for (auto [out, value] : llvm::enumerate(op.getYield().getOutputs())) {
    if (!isCopied(out))
      continue;
    auto [memref, isSlot] = Evaluator::getMemory(kernel, value);
    Value target = op.getOuts()[out];
    Value from = isSlot ? base.slots[0] : base.rows[0];
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type) {
      Value number = memref::LoadOp::create(builder, memref, from);
      memref::StoreOp::create(builder, number, target, base.rows[0]);
      continue;
    }
    forOwnColumns(type.getDimSize(0), 2,
                  [&, value = value](const Window &columns, ValueRange) {
                    Window window = columns;
                    window.rows = base.rows;
                    window.slots = base.slots;
                    Evaluator evaluator(builder, kernel,
                                        plan.getStages().size(), window);
                    evaluator.copy(value, target);
                    return SmallVector<Value>();
                  });
  }
}

/// Evaluates stages without products for one row.
void RowsLowering::emitRow(ArrayRef<unsigned> stages, Value row, Value slot,
                           bool isLast) {
  Window base;
  base.rows = {row};
  base.slots = {slot};
  base.vectors = 0;
  for (unsigned stage : stages)
    emitColumns(stage, base);
  if (isLast)
    copyOutputs(base);
}

/// Evaluates all stages for `count` rows from local row `first` on. Stages
/// without products are evaluated row by row, unless threads that share a row
/// wait for each other after each.
void RowsLowering::emitPanel(Value first, Value count) {
  ArrayRef<Stage> stages = plan.getStages();
  SmallVector<unsigned> pending;
  auto flush = [&](bool copies) {
    if (pending.empty() && !copies)
      return;
    if (panelRows == 1)
      emitRow(pending, getRow(first), index(0), copies);
    else
      forEach(index(0), count, 1, [&](Value slot) {
        Value local = arith::AddIOp::create(builder, first, slot);
        emitRow(pending, getRow(local), slot, copies);
      });
    pending.clear();
  };
  for (unsigned stage = 0; stage < stages.size(); ++stage) {
    if (stages[stage].kind == Stage::Products) {
      flush(/*copies=*/false);
      emitProducts(stage, first, count);
      emitBarrier();
      continue;
    }
    pending.push_back(stage);
    if (op.getColumnId()) {
      flush(/*copies=*/false);
      if (stages[stage].kind == Stage::Columns)
        emitBarrier();
    }
  }
  bool copies = llvm::any_of(llvm::seq<unsigned>(0, op.getOuts().size()),
                             [&](unsigned out) { return isCopied(out); });
  flush(copies);
  if (copies)
    emitBarrier();
}

void RowsLowering::emitPanels() {
  forEach(index(0), numRows, panelRows, [&](Value first) {
    Value count = index(1);
    if (panelRows > 1)
      count = arith::MinUIOp::create(
          builder, arith::SubIOp::create(builder, numRows, first),
          index(panelRows));
    emitPanel(first, count);
  });
}

void RowsLowering::run() {
  chooseRowGroup();
  allocateScratch();
  countRows();
  emitPanels();
  op.erase();
}

/// Whether the loop over time around `op` holds other kernels.
static bool hasNeighbours(RowsOp op) {
  scf::ForOp loop = getTimeLoop(op);
  if (!loop)
    return false;
  unsigned kernels = 0;
  loop.walk(
      [&](Operation *inner) { kernels += isa<RowsOp, AttendRowsOp>(inner); });
  return kernels > 1;
}

/// What the lowering takes for granted.
static LogicalResult verifyForLowering(RowsOp op) {
  if (!op.getResults().empty())
    return op.emitOpError("must be bufferized before it is lowered");
  if (!op.getSchedule())
    return op.emitOpError("needs a schedule before it is lowered; "
                          "`rnn-schedule` gives one");
  int64_t lanes = op.getSchedule()->getLanes();
  for (auto linear : op.getEntry().getOps<LinearOp>())
    if (linear.getTranspose())
      return linear.emitOpError(
          "must be packed before it is lowered, for "
          "columns of a transposed matrix aren't vectors");
  for (auto linear : op.getEntry().getOps<PackedLinearOp>())
    if (linear.getLanes() != lanes)
      return linear.emitOpError("has weights packed for ")
             << linear.getLanes() << " lanes; the kernel has " << lanes;
  return success();
}

/// Whether the schedule of `op` speaks of the stages of `plan`.
static LogicalResult verifySchedule(RowsOp op, const Plan &plan) {
  ArrayRef<StageAttr> scheduled = op.getSchedule()->getStages();
  ArrayRef<Stage> stages = plan.getStages();
  if (scheduled.size() != stages.size())
    return op.emitOpError("has a schedule of ")
           << scheduled.size() << " stages; it has " << stages.size();
  for (auto [number, attr, stage] : llvm::enumerate(scheduled, stages))
    if (attr.getDepths().size() != stage.groups.size())
      return op.emitOpError("has a schedule with ")
             << attr.getDepths().size() << " depths for stage " << number
             << ", which has " << stage.groups.size() << " groups of products";
  return success();
}

namespace {
struct LowerRows : ravel::impl::LowerRowsBase<LowerRows> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<std::pair<RowsOp, bool>> kernels;
    getOperation()->walk(
        [&](RowsOp op) { kernels.push_back({op, hasNeighbours(op)}); });
    for (auto [op, sharesRows] : kernels) {
      if (failed(verifyForLowering(op)))
        return signalPassFailure();
      FailureOr<Plan> plan = Plan::create(op);
      if (failed(plan) || failed(verifySchedule(op, *plan)))
        return signalPassFailure();
      RowsLowering(op, *plan, sharesRows, compact).run();
    }
    SmallVector<PackOp> packs;
    getOperation()->walk([&](PackOp op) { packs.push_back(op); });
    for (PackOp op : packs) {
      if (!op.getResult().empty()) {
        op.emitOpError("must be bufferized before it is lowered");
        return signalPassFailure();
      }
      lowerPack(op);
    }
  }
};
} // namespace
