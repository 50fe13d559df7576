//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {

/// Whether packed weights of this type hold two components of a column side by
/// side.
bool holdsPairs(mlir::ShapedType type);

/// The components in a vector of pairs of bf16, as f32. A pair is a word of 32
/// bits: one shift, one mask, and nothing moves between lanes.
std::pair<mlir::Value, mlir::Value>
widenPairs(mlir::ImplicitLocOpBuilder &builder, mlir::Value pairs);

/// A number that a sparse matrix stores for one of `inputs` inputs, or a vector
/// of them, as integers of type `element`. What stands for none becomes the
/// nearest, so that no data make code read elsewhere.
mlir::Value convertToInputs(mlir::ImplicitLocOpBuilder &builder,
                            mlir::Value numbers, int64_t inputs,
                            mlir::Type element);

/// Writes `op`, on memrefs, as loops.
void lowerPack(rnn::PackOp op);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_PACKING_H
