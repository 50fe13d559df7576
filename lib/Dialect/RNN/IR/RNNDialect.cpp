//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ravel::rnn;

#include "ravel/Dialect/RNN/IR/RNNDialect.cpp.inc"
#include "ravel/Dialect/RNN/IR/RNNEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "ravel/Dialect/RNN/IR/RNNTypes.cpp.inc"

void RNNDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "ravel/Dialect/RNN/IR/RNNOps.cpp.inc"
      >();
}

void RNNDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "ravel/Dialect/RNN/IR/RNNTypes.cpp.inc"
      >();
}

LogicalResult
CheckpointsType::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t length, Type elementType) {
  if (length < 1)
    return emitError() << "checkpoints must be at least one instant apart, but "
                          "are "
                       << length;
  return SeqType::verify(emitError, elementType);
}

LogicalResult SeqType::verify(function_ref<InFlightDiagnostic()> emitError,
                              Type elementType) {
  auto tensor = dyn_cast<RankedTensorType>(elementType);
  if (isa<FloatType, AlignmentType>(elementType) || elementType.isInteger(32) ||
      (tensor && (tensor.getRank() == 1 || tensor.getRank() == 2) &&
       isa<FloatType>(tensor.getElementType())))
    return success();
  return emitError() << "element of a sequence must be a vector or matrix of "
                        "floats, a float or i32, but is "
                     << elementType;
}

//===----------------------------------------------------------------------===//
// Helpers on types and values
//===----------------------------------------------------------------------===//

Type ravel::rnn::getElementOrSelf(Type type) {
  if (auto seq = dyn_cast<SeqType>(type))
    return seq.getElementType();
  if (auto checkpoints = dyn_cast<CheckpointsType>(type))
    return checkpoints.getElementType();
  return type;
}

Type ravel::rnn::getScalarType(Type type) {
  type = getElementOrSelf(type);
  if (auto memory = dyn_cast<MemoryType>(type))
    type = memory.getElementType();
  if (auto alignment = dyn_cast<AlignmentType>(type))
    type = alignment.getElementType();
  return getElementTypeOrSelf(type);
}

Type ravel::rnn::getIndexTypeLike(Type type) {
  Type i32 = IntegerType::get(type.getContext(), 32);
  return isa<SeqType>(type) ? SeqType::get(type.getContext(), i32) : i32;
}

RankedTensorType ravel::rnn::getRowsType(Type element) {
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  if (auto memory = dyn_cast<MemoryType>(element))
    element = memory.getElementType();
  if (auto alignment = dyn_cast<AlignmentType>(element)) {
    shape.push_back(ShapedType::kDynamic);
    element = alignment.getElementType();
  }
  if (auto tensor = dyn_cast<RankedTensorType>(element))
    llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, getElementTypeOrSelf(element));
}

bool ravel::rnn::areCompatible(Type a, Type b) {
  auto shapedA = dyn_cast<RankedTensorType>(a);
  auto shapedB = dyn_cast<RankedTensorType>(b);
  if (!shapedA || !shapedB)
    return a == b;
  return shapedA.getElementType() == shapedB.getElementType() &&
         succeeded(verifyCompatibleShape(shapedA, shapedB));
}

Value ravel::rnn::createSplat(OpBuilder &builder, Location loc, Type type,
                              double value) {
  TypedAttr attr;
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    attr = DenseElementsAttr::get(
        tensor, builder.getFloatAttr(tensor.getElementType(), value));
  else
    attr = builder.getFloatAttr(type, value);
  return arith::ConstantOp::create(builder, loc, attr);
}

Value ravel::rnn::createActivation(OpBuilder &builder, Location loc,
                                   Activation activation, Value value) {
  switch (activation) {
  case Activation::Identity:
    return value;
  case Activation::Sigmoid:
    return SigmoidOp::create(builder, loc, value.getType(), value);
  case Activation::Tanh:
    return math::TanhOp::create(builder, loc, value);
  case Activation::Relu:
    return ReluOp::create(builder, loc, value.getType(), value);
  case Activation::Softplus:
    return SoftplusOp::create(builder, loc, value.getType(), value);
  case Activation::Gelu:
    return GeluOp::create(builder, loc, value.getType(), value);
  case Activation::Silu:
    return SiluOp::create(builder, loc, value.getType(), value);
  case Activation::HardSigmoid:
    return HardSigmoidOp::create(builder, loc, value.getType(), value);
  case Activation::LeakyRelu:
    return LeakyReluOp::create(builder, loc, value.getType(), value);
  case Activation::Elu:
    return EluOp::create(builder, loc, value.getType(), value);
  case Activation::Exp:
    return math::ExpOp::create(builder, loc, value);
  }
  llvm_unreachable("all activations are handled");
}

ExpansionContext::~ExpansionContext() = default;
AdjointContext::~AdjointContext() = default;
BatchContext::~BatchContext() = default;

#include "ravel/Dialect/RNN/IR/RNNAttrInterfaces.cpp.inc"
#include "ravel/Dialect/RNN/IR/RNNOpInterfaces.cpp.inc"
