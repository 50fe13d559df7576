// RUN: ravel-opt %s | ravel-opt | FileCheck %s

#radius = 0.75 : f64

// CHECK-LABEL: func.func @all_parameters
// CHECK: #rnn.reservoir<density = 1.000000e-01, spectral_radius = 7.500000e-01, distribution = "normal", topology = "small_world", rewire = 2.000000e-01, excitatory = 8.000000e-01, seed = 3>
func.func @all_parameters() -> tensor<4x4xf32> {
  %w = rnn.param "w" {init = #rnn.reservoir<density = 0.1, spectral_radius = 0.75, distribution = "normal", topology = "small_world", rewire = 0.2, excitatory = 0.8, seed = 3>} : tensor<4x4xf32>
  return %w : tensor<4x4xf32>
}

// CHECK-LABEL: func.func @no_parameters
// CHECK: init = #rnn.reservoir}
func.func @no_parameters() -> tensor<4x4xf32> {
  %w = rnn.param "w" {init = #rnn.reservoir} : tensor<4x4xf32>
  return %w : tensor<4x4xf32>
}

// Parameters may be given by an alias.
// CHECK-LABEL: func.func @alias
// CHECK: #rnn.reservoir<spectral_radius = 7.500000e-01>
func.func @alias() -> tensor<4x4xf32> {
  %w = rnn.param "w" {init = #rnn.reservoir<spectral_radius = #radius>} : tensor<4x4xf32>
  return %w : tensor<4x4xf32>
}

// CHECK-LABEL: rnn.cell @setting
// CHECK: #rnn.reservoir<scale = #rnn.setting<"scaling", 5.000000e-01>>
// CHECK: rnn.hyper "leak" 1.000000e+00
rnn.cell @setting(%x) state() {
  %y = rnn.project "w" (%x) {init = #rnn.reservoir<scale = #rnn.setting<"scaling", 0.5>>} : tensor<?xf32>
  %a = rnn.hyper "leak" 1.0 : tensor<?xf32>
  %z = arith.mulf %a, %y : tensor<?xf32>
  rnn.yield %z
}

// CHECK-LABEL: func.func @readout
// CHECK: rnn.readout "out"(%{{.*}}, %{{.*}}) {bias = false}
func.func @readout(%h: tensor<8xf32>, %x: tensor<2xf32>) -> tensor<3xf32> {
  %y = rnn.readout "out" (%h, %x) {bias = false} : (tensor<8xf32>, tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
