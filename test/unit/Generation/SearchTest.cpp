//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Searches over decoders that are tables, against all sequences written out.
//
//===----------------------------------------------------------------------===//

#include "ravel/Generation/Search.h"
#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"
#include <cmath>
#include <map>

using namespace ravel;

namespace {

constexpr int32_t kEnd = 0;

/// A decoder whose scores are a hash of its source and all classes so far, so
/// that a row that continues the wrong one gives others.
class HashModel : public StepModel {
public:
  explicit HashModel(int64_t classes, uint64_t seed = 1, bool wide = false)
      : classes(classes), seed(seed), wide(wide) {}

  int64_t numClasses() const override { return classes; }

  llvm::Expected<TensorRef> step(llvm::ArrayRef<int64_t> parents,
                                 llvm::ArrayRef<int64_t> sources,
                                 llvm::ArrayRef<int32_t> tokens) override {
    std::vector<std::vector<int32_t>> next;
    for (size_t row = 0; row < tokens.size(); ++row) {
      std::vector<int32_t> history =
          histories.empty() ? std::vector<int32_t>{int32_t(sources[row])}
                            : histories[parents[row]];
      if (histories.empty())
        EXPECT_EQ(parents[row], sources[row]);
      history.push_back(tokens[row]);
      next.push_back(std::move(history));
    }
    histories = std::move(next);
    rowsTaken.push_back(tokens.size());
    Shape shape{int64_t(tokens.size()), classes};
    scores = Tensor(wide ? DType::F64 : DType::F32, shape);
    for (size_t row = 0; row < histories.size(); ++row)
      for (int64_t token = 0; token < classes; ++token) {
        double score = getScore(histories[row], token);
        int64_t at = row * classes + token;
        if (wide)
          scores.view<double>()[at] = score;
        else
          scores.view<float>()[at] = float(score);
      }
    return TensorRef(scores);
  }

  /// The score of `token` after a source and classes.
  double getScore(llvm::ArrayRef<int32_t> history, int32_t token) const {
    uint64_t hash = seed;
    auto mix = [&](uint64_t value) {
      hash ^= value + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
      hash *= 0xff51afd7ed558ccd;
      hash ^= hash >> 33;
    };
    for (int32_t value : history)
      mix(value + 1);
    mix(token + 100);
    return float(double(hash >> 40) / double(1 << 24) * 4);
  }

  double getLogProbability(llvm::ArrayRef<int32_t> history,
                           int32_t token) const {
    double sum = 0;
    for (int64_t other = 0; other < classes; ++other)
      sum += std::exp(getScore(history, other));
    return getScore(history, token) - std::log(sum);
  }

  std::vector<int64_t> rowsTaken;

private:
  int64_t classes;
  uint64_t seed;
  bool wide;
  std::vector<std::vector<int32_t>> histories;
  Tensor scores;
};

struct Sequence {
  std::vector<int32_t> tokens;
  double logProbability;
  bool isFinished;
};

/// All sequences of up to `steps` steps from `source`.
std::vector<Sequence> enumerate(const HashModel &model, int32_t source,
                                int64_t steps) {
  std::vector<Sequence> all;
  std::function<void(std::vector<int32_t>, double)> extend =
      [&](std::vector<int32_t> tokens, double logP) {
        if (int64_t(tokens.size()) == steps) {
          all.push_back({tokens, logP, false});
          return;
        }
        std::vector<int32_t> history{source, kEnd};
        history.insert(history.end(), tokens.begin(), tokens.end());
        for (int64_t token = 0; token < model.numClasses(); ++token) {
          double next = logP + model.getLogProbability(history, token);
          if (token == kEnd) {
            all.push_back({tokens, next, true});
            continue;
          }
          tokens.push_back(token);
          extend(tokens, next);
          tokens.pop_back();
        }
      };
  extend({}, 0);
  return all;
}

std::vector<std::vector<Hypothesis>> find(StepModel &model, int64_t sources,
                                          const SearchOptions &options,
                                          std::vector<int64_t> ids = {}) {
  std::vector<int32_t> first(sources, kEnd);
  auto found = search(model, first, options, ids);
  if (!found) {
    ADD_FAILURE() << llvm::toString(found.takeError());
    return {};
  }
  return std::move(*found);
}

/// Scores are floats, and so are their exponentials: each of a few steps adds
/// an error of a few 1e-7.
constexpr double kTolerance = 1e-5;

class ExhaustiveTest : public testing::TestWithParam<double> {};

TEST_P(ExhaustiveTest, WideBeamFindsTheBest) {
  for (int64_t classes : {2, 3, 4})
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      SearchOptions options;
      options.method = SearchOptions::Beam;
      options.maxSteps = 4;
      options.width = 400; // more than there are prefixes
      options.nbest = 6;
      options.lengthPenalty = GetParam();
      HashModel model(classes, seed);
      auto found = find(model, 2, options);
      ASSERT_EQ(found.size(), 2u);
      for (int32_t source : {0, 1}) {
        std::vector<Sequence> all = enumerate(model, source, options.maxSteps);
        auto rank = [&](const Sequence &s) {
          double length = s.tokens.size() + s.isFinished;
          return s.logProbability /
                 std::pow((5 + length) / 6, options.lengthPenalty);
        };
        // What was cut off comes after what has ended.
        llvm::stable_sort(all, [&](const Sequence &a, const Sequence &b) {
          return std::pair(!a.isFinished, -rank(a)) <
                 std::pair(!b.isFinished, -rank(b));
        });
        size_t count = std::min<size_t>(options.nbest, all.size());
        ASSERT_EQ(found[source].size(), count);
        for (size_t i = 0; i < count; ++i) {
          // Two of nearly one rank may change places.
          const Hypothesis &actual = found[source][i];
          auto same = llvm::find_if(all, [&](const Sequence &s) {
            return s.tokens == actual.tokens &&
                   s.isFinished == actual.isFinished;
          });
          ASSERT_NE(same, all.end());
          EXPECT_EQ(actual.isFinished, all[i].isFinished);
          EXPECT_NEAR(rank(*same), rank(all[i]), kTolerance);
          EXPECT_NEAR(actual.logProbability, same->logProbability, kTolerance);
          EXPECT_NEAR(actual.score, rank(*same), kTolerance);
          EXPECT_EQ(found[source][i].rows.size(),
                    found[source][i].tokens.size() +
                        found[source][i].isFinished);
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(All, ExhaustiveTest, testing::Values(0.0, 0.6, 1.0));

TEST(SearchTest, BeamOfOneIsGreedy) {
  for (uint64_t seed = 1; seed <= 20; ++seed)
    for (double penalty : {0.0, 1.0}) {
      SearchOptions greedy, beam;
      greedy.maxSteps = beam.maxSteps = 8;
      beam.method = SearchOptions::Beam;
      beam.lengthPenalty = greedy.lengthPenalty = penalty;
      HashModel a(5, seed), b(5, seed);
      auto one = find(a, 4, greedy), other = find(b, 4, beam);
      for (auto [x, y] : llvm::zip_equal(one, other)) {
        EXPECT_EQ(x.front().tokens, y.front().tokens);
        EXPECT_EQ(x.front().logProbability, y.front().logProbability);
        EXPECT_EQ(x.front().isFinished, y.front().isFinished);
      }
    }
}

/// Asking for more hypotheses never makes the best one worse.
TEST(SearchTest, BestIsAsGoodInALongerList) {
  for (uint64_t seed = 1; seed <= 40; ++seed)
    for (double penalty : {0.0, 1.0}) {
      SearchOptions options;
      options.method = SearchOptions::Beam;
      options.maxSteps = 10;
      options.width = 4;
      options.lengthPenalty = penalty;
      HashModel one(5, seed), other(5, seed);
      auto single = find(one, 3, options);
      options.nbest = 4;
      auto several = find(other, 3, options);
      for (auto [x, y] : llvm::zip_equal(single, several))
        EXPECT_GE(y.front().score, x.front().score - kTolerance);
    }
}

TEST(SearchTest, BatchEqualsOneByOne) {
  for (SearchOptions::Method method :
       {SearchOptions::Greedy, SearchOptions::Beam, SearchOptions::Sample}) {
    SearchOptions options;
    options.method = method;
    options.maxSteps = 6;
    options.width = 3;
    options.nbest = method == SearchOptions::Greedy ? 1 : 2;
    HashModel all(4, 7);
    auto together = find(all, 5, options);
    for (int64_t source = 0; source < 5; ++source) {
      // A model that takes its only source for this one.
      class Shifted : public HashModel {
      public:
        Shifted(int64_t source) : HashModel(4, 7), source(source) {}
        llvm::Expected<TensorRef>
        step(llvm::ArrayRef<int64_t> parents, llvm::ArrayRef<int64_t> sources,
             llvm::ArrayRef<int32_t> tokens) override {
          std::vector<int64_t> own(sources.size(), source), first(parents);
          if (isFirst)
            first = own;
          isFirst = false;
          return HashModel::step(first, own, tokens);
        }
        int64_t source;
        bool isFirst = true;
      } model(source);
      auto alone = find(model, 1, options, {source});
      ASSERT_EQ(alone[0].size(), together[source].size());
      for (auto [x, y] : llvm::zip_equal(alone[0], together[source])) {
        EXPECT_EQ(x.tokens, y.tokens);
        EXPECT_EQ(x.logProbability, y.logProbability);
      }
    }
  }
}

TEST(SearchTest, FinishedSourcesLeave) {
  HashModel model(3, 3);
  SearchOptions options;
  options.maxSteps = 20;
  auto found = find(model, 50, options);
  size_t longest = 0;
  for (const auto &list : found)
    longest = std::max(longest, list.front().rows.size());
  ASSERT_EQ(model.rowsTaken.size(), longest);
  for (size_t step = 0; step < longest; ++step)
    EXPECT_EQ(model.rowsTaken[step],
              llvm::count_if(found, [&](const auto &list) {
                return list.front().rows.size() > step;
              }));
}

TEST(SearchTest, StopsAtTheLimit) {
  HashModel model(9, 2);
  SearchOptions options;
  options.maxSteps = 1;
  for (const auto &list : find(model, 20, options)) {
    EXPECT_LE(list.front().tokens.size(), 1u);
    EXPECT_EQ(list.front().isFinished, list.front().tokens.empty());
  }
}

TEST(SearchTest, ScoresMayBeDoubles) {
  SearchOptions options;
  options.maxSteps = 5;
  HashModel narrow(5, 4), wide(5, 4, /*wide=*/true);
  auto one = find(narrow, 3, options), other = find(wide, 3, options);
  for (auto [x, y] : llvm::zip_equal(one, other))
    EXPECT_EQ(x.front().tokens, y.front().tokens);
}

TEST(SearchTest, SamplesFollowTheProbabilities) {
  HashModel model(4, 11);
  SearchOptions options;
  options.method = SearchOptions::Sample;
  options.maxSteps = 1;
  options.nbest = 20000;
  std::map<int32_t, int64_t> counts;
  auto found = find(model, 1, options);
  for (const Hypothesis &h : found[0])
    ++counts[h.isFinished ? kEnd : h.tokens.front()];
  for (int32_t token = 0; token < 4; ++token) {
    double p = std::exp(model.getLogProbability({0, kEnd}, token));
    // Five standard deviations.
    double bound = 5 * std::sqrt(p * (1 - p) * options.nbest);
    EXPECT_NEAR(double(counts[token]), p * options.nbest, bound);
  }
}

TEST(SearchTest, DrawsAreCutOff) {
  std::vector<double> scores = {std::log(0.1), std::log(0.5), std::log(0.15),
                                std::log(0.25)};
  auto drawn = [&](const SearchOptions &options) {
    Random random(1);
    std::set<int32_t> seen;
    for (int i = 0; i < 2000; ++i)
      seen.insert(drawClass(scores, options, random));
    return seen;
  };
  SearchOptions options;
  EXPECT_EQ(drawn(options), (std::set<int32_t>{0, 1, 2, 3}));
  options.topK = 2;
  EXPECT_EQ(drawn(options), (std::set<int32_t>{1, 3}));
  options.topK = 0;
  options.topP = 0.5;
  EXPECT_EQ(drawn(options), (std::set<int32_t>{1}));
  options.topP = 0.8;
  EXPECT_EQ(drawn(options), (std::set<int32_t>{1, 2, 3}));
  options.topP = 1;
  options.temperature = 0;
  EXPECT_EQ(drawn(options), (std::set<int32_t>{1}));
}

TEST(SearchTest, RefusesWhatMakesNoSense) {
  HashModel model(3);
  auto fails = [&](const SearchOptions &options, llvm::StringRef text) {
    auto found = search(model, {kEnd}, options);
    ASSERT_FALSE(bool(found));
    std::string message = llvm::toString(found.takeError());
    EXPECT_NE(message.find(text.str()), std::string::npos) << message;
  };
  SearchOptions options;
  options.nbest = 2;
  fails(options, "a greedy search gives one hypothesis");
  options.method = SearchOptions::Beam;
  fails(options, "a beam of width 1 can't give 2");
  options = {};
  options.topP = 0;
  fails(options, "top-p");
  options = {};
  options.width = 0;
  fails(options, "at least 1");
}

TEST(SearchTest, RefusesScoresThatAreNoNumbers) {
  class Broken : public StepModel {
  public:
    int64_t numClasses() const override { return 2; }
    llvm::Expected<TensorRef> step(llvm::ArrayRef<int64_t>,
                                   llvm::ArrayRef<int64_t>,
                                   llvm::ArrayRef<int32_t>) override {
      scores = Tensor::of<float>({2, 2}, {0, 1, NAN, 1});
      return TensorRef(scores);
    }
    Tensor scores;
  } model;
  auto found = search(model, {kEnd, kEnd}, {});
  ASSERT_FALSE(bool(found));
  EXPECT_EQ(llvm::toString(found.takeError()),
            "step 0 of the decoder gives source 1 scores that are no "
            "probabilities: one is NaN or infinite, or all are minus infinity");
}

} // namespace
