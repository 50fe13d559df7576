//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A readout in closed form: one pass over data of any length, then ridge
// regression (Hoerl & Kennard, Ridge regression, Technometrics 12, 1970), by
// normal equations that compiled code adds up, or by a triangular factor; or
// recursive least squares, an answer after each instant.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_READOUT_H
#define RAVEL_TRAINING_READOUT_H

#include "ravel/Training/FunctionCall.h"
#include "ravel/Training/Progress.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ravel {

/// What is kept of the rows (features, 1, targets) of a regression.
class Regression {
public:
  enum Kind {
    /// The sums of products of all columns. Their rounding is that of squares:
    /// what is smaller than 1e-8 of the largest feature drowns in it.
    NormalEquations,
    /// The triangular factor of the rows by Householder's method (Golub & Van
    /// Loan, Matrix Computations, 2013): all digits, for more work.
    Triangular,
    /// The weights, corrected after each row by recursive least squares
    /// (Haykin, Adaptive Filter Theory, 2002).
    Recursive,
  };
  /// Of recursive least squares, which need to know at the beginning what the
  /// others are told at the end.
  struct RecursiveOptions {
    double ridge = 1;
    bool hasBias = true;
    /// What an error counts for each row that came after it.
    double forgetting = 1;
  };
  static std::unique_ptr<Regression> create(Kind kind, int64_t numFeatures,
                                            int64_t numTargets,
                                            const RecursiveOptions &recursive);
  static std::unique_ptr<Regression> create(Kind kind, int64_t numFeatures,
                                            int64_t numTargets) {
    return create(kind, numFeatures, numTargets, RecursiveOptions());
  }
  virtual ~Regression();

  /// Adds what NAME.normal gave: sums [order, order] or rows [n, order].
  virtual void add(const TensorRef &values) = 0;
  /// Adds the rows of another of the same kind and size, but not of recursive
  /// least squares.
  virtual void merge(const Regression &other) = 0;

  /// How many rows there are.
  virtual double count() const = 0;
  /// The weights [numFeatures + 1, numTargets], the bias last, that minimize
  /// the sum of squared errors plus `ridge` times that of the weights, the bias
  /// left out; without `hasBias` it is 0. An error where that is no answer: the
  /// features are dependent, and `ridge` is too small to tell. `isSingular`, if
  /// given, is set where normal equations are singular to rounding. Recursive
  /// least squares give the weights that they have come to, whatever `ridge`
  /// and `hasBias` say; theirs counts the bias too.
  virtual llvm::Expected<std::vector<double>>
  solve(double ridge, bool hasBias, bool *isSingular = nullptr) const = 0;
  /// The mean over rows and targets of the squared errors of such weights; of
  /// recursive least squares, of the weights that there were at each row.
  virtual double computeError(llvm::ArrayRef<double> weights) const = 0;
  /// The variance of the targets over rows, the mean over targets.
  virtual double computeVariance() const = 0;

  int64_t getNumFeatures() const { return numFeatures; }
  int64_t getNumTargets() const { return numTargets; }
  /// The length of a row.
  int64_t getOrder() const { return numFeatures + 1 + numTargets; }

protected:
  Regression(int64_t numFeatures, int64_t numTargets)
      : numFeatures(numFeatures), numTargets(numTargets) {}
  int64_t numFeatures, numTargets;
};

struct ReadoutOptions {
  /// The function NAME.normal, and what it gives.
  std::string function;
  Regression::Kind kind = Regression::NormalEquations;
  int64_t batchSize = 32;
  /// Instants at the beginning of each sequence that only drive the states.
  int64_t washout = 0;
  /// Parts of the data that are held out in turn; by example, or where there
  /// are fewer of these, by time. 1: none.
  int64_t folds = 1;
  /// The components of what the readout gives.
  int64_t numTargets = 1;
  Regression::RecursiveOptions recursive;
  /// Called with the weights of recursive least squares after each instant, if
  /// set: what the function computes next may depend on them, as where a
  /// readout is fed back while it is learned (Sussillo & Abbott, Generating
  /// coherent patterns of activity from chaotic neural networks, Neuron 63,
  /// 2009).
  std::function<void(llvm::ArrayRef<double>)> onWeights;
};

/// The regression of each fold, in one pass over the data. How far it is goes
/// to `os`, if given, as `display` says.
llvm::Expected<std::vector<std::unique_ptr<Regression>>>
collectRegression(const Module &module, const ParameterStore &parameters,
                  const Dataset &data, const ReadoutOptions &options,
                  llvm::raw_ostream *os = nullptr,
                  ProgressOptions display = {});

} // namespace ravel

#endif // RAVEL_TRAINING_READOUT_H
