//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The function of which a readout is solved, made of the explicit objective:
//
// 0. What a readout within a loop reads becomes outputs of the loop.
// 1. The readout's features, a 1 and its target are joined to the rows of the
//    regression, whose products with themselves one `rnn.contract` sums up.
// 2. These are returned in place of the loss, and what that needed goes.
// 3. If all that remains reads sequences from their beginning, an instant at a
//    time, sequences can be given in parts: loops begin with states that come
//    in and hand out those that they end with.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ravel::rnn;

/// Makes what a readout within a loop reads outputs of the loop.
static void bringOut(FittedReadout &readout) {
  auto scan = dyn_cast<ScanOp>(readout.result.getParentBlock()->getParentOp());
  if (!scan)
    return;
  auto outputs = scan.getYield().getOutputs();
  unsigned place = llvm::find(outputs, readout.result) - outputs.begin();
  IRRewriter rewriter(scan.getContext());
  rewriter.setInsertionPoint(scan);
  ScanOp longer = scan.appendOutputs(rewriter, readout.features);
  auto features = longer.getOutputs().take_back(readout.features.size());
  readout.features.assign(features.begin(), features.end());
  readout.result = longer.getOutputs()[place];
}

/// The rows of the regression: features, 1, target.
static Value createRows(OpBuilder &builder, FittedReadout &readout) {
  Location loc = readout.op.getLoc();
  Type prediction = getElementOrSelf(readout.result.getType());
  Type scalar = getScalarType(prediction);
  int64_t size = 1 + cast<RankedTensorType>(prediction).getDimSize(0);
  for (Value feature : readout.features)
    size += cast<RankedTensorType>(getElementOrSelf(feature.getType()))
                .getDimSize(0);
  auto rowType = RankedTensorType::get({size}, scalar);
  auto createRow = [&](OpBuilder &b, ValueRange parts) -> Value {
    SmallVector<Value> columns(parts.drop_back());
    columns.push_back(
        createSplat(b, loc, RankedTensorType::get({1}, scalar), 1.0));
    Value wanted = parts.back();
    if (wanted.getType().isInteger(32))
      wanted = OneHotOp::create(b, loc, prediction, wanted);
    columns.push_back(wanted);
    return tensor::ConcatOp::create(b, loc, rowType, /*dim=*/0, columns);
  };
  SmallVector<Value> values(readout.features);
  values.push_back(readout.target);
  if (!isa<SeqType>(readout.result.getType()))
    return createRow(builder, values);
  auto scan =
      ScanOp::create(builder, loc, values, ValueRange(), TypeRange(rowType));
  OpBuilder body = OpBuilder::atBlockBegin(&scan.getEntry());
  Value row = createRow(body, ValueRange(scan.getInputArgs()));
  YieldOp::create(body, loc, row);
  return scan.getOutputs().front();
}

/// The sum over all rows of their outer products with themselves.
static Value createSquare(OpBuilder &builder, Location loc, Value rows) {
  auto type = cast<RankedTensorType>(getElementOrSelf(rows.getType()));
  int64_t size = type.getDimSize(0);
  return ContractOp::create(builder, loc, type.clone({size, size}), rows, rows);
}

void ravel::rnn::buildRegression(func::FuncOp function, FittedReadout readout,
                                 bool givesRows) {
  bringOut(readout);
  OpBuilder builder(function.front().getTerminator());
  bool isSequence = isa<SeqType>(readout.result.getType());
  Value result = createRows(builder, readout);
  if (!givesRows)
    result = createSquare(builder, readout.op.getLoc(), result);
  replaceResults(function, result, readout.op.getNameAttr());
  if (!givesRows)
    function.setResultAttr(0, RNNDialect::kSharedAttr, builder.getUnitAttr());
  eraseUnusedParameters(function);
  if (isSequence && canBeGivenInParts(function))
    carryStates(function);
}
