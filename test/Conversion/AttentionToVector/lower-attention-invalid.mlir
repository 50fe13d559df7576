// RUN: ravel-opt %s -rnn-lower-attention -split-input-file -verify-diagnostics

func.func @on_tensors(%s: tensor<?x?xf32>, %i: tensor<?xindex>) -> tensor<?x?xf32> {
  // expected-error @+1 {{must be bufferized before it is lowered}}
  %a = rnn.attend_rows weigh ins(%s : tensor<?x?xf32>) of(%i, %i : tensor<?xindex>, tensor<?xindex>) outs(%s : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %a : tensor<?x?xf32>
}

// -----

func.func @strided(%s: memref<?x?xf32, strided<[?, 2]>>, %i: memref<?xindex>, %a: memref<?x?xf32>) {
  // expected-error @+1 {{needs operands whose last dimension is contiguous, but one is 'memref<?x?xf32, strided<[?, 2]>>'}}
  rnn.attend_rows weigh ins(%s : memref<?x?xf32, strided<[?, 2]>>) of(%i, %i : memref<?xindex>, memref<?xindex>) outs(%a : memref<?x?xf32>)
  return
}
