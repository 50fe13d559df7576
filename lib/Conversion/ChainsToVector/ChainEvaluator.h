//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Evaluates the body of a `rnn.chains` at instants of one example and a block
// of its columns.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_CHAINSTOVECTOR_CHAINEVALUATOR_H
#define RAVEL_LIB_CONVERSION_CHAINSTOVECTOR_CHAINEVALUATOR_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {

/// Columns of one example. Chains of numbers have one vector, a number, and no
/// column.
struct ColumnBlock {
  mlir::Value example;
  /// The first column; null for numbers.
  mlir::Value column;
  int64_t vectors = 1;
  /// Components of a vector, and those of the last vector that are columns.
  int64_t lanes = 1;
  int64_t lastLanes = 1;
};

/// Evaluates values at one instant after the other. Vector u of state s is at
/// place `s * vectors + u` of a list of states.
class ChainEvaluator {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  /// What does not change in time is loaded before `loop`, the loop over time.
  ChainEvaluator(mlir::ImplicitLocOpBuilder &builder, rnn::ChainsOp op,
                 ColumnBlock block, mlir::Operation *loop)
      : builder(builder), op(op), block(block), loop(loop) {}

  /// The states of the example, as they are in memory.
  static Values loadStates(mlir::ImplicitLocOpBuilder &builder,
                           rnn::ChainsOp op, const ColumnBlock &block);
  static void storeStates(mlir::ImplicitLocOpBuilder &builder, rnn::ChainsOp op,
                          const ColumnBlock &block, mlir::ValueRange states);

  /// Goes to the instant whose packed row is `row`, with `states` before it.
  void beginInstant(mlir::Value row, mlir::ValueRange states);
  /// The states after the instant; writes the outputs, if asked to.
  Values evaluateInstant(bool writesOutputs);
  /// The change of the states after the instant where those before it change by
  /// `tangents`; a null value stands for zero. The body is linear in the
  /// states.
  Values evaluateTangents(mlir::ValueRange tangents);

  /// The type of a vector of `element`; for numbers, `element`.
  mlir::Type getVectorType(mlir::Type element) const;
  /// A vector of `value`s.
  mlir::Value createSplat(mlir::Type element, double value);

private:
  struct Place {
    mlir::Value value;
    int64_t offset;
    int64_t vector;
    auto key() const { return std::tuple(value, offset, vector); }
  };
  using Memo =
      llvm::DenseMap<std::tuple<mlir::Value, int64_t, int64_t>, mlir::Value>;

  bool isFixed(mlir::Value value);
  mlir::Value evaluate(Place place);
  mlir::Value compute(Place place);
  mlir::Value loadArgument(mlir::BlockArgument argument, Place place);
  mlir::Value cloneAt(mlir::Operation *inner, mlir::OpResult result,
                      Place place);
  mlir::Value getTangent(mlir::Value value, int64_t vector);
  mlir::Value computeTangent(mlir::Operation *inner, int64_t vector);

  mlir::ImplicitLocOpBuilder &builder;
  rnn::ChainsOp op;
  ColumnBlock block;
  mlir::Operation *loop;
  mlir::Value row;
  /// Values that don't change in time, those of this instant, and the tangents.
  Memo fixed, current, tangentMemo;
  llvm::DenseMap<mlir::Value, bool> isFixedMemo;
};

/// Whether the next states of `op` are linear in its states, up to a constant.
bool isLinear(rnn::ChainsOp op);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_CHAINSTOVECTOR_CHAINEVALUATOR_H
