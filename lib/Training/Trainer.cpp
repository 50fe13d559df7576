//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/Trainer.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

static constexpr std::pair<Metric, StringLiteral> metricNames[] = {
    {Metric::Loss, "loss"},
    {Metric::Bits, "bits"},
    {Metric::Perplexity, "perplexity"},
    {Metric::RMSE, "rmse"},
    {Metric::TokenError, "token-error"},
    {Metric::SequenceError, "sequence-error"},
    {Metric::Error, "error"},
    {Metric::NRMSE, "nrmse"}};

Expected<Metric> parseMetric(StringRef text) {
  for (auto [metric, name] : metricNames)
    if (name == text)
      return metric;
  return makeError("there is no metric '" + text +
                   "'; expected loss, bits, perplexity, rmse, token-error or "
                   "sequence-error");
}

bool isErrorRate(Metric metric) {
  return metric == Metric::TokenError || metric == Metric::SequenceError;
}

bool isOfPredictions(Metric metric) {
  return metric == Metric::Error || metric == Metric::NRMSE;
}

StringRef getName(Metric metric) {
  return find_if(metricNames, [&](auto &item) { return item.first == metric; })
      ->second;
}

double Evaluation::get(Metric metric, double scale) const {
  switch (metric) {
  case Metric::Loss:
    return perExample;
  case Metric::Bits:
    return perInstant / std::log(2.0);
  case Metric::Perplexity:
    return std::exp(perInstant);
  case Metric::RMSE:
  case Metric::TokenError:
  case Metric::SequenceError:
  case Metric::Error:
  case Metric::NRMSE:
    break;
  }
  return std::sqrt(perExample) * scale;
}

/// The losses of a batch, as f64. A loss that all examples share counts for
/// each.
static std::vector<double> getLosses(const TensorRef &loss, int64_t batch) {
  std::vector<double> losses;
  dispatch(loss.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *values = static_cast<const T *>(loss.data);
    for (int64_t i = 0; i < batch; ++i)
      losses.push_back(values[loss.shape.empty() ? 0 : i]);
  });
  return losses;
}

/// Checks that a function's first result is a loss.
static Error checkObjective(const FunctionCall &call) {
  std::vector<const Argument *> results = call.results();
  if (results.empty() || results.front()->layout == RowLayout::Sequence ||
      !isFloat(results.front()->dtype) ||
      countElements(results.front()->shape) != 1)
    return makeError("function '" + call.signature().name +
                     "' is no objective: its first result must be a number");
  return Error::success();
}

Expected<std::optional<Evaluation>>
evaluate(const Module &module, StringRef objective,
         const ParameterStore &parameters, const Dataset &dataset,
         int64_t batchSize, const StopFlag &stop) {
  Expected<FunctionCall> call =
      FunctionCall::create(module, objective, parameters);
  if (!call)
    return call.takeError();
  if (Error error = checkObjective(*call))
    return error;
  Expected<std::string> axis = call->bind(dataset);
  if (!axis)
    return axis.takeError();
  BatchingOptions batching;
  batching.batchSize = dataset.numStreams() ? dataset.numStreams() : batchSize;
  batching.shuffle = false;
  batching.axis = *axis;
  Expected<Batcher> batcher = Batcher::create(dataset, batching);
  if (!batcher)
    return batcher.takeError();

  // Losses are of what a decoder is taught, if there is one.
  std::string instantAxis = *axis;
  for (const Argument *input : call->dataInputs())
    if (input->end)
      instantAxis = dataset.find(input->name)->spec.axis;

  Evaluation result;
  double sum = 0, instantSum = 0, instants = 0;
  for (int64_t i = 0, e = batcher->batchesPerEpoch(); i < e; ++i) {
    if (stop && stop())
      return std::nullopt;
    Batch batch = batcher->next();
    if (Error error = call->run(batch))
      return error;
    for (auto [row, loss] : enumerate(getLosses(call->result(0), batch.size))) {
      double length = instantAxis.empty()
                          ? 1
                          : dataset.length(instantAxis, batch.examples[row]);
      sum += loss;
      instantSum += loss * length;
      instants += length;
    }
    result.examples += batch.size;
  }
  result.perExample = sum / result.examples;
  result.perInstant = instants > 0 ? instantSum / instants : 0;
  return result;
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

double computeGlobalNorm(const Tensor &arena) {
  // One sum for each column of the arena: independent chains of additions.
  constexpr int64_t width = ParameterLayout::rowSize;
  double sums[width] = {};
  dispatch(arena.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *values = static_cast<const T *>(arena.data());
    for (int64_t i = 0, e = arena.numElements(); i < e; i += width)
      for (int64_t j = 0; j < width; ++j)
        sums[j] += double(values[i + j]) * double(values[i + j]);
  });
  double sum = 0;
  for (double part : sums)
    sum += part;
  return std::sqrt(sum);
}

void clipToNorm(Tensor &arena, double norm, double limit) {
  if (!(norm > limit))
    return;
  dispatch(arena.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T factor = T(limit / norm);
    T *values = static_cast<T *>(arena.data());
    for (int64_t i = 0, e = arena.numElements(); i < e; ++i)
      values[i] *= factor;
  });
}

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

static std::string joinPath(StringRef folder, const Twine &name) {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

Trainer::Trainer(const Module &training, const Module *inference,
                 ParameterStore &parameters, const Dataset &data,
                 const Dataset *validation, TrainerOptions options)
    : training(training), inference(inference), parameters(parameters),
      data(data), validation(validation), options(std::move(options)) {}

BatchingOptions Trainer::getBatchingOptions(StringRef axis) const {
  BatchingOptions batching;
  batching.batchSize =
      data.numStreams() ? data.numStreams() : options.batchSize;
  batching.shuffle = data.numStreams() == 0;
  batching.seed = options.seed;
  batching.axis = axis.str();
  return batching;
}

Expected<int64_t> Trainer::countSteps() const {
  Expected<Batcher> batches = Batcher::create(data, getBatchingOptions(""));
  if (!batches)
    return batches.takeError();
  return batches->batchesPerEpoch() * options.epochs;
}

Error Trainer::prepare() {
  if (parameters.layout().arenaSize(ArenaKind::Trainable) == 0)
    return makeError("the model has nothing to train: no trainable parameters");
  gradients = parameters.makeArenaLike(ArenaKind::Trainable);
  Expected<FunctionCall> call = FunctionCall::create(
      training, options.objective + "_grad", parameters, &gradients);
  if (!call)
    return call.takeError();
  gradient.emplace(std::move(*call));
  if (Error error = checkObjective(*gradient))
    return error;
  Expected<std::string> axis = gradient->bind(data);
  if (!axis)
    return axis.takeError();

  Expected<Batcher> batches = Batcher::create(data, getBatchingOptions(*axis));
  if (!batches)
    return batches.takeError();
  batcher.emplace(std::move(*batches));

  std::string text = options.schedule;
  if (StringRef(text).split(':').first.trim() == "cosine" &&
      !StringRef(text).contains("total"))
    text += (StringRef(text).contains(':') ? ",total=" : ":total=") +
            std::to_string(std::max<int64_t>(
                1, options.epochs * batcher->batchesPerEpoch()));
  Expected<Schedule> parsed = Schedule::parse(text, options.learningRate);
  if (!parsed)
    return parsed.takeError();
  schedule = *parsed;
  options.run["schedule"] = text;

  Expected<OptimizerCall> made =
      OptimizerCall::create(training, options.optimizer, parameters, gradients);
  if (!made)
    return made.takeError();
  optimizer.emplace(std::move(*made));
  return Error::success();
}

Error Trainer::resume() {
  std::string path = joinPath(options.folder, "last.safetensors");
  NamedTensors carried;
  Expected<TrainingState> loaded =
      loadCheckpoint(path, parameters, optimizer->state(), carried);
  if (!loaded)
    return loaded.takeError();
  state = std::move(*loaded);
  // How batches were cut comes first: the schedule's length follows from it.
  if (Error error = batcher->restore(state.data))
    return makeFileError(path, llvm::toString(std::move(error)));
  const json::Object *run = state.extra.getObject("run");
  for (const auto &[key, now] : options.run) {
    const json::Value *then = run ? run->get(key) : nullptr;
    if (!then || *then != now)
      return makeFileError(path, "cannot go on: '" + StringRef(key) + "' was " +
                                     (then ? toString(*then) : "not saved") +
                                     ", now it is " + toString(now));
  }
  if (Error error = schedule->restore(state.schedule))
    return makeFileError(path, llvm::toString(std::move(error)));
  gradient->setCarried(std::move(carried));
  stagnant = state.extra.getInteger("stagnant").value_or(0);
  evaluationIsDue = state.extra.getBoolean("evaluation_is_due").value_or(false);
  lossSum = state.extra.getNumber("loss_sum").value_or(0);
  lossCount = state.extra.getInteger("loss_count").value_or(0);
  epochLossSum = state.extra.getNumber("epoch_loss_sum").value_or(0);
  epochLossCount = state.extra.getInteger("epoch_loss_count").value_or(0);
  lastEpochLoss = state.extra.getNumber("last_epoch_loss").value_or(0);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

Error Trainer::save(StringRef name) {
  state.data = batcher->toJSON();
  state.schedule = schedule->toJSON();
  state.extra = json::Object{{"run", json::Object(options.run)},
                             {"stagnant", stagnant},
                             {"evaluation_is_due", evaluationIsDue},
                             {"loss_sum", lossSum},
                             {"loss_count", lossCount},
                             {"epoch_loss_sum", epochLossSum},
                             {"epoch_loss_count", epochLossCount},
                             {"last_epoch_loss", lastEpochLoss}};
  return saveCheckpoint(joinPath(options.folder, name), parameters,
                        optimizer->state(), toRefs(gradient->carried()), state);
}

Error Trainer::log(json::Object values) {
  values["epoch"] = state.epoch;
  return metrics->write(state.step, std::move(values));
}

Error Trainer::takeStep() {
  double rate = schedule->rate(state.step);
  BatchPosition at = batcher->position();
  Batch batch = batcher->next();
  if (Error error = gradient->run(batch, options.seed, at.epoch))
    return error;
  double sum = 0;
  for (double loss : getLosses(gradient->result(0), batch.size))
    sum += loss;
  auto fail = [&](StringRef what, double value) {
    return makeError(formatv("step {0}: the {1} is {2}; {3} has the last "
                             "checkpoint, of step {4}",
                             state.step + 1, what, value, options.folder,
                             savedStep)
                         .str());
  };
  if (!std::isfinite(sum))
    return fail("loss", sum / batch.size);
  double norm = computeGlobalNorm(gradients);
  if (!std::isfinite(norm))
    return fail("norm of the gradient", norm);
  if (options.clip > 0)
    clipToNorm(gradients, norm, options.clip);
  optimizer->update(rate, state.step + 1);

  ++state.step;
  lastLoss = sum / batch.size;
  lastRate = rate;
  lastNorm = norm;
  lossSum += sum;
  lossCount += batch.size;
  epochLossSum += sum;
  epochLossCount += batch.size;
  return Error::success();
}

/// Evaluates and remembers the best. False if that was interrupted.
Expected<bool> Trainer::evaluateNow() {
  Expected<std::optional<Evaluation>> result =
      evaluate(*inference, options.objective, parameters, *validation,
               options.batchSize, options.stop);
  if (!result)
    return result.takeError();
  if (!*result)
    return false;
  double metric = (*result)->get(options.metric, options.metricScale);
  json::Object values{{"validation_loss", (*result)->perExample}};
  if (options.countErrors) {
    Expected<std::optional<ErrorCounts>> errors = options.countErrors();
    if (!errors)
      return errors.takeError();
    if (!*errors)
      return false;
    values["validation_token-error"] = (*errors)->tokenErrorRate();
    values["validation_sequence-error"] = (*errors)->sequenceErrorRate();
    if (options.metric == Metric::TokenError)
      metric = (*errors)->tokenErrorRate();
    if (options.metric == Metric::SequenceError)
      metric = (*errors)->sequenceErrorRate();
  }
  if (options.measurePredictions) {
    Expected<std::optional<double>> measured = options.measurePredictions();
    if (!measured)
      return measured.takeError();
    if (!*measured)
      return false;
    metric = **measured;
  }
  evaluationIsDue = false;
  if (!std::isfinite(metric))
    return makeError(formatv("step {0}: the {1} of the validation data is {2}; "
                             "{3} has the last checkpoint, of step {4}",
                             state.step, getName(options.metric), metric,
                             options.folder, savedStep)
                         .str());
  lastMetric = metric;
  schedule->observe(metric);
  bool isBest = !state.bestMetric || metric < *state.bestMetric;
  stagnant = isBest ? 0 : stagnant + 1;
  if (isBest) {
    state.bestMetric = metric;
    state.bestStep = state.step;
    if (Error error = save("best.safetensors"))
      return error;
  }
  if (options.metric != Metric::Loss)
    values["validation_" + getName(options.metric).str()] = metric;
  if (Error error = log(std::move(values)))
    return error;
  return true;
}

Expected<TrainingResult> Trainer::run(raw_ostream *os,
                                      ProgressOptions display) {
  if (Error error = prepare())
    return error;
  std::string metricsPath = joinPath(options.folder, "metrics.jsonl");
  if (options.resume)
    if (Error error = resume())
      return error;
  Expected<MetricsWriter> writer =
      options.resume ? MetricsWriter::resume(metricsPath, state.step)
                     : MetricsWriter::create(metricsPath);
  if (!writer)
    return writer.takeError();
  metrics.emplace(std::move(*writer));
  std::optional<Progress> progress;
  if (os) {
    display.start = state.step;
    display.total = batcher->batchesPerEpoch() * options.epochs;
    progress.emplace(*os, std::move(display));
  }
  auto saveLast = [&]() -> Error {
    if (Error error = save("last.safetensors"))
      return error;
    savedStep = state.step;
    return Error::success();
  };
  savedStep = state.step;
  if (!options.resume)
    if (Error error = saveLast())
      return error;

  auto finish = [&](TrainingResult::Kind kind) {
    if (progress)
      progress->finish();
    return TrainingResult{kind,          state.step,       state.epoch,
                          lastEpochLoss, state.bestMetric, state.bestStep};
  };
  auto stagnated = [&] {
    return options.patience > 0 && stagnant >= options.patience;
  };
  auto shouldStop = [&] { return options.stop && options.stop(); };

  while (state.epoch < options.epochs || evaluationIsDue) {
    if (!evaluationIsDue) {
      if (stagnated())
        return finish(TrainingResult::Stagnated);
      if (Error error = takeStep())
        return error;
      bool epochEnds = batcher->position().step == 0;
      if (epochEnds) {
        ++state.epoch;
        lastEpochLoss = epochLossSum / epochLossCount;
        epochLossSum = 0;
        epochLossCount = 0;
      }
      if (options.logEvery > 0 ? state.step % options.logEvery == 0
                               : epochEnds) {
        if (Error error = log(json::Object{{"loss", lossSum / lossCount},
                                           {"learning_rate", lastRate},
                                           {"gradient_norm", lastNorm}}))
          return error;
        lossSum = 0;
        lossCount = 0;
      }
      evaluationIsDue =
          validation &&
          (options.evaluateEvery > 0 ? state.step % options.evaluateEvery == 0
                                     : epochEnds);
      if (progress) {
        SmallVector<Progress::Value> values{{"loss", lastLoss},
                                            {"rate", lastRate}};
        if (lastMetric)
          values.push_back({"validation", *lastMetric});
        progress->update(state.step, values);
      }
      if (!evaluationIsDue && epochEnds)
        if (Error error = saveLast())
          return error;
    }
    if (evaluationIsDue && !shouldStop()) {
      Expected<bool> done = evaluateNow();
      if (!done)
        return done.takeError();
      if (*done) {
        if (progress)
          progress->print(
              formatv("epoch {0}, step {1}: validation {2} {3:f4}{4}",
                      state.epoch, state.step, getName(options.metric),
                      *lastMetric, stagnant == 0 ? ", the best" : "")
                  .str());
        if (Error error = saveLast())
          return error;
      }
    }
    if (shouldStop()) {
      if (Error error = saveLast())
        return error;
      return finish(TrainingResult::Interrupted);
    }
  }
  if (Error error = saveLast())
    return error;
  return finish(stagnated() ? TrainingResult::Stagnated
                            : TrainingResult::Finished);
}

} // namespace ravel
