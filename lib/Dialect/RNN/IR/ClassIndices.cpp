//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

std::optional<int64_t> ravel::rnn::findNumClasses(Value index) {
  std::optional<int64_t> limit;
  auto add = [&](std::optional<int64_t> other) {
    if (other)
      limit = limit ? std::min(*limit, *other) : *other;
  };
  auto getSize = [](Value value) -> std::optional<int64_t> {
    return cast<ShapedType>(value.getType()).getDimSize(0);
  };
  for (OpOperand &use : index.getUses()) {
    Operation *op = use.getOwner();
    if (auto lookup = dyn_cast<LookupOp>(op);
        lookup && use.get() == lookup.getIndex())
      add(getSize(lookup.getMatrix()));
    else if (auto pick = dyn_cast<PickOp>(op))
      add(getSize(pick.getOperand()));
    else if (auto code = dyn_cast<OneHotOp>(op))
      add(getSize(code.getResult()));
    else if (auto reverse = dyn_cast<ReverseOp>(op))
      add(findNumClasses(reverse.getResult()));
    else if (auto shift = dyn_cast<ShiftOp>(op))
      add(findNumClasses(shift.getResult()));
    else if (auto scan = dyn_cast<ScanOp>(op))
      add(findNumClasses(scan.getEntry().getArgument(use.getOperandNumber())));
  }
  return limit;
}
