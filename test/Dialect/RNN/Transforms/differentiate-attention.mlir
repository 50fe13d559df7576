// RUN: ravel-opt %s -rnn-differentiate='function=loss wrt=x,q' -split-input-file | FileCheck %s

// The gradient of a weighted sum is a score, that of a score a weighted sum. What
// instants add to the memory's gradient is summed after the backward scan, from
// the factors that it puts out.
// CHECK-LABEL: func.func @loss_grad(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>
// CHECK:         %[[M:.*]] = rnn.remember %[[X]]
// CHECK:         rnn.scan
// CHECK:         rnn.scan
// CHECK:           %[[DA:.*]] = rnn.score %{{.*}} over %[[M]]
// CHECK:           %[[DS:.*]] = rnn.weigh_adjoint %{{.*}}, %[[DA]]
// CHECK:           %[[DQ:.*]] = rnn.recall %[[DS]] of %[[M]]
// CHECK-NOT:       rnn.imprint
// CHECK:         }
// CHECK-DAG:     rnn.accumulate %{{.*}}, %{{.*}} like %[[X]]
// CHECK-DAG:     rnn.accumulate %{{.*}}, %{{.*}} like %[[X]]
func.func @loss(%x: !rnn.seq<tensor<4xf32>> {rnn.name = "x"}, %q: !rnn.seq<tensor<4xf32>> {rnn.name = "q"}) -> f32 {
  %m = rnn.remember %x : !rnn.seq<tensor<4xf32>> -> !rnn.memory<tensor<4xf32>>
  %zero = arith.constant 0.0 : f32
  %l = rnn.scan (%qt = %q : !rnn.seq<tensor<4xf32>>) state(%lt = %zero : f32) -> () {
    %s = rnn.score %qt over %m : tensor<4xf32>, !rnn.memory<tensor<4xf32>> -> !rnn.alignment<f32>
    %a = rnn.weigh %s : !rnn.alignment<f32>
    %c = rnn.recall %a of %m : !rnn.alignment<f32>, !rnn.memory<tensor<4xf32>> -> tensor<4xf32>
    %t = math.tanh %c : tensor<4xf32>
    %n = rnn.sum %t : tensor<4xf32>
    %l1 = arith.addf %lt, %n : f32
    rnn.yield state(%l1) : f32
  }
  return %l : f32
}
