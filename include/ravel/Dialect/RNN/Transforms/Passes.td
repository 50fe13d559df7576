//===----------------------------------------------------------------------===//
// Part of the Ravel project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_TD
#define RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RNNDifferentiate : Pass<"rnn-differentiate", "::mlir::ModuleOp"> {
  let summary = "Build the gradient function of an objective";
  let description = [{
    Level 1 to level 2. An objective is a function over one example whose first
    result, a number, is the loss. Beside it the pass puts a function that takes
    the same arguments and then the example's weight in the batch (one over its
    size, or zero to leave the example out), and returns the same results and
    then the gradient of `weight * loss`:

    * for each parameter that is not frozen, summed over the batch and marked
      `rnn.gradient`; zero where the loss does not depend on it;
    * for each input named in `wrt`, for this example alone, marked
      `rnn.gradient_of`.

    A declaration of the gradient function, there for other functions to call
    it, becomes its definition.

    The gradient of a `rnn.scan` is a `rnn.scan` of the opposite direction. What
    its body needs of the forward body comes out of the forward scan as further
    sequences. A parameter's gradient is the `rnn.total` of what each instant of
    each example adds; where that is an outer product, nothing but the two
    sequences of factors is kept, and one `rnn.contract` multiplies them.

    ```mlir
    rnn.parameter @W init(#rnn.glorot) : tensor<2x3xf32>
    func.func @loss(%x: tensor<2xf32>, %W: tensor<2x3xf32> {rnn.parameter = @W}) -> f32 {
      %y = rnn.linear %x, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
      %l = rnn.sum %y : tensor<3xf32>
      return %l : f32
    }
    // -rnn-differentiate=function=loss adds
    func.func @loss_grad(%x: tensor<2xf32>, %W: tensor<2x3xf32> {rnn.parameter = @W}, %w: f32 {rnn.weight})
        -> (f32, tensor<2x3xf32> {rnn.gradient = @W, rnn.shared}) {
      %y = rnn.linear %x, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
      %l = rnn.sum %y : tensor<3xf32>
      %g = rnn.broadcast %w : f32 -> tensor<3xf32>
      %dW = rnn.contract %x, %g : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
      return %l, %dW : f32, tensor<2x3xf32>
    }
    ```
  }];
  let options = [
    Option<"function", "function", "std::string", "\"\"",
           "The objective; without it, every function marked `rnn.objective`">,
    Option<"resultName", "result-name", "std::string", "\"\"",
           "The gradient function's name; without it, the objective's and `_grad`">,
    ListOption<"wrt", "wrt", "std::string",
               "What to differentiate by: `parameters` (which is the default), "
               "names or numbers of arguments">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif // RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_TD
