//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes one kernel as loops; RowsToVector.cpp says how they are nested.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_ROWSLOWERING_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_ROWSLOWERING_H

#include "Evaluator.h"
#include "Tiles.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ravel {

/// The loop over time that `op` is in, if any.
mlir::scf::ForOp getTimeLoop(rnn::RowsOp op);

/// The argument of the step of a stream that numbers instants, if `op` is in
/// one.
mlir::Value getInstant(rnn::RowsOp op);

class RowsLowering {
public:
  /// `op` has a schedule that fits `plan`.
  /// With `sharesRows` a loop over time holds other kernels, too, so that each
  /// must deal a row to the same thread.
  /// With `isCompact` there are blocks of one size, and single rows.
  RowsLowering(rnn::RowsOp op, const Plan &plan, bool sharesRows,
               bool isCompact)
      : builder(op.getLoc(), op), op(op), plan(plan),
        schedule(*op.getSchedule()), panelRows(schedule.getPanelRows()),
        kernel(op, plan, schedule.getLanes()), sharesRows(sharesRows),
        isCompact(isCompact) {
    auto function = op->getParentOfType<mlir::func::FuncOp>();
    kernel.isStep = function && function->hasAttr(rnn::RNNDialect::kStreamAttr);
    if (op->hasAttr(rnn::RNNDialect::kTurnsAttr))
      kernel.instant = getInstant(op);
  }

  void run();

private:
  /// Rows from `begin` to `end` of a panel that are evaluated `rows` at a time.
  struct Blocks {
    int64_t rows;
    mlir::Value begin, end;
  };
  using BodyFn = llvm::function_ref<void(mlir::Value)>;
  using RowsFn = llvm::function_ref<void(const Window &)>;
  using ColumnsFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      const Window &, mlir::ValueRange)>;

  rnn::StageAttr getStage(unsigned number) {
    return schedule.getStages()[number];
  }
  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(builder, value);
  }
  void allocatePartialSums(mlir::Region &region);
  void allocateScratch();
  void countRows();
  void chooseRowGroup();
  llvm::SmallVector<Blocks> splitRows(mlir::Value count, int64_t rows);
  void addParts(unsigned stage, unsigned group, mlir::Value first,
                llvm::ArrayRef<Blocks> blocks, const Window &window);
  void shareScratch(mlir::Value value, mlir::MemRefType type);
  mlir::Value getRow(mlir::Value local);
  mlir::scf::ForOp forEach(mlir::Value begin, mlir::Value end, int64_t step,
                           BodyFn body);
  llvm::SmallVector<mlir::Value> forColumns(int64_t domain, int64_t vectors,
                                            mlir::ValueRange inits,
                                            ColumnsFn body);
  mlir::Value takeTurn(mlir::Value step, mlir::Value begin, mlir::Value end,
                       int64_t width, mlir::Value column);
  void forOwnColumns(int64_t domain, int64_t vectors, ColumnsFn body);
  void emitBarrier();
  void prefetchNextWeights(unsigned stage, Evaluator &evaluator);
  void emitPanels();
  void emitPanel(mlir::Value first, mlir::Value count);
  void emitProducts(unsigned stage, mlir::Value first, mlir::Value count);
  void forRows(mlir::Value first, llvm::ArrayRef<Blocks> blocks, Window window,
               RowsFn body);
  void emitBlock(unsigned stage, const Window &window, bool usePartial);
  void emitRow(llvm::ArrayRef<unsigned> stages, mlir::Value row,
               mlir::Value slot, bool isLast);
  void emitColumns(unsigned stage, const Window &base);
  bool isCopied(unsigned out);
  void copyOutputs(const Window &base);

  mlir::ImplicitLocOpBuilder builder;
  rnn::RowsOp op;
  const Plan &plan;
  rnn::ScheduleAttr schedule;
  int64_t panelRows;
  Kernel kernel;
  bool sharesRows, isCompact;
  /// Rows that are dealt to a thread together, a multiple of all blocks' rows.
  int64_t rowGroup = 1;
  /// Rows of this thread.
  mlir::Value numRows;
};

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_ROWSLOWERING_H
