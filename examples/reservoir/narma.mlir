// NARMA-10 (Atiya & Parlos, New results on recurrent network training, IEEE
// Transactions on Neural Networks 11, 2000) by one reservoir, and by three in a
// row whose states are all read (Gallicchio, Micheli & Pedrelli, Deep reservoir
// computing: a critical experimental analysis, Neurocomputing 268, 2017).

#topology = "random"
#distribution = "uniform"
#input_distribution = "uniform"
#rewire = 0.1
#density = 0.04
#spectral_radius = 0.959
#leak = 1.0
#input_scaling = 0.055
#bias_scaling = 0.398
!units = tensor<50xf32>
!layer = tensor<17xf32>
!value = tensor<1xf32>

func.func @loss(%x: !rnn.seq<!value>, %y: !rnn.seq<!value>) -> f32 {
  %h = rnn.unroll @esn "reservoir" (%x) {settings = {topology = #topology, distribution = #distribution, input_distribution = #input_distribution, rewire = #rewire, density = #density, spectral_radius = #spectral_radius, leak = #leak, input_scaling = #input_scaling, bias_scaling = #bias_scaling}} : (!rnn.seq<!value>) -> !rnn.seq<!units>
  %p = rnn.readout "out" (%h, %x) : (!rnn.seq<!units>, !rnn.seq<!value>) -> !rnn.seq<!value>
  %l = rnn.mse %p, %y : !rnn.seq<!value>, !rnn.seq<!value>
  return %l : f32
}

func.func @deep_loss(%x: !rnn.seq<!value>, %y: !rnn.seq<!value>) -> f32 {
  %h0 = rnn.unroll @esn "layer0" (%x) {settings = {topology = #topology, distribution = #distribution, input_distribution = #input_distribution, rewire = #rewire, density = #density, spectral_radius = #spectral_radius, leak = #leak, input_scaling = #input_scaling, bias_scaling = #bias_scaling}} : (!rnn.seq<!value>) -> !rnn.seq<!layer>
  %h1 = rnn.unroll @esn "layer1" (%h0) {settings = {topology = #topology, distribution = #distribution, input_distribution = #input_distribution, rewire = #rewire, density = #density, spectral_radius = #spectral_radius, leak = #leak, input_scaling = #input_scaling, bias_scaling = #bias_scaling}} : (!rnn.seq<!layer>) -> !rnn.seq<!layer>
  %h2 = rnn.unroll @esn "layer2" (%h1) {settings = {topology = #topology, distribution = #distribution, input_distribution = #input_distribution, rewire = #rewire, density = #density, spectral_radius = #spectral_radius, leak = #leak, input_scaling = #input_scaling, bias_scaling = #bias_scaling}} : (!rnn.seq<!layer>) -> !rnn.seq<!layer>
  %p = rnn.readout "out" (%h0, %h1, %h2, %x) : (!rnn.seq<!layer>, !rnn.seq<!layer>, !rnn.seq<!layer>, !rnn.seq<!value>) -> !rnn.seq<!value>
  %l = rnn.mse %p, %y : !rnn.seq<!value>, !rnn.seq<!value>
  return %l : f32
}
