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

//===----------------------------------------------------------------------===//
// Decompose
//===----------------------------------------------------------------------===//

def Decompose : Pass<"rnn-decompose"> {
  let summary = "write functions of vectors in kernels as elementwise arithmetic";
  let description = [{
    In the bodies of `rnn.rows`: softmax, log_sum_exp, sigmoid, relu and
    softplus become arithmetic and reductions; padding and writing into a vector
    become concatenations.

    ```mlir
    %y = rnn.sigmoid %x : tensor<8xf32>
    ```
    becomes
    ```mlir
    %one = arith.constant dense<1.0> : tensor<8xf32>
    %n = arith.negf %x : tensor<8xf32>
    %e = math.exp %n : tensor<8xf32>
    %d = arith.addf %one, %e : tensor<8xf32>
    %y = arith.divf %one, %d : tensor<8xf32>
    ```
  }];
  let dependentDialects = ["::ravel::rnn::RNNDialect"];
}

//===----------------------------------------------------------------------===//
// ExpandMath
//===----------------------------------------------------------------------===//

def ExpandMath : Pass<"rnn-expand-math"> {
  let summary = "write functions of math as polynomials";
  let description = [{
    For numbers and vectors of f32 and f64: exp, exp2, expm1, tanh, sinh, cosh,
    log, log2, log10, log1p, powf, sin, cos, tan and rsqrt. For f32 also erf,
    erfc, atan, atan2, asin, acos and cbrt. What is one instruction stays.
    Nothing that is expanded calls a library.

    ```mlir
    %y = math.tanh %x : vector<8xf32>
    ```
    becomes about 25 multiplications and additions and one division.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// RNNToLinalg
//===----------------------------------------------------------------------===//

def ConvertRNNToLinalg : Pass<"convert-rnn-to-linalg"> {
  let summary = "write sums over all rows of a batch as linalg";
  let description = [{
    `rnn.contract`, `rnn.total` and `rnn.scatter` of batched tensors become
    `linalg.contract`, `linalg.reduce` and a loop over the rows.

    ```mlir
    %y = rnn.contract %x, %g : tensor<?x8xf32>, tensor<?x16xf32> -> tensor<8x16xf32>
    ```
    becomes
    ```mlir
    %e = tensor.empty() : tensor<8x16xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
    %y = linalg.contract indexing_maps = [
             affine_map<(i, j, r) -> (r, i)>, affine_map<(i, j, r) -> (r, j)>,
             affine_map<(i, j, r) -> (i, j)>]
         ins(%x, %g : tensor<?x8xf32>, tensor<?x16xf32>)
         outs(%z : tensor<8x16xf32>) -> tensor<8x16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// LinalgToVector
//===----------------------------------------------------------------------===//

def LowerLinalg : Pass<"rnn-lower-linalg"> {
  let summary = "write contractions, sums, fills and copies as loops with vectors";
  let description = [{
    On memrefs of f32 or f64 whose last dimension is static and contiguous:
    `linalg.contract` of rows (as `convert-rnn-to-linalg` writes it), a sum by
    `linalg.reduce` over rows, `linalg.fill` and `memref.copy`. What it leaves
    is for `convert-linalg-to-loops`.

    ```mlir
    linalg.fill ins(%v : f32) outs(%m : memref<?x8xf32>)
    ```
    becomes
    ```mlir
    %vector = vector.broadcast %v : f32 to vector<8xf32>
    scf.for %i = %c0 to %rows step %c1 {
      vector.store %vector, %m[%i, %c0] : memref<?x8xf32>, vector<8xf32>
    }
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "256",
           "Bits of a vector register">,
    Option<"numRegisters", "num-registers", "int64_t", "16",
           "Vector registers of the target">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// VerifyCodegen
//===----------------------------------------------------------------------===//

def VerifyCodegen : Pass<"rnn-verify-codegen"> {
  let summary = "fail where code can't be fast";
  let description = [{
    Constraints, on loops and vectors:
    * G1: no function on a vector is left that would be computed one component
      at a time.
    * G2: nothing is allocated in a loop with the attribute `rnn.time`.
    * G3: no threads start in a loop with the attribute `rnn.time`.

    ```mlir
    scf.for %t = %c0 to %n step %c1 {
      %a = memref.alloc() : memref<8xf32>   // error: G2
    } {rnn.time}
    ```
  }];
}

#endif // RAVEL_CONVERSION_PASSES_TD
