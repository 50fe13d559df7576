#leak = 0.7
#density = 0.2
#spectral_radius = 0.9
#topology = "random"
!units = tensor<40xf32>

func.func @predict(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %h = rnn.unroll @esn "r" (%x) {settings = {density = #density, leak = #leak, spectral_radius = #spectral_radius, topology = #topology, bias_scaling = 0.3}} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<!units>
  %y = rnn.readout "out" (%h) : (!rnn.seq<!units>) -> !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

func.func @loss(%x: !rnn.seq<tensor<2xf32>>, %y: !rnn.seq<tensor<2xf32>>) -> f32 {
  %p = call @predict(%x) : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>>
  %l = rnn.mse %p, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}
