//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Timing.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <chrono>

using namespace ravel;

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

Timing ravel::measureTime(llvm::function_ref<void()> work,
                          const TimingOptions &options) {
  double end = getSeconds() + options.warmUp;
  double shortest = measureOnce(work, 1);
  while (getSeconds() < end)
    shortest = std::min(shortest, measureOnce(work, 1));

  // In what takes this long, the clock's own cost vanishes.
  constexpr double clockGrain = 20e-6;
  Timing timing;
  if (shortest < clockGrain)
    timing.callsEach = int64_t(clockGrain / std::max(shortest, 1e-9)) + 1;
  end = getSeconds() + options.time;
  auto isEnough = [&] {
    size_t done = timing.seconds.size();
    return options.exactly > 0 ? done >= options.exactly
                               : done >= options.fewest && getSeconds() >= end;
  };
  while (!isEnough())
    timing.seconds.push_back(measureOnce(work, timing.callsEach));
  llvm::sort(timing.seconds);
  return timing;
}
