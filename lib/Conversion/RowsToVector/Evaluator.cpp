//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the vector code of values; see Evaluator.h.
//
// A value is evaluated by what it is: an elementwise op becomes the same op on
// vectors, a slice its source further on, a row or a value in memory a load. A
// product is a sum over k of a number of the row times a vector of weights. The
// terms are added one by one, in order of k, for every tile: a row gives the
// same bits in whatever block it falls.
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

std::pair<Value, bool> Evaluator::getMemory(const Kernel &kernel, Value value) {
  if (std::optional<unsigned> out = kernel.plan.getOutOf(value))
    return {RowsOp(kernel.op).getOuts()[*out], false};
  return {kernel.scratch.lookup(value), true};
}

Value ravel::getSharedMemref(RowsOp op, Value matrix) {
  return op.getShared()[cast<BlockArgument>(matrix).getArgNumber() -
                        op.getIns().size()];
}

static bool isVector(Value value) {
  return isa<RankedTensorType>(value.getType());
}

Value Evaluator::getColumn(int64_t u, int64_t offset) {
  int64_t distance = u * kernel.lanes + offset;
  if (distance == 0)
    return window.column;
  Value constant = arith::ConstantIndexOp::create(builder, distance);
  return builder.createOrFold<arith::AddIOp>(window.column, constant);
}

Value Evaluator::getMask() {
  SmallVector<bool> mask(kernel.lanes, false);
  std::fill_n(mask.begin(), window.lastLanes, true);
  return arith::ConstantOp::create(
      builder,
      DenseElementsAttr::get(getVectorType(builder.getI1Type()), mask));
}

/// A vector all of whose components are `value`.
Value Evaluator::splat(Type element, double value) {
  TypedAttr attr;
  if (isa<FloatType>(element))
    attr = builder.getFloatAttr(element, value);
  else
    attr = builder.getIntegerAttr(element, static_cast<int64_t>(value));
  return arith::ConstantOp::create(
      builder, DenseElementsAttr::get(getVectorType(element), attr));
}

Value Evaluator::load(Value memref, ValueRange indices, int64_t u) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  VectorType type = getVectorType(element);
  if (!isPartial(u))
    return vector::LoadOp::create(builder, type, memref, indices);
  return vector::MaskedLoadOp::create(builder, type, memref, indices, getMask(),
                                      splat(element, 0));
}

void Evaluator::storeVector(Value vector, Value memref, ValueRange indices,
                            int64_t u) {
  if (isPartial(u))
    vector::MaskedStoreOp::create(builder, memref, indices, getMask(), vector);
  else
    vector::StoreOp::create(builder, vector, memref, indices);
}

std::pair<Value, Evaluator::Values> Evaluator::locate(Value base, unsigned row,
                                                      Value column) {
  RowsOp op = kernel.op;
  if (auto argument = dyn_cast<BlockArgument>(base)) {
    unsigned number = argument.getArgNumber();
    if (number < op.getIns().size())
      return {op.getIns()[number], {window.rows[row], column}};
    return {op.getShared()[number - op.getIns().size()], {column}};
  }
  auto [memref, isSlot] = getMemory(kernel, base);
  return {memref, {isSlot ? window.slots[row] : window.rows[row], column}};
}

Evaluator::Values Evaluator::loadRows(Value base, int64_t offset) {
  Values result;
  for (unsigned row = 0; row < window.rows.size(); ++row)
    for (int64_t u = 0; u < window.vectors; ++u) {
      auto [memref, indices] = locate(base, row, getColumn(u, offset));
      // A shared vector is the same for each row.
      if (indices.size() == 1 && row > 0)
        result.push_back(result[u]);
      else
        result.push_back(load(memref, indices, u));
    }
  return result;
}

Evaluator::Values Evaluator::evaluate(Value value, int64_t offset) {
  auto it = vectors.find({value, offset});
  if (it != vectors.end())
    return it->second;
  Values result = compute(value, offset);
  vectors[{value, offset}] = result;
  return result;
}

Evaluator::Values Evaluator::compute(Value value, int64_t offset) {
  if (isa<BlockArgument>(value) || kernel.plan.isLoaded(value, stage))
    return loadRows(value, offset);
  Operation *op = value.getDefiningOp();
  unsigned places = window.rows.size() * window.vectors;
  Type element = getElementTypeOrSelf(value);
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = cast<DenseElementsAttr>(constant.getValue());
    Value vector = arith::ConstantOp::create(
        builder, dense.resizeSplat(getVectorType(element)));
    return Values(places, vector);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return evaluate(slice.getSource(), offset + slice.getStaticOffsets()[0]);
  if (isa<BroadcastOp, tensor::SplatOp>(op)) {
    Values result;
    for (Value number : evaluateNumber(op->getOperand(0)))
      result.append(
          window.vectors,
          vector::BroadcastOp::create(builder, getVectorType(element), number));
    return result;
  }
  if (auto lookup = dyn_cast<LookupOp>(op)) {
    RowsOp rows = kernel.op;
    Value matrix = getSharedMemref(rows, lookup.getMatrix());
    Values result;
    for (Value number : evaluateNumber(lookup.getIndex())) {
      Value index =
          arith::IndexCastOp::create(builder, builder.getIndexType(), number);
      for (int64_t u = 0; u < window.vectors; ++u)
        result.push_back(load(matrix, {index, getColumn(u, offset)}, u));
    }
    return result;
  }
  if (auto hot = dyn_cast<OneHotOp>(op)) {
    Values result;
    Value one = splat(element, 1), zero = splat(element, 0);
    for (Value number : evaluateNumber(hot.getIndex()))
      for (int64_t u = 0; u < window.vectors; ++u) {
        Value components = getComponents(u, offset);
        Value wanted =
            vector::BroadcastOp::create(builder, components.getType(), number);
        Value equal = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                            components, wanted);
        result.push_back(arith::SelectOp::create(builder, equal, one, zero));
      }
    return result;
  }
  if (auto mask = dyn_cast<RandomMaskOp>(op))
    return drawMask(mask, offset);

  SmallVector<Values> operands;
  for (Value operand : op->getOperands()) {
    if (isVector(operand)) {
      operands.push_back(evaluate(operand, offset));
      continue;
    }
    Values &spread = operands.emplace_back();
    for (Value number : evaluateNumber(operand))
      spread.append(window.vectors, number);
  }
  Values result;
  for (unsigned place = 0; place < places; ++place) {
    IRMapping mapping;
    for (auto [operand, values] : llvm::zip(op->getOperands(), operands))
      mapping.map(operand, values[place]);
    Operation *clone = builder.clone(*op, mapping);
    for (OpResult each : clone->getResults())
      each.setType(getVectorType(getElementTypeOrSelf(each)));
    result.push_back(clone->getResult(cast<OpResult>(value).getResultNumber()));
  }
  return result;
}

Evaluator::Values Evaluator::evaluateNumber(Value value) {
  auto it = numbers.find(value);
  if (it != numbers.end())
    return it->second;
  RowsOp op = kernel.op;
  Values result;
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getArgNumber() >= op.getIns().size()) {
    Value shared = op.getShared()[argument.getArgNumber() - op.getIns().size()];
    if (isa<MemRefType>(shared.getType()))
      shared = memref::LoadOp::create(builder, shared, ValueRange());
    result.assign(window.rows.size(), shared);
  } else if (argument || kernel.plan.isLoaded(value, stage)) {
    for (unsigned row = 0; row < window.rows.size(); ++row) {
      auto [memref, indices] = locate(value, row, Value());
      result.push_back(memref::LoadOp::create(builder, memref, indices[0]));
    }
  } else if (auto pick = value.getDefiningOp<PickOp>()) {
    MemoryVector vector = Plan::getMemoryVector(pick.getOperand());
    for (auto [row, number] :
         llvm::enumerate(evaluateNumber(pick.getIndex()))) {
      Value column =
          arith::IndexCastOp::create(builder, builder.getIndexType(), number);
      if (vector.offset != 0)
        column = arith::AddIOp::create(
            builder, column,
            arith::ConstantIndexOp::create(builder, vector.offset));
      auto [memref, indices] = locate(vector.base, row, column);
      result.push_back(memref::LoadOp::create(builder, memref, indices));
    }
  } else {
    Operation *inner = value.getDefiningOp();
    SmallVector<Values> operands;
    for (Value operand : inner->getOperands())
      operands.push_back(evaluateNumber(operand));
    for (unsigned row = 0; row < window.rows.size(); ++row) {
      IRMapping mapping;
      for (auto [operand, values] : llvm::zip(inner->getOperands(), operands))
        mapping.map(operand, values[row]);
      Operation *clone = builder.clone(*inner, mapping);
      result.push_back(
          clone->getResult(cast<OpResult>(value).getResultNumber()));
    }
  }
  numbers[value] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Roots
//===----------------------------------------------------------------------===//

void Evaluator::store(const Root &root, ValueRange values) {
  Value memref;
  bool isSlot = false;
  if (root.kind == Root::Out && !kernel.plan.isStaged(root.out)) {
    memref = RowsOp(kernel.op).getOuts()[root.out];
  } else {
    Value target = root.kind == Root::Out
                       ? RowsOp(kernel.op).getYield().getOutputs()[root.out]
                       : root.target;
    std::tie(memref, isSlot) = getMemory(kernel, target);
  }
  for (unsigned row = 0; row < window.rows.size(); ++row)
    for (int64_t u = 0; u < window.vectors; ++u)
      storeVector(values[row * window.vectors + u], memref,
                  {isSlot ? window.slots[row] : window.rows[row],
                   getColumn(u, root.targetOffset)},
                  u);
}

void Evaluator::copy(Value value, Value target) {
  auto [memref, isSlot] = getMemory(kernel, value);
  Value from = isSlot ? window.slots[0] : window.rows[0];
  for (int64_t u = 0; u < window.vectors; ++u) {
    Value column = getColumn(u, 0);
    storeVector(load(memref, {from, column}, u), target,
                {window.rows[0], column}, u);
  }
}

Value Evaluator::fold(const Root &root, Value accumulator, ValueRange values) {
  bool isSum = root.target.getDefiningOp<SumOp>() != nullptr;
  for (int64_t u = 0; u < window.vectors; ++u) {
    Value folded =
        isSum
            ? arith::AddFOp::create(builder, accumulator, values[u]).getResult()
            : arith::MaximumFOp::create(builder, accumulator, values[u])
                  .getResult();
    if (isPartial(u))
      folded = arith::SelectOp::create(builder, getMask(), folded, accumulator);
    accumulator = folded;
  }
  return accumulator;
}

//===----------------------------------------------------------------------===//
// Random masks
//===----------------------------------------------------------------------===//

/// The numbers of the components of vector `u`.
Value Evaluator::getComponents(int64_t u, int64_t offset) {
  VectorType type = getVectorType(builder.getI32Type());
  auto lanes = llvm::to_vector(llvm::seq<int32_t>(0, kernel.lanes));
  Value steps = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(type, ArrayRef<int32_t>(lanes)));
  Value column = arith::IndexCastOp::create(builder, builder.getI32Type(),
                                            getColumn(u, offset));
  Value start = vector::BroadcastOp::create(builder, type, column);
  return arith::AddIOp::create(builder, start, steps);
}

/// Component c is `mix(mix(mix(key) + site) + c)` in 32 bits, where `mix` adds
/// 0x9e3779b9 and applies the finalizer of MurmurHash3:
///   h ^= h >> 16; h *= 0x85ebca6b; h ^= h >> 13; h *= 0xc2b2ae35; h ^= h >> 16
/// It is dropped where the upper 24 bits are less than rate * 2^24.
Evaluator::Values Evaluator::drawMask(RandomMaskOp op, int64_t offset) {
  auto constant = [&](Type type, uint32_t value) -> Value {
    APInt bits(32, value);
    TypedAttr attr = builder.getIntegerAttr(builder.getI32Type(), bits);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, bits);
    return arith::ConstantOp::create(builder, attr);
  };
  auto mix = [&](Value h) -> Value {
    Type type = h.getType();
    auto shift = [&](Value h, uint32_t by) -> Value {
      return arith::XOrIOp::create(
          builder, h, arith::ShRUIOp::create(builder, h, constant(type, by)));
    };
    h = arith::AddIOp::create(builder, h, constant(type, 0x9e3779b9u));
    h = shift(h, 16);
    h = arith::MulIOp::create(builder, h, constant(type, 0x85ebca6bu));
    h = shift(h, 13);
    h = arith::MulIOp::create(builder, h, constant(type, 0xc2b2ae35u));
    return shift(h, 16);
  };
  Type element = getElementTypeOrSelf(op.getResult());
  double rate = op.getRate().convertToDouble();
  VectorType type = getVectorType(builder.getI32Type());
  Value kept = splat(element, 1.0 / (1.0 - rate)), dropped = splat(element, 0);
  Value threshold = constant(type, static_cast<uint32_t>(rate * (1 << 24)));
  Values result;
  for (Value key : evaluateNumber(op.getKey())) {
    Value site = constant(key.getType(), static_cast<uint32_t>(op.getSite()));
    Value seed = mix(arith::AddIOp::create(builder, mix(key), site));
    Value seeds = vector::BroadcastOp::create(builder, type, seed);
    for (int64_t u = 0; u < window.vectors; ++u) {
      Value hash =
          mix(arith::AddIOp::create(builder, seeds, getComponents(u, offset)));
      Value bits = arith::ShRUIOp::create(builder, hash, constant(type, 8));
      Value isDropped = arith::CmpIOp::create(
          builder, arith::CmpIPredicate::ult, bits, threshold);
      result.push_back(
          arith::SelectOp::create(builder, isDropped, dropped, kept));
    }
  }
  return result;
}
