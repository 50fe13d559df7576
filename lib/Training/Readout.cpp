//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/Readout.h"
#include "DenseKernels.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

using namespace llvm;
namespace ravel {

using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;

static Error makeDependentError() {
  return makeError("the readout can't be solved: its features depend on each "
                   "other; give a larger --ridge");
}

static ConstMap viewMatrix(const TensorRef &values) {
  return ConstMap(static_cast<const double *>(values.data), values.shape[0],
                  values.shape[1]);
}

Regression::~Regression() = default;

//===----------------------------------------------------------------------===//
// Normal equations
//===----------------------------------------------------------------------===//

namespace {

class Sums : public Regression {
public:
  Sums(int64_t numFeatures, int64_t numTargets)
      : Regression(numFeatures, numTargets),
        sums(Matrix::Zero(getOrder(), getOrder())) {}

  void add(const TensorRef &values) override { sums += viewMatrix(values); }
  void merge(const Regression &other) override {
    sums += static_cast<const Sums &>(other).sums;
  }
  double count() const override { return sums(numFeatures, numFeatures); }

  Expected<std::vector<double>> solve(double ridge, bool hasBias,
                                      bool *isSingular) const override {
    int64_t size = numFeatures + (hasBias ? 1 : 0);
    constexpr double kLeastCondition = std::numeric_limits<double>::epsilon();
    auto makeLeft = [&] {
      Eigen::MatrixXd left = sums.topLeftCorner(size, size);
      left.diagonal().head(numFeatures).array() += ridge;
      return left;
    };
    Eigen::MatrixXd right = sums.block(0, numFeatures + 1, size, numTargets);
    std::vector<double> weights((numFeatures + 1) * numTargets);
    Eigen::Map<Matrix> result(weights.data(), numFeatures + 1, numTargets);
    if (isSingular)
      *isSingular = false;
    // In blocks, so many times as fast, but not for what is nearly singular.
    Eigen::MatrixXd left = makeLeft();
    if (getDenseKernels().solvePositiveDefinite(left.data(), size, right.data(),
                                                numTargets, kLeastCondition)) {
      result.topRows(size) = right;
      return weights;
    }
    left = makeLeft();
    Eigen::LDLT<Eigen::Ref<Eigen::MatrixXd>> factors(left);
    result.topRows(size) = factors.solve(right);
    if (factors.info() != Eigen::Success || !result.allFinite())
      return makeDependentError();
    if (isSingular)
      *isSingular = !(factors.rcond() > kLeastCondition);
    return weights;
  }

  double computeError(ArrayRef<double> weights) const override {
    ConstMap w(weights.data(), numFeatures + 1, numTargets);
    int64_t size = numFeatures + 1;
    double squares = sums.bottomRightCorner(numTargets, numTargets).trace();
    double mixed =
        (w.transpose() * sums.block(0, size, size, numTargets)).trace();
    double predicted =
        (w.transpose() * (sums.topLeftCorner(size, size) * w)).trace();
    return std::max(squares - 2 * mixed + predicted, 0.0) /
           (count() * static_cast<double>(numTargets));
  }

  double computeVariance() const override {
    double sum = 0;
    for (int64_t target = numFeatures + 1; target < getOrder(); ++target) {
      double mean = sums(numFeatures, target) / count();
      sum += sums(target, target) / count() - mean * mean;
    }
    return sum / static_cast<double>(numTargets);
  }

private:
  Matrix sums;
};

//===----------------------------------------------------------------------===//
// The triangular factor
//===----------------------------------------------------------------------===//

/// R of the rows Z = Q R: all that is asked of Z are norms of Z v, which are
/// those of R v.
class Triangle : public Regression {
public:
  Triangle(int64_t numFeatures, int64_t numTargets)
      : Regression(numFeatures, numTargets),
        factor(Eigen::MatrixXd::Zero(getOrder(), getOrder())) {}

  void add(const TensorRef &values) override {
    rows += static_cast<double>(values.shape[0]);
    append(viewMatrix(values));
  }
  void merge(const Regression &other) override {
    const auto &triangle = static_cast<const Triangle &>(other);
    rows += triangle.rows;
    append(triangle.factor);
  }
  double count() const override { return rows; }

  Expected<std::vector<double>> solve(double ridge, bool hasBias,
                                      bool *isSingular) const override {
    int64_t size = numFeatures + (hasBias ? 1 : 0);
    // Below the factor stand rows that ask for small weights.
    Eigen::MatrixXd left =
        Eigen::MatrixXd::Zero(getOrder() + numFeatures, size);
    left.topRows(getOrder()) = factor.leftCols(size);
    left.bottomRows(numFeatures).diagonal().setConstant(std::sqrt(ridge));
    Eigen::MatrixXd right =
        Eigen::MatrixXd::Zero(getOrder() + numFeatures, numTargets);
    right.topRows(getOrder()) = factor.rightCols(numTargets);
    getDenseKernels().solveLeastSquares(left.data(), left.rows(), size,
                                        right.data(), numTargets);
    std::vector<double> weights((numFeatures + 1) * numTargets);
    Eigen::Map<Matrix> result(weights.data(), numFeatures + 1, numTargets);
    result.topRows(size) = right.topRows(size);
    if (!result.allFinite())
      return makeDependentError();
    return weights;
  }

  double computeError(ArrayRef<double> weights) const override {
    ConstMap w(weights.data(), numFeatures + 1, numTargets);
    double squares =
        (factor.leftCols(numFeatures + 1) * w - factor.rightCols(numTargets))
            .squaredNorm();
    return squares / (rows * static_cast<double>(numTargets));
  }

  double computeVariance() const override {
    double sum = 0;
    for (int64_t target = numFeatures + 1; target < getOrder(); ++target) {
      double mean = factor.col(numFeatures).dot(factor.col(target)) / rows;
      sum += factor.col(target).squaredNorm() / rows - mean * mean;
    }
    return sum / static_cast<double>(numTargets);
  }

private:
  template <typename Rows> void append(const Rows &more) {
    Eigen::MatrixXd stack(getOrder() + more.rows(), getOrder());
    stack.topRows(getOrder()) = factor;
    stack.bottomRows(more.rows()) = more;
    getDenseKernels().triangularize(stack.data(), stack.rows(), getOrder());
    factor = stack.topRows(getOrder());
  }

  Eigen::MatrixXd factor;
  double rows = 0;
};

//===----------------------------------------------------------------------===//
// Recursive least squares
//===----------------------------------------------------------------------===//

class RecursiveLeastSquares : public Regression {
public:
  RecursiveLeastSquares(int64_t numFeatures, int64_t numTargets,
                        const RecursiveOptions &options)
      : Regression(numFeatures, numTargets), options(options),
        size(numFeatures + (options.hasBias ? 1 : 0)),
        weights(Eigen::MatrixXd::Zero(numFeatures + 1, numTargets)),
        inverse(Eigen::MatrixXd::Identity(size, size) / options.ridge),
        sums(Eigen::VectorXd::Zero(numTargets)),
        squares(Eigen::VectorXd::Zero(numTargets)) {}

  void add(const TensorRef &values) override {
    ConstMap more = viewMatrix(values);
    for (int64_t row = 0; row < more.rows(); ++row)
      correct(more.row(row).head(size).transpose(),
              more.row(row).tail(numTargets).transpose());
  }
  void merge(const Regression &) override {
    llvm_unreachable("what was forgotten can't be merged");
  }
  double count() const override { return rows; }
  Expected<std::vector<double>> solve(double, bool,
                                      bool *isSingular) const override {
    if (isSingular)
      *isSingular = false;
    if (!weights.allFinite())
      return makeError("recursive least squares diverged; give a larger "
                       "--ridge, or a --forget nearer to 1");
    std::vector<double> result(weights.size());
    Eigen::Map<Matrix>(result.data(), weights.rows(), weights.cols()) = weights;
    return result;
  }
  double computeError(ArrayRef<double>) const override {
    return errors / (rows * static_cast<double>(numTargets));
  }
  double computeVariance() const override {
    return (squares.array() / rows - (sums.array() / rows).square()).sum() /
           static_cast<double>(numTargets);
  }

private:
  void correct(const Eigen::VectorXd &features, const Eigen::VectorXd &wanted) {
    Eigen::VectorXd error =
        wanted - weights.topRows(size).transpose() * features;
    auto symmetric = inverse.selfadjointView<Eigen::Lower>();
    Eigen::VectorXd gain = symmetric * features;
    double scale = 1 / (options.forgetting + features.dot(gain));
    weights.topRows(size).noalias() += scale * gain * error.transpose();
    symmetric.rankUpdate(gain, -scale);
    if (options.forgetting != 1)
      inverse /= options.forgetting;
    errors += error.squaredNorm();
    sums += wanted;
    squares += wanted.cwiseAbs2();
    rows += 1;
  }

  RecursiveOptions options;
  int64_t size;
  Eigen::MatrixXd weights;
  /// Of the sums of products of features; the lower half.
  Eigen::MatrixXd inverse;
  Eigen::VectorXd sums, squares;
  double errors = 0, rows = 0;
};

} // namespace

std::unique_ptr<Regression>
Regression::create(Kind kind, int64_t numFeatures, int64_t numTargets,
                   const RecursiveOptions &recursive) {
  if (kind == Recursive)
    return std::make_unique<RecursiveLeastSquares>(numFeatures, numTargets,
                                                   recursive);
  if (kind == Triangular)
    return std::make_unique<Triangle>(numFeatures, numTargets);
  return std::make_unique<Sums>(numFeatures, numTargets);
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
        sort(group.examples, [&](int64_t a, int64_t b) {
          int64_t lengthA = data.length(axis, a),
                  lengthB = data.length(axis, b);
          return lengthA != lengthB ? lengthA > lengthB : a < b;
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

/// Where windows of a group begin and end: the washout, if any, and windows of
/// rows enough to be worth a matrix of sums, and to fill all folds that time is
/// cut into.
static std::vector<int64_t> findCuts(const Group &group, int64_t order,
                                     const ReadoutOptions &options) {
  std::vector<int64_t> cuts{0};
  if (options.washout > 0)
    cuts.push_back(options.washout);
  int64_t size = group.examples.size();
  int64_t window = std::max<int64_t>(1024, order) / size + 1;
  int64_t counted = std::max<int64_t>(group.longest - options.washout, 0);
  if (!group.fold)
    window = std::clamp<int64_t>(counted / options.folds, 1, window);
  if (options.onWeights)
    window = 1;
  while (cuts.back() < group.longest)
    cuts.push_back(cuts.back() + window);
  return cuts;
}

namespace {

/// One pass over data.
class Collector {
public:
  Collector(FunctionCall &call, const Dataset &data, StringRef axis,
            const ReadoutOptions &options)
      : call(call), data(data), axis(axis), options(options),
        inParts(!call.carriedInputs().empty()) {}

  /// An error where the function or the data can't give what is asked.
  Error check() const;
  /// An empty regression for each fold; an error where the function gives none.
  Error createFolds();
  Error run(std::optional<Progress> &progress);
  /// How many instants, or examples that are no sequences, there are.
  int64_t count() const;

  std::vector<std::unique_ptr<Regression>> folds;

private:
  Error runGroup(const Group &group, std::optional<Progress> &progress);
  int64_t getLength(const Dataset &dataset, int64_t example) const {
    return axis.empty() ? 1 : dataset.length(axis, example);
  }

  FunctionCall &call;
  const Dataset &data;
  StringRef axis;
  const ReadoutOptions &options;
  bool inParts;
  int64_t order = 0, done = 0;
};

} // namespace

Error Collector::check() const {
  if (options.washout > 0 && !inParts)
    return makeError("--washout needs a readout of sequences that can be given "
                     "in parts: nothing may go backwards in time, and no loop "
                     "begin with what another one ends with");
  if (options.onWeights && !inParts)
    return makeError("a readout that is fed back is learned from instant to "
                     "instant: nothing may go backwards in time, and loops "
                     "begin from zero");
  if (options.folds > 1 && data.size() < options.folds && !inParts)
    return makeError("--folds " + Twine(options.folds) +
                     " needs as many examples, but there are " +
                     Twine(data.size()));
  return Error::success();
}

Error Collector::createFolds() {
  std::vector<const Argument *> results = call.results();
  if (results.size() != 1 || results.front()->shape.empty())
    return makeError("'" + call.signature().name +
                     "' does not give a regression");
  order = results.front()->shape.back();
  for (int64_t fold = 0; fold < options.folds; ++fold)
    folds.push_back(Regression::create(options.kind,
                                       order - 1 - options.numTargets,
                                       options.numTargets, options.recursive));
  return Error::success();
}

int64_t Collector::count() const {
  int64_t total = 0;
  for (int64_t example = 0; example < data.size(); ++example)
    total += getLength(data, example);
  return total;
}

Error Collector::runGroup(const Group &group,
                          std::optional<Progress> &progress) {
  Expected<Dataset> windows =
      inParts ? cutWindows(data, axis, group, findCuts(group, order, options))
              : Expected<Dataset>(data.select(group.examples));
  if (!windows)
    return windows.takeError();
  BatchingOptions batching;
  batching.batchSize = group.examples.size();
  batching.shuffle = false;
  batching.axis = axis.str();
  Expected<Batcher> batcher = Batcher::create(*windows, batching);
  if (!batcher)
    return batcher.takeError();
  int64_t skipped = inParts && options.washout > 0 ? 1 : 0;
  int64_t count = batcher->batchesPerEpoch();
  for (int64_t window = 0; window < count; ++window) {
    Batch batch = batcher->next();
    if (Error error = call.run(batch))
      return error;
    if (window >= skipped) {
      int64_t fold = group.fold.value_or(
          std::min((window - skipped) * options.folds / (count - skipped),
                   options.folds - 1));
      folds[fold]->add(call.result(0));
      if (options.onWeights) {
        Expected<std::vector<double>> weights = folds[fold]->solve(0, true);
        if (!weights)
          return weights.takeError();
        options.onWeights(*weights);
        call.parametersChanged();
      }
    }
    for (int64_t example : batch.examples)
      done += getLength(*windows, example);
    if (progress)
      progress->update(done, {});
  }
  return Error::success();
}

Error Collector::run(std::optional<Progress> &progress) {
  for (const Group &group :
       makeGroups(data, axis, options.batchSize, options.folds))
    if (Error error = runGroup(group, progress))
      return error;
  for (const std::unique_ptr<Regression> &fold : folds)
    if (fold->count() == 0)
      return makeError(options.washout > 0 ? "--washout leaves nothing to fit"
                                           : "there are no instants to fit");
  return Error::success();
}

Expected<std::vector<std::unique_ptr<Regression>>>
collectRegression(const Module &module, const ParameterStore &parameters,
                  const Dataset &data, const ReadoutOptions &options,
                  raw_ostream *os, ProgressOptions display) {
  Expected<FunctionCall> call =
      FunctionCall::create(module, options.function, parameters);
  if (!call)
    return call.takeError();
  Expected<std::string> axis = call->bind(data);
  if (!axis)
    return axis.takeError();
  Collector collector(*call, data, *axis, options);
  if (Error error = collector.check())
    return error;
  if (Error error = collector.createFolds())
    return error;
  std::optional<Progress> progress;
  if (os) {
    display.unit = axis->empty() ? "example" : "instant";
    display.total = collector.count();
    progress.emplace(*os, display);
  }
  if (Error error = collector.run(progress))
    return error;
  if (progress)
    progress->finish();
  return std::move(collector.folds);
}

} // namespace ravel
