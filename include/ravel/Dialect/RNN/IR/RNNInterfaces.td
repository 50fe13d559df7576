//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNNINTERFACES_TD
#define RAVEL_DIALECT_RNN_IR_RNNINTERFACES_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def RNN_SizeInferenceOpInterface : OpInterface<"SizeInferenceOpInterface"> {
  let cppNamespace = "::ravel::rnn";
  let description = [{
    What an op knows about the sizes of its vectors. Sizes left open in a cell
    are solved by equating what the ops of its body say. Ops with the
    `Elementwise` trait need no implementation: all their sizes are equal.
  }];
  let methods = [
    InterfaceMethod<"Tells `solver` every equation between sizes.",
      "void", "inferSizes", (ins "::ravel::rnn::SizeSolver &":$solver)>,
  ];
}

def RNN_ExpandableOpInterface : OpInterface<"ExpandableOpInterface"> {
  let cppNamespace = "::ravel::rnn";
  let description = [{
    An op of the model that `rnn-instantiate` writes out in explicit ops. The
    op has concrete types and speaks about one instant: an op on sequences has
    been put into a `rnn.scan` before.
  }];
  let methods = [
    InterfaceMethod<"The values that replace the op's results.",
      "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "expand",
      (ins "::mlir::OpBuilder &":$builder,
           "::ravel::rnn::ExpansionContext &":$context)>,
  ];
}

def RNN_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::ravel::rnn";
  let description = [{
    The reverse-mode derivative of an op: given the gradients of its results,
    adds to the gradients of its operands. Ops without this interface that a
    gradient would have to pass are an error. Ops of other dialects are given
    models in `MathDerivatives.cpp`.
  }];
  let methods = [
    InterfaceMethod<"Builds the op's part of the backward pass.",
      "::llvm::LogicalResult", "buildAdjoint",
      (ins "::mlir::OpBuilder &":$builder,
           "::ravel::rnn::AdjointContext &":$context)>,
    InterfaceMethod<"Whether the derivative is zero wherever there is one.",
      "bool", "isPiecewiseConstant", (ins), "", "return false;">,
  ];
}

def RNN_BatchableOpInterface : OpInterface<"BatchableOpInterface"> {
  let cppNamespace = "::ravel::rnn";
  let description = [{
    How an op that speaks about time or about the whole batch is written for a
    batch of examples at once. Ops that speak about one example at one instant
    need no implementation: they go into the body of a `rnn.rows`.
  }];
  let methods = [
    InterfaceMethod<"Builds the batched form and maps the op's results.",
      "::llvm::LogicalResult", "batch",
      (ins "::mlir::OpBuilder &":$builder,
           "::ravel::rnn::BatchContext &":$context)>,
  ];
}

def RNN_ObjectiveOpInterface : OpInterface<"ObjectiveOpInterface"> {
  let cppNamespace = "::ravel::rnn";
  let description = [{
    How far a prediction is from what it should be.
  }];
  let methods = [
    InterfaceMethod<"What is judged.", "::mlir::Value", "getPrediction">,
    InterfaceMethod<"What it should be: a value, or a class index.",
                    "::mlir::Value", "getTarget">,
  ];
}

def RNN_InitializerAttrInterface : AttrInterface<"InitializerAttrInterface"> {
  let cppNamespace = "::ravel::rnn";
  let description = [{
    The distribution from which a parameter starts. A matrix is [inputs,
    outputs]; a vector has one row.
  }];
  let methods = [
    InterfaceMethod<[{
        Fills `values`, row by row, from a generator seeded by `seed`. An error
        says why a parameter of this shape can't have such values.
      }],
      "::llvm::Error", "fill",
      (ins "::llvm::ArrayRef<int64_t>":$shape, "uint64_t":$seed,
           "::llvm::MutableArrayRef<double>":$values)>,
    InterfaceMethod<[{
        Weights in each column of a matrix of this shape that need not be 0; none
        where they differ, or all need not be.
      }],
      "std::optional<int64_t>", "getDegree",
      (ins "::llvm::ArrayRef<int64_t>":$shape), /*methodBody=*/"",
      /*defaultImplementation=*/"return std::nullopt;">,
    InterfaceMethod<[{
        Fills `values`, [2, degree, outputs], with the sparse form
        (`rnn.sparse_linear`) of what `fill` gives for `shape`.
      }],
      "::llvm::Error", "fillSparse",
      (ins "::llvm::ArrayRef<int64_t>":$shape, "uint64_t":$seed,
           "::llvm::MutableArrayRef<double>":$values), /*methodBody=*/"",
      /*defaultImplementation=*/[{
        return ::llvm::createStringError("has no sparse form");
      }]>,
    InterfaceMethod<[{
        Fails, with a diagnostic, where what a use of a cell set is not what the
        initializer takes.
      }],
      "::llvm::LogicalResult", "verifySettings",
      (ins "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError),
      /*methodBody=*/"", /*defaultImplementation=*/"return ::llvm::success();">,
  ];
}

#endif // RAVEL_DIALECT_RNN_IR_RNNINTERFACES_TD
