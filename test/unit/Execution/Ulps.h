//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How far a float is from the true value, in units in the last place.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TEST_UNIT_EXECUTION_ULPS_H
#define RAVEL_TEST_UNIT_EXECUTION_ULPS_H

#include <algorithm>
#include <cmath>
#include <limits>

namespace ravel::test {

/// |actual - expected| in units of the distance between the floats about
/// `expected`, which is of a wider type. 0 where both are infinite or both NaN;
/// infinite where one of them is.
template <typename Float, typename Wide>
double getErrorInUlps(Float actual, Wide expected) {
  using Limits = std::numeric_limits<Float>;
  auto nearest = static_cast<Float>(expected);
  if (actual == nearest && std::isinf(nearest))
    return 0;
  if (std::isnan(actual) && std::isnan(expected))
    return 0;
  if (!std::isfinite(actual) || !std::isfinite(nearest))
    return std::numeric_limits<double>::infinity();
  int exponent = Limits::min_exponent;
  if (std::abs(expected) >= Limits::min())
    exponent = std::ilogb(expected) + 1;
  return std::ldexp(std::abs(static_cast<Wide>(actual) - expected),
                    Limits::digits - exponent);
}

} // namespace ravel::test

#endif // RAVEL_TEST_UNIT_EXECUTION_ULPS_H
