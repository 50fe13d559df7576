//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Epochs over a dataset: gradient, clipping, update; now and then an evaluation
// on held-out data; checkpoints and metrics in a folder:
//
//   last.safetensors   the latest checkpoint, from which a run goes on
//   best.safetensors   the one with the best metric on the validation data
//   metrics.jsonl      a line at every interval and every evaluation
//
// Everything that a step depends on is in the checkpoint, so a run that was
// interrupted and resumed computes the same bits as one that was not.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_TRAINER_H
#define RAVEL_TRAINING_TRAINER_H

#include "ravel/Training/Checkpoint.h"
#include "ravel/Training/ErrorRate.h"
#include "ravel/Training/FunctionCall.h"
#include "ravel/Training/OptimizerCall.h"
#include "ravel/Training/Progress.h"
#include "ravel/Training/Schedule.h"
#include <functional>
#include <optional>
#include <string>

namespace ravel {

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// What is reported of an evaluation; less is better for all.
enum class Metric {
  Loss,       ///< the mean of the examples' losses
  Bits,       ///< a mean of nats per instant, in bits
  Perplexity, ///< the exponential of such a mean
  RMSE,       ///< the root of a mean of squares, in the target's own units
  /// Of generated sequences: edits for each token; the share that is wrong.
  TokenError,
  SequenceError,
  /// Of predictions: the share of classes that are not the likeliest; the root
  /// of the mean squared error by the deviation of what is predicted.
  Error,
  NRMSE,
};

/// "loss", "bits", "perplexity", "rmse", "token-error", "sequence-error",
/// "error", "nrmse"; an error lists them.
llvm::Expected<Metric> parseMetric(llvm::StringRef text);
llvm::StringRef getName(Metric metric);
/// Whether a metric is of generated sequences, not of losses.
bool isErrorRate(Metric metric);
/// Whether a metric is of predictions, not of losses.
bool isOfPredictions(Metric metric);

/// The means of a loss over a dataset.
struct Evaluation {
  double perExample = 0; // each example counts the same
  double perInstant = 0; // each example counts with its length
  int64_t examples = 0;

  /// `scale` is the unit of a normalized target.
  double get(Metric metric, double scale) const;
};

/// Asked between two batches: true stops what is running.
using StopFlag = std::function<bool()>;

/// Evaluates an objective on a dataset, in batches of `batchSize` (or of all
/// streams). Nothing if `stop` said so.
llvm::Expected<std::optional<Evaluation>>
evaluate(const Module &module, llvm::StringRef objective,
         const ParameterStore &parameters, const Dataset &dataset,
         int64_t batchSize, const StopFlag &stop = nullptr);

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// The root of the sum of squares of a whole arena, added up in f64 in an order
/// that depends on its size alone.
double computeGlobalNorm(const Tensor &arena);

/// Scales an arena of norm `norm` down to `limit` if it exceeds that.
void clipToNorm(Tensor &arena, double norm, double limit);

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

struct TrainerOptions {
  std::string objective; // the module has "<objective>_grad"
  std::string optimizer; // and a function of this name
  int64_t epochs = 10;
  int64_t batchSize = 32;
  double learningRate = 1e-3;
  /// See Schedule.h. `cosine` without a total ends with the last epoch.
  std::string schedule = "constant";
  double clip = 0;           // the largest global norm; 0: any
  int64_t patience = 0;      // evaluations without a better one; 0: any
  int64_t evaluateEvery = 0; // steps; 0: every epoch
  int64_t logEvery = 0;      // steps between metrics; 0: every epoch
  Metric metric = Metric::Loss;
  double metricScale = 1;
  /// Generates for the validation data and counts errors; what error rates are
  /// metrics of, and nothing if it was told to stop.
  std::function<llvm::Expected<std::optional<ErrorCounts>>()> countErrors;
  /// A metric of predictions for the validation data, and nothing if it was
  /// told to stop.
  std::function<llvm::Expected<std::optional<double>>()> measurePredictions;
  uint64_t seed = 0;
  std::string folder; // must exist
  bool resume = false;
  /// What must be the same when a run is resumed; complaints name the key.
  llvm::json::Object run;
  StopFlag stop; // asked after every step
};

struct TrainingResult {
  enum Kind { Finished, Stagnated, Interrupted } kind = Finished;
  int64_t step = 0, epoch = 0;
  double lastLoss = 0; // the mean over the last epoch
  std::optional<double> bestMetric;
  int64_t bestStep = 0;
};

class Trainer {
public:
  /// `training` is compiled for training with a gradient and an optimizer;
  /// `inference` has the objective, and may be null if `validation` is. All
  /// references must outlive the trainer.
  Trainer(const Module &training, const Module *inference,
          ParameterStore &parameters, const Dataset &data,
          const Dataset *validation, TrainerOptions options);

  /// Trains to the end, or from where the folder's last checkpoint is. A loss
  /// or gradient that is not finite is an error that names the step; the
  /// checkpoint of before remains.
  /// How far it is goes to `os`, if given, as `display` says.
  llvm::Expected<TrainingResult> run(llvm::raw_ostream *os = nullptr,
                                     ProgressOptions display = {});

  /// The updates of a whole run; an error if the data give no batch.
  llvm::Expected<int64_t> countSteps() const;

private:
  llvm::Error prepare();
  llvm::Error resume();
  llvm::Error takeStep();
  llvm::Expected<bool> evaluateNow();
  llvm::Error save(llvm::StringRef name);
  llvm::Error log(llvm::json::Object values);
  BatchingOptions getBatchingOptions(llvm::StringRef axis) const;

  const Module &training;
  const Module *inference;
  ParameterStore &parameters;
  const Dataset &data;
  const Dataset *validation;
  TrainerOptions options;

  // What `prepare` makes.
  std::optional<FunctionCall> gradient;
  std::optional<Batcher> batcher;
  std::optional<Schedule> schedule;
  std::optional<MetricsWriter> metrics;
  Tensor gradients;
  std::optional<OptimizerCall> optimizer;

  // Where the run is; all of it goes into a checkpoint.
  TrainingState state;
  int64_t stagnant = 0;         // evaluations since the best
  bool evaluationIsDue = false; // an interruption has put it off
  double lossSum = 0;           // since the last line of metrics
  int64_t lossCount = 0;
  double epochLossSum = 0;
  int64_t epochLossCount = 0;
  double lastEpochLoss = 0;

  // What is only shown.
  double lastLoss = 0, lastRate = 0, lastNorm = 0;
  std::optional<double> lastMetric;
  int64_t savedStep = 0;
};

} // namespace ravel

#endif // RAVEL_TRAINING_TRAINER_H
