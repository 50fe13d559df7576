//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;
using namespace ravel::rnn;

void ravel::rnn::collectTerms(arith::AddFOp root, SmallVectorImpl<Value> &terms,
                              SmallVectorImpl<Operation *> &inner) {
  for (Value operand : root.getOperands()) {
    auto sum = operand.getDefiningOp<arith::AddFOp>();
    if (sum && sum->getBlock() == root->getBlock() && operand.hasOneUse()) {
      inner.push_back(sum);
      collectTerms(sum, terms, inner);
      continue;
    }
    terms.push_back(operand);
  }
}

void ravel::rnn::hoistInvariants(Operation *loop, OpFilter moves) {
  moveLoopInvariantCode(
      &loop->getRegion(0),
      [](Value value, Region *body) {
        return !body->isAncestor(value.getParentRegion());
      },
      [&](Operation *op, Region *) {
        return isPure(op) && !op->hasTrait<OpTrait::IsTerminator>() &&
               moves(*op);
      },
      [&](Operation *op, Region *) { op->moveBefore(loop); });
}
