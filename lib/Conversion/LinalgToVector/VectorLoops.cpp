//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Builds loops of vectors; see VectorLoops.h.
//
//===----------------------------------------------------------------------===//

#include "VectorLoops.h"

using namespace mlir;
using namespace ravel;

/// Bytes of a line of the first cache.
static constexpr int64_t kLine = 64;

bool ravel::hasVectors(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type || type.getRank() == 0 ||
      !isa<Float32Type, Float64Type>(type.getElementType()))
    return false;
  return !type.isDynamicDim(type.getRank() - 1) && type.isLastDimUnitStride();
}

Value VectorLoops::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}
Value VectorLoops::add(Value a, int64_t by) {
  return by == 0 ? a : add(a, index(by));
}
Value VectorLoops::add(Value a, Value by) {
  return b.createOrFold<arith::AddIOp>(a, by);
}
Value VectorLoops::sub(Value a, Value by) {
  return b.createOrFold<arith::SubIOp>(a, by);
}
Value VectorLoops::mul(Value a, int64_t by) {
  return b.createOrFold<arith::MulIOp>(a, index(by));
}
Value VectorLoops::min(Value a, Value other) {
  return b.createOrFold<arith::MinUIOp>(a, other);
}
Value VectorLoops::max(Value a, Value other) {
  return b.createOrFold<arith::MaxUIOp>(a, other);
}
Value VectorLoops::ceilDiv(Value a, Value by) {
  return b.createOrFold<arith::CeilDivUIOp>(a, by);
}
Value VectorLoops::isLess(Value a, Value other) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, a, other);
}
Value VectorLoops::isEqual(Value a, Value other) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, a, other);
}
Value VectorLoops::getRows(Value memref) {
  return b.createOrFold<memref::DimOp>(memref, index(0));
}

Value VectorLoops::zero() {
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

Value VectorLoops::mask(int64_t lanes) {
  SmallVector<bool> mask(target.lanes, false);
  std::fill_n(mask.begin(), lanes, true);
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(VectorType::get({target.lanes}, b.getI1Type()),
                                ArrayRef(mask)));
}

Value VectorLoops::mask(Value lanes) {
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < target.lanes; ++lane)
    numbers.push_back(lane);
  auto indices = VectorType::get({target.lanes}, b.getI32Type());
  Value lane = arith::ConstantOp::create(
      b, DenseElementsAttr::get(indices, ArrayRef(numbers)));
  Value count = vector::BroadcastOp::create(
      b, indices, arith::IndexCastOp::create(b, b.getI32Type(), lanes));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, lane, count);
}

Value VectorLoops::load(Value memref, ValueRange outer, const Columns &columns,
                        int64_t u) {
  SmallVector<Value> indices(outer);
  indices.push_back(add(columns.first, u * target.lanes));
  if (!isPartial(columns, u))
    return vector::LoadOp::create(b, type, memref, indices);
  return vector::MaskedLoadOp::create(b, type, memref, indices,
                                      mask(columns.lastLanes), zero());
}

void VectorLoops::store(Value vector, Value memref, ValueRange outer,
                        const Columns &columns, int64_t u) {
  SmallVector<Value> indices(outer);
  indices.push_back(add(columns.first, u * target.lanes));
  if (!isPartial(columns, u))
    vector::StoreOp::create(b, vector, memref, indices);
  else
    vector::MaskedStoreOp::create(b, memref, indices, mask(columns.lastLanes),
                                  vector);
}

scf::ForOp VectorLoops::forEach(Value begin, Value end, int64_t step,
                                Fn<void(Value)> body) {
  auto loop = scf::ForOp::create(b, begin, end, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
  return loop;
}

void VectorLoops::ifTrue(Value condition, Fn<void()> then,
                         Fn<void()> otherwise) {
  auto choice =
      scf::IfOp::create(b, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  then();
  if (!otherwise)
    return;
  b.setInsertionPointToStart(choice.elseBlock());
  otherwise();
}

SmallVector<Value> VectorLoops::accumulate(Value begin, Value end,
                                           ValueRange inits,
                                           Fn<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, begin, end, index(1), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b,
                       body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

void VectorLoops::forColumns(int64_t count, int64_t vectors,
                             const std::optional<ThreadShare> &share,
                             Fn<void(Columns)> body) {
  // Two threads never write to the same line.
  if (share)
    vectors = std::max<int64_t>(1, kLine * 8 / element.getIntOrFloatBitWidth() /
                                       target.lanes);
  int64_t width = vectors * target.lanes, blocks = count / width;
  int64_t whole = blocks * width, rest = count - whole;
  auto emitRest = [&] {
    int64_t last = (rest + target.lanes - 1) / target.lanes;
    body({index(whole), last, rest - (last - 1) * target.lanes});
  };
  Value begin = index(0), end = index(whole);
  if (share) {
    auto getEdge = [&](Value id) {
      Value block = arith::DivUIOp::create(b, mul(id, blocks), share->count);
      return mul(block, width);
    };
    begin = getEdge(share->id);
    end = getEdge(add(share->id, 1));
  }
  if (whole > 0)
    forEach(begin, end, width,
            [&](Value j) { body({j, vectors, target.lanes}); });
  if (rest == 0)
    return;
  if (share)
    ifTrue(isEqual(add(share->id, 1), share->count), emitRest);
  else
    emitRest();
}

void VectorLoops::forOuter(Value memref, Fn<void(ValueRange)> body) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Value> indices;
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  for (int64_t dim = 0; dim + 1 < rank; ++dim) {
    Value size = memref::DimOp::create(b, memref, index(dim));
    auto loop = scf::ForOp::create(b, index(0), size, index(1));
    b.setInsertionPointToStart(loop.getBody());
    indices.push_back(loop.getInductionVar());
  }
  body(indices);
}
