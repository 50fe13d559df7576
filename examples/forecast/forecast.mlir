// Tomorrow's temperature from the last 28 days: a recurrent layer of 32 units
// and a linear map of its last output.

// A cell of one's own: the equations, learned parameters named where they are
// used. This is the gated recurrent unit of Cho et al. (2014) with the reset
// gate behind the product, as the prelude's @gru_reset_after, but its weights
// start from a narrower distribution, +-1/sqrt(32): with few rows to learn from,
// small weights meet rows of a new year more calmly.
//   r, z = sigmoid(x W + h U + b),  n = tanh(x W + b + r (h U + b))
//   h' = (1 - z) n + z h
rnn.cell @weather(%x) state(%h) {
  %r = rnn.gate "reset"  sigmoid(%x, %h) {init = #rnn.uniform<-0.177, 0.177>} : tensor<?xf32>
  %z = rnn.gate "update" sigmoid(%x, %h) {init = #rnn.uniform<-0.177, 0.177>} : tensor<?xf32>
  %nx = rnn.project "candidate_x" (%x) {init = #rnn.uniform<-0.177, 0.177>} : tensor<?xf32>
  %nh = rnn.project "candidate_h" (%h) {init = #rnn.uniform<-0.177, 0.177>} : tensor<?xf32>
  %rn = arith.mulf %r, %nh : tensor<?xf32>
  %s = arith.addf %nx, %rn : tensor<?xf32>
  %n = math.tanh %s : tensor<?xf32>
  %d = arith.subf %h, %n : tensor<?xf32>
  %zd = arith.mulf %z, %d : tensor<?xf32>
  %h1 = arith.addf %n, %zd : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// The change from the window's last day to the next, both normalized. The head
// starts from zero: before any training, tomorrow is like today.
func.func @forecast(%x: !rnn.seq<tensor<4xf32>>) -> tensor<1xf32> {
  %y, %h = rnn.unroll @weather "days" (%x) : (!rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<32xf32>>, tensor<32xf32>)
  %change = rnn.project "head" (%h) {init = #rnn.zeros} : (tensor<32xf32>) -> tensor<1xf32>
  return %change : tensor<1xf32>
}

func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %y: tensor<1xf32>) -> f32 {
  %change = call @forecast(%x) : (!rnn.seq<tensor<4xf32>>) -> tensor<1xf32>
  %l = rnn.mse %change, %y : tensor<1xf32>, tensor<1xf32>
  return %l : f32
}
