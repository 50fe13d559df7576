//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How ops in a parallel region are shared by its threads.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_PARALLELIZE_DISTRIBUTION_H
#define RAVEL_LIB_CONVERSION_PARALLELIZE_DISTRIBUTION_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include <optional>

namespace ravel {

/// On an op of `linalg` in a parallel region: its threads share the op, by
/// columns of what it writes. Without it, each thread would run all of it.
constexpr llvm::StringLiteral kDistributedAttr = "rnn.distributed";

constexpr llvm::StringLiteral kThreadNumber = "omp_get_thread_num";
constexpr llvm::StringLiteral kThreadCount = "omp_get_num_threads";

/// What a thread knows of itself.
struct ThreadShare {
  mlir::Value id, count;
};

/// The thread's number and how many there are, as indices at the place of
/// `builder`; none where `op` isn't shared.
inline std::optional<ThreadShare> getThreadShare(mlir::OpBuilder &builder,
                                                 mlir::Operation *op) {
  auto region = op->getParentOfType<mlir::omp::ParallelOp>();
  if (!region || !op->hasAttr(kDistributedAttr))
    return std::nullopt;
  auto find = [&](llvm::StringRef name) -> mlir::Value {
    for (auto call : region.getRegion().front().getOps<mlir::LLVM::CallOp>())
      if (call.getCallee() == name)
        return mlir::arith::IndexCastOp::create(
            builder, op->getLoc(), builder.getIndexType(), call.getResult());
    return nullptr;
  };
  ThreadShare share{find(kThreadNumber), find(kThreadCount)};
  if (!share.id || !share.count)
    return std::nullopt;
  return share;
}

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_PARALLELIZE_DISTRIBUTION_H
