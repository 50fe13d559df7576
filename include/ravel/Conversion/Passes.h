//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Passes from the `rnn` dialect's batched level down to loops and vectors.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_CONVERSION_PASSES_H
#define RAVEL_CONVERSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {
#define GEN_PASS_DECL
#include "ravel/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

#endif // RAVEL_CONVERSION_PASSES_H
