//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
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
    semantics and stays as it is. A function with as many arguments marked as
    destinations (`rnn.role` is "output") as results returns nothing after it.

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
// PackWeights
//===----------------------------------------------------------------------===//

def PackWeights : Pass<"rnn-pack-weights"> {
  let summary = "copy weights into the order in which kernels read them";
  let description = [{
    Products that a kernel computes in one loop, of matrices that lie outside of
    it, become one `rnn.packed_linear` whose weights are packed at the start of
    the function. Small matrices stay as they are. With `weights=bf16` weights of
    kernels in loops over time, which read them at each step, are rounded to 16
    bits; they are multiplied in the type of the vector.

    ```mlir
    %y = rnn.rows ins(%xr = %x : …) shared(%Wr = %W : tensor<64x256xf32>) outs(…) {
      %p = rnn.linear %xr, %Wr : tensor<64xf32>, tensor<64x256xf32> -> tensor<256xf32>
      %a = tensor.extract_slice %p[0] [128] [1] : tensor<256xf32> to tensor<128xf32>
      %b = tensor.extract_slice %p[128] [128] [1] : tensor<256xf32> to tensor<128xf32>
      …
    ```
    becomes
    ```mlir
    %P = rnn.pack ins(%W, %W : …) [0, 128] columns 128 outs(…) -> tensor<16x64x2x8xf32>
    %y = rnn.rows ins(%xr = %x : …) shared(%Pr = %P : tensor<16x64x2x8xf32>) outs(…) {
      %p = rnn.packed_linear %xr, %Pr : tensor<64xf32>, tensor<16x64x2x8xf32> -> tensor<256xf32>
      …
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "256",
           "Bits of a vector register">,
    Option<"weights", "weights", "std::string", "\"\"",
           "Type that packed weights are stored in: bf16, or left out for the "
           "matrices' own">,
    Option<"transposedOnly", "transposed-only", "bool", "false",
           "Pack only what can't be read as vectors where it lies">,
  ];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::ravel::rnn::RNNDialect"
  ];
}

//===----------------------------------------------------------------------===//
// PrepareParameters
//===----------------------------------------------------------------------===//

def PrepareParameters : Pass<"rnn-prepare-parameters", "::mlir::ModuleOp"> {
  let summary = "compute what depends on parameters alone when they are loaded";
  let description = [{
    On batched functions that aren't gradients. Each gets a companion that
    computes from the parameters what the function otherwise would at each call,
    packed weights above all, and takes the results as further arguments.

    ```mlir
    func.func @f(%W: tensor<8x32xf32> {rnn.role = "parameter"}, …) {
      %P = rnn.pack ins(%W : …) … outs(%empty : tensor<4x8x1x8xf32>)
      "use"(%P)
    ```
    becomes
    ```mlir
    func.func @f.prepare(%W: tensor<8x32xf32>, %out: tensor<4x8x1x8xf32>) attributes {rnn.companion = @f} {
      %P = rnn.pack ins(%W : …) … outs(%out : tensor<4x8x1x8xf32>)
      return %P
    }
    func.func @f(%W: tensor<8x32xf32>, …, %P: tensor<4x8x1x8xf32> {rnn.role = "prepared"}) {
      "use"(%P)
    ```
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect"
  ];
}

//===----------------------------------------------------------------------===//
// RowsToVector
//===----------------------------------------------------------------------===//

def Schedule : Pass<"rnn-schedule"> {
  let summary = "choose how kernels are laid out on the target";
  let description = [{
    Gives each kernel a `schedule` by its products and the description of the
    target that the options are:

    * a block of rows and vectors has its sums in registers, with the fewest loads
      for a multiplication;
    * where the weights of a block of columns exceed the first cache, they are
      taken in parts of half of it, and all rows of a panel use a part before the
      next one is read;
    * a panel has so many rows that what they multiply with stays in the second
      cache.

    A kernel that has a schedule keeps it.

    ```mlir
    rnn.rows ins(%a = %x : memref<?x512xf32>) shared(%Wr = %W : memref<512x64xf32>)
        outs(%y : memref<?x64xf32>) {…}
    ```
    becomes
    ```mlir
    rnn.rows ins(%a = %x : memref<?x512xf32>) shared(%Wr = %W : memref<512x64xf32>)
        outs(%y : memref<?x64xf32>)
        attributes {schedule = #rnn.schedule<lanes = 8, panel = 96, stages = [
            <block = [3, 4], row = 8, depths = [128]>]>} {…}
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "256",
           "Bits of a vector register">,
    Option<"numRegisters", "num-registers", "int64_t", "16",
           "Vector registers of the target">,
    Option<"firstCache", "first-cache", "int64_t", "32768",
           "Bytes of a core's first data cache">,
    Option<"secondCache", "second-cache", "int64_t", "524288",
           "Bytes of a core's second cache">,
    Option<"rows", "rows", "int64_t", "0",
           "Rows in a block; 0 chooses by the registers">,
    Option<"vectors", "vectors", "int64_t", "0",
           "Vectors of each row in a block; 0 chooses by the registers">,
    Option<"depth", "depth", "int64_t", "0",
           "Components of a product in a part; 0 chooses by the first cache">,
    Option<"panelRows", "panel-rows", "int64_t", "0",
           "Rows in a panel; 0 chooses by the second cache">,
  ];
}
def LowerRows : Pass<"rnn-lower-rows"> {
  let summary = "write kernels on memrefs as loops with vectors in registers";
  let description = [{
    Blocks of rows and of vectors are kept in registers; products of a row and
    shared matrices are accumulated there and everything that is made of them is
    computed before anything is written. How many is said by the kernel's
    schedule.

    Needs kernels on memrefs whose last dimension is static and has unit stride,
    and `rnn-decompose` and `rnn-schedule` before.

    ```mlir
    rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
        attributes {schedule = #rnn.schedule<lanes = 8, panel = 1, …>} {
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
    }
    ```
  }];
  let options = [
    Option<"compact", "compact", "bool", "false",
           "Write less code: rows that fill no block are done one by one, and "
           "not in smaller blocks">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// ChainsToVector
//===----------------------------------------------------------------------===//

def LowerChains : Pass<"rnn-lower-chains", "::mlir::ModuleOp"> {
  let summary = "write recurrences of single columns as loops with states in registers";
  let description = [{
    Threads share the examples of a `rnn.chains`, by their length, or its
    columns; none waits for another. A tile of time is computed for a block of
    columns of an example, with the states in registers, before the next block.

    Where states are linear and so narrow that one chain would keep a processor
    waiting, the time of long examples is split into parts that are computed at
    once: their linear maps first, then the states before each, then the parts.
    How it is split depends on the example's length alone.

    Needs kernels on memrefs whose last dimension is static and has unit stride,
    and `rnn-decompose` before.

    ```mlir
    rnn.chains over(%offsets : memref<?xindex>) ins(%xr = %x : memref<?x8xf32>)
        outs(%y : memref<?x8xf32>) state(%sr = %s : memref<?x8xf32>) {
      %0 = arith.addf %sr, %xr : tensor<8xf32>
      rnn.yield %0 state(%0) : tensor<8xf32>, tensor<8xf32>
    }
    ```
    becomes
    ```mlir
    scf.for %tile = … {
      scf.for %e = %first to %living step %c1 {
        %s0 = vector.load %s[%e, %c0] : memref<?x8xf32>, vector<8xf32>
        %s1 = scf.for %t = … iter_args(%st = %s0) -> (vector<8xf32>) {
          %offset = memref.load %offsets[%t] : memref<?xindex>
          %r = arith.addi %offset, %e : index
          %xt = vector.load %x[%r, %c0] : memref<?x8xf32>, vector<8xf32>
          %0 = arith.addf %st, %xt : vector<8xf32>
          vector.store %0, %y[%r, %c0] : memref<?x8xf32>, vector<8xf32>
          scf.yield %0 : vector<8xf32>
        }
        vector.store %s1, %s[%e, %c0] : memref<?x8xf32>, vector<8xf32>
      }
    } {rnn.time}
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "256",
           "Bits of a vector register">,
    Option<"numRegisters", "num-registers", "int64_t", "16",
           "Vector registers of the target">,
    Option<"timeTile", "time-tile", "int64_t", "0",
           "Instants of a block of columns that are computed in one go; 0 chooses "
           "by the size of an instant">,
    Option<"parallel", "parallel", "bool", "true",
           "Whether threads share the work">,
    Option<"minElements", "min-elements", "int64_t", "32768",
           "Fewest components of a sequence that are shared among threads">,
    Option<"chunk", "chunk", "int64_t", "1024",
           "Most instants of a part of a chain whose time is split; 0 splits none">,
    Option<"minInstants", "min-instants", "int64_t", "4096",
           "Fewest instants of an example whose time is split">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::omp::OpenMPDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// Decompose
//===----------------------------------------------------------------------===//

def Decompose : Pass<"rnn-decompose"> {
  let summary = "write functions of vectors in kernels as elementwise functions";
  let description = [{
    In the bodies of `rnn.rows`: softmax, log_sum_exp and relu become elementwise
    functions and reductions; padding and writing into a vector become
    concatenations; a constant of several values becomes a shared operand.

    ```mlir
    %y = rnn.log_sum_exp %x : tensor<8xf32>
    ```
    becomes
    ```mlir
    %m = rnn.max %x : tensor<8xf32>
    %b = rnn.broadcast %m : f32 -> tensor<8xf32>
    %d = arith.subf %x, %b : tensor<8xf32>
    %e = math.exp %d : tensor<8xf32>
    %s = rnn.sum %e : tensor<8xf32>
    %l = math.log %s : f32
    %y = arith.addf %m, %l : f32
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
    Puts each loop over time into one parallel region, and each kernel outside
    of such loops into one of its own. Threads take rows of every step, and never
    wait for each other; or, where one step does enough work and rows are few or
    weights many, columns of every step, and wait after each stage of a kernel.
    That is decided when the loop begins.

    Sums over all rows (the gradients of parameters) that follow each other run
    in one region, each marked `rnn.distributed`: threads share the columns, and
    every sum is added by one thread in order of the rows.

    ```mlir
    scf.for %t = %c0 to %n step %c1 {
      rnn.rows ins(…) outs(…) {…}
    } {rnn.time}
    ```
    becomes
    ```mlir
    %byColumns = …
    omp.parallel if(%many) {
      %id = … omp_get_thread_num
      %threads = … omp_get_num_threads
      %r = arith.select %byColumns, %c0, %id
      …
      scf.for %t = %c0 to %n step %c1 {
        rnn.rows ins(…) outs(…) distribute(%r, %rs) columns(%c, %cs) {…}
      } {rnn.time}
      omp.terminator
    }
    ```
  }];
  let options = [
    Option<"minRows", "min-rows", "int64_t", "8",
           "Fewest rows that are shared among threads">,
    Option<"minRegionWork", "min-region-work", "int64_t", "200000",
           "Fewest operations of a loop or kernel whose rows are shared: threads "
           "take some time to start">,
    Option<"minWork", "min-work", "int64_t", "200000",
           "Fewest operations in a stage of one step whose columns are shared: "
           "a thread's share must outweigh the wait">,
    Option<"rowWeights", "row-weights", "int64_t", "262144",
           "Bytes of weights up to which rows are shared where there are enough: "
           "each thread reads all of them">,
  ];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::omp::OpenMPDialect"
  ];
}

//===----------------------------------------------------------------------===//
// DoubleBuffer
//===----------------------------------------------------------------------===//

def FixBatch : Pass<"rnn-fix-batch", "::mlir::func::FuncOp"> {
  let summary = "Make the number of examples constant where it is known";
  let description = [{
    Level 4. In a function that says `rnn.batch_size`, the argument that tells the
    number of examples becomes that constant, and what belongs to an example has
    as many rows. One row at a time is what a stream's step works on: its loops
    over rows fold away. A step also gets the number of the instant as its last
    argument: kernels read weights forwards and backwards in turn, so that each
    step finds in the cache what the one before has read last.

    ```mlir
    func.func @f.step(%offsets: memref<?xindex> {…}, %batch: index {rnn.role = "batch"}, %x: memref<?x8xf32> {rnn.layout = "example", …}) attributes {rnn.batch_size = 1 : i64}
    // becomes
    func.func @f.step(%offsets: memref<?xindex> {…}, %batch: index {rnn.role = "batch"}, %x: memref<1x8xf32> {rnn.layout = "example", …}) attributes {rnn.batch_size = 1 : i64}
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def DoubleBuffer : Pass<"rnn-double-buffer"> {
  let summary = "let a step read states from one buffer and write another";
  let description = [{
    In loops over time, for states that a kernel reads as a whole while it
    writes them.

    ```mlir
    scf.for %t = %c0 to %n step %c1 {
      rnn.rows ins(%a = %h : …) outs(%h : …) {…}
    } {rnn.time}
    ```
    becomes
    ```mlir
    scf.for %t = %c0 to %n step %c1 {
      %even = … %t
      %before = arith.select %even, %h0, %h1
      %after = arith.select %even, %h1, %h0
      rnn.rows ins(%a = %before : …) outs(%after : …) attributes {disjoint = array<i64: 0>} {…}
    } {rnn.time}
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
}

//===----------------------------------------------------------------------===//
// UnrollTime
//===----------------------------------------------------------------------===//

def UnrollTime : Pass<"rnn-unroll-time", "::mlir::ModuleOp"> {
  let summary = "unroll loops over time by a constant factor";
  let description = [{
    The steps that remain run in a loop of their own.

    ```mlir
    scf.for %t = %c0 to %n step %c1 {
      "step"(%t) : (index) -> ()
    } {rnn.time}
    // -rnn-unroll-time=factor=2
    scf.for %t = %c0 to %even step %c2 {
      "step"(%t) : (index) -> ()
      %u = arith.addi %t, %c1 : index
      "step"(%u) : (index) -> ()
    } {rnn.time}
    scf.for %t = %even to %n step %c1 {
      "step"(%t) : (index) -> ()
    } {rnn.time}
    ```
  }];
  let options = [
    Option<"factor", "factor", "int64_t", "1", "Steps in one turn of the loop">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

//===----------------------------------------------------------------------===//
// EmitEntryPoints
//===----------------------------------------------------------------------===//

def EmitEntryPoints : Pass<"rnn-emit-entry-points", "::mlir::ModuleOp"> {
  let summary = "give each function an entry that takes an array of pointers";
  let description = [{
    For each function with a C interface `_mlir_ciface_NAME` defines
    `ravel_NAME`, whose argument points to an array of pointers to the
    arguments: descriptors of memrefs, and numbers. All else becomes internal.

    ```mlir
    llvm.func @_mlir_ciface_f(%arg0: !llvm.ptr, %arg1: i64) {…}
    // adds
    llvm.func @ravel_f(%args: !llvm.ptr) {
      %0 = llvm.load %args : !llvm.ptr -> !llvm.ptr
      %1 = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
      %2 = llvm.load %1 : !llvm.ptr -> !llvm.ptr
      %3 = llvm.load %2 : !llvm.ptr -> i64
      llvm.call @_mlir_ciface_f(%0, %3) : (!llvm.ptr, i64) -> ()
      llvm.return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

//===----------------------------------------------------------------------===//
// ExpandMath
//===----------------------------------------------------------------------===//

def ExpandMath : Pass<"rnn-expand-math"> {
  let summary = "write functions of math and activations as arithmetic";
  let description = [{
    For numbers and vectors of f32 and f64: exp, exp2, expm1, tanh, sinh, cosh,
    log, log2, log10, log1p, powf, sin, cos, tan and rsqrt; for vectors also
    `rnn.sigmoid`, `rnn.softplus` and `rnn.gelu`. By MLIR's own expansions, for
    f32 also erf, erfc, atan, atan2, asin, acos and cbrt. What is one instruction
    stays. Nothing that is expanded calls a library.

    ```mlir
    %y = rnn.sigmoid %x : vector<8xf32>
    ```
    becomes 13 ops that are one instruction each, and a division:
    ```mlir
    %a = arith.maximumf %x, %low : vector<8xf32>
    %b = arith.minimumf %a, %high : vector<8xf32>
    …
    %y = arith.divf %d, %e : vector<8xf32>
    ```

    The largest errors in units in the last place of the result, in f32 of every
    input, elsewhere of samples of all sizes:

    | | f32 | f64 |
    |---|---|---|
    | tanh | 2 (measured: 1.97) | 2.5 |
    | sigmoid, exp | 2 (1.85, 1.74) | 2 |
    | softplus, gelu | 3, of a sample | 3 |
    | exp2, expm1 | 2, of a sample | 2 |
    | log, log1p | 1, of a sample | 1 |
    | erf | 5, of a sample | 1 |

    A NaN gives a NaN. Infinite inputs give the limits: tanh -1 and 1, never
    beyond; sigmoid 0 and 1; exp, softplus and gelu 0 and infinity. Results of
    exp and softplus that are subnormal numbers are right to an ulp, which for
    these is the distance between subnormal numbers. Those of sigmoid and gelu may
    be 0: sigmoid is below -87.7 in f32, -708.8 in f64. Results of gelu below 256
    times the smallest normal number are right to within one of these.
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
    `linalg.contract`, `linalg.reduce` and a loop over the rows; arithmetic on
    whole parameters, outside of kernels, becomes `linalg.generic`.

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

def LowerAttention : Pass<"rnn-lower-attention"> {
  let summary = "write kernels that read memories as loops with vectors";
  let description = [{
    A `rnn.attend_rows` on memrefs whose last dimension is contiguous becomes a
    loop over rows, in it one over the elements of the memory of the row's
    example, and vectors of columns.

    Threads deal rows as in `rnn-lower-rows`, which therefore runs before; they
    share the columns of sums over rows (`accumulate`).

    ```mlir
    rnn.attend_rows recall ins(%a : memref<?x?xf32>) memory(%m : memref<?x8xf32>)
        of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%y : memref<?x8xf32>)
    ```
    becomes
    ```mlir
    scf.for %r = %c0 to %rows step %c1 {
      %e = memref.load %sources[%r] : memref<?xindex>
      %begin = memref.load %starts[%e] : memref<?xindex>
      …
      %sum = scf.for %i = %c0 to %count step %c1 iter_args(%s = %zero) -> (vector<8xf32>) {
        %ai = memref.load %a[%r, %i] : memref<?x?xf32>
        %av = vector.broadcast %ai : f32 to vector<8xf32>
        %row = arith.addi %begin, %i : index
        %mi = vector.load %m[%row, %c0] : memref<?x8xf32>, vector<8xf32>
        %next = vector.fma %av, %mi, %s : vector<8xf32>
        scf.yield %next : vector<8xf32>
      }
      vector.store %sum, %y[%r, %c0] : memref<?x8xf32>, vector<8xf32>
    }
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "256",
           "Bits of a vector register">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::omp::OpenMPDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def LowerLinalg : Pass<"rnn-lower-linalg"> {
  let summary = "write contractions, sums, fills and copies as loops with vectors";
  let description = [{
    On memrefs of f32 or f64 whose last dimension is static and contiguous:
    `linalg.contract` of rows (as `convert-rnn-to-linalg` writes it), a sum by
    `linalg.reduce` over rows, `linalg.fill`, `linalg.add` and `memref.copy`.
    What it leaves is for `convert-linalg-to-loops`.

    Contractions of several rows with adjacent columns of others are computed
    together: both sides are copied in blocks that fit the caches, each once for
    all. The loop over blocks has an attribute `rnn.contract` with the tile of
    accumulators, [rows, vectors], the rows in a block (`depth`), and how many
    tiles of the left rows and panels of the right rows are used while they are
    in the second cache (`cached`).

    Of ops marked `rnn.distributed`, as `rnn-parallelize` does, each thread
    computes some columns.

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
    Option<"firstCache", "first-cache", "int64_t", "32768",
           "Bytes of a core's first data cache">,
    Option<"secondCache", "second-cache", "int64_t", "524288",
           "Bytes of a core's second cache">,
    Option<"rows", "rows", "int64_t", "0",
           "Rows in a tile of a contraction; 0 chooses by the registers">,
    Option<"vectors", "vectors", "int64_t", "0",
           "Vectors of each row in a tile; 0 chooses by the registers">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// PlanMemory
//===----------------------------------------------------------------------===//

def PlanMemory : Pass<"rnn-plan-memory", "::mlir::ModuleOp"> {
  let summary = "give buffers their places in a workspace that the caller keeps";
  let description = [{
    Each function with buffers gets one more argument, the workspace, and a
    companion that tells how many bytes it must have for given arguments. The
    workspace is aligned to 64 bytes and may hold anything. Buffers that are
    never in use at once share a place. Allocations whose sizes can't be told
    from the arguments stay.

    ```mlir
    func.func @f(%batch: index) {
      %a = memref.alloc(%batch) : memref<?x8xf32>
      …
      memref.dealloc %a : memref<?x8xf32>
    }
    ```
    becomes
    ```mlir
    func.func @f.workspace(%batch: index, %bytes: memref<1xindex>) attributes {rnn.companion = @f}
    func.func @f(%batch: index, %workspace: memref<?xi8> {rnn.role = "workspace"}) {
      %a = memref.view %workspace[%c0][%batch] : memref<?xi8> to memref<?x8xf32>
      …
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"
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
