//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What the interfaces of the dialect are told, and by whom: the size solver and
// the contexts of the passes that drive `expand`, `buildAdjoint` and `batch`.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNNINTERFACES_H
#define RAVEL_DIALECT_RNN_IR_RNNINTERFACES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

namespace ravel::rnn {

class CellOp;
class ScanOp;
class SegmentsOp;
class InitializerAttrInterface;

/// Solves the open sizes of vectors: a union of unknowns, each with at most one
/// known size, and sums of them.
class SizeSolver {
public:
  /// The sizes of `a` and `b` are equal, dimension by dimension, because of
  /// `why`. Values that are not tensors are ignored.
  void equate(mlir::Value a, mlir::Value b, mlir::Operation *why);
  /// `value` has the shape of `type` where that is static.
  void equate(mlir::Value value, mlir::Type type, mlir::Location why);
  /// Dimension `dim` of `result` is the sum of that dimension over `parts`.
  void sum(mlir::Value result, mlir::ValueRange parts, unsigned dim,
           mlir::Operation *why);

  /// Collects the equations of `op` itself, from its interface or from its
  /// `Elementwise` trait.
  void addEquations(mlir::Operation *op);

  /// Solves sums; fails with a diagnostic that names both places where two
  /// sizes can't agree.
  mlir::LogicalResult solve();

  /// The type of `value` with each solved size filled in.
  mlir::Type getType(mlir::Value value);

private:
  struct Node {
    unsigned parent;
    std::optional<int64_t> size;
    /// Where the size came from.
    std::optional<mlir::Location> origin;
  };
  struct Sum {
    unsigned result;
    llvm::SmallVector<unsigned> parts;
    mlir::Location why;
  };

  unsigned getNode(mlir::Value value, unsigned dim);
  unsigned find(unsigned node);
  void merge(unsigned a, unsigned b, mlir::Location why);
  void fix(unsigned node, int64_t size, mlir::Location why);

  llvm::SmallVector<Node> nodes;
  llvm::DenseMap<std::pair<mlir::Value, unsigned>, unsigned> variables;
  llvm::SmallVector<Sum> sums;
  bool failed = false;
};

/// What an op of the model sees while `rnn-instantiate` writes it out.
class ExpansionContext {
public:
  virtual ~ExpansionContext();
  /// The argument that carries the parameter `name`, a name relative to the use
  /// of the cell being expanded. Fails where the name is in use with another
  /// shape.
  virtual mlir::FailureOr<mlir::Value> getParameter(mlir::Operation *user,
                                                    llvm::StringRef name,
                                                    mlir::RankedTensorType type,
                                                    mlir::Attribute init,
                                                    bool trainable) = 0;
  /// Whether dropout drops.
  virtual bool isTraining() const = 0;
  /// The random key of the current example and instant.
  virtual mlir::Value getKey(mlir::OpBuilder &builder) = 0;
  /// The random key of the current example, the same at each instant.
  virtual mlir::Value getExampleKey(mlir::OpBuilder &builder) = 0;
  /// A number that no other random draw of the model has.
  virtual int64_t getNextSite() = 0;
  /// The cell named at `user`, or a diagnostic.
  virtual mlir::FailureOr<CellOp> lookupCell(mlir::Operation *user,
                                             mlir::StringAttr name) = 0;
  /// The body of `cell`, written out for concrete types, as the use `use`.
  /// Returns outputs, whose types are `outputs`, then next states.
  virtual mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  inlineCell(mlir::OpBuilder &builder, mlir::Operation *user, CellOp cell,
             llvm::StringRef use, mlir::ValueRange inputs,
             mlir::ValueRange states, mlir::TypeRange outputs) = 0;
  /// The concrete types of the cell's outputs, then of its states, at this use;
  /// a null type among `states` is open. Fails where a size can't be solved or
  /// two can't agree.
  virtual mlir::FailureOr<llvm::SmallVector<mlir::Type>>
  inferCellTypes(mlir::Operation *user, CellOp cell,
                 llvm::ArrayRef<mlir::Type> inputs,
                 llvm::ArrayRef<mlir::Type> states,
                 llvm::ArrayRef<mlir::Type> outputs) = 0;
  /// Starts the body of a scan: keys are drawn anew inside. Pushes `key` as the
  /// key of the instants of the body; `popKey` leaves.
  virtual void pushKey(mlir::Value key) = 0;
  virtual void popKey() = 0;
};

/// What a derivative rule sees while the backward pass is built.
class AdjointContext {
public:
  virtual ~AdjointContext();
  /// Whether a gradient for `value`, a value of the forward pass, is wanted.
  virtual bool isActive(mlir::Value value) = 0;
  /// The gradient that has reached `value`; null where none has.
  virtual mlir::Value getGradient(mlir::Value value) = 0;
  /// Adds `gradient` to the gradient of `value`. Where all examples share
  /// `value`, the total over instants and examples is added.
  virtual void addGradient(mlir::OpBuilder &builder, mlir::Value value,
                           mlir::Value gradient) = 0;
  /// `value`, a value of the forward pass, for use in the backward pass; inside
  /// a scan it is kept for each instant if it must be.
  virtual mlir::Value getForward(mlir::OpBuilder &builder,
                                 mlir::Value value) = 0;
  /// The backward pass of a scan: a scan of the opposite direction over the
  /// adjoint of its body.
  virtual llvm::LogicalResult buildScanAdjoint(mlir::OpBuilder &builder,
                                               ScanOp scan) = 0;
  /// The backward pass of a segmented loop: one of the opposite direction that
  /// computes each part again, from the states before it, and then goes
  /// backwards through it.
  virtual llvm::LogicalResult buildSegmentsAdjoint(mlir::OpBuilder &builder,
                                                   SegmentsOp segments) = 0;
};

/// The instants and examples that a block of ops is about.
struct BatchExtent {
  /// `tensor<?xindex>`: the first row of each instant, and the number of rows.
  mlir::Value offsets;
  /// Of the longest example; of all examples; examples. Each an `index`.
  mlir::Value numInstants, numRows, batchSize;
  /// `tensor<?xindex>`: the example, in the batch's order, of each row of an
  /// instant; null where rows are in the batch's order.
  mlir::Value order;
};

/// How the memories of a batch lie.
struct MemoryExtent {
  /// `tensor<?xindex>`: the first row of each memory, and the number of rows.
  mlir::Value starts;
  /// The elements of the longest; of all. Each an `index`.
  mlir::Value longest, numRows;
};

/// What an op sees while `rnn-batch` rewrites it.
///
/// A batch of sequences is *packed*: examples are sorted by length, longest
/// first; the rows of instant 0 of all examples come first, then those of
/// instant 1, and so on. Instant t has `offsets[t + 1] - offsets[t]` rows,
/// those of the first examples. So padding does not exist, and an example that
/// has ended costs nothing.
///
/// Sequences of several lengths (source and target of a translation) are of
/// several *classes*, each packed by itself. Values of examples are in the
/// batch's order, which is that of the first class; rows of the instants of
/// another class come in an order of its own.
class BatchContext {
public:
  virtual ~BatchContext();
  /// Whether all examples share `value`, a value of the example's function.
  virtual bool isShared(mlir::Value value) = 0;
  /// The batched form of `value`: [batch, ...] for an element, [packed rows,
  /// ...] for a sequence. One that all examples share is repeated.
  virtual mlir::Value getBatched(mlir::OpBuilder &builder,
                                 mlir::Value value) = 0;
  /// The one form of a value that all examples share.
  virtual mlir::Value getShared(mlir::Value value) = 0;
  virtual void map(mlir::Value value, mlir::Value batched) = 0;
  /// A tensor that `value`'s batched form is to be written to.
  virtual mlir::Value getDestination(mlir::OpBuilder &builder,
                                     mlir::Value value) = 0;
  /// That of a sequence.
  virtual const BatchExtent &getExtent(mlir::Value sequence) = 0;
  /// That of the memory that `value` is, or that it is an alignment of.
  virtual const MemoryExtent &getMemory(mlir::Value value) = 0;
  /// `tensor<?xindex>`: for each packed row of `sequence`, or without one for
  /// each example, which of the memories of `memory`'s class it reads.
  virtual mlir::Value getSources(mlir::OpBuilder &builder, mlir::Value sequence,
                                 mlir::Value memory) = 0;

  /// Writes the ops of `block`, whose arguments are mapped, for the instants
  /// and examples of `extent`. Returns the batched form of each operand of the
  /// terminator: in its destination where that is not null, shared where the
  /// value is, and nothing for other operands.
  virtual mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  batchBlock(mlir::OpBuilder &builder, mlir::Block &block,
             const BatchExtent &extent,
             llvm::ArrayRef<mlir::Value> destinations) = 0;
};

/// Writes the batched form of `value` into `destination`, and returns it.
mlir::Value writeBatched(mlir::OpBuilder &builder, BatchContext &context,
                         mlir::Value value, mlir::Value destination);

} // namespace ravel::rnn

#include "ravel/Dialect/RNN/IR/RNNAttrInterfaces.h.inc"
#include "ravel/Dialect/RNN/IR/RNNOpInterfaces.h.inc"

#endif // RAVEL_DIALECT_RNN_IR_RNNINTERFACES_H
