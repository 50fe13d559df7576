//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Sums of outer products of rows, out[i, j] += sum_r left[r, i] right[r, j]:
// the gradients of matrices. Which of them are computed together, and how.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_LINALGTOVECTOR_CONTRACTS_H
#define RAVEL_LIB_CONVERSION_LINALGTOVECTOR_CONTRACTS_H

#include "../RowsToVector/Tiles.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <vector>

namespace ravel {

/// What is known of the target.
struct ContractTarget {
  RegisterFile registers;
  /// Bytes of the caches of one core.
  int64_t firstCache, secondCache;
  /// The tile to take in place of the best; zeros where it is chosen.
  Tile tile = {0, 0};
};

/// Whether `op` is a sum of outer products of rows of floats, of static sizes
/// but for the number of rows.
bool isVectorContract(mlir::linalg::ContractOp op);

/// Whether `op` adds the rows of a matrix of floats of static width.
bool isVectorTotal(mlir::linalg::ReduceOp op);

/// The fill with zeros in the block of `op` that is all that `op` finds in
/// `out`, if there is one.
mlir::linalg::FillOp findZeros(mlir::Operation *op, mlir::Value out);

/// Whether `op` has a memref that may be that of `memref`.
bool touches(mlir::Operation *op, mlir::Value memref);

/// Whether `op` can change places with one that only reads `reads` and writes
/// `writes`.
bool canSwap(mlir::Operation *op, mlir::ValueRange reads,
             mlir::ValueRange writes);

/// One of the sums of a group: columns [begin, end) of the right rows.
struct Contract {
  mlir::linalg::ContractOp op;
  mlir::Value left, right, out;
  int64_t begin, end;
  /// What makes `out` zero before it, if anything does.
  mlir::linalg::FillOp zeros;
};

/// Sums that are computed together. They have the same right rows, of which all
/// left rows are multiplied with the same columns.
struct ContractGroup {
  struct Left {
    mlir::Value rows;
    /// In order of their columns, which are adjacent.
    llvm::SmallVector<Contract, 4> contracts;
  };
  llvm::SmallVector<Left, 2> lefts;
  /// The sum of the right rows themselves, if it is asked for.
  mlir::linalg::ReduceOp total;
  mlir::linalg::FillOp totalZeros;

  mlir::Value getRight() const { return lefts[0].contracts[0].right; }
  int64_t getBegin() const { return lefts[0].contracts.front().begin; }
  int64_t getEnd() const { return lefts[0].contracts.back().end; }
  /// The last of the contracts in the block.
  mlir::Operation *getLast() const;
};

/// How a group is computed.
struct ContractBlocks {
  /// Sums that are made at once.
  Tile tile;
  /// Rows of a block.
  int64_t depth;
  /// Tiles that are packed at once, and that are used while they are in the
  /// second cache.
  int64_t packedTiles, cachedTiles;
  /// Panels, each of the width of a tile, that are packed at once.
  int64_t packedPanels;
  /// All tiles of one panel, and all panels.
  int64_t numTiles, numPanels;
};

/// Chooses the tile that takes the fewest cycles, and blocks such that a panel
/// and two tiles of the left rows fit the first cache, and some panels and
/// tiles the second.
ContractBlocks chooseBlocks(const ContractGroup &group,
                            const ContractTarget &target);

/// The groups of the vector contracts of `block`.
std::vector<ContractGroup> groupContracts(mlir::Block &block);

/// Writes a group as loops with vectors, and erases its ops.
void lowerContracts(const ContractGroup &group, const ContractTarget &target);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_LINALGTOVECTOR_CONTRACTS_H
