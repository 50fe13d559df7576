//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Builds functions of numbers and vectors of f32 or f64 from arithmetic. Each
// function is one for both types; only coefficients differ. A NaN gives a NaN.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_EXPANDMATH_ARITHMETIC_H
#define RAVEL_LIB_CONVERSION_EXPANDMATH_ARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

namespace ravel {

/// Builds arithmetic on values of one float type, a number or a vector.
class Arithmetic {
  using Value = mlir::Value;

public:
  Arithmetic(mlir::ImplicitLocOpBuilder &builder, mlir::Type type);

  // Exponential.cpp
  Value exp(Value x);
  Value exp2(Value x);
  Value expm1(Value x);
  Value sinh(Value x);
  Value cosh(Value x);
  Value tanh(Value x);
  Value sigmoid(Value x);
  Value softplus(Value x);
  Value gelu(Value x);

  // Logarithm.cpp
  Value log(Value x);
  Value log1p(Value x);
  Value pow(Value x, Value y);
  Value asinh(Value x);
  Value acosh(Value x);
  Value atanh(Value x);
  Value cbrt(Value x);

  // Circular.cpp
  Value sin(Value x) { return sinOrCos(x, false); }
  Value cos(Value x) { return sinOrCos(x, true); }
  // Of f64 alone: MLIR has them for f32.
  Value asin(Value x);
  Value acos(Value x);
  Value atan(Value x);
  Value atan2(Value y, Value x);

  // ErrorFunction.cpp, of f64 alone
  Value erf(Value x);
  Value erfc(Value x);

  Value constant(double value);
  /// `single` where the type is f32, else `real`.
  Value constant(double single, double real) {
    return constant(isDouble ? real : single);
  }
  llvm::ArrayRef<double> ofType(llvm::ArrayRef<double> single,
                                llvm::ArrayRef<double> real) const {
    return isDouble ? real : single;
  }
  Value infinity();
  Value nan();

  Value add(Value a, Value b) { return make<mlir::arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<mlir::arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return make<mlir::arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return make<mlir::arith::DivFOp>(a, b); }
  Value neg(Value a) { return make<mlir::arith::NegFOp>(a); }
  /// a b + c, rounded once.
  Value fma(Value a, Value b, Value c) {
    return make<mlir::math::FmaOp>(a, b, c);
  }
  Value sqrt(Value a) { return make<mlir::math::SqrtOp>(a); }
  Value floor(Value a) { return make<mlir::math::FloorOp>(a); }
  Value abs(Value a) { return make<mlir::math::AbsFOp>(a); }
  Value copySign(Value a, Value b) {
    return make<mlir::math::CopySignOp>(a, b);
  }
  /// The larger and the smaller of two numbers; a NaN if one is.
  Value max(Value a, Value b) { return make<mlir::arith::MaximumFOp>(a, b); }
  Value min(Value a, Value b) { return make<mlir::arith::MinimumFOp>(a, b); }

private:
  /// x = n step ln 2 + rest with |rest| <= step ln 2 / 2.
  struct Reduction {
    /// The rest, and one that is at hand sooner and off by a few ulp.
    Value rest, coarse;
    /// 2^(n + shift)
    Value power;
  };
  enum Precision { Full, OfSmallNumbers };
  Reduction reduce(Value x, int64_t step, int64_t shift = 0,
                   Precision precision = Full, Value low = nullptr);
  Value createExpm1(Value rest, llvm::ArrayRef<double> coefficients);
  Value createExp(Value rest, Value power);
  std::pair<Value, Value> createRatio(const Reduction &reduction);
  Value log1pOfUnit(Value u);

  Value logOfSum(Value sum, Value correction);
  Value orLogOfTwice(Value isLarge, Value x, Value result);
  Value sinOrCos(Value x, bool isCos);
  Value erfNearZero(Value x);
  Value erfAboutOne(Value size);
  Value erfcOfLarge(Value size);

  Value integer(int64_t value);
  Value addInt(Value a, Value b) { return make<mlir::arith::AddIOp>(a, b); }
  Value subInt(Value a, Value b) { return make<mlir::arith::SubIOp>(a, b); }
  Value andInt(Value a, Value b) { return make<mlir::arith::AndIOp>(a, b); }
  Value orInt(Value a, Value b) { return make<mlir::arith::OrIOp>(a, b); }
  Value shiftLeft(Value a, int64_t by) {
    return make<mlir::arith::ShLIOp>(a, integer(by));
  }
  Value shiftRight(Value a, int64_t by) {
    return make<mlir::arith::ShRSIOp>(a, integer(by));
  }
  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b) {
    return mlir::arith::CmpFOp::create(builder, predicate, a, b);
  }
  Value isLess(Value a, Value b) {
    return compare(mlir::arith::CmpFPredicate::OLT, a, b);
  }
  Value isGreater(Value a, Value b) {
    return compare(mlir::arith::CmpFPredicate::OGT, a, b);
  }
  Value isEqual(Value a, Value b) {
    return compare(mlir::arith::CmpFPredicate::OEQ, a, b);
  }
  Value isEqualInt(Value a, Value b) {
    return mlir::arith::CmpIOp::create(builder, mlir::arith::CmpIPredicate::eq,
                                       a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return make<mlir::arith::SelectOp>(condition, a, b);
  }
  Value toBits(Value a) {
    return mlir::arith::BitcastOp::create(builder, intType, a);
  }
  Value fromBits(Value a) {
    return mlir::arith::BitcastOp::create(builder, type, a);
  }

  /// Horner's rule; `coefficients` begin with that of the highest power.
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);
  /// A polynomial whose `coefficients` begin with that of the lowest power, by
  /// pairs: half as long a chain as Horner's rule where x^2 is at hand.
  Value pairedPolynomial(Value x, Value square,
                         llvm::ArrayRef<double> coefficients);

  int64_t mantissa() const { return isDouble ? 52 : 23; }
  int64_t bias() const { return isDouble ? 1023 : 127; }
  /// The number whose sum with an integer has that in its low bits.
  double rounder() const { return 1.5 * double(int64_t(1) << mantissa()); }
  /// `x / step` rounded to an integer: as a float, and as an integer plus a
  /// constant whose low bits are 0.
  std::pair<Value, Value> round(Value x, double inverseStep);
  /// An integer, small, as a float.
  Value toFloat(Value integerValue);

  template <typename Op, typename... Operands>
  Value make(Operands... operands) {
    return Op::create(builder, operands...);
  }

  mlir::ImplicitLocOpBuilder &builder;
  mlir::Type type, intType;
  bool isDouble;
};

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_EXPANDMATH_ARITHMETIC_H
