//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes `rnn.pack` as loops:
//
//   for each panel of this thread:
//     for each row k:
//       for each matrix: load the panel's lanes, store them as one vector
//
//===----------------------------------------------------------------------===//

#include "Packing.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

static VectorType withElement(Value vector, Type element) {
  return cast<VectorType>(vector.getType()).clone(element);
}

bool ravel::holdsPairs(ShapedType type) {
  return type.getElementType().isBF16();
}

static Value splat(ImplicitLocOpBuilder &b, VectorType type, uint32_t value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, APInt(32, value)));
}

std::pair<Value, Value> ravel::widenPairs(ImplicitLocOpBuilder &b,
                                          Value pairs) {
  int64_t lanes = cast<VectorType>(pairs.getType()).getDimSize(0) / 2;
  auto words = VectorType::get({lanes}, b.getI32Type());
  auto floats = VectorType::get({lanes}, b.getF32Type());
  Value bits = vector::BitCastOp::create(b, words, pairs);
  Value even = arith::ShLIOp::create(b, bits, splat(b, words, 16));
  Value odd = arith::AndIOp::create(b, bits, splat(b, words, 0xffff0000));
  return {arith::BitcastOp::create(b, floats, even),
          arith::BitcastOp::create(b, floats, odd)};
}

/// The upper halves of the words of `vector`, of f32, rounded to the nearest,
/// ties to even.
static Value roundToUpperHalf(ImplicitLocOpBuilder &b, Value vector) {
  VectorType words = withElement(vector, b.getI32Type());
  Value bits = arith::BitcastOp::create(b, words, vector);
  Value isOdd = arith::AndIOp::create(
      b, arith::ShRUIOp::create(b, bits, splat(b, words, 16)),
      splat(b, words, 1));
  // Just under half of what is dropped, and the other half for odd numbers.
  Value half = arith::AddIOp::create(b, isOdd, splat(b, words, 0x7fff));
  Value rounded = arith::AddIOp::create(b, bits, half);
  // Rounding could carry the bits of a NaN into the sign.
  Value isNaN =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, vector, vector);
  rounded =
      arith::SelectOp::create(b, isNaN, splat(b, words, 0x7fc00000), rounded);
  return arith::AndIOp::create(b, rounded, splat(b, words, 0xffff0000));
}

Value ravel::convertToInputs(ImplicitLocOpBuilder &b, Value numbers,
                             int64_t inputs, Type element) {
  Type type = numbers.getType();
  auto constant = [&](int64_t value) -> Value {
    TypedAttr number =
        b.getFloatAttr(getElementTypeOrSelf(type), static_cast<double>(value));
    if (auto vector = dyn_cast<VectorType>(type))
      number = DenseElementsAttr::get(vector, number);
    return arith::ConstantOp::create(b, number);
  };
  // The larger of NaN and a number is the number.
  Value bounded = arith::MaxNumFOp::create(b, numbers, constant(0));
  bounded = arith::MinNumFOp::create(b, bounded, constant(inputs - 1));
  return arith::FPToUIOp::create(
      b, isa<VectorType>(type) ? withElement(numbers, element) : element,
      bounded);
}

namespace {
class PackLowering {
public:
  explicit PackLowering(PackOp op)
      : builder(op.getLoc(), op), op(op),
        type(cast<MemRefType>(op.getOut().getType())), columns(op.getColumns()),
        lanes(type.getDimSize(3) / (holdsPairs(type) ? 2 : 1)) {}

  void run();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, value);
  }
  void forEach(Value begin, Value end, Value step,
               function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(builder, begin, end, step);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  Value loadLanes(Value matrix, int64_t offset, Value panel, Value k,
                  int64_t count);
  void copyPanel(Value panel, int64_t count);
  void copyPairs(Value panel, int64_t count);

  ImplicitLocOpBuilder builder;
  PackOp op;
  MemRefType type;
  int64_t columns, lanes;
};
} // namespace

/// The first `count` lanes of a panel of `matrix`, then zeros.
Value PackLowering::loadLanes(Value matrix, int64_t offset, Value panel,
                              Value k, int64_t count) {
  Type element = cast<MemRefType>(matrix.getType()).getElementType();
  auto vector = VectorType::get({lanes}, element);
  Value column = arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, panel, index(lanes)),
      index(offset));
  if (op.getTranspose()) {
    Value zero =
        arith::ConstantOp::create(builder, builder.getZeroAttr(element));
    SmallVector<Value> numbers(lanes, zero);
    for (int64_t lane = 0; lane < count; ++lane)
      numbers[lane] = memref::LoadOp::create(
          builder, matrix,
          ValueRange{arith::AddIOp::create(builder, column, index(lane)), k});
    return vector::FromElementsOp::create(builder, vector, numbers);
  }
  if (count == lanes)
    return vector::LoadOp::create(builder, vector, matrix,
                                  ValueRange{k, column});
  SmallVector<bool> mask(lanes, false);
  std::fill_n(mask.begin(), count, true);
  Value maskVector = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(
                   VectorType::get({lanes}, builder.getI1Type()), mask));
  Value zeros = arith::ConstantOp::create(builder, builder.getZeroAttr(vector));
  return vector::MaskedLoadOp::create(builder, vector, matrix,
                                      ValueRange{k, column}, maskVector, zeros);
}

void PackLowering::copyPanel(Value panel, int64_t count) {
  if (holdsPairs(type))
    return copyPairs(panel, count);
  auto convert = [&](Value vector) {
    return op.getLimit() ? convertToInputs(builder, vector, *op.getLimit(),
                                           type.getElementType())
                         : vector;
  };
  forEach(index(0), index(type.getDimSize(1)), index(1), [&](Value k) {
    for (auto [number, matrix, offset] :
         llvm::enumerate(op.getMatrices(), op.getOffsets()))
      vector::StoreOp::create(
          builder, convert(loadLanes(matrix, offset, panel, k, count)),
          op.getOut(), ValueRange{panel, k, index(number), index(0)});
  });
}

void PackLowering::copyPairs(Value panel, int64_t count) {
  auto pairs = VectorType::get({2 * lanes}, type.getElementType());
  auto words = VectorType::get({lanes}, builder.getI32Type());
  auto load = [&](Value matrix, int64_t offset, Value k) -> Value {
    Value weights = loadLanes(matrix, offset, panel, k, count);
    if (!getElementTypeOrSelf(weights).isF32())
      weights = arith::TruncFOp::create(
          builder, withElement(weights, builder.getF32Type()), weights);
    return roundToUpperHalf(builder, weights);
  };
  auto copy = [&](Value pair, bool hasOdd) {
    Value even = arith::MulIOp::create(builder, pair, index(2));
    for (auto [number, matrix, offset] :
         llvm::enumerate(op.getMatrices(), op.getOffsets())) {
      Value bits = arith::ShRUIOp::create(builder, load(matrix, offset, even),
                                          splat(builder, words, 16));
      if (hasOdd) {
        Value odd = arith::AddIOp::create(builder, even, index(1));
        bits = arith::OrIOp::create(builder, bits, load(matrix, offset, odd));
      }
      vector::StoreOp::create(
          builder, vector::BitCastOp::create(builder, pairs, bits), op.getOut(),
          ValueRange{panel, pair, index(number), index(0)});
    }
  };
  auto matrix = cast<MemRefType>(op.getMatrices()[0].getType());
  int64_t depth = matrix.getDimSize(op.getTranspose() ? 1 : 0);
  forEach(index(0), index(depth / 2), index(1),
          [&](Value pair) { copy(pair, /*hasOdd=*/true); });
  if (depth % 2 != 0)
    copy(index(depth / 2), /*hasOdd=*/false);
}

void PackLowering::run() {
  int64_t whole = columns / lanes, rest = columns % lanes;
  Value begin = index(0), step = index(1);
  if (op.getThreadId()) {
    begin = op.getThreadId();
    step = op.getNumThreads();
  }
  forEach(begin, index(whole), step,
          [&](Value panel) { copyPanel(panel, lanes); });
  if (rest != 0) {
    // The first thread's; others have none left.
    Value end = op.getThreadId() ? begin : index(0);
    Value isMine =
        arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, end, index(0));
    auto choice = scf::IfOp::create(builder, isMine, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    copyPanel(index(whole), rest);
  }
  op.erase();
}

void ravel::lowerPack(PackOp op) { PackLowering(op).run(); }
