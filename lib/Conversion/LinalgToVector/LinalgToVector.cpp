//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the large ops of `linalg` on memrefs as loops with vectors.
//
// * Sums of outer products of rows: see ContractKernel.cpp.
// * A sum over rows: columns in registers, rows innermost.
// * A fill or copy whose last dimension is static: vector stores.
//
// Everything else is left to `convert-linalg-to-loops`.
//
//===----------------------------------------------------------------------===//

#include "Contracts.h"
#include "VectorLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "ravel/Conversion/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ravel {
#define GEN_PASS_DEF_LOWERLINALG
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;

/// Writes a sum over the rows of a matrix, or fails where the op isn't one.
/// Rows are read whole, a few at a time.
static LogicalResult lowerReduce(linalg::ReduceOp op, RegisterFile target) {
  constexpr int64_t kRows = 8;
  if (!isVectorTotal(op))
    return failure();
  Value input = op.getInputs()[0], out = op.getInits()[0];
  auto type = cast<MemRefType>(out.getType());
  VectorLoops loops(op, type.getElementType(), target);
  std::optional<ThreadShare> share = getThreadShare(loops.b, op);
  auto addRows = [&](Value first, int64_t count) {
    loops.forColumns(type.getDimSize(0), 4, share, [&](Columns columns) {
      for (int64_t u = 0; u < columns.vectors; ++u) {
        Value sum = loops.load(out, {}, columns, u);
        for (int64_t r = 0; r < count; ++r)
          sum = arith::AddFOp::create(
              loops.b, sum, loops.load(input, loops.add(first, r), columns, u));
        loops.store(sum, out, {}, columns, u);
      }
    });
  };
  Value rows = loops.getRows(input);
  Value rest = arith::RemUIOp::create(loops.b, rows, loops.index(kRows));
  Value whole = loops.sub(rows, rest);
  loops.forEach(loops.index(0), whole, kRows,
                [&](Value r) { addRows(r, kRows); });
  loops.forEach(whole, rows, 1, [&](Value r) { addRows(r, 1); });
  op.erase();
  return success();
}

/// Writes a fill, or fails where rows aren't vectors.
static LogicalResult lowerFill(linalg::FillOp op, RegisterFile target) {
  Value out = op.getOutputs()[0], value = op.getInputs()[0];
  if (!hasVectors(out))
    return failure();
  auto type = cast<MemRefType>(out.getType());
  VectorLoops loops(op, type.getElementType(), target);
  std::optional<ThreadShare> share = getThreadShare(loops.b, op);
  Value vector = vector::BroadcastOp::create(loops.b, loops.type, value);
  loops.forOuter(out, [&](ValueRange outer) {
    loops.forColumns(type.getShape().back(), 4, share, [&](Columns columns) {
      for (int64_t u = 0; u < columns.vectors; ++u)
        loops.store(vector, out, outer, columns, u);
    });
  });
  op.erase();
  return success();
}

/// Writes a sum of two, or fails where rows aren't vectors.
static LogicalResult lowerAdd(linalg::AddOp op, RegisterFile target) {
  if (!llvm::all_of(op->getOperands(), hasVectors))
    return failure();
  Value out = op.getOutputs()[0];
  auto type = cast<MemRefType>(out.getType());
  VectorLoops loops(op, type.getElementType(), target);
  std::optional<ThreadShare> share = getThreadShare(loops.b, op);
  loops.forOuter(out, [&](ValueRange outer) {
    loops.forColumns(type.getShape().back(), 4, share, [&](Columns columns) {
      for (int64_t u = 0; u < columns.vectors; ++u) {
        Value a = loops.load(op.getInputs()[0], outer, columns, u);
        Value b = loops.load(op.getInputs()[1], outer, columns, u);
        loops.store(arith::AddFOp::create(loops.b, a, b), out, outer, columns,
                    u);
      }
    });
  });
  op.erase();
  return success();
}

/// Writes a copy, or fails where rows aren't vectors.
static LogicalResult lowerCopy(memref::CopyOp op, RegisterFile target) {
  Value from = op.getSource(), to = op.getTarget();
  if (from == to) {
    op.erase();
    return success();
  }
  if (!hasVectors(from) || !hasVectors(to))
    return failure();
  auto type = cast<MemRefType>(to.getType());
  VectorLoops loops(op, type.getElementType(), target);
  loops.forOuter(to, [&](ValueRange outer) {
    loops.forColumns(type.getShape().back(), 4, {}, [&](Columns columns) {
      SmallVector<Value> vectors;
      for (int64_t u = 0; u < columns.vectors; ++u)
        vectors.push_back(loops.load(from, outer, columns, u));
      for (int64_t u = 0; u < columns.vectors; ++u)
        loops.store(vectors[u], to, outer, columns, u);
    });
  });
  op.erase();
  return success();
}

namespace {
struct LowerLinalg : ravel::impl::LowerLinalgBase<LowerLinalg> {
  using Base::Base;

  void runOnOperation() override {
    lowerAllContracts();
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<linalg::ReduceOp, linalg::FillOp, linalg::AddOp, memref::CopyOp>(
              op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      Type element = getElementTypeOrSelf(op->getOperands().back().getType());
      if (!isa<Float32Type, Float64Type>(element))
        continue;
      // An op that has no vectors is left for loops of numbers.
      RegisterFile target = getRegisters(element);
      if (auto reduce = dyn_cast<linalg::ReduceOp>(op))
        (void)lowerReduce(reduce, target);
      else if (auto fill = dyn_cast<linalg::FillOp>(op))
        (void)lowerFill(fill, target);
      else if (auto add = dyn_cast<linalg::AddOp>(op))
        (void)lowerAdd(add, target);
      else
        (void)lowerCopy(cast<memref::CopyOp>(op), target);
    }
  }

private:
  RegisterFile getRegisters(Type element) const {
    return {vectorWidth / element.getIntOrFloatBitWidth(), numRegisters};
  }

  void lowerAllContracts() {
    llvm::SetVector<Block *> blocks;
    getOperation()->walk(
        [&](linalg::ContractOp op) { blocks.insert(op->getBlock()); });
    for (Block *block : blocks)
      for (const ContractGroup &group : groupContracts(*block)) {
        Type element = getElementTypeOrSelf(group.getRight().getType());
        lowerContracts(
            group,
            {getRegisters(element), firstCache, secondCache, {rows, vectors}});
      }
  }
};
} // namespace
