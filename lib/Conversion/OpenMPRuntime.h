//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Calls of the OpenMP runtime that the `omp` dialect has no ops for.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_OPENMPRUNTIME_H
#define RAVEL_LIB_CONVERSION_OPENMPRUNTIME_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace ravel {

/// Calls a function of the runtime that takes nothing and returns an `i32`,
/// such as `omp_get_thread_num`; gives the result as an index.
mlir::Value createRuntimeCall(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::ModuleOp module, llvm::StringRef name);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_OPENMPRUNTIME_H
