//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How long a piece of work takes, by the clock on the wall.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_TIMING_H
#define RAVEL_EXECUTION_TIMING_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ravel {

struct TimingOptions {
  double warmUp = 0.1; // seconds; work is done at least once
  double time = 1;     // seconds of measuring
  size_t fewest = 3;   // measurements, however long that takes
  size_t exactly = 0;  // so many measurements, whatever the time; 0: as above
};

struct Timing {
  std::vector<double> seconds; // of each measurement, ascending
  int64_t callsEach = 1;       // in a measurement, which is their mean

  double minimum() const { return seconds.front(); }
  double median() const;
};

/// Repeats `work`. If it is too short for the clock, it is measured several
/// calls at a time.
Timing measureTime(llvm::function_ref<void()> work,
                   const TimingOptions &options = {});

} // namespace ravel

#endif // RAVEL_EXECUTION_TIMING_H
