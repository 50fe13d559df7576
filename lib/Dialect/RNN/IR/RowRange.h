//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Ranges of the rows of a batch.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_IR_ROWRANGE_H
#define RAVEL_LIB_DIALECT_RNN_IR_ROWRANGE_H

#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel::rnn {

/// The rows [first, first + count) of a tensor.
struct RowRange {
  mlir::OpFoldResult first, count;

  mlir::Value extract(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value tensor) const;
  mlir::Value insert(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value slice, mlir::Value tensor) const;
};

/// The packed rows of instant `t`.
RowRange getInstant(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value offsets, mlir::Value t);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_ROWRANGE_H
