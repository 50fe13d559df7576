//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Two fixed points, for the states of a loop feed themselves.
//
//===----------------------------------------------------------------------===//

#include "Activity.h"

using namespace mlir;
using namespace ravel::rnn;

bool ravel::rnn::isFloatLike(Value value) {
  return isa<FloatType>(getScalarType(value.getType()));
}

static bool isPiecewiseConstant(Operation *op) {
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  return differentiable && differentiable.isPiecewiseConstant();
}

/// Calls `visit` on every value that `op` or an op nested in it uses.
static void forEachOperand(Operation *op, function_ref<void(Value)> visit) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      visit(operand);
  });
}

Activity::Activity(Block &body, ArrayRef<Value> wanted, Value loss) {
  varied.insert(wanted.begin(), wanted.end());
  useful.insert(loss);
  do {
    changed = false;
    propagateVaried(body);
  } while (changed);
  do {
    changed = false;
    propagateUseful(body);
  } while (changed);
}

void Activity::forget(ValueRange values) {
  for (Value value : values) {
    varied.erase(value);
    useful.erase(value);
  }
}

void Activity::copy(Value value, Value copy) {
  if (varied.contains(value))
    varied.insert(copy);
  if (useful.contains(value))
    useful.insert(copy);
}

void Activity::mark(llvm::DenseSet<Value> &set, Value value) {
  if (isFloatLike(value))
    changed |= set.insert(value).second;
}

void Activity::mark(llvm::DenseSet<Value> &set, Value value, Value cause) {
  if (set.contains(cause))
    mark(set, value);
}

template <typename LoopOp> void Activity::propagateVariedThrough(LoopOp loop) {
  YieldOp yield = loop.getYield();
  for (auto [argument, input] :
       llvm::zip_equal(loop.getInputArgs(), loop.getInputs()))
    mark(varied, argument, input);
  for (auto [argument, final, initial, next] :
       llvm::zip_equal(loop.getStateArgs(), loop.getFinals(), loop.getStates(),
                       yield.getStates())) {
    mark(varied, argument, initial);
    mark(varied, argument, next);
    mark(varied, final, argument);
  }
  propagateVaried(loop.getEntry());
  for (auto [output, element] :
       llvm::zip_equal(loop.getOutputs(), yield.getOutputs()))
    mark(varied, output, element);
}

void Activity::propagateVaried(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (isPiecewiseConstant(&op))
      continue;
    if (auto scan = dyn_cast<ScanOp>(op)) {
      propagateVariedThrough(scan);
      continue;
    }
    if (auto segments = dyn_cast<SegmentsOp>(op)) {
      propagateVariedThrough(segments);
      continue;
    }
    bool any = false;
    forEachOperand(&op, [&](Value value) { any |= varied.contains(value); });
    if (any)
      for (Value result : op.getResults())
        mark(varied, result);
  }
}

template <typename LoopOp> void Activity::propagateUsefulThrough(LoopOp loop) {
  YieldOp yield = loop.getYield();
  for (auto [output, element] :
       llvm::zip_equal(loop.getOutputs(), yield.getOutputs()))
    mark(useful, element, output);
  for (auto [argument, final, initial, next] :
       llvm::zip_equal(loop.getStateArgs(), loop.getFinals(), loop.getStates(),
                       yield.getStates())) {
    // Useful at the end or at any instant: useful at every instant.
    mark(useful, argument, final);
    mark(useful, next, argument);
    mark(useful, initial, argument);
  }
  propagateUseful(loop.getEntry());
  for (auto [argument, input] :
       llvm::zip_equal(loop.getInputArgs(), loop.getInputs()))
    mark(useful, input, argument);
}

void Activity::propagateUseful(Block &block) {
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (isPiecewiseConstant(&op))
      continue;
    if (auto scan = dyn_cast<ScanOp>(op)) {
      propagateUsefulThrough(scan);
      continue;
    }
    if (auto segments = dyn_cast<SegmentsOp>(op)) {
      propagateUsefulThrough(segments);
      continue;
    }
    if (llvm::any_of(op.getResults(),
                     [&](Value value) { return useful.contains(value); }))
      forEachOperand(&op, [&](Value value) { mark(useful, value); });
  }
}
