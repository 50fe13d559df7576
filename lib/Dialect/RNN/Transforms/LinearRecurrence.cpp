//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Finds scans whose states are columnwise, and makes them `rnn.scan
// columnwise`.
//
// 1. The states of a scan are put into groups: states of one size whose next
//    values depend on no state but those of the group and of groups before it.
//    The *core* of a group is the ops that depend on its states and that its
//    next states depend on: what stands in the cycle. If the core of every
//    group is columnwise, the scan is taken apart; otherwise it is left alone.
// 2. Each group but the last gets a loop of its own, which puts out what the
//    others read of it.
// 3. What is in a loop beside its core, and not columnwise, depends on no state
//    or leads to none: it moves before the loop or after it.
// 4. Elementwise ops of a scan without state that a loop alone reads move into
//    the loop, where their result stays in registers.
//
// A value that does not depend on time leaves the loop altogether.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/IR/IRMapping.h"
#include "ravel/Dialect/RNN/IR/Columnwise.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNLINEARRECURRENCE
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Groups of states
//===----------------------------------------------------------------------===//

namespace {
/// States, by their numbers, of one number of columns.
struct Group {
  int64_t columns;
  SmallVector<unsigned> states;
};
} // namespace

/// The values of the body of `scan` that depend on one of `states`.
static DenseSet<Value> getDependent(ScanOp scan, ArrayRef<unsigned> states) {
  DenseSet<Value> dependent;
  for (unsigned state : states)
    dependent.insert(scan.getStateArgs()[state]);
  for (Operation &op : scan.getEntry())
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return dependent.contains(v); }))
      dependent.insert_range(op.getResults());
  return dependent;
}

/// The ops of the body of `scan` that one of `values` depends on.
static DenseSet<Operation *> getNeeded(ScanOp scan, ArrayRef<Value> values) {
  DenseSet<Value> needed(values.begin(), values.end());
  DenseSet<Operation *> ops;
  for (Operation &op : llvm::reverse(scan.getEntry().without_terminator()))
    if (llvm::any_of(op.getResults(),
                     [&](Value v) { return needed.contains(v); })) {
      ops.insert(&op);
      needed.insert_range(op.getOperands());
    }
  return ops;
}

static SmallVector<Value> getNextStates(ScanOp scan,
                                        ArrayRef<unsigned> states) {
  return llvm::map_to_vector(states, [&](unsigned state) -> Value {
    return scan.getYield().getStates()[state];
  });
}

/// The ops that depend on `states` and that their next values depend on.
static DenseSet<Operation *> getCore(ScanOp scan, ArrayRef<unsigned> states) {
  DenseSet<Value> dependent = getDependent(scan, states);
  DenseSet<Operation *> core;
  for (Operation *op : getNeeded(scan, getNextStates(scan, states)))
    if (llvm::any_of(op->getResults(),
                     [&](Value v) { return dependent.contains(v); }))
      core.insert(op);
  return core;
}

/// Leaves those of `states` whose next values depend on none of `others` nor on
/// those that were dropped.
static void closeGroup(ScanOp scan, SmallVector<unsigned> others,
                       SmallVectorImpl<unsigned> &states) {
  for (bool changed = true; changed;) {
    DenseSet<Value> dependent = getDependent(scan, others);
    size_t before = states.size();
    llvm::erase_if(states, [&](unsigned state) {
      if (!dependent.contains(scan.getYield().getStates()[state]))
        return false;
      others.push_back(state);
      return true;
    });
    changed = states.size() != before;
  }
}

/// The groups of the states of `scan`, in order; none if the core of one is not
/// columnwise or the states of two depend on each other.
static std::optional<SmallVector<Group>> findGroups(ScanOp scan) {
  llvm::MapVector<int64_t, SmallVector<unsigned>> bySize;
  for (auto [index, type] : llvm::enumerate(scan.getStates().getTypes())) {
    std::optional<int64_t> columns = getNumColumns(type);
    if (!columns || !isElement(type))
      return std::nullopt;
    bySize[*columns].push_back(index);
  }
  SmallVector<Group> groups;
  size_t left = scan.getStates().size();
  while (left != 0) {
    size_t before = left;
    for (auto &[columns, candidates] : bySize) {
      SmallVector<unsigned> others, states = candidates;
      for (auto &[size, rest] : bySize)
        if (size != columns)
          llvm::append_range(others, rest);
      closeGroup(scan, others, states);
      if (states.empty())
        continue;
      for (Operation *op : getCore(scan, states))
        if (!isColumnwise(op, columns) || isa<tensor::ExtractSliceOp>(op))
          return std::nullopt;
      llvm::erase_if(candidates, [&](unsigned state) {
        return llvm::is_contained(states, state);
      });
      left -= states.size();
      groups.push_back({columns, std::move(states)});
    }
    if (left == before)
      return std::nullopt;
  }
  return groups;
}

//===----------------------------------------------------------------------===//
// Taking a scan apart
//===----------------------------------------------------------------------===//

/// The values of the core of `states`, and the states, that anything else in
/// the body uses.
static llvm::SetVector<Value> getCrossing(ScanOp scan,
                                          ArrayRef<unsigned> states,
                                          const DenseSet<Operation *> &core) {
  DenseSet<Value> own;
  for (unsigned state : states)
    own.insert(scan.getStateArgs()[state]);
  for (Operation *op : core)
    own.insert_range(op->getResults());
  llvm::SetVector<Value> crossing;
  for (Operation &op : scan.getEntry()) {
    if (core.contains(&op))
      continue;
    YieldOp yield = scan.getYield();
    for (OpOperand &operand : op.getOpOperands()) {
      unsigned number = operand.getOperandNumber();
      bool isOwnState =
          &op == yield && number >= yield.getOutputs().size() &&
          llvm::is_contained(states, number - yield.getOutputs().size());
      if (own.contains(operand.get()) && !isOwnState)
        crossing.insert(operand.get());
    }
  }
  return crossing;
}

/// Gives `states` of `scan` a loop of their own, before one with the others.
/// Returns both, or nothing where a value can't pass between them.
static std::optional<std::pair<ScanOp, ScanOp>>
splitStates(ScanOp scan, ArrayRef<unsigned> states) {
  DenseSet<Operation *> core = getCore(scan, states);
  llvm::SetVector<Value> crossing = getCrossing(scan, states, core);
  if (!llvm::all_of(crossing,
                    [](Value value) { return isElement(value.getType()); }))
    return std::nullopt;
  YieldOp yield = scan.getYield();
  Block &block = scan.getEntry();
  SmallVector<Value> inputs(scan.getInputs());

  // The loop of `states`.
  SmallVector<Value> nextStates = getNextStates(scan, states);
  SmallVector<Value> initials = llvm::map_to_vector(
      states, [&](unsigned state) -> Value { return scan.getStates()[state]; });
  ScanOp first = createLoopLike(scan, inputs, initials, crossing.getArrayRef());
  IRMapping mapping;
  mapping.map(scan.getInputArgs(), first.getInputArgs());
  for (auto [state, argument] : llvm::zip(states, first.getStateArgs()))
    mapping.map(scan.getStateArgs()[state], argument);
  DenseSet<Operation *> needed = getNeeded(scan, nextStates);
  OpBuilder body = OpBuilder::atBlockEnd(&first.getEntry());
  for (Operation &op : block.without_terminator())
    if (needed.contains(&op))
      body.clone(op, mapping);
  auto lookup = [&](Value value) { return mapping.lookupOrDefault(value); };
  YieldOp::create(body, yield.getLoc(), llvm::map_to_vector(crossing, lookup),
                  llvm::map_to_vector(nextStates, lookup));

  // The loop of the others.
  SmallVector<unsigned> others;
  for (unsigned state = 0; state < scan.getStates().size(); ++state)
    if (!llvm::is_contained(states, state))
      others.push_back(state);
  initials.clear();
  for (unsigned state : others)
    initials.push_back(scan.getStates()[state]);
  llvm::append_range(inputs, first.getOutputs());
  SmallVector<Value> outputs;
  for (Value value : yield.getOutputs())
    if (!crossing.contains(value))
      outputs.push_back(value);
  ScanOp second = createLoopLike(scan, inputs, initials, outputs);
  IRMapping rest;
  size_t numInputs = scan.getInputs().size();
  rest.map(scan.getInputArgs(), second.getInputArgs().take_front(numInputs));
  rest.map(crossing.getArrayRef(), second.getInputArgs().drop_front(numInputs));
  for (auto [state, argument] : llvm::zip(others, second.getStateArgs()))
    rest.map(scan.getStateArgs()[state], argument);
  nextStates = getNextStates(scan, others);
  SmallVector<Value> roots(outputs);
  llvm::append_range(roots, nextStates);
  needed = getNeeded(scan, roots);
  body.setInsertionPointToEnd(&second.getEntry());
  for (Operation &op : block.without_terminator())
    if (needed.contains(&op) && !core.contains(&op))
      body.clone(op, rest);
  auto lookupRest = [&](Value value) { return rest.lookupOrDefault(value); };
  YieldOp::create(body, yield.getLoc(),
                  llvm::map_to_vector(outputs, lookupRest),
                  llvm::map_to_vector(nextStates, lookupRest));

  auto next = second.getOutputs().begin();
  for (auto [value, result] :
       llvm::zip(yield.getOutputs(), scan.getOutputs())) {
    const auto *it = llvm::find(crossing, value);
    result.replaceAllUsesWith(it == crossing.end()
                                  ? *next++
                                  : first.getOutputs()[it - crossing.begin()]);
  }
  for (auto [state, final] : llvm::zip(states, first.getFinals()))
    scan.getFinals()[state].replaceAllUsesWith(final);
  for (auto [state, final] : llvm::zip(others, second.getFinals()))
    scan.getFinals()[state].replaceAllUsesWith(final);
  scan.erase();
  return std::pair(first, second);
}

/// Whether the body uses a value from outside that no row can hold.
static bool hasOddCapture(ScanOp scan) {
  return llvm::any_of(scan.getEntry(), [&](Operation &op) {
    return llvm::any_of(op.getOperands(), [&](Value value) {
      return !scan.getBody().isAncestor(value.getParentRegion()) &&
             !isConstant(value) &&
             (!isElement(value.getType()) || !getNumColumns(value.getType()));
    });
  });
}

/// Moves what is not columnwise out of `scan`, whose core is, and marks what
/// remains.
static std::optional<ScanOp> makeColumnwise(ScanOp scan, int64_t columns) {
  hoistInvariants(scan, [](Operation &op) {
    return llvm::all_of(op.getResultTypes(), isElement);
  });
  auto isMixed = [&](Operation &op) {
    if (!isColumnwise(&op, columns))
      return true;
    auto parent = cast<ScanOp>(op.getParentOp());
    DenseSet<Value> dependent = getStateDependent(parent);
    if (isa<tensor::ExtractSliceOp>(op) && dependent.contains(op.getOperand(0)))
      return true;
    // Outputs must have the size of the states.
    return llvm::any_of(op.getResults(), [&](Value value) {
      return getNumColumns(value.getType()) != columns &&
             llvm::is_contained(parent.getYield().getOutputs(), value);
    });
  };
  scan = hoistAfter(hoistBefore(scan, isMixed), isMixed);
  if (findMixedColumns(scan.getEntry()) || hasOddCapture(scan))
    return std::nullopt;
  scan.setColumnwise(true);
  return scan;
}

/// Makes columnwise scans of `scan` if its states allow it, and adds them to
/// `found`.
static void takeApart(ScanOp scan, SmallVectorImpl<ScanOp> &found) {
  std::optional<SmallVector<Group>> groups = findGroups(scan);
  if (!groups)
    return;
  // Numbers of states in `scan`, which shrinks.
  auto numbers =
      llvm::to_vector(llvm::seq<unsigned>(0, scan.getStates().size()));
  for (const Group &group : *groups) {
    ScanOp loop = scan;
    if (group.states.size() != numbers.size()) {
      SmallVector<unsigned> states;
      for (unsigned state : group.states)
        states.push_back(llvm::find(numbers, state) - numbers.begin());
      auto both = splitStates(scan, states);
      if (!both)
        return;
      std::tie(loop, scan) = *both;
      llvm::erase_if(numbers, [&](unsigned state) {
        return llvm::is_contained(group.states, state);
      });
    }
    if (auto columnwise = makeColumnwise(loop, group.columns))
      found.push_back(*columnwise);
  }
}

//===----------------------------------------------------------------------===//
// Elementwise work before a loop
//===----------------------------------------------------------------------===//

/// Whether computing `op` twice costs less than storing and loading its result.
static bool isCheap(Operation *op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp,
             arith::MaximumFOp, arith::MinimumFOp, arith::CmpFOp,
             arith::SelectOp, BroadcastOp, tensor::SplatOp,
             tensor::ExtractSliceOp>(op) ||
         op->hasTrait<OpTrait::ConstantLike>();
}

namespace {
/// What computes an output of a scan without state from sequences.
struct Slice {
  SetVector<Operation *> ops;
  /// Elements of the scan's inputs, and other values that it puts out.
  SetVector<Value> leaves;
};
} // namespace

/// The slice of output `index` of `map`, down to outputs that `loop` is not the
/// only one to read; none if it is not columnwise.
static std::optional<Slice> getSlice(ScanOp map, unsigned index, ScanOp loop) {
  YieldOp yield = map.getYield();
  DenseSet<Value> kept;
  for (auto [output, value] : llvm::zip(map.getOutputs(), yield.getOutputs()))
    if (llvm::any_of(output.getUsers(),
                     [&](Operation *user) { return user != loop; }))
      kept.insert(value);
  Slice slice;
  SmallVector<Value> worklist{yield.getOutputs()[index]};
  int64_t columns = getNumColumns(loop.getEntry());
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!map.getBody().isAncestor(value.getParentRegion()))
      continue;
    Operation *op = value.getDefiningOp();
    if (!op || kept.contains(value)) {
      slice.leaves.insert(value);
      continue;
    }
    if (!isColumnwise(op, columns))
      return std::nullopt;
    slice.ops.insert(op);
    llvm::append_range(worklist, op->getOperands());
  }
  return slice;
}

/// The sequence whose elements are `value` of the body of `map`.
static Value getSequence(ScanOp map, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return map.getInputs()[argument.getArgNumber()];
  auto outputs = map.getYield().getOutputs();
  return map.getOutputs()[llvm::find(outputs, value) - outputs.begin()];
}

/// Moves the slice that computes input `index` of `loop` into it, where that
/// saves memory traffic.
static bool fuseInput(ScanOp loop, unsigned index) {
  Value input = loop.getInputs()[index];
  auto map = input.getDefiningOp<ScanOp>();
  if (!map || !map.isTimeParallel() || map->getBlock() != loop->getBlock() ||
      llvm::any_of(input.getUsers(),
                   [&](Operation *user) { return user != loop; }))
    return false;
  unsigned output = cast<OpResult>(input).getResultNumber();
  std::optional<Slice> slice = getSlice(map, output, loop);
  if (!slice)
    return false;
  // The output is no longer written and read; its leaves are read instead. A
  // scan of which nothing remains no longer reads them itself.
  bool remains = llvm::any_of(map.getOutputs(), [&](Value other) {
    return other != input && !other.use_empty();
  });
  auto reads = llvm::count_if(slice->leaves, [&](Value leaf) {
    return !llvm::is_contained(loop.getInputs(), getSequence(map, leaf));
  });
  if (remains && (reads > 1 || !llvm::all_of(slice->ops, isCheap)))
    return false;

  OpBuilder builder = OpBuilder::atBlockBegin(&loop.getEntry());
  IRMapping mapping;
  for (Value leaf : slice->leaves) {
    unsigned number = loop.getInputs().size();
    loop.getInputsMutable().append(getSequence(map, leaf));
    mapping.map(leaf, loop.getEntry().insertArgument(number, leaf.getType(),
                                                     leaf.getLoc()));
  }
  for (Operation &op : map.getEntry())
    if (slice->ops.contains(&op))
      builder.clone(op, mapping);
  loop.getInputArgs()[index].replaceAllUsesWith(
      mapping.lookupOrDefault(map.getYield().getOutputs()[output]));
  loop.getEntry().eraseArgument(index);
  loop.getInputsMutable().erase(index);
  if (llvm::all_of(map.getResults(), [](Value v) { return v.use_empty(); }))
    map.erase();
  return true;
}

static void fuseInputs(ScanOp loop) {
  for (unsigned index = 0; index < loop.getInputs().size();)
    // One input is needed for the length.
    if (!fuseInput(loop, index))
      ++index;
    else
      index = 0;
}

/// Whether the instants of `scan`, which has no state, read a value of the
/// example: kernels of rows have none.
static bool readsExample(ScanOp scan) {
  auto isShared = [](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    auto function =
        argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                 : func::FuncOp();
    return function && (function.getArgAttr(argument.getArgNumber(),
                                            RNNDialect::kParameterAttr) ||
                        function.getArgAttr(argument.getArgNumber(),
                                            RNNDialect::kSharedAttr));
  };
  return llvm::any_of(scan.getEntry(), [&](Operation &op) {
    return llvm::any_of(op.getOperands(), [&](Value value) {
      return !scan.getBody().isAncestor(value.getParentRegion()) &&
             !isConstant(value) && !isShared(value);
    });
  });
}

namespace {
struct LinearRecurrencePass
    : public ravel::rnn::impl::RNNLinearRecurrenceBase<LinearRecurrencePass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      SmallVector<ScanOp> loops, found;
      function.walk([&](ScanOp scan) {
        if (!scan.isTimeParallel())
          loops.push_back(scan);
      });
      for (ScanOp scan : loops)
        takeApart(scan, found);
      for (ScanOp scan : found)
        fuseInputs(scan);
      function.walk([&](ScanOp scan) {
        if (scan.isTimeParallel() && readsExample(scan) &&
            !findMixedColumns(scan.getEntry()) && !hasOddCapture(scan))
          scan.setColumnwise(true);
      });
    }
  }
};
} // namespace
