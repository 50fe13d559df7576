//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The order in which the body of a `rnn.rows` is evaluated.
//
// A *stage* is one loop over the columns of a domain (or none, for numbers). It
// evaluates *roots*: values that are written to memory, or folded into a
// number. Everything else is evaluated on demand, in registers, at the columns
// of the stage that asks for it. A value has a *level*: the number of stages
// that must have ended before a component of it can be evaluated. Roots of one
// level and one domain share a stage, and so their common subexpressions.
//
// Values that lie in memory:
// * vectors that are multiplied by a matrix, picked from, or concatenated, for
//   these are read at other columns than those being evaluated;
// * vectors of an earlier level that would be costly to evaluate again: those
//   that hold a product or a transcendental function;
// * sums and largest components, and numbers computed from them.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PLAN_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PLAN_H

#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/SetVector.h"
#include <vector>

namespace ravel {

/// A vector read in memory: a value of the body and the column at which it
/// begins there.
struct MemoryVector {
  mlir::Value base;
  int64_t offset = 0;
};

/// What a stage evaluates.
struct Root {
  enum Kind {
    /// Columns written to the memory of `target`.
    Store,
    /// Columns written to operand `out` of `outs`.
    Out,
    /// The number `target`, a sum or largest component of `value`.
    Reduce,
    /// The number `target`, which is `value`.
    Number,
  };
  Kind kind;
  mlir::Value value;
  /// The first column of `value`.
  int64_t offset = 0;
  mlir::Value target;
  /// The column of the target that receives it.
  int64_t targetOffset = 0;
  unsigned out = 0;
};

/// Whether `op` is a product of a vector and a matrix, packed or not.
bool isProduct(mlir::Operation *op);

/// The vector that a product multiplies.
mlir::TypedValue<mlir::RankedTensorType> getProductVector(mlir::Operation *op);

/// The weights in each column of a product.
int64_t getProductDepth(mlir::Operation *op);

/// What a column of a product costs, in multiplications and additions: a weight
/// of a sparse matrix takes as long as several of a dense one.
int64_t getProductWork(mlir::Operation *op);

/// The columns of a product that begin at `offset`.
struct Product {
  mlir::Operation *op;
  int64_t offset;
  bool operator==(const Product &other) const {
    return op == other.op && offset == other.offset;
  }
};

/// Products of one vector, accumulated in one loop: of several matrices, or of
/// one that is packed.
struct ProductGroup {
  MemoryVector vector;
  llvm::SmallVector<Product> products;
};

struct Stage {
  /// How a stage walks rows and columns.
  enum Kind { Numbers, Reductions, Products, Columns };
  int64_t level;
  Kind kind;
  /// Columns of the roots; 0 for numbers.
  int64_t domain;
  llvm::SmallVector<Root> roots;
  /// Products that the roots ask for.
  llvm::SmallVector<ProductGroup> groups;
  /// Numbers that the roots ask for.
  llvm::SetVector<mlir::Value> numbers;
  /// Rows of `ins` that the roots read at their own columns, and how much
  /// further on.
  llvm::SmallVector<std::pair<mlir::BlockArgument, int64_t>> reads;
};

class Plan {
public:
  /// Plans `op`, an op on memrefs. Fails with a diagnostic at a value that has
  /// no evaluation.
  static mlir::FailureOr<Plan> create(rnn::RowsOp op);

  llvm::ArrayRef<Stage> getStages() const { return stages; }

  /// Whether `value` is read from memory in stage `stage`.
  bool isLoaded(mlir::Value value, unsigned stage) const {
    auto it = ready.find(value);
    return it != ready.end() && it->second < stage;
  }

  /// Whether operand `out` of `outs` is written only after all stages, because
  /// an operand of `ins` with the same memory is still read.
  bool isStaged(unsigned out) const { return staged[out]; }

  /// Values of the body that need memory of their own.
  llvm::ArrayRef<mlir::Value> getScratch() const {
    return scratch.getArrayRef();
  }

  /// The operand of `outs` whose memory holds `value`, if one does.
  std::optional<unsigned> getOutOf(mlir::Value value) const {
    auto it = outOf.find(value);
    if (it == outOf.end())
      return std::nullopt;
    return it->second;
  }

  /// The value that lies in memory and holds all of `vector`.
  static MemoryVector getMemoryVector(mlir::Value vector);

private:
  friend class PlanBuilder;
  std::vector<Stage> stages;
  /// The last stage that writes a value that lies in memory.
  llvm::DenseMap<mlir::Value, unsigned> ready;
  llvm::DenseMap<mlir::Value, unsigned> outOf;
  llvm::SetVector<mlir::Value> scratch;
  llvm::SmallVector<bool> staged;
};

/// The components of a vector of `vectorWidth` bits of the widest float type in
/// the body of `op`.
int64_t getLanes(rnn::RowsOp op, int64_t vectorWidth);

/// Whether `a` and `b` may be the same memory: they aren't views of different
/// allocations or arguments of a function.
bool mayAlias(mlir::Value a, mlir::Value b);

/// The memref of which `memref` is a view.
mlir::Value getRootMemref(mlir::Value memref);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PLAN_H
