// Grapheme to phoneme: the letters of a word to its phones.
//
// A bidirectional LSTM reads the word. Another writes phones, from states made
// of the last ones of both directions. At each step it looks at the letters
// (Luong et al., Effective approaches to attention-based neural machine
// translation, EMNLP 2015: "general" scores, eq. 8) and is fed what came of that
// at the step before (section 3.3).

// Class 0 ends a sequence of phones, and stands for what comes before the first.
func.func @pronounce(%word: !rnn.seq<i32>) -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
  %letters = rnn.embed "letter" %word {vocab = 28} : !rnn.seq<tensor<64xf32>>
  %x = rnn.dropout %letters {rate = 0.2} : !rnn.seq<tensor<64xf32>>
  %f, %fh, %fc = rnn.unroll @lstm "forward" (%x) : (!rnn.seq<tensor<64xf32>>) -> (!rnn.seq<tensor<160xf32>>, tensor<160xf32>, tensor<160xf32>)
  %b, %bh, %bc = rnn.unroll @lstm "backward" (%x) reverse : (!rnn.seq<tensor<64xf32>>) -> (!rnn.seq<tensor<160xf32>>, tensor<160xf32>, tensor<160xf32>)
  %encoded = rnn.project "encoded" (%f, %b) : (!rnn.seq<tensor<160xf32>>, !rnn.seq<tensor<160xf32>>) -> !rnn.seq<tensor<256xf32>>

  %h0 = rnn.gate "first.hidden" tanh(%fh, %bh) : (tensor<160xf32>, tensor<160xf32>) -> tensor<256xf32>
  %c0 = rnn.project "first.cell" (%fc, %bc) : (tensor<160xf32>, tensor<160xf32>) -> tensor<256xf32>
  %m0 = rnn.constant 0.0 : tensor<256xf32>
  %start = arith.constant 0 : i32
  %phones, %looked = rnn.decode (%phone = %start) state(%h = %h0 : tensor<256xf32>, %c = %c0 : tensor<256xf32>, %m = %m0 : tensor<256xf32>) until 0 max 40 -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
    %embedded = rnn.embed "phone" %phone {vocab = 40} : tensor<64xf32>
    %p = rnn.dropout %embedded {rate = 0.2} : tensor<64xf32>
    %in = tensor.concat dim(0) %p, %m : (tensor<64xf32>, tensor<256xf32>) -> tensor<320xf32>
    %o, %h1, %c1 = rnn.step @lstm "decoder" (%in) state(%h, %c) : (tensor<320xf32>, tensor<256xf32>, tensor<256xf32>) -> (tensor<256xf32>, tensor<256xf32>, tensor<256xf32>)
    %context, %a = rnn.attend "attention" bilinear %o over %encoded : tensor<256xf32>, !rnn.seq<tensor<256xf32>> -> tensor<256xf32>, !rnn.alignment<f32>
    %mixed = rnn.gate "mixed" tanh(%o, %context) : (tensor<256xf32>, tensor<256xf32>) -> tensor<256xf32>
    %m1 = rnn.dropout %mixed {rate = 0.2} : tensor<256xf32>
    %scores = rnn.project "scores" (%m1) : (tensor<256xf32>) -> tensor<40xf32>
    rnn.yield %scores, %a state(%h1, %c1, %m1) : tensor<40xf32>, !rnn.alignment<f32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>
  }
  return %phones, %looked : !rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>
}

func.func @loss(%word: !rnn.seq<i32>, %phones: !rnn.seq<i32>) -> f32 {
  %scores, %looked = rnn.teach @pronounce(%word) with(%phones) : (!rnn.seq<i32>, !rnn.seq<i32>) -> (!rnn.seq<tensor<40xf32>>, !rnn.seq<!rnn.alignment<f32>>)
  %l = rnn.cross_entropy %scores, %phones : !rnn.seq<tensor<40xf32>>, !rnn.seq<i32>
  return %l : f32
}
