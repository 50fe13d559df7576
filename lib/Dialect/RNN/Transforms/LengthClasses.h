//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Which sequences of a function have one length.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_TRANSFORMS_LENGTHCLASSES_H
#define RAVEL_LIB_DIALECT_RNN_TRANSFORMS_LENGTHCLASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel::rnn {

/// The classes of the lengths of sequences, memories and alignments. Sequences
/// are of one class where an op meets them instant by instant; a memory is of
/// the class of the sequence that was remembered, and an alignment of that of
/// its memory. Classes of sequences among the function's arguments come first,
/// in order of the arguments, then those that only memories have.
class LengthClasses {
public:
  explicit LengthClasses(mlir::func::FuncOp function);

  /// Fails with a diagnostic where the length of a value comes from no
  /// argument.
  mlir::LogicalResult verify();

  /// The class of a sequence's own length; nothing for other values.
  std::optional<unsigned> getClass(mlir::Value value);
  /// The class of the memory that a value is, or that an alignment or sequence
  /// of them is of.
  std::optional<unsigned> getMemoryClass(mlir::Value value);

  unsigned getNumClasses() const { return numClasses; }
  /// Classes that sequences have.
  unsigned getNumSequenceClasses() const { return numSequenceClasses; }

private:
  /// A value's own length, or the length of what it holds.
  using Key = std::pair<mlir::Value, unsigned>;
  unsigned find(unsigned node);
  unsigned getNode(mlir::Value value, bool inner);
  void merge(mlir::Value a, bool innerA, mlir::Value b, bool innerB);
  void mergeAll(mlir::ValueRange values);
  void visit(mlir::Operation *op);
  std::optional<unsigned> lookup(mlir::Value value, bool inner);

  mlir::func::FuncOp function;
  llvm::DenseMap<Key, unsigned> nodes;
  llvm::SmallVector<unsigned> parents;
  /// Classes by the representative of their nodes.
  llvm::DenseMap<unsigned, unsigned> classes;
  unsigned numClasses = 0, numSequenceClasses = 0;
};

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_TRANSFORMS_LENGTHCLASSES_H
