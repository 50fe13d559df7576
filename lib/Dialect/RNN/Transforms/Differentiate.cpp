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
//    computed from parameters alone are built once, not per instant. With
//    `checkpoint-time`, scans become loops over parts of time
//    (SegmentTime.cpp).
// 2. Activity: a value is *active* if it depends on an argument that is asked
//    for (varied) and the loss depends on it (useful). Both are fixed points,
//    for a scan's states feed themselves. Only active values get gradients.
// 3. The gradient of the loss is the example's weight. The ops are visited from
//    last to first; each adds, by its `DifferentiableOpInterface`, to the
//    gradients of its operands. All uses of a value come after it, so when an
//    op is reached the gradients of its results are complete.
// 4. The gradients asked for are returned, and canonicalization removes what
//    was built in vain.
//
// The backward passes of ops are put together in Differentiator.cpp.
//
//===----------------------------------------------------------------------===//

#include "Differentiator.h"
#include "Utils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"

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

/// Moves what does not change in time out of the loops of `function`. What sums
/// over a part of time does.
static void hoistInvariants(func::FuncOp function) {
  function.walk([](ScanOp scan) {
    hoistInvariants(scan, [](Operation &) { return true; });
  });
  function.walk([](SegmentsOp segments) {
    hoistInvariants(
        segments, [](Operation &op) { return !isa<BatchableOpInterface>(op); });
  });
}

/// Removes what was built in vain, and every sequence of matrices.
static LogicalResult simplify(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  ScanOp::getCanonicalizationPatterns(patterns, context);
  SegmentsOp::getCanonicalizationPatterns(patterns, context);
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

/// Makes `gradient`, a copy of the objective `name`, its gradient function,
/// which keeps states every `checkpointTime` instants if that is not 0.
static LogicalResult buildGradient(func::FuncOp gradient, StringRef name,
                                   ArrayRef<Wanted> wanted,
                                   int64_t checkpointTime) {
  Block &body = gradient.getBody().front();
  auto returned = cast<func::ReturnOp>(body.getTerminator());
  hoistInvariants(gradient);
  if (checkpointTime != 0)
    segmentTime(gradient, checkpointTime);
  Value loss = returned.getOperand(0);
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
    if (checkpointTime < 0) {
      getOperation().emitError(
          "'checkpoint-time' must not be negative, but is ")
          << checkpointTime.getValue();
      return signalPassFailure();
    }
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
    LogicalResult result = buildGradient(gradient, objective.getSymName(),
                                         *wanted, checkpointTime);
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
