// RUN: ravel-opt %s --rnn-lower-rows --split-input-file --verify-diagnostics

func.func @on_tensors(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error@below {{must be bufferized before it is lowered}}
  %y = rnn.rows ins(%a = %x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
    rnn.yield %a : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

func.func @not_decomposed(%x: memref<?x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
    // expected-error@below {{has no evaluation by rows and columns}}
    %s = rnn.softmax %a : tensor<8xf32>
    rnn.yield %s : tensor<8xf32>
  }
  return
}
