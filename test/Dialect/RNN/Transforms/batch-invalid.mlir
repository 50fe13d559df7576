// RUN: ravel-opt %s -rnn-batch -verify-diagnostics -split-input-file

// expected-error @below {{a function over one example must be one block}}
func.func @blocks(%x: f32) -> f32 {
  cf.br ^bb1
^bb1:
  return %x : f32
}

// -----

// expected-error @below {{only tensors of static shape and numbers, and sequences of these, have a form for a batch, but an argument is 'memref<3xf32>'}}
func.func @memref_argument(%x: memref<3xf32>) {
  return
}

// -----

// expected-error @below {{only tensors of static shape and numbers, and sequences of these, have a form for a batch, but a result is 'tensor<?xf32>'}}
func.func @open_result(%x: tensor<3xf32>) -> tensor<?xf32> {
  %y = tensor.cast %x : tensor<3xf32> to tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func private @callee(%x: tensor<3xf32>) -> tensor<3xf32>
func.func @call(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{'func.call' has no form for a batch}}
  %y = call @callee(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @region(%x: f32) -> f32 {
  %b = arith.cmpf ogt, %x, %x : f32
  // expected-error @below {{'scf.if' has no form for a batch}}
  %y = scf.if %b -> f32 {
    scf.yield %x : f32
  } else {
    scf.yield %x : f32
  }
  return %y : f32
}

// -----

// An op of the model must have been written out.
func.func @gate(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{'rnn.gate' has no form for a batch}}
  %y = rnn.gate "g" tanh(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @scan_in_scan(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>) -> tensor<3xf32> {
  %l = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    // expected-error @below {{'rnn.scan' in the body of a scan has no form for a batch}}
    %n = rnn.scan (%yt = %x : !rnn.seq<tensor<3xf32>>) state(%t = %s : tensor<3xf32>) -> () {
      %d = arith.mulf %yt, %t : tensor<3xf32>
      rnn.yield state(%d) : tensor<3xf32>
    }
    rnn.yield state(%n) : tensor<3xf32>
  }
  return %l : tensor<3xf32>
}

// -----

func.func @last(%x: !rnn.seq<tensor<3xf32>>) -> tensor<3xf32> {
  // expected-error @below {{'rnn.last' has no form for a batch}}
  %y = rnn.last %x : !rnn.seq<tensor<3xf32>>
  return %y : tensor<3xf32>
}
