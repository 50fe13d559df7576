// RUN: ravel-opt %s -rnn-outline-decode | FileCheck %s

// CHECK-LABEL: func.func @f.start(
// CHECK-SAME:    %[[H0:[^:]*]]: tensor<8xf32>,
// CHECK-SAME:    %[[B:[^:]*]]: tensor<5xf32>,
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<8xf32>>) -> (i32, tensor<8xf32>, tensor<5xf32>, !rnn.memory<tensor<8xf32>>)
// CHECK-SAME:    attributes {rnn.decode = {examples = 1 : i64, max = 20 : i64, outputs = 2 : i64, states = 1 : i64, until = 3 : i64}}
// CHECK:         %[[FIRST:.*]] = arith.constant 4 : i32
// CHECK:         %[[M:.*]] = rnn.remember %[[X]]
// CHECK:         return %[[FIRST]], %[[H0]], %[[B]], %[[M]]
// CHECK-LABEL: func.func @f.step(
// CHECK-SAME:    %{{[^:]*}}: i32 {rnn.name = "previous"},
// CHECK-SAME:    %[[H:[^:]*]]: tensor<8xf32> {rnn.name = "state0"},
// CHECK-SAME:    %[[B:[^:]*]]: tensor<5xf32> {rnn.name = "example0"},
// CHECK-SAME:    %[[M:[^:]*]]: !rnn.memory<tensor<8xf32>> {rnn.name = "memory0"},
// CHECK-SAME:    %[[W:[^:]*]]: tensor<8x5xf32> {rnn.parameter = @W}) -> (tensor<5xf32>, !rnn.alignment<f32>, tensor<8xf32>)
// CHECK:         %[[A:.*]] = rnn.score %[[H]] over %[[M]]
// CHECK:         %[[P:.*]] = rnn.linear %[[H]], %[[W]]
// CHECK:         %[[S:.*]] = arith.addf %[[P]], %[[B]]
// CHECK:         return %[[S]], %[[A]], %[[H]]
rnn.parameter @W init(#rnn.glorot) : tensor<8x5xf32>
func.func @f(%h0: tensor<8xf32>, %b: tensor<5xf32>, %x: !rnn.seq<tensor<8xf32>>, %W: tensor<8x5xf32> {rnn.parameter = @W}) -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
  %first = arith.constant 4 : i32
  %m = rnn.remember %x : !rnn.seq<tensor<8xf32>> -> !rnn.memory<tensor<8xf32>>
  %y, %a = rnn.decode (%prev = %first) state(%h = %h0 : tensor<8xf32>) until 3 max 20 -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
    %fit = rnn.score %h over %m : tensor<8xf32>, !rnn.memory<tensor<8xf32>> -> !rnn.alignment<f32>
    %p = rnn.linear %h, %W : tensor<8xf32>, tensor<8x5xf32> -> tensor<5xf32>
    %s = arith.addf %p, %b : tensor<5xf32>
    rnn.yield %s, %fit state(%h) : tensor<5xf32>, !rnn.alignment<f32>, tensor<8xf32>
  }
  return %y, %a : !rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>
}

// What does not generate stays.
// CHECK-LABEL: func.func @other(
func.func @other(%x: !rnn.seq<i32>) -> !rnn.seq<i32> {
  return %x : !rnn.seq<i32>
}
