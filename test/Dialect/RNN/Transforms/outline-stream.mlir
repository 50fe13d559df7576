// RUN: ravel-opt %s -rnn-outline-stream -canonicalize -split-input-file -verify-diagnostics | FileCheck %s

// A state is handed from step to step; results are those so far.
// CHECK-LABEL: func.func @sum(
// CHECK:         rnn.scan
// CHECK-LABEL: func.func @sum.reset(
// CHECK-SAME:    %[[S0:[^:]*]]: tensor<8xf32>) -> tensor<8xf32> attributes {rnn.batch_size = 1 : i64}
// CHECK:         return %[[S0]]
// CHECK-LABEL: func.func @sum.step(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<8xf32> {rnn.name = "x"},
// CHECK-SAME:    %[[S:[^:]*]]: tensor<8xf32> {rnn.name = "state0"}) -> (tensor<8xf32>, tensor<8xf32>)
// CHECK-SAME:    rnn.stream = {examples = 0 : i64, inputs = 1 : i64, outputs = 1 : i64, states = 1 : i64}
// CHECK:         %[[TINY:.*]] = arith.constant dense<7.88860905E-31>
// CHECK:         %[[SIZE:.*]] = math.absf %[[X]]
// CHECK:         %[[IS:.*]] = arith.cmpf olt, %[[SIZE]], %[[TINY]]
// CHECK:         %[[FLUSHED:.*]] = arith.select %[[IS]], %{{.*}}, %[[X]]
// CHECK:         %[[S1:.*]] = arith.addf %[[S]], %[[FLUSHED]]
// CHECK:         %[[NEXT:.*]] = arith.select %{{.*}}, %{{.*}}, %[[S1]]
// CHECK:         return %[[S1]], %[[NEXT]]
func.func @sum(%x: !rnn.seq<tensor<8xf32>> {rnn.name = "x"}, %s0: tensor<8xf32>) -> tensor<8xf32> {
  %y, %s = rnn.scan (%xt = %x : !rnn.seq<tensor<8xf32>>) state(%st = %s0 : tensor<8xf32>) -> (!rnn.seq<tensor<8xf32>>) {
    %s1 = arith.addf %st, %xt : tensor<8xf32>
    rnn.yield %s1 state(%s1) : tensor<8xf32>, tensor<8xf32>
  }
  return %s : tensor<8xf32>
}

// -----

// What is carried from window to window begins with zeros, and does not come out;
// the length counts; what belongs to the example is handed to each step.
// CHECK-LABEL: func.func @carried.reset(
// CHECK-SAME:    %[[B:[^:]*]]: f32) -> (f32, f32, f32)
// CHECK:         %[[ZERO:.*]] = arith.constant 0.0
// CHECK:         return %[[ZERO]], %[[ZERO]], %[[B]]
// CHECK-LABEL: func.func @carried.step(
// CHECK-SAME:    %{{[^:]*}}: f32, %[[H:[^:]*]]: f32 {rnn.name = "state0"}, %[[N:[^:]*]]: f32 {rnn.name = "state1"},
// CHECK-SAME:    %[[B:[^:]*]]: f32 {rnn.name = "example0"}) -> (f32, f32, f32, f32)
// CHECK:         arith.addf %{{.*}}, %[[B]]
// CHECK:         %[[ONE:.*]] = arith.addf %[[N]], %{{.*}}
// CHECK:         return %{{.*}}, %[[ONE]],
func.func @carried(%x: !rnn.seq<f32>, %b: f32, %h: f32 {rnn.carry = "h"}) -> (!rnn.seq<f32>, f32, f32 {rnn.carry = "h"}) {
  %y, %h1 = rnn.scan (%xt = %x : !rnn.seq<f32>) state(%ht = %h : f32) -> (!rnn.seq<f32>) {
    %0 = arith.addf %xt, %b : f32
    %1 = arith.mulf %ht, %0 : f32
    rnn.yield %1 state(%1) : f32, f32
  }
  %n = rnn.length %x : !rnn.seq<f32> -> f32
  return %y, %n, %h1 : !rnn.seq<f32>, f32, f32
}

// -----

// CHECK-LABEL: func.func @backwards(
// CHECK-NOT:   func.func
func.func @backwards(%x: !rnn.seq<f32>, %s0: f32) -> f32 {
  // expected-remark@+1 {{'backwards' does not stream: a loop that goes backwards needs the end of the sequence first}}
  %s = rnn.scan reverse (%xt = %x : !rnn.seq<f32>) state(%st = %s0 : f32) -> () {
    %s1 = arith.addf %st, %xt : f32
    rnn.yield state(%s1) : f32
  }
  return %s : f32
}

// -----

// CHECK-LABEL: func.func @after(
// CHECK-NOT:   func.func
func.func @after(%x: !rnn.seq<f32>, %s0: f32) -> f32 {
  %s = rnn.scan (%xt = %x : !rnn.seq<f32>) state(%st = %s0 : f32) -> () {
    %s1 = arith.addf %st, %xt : f32
    rnn.yield state(%s1) : f32
  }
  // expected-remark@+1 {{'after' does not stream: a loop starts from what another sequence's end gives}}
  %t = rnn.scan (%xt = %x : !rnn.seq<f32>) state(%st = %s : f32) -> () {
    %s1 = arith.mulf %st, %xt : f32
    rnn.yield state(%s1) : f32
  }
  return %t : f32
}

// -----

// CHECK-LABEL: func.func @whole(
// CHECK-NOT:   func.func
func.func @whole(%x: !rnn.seq<f32>, %s0: f32) -> !rnn.seq<f32> {
  %s = rnn.scan (%xt = %x : !rnn.seq<f32>) state(%st = %s0 : f32) -> () {
    %s1 = arith.addf %st, %xt : f32
    rnn.yield state(%s1) : f32
  }
  %y = rnn.scan (%xt = %x : !rnn.seq<f32>) state() -> (!rnn.seq<f32>) {
    // expected-remark@+1 {{'whole' does not stream: each instant reads what only the whole sequence gives}}
    %0 = arith.divf %xt, %s : f32
    rnn.yield %0 : f32
  }
  return %y : !rnn.seq<f32>
}

// -----

// CHECK-LABEL: func.func @memory(
// CHECK-NOT:   func.func
func.func @memory(%x: !rnn.seq<tensor<8xf32>>) -> !rnn.memory<tensor<8xf32>> {
  // expected-remark@+1 {{'memory' does not stream: this needs the whole sequence}}
  %m = rnn.remember %x : !rnn.seq<tensor<8xf32>> -> !rnn.memory<tensor<8xf32>>
  return %m : !rnn.memory<tensor<8xf32>>
}

// -----

// A function without sequences stays as it is.
// CHECK-LABEL: func.func @once(
// CHECK-NOT:   func.func
func.func @once(%x: f32) -> f32 {
  return %x : f32
}
