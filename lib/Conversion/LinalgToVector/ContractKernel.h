//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes a group of sums of outer products; see ContractKernel.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_LINALGTOVECTOR_CONTRACTKERNEL_H
#define RAVEL_LIB_CONVERSION_LINALGTOVECTOR_CONTRACTKERNEL_H

#include "Contracts.h"
#include "VectorLoops.h"

namespace ravel {

/// Numbers from `begin` on, below `end`.
struct Span {
  mlir::Value begin, end;
};

/// Writes a group at the place of one of its ops.
class ContractLowering {
public:
  ContractLowering(const ContractGroup &group, const ContractTarget &target);

  void run();

private:
  using Values = llvm::SmallVector<mlir::Value>;
  struct Rows {
    mlir::Value first, count, isFirst, isLast;
  };

  int64_t countTiles(int64_t width) const {
    return llvm::divideCeil(width, tile.rows);
  }
  mlir::omp::ParallelOp getRegion();
  mlir::Value allocate(llvm::ArrayRef<int64_t> shape, bool isShared);
  void splitWork();
  void emitRows(Span tiles);
  void packLeft(const Rows &rows, Span tiles);
  void packRight(const Rows &rows, Span panels, bool addTotal);
  void emitTotal(const Rows &rows, Span panels);
  void fetchNext(mlir::Value call, mlir::Value perCall);
  void emitTile(const Rows &rows, mlir::Value panel, mlir::Value local,
                mlir::Value tile, mlir::Value localTile);
  void unpack(mlir::Value panel, Span tiles);
  void unpackPart(const Contract &contract, int64_t firstTile,
                  mlir::Value panel, Span tiles);
  Columns getPanel(mlir::Value first) { return {first, tile.vectors, lanes}; }
  /// Columns of the last panel, if it is not filled.
  Columns getLastPanel(mlir::Value first) {
    int64_t rest = width - wholePanels * panelWidth;
    int64_t vectors = llvm::divideCeil(rest, lanes);
    return {first, vectors, rest - (vectors - 1) * lanes};
  }

  const ContractGroup &group;
  const int64_t lanes;
  VectorLoops loops;
  mlir::ImplicitLocOpBuilder &b;
  std::optional<ThreadShare> share;

  const ContractBlocks blocks;
  const Tile tile;
  const int64_t width, panelWidth, wholePanels;
  mlir::Value left, right, sums, totals;
  /// What this thread computes.
  Span allTiles, allPanels;
  /// Where the right rows lie that are packed next.
  mlir::Value nextRow, nextCount, nextPanel;
  mlir::Value numRows, rowsPerBlock;
};

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_LINALGTOVECTOR_CONTRACTKERNEL_H
