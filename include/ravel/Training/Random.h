//===- Random.h - A reproducible random number generator --------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same numbers on every platform and with every standard library, and a
// state small enough to go into a checkpoint.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_RANDOM_H
#define RAVEL_TRAINING_RANDOM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <cstdint>
#include <utility>

namespace ravel {

/// The xoshiro256** generator of Blackman and Vigna.
class Random {
public:
  explicit Random(uint64_t seed = 0);
  /// An independent generator for the `stream`-th use of one seed.
  Random(uint64_t seed, uint64_t stream);

  uint64_t next();
  /// Uniform in [0, bound); bound > 0. Without bias.
  uint64_t below(uint64_t bound);
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  /// From the standard normal distribution.
  double normal();

  template <typename T> void shuffle(llvm::MutableArrayRef<T> items) {
    for (size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[below(i)]);
  }

  /// The state as an array of four hexadecimal strings.
  llvm::json::Value toJSON() const;
  static llvm::Expected<Random> fromJSON(const llvm::json::Value &value);

  bool operator==(const Random &other) const { return state == other.state; }

private:
  std::array<uint64_t, 4> state;
};

} // namespace ravel

#endif // RAVEL_TRAINING_RANDOM_H
