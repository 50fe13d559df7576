// Spelling to sound without feeding: examples/g2p/g2p.mlir, smaller, with "dot"
// scores and a decoder whose states depend on the phones before alone. What comes
// after them is the same for all steps at once: the form that suits PyTorch.
func.func @pronounce(%word: !rnn.seq<i32>) -> !rnn.seq<i32> {
  %letters = rnn.embed "letter" %word {vocab = 28} : !rnn.seq<tensor<64xf32>>
  %f, %fh, %fc = rnn.unroll @lstm "forward" (%letters) : (!rnn.seq<tensor<64xf32>>) -> (!rnn.seq<tensor<96xf32>>, tensor<96xf32>, tensor<96xf32>)
  %b, %bh, %bc = rnn.unroll @lstm "backward" (%letters) reverse : (!rnn.seq<tensor<64xf32>>) -> (!rnn.seq<tensor<96xf32>>, tensor<96xf32>, tensor<96xf32>)
  %encoded = rnn.project "encoded" (%f, %b) : (!rnn.seq<tensor<96xf32>>, !rnn.seq<tensor<96xf32>>) -> !rnn.seq<tensor<192xf32>>
  %h0 = rnn.gate "first.hidden" tanh(%fh, %bh) : (tensor<96xf32>, tensor<96xf32>) -> tensor<192xf32>
  %c0 = rnn.project "first.cell" (%fc, %bc) : (tensor<96xf32>, tensor<96xf32>) -> tensor<192xf32>
  %start = arith.constant 0 : i32
  %phones = rnn.decode (%phone = %start) state(%h = %h0 : tensor<192xf32>, %c = %c0 : tensor<192xf32>) until 0 max 40 -> (!rnn.seq<i32>) {
    %p = rnn.embed "phone" %phone {vocab = 40} : tensor<64xf32>
    %o, %h1, %c1 = rnn.step @lstm "decoder" (%p) state(%h, %c) : (tensor<64xf32>, tensor<192xf32>, tensor<192xf32>) -> (tensor<192xf32>, tensor<192xf32>, tensor<192xf32>)
    %context = rnn.attend "attention" dot %o over %encoded : tensor<192xf32>, !rnn.seq<tensor<192xf32>> -> tensor<192xf32>
    %scores = rnn.project "scores" (%o, %context) : (tensor<192xf32>, tensor<192xf32>) -> tensor<40xf32>
    rnn.yield %scores state(%h1, %c1) : tensor<40xf32>, tensor<192xf32>, tensor<192xf32>
  }
  return %phones : !rnn.seq<i32>
}

func.func @loss(%word: !rnn.seq<i32>, %phones: !rnn.seq<i32>) -> f32 {
  %scores = rnn.teach @pronounce(%word) with(%phones) : (!rnn.seq<i32>, !rnn.seq<i32>) -> !rnn.seq<tensor<40xf32>>
  %l = rnn.cross_entropy %scores, %phones : !rnn.seq<tensor<40xf32>>, !rnn.seq<i32>
  return %l : f32
}
