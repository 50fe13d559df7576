//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Shares sums over rows among threads; see RowSums.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_PARALLELIZE_ROWSUMS_H
#define RAVEL_LIB_CONVERSION_PARALLELIZE_ROWSUMS_H

#include "mlir/IR/BuiltinOps.h"

namespace ravel {

/// A parallel region, and what a thread in it knows of itself.
struct ParallelRegion {
  mlir::Operation *terminator;
  mlir::Value id, threads;
};

/// A region before `op` that has several threads where `condition`, if any,
/// holds.
ParallelRegion createParallelRegion(mlir::Operation *op, mlir::ModuleOp module,
                                    mlir::Value condition);

/// Shares the sums over rows in the body of a function.
void parallelizeRowSums(mlir::Block &block, mlir::ModuleOp module);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_PARALLELIZE_ROWSUMS_H
