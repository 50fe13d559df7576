//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Packs weights; see Packing.h.
//
//===----------------------------------------------------------------------===//

#include "Packing.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Matrices of fewer bytes than this stay in the first cache as they are.
static constexpr int64_t kSmallMatrix = 16 * 1024;

Value ravel::getSharedMemref(RowsOp op, Value matrix) {
  return op.getShared()[cast<BlockArgument>(matrix).getArgNumber() -
                        op.getIns().size()];
}

/// Whether an op inside `op` may write `memref`.
static bool mayWrite(Operation *op, Value memref) {
  WalkResult result = op->walk([&](Operation *inner) {
    if (auto effects = dyn_cast<MemoryEffectOpInterface>(inner)) {
      SmallVector<MemoryEffects::EffectInstance> list;
      effects.getEffects(list);
      for (const MemoryEffects::EffectInstance &effect : list)
        if (isa<MemoryEffects::Write>(effect.getEffect()) &&
            (!effect.getValue() || mayAlias(effect.getValue(), memref)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    }
    // The effects of an op with regions are those of the ops inside.
    if (inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
      return WalkResult::advance();
    for (Value operand : inner->getOperands())
      if (isa<MemRefType>(operand.getType()) && mayAlias(operand, memref))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return result.wasInterrupted();
}

PackingChoice ravel::choosePacking(RowsOp op, const ProductGroup &group) {
  int64_t bytes = 0;
  bool isTransposed = false;
  SmallVector<Value> matrices;
  for (const Product &product : group.products) {
    LinearOp linear = product.op;
    RankedTensorType type = linear.getMatrix().getType();
    bytes = std::max(bytes,
                     type.getNumElements() * type.getElementTypeBitWidth() / 8);
    isTransposed |= linear.getTranspose();
    matrices.push_back(getSharedMemref(op, linear.getMatrix()));
  }
  if (bytes < kSmallMatrix && !isTransposed)
    return {};
  Operation *before = nullptr;
  bool isInLoop = false;
  for (Operation *parent = op->getParentOp();
       parent && !isa<FunctionOpInterface>(parent);
       parent = parent->getParentOp()) {
    isInLoop |= isa<LoopLikeOpInterface>(parent);
    bool canLeave = llvm::all_of(matrices, [&](Value matrix) {
      return !parent->isAncestor(matrix.getParentBlock()->getParentOp()) &&
             !mayWrite(parent, matrix);
    });
    if (!canLeave)
      break;
    // Threads of a region share one copy.
    if (isa<LoopLikeOpInterface, omp::ParallelOp>(parent))
      before = parent;
  }
  if (before)
    return {PackingChoice::Once, before};
  if (isTransposed)
    return {PackingChoice::Always, op};
  if (isInLoop)
    return {};
  return {PackingChoice::PerRun, op};
}

/// Calls `body` with the induction variable of a loop from 0 to `count`.
static void forEach(ImplicitLocOpBuilder &builder, int64_t count,
                    function_ref<void(Value)> body) {
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  Value one = arith::ConstantIndexOp::create(builder, 1);
  Value end = arith::ConstantIndexOp::create(builder, count);
  auto loop = scf::ForOp::create(builder, zero, end, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Value ravel::packWeights(ImplicitLocOpBuilder &builder, const Kernel &kernel,
                         unsigned stageNumber, unsigned groupNumber) {
  const Stage &stage = kernel.plan.getStages()[stageNumber];
  const ProductGroup &group = stage.groups[groupNumber];
  RowsOp op = kernel.op;
  auto vectorType = LinearOp(group.products[0].op).getVector().getType();
  Type element = vectorType.getElementType();
  int64_t lanes = kernel.lanes, depth = vectorType.getDimSize(0);
  int64_t panels = (stage.domain + lanes - 1) / lanes;
  auto type = MemRefType::get(
      {panels, depth, static_cast<int64_t>(group.products.size()), lanes},
      element);
  Value packed =
      memref::AllocOp::create(builder, type, builder.getI64IntegerAttr(64));
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  auto rowVector = VectorType::get({lanes}, element);
  for (auto [number, product] : llvm::enumerate(group.products)) {
    LinearOp linear = product.op;
    Value matrix = getSharedMemref(op, linear.getMatrix());
    Value place = index(number);
    if (linear.getTranspose()) {
      // Lanes beyond the last column repeat it.
      forEach(builder, panels * lanes, [&](Value lane) {
        Value panel = arith::DivUIOp::create(builder, lane, index(lanes));
        Value inner = arith::RemUIOp::create(builder, lane, index(lanes));
        Value column = arith::AddIOp::create(
            builder,
            arith::MinUIOp::create(builder, lane, index(stage.domain - 1)),
            index(product.offset));
        forEach(builder, depth, [&](Value k) {
          Value weight =
              memref::LoadOp::create(builder, matrix, ValueRange{column, k});
          memref::StoreOp::create(builder, weight, packed,
                                  ValueRange{panel, k, place, inner});
        });
      });
      continue;
    }
    auto copy = [&](Value panel, bool isPartial) {
      Value column = arith::AddIOp::create(
          builder, arith::MulIOp::create(builder, panel, index(lanes)),
          index(product.offset));
      forEach(builder, depth, [&](Value k) {
        Value weights;
        if (isPartial) {
          SmallVector<bool> mask(lanes, false);
          std::fill_n(mask.begin(), stage.domain % lanes, true);
          Value maskVector = arith::ConstantOp::create(
              builder,
              DenseElementsAttr::get(
                  VectorType::get({lanes}, builder.getI1Type()), mask));
          Value zero = arith::ConstantOp::create(
              builder, builder.getZeroAttr(rowVector));
          weights = vector::MaskedLoadOp::create(builder, rowVector, matrix,
                                                 ValueRange{k, column},
                                                 maskVector, zero);
        } else {
          weights = vector::LoadOp::create(builder, rowVector, matrix,
                                           ValueRange{k, column});
        }
        vector::StoreOp::create(builder, weights, packed,
                                ValueRange{panel, k, place, index(0)});
      });
    };
    int64_t whole = stage.domain / lanes;
    forEach(builder, whole, [&](Value panel) { copy(panel, false); });
    if (whole < panels)
      copy(index(whole), true);
  }
  return packed;
}
