//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Functions of angles.
//
// * sin and cos: x = n pi/2 + r with pi/2 in three parts, then a polynomial of
// r
//   that the quadrant n mod 4 chooses.
// * atan, f64: |x| reduced below 0.66 by atan(x) = pi/2 - atan(1/x) and
//   = pi/4 + atan((x - 1) / (x + 1)), then Cephes' rational function. asin,
//   acos and atan2 are arcs of it.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace ravel;

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

Value Arithmetic::asin(Value x) {
  Value one = constant(1);
  Value rest = mul(sub(one, x), add(one, x));
  return atan(div(x, sqrt(rest)));
}

Value Arithmetic::acos(Value x) {
  Value one = constant(1);
  Value half = atan(sqrt(div(sub(one, x), add(one, x))));
  return add(half, half);
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
