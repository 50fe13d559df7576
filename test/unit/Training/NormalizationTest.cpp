//===- NormalizationTest.cpp - Standardized columns -----------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Normalization.h"
#include "TestSupport.h"
#include <cmath>

using namespace ravel;
using namespace ravel::test;

/// Columns 1 2 3 | 9, then a row that is not for training.
static Tensor makeMatrix() {
  return Tensor::of<double>({4, 2}, {1, 9, 2, 9, 3, 9, 100, 5});
}

TEST(Normalization, FitsTheTrainingRowsOnly) {
  Normalization fitted =
      get(Normalization::fit(makeMatrix(), 0, 3, {"a", "b"}));
  EXPECT_DOUBLE_EQ(fitted.mean(0), 2);
  EXPECT_DOUBLE_EQ(fitted.deviation(0), std::sqrt(2.0 / 3));
  EXPECT_DOUBLE_EQ(fitted.mean(1), 9);
  EXPECT_DOUBLE_EQ(fitted.deviation(1), 1);
}

TEST(Normalization, AppliesAndUndoes) {
  Tensor matrix = makeMatrix();
  Normalization fitted = get(Normalization::fit(matrix, 0, 3, {"a", "b"}));
  ASSERT_SUCCESS(fitted.apply(matrix));
  EXPECT_DOUBLE_EQ(matrix.view<double>()[0], -std::sqrt(1.5));
  EXPECT_DOUBLE_EQ(matrix.view<double>()[1], 0);
  EXPECT_DOUBLE_EQ(matrix.view<double>()[7], -4);
  ASSERT_SUCCESS(fitted.undo(matrix));
  Tensor original = makeMatrix();
  for (int i = 0; i < 8; ++i)
    EXPECT_NEAR(matrix.view<double>()[i], original.view<double>()[i], 1e-12);

  // Predictions have the target's columns only, and may be of any rank.
  Normalization target = get(fitted.select({"b"}));
  Tensor prediction = Tensor::of<float>({1, 2, 1}, {0, -4});
  ASSERT_SUCCESS(target.undo(prediction));
  EXPECT_EQ(prediction.view<float>().vec(), (std::vector<float>{9, 5}));
}

TEST(Normalization, TakesALargeConstantForOne) {
  Tensor matrix = Tensor::of<double>({3, 1}, {0.1, 0.1, 0.1});
  EXPECT_EQ(get(Normalization::fit(matrix, 0, 3, {"a"})).deviation(0), 1);
}

TEST(Normalization, SaysWhatDoesNotFit) {
  EXPECT_CONTAINS(messageOf(Normalization::fit(makeMatrix(), 0, 3, {"a"})),
                  "a float matrix with 1 columns, not shape [4, 2] of f64");
  EXPECT_CONTAINS(messageOf(Normalization::fit(makeMatrix(), 3, 3, {"a", "b"})),
                  "on rows 3 to 3 of 4");
  Normalization fitted =
      get(Normalization::fit(makeMatrix(), 0, 3, {"a", "b"}));
  Tensor wrong(DType::F32, {3, 3});
  EXPECT_CONTAINS(messageOf(fitted.apply(wrong)), "last dimension of 2");
  EXPECT_CONTAINS(messageOf(fitted.select({"c"})), "has no column 'c'");
}

TEST(Normalization, SavesAndLoads) {
  TemporaryFolder folder;
  std::string path = folder.path("n.json");
  Normalization fitted =
      get(Normalization::fit(makeMatrix(), 0, 3, {"a", "b"}));
  ASSERT_SUCCESS(fitted.save(path));
  Normalization loaded = get(Normalization::load(path));
  EXPECT_EQ(loaded.name(1), "b");
  EXPECT_EQ(loaded.deviation(0), fitted.deviation(0));

  folder.write("n.json",
               R"({"columns":[{"name":"a","mean":0,"deviation":0}]})");
  EXPECT_CONTAINS(messageOf(Normalization::load(path)),
                  "n.json: malformed normalization");
}
