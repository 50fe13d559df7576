//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The exponential and the activations made of it.
//
// All begin with x = n ln 2 + r. n is rounded by adding and subtracting
// 1.5 * 2^p + b, where p is the size of the mantissa and b the bias of the
// exponent: the low bits of the sum are then n + b, which shifted left by p are
// those of 2^n. Nothing is compared: x is bounded first, by bounds that a NaN
// passes, to where the result no longer changes.
//
// * exp: n is even, n = 2m, and e^x = 2^m (1 + q) 2^m with q = e^r - 1. 2^m
//   neither overflows nor vanishes where e^x does, so that the last product
//   rounds to infinity, to a subnormal number or to 0 as it should.
// * tanh: with e^(-2|x|) = s (1 + q), s = 2^n, tanh |x| is 1 - s - s q over
//   1 + s + s q. Near 0, s is 1 and the upper part -q, which is precise.
//   Elsewhere the upper part lies just below 1, where floats are dense, so that
//   three roundings cost no more than 2 ulp.
// * sigmoid: e^-x = s N / D with N = c + r, D = c - r, c = r coth(r / 2), which
//   is even; so sigmoid x = D / (D + s N). Of N / D = 1 + 2 r / D only the
//   small part depends on how D, from which N is computed, was rounded. N and D
//   are taken times 13/8: they then lie below a power of two, where floats are
//   denser than above.
// * softplus: max(x, 0) + log(1 + u) with u = e^-|x|. w = u / (2 + u) is at
// most
//   1/3, and log(1 + u) = 2 artanh(w) = u - w (u - w^2 R(w^2)).
// * gelu: x sigmoid(h) with h = x (a + b x^2). An error of h is one of the
//   result's logarithm, so h is computed to twice the precision. s and D are
//   taken times 2^-8, so that s N is finite wherever the result is a normal
//   number.
//
// tools/minimax.py derives the coefficients and says how far each polynomial is
// from its function.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace ravel;

static constexpr double kLog2E = 1.44269504088896340736;
static constexpr double kLn2 = 0.69314718055994530942;

/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2.
static constexpr double kExpm1F32[] = {0.49999997, 0.166665435, 0.0416672006,
                                       0.00836652052, 0.00138825353};
static constexpr double kExpm1F64[] = {
    0.5,
    0.16666666666666677,
    0.041666666666666512,
    0.0083333333333216915,
    0.001388888888896234,
    0.00019841269885965395,
    2.480158717258168e-5,
    2.7557244374646824e-6,
    2.7557402620757682e-7,
    2.5108978720136714e-8,
    2.0875332818221224e-9,
};

/// The same for |r| <= ln 2.
static constexpr double kExpF32[] = {0.500000358,   0.16666615,
                                     0.0416612774,  0.00833609886,
                                     0.00141043041, 0.000196117879};
static constexpr double kExpF64[] = {
    0.49999999999999928,   0.16666666666666938,   0.041666666666702053,
    0.008333333333269995,  0.0013888888883580462, 0.00019841269892724724,
    2.4801590828373278e-5, 2.7557300666629275e-6, 2.755615837113048e-7,
    2.5055031537062678e-8, 2.1062305970107077e-9, 1.5935649940392342e-10,
};

/// (r coth(r / 2) - 2) / r^2 in r^2 for |r| <= ln 2 / 2.
static constexpr double kCothF32[] = {0.16666618, -0.00276598497};
static constexpr double kCothF64[] = {
    0.16666666666666555, -0.0027777777776696127, 6.613756250070409e-5,
    -1.6533837105108192e-6, 4.136045516979509e-8};

/// (2 artanh(w) - 2 w) / w^3 in w^2 for 0 <= w <= 1/3.
static constexpr double kArtanhF32[] = {0.666664183, 0.400215268, 0.280018091,
                                        0.280119628};
static constexpr double kArtanhF64[] = {
    0.66666666666666308, 0.40000000000155123, 0.28571428548116889,
    0.22222223953717468, 0.18181744476618028, 0.15386548442740342,
    0.13301120759148147, 0.12104949493350652, 0.083449528243870502,
    0.17009788759585912};

/// The coefficients of the polynomial of even powers, from the highest on.
static SmallVector<double> reverse(ArrayRef<double> coefficients,
                                   double scale = 1) {
  SmallVector<double> result;
  for (double coefficient : llvm::reverse(coefficients))
    result.push_back(coefficient * scale);
  return result;
}

/// `step` is a power of two. `low` is added to x. `OfSmallNumbers` leaves out
/// the low part of ln 2.
Arithmetic::Reduction Arithmetic::reduce(Value x, int64_t step, int64_t shift,
                                         Precision precision, Value low) {
  double high = isDouble ? kLn2 : 0.693147182464599609;
  double rest = isDouble ? 2.31904681384629956e-17 : -1.90465421212593355e-09;
  Value magic = constant(rounder() + bias() + shift);
  Value shifted = fma(x, constant(kLog2E / step), magic);
  Value n = sub(shifted, magic);
  Reduction result;
  result.coarse = fma(n, constant(-high * step), x);
  result.power = fromBits(shiftLeft(toBits(shifted), mantissa()));
  result.rest = result.coarse;
  if (precision == OfSmallNumbers)
    return result;
  Value correction = constant(-rest * step);
  if (low)
    result.rest = add(result.coarse, fma(n, correction, low));
  else
    result.rest = fma(n, correction, result.coarse);
  // What `low` and, with its many n, f64 add is too much to be left out.
  if (low || isDouble)
    result.coarse = result.rest;
  return result;
}

/// e^rest - 1
Value Arithmetic::createExpm1(Value rest, ArrayRef<double> coefficients) {
  Value square = mul(rest, rest);
  return fma(square, pairedPolynomial(rest, square, coefficients), rest);
}

/// e^rest power^2 for |rest| <= ln 2.
Value Arithmetic::createExp(Value rest, Value power) {
  Value q = createExpm1(rest, ofType(kExpF32, kExpF64));
  return mul(fma(power, q, power), power);
}

Value Arithmetic::exp(Value x) {
  x = min(max(x, constant(-104, -746)), constant(89, 710));
  Reduction reduction = reduce(x, 2);
  return createExp(reduction.rest, reduction.power);
}

Value Arithmetic::exp2(Value x) {
  x = min(max(x, constant(-151, -1076)), constant(129, 1025));
  Value magic = constant(rounder() + bias());
  Value shifted = fma(x, constant(0.5), magic);
  Value power = fromBits(shiftLeft(toBits(shifted), mantissa()));
  Value fraction = fma(sub(shifted, magic), constant(-2), x);
  return createExp(mul(fraction, constant(kLn2)), power);
}

Value Arithmetic::expm1(Value x) {
  x = min(max(x, constant(-20, -40)), constant(89, 710));
  // Half of it, which overflows only where the whole does.
  Reduction reduction = reduce(x, 1, -1);
  Value q = createExpm1(reduction.rest, ofType(kExpm1F32, kExpm1F64));
  Value half = reduction.power;
  Value result = fma(half, q, sub(half, constant(0.5)));
  return add(result, result);
}

Value Arithmetic::sinh(Value x) {
  Value t = expm1(abs(x));
  Value sum = add(t, div(t, add(t, constant(1))));
  sum = select(isEqual(t, infinity()), t, sum);
  return copySign(mul(sum, constant(0.5)), x);
}

Value Arithmetic::cosh(Value x) {
  Value e = exp(abs(x));
  return mul(add(e, div(constant(1), e)), constant(0.5));
}

Value Arithmetic::tanh(Value x) {
  Value one = constant(1), size = abs(x);
  // s is 0 at the bound, which sigmoid has too.
  Value twice = min(add(size, size), constant(88, 709));
  auto [r, coarse, s] = reduce(neg(twice), 1, 0, OfSmallNumbers);
  Value q = createExpm1(r, ofType(kExpm1F32, kExpm1F64));
  Value above = fma(neg(s), q, sub(one, s));
  Value below = fma(s, q, add(one, s));
  Value signBit = integer(isDouble ? std::numeric_limits<int64_t>::min()
                                   : std::numeric_limits<int32_t>::min());
  Value sign = andInt(toBits(x), signBit);
  return fromBits(orInt(toBits(div(above, below)), sign));
}

/// N and D, whose ratio is e^rest.
std::pair<Value, Value> Arithmetic::createRatio(const Reduction &reduction) {
  constexpr double scale = 13.0 / 8;
  ArrayRef<double> coefficients = ofType(kCothF32, kCothF64);
  // An error of the square changes N and D alike.
  Value square = mul(reduction.coarse, reduction.coarse);
  Value even = polynomial(square, reverse(coefficients, scale));
  Value linear = fma(reduction.rest, constant(-scale), constant(2 * scale));
  Value d = fma(square, even, linear);
  return {fma(reduction.rest, constant(2 * scale), d), d};
}

Value Arithmetic::sigmoid(Value x) {
  // s is 0 at the upper bound; s N is infinite at the lower.
  x = min(max(x, constant(-88, -709)), constant(88, 709));
  Reduction reduction = reduce(neg(x), 1);
  auto [n, d] = createRatio(reduction);
  return div(d, fma(reduction.power, n, d));
}

/// log(1 + u) for 0 <= u <= 1.
Value Arithmetic::log1pOfUnit(Value u) {
  ArrayRef<double> coefficients = ofType(kArtanhF32, kArtanhF64);
  Value w = div(u, add(u, constant(2)));
  Value square = mul(w, w);
  Value series = polynomial(square, reverse(coefficients));
  return fma(neg(w), fma(neg(square), series, u), u);
}

Value Arithmetic::softplus(Value x) {
  Value size = min(abs(x), constant(104, 746));
  Reduction reduction = reduce(neg(size), 2);
  Value u = createExp(reduction.rest, reduction.power);
  return add(max(x, constant(0)), log1pOfUnit(u));
}

Value Arithmetic::gelu(Value x) {
  // -a = -2 sqrt(2 / pi) and -b = -0.044715 a in two parts. The high part of -a
  // has so few bits that it can be taken away exactly from the sum.
  Value a = constant(-1.59576416015625, -1.59576912160571283);
  Value aLow = constant(-4.9614495765126776e-6, -1.7885919910836427e-14);
  Value b = constant(-0.0713548138737678528, -0.0713548162726002494);
  Value bLow = constant(-2.39883246599958966e-9, 6.175149918155315e-19);
  // s N is infinite at the lower bound.
  Value bounded = max(x, constant(-10.26, -21.21));
  Value y = min(bounded, constant(6, 9));

  Value square = mul(y, y);
  Value squareLow = fma(y, y, neg(square));
  Value sum = fma(square, b, a);
  Value sumLow = add(fma(square, b, sub(a, sum)),
                     fma(squareLow, b, fma(square, bLow, aLow)));
  Value minusH = mul(y, sum);
  Value low = fma(y, sumLow, fma(y, sum, neg(minusH)));

  Reduction reduction = reduce(minusH, 1, /*shift=*/-8, Full, low);
  auto [n, d] = createRatio(reduction);
  d = mul(d, constant(1.0 / 256));
  return div(mul(bounded, d), fma(reduction.power, n, d));
}
