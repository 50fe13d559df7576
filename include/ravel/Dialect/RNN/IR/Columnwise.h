//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Bodies in which every column, a component of each state, is a chain of its
// own.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_COLUMNWISE_H
#define RAVEL_DIALECT_RNN_IR_COLUMNWISE_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace ravel::rnn {

/// The columns of a value of `type`: the components of a vector, 0 for a
/// number; none for anything else.
std::optional<int64_t> getNumColumns(mlir::Type type);

/// Whether `op` may be in the body of chains of `columns` columns: it computes
/// a component of its results from the same component of its operands, and from
/// numbers. Chains of numbers (`columns` is 0) have no vectors.
bool isColumnwise(mlir::Operation *op, int64_t columns);

/// What keeps a body from being columnwise.
struct MixedColumns {
  mlir::Operation *op;
  llvm::StringRef why;
};

/// Why `body`, which ends in a `rnn.yield` and whose last arguments are the
/// states, is not columnwise; none if it is.
std::optional<MixedColumns> findMixedColumns(mlir::Block &body);

/// The columns of states and outputs of a body that is columnwise.
int64_t getNumColumns(mlir::Block &body);

} // namespace ravel::rnn

#endif // RAVEL_DIALECT_RNN_IR_COLUMNWISE_H
