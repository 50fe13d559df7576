// RUN: ravel-opt %s -rnn-link-prelude | FileCheck %s
// RUN: ravel-opt %s -rnn-link-prelude=optimizer=sgd | FileCheck %s --check-prefix=OPTIMIZER
// RUN: ravel-opt %s -rnn-link-prelude=optimizer=own | FileCheck %s --check-prefix=OWN

// A cell that is used is added once; others are not.
// CHECK-NOT:   rnn.optimizer
// CHECK:       rnn.cell @gru(%{{.*}}) state(%{{.*}}) {
// CHECK-NOT:   rnn.cell @gru
// CHECK-NOT:   rnn.cell @gru_reset_after

// OPTIMIZER:   rnn.optimizer @sgd(
// OWN-NOT:     rnn.optimizer @sgd(
// OWN:         rnn.optimizer @own(

// CHECK-LABEL: func.func @uses_twice(
func.func @uses_twice(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.unroll @gru "a"(%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  %z = rnn.unroll @gru "b"(%y) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %z : !rnn.seq<tensor<3xf32>>
}

// The model's own cell stands before the prelude's.
// CHECK:       rnn.cell @lstm(%[[X:.*]]) {
// CHECK-NEXT:    rnn.yield %[[X]]
// CHECK-NOT:   rnn.cell
rnn.cell @lstm(%x) {
  rnn.yield %x
}
func.func @uses_own(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = rnn.step @lstm "a"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

rnn.optimizer @own(%p, %g, %lr, %t) {
  rnn.yield %p
}
