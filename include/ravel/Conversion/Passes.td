//===----------------------------------------------------------------------===//
// Part of the Ravel project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_CONVERSION_PASSES_TD
#define RAVEL_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Bufferize
//===----------------------------------------------------------------------===//

def BufferizeBatches : Pass<"rnn-bufferize", "::mlir::ModuleOp"> {
  let summary = "turn batches into memrefs, and leave the bodies of kernels alone";
  let description = [{
    One-Shot Bufferize over the module and its function boundaries, with
    identity layouts there. The body of a `rnn.rows` speaks about rows in value
    semantics and stays as it is.

    ```mlir
    %y = rnn.rows ins(%a = %x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {…}
    ```
    becomes
    ```mlir
    rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%e : memref<?x8xf32>) {…}
    ```
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"
  ];
}

//===----------------------------------------------------------------------===//
// RowsToVector
//===----------------------------------------------------------------------===//

def LowerRows : Pass<"rnn-lower-rows"> {
  let summary = "write kernels on memrefs as loops with vectors in registers";
  let description = [{
    Blocks of rows and of vectors are kept in registers; products of a row and
    shared matrices are accumulated there and everything that is made of them is
    computed before anything is written. The loop over rows has an attribute
    `rnn.rows` with the tiles, [rows, vectors] for each stage that has products.

    Needs kernels on memrefs whose last dimension is static and has unit stride,
    and `rnn-decompose` before.

    ```mlir
    rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
      %b = arith.mulf %a, %a : tensor<8xf32>
      rnn.yield %b : tensor<8xf32>
    }
    ```
    becomes
    ```mlir
    scf.for %r = %c0 to %rows step %c1 {
      %a = vector.load %x[%r, %c0] : memref<?x8xf32>, vector<8xf32>
      %b = arith.mulf %a, %a : vector<8xf32>
      vector.store %b, %y[%r, %c0] : memref<?x8xf32>, vector<8xf32>
    } {rnn.rows = {lanes = 8 : i64, tiles = []}}
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "256",
           "Bits of a vector register">,
    Option<"numRegisters", "num-registers", "int64_t", "16",
           "Vector registers of the target">,
    Option<"rows", "rows", "int64_t", "0",
           "Rows in a block; 0 chooses by the registers">,
    Option<"vectors", "vectors", "int64_t", "0",
           "Vectors of each row in a block; 0 chooses by the registers">,
    Option<"panelRows", "panel-rows", "int64_t", "48",
           "Rows that use a block of weights while it is in the cache">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // RAVEL_CONVERSION_PASSES_TD
