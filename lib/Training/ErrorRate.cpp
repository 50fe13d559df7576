//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/ErrorRate.h"
#include <algorithm>
#include <cassert>
#include <numeric>

using namespace llvm;
namespace ravel {

int64_t getEditDistance(ArrayRef<int32_t> a, ArrayRef<int32_t> b) {
  // row[j]: the distance from the beginning of `a` to the first j of `b`.
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      int64_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

void ErrorCounts::add(ArrayRef<int32_t> found,
                      ArrayRef<std::vector<int32_t>> references) {
  assert(!references.empty() && "nothing to compare with");
  int64_t best = -1, length = 0;
  for (const std::vector<int32_t> &reference : references) {
    int64_t distance = getEditDistance(reference, found);
    int64_t size = reference.size();
    if (best < 0 || distance < best || (distance == best && size > length)) {
      best = distance;
      length = size;
    }
  }
  ++sequences;
  wrongSequences += best != 0;
  distance += best;
  tokens += length;
}

} // namespace ravel
