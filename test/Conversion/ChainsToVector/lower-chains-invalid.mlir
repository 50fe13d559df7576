// RUN: ravel-opt %s --rnn-lower-chains --verify-diagnostics

func.func @on_tensors(%o: tensor<?xindex>, %s: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error@below {{must be bufferized before it is lowered}}
  %f = rnn.chains over(%o : tensor<?xindex>) state(%sr = %s : tensor<?x8xf32>) {
    rnn.yield state(%sr) : tensor<8xf32>
  }
  return %f : tensor<?x8xf32>
}
