//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The error function, f64: the four ranges of FreeBSD's msun, each computed.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace ravel;

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
