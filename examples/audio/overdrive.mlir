// An overdrive: what a diode clipper makes of a guitar, sample by sample. An LSTM
// of 32 units hears the input; its output is mapped to a sample and added to the
// input (Wright, Damskägg & Välimäki, Real-time black-box modelling with recurrent
// neural networks, DAFx 2019). The states are carried from one block of samples to
// the next.

func.func @overdrive(%x: !rnn.seq<tensor<1xf32>>,
                     %h: tensor<32xf32> {rnn.carry = "h"}, %c: tensor<32xf32> {rnn.carry = "c"})
    -> (!rnn.seq<tensor<1xf32>>,
        tensor<32xf32> {rnn.carry = "h"}, tensor<32xf32> {rnn.carry = "c"}) {
  %o, %s:2 = rnn.unroll @lstm "lstm" (%x) state(%h, %c)
    : (!rnn.seq<tensor<1xf32>>, tensor<32xf32>, tensor<32xf32>) -> (!rnn.seq<tensor<32xf32>>, tensor<32xf32>, tensor<32xf32>)
  %d = rnn.project "out" (%o) : (!rnn.seq<tensor<32xf32>>) -> !rnn.seq<tensor<1xf32>>
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<1xf32>>, %dt = %d : !rnn.seq<tensor<1xf32>>) -> (!rnn.seq<tensor<1xf32>>) {
    %yt = arith.addf %xt, %dt : tensor<1xf32>
    rnn.yield %yt : tensor<1xf32>
  }
  return %y, %s#0, %s#1 : !rnn.seq<tensor<1xf32>>, tensor<32xf32>, tensor<32xf32>
}

// Pre-emphasis, 1 - 0.85 / z: makes treble, of which there is little and which is
// well heard, count (Wright & Välimäki, Perceptual loss function for neural
// modelling of audio systems, ICASSP 2020).
rnn.cell @pre_emphasis(%x) state(%before) {
  %k = rnn.constant 0.85 : tensor<?xf32>
  %low = arith.mulf %k, %before : tensor<?xf32>
  %y = arith.subf %x, %low : tensor<?xf32>
  rnn.yield %y state(%x)
}

// The error-to-signal ratio: the energy of the error over the energy of the target,
// both pre-emphasized. The data's weights divide by the latter, and are 0 for the
// first samples of a window, in which the states warm up.
func.func @loss(%x: !rnn.seq<tensor<1xf32>>, %y: !rnn.seq<tensor<1xf32>>, %w: !rnn.seq<tensor<1xf32>>,
                %h: tensor<32xf32> {rnn.carry = "h"}, %c: tensor<32xf32> {rnn.carry = "c"})
    -> (f32, tensor<32xf32> {rnn.carry = "h"}, tensor<32xf32> {rnn.carry = "c"}) {
  %z, %s:2 = call @overdrive(%x, %h, %c)
    : (!rnn.seq<tensor<1xf32>>, tensor<32xf32>, tensor<32xf32>) -> (!rnn.seq<tensor<1xf32>>, tensor<32xf32>, tensor<32xf32>)
  %yp = rnn.unroll @pre_emphasis "target" (%y) : (!rnn.seq<tensor<1xf32>>) -> !rnn.seq<tensor<1xf32>>
  %zp = rnn.unroll @pre_emphasis "output" (%z) : (!rnn.seq<tensor<1xf32>>) -> !rnn.seq<tensor<1xf32>>
  %wy, %wz = rnn.scan (%yt = %yp : !rnn.seq<tensor<1xf32>>, %zt = %zp : !rnn.seq<tensor<1xf32>>, %wt = %w : !rnn.seq<tensor<1xf32>>)
    -> (!rnn.seq<tensor<1xf32>>, !rnn.seq<tensor<1xf32>>) {
    %a = arith.mulf %wt, %yt : tensor<1xf32>
    %b = arith.mulf %wt, %zt : tensor<1xf32>
    rnn.yield %a, %b : tensor<1xf32>, tensor<1xf32>
  }
  %l = rnn.mse %wz, %wy : !rnn.seq<tensor<1xf32>>, !rnn.seq<tensor<1xf32>>
  return %l, %s#0, %s#1 : f32, tensor<32xf32>, tensor<32xf32>
}
