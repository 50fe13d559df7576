//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/Reservoir.h"
#include "Generator.h"
#include <Eigen/Eigenvalues>
#include <Eigen/SparseCore>
#include <Spectra/GenEigsSolver.h>
#include <Spectra/MatOp/SparseGenMatProd.h>
#include <algorithm>
#include <numeric>

using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Spectral radius
//===----------------------------------------------------------------------===//

/// Where each unit reads one input, the eigenvalues that aren't 0 are roots of
/// the products of weights along cycles.
static double computeRadiusOfCycles(const SparseMatrix &matrix) {
  enum : char { New, OnPath, Done };
  std::vector<char> marks(matrix.numUnits, New);
  double radius = 0;
  for (int64_t start = 0; start < matrix.numUnits; ++start) {
    int64_t unit = start;
    while (marks[unit] == New) {
      marks[unit] = OnPath;
      unit = matrix.indices[unit];
    }
    if (marks[unit] == OnPath) {
      // In logarithms: long products leave the range of numbers.
      double sum = 0;
      int64_t length = 0, member = unit;
      do {
        sum += std::log(std::abs(matrix.values[member]));
        ++length;
        member = matrix.indices[member];
      } while (member != unit);
      radius = std::max(radius, std::exp(sum / static_cast<double>(length)));
    }
    for (unit = start; marks[unit] == OnPath; unit = matrix.indices[unit])
      marks[unit] = Done;
  }
  return radius;
}

llvm::Expected<double>
ravel::rnn::computeSpectralRadius(const SparseMatrix &matrix) {
  if (matrix.degree == 1)
    return computeRadiusOfCycles(matrix);
  int64_t n = matrix.numUnits;
  // All eigenvalues of a matrix of this size take less time than a restart.
  constexpr int64_t kSmall = 128;
  if (n <= kSmall) {
    Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(n, n);
    for (int64_t unit = 0; unit < n; ++unit)
      for (int64_t k = 0; k < matrix.degree; ++k)
        dense(matrix.indices[unit * matrix.degree + k], unit) =
            matrix.values[unit * matrix.degree + k];
    Eigen::EigenSolver<Eigen::MatrixXd> solver(dense,
                                               /*computeEigenvectors=*/false);
    if (solver.info() == Eigen::Success)
      return solver.eigenvalues().cwiseAbs().maxCoeff();
    return llvm::createStringError(
        "its eigenvalues can't be computed; give 'scale' in place of "
        "'spectral_radius'");
  }
  std::vector<Eigen::Triplet<double>> entries;
  entries.reserve(matrix.values.size());
  for (int64_t unit = 0; unit < n; ++unit)
    for (int64_t k = 0; k < matrix.degree; ++k)
      entries.emplace_back(unit, matrix.indices[unit * matrix.degree + k],
                           matrix.values[unit * matrix.degree + k]);
  // The transpose has the same eigenvalues and is read by units.
  Eigen::SparseMatrix<double, Eigen::RowMajor> sparse(n, n);
  sparse.setFromTriplets(entries.begin(), entries.end());
  Spectra::SparseGenMatProd<double, Eigen::RowMajor> product(sparse);
  // Eigenvalues of a random matrix fill a disc, so those near its edge differ
  // little: the subspace is large, and larger where it did not do.
  for (int64_t size : {std::min<int64_t>(n, 80), std::min<int64_t>(n, 240)}) {
    constexpr int64_t kWanted = 2, kRestarts = 1000;
    constexpr double kTolerance = 1e-10;
    Spectra::GenEigsSolver solver(product, kWanted, size);
    // Not the default, which is random: the same weights on each machine.
    Eigen::VectorXd initial(n);
    Generator generator(static_cast<uint64_t>(n));
    for (double &component : initial)
      component = generator.normal();
    solver.init(initial.data());
    solver.compute(Spectra::SortRule::LargestMagn, kRestarts, kTolerance);
    if (solver.info() == Spectra::CompInfo::Successful)
      return solver.eigenvalues().cwiseAbs().maxCoeff();
  }
  return llvm::createStringError(
      "its spectral radius can't be computed: the largest of its eigenvalues "
      "lie too close together for Arnoldi's method; give 'scale' in place of "
      "'spectral_radius', or another density or seed");
}

//===----------------------------------------------------------------------===//
// Drawing
//===----------------------------------------------------------------------===//

/// `count` different numbers below `bound`, in ascending order (Floyd's
/// algorithm; Bentley & Floyd, 1987).
static void drawInputs(Generator &generator, int64_t bound, int64_t count,
                       std::vector<bool> &taken, int32_t *inputs) {
  int32_t *end = inputs;
  for (int64_t last = bound - count; last < bound; ++last) {
    int64_t input = generator.below(last + 1);
    if (taken[input])
      input = last;
    taken[input] = true;
    *end++ = static_cast<int32_t>(input);
  }
  std::sort(inputs, end);
  for (; inputs != end; ++inputs)
    taken[*inputs] = false;
}

/// The `count` nearest inputs of `unit` on a ring, some of them exchanged.
static void drawNeighbours(Generator &generator, int64_t unit, int64_t bound,
                           int64_t count, double rewire,
                           std::vector<bool> &taken, int32_t *inputs) {
  if (count == bound)
    return std::iota(inputs, inputs + count, 0);
  for (int64_t k = 0; k < count; ++k) {
    // -1, 1, -2, 2, ...
    int64_t distance = k % 2 == 0 ? -(k / 2 + 1) : k / 2 + 1;
    int64_t input = ((unit + distance) % bound + bound) % bound;
    inputs[k] = static_cast<int32_t>(input);
    taken[input] = true;
  }
  for (int64_t k = 0; k < count; ++k) {
    if (generator.uniform() >= rewire)
      continue;
    int64_t input;
    do
      input = generator.below(bound);
    while (taken[input]);
    taken[inputs[k]] = false;
    taken[input] = true;
    inputs[k] = static_cast<int32_t>(input);
  }
  std::sort(inputs, inputs + count);
  for (int64_t k = 0; k < count; ++k)
    taken[inputs[k]] = false;
}

static double drawWeight(Generator &generator, Distribution distribution) {
  switch (distribution) {
  case Distribution::Uniform:
    return 2.0 * generator.uniform() - 1.0;
  case Distribution::Normal:
    return generator.normal();
  case Distribution::Bernoulli:
    return generator.uniform() < 0.5 ? -1.0 : 1.0;
  case Distribution::Constant:
    return 1.0;
  }
  llvm_unreachable("unknown distribution");
}

int64_t ravel::rnn::getDegree(const ReservoirSpec &spec) {
  if (spec.topology == Topology::Ring || spec.topology == Topology::DelayLine)
    return 1;
  auto inputs = static_cast<double>(spec.numInputs);
  return std::clamp<int64_t>(std::llround(spec.density * inputs), 1,
                             spec.numInputs);
}

llvm::Expected<SparseMatrix>
ravel::rnn::drawReservoir(const ReservoirSpec &spec, uint64_t seed) {
  int64_t inputs = spec.numInputs, units = spec.numUnits;
  bool isChain =
      spec.topology == Topology::Ring || spec.topology == Topology::DelayLine;
  if (inputs != units &&
      (spec.spectralRadius || spec.topology != Topology::Random))
    return llvm::createStringError(
        "a spectral radius or a topology needs as many units as inputs, but "
        "there are %lld inputs and %lld units",
        static_cast<long long>(inputs), static_cast<long long>(units));
  SparseMatrix matrix;
  matrix.numInputs = inputs;
  matrix.numUnits = units;
  matrix.degree = getDegree(spec);
  int64_t degree = matrix.degree;
  matrix.indices.resize(units * degree);
  matrix.values.resize(units * degree);
  Generator generator(seed);
  std::vector<bool> taken(inputs);
  for (int64_t unit = 0; unit < units; ++unit) {
    int32_t *mine = &matrix.indices[unit * degree];
    if (isChain)
      *mine = static_cast<int32_t>(unit == 0 ? units - 1 : unit - 1);
    else if (spec.topology == Topology::SmallWorld)
      drawNeighbours(generator, unit, inputs, degree, spec.rewire, taken, mine);
    else
      drawInputs(generator, inputs, degree, taken, mine);
  }
  int64_t exciting = inputs;
  if (spec.excitatory)
    exciting = std::llround(*spec.excitatory * static_cast<double>(inputs));
  for (int64_t k = 0; k < units * degree; ++k) {
    double &value = matrix.values[k];
    value = drawWeight(generator, spec.distribution);
    if (spec.excitatory)
      value = std::copysign(value, matrix.indices[k] < exciting ? 1.0 : -1.0);
  }
  if (spec.topology == Topology::DelayLine)
    matrix.values.front() = 0;

  double factor = spec.scale;
  if (spec.spectralRadius) {
    llvm::Expected<double> radius = computeSpectralRadius(matrix);
    if (!radius)
      return radius.takeError();
    // No cycle, no eigenvalue but 0; rounding leaves a little of it.
    constexpr double kNone = 1e-9;
    if (*radius < kNone && *spec.spectralRadius != 0)
      return llvm::createStringError(
          "no scale gives these weights the spectral radius %g: no unit reads "
          "itself over others, so all eigenvalues are 0; give 'scale' in place "
          "of 'spectral_radius', or a higher density",
          *spec.spectralRadius);
    factor = *spec.spectralRadius == 0 ? 0 : *spec.spectralRadius / *radius;
  }
  for (double &value : matrix.values)
    value *= factor;
  return matrix;
}
