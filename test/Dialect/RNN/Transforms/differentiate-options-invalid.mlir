// RUN: not ravel-opt %s -split-input-file -rnn-differentiate=checkpoint-time=-1 2>&1 | FileCheck %s
// CHECK: error: 'checkpoint-time' must not be negative, but is -1

// RUN: ravel-opt %s -split-input-file -verify-diagnostics -rnn-differentiate="function=loss wrt=x"

// expected-error @+1 {{there is no function 'loss' to differentiate}}
module {
}

// -----

// expected-error @+1 {{has no argument 'x'}}
func.func @loss(%y: f32 {rnn.name = "y"}) -> f32 {
  return %y : f32
}

// -----

// expected-error @+1 {{can't differentiate by argument 'x' of type 'i32'}}
func.func @loss(%x: i32 {rnn.name = "x"}, %y: f32) -> f32 {
  return %y : f32
}
