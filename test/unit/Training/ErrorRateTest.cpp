//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/ErrorRate.h"
#include "gtest/gtest.h"
#include <random>

using namespace ravel;

namespace {

/// By its definition.
int64_t getDistance(llvm::ArrayRef<int32_t> a, llvm::ArrayRef<int32_t> b) {
  if (a.empty() || b.empty())
    return a.size() + b.size();
  return std::min(
      {getDistance(a.drop_back(), b) + 1, getDistance(a, b.drop_back()) + 1,
       getDistance(a.drop_back(), b.drop_back()) + (a.back() != b.back())});
}

TEST(ErrorRateTest, DistanceIsTheFewestEdits) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::vector<int32_t> a(random() % 6), b(random() % 6);
    for (std::vector<int32_t> *list : {&a, &b})
      for (int32_t &value : *list)
        value = random() % 3;
    EXPECT_EQ(getEditDistance(a, b), getDistance(a, b));
  }
}

TEST(ErrorRateTest, CountsTheNearestReference) {
  ErrorCounts counts;
  counts.add({1, 2, 3}, {{1, 2, 3}});
  counts.add({1, 2}, {{5, 6, 7, 8}, {1, 2, 4}});
  EXPECT_EQ(counts.sequences, 2);
  EXPECT_EQ(counts.wrongSequences, 1);
  EXPECT_EQ(counts.distance, 1);
  EXPECT_EQ(counts.tokens, 6);
  EXPECT_DOUBLE_EQ(counts.tokenErrorRate(), 1.0 / 6);
  EXPECT_DOUBLE_EQ(counts.sequenceErrorRate(), 0.5);
}

TEST(ErrorRateTest, OfReferencesAsNearTheLongestCounts) {
  ErrorCounts counts;
  counts.add({1, 2}, {{1}, {1, 2, 3}});
  EXPECT_EQ(counts.distance, 1);
  EXPECT_EQ(counts.tokens, 3);
}

TEST(ErrorRateTest, NothingIsNoError) {
  ErrorCounts counts;
  EXPECT_EQ(counts.tokenErrorRate(), 0);
  counts.add({}, {{}});
  EXPECT_EQ(counts.sequenceErrorRate(), 0);
}

} // namespace
