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
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
class PackLowering {
public:
  explicit PackLowering(PackOp op)
      : builder(op.getLoc(), op), op(op),
        type(cast<MemRefType>(op.getOut().getType())),
        columns(op.getColumns()), lanes(type.getDimSize(3)) {}

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
      builder,
      DenseElementsAttr::get(VectorType::get({lanes}, builder.getI1Type()),
                             mask));
  Value zeros =
      arith::ConstantOp::create(builder, builder.getZeroAttr(vector));
  return vector::MaskedLoadOp::create(builder, vector, matrix,
                                      ValueRange{k, column}, maskVector, zeros);
}

void PackLowering::copyPanel(Value panel, int64_t count) {
  forEach(index(0), index(type.getDimSize(1)), index(1), [&](Value k) {
    for (auto [number, matrix, offset] :
         llvm::enumerate(op.getMatrices(), op.getOffsets())) {
      Value weights = loadLanes(matrix, offset, panel, k, count);
      auto stored = VectorType::get({lanes}, type.getElementType());
      if (weights.getType() != stored)
        weights = arith::TruncFOp::create(builder, stored, weights);
      vector::StoreOp::create(builder, weights, op.getOut(),
                              ValueRange{panel, k, index(number), index(0)});
    }
  });
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
    Value isMine = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                         end, index(0));
    auto choice = scf::IfOp::create(builder, isMine, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    copyPanel(index(whole), rest);
  }
  op.erase();
}

void ravel::lowerPack(PackOp op) { PackLowering(op).run(); }
