// RUN: ravel-opt %s --rnn-lower-rows --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @tail_is_masked(
// CHECK-DAG:     %[[MASK:.*]] = arith.constant dense<[true, true, true, false, false, false, false, false]> : vector<8xi1>
// CHECK:         scf.for
// CHECK:           vector.load {{.*}} vector<8xf32>
// CHECK:           vector.maskedload {{.*}}, %[[MASK]]
// CHECK:           vector.store
// CHECK:           vector.maskedstore {{.*}}, %[[MASK]]
// CHECK:         rnn.rows = {lanes = 8 : i64, tiles = []}
func.func @tail_is_masked(%x: memref<?x11xf32>, %y: memref<?x11xf32>) {
  rnn.rows ins(%a = %x : memref<?x11xf32>) outs(%y : memref<?x11xf32>) {
    %b = arith.mulf %a, %a : tensor<11xf32>
    rnn.yield %b : tensor<11xf32>
  }
  return
}

// Two slices of a product are two vectors accumulated in one loop over k, of six
// rows: twelve accumulators. Their product needs no memory.

// CHECK-LABEL: func.func @slices_share_a_loop(
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK-COUNT-12:  vector.fma
// CHECK-NOT:       vector.fma
// CHECK:           scf.yield
// CHECK-NOT:     memref.alloc
// CHECK:         tiles = [array<i64: 6, 1>]
func.func @slices_share_a_loop(%x: memref<?x4xf32>, %W: memref<4x16xf32>, %y: memref<?x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x4xf32>) shared(%w = %W : memref<4x16xf32>) outs(%y : memref<?x8xf32>) {
    %p = rnn.linear %a, %w : tensor<4xf32>, tensor<4x16xf32> -> tensor<16xf32>
    %l = tensor.extract_slice %p[0] [8] [1] : tensor<16xf32> to tensor<8xf32>
    %r = tensor.extract_slice %p[8] [8] [1] : tensor<16xf32> to tensor<8xf32>
    %m = arith.mulf %l, %r : tensor<8xf32>
    rnn.yield %m : tensor<8xf32>
  }
  return
}

// All columns of the row are read until the last of the new ones is known, so
// they wait in scratch memory.

// CHECK-LABEL: func.func @product_in_place(
// CHECK-SAME:    %[[H:[^:]*]]: memref<?x8xf32>
// CHECK:         %[[SCRATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<48x8xf32>
// CHECK:         vector.store %{{.*}}, %[[SCRATCH]]
// CHECK:         %[[NEW:.*]] = vector.load %[[SCRATCH]]
// CHECK:         vector.store %[[NEW]], %[[H]]
func.func @product_in_place(%h: memref<?x8xf32>, %W: memref<8x8xf32>) {
  rnn.rows ins(%a = %h : memref<?x8xf32>) shared(%w = %W : memref<8x8xf32>) outs(%h : memref<?x8xf32>) {
    %p = rnn.linear %a, %w : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
    rnn.yield %p : tensor<8xf32>
  }
  return
}

// CHECK-LABEL: func.func @elementwise_in_place(
// CHECK-NOT:     memref.alloc
func.func @elementwise_in_place(%h: memref<?x8xf32>) {
  rnn.rows ins(%a = %h : memref<?x8xf32>) outs(%h : memref<?x8xf32>) {
    %b = arith.addf %a, %a : tensor<8xf32>
    rnn.yield %b : tensor<8xf32>
  }
  return
}

// The weights of a large product are copied once, before the loop that reads
// them again and again.

// CHECK-LABEL: func.func @weights_are_packed_once(
// CHECK:         %[[PACKED:.*]] = memref.alloc() {{.*}} : memref<8x64x1x8xf32>
// CHECK:         scf.for
// CHECK:         vector.store {{.*}}, %[[PACKED]]
// CHECK:         scf.for
// CHECK-NOT:       memref.alloc
// CHECK:           vector.load %[[PACKED]]
// CHECK:         {rnn.time}
// CHECK-NEXT:    memref.dealloc %[[PACKED]]
func.func @weights_are_packed_once(%h: memref<?x64xf32>, %W: memref<64x64xf32>, %steps: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %steps step %c1 {
    rnn.rows ins(%a = %h : memref<?x64xf32>) shared(%w = %W : memref<64x64xf32>) outs(%h : memref<?x64xf32>) {
      %p = rnn.linear %a, %w : tensor<64xf32>, tensor<64x64xf32> -> tensor<64xf32>
      rnn.yield %p : tensor<64xf32>
    }
  } {rnn.time}
  return
}

// Groups of six rows are dealt to threads in turn.

// CHECK-LABEL: func.func @rows_are_dealt(
// CHECK-SAME:    %{{.*}}: memref<?x8xf32>, %[[ID:.*]]: index, %[[N:.*]]: index
// CHECK-DAG:     %[[SIX:.*]] = arith.constant 6 : index
// CHECK:         scf.for %[[LOCAL:.*]] =
// CHECK:           %[[GROUP:.*]] = arith.divui %[[LOCAL]], %[[SIX]]
// CHECK:           %[[INNER:.*]] = arith.remui %[[LOCAL]], %[[SIX]]
// CHECK:           %[[ROUND:.*]] = arith.muli %[[GROUP]], %[[N]]
// CHECK:           %[[DEALT:.*]] = arith.addi %[[ROUND]], %[[ID]]
// CHECK:           %[[FIRST:.*]] = arith.muli %[[DEALT]], %[[SIX]]
// CHECK:           %[[ROW:.*]] = arith.addi %[[FIRST]], %[[INNER]]
// CHECK:           vector.load %{{.*}}[%[[ROW]],
func.func @rows_are_dealt(%x: memref<?x8xf32>, %id: index, %n: index) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) distribute(%id, %n) {
    %b = arith.addf %a, %a : tensor<8xf32>
    rnn.yield %b : tensor<8xf32>
  }
  return
}

// Threads share one copy of the weights, and have scratch memory of their own.

// CHECK-LABEL: func.func @packed_before_threads(
// CHECK:         memref.alloc() {{.*}} : memref<8x64x1x8xf32>
// CHECK:         omp.parallel
// CHECK-NEXT:      memref.alloca() {{.*}} : memref<48x64xf32>
func.func @packed_before_threads(%h: memref<?x64xf32>, %W: memref<64x64xf32>, %steps: index, %id: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  omp.parallel {
    scf.for %t = %c0 to %steps step %c1 {
      rnn.rows ins(%a = %h : memref<?x64xf32>) shared(%w = %W : memref<64x64xf32>) outs(%h : memref<?x64xf32>) distribute(%id, %n) {
        %p = rnn.linear %a, %w transpose : tensor<64xf32>, tensor<64x64xf32> -> tensor<64xf32>
        rnn.yield %p : tensor<64xf32>
      }
    } {rnn.time}
    omp.terminator
  }
  return
}
