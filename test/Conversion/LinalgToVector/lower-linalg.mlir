// RUN: ravel-opt %s --rnn-lower-linalg --canonicalize | FileCheck %s
// RUN: ravel-opt %s --rnn-lower-linalg="rows=3 vectors=4 first-cache=4096 second-cache=8192" | FileCheck %s --check-prefix=SMALL

// SMALL-LABEL: func.func @contract
// SMALL:         {rnn.contract = {cached = array<i64: 2, 1>, depth = 24 : i64, tile = array<i64: 3, 4>}}

// Both sides are copied, the left rows in groups of the tile's, and multiplied
// in tiles whose sums stay in registers over a block of rows. The first block
// starts from zeros, so nothing is left of the fill.

// CHECK-LABEL: func.func @contract
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x6xf32>, %[[G:[^:]*]]: memref<?x32xf32>, %[[W:[^:]*]]: memref<6x32xf32>
// CHECK-DAG:     %[[SUMS:.*]] = memref.alloc() {{.*}} : memref<2x1x96xf32>
// CHECK-DAG:     %[[LEFT:.*]] = memref.alloc() {{.*}} : memref<1x1736xf32>
// CHECK-DAG:     %[[RIGHT:.*]] = memref.alloc() {{.*}} : memref<2x288x16xf32>
// CHECK-NOT:     vector.store {{.*}} %[[W]]
// CHECK:         %[[ROW:.*]] = vector.maskedload %[[X]]
// CHECK:         vector.store %[[ROW]], %[[LEFT]]
// CHECK:         %[[COLUMNS:.*]] = vector.load %[[G]]
// CHECK:         vector.store %[[COLUMNS]], %[[RIGHT]]
// CHECK:         memref.prefetch %[[G]]
// CHECK:         scf.if {{.*}} -> (vector<8xf32>
// CHECK:         scf.for {{.*}} iter_args
// CHECK-COUNT-12:    vector.fma
// CHECK-NOT:         vector.fma
// CHECK:             scf.yield
// CHECK:         vector.store {{.*}}, %[[SUMS]]
// CHECK:         %[[DONE:.*]] = vector.load %[[SUMS]]
// CHECK:         vector.store %[[DONE]], %[[W]]
// CHECK:         {rnn.contract = {cached = array<i64: 1, 2>, depth = 288 : i64, tile = array<i64: 6, 2>}}
#lhs = affine_map<(i, j, r) -> (r, i)>
#rhs = affine_map<(i, j, r) -> (r, j)>
#out = affine_map<(i, j, r) -> (i, j)>
func.func @contract(%x: memref<?x6xf32>, %g: memref<?x32xf32>, %w: memref<6x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%w : memref<6x32xf32>)
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g : memref<?x6xf32>, memref<?x32xf32>) outs(%w : memref<6x32xf32>)
  return
}

// What is there is added to.
// CHECK-LABEL: func.func @contract_more
// CHECK-SAME:    %[[W:[^:]*]]: memref<6x32xf32>
// CHECK:         %[[BEFORE:.*]] = vector.load %[[W]]
// CHECK:         %[[AFTER:.*]] = arith.addf %[[BEFORE]]
// CHECK:         vector.store %[[AFTER]], %[[W]]
func.func @contract_more(%x: memref<?x6xf32>, %g: memref<?x32xf32>, %w: memref<6x32xf32>) {
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g : memref<?x6xf32>, memref<?x32xf32>) outs(%w : memref<6x32xf32>)
  return
}

// Products of the same right rows are one: the rows are copied once, and their
// total is added up on the way.
// CHECK-LABEL: func.func @group
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x6xf32>, %[[H:[^:]*]]: memref<?x9xf32>, %[[G:[^:]*]]: memref<?x32xf32>
// CHECK-DAG:     %[[TOTAL:.*]] = memref.alloc() {{.*}} : memref<32xf32>
// CHECK:         vector.maskedload %[[X]]
// CHECK:         vector.load %[[H]]
// CHECK-COUNT-4: vector.load %[[G]]
// CHECK-NOT:     vector.load %[[G]]
// CHECK-COUNT-1: rnn.contract =
// CHECK-NOT:     rnn.contract =
func.func @group(%x: memref<?x6xf32>, %h: memref<?x9xf32>, %g: memref<?x32xf32>, %t: memref<32xf32>,
                 %u0: memref<6x20xf32>, %u1: memref<6x12xf32>, %v0: memref<9x20xf32>, %v1: memref<9x12xf32>) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %g, %c0 : memref<?x32xf32>
  %g0 = memref.subview %g[0, 0] [%n, 20] [1, 1] : memref<?x32xf32> to memref<?x20xf32, strided<[32, 1]>>
  %g1 = memref.subview %g[0, 20] [%n, 12] [1, 1] : memref<?x32xf32> to memref<?x12xf32, strided<[32, 1], offset: 20>>
  linalg.reduce { arith.addf } ins(%g : memref<?x32xf32>) outs(%t : memref<32xf32>) dimensions = [0]
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g1 : memref<?x6xf32>, memref<?x12xf32, strided<[32, 1], offset: 20>>) outs(%u1 : memref<6x12xf32>)
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g0 : memref<?x6xf32>, memref<?x20xf32, strided<[32, 1]>>) outs(%u0 : memref<6x20xf32>)
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%h, %g1 : memref<?x9xf32>, memref<?x12xf32, strided<[32, 1], offset: 20>>) outs(%v1 : memref<9x12xf32>)
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%h, %g0 : memref<?x9xf32>, memref<?x20xf32, strided<[32, 1]>>) outs(%v0 : memref<9x20xf32>)
  return
}

// Products stay apart where something between them reads what they write.
// CHECK-LABEL: func.func @no_group
// CHECK-COUNT-2: rnn.contract =
func.func @no_group(%x: memref<?x6xf32>, %h: memref<?x9xf32>, %g: memref<?x32xf32>, %u: memref<6x32xf32>, %v: memref<9x32xf32>, %y: memref<6x32xf32>) {
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g : memref<?x6xf32>, memref<?x32xf32>) outs(%u : memref<6x32xf32>)
  memref.copy %u, %y : memref<6x32xf32> to memref<6x32xf32>
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%h, %g : memref<?x9xf32>, memref<?x32xf32>) outs(%v : memref<9x32xf32>)
  return
}

// A column is computed as a row.
// CHECK-LABEL: func.func @column
// CHECK:         memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [1, 64], strides: [64, 1]
// CHECK:         tile = array<i64: 1, 8>
func.func @column(%x: memref<?x64xf32>, %g: memref<?x1xf32>, %w: memref<64x1xf32>) {
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g : memref<?x64xf32>, memref<?x1xf32>) outs(%w : memref<64x1xf32>)
  return
}

// Rows are added in order, a few at a time.
// CHECK-LABEL: func.func @reduce
// CHECK:         scf.for
// CHECK-COUNT-8:   arith.addf {{.*}} : vector<8xf32>
// CHECK-NOT:       arith.addf
// CHECK:         scf.for
// CHECK:           arith.addf {{.*}} : vector<8xf32>
func.func @reduce(%g: memref<?x8xf32>, %b: memref<8xf32>) {
  linalg.reduce { arith.addf } ins(%g : memref<?x8xf32>) outs(%b : memref<8xf32>) dimensions = [0]
  return
}

// CHECK-LABEL: func.func @fill_and_copy
// CHECK:         vector.store
// CHECK:         vector.load
// CHECK-NOT:     memref.copy
func.func @fill_and_copy(%v: f32, %a: memref<?x8xf32>, %b: memref<?x8xf32>) {
  linalg.fill ins(%v : f32) outs(%a : memref<?x8xf32>)
  memref.copy %a, %b : memref<?x8xf32> to memref<?x8xf32>
  memref.copy %b, %b : memref<?x8xf32> to memref<?x8xf32>
  return
}

// CHECK-LABEL: func.func @add
// CHECK:         arith.addf {{.*}} : vector<8xf32>
// CHECK-NOT:     linalg.add
func.func @add(%a: memref<8xf32>, %b: memref<8xf32>) {
  linalg.add ins(%a, %b : memref<8xf32>, memref<8xf32>) outs(%a : memref<8xf32>)
  return
}

// In a parallel region each thread computes some columns of what is marked.
// CHECK-LABEL: func.func @distributed
// CHECK:         memref.alloc() {{.*}} : memref<2x1x96xf32>
// CHECK:         omp.parallel
// CHECK:           %[[ID:.*]] = llvm.call @omp_get_thread_num
// CHECK:           %[[THREADS:.*]] = llvm.call @omp_get_num_threads
// CHECK:           arith.divui
// CHECK:           rnn.contract =
llvm.func @omp_get_thread_num() -> i32
llvm.func @omp_get_num_threads() -> i32
func.func @distributed(%x: memref<?x6xf32>, %g: memref<?x32xf32>, %w: memref<6x32xf32>) {
  omp.parallel {
    %id = llvm.call @omp_get_thread_num() : () -> i32
    %threads = llvm.call @omp_get_num_threads() : () -> i32
    linalg.contract indexing_maps = [#lhs, #rhs, #out] {rnn.distributed}
        ins(%x, %g : memref<?x6xf32>, memref<?x32xf32>) outs(%w : memref<6x32xf32>)
    omp.terminator
  }
  return
}
