// RUN: ravel-opt %s -rnn-instantiate -canonicalize | FileCheck %s

rnn.cell @leaky(%x) state(%h) {
  %u = rnn.project "w" (%x) {bias = false, trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"scaling", 0.5>, topology = #rnn.setting<"topology", "random">>} : tensor<?xf32>
  %a = rnn.hyper "leak" 0.25 : tensor<?xf32>
  %d = arith.mulf %a, %u : tensor<?xf32>
  %h1 = arith.addf %h, %d : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// What a use does not set keeps its default.
// CHECK: rnn.parameter @a.w.weight.0 init(#rnn.reservoir<scale = #rnn.setting<"scaling", 5.000000e-01>, topology = #rnn.setting<"topology", "random">>) frozen
// CHECK: rnn.parameter @b.w.weight.0 init(#rnn.reservoir<scale = 2.000000e+00, topology = "ring">) frozen

// CHECK-LABEL: func.func @default
// CHECK: arith.constant dense<2.500000e-01>
func.func @default(%x: tensor<4xf32>, %h: tensor<4xf32>) -> tensor<4xf32> {
  %y, %h1 = rnn.step @leaky "a" (%x) state(%h) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @set
// CHECK-NOT: dense<2.500000e-01>
// CHECK: arith.constant dense<7.500000e-01>
func.func @set(%x: !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>> {
  %y = rnn.unroll @leaky "b" (%x) {settings = {leak = 0.75, scaling = 2.0, topology = "ring"}} : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
  return %y : !rnn.seq<tensor<4xf32>>
}
