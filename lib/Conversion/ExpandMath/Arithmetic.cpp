//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Constants, rounding and polynomials.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace ravel;

Arithmetic::Arithmetic(ImplicitLocOpBuilder &builder, Type type)
    : builder(builder), type(type),
      isDouble(getElementTypeOrSelf(type).isF64()) {
  Type bits = builder.getIntegerType(isDouble ? 64 : 32);
  auto vector = dyn_cast<VectorType>(type);
  intType = vector ? vector.cloneWith(std::nullopt, bits) : bits;
}

/// `attr` for each component of `type`.
static TypedAttr spread(Type type, TypedAttr attr) {
  if (auto vector = dyn_cast<VectorType>(type))
    return DenseElementsAttr::get(vector, attr);
  return attr;
}

Value Arithmetic::constant(double value) {
  auto attr = builder.getFloatAttr(getElementTypeOrSelf(type), value);
  return arith::ConstantOp::create(builder, spread(type, attr));
}

Value Arithmetic::integer(int64_t value) {
  auto attr = builder.getIntegerAttr(getElementTypeOrSelf(intType), value);
  return arith::ConstantOp::create(builder, spread(intType, attr));
}

Value Arithmetic::infinity() {
  return constant(std::numeric_limits<double>::infinity());
}

Value Arithmetic::nan() {
  return constant(std::numeric_limits<double>::quiet_NaN());
}

Value Arithmetic::polynomial(Value x, ArrayRef<double> coefficients) {
  Value result = constant(coefficients[0]);
  for (double coefficient : coefficients.drop_front())
    result = fma(result, x, constant(coefficient));
  return result;
}

Value Arithmetic::pairedPolynomial(Value x, Value square,
                                   ArrayRef<double> coefficients) {
  Value result;
  // A lone coefficient of the highest power is the first pair.
  for (int64_t i = (coefficients.size() - 1) / 2 * 2; i >= 0; i -= 2) {
    Value pair = constant(coefficients[i]);
    if (i + 1 < int64_t(coefficients.size()))
      pair = fma(x, constant(coefficients[i + 1]), pair);
    result = result ? fma(square, result, pair) : pair;
  }
  return result;
}

std::pair<Value, Value> Arithmetic::round(Value x, double inverseStep) {
  Value shifted = fma(x, constant(inverseStep), constant(rounder()));
  return {sub(shifted, constant(rounder())), toBits(shifted)};
}

Value Arithmetic::toFloat(Value integerValue) {
  double magic = rounder();
  int64_t bits = isDouble ? llvm::bit_cast<int64_t>(magic)
                          : llvm::bit_cast<int32_t>(static_cast<float>(magic));
  return sub(fromBits(addInt(integerValue, integer(bits))), constant(magic));
}
