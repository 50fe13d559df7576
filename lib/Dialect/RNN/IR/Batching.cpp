//===----------------------------------------------------------------------===//
// Part of the Ravel project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How ops that speak about time or the whole batch are written for a batch
// (level 2 to level 3).
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ravel::rnn;

LogicalResult ScanOp::batch(OpBuilder &builder, BatchContext &context) { return failure(); }
LogicalResult ReverseOp::batch(OpBuilder &builder, BatchContext &context) { return failure(); }
LogicalResult LengthOp::batch(OpBuilder &builder, BatchContext &context) { return failure(); }
LogicalResult TotalOp::batch(OpBuilder &builder, BatchContext &context) { return failure(); }
LogicalResult ContractOp::batch(OpBuilder &builder, BatchContext &context) { return failure(); }
LogicalResult ScatterOp::batch(OpBuilder &builder, BatchContext &context) { return failure(); }
