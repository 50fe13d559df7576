//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes beside a function over sequences what one instant of it does, for a
// caller that gives elements as they arrive. Each value of the function is
//
//   * fixed: computed from parameters and constants alone; the step computes it
//     again;
//   * of the example: computed from inputs that are not sequences, once, by the
//     reset; the step is handed it;
//   * of the instant: a sequence, of which the step has one element, or a value
//     computed from the whole of one, which the step computes for the sequence
//     as far as it has come.
//
// So a function streams if no loop over time begins with, or reads, a value of
// the instant, and none goes backwards. The states are those of its loops. What
// is carried from window to window (`rnn.carry`) starts from zero, as for the
// first window.
//
// A state that fades would become so small that processors take a hundred times
// as long for it, and stay so. Elements and states that are close to that are
// taken for zero.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNOUTLINESTREAM
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

namespace {

enum class Domain { Fixed, Example, Instant };

/// A state of the stream, in order of the ops that have them.
struct State {
  /// Null for the count of instants.
  Value initial;
  Type type;
};

class Stream {
public:
  explicit Stream(func::FuncOp function) : function(function) {}

  /// Finds the domain of each value; false, with a remark, where the function
  /// does not stream.
  bool analyze();
  void createReset();
  void createStep();

private:
  bool analyzeScan(ScanOp scan);
  bool analyzeOp(Operation &op);
  /// Notes that the step is handed `value` if it can't compute it.
  void use(Value value);
  /// The names of results that a window hands to the next, "" elsewhere.
  StringRef getCarry(unsigned result);
  bool isCarry(BlockArgument argument) {
    return bool(function.getArgAttr(argument.getArgNumber(), "rnn.carry"));
  }
  bool isParameter(BlockArgument argument) {
    return bool(function.getArgAttr(argument.getArgNumber(),
                                    RNNDialect::kParameterAttr));
  }
  /// A function without body after `function`, and its entry block.
  func::FuncOp createFunction(OpBuilder &builder, StringRef suffix);
  /// Adds the parameters as arguments.
  void addParameters(IRMapping &mapping, Block &entry,
                     SmallVectorImpl<DictionaryAttr> &attrs);
  /// Ends `target` with `results`, and drops the parameters it has no use for.
  void finish(func::FuncOp target, OpBuilder &builder, ValueRange results,
              ArrayRef<DictionaryAttr> attrs);

  func::FuncOp function;
  DenseMap<Value, Domain> domains;
  SmallVector<State> states;
  /// Values of the example that the step is handed.
  llvm::SetVector<Value> kept;
};

} // namespace

StringRef Stream::getCarry(unsigned result) {
  auto name = function.getResultAttrOfType<StringAttr>(result, "rnn.carry");
  return name ? name.getValue() : "";
}

void Stream::use(Value value) {
  if (domains.lookup(value) == Domain::Example)
    kept.insert(value);
}

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

bool Stream::analyzeScan(ScanOp scan) {
  if (scan.getReverse()) {
    scan.emitRemark("'" + function.getName() +
                    "' does not stream: a loop that goes backwards needs the "
                    "end of the sequence first");
    return false;
  }
  for (Value state : scan.getStates())
    if (domains.lookup(state) == Domain::Instant) {
      scan.emitRemark("'" + function.getName() +
                      "' does not stream: a loop starts from what another "
                      "sequence's end gives");
      return false;
    }
  WalkResult result = scan.getBody().walk([&](Operation *op) {
    for (Value value : op->getOperands()) {
      if (scan.getBody().isAncestor(value.getParentRegion()))
        continue;
      if (domains.lookup(value) == Domain::Instant) {
        op->emitRemark("'" + function.getName() +
                       "' does not stream: each instant reads what only the "
                       "whole sequence gives");
        return WalkResult::interrupt();
      }
      use(value);
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return false;
  for (Value state : scan.getStates())
    states.push_back({state, state.getType()});
  for (Value value : scan.getResults())
    domains[value] = Domain::Instant;
  return true;
}

bool Stream::analyzeOp(Operation &op) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return analyzeScan(scan);
  if (auto shift = dyn_cast<ShiftOp>(op)) {
    if (domains.lookup(shift.getInitial()) != Domain::Instant) {
      states.push_back({shift.getInitial(), shift.getInitial().getType()});
      domains[shift.getResult()] = Domain::Instant;
      return true;
    }
  } else if (auto length = dyn_cast<LengthOp>(op)) {
    states.push_back({Value(), length.getType()});
    domains[length.getResult()] = Domain::Instant;
    return true;
  }
  bool readsSequence = op.getNumRegions() != 0 ||
                       llvm::any_of(op.getOperandTypes(), [](Type type) {
                         return isa<SeqType, MemoryType>(type);
                       });
  if (readsSequence) {
    op.emitRemark("'" + function.getName() +
                  "' does not stream: this needs the whole sequence");
    return false;
  }
  Domain domain = Domain::Fixed;
  for (Value operand : op.getOperands())
    domain = std::max(domain, domains.lookup(operand));
  if (domain == Domain::Instant)
    for (Value operand : op.getOperands())
      use(operand);
  for (Value value : op.getResults())
    domains[value] = domain;
  return true;
}

bool Stream::analyze() {
  for (BlockArgument argument : function.getArguments())
    domains[argument] = isa<SeqType>(argument.getType()) ? Domain::Instant
                        : isParameter(argument)          ? Domain::Fixed
                                                         : Domain::Example;
  for (Operation &op : function.front().without_terminator())
    if (!analyzeOp(op))
      return false;
  Operation *returned = function.front().getTerminator();
  for (OpOperand &operand : returned->getOpOperands())
    if (getCarry(operand.getOperandNumber()).empty())
      use(operand.get());
  return true;
}

//===----------------------------------------------------------------------===//
// The two functions
//===----------------------------------------------------------------------===//

/// `value`, and 0 where it is so small that its products with weights may not
/// be normal numbers.
static Value flushTiny(OpBuilder &builder, Value value) {
  Type type = value.getType();
  auto scalar = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!scalar)
    return value;
  // Weights of 2^-26 and more leave it normal.
  int exponent = APFloat::semanticsMinExponent(scalar.getFloatSemantics()) + 26;
  Location loc = value.getLoc();
  Value tiny = createSplat(builder, loc, type, std::ldexp(1.0, exponent));
  Value zero = createSplat(builder, loc, type, 0);
  Value size = math::AbsFOp::create(builder, loc, value);
  Value isTiny = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT,
                                       size, tiny);
  return arith::SelectOp::create(builder, loc, isTiny, zero, value);
}

func::FuncOp Stream::createFunction(OpBuilder &builder, StringRef suffix) {
  builder.setInsertionPointAfter(function);
  auto target = func::FuncOp::create(builder, function.getLoc(),
                                     (function.getName() + suffix).str(),
                                     builder.getFunctionType({}, {}));
  target.setVisibility(function.getVisibility());
  target->setAttr(RNNDialect::kBatchSizeAttr, builder.getI64IntegerAttr(1));
  target.addEntryBlock();
  builder.setInsertionPointToStart(&target.front());
  return target;
}

void Stream::addParameters(IRMapping &mapping, Block &entry,
                           SmallVectorImpl<DictionaryAttr> &attrs) {
  for (BlockArgument argument : function.getArguments()) {
    if (!isParameter(argument))
      continue;
    mapping.map(argument,
                entry.addArgument(argument.getType(), argument.getLoc()));
    attrs.push_back(function.getArgAttrDict(argument.getArgNumber()));
  }
}

void Stream::finish(func::FuncOp target, OpBuilder &builder, ValueRange results,
                    ArrayRef<DictionaryAttr> attrs) {
  func::ReturnOp::create(builder, function.getLoc(), results);
  Block &entry = target.front();
  target.setType(
      builder.getFunctionType(entry.getArgumentTypes(), TypeRange(results)));
  target.setAllArgAttrs(attrs);
  // What was cloned to be on the safe side, and parameters that are left over.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry)))
    if (isOpTriviallyDead(&op))
      op.erase();
  llvm::BitVector unused(target.getNumArguments());
  for (BlockArgument argument : target.getArguments())
    if (argument.use_empty() &&
        target.getArgAttr(argument.getArgNumber(), RNNDialect::kParameterAttr))
      unused.set(argument.getArgNumber());
  (void)target.eraseArguments(unused);
}

void Stream::createReset() {
  OpBuilder builder(function.getContext());
  func::FuncOp reset = createFunction(builder, ".reset");
  Block &entry = reset.front();
  IRMapping mapping;
  SmallVector<DictionaryAttr> attrs;
  for (BlockArgument argument : function.getArguments()) {
    if (domains.lookup(argument) != Domain::Example || isCarry(argument))
      continue;
    mapping.map(argument,
                entry.addArgument(argument.getType(), argument.getLoc()));
    attrs.push_back(function.getArgAttrDict(argument.getArgNumber()));
  }
  addParameters(mapping, entry, attrs);
  for (BlockArgument argument : function.getArguments())
    if (isCarry(argument))
      mapping.map(argument, arith::ConstantOp::create(
                                builder, argument.getLoc(),
                                builder.getZeroAttr(argument.getType())));
  for (Operation &op : function.front().without_terminator())
    if (op.getNumResults() != 0 &&
        domains.lookup(op.getResult(0)) != Domain::Instant)
      builder.clone(op, mapping);
  SmallVector<Value> results;
  for (const State &state : states)
    results.push_back(state.initial ? mapping.lookup(state.initial)
                                    : arith::ConstantOp::create(
                                          builder, function.getLoc(),
                                          builder.getZeroAttr(state.type)));
  for (Value value : kept)
    results.push_back(mapping.lookup(value));
  finish(reset, builder, results, attrs);
}

void Stream::createStep() {
  OpBuilder builder(function.getContext());
  func::FuncOp step = createFunction(builder, ".step");
  Block &entry = step.front();
  IRMapping mapping;
  SmallVector<DictionaryAttr> attrs;
  auto add = [&](Type type, const Twine &name) {
    attrs.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        RNNDialect::kNameAttr, builder.getStringAttr(name))));
    return entry.addArgument(type, function.getLoc());
  };
  SmallVector<std::pair<Value, Value>> inputs;
  for (BlockArgument argument : function.getArguments())
    if (auto type = dyn_cast<SeqType>(argument.getType())) {
      inputs.push_back({argument, add(type.getElementType(), "")});
      attrs.back() = function.getArgAttrDict(argument.getArgNumber());
    }
  SmallVector<Value> current, next;
  for (auto [index, state] : llvm::enumerate(states))
    current.push_back(add(state.type, "state" + Twine(index)));
  for (auto [index, value] : llvm::enumerate(kept))
    mapping.map(value, add(value.getType(), "example" + Twine(index)));
  addParameters(mapping, entry, attrs);

  for (auto [sequence, element] : inputs)
    mapping.map(sequence, flushTiny(builder, element));
  auto takeState = [&] { return current[next.size()]; };
  for (Operation &op : function.front().without_terminator()) {
    if (auto scan = dyn_cast<ScanOp>(op)) {
      for (auto [inner, outer] :
           llvm::zip(scan.getInputArgs(), scan.getInputs()))
        mapping.map(inner, mapping.lookup(outer));
      for (auto [index, inner] : llvm::enumerate(scan.getStateArgs()))
        mapping.map(inner, current[next.size() + index]);
      for (Operation &nested : scan.getEntry().without_terminator())
        builder.clone(nested, mapping);
      for (auto [result, value] :
           llvm::zip(scan.getResults(), scan.getYield().getOperands()))
        mapping.map(result, mapping.lookup(value));
      for (Value result : scan.getFinals())
        next.push_back(mapping.lookup(result));
    } else if (auto shift = dyn_cast<ShiftOp>(op)) {
      mapping.map(shift.getResult(), takeState());
      next.push_back(mapping.lookup(shift.getOperand()));
    } else if (auto length = dyn_cast<LengthOp>(op)) {
      Value one = arith::ConstantOp::create(
          builder, op.getLoc(), builder.getFloatAttr(length.getType(), 1.0));
      next.push_back(
          arith::AddFOp::create(builder, op.getLoc(), takeState(), one));
      mapping.map(length.getResult(), next.back());
    } else if (op.getNumResults() != 0 &&
               domains.lookup(op.getResult(0)) != Domain::Example) {
      builder.clone(op, mapping);
    }
  }
  SmallVector<Value> results;
  Operation *returned = function.front().getTerminator();
  for (OpOperand &operand : returned->getOpOperands())
    if (getCarry(operand.getOperandNumber()).empty())
      results.push_back(mapping.lookup(operand.get()));
  auto number = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  step->setAttr(RNNDialect::kStreamAttr,
                builder.getDictionaryAttr(
                    {builder.getNamedAttr("inputs", number(inputs.size())),
                     builder.getNamedAttr("outputs", number(results.size())),
                     builder.getNamedAttr("states", number(states.size())),
                     builder.getNamedAttr("examples", number(kept.size()))}));
  for (Value value : next)
    results.push_back(flushTiny(builder, value));
  finish(step, builder, results, attrs);
}

namespace {
struct OutlineStreamPass
    : public ravel::rnn::impl::RNNOutlineStreamBase<OutlineStreamPass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (function.isExternal() || function.isPrivate() ||
          llvm::none_of(function.getArgumentTypes(), llvm::IsaPred<SeqType>) ||
          function->hasAttr(RNNDialect::kDecodeAttr))
        continue;
      Stream stream(function);
      if (!stream.analyze())
        continue;
      stream.createStep();
      stream.createReset();
    }
  }
};
} // namespace
