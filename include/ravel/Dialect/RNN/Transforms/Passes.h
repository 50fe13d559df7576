//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Passes on the `rnn` dialect.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_H
#define RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel::rnn {

#define GEN_PASS_DECL
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"

} // namespace ravel::rnn

#endif // RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_H
