// A small recurrent model of windows of days.
func.func @forecast(%x: !rnn.seq<tensor<3xf32>>) -> tensor<1xf32> {
  %d = rnn.dropout %x {rate = 0.1} : !rnn.seq<tensor<3xf32>>
  %y, %h = rnn.unroll @gru_reset_after "days" (%d) : (!rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<8xf32>>, tensor<8xf32>)
  %o = rnn.project "out" (%h) : (tensor<8xf32>) -> tensor<1xf32>
  return %o : tensor<1xf32>
}
func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %y: tensor<1xf32>) -> f32 {
  %o = call @forecast(%x) : (!rnn.seq<tensor<3xf32>>) -> tensor<1xf32>
  %l = rnn.mse %o, %y : tensor<1xf32>, tensor<1xf32>
  return %l : f32
}
