//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LengthClasses.h"

using namespace mlir;
using namespace ravel::rnn;

/// Whether a value of `type` has a length of its own, or holds something that
/// has.
static bool hasLength(Type type, bool inner) {
  if (!inner)
    return isa<SeqType>(type);
  return isa<MemoryType, AlignmentType>(getElementOrSelf(type));
}

LengthClasses::LengthClasses(func::FuncOp function) : function(function) {
  function.getBody().walk([&](Operation *op) { visit(op); });
  auto number = [&](bool inner) {
    for (Value argument : function.getArguments())
      if (hasLength(argument.getType(), inner) &&
          classes.try_emplace(find(getNode(argument, inner)), numClasses)
              .second)
        ++numClasses;
  };
  number(/*inner=*/false);
  numSequenceClasses = numClasses;
  number(/*inner=*/true);
}

unsigned LengthClasses::find(unsigned node) {
  while (parents[node] != node)
    node = parents[node] = parents[parents[node]];
  return node;
}

unsigned LengthClasses::getNode(Value value, bool inner) {
  auto [it, inserted] = nodes.try_emplace({value, inner}, parents.size());
  if (inserted)
    parents.push_back(it->second);
  return it->second;
}

void LengthClasses::merge(Value a, bool innerA, Value b, bool innerB) {
  if (hasLength(a.getType(), innerA) && hasLength(b.getType(), innerB))
    parents[find(getNode(a, innerA))] = find(getNode(b, innerB));
}

/// All of `values` that have a length have the same.
void LengthClasses::mergeAll(ValueRange values) {
  for (bool inner : {false, true}) {
    Value first;
    for (Value value : values) {
      if (!hasLength(value.getType(), inner))
        continue;
      if (first)
        merge(first, inner, value, inner);
      first = value;
    }
  }
}

void LengthClasses::visit(Operation *op) {
  auto mergeLoop = [&](auto loop) {
    Value sequence;
    auto bind = [&](Value outside, Value inside) {
      merge(outside, true, inside, true);
      // A part of a sequence is of the sequence's class.
      merge(outside, false, inside, false);
      if (!hasLength(outside.getType(), false))
        return;
      if (sequence)
        merge(sequence, false, outside, false);
      sequence = outside;
    };
    for (auto [input, argument] :
         llvm::zip_equal(loop.getInputs(), loop.getInputArgs()))
      bind(input, argument);
    for (auto [output, value] :
         llvm::zip_equal(loop.getOutputs(), loop.getYield().getOutputs()))
      bind(output, value);
  };
  if (auto scan = dyn_cast<ScanOp>(op))
    return mergeLoop(scan);
  if (auto segments = dyn_cast<SegmentsOp>(op))
    return mergeLoop(segments);
  if (op->hasTrait<OpTrait::IsTerminator>())
    return;
  if (auto remember = dyn_cast<RememberOp>(op))
    return merge(remember.getOperand(), false, remember.getResult(), true);
  if (auto accumulate = dyn_cast<AccumulateOp>(op)) {
    mergeAll({accumulate.getAlignment(), accumulate.getVector()});
    merge(accumulate.getAlignment(), true, accumulate.getLike(), false);
    return merge(accumulate.getLike(), false, accumulate.getResult(), false);
  }
  SmallVector<Value> values(op->getOperands());
  llvm::append_range(values, op->getResults());
  mergeAll(values);
}

LogicalResult LengthClasses::verify() {
  LogicalResult result = success();
  function.getBody().walk([&](Operation *op) {
    for (Value value : op->getResults())
      for (bool inner : {false, true})
        if (succeeded(result) && hasLength(value.getType(), inner) &&
            !lookup(value, inner))
          result =
              op->emitError("the length of this value comes from no argument");
  });
  return result;
}

std::optional<unsigned> LengthClasses::lookup(Value value, bool inner) {
  if (!hasLength(value.getType(), inner))
    return std::nullopt;
  auto node = nodes.find({value, inner});
  if (node == nodes.end())
    return std::nullopt;
  auto it = classes.find(find(node->second));
  return it == classes.end() ? std::nullopt : std::optional(it->second);
}

std::optional<unsigned> LengthClasses::getClass(Value value) {
  return lookup(value, /*inner=*/false);
}

std::optional<unsigned> LengthClasses::getMemoryClass(Value value) {
  return lookup(value, /*inner=*/true);
}
