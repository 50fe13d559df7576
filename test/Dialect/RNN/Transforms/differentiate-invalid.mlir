// RUN: ravel-opt %s -split-input-file -verify-diagnostics -rnn-differentiate

// expected-error @+2 {{the first result of an objective must be the loss, a number}}
// expected-note @+1 {{actual type: 'tensor<3xf32>'}}
func.func @no_loss(%x: tensor<3xf32>) -> tensor<3xf32> attributes {rnn.objective} {
  return %x : tensor<3xf32>
}

// -----

rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
// expected-note @+1 {{while differentiating the objective 'no_derivative'}}
func.func @no_derivative(%p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %i = arith.constant 0 : index
  // expected-error @+1 {{no derivative is known for 'tensor.extract'; the loss depends on it}}
  %l = tensor.extract %p[%i] : tensor<3xf32>
  return %l : f32
}

// -----

func.func private @elsewhere(tensor<3xf32>) -> f32
rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
// expected-note @+1 {{while differentiating the objective 'call'}}
func.func @call(%p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  // expected-error @+1 {{no derivative is known for 'func.call'; calls must be inlined before}}
  %l = call @elsewhere(%p) : (tensor<3xf32>) -> f32
  return %l : f32
}

// -----

// expected-error @+1 {{argument #0 is the parameter @p, which the module does not list}}
func.func @unlisted(%p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %l = rnn.sum %p : tensor<3xf32>
  return %l : f32
}

// -----

// expected-error @+1 {{the name of the gradient function, 'taken_grad', is taken}}
func.func @taken(%x: f32) -> f32 attributes {rnn.objective} {
  return %x : f32
}
// expected-note @+1 {{by this}}
func.func private @taken_grad() {
  return
}

// -----

func.func @declared(%x: f32) -> f32 attributes {rnn.objective} {
  return %x : f32
}
// expected-error @+3 {{the gradient function is declared with another type than it has}}
// expected-note @+2 {{expected type: '(f32, f32) -> f32'}}
// expected-note @+1 {{  actual type: '(f32) -> f32'}}
func.func private @declared_grad(f32) -> f32

// -----

rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
func.func @nested_scan(%x: !rnn.seq<tensor<3xf32>>, %p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %zero = arith.constant 0.0 : f32
  %l = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %zero : f32) -> () {
    // expected-error @+1 {{no derivative is known for a scan in the body of another}}
    %n = rnn.scan (%yt = %x : !rnn.seq<tensor<3xf32>>) state(%st = %s : f32) -> () {
      %m = arith.mulf %yt, %p : tensor<3xf32>
      %d = rnn.sum %m : tensor<3xf32>
      %s1 = arith.addf %st, %d : f32
      rnn.yield state(%s1) : f32
    }
    rnn.yield state(%n) : f32
  }
  return %l : f32
}

// -----

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
func.func @parts_of_parts(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %f = rnn.segments of 4 (%xp = %x : !rnn.seq<tensor<3xf32>>) state(%ap = %a : tensor<3xf32>) -> () {
    // expected-error @below {{no derivative is known for a loop over parts of time in the body of another loop}}
    %g = rnn.segments of 2 (%xq = %xp : !rnn.seq<tensor<3xf32>>) state(%aq = %ap : tensor<3xf32>) -> () {
      %h = arith.mulf %aq, %aq : tensor<3xf32>
      rnn.yield state(%h) : tensor<3xf32>
    }
    rnn.yield state(%g) : tensor<3xf32>
  }
  %l = rnn.sum %f : tensor<3xf32>
  return %l : f32
}
