// RUN: ravel-opt %s --rnn-lower-rows --verify-diagnostics

func.func @unscheduled(%x: memref<?x8xf32>) {
  // expected-error@below {{needs a schedule before it is lowered; `rnn-schedule` gives one}}
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
    rnn.yield %a : tensor<8xf32>
  }
  return
}
