//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Measure.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <chrono>

namespace ravel::driver {

static double getSeconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

double Timing::median() const {
  size_t n = seconds.size();
  return (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
}

/// The mean seconds of `calls` calls.
static double measureOnce(llvm::function_ref<void()> work, int64_t calls) {
  double begin = getSeconds();
  for (int64_t i = 0; i < calls; ++i)
    work();
  return (getSeconds() - begin) / calls;
}

Timing measure(llvm::function_ref<void()> work, int64_t repeat,
               double minTime) {
  // The first call touches memory and starts threads; it says nothing of the
  // others. The clock's own cost vanishes in what takes long enough.
  constexpr double clockGrain = 20e-6;
  work();
  double end = getSeconds() + minTime / 10, shortest = measureOnce(work, 1);
  while (getSeconds() < end)
    shortest = std::min(shortest, measureOnce(work, 1));

  Timing timing;
  if (shortest < clockGrain)
    timing.callsEach = int64_t(clockGrain / std::max(shortest, 1e-9)) + 1;
  constexpr size_t fewest = 3;
  end = getSeconds() + minTime;
  while (repeat > 0 ? timing.seconds.size() < size_t(repeat)
                    : timing.seconds.size() < fewest || getSeconds() < end)
    timing.seconds.push_back(measureOnce(work, timing.callsEach));
  llvm::sort(timing.seconds);
  return timing;
}

} // namespace ravel::driver
