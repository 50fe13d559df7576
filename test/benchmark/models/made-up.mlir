// A cell that nobody has published: a memory s that keeps or takes up a value,
// squashed by s / sqrt(1 + s^2), and an output that is written or left as it
// was. It shares no activation but the sigmoid with the usual cells.
//   k, w = sigmoid(x W + h U + b),  v = x W + h U + b
//   s' = v + k (s - v),  h' = h + w (s' / sqrt(1 + s'^2) - h)
rnn.cell @made_up(%x) state(%h, %s) {
  %k = rnn.gate "keep"  sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %w = rnn.gate "write" sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %v = rnn.project "value" (%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %d = arith.subf %s, %v : tensor<?xf32>
  %kd = arith.mulf %k, %d : tensor<?xf32>
  %s1 = arith.addf %v, %kd : tensor<?xf32>
  %square = arith.mulf %s1, %s1 : tensor<?xf32>
  %norm = arith.addf %one, %square : tensor<?xf32>
  %scale = math.rsqrt %norm : tensor<?xf32>
  %t = arith.mulf %s1, %scale : tensor<?xf32>
  %e = arith.subf %t, %h : tensor<?xf32>
  %we = arith.mulf %w, %e : tensor<?xf32>
  %h1 = arith.addf %h, %we : tensor<?xf32>
  rnn.yield %h1 state(%h1, %s1)
}
