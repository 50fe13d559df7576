//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The batched forms of what reads memories, and how scans begin and end.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_IR_ATTENTIONBATCHING_H
#define RAVEL_LIB_DIALECT_RNN_IR_ATTENTIONBATCHING_H

#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel::rnn {

/// Whether the body of `scan` reads memories.
bool readsMemory(ScanOp scan);
/// Writes such a scan.
void batchAttentiveScan(ScanOp scan, mlir::OpBuilder &builder,
                        BatchContext &context);

/// `rows`, the batched form of `value`, in the order of the rows of instants.
mlir::Value orderForInstants(mlir::OpBuilder &builder, mlir::Location loc,
                             BatchContext &context, const BatchExtent &extent,
                             mlir::Value value, mlir::Value rows);
/// Writes what a scan's state starts from into the memory where it lives: that
/// of `final`, or where rows are in another order one of its own.
mlir::Value writeInitialState(mlir::OpBuilder &builder, BatchContext &context,
                              const BatchExtent &extent, mlir::Value state,
                              mlir::Value final);
/// The batched form of `final` from the state after the loop.
mlir::Value writeFinalState(mlir::OpBuilder &builder, BatchContext &context,
                            const BatchExtent &extent, mlir::Value final,
                            mlir::Value state);

/// Writes a run of ops about one example, of which some read memories; returns
/// the batched forms of `results`, values of the run.
llvm::SmallVector<mlir::Value>
batchRun(mlir::OpBuilder &builder, mlir::Location loc, BatchContext &context,
         llvm::ArrayRef<mlir::Operation *> ops, mlir::ValueRange results,
         mlir::Value batchSize);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_ATTENTIONBATCHING_H
