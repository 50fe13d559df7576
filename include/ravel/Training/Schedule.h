//===- Schedule.h - Learning rates over time --------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A schedule is a word, optionally followed by settings:
//
//   constant
//   step:every=1000,factor=0.5       times factor every so many steps
//   exponential:every=100,factor=0.9 the same, smoothly
//   cosine:total=5000                half a cosine, down to min at step total
//   plateau:factor=0.1,patience=10   times factor when the metric stagnates
//
// Each takes warmup=N (default 0): the rate rises linearly over the first N
// steps, and the schedule proper begins after them (but `total` counts them);
// and min=R (default 0): the rate does not fall below R, except in the warmup.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_SCHEDULE_H
#define RAVEL_TRAINING_SCHEDULE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <optional>
#include <string>

namespace ravel {

class Schedule {
public:
  enum class Kind { Constant, Step, Exponential, Cosine, Plateau };

  /// A constant rate.
  explicit Schedule(double rate = 1e-3) : baseRate(rate) {}

  /// Parses a schedule that starts from, or warms up to, `rate`. An error names
  /// an unknown word or setting and lists those there are.
  static llvm::Expected<Schedule> parse(llvm::StringRef text, double rate);

  Kind kind() const { return which; }
  /// The learning rate of update `step`, counted from 0.
  double rate(int64_t step) const;

  /// Tells a plateau schedule the metric of an evaluation; others ignore it. A
  /// metric that is not finite counts as no improvement.
  /// True if the rate was lowered.
  bool observe(double metric);

  /// The kind and what `observe` has found out.
  llvm::json::Value toJSON() const;
  /// Takes over the state of a schedule of the same kind; the settings stay
  /// those of this one.
  llvm::Error restore(const llvm::json::Value &value);

private:
  double decay(double step) const;

  Kind which = Kind::Constant;
  double baseRate;
  int64_t warmup = 0, every = 1, total = 0;
  double factor = 1, minimum = 0;
  // Of a plateau: how many evaluations in a row may bring no improvement, how
  // many after a decay are not counted, and the relative change that counts.
  int64_t patience = 10, cooldown = 0;
  double threshold = 1e-4;
  bool maximize = false;
  // Its state.
  std::optional<double> best;
  int64_t stagnant = 0, cooling = 0, decays = 0;
};

} // namespace ravel

#endif // RAVEL_TRAINING_SCHEDULE_H
