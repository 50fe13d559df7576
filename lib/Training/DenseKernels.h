//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Factorizations of dense matrices of f64, by Eigen, compiled for several
// processors: what they take decides how long it takes to solve a large
// readout. Matrices lie column by column.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_TRAINING_DENSEKERNELS_H
#define RAVEL_LIB_TRAINING_DENSEKERNELS_H

#include <cstdint>

namespace ravel {

struct DenseKernels {
  /// Solves A X = B by Cholesky's method. Writes the factor over the lower half
  /// of A [size, size] and X over B [size, columns]; false, with B as it was,
  /// where A is not positive definite, or nearly singular: its condition is
  /// estimated to be above 1 / `leastReciprocalCondition`.
  bool (*solvePositiveDefinite)(double *a, int64_t size, double *b,
                                int64_t columns,
                                double leastReciprocalCondition);
  /// Writes over the first rows of `matrix` [rows, columns], rows >= columns,
  /// the triangular factor of its QR factorization by Householder's method;
  /// what is below is of no use.
  void (*triangularize)(double *matrix, int64_t rows, int64_t columns);
  /// Finds the X for which A X is nearest to B, with A [rows, columns] of full
  /// rank; writes it over the first rows of B [rows, numRight]. A is of no use
  /// then.
  void (*solveLeastSquares)(double *a, int64_t rows, int64_t columns, double *b,
                            int64_t numRight);
};

/// Those for the processor that this runs on.
const DenseKernels &getDenseKernels();

} // namespace ravel

#endif // RAVEL_LIB_TRAINING_DENSEKERNELS_H
