//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Sparse matrices that are drawn, and their largest eigenvalue.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RESERVOIR_H
#define RAVEL_DIALECT_RNN_IR_RESERVOIR_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace ravel::rnn {

enum class Topology { Random, Ring, DelayLine, SmallWorld };
enum class Distribution { Uniform, Normal, Bernoulli, Constant };

/// The terms are those of `#rnn.reservoir`.
struct ReservoirSpec {
  int64_t numInputs = 0, numUnits = 0;
  double density = 1, scale = 1, rewire = 0.1;
  std::optional<double> spectralRadius, excitatory;
  Topology topology = Topology::Random;
  Distribution distribution = Distribution::Uniform;
};

/// The same number of inputs for each unit: `indices[unit * degree + k]` is the
/// input that `values[unit * degree + k]` weighs.
struct SparseMatrix {
  int64_t numInputs = 0, numUnits = 0, degree = 0;
  std::vector<int32_t> indices;
  std::vector<double> values;
};

/// Inputs that each unit reads.
int64_t getDegree(const ReservoirSpec &spec);

/// Draws and scales a matrix. An error where no scale gives the spectral
/// radius, or where it can't be computed.
llvm::Expected<SparseMatrix> drawReservoir(const ReservoirSpec &spec,
                                           uint64_t seed);

/// The largest absolute value of an eigenvalue of a square matrix, to a
/// relative error of 1e-6: of units that read one input each from the cycles
/// that they form, of small matrices from all eigenvalues, of others by
/// Arnoldi's method with implicit restarts (Lehoucq & Sorensen, 1996). An error
/// where that does not converge.
llvm::Expected<double> computeSpectralRadius(const SparseMatrix &matrix);

} // namespace ravel::rnn

#endif // RAVEL_DIALECT_RNN_IR_RESERVOIR_H
