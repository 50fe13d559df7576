// RUN: ravel-opt %s -allow-unregistered-dialect -rnn-plan-memory -split-input-file | FileCheck %s

// The companion computes the bytes; the function takes its buffers from the
// workspace.

// CHECK-LABEL: func.func @f.workspace
// CHECK-SAME: (%[[B:.*]]: index, %[[OUT:.*]]: memref<8xf32>, %[[BYTES:.*]]: memref<1xindex>)
// CHECK-SAME: rnn.companion = @f
// CHECK: %[[RAW:.*]] = arith.muli %{{.*}}, %[[B]]
// CHECK: arith.ceildivui %[[RAW]], %{{.*}}
// CHECK: memref.store %{{.*}}, %[[BYTES]]
// CHECK: return

// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[B:.*]]: index, %{{.*}}: memref<8xf32>, %[[W:.*]]: memref<?xi8> {rnn.role = "workspace"}
// CHECK-NOT: memref.alloc
// CHECK: %[[A:.*]] = memref.view %[[W]][%{{.*}}][%[[B]]] : memref<?xi8> to memref<?x8xf32>
// CHECK: "use"(%[[A]])
// CHECK-NOT: memref.dealloc
func.func @f(%batch: index, %out: memref<8xf32>) {
  %a = memref.alloc(%batch) {alignment = 64 : i64} : memref<?x8xf32>
  "use"(%a) : (memref<?x8xf32>) -> ()
  memref.dealloc %a : memref<?x8xf32>
  return
}

// -----

// Buffers of one size whose lives don't overlap share a place; a view counts.

// CHECK-LABEL: func.func @lives(
// CHECK: %[[A:.*]] = memref.view %{{.*}}[%[[FIRST:.*]]][]
// CHECK: %[[B:.*]] = memref.view %{{.*}}[%[[SECOND:.*]]][]
// CHECK: %[[V:.*]] = memref.subview %[[A]]
// CHECK: %[[C:.*]] = memref.view %{{.*}}[%[[FIRST]]][]
// CHECK: "use"(%[[C]])
func.func @lives() {
  %a = memref.alloc() : memref<8xf32>
  "use"(%a) : (memref<8xf32>) -> ()
  %b = memref.alloc() : memref<8xf32>
  %v = memref.subview %a[0] [4] [1] : memref<8xf32> to memref<4xf32>
  "use"(%v, %b) : (memref<4xf32>, memref<8xf32>) -> ()
  %c = memref.alloc() : memref<8xf32>
  "use"(%c) : (memref<8xf32>) -> ()
  "use"(%b) : (memref<8xf32>) -> ()
  return
}

// -----

// Each thread of a parallel region has a buffer of its own.

// CHECK-LABEL: func.func @threads.workspace
// CHECK: llvm.call @omp_get_max_threads
// CHECK-LABEL: func.func @threads(
// CHECK: omp.parallel
// CHECK: %[[ID:.*]] = llvm.call @omp_get_thread_num
// CHECK: %[[N:.*]] = arith.index_cast %[[ID]]
// CHECK: %[[SKIPPED:.*]] = arith.muli %[[N]], %{{.*}}
// CHECK: %[[BEGIN:.*]] = arith.addi %{{.*}}, %[[SKIPPED]]
// CHECK: memref.view %{{.*}}[%[[BEGIN]]][] : memref<?xi8> to memref<48xf32>
func.func @threads() {
  omp.parallel {
    %a = memref.alloc() : memref<48xf32>
    "use"(%a) : (memref<48xf32>) -> ()
    memref.dealloc %a : memref<48xf32>
    omp.terminator
  }
  return
}

// -----

// What can't be told before the function runs stays.

// CHECK-LABEL: func.func @unknown(
// CHECK-NOT: workspace
// CHECK: memref.alloc
func.func @unknown(%m: memref<1xindex>) {
  %c0 = arith.constant 0 : index
  %n = memref.load %m[%c0] : memref<1xindex>
  %a = memref.alloc(%n) : memref<?xf32>
  "use"(%a) : (memref<?xf32>) -> ()
  memref.dealloc %a : memref<?xf32>
  return
}

// -----

// A buffer in a loop has one place, as large as its size can be; buffers of the
// loop whose lives don't overlap share it.

// CHECK-LABEL: func.func @parts.workspace(
// CHECK-SAME: %[[MOST:.*]]: index, %{{.*}}: index
// CHECK: arith.muli %{{.*}}, %[[MOST]]
// CHECK-NOT: arith.muli %{{.*}}, %[[MOST]]
// CHECK-LABEL: func.func @parts(
// CHECK-SAME: %[[MOST:.*]]: index, %{{.*}}: index
// CHECK: scf.for
// CHECK: %[[N:.*]] = arith.minui %{{.*}}, %[[MOST]]
// CHECK: memref.view %{{.*}}[%[[PLACE:.*]]][%[[N]]]
// CHECK: memref.view %{{.*}}[%[[PLACE]]][%[[N]]]
// CHECK-NOT: memref.dealloc
func.func @parts(%most: index, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %count step %c1 {
    %n = arith.minui %k, %most : index
    %a = memref.alloc(%n) : memref<?xf32>
    "use"(%a) : (memref<?xf32>) -> ()
    memref.dealloc %a : memref<?xf32>
    %b = memref.alloc(%n) : memref<?xf32>
    "use"(%b) : (memref<?xf32>) -> ()
    memref.dealloc %b : memref<?xf32>
  }
  return
}
