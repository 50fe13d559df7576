// RUN: ravel-opt %s -rnn-instantiate=states=loss -canonicalize | FileCheck %s

rnn.cell @sum(%x) state(%h) {
  %h1 = arith.addf %h, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// The outputs of both loops by name, their states carried; neither the target
// nor what is done with the states is left.
// CHECK-LABEL: func.func @loss.states(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>,
// CHECK-SAME:    %[[H0:[^:]*]]: tensor<4xf32> {rnn.carry = "state.2", rnn.name = "state.2"},
// CHECK-SAME:    %[[H1:[^:]*]]: tensor<4xf32> {rnn.carry = "state.3", rnn.name = "state.3"})
// CHECK-SAME:    -> (!rnn.seq<tensor<4xf32>> {rnn.name = "low"}, !rnn.seq<tensor<4xf32>> {rnn.name = "high"},
// CHECK-SAME:        tensor<4xf32> {rnn.carry = "state.2"}, tensor<4xf32> {rnn.carry = "state.3"})
// CHECK:         %[[A:.*]]:2 = rnn.scan (%{{.*}} = %[[X]] : {{.*}}) state(%{{.*}} = %[[H0]] :
// CHECK:         %[[B:.*]]:2 = rnn.scan (%{{.*}} = %[[A]]#0 : {{.*}}) state(%{{.*}} = %[[H1]] :
// CHECK-NOT:     rnn.linear
// CHECK:         return %[[A]]#0, %[[B]]#0, %[[A]]#1, %[[B]]#1
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %y: !rnn.seq<tensor<2xf32>>) -> f32 {
  %a = rnn.unroll @sum "low" (%x) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
  %b = rnn.unroll @sum "high" (%a) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
  %p = rnn.readout "out" (%b) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<2xf32>>
  %l = rnn.mse %p, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}
