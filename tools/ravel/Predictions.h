//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How far a model's predictions are from what its objective wants.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_PREDICTIONS_H
#define RAVEL_TOOLS_RAVEL_PREDICTIONS_H

#include "ravel/Execution/Module.h"
#include "ravel/Training/FunctionCall.h"
#include "ravel/Training/Trainer.h"

namespace ravel::driver {

/// Errors of predictions, summed over examples.
struct PredictionErrors {
  int64_t examples = 0;
  /// Where classes are predicted: how many there are, and how many are not the
  /// one with the highest score.
  int64_t classes = 0, wrongClasses = 0;
  /// Where numbers are: rows of them, the sum of all squared errors, and for
  /// each component the sums of what was wanted and of its squares.
  int64_t rows = 0;
  double squaredErrors = 0;
  std::vector<double> sums, squares;

  /// An error where the metric is not one of such predictions. `scale` is the
  /// unit of a normalized target.
  llvm::Expected<double> get(Metric metric, double scale) const;
  /// Error for classes, NRMSE for numbers.
  Metric getNaturalMetric() const;
};

/// The objective and what it judges.
llvm::Expected<Module> compilePredictions(const Compiler &compiler,
                                          const ModelSource &source,
                                          llvm::StringRef objective,
                                          DType precision);

/// Predicts for a dataset by each of several sets of parameters, and compares
/// the mean of the predictions. The first `washout` instants of a sequence
/// don't count. Nothing if `stop` said so.
llvm::Expected<std::optional<PredictionErrors>>
measurePredictions(const Module &module, llvm::StringRef objective,
                   llvm::ArrayRef<const ParameterStore *> members,
                   const Dataset &data, int64_t batchSize, int64_t washout,
                   const StopFlag &stop);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_PREDICTIONS_H
