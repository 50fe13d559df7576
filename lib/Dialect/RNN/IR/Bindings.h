//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What the ops whose bodies speak about one instant or row share.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_IR_BINDINGS_H
#define RAVEL_LIB_DIALECT_RNN_IR_BINDINGS_H

#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel::rnn {

/// Parses `(` (%arg `=` %operand `:` type)* `)`, with `delimiter` around it.
mlir::ParseResult
parseBindings(mlir::OpAsmParser &parser, mlir::OpAsmParser::Delimiter delimiter,
              llvm::SmallVectorImpl<mlir::OpAsmParser::Argument> &arguments,
              llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &ops,
              llvm::SmallVectorImpl<mlir::Type> &types);
void printBindings(mlir::OpAsmPrinter &printer,
                   mlir::Block::BlockArgListType arguments,
                   mlir::OperandRange operands);

/// Parses what a loop over time or its parts ends in: attributes, `-> (` types
/// of outputs `)`, and the body with `arguments`.
mlir::ParseResult
parseLoopBody(mlir::OpAsmParser &parser, mlir::OperationState &result,
              llvm::ArrayRef<mlir::OpAsmParser::Argument> arguments,
              llvm::SmallVectorImpl<mlir::Type> &outputTypes);
/// Prints the inputs and states of such a loop, each with its argument.
void printLoopBindings(mlir::OpAsmPrinter &printer,
                       mlir::Block::BlockArgListType inputArgs,
                       mlir::OperandRange inputs,
                       mlir::Block::BlockArgListType stateArgs,
                       mlir::OperandRange states);

/// Whether `type` has rows.
bool isRows(mlir::Type type);
/// The type of one row of a tensor or memref.
mlir::Type getRowType(mlir::Type type);
/// The tensor that stands for a shared operand in a body.
mlir::Type getSharedArgType(mlir::Type type);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_BINDINGS_H
