//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the vector code of the body of chains; see ChainEvaluator.h.
//
// All that is made of one vector of columns is computed before the next vector
// is begun: a block has many states in registers and little room beside them.
//
//===----------------------------------------------------------------------===//

#include "ChainEvaluator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

static bool isVector(Value value) {
  return isa<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static Type getVectorType(const ColumnBlock &block, Type element) {
  if (!block.column)
    return element;
  return VectorType::get({block.lanes}, element);
}

/// The column of vector `u`, `offset` further on.
static Value getColumn(ImplicitLocOpBuilder &builder, const ColumnBlock &block,
                       int64_t u, int64_t offset) {
  int64_t distance = u * block.lanes + offset;
  if (distance == 0)
    return block.column;
  return builder.createOrFold<arith::AddIOp>(
      block.column, arith::ConstantIndexOp::create(builder, distance));
}

static bool isPartial(const ColumnBlock &block, int64_t u) {
  return u == block.vectors - 1 && block.lastLanes != block.lanes;
}

static Value createMask(ImplicitLocOpBuilder &builder,
                        const ColumnBlock &block) {
  SmallVector<bool> mask(block.lanes, false);
  std::fill_n(mask.begin(), block.lastLanes, true);
  auto type = VectorType::get({block.lanes}, builder.getI1Type());
  return arith::ConstantOp::create(builder, DenseElementsAttr::get(type, mask));
}

/// Vector `u` of row `row` of `memref`, or its number; all rows have one where
/// `row` is null.
static Value loadVector(ImplicitLocOpBuilder &builder, const ColumnBlock &block,
                        Value memref, Value row, int64_t u, int64_t offset) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  SmallVector<Value> indices;
  if (row)
    indices.push_back(row);
  indices.push_back(getColumn(builder, block, u, offset));
  auto type = cast<VectorType>(::getVectorType(block, element));
  if (!isPartial(block, u))
    return vector::LoadOp::create(builder, type, memref, indices);
  Value zeros = arith::ConstantOp::create(builder, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, type, memref, indices,
                                      createMask(builder, block), zeros);
}

static void storeVector(ImplicitLocOpBuilder &builder, const ColumnBlock &block,
                        Value vector, Value memref, Value row, int64_t u) {
  if (!block.column) {
    memref::StoreOp::create(builder, vector, memref, row);
    return;
  }
  SmallVector<Value> indices{row, getColumn(builder, block, u, 0)};
  if (isPartial(block, u))
    vector::MaskedStoreOp::create(builder, memref, indices,
                                  createMask(builder, block), vector);
  else
    vector::StoreOp::create(builder, vector, memref, indices);
}

ChainEvaluator::Values ChainEvaluator::loadStates(ImplicitLocOpBuilder &builder,
                                                  ChainsOp op,
                                                  const ColumnBlock &block) {
  Values states;
  for (Value memref : op.getStates())
    for (int64_t u = 0; u < block.vectors; ++u)
      states.push_back(
          block.column ? loadVector(builder, block, memref, block.example, u, 0)
                       : memref::LoadOp::create(builder, memref, block.example)
                             .getResult());
  return states;
}

void ChainEvaluator::storeStates(ImplicitLocOpBuilder &builder, ChainsOp op,
                                 const ColumnBlock &block, ValueRange states) {
  for (auto [s, memref] : llvm::enumerate(op.getStates()))
    for (int64_t u = 0; u < block.vectors; ++u)
      storeVector(builder, block, states[s * block.vectors + u], memref,
                  block.example, u);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Type ChainEvaluator::getVectorType(Type element) const {
  return ::getVectorType(block, element);
}

Value ChainEvaluator::createSplat(Type element, double value) {
  TypedAttr attr = builder.getFloatAttr(element, value);
  if (auto vector = dyn_cast<VectorType>(getVectorType(element)))
    attr = DenseElementsAttr::get(vector, attr);
  return arith::ConstantOp::create(builder, attr);
}

/// Whether `value` is the same at all instants.
bool ChainEvaluator::isFixed(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    return number >= op.getIns().size() &&
           number < op.getEntry().getNumArguments() - op.getStates().size();
  }
  auto it = isFixedMemo.find(value);
  if (it != isFixedMemo.end())
    return it->second;
  bool result = llvm::all_of(value.getDefiningOp()->getOperands(),
                             [&](Value operand) { return isFixed(operand); });
  isFixedMemo[value] = result;
  return result;
}

void ChainEvaluator::beginInstant(Value row, ValueRange states) {
  this->row = row;
  current.clear();
  for (auto [s, argument] : llvm::enumerate(op.getStateArgs()))
    for (int64_t u = 0; u < block.vectors; ++u)
      current[Place{argument, 0, u}.key()] = states[s * block.vectors + u];
}

ChainEvaluator::Values ChainEvaluator::evaluateInstant(bool writesOutputs) {
  YieldOp yield = op.getYield();
  Values next(yield.getStates().size() * block.vectors);
  for (int64_t u = 0; u < block.vectors; ++u) {
    for (auto [s, value] : llvm::enumerate(yield.getStates()))
      next[s * block.vectors + u] = evaluate({value, 0, u});
    if (!writesOutputs)
      continue;
    // All is read before anything is written.
    SmallVector<Value> outputs;
    for (Value value : yield.getOutputs())
      outputs.push_back(evaluate({value, 0, u}));
    for (auto [vector, memref] : llvm::zip(outputs, op.getOuts()))
      storeVector(builder, block, vector, memref, row, u);
  }
  return next;
}

Value ChainEvaluator::evaluate(Place place) {
  // All vectors share a number.
  if (!isVector(place.value))
    place.vector = 0;
  bool fixedInTime = isFixed(place.value);
  Memo &memo = fixedInTime ? fixed : current;
  if (Value known = memo.lookup(place.key()))
    return known;
  OpBuilder::InsertionGuard guard(builder);
  if (fixedInTime)
    builder.setInsertionPoint(loop);
  Value result = compute(place);
  memo[place.key()] = result;
  return result;
}

Value ChainEvaluator::loadArgument(BlockArgument argument, Place place) {
  unsigned number = argument.getArgNumber();
  unsigned numIns = op.getIns().size(), numExamples = op.getExamples().size();
  Value memref, index;
  if (number < numIns) {
    memref = op.getIns()[number];
    index = row;
  } else if (number < numIns + numExamples) {
    memref = op.getExamples()[number - numIns];
    index = block.example;
  } else {
    memref = op.getShared()[number - numIns - numExamples];
    if (!isVector(argument))
      return isa<MemRefType>(memref.getType())
                 ? memref::LoadOp::create(builder, memref, ValueRange())
                       .getResult()
                 : memref;
  }
  if (!isVector(argument))
    return memref::LoadOp::create(builder, memref, index);
  return loadVector(builder, block, memref, index, place.vector, place.offset);
}

Value ChainEvaluator::compute(Place place) {
  if (auto argument = dyn_cast<BlockArgument>(place.value))
    return loadArgument(argument, place);
  Operation *inner = place.value.getDefiningOp();
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(inner))
    return evaluate({slice.getSource(),
                     place.offset + slice.getStaticOffsets()[0], place.vector});
  if (isVector(place.value)) {
    auto type = cast<VectorType>(
        getVectorType(getElementTypeOrSelf(place.value.getType())));
    if (auto constant = dyn_cast<arith::ConstantOp>(inner))
      return arith::ConstantOp::create(
          builder,
          cast<DenseElementsAttr>(constant.getValue()).resizeSplat(type));
    if (isa<BroadcastOp, tensor::SplatOp>(inner))
      return vector::BroadcastOp::create(
          builder, type, evaluate({inner->getOperand(0), 0, 0}));
  }
  return cloneAt(inner, cast<OpResult>(place.value), place);
}

/// `result` of `inner` at `place`, by the same op on vectors.
Value ChainEvaluator::cloneAt(Operation *inner, OpResult result, Place place) {
  IRMapping mapping;
  for (Value operand : inner->getOperands())
    mapping.map(operand, evaluate({operand, place.offset, place.vector}));
  Operation *clone = builder.clone(*inner, mapping);
  for (OpResult each : clone->getResults())
    if (isVector(each))
      each.setType(getVectorType(getElementTypeOrSelf(each)));
  return clone->getResult(result.getResultNumber());
}

//===----------------------------------------------------------------------===//
// Tangents
//===----------------------------------------------------------------------===//

ChainEvaluator::Values ChainEvaluator::evaluateTangents(ValueRange tangents) {
  tangentMemo.clear();
  for (auto [s, argument] : llvm::enumerate(op.getStateArgs()))
    for (int64_t u = 0; u < block.vectors; ++u)
      tangentMemo[Place{argument, 0, u}.key()] =
          tangents[s * block.vectors + u];
  Values next;
  for (Value value : op.getYield().getStates())
    for (int64_t u = 0; u < block.vectors; ++u)
      next.push_back(getTangent(value, u));
  return next;
}

Value ChainEvaluator::getTangent(Value value, int64_t vector) {
  auto key = Place{value, 0, vector}.key();
  auto it = tangentMemo.find(key);
  if (it != tangentMemo.end())
    return it->second;
  Value result;
  if (!isa<BlockArgument>(value))
    result = computeTangent(value.getDefiningOp(), vector);
  tangentMemo[key] = result;
  return result;
}

/// The tangent of the result of an op for which `isLinear` holds.
Value ChainEvaluator::computeTangent(Operation *inner, int64_t vector) {
  auto tangent = [&](unsigned index) {
    return getTangent(inner->getOperand(index), vector);
  };
  auto factor = [&](unsigned index) {
    return evaluate({inner->getOperand(index), 0, vector});
  };
  auto multiply = [&](Value value, unsigned other) -> Value {
    return value ? arith::MulFOp::create(builder, value, factor(other)) : value;
  };
  auto add = [&](Value a, Value b) -> Value {
    if (!a || !b)
      return a ? a : b;
    return arith::AddFOp::create(builder, a, b);
  };
  auto negate = [&](Value value) -> Value {
    return value ? arith::NegFOp::create(builder, value) : value;
  };
  return llvm::TypeSwitch<Operation *, Value>(inner)
      .Case([&](arith::AddFOp) { return add(tangent(0), tangent(1)); })
      .Case([&](arith::SubFOp) { return add(tangent(0), negate(tangent(1))); })
      .Case([&](arith::NegFOp) { return negate(tangent(0)); })
      .Case([&](arith::MulFOp) {
        return add(multiply(tangent(0), 1), multiply(tangent(1), 0));
      })
      .Case([&](arith::DivFOp) -> Value {
        Value value = tangent(0);
        return value ? arith::DivFOp::create(builder, value, factor(1)) : value;
      })
      .Default([](Operation *) { return Value(); });
}

bool ravel::isLinear(ChainsOp op) {
  DenseSet<Value> dependent;
  dependent.insert_range(op.getStateArgs());
  // What depends on a state otherwise than linearly.
  DenseSet<Value> curved;
  for (Operation &inner : op.getEntry().without_terminator()) {
    auto is = [&](unsigned index) {
      return dependent.contains(inner.getOperand(index));
    };
    if (llvm::none_of(inner.getOperands(),
                      [&](Value v) { return dependent.contains(v); }))
      continue;
    dependent.insert_range(inner.getResults());
    bool keepsLinear =
        isa<arith::AddFOp, arith::SubFOp, arith::NegFOp>(inner) ||
        (isa<arith::MulFOp>(inner) && !(is(0) && is(1))) ||
        (isa<arith::DivFOp>(inner) && !is(1));
    if (!keepsLinear || llvm::any_of(inner.getOperands(), [&](Value v) {
          return curved.contains(v);
        }))
      curved.insert_range(inner.getResults());
  }
  return llvm::none_of(op.getYield().getStates(),
                       [&](Value v) { return curved.contains(v); });
}
