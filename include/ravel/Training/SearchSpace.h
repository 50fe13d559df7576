//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Values to try, and how often: random search (Bergstra & Bengio, Random search
// for hyper-parameter optimization, JMLR 13, 2012) and successive halving
// (Jamieson & Talwalkar, Non-stochastic best arm identification and
// hyperparameter optimization, AISTATS 2016).
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_SEARCHSPACE_H
#define RAVEL_TRAINING_SEARCHSPACE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace ravel {

/// One of the names that a search gives values, and the values.
class SearchDimension {
public:
  /// Parses "leak=uniform(0.1,1)", "radius=log(0.1,2)", "units=int(50,400)",
  /// "units=logint(50,1000)", or choices: "topology=random,ring".
  static llvm::Expected<SearchDimension> parse(llvm::StringRef text);

  const std::string &getName() const { return name; }
  /// Empty unless the values are choices.
  llvm::ArrayRef<std::string> getChoices() const { return choices; }
  /// The value of a trial, as text of six digits: a function of the seed, the
  /// name and the trial alone.
  std::string draw(uint64_t seed, int64_t trial) const;

private:
  enum Kind { Choice, Uniform, Log, Integer, LogInteger } kind = Choice;
  std::string name;
  double low = 0, high = 0;
  std::vector<std::string> choices;
};

/// The values of all dimensions in a trial.
using SearchPoint = std::vector<std::string>;

/// All combinations of choices, the last dimension changing fastest.
std::vector<SearchPoint>
enumerateGrid(llvm::ArrayRef<SearchDimension> dimensions);

/// What is spent on each trial of a round before the best go on.
struct SearchRound {
  /// How many trials are left.
  int64_t trials = 0;
  /// The seeds that each trial has had at the end of the round, and the epochs
  /// that each run has; 0 where epochs are no resource.
  int64_t seeds = 1, epochs = 0;
};

/// What successive halving gives more of.
enum class HalvingResource { None, Seeds, Epochs };

/// Rounds in which the trials fall by the factor `eta` and the resource grows
/// by it, up to `seeds` or `epochs`; one round without a resource.
std::vector<SearchRound> planRounds(HalvingResource resource, int64_t trials,
                                    int64_t seeds, int64_t epochs, double eta);

} // namespace ravel

#endif // RAVEL_TRAINING_SEARCHSPACE_H
