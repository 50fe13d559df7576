//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

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
//   where it is the example's own, a state of the backward scan sums them. To a
//   memory's gradient an instant adds an outer product: its factors are put out
//   and `rnn.accumulate` sums the products. A memory's gradient is a sequence.
//
//===----------------------------------------------------------------------===//

#include "Differentiator.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace ravel::rnn;

Differentiator::Differentiator(func::FuncOp function, StringRef objective,
                               Activity activity)
    : function(function), objective(objective), activity(std::move(activity)),
      top(function.getContext()) {
  top.builder.setInsertionPoint(function.getBody().front().getTerminator());
}

/// The ops of `block` from last to first, but for the terminator.
static SmallVector<Operation *> getReversed(Block &block) {
  return llvm::map_to_vector(llvm::reverse(block.without_terminator()),
                             [](Operation &op) { return &op; });
}

LogicalResult Differentiator::run(Value loss, Value gradient) {
  addGradient(top.builder, loss, gradient);
  // The function's backward pass grows in the very block that is visited.
  return sweep(getReversed(function.getBody().front()));
}

/// The sum of what `imprint` adds to the gradient of `memory`: all of it, or
/// with sequences of its factors what it adds at each instant.
static Value createAccumulated(OpBuilder &builder, Value memory,
                               ImprintOp imprint, Value alignment,
                               Value vector) {
  Location loc = imprint.getLoc();
  Value sequence = memory.getDefiningOp<RememberOp>().getOperand();
  Value sum = AccumulateOp::create(builder, loc, sequence.getType(), alignment,
                                   vector, sequence, imprint.getMemory());
  if (!imprint.getWeights())
    return sum;
  Type element = getElementOrSelf(sum.getType());
  auto scan = ScanOp::create(builder, loc, sum, ValueRange(), element);
  OpBuilder body = OpBuilder::atBlockEnd(&scan.getEntry());
  Value weighted = arith::MulFOp::create(body, loc, scan.getInputArgs().front(),
                                         imprint.getWeights());
  YieldOp::create(body, loc, weighted);
  return scan.getOutputs().front();
}

/// Whether `value` is defined outside the loop whose body is visited.
bool Differentiator::isCaptured(Value value) const {
  return scope->visited && !scope->visited->isAncestor(value.getParentRegion());
}

/// The sum of two values of one type that is not a sequence.
static Value createSum(OpBuilder &builder, Value a, Value b) {
  if (isa<AlignmentType>(a.getType()))
    return AddAlignmentsOp::create(builder, b.getLoc(), a, b);
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

Value ravel::rnn::createZeroLike(OpBuilder &builder, Value like) {
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
  } else if (auto segments = value.getDefiningOp<SegmentsOp>()) {
    result = segments.isTotal(value);
  } else if (Operation *op = value.getDefiningOp();
             !isa<ScanOp>(op->getParentOp()) && op->getNumRegions() == 0) {
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
  if (isCaptured(value)) {
    if (isa<MemoryType>(value.getType())) {
      add(scope->captured[value], /*sum=*/false);
      return;
    }
    if (!scope->scan) {
      if (isShared(value) && !isShared(gradient))
        gradient = TotalOp::create(builder, gradient.getLoc(), value.getType(),
                                   gradient);
      add(scope->captured[value], /*sum=*/true);
      return;
    }
    // Products that make up a shared matrix are totalled one by one.
    auto type = dyn_cast<RankedTensorType>(value.getType());
    bool matrix = type && type.getRank() > 1 && isShared(value);
    add(scope->captured[value], !matrix);
    return;
  }
  if (auto imprint = gradient.getDefiningOp<ImprintOp>())
    gradient = createAccumulated(builder, value, imprint,
                                 imprint.getAlignment(), imprint.getVector());
  if (!scope->scan && isShared(value) && !isShared(gradient))
    gradient =
        TotalOp::create(builder, gradient.getLoc(), value.getType(), gradient);
  add(scope->gradients[value], !isa<SeqType, MemoryType>(value.getType()));
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
    return isCaptured(value) || scope->forward.contains(value) ||
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
  if (!scan || isCaptured(value))
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

/// Builds the backward pass of `ops`, which come from last to first.
LogicalResult Differentiator::sweep(ArrayRef<Operation *> ops) {
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

/// Builds the body of the backward scan, all but its outputs and next states.
LogicalResult Differentiator::buildScanBody(OpBuilder &builder, Scope &outer,
                                            LoopAdjoint &adjoint) {
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
    adjoint.initials.push_back(it == outer.gradients.end()
                                   ? createZeroLike(builder, final)
                                   : it->second.front());
    adjoint.states.push_back(index);
    Value gradient =
        scope->body->addArgument(argument.getType(), argument.getLoc());
    addGradient(scope->builder, yield.getStates()[index], gradient);
  }
  return sweep(getReversed(scan.getEntry()));
}

/// Makes the factors of what instants add to the gradient of `memory` outputs
/// of the backward loop.
LogicalResult Differentiator::addCapturedMemory(Value memory,
                                                ValueRange gradients,
                                                Operation *loop,
                                                LoopAdjoint &adjoint) {
  auto fail = [&](const Twine &message) {
    InFlightDiagnostic diag = loop->emitError(message);
    diag.attachNote(memory.getLoc()) << "the memory is made here";
    return diag;
  };
  if (!isa<ScanOp>(loop) || !memory.getDefiningOp<RememberOp>())
    return fail("no derivative is known for a loop over parts of time that "
                "reads a memory");
  for (Value gradient : gradients) {
    auto imprint = gradient.getDefiningOp<ImprintOp>();
    Value weights = imprint.getWeights();
    if (weights && !isCaptured(weights))
      return fail("the weights of an additive score must not depend on time");
    adjoint.memories.push_back(memory);
    adjoint.imprints.push_back(imprint);
    for (Value factor :
         {Value(imprint.getAlignment()), Value(imprint.getVector())}) {
      adjoint.outputs.push_back(factor);
      adjoint.sources.push_back(Value());
    }
  }
  return success();
}

/// Makes gradients of captured values outputs of the backward loop, where these
/// are shared, or else states of it, which sum them. `body` is that of the
/// backward loop.
LogicalResult Differentiator::addCaptured(OpBuilder &builder, Scope &inner,
                                          Block &body, Operation *loop,
                                          LoopAdjoint &adjoint) {
  for (auto &[value, gradients] : inner.captured) {
    if (isShared(value)) {
      for (Value gradient : gradients) {
        adjoint.outputs.push_back(gradient);
        adjoint.sources.push_back(value);
      }
      continue;
    }
    if (isa<MemoryType>(value.getType())) {
      if (failed(addCapturedMemory(value, gradients, loop, adjoint)))
        return failure();
      continue;
    }
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (isa<SeqType>(value.getType()) || (type && type.getRank() > 1)) {
      InFlightDiagnostic diag = loop->emitError(
          "no derivative is known for a scan that uses, at every instant, a "
          "sequence or matrix of the example");
      diag.attachNote(value.getLoc())
          << "of type " << value.getType() << ", defined here";
      return diag;
    }
    Value sum = body.addArgument(value.getType(), value.getLoc());
    adjoint.initials.push_back(createZeroLike(builder, value));
    adjoint.next.push_back(createSum(inner.builder, sum, gradients.front()));
    adjoint.summed.push_back(value);
  }
  return success();
}

/// Makes the gradients of a body's states its next states, and those of its
/// inputs its outputs. The arguments are those that were visited.
void Differentiator::collectGradients(Scope &inner, ValueRange stateArgs,
                                      ValueRange inputArgs, ValueRange inputs,
                                      LoopAdjoint &adjoint) {
  for (unsigned index : adjoint.states) {
    Value gradient = getGradient(stateArgs[index]);
    adjoint.next.push_back(
        gradient ? gradient : createZeroLike(inner.builder, stateArgs[index]));
  }
  for (auto [argument, input] : llvm::zip_equal(inputArgs, inputs))
    if (Value gradient = getGradient(argument)) {
      adjoint.outputs.push_back(gradient);
      adjoint.sources.push_back(input);
    }
}

/// Adds what a backward loop gives to the gradients of what the forward loop,
/// which began with `states`, took.
void Differentiator::addLoopGradients(OpBuilder &builder,
                                      const LoopAdjoint &adjoint,
                                      ValueRange states, ValueRange outputs,
                                      ValueRange finals) {
  SmallVector<Value> factors;
  for (auto [source, gradient] : llvm::zip_equal(adjoint.sources, outputs)) {
    if (source)
      addGradient(builder, source, gradient);
    else
      factors.push_back(gradient);
  }
  for (auto [index, imprint] : llvm::enumerate(adjoint.imprints)) {
    Value memory = adjoint.memories[index];
    addGradient(builder, memory,
                createAccumulated(builder, memory, imprint, factors[2 * index],
                                  factors[2 * index + 1]));
  }
  SmallVector<Value> values = llvm::map_to_vector(
      adjoint.states, [&](unsigned index) -> Value { return states[index]; });
  llvm::append_range(values, adjoint.summed);
  for (auto [value, gradient] : llvm::zip_equal(values, finals))
    addGradient(builder, value, gradient);
}

LogicalResult Differentiator::buildScanAdjoint(OpBuilder &builder,
                                               ScanOp scan) {
  if (scope->scan)
    return scan.emitError("no derivative is known for a scan in the body of "
                          "another");
  Location loc = scan.getLoc();
  Scope &outer = *scope;
  Scope inner(scan.getContext());
  inner.scan = scan;
  inner.visited = &scan.getBody();
  inner.body = std::make_unique<Block>();
  inner.builder.setInsertionPointToEnd(inner.body.get());

  LoopAdjoint adjoint;
  {
    llvm::SaveAndRestore enter(scope, &inner);
    if (failed(buildScanBody(builder, outer, adjoint)))
      return failure();
    collectGradients(inner, ValueRange(scan.getStateArgs()),
                     ValueRange(scan.getInputArgs()), scan.getInputs(),
                     adjoint);
    if (failed(addCaptured(builder, inner, *inner.body, scan, adjoint)))
      return failure();
    // Something must give the length.
    if (inner.inputs.empty())
      addInput({scan.getInputs().front()},
               scan.getInputArgs().front().getType(), loc);
    YieldOp::create(inner.builder, loc, adjoint.outputs, adjoint.next);
  }

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
  auto backward =
      ScanOp::create(builder, loc, inputs, adjoint.initials,
                     ValueRange(adjoint.outputs).getTypes(), !reverse);
  backward.getEntry().erase();
  backward.getBody().push_back(inner.body.release());

  addLoopGradients(builder, adjoint, scan.getStates(), backward.getOutputs(),
                   backward.getFinals());
  return success();
}
