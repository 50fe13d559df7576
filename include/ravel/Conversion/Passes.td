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
// Parallelize
//===----------------------------------------------------------------------===//

def Parallelize : Pass<"rnn-parallelize", "::mlir::ModuleOp"> {
  let summary = "share the rows of kernels among threads";
  let description = [{
    Puts each loop over time into one parallel region in which each thread takes
    its rows of every step, and each kernel outside of such loops into one of
    its own. Threads never wait for each other inside a loop over time.

    ```mlir
    scf.for %t = %c0 to %n step %c1 {
      rnn.rows ins(…) outs(…) {…}
    } {rnn.time}
    ```
    becomes
    ```mlir
    omp.parallel if(%many) {
      %id = … omp_get_thread_num
      %threads = … omp_get_num_threads
      scf.for %t = %c0 to %n step %c1 {
        rnn.rows ins(…) outs(…) distribute(%id, %threads) {…}
      } {rnn.time}
      omp.terminator
    }
    ```
  }];
  let options = [
    Option<"minRows", "min-rows", "int64_t", "8",
           "Fewest rows that are shared among threads">,
  ];
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect",
    "::mlir::omp::OpenMPDialect"
  ];
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
