//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Compiled once for each processor, with RAVEL_VARIANT and the namespace of
// Eigen named after it: its templates must not be shared between them.
//
//===----------------------------------------------------------------------===//

#include "DenseKernels.h"
#include <Eigen/Cholesky>
#include <Eigen/QR>

namespace {

using Map = Eigen::Map<Eigen::MatrixXd>;

bool solvePositiveDefinite(double *a, int64_t size, double *b, int64_t columns,
                           double leastReciprocalCondition) {
  Map left(a, size, size), right(b, size, columns);
  Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> factor(left);
  // A condition that is no number is none.
  if (factor.info() != Eigen::Success ||
      !(factor.rcond() > leastReciprocalCondition))
    return false;
  factor.solveInPlace(right);
  return true;
}

void triangularize(double *matrix, int64_t rows, int64_t columns) {
  Map values(matrix, rows, columns);
  Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> factor(values);
  for (int64_t column = 0; column < columns; ++column)
    values.col(column).segment(column + 1, columns - column - 1).setZero();
}

void solveLeastSquares(double *a, int64_t rows, int64_t columns, double *b,
                       int64_t numRight) {
  Map left(a, rows, columns), right(b, rows, numRight);
  Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> factor(left);
  right.applyOnTheLeft(factor.householderQ().adjoint());
  auto top = right.topRows(columns);
  left.topRows(columns).triangularView<Eigen::Upper>().solveInPlace(top);
}

} // namespace

namespace ravel::RAVEL_VARIANT {

extern const DenseKernels kernels;
const DenseKernels kernels = {solvePositiveDefinite, triangularize,
                              solveLeastSquares};

} // namespace ravel::RAVEL_VARIANT
