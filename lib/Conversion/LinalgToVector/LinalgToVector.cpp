//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the large ops of `linalg` on memrefs as loops with vectors.
//
// * The contraction out[i, j] += sum_r lhs[r, i] rhs[r, j] (the gradient of a
//   matrix; r is every instant of every example):
//
//     for each block of rows:                      bounded, for the cache
//       copy that part of lhs, block of i by block of i
//       for each block of columns j:
//         copy that part of rhs, one row after the other
//         for each block of i:
//           accumulators = out[i.., j..]
//           for r in the block of rows:
//             accumulators += lhs[r, i..] x rhs[r, j..]
//           out[i.., j..] = accumulators
//
//   Terms are added in order of r for every tile.
// * A sum over rows: columns in registers, rows innermost.
// * A fill or copy whose last dimension is static: vector stores.
//
// Everything else is left to `convert-linalg-to-loops`.
//
//===----------------------------------------------------------------------===//

#include "../RowsToVector/Tiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_LOWERLINALG
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;

/// Rows whose part of the right factor stays in the first cache.
static constexpr int64_t kRowBlock = 256;

namespace {
/// Columns held in registers: `vectors` vectors, the last with `lastLanes`.
struct Columns {
  Value first;
  int64_t vectors, lastLanes;
};

/// Builds loops and vectors of one float type.
class VectorLoops {
public:
  VectorLoops(Operation *op, Type element, const RegisterFile &target)
      : b(op->getLoc(), op), element(element), target(target),
        type(VectorType::get({target.lanes}, element)) {}

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value a, int64_t by) {
    return by == 0 ? a : arith::AddIOp::create(b, a, index(by)).getResult();
  }
  Value zero() { return arith::ConstantOp::create(b, b.getZeroAttr(type)); }
  Value mask(int64_t lanes) {
    SmallVector<bool> mask(target.lanes, false);
    std::fill_n(mask.begin(), lanes, true);
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               VectorType::get({target.lanes}, b.getI1Type()), mask));
  }
  bool isPartial(const Columns &columns, int64_t u) {
    return u == columns.vectors - 1 && columns.lastLanes != target.lanes;
  }
  Value load(Value memref, ValueRange outer, const Columns &columns,
             int64_t u) {
    SmallVector<Value> indices(outer);
    indices.push_back(add(columns.first, u * target.lanes));
    if (!isPartial(columns, u))
      return vector::LoadOp::create(b, type, memref, indices);
    return vector::MaskedLoadOp::create(b, type, memref, indices,
                                        mask(columns.lastLanes), zero());
  }
  void store(Value vector, Value memref, ValueRange outer,
             const Columns &columns, int64_t u) {
    SmallVector<Value> indices(outer);
    indices.push_back(add(columns.first, u * target.lanes));
    if (!isPartial(columns, u))
      vector::StoreOp::create(b, vector, memref, indices);
    else
      vector::MaskedStoreOp::create(b, memref, indices, mask(columns.lastLanes),
                                    vector);
  }

  void forEach(Value begin, Value end, int64_t step,
               function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, begin, end, index(step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  /// A loop over [begin, end) that carries vectors.
  SmallVector<Value>
  accumulate(Value begin, Value end, ValueRange inits,
             function_ref<SmallVector<Value>(Value, ValueRange)> body) {
    auto loop = scf::ForOp::create(b, begin, end, index(1), inits);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return llvm::to_vector_of<Value>(loop.getResults());
  }
  /// Calls `body` for blocks of columns, and for the rest.
  void forColumns(int64_t count, int64_t vectors,
                  function_ref<void(Columns)> body) {
    int64_t width = vectors * target.lanes, whole = count / width * width;
    if (whole > 0)
      forEach(index(0), index(whole), width,
              [&](Value j) { body({j, vectors, target.lanes}); });
    if (int64_t rest = count - whole) {
      int64_t last = (rest + target.lanes - 1) / target.lanes;
      body({index(whole), last, rest - (last - 1) * target.lanes});
    }
  }
  /// Calls `body` for all indices of the dimensions of `memref` but the last.
  void forOuter(Value memref, function_ref<void(ValueRange)> body) {
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

  ImplicitLocOpBuilder b;
  Type element;
  RegisterFile target;
  VectorType type;
};
} // namespace

/// Whether the last dimension is static and contiguous and the elements are
/// floats.
static bool hasVectors(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type || type.getRank() == 0 ||
      !isa<Float32Type, Float64Type>(type.getElementType()))
    return false;
  return !type.isDynamicDim(type.getRank() - 1) && type.isLastDimUnitStride();
}

/// Whether the maps are those of sum_r lhs[r, i] rhs[r, j].
static bool isSumOfOuterProducts(linalg::ContractOp op) {
  MLIRContext *context = op.getContext();
  AffineExpr i, j, r;
  bindDims(context, i, j, r);
  SmallVector<AffineMap> maps;
  for (auto [row, column] : {std::pair(r, i), {r, j}, {i, j}})
    maps.push_back(AffineMap::get(3, 0, {row, column}, context));
  return op.getIndexingMapsArray() == maps;
}

/// Writes a sum of outer products of rows, or fails where the op isn't one.
static LogicalResult lowerContract(linalg::ContractOp op, RegisterFile target) {
  Value lhs = op.getInputs()[0], rhs = op.getInputs()[1];
  Value out = op.getOutputs()[0];
  // The left factor is read one number at a time: its width may be dynamic.
  if (!isSumOfOuterProducts(op) || !isa<MemRefType>(lhs.getType()) ||
      !hasVectors(rhs) || !hasVectors(out))
    return failure();
  auto type = cast<MemRefType>(out.getType());
  VectorLoops loops(op, type.getElementType(), target);
  ImplicitLocOpBuilder &b = loops.b;
  int64_t width = type.getDimSize(1);
  Tile tile = chooseProductTile(target, 1, width);
  Value height = memref::DimOp::create(b, out, loops.index(0));
  Value tileRows = loops.index(tile.rows);

  Value left, right;
  auto alignment = b.getI64IntegerAttr(64);
  auto leftType = MemRefType::get({ShapedType::kDynamic, kRowBlock, tile.rows},
                                  type.getElementType());
  auto rightType = MemRefType::get({kRowBlock, tile.vectors * target.lanes},
                                   type.getElementType());
  Value panels = arith::CeilDivUIOp::create(b, height, tileRows);
  left = memref::AllocOp::create(b, leftType, panels, alignment);
  right = memref::AllocOp::create(b, rightType, alignment);

  /// Adds the products of rows [0, count) of a block to `size` rows of the
  /// output from `i` on.
  auto emitTile = [&](Value count, Value i, int64_t size, Columns columns) {
    Value panel = arith::DivUIOp::create(b, i, loops.index(tile.rows));
    Value lane =
        size > 1
            ? loops.index(0)
            : arith::RemUIOp::create(b, i, loops.index(tile.rows)).getResult();
    SmallVector<Value> inits;
    for (int64_t row = 0; row < size; ++row)
      for (int64_t u = 0; u < columns.vectors; ++u)
        inits.push_back(loops.load(out, loops.add(i, row), columns, u));
    Columns packed{loops.index(0), columns.vectors, target.lanes};
    SmallVector<Value> sums = loops.accumulate(
        loops.index(0), count, inits, [&](Value r, ValueRange carried) {
          SmallVector<Value> factors, next(inits.size());
          for (int64_t each = 0; each < size; ++each) {
            Value number = memref::LoadOp::create(
                b, left, ValueRange{panel, r, loops.add(lane, each)});
            factors.push_back(
                vector::BroadcastOp::create(b, loops.type, number));
          }
          for (int64_t u = 0; u < columns.vectors; ++u) {
            Value vector = loops.load(right, r, packed, u);
            for (int64_t each = 0; each < size; ++each) {
              int64_t place = each * columns.vectors + u;
              next[place] = vector::FMAOp::create(b, factors[each], vector,
                                                  carried[place]);
            }
          }
          return next;
        });
    unsigned place = 0;
    for (int64_t row = 0; row < size; ++row)
      for (int64_t u = 0; u < columns.vectors; ++u)
        loops.store(sums[place++], out, loops.add(i, row), columns, u);
  };

  Value rows = memref::DimOp::create(b, lhs, loops.index(0));
  loops.forEach(loops.index(0), rows, kRowBlock, [&](Value first) {
    Value count = arith::MinUIOp::create(
        b, arith::SubIOp::create(b, rows, first), loops.index(kRowBlock));
    loops.forEach(loops.index(0), count, 1, [&](Value r) {
      Value row = arith::AddIOp::create(b, first, r);
      loops.forEach(loops.index(0), height, 1, [&](Value i) {
        Value size = tileRows;
        Value number = memref::LoadOp::create(b, lhs, ValueRange{row, i});
        memref::StoreOp::create(b, number, left,
                                ValueRange{arith::DivUIOp::create(b, i, size),
                                           r,
                                           arith::RemUIOp::create(b, i, size)});
      });
    });
    loops.forColumns(width, tile.vectors, [&](Columns columns) {
      Columns packed{loops.index(0), columns.vectors, target.lanes};
      loops.forEach(loops.index(0), count, 1, [&](Value r) {
        Value row = arith::AddIOp::create(b, first, r);
        for (int64_t u = 0; u < columns.vectors; ++u)
          loops.store(loops.load(rhs, row, columns, u), right, r, packed, u);
      });
      Value whole = arith::SubIOp::create(
          b, height, arith::RemUIOp::create(b, height, tileRows));
      loops.forEach(loops.index(0), whole, tile.rows,
                    [&](Value i) { emitTile(count, i, tile.rows, columns); });
      loops.forEach(whole, height, 1,
                    [&](Value i) { emitTile(count, i, 1, columns); });
    });
  });
  memref::DeallocOp::create(b, left);
  memref::DeallocOp::create(b, right);
  op.erase();
  return success();
}

/// Writes a sum over the rows of a matrix, or fails where the op isn't one.
static LogicalResult lowerReduce(linalg::ReduceOp op, RegisterFile target) {
  if (op.getInputs().size() != 1 || op.getDimensions() != ArrayRef<int64_t>{0})
    return failure();
  Value input = op.getInputs()[0], out = op.getInits()[0];
  auto &body = op.getCombiner().front();
  if (!hasVectors(input) || !hasVectors(out) ||
      cast<MemRefType>(input.getType()).getRank() != 2 ||
      body.getOperations().size() != 2 || !isa<arith::AddFOp>(body.front()))
    return failure();
  auto type = cast<MemRefType>(out.getType());
  VectorLoops loops(op, type.getElementType(), target);
  Value rows = memref::DimOp::create(loops.b, input, loops.index(0));
  loops.forColumns(type.getDimSize(0), 4, [&](Columns columns) {
    SmallVector<Value> inits;
    for (int64_t u = 0; u < columns.vectors; ++u)
      inits.push_back(loops.load(out, {}, columns, u));
    SmallVector<Value> sums = loops.accumulate(
        loops.index(0), rows, inits, [&](Value r, ValueRange carried) {
          SmallVector<Value> next;
          for (int64_t u = 0; u < columns.vectors; ++u)
            next.push_back(arith::AddFOp::create(
                loops.b, carried[u], loops.load(input, r, columns, u)));
          return next;
        });
    for (int64_t u = 0; u < columns.vectors; ++u)
      loops.store(sums[u], out, {}, columns, u);
  });
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
  Value vector = vector::BroadcastOp::create(loops.b, loops.type, value);
  loops.forOuter(out, [&](ValueRange outer) {
    loops.forColumns(type.getShape().back(), 4, [&](Columns columns) {
      for (int64_t u = 0; u < columns.vectors; ++u)
        loops.store(vector, out, outer, columns, u);
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
    loops.forColumns(type.getShape().back(), 4, [&](Columns columns) {
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
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<linalg::ContractOp, linalg::ReduceOp, linalg::FillOp,
              memref::CopyOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      Type element = getElementTypeOrSelf(op->getOperands().back().getType());
      if (!isa<Float32Type, Float64Type>(element))
        continue;
      RegisterFile target{vectorWidth / element.getIntOrFloatBitWidth(),
                          numRegisters};
      // An op that has no vectors is left for loops of numbers.
      if (auto contract = dyn_cast<linalg::ContractOp>(op))
        (void)lowerContract(contract, target);
      else if (auto reduce = dyn_cast<linalg::ReduceOp>(op))
        (void)lowerReduce(reduce, target);
      else if (auto fill = dyn_cast<linalg::FillOp>(op))
        (void)lowerFill(fill, target);
      else
        (void)lowerCopy(cast<memref::CopyOp>(op), target);
    }
  }
};
} // namespace
