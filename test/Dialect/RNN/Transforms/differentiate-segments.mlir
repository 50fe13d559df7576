// RUN: ravel-opt %s -rnn-differentiate="checkpoint-time=4 replace" -split-input-file | FileCheck %s

// The forward loop keeps the state before each part. The backward loop computes
// the part again from it, and adds what the part gives to the weights' gradient:
// nothing but the input and the states is there for all of time.

rnn.parameter @W init(#rnn.zeros) : tensor<3x3xf32>
// CHECK-LABEL: func.func @state_before_each_part_grad(
// CHECK-SAME:      %[[X:[^ ]*]]: !rnn.seq<tensor<3xf32>>, %[[W:[^ ]*]]: tensor<3x3xf32>
// CHECK:         %[[F:.*]]:2 = rnn.segments of 4 (%[[P:[^ ]*]] = %[[X]] : !rnn.seq<tensor<3xf32>>) state(%[[H:[^ ]*]] = %{{[^ ]*}} : tensor<3xf32>) -> (!rnn.checkpoints<4, tensor<3xf32>>) {
// CHECK:           %[[H1:.*]] = rnn.scan ({{[^)]*}}) state(%{{[^ ]*}} = %[[H]] : tensor<3xf32>) -> () {
// CHECK:           rnn.yield %[[H]] state(%[[H1]])
// CHECK:         %[[G:.*]] = rnn.broadcast
// CHECK:         %[[B:.*]]:2 = rnn.segments of 4 reverse (%[[P:[^ ]*]] = %[[X]] : !rnn.seq<tensor<3xf32>>, %[[K:[^ ]*]] = %[[F]]#0 : !rnn.checkpoints<4, tensor<3xf32>>) state(%[[GH:[^ ]*]] = %[[G]] : tensor<3xf32>) -> (tensor<3x3xf32>) {
// CHECK:           %[[A:.*]]:3 = rnn.scan (%{{[^ ]*}} = %[[P]] : !rnn.seq<tensor<3xf32>>) state(%{{[^ ]*}} = %[[K]] : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
// CHECK:             math.tanh
// CHECK:           %[[D:.*]]:2 = rnn.scan reverse ({{[^)]*}}) state(%{{[^ ]*}} = %[[GH]] : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK:           %[[DW:.*]] = rnn.contract %[[A]]#{{[01]}}, %[[D]]#0
// CHECK:           rnn.yield %[[DW]] state(%[[D]]#1)
// CHECK:         return %{{.*}}, %[[B]]#0
func.func @state_before_each_part(%x: !rnn.seq<tensor<3xf32>>, %W: tensor<3x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %p = rnn.linear %ht, %W : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %s = arith.addf %p, %xt : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// Layers of one direction share a loop, and so do the scans around them: no
// sequence between them is whole. A state that is not needed is not kept.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @stack_grad(
// CHECK:         rnn.segments of 4 ({{[^)]*}}) state({{[^)]*}}) -> (!rnn.checkpoints<4, tensor<3xf32>>, !rnn.checkpoints<4, tensor<3xf32>>) {
// CHECK-COUNT-3:   rnn.scan (
// CHECK:         rnn.segments of 4 reverse
// CHECK-COUNT-2:   rnn.scan (
// CHECK-COUNT-2:   rnn.scan reverse
// CHECK:           rnn.total
// CHECK-NOT:     rnn.segments
func.func @stack(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %ht, %a : tensor<3xf32>
    %s = arith.addf %p, %xt : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield %h1 state(%h1) : tensor<3xf32>, tensor<3xf32>
  }
  %z, %g = rnn.scan (%yt = %y : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %ht, %a : tensor<3xf32>
    %s = arith.addf %p, %yt : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield %h1 state(%h1) : tensor<3xf32>, tensor<3xf32>
  }
  %s = rnn.scan (%zt = %z : !rnn.seq<tensor<3xf32>>) state(%st = %h0 : tensor<3xf32>) -> () {
    %s1 = arith.addf %st, %zt : tensor<3xf32>
    rnn.yield state(%s1) : tensor<3xf32>
  }
  %l = rnn.sum %s : tensor<3xf32>
  return %l : f32
}

// -----

// Directions have loops of their own. What has none, for it has no state, goes
// with the last of them that it reads.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @directions_grad(
// CHECK:         %[[F:.*]]:3 = rnn.segments of 4 (%{{[^ ]*}} = %arg0
// CHECK:         %[[R:.*]]:3 = rnn.segments of 4 reverse (%{{[^ ]*}} = %arg0{{.*}}, %{{[^ ]*}} = %[[F]]#0
// CHECK:           rnn.scan reverse
// CHECK:           rnn.scan (
// CHECK:             arith.mulf
// CHECK:         rnn.segments of 4 (
// CHECK:         rnn.segments of 4 reverse (
func.func @directions(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> (f32, !rnn.seq<tensor<3xf32>>) attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %ht, %a : tensor<3xf32>
    %s = arith.addf %p, %xt : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield %h1 state(%h1) : tensor<3xf32>, tensor<3xf32>
  }
  %z, %g = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %ht, %a : tensor<3xf32>
    %s = arith.addf %p, %xt : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield %h1 state(%h1) : tensor<3xf32>, tensor<3xf32>
  }
  %o = rnn.scan (%yt = %y : !rnn.seq<tensor<3xf32>>, %zt = %z : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %m = arith.mulf %yt, %zt : tensor<3xf32>
    rnn.yield %m : tensor<3xf32>
  }
  %s = arith.addf %f, %g : tensor<3xf32>
  %l = rnn.sum %s : tensor<3xf32>
  return %l, %o : f32, !rnn.seq<tensor<3xf32>>
}

// -----

// A final state is there when all parts are done: who needs it can't share the
// loop, though it reads an output of it too.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @final_state_grad(
// CHECK:         %[[F:.*]]:{{[0-9]}} = rnn.segments of 4 (
// CHECK:         rnn.segments of 4 ({{.*}}) state(%{{[^ ]*}} = %[[F]]#
// CHECK:         rnn.segments of 4 reverse
// CHECK:         rnn.segments of 4 reverse
func.func @final_state(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %ht, %a : tensor<3xf32>
    %s = arith.addf %p, %xt : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield %h1 state(%h1) : tensor<3xf32>, tensor<3xf32>
  }
  %g = rnn.scan (%yt = %y : !rnn.seq<tensor<3xf32>>) state(%ht = %f : tensor<3xf32>) -> () {
    %p = arith.mulf %ht, %yt : tensor<3xf32>
    rnn.yield state(%p) : tensor<3xf32>
  }
  %l = rnn.sum %g : tensor<3xf32>
  return %l : f32
}

// -----

// A value of the example that every part uses: a state sums its gradient.

rnn.parameter @W init(#rnn.zeros) : tensor<2x3xf32>
// CHECK-LABEL: func.func @captured_grad(
// CHECK:         %[[B:.*]]:2 = rnn.segments of 4 reverse ({{.*}}) state({{.*}}, %[[S:[^ ]*]] = %{{[^ ]*}} : tensor<3xf32>) -> () {
// CHECK:           %[[PART:.*]]:2 = rnn.scan reverse
// CHECK:           %[[S1:.*]] = arith.addf %[[S]], %[[PART]]#1
// CHECK:           rnn.yield state(%[[PART]]#0, %[[S1]])
// CHECK:         rnn.contract %arg1, %[[B]]#1
func.func @captured(%x: !rnn.seq<tensor<3xf32>>, %v: tensor<2xf32>, %W: tensor<2x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %c = rnn.linear %v, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %m = arith.mulf %c, %xt : tensor<3xf32>
    %s = arith.addf %m, %ht : tensor<3xf32>
    %h1 = math.tanh %s : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}
