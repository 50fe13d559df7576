// RUN: ravel-opt %s -rnn-differentiate='function=loss wrt=x checkpoint-time=4' | FileCheck %s

// What reads the source is cut into parts; what reads its memory, over a sequence
// of another length, stays whole.
// CHECK-LABEL: func.func @loss_grad(
// CHECK:         rnn.segments of 4
// CHECK:           rnn.scan
// CHECK:             math.tanh
// CHECK:         rnn.remember
// CHECK-NOT:     rnn.segments
// CHECK:         rnn.scan
// CHECK:           rnn.score
// CHECK:         rnn.accumulate
// CHECK:         rnn.segments of 4 reverse
// CHECK:         return
func.func @loss(%x: !rnn.seq<tensor<4xf32>> {rnn.name = "x"}, %q: !rnn.seq<tensor<4xf32>>, %h0: tensor<4xf32>) -> f32 {
  %y, %h = rnn.scan (%xt = %x : !rnn.seq<tensor<4xf32>>) state(%ht = %h0 : tensor<4xf32>) -> (!rnn.seq<tensor<4xf32>>) {
    %0 = arith.addf %xt, %ht : tensor<4xf32>
    %1 = math.tanh %0 : tensor<4xf32>
    rnn.yield %1 state(%1) : tensor<4xf32>, tensor<4xf32>
  }
  %m = rnn.remember %y : !rnn.seq<tensor<4xf32>> -> !rnn.memory<tensor<4xf32>>
  %zero = arith.constant 0.0 : f32
  %l = rnn.scan (%qt = %q : !rnn.seq<tensor<4xf32>>) state(%lt = %zero : f32) -> () {
    %s = rnn.score %qt over %m : tensor<4xf32>, !rnn.memory<tensor<4xf32>> -> !rnn.alignment<f32>
    %a = rnn.weigh %s : !rnn.alignment<f32>
    %c = rnn.recall %a of %m : !rnn.alignment<f32>, !rnn.memory<tensor<4xf32>> -> tensor<4xf32>
    %n = rnn.sum %c : tensor<4xf32>
    %l1 = arith.addf %lt, %n : f32
    rnn.yield state(%l1) : f32
  }
  return %l : f32
}
