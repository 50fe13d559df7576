// RUN: ravel-opt %s -rnn-set-precision=type=f64 | FileCheck %s
// RUN: ravel-opt %s -rnn-set-precision=type=f32 | FileCheck %s --check-prefix=F32

// CHECK-LABEL: rnn.cell @leaky(%{{.*}}: tensor<?xf64>) state(%{{.*}}: tensor<?xf64>) {
// CHECK-NEXT:    rnn.param "leak" {init = #rnn.constant<9.000000e-01>} : tensor<?xf64>
// CHECK:         rnn.yield %{{.*}} state(%{{.*}}) : tensor<?xf64>, tensor<?xf64>
// F32-LABEL:   rnn.cell @leaky(%{{[^:]*}}) state(
rnn.cell @leaky(%x) state(%h) {
  %a = rnn.param "leak" {init = #rnn.constant<0.9>} : tensor<?xf32>
  %k = arith.mulf %a, %h : tensor<?xf32>
  %h1 = arith.addf %k, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Types of functions and of sequences, numbers, dense constants.
// CHECK-LABEL: func.func @types(
// CHECK-SAME:    !rnn.seq<tensor<4xf64>>, %{{.*}}: !rnn.seq<i32>, %{{.*}}: f64) -> tensor<4xf64>
// CHECK-DAG:     arith.constant 1.500000e+00 : f64
// CHECK-DAG:     arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf64>
// CHECK-DAG:     arith.constant dense<5.000000e-01> : tensor<4xf64>
// CHECK-DAG:     arith.constant 7 : i32
func.func @types(%x: !rnn.seq<tensor<4xf32>>, %i: !rnn.seq<i32>, %s: f32) -> tensor<4xf32> {
  %a = arith.constant 1.5 : f32
  %b = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %c = arith.constant dense<0.5> : tensor<4xf32>
  %d = arith.constant 7 : i32
  return %b : tensor<4xf32>
}
