//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Attention: what its ops mean, how `rnn.attend` is written in them, and their
// derivatives.
//
// The ops are closed under differentiation: the gradient of a weighted sum is a
// score, that of a dot product a weighted sum. What an instant adds to a
// memory's gradient is an outer product of an alignment and a vector
// (`rnn.imprint`), whose factors the backward scan puts out and
// `rnn.accumulate` sums, after it and over all of an example's time at once.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

LogicalResult MemoryType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Type elementType) {
  auto tensor = dyn_cast<RankedTensorType>(elementType);
  if (tensor && tensor.getRank() == 1 &&
      isa<FloatType>(tensor.getElementType()))
    return success();
  return emitError()
         << "element of a memory must be a vector of floats, but is "
         << elementType;
}

LogicalResult
AlignmentType::verify(function_ref<InFlightDiagnostic()> emitError,
                      Type elementType) {
  if (isa<FloatType>(elementType))
    return success();
  return emitError() << "element of an alignment must be a float, but is "
                     << elementType;
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// What a memory or an alignment holds.
static Type getHeld(Value value) {
  if (auto memory = dyn_cast<MemoryType>(value.getType()))
    return memory.getElementType();
  return cast<AlignmentType>(value.getType()).getElementType();
}

/// Fails unless `actual` is `expected`.
static LogicalResult verifyType(Operation *op, StringRef message, Type expected,
                                Type actual) {
  if (areCompatible(expected, actual))
    return success();
  InFlightDiagnostic diag = op->emitOpError(message);
  diag.attachNote() << "expected type: " << expected;
  diag.attachNote() << "  actual type: " << actual;
  return diag;
}

LogicalResult AttendOp::verify() {
  Type element = getElementOrSelf(getMemory().getType());
  bool compares =
      getScore() == AttentionScore::Dot || getScore() == AttentionScore::Scaled;
  if (compares &&
      failed(verifyType(*this,
                        "C1: elements of the memory must have the query's "
                        "size; 'bilinear' and 'additive' take others",
                        getQuery().getType(), element)))
    return failure();
  if (getScalarType(getQuery().getType()) != getScalarType(element))
    return emitOpError("C1: query and memory must be of one element type");
  if (failed(verifyType(*this,
                        "C2: the result must be an element of the memory",
                        element, getResult().getType())))
    return failure();
  if (std::optional<int64_t> size = getSize();
      size && (*size < 1 || getScore() != AttentionScore::Additive))
    return emitOpError(
        "C3: 'size' must be positive, and stands with 'additive' alone");
  if (getWeights() && getHeld(getWeights()) != getScalarType(element))
    return emitOpError("C4: weights must be of ") << getScalarType(element);
  return success();
}

LogicalResult RememberOp::verify() {
  return verifyType(*this, "C1: the memory must have the sequence's elements",
                    getElementOrSelf(getOperand().getType()),
                    getHeld(getResult()));
}

LogicalResult ScoreOp::verify() {
  Type element = getHeld(getMemory());
  if (failed(verifyType(*this,
                        "C1: the query must have the type of the "
                        "memory's elements",
                        element, getQuery().getType())) ||
      (getWeights() &&
       failed(verifyType(*this,
                         "C1: weights must have the type of the "
                         "memory's elements",
                         element, getWeights().getType()))))
    return failure();
  return verifyType(*this, "C2: the alignment must be of their element type",
                    getScalarType(element), getHeld(getResult()));
}

LogicalResult RecallOp::verify() {
  Type element = getHeld(getMemory());
  if (failed(verifyType(*this,
                        "C1: the result must be an element of the memory",
                        element, getType())))
    return failure();
  return verifyType(*this, "C1: the alignment must be of its element type",
                    getScalarType(element), getHeld(getAlignment()));
}

LogicalResult ScoreAdjointOp::verify() {
  return verifyType(*this,
                    "C1: the query must have the type of the memory's elements",
                    getHeld(getMemory()), getQuery().getType());
}

LogicalResult ImprintOp::verify() {
  if (failed(verifyType(*this, "C1: the result must hold the vector's type",
                        getVector().getType(), getHeld(getResult()))))
    return failure();
  if (getMemory() &&
      failed(verifyType(*this, "C1: what is added must hold the vector's type",
                        getVector().getType(), getHeld(getMemory()))))
    return failure();
  if (!getMemory() == !getWeights() &&
      (!getWeights() || getWeights().getType() == getVector().getType()))
    return success();
  return emitOpError(
      "C2: a memory that is added comes with weights of the vector's type");
}

LogicalResult AccumulateOp::verify() {
  if (failed(verifyType(*this,
                        "C1: elements of the result must have the "
                        "vectors' type",
                        getElementOrSelf(getVector().getType()),
                        getElementOrSelf(getType()))))
    return failure();
  if (isa<SeqType>(getVector().getType()) ==
      isa<SeqType>(getAlignment().getType()))
    return success();
  return emitOpError(
      "C1: both operands must be sequences, or both of one instant");
}

//===----------------------------------------------------------------------===//
// Expansion
//===----------------------------------------------------------------------===//

namespace {
/// Writes the parts of an attention: what concerns the memory alone where that
/// is defined, once for all queries.
class AttentionExpansion {
public:
  AttentionExpansion(AttendOp op, OpBuilder &builder, ExpansionContext &context)
      : op(op), builder(builder), context(context), loc(op.getLoc()),
        query(cast<RankedTensorType>(op.getQuery().getType())),
        element(cast<RankedTensorType>(
            getElementOrSelf(op.getMemory().getType()))) {}

  FailureOr<SmallVector<Value>> run();

private:
  FailureOr<Value> getParameter(StringRef name, ArrayRef<int64_t> shape,
                                Attribute init) {
    return context.getParameter(op, (op.getName() + "." + name).str(),
                                element.clone(shape), init,
                                /*trainable=*/true);
  }
  /// The memory's elements times `matrix`, plus `bias` if there is one.
  Value mapMemory(Value matrix, bool transpose, int64_t size, Value bias);
  FailureOr<Value> createBilinear();
  FailureOr<Value> createAdditive();
  Value createScore(Value vector, Value keys, Value weights);
  Value remember(Value sequence);

  AttendOp op;
  OpBuilder &builder;
  ExpansionContext &context;
  Location loc;
  RankedTensorType query, element;
};
} // namespace

Value AttentionExpansion::mapMemory(Value matrix, bool transpose, int64_t size,
                                    Value bias) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(op.getMemory());
  RankedTensorType type = element.clone(ArrayRef<int64_t>{size});
  auto scan =
      ScanOp::create(builder, loc, op.getMemory(), ValueRange(), Type(type));
  OpBuilder body = OpBuilder::atBlockEnd(&scan.getEntry());
  Value mapped = LinearOp::create(body, loc, type, scan.getInputArgs().front(),
                                  matrix, transpose);
  if (bias)
    mapped = arith::AddFOp::create(body, loc, mapped, bias);
  YieldOp::create(body, loc, mapped);
  builder.setInsertionPointAfter(scan);
  return remember(scan.getOutputs().front());
}

Value AttentionExpansion::remember(Value sequence) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(sequence);
  auto type =
      MemoryType::get(op.getContext(), getElementOrSelf(sequence.getType()));
  return RememberOp::create(builder, loc, type, sequence);
}

Value AttentionExpansion::createScore(Value vector, Value keys, Value weights) {
  auto type = AlignmentType::get(op.getContext(), element.getElementType());
  return ScoreOp::create(builder, loc, type, vector, keys, weights);
}

FailureOr<Value> AttentionExpansion::createBilinear() {
  int64_t inputs = element.getDimSize(0), outputs = query.getDimSize(0);
  FailureOr<Value> weight = getParameter("weight", {inputs, outputs},
                                         GlorotAttr::get(op.getContext()));
  if (failed(weight))
    return failure();
  Value keys = mapMemory(*weight, /*transpose=*/false, outputs, Value());
  return createScore(op.getQuery(), keys, Value());
}

FailureOr<Value> AttentionExpansion::createAdditive() {
  int64_t size = op.getSize().value_or(query.getDimSize(0));
  Attribute glorot = GlorotAttr::get(op.getContext());
  FailureOr<Value> queryWeight =
      getParameter("query.weight", {query.getDimSize(0), size}, glorot);
  FailureOr<Value> memoryWeight =
      getParameter("memory.weight", {element.getDimSize(0), size}, glorot);
  FailureOr<Value> bias =
      getParameter("memory.bias", {size}, ZerosAttr::get(op.getContext()));
  FailureOr<Value> weights = getParameter("score.weight", {size}, glorot);
  if (failed(queryWeight) || failed(memoryWeight) || failed(bias) ||
      failed(weights))
    return failure();
  Value keys = mapMemory(*memoryWeight, /*transpose=*/false, size, *bias);
  Value mapped =
      LinearOp::create(builder, loc, element.clone(ArrayRef<int64_t>{size}),
                       op.getQuery(), *queryWeight, false);
  return createScore(mapped, keys, *weights);
}

FailureOr<SmallVector<Value>> AttentionExpansion::run() {
  Value values = remember(op.getMemory());
  FailureOr<Value> score;
  switch (op.getScore()) {
  case AttentionScore::Dot:
    score = createScore(op.getQuery(), values, Value());
    break;
  case AttentionScore::Scaled: {
    double scale = 1 / std::sqrt(static_cast<double>(query.getDimSize(0)));
    Value scaled = arith::MulFOp::create(
        builder, loc, op.getQuery(), createSplat(builder, loc, query, scale));
    score = createScore(scaled, values, Value());
    break;
  }
  case AttentionScore::Bilinear:
    score = createBilinear();
    break;
  case AttentionScore::Additive:
    score = createAdditive();
    break;
  }
  if (failed(score))
    return failure();
  Value weights = WeighOp::create(builder, loc, score->getType(), *score);
  Value result = RecallOp::create(builder, loc, element, weights, values);
  SmallVector<Value> results{result};
  if (op.getWeights())
    results.push_back(weights);
  return results;
}

FailureOr<SmallVector<Value>> AttendOp::expand(OpBuilder &builder,
                                               ExpansionContext &context) {
  return AttentionExpansion(*this, builder, context).run();
}

void AttendOp::inferSizes(SizeSolver &solver) {
  if (getScore() == AttentionScore::Dot || getScore() == AttentionScore::Scaled)
    solver.equate(getQuery(), getResult(), *this);
  solver.equate(getResult(), getElementOrSelf(getMemory().getType()), getLoc());
}

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

/// Adds what this instant adds to the gradient of `memory`.
static void addImprint(OpBuilder &builder, AdjointContext &context,
                       Value memory, Value alignment, Value vector,
                       Value additive = Value(), Value weights = Value()) {
  context.addGradient(builder, memory,
                      ImprintOp::create(builder, memory.getLoc(),
                                        memory.getType(), alignment, vector,
                                        additive, weights));
}

LogicalResult RememberOp::buildAdjoint(OpBuilder &builder,
                                       AdjointContext &context) {
  context.addGradient(builder, getOperand(), context.getGradient(getResult()));
  return success();
}

/// For s = q . m: dq = sum_i g_i m_i, dm_i = g_i q. For w . tanh(q + m), see
/// `rnn.score_adjoint`, and dm_i = g_i (1 - tanh^2(q + m_i)) w.
LogicalResult ScoreOp::buildAdjoint(OpBuilder &builder,
                                    AdjointContext &context) {
  Location loc = getLoc();
  Value g = context.getGradient(getResult());
  Value memory = context.getForward(builder, getMemory());
  if (!getWeights()) {
    if (context.isActive(getQuery()))
      context.addGradient(
          builder, getQuery(),
          RecallOp::create(builder, loc, getQuery().getType(), g, memory));
    if (context.isActive(getMemory()))
      addImprint(builder, context, getMemory(), g,
                 context.getForward(builder, getQuery()));
    return success();
  }
  Value q = context.getForward(builder, getQuery());
  auto adjoint = ScoreAdjointOp::create(builder, loc, getQuery().getType(),
                                        getQuery().getType(), g, q, memory);
  context.addGradient(builder, getWeights(), adjoint.getGain());
  Value w = context.getForward(builder, getWeights());
  context.addGradient(
      builder, getQuery(),
      arith::MulFOp::create(builder, loc, w, adjoint.getSlope()));
  if (context.isActive(getMemory()))
    addImprint(builder, context, getMemory(), g, q, memory, w);
  return success();
}

LogicalResult WeighOp::buildAdjoint(OpBuilder &builder,
                                    AdjointContext &context) {
  Value g = context.getGradient(getResult());
  Value a = context.getForward(builder, getResult());
  context.addGradient(
      builder, getOperand(),
      WeighAdjointOp::create(builder, getLoc(), getType(), a, g));
  return success();
}

/// For y = sum_i a_i m_i: da_i = g . m_i, dm_i = a_i g.
LogicalResult RecallOp::buildAdjoint(OpBuilder &builder,
                                     AdjointContext &context) {
  Value g = context.getGradient(getResult());
  if (context.isActive(getAlignment()))
    context.addGradient(
        builder, getAlignment(),
        ScoreOp::create(builder, getLoc(), getAlignment().getType(), g,
                        context.getForward(builder, getMemory()), Value()));
  if (context.isActive(getMemory()))
    addImprint(builder, context, getMemory(),
               context.getForward(builder, getAlignment()), g);
  return success();
}
