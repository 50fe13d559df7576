func.func @f(%x: !rnn.seq<tensor<40xf32>>) -> !rnn.seq<tensor<40xf32>> {
  %y = rnn.unroll @lstm "a" (%x) : (!rnn.seq<tensor<40xf32>>) -> !rnn.seq<tensor<40xf32>>
  return %y : !rnn.seq<tensor<40xf32>>
}
