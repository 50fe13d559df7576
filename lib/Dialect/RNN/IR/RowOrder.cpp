//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowOrder.h"

using namespace mlir;
using namespace ravel::rnn;

scf::ForOp ravel::rnn::createTimeLoop(
    OpBuilder &builder, Location loc, const BatchExtent &extent,
    ValueRange carried,
    function_ref<void(OpBuilder &, Value, ValueRange)> body) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop =
      scf::ForOp::create(builder, loc, zero, extent.numInstants, one, carried,
                         [&](OpBuilder &inner, Location, Value step,
                             ValueRange values) { body(inner, step, values); });
  loop->setAttr(RNNDialect::kTimeAttr, builder.getUnitAttr());
  return loop;
}

Value ravel::rnn::getStepInstant(OpBuilder &builder, Location loc,
                                 const BatchExtent &extent, Value step,
                                 bool reverse) {
  if (!reverse)
    return step;
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value last = arith::SubIOp::create(builder, loc, extent.numInstants, one);
  return arith::SubIOp::create(builder, loc, last, step);
}

Value ravel::rnn::createRowLoop(
    OpBuilder &builder, Location loc, Value count, Value initial,
    function_ref<Value(OpBuilder &, Value, Value)> body) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(
      builder, loc, zero, count, one, initial,
      [&](OpBuilder &inner, Location, Value row, ValueRange carried) {
        scf::YieldOp::create(inner, loc, body(inner, row, carried.front()));
      });
  return loop.getResult(0);
}

Value ravel::rnn::createPackedLoop(
    OpBuilder &builder, Location loc, const BatchExtent &extent, Value initial,
    function_ref<Value(OpBuilder &, Value, Value, Value)> body) {
  auto loop = createTimeLoop(
      builder, loc, extent, initial,
      [&](OpBuilder &outer, Value t, ValueRange carried) {
        Value count =
            cast<Value>(getInstant(outer, loc, extent.offsets, t).count);
        Value next =
            createRowLoop(outer, loc, count, carried.front(),
                          [&](OpBuilder &inner, Value row, Value value) {
                            return body(inner, t, row, value);
                          });
        scf::YieldOp::create(outer, loc, next);
      });
  return loop.getResult(0);
}

Value ravel::rnn::copyRow(OpBuilder &builder, Location loc, Value source,
                          Value from, Value target, Value to) {
  OpFoldResult one =
      arith::ConstantIndexOp::create(builder, loc, 1).getResult();
  Value row = RowRange{from, one}.extract(builder, loc, source);
  return RowRange{to, one}.insert(builder, loc, row, target);
}

Value ravel::rnn::getExample(OpBuilder &builder, Location loc,
                             const BatchExtent &extent, Value row) {
  if (!extent.order)
    return row;
  return tensor::ExtractOp::create(builder, loc, extent.order, row);
}

/// Copies each row of `rows` from one order to the other.
static Value reorder(OpBuilder &builder, Location loc,
                     const BatchExtent &extent, Value rows, Value destination,
                     bool toInstants) {
  return createRowLoop(
      builder, loc, extent.batchSize, destination,
      [&](OpBuilder &inner, Value row, Value target) {
        Value example = getExample(inner, loc, extent, row);
        return toInstants ? copyRow(inner, loc, rows, example, target, row)
                          : copyRow(inner, loc, rows, row, target, example);
      });
}

Value ravel::rnn::toInstantOrder(OpBuilder &builder, Location loc,
                                 const BatchExtent &extent, Value rows,
                                 Value destination) {
  return reorder(builder, loc, extent, rows, destination, /*toInstants=*/true);
}

Value ravel::rnn::toBatchOrder(OpBuilder &builder, Location loc,
                               const BatchExtent &extent, Value rows,
                               Value destination) {
  return reorder(builder, loc, extent, rows, destination, /*toInstants=*/false);
}
