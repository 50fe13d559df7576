//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the functions of `math` as polynomials, on numbers and vectors of f32
// and f64 alike, so that code calls no library and vectors stay vectors.
//
// * exp, expm1: x = n ln 2 + r with |r| <= ln 2 / 2. n is rounded by adding and
//   subtracting 1.5 * 2^p, where p is the size of the mantissa: the sum's low
//   bits then are n. q = e^r - 1 is a polynomial, 2^n is made of n's bits, and
//   the results are 2^n (1 + q) and 2^n q + (2^n - 1), both of which are
//   computed with 2^(n-1) and doubled, so that nothing overflows early. Results
//   below the smallest normal number times two become 0.
// * tanh: t / (t + 2) with t = expm1(2|x|), which is precise near 0, and |x|
//   bounded by where the result rounds to 1.
// * log, log1p: x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and
// the
//   series of log(1 + f) in s = f / (2 + f), with the coefficients of FreeBSD's
//   msun. log1p(x) adds what rounding took from 1 + x, divided by it.
// * sin and cos: x = n pi/2 + r with pi/2 in three parts, then a polynomial of
//   r that the quadrant n mod 4 chooses.
// * atan, f64: |x| reduced below 0.66 by atan(x) = pi/2 - atan(1/x) and = pi/4
// +
//   atan((x - 1) / (x + 1)), then Cephes' rational function. asin, acos and
//   atan2 are arcs of it.
// * erf and erfc, f64: the four ranges of FreeBSD's msun, each computed.
// * cbrt, f64: e^(log|x| / 3) and a step of Newton's.
// * asinh, acosh and atanh: log1p of what does not cancel.
//
// A NaN gives a NaN. What has no expansion here and is f32 has one in MLIR.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_EXPANDMATH
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;

namespace {
/// Builds arithmetic on values of one float type, a number or a vector.
class Arithmetic {
public:
  Arithmetic(ImplicitLocOpBuilder &builder, Type type)
      : builder(builder), type(type),
        isDouble(getElementTypeOrSelf(type).isF64()) {
    Type bits = builder.getIntegerType(isDouble ? 64 : 32);
    auto vector = dyn_cast<VectorType>(type);
    intType = vector ? vector.cloneWith(std::nullopt, bits) : bits;
  }

  Value constant(double value) {
    TypedAttr attr = builder.getFloatAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, attr);
    return arith::ConstantOp::create(builder, attr);
  }
  /// `single` where the type is f32, else `real`.
  Value constant(double single, double real) {
    return constant(isDouble ? real : single);
  }
  Value integer(int64_t value) {
    TypedAttr attr =
        builder.getIntegerAttr(getElementTypeOrSelf(intType), value);
    if (auto vector = dyn_cast<VectorType>(intType))
      attr = DenseElementsAttr::get(vector, attr);
    return arith::ConstantOp::create(builder, attr);
  }
  Value infinity() { return constant(std::numeric_limits<double>::infinity()); }
  Value nan() { return constant(std::numeric_limits<double>::quiet_NaN()); }

  Value add(Value a, Value b) { return make<arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<arith::SubFOp>(a, b); }
  Value sqrt(Value a) { return make<math::SqrtOp>(a); }
  Value mul(Value a, Value b) { return make<arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return make<arith::DivFOp>(a, b); }
  Value neg(Value a) { return make<arith::NegFOp>(a); }
  Value abs(Value a) { return make<math::AbsFOp>(a); }
  Value copySign(Value a, Value b) { return make<math::CopySignOp>(a, b); }
  Value fma(Value a, Value b, Value c) { return make<math::FmaOp>(a, b, c); }
  Value addInt(Value a, Value b) { return make<arith::AddIOp>(a, b); }
  Value subInt(Value a, Value b) { return make<arith::SubIOp>(a, b); }
  Value andInt(Value a, Value b) { return make<arith::AndIOp>(a, b); }
  Value shiftLeft(Value a, int64_t by) {
    return make<arith::ShLIOp>(a, integer(by));
  }
  Value shiftRight(Value a, int64_t by) {
    return make<arith::ShRSIOp>(a, integer(by));
  }
  Value isOrdered(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(builder, predicate, a, b);
  }
  Value isLess(Value a, Value b) {
    return isOrdered(arith::CmpFPredicate::OLT, a, b);
  }
  Value isGreater(Value a, Value b) {
    return isOrdered(arith::CmpFPredicate::OGT, a, b);
  }
  Value isEqual(Value a, Value b) {
    return isOrdered(arith::CmpFPredicate::OEQ, a, b);
  }
  Value isEqualInt(Value a, Value b) {
    return arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return make<arith::SelectOp>(condition, a, b);
  }
  Value toBits(Value a) {
    return arith::BitcastOp::create(builder, intType, a);
  }
  Value fromBits(Value a) { return arith::BitcastOp::create(builder, type, a); }

  /// Horner's rule; `coefficients` begin with that of the highest power.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value result = constant(coefficients[0]);
    for (double coefficient : coefficients.drop_front())
      result = fma(result, x, constant(coefficient));
    return result;
  }

  int64_t mantissa() const { return isDouble ? 52 : 23; }
  int64_t bias() const { return isDouble ? 1023 : 127; }
  /// The number whose sum with an integer has that in its low bits.
  double rounder() const { return 1.5 * double(int64_t(1) << mantissa()); }

  /// `x / step` rounded to an integer: as a float, and as an integer plus a
  /// constant whose low bits are 0.
  std::pair<Value, Value> round(Value x, double inverseStep) {
    Value shifted = fma(x, constant(inverseStep), constant(rounder()));
    return {sub(shifted, constant(rounder())), toBits(shifted)};
  }
  /// An integer, small, as a float.
  Value toFloat(Value integerValue) {
    double magic = rounder();
    int64_t bits;
    if (isDouble) {
      std::memcpy(&bits, &magic, sizeof(bits));
    } else {
      float single = magic;
      int32_t word;
      std::memcpy(&word, &single, sizeof(word));
      bits = word;
    }
    return sub(fromBits(addInt(integerValue, integer(bits))), constant(magic));
  }

  /// e^r - 1 and 2^(n-1) for x = n ln 2 + r.
  std::pair<Value, Value> reduceExp(Value x);
  Value exp(Value x);
  Value expm1(Value x);
  Value tanh(Value x);
  Value log(Value x);
  Value log1p(Value x);
  Value sinOrCos(Value x, bool isCos);
  Value pow(Value x, Value y);
  Value asinh(Value x);
  Value acosh(Value x);
  Value atanh(Value x);
  // Of f64 alone: MLIR has them for f32.
  Value atan(Value x);
  Value atan2(Value y, Value x);
  Value erf(Value x);
  Value erfc(Value x);
  Value cbrt(Value x);

  ImplicitLocOpBuilder &builder;
  Type type, intType;
  bool isDouble;

private:
  Value erfNearZero(Value x);
  Value erfAboutOne(Value size);
  Value erfcOfLarge(Value size);
  template <typename Op, typename... Operands>
  Value make(Operands... operands) {
    return Op::create(builder, operands...);
  }
  Value logOfSum(Value sum, Value correction);
};
} // namespace

std::pair<Value, Value> Arithmetic::reduceExp(Value x) {
  auto [n, bits] = round(x, 1.44269504088896340736);
  Value r = fma(n, constant(-0.693359375, -6.93147180369123816490e-01), x);
  r = fma(n, constant(2.12194440e-4, -1.90821492927058770002e-10), r);
  // q = r + r^2 p(r); the polynomial for f32 is Cephes'.
  Value p;
  if (isDouble)
    p = polynomial(r, {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800,
                       1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                       1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5});
  else
    p = polynomial(r, {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3,
                       4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1});
  Value q = fma(mul(r, r), p, r);
  Value exponent = addInt(bits, integer(bias() - 1));
  return {q, fromBits(shiftLeft(exponent, mantissa()))};
}

Value Arithmetic::exp(Value x) {
  auto [q, half] = reduceExp(x);
  Value scaled = fma(half, q, half);
  Value result = add(scaled, scaled);
  result = select(isGreater(x, constant(88.7228394, 709.782712893384)),
                  infinity(), result);
  return select(isLess(x, constant(-86.9, -707.7)), constant(0), result);
}

Value Arithmetic::expm1(Value x) {
  auto [q, half] = reduceExp(x);
  Value scaled = fma(half, q, sub(half, constant(0.5)));
  Value result = add(scaled, scaled);
  result = select(isGreater(x, constant(88.7228394, 709.782712893384)),
                  infinity(), result);
  return select(isLess(x, constant(-20, -40)), constant(-1), result);
}

Value Arithmetic::tanh(Value x) {
  Value limit = constant(10, 20);
  Value size = abs(x);
  size = select(isGreater(size, limit), limit, size);
  auto [q, half] = reduceExp(add(size, size));
  Value scaled = fma(half, q, sub(half, constant(0.5)));
  // t / (t + 2) where t is twice `scaled`.
  return copySign(div(scaled, add(scaled, constant(1))), x);
}

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
  result = select(isOrdered(arith::CmpFPredicate::ULT, x, constant(0)), nan(),
                  result);
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
  result = select(isOrdered(arith::CmpFPredicate::ULT, sum, constant(0)), nan(),
                  result);
  result = select(isEqual(sum, constant(0)), neg(infinity()), result);
  return select(isEqual(sum, infinity()), sum, result);
}

Value Arithmetic::sinOrCos(Value x, bool isCos) {
  auto [n, bits] = round(x, 0.63661977236758134308);
  Value r = fma(n, constant(-1.5703125, -1.57079632673412561417e+00), x);
  r = fma(n, constant(-4.83751296997e-4, -6.07710050630396597660e-11), r);
  r = fma(n, constant(-7.54978995489e-8, -2.02226624879595063154e-21), r);
  Value z = mul(r, r);
  Value sine, cosine;
  if (isDouble) {
    sine = polynomial(
        z, {1.58969099521155010221e-10, -2.50507602534068634195e-08,
            2.75573137070700676789e-06, -1.98412698298579493134e-04,
            8.33333333332248946124e-03, -1.66666666666666324348e-01});
    cosine = polynomial(
        z, {-1.13596475577881948265e-11, 2.08757232129817482790e-09,
            -2.75573143513906633035e-07, 2.48015872894767294178e-05,
            -1.38888888888741095749e-03, 4.16666666666666019037e-02});
  } else {
    sine = polynomial(z, {-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1});
    cosine = polynomial(
        z, {2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2});
  }
  sine = fma(mul(r, z), sine, r);
  cosine = fma(mul(z, z), cosine, fma(z, constant(-0.5), constant(1)));
  Value quadrant = isCos ? addInt(bits, integer(1)) : bits;
  Value isOdd = isEqualInt(andInt(quadrant, integer(1)), integer(1));
  Value isNegative = isEqualInt(andInt(quadrant, integer(2)), integer(2));
  Value result = select(isOdd, cosine, sine);
  return select(isNegative, neg(result), result);
}

/// x^y = e^(y log|x|), with the sign of an odd power.
Value Arithmetic::pow(Value x, Value y) {
  Value one = constant(1), zero = constant(0);
  Value result = exp(mul(y, log(abs(x))));
  Value whole = math::FloorOp::create(builder, y);
  Value half = mul(y, constant(0.5));
  Value wholeHalf = math::FloorOp::create(builder, half);
  Value isOdd = arith::AndIOp::create(
      builder, isEqual(whole, y),
      isOrdered(arith::CmpFPredicate::ONE, wholeHalf, half));
  Value ofNegative = select(isOdd, neg(result), result);
  ofNegative = select(isEqual(whole, y), ofNegative, nan());
  result = select(isLess(x, zero), ofNegative, result);
  return select(isEqual(y, zero), one, result);
}

/// log(a) + ln 2 where `isLarge`, else `result`.
static Value orLogOfTwice(Arithmetic &a, Value isLarge, Value x, Value result) {
  Value twice = a.add(a.log(x), a.constant(0.69314718055994530942));
  return a.select(isLarge, twice, result);
}

Value Arithmetic::asinh(Value x) {
  Value one = constant(1), size = abs(x);
  Value square = mul(size, size);
  Value root = sqrt(add(square, one));
  Value result = log1p(add(size, div(square, add(one, root))));
  result = orLogOfTwice(*this, isGreater(size, constant(0x1p28)), size, result);
  return copySign(result, x);
}

Value Arithmetic::acosh(Value x) {
  Value t = sub(x, constant(1));
  Value result = log1p(add(t, sqrt(fma(t, t, add(t, t)))));
  result = orLogOfTwice(*this, isGreater(x, constant(0x1p28)), x, result);
  return select(isLess(x, constant(1)), nan(), result);
}

Value Arithmetic::atanh(Value x) {
  Value size = abs(x);
  Value ratio = div(add(size, size), sub(constant(1), size));
  return copySign(mul(log1p(ratio), constant(0.5)), x);
}

Value Arithmetic::atan(Value x) {
  Value one = constant(1), size = abs(x);
  Value isLarge = isGreater(size, constant(2.41421356237309504880));
  Value isMiddle = isGreater(size, constant(0.66));
  Value middle = div(sub(size, one), add(size, one));
  Value t =
      select(isLarge, neg(div(one, size)), select(isMiddle, middle, size));
  // The arc that was taken away, in two parts.
  Value zero = constant(0);
  Value high =
      select(isLarge, constant(1.57079632679489661923),
             select(isMiddle, constant(0.785398163397448309616), zero));
  Value low =
      select(isLarge, constant(6.123233995736765886130e-17),
             select(isMiddle, constant(3.061616997868382943065e-17), zero));
  Value z = mul(t, t);
  Value p =
      polynomial(z, {-8.750608600031904122785e-1, -1.615753718733365076637e1,
                     -7.500855792314704667340e1, -1.228866684490136173410e2,
                     -6.485021904942025371773e1});
  Value q =
      polynomial(z, {1.0, 2.485846490142306297962e1, 1.650270098316988542046e2,
                     4.328810604912902668951e2, 4.853903996359136964868e2,
                     1.945506571482613964425e2});
  Value arc = fma(t, div(mul(z, p), q), add(t, low));
  return copySign(add(high, arc), x);
}

Value Arithmetic::atan2(Value y, Value x) {
  Value zero = constant(0), one = constant(1);
  Value height = abs(y), width = abs(x);
  Value ratio = div(height, width);
  // Infinity by infinity, and nothing by nothing.
  ratio = select(isEqual(height, width), one, ratio);
  ratio = select(isEqual(add(height, width), zero), zero, ratio);
  Value arc = atan(ratio);
  Value isLeft = isLess(copySign(one, x), zero);
  arc = select(isLeft, sub(constant(3.14159265358979323846), arc), arc);
  return copySign(arc, y);
}

/// erf(x) for |x| < 0.84375.
Value Arithmetic::erfNearZero(Value x) {
  Value z = mul(x, x);
  Value p =
      polynomial(z, {-2.37630166566501626084e-05, -5.77027029648944159157e-03,
                     -2.84817495755985104766e-02, -3.25042107247001499370e-01,
                     1.28379167095512558561e-01});
  Value q =
      polynomial(z, {-3.96022827877536812320e-06, 1.32494738004321644526e-04,
                     5.08130628187576562776e-03, 6.50222499887672944485e-02,
                     3.97917223959155352819e-01, 1.0});
  return fma(x, div(p, q), x);
}

/// erf(size) - 0.84506... for 0.84375 <= size < 1.25.
Value Arithmetic::erfAboutOne(Value size) {
  Value s = sub(size, constant(1));
  Value p =
      polynomial(s, {-2.16637559486879084300e-03, 3.54783043256182359371e-02,
                     -1.10894694282396677476e-01, 3.18346619901161753674e-01,
                     -3.72207876035701323847e-01, 4.14856118683748331666e-01,
                     -2.36211856075265944077e-03});
  Value q = polynomial(
      s, {1.19844998467991074170e-02, 1.36370839120290507362e-02,
          1.26171219808761642112e-01, 7.18286544141962662868e-02,
          5.40397917702171048937e-01, 1.06420880400844228286e-01, 1.0});
  return div(p, q);
}

/// erfc(size) for 1.25 <= size.
Value Arithmetic::erfcOfLarge(Value size) {
  // Beyond 28 it is 0.
  size = select(isGreater(size, constant(28)), constant(28), size);
  Value s = div(constant(1), mul(size, size));
  Value nearP =
      polynomial(s, {-9.81432934416914548592e+00, -8.12874355063065934246e+01,
                     -1.84605092906711035994e+02, -1.62396669462573470355e+02,
                     -6.23753324503260060396e+01, -1.05586262253232909814e+01,
                     -6.93858572707181764372e-01, -9.86494403484714822705e-03});
  Value nearQ = polynomial(
      s, {-6.04244152148580987438e-02, 6.57024977031928170135e+00,
          1.08635005541779435134e+02, 4.29008140027567833386e+02,
          6.45387271733267880336e+02, 4.34565877475229228821e+02,
          1.37657754143519042600e+02, 1.96512716674392571292e+01, 1.0});
  Value farP =
      polynomial(s, {-4.83519191608651397019e+02, -1.02509513161107724954e+03,
                     -6.37566443368389627722e+02, -1.60636384855821916062e+02,
                     -1.77579549177547519889e+01, -7.99283237680523006574e-01,
                     -9.86494292470009928597e-03});
  Value farQ =
      polynomial(s, {-2.24409524465858183362e+01, 4.74528541206955367215e+02,
                     2.55305040643316442583e+03, 3.19985821950859553908e+03,
                     1.53672958608443695994e+03, 3.25792512996573918826e+02,
                     3.03380607434824582924e+01, 1.0});
  Value isNear = isLess(size, constant(1 / 0.35));
  Value ratio = div(select(isNear, nearP, farP), select(isNear, nearQ, farQ));
  // e^(-size^2), with the square in a part that is exact and a rest.
  Value head = fromBits(andInt(toBits(size), integer(int64_t(-1) << 32)));
  Value exact = exp(sub(mul(neg(head), head), constant(0.5625)));
  Value rest = exp(fma(sub(head, size), add(head, size), ratio));
  return div(mul(exact, rest), size);
}

Value Arithmetic::erf(Value x) {
  Value size = abs(x);
  Value middle = add(erfAboutOne(size), constant(8.45062911510467529297e-01));
  Value large = sub(constant(1), erfcOfLarge(size));
  Value result =
      copySign(select(isLess(size, constant(1.25)), middle, large), x);
  return select(isLess(size, constant(0.84375)), erfNearZero(x), result);
}

Value Arithmetic::erfc(Value x) {
  Value size = abs(x);
  Value middle =
      sub(constant(1 - 8.45062911510467529297e-01), erfAboutOne(size));
  Value result =
      select(isLess(size, constant(1.25)), middle, erfcOfLarge(size));
  result = select(isLess(x, constant(0)), sub(constant(2), result), result);
  return select(isLess(size, constant(0.84375)),
                sub(constant(1), erfNearZero(x)), result);
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

namespace {
using ExpandFn = Value (*)(Arithmetic &, ValueRange);

/// Replaces an op on f32 or f64 by what `expand` builds.
struct ExpandPattern : RewritePattern {
  ExpandPattern(StringRef name, MLIRContext *context, ExpandFn expand,
                bool doubleOnly)
      : RewritePattern(name, /*benefit=*/2, context), expand(expand),
        doubleOnly(doubleOnly) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    Type type = op->getResult(0).getType();
    Type element = getElementTypeOrSelf(type);
    if (!element.isF64() && (doubleOnly || !element.isF32()))
      return rewriter.notifyMatchFailure(op, "of another float type");
    if (isa<ShapedType>(type) && !isa<VectorType>(type))
      return rewriter.notifyMatchFailure(op, "neither a number nor a vector");
    ImplicitLocOpBuilder builder(op->getLoc(), rewriter);
    Arithmetic arithmetic(builder, type);
    rewriter.replaceOp(op, expand(arithmetic, op->getOperands()));
    return success();
  }

  ExpandFn expand;
  bool doubleOnly;
};

struct ExpandMath : ravel::impl::ExpandMathBase<ExpandMath> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

static void populatePatterns(RewritePatternSet &patterns) {
  auto add = [&](StringRef name, ExpandFn expand, bool doubleOnly = false) {
    patterns.add(std::make_unique<ExpandPattern>(name, patterns.getContext(),
                                                 expand, doubleOnly));
  };
  add("math.exp", [](Arithmetic &a, ValueRange x) { return a.exp(x[0]); });
  add("math.expm1", [](Arithmetic &a, ValueRange x) { return a.expm1(x[0]); });
  add("math.tanh", [](Arithmetic &a, ValueRange x) { return a.tanh(x[0]); });
  add("math.log", [](Arithmetic &a, ValueRange x) { return a.log(x[0]); });
  add("math.log1p", [](Arithmetic &a, ValueRange x) { return a.log1p(x[0]); });
  add("math.powf",
      [](Arithmetic &a, ValueRange x) { return a.pow(x[0], x[1]); });
  add("math.sin",
      [](Arithmetic &a, ValueRange x) { return a.sinOrCos(x[0], false); });
  add("math.cos",
      [](Arithmetic &a, ValueRange x) { return a.sinOrCos(x[0], true); });
  add("math.tan", [](Arithmetic &a, ValueRange x) {
    return a.div(a.sinOrCos(x[0], false), a.sinOrCos(x[0], true));
  });
  add("math.exp2", [](Arithmetic &a, ValueRange x) {
    return a.exp(a.mul(x[0], a.constant(0.69314718055994530942)));
  });
  add("math.log2", [](Arithmetic &a, ValueRange x) {
    return a.mul(a.log(x[0]), a.constant(1.44269504088896340736));
  });
  add("math.log10", [](Arithmetic &a, ValueRange x) {
    return a.mul(a.log(x[0]), a.constant(0.43429448190325182765));
  });
  add("math.rsqrt", [](Arithmetic &a, ValueRange x) {
    Value root = math::SqrtOp::create(a.builder, x[0]);
    return a.div(a.constant(1), root);
  });
  add("math.sinh", [](Arithmetic &a, ValueRange x) {
    Value t = a.expm1(a.abs(x[0]));
    Value sum = a.add(t, a.div(t, a.add(t, a.constant(1))));
    Value large = a.isEqual(t, a.infinity());
    sum = a.select(large, t, sum);
    return a.copySign(a.mul(sum, a.constant(0.5)), x[0]);
  });
  add("math.cosh", [](Arithmetic &a, ValueRange x) {
    Value e = a.exp(a.abs(x[0]));
    return a.mul(a.add(e, a.div(a.constant(1), e)), a.constant(0.5));
  });
  add("math.asinh", [](Arithmetic &a, ValueRange x) { return a.asinh(x[0]); });
  add("math.acosh", [](Arithmetic &a, ValueRange x) { return a.acosh(x[0]); });
  add("math.atanh", [](Arithmetic &a, ValueRange x) { return a.atanh(x[0]); });
  constexpr bool doubleOnly = true;
  add(
      "math.erf", [](Arithmetic &a, ValueRange x) { return a.erf(x[0]); },
      doubleOnly);
  add(
      "math.erfc", [](Arithmetic &a, ValueRange x) { return a.erfc(x[0]); },
      doubleOnly);
  add(
      "math.cbrt", [](Arithmetic &a, ValueRange x) { return a.cbrt(x[0]); },
      doubleOnly);
  add(
      "math.atan", [](Arithmetic &a, ValueRange x) { return a.atan(x[0]); },
      doubleOnly);
  add(
      "math.atan2",
      [](Arithmetic &a, ValueRange x) { return a.atan2(x[0], x[1]); },
      doubleOnly);
  add(
      "math.asin",
      [](Arithmetic &a, ValueRange x) {
        Value one = a.constant(1);
        Value rest = a.mul(a.sub(one, x[0]), a.add(one, x[0]));
        return a.atan(a.div(x[0], a.sqrt(rest)));
      },
      doubleOnly);
  add(
      "math.acos",
      [](Arithmetic &a, ValueRange x) {
        Value one = a.constant(1);
        Value ratio = a.div(a.sub(one, x[0]), a.add(one, x[0]));
        Value half = a.atan(a.sqrt(ratio));
        return a.add(half, half);
      },
      doubleOnly);
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return llvm::is_contained({"math.erf", "math.erfc", "math.atan",
                               "math.atan2", "math.asin", "math.acos",
                               "math.cbrt"},
                              name);
  });
}

void ExpandMath::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  populatePatterns(patterns);
  if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
    signalPassFailure();
}
