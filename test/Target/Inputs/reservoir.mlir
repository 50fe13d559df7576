func.func @f(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %h = rnn.unroll @esn "reservoir" (%x) {settings = {leak = 0.5, bias_scaling = 0.2}} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<60xf32>>
  %y = rnn.readout "out" (%h, %x) : (!rnn.seq<tensor<60xf32>>, !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}
