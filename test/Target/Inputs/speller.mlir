// Two sentences to one, by attention to both, with a value of the example beside.
func.func @write(%a: !rnn.seq<i32>, %b: !rnn.seq<i32>, %style: tensor<3xf32>) -> !rnn.seq<i32> {
  %xa = rnn.embed "letter" %a {vocab = 8} : !rnn.seq<tensor<8xf32>>
  %xb = rnn.embed "letter" %b {vocab = 8} : !rnn.seq<tensor<8xf32>>
  %ea, %h0 = rnn.unroll @gru "first" (%xa) : (!rnn.seq<tensor<8xf32>>) -> (!rnn.seq<tensor<16xf32>>, tensor<16xf32>)
  %eb, %hb = rnn.unroll @gru "second" (%xb) : (!rnn.seq<tensor<8xf32>>) -> (!rnn.seq<tensor<12xf32>>, tensor<12xf32>)
  %first = arith.constant 0 : i32
  %y = rnn.decode (%prev = %first) state(%h = %h0 : tensor<16xf32>) until 0 max 10 -> (!rnn.seq<i32>) {
    %p = rnn.embed "sound" %prev {vocab = 7} : tensor<8xf32>
    %o, %h1 = rnn.step @gru "dec" (%p) state(%h) : (tensor<8xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
    %ca = rnn.attend "look" dot %o over %ea : tensor<16xf32>, !rnn.seq<tensor<16xf32>> -> tensor<16xf32>
    %cb = rnn.attend "peek" additive %o over %eb {size = 6} : tensor<16xf32>, !rnn.seq<tensor<12xf32>> -> tensor<12xf32>
    %s = rnn.project "out" (%o, %ca, %cb, %style) : (tensor<16xf32>, tensor<16xf32>, tensor<12xf32>, tensor<3xf32>) -> tensor<7xf32>
    rnn.yield %s state(%h1) : tensor<7xf32>, tensor<16xf32>
  }
  return %y : !rnn.seq<i32>
}
