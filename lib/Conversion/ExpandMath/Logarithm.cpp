//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The logarithm and the functions made of it.
//
// * log, log1p: x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and
// the
//   series of log(1 + f) in s = f / (2 + f), with the coefficients of FreeBSD's
//   msun. log1p(x) adds what rounding took from 1 + x, divided by it.
// * asinh, acosh and atanh: log1p of what does not cancel.
// * cbrt, f64: e^(log|x| / 3) and a step of Newton's.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace ravel;

/// log(sum + correction), where the correction is small and `sum` is positive
/// and normal, or a value that the caller replaces.
Value Arithmetic::logOfSum(Value sum, Value correction) {
  // Between sqrt(1/2) and sqrt(2), in the float's bits.
  int64_t one = isDouble ? 0x3ff0000000000000 : 0x3f800000;
  int64_t root = isDouble ? 0x3fe6a09e00000000 : 0x3f3504f3;
  int64_t fraction = (int64_t(1) << mantissa()) - 1;
  Value bits = addInt(toBits(sum), integer(one - root));
  Value k = toFloat(subInt(shiftRight(bits, mantissa()), integer(bias())));
  Value m = fromBits(addInt(andInt(bits, integer(fraction)), integer(root)));
  Value f = sub(m, constant(1));
  Value s = div(f, add(f, constant(2)));
  Value z = mul(s, s);
  Value series;
  if (isDouble)
    series = polynomial(z, {1.479819860511658591e-01, 1.531383769920937332e-01,
                            1.818357216161805012e-01, 2.222219843214978396e-01,
                            2.857142874366239149e-01, 3.999999999940941908e-01,
                            6.666666666666735130e-01});
  else
    series = polynomial(
        z, {0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693});
  Value halfSquare = mul(mul(f, f), constant(0.5));
  Value low = mul(k, constant(9.0580006145e-06, 1.90821492927058770002e-10));
  if (correction)
    low = add(low, correction);
  Value rest = fma(s, fma(z, series, halfSquare), low);
  Value near = add(sub(rest, halfSquare), f);
  return fma(k, constant(6.9313812256e-01, 6.93147180369123816490e-01), near);
}

Value Arithmetic::log(Value x) {
  // Subnormal numbers are scaled up first.
  double scale = isDouble ? 0x1p54 : 0x1p25;
  Value isSmall = isLess(x, constant(0x1p-126, 0x1p-1022));
  Value scaled = select(isSmall, mul(x, constant(scale)), x);
  Value result = logOfSum(scaled, Value());
  Value shift = constant(isDouble ? 54 * 0.69314718055994530942
                                  : 25 * 0.69314718055994530942);
  result = select(isSmall, sub(result, shift), result);
  result =
      select(compare(arith::CmpFPredicate::ULT, x, constant(0)), nan(), result);
  result = select(isEqual(x, constant(0)), neg(infinity()), result);
  return select(isEqual(x, infinity()), x, result);
}

Value Arithmetic::log1p(Value x) {
  Value one = constant(1);
  Value sum = add(x, one);
  Value lost = sub(x, sub(sum, one));
  // Beyond 2^p the 1 is what was lost.
  lost = select(isGreater(x, one), sub(one, sub(sum, x)), lost);
  Value result = logOfSum(sum, div(lost, sum));
  result = select(compare(arith::CmpFPredicate::ULT, sum, constant(0)), nan(),
                  result);
  result = select(isEqual(sum, constant(0)), neg(infinity()), result);
  return select(isEqual(sum, infinity()), sum, result);
}

/// x^y = e^(y log|x|), with the sign of an odd power.
Value Arithmetic::pow(Value x, Value y) {
  Value one = constant(1), zero = constant(0);
  Value result = exp(mul(y, log(abs(x))));
  Value whole = floor(y);
  Value half = mul(y, constant(0.5));
  Value wholeHalf = floor(half);
  Value isOdd = arith::AndIOp::create(
      builder, isEqual(whole, y),
      compare(arith::CmpFPredicate::ONE, wholeHalf, half));
  Value ofNegative = select(isOdd, neg(result), result);
  ofNegative = select(isEqual(whole, y), ofNegative, nan());
  result = select(isLess(x, zero), ofNegative, result);
  return select(isEqual(y, zero), one, result);
}

/// log(x) + ln 2 where `isLarge`, else `result`.
Value Arithmetic::orLogOfTwice(Value isLarge, Value x, Value result) {
  Value twice = add(log(x), constant(0.69314718055994530942));
  return select(isLarge, twice, result);
}

Value Arithmetic::asinh(Value x) {
  Value one = constant(1), size = abs(x);
  Value square = mul(size, size);
  Value root = sqrt(add(square, one));
  Value result = log1p(add(size, div(square, add(one, root))));
  result = orLogOfTwice(isGreater(size, constant(0x1p28)), size, result);
  return copySign(result, x);
}

Value Arithmetic::acosh(Value x) {
  Value t = sub(x, constant(1));
  Value result = log1p(add(t, sqrt(fma(t, t, add(t, t)))));
  result = orLogOfTwice(isGreater(x, constant(0x1p28)), x, result);
  return select(isLess(x, constant(1)), nan(), result);
}

Value Arithmetic::atanh(Value x) {
  Value size = abs(x);
  Value ratio = div(add(size, size), sub(constant(1), size));
  return copySign(mul(log1p(ratio), constant(0.5)), x);
}

Value Arithmetic::cbrt(Value x) {
  Value size = abs(x);
  Value y = exp(mul(log(size), constant(1.0 / 3)));
  Value square = mul(y, y);
  Value error = fma(square, y, neg(size));
  y = sub(y, div(error, mul(constant(3), square)));
  Value isFixed = arith::OrIOp::create(builder, isEqual(size, constant(0)),
                                       isEqual(size, infinity()));
  return select(isFixed, x, copySign(y, x));
}
