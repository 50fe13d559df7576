//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes one `rnn.chains` on memrefs as loops.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_CHAINSTOVECTOR_CHAINSLOWERING_H
#define RAVEL_LIB_CONVERSION_CHAINSTOVECTOR_CHAINSLOWERING_H

#include "ChainEvaluator.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ravel {

struct ChainOptions {
  /// Components of a vector register, and vector registers.
  int64_t lanes, registers;
  /// Instants that are computed for a block of columns before the next block; 0
  /// for as many as a few pages hold.
  int64_t timeTile;
  bool parallel;
  /// Fewest components of a packed sequence that are shared among threads.
  int64_t minElements;
  /// The longest part into which the time of an example is split, and the
  /// fewest instants of an example that is.
  int64_t chunk, minInstants;
};

class ChainsLowering {
public:
  ChainsLowering(rnn::ChainsOp op, const ChainOptions &options);

  /// Writes the loops before `op`, and erases it.
  void run();

private:
  using BodyFn = llvm::function_ref<void(mlir::Value)>;
  using Values = llvm::SmallVector<mlir::Value>;

  /// Rows and columns that one thread computes.
  struct Share {
    mlir::Value firstRow, endRow, firstColumn, endColumn;
  };
  /// The parts of the time of the example `row`.
  struct Split {
    mlir::Value row, length, groups, size;
  };

  //===--- Index arithmetic ---===//

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value ceilDiv(mlir::Value a, mlir::Value b);
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value isLess(mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value loadOffset(mlir::Value instant);
  mlir::scf::ForOp forEach(mlir::Value begin, mlir::Value end, mlir::Value step,
                           BodyFn body);

  //===--- Whole chains ---===//

  void chooseVectors();
  void countExamples();
  void measureExamples();
  void beginParallel();
  void endParallel();
  Share chooseShare(mlir::Value firstRow);
  mlir::Value chooseTimeTile();
  void emitTiles(const Share &share);
  void emitColumns(const Share &share, mlir::Value example, mlir::Value first,
                   mlir::Value end);
  void emitBlock(const ColumnBlock &block, mlir::Value first, mlir::Value end);

  //===--- Chains whose time is split (TimeChunks.cpp) ---===//

  bool isSplit();
  void prepareChunks();
  void emitChunks();
  Split getSplit(mlir::Value row);
  void forGroups(llvm::function_ref<void(const Split &, mlir::Value)> body);
  void emitMaps(const Split &split, mlir::Value group);
  void emitStarts(mlir::Value row);
  void emitGroup(const Split &split, mlir::Value group);
  void forSteps(const Split &split, mlir::Value first, mlir::Value count,
                unsigned chains,
                llvm::function_ref<Values(ChainEvaluator &, mlir::Value,
                                          mlir::ValueRange)>
                    body,
                Values &carried);
  ColumnBlock getWholeRow(mlir::Value row);
  Values loadChunk(const Split &split, mlir::Value chunk, unsigned first,
                   unsigned count);
  void storeChunk(const Split &split, mlir::Value chunk, unsigned first,
                  mlir::ValueRange values);

  mlir::ImplicitLocOpBuilder builder;
  rnn::ChainsOp op;
  const ChainOptions &options;
  /// Components of states and outputs; 0 for numbers.
  int64_t columns;
  /// Components of a vector, and vectors that are computed at once.
  int64_t lanes, vectors;

  mlir::Value numInstants, numRows, numExamples;
  /// The length of each example that has one.
  mlir::Value lengths;
  /// This thread, and how many there are.
  mlir::Value id, threads;

  /// How many parts of the time of a chain are computed at once.
  unsigned interleave = 1;
  /// Examples whose time is split, and their most groups of parts.
  mlir::Value numLong, maxGroups;
  /// The packed rows of the other examples.
  mlir::Value shortRows;
  /// For each of them and each part: the linear map that the part is of the
  /// states before it, column by column, and then what it adds to it.
  mlir::Value maps;
};

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_CHAINSTOVECTOR_CHAINSLOWERING_H
