//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A readout in closed form: one pass over data of any length adds up the normal
// equations in compiled code, then ridge regression solves them (Hoerl &
// Kennard, Ridge regression, Technometrics 12, 1970).
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_READOUT_H
#define RAVEL_TRAINING_READOUT_H

#include "ravel/Training/FunctionCall.h"
#include "ravel/Training/Progress.h"
#include <string>
#include <vector>

namespace ravel {

/// Sums over the rows (features, 1, targets) of a regression.
class NormalEquations {
public:
  NormalEquations(int64_t numFeatures, int64_t numTargets)
      : numFeatures(numFeatures), numTargets(numTargets),
        sums(order() * order()) {}

  /// Adds what NAME.normal gave: [order, order].
  void add(llvm::ArrayRef<double> matrix);
  void add(const NormalEquations &other) { add(other.sums); }
  void subtract(const NormalEquations &other);

  /// How many rows are in the sums.
  double count() const { return sums[numFeatures * order() + numFeatures]; }

  /// The weights [numFeatures + 1, numTargets], the bias last, that minimize
  /// the sum of squared errors plus `ridge` times that of the weights, the bias
  /// left out; without `hasBias` it is 0. An error where that is not a definite
  /// answer: the features are dependent, and `ridge` is too small to tell.
  llvm::Expected<std::vector<double>> solve(double ridge, bool hasBias) const;

  /// The mean over rows and targets of the squared errors of such weights.
  double computeError(llvm::ArrayRef<double> weights) const;

  int64_t numFeatures, numTargets;

  /// The variance of the targets over rows, the mean over targets.
  double computeVariance() const;

private:
  int64_t order() const { return numFeatures + 1 + numTargets; }
  std::vector<double> sums;
};

struct ReadoutOptions {
  /// The function NAME.normal.
  std::string function;
  int64_t batchSize = 32;
  /// Instants at the beginning of each sequence that only drive the states.
  int64_t washout = 0;
  /// Parts of the data that are held out in turn; by example, or where there
  /// are fewer of these, by time. 1: none.
  int64_t folds = 1;
  /// The components of what the readout gives.
  int64_t numTargets = 1;
};

/// The sums of each fold, in one pass over the data. How far it is goes to
/// `os`, if given, as `display` says.
llvm::Expected<std::vector<NormalEquations>>
collectNormalEquations(const Module &module, const ParameterStore &parameters,
                       const Dataset &data, const ReadoutOptions &options,
                       llvm::raw_ostream *os = nullptr,
                       ProgressOptions display = {});

} // namespace ravel

#endif // RAVEL_TRAINING_READOUT_H
