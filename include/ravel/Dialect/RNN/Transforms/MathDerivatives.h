//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Derivatives of ops of the dialects `arith`, `math` and `tensor`.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_TRANSFORMS_MATHDERIVATIVES_H
#define RAVEL_DIALECT_RNN_TRANSFORMS_MATHDERIVATIVES_H

#include "mlir/IR/DialectRegistry.h"

namespace ravel::rnn {

/// Gives the ops of `arith`, `math` and `tensor` that can be differentiated
/// their `DifferentiableOpInterface`.
void registerMathDerivatives(mlir::DialectRegistry &registry);

} // namespace ravel::rnn

#endif // RAVEL_DIALECT_RNN_TRANSFORMS_MATHDERIVATIVES_H
