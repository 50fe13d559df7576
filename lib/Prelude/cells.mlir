// The cells that every model may use by name. They are models like any other:
// no pass knows one of these names, and a copy under another name compiles to
// the same code.
//
// In all of them the first operand of a gate is the input and the last the
// output of the step before; `y` is the output, `h` and `c` are states.

// Elman, Finding structure in time, Cognitive Science 14 (1990).
//   h' = tanh(x W + h U + b)
rnn.cell @rnn_tanh(%x) state(%h) {
  %h1 = rnn.gate "hidden" tanh(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

//   h' = max(x W + h U + b, 0)
rnn.cell @rnn_relu(%x) state(%h) {
  %h1 = rnn.gate "hidden" relu(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Le, Jaitly & Hinton, A simple way to initialize recurrent networks of
// rectified linear units (2015): the ReLU network from U = 1.
rnn.cell @irnn(%x) state(%h) {
  %h1 = rnn.gate "hidden" relu(%x, %h) {init = [#rnn.normal<0.0, 0.001>, #rnn.identity<1.0>]} : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9
// (1997), with the forget gate of Gers et al. (2000).
//   i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b)
//   c' = f c + i g,  h' = o tanh(c')
rnn.cell @lstm(%x) state(%h, %c) {
  %i = rnn.gate "input"  sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %f = rnn.gate "forget" sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>], bias_init = 1.0} : tensor<?xf32>
  %g = rnn.gate "cell"   tanh(%x, %h)    {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %o = rnn.gate "output" sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// Gers & Schmidhuber, Recurrent nets that time and count (2000): gates see the
// cell through the diagonal "peephole" weights p.
//   i, f = sigmoid(x W + h U + p c + b),  o = sigmoid(x W + h U + p c' + b)
rnn.cell @lstm_peephole(%x) state(%h, %c) {
  %ip = rnn.project "input" (%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %fp = rnn.project "forget" (%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>], bias_init = 1.0} : tensor<?xf32>
  %op = rnn.project "output" (%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %pi = rnn.param "input.peephole" : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %ic = arith.mulf %pi, %c : tensor<?xf32>
  %is = arith.addf %ip, %ic : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// Sak, Senior & Beaufays, Long short-term memory recurrent neural network
// architectures for large scale acoustic modeling (2014): the output is a
// projection r of the cell's output, and so is what the gates read.
//   r' = (o tanh(c')) P
rnn.cell @lstm_projected(%x) state(%r, %c) {
  %i = rnn.gate "input"  sigmoid(%x, %r) : tensor<?xf32>
  %f = rnn.gate "forget" sigmoid(%x, %r) {bias_init = 1.0} : tensor<?xf32>
  %g = rnn.gate "cell"   tanh(%x, %r) : tensor<?xf32>
  %o = rnn.gate "output" sigmoid(%x, %r) : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %m = arith.mulf %o, %t : tensor<?xf32>
  %r1 = rnn.project "recurrent" (%m) {bias = false} : tensor<?xf32>
  rnn.yield %r1 state(%r1, %c1)
}

//===----------------------------------------------------------------------===//
// Greff et al., LSTM: a search space odyssey, IEEE TNNLS 28 (2017), table 1:
// the peephole LSTM with one part left out or changed.
//===----------------------------------------------------------------------===//

// NIG: no input gate, i = 1.
rnn.cell @lstm_no_input_gate(%x) state(%h, %c) {
  %fp = rnn.project "forget" (%x, %h) {bias_init = 1.0} : tensor<?xf32>
  %op = rnn.project "output" (%x, %h) : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %c1 = arith.addf %keep, %g : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// NFG: no forget gate, f = 1 (the LSTM of 1997).
rnn.cell @lstm_no_forget_gate(%x) state(%h, %c) {
  %ip = rnn.project "input" (%x, %h) : tensor<?xf32>
  %op = rnn.project "output" (%x, %h) : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) : tensor<?xf32>
  %pi = rnn.param "input.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %ic = arith.mulf %pi, %c : tensor<?xf32>
  %is = arith.addf %ip, %ic : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %c, %add : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// NOG: no output gate, o = 1.
rnn.cell @lstm_no_output_gate(%x) state(%h, %c) {
  %ip = rnn.project "input" (%x, %h) : tensor<?xf32>
  %fp = rnn.project "forget" (%x, %h) {bias_init = 1.0} : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) : tensor<?xf32>
  %pi = rnn.param "input.peephole" : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %ic = arith.mulf %pi, %c : tensor<?xf32>
  %is = arith.addf %ip, %ic : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %h1 = math.tanh %c1 : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// NIAF: no input activation function, g = x W + h U + b.
rnn.cell @lstm_no_input_activation(%x) state(%h, %c) {
  %ip = rnn.project "input" (%x, %h) : tensor<?xf32>
  %fp = rnn.project "forget" (%x, %h) {bias_init = 1.0} : tensor<?xf32>
  %op = rnn.project "output" (%x, %h) : tensor<?xf32>
  %g = rnn.project "cell" (%x, %h) : tensor<?xf32>
  %pi = rnn.param "input.peephole" : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %ic = arith.mulf %pi, %c : tensor<?xf32>
  %is = arith.addf %ip, %ic : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// NOAF: no output activation function, h' = o c'.
rnn.cell @lstm_no_output_activation(%x) state(%h, %c) {
  %ip = rnn.project "input" (%x, %h) : tensor<?xf32>
  %fp = rnn.project "forget" (%x, %h) {bias_init = 1.0} : tensor<?xf32>
  %op = rnn.project "output" (%x, %h) : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) : tensor<?xf32>
  %pi = rnn.param "input.peephole" : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %ic = arith.mulf %pi, %c : tensor<?xf32>
  %is = arith.addf %ip, %ic : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %h1 = arith.mulf %o, %c1 : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// NP: no peepholes, which is @lstm under Greff's name.
rnn.cell @lstm_no_peepholes(%x) state(%h, %c) {
  %i = rnn.gate "input"  sigmoid(%x, %h) : tensor<?xf32>
  %f = rnn.gate "forget" sigmoid(%x, %h) {bias_init = 1.0} : tensor<?xf32>
  %g = rnn.gate "cell"   tanh(%x, %h) : tensor<?xf32>
  %o = rnn.gate "output" sigmoid(%x, %h) : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// CIFG: coupled input and forget gate, i = 1 - f.
rnn.cell @lstm_coupled(%x) state(%h, %c) {
  %fp = rnn.project "forget" (%x, %h) {bias_init = 1.0} : tensor<?xf32>
  %op = rnn.project "output" (%x, %h) : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %i = arith.subf %one, %f : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// FGR: full gate recurrence, as in 1997: the gates also read the gates of the
// step before.
rnn.cell @lstm_full_gate_recurrence(%x) state(%h, %c, %i0, %f0, %o0) {
  %ip = rnn.project "input" (%x, %h, %i0, %f0, %o0) : tensor<?xf32>
  %fp = rnn.project "forget" (%x, %h, %i0, %f0, %o0) {bias_init = 1.0} : tensor<?xf32>
  %op = rnn.project "output" (%x, %h, %i0, %f0, %o0) : tensor<?xf32>
  %g = rnn.gate "cell" tanh(%x, %h) : tensor<?xf32>
  %pi = rnn.param "input.peephole" : tensor<?xf32>
  %pf = rnn.param "forget.peephole" : tensor<?xf32>
  %po = rnn.param "output.peephole" : tensor<?xf32>
  %ic = arith.mulf %pi, %c : tensor<?xf32>
  %is = arith.addf %ip, %ic : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %fc = arith.mulf %pf, %c : tensor<?xf32>
  %fs = arith.addf %fp, %fc : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %oc = arith.mulf %po, %c1 : tensor<?xf32>
  %os = arith.addf %op, %oc : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %t = math.tanh %c1 : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1, %i, %f, %o)
}

//===----------------------------------------------------------------------===//

// Ba, Kiros & Hinton, Layer normalization (2016), eqs. 20 to 22: both products
// and the cell are normalized, each product with a gain and bias of its own.
rnn.cell @lstm_layer_norm(%x) state(%h, %c) {
  %ix = rnn.project "input.x" (%x) {bias = false} : tensor<?xf32>
  %ih = rnn.project "input.h" (%h) {bias = false, init = #rnn.orthogonal<1.0>} : tensor<?xf32>
  %ixn = rnn.layer_norm "input.x.norm" %ix {bias = false} : tensor<?xf32>
  %ihn = rnn.layer_norm "input.h.norm" %ih : tensor<?xf32>
  %is = arith.addf %ixn, %ihn : tensor<?xf32>
  %i = rnn.sigmoid %is : tensor<?xf32>
  %fx = rnn.project "forget.x" (%x) {bias = false} : tensor<?xf32>
  %fh = rnn.project "forget.h" (%h) {bias = false, init = #rnn.orthogonal<1.0>} : tensor<?xf32>
  %fxn = rnn.layer_norm "forget.x.norm" %fx {bias = false} : tensor<?xf32>
  %fhn = rnn.layer_norm "forget.h.norm" %fh {bias_init = 1.0} : tensor<?xf32>
  %fs = arith.addf %fxn, %fhn : tensor<?xf32>
  %f = rnn.sigmoid %fs : tensor<?xf32>
  %gx = rnn.project "cell.x" (%x) {bias = false} : tensor<?xf32>
  %gh = rnn.project "cell.h" (%h) {bias = false, init = #rnn.orthogonal<1.0>} : tensor<?xf32>
  %gxn = rnn.layer_norm "cell.x.norm" %gx {bias = false} : tensor<?xf32>
  %ghn = rnn.layer_norm "cell.h.norm" %gh : tensor<?xf32>
  %gs = arith.addf %gxn, %ghn : tensor<?xf32>
  %g = math.tanh %gs : tensor<?xf32>
  %ox = rnn.project "output.x" (%x) {bias = false} : tensor<?xf32>
  %oh = rnn.project "output.h" (%h) {bias = false, init = #rnn.orthogonal<1.0>} : tensor<?xf32>
  %oxn = rnn.layer_norm "output.x.norm" %ox {bias = false} : tensor<?xf32>
  %ohn = rnn.layer_norm "output.h.norm" %oh : tensor<?xf32>
  %os = arith.addf %oxn, %ohn : tensor<?xf32>
  %o = rnn.sigmoid %os : tensor<?xf32>
  %keep = arith.mulf %f, %c : tensor<?xf32>
  %add = arith.mulf %i, %g : tensor<?xf32>
  %c1 = arith.addf %keep, %add : tensor<?xf32>
  %cn = rnn.layer_norm "norm" %c1 : tensor<?xf32>
  %t = math.tanh %cn : tensor<?xf32>
  %h1 = arith.mulf %o, %t : tensor<?xf32>
  rnn.yield %h1 state(%h1, %c1)
}

// Cho et al., Learning phrase representations using RNN encoder-decoder (2014):
// the reset gate acts before the product.
//   r, z = sigmoid(x W + h U + b),  n = tanh(x W + (r h) U + b)
//   h' = z h + (1 - z) n
rnn.cell @gru(%x) state(%h) {
  %r = rnn.gate "reset"  sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %z = rnn.gate "update" sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %rh = arith.mulf %r, %h : tensor<?xf32>
  %n = rnn.gate "candidate" tanh(%x, %rh) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %d = arith.subf %h, %n : tensor<?xf32>
  %zd = arith.mulf %z, %d : tensor<?xf32>
  %h1 = arith.addf %n, %zd : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// The same with the reset gate after the product, so that one product serves
// all gates (the form of cuDNN, PyTorch and ONNX with linear_before_reset).
//   n = tanh(x W + b + r (h U + d))
rnn.cell @gru_reset_after(%x) state(%h) {
  %r = rnn.gate "reset"  sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %z = rnn.gate "update" sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %nx = rnn.project "candidate_x" (%x) : tensor<?xf32>
  %nh = rnn.project "candidate_h" (%h) {init = #rnn.orthogonal<1.0>} : tensor<?xf32>
  %rn = arith.mulf %r, %nh : tensor<?xf32>
  %s = arith.addf %nx, %rn : tensor<?xf32>
  %n = math.tanh %s : tensor<?xf32>
  %d = arith.subf %h, %n : tensor<?xf32>
  %zd = arith.mulf %z, %d : tensor<?xf32>
  %h1 = arith.addf %n, %zd : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Zhou et al., Minimal gated unit for recurrent neural networks (2016).
//   f = sigmoid(x W + h U + b),  n = tanh(x W + (f h) U + b)
//   h' = (1 - f) h + f n
rnn.cell @mgu(%x) state(%h) {
  %f = rnn.gate "forget" sigmoid(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %fh = arith.mulf %f, %h : tensor<?xf32>
  %n = rnn.gate "candidate" tanh(%x, %fh) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  %d = arith.subf %n, %h : tensor<?xf32>
  %fd = arith.mulf %f, %d : tensor<?xf32>
  %h1 = arith.addf %h, %fd : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Feng et al., Were RNNs all we needed? (2024): gates read the input alone, so
// that the state enters linearly.
//   z = sigmoid(x W + b),  n = x W + b,  h' = (1 - z) h + z n
rnn.cell @mingru(%x) state(%h) {
  %z = rnn.gate "update" sigmoid(%x) : tensor<?xf32>
  %n = rnn.project "candidate" (%x) : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %keep = arith.subf %one, %z : tensor<?xf32>
  %kh = arith.mulf %keep, %h : tensor<?xf32>
  %zn = arith.mulf %z, %n : tensor<?xf32>
  %h1 = arith.addf %kh, %zn : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Feng et al. (2024), the LSTM of that kind: two gates, normalized so that the
// state keeps its scale.
//   f, i = sigmoid(x W + b),  n = x W + b
//   h' = f / (f + i) h + i / (f + i) n
rnn.cell @minlstm(%x) state(%h) {
  %f = rnn.gate "forget" sigmoid(%x) : tensor<?xf32>
  %i = rnn.gate "input" sigmoid(%x) : tensor<?xf32>
  %n = rnn.project "candidate" (%x) : tensor<?xf32>
  %s = arith.addf %f, %i : tensor<?xf32>
  %fs = arith.divf %f, %s : tensor<?xf32>
  %is = arith.divf %i, %s : tensor<?xf32>
  %fh = arith.mulf %fs, %h : tensor<?xf32>
  %in = arith.mulf %is, %n : tensor<?xf32>
  %h1 = arith.addf %fh, %in : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Mikolov et al., Learning longer memory in recurrent neural networks (2015),
// eq. 4: units that forget at a rate of their own, here a learned one.
//   h' = a h + (1 - a) x W,  a = sigmoid(p), from 0.95
rnn.cell @leaky_integrator(%x) state(%h) {
  %u = rnn.project "input" (%x) {bias = false} : tensor<?xf32>
  %p = rnn.param "leak" {init = #rnn.constant<2.944439>} : tensor<?xf32>
  %a = rnn.sigmoid %p : tensor<?xf32>
  %d = arith.subf %h, %u : tensor<?xf32>
  %ad = arith.mulf %a, %d : tensor<?xf32>
  %h1 = arith.addf %u, %ad : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Orvieto et al., Resurrecting recurrent neural networks for long sequences
// (2023): a state-space layer with a complex diagonal, here as two states.
//   s' = lambda s + gamma (x B),  y = Re(s' C) + x D + b
//   lambda = exp(-exp(nu) + i exp(theta)),  gamma = sqrt(1 - |lambda|^2)
// It starts with |lambda| between 0.9 and 0.999 and its argument between 0.01
// and pi / 10.
rnn.cell @lru(%x) state(%re, %im) {
  %nu = rnn.param "nu" {init = #rnn.uniform<-6.9, -2.25>} : tensor<?xf32>
  %theta = rnn.param "theta" {init = #rnn.uniform<-4.6, -1.16>} : tensor<?xf32>
  %rate = math.exp %nu : tensor<?xf32>
  %minus = arith.negf %rate : tensor<?xf32>
  %size = math.exp %minus : tensor<?xf32>
  %phase = math.exp %theta : tensor<?xf32>
  %cos = math.cos %phase : tensor<?xf32>
  %sin = math.sin %phase : tensor<?xf32>
  %lr = arith.mulf %size, %cos : tensor<?xf32>
  %li = arith.mulf %size, %sin : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %square = arith.mulf %size, %size : tensor<?xf32>
  %rest = arith.subf %one, %square : tensor<?xf32>
  %gamma = math.sqrt %rest : tensor<?xf32>
  %br = rnn.project "input.re" (%x) {bias = false} : tensor<?xf32>
  %bi = rnn.project "input.im" (%x) {bias = false} : tensor<?xf32>
  %ur = arith.mulf %gamma, %br : tensor<?xf32>
  %ui = arith.mulf %gamma, %bi : tensor<?xf32>
  %rr = arith.mulf %lr, %re : tensor<?xf32>
  %ii = arith.mulf %li, %im : tensor<?xf32>
  %ri = arith.mulf %lr, %im : tensor<?xf32>
  %ir = arith.mulf %li, %re : tensor<?xf32>
  %sr = arith.subf %rr, %ii : tensor<?xf32>
  %si = arith.addf %ri, %ir : tensor<?xf32>
  %re1 = arith.addf %sr, %ur : tensor<?xf32>
  %im1 = arith.addf %si, %ui : tensor<?xf32>
  %y = rnn.project "output" (%re1, %im1, %x) : tensor<?xf32>
  rnn.yield %y state(%re1, %im1)
}

//===----------------------------------------------------------------------===//
// Reservoirs: weights are drawn and stay; what is fitted is a readout. Their
// numbers are settings of the use: {settings = {spectral_radius = 0.95}}.
//===----------------------------------------------------------------------===//

// Jaeger, The "echo state" approach to analysing and training recurrent neural
// networks (2001), with the leak a of Jaeger et al., Optimization and
// applications of echo state networks with leaky-integrator neurons, Neural
// Networks 20 (2007).
//   h' = (1 - a) h + a tanh(x W + h U + b)
rnn.cell @esn(%x) state(%h) {
  %u = rnn.project "input" (%x) {bias = false, trainable = false,
      init = #rnn.reservoir<density = #rnn.setting<"input_density", 1.0>,
                            distribution = #rnn.setting<"input_distribution", "uniform">,
                            scale = #rnn.setting<"input_scaling", 1.0>>} : tensor<?xf32>
  %r = rnn.project "recurrent" (%h) {bias = false, trainable = false,
      init = #rnn.reservoir<density = #rnn.setting<"density", 0.1>,
                            spectral_radius = #rnn.setting<"spectral_radius", 0.9>,
                            distribution = #rnn.setting<"distribution", "uniform">,
                            topology = #rnn.setting<"topology", "random">,
                            rewire = #rnn.setting<"rewire", 0.1>>} : tensor<?xf32>
  %b = rnn.param "bias" {trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"bias_scaling", 0.0>>} : tensor<?xf32>
  %ur = arith.addf %u, %r : tensor<?xf32>
  %s = arith.addf %ur, %b : tensor<?xf32>
  %t = math.tanh %s : tensor<?xf32>
  %a = rnn.hyper "leak" 1.0 : tensor<?xf32>
  %d = arith.subf %t, %h : tensor<?xf32>
  %ad = arith.mulf %a, %d : tensor<?xf32>
  %h1 = arith.addf %h, %ad : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Jaeger (2001), with the output fed back: `rnn.unroll … feedback` or
// a scan gives it, the fitted one when it runs free, the taught one before.
//   h' = (1 - a) h + a tanh(x W + y V + h U + b)
rnn.cell @esn_feedback(%x, %y) state(%h) {
  %u = rnn.project "input" (%x) {bias = false, trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"input_scaling", 1.0>>} : tensor<?xf32>
  %v = rnn.project "feedback" (%y) {bias = false, trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"feedback_scaling", 1.0>>} : tensor<?xf32>
  %r = rnn.project "recurrent" (%h) {bias = false, trainable = false,
      init = #rnn.reservoir<density = #rnn.setting<"density", 0.1>,
                            spectral_radius = #rnn.setting<"spectral_radius", 0.9>,
                            distribution = #rnn.setting<"distribution", "uniform">,
                            topology = #rnn.setting<"topology", "random">>} : tensor<?xf32>
  %b = rnn.param "bias" {trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"bias_scaling", 0.0>>} : tensor<?xf32>
  %uv = arith.addf %u, %v : tensor<?xf32>
  %ur = arith.addf %uv, %r : tensor<?xf32>
  %s = arith.addf %ur, %b : tensor<?xf32>
  %t = math.tanh %s : tensor<?xf32>
  %a = rnn.hyper "leak" 1.0 : tensor<?xf32>
  %d = arith.subf %t, %h : tensor<?xf32>
  %ad = arith.mulf %a, %d : tensor<?xf32>
  %h1 = arith.addf %h, %ad : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// A reservoir without an activation, whose memory theory knows: Jaeger,
// Short term memory in echo state networks, GMD report 152 (2001); White, Lee &
// Sompolinsky, Short-term memory in orthogonal neural networks, PRL 92 (2004).
//   h' = x W + h U, with U a random orthogonal matrix times the radius
rnn.cell @linear_reservoir(%x) state(%h) {
  %u = rnn.project "input" (%x) {bias = false, trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"input_scaling", 1.0>>} : tensor<?xf32>
  %r = rnn.project "recurrent" (%h) {bias = false, trainable = false,
      init = #rnn.orthogonal<1.0>} : tensor<?xf32>
  %g = rnn.hyper "spectral_radius" 0.99 : tensor<?xf32>
  %gr = arith.mulf %g, %r : tensor<?xf32>
  %h1 = arith.addf %u, %gr : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// Schrauwen et al., Improving reservoirs using intrinsic plasticity,
// Neurocomputing 71 (2008): the reservoir learns without a
// teacher. Gain 1 + g and bias b of each unit move its output towards a normal
// distribution; a rate of 0 holds them.
//   y = tanh((1 + g) n + b),  n = x W + h U
//   b' = b - eta (-mu / s^2 + y / s^2 (2 s^2 + 1 - y^2 + mu y))
//   g' = g + eta / (1 + g) + (b' - b) n
rnn.cell @esn_plastic(%x) state(%h, %g, %b) {
  %u = rnn.project "input" (%x) {bias = false, trainable = false,
      init = #rnn.reservoir<scale = #rnn.setting<"input_scaling", 1.0>>} : tensor<?xf32>
  %r = rnn.project "recurrent" (%h) {bias = false, trainable = false,
      init = #rnn.reservoir<density = #rnn.setting<"density", 0.1>,
                            spectral_radius = #rnn.setting<"spectral_radius", 0.9>>} : tensor<?xf32>
  %eta = rnn.hyper "rate" 0.001 : tensor<?xf32>
  %mu = rnn.hyper "mean" 0.0 : tensor<?xf32>
  %sigma = rnn.hyper "deviation" 0.2 : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %n = arith.addf %u, %r : tensor<?xf32>
  %gain = arith.addf %one, %g : tensor<?xf32>
  %gn = arith.mulf %gain, %n : tensor<?xf32>
  %s = arith.addf %gn, %b : tensor<?xf32>
  %y = math.tanh %s : tensor<?xf32>
  %variance = arith.mulf %sigma, %sigma : tensor<?xf32>
  %twice = arith.addf %variance, %variance : tensor<?xf32>
  %square = arith.mulf %y, %y : tensor<?xf32>
  %my = arith.mulf %mu, %y : tensor<?xf32>
  %t0 = arith.addf %twice, %one : tensor<?xf32>
  %t1 = arith.subf %t0, %square : tensor<?xf32>
  %t2 = arith.addf %t1, %my : tensor<?xf32>
  %t3 = arith.mulf %y, %t2 : tensor<?xf32>
  %t4 = arith.subf %mu, %t3 : tensor<?xf32>
  %t5 = arith.divf %t4, %variance : tensor<?xf32>
  %db = arith.mulf %eta, %t5 : tensor<?xf32>
  %grow = arith.divf %eta, %gain : tensor<?xf32>
  %dn = arith.mulf %db, %n : tensor<?xf32>
  %dg = arith.addf %grow, %dn : tensor<?xf32>
  %g1 = arith.addf %g, %dg : tensor<?xf32>
  %b1 = arith.addf %b, %db : tensor<?xf32>
  rnn.yield %y state(%y, %g1, %b1)
}

// Maass, Natschlaeger & Markram, Real-time computing without stable states,
// Neural Computation 14 (2002): a liquid of leaky integrate-and-fire neurons,
// 80 % of them excitatory. Currents decay exponentially; a membrane that passes
// the threshold spikes, is reset, and rests for some instants; what is read
// are the spikes, filtered.
//   i' = a_s i + x W + z U,  v' = a_m v + i' (0 while it rests)
//   z' = v' > threshold,  f' = a_f f + z'
// The decays are exp(-dt / tau) of the synapse, the membrane and the filter.
rnn.cell @liquid(%x) state(%f, %v, %i, %z, %rest) {
  %u = rnn.project "input" (%x) {bias = false, trainable = false,
      init = #rnn.reservoir<density = #rnn.setting<"input_density", 0.3>,
                            scale = #rnn.setting<"input_scaling", 1.0>>} : tensor<?xf32>
  %w = rnn.project "recurrent" (%z) {bias = false, trainable = false,
      init = #rnn.reservoir<density = #rnn.setting<"density", 0.1>,
                            scale = #rnn.setting<"scaling", 0.2>,
                            excitatory = #rnn.setting<"excitatory", 0.8>>} : tensor<?xf32>
  %as = rnn.hyper "synapse_decay" 0.7 : tensor<?xf32>
  %am = rnn.hyper "membrane_decay" 0.97 : tensor<?xf32>
  %af = rnn.hyper "filter_decay" 0.97 : tensor<?xf32>
  %threshold = rnn.hyper "threshold" 1.0 : tensor<?xf32>
  %refractory = rnn.hyper "refractory" 3.0 : tensor<?xf32>
  %zero = rnn.constant 0.0 : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %ai = arith.mulf %as, %i : tensor<?xf32>
  %uw = arith.addf %u, %w : tensor<?xf32>
  %i1 = arith.addf %ai, %uw : tensor<?xf32>
  %av = arith.mulf %am, %v : tensor<?xf32>
  %vi = arith.addf %av, %i1 : tensor<?xf32>
  %rests = arith.cmpf ogt, %rest, %zero : tensor<?xf32>
  %v1 = arith.select %rests, %zero, %vi : tensor<?xi1>, tensor<?xf32>
  %fires = arith.cmpf ogt, %v1, %threshold : tensor<?xf32>
  %z1 = arith.select %fires, %one, %zero : tensor<?xi1>, tensor<?xf32>
  %v2 = arith.select %fires, %zero, %v1 : tensor<?xi1>, tensor<?xf32>
  %less = arith.subf %rest, %one : tensor<?xf32>
  %left = arith.maximumf %less, %zero : tensor<?xf32>
  %rest1 = arith.select %fires, %refractory, %left : tensor<?xi1>, tensor<?xf32>
  %fz = arith.mulf %af, %f : tensor<?xf32>
  %f1 = arith.addf %fz, %z1 : tensor<?xf32>
  rnn.yield %f1 state(%f1, %v2, %i1, %z1, %rest1)
}
