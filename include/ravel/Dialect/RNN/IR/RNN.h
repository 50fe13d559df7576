//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The `rnn` dialect: types, attributes and ops.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNN_H
#define RAVEL_DIALECT_RNN_IR_RNN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ravel/Dialect/RNN/IR/RNNInterfaces.h"

#include "ravel/Dialect/RNN/IR/RNNDialect.h.inc"
#include "ravel/Dialect/RNN/IR/RNNEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "ravel/Dialect/RNN/IR/RNNTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ravel/Dialect/RNN/IR/RNNAttributes.h.inc"

namespace ravel::rnn {

/// Inputs of a sparse matrix: beyond, f32 does not hold each whole number.
constexpr int64_t kMostSparseInputs = 1 << 24;

/// Trait of an op that is defined on one instant and may be applied to
/// sequences, where it means the same at every instant.
template <typename ConcreteType>
class Liftable : public mlir::OpTrait::TraitBase<ConcreteType, Liftable> {};

/// The element of a sequence type or of checkpoints, or the type itself.
mlir::Type getElementOrSelf(mlir::Type type);
/// The float type of a vector, a matrix, a float or a sequence of those.
mlir::Type getScalarType(mlir::Type type);
/// `i32`, or a sequence of it where `type` is a sequence.
mlir::Type getIndexTypeLike(mlir::Type type);
/// Whether both are the same but for sizes left open in one of them.
bool areCompatible(mlir::Type a, mlir::Type b);
/// A constant of a float, vector or matrix type with all components `value`.
mlir::Value createSplat(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Type type, double value);
/// The operation that is `activation` of `value`.
mlir::Value createActivation(mlir::OpBuilder &builder, mlir::Location loc,
                             Activation activation, mlir::Value value);
/// The tensor of `rows` (dynamic) elements of type `element`.
mlir::RankedTensorType getRowsType(mlir::Type element);
/// The random key of the next instant: a step of a linear congruential
/// generator (constants of Numerical Recipes, 1992). Masks hash it.
mlir::Value createNextKey(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value key);
/// The smallest number of classes that the uses of an index, or of a sequence
/// of them, allow; nothing if none does.
std::optional<int64_t> findNumClasses(mlir::Value index);
/// Whether `op` is in the body of a kernel, `rnn.rows` or `rnn.chains`.
bool isInKernel(mlir::Operation *op);

} // namespace ravel::rnn

#define GET_OP_CLASSES
#include "ravel/Dialect/RNN/IR/RNNOps.h.inc"

#endif // RAVEL_DIALECT_RNN_IR_RNN_H
