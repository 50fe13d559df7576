//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The dialects and passes that every tool knows.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_PIPELINES_REGISTRATION_H
#define RAVEL_PIPELINES_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace ravel {

/// Registers every dialect that a module may hold on its way from model to
/// LLVM, with the external models of their interfaces.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers Ravel's passes and pipelines, and those of MLIR that help to look
/// at them.
void registerAllPasses();

} // namespace ravel

#endif // RAVEL_PIPELINES_REGISTRATION_H
