//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How a decoder that gives the scores of all classes at each step is made to
// write a sequence: greedily, by sampling, or by beam search, for many sources
// at once. Sources whose sequences have ended leave the batch.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_GENERATION_SEARCH_H
#define RAVEL_GENERATION_SEARCH_H

#include "ravel/Execution/Tensor.h"
#include "ravel/Training/Random.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace ravel {

/// The steps of a decoder, for rows of hypotheses at once.
class StepModel {
public:
  virtual ~StepModel();

  /// The classes that a step gives scores for.
  virtual int64_t numClasses() const = 0;
  /// Advances to new rows: row r continues row `parents[r]` of the step before
  /// (at the first step, source `parents[r]`), belongs to source `sources[r]`,
  /// and was given the class `tokens[r]` last. Returns scores [rows,
  /// numClasses], f32 or f64, not normalized; they are valid until the next
  /// step.
  virtual llvm::Expected<TensorRef> step(llvm::ArrayRef<int64_t> parents,
                                         llvm::ArrayRef<int64_t> sources,
                                         llvm::ArrayRef<int32_t> tokens) = 0;
};

struct SearchOptions {
  /// Greedy takes the class with the largest score, the first of several.
  /// Sample draws. Beam keeps the `width` best hypotheses of each source.
  enum Method { Greedy, Sample, Beam } method = Greedy;
  int64_t width = 1;
  /// Hypotheses given for each source, at most `width` of a beam; of Sample, so
  /// many are drawn.
  int64_t nbest = 1;
  /// The exponent alpha of Wu et al., *Google's neural machine translation
  /// system*, 2016, eq. 14: hypotheses of n classes, the end included, are
  /// ranked by log P / ((5 + n) / 6)^alpha. 0 ranks by log P.
  double lengthPenalty = 0;
  /// Scores are divided by it before a class is drawn.
  double temperature = 1;
  /// Only so many of the likeliest classes are drawn from; 0: any.
  int64_t topK = 0;
  /// Only the likeliest classes that together have this probability are drawn
  /// from (Holtzman et al., *The curious case of neural text degeneration*,
  /// ICLR 2020).
  double topP = 1;
  uint64_t seed = 0;
  /// The most steps; the end counts as one.
  int64_t maxSteps = 100;
  /// The class that ends a sequence.
  int32_t end = 0;
};

/// A sequence that was found.
struct Hypothesis {
  /// Without the end.
  std::vector<int32_t> tokens;
  /// The row of each step that gave the next class; one more than there are
  /// tokens, for the end, if it was reached.
  std::vector<int64_t> rows;
  /// In nats, of all classes and the end.
  double logProbability = 0;
  /// By which hypotheses are ranked.
  double score = 0;
  /// Whether the end was reached.
  bool isFinished = false;
};

/// A class drawn from the softmax of `scores` as `options` say.
int32_t drawClass(llvm::ArrayRef<double> scores, const SearchOptions &options,
                  Random &random);

/// Finds sequences for each of `firstTokens.size()` sources, which begin with
/// those classes: the best first. `sourceIds` tell the sources' draws apart,
/// whatever the batch; by default their places. An error if options are out of
/// range or scores are not numbers.
llvm::Expected<std::vector<std::vector<Hypothesis>>>
search(StepModel &model, llvm::ArrayRef<int32_t> firstTokens,
       const SearchOptions &options, llvm::ArrayRef<int64_t> sourceIds = {});

} // namespace ravel

#endif // RAVEL_GENERATION_SEARCH_H
