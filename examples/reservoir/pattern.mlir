// A chaotic reservoir that learns to generate a pattern while its own output is fed
// back (FORCE): Sussillo & Abbott, Generating coherent patterns of activity from
// chaotic neural networks, Neuron 63 (2009). It has no input but the ticks.

#spectral_radius = 1.5
#feedback_scaling = 1.0
#leak = 0.1
#bias_scaling = 0.2
#density = 0.1
!units = tensor<300xf32>
!value = tensor<1xf32>

func.func private @generate(%ticks: !rnn.seq<!value>) -> !rnn.seq<!value> {
  %h0 = rnn.constant 0.0 : !units
  %y0 = rnn.constant 0.0 : !value
  %p:3 = rnn.scan (%tick = %ticks : !rnn.seq<!value>) state(%h = %h0 : !units, %y = %y0 : !value) -> (!rnn.seq<!value>) {
    %zero = arith.subf %tick, %tick : !value
    %o, %h1 = rnn.step @esn_feedback "reservoir" (%zero, %y) state(%h) {settings = {density = #density, spectral_radius = #spectral_radius, leak = #leak, feedback_scaling = #feedback_scaling, bias_scaling = #bias_scaling}} : (!value, !value, !units) -> (!units, !units)
    %y1 = rnn.readout "out" (%h1) : (!units) -> !value
    rnn.yield %y1 state(%h1, %y1) : !value, !units, !value
  }
  return %p#0 : !rnn.seq<!value>
}
func.func @run_free(%ticks: !rnn.seq<!value>) -> !rnn.seq<!value> {
  %p = call @generate(%ticks) : (!rnn.seq<!value>) -> !rnn.seq<!value>
  return %p : !rnn.seq<!value>
}
func.func @loss(%y: !rnn.seq<!value>) -> f32 {
  %p = call @generate(%y) : (!rnn.seq<!value>) -> !rnn.seq<!value>
  %l = rnn.mse %p, %y : !rnn.seq<!value>, !rnn.seq<!value>
  return %l : f32
}
