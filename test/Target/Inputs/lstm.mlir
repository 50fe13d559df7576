func.func @f(%x: !rnn.seq<tensor<7xf32>>) -> !rnn.seq<tensor<5xf32>> {
  %y = rnn.unroll @lstm "a" (%x) : (!rnn.seq<tensor<7xf32>>) -> !rnn.seq<tensor<20xf32>>
  %z = rnn.project "out" (%y) : (!rnn.seq<tensor<20xf32>>) -> !rnn.seq<tensor<5xf32>>
  return %z : !rnn.seq<tensor<5xf32>>
}
