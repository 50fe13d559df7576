//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_PRELUDE_PASSES_TD
#define RAVEL_PRELUDE_PASSES_TD

include "mlir/Pass/PassBase.td"

def RNNLinkPrelude : Pass<"rnn-link-prelude", "::mlir::ModuleOp"> {
  let summary = "Add the prelude's cells that a model uses and does not define";
  let description = [{
    A cell of the model's own stands before the prelude's of the same name.
    `optimizer` adds an optimizer of the prelude too.

    ```mlir
    func.func @run(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>> {
      %y = rnn.unroll @gru "a" (%x) : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>>
      return %y : !rnn.seq<tensor<3xf32>>
    }
    ```
    gets
    ```mlir
    rnn.cell @gru(%x) state(%h) { … }
    ```
  }];
  let options = [
    Option<"optimizer", "optimizer", "std::string", "\"\"",
           "Name of an optimizer to add">,
  ];
  let dependentDialects = ["::ravel::rnn::RNNDialect"];
}

#endif // RAVEL_PRELUDE_PASSES_TD
