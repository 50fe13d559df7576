// RUN: ravel-opt %s -pass-pipeline='builtin.module(func.func(rnn-fix-batch))' | FileCheck %s

// A step has one row, and is told the number of the instant.
// CHECK-LABEL: func.func @f.step(
// CHECK-SAME:    %{{[^:]*}}: index {rnn.role = "batch"},
// CHECK-SAME:    %[[X:[^:]*]]: memref<1x8xf32> {rnn.layout = "example", rnn.role = "input"},
// CHECK-SAME:    %{{[^:]*}}: memref<8xf32> {rnn.layout = "shared", rnn.role = "parameter"},
// CHECK-SAME:    %{{[^:]*}}: index {rnn.role = "instant"})
// CHECK:         %[[ONE:.*]] = arith.constant 1 : index
// CHECK:         %[[CAST:.*]] = memref.cast %[[X]] : memref<1x8xf32> to memref<?x8xf32>
// CHECK:         memref.load %[[CAST]][%[[ONE]], %[[ONE]]]
func.func @f.step(%batch: index {rnn.role = "batch"}, %x: memref<?x8xf32> {rnn.layout = "example", rnn.role = "input"},
                  %w: memref<8xf32> {rnn.layout = "shared", rnn.role = "parameter"}) -> f32
    attributes {rnn.batch_size = 1 : i64, rnn.stream = {}} {
  %0 = memref.load %x[%batch, %batch] : memref<?x8xf32>
  return %0 : f32
}

// A reset has one row.
// CHECK-LABEL: func.func @f.reset(
// CHECK-SAME:    %{{[^:]*}}: memref<1xf32> {rnn.layout = "example", rnn.role = "output"}) attributes
func.func @f.reset(%y: memref<?xf32> {rnn.layout = "example", rnn.role = "output"}) attributes {rnn.batch_size = 1 : i64} {
  return
}

// Others have as many as they are given.
// CHECK-LABEL: func.func @f(
// CHECK-SAME:    memref<?x8xf32>
func.func @f(%x: memref<?x8xf32> {rnn.layout = "example", rnn.role = "input"}) {
  return
}
