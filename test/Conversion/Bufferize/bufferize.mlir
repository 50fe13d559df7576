// RUN: ravel-opt %s --rnn-bufferize --canonicalize --cse --canonicalize | FileCheck %s

// A state that is read and written by one kernel has one buffer: nothing is
// allocated or copied in the loop.

// CHECK-LABEL: func.func @carried_state(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x8xf32>, %[[H:[^:]*]]: memref<?x8xf32>, %[[W:[^:]*]]: memref<8x8xf32>
// CHECK:         scf.for
// CHECK-NOT:       memref.alloc
// CHECK-NOT:       memref.copy
// CHECK:           %[[HT:.*]] = memref.subview %[[H]]
// CHECK:           rnn.rows ins({{[^)]*}} = %[[HT]] : {{[^)]*}})
// CHECK-SAME:        shared(%{{.*}} = %[[W]] : memref<8x8xf32>) outs(%[[HT]] : memref<?x8xf32, {{.*}}>)
// CHECK:             rnn.linear %{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
// CHECK-NOT:       memref.alloc
// CHECK-NOT:       memref.copy
// CHECK:         return %[[H]]
func.func @carried_state(%x: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %W: tensor<8x8xf32>, %offsets: tensor<?xindex>, %steps: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %last = scf.for %t = %c0 to %steps step %c1 iter_args(%h = %h0) -> (tensor<?x8xf32>) {
    %n = tensor.extract %offsets[%t] : tensor<?xindex>
    %xt = tensor.extract_slice %x[%n, 0] [%n, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
    %ht = tensor.extract_slice %h[0, 0] [%n, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
    %h1 = rnn.rows ins(%xr = %xt : tensor<?x8xf32>, %hr = %ht : tensor<?x8xf32>) shared(%w = %W : tensor<8x8xf32>) outs(%ht : tensor<?x8xf32>) {
      %p = rnn.linear %hr, %w : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
      %s = arith.addf %p, %xr : tensor<8xf32>
      rnn.yield %s : tensor<8xf32>
    }
    %next = tensor.insert_slice %h1 into %h[0, 0] [%n, 8] [1, 1] : tensor<?x8xf32> into tensor<?x8xf32>
    scf.yield %next : tensor<?x8xf32>
  }
  return %last : tensor<?x8xf32>
}

// A matrix that all rows read can't be the buffer of the result.

// CHECK-LABEL: func.func @shared_is_not_overwritten
// CHECK:         memref.alloc
// CHECK:         rnn.rows
func.func @shared_is_not_overwritten(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %y = rnn.rows ins(%xr = %x : tensor<8x8xf32>) shared(%w = %x : tensor<8x8xf32>) outs(%x : tensor<8x8xf32>) {
    %p = rnn.linear %xr, %w : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
    rnn.yield %p : tensor<8xf32>
  }
  return %y : tensor<8x8xf32>
}
