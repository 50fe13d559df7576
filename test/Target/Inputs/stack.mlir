func.func @f(%words: !rnn.seq<i32>) -> (!rnn.seq<tensor<9xf32>>, tensor<24xf32>) {
  %x = rnn.embed "words" %words {vocab = 5} : !rnn.seq<tensor<8xf32>>
  %a = rnn.unroll @lstm_layer_norm "a" (%x) : (!rnn.seq<tensor<8xf32>>) -> !rnn.seq<tensor<40xf32>>
  %b = rnn.unroll @gru "b" (%a) : (!rnn.seq<tensor<40xf32>>) -> !rnn.seq<tensor<24xf32>>
  %m = rnn.mean_over_time %b : !rnn.seq<tensor<24xf32>>
  %z = rnn.project "out" (%b) : (!rnn.seq<tensor<24xf32>>) -> !rnn.seq<tensor<9xf32>>
  %s = rnn.softmax %z : !rnn.seq<tensor<9xf32>>
  return %s, %m : !rnn.seq<tensor<9xf32>>, tensor<24xf32>
}
