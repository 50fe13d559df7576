// RUN: ravel-opt %s -rnn-instantiate=predictions=loss -split-input-file -verify-diagnostics

// expected-error @below {{this function has no objective that judges predictions, such as rnn.mse or rnn.cross_entropy}}
func.func @loss(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

func.func @loss(%x: tensor<4xf32>, %y: tensor<4xf32> {rnn.name = "y"}) -> f32 {
  // expected-note @below {{the first is here}}
  %a = rnn.mse %x, %y : tensor<4xf32>, tensor<4xf32>
  // expected-error @below {{predictions are those of one objective, but this is a second one}}
  %b = rnn.mae %x, %y : tensor<4xf32>, tensor<4xf32>
  %c = arith.addf %a, %b : f32
  return %c : f32
}

// -----

func.func @loss(%x: tensor<4xf32>) -> f32 {
  %y = arith.negf %x : tensor<4xf32>
  // expected-error @below {{predictions are compared with an input, but this target is computed}}
  %l = rnn.mse %x, %y : tensor<4xf32>, tensor<4xf32>
  return %l : f32
}

// -----

func.func @loss(%x: tensor<4xf32>) -> f32 {
  %y = rnn.param "wanted" : tensor<4xf32>
  // expected-error @below {{predictions are compared with an input, but this target is computed}}
  %l = rnn.mse %x, %y : tensor<4xf32>, tensor<4xf32>
  return %l : f32
}

// -----

func.func @loss(%x: tensor<4xf32>, %y: tensor<4xf32> {rnn.name = "y"}) -> f32 {
  // expected-error @below {{what rnn.bce judges are logits, which can't be compared with its target}}
  %l = rnn.bce %x, %y : tensor<4xf32>, tensor<4xf32>
  return %l : f32
}
