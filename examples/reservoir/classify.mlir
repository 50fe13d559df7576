// Sequences of vectors, of any length, to classes: the readout sees the mean and
// the last of a reservoir's states. Jaeger et al., Optimization and applications of
// echo state networks with leaky-integrator neurons, Neural Networks 20 (2007), do
// so with the Japanese vowels.

#leak = 0.3
#spectral_radius = 0.9
#density = 0.1
#input_scaling = 0.5
!units = tensor<50xf32>
!frame = tensor<12xf32>
!classes = tensor<9xf32>

func.func @classify(%x: !rnn.seq<!frame>) -> !classes {
  %h = rnn.unroll @esn "reservoir" (%x) {settings = {leak = #leak, spectral_radius = #spectral_radius, density = #density, input_scaling = #input_scaling}} : (!rnn.seq<!frame>) -> !rnn.seq<!units>
  %m = rnn.mean_over_time %h : !rnn.seq<!units>
  %l = rnn.last %h : !rnn.seq<!units>
  %y = rnn.readout "class" (%m, %l) : (!units, !units) -> !classes
  return %y : !classes
}
func.func @loss(%x: !rnn.seq<!frame>, %y: i32) -> f32 {
  %s = call @classify(%x) : (!rnn.seq<!frame>) -> !classes
  %l = rnn.cross_entropy %s, %y : !classes, i32
  return %l : f32
}
