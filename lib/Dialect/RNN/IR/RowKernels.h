//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes ops about one row, some of which read memories, as kernels.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_IR_ROWKERNELS_H
#define RAVEL_LIB_DIALECT_RNN_IR_ROWKERNELS_H

#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace ravel::rnn {

/// Whether `op` reads a memory or an alignment: a kernel `rnn.attend_rows`.
bool isAttention(mlir::Operation *op);

/// Ops about one row in *phases*: what runs before any memory is read is the
/// first, a `rnn.rows`; then kernels that read memories; then what needs their
/// results, and so on.
class RowKernels {
public:
  /// A value that is asked for.
  struct Result {
    mlir::Value value;
    /// The state that it overwrites, if it does.
    mlir::Value state;
  };

  /// `isShared` tells which values from outside all rows share.
  RowKernels(llvm::ArrayRef<mlir::Operation *> ops,
             llvm::ArrayRef<Result> results,
             llvm::function_ref<bool(mlir::Value)> isShared);

  /// Values from outside that have a row for each row: not constants, not
  /// memories.
  llvm::ArrayRef<mlir::Value> getInputs() const { return inputs.getArrayRef(); }
  /// Values from outside that all rows share.
  llvm::ArrayRef<mlir::Value> getShared() const { return shared.getArrayRef(); }
  /// The memories that are read.
  llvm::ArrayRef<mlir::Value> getMemories() const {
    return memories.getArrayRef();
  }
  /// For each op that reads memories, an operand that tells their class.
  llvm::SmallVector<mlir::Value> getReferences() const;
  /// Values that need a place of their own between kernels.
  llvm::ArrayRef<mlir::Value> getTemporaries() const { return temporaries; }

  /// Where things are when kernels are written.
  struct Operands {
    /// The rows of each input; shared values; memories.
    llvm::DenseMap<mlir::Value, mlir::Value> rows, shared, memories;
    /// By reference: the extent of memories, and which one each row reads.
    llvm::DenseMap<mlir::Value, MemoryExtent> extents;
    llvm::DenseMap<mlir::Value, mlir::Value> sources;
    /// What results, then temporaries, are written to.
    llvm::SmallVector<mlir::Value> destinations;
  };
  /// Writes the kernels. Gives the results, then the temporaries.
  llvm::SmallVector<mlir::Value> write(mlir::OpBuilder &builder,
                                       mlir::Location loc,
                                       const Operands &operands) const;

private:
  /// A place that a value is written to: a result or a temporary.
  struct Place {
    mlir::Value value;
    unsigned destination;
  };

  void findOutside(llvm::function_ref<bool(mlir::Value)> isShared);
  void findPhases();
  void findPlaces(llvm::ArrayRef<Result> results);
  /// The last phase that reads `value`.
  unsigned getLastUse(mlir::Value value) const;
  /// The phase in which `value` is computed; 0 for values from outside.
  unsigned getPhase(mlir::Value value) const;
  void writeRows(mlir::OpBuilder &builder, mlir::Location loc, unsigned phase,
                 const Operands &operands,
                 llvm::DenseMap<mlir::Value, mlir::Value> &rows,
                 llvm::MutableArrayRef<mlir::Value> written) const;
  void writeAttention(mlir::OpBuilder &builder, mlir::Operation *op,
                      const Operands &operands,
                      llvm::DenseMap<mlir::Value, mlir::Value> &rows,
                      llvm::MutableArrayRef<mlir::Value> written) const;

  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SetVector<mlir::Value> inputs, shared, memories;
  llvm::DenseMap<mlir::Operation *, unsigned> phases;
  unsigned lastPhase = 0;
  llvm::SmallVector<mlir::Value> temporaries;
  /// Places by the phase that writes them.
  llvm::DenseMap<unsigned, llvm::SmallVector<Place>> places;
  unsigned numDestinations = 0;
};

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_ROWKERNELS_H
