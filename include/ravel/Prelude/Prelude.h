//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The cells and optimizers that every model may use by name.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_PRELUDE_PRELUDE_H
#define RAVEL_PRELUDE_PRELUDE_H

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/Pass.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {

/// The prelude, parsed; null after a diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> parsePrelude(mlir::MLIRContext *context);

#define GEN_PASS_DECL
#include "ravel/Prelude/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ravel/Prelude/Passes.h.inc"

} // namespace ravel

#endif // RAVEL_PRELUDE_PRELUDE_H
