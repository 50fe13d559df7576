func.func @f(%x: !rnn.seq<tensor<1xf32>>, %g: tensor<4xf32>, %h: tensor<32xf32> {rnn.carry = "h"}, %c: tensor<32xf32> {rnn.carry = "c"})
    -> (!rnn.seq<tensor<1xf32>>, tensor<32xf32> {rnn.carry = "h"}, tensor<32xf32> {rnn.carry = "c"}) {
  %y, %s:2 = rnn.unroll @lstm "a" (%x) state(%h, %c) : (!rnn.seq<tensor<1xf32>>, tensor<32xf32>, tensor<32xf32>) -> (!rnn.seq<tensor<32xf32>>, tensor<32xf32>, tensor<32xf32>)
  %o = rnn.project "out" (%y) : (!rnn.seq<tensor<32xf32>>) -> !rnn.seq<tensor<1xf32>>
  %k = rnn.project "gain" (%g) : (tensor<4xf32>) -> tensor<1xf32>
  %z = rnn.scan (%xt = %x : !rnn.seq<tensor<1xf32>>, %ot = %o : !rnn.seq<tensor<1xf32>>) state() -> (!rnn.seq<tensor<1xf32>>) {
    %m = arith.mulf %ot, %k : tensor<1xf32>
    %a = arith.addf %m, %xt : tensor<1xf32>
    rnn.yield %a : tensor<1xf32>
  }
  return %z, %s#0, %s#1 : !rnn.seq<tensor<1xf32>>, tensor<32xf32>, tensor<32xf32>
}
