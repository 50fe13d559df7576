//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The backward pass of `rnn.segments`, a loop over parts of time, is one in the
// opposite direction. For each part it computes the forward pass again, from
// the states that the forward loop had before the part, and then goes backwards
// through it by a sweep like that over a function. Of the forward pass nothing
// lives but these states and the loop's inputs; residuals, adjoints and the
// factors of weights' gradients are those of one part.
//
// A value captured from outside gets a gradient from each part: the loop totals
// it where the value is shared, else a state sums it.
//
//===----------------------------------------------------------------------===//

#include "Differentiator.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace ravel::rnn;

/// `copy` is a clone of `op`: its values are active where those of `op` are.
void Differentiator::copyActivity(Operation *op, Operation *copy) {
  for (auto [from, to] : llvm::zip_equal(op->getResults(), copy->getResults()))
    activity.copy(from, to);
  for (auto [from, to] : llvm::zip_equal(op->getRegions(), copy->getRegions()))
    for (auto [block, other] : llvm::zip_equal(from, to)) {
      for (auto [argument, twin] :
           llvm::zip_equal(block.getArguments(), other.getArguments()))
        activity.copy(argument, twin);
      for (auto [nested, twin] : llvm::zip_equal(block, other))
        copyActivity(&nested, &twin);
    }
}

/// Computes a part of `segments` again in the body of `backward`, whose
/// arguments become the inputs' parts and the states before them. Returns the
/// ops, from last to first.
SmallVector<Operation *> Differentiator::repeatForward(SegmentsOp segments,
                                                       SegmentsOp backward,
                                                       Scope &inner,
                                                       IRMapping &mapping) {
  for (BlockArgument argument : segments.getEntry().getArguments()) {
    Value twin =
        backward.getEntry().addArgument(argument.getType(), argument.getLoc());
    mapping.map(argument, twin);
    activity.copy(argument, twin);
  }
  SmallVector<Operation *> ops;
  for (Operation &op : segments.getEntry().without_terminator()) {
    ops.push_back(inner.builder.clone(op, mapping));
    copyActivity(&op, ops.back());
  }
  return SmallVector<Operation *>(llvm::reverse(ops));
}

/// Lets the forward loop keep its states; returns the new loop, whose last
/// outputs they are.
SegmentsOp Differentiator::keepStates(SegmentsOp segments) {
  activity.forget(segments.getResults());
  for (Value result : segments.getResults())
    shared.erase(result);
  IRRewriter rewriter(segments.getContext());
  return segments.keepStates(rewriter);
}

/// Gives the backward body arguments for the gradients of the loop's outputs,
/// and collects these.
void Differentiator::setOutputGradients(
    SegmentsOp segments, Scope &outer, Scope &inner, const IRMapping &mapping,
    SmallVectorImpl<Value> &outputGradients) {
  for (auto [output, part] :
       llvm::zip_equal(segments.getOutputs(), segments.getYield().getOutputs()))
    for (Value gradient : outer.gradients.lookup(output)) {
      outputGradients.push_back(gradient);
      addGradient(
          inner.builder, mapping.lookupOrDefault(part),
          inner.visited->addArgument(part.getType(), gradient.getLoc()));
    }
}

/// Gives the backward body arguments for the gradients of the states after a
/// part, which begin as those of the final states.
void Differentiator::setStateGradients(OpBuilder &builder, SegmentsOp segments,
                                       Scope &outer, Scope &inner,
                                       const IRMapping &mapping,
                                       LoopAdjoint &adjoint) {
  for (auto [index, argument] : llvm::enumerate(segments.getStateArgs())) {
    if (!isActive(argument))
      continue;
    Value final = segments.getFinals()[index];
    SmallVector<Value, 1> gradient = outer.gradients.lookup(final);
    adjoint.initials.push_back(gradient.empty() ? createZeroLike(builder, final)
                                                : gradient.front());
    adjoint.states.push_back(index);
    Value next = segments.getYield().getStates()[index];
    addGradient(
        inner.builder, mapping.lookupOrDefault(next),
        inner.visited->addArgument(argument.getType(), argument.getLoc()));
  }
}

LogicalResult Differentiator::buildSegmentsAdjoint(OpBuilder &builder,
                                                   SegmentsOp segments) {
  if (scope->visited)
    return segments.emitError("no derivative is known for a loop over parts of "
                              "time in the body of another loop");
  Location loc = segments.getLoc();
  Scope &outer = *scope;
  // Holds the body until inputs and results are known.
  auto draft =
      SegmentsOp::create(builder, loc, segments.getLength(), ValueRange(),
                         ValueRange(), TypeRange(), !segments.getReverse());
  Block &body = draft.getEntry();
  Scope inner(segments.getContext());
  inner.visited = &draft.getBody();
  inner.builder.setInsertionPointToEnd(&body);

  LoopAdjoint adjoint;
  SmallVector<Value> outputGradients;
  {
    llvm::SaveAndRestore enter(scope, &inner);
    IRMapping mapping;
    SmallVector<Operation *> ops =
        repeatForward(segments, draft, inner, mapping);
    setOutputGradients(segments, outer, inner, mapping, outputGradients);
    setStateGradients(builder, segments, outer, inner, mapping, adjoint);
    if (failed(sweep(ops)))
      return failure();
    auto twin = [&](Value argument) { return mapping.lookup(argument); };
    collectGradients(inner, llvm::map_to_vector(segments.getStateArgs(), twin),
                     llvm::map_to_vector(segments.getInputArgs(), twin),
                     segments.getInputs(), adjoint);
    if (failed(addCaptured(builder, inner, body, segments, adjoint)))
      return failure();
    YieldOp::create(inner.builder, loc, adjoint.outputs, adjoint.next);
  }

  segments = keepStates(segments);
  SmallVector<Value> inputs(segments.getInputs());
  llvm::append_range(
      inputs, segments.getOutputs().take_back(segments.getStates().size()));
  llvm::append_range(inputs, outputGradients);
  auto backward = SegmentsOp::create(
      builder, loc, segments.getLength(), inputs, adjoint.initials,
      ValueRange(adjoint.outputs).getTypes(), !segments.getReverse());
  backward.getBody().takeBody(draft.getBody());
  draft.erase();

  addLoopGradients(builder, adjoint, segments.getStates(),
                   backward.getOutputs(), backward.getFinals());
  return success();
}
