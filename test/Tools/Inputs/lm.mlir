// A small language model with a carried state.
func.func @next(%x: !rnn.seq<i32>, %h: tensor<16xf32> {rnn.carry = "h"}) -> (!rnn.seq<tensor<20xf32>>, tensor<16xf32> {rnn.carry = "h"}) {
  %e = rnn.embed "in" %x {vocab = 20} : !rnn.seq<tensor<8xf32>>
  %y, %h1 = rnn.unroll @rnn_tanh "cell" (%e) state(%h) : (!rnn.seq<tensor<8xf32>>, tensor<16xf32>) -> (!rnn.seq<tensor<16xf32>>, tensor<16xf32>)
  %s = rnn.project "out" (%y) : (!rnn.seq<tensor<16xf32>>) -> !rnn.seq<tensor<20xf32>>
  return %s, %h1 : !rnn.seq<tensor<20xf32>>, tensor<16xf32>
}
func.func @loss(%x: !rnn.seq<i32>, %y: !rnn.seq<i32>, %h: tensor<16xf32> {rnn.carry = "h"}) -> (f32, tensor<16xf32> {rnn.carry = "h"}) {
  %s, %h1 = call @next(%x, %h) : (!rnn.seq<i32>, tensor<16xf32>) -> (!rnn.seq<tensor<20xf32>>, tensor<16xf32>)
  %l = rnn.cross_entropy %s, %y : !rnn.seq<tensor<20xf32>>, !rnn.seq<i32>
  return %l, %h1 : f32, tensor<16xf32>
}
