//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How much arithmetic a function's products are, for rates of work.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_PRODUCTCOUNT_H
#define RAVEL_EXECUTION_PRODUCTCOUNT_H

#include "ravel/Execution/Module.h"

namespace ravel {

/// Floating-point operations in products of vectors and matrices: a
/// multiplication and an addition for each pair of elements that meet.
/// Elementwise arithmetic is not in it.
struct ProductCount {
  double perInstant = 0; ///< of one example
  double perExample = 0; ///< outside of time

  double total(int64_t instants, int64_t examples) const {
    return perInstant * instants + perExample * examples;
  }
};

/// Counts the products of a function at level 2, where the gradient is built
/// and dead code is gone, but no product is repeated for want of memory.
/// `function` may be the "<objective>_grad" of the options.
llvm::Expected<ProductCount> countProducts(const Compiler &compiler,
                                           const ModelSource &source,
                                           const CompileOptions &options,
                                           llvm::StringRef function);

} // namespace ravel

#endif // RAVEL_EXECUTION_PRODUCTCOUNT_H
