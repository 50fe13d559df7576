// RUN: ravel-opt %s -rnn-instantiate=states=f -split-input-file -verify-diagnostics

// expected-error @below {{this function has no rnn.unroll whose states could be looked at}}
func.func @f(%x: !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>> {
  return %x : !rnn.seq<tensor<4xf32>>
}

// -----

rnn.cell @sum(%x) state(%h) {
  %h1 = arith.addf %h, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
// expected-error @below {{the states of this function are not those of loops that go forwards from zero over the sequences it is given}}
func.func @f(%x: !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>> {
  %h = rnn.unroll @sum "s" (%x) reverse : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
  return %h : !rnn.seq<tensor<4xf32>>
}

// -----

// A loop within a loop has states for each of its instants.
rnn.cell @sum(%x) state(%h) {
  %h1 = arith.addf %h, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
// expected-error @below {{this function has no rnn.unroll whose states could be looked at}}
func.func @f(%x: !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>> {
  %h0 = rnn.constant 0.0 : tensor<4xf32>
  %y:2 = rnn.scan (%xt = %x : !rnn.seq<tensor<4xf32>>) state(%h = %h0 : tensor<4xf32>) -> (!rnn.seq<tensor<4xf32>>) {
    %s, %l = rnn.unroll @sum "s" (%x) : (!rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<4xf32>>, tensor<4xf32>)
    rnn.yield %l state(%l) : tensor<4xf32>, tensor<4xf32>
  }
  return %y#0 : !rnn.seq<tensor<4xf32>>
}
