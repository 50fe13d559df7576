//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Builds loops over rows and columns of memrefs whose bodies work on vectors.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_LINALGTOVECTOR_VECTORLOOPS_H
#define RAVEL_LIB_CONVERSION_LINALGTOVECTOR_VECTORLOOPS_H

#include "../Parallelize/Distribution.h"
#include "../RowsToVector/Tiles.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ravel {

/// Columns held in registers: `vectors` vectors, the last with `lastLanes`.
struct Columns {
  mlir::Value first;
  int64_t vectors, lastLanes;
};

/// Whether the last dimension is static and contiguous and the elements are
/// floats.
bool hasVectors(mlir::Value value);

/// Builds loops and vectors of one float type.
class VectorLoops {
public:
  using Values = llvm::SmallVector<mlir::Value>;
  template <typename T> using Fn = llvm::function_ref<T>;

  VectorLoops(mlir::Operation *op, mlir::Type element,
              const RegisterFile &target)
      : b(op->getLoc(), op), element(element), target(target),
        type(mlir::VectorType::get({target.lanes}, element)) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, int64_t by);
  mlir::Value add(mlir::Value a, mlir::Value by);
  mlir::Value sub(mlir::Value a, mlir::Value by);
  mlir::Value mul(mlir::Value a, int64_t by);
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, mlir::Value b);
  mlir::Value ceilDiv(mlir::Value a, mlir::Value by);
  mlir::Value isLess(mlir::Value a, mlir::Value b);
  mlir::Value isEqual(mlir::Value a, mlir::Value b);
  /// Rows of a memref.
  mlir::Value getRows(mlir::Value memref);

  mlir::Value zero();
  /// The first `lanes` lanes.
  mlir::Value mask(int64_t lanes);
  mlir::Value mask(mlir::Value lanes);
  bool isPartial(const Columns &columns, int64_t u) const {
    return u == columns.vectors - 1 && columns.lastLanes != target.lanes;
  }
  /// Vector `u` of `columns`; lanes beyond them are 0.
  mlir::Value load(mlir::Value memref, mlir::ValueRange outer,
                   const Columns &columns, int64_t u);
  void store(mlir::Value vector, mlir::Value memref, mlir::ValueRange outer,
             const Columns &columns, int64_t u);

  mlir::scf::ForOp forEach(mlir::Value begin, mlir::Value end, int64_t step,
                           Fn<void(mlir::Value)> body);
  void ifTrue(mlir::Value condition, Fn<void()> then,
              Fn<void()> otherwise = {});
  /// A loop over [begin, end) that carries vectors.
  Values accumulate(mlir::Value begin, mlir::Value end, mlir::ValueRange inits,
                    Fn<Values(mlir::Value, mlir::ValueRange)> body);
  /// Calls `body` for blocks of columns, and for the rest. With `share`, only
  /// for those of this thread, whole lines of a cache.
  void forColumns(int64_t count, int64_t vectors,
                  const std::optional<ThreadShare> &share,
                  Fn<void(Columns)> body);
  /// Calls `body` for all indices of the dimensions of `memref` but the last.
  void forOuter(mlir::Value memref, Fn<void(mlir::ValueRange)> body);

  mlir::ImplicitLocOpBuilder b;
  mlir::Type element;
  RegisterFile target;
  mlir::VectorType type;
};

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_LINALGTOVECTOR_VECTORLOOPS_H
