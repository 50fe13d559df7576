//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/SearchSpace.h"
#include "gtest/gtest.h"
#include <cmath>
#include <map>

using namespace ravel;

static SearchDimension parse(llvm::StringRef text) {
  llvm::Expected<SearchDimension> dimension = SearchDimension::parse(text);
  EXPECT_TRUE(bool(dimension)) << llvm::toString(dimension.takeError());
  return *dimension;
}

TEST(SearchDimensionTest, DrawsWithinItsRange) {
  SearchDimension uniform = parse("a = uniform(-1, 3)");
  SearchDimension log = parse("b=log(0.001,10)");
  double sum = 0, logs = 0;
  for (int64_t trial = 0; trial < 1000; ++trial) {
    double u = std::stod(uniform.draw(1, trial));
    double l = std::stod(log.draw(1, trial));
    EXPECT_GE(u, -1);
    EXPECT_LE(u, 3);
    EXPECT_GE(l, 0.001);
    EXPECT_LE(l, 10);
    sum += u;
    logs += std::log10(l);
  }
  // Five deviations of the mean of 1000 draws: 4 / sqrt(12) / sqrt(1000).
  EXPECT_NEAR(sum / 1000, 1, 0.2);
  EXPECT_NEAR(logs / 1000, -1, 0.2);
}

TEST(SearchDimensionTest, WholeNumbersAreAllDrawn) {
  for (llvm::StringRef text : {"n=int(1,4)", "n=logint(1,4)", "n=1,2,3,4"}) {
    SearchDimension dimension = parse(text);
    std::map<std::string, int> counts;
    for (int64_t trial = 0; trial < 400; ++trial)
      ++counts[dimension.draw(3, trial)];
    ASSERT_EQ(counts.size(), 4u) << text.str();
    for (const char *value : {"1", "2", "3", "4"})
      EXPECT_GT(counts[value], 20) << text.str();
  }
}

TEST(SearchDimensionTest, DependsOnSeedNameAndTrialAlone) {
  SearchDimension a = parse("a=uniform(0,1)"), b = parse("b=uniform(0,1)");
  EXPECT_EQ(a.draw(1, 5), parse("a=uniform(0,1)").draw(1, 5));
  EXPECT_NE(a.draw(1, 5), a.draw(1, 6));
  EXPECT_NE(a.draw(1, 5), a.draw(2, 5));
  EXPECT_NE(a.draw(1, 5), b.draw(1, 5));
}

TEST(SearchDimensionTest, GridHasAllCombinations) {
  SearchDimension dimensions[] = {parse("a=1,2"), parse("b=x,y,z")};
  std::vector<SearchPoint> points = enumerateGrid(dimensions);
  ASSERT_EQ(points.size(), 6u);
  EXPECT_EQ(points.front(), (SearchPoint{"1", "x"}));
  EXPECT_EQ(points[1], (SearchPoint{"1", "y"}));
  EXPECT_EQ(points.back(), (SearchPoint{"2", "z"}));
}

TEST(SearchRoundsTest, HalveTheTrialsAndRaiseTheResource) {
  std::vector<SearchRound> rounds =
      planRounds(HalvingResource::Epochs, 27, 2, 27, 3);
  ASSERT_EQ(rounds.size(), 4u);
  int64_t trials[] = {27, 9, 3, 1}, epochs[] = {1, 3, 9, 27};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(rounds[i].trials, trials[i]);
    EXPECT_EQ(rounds[i].epochs, epochs[i]);
    EXPECT_EQ(rounds[i].seeds, 2);
  }
}

TEST(SearchRoundsTest, TheLastRoundHasAllOfTheResource) {
  for (int64_t seeds : {2, 3, 5, 10}) {
    std::vector<SearchRound> rounds =
        planRounds(HalvingResource::Seeds, 20, seeds, 0, 3);
    EXPECT_EQ(rounds.back().seeds, seeds);
    EXPECT_EQ(rounds.front().trials, 20);
  }
  EXPECT_EQ(planRounds(HalvingResource::None, 20, 4, 0, 3).size(), 1u);
  EXPECT_EQ(planRounds(HalvingResource::Seeds, 1, 9, 0, 3).size(), 1u);
}
