//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How each op of the model is written in explicit ops (level 0 to level 1).
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Affine maps and parameters
//===----------------------------------------------------------------------===//

/// `attr`, or the default initializer `fallback` where it is null.
static Attribute getInitializerOr(Attribute attr, Attribute fallback) {
  return attr ? attr : fallback;
}

/// sum_k x_k W_k + b with the parameters of `op`.
template <typename OpTy>
static FailureOr<Value> expandAffine(OpTy op, OpBuilder &builder,
                                     ExpansionContext &context) {
  Location loc = op.getLoc();
  auto resultType = cast<RankedTensorType>(op.getResult().getType());
  Attribute init = op.getInitAttr();
  Value sum;
  for (auto [index, operand] : llvm::enumerate(op.getOperands_())) {
    auto vectorType = cast<RankedTensorType>(operand.getType());
    auto matrixType = RankedTensorType::get(
        {vectorType.getDimSize(0), resultType.getDimSize(0)},
        resultType.getElementType());
    Attribute weightInit = init;
    if (auto array = dyn_cast_or_null<ArrayAttr>(init))
      weightInit = array[index];
    FailureOr<Value> weight = context.getParameter(
        op, (op.getName() + ".weight." + Twine(index)).str(), matrixType,
        getInitializerOr(weightInit, GlorotAttr::get(op.getContext())),
        op.getTrainable());
    if (failed(weight))
      return failure();
    Value product =
        LinearOp::create(builder, loc, resultType, operand, *weight, false);
    sum = sum ? arith::AddFOp::create(builder, loc, sum, product).getResult()
              : product;
  }
  if (!op.getBias())
    return sum;
  Attribute biasInit = ZerosAttr::get(op.getContext());
  if (op.getBiasInit())
    biasInit = ConstantInitAttr::get(op.getContext(), *op.getBiasInit());
  FailureOr<Value> bias =
      context.getParameter(op, (op.getName() + ".bias").str(), resultType,
                           biasInit, op.getTrainable());
  if (failed(bias))
    return failure();
  return arith::AddFOp::create(builder, loc, sum, *bias).getResult();
}

FailureOr<SmallVector<Value>> GateOp::expand(OpBuilder &builder,
                                             ExpansionContext &context) {
  FailureOr<Value> sum = expandAffine(*this, builder, context);
  if (failed(sum))
    return failure();
  Value result = createActivation(builder, getLoc(), getActivation(), *sum);
  // An activation that is made of simpler ops is written in these at once.
  auto expandable = result.getDefiningOp<ExpandableOpInterface>();
  if (!expandable)
    return SmallVector<Value>{result};
  FailureOr<SmallVector<Value>> results = expandable.expand(builder, context);
  expandable->erase();
  return results;
}

template <typename OpTy>
static FailureOr<SmallVector<Value>> expandMap(OpTy op, OpBuilder &builder,
                                               ExpansionContext &context) {
  FailureOr<Value> sum = expandAffine(op, builder, context);
  if (failed(sum))
    return failure();
  return SmallVector<Value>{*sum};
}

FailureOr<SmallVector<Value>> ProjectOp::expand(OpBuilder &builder,
                                                ExpansionContext &context) {
  return expandMap(*this, builder, context);
}

FailureOr<SmallVector<Value>> ReadoutOp::expand(OpBuilder &builder,
                                                ExpansionContext &context) {
  return expandMap(*this, builder, context);
}

FailureOr<SmallVector<Value>> ParamOp::expand(OpBuilder &builder,
                                              ExpansionContext &context) {
  FailureOr<Value> parameter = context.getParameter(
      *this, getName(), cast<RankedTensorType>(getType()),
      getInitializerOr(getInitAttr(), ZerosAttr::get(getContext())),
      getTrainable());
  if (failed(parameter))
    return failure();
  return SmallVector<Value>{*parameter};
}

FailureOr<SmallVector<Value>> EmbedOp::expand(OpBuilder &builder,
                                              ExpansionContext &context) {
  auto vector = cast<RankedTensorType>(getType());
  FailureOr<Value> table = context.getParameter(
      *this, (getName() + ".weight").str(),
      vector.clone({static_cast<int64_t>(getVocab()), vector.getDimSize(0)}),
      getInitializerOr(
          getInitAttr(),
          NormalAttr::get(getContext(), APFloat(0.0), APFloat(0.1))),
      getTrainable());
  if (failed(table))
    return failure();
  return SmallVector<Value>{
      LookupOp::create(builder, getLoc(), vector, *table, getIndex())};
}

FailureOr<SmallVector<Value>> ConstantOp::expand(OpBuilder &builder,
                                                 ExpansionContext &) {
  return SmallVector<Value>{
      createSplat(builder, getLoc(), getType(), getValue().convertToDouble())};
}

FailureOr<SmallVector<Value>> HyperOp::expand(OpBuilder &builder,
                                              ExpansionContext &) {
  return SmallVector<Value>{
      createSplat(builder, getLoc(), getType(), getValue().convertToDouble())};
}

//===----------------------------------------------------------------------===//
// Functions of a vector
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> LeakyReluOp::expand(OpBuilder &builder,
                                                  ExpansionContext &) {
  Value slope = createSplat(builder, getLoc(), getType(), 0.01);
  Value scaled = arith::MulFOp::create(builder, getLoc(), getOperand(), slope);
  return SmallVector<Value>{
      arith::MaximumFOp::create(builder, getLoc(), getOperand(), scaled)};
}

FailureOr<SmallVector<Value>> EluOp::expand(OpBuilder &builder,
                                            ExpansionContext &) {
  Location loc = getLoc();
  Value zero = createSplat(builder, loc, getType(), 0.0);
  Value one = createSplat(builder, loc, getType(), 1.0);
  // The exponential of the positive part, which is not used, must not overflow.
  Value negative = arith::MinimumFOp::create(builder, loc, getOperand(), zero);
  Value exp = math::ExpOp::create(builder, loc, negative);
  Value below = arith::SubFOp::create(builder, loc, exp, one);
  Value positive = arith::MaximumFOp::create(builder, loc, getOperand(), zero);
  return SmallVector<Value>{
      arith::AddFOp::create(builder, loc, positive, below)};
}

FailureOr<SmallVector<Value>> SiluOp::expand(OpBuilder &builder,
                                             ExpansionContext &) {
  Value gate = SigmoidOp::create(builder, getLoc(), getType(), getOperand());
  return SmallVector<Value>{
      arith::MulFOp::create(builder, getLoc(), getOperand(), gate)};
}

FailureOr<SmallVector<Value>> HardSigmoidOp::expand(OpBuilder &builder,
                                                    ExpansionContext &) {
  Location loc = getLoc();
  auto splat = [&](double value) {
    return createSplat(builder, loc, getType(), value);
  };
  Value scaled =
      arith::MulFOp::create(builder, loc, getOperand(), splat(1.0 / 6.0));
  Value shifted = arith::AddFOp::create(builder, loc, scaled, splat(0.5));
  Value low = arith::MaximumFOp::create(builder, loc, shifted, splat(0.0));
  return SmallVector<Value>{
      arith::MinimumFOp::create(builder, loc, low, splat(1.0))};
}

/// The mean of a vector's components, as a vector.
static Value createMean(OpBuilder &builder, Location loc, Value vector) {
  auto type = cast<RankedTensorType>(vector.getType());
  Value sum = SumOp::create(builder, loc, type.getElementType(), vector);
  Value scale = createSplat(builder, loc, type.getElementType(),
                            1.0 / static_cast<double>(type.getDimSize(0)));
  Value mean = arith::MulFOp::create(builder, loc, sum, scale);
  return BroadcastOp::create(builder, loc, type, mean);
}

FailureOr<SmallVector<Value>> LayerNormOp::expand(OpBuilder &builder,
                                                  ExpansionContext &context) {
  Location loc = getLoc();
  auto type = cast<RankedTensorType>(getType());
  FailureOr<Value> gain = context.getParameter(
      *this, (getName() + ".gain").str(), type,
      ConstantInitAttr::get(getContext(), APFloat(1.0)), /*trainable=*/true);
  if (failed(gain))
    return failure();
  Value mean = createMean(builder, loc, getOperand());
  Value centred = arith::SubFOp::create(builder, loc, getOperand(), mean);
  Value square = arith::MulFOp::create(builder, loc, centred, centred);
  Value variance = createMean(builder, loc, square);
  Value epsilon =
      createSplat(builder, loc, type, getEpsilon().convertToDouble());
  Value shifted = arith::AddFOp::create(builder, loc, variance, epsilon);
  Value inverse = math::RsqrtOp::create(builder, loc, shifted);
  Value normal = arith::MulFOp::create(builder, loc, centred, inverse);
  Value scaled = arith::MulFOp::create(builder, loc, normal, *gain);
  if (!getBias())
    return SmallVector<Value>{scaled};
  APFloat biasInit = getBiasInit().value_or(APFloat(0.0));
  FailureOr<Value> bias = context.getParameter(
      *this, (getName() + ".bias").str(), type,
      ConstantInitAttr::get(getContext(), biasInit), /*trainable=*/true);
  if (failed(bias))
    return failure();
  return SmallVector<Value>{arith::AddFOp::create(builder, loc, scaled, *bias)};
}

FailureOr<SmallVector<Value>> DropoutOp::expand(OpBuilder &builder,
                                                ExpansionContext &context) {
  double rate = getRate().convertToDouble();
  if (!context.isTraining() || rate == 0.0)
    return SmallVector<Value>{getOperand()};
  Value mask = RandomMaskOp::create(
      builder, getLoc(), getType(), context.getKey(builder), getRateAttr(),
      builder.getI64IntegerAttr(context.getNextSite()));
  return SmallVector<Value>{
      arith::MulFOp::create(builder, getLoc(), getOperand(), mask)};
}

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

Value ravel::rnn::createNextKey(OpBuilder &builder, Location loc, Value key) {
  Value a = arith::ConstantOp::create(builder, loc,
                                      builder.getI32IntegerAttr(1664525));
  Value c = arith::ConstantOp::create(builder, loc,
                                      builder.getI32IntegerAttr(1013904223));
  Value product = arith::MulIOp::create(builder, loc, key, a);
  return arith::AddIOp::create(builder, loc, product, c);
}

/// The rate for state `index` of a rate for the first state or an array of
/// rates.
static double getRate(Attribute attr, size_t index) {
  if (auto rate = dyn_cast_or_null<FloatAttr>(attr))
    return index == 0 ? rate.getValueAsDouble() : 0.0;
  auto rates = dyn_cast_or_null<ArrayAttr>(attr);
  if (!rates || index >= rates.size())
    return 0.0;
  return cast<FloatAttr>(rates[index]).getValueAsDouble();
}

static Value createMask(OpBuilder &builder, Location loc, Type type, Value key,
                        double rate, int64_t site) {
  return RandomMaskOp::create(builder, loc, type, key,
                              builder.getF64FloatAttr(rate),
                              builder.getI64IntegerAttr(site));
}

/// Zoneout: each component is the old one with probability `rate` while
/// training, and the mean of that otherwise.
static Value createZoneout(OpBuilder &builder, Location loc, Value next,
                           Value old, double rate, ExpansionContext &context) {
  Type type = next.getType();
  if (context.isTraining()) {
    Value mask = createMask(builder, loc, type, context.getKey(builder), rate,
                            context.getNextSite());
    Value zero = createSplat(builder, loc, type, 0.0);
    Value take = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT,
                                       mask, zero);
    return arith::SelectOp::create(builder, loc, take, next, old);
  }
  Value keep = createSplat(builder, loc, type, rate);
  Value rest = createSplat(builder, loc, type, 1.0 - rate);
  Value kept = arith::MulFOp::create(builder, loc, old, keep);
  Value taken = arith::MulFOp::create(builder, loc, next, rest);
  return arith::AddFOp::create(builder, loc, kept, taken);
}

FailureOr<SmallVector<Value>> UnrollOp::expand(OpBuilder &builder,
                                               ExpansionContext &context) {
  Location loc = getLoc();
  FailureOr<CellOp> cell = context.lookupCell(*this, getCellAttr().getAttr());
  if (failed(cell))
    return failure();
  size_t numOutputs = cell->getYield().getOutputs().size();
  size_t numStates = cell->getStates().size();

  SmallVector<Type> inputTypes, stateTypes(numStates), outputTypes;
  for (Value input : getInputs())
    inputTypes.push_back(getElementOrSelf(input.getType()));
  llvm::append_range(inputTypes, getFeedback().getTypes());
  for (auto [type, state] : llvm::zip(stateTypes, getStates()))
    type = state.getType();
  for (Type type : getResults().take_front(numOutputs).getTypes())
    outputTypes.push_back(getElementOrSelf(type));
  if (stateTypes.size() && !stateTypes.front() &&
      getNumResults() == numOutputs + numStates)
    llvm::copy(getResults().drop_front(numOutputs).getTypes(),
               stateTypes.begin());
  FailureOr<SmallVector<Type>> types =
      context.inferCellTypes(*this, *cell, inputTypes, stateTypes, outputTypes);
  if (failed(types))
    return failure();

  // Initial states; values fed back and the random key are states too.
  SmallVector<Value> initial(getStates());
  if (initial.empty())
    for (Type type : ArrayRef(*types).drop_front(numOutputs))
      initial.push_back(type.isInteger(32)
                            ? arith::ConstantOp::create(
                                  builder, loc, builder.getI32IntegerAttr(0))
                                  .getResult()
                            : createSplat(builder, loc, type, 0.0));
  llvm::append_range(initial, getFeedback());
  bool training = context.isTraining();
  SmallVector<Value> masks(numStates);
  if (training) {
    Value key = context.getExampleKey(builder);
    Value site = arith::ConstantOp::create(
        builder, loc,
        builder.getI32IntegerAttr(static_cast<int32_t>(context.getNextSite())));
    initial.push_back(arith::AddIOp::create(builder, loc, key, site));
    for (size_t i = 0; i < numStates; ++i)
      if (double rate = getRate(getStateDropoutAttr(), i); rate > 0.0)
        masks[i] = createMask(builder, loc, (*types)[numOutputs + i], key, rate,
                              context.getNextSite());
  }

  auto scan =
      ScanOp::create(builder, loc, getInputs(), initial,
                     ArrayRef(*types).take_front(numOutputs), getReverse());
  OpBuilder body = OpBuilder::atBlockBegin(&scan.getEntry());
  SmallVector<Value> inputs(scan.getInputArgs());
  SmallVector<Value> states(scan.getStateArgs().take_front(numStates));
  llvm::append_range(
      inputs, scan.getStateArgs().slice(numStates, getFeedback().size()));
  Value key;
  if (training) {
    key = scan.getStateArgs().back();
    context.pushKey(key);
    double rate = getDropout() ? getDropout()->convertToDouble() : 0.0;
    if (rate > 0.0)
      for (Value &input : inputs)
        if (isa<RankedTensorType>(input.getType())) {
          Value mask = createMask(body, loc, input.getType(), key, rate,
                                  context.getNextSite());
          input = arith::MulFOp::create(body, loc, input, mask);
        }
  }
  SmallVector<Value> read = states;
  for (auto [state, mask] : llvm::zip(read, masks))
    if (mask)
      state = arith::MulFOp::create(body, loc, state, mask);
  FailureOr<SmallVector<Value>> results =
      context.inlineCell(body, *this, *cell, getName(), inputs, read,
                         ArrayRef(*types).take_front(numOutputs));
  if (failed(results))
    return failure();
  SmallVector<Value> outputs(ArrayRef(*results).take_front(numOutputs));
  SmallVector<Value> next(ArrayRef(*results).drop_front(numOutputs));
  for (size_t i = 0; i < numStates; ++i)
    if (double rate = getRate(getZoneoutAttr(), i); rate > 0.0) {
      Value before = next[i];
      next[i] = createZoneout(body, loc, before, states[i], rate, context);
      // An output that is the state shows what was kept.
      for (Value &output : outputs)
        if (output == before)
          output = next[i];
    }
  if (!getFeedback().empty())
    llvm::append_range(next, outputs);
  if (training) {
    context.popKey();
    next.push_back(createNextKey(body, loc, key));
  }
  YieldOp::create(body, loc, outputs, next);

  SmallVector<Value> replacements(scan.getOutputs());
  if (getNumResults() != numOutputs)
    llvm::append_range(replacements, scan.getFinals().take_front(numStates));
  return replacements;
}

FailureOr<SmallVector<Value>> StepOp::expand(OpBuilder &builder,
                                             ExpansionContext &context) {
  FailureOr<CellOp> cell = context.lookupCell(*this, getCellAttr().getAttr());
  if (failed(cell))
    return failure();
  FailureOr<SmallVector<Value>> results = context.inlineCell(
      builder, *this, *cell, getName(), getInputs(), getStates(),
      getResults().take_front(cell->getYield().getOutputs().size()).getTypes());
  if (failed(results))
    return failure();
  results->resize(getNumResults());
  return results;
}

/// A scan over `sequences` whose only state starts at `initial` and becomes
/// `combine(builder, state, elements)`; returns the final state.
static Value
createFold(OpBuilder &builder, Location loc, ValueRange sequences,
           Value initial,
           function_ref<Value(OpBuilder &, Value, ValueRange)> combine) {
  auto scan = ScanOp::create(builder, loc, sequences, initial, TypeRange());
  OpBuilder body = OpBuilder::atBlockBegin(&scan.getEntry());
  SmallVector<Value> elements(scan.getInputArgs());
  Value next = combine(body, scan.getStateArgs().front(), elements);
  YieldOp::create(body, loc, ValueRange(), next);
  return scan.getFinals().front();
}

static Value createSumOverTime(OpBuilder &builder, Location loc,
                               Value sequence) {
  Type element = getElementOrSelf(sequence.getType());
  return createFold(
      builder, loc, sequence, createSplat(builder, loc, element, 0.0),
      [&](OpBuilder &body, Value sum, ValueRange elements) {
        return arith::AddFOp::create(body, loc, sum, elements[0]).getResult();
      });
}

/// `value` divided by the length of `sequence`; zero where that is zero.
static Value divideByLength(OpBuilder &builder, Location loc, Value value,
                            Value sequence) {
  Type scalar = getScalarType(value.getType());
  Value length = LengthOp::create(builder, loc, scalar, sequence);
  Value one = createSplat(builder, loc, scalar, 1.0);
  Value divisor = arith::MaximumFOp::create(builder, loc, length, one);
  if (isa<RankedTensorType>(value.getType()))
    divisor = BroadcastOp::create(builder, loc, value.getType(), divisor);
  return arith::DivFOp::create(builder, loc, value, divisor);
}

static LogicalResult requireFloats(Operation *op, Type element) {
  auto tensor = dyn_cast<RankedTensorType>(element);
  if (isa<FloatType>(getElementTypeOrSelf(element)) &&
      (!tensor || tensor.getRank() == 1))
    return success();
  return op->emitOpError("needs a sequence of vectors or floats, but its "
                         "elements are ")
         << element;
}

FailureOr<SmallVector<Value>> LastOp::expand(OpBuilder &builder,
                                             ExpansionContext &) {
  if (!getType().isInteger(32) && failed(requireFloats(*this, getType())))
    return failure();
  Value initial = getType().isInteger(32)
                      ? arith::ConstantOp::create(builder, getLoc(),
                                                  builder.getI32IntegerAttr(0))
                            .getResult()
                      : createSplat(builder, getLoc(), getType(), 0.0);
  return SmallVector<Value>{createFold(
      builder, getLoc(), getOperand(), initial,
      [](OpBuilder &, Value, ValueRange elements) { return elements[0]; })};
}

FailureOr<SmallVector<Value>> SumOverTimeOp::expand(OpBuilder &builder,
                                                    ExpansionContext &) {
  if (failed(requireFloats(*this, getType())))
    return failure();
  return SmallVector<Value>{createSumOverTime(builder, getLoc(), getOperand())};
}

FailureOr<SmallVector<Value>> MeanOverTimeOp::expand(OpBuilder &builder,
                                                     ExpansionContext &) {
  if (failed(requireFloats(*this, getType())))
    return failure();
  Value sum = createSumOverTime(builder, getLoc(), getOperand());
  return SmallVector<Value>{
      divideByLength(builder, getLoc(), sum, getOperand())};
}

FailureOr<SmallVector<Value>> MaxOverTimeOp::expand(OpBuilder &builder,
                                                    ExpansionContext &) {
  if (failed(requireFloats(*this, getType())))
    return failure();
  Location loc = getLoc();
  Value initial = createSplat(builder, loc, getType(),
                              -std::numeric_limits<double>::infinity());
  return SmallVector<Value>{
      createFold(builder, loc, getOperand(), initial,
                 [&](OpBuilder &body, Value max, ValueRange elements) {
                   return arith::MaximumFOp::create(body, loc, max, elements[0])
                       .getResult();
                 })};
}

//===----------------------------------------------------------------------===//
// Objectives
//===----------------------------------------------------------------------===//

/// The loss of one instant by `instant`, and for sequences its mean or sum over
/// time.
template <typename OpTy>
static SmallVector<Value>
expandObjective(OpTy op, OpBuilder &builder,
                function_ref<Value(OpBuilder &, Value, Value)> instant) {
  Location loc = op.getLoc();
  if (!isa<SeqType>(op.getPrediction().getType()))
    return {instant(builder, op.getPrediction(), op.getTarget())};
  Value zero = createSplat(builder, loc, op.getLoss().getType(), 0.0);
  Value sum = createFold(
      builder, loc, {op.getPrediction(), op.getTarget()}, zero,
      [&](OpBuilder &body, Value sum, ValueRange elements) {
        Value loss = instant(body, elements[0], elements[1]);
        return arith::AddFOp::create(body, loc, sum, loss).getResult();
      });
  if (op.getReduction() == "sum")
    return {sum};
  return {divideByLength(builder, loc, sum, op.getPrediction())};
}

/// The mean of a vector's components, as a number.
static Value createMeanComponent(OpBuilder &builder, Location loc,
                                 Value vector) {
  auto type = cast<RankedTensorType>(vector.getType());
  Value sum = SumOp::create(builder, loc, type.getElementType(), vector);
  Value scale = createSplat(builder, loc, type.getElementType(),
                            1.0 / static_cast<double>(type.getDimSize(0)));
  return arith::MulFOp::create(builder, loc, sum, scale);
}

FailureOr<SmallVector<Value>> CrossEntropyOp::expand(OpBuilder &builder,
                                                     ExpansionContext &) {
  Type type = getLoss().getType();
  return expandObjective(
      *this, builder, [&](OpBuilder &b, Value logits, Value target) {
        Value normalizer = LogSumExpOp::create(b, getLoc(), type, logits);
        Value logit = PickOp::create(b, getLoc(), type, logits, target);
        return arith::SubFOp::create(b, getLoc(), normalizer, logit)
            .getResult();
      });
}

FailureOr<SmallVector<Value>> MseOp::expand(OpBuilder &builder,
                                            ExpansionContext &) {
  return expandObjective(
      *this, builder, [&](OpBuilder &b, Value prediction, Value target) {
        Value error = arith::SubFOp::create(b, getLoc(), prediction, target);
        Value square = arith::MulFOp::create(b, getLoc(), error, error);
        return createMeanComponent(b, getLoc(), square);
      });
}

FailureOr<SmallVector<Value>> MaeOp::expand(OpBuilder &builder,
                                            ExpansionContext &) {
  return expandObjective(
      *this, builder, [&](OpBuilder &b, Value prediction, Value target) {
        Value error = arith::SubFOp::create(b, getLoc(), prediction, target);
        Value size = math::AbsFOp::create(b, getLoc(), error);
        return createMeanComponent(b, getLoc(), size);
      });
}

FailureOr<SmallVector<Value>> BceOp::expand(OpBuilder &builder,
                                            ExpansionContext &) {
  return expandObjective(
      *this, builder, [&](OpBuilder &b, Value logits, Value target) {
        Value softplus =
            SoftplusOp::create(b, getLoc(), logits.getType(), logits);
        Value match = arith::MulFOp::create(b, getLoc(), target, logits);
        Value loss = arith::SubFOp::create(b, getLoc(), softplus, match);
        return createMeanComponent(b, getLoc(), loss);
      });
}
