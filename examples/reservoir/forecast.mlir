// One step ahead of a measured series, and on from there by itself: an echo state
// network of Jaeger, The "echo state" approach to analysing and training recurrent
// neural networks (2001).

#leak = 0.725
#density = 0.05
#spectral_radius = 0.95
#input_scaling = 0.5
#bias_scaling = 0.2
!units = tensor<400xf32>
!value = tensor<1xf32>

func.func private @listen(%x: !rnn.seq<!value>) -> (!rnn.seq<!value>, !units) {
  %h, %last = rnn.unroll @esn "reservoir" (%x) {settings = {density = #density, spectral_radius = #spectral_radius, leak = #leak, input_scaling = #input_scaling, bias_scaling = #bias_scaling}} : (!rnn.seq<!value>) -> (!rnn.seq<!units>, !units)
  %y = rnn.readout "out" (%h) : (!rnn.seq<!units>) -> !rnn.seq<!value>
  return %y, %last : !rnn.seq<!value>, !units
}
// What comes next, at each instant.
func.func @predict(%x: !rnn.seq<!value>) -> !rnn.seq<!value> {
  %p, %h = call @listen(%x) : (!rnn.seq<!value>) -> (!rnn.seq<!value>, !units)
  return %p : !rnn.seq<!value>
}
func.func @loss(%x: !rnn.seq<!value>, %y: !rnn.seq<!value>) -> f32 {
  %p, %h = call @listen(%x) : (!rnn.seq<!value>) -> (!rnn.seq<!value>, !units)
  %l = rnn.mse %p, %y : !rnn.seq<!value>, !rnn.seq<!value>
  return %l : f32
}
// Listens to the series, then to its own predictions for as many instants as
// `ticks` has.
func.func @run_free(%x: !rnn.seq<!value>, %ticks: !rnn.seq<f32>) -> !rnn.seq<!value> {
  %p, %h0 = call @listen(%x) : (!rnn.seq<!value>) -> (!rnn.seq<!value>, !units)
  %y0 = rnn.readout "out" (%h0) : (!units) -> !value
  %free:3 = rnn.scan (%tick = %ticks : !rnn.seq<f32>) state(%h = %h0 : !units, %y = %y0 : !value) -> (!rnn.seq<!value>) {
    %o, %h1 = rnn.step @esn "reservoir" (%y) state(%h) {settings = {density = #density, spectral_radius = #spectral_radius, leak = #leak, input_scaling = #input_scaling, bias_scaling = #bias_scaling}} : (!value, !units) -> (!units, !units)
    %y1 = rnn.readout "out" (%h1) : (!units) -> !value
    rnn.yield %y state(%h1, %y1) : !value, !units, !value
  }
  return %free#0 : !rnn.seq<!value>
}
