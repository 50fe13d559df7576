func.func @f(%x: !rnn.seq<tensor<6xf32>>) -> (!rnn.seq<tensor<33xf32>>, tensor<33xf32>) {
  %y, %h = rnn.unroll @mingru "a" (%x) : (!rnn.seq<tensor<6xf32>>) -> (!rnn.seq<tensor<33xf32>>, tensor<33xf32>)
  return %y, %h : !rnn.seq<tensor<33xf32>>, tensor<33xf32>
}
