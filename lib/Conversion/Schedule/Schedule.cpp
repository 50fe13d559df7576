//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Chooses the schedule of each `rnn.rows` on memrefs: sizes that depend on the
// target and the kernel's shape alone. What depends on the number of rows is
// decided when the code runs (rnn-parallelize).
//
//===----------------------------------------------------------------------===//

#include "../RowsToVector/Plan.h"
#include "../RowsToVector/Tiles.h"
#include "mlir/Pass/Pass.h"
#include "ravel/Conversion/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace ravel {
#define GEN_PASS_DEF_SCHEDULE
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
struct Schedule : ravel::impl::ScheduleBase<Schedule> {
  using Base::Base;

  void runOnOperation() override;

private:
  StageAttr chooseStage(RowsOp op, const Stage &stage, int64_t lanes);
  int64_t chooseDepth(const ProductGroup &group, Tile block, int64_t lanes);
  int64_t choosePanel(const Plan &plan);
  Tile chooseStepTile(RowsOp op, const RegisterFile &target, const Stage &stage,
                      int64_t products);
};
} // namespace

static int64_t getBytes(Type type) {
  return llvm::divideCeil(getElementTypeOrSelf(type).getIntOrFloatBitWidth(),
                          8);
}

/// Components of a part of the weights of a block of columns, which stays in
/// the first cache beside rows and sums; 0 if the whole does.
int64_t Schedule::chooseDepth(const ProductGroup &group, Tile block,
                              int64_t lanes) {
  auto type = getProductVector(group.products[0].op).getType();
  // Single rows read all weights once, whatever the order.
  if (block.rows == 1)
    return 0;
  int64_t bytes =
      group.products.size() * block.vectors * lanes * getBytes(type);
  int64_t part = depth;
  if (part == 0)
    part = std::max<int64_t>(64, firstCache / 2 / bytes / 8 * 8);
  // A last part that is much smaller than the others costs more than it saves.
  return 4 * getProductDepth(group.products[0].op) <= 5 * part ? 0 : part;
}

/// Whether `op` is in the step of a stream.
static bool isStep(RowsOp op) {
  return op->getParentOfType<func::FuncOp>()->hasAttr(RNNDialect::kStreamAttr);
}

/// The tile of the one row of a stream's step. Weights that exceed the first
/// cache are read as one stream, in turns: each step finds in the cache what
/// the one before has read last. Otherwise loads are few if many sums share a
/// component of the row.
Tile Schedule::chooseStepTile(RowsOp op, const RegisterFile &target,
                              const Stage &stage, int64_t products) {
  int64_t bytes = 0;
  for (const ProductGroup &group : stage.groups) {
    auto type = getProductVector(group.products[0].op).getType();
    bytes += group.products.size() * stage.domain *
             getProductDepth(group.products[0].op) * getBytes(type);
  }
  // Several pieces would each push the others out of the cache.
  if (bytes > firstCache && stage.groups.size() == 1) {
    op->setAttr(RNNDialect::kTurnsAttr, UnitAttr::get(op.getContext()));
    // In blocks of one size, for each size is code of its own.
    int64_t all = llvm::divideCeil(stage.domain, target.lanes), vectors = 1;
    for (int64_t size = 2; size <= all; ++size)
      if (all % size == 0 && 2 * size * products <= target.registers)
        vectors = size;
    return {1, vectors};
  }
  return chooseWideTile(target, products, stage.domain);
}

StageAttr Schedule::chooseStage(RowsOp op, const Stage &stage, int64_t lanes) {
  Tile block{1, 2}, row{1, 2};
  if (stage.kind == Stage::Products) {
    int64_t products = 0;
    for (const ProductGroup &group : stage.groups)
      products = std::max<int64_t>(products, group.products.size());
    RegisterFile target{lanes, numRegisters};
    if (isStep(op)) {
      block = row = chooseStepTile(op, target, stage, products);
    } else {
      block = chooseProductTile(target, products, stage.domain);
      row = chooseRowTile(target, products, stage.domain);
    }
  }
  if (rows > 0)
    block.rows = rows;
  if (vectors > 0)
    block.vectors = row.vectors = vectors;
  SmallVector<int64_t> depths;
  for (const ProductGroup &group : stage.groups)
    depths.push_back(chooseDepth(group, block, lanes));
  return StageAttr::get(op.getContext(), block.rows, block.vectors, row.vectors,
                        depths);
}

/// As many rows as leave half of the second cache to weights and results.
int64_t Schedule::choosePanel(const Plan &plan) {
  constexpr int64_t kMostRows = 96, kFewestRows = 24;
  int64_t widest = 0;
  for (const Stage &stage : plan.getStages())
    for (const ProductGroup &group : stage.groups) {
      auto type = getProductVector(group.products[0].op).getType();
      widest = std::max(widest, type.getDimSize(0) * getBytes(type));
    }
  if (widest == 0)
    return 1;
  int64_t panel = panelRows;
  if (panel == 0)
    panel = std::clamp(secondCache / 2 / widest, kFewestRows, kMostRows);
  return llvm::alignTo(panel, kRowGroup);
}

void Schedule::runOnOperation() {
  WalkResult result = getOperation()->walk([&](RowsOp op) {
    // Tensors have no schedule.
    if (op.getSchedule() || !op.getResults().empty())
      return WalkResult::advance();
    FailureOr<Plan> plan = Plan::create(op);
    if (failed(plan))
      return WalkResult::interrupt();
    int64_t lanes = getLanes(op, vectorWidth);
    SmallVector<StageAttr> stages;
    for (const Stage &stage : plan->getStages())
      stages.push_back(chooseStage(op, stage, lanes));
    op.setScheduleAttr(ScheduleAttr::get(
        op.getContext(), lanes, isStep(op) ? 1 : choosePanel(*plan), stages));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    signalPassFailure();
}
