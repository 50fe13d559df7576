//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowRange.h"

using namespace mlir;
using namespace ravel::rnn;

/// `value` for the rows, then `rest` of each further dimension.
static SmallVector<OpFoldResult>
getPerDimension(OpBuilder &builder, RankedTensorType type, OpFoldResult value,
                function_ref<int64_t(unsigned)> rest) {
  SmallVector<OpFoldResult> result = {value};
  for (int64_t dim = 1; dim < type.getRank(); ++dim)
    result.push_back(builder.getIndexAttr(rest(dim)));
  return result;
}

static SmallVector<OpFoldResult>
getOffsets(OpBuilder &builder, RankedTensorType type, OpFoldResult first) {
  return getPerDimension(builder, type, first, [](unsigned) { return 0; });
}

/// `count` whole rows of `tensor`.
static SmallVector<OpFoldResult> getSizes(OpBuilder &builder, Location loc,
                                          Value tensor, OpFoldResult count) {
  SmallVector<OpFoldResult> sizes = {count};
  for (int64_t dim = 1;
       dim < cast<RankedTensorType>(tensor.getType()).getRank(); ++dim)
    sizes.push_back(tensor::getMixedSize(builder, loc, tensor, dim));
  return sizes;
}

static SmallVector<OpFoldResult> getStrides(OpBuilder &builder,
                                            RankedTensorType type) {
  return getPerDimension(builder, type, builder.getIndexAttr(1),
                         [](unsigned) { return 1; });
}

Value RowRange::extract(OpBuilder &builder, Location loc, Value tensor) const {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.front() = ShapedType::kDynamic;
  return tensor::ExtractSliceOp::create(builder, loc, type.clone(shape), tensor,
                                        ::getOffsets(builder, type, first),
                                        getSizes(builder, loc, tensor, count),
                                        getStrides(builder, type));
}

Value RowRange::insert(OpBuilder &builder, Location loc, Value slice,
                       Value tensor) const {
  auto type = cast<RankedTensorType>(tensor.getType());
  return tensor::InsertSliceOp::create(
      builder, loc, slice, tensor, ::getOffsets(builder, type, first),
      getSizes(builder, loc, tensor, count), getStrides(builder, type));
}

RowRange ravel::rnn::getInstant(OpBuilder &builder, Location loc, Value offsets,
                                Value t) {
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value next = arith::AddIOp::create(builder, loc, t, one);
  Value first = tensor::ExtractOp::create(builder, loc, offsets, t);
  Value end = tensor::ExtractOp::create(builder, loc, offsets, next);
  Value count = arith::SubIOp::create(builder, loc, end, first);
  return {first, count};
}
