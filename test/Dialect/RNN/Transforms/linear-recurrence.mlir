// RUN: ravel-opt %s -rnn-linear-recurrence -canonicalize -split-input-file | ravel-opt -split-input-file | FileCheck %s

// Each component of the state is a chain of its own.
// CHECK-LABEL: func.func @leaky(
// CHECK:         rnn.scan columnwise (%[[XT:.*]] = %{{.*}}) state(%[[S:.*]] = %{{.*}})
// CHECK-NEXT:      %[[P:.*]] = arith.mulf %{{.*}}, %[[S]]
// CHECK-NEXT:      %[[N:.*]] = arith.addf %[[P]], %[[XT]]
// CHECK-NEXT:      rnn.yield %[[N]] state(%[[N]])
func.func @leaky(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %a: tensor<3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = arith.mulf %a, %s : tensor<3xf32>
    %1 = arith.addf %0, %xt : tensor<3xf32>
    rnn.yield %1 state(%1) : tensor<3xf32>, tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

// A state that passes through a product mixes its components.
// CHECK-LABEL: func.func @recurrent(
// CHECK-NOT:     columnwise
func.func @recurrent(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %U: tensor<3x3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    %0 = rnn.linear %s, %U : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %1 = arith.addf %0, %xt : tensor<3xf32>
    rnn.yield state(%1) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// -----

// So does one that is normalized.
// CHECK-LABEL: func.func @normalized(
// CHECK-NOT:     columnwise
func.func @normalized(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    %0 = rnn.softmax %s : tensor<3xf32>
    %1 = arith.addf %0, %xt : tensor<3xf32>
    rnn.yield state(%1) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// -----

// A nonlinearity keeps components apart: its chains can't be split in time, but
// are chains.
// CHECK-LABEL: func.func @independent(
// CHECK:         rnn.scan columnwise
// CHECK:           math.tanh
func.func @independent(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %a: tensor<3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    %0 = arith.mulf %a, %s : tensor<3xf32>
    %1 = arith.addf %0, %xt : tensor<3xf32>
    %2 = math.tanh %1 : tensor<3xf32>
    rnn.yield state(%2) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// -----

// A rotation of two states.
// CHECK-LABEL: func.func @rotation(
// CHECK:         rnn.scan columnwise ({{.*}}) state(%[[A:.*]] = %{{[^,]*}}, %[[B:.*]] = %{{.*}})
func.func @rotation(%x: !rnn.seq<tensor<3xf32>>, %a0: tensor<3xf32>, %b0: tensor<3xf32>, %c: tensor<3xf32>, %s: tensor<3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y, %f:2 = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%a = %a0 : tensor<3xf32>, %b = %b0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = arith.mulf %c, %a : tensor<3xf32>
    %1 = arith.mulf %s, %b : tensor<3xf32>
    %2 = arith.subf %0, %1 : tensor<3xf32>
    %3 = arith.addf %2, %xt : tensor<3xf32>
    %4 = arith.mulf %s, %a : tensor<3xf32>
    %5 = arith.mulf %c, %b : tensor<3xf32>
    %6 = arith.addf %4, %5 : tensor<3xf32>
    rnn.yield %3 state(%3, %6) : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

// What mixes components but no state moves before the loop; what leads to no
// state, after it.
// CHECK-LABEL: func.func @around(
// CHECK:         %[[P:.*]] = rnn.scan (%{{.*}} = %{{.*}} : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      rnn.softmax
// CHECK-NEXT:      rnn.yield
// CHECK:         %[[H:.*]]:2 = rnn.scan columnwise reverse (%{{.*}} = %[[P]] : !rnn.seq<tensor<3xf32>>) state({{.*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      rnn.yield
// CHECK:         rnn.scan (%{{.*}} = %[[H]]#0 : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<f32>) {
// CHECK-NEXT:      rnn.sum
// CHECK-NEXT:      rnn.yield
func.func @around(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>) -> (!rnn.seq<f32>, tensor<3xf32>) {
  %y, %f = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> (!rnn.seq<f32>) {
    %0 = rnn.softmax %xt : tensor<3xf32>
    %1 = arith.addf %0, %s : tensor<3xf32>
    %2 = rnn.sum %1 : tensor<3xf32>
    rnn.yield %2 state(%1) : f32, tensor<3xf32>
  }
  return %y, %f : !rnn.seq<f32>, tensor<3xf32>
}

// -----

// The sum of an objective: the terms at all instants at once, then a chain of
// numbers.
// CHECK-LABEL: func.func @objective(
// CHECK:         %[[T:.*]] = rnn.scan ({{.*}}) -> (!rnn.seq<f32>) {
// CHECK:           rnn.sum
// CHECK:         rnn.scan columnwise (%[[TT:.*]] = %[[T]] : !rnn.seq<f32>) state(%[[S:.*]] = %{{.*}} : f32) -> () {
// CHECK-NEXT:      arith.addf %[[S]], %[[TT]]
func.func @objective(%x: !rnn.seq<tensor<3xf32>>, %s0: f32) -> f32 {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : f32) -> () {
    %0 = arith.mulf %xt, %xt : tensor<3xf32>
    %1 = rnn.sum %0 : tensor<3xf32>
    %2 = arith.addf %s, %1 : f32
    rnn.yield state(%2) : f32
  }
  return %f : f32
}

// -----

// States of different sizes, of which one drives the other.
// CHECK-LABEL: func.func @driven(
// CHECK:         %[[K:.*]]:2 = rnn.scan columnwise ({{.*}}) state(%{{.*}} = %{{.*}} : i32) -> (!rnn.seq<i32>) {
// CHECK:         %[[M:.*]] = rnn.scan (%[[KT:.*]] = %[[K]]#0 : !rnn.seq<i32>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      rnn.random_mask %[[KT]]
// CHECK:         rnn.scan columnwise (%{{.*}} = %{{.*}}, %{{.*}} = %[[M]] : !rnn.seq<tensor<3xf32>>) state(%{{.*}} = %{{.*}} : tensor<3xf32>)
func.func @driven(%x: !rnn.seq<tensor<3xf32>>, %k0: i32, %s0: tensor<3xf32>) -> (tensor<3xf32>, i32) {
  %f:2 = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%k = %k0 : i32, %s = %s0 : tensor<3xf32>) -> () {
    %c = arith.constant 1664525 : i32
    %k1 = arith.muli %k, %c : i32
    %m = rnn.random_mask %k {rate = 0.5 : f64, site = 3 : i64} : tensor<3xf32>
    %0 = arith.mulf %m, %s : tensor<3xf32>
    %1 = arith.addf %0, %xt : tensor<3xf32>
    rnn.yield state(%k1, %1) : i32, tensor<3xf32>
  }
  return %f#1, %f#0 : tensor<3xf32>, i32
}

// -----

// Two that drive each other are not chains.
// CHECK-LABEL: func.func @each_other(
// CHECK-NOT:     columnwise
func.func @each_other(%x: !rnn.seq<tensor<3xf32>>, %k0: f32, %s0: tensor<3xf32>) -> tensor<3xf32> {
  %f:2 = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%k = %k0 : f32, %s = %s0 : tensor<3xf32>) -> () {
    %k1 = rnn.sum %s : tensor<3xf32>
    %b = rnn.broadcast %k : f32 -> tensor<3xf32>
    %1 = arith.addf %b, %s : tensor<3xf32>
    rnn.yield state(%k1, %1) : f32, tensor<3xf32>
  }
  return %f#1 : tensor<3xf32>
}

// -----

// What does not change in time is computed once.
// CHECK-LABEL: func.func @decay(
// CHECK:         %[[E:.*]] = math.exp
// CHECK:         rnn.scan columnwise
// CHECK-NEXT:      arith.mulf %[[E]]
func.func @decay(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %a: tensor<3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    %e = math.exp %a : tensor<3xf32>
    %0 = arith.mulf %e, %s : tensor<3xf32>
    %1 = arith.addf %0, %xt : tensor<3xf32>
    rnn.yield state(%1) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// -----

// Elementwise work that the loop alone reads moves into it; a product stays, and
// so does what another reads.
// CHECK-LABEL: func.func @inputs(
// CHECK:         %[[P:.*]] = rnn.scan ({{.*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      rnn.linear
// CHECK-NEXT:      rnn.yield
// CHECK:         rnn.scan columnwise (%[[PT:.*]] = %[[P]] : !rnn.seq<tensor<3xf32>>) state(%[[S:.*]] = %{{.*}})
// CHECK-NEXT:      %[[Q:.*]] = arith.mulf %[[PT]], %[[PT]]
// CHECK-NEXT:      arith.addf %[[Q]], %[[S]]
// CHECK:         return %{{.*}}, %[[P]]
func.func @inputs(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %W: tensor<3x3xf32>) -> (tensor<3xf32>, !rnn.seq<tensor<3xf32>>) {
  %p, %q = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %0 = rnn.linear %xt, %W : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %1 = arith.mulf %0, %0 : tensor<3xf32>
    rnn.yield %0, %1 : tensor<3xf32>, tensor<3xf32>
  }
  %f = rnn.scan (%qt = %q : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    %0 = arith.addf %qt, %s : tensor<3xf32>
    rnn.yield state(%0) : tensor<3xf32>
  }
  return %f, %p : tensor<3xf32>, !rnn.seq<tensor<3xf32>>
}

// -----

// A scan without state that reads a value of the example is no kernel of rows.
// CHECK-LABEL: func.func @of_the_example(
// CHECK:         rnn.scan columnwise
func.func @of_the_example(%x: !rnn.seq<tensor<3xf32>>, %e: tensor<3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = arith.mulf %xt, %e : tensor<3xf32>
    rnn.yield %0 : tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// The scans of a part of time are found too.
// CHECK-LABEL: func.func @in_a_part(
// CHECK:         rnn.segments of 4
// CHECK:           rnn.scan columnwise
func.func @in_a_part(%x: !rnn.seq<tensor<3xf32>>, %h0: tensor<3xf32>) -> tensor<3xf32> {
  %f = rnn.segments of 4 (%xp = %x : !rnn.seq<tensor<3xf32>>) state(%hp = %h0 : tensor<3xf32>) -> () {
    %h1 = rnn.scan (%xt = %xp : !rnn.seq<tensor<3xf32>>) state(%ht = %hp : tensor<3xf32>) -> () {
      %0 = arith.addf %ht, %xt : tensor<3xf32>
      rnn.yield state(%0) : tensor<3xf32>
    }
    rnn.yield state(%h1) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}
