// Writes a sequence of symbols that is a function of another: an LSTM reads it in
// both directions, another writes from their last states
// alone.

// Class 0 ends a sequence, and stands for what comes before the first symbol.
func.func @write(%x: !rnn.seq<i32>) -> !rnn.seq<i32> {
  %e = rnn.embed "source" %x {vocab = 17} : !rnn.seq<tensor<32xf32>>
  %f, %fh, %fc = rnn.unroll @lstm "forward" (%e) : (!rnn.seq<tensor<32xf32>>) -> (!rnn.seq<tensor<64xf32>>, tensor<64xf32>, tensor<64xf32>)
  %b, %bh, %bc = rnn.unroll @lstm "backward" (%e) reverse : (!rnn.seq<tensor<32xf32>>) -> (!rnn.seq<tensor<64xf32>>, tensor<64xf32>, tensor<64xf32>)
  %h0 = rnn.gate "first.hidden" tanh(%fh, %bh) : (tensor<64xf32>, tensor<64xf32>) -> tensor<128xf32>
  %c0 = rnn.project "first.cell" (%fc, %bc) : (tensor<64xf32>, tensor<64xf32>) -> tensor<128xf32>
  %first = arith.constant 0 : i32
  %y = rnn.decode (%previous = %first) state(%h = %h0 : tensor<128xf32>, %c = %c0 : tensor<128xf32>) until 0 max 25 -> (!rnn.seq<i32>) {
    %p = rnn.embed "target" %previous {vocab = 17} : tensor<32xf32>
    %o, %h1, %c1 = rnn.step @lstm "decoder" (%p) state(%h, %c) : (tensor<32xf32>, tensor<128xf32>, tensor<128xf32>) -> (tensor<128xf32>, tensor<128xf32>, tensor<128xf32>)
    %mixed = rnn.gate "mixed" tanh(%o) : (tensor<128xf32>) -> tensor<128xf32>
    %s = rnn.project "scores" (%mixed) : (tensor<128xf32>) -> tensor<17xf32>
    rnn.yield %s state(%h1, %c1) : tensor<17xf32>, tensor<128xf32>, tensor<128xf32>
  }
  return %y : !rnn.seq<i32>
}

func.func @loss(%x: !rnn.seq<i32>, %y: !rnn.seq<i32>) -> f32 {
  %scores = rnn.teach @write(%x) with(%y) : (!rnn.seq<i32>, !rnn.seq<i32>) -> !rnn.seq<tensor<17xf32>>
  %l = rnn.cross_entropy %scores, %y : !rnn.seq<tensor<17xf32>>, !rnn.seq<i32>
  return %l : f32
}
