// Two layers of $cell over a sequence, and the mean of squares as its objective.
func.func @f(%x: !rnn.seq<tensor<${I}xf32>>) -> !rnn.seq<tensor<${H}xf32>> {
  %m = rnn.unroll @$cell "layer0" (%x) : (!rnn.seq<tensor<${I}xf32>>) -> !rnn.seq<tensor<${H}xf32>>
  %y = rnn.unroll @$cell "layer1" (%m) : (!rnn.seq<tensor<${H}xf32>>) -> !rnn.seq<tensor<${H}xf32>>
  return %y : !rnn.seq<tensor<${H}xf32>>
}
func.func @loss(%x: !rnn.seq<tensor<${I}xf32>>, %t: !rnn.seq<tensor<${H}xf32>>) -> f32 {
  %y = call @f(%x) : (!rnn.seq<tensor<${I}xf32>>) -> !rnn.seq<tensor<${H}xf32>>
  %l = rnn.mse %y, %t : !rnn.seq<tensor<${H}xf32>>, !rnn.seq<tensor<${H}xf32>>
  return %l : f32
}
