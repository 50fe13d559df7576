//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How `rnn.rows` becomes an op on memrefs under One-Shot Bufferize.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define RAVEL_DIALECT_RNN_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

#include "mlir/IR/DialectRegistry.h"

namespace ravel::rnn {

/// Registers the external model of `BufferizableOpInterface` for `rnn.rows`.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace ravel::rnn

#endif // RAVEL_DIALECT_RNN_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
