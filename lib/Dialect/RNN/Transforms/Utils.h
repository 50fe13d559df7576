//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What several passes on level 1 to 3 share.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_TRANSFORMS_UTILS_H
#define RAVEL_LIB_DIALECT_RNN_TRANSFORMS_UTILS_H

#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel::rnn {

/// The terms of the sum that ends in `root`, in order, through sums of its
/// block that are used nowhere else; those sums go to `inner`, each before the
/// sums that it uses.
void collectTerms(mlir::arith::AddFOp root,
                  llvm::SmallVectorImpl<mlir::Value> &terms,
                  llvm::SmallVectorImpl<mlir::Operation *> &inner);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_TRANSFORMS_UTILS_H
