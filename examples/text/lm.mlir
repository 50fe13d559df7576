// A language model of characters: each character is to predict the next. The
// states of a window are where the next one begins ("carry"): what is read stays
// in mind, while gradients flow through one window at a time.

func.func @next(%x: !rnn.seq<i32>,
                %h1: tensor<256xf32> {rnn.carry = "h1"}, %c1: tensor<256xf32> {rnn.carry = "c1"},
                %h2: tensor<256xf32> {rnn.carry = "h2"}, %c2: tensor<256xf32> {rnn.carry = "c2"})
    -> (!rnn.seq<tensor<80xf32>>,
        tensor<256xf32> {rnn.carry = "h1"}, tensor<256xf32> {rnn.carry = "c1"},
        tensor<256xf32> {rnn.carry = "h2"}, tensor<256xf32> {rnn.carry = "c2"}) {
  %e = rnn.embed "characters" %x {vocab = 80} : !rnn.seq<tensor<64xf32>>
  %y1, %s1:2 = rnn.unroll @lstm "first" (%e) state(%h1, %c1)
    : (!rnn.seq<tensor<64xf32>>, tensor<256xf32>, tensor<256xf32>) -> (!rnn.seq<tensor<256xf32>>, tensor<256xf32>, tensor<256xf32>)
  %d = rnn.dropout %y1 {rate = 0.1} : !rnn.seq<tensor<256xf32>>
  %y2, %s2:2 = rnn.unroll @lstm "second" (%d) state(%h2, %c2)
    : (!rnn.seq<tensor<256xf32>>, tensor<256xf32>, tensor<256xf32>) -> (!rnn.seq<tensor<256xf32>>, tensor<256xf32>, tensor<256xf32>)
  %scores = rnn.project "out" (%y2) : (!rnn.seq<tensor<256xf32>>) -> !rnn.seq<tensor<80xf32>>
  return %scores, %s1#0, %s1#1, %s2#0, %s2#1 : !rnn.seq<tensor<80xf32>>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>
}

func.func @loss(%x: !rnn.seq<i32>, %y: !rnn.seq<i32>,
                %h1: tensor<256xf32> {rnn.carry = "h1"}, %c1: tensor<256xf32> {rnn.carry = "c1"},
                %h2: tensor<256xf32> {rnn.carry = "h2"}, %c2: tensor<256xf32> {rnn.carry = "c2"})
    -> (f32,
        tensor<256xf32> {rnn.carry = "h1"}, tensor<256xf32> {rnn.carry = "c1"},
        tensor<256xf32> {rnn.carry = "h2"}, tensor<256xf32> {rnn.carry = "c2"}) {
  %scores, %s:4 = call @next(%x, %h1, %c1, %h2, %c2)
    : (!rnn.seq<i32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>)
    -> (!rnn.seq<tensor<80xf32>>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>)
  %l = rnn.cross_entropy %scores, %y : !rnn.seq<tensor<80xf32>>, !rnn.seq<i32>
  return %l, %s#0, %s#1, %s#2, %s#3 : f32, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>
}
