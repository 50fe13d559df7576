func.func @f(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<17xf32>> {
  %y = rnn.unroll @gru_reset_after "a" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<17xf32>>
  return %y : !rnn.seq<tensor<17xf32>>
}
