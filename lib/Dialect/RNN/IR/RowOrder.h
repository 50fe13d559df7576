//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Loops over instants and rows that move rows, and the two orders of examples:
// the batch's, and that of the instants of a class of sequences.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_IR_ROWORDER_H
#define RAVEL_LIB_DIALECT_RNN_IR_ROWORDER_H

#include "RowRange.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ravel::rnn {

/// `for t in 0 .. instants-1`, marked as the loop over time.
mlir::scf::ForOp createTimeLoop(
    mlir::OpBuilder &builder, mlir::Location loc, const BatchExtent &extent,
    mlir::ValueRange carried,
    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value, mlir::ValueRange)>
        body);

/// The instant of step `step` of that loop, which counts down with `reverse`.
mlir::Value getStepInstant(mlir::OpBuilder &builder, mlir::Location loc,
                           const BatchExtent &extent, mlir::Value step,
                           bool reverse);

/// `for i in 0 .. count-1` that carries `initial`; returns the last value.
mlir::Value createRowLoop(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value count,
    mlir::Value initial,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Value, mlir::Value)>
        body);

/// A loop over all packed rows of `extent` that carries `initial`: `body` gets
/// the instant, the row's number in it, and what is carried.
mlir::Value
createPackedLoop(mlir::OpBuilder &builder, mlir::Location loc,
                 const BatchExtent &extent, mlir::Value initial,
                 llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Value,
                                                mlir::Value, mlir::Value)>
                     body);

/// Writes row `from` of `source` to row `to` of `target`.
mlir::Value copyRow(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value source, mlir::Value from, mlir::Value target,
                    mlir::Value to);

/// The example, in the batch's order, in row `row` of an instant.
mlir::Value getExample(mlir::OpBuilder &builder, mlir::Location loc,
                       const BatchExtent &extent, mlir::Value row);

/// Rows in the batch's order as rows in that of `extent`'s instants, in
/// `destination`; and back.
mlir::Value toInstantOrder(mlir::OpBuilder &builder, mlir::Location loc,
                           const BatchExtent &extent, mlir::Value rows,
                           mlir::Value destination);
mlir::Value toBatchOrder(mlir::OpBuilder &builder, mlir::Location loc,
                         const BatchExtent &extent, mlir::Value rows,
                         mlir::Value destination);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_ROWORDER_H
