// RUN: ravel-opt %s -allow-unregistered-dialect -rnn-double-buffer -split-input-file | FileCheck %s

// A state that is multiplied is read from one buffer and written to another;
// one that is read where it is written stays.

// CHECK-LABEL: func.func @step(
// CHECK: %[[H:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
// CHECK: %[[C:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
// CHECK: %[[EVEN:.*]] = memref.alloc(
// CHECK: memref.copy %[[H]], %[[EVEN]]
// CHECK: %[[ODD:.*]] = memref.alloc(
// CHECK: memref.copy %[[H]], %[[ODD]]
// CHECK: scf.for %[[T:.*]] =
// CHECK: %[[VC:.*]] = memref.subview %[[C]]
// CHECK: %[[P:.*]] = arith.remui %[[T]]
// CHECK: %[[IS:.*]] = arith.cmpi eq, %[[P]]
// CHECK: %[[BEFORE:.*]] = arith.select %[[IS]], %[[EVEN]], %[[ODD]]
// CHECK: %[[AFTER:.*]] = arith.select %[[IS]], %[[ODD]], %[[EVEN]]
// CHECK: %[[IN:.*]] = memref.subview %[[BEFORE]]
// CHECK: %[[OUT:.*]] = memref.subview %[[AFTER]]
// CHECK: rnn.rows ins(%{{.*}} = %[[IN]] : {{.*}}, %{{.*}} = %[[VC]] : {{.*}}) shared({{.*}}) outs(%[[OUT]], %[[VC]] : {{.*}}) attributes {disjoint = array<i64: 0>}
func.func @step(%batch: index, %steps: index, %W: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %h = memref.alloc(%batch) : memref<?x8xf32>
  %c = memref.alloc(%batch) : memref<?x8xf32>
  "init"(%h, %c) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  scf.for %t = %c0 to %steps step %c1 {
    %vh = memref.subview %h[0, 0] [%batch, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
    %vc = memref.subview %c[0, 0] [%batch, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
    rnn.rows ins(%hr = %vh : memref<?x8xf32, strided<[8, 1]>>, %cr = %vc : memref<?x8xf32, strided<[8, 1]>>) shared(%Wr = %W : memref<8x8xf32>) outs(%vh, %vc : memref<?x8xf32, strided<[8, 1]>>, memref<?x8xf32, strided<[8, 1]>>) {
      %p = rnn.linear %hr, %Wr : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
      %s = arith.addf %p, %cr : tensor<8xf32>
      rnn.yield %p, %s : tensor<8xf32>, tensor<8xf32>
    }
  } {rnn.time}
  memref.dealloc %h : memref<?x8xf32>
  memref.dealloc %c : memref<?x8xf32>
  return
}

// -----

// A state whose last value is used goes to its own memory as well.

// CHECK-LABEL: func.func @last(
// CHECK: %[[H:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
// CHECK: scf.for
// CHECK: %[[VH:.*]] = memref.subview %[[H]]
// CHECK: rnn.rows {{.*}} outs(%[[VH]], %{{.*}} : {{.*}}) attributes {disjoint = array<i64: 1>}
// CHECK: rnn.yield %[[P:.*]], %[[P]]
func.func @last(%batch: index, %steps: index, %W: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %h = memref.alloc(%batch) : memref<?x8xf32>
  "init"(%h) : (memref<?x8xf32>) -> ()
  scf.for %t = %c0 to %steps step %c1 {
    %vh = memref.subview %h[0, 0] [%batch, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
    rnn.rows ins(%hr = %vh : memref<?x8xf32, strided<[8, 1]>>) shared(%Wr = %W : memref<8x8xf32>) outs(%vh : memref<?x8xf32, strided<[8, 1]>>) {
      %p = rnn.linear %hr, %Wr : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
      rnn.yield %p : tensor<8xf32>
    }
  } {rnn.time}
  "use"(%h) : (memref<?x8xf32>) -> ()
  return
}

// -----

// A state that is the first rows of a larger memory: the buffers have its rows
// alone.

// CHECK-LABEL: func.func @part(
// CHECK-SAME: %[[ALL:[^:]*]]: memref<?x8xf32>, %[[LIVING:[^:]*]]: index
// CHECK: scf.for
// CHECK: %[[H:.*]] = memref.subview %[[ALL]][0, 0] [%[[LIVING]], 8]
// CHECK: %[[EVEN:.*]] = memref.alloc(%{{.*}}) {{.*}} : memref<?x8xf32>
// CHECK: memref.copy %[[H]], %[[EVEN]]
// CHECK: %[[ODD:.*]] = memref.alloc(
// CHECK: scf.for
// CHECK: rnn.rows {{.*}} attributes {disjoint = array<i64: 1>}
func.func @part(%all: memref<?x8xf32>, %living: index, %steps: index, %W: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %steps step %c1 {
    %h = memref.subview %all[0, 0] [%living, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
    scf.for %t = %c0 to %steps step %c1 {
      %vh = memref.subview %h[0, 0] [%t, 8] [1, 1] : memref<?x8xf32, strided<[8, 1]>> to memref<?x8xf32, strided<[8, 1]>>
      rnn.rows ins(%hr = %vh : memref<?x8xf32, strided<[8, 1]>>) shared(%Wr = %W : memref<8x8xf32>) outs(%vh : memref<?x8xf32, strided<[8, 1]>>) {
        %p = rnn.linear %hr, %Wr : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
        rnn.yield %p : tensor<8xf32>
      }
    } {rnn.time}
  }
  return
}
