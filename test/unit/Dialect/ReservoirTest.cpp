//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/Reservoir.h"
#include "gtest/gtest.h"
#include <Eigen/Eigenvalues>
#include <set>

using namespace ravel::rnn;

static ReservoirSpec makeSpec(int64_t size, double density) {
  ReservoirSpec spec;
  spec.numInputs = spec.numUnits = size;
  spec.density = density;
  return spec;
}

static SparseMatrix draw(const ReservoirSpec &spec, uint64_t seed = 1) {
  llvm::Expected<SparseMatrix> matrix = drawReservoir(spec, seed);
  EXPECT_TRUE(bool(matrix)) << llvm::toString(matrix.takeError());
  return matrix ? std::move(*matrix) : SparseMatrix();
}

static std::string drawError(const ReservoirSpec &spec) {
  llvm::Expected<SparseMatrix> matrix = drawReservoir(spec, 1);
  EXPECT_FALSE(bool(matrix));
  return matrix ? "" : llvm::toString(matrix.takeError());
}

/// From all eigenvalues.
static double computeDenseRadius(const SparseMatrix &matrix) {
  Eigen::MatrixXd dense =
      Eigen::MatrixXd::Zero(matrix.numUnits, matrix.numUnits);
  for (int64_t unit = 0; unit < matrix.numUnits; ++unit)
    for (int64_t k = 0; k < matrix.degree; ++k)
      dense(matrix.indices[unit * matrix.degree + k], unit) =
          matrix.values[unit * matrix.degree + k];
  return dense.eigenvalues().cwiseAbs().maxCoeff();
}

TEST(ReservoirTest, EachUnitReadsAsManyDifferentInputs) {
  for (Topology topology : {Topology::Random, Topology::SmallWorld}) {
    ReservoirSpec spec = makeSpec(100, 0.07);
    spec.topology = topology;
    SparseMatrix matrix = draw(spec);
    ASSERT_EQ(matrix.degree, 7);
    for (int64_t unit = 0; unit < 100; ++unit) {
      auto begin = matrix.indices.begin() + unit * 7;
      EXPECT_EQ(std::set<int32_t>(begin, begin + 7).size(), 7u);
      EXPECT_GE(*std::min_element(begin, begin + 7), 0);
      EXPECT_LT(*std::max_element(begin, begin + 7), 100);
    }
  }
}

// Random matrices have eigenvalues close together at the edge of a disc; signs
// by input give one far outside of it.
TEST(ReservoirTest, SpectralRadiusIsThatOfAllEigenvalues) {
  for (int64_t size : {20, 128, 129, 400})
    for (double density : {0.02, 0.1, 1.0})
      for (Topology topology : {Topology::Random, Topology::SmallWorld})
        for (bool isSigned : {false, true}) {
          ReservoirSpec spec = makeSpec(size, density);
          spec.topology = topology;
          if (isSigned)
            spec.excitatory = 0.8;
          SparseMatrix matrix = draw(spec, size);
          double expected = computeDenseRadius(matrix);
          llvm::Expected<double> radius = computeSpectralRadius(matrix);
          ASSERT_TRUE(bool(radius)) << llvm::toString(radius.takeError());
          // Eigenvalues of a product of cycles that is tiny are lost in the
          // rounding of the dense computation.
          if (expected > 1e-2)
            EXPECT_NEAR(*radius, expected, 1e-6 * expected)
                << size << ' ' << density << ' ' << isSigned;
        }
}

TEST(ReservoirTest, WeightsAreScaledToTheSpectralRadius) {
  ReservoirSpec spec = makeSpec(300, 0.05);
  spec.spectralRadius = 0.95;
  EXPECT_NEAR(computeDenseRadius(draw(spec)), 0.95, 1e-6);
}

TEST(ReservoirTest, RingHasOneCycle) {
  ReservoirSpec spec = makeSpec(5, 1.0);
  spec.topology = Topology::Ring;
  spec.distribution = Distribution::Constant;
  spec.spectralRadius = 0.8;
  SparseMatrix matrix = draw(spec);
  EXPECT_EQ(matrix.indices, (std::vector<int32_t>{4, 0, 1, 2, 3}));
  for (double value : matrix.values)
    EXPECT_NEAR(value, 0.8, 1e-15);
}

TEST(ReservoirTest, DelayLineTakesAScaleAlone) {
  ReservoirSpec spec = makeSpec(4, 1.0);
  spec.topology = Topology::DelayLine;
  spec.distribution = Distribution::Constant;
  spec.scale = 0.5;
  EXPECT_EQ(draw(spec).values, (std::vector<double>{0, 0.5, 0.5, 0.5}));
  spec.spectralRadius = 0.9;
  EXPECT_NE(drawError(spec).find("no scale gives these weights the spectral "
                                 "radius 0.9"),
            std::string::npos);
}

TEST(ReservoirTest, SignsFollowTheInput) {
  ReservoirSpec spec = makeSpec(50, 0.2);
  spec.excitatory = 0.8;
  SparseMatrix matrix = draw(spec);
  for (size_t k = 0; k < matrix.values.size(); ++k)
    EXPECT_EQ(matrix.values[k] > 0, matrix.indices[k] < 40);
}

TEST(ReservoirTest, RadiusNeedsASquareMatrix) {
  ReservoirSpec spec = makeSpec(4, 1.0);
  spec.numInputs = 3;
  spec.spectralRadius = 0.9;
  EXPECT_NE(drawError(spec).find("there are 3 inputs and 4 units"),
            std::string::npos);
}

TEST(ReservoirTest, TheSeedDecides) {
  ReservoirSpec spec = makeSpec(60, 0.1);
  EXPECT_EQ(draw(spec, 3).values, draw(spec, 3).values);
  EXPECT_EQ(draw(spec, 3).indices, draw(spec, 3).indices);
  EXPECT_NE(draw(spec, 3).values, draw(spec, 4).values);
}
