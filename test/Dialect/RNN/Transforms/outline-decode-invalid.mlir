// RUN: ravel-opt %s -rnn-outline-decode -split-input-file -verify-diagnostics

func.func @returns_more(%h: tensor<4xf32>) -> (!rnn.seq<i32>, tensor<4xf32>) {
  %first = arith.constant 0 : i32
  // expected-error @+1 {{C5: the function must return what is generated, in order, and make nothing else of it}}
  %y = rnn.decode (%prev = %first) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h : tensor<4xf32>
  }
  // expected-note @+1 {{it is used here}}
  return %y, %h : !rnn.seq<i32>, tensor<4xf32>
}

// -----

func.func @returns_nothing(%h: tensor<4xf32>) {
  %first = arith.constant 0 : i32
  // expected-error @+1 {{a function that generates must return what its decoder gives, and nothing else}}
  %y = rnn.decode (%prev = %first) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h : tensor<4xf32>
  }
  return
}

// -----

func.func @generates_twice(%h: tensor<4xf32>) -> !rnn.seq<i32> {
  %first = arith.constant 0 : i32
  %y = rnn.decode (%prev = %first) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h : tensor<4xf32>
  }
  // expected-error @+1 {{a function generates one sequence: its decoder must stand in it by itself}}
  %z = rnn.decode (%prev = %first) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}

// -----

func.func @reads_a_sequence(%h: tensor<4xf32>, %x: !rnn.seq<f32>) -> !rnn.seq<i32> {
  // expected-note @-1 {{the sequence is defined here}}
  %first = arith.constant 0 : i32
  %y = rnn.decode (%prev = %first) until 0 max 5 -> (!rnn.seq<i32>) {
    // expected-error @+1 {{a decoder reads sequences from outside by rnn.attend alone}}
    %n = rnn.length %x : !rnn.seq<f32> -> f32
    %b = rnn.broadcast %n : f32 -> tensor<4xf32>
    rnn.yield %b : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}
