//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Predictions.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace llvm;
namespace ravel::driver {

//===----------------------------------------------------------------------===//
// Metrics
//===----------------------------------------------------------------------===//

Metric PredictionErrors::getNaturalMetric() const {
  return classes > 0 ? Metric::Error : Metric::NRMSE;
}

Expected<double> PredictionErrors::get(Metric metric, double scale) const {
  if (metric == Metric::Error) {
    if (classes == 0)
      return makeError("--metric error is of classes, and the objective "
                       "predicts none");
    return double(wrongClasses) / double(classes);
  }
  if (metric != Metric::RMSE && metric != Metric::NRMSE)
    return makeError("--metric " + getName(metric) +
                     " is not one of predictions; those are error, rmse and "
                     "nrmse");
  if (rows == 0)
    return makeError("--metric " + getName(metric) +
                     " is of numbers, and the objective predicts none");
  double count = double(rows);
  double mean = squaredErrors / (count * double(sums.size()));
  if (metric == Metric::RMSE)
    return std::sqrt(mean) * scale;
  double variance = 0;
  for (auto [sum, square] : zip(sums, squares))
    variance += square / count - (sum / count) * (sum / count);
  variance /= double(sums.size());
  if (!(variance > 0))
    return makeError("--metric nrmse: what is predicted does not vary");
  return std::sqrt(mean / variance);
}

//===----------------------------------------------------------------------===//
// Predicting
//===----------------------------------------------------------------------===//

Expected<Module> compilePredictions(const Compiler &compiler,
                                    const ModelSource &source,
                                    StringRef objective, DType precision) {
  CompileOptions options;
  options.precision = precision;
  options.functions = {objective.str()};
  options.predictions = objective.str();
  options.cpu = cpu;
  return compiler.compile(source, options);
}

static double readNumber(const TensorRef &tensor, int64_t at) {
  double value = 0;
  dispatch(tensor.dtype, [&](auto zero) {
    value = double(static_cast<const decltype(zero) *>(tensor.data)[at]);
  });
  return value;
}

/// Compares the predictions [rows, width] with an example's targets, from the
/// row `begin` on.
static void compare(ArrayRef<double> predictions, int64_t width,
                    const TensorRef &target, int64_t begin,
                    PredictionErrors &errors) {
  int64_t rows = predictions.size() / width;
  if (!isFloat(target.dtype)) {
    for (int64_t row = begin; row < rows; ++row) {
      ArrayRef<double> scores = predictions.slice(row * width, width);
      ++errors.classes;
      errors.wrongClasses +=
          max_element(scores) - scores.begin() != readNumber(target, row);
    }
    return;
  }
  errors.sums.resize(width);
  errors.squares.resize(width);
  for (int64_t row = begin; row < rows; ++row) {
    ++errors.rows;
    for (int64_t i = 0; i < width; ++i) {
      double wanted = readNumber(target, row * width + i);
      double error = predictions[row * width + i] - wanted;
      errors.squaredErrors += error * error;
      errors.sums[i] += wanted;
      errors.squares[i] += wanted * wanted;
    }
  }
}

namespace {

/// The predictions of one function, by each of several sets of parameters.
class Predictor {
public:
  static Expected<Predictor> create(const Module &module, StringRef function,
                                    ArrayRef<const ParameterStore *> members,
                                    const Dataset &data);
  const std::string &getAxis() const { return axis; }
  Error run(const Batch &batch, const Dataset &data, int64_t washout,
            PredictionErrors &errors);

private:
  std::vector<FunctionCall> calls;
  const Argument *result = nullptr;
  const Field *target = nullptr;
  std::string axis;
};

} // namespace

Expected<Predictor> Predictor::create(const Module &module, StringRef function,
                                      ArrayRef<const ParameterStore *> members,
                                      const Dataset &data) {
  Predictor predictor;
  for (const ParameterStore *member : members) {
    Expected<FunctionCall> call =
        FunctionCall::create(module, function, *member);
    if (!call)
      return call.takeError();
    Expected<std::string> found = call->bind(data);
    if (!found)
      return found.takeError();
    predictor.axis = *found;
    predictor.calls.push_back(std::move(*call));
  }
  predictor.result = predictor.calls.front().results().front();
  // `bind` has found all inputs, and the target is one of them.
  predictor.target = data.find(predictor.result->name);
  return predictor;
}

Error Predictor::run(const Batch &batch, const Dataset &data, int64_t washout,
                     PredictionErrors &errors) {
  int64_t width = std::max<int64_t>(*countElements(result->shape), 1);
  bool isSequence = result->layout == RowLayout::Sequence;
  // By example.
  std::vector<std::vector<double>> means(batch.examples.size());
  for (FunctionCall &call : calls) {
    if (Error error = call.run(batch, seed))
      return error;
    TensorRef value = call.result(0);
    std::vector<Tensor> parts;
    if (isSequence)
      parts = unpack(batch.findAxis(target->spec.axis)->layout, value);
    for (auto [row, mean] : enumerate(means)) {
      int64_t count = isSequence ? parts[row].numElements() : width;
      mean.resize(count);
      for (int64_t i = 0; i < count; ++i)
        mean[i] += (isSequence ? readNumber(parts[row], i)
                               : readNumber(value, row * width + i)) /
                   double(calls.size());
    }
  }
  for (auto [example, mean] : zip(batch.examples, means)) {
    compare(mean, width, data.value(*target, example), isSequence ? washout : 0,
            errors);
    ++errors.examples;
  }
  return Error::success();
}

Expected<std::optional<PredictionErrors>>
measurePredictions(const Module &module, StringRef objective,
                   ArrayRef<const ParameterStore *> members,
                   const Dataset &data, int64_t batchSize, int64_t washout,
                   const StopFlag &stop) {
  Expected<Predictor> predictor = Predictor::create(
      module, (objective + ".predictions").str(), members, data);
  if (!predictor)
    return predictor.takeError();
  BatchingOptions options;
  options.batchSize = data.numStreams() ? data.numStreams() : batchSize;
  options.shuffle = false;
  options.axis = predictor->getAxis();
  Expected<Batcher> batcher = Batcher::create(data, options);
  if (!batcher)
    return batcher.takeError();
  PredictionErrors errors;
  for (int64_t i = 0, e = batcher->batchesPerEpoch(); i < e; ++i) {
    if (stop && stop())
      return std::nullopt;
    if (Error error = predictor->run(batcher->next(), data, washout, errors))
      return std::move(error);
  }
  return errors;
}

} // namespace ravel::driver
