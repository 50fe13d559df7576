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
#include "llvm/ADT/DenseSet.h"

namespace ravel::rnn {

/// Chooses ops of the body of a scan.
using OpFilter = llvm::function_ref<bool(mlir::Operation &)>;

/// Whether a sequence can hold values of `type`.
bool isElement(mlir::Type type);

/// Whether `value` is a constant.
bool isConstant(mlir::Value value);

/// The values of the body that depend on a state.
llvm::DenseSet<mlir::Value> getStateDependent(ScanOp scan);

/// Moves the ops of `scan` that depend on no state and that `moves` chooses
/// into a scan without state before it, with those that lead to them or follow
/// from them; returns the loop that remains.
ScanOp hoistBefore(ScanOp scan, OpFilter moves);

/// Moves the ops of `scan` that no next state depends on and that `moves`
/// chooses into a scan without state after it, with those that follow from
/// them; returns the loop that remains.
ScanOp hoistAfter(ScanOp scan, OpFilter moves);

/// A scan beside `scan` with its direction, other `inputs` and `states`,
/// outputs of the types of `outputs`, and an empty body.
ScanOp createLoopLike(ScanOp scan, llvm::ArrayRef<mlir::Value> inputs,
                      mlir::ValueRange states,
                      llvm::ArrayRef<mlir::Value> outputs);

/// Moves ops whose results don't change in time, and that `moves` chooses, out
/// of the body of `loop`, a `rnn.scan` or `rnn.segments`.
void hoistInvariants(mlir::Operation *loop, OpFilter moves);

/// Turns the scans of `function` into loops over parts of time of `length`
/// instants.
void segmentTime(mlir::func::FuncOp function, int64_t length);

/// The terms of the sum that ends in `root`, in order, through sums of its
/// block that are used nowhere else; those sums go to `inner`, each before the
/// sums that it uses.
void collectTerms(mlir::arith::AddFOp root,
                  llvm::SmallVectorImpl<mlir::Value> &terms,
                  llvm::SmallVectorImpl<mlir::Operation *> &inner);

/// A readout of a function: the explicit values that it reads and gives, and
/// the one that it should give. Where it stands in a loop, so do those, and the
/// target is of all instants.
struct FittedReadout {
  ReadoutOp op;
  llvm::SmallVector<mlir::Value> features;
  mlir::Value result, target;
};

/// Makes `function`, whose readout is `readout`, give what a regression needs
/// in place of its results: see `rnn-instantiate`.
void buildRegression(mlir::func::FuncOp function, FittedReadout readout,
                     bool givesRows);

/// Makes `function` give `values`, of these names, in place of its results, and
/// erases what that does not need.
void replaceResults(mlir::func::FuncOp function, mlir::ValueRange values,
                    llvm::ArrayRef<mlir::StringAttr> names);

/// Whether the sequences that `function` takes can be given in parts, its
/// results being those of all parts, one after the other: all loops go forwards
/// from zero, and nothing else looks at more than an instant.
bool canBeGivenInParts(mlir::func::FuncOp function);

/// Erases the arguments for parameters that nothing uses.
void eraseUnusedParameters(mlir::func::FuncOp function);

/// Makes the states that loops begin with arguments, and what they end with
/// results, of one `rnn.carry` each.
void carryStates(mlir::func::FuncOp function);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_TRANSFORMS_UTILS_H
