//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How far generated sequences are from those they should be.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_ERRORRATE_H
#define RAVEL_TRAINING_ERRORRATE_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace ravel {

/// The fewest insertions, deletions and substitutions that turn `a` into `b`
/// (Levenshtein, 1966).
int64_t getEditDistance(llvm::ArrayRef<int32_t> a, llvm::ArrayRef<int32_t> b);

/// Errors, counted over many sequences.
struct ErrorCounts {
  int64_t sequences = 0, wrongSequences = 0;
  /// Distances, and the tokens of the references they are from.
  int64_t distance = 0, tokens = 0;

  /// Counts `found`, which is right if it equals any of `references`. Its
  /// distance is that from the nearest one; of several, from the longest.
  void add(llvm::ArrayRef<int32_t> found,
           llvm::ArrayRef<std::vector<int32_t>> references);

  /// The distance for each token of the references: may be above 1.
  double tokenErrorRate() const {
    return tokens == 0 ? 0 : double(distance) / double(tokens);
  }
  double sequenceErrorRate() const {
    return sequences == 0 ? 0 : double(wrongSequences) / double(sequences);
  }
};

} // namespace ravel

#endif // RAVEL_TRAINING_ERRORRATE_H
