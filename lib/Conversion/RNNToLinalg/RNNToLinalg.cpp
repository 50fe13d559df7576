//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the ops that speak about all rows of a batch as `linalg`, on tensors.
//
//===----------------------------------------------------------------------===//

#include "../RowsToVector/Packing.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ravel/Conversion/Passes.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {
#define GEN_PASS_DEF_CONVERTRNNTOLINALG
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// A tensor of zeros.
static Value createZeros(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape,
                         Type element) {
  Value empty = tensor::EmptyOp::create(b, shape, element);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  return linalg::FillOp::create(b, zero, empty).getResult(0);
}

/// Whether `value` is a tensor of rows of static vectors.
static bool isRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2;
}

/// sum_r lhs[r]^T rhs[r], added to `init`.
static Value createContract(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                            Value init) {
  AffineExpr i = b.getAffineDimExpr(0), j = b.getAffineDimExpr(1),
             r = b.getAffineDimExpr(2);
  SmallVector<AffineMap> maps;
  for (auto [row, column] : {std::pair(r, i), {r, j}, {i, j}})
    maps.push_back(AffineMap::get(3, 0, {row, column}, b.getContext()));
  return linalg::ContractOp::create(b, TypeRange(init.getType()),
                                    ValueRange{lhs, rhs}, ValueRange(init),
                                    b.getAffineMapArrayAttr(maps))
      .getResult(0);
}

/// `count` columns of `rows` from `first` on, where they are.
static Value createColumns(ImplicitLocOpBuilder &b, Value rows, int64_t first,
                           int64_t count) {
  if (count == cast<RankedTensorType>(rows.getType()).getDimSize(1))
    return rows;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(
      b, rows, {zero, b.getIndexAttr(first)},
      {tensor::getMixedSize(b, b.getLoc(), rows, 0), b.getIndexAttr(count)},
      {one, one});
}

/// Copies the triangle above the diagonal of `matrix` to below. One number at a
/// time: bufferization would copy each part that is read while another part of
/// the same matrix is written.
static Value createMirrored(ImplicitLocOpBuilder &b, Value matrix) {
  int64_t size = cast<RankedTensorType>(matrix.getType()).getDimSize(0);
  Value zero = arith::ConstantIndexOp::create(b, 0),
        one = arith::ConstantIndexOp::create(b, 1),
        end = arith::ConstantIndexOp::create(b, size);
  OpBuilder::InsertionGuard guard(b);
  auto byRow = scf::ForOp::create(b, one, end, one, matrix);
  b.setInsertionPointToStart(byRow.getBody());
  Value row = byRow.getInductionVar();
  auto byColumn =
      scf::ForOp::create(b, zero, row, one, byRow.getRegionIterArgs());
  scf::YieldOp::create(b, byColumn.getResults());
  b.setInsertionPointToStart(byColumn.getBody());
  Value column = byColumn.getInductionVar();
  Value below = byColumn.getRegionIterArg(0);
  Value number = tensor::ExtractOp::create(b, below, ValueRange{column, row});
  Value next =
      tensor::InsertOp::create(b, number, below, ValueRange{row, column});
  scf::YieldOp::create(b, next);
  return byRow.getResult(0);
}

/// The columns of a part of a symmetric product of `size` columns. Parts of
/// fewer than the least spend their time on moving rows.
static int64_t getSymmetricPart(int64_t size) {
  constexpr int64_t kMostParts = 16, kLeastColumns = 128;
  return llvm::alignTo(
      std::max(kLeastColumns, llvm::divideCeilSigned(size, kMostParts)), 64);
}

/// sum_r rows[r]^T rows[r]: parts of columns, each down to the diagonal, and
/// their mirror.
static Value createSymmetricContract(ImplicitLocOpBuilder &b, Value rows,
                                     RankedTensorType type) {
  int64_t size = type.getDimSize(0), part = getSymmetricPart(size);
  Value matrix = createZeros(b, type.getShape(), type.getElementType());
  for (int64_t begin = 0; begin < size; begin += part) {
    int64_t width = std::min(part, size - begin), height = begin + width;
    SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0),
                                         b.getIndexAttr(begin)},
                              sizes = {b.getIndexAttr(height),
                                       b.getIndexAttr(width)},
                              strides(2, b.getIndexAttr(1));
    Value zeros =
        tensor::ExtractSliceOp::create(b, matrix, offsets, sizes, strides);
    Value sums = createContract(b, createColumns(b, rows, 0, height),
                                createColumns(b, rows, begin, width), zeros);
    matrix =
        tensor::InsertSliceOp::create(b, sums, matrix, offsets, sizes, strides);
  }
  return createMirrored(b, matrix);
}

/// The slice of a matrix that `op` takes, if its place is static and it has
/// whole rows and columns of that part.
static tensor::ExtractSliceOp getStaticSlice(Operation *op) {
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  if (!slice || slice.getType().getRank() != 2 ||
      !slice.getType().hasStaticShape() || !slice.hasUnitStride() ||
      llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic))
    return nullptr;
  return slice;
}

namespace {
/// A matrix that is read in slices is computed slice by slice, so that each is
/// written where it is to lie.
struct ConvertContract : OpRewritePattern<ContractOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(ContractOp op,
                                PatternRewriter &rewriter) const override {
    if (!isRows(op.getLhs()) || !isRows(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "not of batched vectors");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    if (op->use_empty() || !llvm::all_of(op->getUsers(), getStaticSlice)) {
      // Of fewer parts the mirror costs what it saves.
      constexpr int64_t kFewestParts = 3;
      RankedTensorType type = op.getResult().getType();
      int64_t size = type.getDimSize(0);
      Value sums;
      if (op.getLhs() == op.getRhs() &&
          size >= kFewestParts * getSymmetricPart(size))
        sums = createSymmetricContract(b, op.getLhs(), type);
      else
        sums = createContract(
            b, op.getLhs(), op.getRhs(),
            createZeros(b, type.getShape(), type.getElementType()));
      rewriter.replaceOp(op, sums);
      return success();
    }
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      tensor::ExtractSliceOp slice = getStaticSlice(user);
      ArrayRef<int64_t> offsets = slice.getStaticOffsets();
      RankedTensorType type = slice.getType();
      Value lhs = createColumns(b, op.getLhs(), offsets[0], type.getDimSize(0));
      Value rhs = createColumns(b, op.getRhs(), offsets[1], type.getDimSize(1));
      Value zeros = createZeros(b, type.getShape(), type.getElementType());
      rewriter.replaceOp(slice, createContract(b, lhs, rhs, zeros));
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// The sum of all rows.
struct ConvertTotal : OpRewritePattern<TotalOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(TotalOp op,
                                PatternRewriter &rewriter) const override {
    auto rows = dyn_cast<RankedTensorType>(op.getOperand().getType());
    if (!rows || rows == op.getType())
      return rewriter.notifyMatchFailure(op, "not of a batch");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value zeros =
        createZeros(b, rows.getShape().drop_front(), rows.getElementType());
    auto reduce = linalg::ReduceOp::create(
        b, op.getOperand(), zeros, ArrayRef<int64_t>{0},
        [](OpBuilder &builder, Location loc, ValueRange values) {
          Value sum = arith::AddFOp::create(builder, loc, values[0], values[1]);
          linalg::YieldOp::create(builder, loc, sum);
        });
    Value result = reduce.getResult(0);
    if (!isa<RankedTensorType>(op.getType()))
      result = tensor::ExtractOp::create(b, result, ValueRange());
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// Rows added to the rows of a matrix one after the other: two may have the
/// same index.
struct ConvertScatter : OpRewritePattern<ScatterOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(ScatterOp op,
                                PatternRewriter &rewriter) const override {
    if (!isRows(op.getVector()))
      return rewriter.notifyMatchFailure(op, "not of batched vectors");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getType());
    Value zeros = createZeros(b, type.getShape(), type.getElementType());
    Value first = arith::ConstantIndexOp::create(b, 0);
    Value step = arith::ConstantIndexOp::create(b, 1);
    Value count = tensor::DimOp::create(b, op.getVector(), first);
    auto loop = scf::ForOp::create(b, first, count, step, zeros);
    b.setInsertionPointToStart(loop.getBody());
    Value number =
        tensor::ExtractOp::create(b, op.getIndex(), loop.getInductionVar());
    Value index = arith::IndexCastOp::create(b, b.getIndexType(), number);
    auto rowType = type.clone({type.getDimSize(1)});
    auto getRow = [&](Value rows, Value row) -> Value {
      return tensor::ExtractSliceOp::create(b, rowType, rows,
                                            getOffsets(b, row),
                                            getSizes(b, type), getStrides(b));
    };
    Value matrix = loop.getRegionIterArg(0);
    Value addend = getRow(op.getVector(), loop.getInductionVar());
    Value row = getRow(matrix, index);
    Value sum = linalg::AddOp::create(b, rowType, ValueRange{row, addend},
                                      ValueRange(row))
                    .getResult(0);
    Value next = tensor::InsertSliceOp::create(
        b, sum, matrix, getOffsets(b, index), getSizes(b, type), getStrides(b));
    scf::YieldOp::create(b, next);
    rewriter.replaceOp(op, loop.getResults());
    return success();
  }

  static SmallVector<OpFoldResult> getOffsets(OpBuilder &b, Value row) {
    return {row, b.getIndexAttr(0)};
  }
  static SmallVector<OpFoldResult> getSizes(OpBuilder &b,
                                            RankedTensorType type) {
    return {b.getIndexAttr(1), b.getIndexAttr(type.getDimSize(1))};
  }
  static SmallVector<OpFoldResult> getStrides(OpBuilder &b) {
    return {b.getIndexAttr(1), b.getIndexAttr(1)};
  }
};

/// Weights written into a matrix of zeros.
struct ConvertDensify : OpRewritePattern<DensifyOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(DensifyOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    RankedTensorType type = op.getResult().getType();
    auto sparse = cast<RankedTensorType>(op.getMatrix().getType());
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, value);
    };
    Value first = index(0), second = index(1);
    Value zeros = createZeros(b, type.getShape(), type.getElementType());
    auto byPlace = scf::ForOp::create(b, first, index(sparse.getDimSize(1)),
                                      second, zeros);
    b.setInsertionPointToStart(byPlace.getBody());
    auto byColumn = scf::ForOp::create(b, first, index(sparse.getDimSize(2)),
                                       second, byPlace.getRegionIterArgs());
    scf::YieldOp::create(b, byColumn.getResults());
    b.setInsertionPointToStart(byColumn.getBody());
    Value k = byPlace.getInductionVar(), column = byColumn.getInductionVar();
    Value weight = tensor::ExtractOp::create(b, op.getMatrix(),
                                             ValueRange{first, k, column});
    Value stored = tensor::ExtractOp::create(b, op.getMatrix(),
                                             ValueRange{second, k, column});
    Value row = arith::IndexCastUIOp::create(
        b, b.getIndexType(),
        convertToInputs(b, stored, type.getDimSize(0), b.getI32Type()));
    Value matrix = byColumn.getRegionIterArg(0);
    Value old = tensor::ExtractOp::create(b, matrix, ValueRange{row, column});
    Value next =
        tensor::InsertOp::create(b, arith::AddFOp::create(b, old, weight),
                                 matrix, ValueRange{row, column});
    scf::YieldOp::create(b, next);
    rewriter.replaceOp(op, byPlace.getResults());
    return success();
  }
};

struct ConvertRNNToLinalg
    : ravel::impl::ConvertRNNToLinalgBase<ConvertRNNToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvertContract, ConvertTotal, ConvertScatter, ConvertDensify>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();

    // Arithmetic on whole parameters and their gradients, outside of kernels.
    RewritePatternSet onTensors(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(onTensors);
    tensor::populateDecomposeTensorConcatPatterns(onTensors);
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *op) {
      if (isInKernel(op))
        return true;
      bool onTensors = llvm::any_of(op->getResultTypes(), [](Type type) {
        return isa<RankedTensorType>(type);
      });
      return !isa<tensor::ConcatOp>(op) &&
             !(onTensors && OpTrait::hasElementwiseMappableTraits(op));
    });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(onTensors))))
      signalPassFailure();
  }
};
} // namespace
