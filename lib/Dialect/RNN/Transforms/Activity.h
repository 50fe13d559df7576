//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Which values of a function carry a gradient.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_TRANSFORMS_ACTIVITY_H
#define RAVEL_LIB_DIALECT_RNN_TRANSFORMS_ACTIVITY_H

#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/DenseSet.h"

namespace ravel::rnn {

/// Whether a gradient can be of `value`: it is made of floats.
bool isFloatLike(mlir::Value value);

/// Which values carry a gradient: those that depend on a wanted argument and on
/// which the loss depends.
class Activity {
public:
  Activity(mlir::Block &body, llvm::ArrayRef<mlir::Value> wanted,
           mlir::Value loss);

  bool isActive(mlir::Value value) const {
    return varied.contains(value) && useful.contains(value);
  }
  /// Forgets results of an op that is about to go.
  void forget(mlir::ValueRange values);
  /// Takes `copy` for active if `value` is.
  void copy(mlir::Value value, mlir::Value copy);

private:
  void mark(llvm::DenseSet<mlir::Value> &set, mlir::Value value);
  void mark(llvm::DenseSet<mlir::Value> &set, mlir::Value value,
            mlir::Value cause);
  void propagateVaried(mlir::Block &block);
  void propagateUseful(mlir::Block &block);
  template <typename LoopOp> void propagateVariedThrough(LoopOp loop);
  template <typename LoopOp> void propagateUsefulThrough(LoopOp loop);

  llvm::DenseSet<mlir::Value> varied;
  llvm::DenseSet<mlir::Value> useful;
  bool changed = false;
};

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_TRANSFORMS_ACTIVITY_H
