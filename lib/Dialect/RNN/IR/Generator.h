//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_IR_GENERATOR_H
#define RAVEL_LIB_DIALECT_RNN_IR_GENERATOR_H

#include <cmath>
#include <cstdint>
#include <random>

namespace ravel::rnn {

/// Draws that are the same with every standard library: the distributions of
/// <random> are not specified bit by bit, the engine is.
class Generator {
public:
  explicit Generator(uint64_t seed) : engine(seed) {}
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  /// Standard normal, by Box and Muller (1958).
  double normal() {
    double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(2.0 * M_PI * uniform());
  }
  /// Uniform in 0 .. bound - 1.
  int64_t below(int64_t bound) {
    return static_cast<int64_t>(uniform() * static_cast<double>(bound));
  }

private:
  std::mt19937_64 engine;
};

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_GENERATOR_H
