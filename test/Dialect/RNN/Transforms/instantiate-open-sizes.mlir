// RUN: ravel-opt %s --rnn-instantiate | FileCheck %s

// A vector whose size nothing determines has that of the first state, or
// without states of the first output.

rnn.cell @multiplicative(%x) state(%h) {
  %mx = rnn.project "mx" (%x) {bias = false} : tensor<?xf32>
  %mh = rnn.project "mh" (%h) {bias = false} : tensor<?xf32>
  %m = arith.mulf %mx, %mh : tensor<?xf32>
  %h1 = rnn.gate "hidden" tanh(%x, %m) : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// CHECK-DAG: rnn.parameter @r.mx.weight.0 {{.*}} : tensor<3x4xf32>
// CHECK-DAG: rnn.parameter @r.mh.weight.0 {{.*}} : tensor<4x4xf32>
func.func @state(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>> {
  %y = rnn.unroll @multiplicative "r" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>>
  return %y : !rnn.seq<tensor<4xf32>>
}

rnn.cell @perceptron(%x) state() {
  %h = rnn.gate "hidden" relu(%x) : tensor<?xf32>
  %y = rnn.project "out" (%h) : tensor<?xf32>
  rnn.yield %y
}

// CHECK-DAG: rnn.parameter @p.hidden.weight.0 {{.*}} : tensor<3x5xf32>
// CHECK-DAG: rnn.parameter @p.out.weight.0 {{.*}} : tensor<5x5xf32>
func.func @output(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<5xf32>> {
  %y = rnn.unroll @perceptron "p" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<5xf32>>
  return %y : !rnn.seq<tensor<5xf32>>
}
