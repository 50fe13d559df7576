func.func @f(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<17xf32>> {
  %a = rnn.unroll @gru_reset_after "a" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<17xf32>>
  %b = rnn.unroll @gru_reset_after "b" (%x) reverse : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<17xf32>>
  %z = rnn.project "out" (%a, %b) : (!rnn.seq<tensor<17xf32>>, !rnn.seq<tensor<17xf32>>) -> !rnn.seq<tensor<17xf32>>
  return %z : !rnn.seq<tensor<17xf32>>
}
