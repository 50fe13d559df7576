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

/// Whether `type` has rows.
bool isRows(mlir::Type type);
/// The type of one row of a tensor or memref.
mlir::Type getRowType(mlir::Type type);
/// The tensor that stands for a shared operand in a body.
mlir::Type getSharedArgType(mlir::Type type);

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_IR_BINDINGS_H
