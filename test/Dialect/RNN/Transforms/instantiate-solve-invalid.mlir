// RUN: ravel-opt %s -rnn-instantiate=solve=loss -verify-diagnostics -split-input-file

// expected-error@+1 {{nothing to solve: no objective of this function is given the result of a rnn.readout}}
func.func @loss(%x: tensor<4xf32>, %y: tensor<2xf32>) -> f32 {
  %p = rnn.project "out" (%x) : (tensor<4xf32>) -> tensor<2xf32>
  %l = rnn.mse %p, %y : tensor<2xf32>, tensor<2xf32>
  return %l : f32
}

// -----

// expected-error@+1 {{nothing to solve}}
func.func @loss(%x: tensor<4xf32>, %y: tensor<2xf32>) -> f32 {
  // expected-note@+1 {{this goes elsewhere}}
  %p = rnn.readout "out" (%x) : (tensor<4xf32>) -> tensor<2xf32>
  %t = math.tanh %p : tensor<2xf32>
  %l = rnn.mse %t, %y : tensor<2xf32>, tensor<2xf32>
  return %l : f32
}

// -----

func.func @loss(%x: tensor<4xf32>, %y: tensor<2xf32>) -> f32 {
  // expected-note@+1 {{the first is of this readout}}
  %p = rnn.readout "out" (%x) : (tensor<4xf32>) -> tensor<2xf32>
  %q = rnn.readout "other" (%x) : (tensor<4xf32>) -> tensor<2xf32>
  %l = rnn.mse %p, %y : tensor<2xf32>, tensor<2xf32>
  // expected-error@+1 {{one readout can be solved, but this is a second objective of one}}
  %k = rnn.mse %q, %y : tensor<2xf32>, tensor<2xf32>
  %s = arith.addf %l, %k : f32
  return %s : f32
}
