//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Splits a scan into three: what can run over all instants at once before the
// loop, the loop, and what can run over all instants at once after it.
//
// *Before*: an op that depends on no state argument is independent. Independent
// ops that read a matrix are moved, with the independent ops that lead to them
// or follow from them; elementwise work on the inputs alone stays, since moving
// it would only cost memory.
//
// *After*: an op that no next state depends on is trailing. Trailing ops that
// read a matrix are moved, with the trailing ops that follow from them.
//
// Values that cross from one part to the next become sequences. A value that no
// sequence can hold, such as the result of a comparison, is computed in both.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/IR/IRMapping.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNHOISTTIMEPARALLEL
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

/// Whether running `op` over many instants at once pays: it reads a matrix, or
/// a memory.
static bool readsMatrix(Operation &op) {
  return llvm::any_of(op.getOperandTypes(), [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return (tensor && tensor.getRank() == 2) ||
           isa<MemoryType, AlignmentType>(type);
  });
}

/// Whether it pays before a loop, where the results wait in memory. Beside a
/// sparse product those of one number are as much to read back as its matrix
/// is; a dense product begins with them for nothing.
static bool paysBefore(Operation &op) {
  auto linear = dyn_cast<LinearOp>(op);
  bool isOfOne =
      linear &&
      cast<RankedTensorType>(linear.getVector().getType()).getDimSize(0) == 1;
  return readsMatrix(op) &&
         !(isOfOne && !op.getBlock()->getOps<SparseLinearOp>().empty());
}

bool ravel::rnn::isElement(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type)) || type.isInteger(32) ||
         isa<AlignmentType>(type);
}

DenseSet<Value> ravel::rnn::getStateDependent(ScanOp scan) {
  DenseSet<Value> dependent(scan.getStateArgs().begin(),
                            scan.getStateArgs().end());
  for (Operation &op : scan.getEntry())
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return dependent.contains(v); }))
      dependent.insert(op.getResults().begin(), op.getResults().end());
  return dependent;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Adds what does not depend on a state first in every sum of the body.
static void reorderSums(ScanOp scan) {
  DenseSet<Value> dependent = getStateDependent(scan);
  SmallVector<arith::AddFOp> roots;
  for (auto sum : scan.getEntry().getOps<arith::AddFOp>()) {
    bool inside = sum->hasOneUse() && isa<arith::AddFOp>(*sum->user_begin());
    if (!inside && dependent.contains(sum))
      roots.push_back(sum);
  }
  for (arith::AddFOp root : roots) {
    SmallVector<Value> terms;
    SmallVector<Operation *> inner;
    collectTerms(root, terms, inner);
    auto isFirst = [&](Value value) { return !dependent.contains(value); };
    if (llvm::count_if(terms, isFirst) < 2)
      continue;
    SmallVector<Value> ordered(llvm::make_filter_range(terms, isFirst));
    llvm::append_range(ordered, llvm::make_filter_range(terms, [&](Value v) {
                         return !isFirst(v);
                       }));
    OpBuilder builder(root);
    Value sum = ordered.front();
    for (Value term : llvm::drop_begin(ordered)) {
      bool isDependent = dependent.contains(sum) || dependent.contains(term);
      sum = arith::AddFOp::create(builder, root.getLoc(), sum, term,
                                  root.getFastmathAttr());
      if (isDependent)
        dependent.insert(sum);
    }
    root.replaceAllUsesWith(sum);
    root.erase();
    for (Operation *op : inner)
      op->erase();
  }
}

//===----------------------------------------------------------------------===//
// Moving
//===----------------------------------------------------------------------===//

/// `moved`, closed under results used in the body that are in `candidates`.
static void closeForward(ScanOp scan, const DenseSet<Operation *> &candidates,
                         DenseSet<Operation *> &moved) {
  for (Operation &op : scan.getEntry())
    if (candidates.contains(&op) &&
        llvm::any_of(op.getOperands(), [&](Value v) {
          return v.getDefiningOp() && moved.contains(v.getDefiningOp());
        }))
      moved.insert(&op);
}

/// `moved`, closed under operands computed in the body by `candidates`.
static void closeBackward(ScanOp scan, const DenseSet<Operation *> &candidates,
                          DenseSet<Operation *> &moved) {
  for (Operation &op : llvm::reverse(scan.getEntry()))
    if (candidates.contains(&op) &&
        llvm::any_of(op.getUsers(),
                     [&](Operation *user) { return moved.contains(user); }))
      moved.insert(&op);
}

/// Clones the ops of `block` that are in `moved`, in order, and the constants
/// they use.
static void cloneMoved(Block &block, const DenseSet<Operation *> &moved,
                       OpBuilder &builder, IRMapping &mapping) {
  for (Operation &op : block) {
    if (!moved.contains(&op))
      continue;
    for (Value operand : op.getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (def && def->getBlock() == &block && !moved.contains(def) &&
          def->hasTrait<OpTrait::ConstantLike>() && !mapping.contains(operand))
        builder.clone(*def, mapping);
    }
    builder.clone(op, mapping);
  }
}

bool ravel::rnn::isConstant(Value value) {
  Operation *def = value.getDefiningOp();
  return def && def->hasTrait<OpTrait::ConstantLike>();
}

ScanOp ravel::rnn::createLoopLike(ScanOp scan, ArrayRef<Value> inputs,
                                  ValueRange states, ArrayRef<Value> outputs) {
  OpBuilder builder(scan);
  SmallVector<Type> elements;
  for (Value output : outputs)
    elements.push_back(output.getType());
  return ScanOp::create(builder, scan.getLoc(), inputs, states, elements,
                        scan.getReverse());
}

/// A scan without state beside `scan`, over `inputs`, of the ops of its body
/// that are in `moved`. The elements of the inputs stand for `arguments`,
/// values of that body; the outputs are `results` of it.
static ScanOp createTimeParallel(ScanOp scan, ArrayRef<Value> inputs,
                                 ArrayRef<Value> arguments,
                                 const DenseSet<Operation *> &moved,
                                 ArrayRef<Value> results) {
  OpBuilder builder(scan);
  SmallVector<Type> elements;
  for (Value value : results)
    elements.push_back(value.getType());
  auto parallel =
      ScanOp::create(builder, scan.getLoc(), inputs, ValueRange(), elements);
  OpBuilder body = OpBuilder::atBlockBegin(&parallel.getEntry());
  IRMapping mapping;
  for (auto [value, argument] : llvm::zip(arguments, parallel.getInputArgs()))
    mapping.map(value, argument);
  cloneMoved(scan.getEntry(), moved, body, mapping);
  SmallVector<Value> yielded;
  for (Value value : results)
    yielded.push_back(mapping.lookup(value));
  YieldOp::create(body, scan.getYield().getLoc(), yielded);
  return parallel;
}

/// Fills the body of `loop` with the ops of that of `scan` that stay, yielding
/// `outputs` and the next states.
static void fillLoop(ScanOp scan, ScanOp loop,
                     function_ref<bool(Operation &)> stays,
                     ArrayRef<Value> outputs, IRMapping &mapping) {
  OpBuilder body = OpBuilder::atBlockBegin(&loop.getEntry());
  for (Operation &op : scan.getEntry().without_terminator())
    if (stays(op))
      body.clone(op, mapping);
  SmallVector<Value> nextOutputs, nextStates;
  for (Value value : outputs)
    nextOutputs.push_back(mapping.lookupOrDefault(value));
  for (Value value : scan.getYield().getStates())
    nextStates.push_back(mapping.lookupOrDefault(value));
  YieldOp::create(body, scan.getYield().getLoc(), nextOutputs, nextStates);
}

ScanOp ravel::rnn::hoistBefore(ScanOp scan, OpFilter moves) {
  DenseSet<Value> dependent = getStateDependent(scan);
  Block &block = scan.getEntry();
  DenseSet<Operation *> candidates, moved;
  for (Operation &op : block.without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>() ||
        llvm::any_of(op.getResults(),
                     [&](Value v) { return dependent.contains(v); }))
      continue;
    candidates.insert(&op);
    if (moves(op))
      moved.insert(&op);
  }
  if (moved.empty())
    return scan;
  closeForward(scan, candidates, moved);
  closeBackward(scan, candidates, moved);

  // What the loop, or its outputs, still need of the moved values.
  YieldOp yield = scan.getYield();
  auto isMoved = [&](Value value) {
    return value.getDefiningOp() && moved.contains(value.getDefiningOp());
  };
  DenseSet<Operation *> repeated;
  auto stays = [&](Operation &op) {
    return !moved.contains(&op) || repeated.contains(&op);
  };
  for (Operation &op : llvm::reverse(block))
    if (stays(op))
      for (Value operand : op.getOperands())
        if (isMoved(operand) && !isElement(operand.getType()))
          repeated.insert(operand.getDefiningOp());
  llvm::SetVector<Value> crossing;
  for (Operation &op : block)
    if (stays(op))
      for (Value operand : op.getOperands())
        if (isMoved(operand) && isElement(operand.getType()))
          crossing.insert(operand);

  ScanOp before = createTimeParallel(scan, SmallVector<Value>(scan.getInputs()),
                                     SmallVector<Value>(scan.getInputArgs()),
                                     moved, crossing.getArrayRef());

  // The loop that remains reads the crossing values as inputs.
  SmallVector<Value> inputs(scan.getInputs());
  llvm::append_range(inputs, before.getOutputs());
  SmallVector<Value> outputs;
  for (auto [value, result] :
       llvm::zip(yield.getOutputs(), scan.getOutputs())) {
    if (auto *it = llvm::find(crossing, value); it != crossing.end()) {
      result.replaceAllUsesWith(before.getOutputs()[it - crossing.begin()]);
      continue;
    }
    outputs.push_back(value);
  }
  ScanOp loop = createLoopLike(scan, inputs, scan.getStates(), outputs);
  IRMapping rest;
  size_t numInputs = scan.getInputs().size();
  rest.map(scan.getInputArgs(), loop.getInputArgs().take_front(numInputs));
  rest.map(crossing.getArrayRef(), loop.getInputArgs().drop_front(numInputs));
  rest.map(scan.getStateArgs(), loop.getStateArgs());
  fillLoop(scan, loop, stays, outputs, rest);
  auto next = loop.getOutputs().begin();
  for (auto [value, result] : llvm::zip(yield.getOutputs(), scan.getOutputs()))
    if (!crossing.contains(value))
      result.replaceAllUsesWith(*next++);
  for (auto [from, to] : llvm::zip(scan.getFinals(), loop.getFinals()))
    from.replaceAllUsesWith(to);
  scan.erase();
  return loop;
}

ScanOp ravel::rnn::hoistAfter(ScanOp scan, OpFilter moves) {
  Block &block = scan.getEntry();
  YieldOp yield = scan.getYield();
  DenseSet<Value> needed(yield.getStates().begin(), yield.getStates().end());
  DenseSet<Operation *> candidates, moved;
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (llvm::any_of(op.getResults(),
                     [&](Value v) { return needed.contains(v); })) {
      needed.insert(op.operand_begin(), op.operand_end());
      continue;
    }
    if (op.hasTrait<OpTrait::ConstantLike>())
      continue;
    candidates.insert(&op);
    if (moves(op))
      moved.insert(&op);
  }
  if (moved.empty())
    return scan;
  closeForward(scan, candidates, moved);

  auto isMoved = [&](Value value) {
    return value.getDefiningOp() && moved.contains(value.getDefiningOp());
  };
  // What the moved ops still need of the loop.
  auto isOfLoop = [&](Value value) {
    return scan.getBody().isAncestor(value.getParentRegion()) &&
           !isMoved(value) && !isConstant(value);
  };
  DenseSet<Operation *> follows = moved;
  for (Operation &op : llvm::reverse(block))
    if (follows.contains(&op))
      for (Value operand : op.getOperands())
        if (isOfLoop(operand) && !isElement(operand.getType()))
          follows.insert(operand.getDefiningOp());
  llvm::SetVector<Value> crossing;
  for (Operation &op : block)
    if (follows.contains(&op))
      for (Value operand : op.getOperands())
        if (isOfLoop(operand) && isElement(operand.getType()))
          crossing.insert(operand);

  // The loop: outputs that stay, then the crossing values. An input's element
  // is read from the input itself.
  SmallVector<Value> outputs;
  llvm::SetVector<Value> yielded;
  for (Value value : yield.getOutputs())
    if (!isMoved(value))
      yielded.insert(value);
  auto isInput = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == &block &&
           argument.getArgNumber() < scan.getInputs().size();
  };
  for (Value value : crossing)
    if (!isInput(value))
      yielded.insert(value);
  outputs.assign(yielded.begin(), yielded.end());
  ScanOp loop = createLoopLike(scan, SmallVector<Value>(scan.getInputs()),
                               scan.getStates(), outputs);
  IRMapping rest;
  rest.map(block.getArguments(), loop.getEntry().getArguments());
  auto stays = [&](Operation &op) { return !moved.contains(&op); };
  fillLoop(scan, loop, stays, outputs, rest);

  // The scan after it.
  SmallVector<Value> inputs, movedOutputs;
  for (Value value : crossing)
    inputs.push_back(
        isInput(value)
            ? scan.getInputs()[cast<BlockArgument>(value).getArgNumber()]
            : loop.getOutputs()[llvm::find(outputs, value) - outputs.begin()]);
  if (inputs.empty())
    inputs.push_back(scan.getInputs().front());
  for (Value value : yield.getOutputs())
    if (isMoved(value))
      movedOutputs.push_back(value);
  ScanOp after = createTimeParallel(scan, inputs, crossing.getArrayRef(),
                                    follows, movedOutputs);

  auto next = after.getOutputs().begin();
  for (auto [value, result] :
       llvm::zip(yield.getOutputs(), scan.getOutputs())) {
    if (isMoved(value))
      result.replaceAllUsesWith(*next++);
    else
      result.replaceAllUsesWith(
          loop.getOutputs()[llvm::find(outputs, value) - outputs.begin()]);
  }
  for (auto [from, to] : llvm::zip(scan.getFinals(), loop.getFinals()))
    from.replaceAllUsesWith(to);
  scan.erase();
  return loop;
}

namespace {
struct HoistTimeParallelPass
    : public ravel::rnn::impl::RNNHoistTimeParallelBase<HoistTimeParallelPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      if (!scan.isTimeParallel())
        scans.push_back(scan);
    });
    for (ScanOp scan : scans) {
      reorderSums(scan);
      hoistAfter(hoistBefore(scan, paysBefore), readsMatrix);
    }
  }
};
} // namespace
