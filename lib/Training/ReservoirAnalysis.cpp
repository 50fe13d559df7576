//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/ReservoirAnalysis.h"
#include "DenseKernels.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Random.h"
#include "llvm/ADT/STLExtras.h"
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

using namespace llvm;
namespace ravel {

using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Drive makeUniformDrive(double scale, uint64_t seed) {
  return [=](int64_t row, int64_t instant, int64_t) {
    // Of any instant, without those before it.
    uint64_t stream = static_cast<uint64_t>(row) << 40 | instant;
    return scale * (2 * Random(seed, stream).uniform() - 1);
  };
}

//===----------------------------------------------------------------------===//
// Probe
//===----------------------------------------------------------------------===//

Expected<ReservoirProbe>
ReservoirProbe::create(const Module &module, StringRef function,
                       const ParameterStore &parameters,
                       ArrayRef<std::string> names) {
  Expected<FunctionCall> call =
      FunctionCall::create(module, function, parameters);
  if (!call)
    return call.takeError();
  ReservoirProbe probe(std::move(*call));
  std::string known;
  for (auto [place, result] : enumerate(probe.call.results())) {
    known += (known.empty() ? "" : ", ") + result->name;
    if (!names.empty() && !is_contained(names, result->name))
      continue;
    probe.loops.push_back(place);
    probe.units += std::max<int64_t>(*countElements(result->shape), 1);
  }
  for (const std::string &name : names)
    if (none_of(probe.call.results(),
                [&](const Argument *result) { return result->name == name; }))
      return makeError("there is no loop '" + name + "'; there are " + known);
  for (const Argument *input : probe.call.dataInputs())
    if (input->layout != RowLayout::Sequence &&
        input->layout != RowLayout::Example)
      return makeError("the input '" + input->name +
                       "' is neither a sequence nor of one element");
  return probe;
}

std::vector<std::string> ReservoirProbe::getLoops() const {
  std::vector<std::string> names;
  for (unsigned place : loops)
    names.push_back(call.results()[place]->name);
  return names;
}

/// Calls `visit` with the elements of each state: [rows, size].
static void forEachState(NamedTensors &states, int64_t rows,
                         function_ref<void(double *, int64_t)> visit) {
  for (auto &[name, state] : states)
    if (state.dtype() == DType::F64)
      visit(static_cast<double *>(state.data()), state.numElements() / rows);
}

void ReservoirProbe::reset(int64_t count) {
  rows = count;
  NamedTensors states;
  for (const Argument *input : call.carriedInputs()) {
    Shape shape = input->shape;
    shape.insert(shape.begin(), rows);
    Tensor state(input->dtype, shape);
    std::fill_n(static_cast<char *>(state.data()), state.sizeInBytes(), 0);
    states.emplace(input->carry, std::move(state));
  }
  call.setCarried(std::move(states));
}

void ReservoirProbe::resetAtRandom(int64_t count, uint64_t seed) {
  reset(count);
  NamedTensors states = call.takeCarried();
  Random random(seed);
  forEachState(states, rows, [&](double *values, int64_t size) {
    for (int64_t i = size; i < rows * size; ++i)
      values[i] = 2 * random.uniform() - 1;
  });
  call.setCarried(std::move(states));
}

/// The rows of an input's field: [rows * length, shape...].
static Tensor makeInput(const Argument &input, const Drive &drive,
                        int64_t instant, int64_t rows, int64_t length) {
  Shape shape = input.shape;
  shape.insert(shape.begin(), rows * length);
  Tensor values(input.dtype, shape);
  int64_t width = std::max<int64_t>(*countElements(input.shape), 1);
  dispatch(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    T *out = static_cast<T *>(values.data());
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t t = 0; t < length; ++t)
        for (int64_t i = 0; i < width; ++i) {
          double value = drive(row, instant + t, i);
          if constexpr (std::is_floating_point_v<T>) {
            *out++ = T(value);
          } else {
            // All classes, where the drive goes from -1 to 1.
            double classes = double(input.numClasses.value_or(2));
            *out++ = T(std::clamp(std::floor((value + 1) / 2 * classes), 0.0,
                                  classes - 1));
          }
        }
  });
  return values;
}

Expected<Tensor> ReservoirProbe::run(const Drive &drive, int64_t instant,
                                     int64_t length) {
  std::vector<Field> fields;
  for (const Argument *input : call.dataInputs()) {
    bool isSequence = input->layout == RowLayout::Sequence;
    int64_t count = isSequence ? length : 1;
    Field field;
    field.spec = {input->name, input->dtype, input->shape,
                  isSequence ? "time" + std::to_string(input->lengthClass)
                             : ""};
    field.rows = std::make_shared<Tensor>(
        makeInput(*input, drive, instant, rows, count));
    for (int64_t row = 0; row < rows; ++row) {
      field.begin.push_back(row * count);
      field.length.push_back(count);
    }
    fields.push_back(std::move(field));
  }
  Expected<Dataset> data = Dataset::create(std::move(fields));
  if (!data)
    return data.takeError();
  Expected<std::string> axis = call.bind(*data);
  if (!axis)
    return axis.takeError();
  std::vector<int64_t> examples(rows);
  for (int64_t row = 0; row < rows; ++row)
    examples[row] = row;
  Batch batch = makeBatch(*data, examples, *axis);
  batch.continues = true;
  if (Error error = call.run(batch))
    return std::move(error);

  // All sequences are of one length: instant after instant, all rows.
  Tensor outputs(DType::F64, {rows, length, units});
  double *out = static_cast<double *>(outputs.data());
  int64_t column = 0;
  for (unsigned place : loops) {
    TensorRef value = call.result(place);
    const double *in = static_cast<const double *>(value.data);
    int64_t size =
        std::max<int64_t>(*countElements(call.results()[place]->shape), 1);
    for (int64_t t = 0; t < length; ++t)
      for (int64_t row = 0; row < rows; ++row, in += size)
        std::copy_n(in, size, out + (row * length + t) * units + column);
    column += size;
  }
  ArrayRef<double> all(static_cast<const double *>(outputs.data()),
                       outputs.numElements());
  if (any_of(all, [](double value) { return !std::isfinite(value); }))
    return makeError("the states grow beyond all numbers: take a smaller "
                     "spectral radius, or look at fewer instants");
  return outputs;
}

double ReservoirProbe::renormalize(double distance, uint64_t seed) {
  NamedTensors states = call.takeCarried();
  double squares = 0;
  forEachState(states, rows, [&](double *values, int64_t size) {
    for (int64_t i = 0; i < size; ++i) {
      double difference = values[size + i] - values[i];
      squares += difference * difference;
    }
  });
  double before = std::sqrt(squares);
  if (before > 0) {
    forEachState(states, rows, [&](double *values, int64_t size) {
      for (int64_t i = 0; i < size; ++i)
        values[size + i] =
            values[i] + (values[size + i] - values[i]) * (distance / before);
    });
  } else {
    Random random(seed);
    double norm = 0;
    std::vector<double> direction;
    forEachState(states, rows, [&](double *, int64_t size) {
      for (int64_t i = 0; i < size; ++i) {
        direction.push_back(random.normal());
        norm += direction.back() * direction.back();
      }
    });
    const double *next = direction.data();
    forEachState(states, rows, [&](double *values, int64_t size) {
      for (int64_t i = 0; i < size; ++i)
        values[size + i] = values[i] + *next++ * distance / std::sqrt(norm);
    });
  }
  call.setCarried(std::move(states));
  return before;
}

//===----------------------------------------------------------------------===//
// Measures
//===----------------------------------------------------------------------===//

/// The outputs of one reservoir, and a 1, at each instant.
static Expected<Eigen::MatrixXd> collectFeatures(ReservoirProbe &probe,
                                                 const Drive &drive,
                                                 int64_t length,
                                                 int64_t washout) {
  probe.reset(1);
  if (washout > 0)
    if (Expected<Tensor> ignored = probe.run(drive, 0, washout); !ignored)
      return ignored.takeError();
  Expected<Tensor> outputs = probe.run(drive, washout, length);
  if (!outputs)
    return outputs.takeError();
  Eigen::MatrixXd features(length, probe.numUnits() + 1);
  features.leftCols(probe.numUnits()) = Eigen::Map<const Matrix>(
      static_cast<const double *>(outputs->data()), length, probe.numUnits());
  features.rightCols(1).setOnes();
  return features;
}

/// The input of each instant, delayed by 1, 2, ... instants.
static Eigen::MatrixXd makeDelayed(const Drive &drive, int64_t delays,
                                   int64_t length, int64_t washout) {
  Eigen::MatrixXd delayed(length, delays);
  for (int64_t k = 1; k <= delays; ++k)
    for (int64_t t = 0; t < length; ++t)
      delayed(t, k - 1) = drive(0, washout + t - k, 0);
  return delayed;
}

/// The weights of a readout of `features`, with a ridge of what rounding makes
/// of them: units that depend on each other don't matter.
static Eigen::MatrixXd fitReadout(const Eigen::MatrixXd &features,
                                  const Eigen::MatrixXd &targets) {
  int64_t rows = features.rows(), columns = features.cols();
  double size = features.norm() / std::sqrt(double(columns));
  Eigen::MatrixXd left = Eigen::MatrixXd::Zero(rows + columns, columns);
  left.topRows(rows) = features;
  left.bottomRows(columns).diagonal().setConstant(1e-12 * size);
  Eigen::MatrixXd right = Eigen::MatrixXd::Zero(rows + columns, targets.cols());
  right.topRows(rows) = targets;
  getDenseKernels().solveLeastSquares(left.data(), left.rows(), columns,
                                      right.data(), right.cols());
  return right.topRows(columns);
}

Expected<std::vector<double>> measureMemory(ReservoirProbe &probe, double scale,
                                            int64_t delays, int64_t length,
                                            int64_t washout, uint64_t seed) {
  washout = std::max(washout, delays);
  Drive taught = makeUniformDrive(scale, seed);
  Expected<Eigen::MatrixXd> features =
      collectFeatures(probe, taught, length, washout);
  if (!features)
    return features.takeError();
  Eigen::MatrixXd weights =
      fitReadout(*features, makeDelayed(taught, delays, length, washout));
  Drive other = makeUniformDrive(scale, seed + 1);
  features = collectFeatures(probe, other, length, washout);
  if (!features)
    return features.takeError();
  Eigen::MatrixXd found = *features * weights;
  Eigen::MatrixXd wanted = makeDelayed(other, delays, length, washout);
  std::vector<double> correlations;
  for (int64_t k = 0; k < delays; ++k) {
    Eigen::VectorXd a = found.col(k).array() - found.col(k).mean();
    Eigen::VectorXd b = wanted.col(k).array() - wanted.col(k).mean();
    double product = a.dot(b), variances = a.squaredNorm() * b.squaredNorm();
    correlations.push_back(variances > 0 ? product * product / variances : 0);
  }
  return correlations;
}

Expected<double> estimateLyapunovExponent(ReservoirProbe &probe,
                                          const Drive &drive, int64_t length,
                                          int64_t washout, uint64_t seed) {
  // Between the rounding of states and the size of the attractor.
  constexpr double kDistance = 1e-8;
  constexpr int64_t kWindow = 10;
  auto same = [&](int64_t, int64_t instant, int64_t component) {
    return drive(0, instant, component);
  };
  probe.reset(2);
  if (washout > 0)
    if (Expected<Tensor> ignored = probe.run(same, 0, washout); !ignored)
      return ignored.takeError();
  probe.renormalize(kDistance, seed);
  double sum = 0;
  int64_t counted = 0;
  int64_t windows = std::max<int64_t>(length / kWindow, 2);
  for (int64_t window = 0; window < windows; ++window) {
    if (Expected<Tensor> ignored =
            probe.run(same, washout + window * kWindow, kWindow);
        !ignored)
      return ignored.takeError();
    double distance = probe.renormalize(kDistance, seed + window);
    // The first tenth turns the difference into the fastest direction.
    if (window < windows / 10)
      continue;
    sum += std::log(std::max(distance, 1e-300) / kDistance);
    counted += kWindow;
  }
  return sum / double(counted);
}

Expected<std::vector<double>> measureConvergence(ReservoirProbe &probe,
                                                 const Drive &drive,
                                                 int64_t length,
                                                 uint64_t seed) {
  probe.resetAtRandom(2, seed);
  Expected<Tensor> outputs =
      probe.run([&](int64_t, int64_t instant,
                    int64_t component) { return drive(0, instant, component); },
                0, length);
  if (!outputs)
    return outputs.takeError();
  Eigen::Map<const Matrix> both(static_cast<const double *>(outputs->data()),
                                2 * length, probe.numUnits());
  std::vector<double> distances;
  for (int64_t t = 0; t < length; ++t)
    distances.push_back((both.row(t) - both.row(length + t)).norm());
  return distances;
}

Expected<std::vector<double>> measureSeparation(ReservoirProbe &probe,
                                                const Drive &drive,
                                                int64_t inputs,
                                                int64_t length) {
  probe.reset(inputs);
  Expected<Tensor> outputs = probe.run(drive, 0, length);
  if (!outputs)
    return outputs.takeError();
  Eigen::Map<const Matrix> all(static_cast<const double *>(outputs->data()),
                               inputs * length, probe.numUnits());
  Eigen::MatrixXd last(inputs, probe.numUnits());
  for (int64_t input = 0; input < inputs; ++input)
    last.row(input) = all.row(input * length + length - 1);
  last.rowwise() -= last.colwise().mean().eval();
  Eigen::BDCSVD<Eigen::MatrixXd> solver(last);
  Eigen::VectorXd values = solver.singularValues();
  return std::vector<double>(values.begin(), values.end());
}

} // namespace ravel
