//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// All methods share one loop over steps. A source has a list of live
// hypotheses; each is a row of the next step. What was chosen is kept as a tree
// of nodes, so that hypotheses share their beginnings.
//
// A beam takes the `width` best continuations of all live hypotheses of a
// source. Those that end leave the beam, and those ranked after them do not
// take their place if they end as well. A live hypothesis that can't become
// better than the worst one wanted is dropped; without any a source is done. A
// beam of width 1 is a greedy search, which is done when its first has ended.
//
//===----------------------------------------------------------------------===//

#include "ravel/Generation/Search.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

using namespace llvm;
namespace ravel {

StepModel::~StepModel() = default;

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// e^x for x <= 0, within 3e-7 of it relative: a polynomial of Taylor's on
/// [-ln 2 / 2, ln 2 / 2], in a form that compilers vectorize.
static inline float expNegative(float x) {
  x = std::max(x, -87.0f);
  float n = std::nearbyint(x * 1.44269504f);
  float r = x - n * 0.693359375f;
  r += n * 2.12194440e-4f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof(power));
  return p * power;
}

/// log(sum(exp(scores))); NaN where scores hold a NaN or nothing above minus
/// infinity.
static double getLogSum(ArrayRef<float> scores, float largest) {
  if (!std::isfinite(largest))
    return NAN;
  float sum = 0;
  for (float score : scores)
    sum += expNegative(score - largest);
  return largest + std::log(double(sum));
}

namespace {
/// The scores of one step's rows, as floats.
class Scores {
public:
  /// Copies only where scores are f64.
  Scores(const TensorRef &tensor, int64_t width) : width(width) {
    if (tensor.dtype == DType::F32) {
      data = static_cast<const float *>(tensor.data);
      return;
    }
    const double *wide = static_cast<const double *>(tensor.data);
    copy.assign(wide, wide + tensor.numElements());
    data = copy.data();
  }
  ArrayRef<float> row(int64_t row) const {
    return ArrayRef(data + row * width, width);
  }

private:
  int64_t width;
  const float *data;
  std::vector<float> copy;
};

/// A class that was chosen, after others.
struct Node {
  int64_t parent; // -1: none
  int32_t token;
  int64_t row; // of the step that chose it
};

struct Live {
  int64_t node = -1;
  int64_t row = 0; // of the step that is next continued
  int32_t token = 0;
  double logProbability = 0;
  int64_t stream = 0; // of random numbers
};

struct Source {
  std::vector<Live> live;
  std::vector<Hypothesis> finished;
};

/// A continuation of a live hypothesis.
struct Candidate {
  double logProbability;
  int64_t parent; // among the live ones
  int32_t token;

  bool operator<(const Candidate &other) const {
    return std::tie(other.logProbability, parent, token) <
           std::tie(logProbability, other.parent, other.token);
  }
};

class Search {
public:
  Search(StepModel &model, ArrayRef<int32_t> firstTokens,
         const SearchOptions &options, ArrayRef<int64_t> ids);

  Expected<std::vector<std::vector<Hypothesis>>> run();

private:
  Error takeStep(int64_t step);
  Error advance(Source &source, int64_t first, const Scores &scores,
                int64_t step);
  void choose(Source &source, int64_t first, const Scores &scores,
              ArrayRef<double> logSums);
  void extendBeam(Source &source, int64_t first, const Scores &scores,
                  ArrayRef<double> logSums, int64_t step);
  void finish(Source &source, const Live &live, int64_t row, double logP,
              bool atEnd);
  double rank(double logProbability, int64_t length) const {
    if (options.lengthPenalty == 0)
      return logProbability;
    return logProbability /
           std::pow((5.0 + length) / 6.0, options.lengthPenalty);
  }
  void closeBeam(Source &source, int64_t step);

  StepModel &model;
  SearchOptions options;
  int64_t width; // classes
  std::vector<Source> sources;
  std::vector<Node> nodes;
  std::vector<Random> randoms;
};
} // namespace

Search::Search(StepModel &model, ArrayRef<int32_t> firstTokens,
               const SearchOptions &options, ArrayRef<int64_t> ids)
    : model(model), options(options), width(model.numClasses()) {
  int64_t count = options.method == SearchOptions::Sample ? options.nbest : 1;
  for (auto [index, token] : enumerate(firstTokens)) {
    Source &source = sources.emplace_back();
    uint64_t id = ids.empty() ? index : ids[index];
    for (int64_t i = 0; i < count; ++i) {
      Live live;
      live.row = index;
      live.token = token;
      live.stream = randoms.size();
      source.live.push_back(live);
      if (options.method == SearchOptions::Sample)
        randoms.emplace_back(options.seed, id * count + i);
    }
  }
}

/// Adds what `live` is, or with `atEnd` becomes, to the finished ones.
void Search::finish(Source &source, const Live &live, int64_t row, double logP,
                    bool atEnd) {
  Hypothesis found;
  found.logProbability = logP;
  found.isFinished = atEnd;
  if (atEnd)
    found.rows.push_back(row);
  for (int64_t node = live.node; node >= 0; node = nodes[node].parent) {
    found.tokens.push_back(nodes[node].token);
    found.rows.push_back(nodes[node].row);
  }
  std::reverse(found.tokens.begin(), found.tokens.end());
  std::reverse(found.rows.begin(), found.rows.end());
  found.score = rank(logP, found.tokens.size() + atEnd);
  source.finished.push_back(std::move(found));
}

int32_t drawClass(ArrayRef<double> scores, const SearchOptions &options,
                  Random &random) {
  auto largest = std::max_element(scores.begin(), scores.end());
  if (options.temperature <= 0)
    return largest - scores.begin();
  std::vector<double> weights;
  for (double score : scores)
    weights.push_back(std::exp((score - *largest) / options.temperature));
  bool cuts = (options.topK > 0 && options.topK < int64_t(scores.size())) ||
              options.topP < 1;
  if (cuts) {
    std::vector<int32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    llvm::stable_sort(
        order, [&](int32_t a, int32_t b) { return weights[a] > weights[b]; });
    double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    for (auto [place, index] : enumerate(order)) {
      bool isOut = (options.topK > 0 && int64_t(place) >= options.topK) ||
                   sum >= options.topP * total;
      sum += weights[index];
      if (isOut)
        weights[index] = 0;
    }
  }
  double at =
      random.uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (auto [index, weight] : enumerate(weights)) {
    at -= weight;
    if (at < 0)
      return index;
  }
  return largest - scores.begin();
}

/// One continuation of each live hypothesis: the likeliest, or one drawn.
void Search::choose(Source &source, int64_t first, const Scores &scores,
                    ArrayRef<double> logSums) {
  std::vector<Live> next;
  for (auto [index, live] : enumerate(source.live)) {
    ArrayRef<float> row = scores.row(first + index);
    int32_t token;
    if (options.method == SearchOptions::Greedy) {
      token = std::max_element(row.begin(), row.end()) - row.begin();
    } else {
      std::vector<double> wide(row.begin(), row.end());
      token = drawClass(wide, options, randoms[live.stream]);
    }
    double logP = live.logProbability + (row[token] - logSums[index]);
    if (token == options.end) {
      finish(source, live, first + index, logP, /*atEnd=*/true);
      continue;
    }
    Live extended = live;
    extended.node = nodes.size();
    nodes.push_back({live.node, token, first + int64_t(index)});
    extended.row = first + index;
    extended.token = token;
    extended.logProbability = logP;
    next.push_back(extended);
  }
  source.live = std::move(next);
}

void Search::extendBeam(Source &source, int64_t first, const Scores &scores,
                        ArrayRef<double> logSums, int64_t step) {
  // The best `width` continuations of each hypothesis hold those of all.
  std::vector<Candidate> candidates, ofRow;
  size_t wanted = options.width;
  for (auto [index, live] : enumerate(source.live)) {
    ArrayRef<float> row = scores.row(first + index);
    ofRow.clear();
    for (auto [token, score] : enumerate(row))
      ofRow.push_back({live.logProbability + (score - logSums[index]),
                       int64_t(index), int32_t(token)});
    // One more, for the end may be among them and not count.
    size_t kept = std::min(ofRow.size(), wanted + 1);
    std::partial_sort(ofRow.begin(), ofRow.begin() + kept, ofRow.end());
    candidates.insert(candidates.end(), ofRow.begin(), ofRow.begin() + kept);
  }
  llvm::sort(candidates);
  std::vector<Live> next;
  for (auto [place, candidate] : enumerate(candidates)) {
    if (next.size() == wanted ||
        candidate.logProbability == -std::numeric_limits<double>::infinity())
      break;
    const Live &live = source.live[candidate.parent];
    int64_t row = first + candidate.parent;
    if (candidate.token == options.end) {
      if (place < wanted)
        finish(source, live, row, candidate.logProbability, /*atEnd=*/true);
      continue;
    }
    Live extended = live;
    extended.node = nodes.size();
    nodes.push_back({live.node, candidate.token, row});
    extended.row = row;
    extended.token = candidate.token;
    extended.logProbability = candidate.logProbability;
    next.push_back(extended);
  }
  source.live = std::move(next);
  closeBeam(source, step);
}

/// Whether better hypotheses come first.
static bool isBetter(const Hypothesis &a, const Hypothesis &b) {
  return std::tie(b.score, a.tokens) < std::tie(a.score, b.tokens);
}

/// Ends a source whose live hypotheses can't change what is wanted of it.
void Search::closeBeam(Source &source, int64_t step) {
  llvm::sort(source.finished, isBetter);
  if (options.width == 1 && !source.finished.empty()) {
    source.live.clear();
    return;
  }
  if (int64_t(source.finished.size()) < options.nbest)
    return;
  // Probabilities only fall; the longest sequence is divided by most.
  double worst = source.finished[options.nbest - 1].score;
  int64_t length = options.lengthPenalty > 0 ? options.maxSteps : step + 2;
  llvm::erase_if(source.live, [&](const Live &live) {
    return rank(live.logProbability, length) <= worst;
  });
}

Error Search::advance(Source &source, int64_t first, const Scores &scores,
                      int64_t step) {
  SmallVector<double> logSums;
  for (size_t index = 0; index < source.live.size(); ++index) {
    ArrayRef<float> row = scores.row(first + index);
    float largest = row.front();
    for (float score : row)
      largest = score > largest || std::isnan(score) ? score : largest;
    logSums.push_back(getLogSum(row, largest));
    if (std::isnan(logSums.back()))
      return makeError("step " + Twine(step) + " of the decoder gives source " +
                       Twine(&source - sources.data()) +
                       " scores that are no probabilities: one is NaN or "
                       "infinite, or all are minus infinity");
  }
  if (options.method == SearchOptions::Beam)
    extendBeam(source, first, scores, logSums, step);
  else
    choose(source, first, scores, logSums);
  return Error::success();
}

Error Search::takeStep(int64_t step) {
  std::vector<int64_t> parents, owners;
  std::vector<int32_t> tokens;
  for (auto [index, source] : enumerate(sources))
    for (const Live &live : source.live) {
      parents.push_back(live.row);
      owners.push_back(index);
      tokens.push_back(live.token);
    }
  Expected<TensorRef> tensor = model.step(parents, owners, tokens);
  if (!tensor)
    return tensor.takeError();
  Scores scores(*tensor, width);
  int64_t first = 0;
  for (Source &source : sources) {
    int64_t count = source.live.size();
    if (count > 0)
      if (Error error = advance(source, first, scores, step))
        return error;
    first += count;
  }
  return Error::success();
}

Expected<std::vector<std::vector<Hypothesis>>> Search::run() {
  auto isAlive = [](const Source &source) { return !source.live.empty(); };
  for (int64_t step = 0; step < options.maxSteps && any_of(sources, isAlive);
       ++step)
    if (Error error = takeStep(step))
      return error;
  std::vector<std::vector<Hypothesis>> results;
  for (Source &source : sources) {
    // What was cut off comes after what has ended.
    llvm::sort(source.finished, isBetter);
    std::vector<Hypothesis> found = std::move(source.finished);
    source.finished.clear();
    for (const Live &live : source.live)
      finish(source, live, live.row, live.logProbability, /*atEnd=*/false);
    llvm::sort(source.finished, isBetter);
    std::move(source.finished.begin(), source.finished.end(),
              std::back_inserter(found));
    if (int64_t(found.size()) > options.nbest)
      found.resize(options.nbest);
    results.push_back(std::move(found));
  }
  return results;
}

Expected<std::vector<std::vector<Hypothesis>>>
search(StepModel &model, ArrayRef<int32_t> firstTokens,
       const SearchOptions &options, ArrayRef<int64_t> sourceIds) {
  if (options.width < 1 || options.nbest < 1 || options.maxSteps < 1)
    return makeError("the width of a beam, the hypotheses wanted and the steps "
                     "must be at least 1");
  if (options.method == SearchOptions::Beam && options.nbest > options.width)
    return makeError("a beam of width " + Twine(options.width) +
                     " can't give " + Twine(options.nbest) + " hypotheses");
  if (options.method == SearchOptions::Greedy && options.nbest > 1)
    return makeError("a greedy search gives one hypothesis, not " +
                     Twine(options.nbest) + "; ask for a beam or samples");
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature) ||
      !(options.topP > 0) || options.topP > 1 || options.topK < 0 ||
      !(options.lengthPenalty >= 0) || !std::isfinite(options.lengthPenalty))
    return makeError("temperature, length penalty and top-k must not be "
                     "negative, and top-p must be above 0 and at most 1");
  if (firstTokens.empty())
    return std::vector<std::vector<Hypothesis>>();
  return Search(model, firstTokens, options, sourceIds).run();
}

} // namespace ravel
