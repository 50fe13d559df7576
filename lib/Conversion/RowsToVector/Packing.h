//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H

#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {

/// Writes `op`, on memrefs, as loops.
void lowerPack(rnn::PackOp op);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H
