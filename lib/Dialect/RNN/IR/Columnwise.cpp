//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/Columnwise.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace ravel::rnn;

std::optional<int64_t> ravel::rnn::getNumColumns(Type type) {
  if (isa<FloatType, IntegerType>(type))
    return 0;
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && tensor.getRank() == 1 && tensor.hasStaticShape())
    return tensor.getDimSize(0);
  return std::nullopt;
}

static bool isNumber(Type type) { return type.isIntOrIndexOrFloat(); }

/// A slice of a vector, of known offset and without gaps.
static bool isSlice(Operation *op) {
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  return slice && slice.getSourceType().getRank() == 1 &&
         slice.getType().getRank() == 1 && slice.getType().hasStaticShape() &&
         !ShapedType::isDynamic(slice.getStaticOffsets()[0]) &&
         slice.getStaticStrides()[0] == 1;
}

/// Whether `op` is elementwise on vectors of one size, and numbers.
static bool isElementwise(Operation *op) {
  if (!op->hasTrait<OpTrait::Elementwise>())
    return false;
  std::optional<int64_t> columns = getNumColumns(op->getResultTypes()[0]);
  return columns &&
         llvm::all_of(
             llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                      SmallVector<Type>(op->getResultTypes())),
             [&](Type type) {
               return isNumber(type) || getNumColumns(type) == columns;
             });
}

bool ravel::rnn::isColumnwise(Operation *op, int64_t columns) {
  if (op->getNumRegions() != 0 || !isMemoryEffectFree(op) ||
      op->getNumResults() == 0)
    return false;
  if (llvm::all_of(op->getOperandTypes(), isNumber) &&
      llvm::all_of(op->getResultTypes(), isNumber))
    return true;
  if (columns == 0)
    return false;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return dense && dense.isSplat();
  }
  return isa<BroadcastOp, tensor::SplatOp>(op) || isSlice(op) ||
         isElementwise(op);
}

std::optional<MixedColumns> ravel::rnn::findMixedColumns(Block &body) {
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield->getNumOperands() == 0)
    return MixedColumns{yield, "has neither states nor outputs"};
  std::optional<int64_t> columns =
      getNumColumns(yield->getOperands().back().getType());
  for (Type type : yield->getOperandTypes())
    if (!columns || getNumColumns(type) != columns)
      return MixedColumns{
          yield,
          "its states and outputs must be vectors of one size, or numbers"};
  DenseSet<Value> dependent;
  for (Value state : body.getArguments().take_back(yield.getStates().size()))
    dependent.insert(state);
  for (Operation &op : body.without_terminator()) {
    if (!isColumnwise(&op, *columns))
      return MixedColumns{&op, "an op of its body is not columnwise"};
    if (llvm::none_of(op.getOperands(),
                      [&](Value v) { return dependent.contains(v); }))
      continue;
    if (isSlice(&op))
      return MixedColumns{&op, "a slice of a state mixes its columns"};
    dependent.insert_range(op.getResults());
  }
  return std::nullopt;
}

int64_t ravel::rnn::getNumColumns(Block &body) {
  return *getNumColumns(body.getTerminator()->getOperands().back().getType());
}
