//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_MEASURE_H
#define RAVEL_TOOLS_RAVEL_MEASURE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace ravel::driver {

/// How long some work takes.
struct Timing {
  std::vector<double> seconds; // of each measurement, ascending
  int64_t callsEach = 1;       // in a measurement, which is their mean

  double minimum() const { return seconds.front(); }
  double median() const;
};

/// Repeats `work`: first to warm up, then `repeat` measurements, or if that is
/// 0 as many as it takes to fill `minTime` seconds and at least three. Work too
/// short for the clock is measured several calls at a time.
Timing measure(llvm::function_ref<void()> work, int64_t repeat, double minTime);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_MEASURE_H
