// Writes a word for a word, and gives where it looked.
func.func @write(%word: !rnn.seq<i32>) -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
  %x = rnn.embed "letter" %word {vocab = 8} : !rnn.seq<tensor<8xf32>>
  %e, %h0 = rnn.unroll @gru "enc" (%x) : (!rnn.seq<tensor<8xf32>>) -> (!rnn.seq<tensor<16xf32>>, tensor<16xf32>)
  %first = arith.constant 0 : i32
  %y, %a = rnn.decode (%prev = %first) state(%h = %h0 : tensor<16xf32>) until 0 max 10 -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
    %p = rnn.embed "sound" %prev {vocab = 7} : tensor<8xf32>
    %o, %h1 = rnn.step @gru "dec" (%p) state(%h) : (tensor<8xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
    %c, %w = rnn.attend "look" dot %o over %e : tensor<16xf32>, !rnn.seq<tensor<16xf32>> -> tensor<16xf32>, !rnn.alignment<f32>
    %s = rnn.project "out" (%o, %c) : (tensor<16xf32>, tensor<16xf32>) -> tensor<7xf32>
    rnn.yield %s, %w state(%h1) : tensor<7xf32>, !rnn.alignment<f32>, tensor<16xf32>
  }
  return %y, %a : !rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>
}

func.func @loss(%word: !rnn.seq<i32>, %sounds: !rnn.seq<i32>) -> f32 {
  %s, %a = rnn.teach @write(%word) with(%sounds) : (!rnn.seq<i32>, !rnn.seq<i32>) -> (!rnn.seq<tensor<7xf32>>, !rnn.seq<!rnn.alignment<f32>>)
  %l = rnn.cross_entropy %s, %sounds : !rnn.seq<tensor<7xf32>>, !rnn.seq<i32>
  return %l : f32
}

func.func @align(%word: !rnn.seq<i32>, %sounds: !rnn.seq<i32>) -> !rnn.seq<!rnn.alignment<f32>> {
  %s, %a = rnn.teach @write(%word) with(%sounds) : (!rnn.seq<i32>, !rnn.seq<i32>) -> (!rnn.seq<tensor<7xf32>>, !rnn.seq<!rnn.alignment<f32>>)
  return %a : !rnn.seq<!rnn.alignment<f32>>
}
