//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Evaluates values of the body of a `rnn.rows` at a window of rows and columns.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_EVALUATOR_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_EVALUATOR_H

#include "Plan.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ravel {

/// Rows and columns that are evaluated at once, in registers.
struct Window {
  /// Rows of `ins` and `outs`.
  llvm::SmallVector<mlir::Value> rows;
  /// The same rows in scratch memory.
  llvm::SmallVector<mlir::Value> slots;
  /// The first column.
  mlir::Value column;
  int64_t vectors = 1;
  /// Components of the last vector that are columns of the domain.
  int64_t lastLanes;
};

/// Sums over the first components of a long product, and how many components
/// are added at a time: [slot, vector, lane].
struct PartialSums {
  mlir::Value memref;
  int64_t depth;
};

/// What all windows of a kernel share.
struct Kernel {
  Kernel(rnn::RowsOp op, const Plan &plan, int64_t lanes)
      : op(op), plan(plan), lanes(lanes) {}

  rnn::RowsOp op;
  const Plan &plan;
  int64_t lanes;
  /// Whether the kernel is in the step of a stream, and has one row.
  bool isStep = false;
  /// Where weights are read forwards and backwards in turn, the number of the
  /// instant; otherwise null.
  mlir::Value instant;
  /// Memory of values that lie in scratch.
  llvm::DenseMap<mlir::Value, mlir::Value> scratch;
  /// For groups of products whose weights exceed the first cache.
  llvm::DenseMap<std::pair<unsigned, unsigned>, PartialSums> partial;
};

/// The memref of a matrix that the rows of `op` share.
mlir::Value getSharedMemref(rnn::RowsOp op, mlir::Value matrix);

/// Evaluates values in one stage, at one window. Row r and vector u of a value
/// are at place `r * vectors + u`.
class Evaluator {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  Evaluator(mlir::ImplicitLocOpBuilder &builder, const Kernel &kernel,
            unsigned stage, Window window)
      : builder(builder), kernel(kernel), stage(stage),
        window(std::move(window)) {}

  /// Fetches what the roots read of `ins` into the cache: it arrives while
  /// products are accumulated.
  void prefetch();
  /// Fetches weights of a group into the second cache that come `depth`
  /// components after those from `begin` on: the share of one of `blocks`
  /// blocks of rows.
  void prefetchWeights(unsigned group, mlir::Value begin, int64_t depth,
                       int64_t blocks);
  /// Accumulates all products of the stage. With `usePartial`, those that have
  /// partial sums are continued from there.
  void evaluateProducts(bool usePartial);
  /// Adds components from `begin` on to the partial sums of a group.
  void addPartial(unsigned group, mlir::Value begin);
  /// Sets the partial sums of a group to 0.
  void clearPartial(unsigned group);
  /// `value` at the window's columns, `offset` further on.
  Values evaluate(mlir::Value value, int64_t offset);
  /// A number of each row.
  Values evaluateNumber(mlir::Value value);
  /// Uses `values` for a number from now on.
  void setNumber(mlir::Value value, Values values) {
    numbers[value] = std::move(values);
  }

  /// Writes what `root`, a store or output, evaluates to.
  void store(const Root &root, mlir::ValueRange values);
  /// Folds the columns of `values` into an accumulator of a reduction.
  mlir::Value fold(const Root &root, mlir::Value accumulator,
                   mlir::ValueRange values);

  /// Copies a vector that lies in memory to the same columns of `target`.
  void copy(mlir::Value value, mlir::Value target);

  /// The memory of a value and whether its rows are slots.
  static std::pair<mlir::Value, bool> getMemory(const Kernel &kernel,
                                                mlir::Value value);

private:
  mlir::VectorType getVectorType(mlir::Type element) {
    return mlir::VectorType::get({kernel.lanes}, element);
  }
  /// The column of vector `u`, `offset` further on.
  mlir::Value getColumn(int64_t u, int64_t offset);
  /// Whether vector `u` has lanes beyond the domain.
  bool isPartial(int64_t u) const {
    return u == window.vectors - 1 && window.lastLanes != kernel.lanes;
  }
  mlir::Value getMask();
  mlir::Value splat(mlir::Type element, double value);
  mlir::Value load(mlir::Value memref, mlir::ValueRange indices, int64_t u);
  void storeVector(mlir::Value vector, mlir::Value memref,
                   mlir::ValueRange indices, int64_t u);
  /// The indices of column `column` of row r of a value that lies in memory.
  std::pair<mlir::Value, Values> locate(mlir::Value base, unsigned row,
                                        mlir::Value column);
  Values loadRows(mlir::Value base, int64_t offset);
  Values compute(mlir::Value value, int64_t offset);
  /// The sums over components from `begin` to `end` of the products of `group`,
  /// added to `inits`: vector u of row r of product p is at place
  /// `(p * rows + r) * vectors + u`.
  Values accumulate(unsigned group, mlir::Value begin, mlir::Value end,
                    mlir::ValueRange inits);
  /// The same for all components of the one row of a step, in the order that
  /// the number of the instant asks for, with as many sums of each product as
  /// cover the time that an addition takes.
  Values accumulateRow(unsigned group, int64_t depth);
  Values loadPartial(unsigned group);
  void storePartial(unsigned group, mlir::ValueRange sums);
  /// Vector u of the weights of component k; of pairs also of the next.
  Values loadWeights(const Product &product, mlir::Value k, int64_t u);
  /// The panel of vector u of a packed product, and the number of its matrix.
  std::pair<mlir::Value, mlir::Value> locatePanel(const Product &product,
                                                  int64_t columns, int64_t u);
  /// Which component of the vector weight k of a column of a sparse product is
  /// for: that of `lane` of vector u.
  mlir::Value loadInput(const Product &product, mlir::Value k, int64_t u,
                        int64_t lane);
  /// Such components of a row, a vector of them.
  mlir::Value gather(const ProductGroup &group, unsigned row,
                     mlir::ValueRange inputs);
  /// `multiply` by weight k of each column of a sparse matrix.
  Values multiplySparse(const ProductGroup &group, mlir::Value k,
                        mlir::ValueRange sums);
  /// Adds the products of `count` components from k on to `sums`.
  Values multiply(const ProductGroup &group, mlir::Value k, unsigned count,
                  mlir::ValueRange sums);
  Values drawMask(rnn::RandomMaskOp op, int64_t offset);
  mlir::Value getComponents(int64_t u, int64_t offset);

  mlir::ImplicitLocOpBuilder &builder;
  const Kernel &kernel;
  unsigned stage;
  Window window;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, Values> vectors;
  llvm::DenseMap<mlir::Value, Values> numbers;
};

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_EVALUATOR_H
