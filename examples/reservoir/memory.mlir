// How much of its input a reservoir of 100 units remembers: the readout says
// what the input was 1, 2, ... 200 instants ago (Jaeger, Short term memory in
// echo state networks, GMD report 152, 2001).

#spectral_radius = 0.95
#density = 1.0
#input_scaling = 0.1
!units = tensor<100xf32>
!value = tensor<1xf32>
!past = tensor<200xf32>

func.func private @orthogonal(%x: !rnn.seq<!value>) -> !rnn.seq<!past> {
  %h = rnn.unroll @linear_reservoir "reservoir" (%x) {settings = {spectral_radius = #spectral_radius, input_scaling = #input_scaling}} : (!rnn.seq<!value>) -> !rnn.seq<!units>
  %p = rnn.readout "out" (%h) : (!rnn.seq<!units>) -> !rnn.seq<!past>
  return %p : !rnn.seq<!past>
}

rnn.cell @linear(%x) state(%h) {
  %u = rnn.project "input" (%x) {bias = false, trainable = false, init = #rnn.reservoir<scale = #input_scaling>} : tensor<?xf32>
  %r = rnn.project "recurrent" (%h) {bias = false, trainable = false, init = #rnn.reservoir<density = #density, spectral_radius = #spectral_radius>} : tensor<?xf32>
  %h1 = arith.addf %u, %r : tensor<?xf32>
  rnn.yield %h1 state(%h1) : tensor<?xf32>, tensor<?xf32>
}

func.func private @random(%x: !rnn.seq<!value>) -> !rnn.seq<!past> {
  %h = rnn.unroll @linear "reservoir" (%x) : (!rnn.seq<!value>) -> !rnn.seq<!units>
  %p = rnn.readout "out" (%h) : (!rnn.seq<!units>) -> !rnn.seq<!past>
  return %p : !rnn.seq<!past>
}

func.func private @tanh(%x: !rnn.seq<!value>) -> !rnn.seq<!past> {
  %h = rnn.unroll @esn "reservoir" (%x) {settings = {density = #density, spectral_radius = #spectral_radius, input_scaling = #input_scaling}} : (!rnn.seq<!value>) -> !rnn.seq<!units>
  %p = rnn.readout "out" (%h) : (!rnn.seq<!units>) -> !rnn.seq<!past>
  return %p : !rnn.seq<!past>
}

func.func @recall_orthogonal(%x: !rnn.seq<!value>) -> !rnn.seq<!past> {
  %p = call @orthogonal(%x) : (!rnn.seq<!value>) -> !rnn.seq<!past>
  return %p : !rnn.seq<!past>
}
func.func @recall_random(%x: !rnn.seq<!value>) -> !rnn.seq<!past> {
  %p = call @random(%x) : (!rnn.seq<!value>) -> !rnn.seq<!past>
  return %p : !rnn.seq<!past>
}
func.func @recall_tanh(%x: !rnn.seq<!value>) -> !rnn.seq<!past> {
  %p = call @tanh(%x) : (!rnn.seq<!value>) -> !rnn.seq<!past>
  return %p : !rnn.seq<!past>
}
func.func @orthogonal_loss(%x: !rnn.seq<!value>, %y: !rnn.seq<!past>) -> f32 {
  %p = call @orthogonal(%x) : (!rnn.seq<!value>) -> !rnn.seq<!past>
  %l = rnn.mse %p, %y : !rnn.seq<!past>, !rnn.seq<!past>
  return %l : f32
}
func.func @random_loss(%x: !rnn.seq<!value>, %y: !rnn.seq<!past>) -> f32 {
  %p = call @random(%x) : (!rnn.seq<!value>) -> !rnn.seq<!past>
  %l = rnn.mse %p, %y : !rnn.seq<!past>, !rnn.seq<!past>
  return %l : f32
}
func.func @tanh_loss(%x: !rnn.seq<!value>, %y: !rnn.seq<!past>) -> f32 {
  %p = call @tanh(%x) : (!rnn.seq<!value>) -> !rnn.seq<!past>
  %l = rnn.mse %p, %y : !rnn.seq<!past>, !rnn.seq<!past>
  return %l : f32
}
