// RUN: ravel-opt %s -rnn-hoist-time-parallel -canonicalize | ravel-opt | FileCheck %s

// CHECK-LABEL: func.func @before(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<2xf32>>, %[[H0:[^:]*]]: tensor<3xf32>, %[[W:[^:]*]]: tensor<2x3xf32>, %[[U:[^:]*]]: tensor<3x3xf32>
// CHECK:         %[[P:.*]] = rnn.scan (%[[XT:.*]] = %[[X]] : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      %[[PT:.*]] = rnn.linear %[[XT]], %[[W]]
// CHECK-NEXT:      rnn.yield %[[PT]]
// CHECK:         %{{.*}} = rnn.scan (%[[PT:.*]] = %[[P]] : !rnn.seq<tensor<3xf32>>) state(%[[H:.*]] = %[[H0]] : tensor<3xf32>)
// CHECK-NEXT:      %[[Q:.*]] = rnn.linear %[[H]], %[[U]]
// CHECK-NEXT:      %[[S:.*]] = arith.addf %[[PT]], %[[Q]]
// CHECK-NEXT:      rnn.yield %[[S]] state(%[[S]])
func.func @before(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<3xf32>, %W: tensor<2x3xf32>, %U: tensor<3x3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%h = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = rnn.linear %xt, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %1 = rnn.linear %h, %U : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %2 = arith.addf %0, %1 : tensor<3xf32>
    rnn.yield %2 state(%2) : tensor<3xf32>, tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// What leads to a product and what follows from it goes with it.
// CHECK-LABEL: func.func @with_neighbours(
// CHECK:         rnn.scan ({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      math.cos
// CHECK-NEXT:      rnn.linear
// CHECK-NEXT:      math.tanh
// CHECK-NEXT:      rnn.yield
// CHECK:         rnn.scan reverse ({{[^)]*}}) state(
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      rnn.yield
func.func @with_neighbours(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<3xf32>, %W: tensor<2x3xf32>) -> tensor<3xf32> {
  %f = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%h = %h0 : tensor<3xf32>) -> () {
    %a = math.cos %xt : tensor<2xf32>
    %0 = rnn.linear %a, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %1 = math.tanh %0 : tensor<3xf32>
    %2 = arith.addf %1, %h : tensor<3xf32>
    rnn.yield state(%2) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// CHECK-LABEL: func.func @after(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<3xf32>>, %{{[^:]*}}: tensor<3xf32>, %[[W:[^:]*]]: tensor<3x2xf32>
// CHECK:         %[[L:.*]]:2 = rnn.scan (%{{.*}} = %[[X]] : {{[^)]*}}) state({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      %[[S:.*]] = arith.addf
// CHECK-NEXT:      rnn.yield %[[S]] state(%[[S]])
// CHECK:         %[[Y:.*]] = rnn.scan (%[[ST:.*]] = %[[L]]#0 : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<2xf32>>) {
// CHECK-NEXT:      %[[P:.*]] = rnn.linear %[[ST]], %[[W]]
// CHECK-NEXT:      %[[T:.*]] = math.tanh %[[P]]
// CHECK-NEXT:      rnn.yield %[[T]]
// CHECK:         return %[[Y]], %[[L]]#1
func.func @after(%x: !rnn.seq<tensor<3xf32>>, %h0: tensor<3xf32>, %W: tensor<3x2xf32>) -> (!rnn.seq<tensor<2xf32>>, tensor<3xf32>) {
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%h = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<2xf32>>) {
    %0 = arith.addf %h, %xt : tensor<3xf32>
    %1 = rnn.linear %0, %W : tensor<3xf32>, tensor<3x2xf32> -> tensor<2xf32>
    %2 = math.tanh %1 : tensor<2xf32>
    rnn.yield %2 state(%0) : tensor<2xf32>, tensor<3xf32>
  }
  return %y, %f : !rnn.seq<tensor<2xf32>>, tensor<3xf32>
}

// ((h + a W) + h) + b V becomes (a W + b V) + h + h, so that the sum of the two
// products leaves the loop.
// CHECK-LABEL: func.func @sum_reordered(
// CHECK:         rnn.scan ({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      %[[A:.*]] = rnn.linear
// CHECK-NEXT:      %[[B:.*]] = rnn.linear
// CHECK-NEXT:      arith.addf %[[A]], %[[B]]
// CHECK-NEXT:      rnn.yield
// CHECK:         rnn.scan (%[[PT:.*]] = {{[^)]*}}) state(%[[H:[^ ]*]] =
// CHECK-NEXT:      %[[S:.*]] = arith.addf %[[PT]], %[[H]]
// CHECK-NEXT:      arith.addf %[[S]], %[[H]]
// CHECK-NEXT:      rnn.yield
func.func @sum_reordered(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<3xf32>, %W: tensor<2x3xf32>, %V: tensor<2x3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%h = %h0 : tensor<3xf32>) -> () {
    %0 = rnn.linear %xt, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %1 = rnn.linear %xt, %V : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %2 = arith.addf %h, %0 : tensor<3xf32>
    %3 = arith.addf %2, %h : tensor<3xf32>
    %4 = arith.addf %3, %1 : tensor<3xf32>
    rnn.yield state(%4) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// A sum that was reordered depends on the state as the old one did: nothing is
// added to it before what does not.
// CHECK-LABEL: func.func @sum_of_reordered_sum(
// CHECK:         rnn.scan ({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
// CHECK:         rnn.scan ({{[^)]*}}) state(
// CHECK-NEXT:      %[[S:.*]] = arith.addf
// CHECK-NEXT:      %[[T:.*]] = math.tanh %[[S]]
// CHECK-NEXT:      %[[U:.*]] = arith.addf %[[S]], %[[T]]
// CHECK-NEXT:      arith.addf %[[U]],
func.func @sum_of_reordered_sum(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<3xf32>, %W: tensor<2x3xf32>, %V: tensor<2x3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%h = %h0 : tensor<3xf32>) -> () {
    %0 = rnn.linear %xt, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %1 = rnn.linear %xt, %V : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %2 = arith.addf %0, %h : tensor<3xf32>
    %3 = arith.addf %2, %1 : tensor<3xf32>
    %t = math.tanh %3 : tensor<3xf32>
    %4 = arith.addf %3, %t : tensor<3xf32>
    %5 = arith.addf %4, %0 : tensor<3xf32>
    rnn.yield state(%5) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// Elementwise work on the inputs alone stays: moving it would only cost memory.
// CHECK-LABEL: func.func @nothing_to_hoist(
// CHECK:         rnn.scan ({{[^)]*}}) state(
// CHECK-NEXT:      math.cos
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      rnn.yield
// CHECK-NOT:     rnn.scan
// CHECK:         return
func.func @nothing_to_hoist(%x: !rnn.seq<tensor<3xf32>>, %h0: tensor<3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%h = %h0 : tensor<3xf32>) -> () {
    %a = math.cos %xt : tensor<3xf32>
    %0 = arith.addf %a, %h : tensor<3xf32>
    rnn.yield state(%0) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// No sequence holds what a comparison gives, so the loop compares again.
// CHECK-LABEL: func.func @comparison_before(
// CHECK:         rnn.scan ({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      rnn.linear
// CHECK-NEXT:      rnn.yield
// CHECK:         rnn.scan ({{[^)]*}}) state(
// CHECK-NEXT:      arith.cmpf
// CHECK-NEXT:      arith.select
func.func @comparison_before(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<3xf32>, %W: tensor<2x3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%h = %h0 : tensor<3xf32>) -> () {
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %0 = rnn.linear %xt, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    %1 = arith.cmpf ogt, %0, %zero : tensor<3xf32>
    %2 = arith.select %1, %h, %zero : tensor<3xi1>, tensor<3xf32>
    rnn.yield state(%2) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// CHECK-LABEL: func.func @comparison_after(
// CHECK:         rnn.scan ({{[^)]*}}) state({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK:         rnn.scan ({{[^)]*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-DAG:       rnn.linear
// CHECK-DAG:       arith.cmpf
// CHECK:           arith.select
func.func @comparison_after(%x: !rnn.seq<tensor<3xf32>>, %h0: tensor<3xf32>, %W: tensor<3x3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%h = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %0 = arith.addf %h, %xt : tensor<3xf32>
    %1 = arith.cmpf ogt, %0, %zero : tensor<3xf32>
    %2 = arith.select %1, %0, %xt : tensor<3xi1>, tensor<3xf32>
    %3 = rnn.linear %0, %W : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %4 = arith.select %1, %3, %zero : tensor<3xi1>, tensor<3xf32>
    rnn.yield %4 state(%2) : tensor<3xf32>, tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// Beside a sparse product, that of one number stays.
// CHECK-LABEL: func.func @sparse(
// CHECK:         rnn.scan ({{.*}}) state(
// CHECK-NEXT:      rnn.linear
// CHECK-NEXT:      rnn.sparse_linear
func.func @sparse(%x: !rnn.seq<tensor<1xf32>>, %h0: tensor<40xf32>, %W: tensor<1x40xf32>, %U: tensor<2x3x40xf32>) -> tensor<40xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<1xf32>>) state(%h = %h0 : tensor<40xf32>) -> () {
    %0 = rnn.linear %xt, %W : tensor<1xf32>, tensor<1x40xf32> -> tensor<40xf32>
    %1 = rnn.sparse_linear %h, %U : tensor<40xf32>, tensor<2x3x40xf32> -> tensor<40xf32>
    %2 = arith.addf %0, %1 : tensor<40xf32>
    rnn.yield state(%2) : tensor<40xf32>
  }
  return %f : tensor<40xf32>
}
