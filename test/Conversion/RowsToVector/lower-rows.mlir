// RUN: ravel-opt %s -allow-unregistered-dialect --rnn-schedule --rnn-lower-rows --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @tail_is_masked(
// CHECK-DAG:     %[[MASK:.*]] = arith.constant dense<[true, true, true, false, false, false, false, false]> : vector<8xi1>
// CHECK:         scf.for
// CHECK:           vector.load {{.*}} vector<8xf32>
// CHECK:           vector.maskedload {{.*}}, %[[MASK]]
// CHECK:           vector.store
// CHECK:           vector.maskedstore {{.*}}, %[[MASK]]
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
// CHECK:         %[[SCRATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<96x8xf32>
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

// Packed weights are read as one stream, whole vectors throughout.

// CHECK-LABEL: func.func @packed(
// CHECK-SAME:    %{{.*}}: memref<?x4xf32>, %[[W:.*]]: memref<2x4x2x8xf32>
// CHECK-NOT:     vector.maskedload
// CHECK:         vector.load %[[W]][%[[ZERO:.*]], %[[K:.*]], %[[ZERO]], %[[ZERO]]]
// CHECK:         vector.load %[[W]][%[[ZERO]], %[[K]], %[[ONE:.*]], %[[ZERO]]]
// CHECK:         vector.fma
// CHECK:         vector.maskedstore
func.func @packed(%x: memref<?x4xf32>, %w: memref<2x4x2x8xf32>, %y: memref<?x12xf32>) {
  rnn.rows ins(%a = %x : memref<?x4xf32>) shared(%wr = %w : memref<2x4x2x8xf32>) outs(%y : memref<?x12xf32>) {
    %p = rnn.packed_linear %a, %wr : tensor<4xf32>, tensor<2x4x2x8xf32> -> tensor<24xf32>
    %l = tensor.extract_slice %p[0] [12] [1] : tensor<24xf32> to tensor<12xf32>
    %r = tensor.extract_slice %p[12] [12] [1] : tensor<24xf32> to tensor<12xf32>
    %m = arith.mulf %l, %r : tensor<12xf32>
    rnn.yield %m : tensor<12xf32>
  }
  return
}

// Weights of 16 bits are widened before they are multiplied.

// CHECK-LABEL: func.func @narrow_weights(
// CHECK:         %[[PAIR:.*]] = arith.shrui %
// CHECK:         %[[N:.*]] = vector.load %{{.*}}[%{{.*}}, %[[PAIR]], {{.*}} vector<16xbf16>
// CHECK:         %[[BITS:.*]] = vector.bitcast %[[N]] : vector<16xbf16> to vector<8xi32>
// CHECK:         %[[LOW:.*]] = arith.shli %[[BITS]]
// CHECK:         %[[HIGH:.*]] = arith.andi %[[BITS]]
// CHECK:         %[[EVEN:.*]] = arith.bitcast %[[LOW]]
// CHECK:         %[[ODD:.*]] = arith.bitcast %[[HIGH]]
// CHECK:         %[[S:.*]] = vector.fma %{{.*}}, %[[EVEN]]
// CHECK:         vector.fma %{{.*}}, %[[ODD]]
func.func @narrow_weights(%x: memref<?x5xf32>, %w: memref<1x3x1x16xbf16>, %y: memref<?x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x5xf32>) shared(%wr = %w : memref<1x3x1x16xbf16>) outs(%y : memref<?x8xf32>) {
    %p = rnn.packed_linear %a, %wr : tensor<5xf32>, tensor<1x3x1x16xbf16> -> tensor<8xf32>
    rnn.yield %p : tensor<8xf32>
  }
  return
}

// A panel is copied row by row; the last one is filled up with zeros.

// CHECK-LABEL: func.func @pack(
// CHECK-SAME:    %[[A:.*]]: memref<4x20xf32>, %[[P:.*]]: memref<3x4x1x8xf32>
// CHECK:         scf.for %[[PANEL:.*]] =
// CHECK:           scf.for %[[K:.*]] =
// CHECK:             %[[V:.*]] = vector.load %[[A]][%[[K]], %{{.*}}]
// CHECK:             vector.store %[[V]], %[[P]][%[[PANEL]], %[[K]],
// CHECK:         vector.maskedload %[[A]]
func.func @pack(%a: memref<4x20xf32>, %p: memref<3x4x1x8xf32>) {
  rnn.pack ins(%a : memref<4x20xf32>) [0] columns 20 outs(%p : memref<3x4x1x8xf32>)
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

// Threads that share columns each take some blocks of them, write to memory
// that they have in common and wait for each other after each stage.

// CHECK-LABEL: func.func @columns(
// CHECK:         %[[COMMON:.*]] = memref.alloc() {{.*}} : memref<96x64xf32>
// CHECK:         omp.parallel
// CHECK:           %[[OWN:.*]] = memref.alloc() {{.*}} : memref<96x64xf32>
// CHECK:           %[[SHARED:.*]] = arith.cmpi ugt, %[[N:.*]], %{{.*}}
// CHECK:           %[[SCRATCH:.*]] = arith.select %[[SHARED]], %[[COMMON]], %[[OWN]]
// CHECK:           %[[FIRST:.*]] = arith.divui %{{.*}}, %[[N]]
// CHECK:           vector.store {{.*}}, %[[SCRATCH]]
// CHECK:           scf.if
// CHECK-NEXT:        omp.barrier
// CHECK:           vector.load %[[SCRATCH]]
// CHECK:           scf.if
// CHECK-NEXT:        omp.barrier
func.func @columns(%h: memref<?x64xf32>, %W: memref<64x64xf32>, %steps: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  omp.parallel {
    %id, %n = "thread"() : () -> (index, index)
    scf.for %t = %c0 to %steps step %c1 {
      rnn.rows ins(%a = %h : memref<?x64xf32>) shared(%w = %W : memref<64x64xf32>) outs(%h : memref<?x64xf32>) distribute(%c0, %c1) columns(%id, %n) {
        %p = rnn.linear %a, %w : tensor<64xf32>, tensor<64x64xf32> -> tensor<64xf32>
        rnn.yield %p : tensor<64xf32>
      }
    } {rnn.time}
    omp.terminator
  }
  return
}
