// Notes stand in the text of the prelude.
// RUN: not ravel-opt %s -rnn-link-prelude -split-input-file 2>&1 | FileCheck %s

func.func @unknown_cell(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  // CHECK: error: unknown cell @lsmt; there are @rnn_tanh, @rnn_relu
  %y = rnn.unroll @lsmt "a"(%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

// A use is verified against its cell once the cell is there.
func.func @two_inputs(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  // CHECK: error: 'rnn.unroll' op C2: cell @lstm takes 1 inputs, but is given 2
  %y = rnn.unroll @lstm "a"(%x, %x) : (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

func.func @no_results(%x: !rnn.seq<tensor<3xf32>>) {
  // CHECK: error: 'rnn.unroll' op C5: cell @lstm gives 1 outputs and 2 states, but 0 results are asked for
  rnn.unroll @lstm "a"(%x) : (!rnn.seq<tensor<3xf32>>) -> ()
  return
}

// -----

func.func @indices(%x: !rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>> {
  // CHECK: error: 'rnn.unroll' op C3: input #0 does not fit the cell
  // CHECK: note: expected type: 'tensor<?xf32>'
  // CHECK: note:   actual type: 'i32'
  %y = rnn.unroll @lstm "a"(%x) : (!rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

func.func @three_rates(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  // CHECK: error: 'rnn.unroll' op C7: 'zoneout' holds 3 rates, but cell @lstm has 2 states
  %y = rnn.unroll @lstm "a"(%x) {zoneout = [0.1, 0.1, 0.1]} : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}
