//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/Readout.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// Normal equations
//===----------------------------------------------------------------------===//

using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;

void NormalEquations::add(ArrayRef<double> matrix) {
  for (auto [sum, value] : zip_equal(sums, matrix))
    sum += value;
}

void NormalEquations::subtract(const NormalEquations &other) {
  for (auto [sum, value] : zip_equal(sums, other.sums))
    sum -= value;
}

Expected<std::vector<double>> NormalEquations::solve(double ridge,
                                                     bool hasBias) const {
  ConstMap all(sums.data(), order(), order());
  int64_t size = numFeatures + (hasBias ? 1 : 0);
  Eigen::MatrixXd left = all.topLeftCorner(size, size);
  left.diagonal().head(numFeatures).array() += ridge;
  Eigen::LDLT<Eigen::MatrixXd> factors(left);
  std::vector<double> weights((numFeatures + 1) * numTargets);
  Eigen::Map<Matrix> result(weights.data(), numFeatures + 1, numTargets);
  result.topRows(size) =
      factors.solve(all.block(0, numFeatures + 1, size, numTargets));
  if (factors.info() != Eigen::Success || !result.allFinite())
    return makeError("the readout can't be solved: its features depend on each "
                     "other; give a larger --ridge");
  return weights;
}

double NormalEquations::computeError(ArrayRef<double> weights) const {
  ConstMap all(sums.data(), order(), order());
  ConstMap w(weights.data(), numFeatures + 1, numTargets);
  int64_t size = numFeatures + 1;
  double squares = all.bottomRightCorner(numTargets, numTargets).trace();
  double mixed = (w.transpose() * all.block(0, size, size, numTargets)).trace();
  double predicted =
      (w.transpose() * (all.topLeftCorner(size, size) * w)).trace();
  return std::max(squares - 2 * mixed + predicted, 0.0) /
         (count() * static_cast<double>(numTargets));
}

double NormalEquations::computeVariance() const {
  ConstMap all(sums.data(), order(), order());
  double sum = 0;
  for (int64_t target = numFeatures + 1; target < order(); ++target) {
    double mean = all(numFeatures, target) / count();
    sum += all(target, target) / count() - mean * mean;
  }
  return sum / static_cast<double>(numTargets);
}

//===----------------------------------------------------------------------===//
// One pass over data
//===----------------------------------------------------------------------===//

namespace {

/// Examples that go through the function side by side, in windows of time.
struct Group {
  /// The longest first, so that each keeps its row when others have ended.
  std::vector<int64_t> examples;
  int64_t longest = 0;
  /// Where they belong to one fold.
  std::optional<int64_t> fold;
};

} // namespace

/// Groups of up to `size` examples, each of one fold where there are enough
/// examples to hold some out.
static std::vector<Group> makeGroups(const Dataset &data, StringRef axis,
                                     int64_t size, int64_t folds) {
  std::vector<Group> groups;
  int64_t total = data.size();
  int64_t parts = total >= folds ? folds : 1;
  for (int64_t part = 0; part < parts; ++part) {
    int64_t end = total * (part + 1) / parts;
    for (int64_t i = total * part / parts; i < end; i += size) {
      Group group;
      for (int64_t k = i; k < std::min(end, i + size); ++k)
        group.examples.push_back(k);
      if (!axis.empty()) {
        stable_sort(group.examples, [&](int64_t a, int64_t b) {
          return data.length(axis, a) > data.length(axis, b);
        });
        group.longest = data.length(axis, group.examples.front());
      }
      if (parts == folds)
        group.fold = part;
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

/// The examples of `group`, cut before each of the instants `cuts`: window
/// after window, as a dataset of streams.
static Expected<Dataset> cutWindows(const Dataset &data, StringRef axis,
                                    const Group &group,
                                    ArrayRef<int64_t> cuts) {
  std::vector<Field> fields;
  for (const Field &field : data.fields()) {
    Field cut{field.spec, field.rows, {}, {}};
    for (size_t window = 0; window + 1 < cuts.size(); ++window)
      for (int64_t example : group.examples) {
        int64_t length = field.length[example];
        int64_t begin = 0, end = length;
        if (field.spec.axis == axis) {
          begin = std::min(cuts[window], length);
          end = std::min(cuts[window + 1], length);
        }
        cut.begin.push_back(field.begin[example] + begin);
        cut.length.push_back(end - begin);
      }
    fields.push_back(std::move(cut));
  }
  Expected<Dataset> windows = Dataset::create(std::move(fields));
  if (windows)
    windows->setNumStreams(group.examples.size());
  return windows;
}

/// The size of the matrix that NAME.normal gives, and the result's place.
static Expected<int64_t> getOrder(const FunctionCall &call) {
  std::vector<const Argument *> results = call.results();
  if (results.size() != 1 || results.front()->shape.size() != 2)
    return makeError("'" + call.signature().name +
                     "' does not give normal equations");
  return results.front()->shape.front();
}

Expected<std::vector<NormalEquations>>
collectNormalEquations(const Module &module, const ParameterStore &parameters,
                       const Dataset &data, const ReadoutOptions &options,
                       raw_ostream *os, ProgressOptions display) {
  Expected<FunctionCall> call =
      FunctionCall::create(module, options.function, parameters);
  if (!call)
    return call.takeError();
  Expected<std::string> axis = call->bind(data);
  if (!axis)
    return axis.takeError();
  Expected<int64_t> order = getOrder(*call);
  if (!order)
    return order.takeError();
  std::vector<NormalEquations> folds(
      options.folds,
      NormalEquations(*order - 1 - options.numTargets, options.numTargets));
  bool inParts = !call->carriedInputs().empty();
  if (options.washout > 0 && !inParts)
    return makeError("--washout needs a readout of sequences that can be given "
                     "in parts: no loop over time may go backwards or begin "
                     "with what another one ends with");
  if (options.folds > 1 && data.size() < options.folds && !inParts)
    return makeError("there are fewer examples than --folds");

  std::vector<Group> groups =
      makeGroups(data, *axis, options.batchSize, options.folds);
  int64_t total = 0, done = 0;
  for (const Group &group : groups)
    for (int64_t example : group.examples)
      total += axis->empty() ? 1 : data.length(*axis, example);
  std::optional<Progress> progress;
  if (os) {
    display.unit = axis->empty() ? "example" : "instant";
    display.total = total;
    progress.emplace(*os, display);
  }
  for (const Group &group : groups) {
    int64_t size = group.examples.size();
    std::vector<int64_t> cuts{0};
    if (inParts) {
      // Rows enough to be worth a matrix of sums.
      int64_t window = std::max<int64_t>(1024, 2 * *order) / size + 1;
      int64_t counted = std::max<int64_t>(group.longest - options.washout, 0);
      if (!group.fold)
        window =
            std::max<int64_t>(std::min(window, counted / options.folds), 1);
      if (options.washout > 0)
        cuts.push_back(options.washout);
      while (cuts.back() < group.longest)
        cuts.push_back(cuts.back() + window);
    }
    Expected<Dataset> windows =
        inParts ? cutWindows(data, *axis, group, cuts)
                : Expected<Dataset>(data.select(group.examples));
    if (!windows)
      return windows.takeError();
    BatchingOptions batching;
    batching.batchSize = size;
    batching.shuffle = false;
    batching.axis = *axis;
    Expected<Batcher> batcher = Batcher::create(*windows, batching);
    if (!batcher)
      return batcher.takeError();
    int64_t skipped = inParts && options.washout > 0 ? 1 : 0;
    int64_t count = batcher->batchesPerEpoch();
    for (int64_t window = 0; window < count; ++window) {
      Batch batch = batcher->next();
      if (Error error = call->run(batch))
        return error;
      if (window >= skipped) {
        int64_t fold = group.fold.value_or(
            std::min((window - skipped) * options.folds / (count - skipped),
                     options.folds - 1));
        TensorRef sums = call->result(0);
        folds[fold].add(
            ArrayRef(static_cast<const double *>(sums.data), *order * *order));
      }
      if (axis->empty())
        done += batch.size;
      else
        for (int64_t row = 0; row < batch.size; ++row)
          done += windows->length(*axis, batch.examples[row]);
      if (progress)
        progress->update(done, {});
    }
  }
  if (progress)
    progress->finish();
  for (const NormalEquations &fold : folds)
    if (fold.count() == 0)
      return makeError(options.washout > 0
                           ? "--washout leaves nothing to fit"
                           : "there are no instants to fit");
  return folds;
}

} // namespace ravel
