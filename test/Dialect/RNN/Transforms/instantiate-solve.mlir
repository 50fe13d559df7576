// RUN: ravel-opt %s -rnn-instantiate=solve=loss -canonicalize | FileCheck %s
// RUN: ravel-opt %s -rnn-instantiate=solve=mean_loss -canonicalize | FileCheck %s --check-prefix=MEAN
// RUN: ravel-opt %s -rnn-instantiate=solve=turned_loss -canonicalize | FileCheck %s --check-prefix=TURN
// RUN: ravel-opt %s -rnn-instantiate='solve=loss solve-rows' -canonicalize | FileCheck %s --check-prefix=ROWS
// RUN: ravel-opt %s -rnn-instantiate='solve=fed_loss solve-rows' -canonicalize | FileCheck %s --check-prefix=FED

rnn.cell @sum(%x) state(%h) {
  %h1 = arith.addf %h, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

func.func private @predict(%x: !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %h = rnn.unroll @sum "s" (%x) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
  %y = rnn.readout "out" (%h, %x) : (!rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

// The loop's state comes in and goes out; nothing is predicted.
// CHECK-LABEL: func.func @loss.normal(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>, %[[Y:[^:]*]]: !rnn.seq<tensor<2xf32>>
// CHECK-SAME:    %[[H:[^:]*]]: tensor<4xf32> {rnn.carry = "state.1", rnn.name = "state.1"})
// CHECK-SAME:    -> (tensor<11x11xf32> {rnn.name = "out", rnn.shared}, tensor<4xf32> {rnn.carry = "state.1"})
// CHECK-DAG:     %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK:         %[[S:.*]]:2 = rnn.scan (%{{.*}} = %[[X]] : {{.*}}) state(%{{.*}} = %[[H]] : {{.*}})
// CHECK:         %[[Z:.*]] = rnn.scan
// CHECK-NEXT:      tensor.concat dim(0) %{{.*}}, %{{.*}}, %[[ONE]], %{{.*}} -> tensor<11xf32>
// CHECK:         %[[M:.*]] = rnn.contract %[[Z]], %[[Z]]
// CHECK-NOT:     rnn.linear
// CHECK:         return %[[M]], %[[S]]#1

// The rows themselves.
// ROWS-LABEL: func.func @loss.normal(
// ROWS-SAME:    -> (!rnn.seq<tensor<11xf32>> {rnn.name = "out"}, tensor<4xf32> {rnn.carry = "state.1"})
// ROWS-NOT:     rnn.contract
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %y: !rnn.seq<tensor<2xf32>>) -> f32 {
  %p = call @predict(%x) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<2xf32>>
  %l = rnn.mse %p, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}

// What turns a sequence round needs its end: no parts.
// TURN-LABEL: func.func @turned_loss.normal(
// TURN-NOT:     rnn.carry
// TURN:         rnn.reverse
func.func @turned_loss(%x: !rnn.seq<tensor<4xf32>>, %y: !rnn.seq<tensor<2xf32>>) -> f32 {
  %r = rnn.reverse %x : !rnn.seq<tensor<4xf32>>
  %p = call @predict(%r) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<2xf32>>
  %l = rnn.mse %p, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}

// What a readout within a loop reads is brought out; where it is fed back, the
// function takes its weights, and the output is a state.
// FED-LABEL: func.func @fed_loss.normal(
// FED-SAME:    %[[Y:[^:]*]]: !rnn.seq<tensor<2xf32>>,
// FED-SAME:    {rnn.parameter = @fed.weight.0}
// FED-SAME:    {rnn.parameter = @fed.bias}
// FED-SAME:    tensor<2xf32> {rnn.carry = "state.1", rnn.name = "state.1"})
// FED-SAME:    -> (!rnn.seq<tensor<5xf32>> {rnn.name = "fed"}, tensor<2xf32> {rnn.carry = "state.1"})
// FED:         %[[S:.*]]:2 = rnn.scan {{.*}} state(%[[P:.*]] = %{{.*}} : tensor<2xf32>)
// FED-NEXT:      %[[T:.*]] = math.tanh %[[P]]
// FED:           rnn.linear %[[T]]
// FED:           rnn.yield %[[T]] state(
// FED:         rnn.scan (%{{.*}} = %[[S]]#0 : {{.*}}, %{{.*}} = %[[Y]] :
func.func @fed_loss(%y: !rnn.seq<tensor<2xf32>>) -> f32 {
  %p0 = rnn.constant 0.0 : tensor<2xf32>
  %p:2 = rnn.scan (%t = %y : !rnn.seq<tensor<2xf32>>) state(%past = %p0 : tensor<2xf32>) -> (!rnn.seq<tensor<2xf32>>) {
    %h = math.tanh %past : tensor<2xf32>
    %next = rnn.readout "fed" (%h) : (tensor<2xf32>) -> tensor<2xf32>
    rnn.yield %next state(%next) : tensor<2xf32>, tensor<2xf32>
  }
  %l = rnn.mse %p#0, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}

// A class is as many targets, and what sums up a sequence needs all of it.
// MEAN-LABEL: func.func @mean_loss.normal(
// MEAN-SAME:    -> (tensor<8x8xf32> {rnn.name = "class", rnn.shared})
// MEAN:         rnn.one_hot
func.func @mean_loss(%x: !rnn.seq<tensor<4xf32>>, %y: i32) -> f32 {
  %h = rnn.unroll @sum "s" (%x) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
  %m = rnn.mean_over_time %h : !rnn.seq<tensor<4xf32>>
  %p = rnn.readout "class" (%m) : (tensor<4xf32>) -> tensor<3xf32>
  %l = rnn.cross_entropy %p, %y : tensor<3xf32>, i32
  return %l : f32
}
