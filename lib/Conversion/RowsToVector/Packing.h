//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Copies of weight matrices in the order in which a kernel reads them.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H

#include "Evaluator.h"

namespace ravel {

/// Where the weights of a group of products are packed.
struct PackingChoice {
  enum Kind {
    /// Read where they are.
    None,
    /// At each run of the kernel, where it has rows enough to pay for it.
    PerRun,
    /// At each run of the kernel, always: read in place they aren't vectors.
    Always,
    /// Once, before an op that encloses the kernel.
    Once,
  };
  Kind kind = None;
  mlir::Operation *before = nullptr;
};

/// Decides for the weights of `group`. They are packed where they are many: the
/// rows of a large matrix lie so far apart that those of a few columns share
/// few sets of a cache. A loop around the kernel that doesn't write them is
/// left for that.
PackingChoice choosePacking(rnn::RowsOp op, const ProductGroup &group);

/// Writes the copy of the weights of group `group` of stage `stage` and returns
/// its memory: [column / lanes, k, product, lane].
mlir::Value packWeights(mlir::ImplicitLocOpBuilder &builder,
                        const Kernel &kernel, unsigned stage, unsigned group);

/// The memref of a matrix that the rows of `op` share.
mlir::Value getSharedMemref(rnn::RowsOp op, mlir::Value matrix);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H
