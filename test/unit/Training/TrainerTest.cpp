//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/Trainer.h"
#include "TestSupport.h"
#include <cmath>
#include <set>

using namespace ravel;
using namespace ravel::test;

TEST(MetricTest, ParsesNames) {
  for (const char *name :
       {"loss", "bits", "perplexity", "rmse", "token-error", "sequence-error"})
    EXPECT_EQ(getName(get(parseMetric(name))), name);
  EXPECT_CONTAINS(messageOf(parseMetric("accuracy")),
                  "expected loss, bits, perplexity, rmse, token-error or "
                  "sequence-error");
}

TEST(MetricTest, ConvertsMeans) {
  Evaluation evaluation;
  evaluation.perExample = 4;
  evaluation.perInstant = std::log(2.0);
  EXPECT_DOUBLE_EQ(evaluation.get(Metric::Loss, 10), 4);
  EXPECT_DOUBLE_EQ(evaluation.get(Metric::Bits, 10), 1);
  EXPECT_DOUBLE_EQ(evaluation.get(Metric::Perplexity, 10), 2);
  EXPECT_DOUBLE_EQ(evaluation.get(Metric::RMSE, 10), 20);
}

TEST(ClipTest, NormIsThatOfTheWholeArena) {
  Tensor arena(DType::F32, {3, 64});
  for (float &value : arena.view<float>())
    value = 0.5;
  EXPECT_DOUBLE_EQ(computeGlobalNorm(arena), std::sqrt(3 * 64 * 0.25));
}

TEST(ClipTest, NormDoesNotOverflowF32) {
  Tensor arena(DType::F32, {1, 64});
  arena.view<float>()[7] = 1e30f;
  EXPECT_NEAR(computeGlobalNorm(arena) / 1e30, 1, 1e-6);
}

TEST(ClipTest, ScalesDownButNeverUp) {
  Tensor arena(DType::F64, {1, 64});
  arena.view<double>()[0] = 3;
  arena.view<double>()[1] = 4;
  clipToNorm(arena, computeGlobalNorm(arena), 10);
  EXPECT_EQ(arena.view<double>()[1], 4);
  clipToNorm(arena, computeGlobalNorm(arena), 1);
  EXPECT_DOUBLE_EQ(arena.view<double>()[0], 0.6);
  EXPECT_DOUBLE_EQ(arena.view<double>()[1], 0.8);
}

TEST(KeyTest, DependsOnSeedEpochAndExampleAlone) {
  EXPECT_EQ(makeExampleKey(1, 2, 3), makeExampleKey(1, 2, 3));
  std::set<int32_t> keys;
  for (uint64_t seed : {0, 1})
    for (int64_t epoch = 0; epoch < 4; ++epoch)
      for (int64_t example = 0; example < 100; ++example)
        keys.insert(makeExampleKey(seed, epoch, example));
  EXPECT_EQ(keys.size(), 800u);
}

TEST(ClassTest, RefusesClassesThatTheModelLacks) {
  auto rows = std::make_shared<const Tensor>(
      Tensor::of<int32_t>({4}, llvm::ArrayRef<int32_t>({0, 1, 2, -1})));
  Field field{{"y", DType::I32, {}, ""}, rows, {0, 1, 2, 3}, {1, 1, 1, 1}};
  Dataset dataset = get(Dataset::create({field}));
  EXPECT_SUCCESS(checkClasses(dataset.select({0, 1}), {{"y", 2}}, "f"));
  EXPECT_SUCCESS(checkClasses(dataset, {{"z", 1}}, "f"));
  EXPECT_CONTAINS(messageOf(checkClasses(dataset, {{"y", 2}}, "f.npz")),
                  "f.npz: field 'y' has the class 2 in example 2; the model "
                  "takes 0 to 1");
  EXPECT_CONTAINS(messageOf(checkClasses(dataset.select({3}), {{"y", 2}}, "f")),
                  "class -1");
}
