// Tags each word; classifies a whole text.
func.func @tag(%words: !rnn.seq<i32>) -> !rnn.seq<tensor<8xf32>> {
  %e = rnn.embed "words" %words {vocab = 30} : !rnn.seq<tensor<8xf32>>
  %y, %h = rnn.unroll @rnn_tanh "cell" (%e) : (!rnn.seq<tensor<8xf32>>) -> (!rnn.seq<tensor<16xf32>>, tensor<16xf32>)
  %s = rnn.project "out" (%y) : (!rnn.seq<tensor<16xf32>>) -> !rnn.seq<tensor<8xf32>>
  return %s : !rnn.seq<tensor<8xf32>>
}
func.func @tagging(%words: !rnn.seq<i32>, %tags: !rnn.seq<i32>) -> f32 {
  %s = call @tag(%words) : (!rnn.seq<i32>) -> !rnn.seq<tensor<8xf32>>
  %l = rnn.cross_entropy %s, %tags : !rnn.seq<tensor<8xf32>>, !rnn.seq<i32>
  return %l : f32
}
func.func @classify(%words: !rnn.seq<i32>) -> tensor<4xf32> {
  %e = rnn.embed "words" %words {vocab = 30} : !rnn.seq<tensor<8xf32>>
  %y, %h = rnn.unroll @rnn_tanh "cell" (%e) : (!rnn.seq<tensor<8xf32>>) -> (!rnn.seq<tensor<16xf32>>, tensor<16xf32>)
  %s = rnn.project "kind" (%h) : (tensor<16xf32>) -> tensor<4xf32>
  return %s : tensor<4xf32>
}
func.func @classification(%words: !rnn.seq<i32>, %kind: i32) -> f32 {
  %s = call @classify(%words) : (!rnn.seq<i32>) -> tensor<4xf32>
  %l = rnn.cross_entropy %s, %kind : tensor<4xf32>, i32
  return %l : f32
}
