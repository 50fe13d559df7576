//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Reverse-mode differentiation of an objective (level 1 to level 2).
//
// The gradient function is a copy of the objective, the forward pass, to whose
// end the backward pass is added:
//
// 1. What does not change in time leaves the scans, so that gradients of what
// is
//    computed from parameters alone are built once, not per instant.
// 2. Activity: a value is *active* if it depends on an argument that is asked
//    for (varied) and the loss depends on it (useful). Both are fixed points,
//    for a scan's states feed themselves. Only active values get gradients.
// 3. The gradient of the loss is the example's weight. The ops are visited from
//    last to first; each adds, by its `DifferentiableOpInterface`, to the
//    gradients of its operands. All uses of a value come after it, so when an
//    op is reached the gradients of its results are complete.
// 4. The gradients asked for are returned, and canonicalization removes what
// was
//    built in vain.
//
// Sharing. Parameters, and what is computed from parameters alone, are the same
// for all examples of a batch; everything else is one example's own. The
// gradient of a shared value is the `rnn.total` of what examples add to it, and
// shared itself.
//
// Scans. The backward pass of a scan is a scan of the opposite direction. Its
// states are the gradients of the active states, each from the gradient of the
// final state to that of the initial one; its inputs are the gradients of the
// outputs, and residuals; its outputs the gradients of the inputs' elements.
// The body is built first, by a sweep like that over a function, and takes
// arguments as it needs them:
//
// * A *residual*, a value of the forward body, is asked for through
//   `getForward`. An input's element is read again from the input. What depends
//   on integers alone (dropout masks), can't be stored (a comparison) or costs
//   next to nothing is computed again. The rest is put out by the forward scan,
//   once.
// * A value captured from outside the scan gets a gradient from each instant.
//   Where the value is shared, these are put out as a sequence and totalled;
//   where it is the example's own, a state of the backward scan sums them.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/SaveAndRestore.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNDIFFERENTIATE
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

/// Result attribute of the gradient of an input: how `wrt` called it.
static constexpr StringLiteral kGradientOfAttr = "rnn.gradient_of";
/// Function attribute of an objective.
static constexpr StringLiteral kObjectiveAttr = "rnn.objective";
/// What stands for all parameters in `wrt`.
static constexpr StringLiteral kParameters = "parameters";

//===----------------------------------------------------------------------===//
// Activity
//===----------------------------------------------------------------------===//

static bool isFloatLike(Value value) {
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

namespace {

/// Which values carry a gradient: those that depend on a wanted argument and on
/// which the loss depends.
class Activity {
public:
  Activity(Block &body, ArrayRef<Value> wanted, Value loss) {
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

  bool isActive(Value value) const {
    return varied.contains(value) && useful.contains(value);
  }
  /// Forgets results of an op that is about to go.
  void forget(ValueRange values) {
    for (Value value : values) {
      varied.erase(value);
      useful.erase(value);
    }
  }

private:
  void mark(llvm::DenseSet<Value> &set, Value value) {
    if (isFloatLike(value))
      changed |= set.insert(value).second;
  }
  void mark(llvm::DenseSet<Value> &set, Value value, Value cause) {
    if (set.contains(cause))
      mark(set, value);
  }

  void propagateVaried(Block &block) {
    for (Operation &op : block.without_terminator()) {
      if (isPiecewiseConstant(&op))
        continue;
      auto scan = dyn_cast<ScanOp>(op);
      if (!scan) {
        bool any = false;
        forEachOperand(&op,
                       [&](Value value) { any |= varied.contains(value); });
        if (any)
          for (Value result : op.getResults())
            mark(varied, result);
        continue;
      }
      YieldOp yield = scan.getYield();
      for (auto [argument, input] :
           llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
        mark(varied, argument, input);
      for (auto [argument, final, initial, next] :
           llvm::zip_equal(scan.getStateArgs(), scan.getFinals(),
                           scan.getStates(), yield.getStates())) {
        mark(varied, argument, initial);
        mark(varied, argument, next);
        mark(varied, final, argument);
      }
      propagateVaried(scan.getEntry());
      for (auto [output, element] :
           llvm::zip_equal(scan.getOutputs(), yield.getOutputs()))
        mark(varied, output, element);
    }
  }

  void propagateUseful(Block &block) {
    for (Operation &op : llvm::reverse(block.without_terminator())) {
      if (isPiecewiseConstant(&op))
        continue;
      auto scan = dyn_cast<ScanOp>(op);
      if (!scan) {
        if (llvm::any_of(op.getResults(),
                         [&](Value value) { return useful.contains(value); }))
          forEachOperand(&op, [&](Value value) { mark(useful, value); });
        continue;
      }
      YieldOp yield = scan.getYield();
      for (auto [output, element] :
           llvm::zip_equal(scan.getOutputs(), yield.getOutputs()))
        mark(useful, element, output);
      for (auto [argument, final, initial, next] :
           llvm::zip_equal(scan.getStateArgs(), scan.getFinals(),
                           scan.getStates(), yield.getStates())) {
        // Useful at the end or at any instant: useful at every instant.
        mark(useful, argument, final);
        mark(useful, next, argument);
        mark(useful, initial, argument);
      }
      propagateUseful(scan.getEntry());
      for (auto [argument, input] :
           llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
        mark(useful, input, argument);
    }
  }

  llvm::DenseSet<Value> varied;
  llvm::DenseSet<Value> useful;
  bool changed = false;
};

//===----------------------------------------------------------------------===//
// The backward pass
//===----------------------------------------------------------------------===//

/// The part of the backward pass that belongs to one block: that of the
/// function or of a scan.
struct Scope {
  explicit Scope(MLIRContext *context) : builder(context) {}

  /// Where the backward pass of this block grows.
  OpBuilder builder;
  /// What has been added to a value's gradient. Numbers, vectors and matrices
  /// are summed at once; a sequence may have several summands, for the backward
  /// scan that reads them can add them up as it goes.
  llvm::DenseMap<Value, SmallVector<Value, 1>> gradients;

  //===--- Of a scan only ---===//

  ScanOp scan;
  /// The body of the backward scan.
  std::unique_ptr<Block> body;
  /// An input of the backward scan: a sequence that there is, or the output of
  /// the forward scan with this number.
  struct Input {
    Value sequence;
    unsigned output = 0;
  };
  SmallVector<Input> inputs;
  /// Values that the forward scan is to put out after the outputs it has.
  SmallVector<Value> residuals;
  /// The values of the backward body that are those of the forward body.
  llvm::DenseMap<Value, Value> forward;
  /// What an instant adds to the gradients of captured values.
  llvm::MapVector<Value, SmallVector<Value, 1>> captured;
};

/// Builds the backward pass of a function whose body is one block.
class Differentiator final : public AdjointContext {
public:
  Differentiator(func::FuncOp function, StringRef objective, Activity activity)
      : function(function), objective(objective), activity(std::move(activity)),
        top(function.getContext()) {
    top.builder.setInsertionPoint(function.getBody().front().getTerminator());
  }

  /// Starts from `gradient` as the gradient of `loss` and visits all ops.
  LogicalResult run(Value loss, Value gradient) {
    addGradient(top.builder, loss, gradient);
    return sweep(function.getBody().front());
  }

  bool isActive(Value value) override { return activity.isActive(value); }
  Value getGradient(Value value) override;
  void addGradient(OpBuilder &builder, Value value, Value gradient) override;
  Value getForward(OpBuilder &builder, Value value) override;
  LogicalResult buildScanAdjoint(OpBuilder &builder, ScanOp scan) override;

private:
  LogicalResult sweep(Block &block);
  LogicalResult buildScanBody(OpBuilder &builder, Scope &outer,
                              SmallVectorImpl<unsigned> &states,
                              SmallVectorImpl<Value> &initials);
  bool isShared(Value value);
  bool isRecomputed(Operation *op);
  Value addInput(Scope::Input input, Type type, Location loc);

  func::FuncOp function;
  StringRef objective;
  Activity activity;
  Scope top;
  Scope *scope = &top;
  llvm::DenseMap<Value, bool> shared;
};

} // namespace

/// Whether `value` is defined outside the body of `scan`.
static bool isCaptured(ScanOp scan, Value value) {
  return !scan.getBody().isAncestor(value.getParentRegion());
}

/// The sum of two values of one type that is not a sequence.
static Value createSum(OpBuilder &builder, Value a, Value b) {
  return arith::AddFOp::create(builder, b.getLoc(), a, b);
}

/// The sum of sequences, instant by instant.
static Value createSumOfSequences(OpBuilder &builder, ValueRange sequences) {
  Type element = getElementOrSelf(sequences.front().getType());
  auto scan = ScanOp::create(builder, sequences.back().getLoc(), sequences,
                             ValueRange(), element);
  OpBuilder body = OpBuilder::atBlockEnd(&scan.getEntry());
  Value sum = scan.getInputArgs().front();
  for (Value value : scan.getInputArgs().drop_front())
    sum = createSum(body, sum, value);
  YieldOp::create(body, scan.getLoc(), sum);
  return scan.getOutputs().front();
}

/// Zero, of the type and length of `like`.
static Value createZeroLike(OpBuilder &builder, Value like) {
  Location loc = like.getLoc();
  auto seq = dyn_cast<SeqType>(like.getType());
  if (!seq)
    return createSplat(builder, loc, like.getType(), 0.0);
  auto scan =
      ScanOp::create(builder, loc, like, ValueRange(), seq.getElementType());
  OpBuilder body = OpBuilder::atBlockEnd(&scan.getEntry());
  YieldOp::create(body, loc, createSplat(body, loc, seq.getElementType(), 0.0));
  return scan.getOutputs().front();
}

/// Whether the batch has one `value`, not one for each example: a parameter,
/// what is computed from parameters alone, or what has been totalled.
bool Differentiator::isShared(Value value) {
  if (auto it = shared.find(value); it != shared.end())
    return it->second;
  bool result = false;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() == &function.getBody().front()) {
      unsigned index = argument.getArgNumber();
      result = function.getArgAttr(index, RNNDialect::kParameterAttr) ||
               function.getArgAttr(index, RNNDialect::kSharedAttr);
    }
  } else if (Operation *op = value.getDefiningOp();
             op->getBlock() == &function.getBody().front() &&
             op->getNumRegions() == 0) {
    result = isa<TotalOp, ContractOp, ScatterOp>(op) ||
             llvm::all_of(op->getOperands(),
                          [&](Value operand) { return isShared(operand); });
  }
  shared[value] = result;
  return result;
}

Value Differentiator::getGradient(Value value) {
  auto it = scope->gradients.find(value);
  if (it == scope->gradients.end())
    return Value();
  SmallVectorImpl<Value> &summands = it->second;
  if (summands.size() > 1)
    summands.assign({createSumOfSequences(scope->builder, summands)});
  return summands.front();
}

void Differentiator::addGradient(OpBuilder &builder, Value value,
                                 Value gradient) {
  if (!isActive(value))
    return;
  auto add = [&](SmallVectorImpl<Value> &summands, bool sum) {
    if (sum && !summands.empty())
      summands.back() = createSum(builder, summands.back(), gradient);
    else
      summands.push_back(gradient);
  };
  if (scope->scan && isCaptured(scope->scan, value)) {
    // Products that make up a shared matrix are totalled one by one.
    auto type = dyn_cast<RankedTensorType>(value.getType());
    bool matrix = type && type.getRank() > 1 && isShared(value);
    add(scope->captured[value], !matrix);
    return;
  }
  if (!scope->scan && isShared(value) && !isShared(gradient))
    gradient =
        TotalOp::create(builder, gradient.getLoc(), value.getType(), gradient);
  add(scope->gradients[value], !isa<SeqType>(value.getType()));
}

/// Adds an argument to the body of the backward scan that is being built.
Value Differentiator::addInput(Scope::Input input, Type type, Location loc) {
  unsigned index = scope->inputs.size();
  scope->inputs.push_back(input);
  return scope->body->insertArgument(index, type, loc);
}

/// Whether a sequence can hold values of `type`.
static bool isStorable(Type type) {
  return isa<FloatType>(getScalarType(type)) || type.isInteger(32);
}

/// Whether `op` is to be computed again rather than stored: a function of
/// integers alone, one with a result that no sequence can hold, or one that
/// costs no more than loading its result would, since all it needs is at hand.
bool Differentiator::isRecomputed(Operation *op) {
  if (!isPure(op) || op->getNumRegions() != 0)
    return false;
  if (llvm::none_of(op->getOperands(), isFloatLike) ||
      !llvm::all_of(op->getResultTypes(), isStorable))
    return true;
  auto isAtHand = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return isCaptured(scope->scan, value) || scope->forward.contains(value) ||
           (argument &&
            argument.getArgNumber() < scope->scan.getInputs().size());
  };
  bool cheap = isa<arith::ArithDialect>(op->getDialect()) &&
               op->hasTrait<OpTrait::Elementwise>() &&
               !isa<arith::DivFOp, arith::RemFOp>(op);
  return (cheap || isa<BroadcastOp>(op)) &&
         llvm::all_of(op->getOperands(), isAtHand);
}

Value Differentiator::getForward(OpBuilder &builder, Value value) {
  ScanOp scan = scope->scan;
  if (!scan || isCaptured(scan, value))
    return value;
  if (auto it = scope->forward.find(value); it != scope->forward.end())
    return it->second;

  Value result;
  auto argument = dyn_cast<BlockArgument>(value);
  Operation *op = value.getDefiningOp();
  if (argument && argument.getArgNumber() < scan.getInputs().size()) {
    Value input = scan.getInputs()[argument.getArgNumber()];
    result = addInput({input}, value.getType(), value.getLoc());
  } else if (op && isRecomputed(op)) {
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, getForward(builder, operand));
    Operation *clone = builder.clone(*op, mapping);
    for (auto [from, to] :
         llvm::zip_equal(op->getResults(), clone->getResults()))
      scope->forward[from] = to;
    return scope->forward[value];
  } else {
    SmallVector<Value> outputs(scan.getYield().getOutputs());
    llvm::append_range(outputs, scope->residuals);
    unsigned index = llvm::find(outputs, value) - outputs.begin();
    if (index == outputs.size())
      scope->residuals.push_back(value);
    result = addInput({Value(), index}, value.getType(), value.getLoc());
  }
  scope->forward[value] = result;
  return result;
}

/// Builds the backward pass of the ops of `block`, from last to first.
LogicalResult Differentiator::sweep(Block &block) {
  // The function's backward pass grows in the very block that is visited.
  SmallVector<Operation *> ops =
      llvm::map_to_vector(llvm::reverse(block.without_terminator()),
                          [](Operation &op) { return &op; });
  for (Operation *op : ops) {
    if (llvm::none_of(op->getResults(), [&](Value result) {
          return scope->gradients.contains(result);
        }))
      continue;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable) {
      InFlightDiagnostic diag =
          op->emitError("no derivative is known for '")
          << op->getName() << "'; "
          << (isa<func::CallOp>(op)
                  ? "calls must be inlined before"
                  : "the loss depends on it, and it on what the gradient is "
                    "asked for");
      diag.attachNote(function.getLoc())
          << "while differentiating the objective '" << objective << "'";
      return diag;
    }
    if (failed(differentiable.buildAdjoint(scope->builder, *this)))
      return failure();
  }
  return success();
}

/// Builds the body of the backward scan, all but its outputs. `states` are the
/// states of the forward scan that have a gradient, `initials` what the
/// backward scan's states for them start from.
LogicalResult Differentiator::buildScanBody(OpBuilder &builder, Scope &outer,
                                            SmallVectorImpl<unsigned> &states,
                                            SmallVectorImpl<Value> &initials) {
  ScanOp scan = scope->scan;
  YieldOp yield = scan.getYield();
  for (auto [output, element] :
       llvm::zip_equal(scan.getOutputs(), yield.getOutputs())) {
    auto it = outer.gradients.find(output);
    if (it == outer.gradients.end())
      continue;
    for (Value gradient : it->second)
      addGradient(scope->builder, element,
                  addInput({gradient}, element.getType(), gradient.getLoc()));
  }
  for (auto [index, argument] : llvm::enumerate(scan.getStateArgs())) {
    if (!isActive(argument))
      continue;
    Value final = scan.getFinals()[index];
    auto it = outer.gradients.find(final);
    initials.push_back(it == outer.gradients.end()
                           ? createZeroLike(builder, final)
                           : it->second.front());
    states.push_back(index);
    Value adjoint =
        scope->body->addArgument(argument.getType(), argument.getLoc());
    addGradient(scope->builder, yield.getStates()[index], adjoint);
  }
  return sweep(scan.getEntry());
}

LogicalResult Differentiator::buildScanAdjoint(OpBuilder &builder,
                                               ScanOp scan) {
  if (scope->scan)
    return scan.emitError("no derivative is known for a scan in the body of "
                          "another");
  Location loc = scan.getLoc();
  Scope inner(scan.getContext());
  inner.scan = scan;
  inner.body = std::make_unique<Block>();
  inner.builder.setInsertionPointToEnd(inner.body.get());

  SmallVector<unsigned> states;
  SmallVector<Value> initials, outputs, next;
  // The values whose gradients are the outputs.
  SmallVector<Value> sources;
  // Captured values of the example, whose gradients are states.
  SmallVector<Value> summed;
  {
    llvm::SaveAndRestore enter(scope, &inner);
    if (failed(buildScanBody(builder, top, states, initials)))
      return failure();
    for (unsigned index : states) {
      Value argument = scan.getStateArgs()[index];
      Value gradient = getGradient(argument);
      next.push_back(gradient ? gradient
                              : createZeroLike(inner.builder, argument));
    }
    for (auto [argument, input] :
         llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
      if (Value gradient = getGradient(argument)) {
        outputs.push_back(gradient);
        sources.push_back(input);
      }
    for (auto &[value, gradients] : inner.captured) {
      if (isShared(value)) {
        for (Value gradient : gradients) {
          outputs.push_back(gradient);
          sources.push_back(value);
        }
        continue;
      }
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (isa<SeqType>(value.getType()) || (type && type.getRank() > 1)) {
        InFlightDiagnostic diag = scan.emitError(
            "no derivative is known for a scan that uses, at every instant, a "
            "sequence or matrix of the example");
        diag.attachNote(value.getLoc())
            << "of type " << value.getType() << ", defined here";
        return diag;
      }
      Value sum = inner.body->addArgument(value.getType(), value.getLoc());
      initials.push_back(createZeroLike(builder, value));
      next.push_back(createSum(inner.builder, sum, gradients.front()));
      summed.push_back(value);
    }
    // Something must give the length.
    if (inner.inputs.empty())
      addInput({scan.getInputs().front()},
               scan.getInputArgs().front().getType(), loc);
    YieldOp::create(inner.builder, loc, outputs, next);
  }

  SmallVector<Value> initialStates = llvm::map_to_vector(
      states, [&](unsigned index) -> Value { return scan.getStates()[index]; });
  bool reverse = scan.getReverse();
  if (!inner.residuals.empty()) {
    activity.forget(scan.getResults());
    for (Value result : scan.getResults())
      shared.erase(result);
    IRRewriter rewriter(scan.getContext());
    scan = scan.appendOutputs(rewriter, inner.residuals);
  }
  SmallVector<Value> inputs =
      llvm::map_to_vector(inner.inputs, [&](Scope::Input input) -> Value {
        return input.sequence ? input.sequence
                              : scan.getOutputs()[input.output];
      });
  auto backward = ScanOp::create(builder, loc, inputs, initials,
                                 ValueRange(outputs).getTypes(), !reverse);
  backward.getEntry().erase();
  backward.getBody().push_back(inner.body.release());

  for (auto [source, gradient] :
       llvm::zip_equal(sources, backward.getOutputs()))
    addGradient(builder, source, gradient);
  llvm::append_range(initialStates, summed);
  for (auto [value, gradient] :
       llvm::zip_equal(initialStates, backward.getFinals()))
    addGradient(builder, value, gradient);
  return success();
}

//===----------------------------------------------------------------------===//
// The gradient function
//===----------------------------------------------------------------------===//

namespace {

/// An argument to differentiate by, and the attributes of the result that is
/// its gradient.
struct Wanted {
  unsigned argument;
  DictionaryAttr attributes;
};

} // namespace

/// The manifest's entry for argument `index` of `function`; null where that is
/// no parameter. Fails where the entry is missing.
static FailureOr<ParameterOp>
lookupParameter(func::FuncOp function, unsigned index, SymbolTable &symbols) {
  auto name = function.getArgAttrOfType<FlatSymbolRefAttr>(
      index, RNNDialect::kParameterAttr);
  if (!name)
    return ParameterOp();
  auto parameter = symbols.lookup<ParameterOp>(name.getAttr());
  if (!parameter)
    return function.emitError("argument #")
           << index << " is the parameter " << name
           << ", which the module does not list";
  return parameter;
}

/// The arguments of `function` that `wrt` names, in order of the arguments.
static FailureOr<SmallVector<Wanted>> findWanted(func::FuncOp function,
                                                 ArrayRef<std::string> wrt,
                                                 SymbolTable &symbols) {
  Builder builder(function.getContext());
  bool parameters = wrt.empty() || llvm::is_contained(wrt, kParameters);
  llvm::SmallDenseSet<StringRef> missing(wrt.begin(), wrt.end());
  missing.erase(kParameters);

  SmallVector<Wanted> wanted;
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    FailureOr<ParameterOp> parameter =
        lookupParameter(function, index, symbols);
    if (failed(parameter))
      return failure();
    SmallVector<std::string, 3> names{std::to_string(index)};
    if (auto name =
            function.getArgAttrOfType<StringAttr>(index, RNNDialect::kNameAttr))
      names.push_back(name.str());
    if (*parameter)
      names.push_back((*parameter).getSymName().str());
    std::string called;
    for (StringRef name : names)
      if (missing.erase(name))
        called = name;

    if (*parameter && (parameters || !called.empty())) {
      if ((*parameter).getFrozen())
        continue;
      wanted.push_back(
          {index, builder.getDictionaryAttr(
                      {builder.getNamedAttr(RNNDialect::kGradientAttr,
                                            SymbolRefAttr::get(*parameter)),
                       builder.getNamedAttr(RNNDialect::kSharedAttr,
                                            builder.getUnitAttr())})});
    } else if (!called.empty()) {
      if (!isFloatLike(argument))
        return function.emitError("can't differentiate by argument '")
               << called << "' of type " << argument.getType();
      SmallVector<NamedAttribute> attributes{
          builder.getNamedAttr(kGradientOfAttr, builder.getStringAttr(called))};
      if (function.getArgAttr(index, RNNDialect::kSharedAttr))
        attributes.push_back(builder.getNamedAttr(RNNDialect::kSharedAttr,
                                                  builder.getUnitAttr()));
      wanted.push_back({index, builder.getDictionaryAttr(attributes)});
    }
  }
  for (StringRef name : wrt)
    if (missing.contains(name))
      return function.emitError("has no argument '") << name << "'";
  return wanted;
}

/// Checks for a body of one block and a number as first result.
static LogicalResult verifyObjective(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("an objective must have a body of one block");
  FunctionType type = function.getFunctionType();
  if (type.getNumResults() == 0 || !isa<FloatType>(type.getResult(0))) {
    InFlightDiagnostic diag = function.emitError(
        "the first result of an objective must be the loss, a number");
    if (type.getNumResults() > 0)
      diag.attachNote() << "actual type: " << type.getResult(0);
    return diag;
  }
  return success();
}

/// Checks that `declaration` promised the type that `gradient` has.
static LogicalResult verifyDeclaration(func::FuncOp declaration,
                                       func::FuncOp gradient) {
  if (declaration.getFunctionType() == gradient.getFunctionType())
    return success();
  InFlightDiagnostic diag = declaration.emitError(
      "the gradient function is declared with another type than it has");
  diag.attachNote() << "expected type: " << gradient.getFunctionType();
  diag.attachNote() << "  actual type: " << declaration.getFunctionType();
  return diag;
}

/// Moves what does not change in time out of the scans of `function`.
static void hoistInvariants(func::FuncOp function) {
  function.walk([](ScanOp scan) {
    hoistInvariants(scan, [](Operation &) { return true; });
  });
}

/// Removes what was built in vain, and every sequence of matrices.
static LogicalResult simplify(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  ScanOp::getCanonicalizationPatterns(patterns, context);
  TotalOp::getCanonicalizationPatterns(patterns, context);
  FrozenRewritePatternSet frozen(std::move(patterns));
  IRRewriter rewriter(context);
  // Merging equal ops uncovers equal inputs, and a state that is dropped
  // uncovers what does not change in time.
  for (int round = 0; round < 2; ++round) {
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);
    if (failed(applyPatternsGreedily(function, frozen)))
      return function.emitError("simplification of the gradient does not end");
    hoistInvariants(function);
  }
  return success();
}

/// Gives `function` the argument that is the example's weight.
static FailureOr<Value> addWeight(func::FuncOp function, Type type) {
  Builder builder(function.getContext());
  unsigned index = function.getNumArguments();
  if (failed(function.insertArgument(
          index, type,
          builder.getDictionaryAttr(builder.getNamedAttr(
              RNNDialect::kWeightAttr, builder.getUnitAttr())),
          function.getLoc())))
    return failure();
  return Value(function.getArgument(index));
}

/// Makes `gradient`, a copy of the objective `name`, its gradient function.
static LogicalResult buildGradient(func::FuncOp gradient, StringRef name,
                                   ArrayRef<Wanted> wanted) {
  Block &body = gradient.getBody().front();
  auto returned = cast<func::ReturnOp>(body.getTerminator());
  Value loss = returned.getOperand(0);
  hoistInvariants(gradient);
  FailureOr<Value> weight = addWeight(gradient, loss.getType());
  if (failed(weight))
    return failure();

  SmallVector<Value> arguments =
      llvm::map_to_vector(wanted, [&](Wanted one) -> Value {
        return gradient.getArgument(one.argument);
      });
  Differentiator differentiator(gradient, name,
                                Activity(body, arguments, loss));
  if (failed(differentiator.run(loss, *weight)))
    return failure();

  OpBuilder builder(returned);
  for (auto [argument, one] : llvm::zip_equal(arguments, wanted)) {
    Value value = differentiator.getGradient(argument);
    if (!value)
      value = createZeroLike(builder, argument);
    returned->insertOperands(returned->getNumOperands(), value);
    if (failed(gradient.insertResult(gradient.getNumResults(), value.getType(),
                                     one.attributes)))
      return failure();
  }
  return simplify(gradient);
}

namespace {

class RNNDifferentiate
    : public ravel::rnn::impl::RNNDifferentiateBase<RNNDifferentiate> {
public:
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    FailureOr<SmallVector<func::FuncOp>> objectives = findObjectives(symbols);
    if (failed(objectives))
      return signalPassFailure();
    for (func::FuncOp objective : *objectives) {
      if (failed(differentiate(objective, symbols)))
        return signalPassFailure();
      if (replace)
        symbols.erase(objective);
    }
  }

private:
  /// The function named by the option, or all that are marked.
  FailureOr<SmallVector<func::FuncOp>> findObjectives(SymbolTable &symbols) {
    StringRef name = StringRef(function).ltrim('@');
    SmallVector<func::FuncOp> objectives;
    if (name.empty()) {
      for (auto objective : getOperation().getOps<func::FuncOp>())
        if (objective->hasAttr(kObjectiveAttr))
          objectives.push_back(objective);
      if (!resultName.empty() && objectives.size() > 1)
        return getOperation().emitError("'result-name' is for one objective, "
                                        "but ")
               << objectives.size() << " are marked";
      return objectives;
    }
    auto objective = symbols.lookup<func::FuncOp>(name);
    if (!objective)
      return getOperation().emitError("there is no function '")
             << name << "' to differentiate";
    objectives.push_back(objective);
    return objectives;
  }

  /// Puts the gradient function of `objective` after it, in place of the
  /// declaration of it where there is one.
  LogicalResult differentiate(func::FuncOp objective, SymbolTable &symbols) {
    if (failed(verifyObjective(objective)))
      return failure();
    FailureOr<SmallVector<Wanted>> wanted = findWanted(objective, wrt, symbols);
    if (failed(wanted))
      return failure();
    std::string name = resultName.empty()
                           ? (objective.getSymName() + "_grad").str()
                           : resultName.getValue();
    Operation *other = symbols.lookup(name);
    auto declaration = dyn_cast_if_present<func::FuncOp>(other);
    if (other && !(declaration && declaration.isExternal())) {
      InFlightDiagnostic diag =
          objective.emitError("the name of the gradient function, '")
          << name << "', is taken";
      diag.attachNote(other->getLoc()) << "by this";
      return diag;
    }

    func::FuncOp gradient = objective.clone();
    if (declaration)
      symbols.remove(declaration);
    gradient.setSymName(name);
    gradient->removeAttr(kObjectiveAttr);
    symbols.insert(gradient, std::next(Block::iterator(objective)));
    LogicalResult result =
        buildGradient(gradient, objective.getSymName(), *wanted);
    if (succeeded(result) && declaration)
      result = verifyDeclaration(declaration, gradient);
    if (declaration)
      declaration.erase();
    if (failed(result))
      symbols.erase(gradient);
    return result;
  }
};

} // namespace
