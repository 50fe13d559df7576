//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What functions that are made of a model's functions have in common: other
// results, and states that are handed on from call to call.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ravel::rnn;

void ravel::rnn::replaceResults(func::FuncOp function, ValueRange values,
                                ArrayRef<StringAttr> names) {
  MLIRContext *context = function.getContext();
  auto returned = cast<func::ReturnOp>(function.front().getTerminator());
  SmallVector<Value> results(values);
  SmallVector<DictionaryAttr> attrs;
  for (StringAttr name : names)
    attrs.push_back(DictionaryAttr::get(
        context,
        NamedAttribute(StringAttr::get(context, RNNDialect::kNameAttr), name)));
  // States that are carried on stay.
  for (auto [index, value] : llvm::enumerate(returned.getOperands()))
    if (function.getResultAttr(index, "rnn.carry")) {
      results.push_back(value);
      attrs.push_back(function.getResultAttrDict(index));
    }
  returned->setOperands(results);
  function.setType(FunctionType::get(context, function.getArgumentTypes(),
                                     ValueRange(results).getTypes()));
  function.setAllResultAttrs(attrs);
  IRRewriter rewriter(context);
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op))
      rewriter.eraseOp(&op);
}

static bool isZero(Value value) {
  DenseElementsAttr constant;
  return matchPattern(value, m_Constant(&constant)) && constant.isSplat() &&
         isa<FloatType>(constant.getElementType()) &&
         constant.getSplatValue<APFloat>().isZero();
}

bool ravel::rnn::canBeGivenInParts(func::FuncOp function) {
  auto isSequence = [](Type type) { return isa<SeqType>(type); };
  // A loop that looks at a sequence from outside sees more than an instant.
  WalkResult looks = function.walk([&](Operation *op) {
    bool isInner = op->getBlock() != &function.front() && op != function;
    return isInner && llvm::any_of(op->getOperandTypes(),
                                   [](Type type) {
                                     return isa<SeqType, MemoryType>(type);
                                   })
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (looks.wasInterrupted())
    return false;
  for (Operation &op : function.front().without_terminator()) {
    if (!llvm::any_of(op.getOperandTypes(), isSequence) || isa<ContractOp>(op))
      continue;
    auto scan = dyn_cast<ScanOp>(op);
    if (!scan || scan.getReverse() || !llvm::all_of(scan.getStates(), isZero) ||
        !scan.getFinals().use_empty())
      return false;
  }
  return true;
}

void ravel::rnn::eraseUnusedParameters(func::FuncOp function) {
  BitVector unused(function.getNumArguments());
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    unused[index] = argument.use_empty() &&
                    function.getArgAttr(index, RNNDialect::kParameterAttr);
  }
  // Cannot fail: nothing else is known of the function.
  (void)function.eraseArguments(unused);
}

void ravel::rnn::carryStates(func::FuncOp function) {
  Builder builder(function.getContext());
  Operation *returned = function.front().getTerminator();
  for (auto scan : function.front().getOps<ScanOp>())
    for (auto [index, last] : llvm::enumerate(scan.getFinals())) {
      unsigned place = function.getNumResults();
      auto name = builder.getStringAttr("state." + Twine(place));
      NamedAttribute carry = builder.getNamedAttr("rnn.carry", name);
      unsigned argument = function.getNumArguments();
      // Neither can fail: nothing else is known of the function.
      (void)function.insertArgument(
          argument, last.getType(),
          builder.getDictionaryAttr(
              {carry, builder.getNamedAttr(RNNDialect::kNameAttr, name)}),
          scan.getLoc());
      scan.getStatesMutable()[index].set(function.getArgument(argument));
      returned->insertOperands(place, last);
      (void)function.insertResult(place, last.getType(),
                                  builder.getDictionaryAttr(carry));
    }
}
