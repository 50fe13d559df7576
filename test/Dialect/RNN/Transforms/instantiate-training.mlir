// RUN: ravel-opt %s -rnn-instantiate=training=true -canonicalize | FileCheck %s

rnn.cell @add(%x) state(%h) {
  %h1 = arith.addf %x, %h : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// CHECK-LABEL: func.func @dropout(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2xf32>, %[[KEY:[^:]*]]: i32 {rnn.key})
// CHECK-NEXT:    %[[MASK:.*]] = rnn.random_mask %[[KEY]] {rate = 2.500000e-01 : f64, site = {{.*}} : i64}
// CHECK-NEXT:    arith.mulf %[[X]], %[[MASK]]
func.func @dropout(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.dropout %x {rate = 0.25} : tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @no_dropout(
// CHECK-NOT:     rnn.random_mask
func.func @no_dropout(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.dropout %x {rate = 0.0} : tensor<2xf32>
  return %y : tensor<2xf32>
}

// Each instant has a key of its own: the key is a state of the scan.
// CHECK-LABEL: func.func @dropout_of_sequence(
// CHECK-SAME:    %{{[^:]*}}: !rnn.seq<tensor<2xf32>>, %[[KEY:[^:]*]]: i32 {rnn.key})
// CHECK-DAG:     %[[SITE:.*]] = arith.constant 1 : i32
// CHECK-DAG:     %[[A:.*]] = arith.constant 1664525 : i32
// CHECK-DAG:     %[[C:.*]] = arith.constant 1013904223 : i32
// CHECK:         %[[K0:.*]] = arith.addi %[[KEY]], %[[SITE]]
// CHECK:         rnn.scan (%[[XT:.*]] = {{[^)]*}}) state(%[[K:.*]] = %[[K0]] : i32)
// CHECK-NEXT:      %[[MASK:.*]] = rnn.random_mask %[[K]]
// CHECK-NEXT:      %[[Y:.*]] = arith.mulf %[[XT]], %[[MASK]]
// CHECK-NEXT:      %[[KA:.*]] = arith.muli %[[K]], %[[A]]
// CHECK-NEXT:      %[[K1:.*]] = arith.addi %[[KA]], %[[C]]
// CHECK-NEXT:      rnn.yield %[[Y]] state(%[[K1]])
func.func @dropout_of_sequence(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %y = rnn.dropout %x {rate = 0.25} : !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

// CHECK-LABEL: func.func @dropout_of_inputs(
// CHECK:         rnn.scan (%[[XT:[^ ]*]] = {{[^)]*}}) state(%[[H:[^ ]*]] = %{{[^ ]*}} : tensor<2xf32>, %[[K:[^ ]*]] =
// CHECK-NEXT:      %[[MASK:.*]] = rnn.random_mask %[[K]]
// CHECK-NEXT:      %[[D:.*]] = arith.mulf %[[XT]], %[[MASK]]
// CHECK-NEXT:      arith.addf %[[D]], %[[H]]
func.func @dropout_of_inputs(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %y = rnn.unroll @add "a"(%x) {dropout = 0.25} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

// One mask for the whole sequence, applied to what the cell reads.
// CHECK-LABEL: func.func @state_dropout(
// CHECK-SAME:    %[[KEY:[^:]*]]: i32 {rnn.key})
// CHECK:         %[[MASK:.*]] = rnn.random_mask %[[KEY]] {rate = 2.500000e-01
// CHECK:         rnn.scan (%[[XT:[^ ]*]] = {{[^)]*}}) state(%[[H:[^ ]*]] =
// CHECK-NEXT:      %[[D:.*]] = arith.mulf %[[H]], %[[MASK]]
// CHECK-NEXT:      %[[H1:.*]] = arith.addf %[[XT]], %[[D]]
// CHECK-NEXT:      rnn.yield %[[H1]] state(%[[H1]])
func.func @state_dropout(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %y = rnn.unroll @add "a"(%x) {state_dropout = 0.25} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

// A component keeps its old value where the mask is zero; the output shows it.
// CHECK-LABEL: func.func @zoneout(
// CHECK:         rnn.scan (%[[XT:[^ ]*]] = {{[^)]*}}) state(%[[H:[^ ]*]] = %[[ZERO:[^ ]*]] : tensor<2xf32>, %[[K:[^ ]*]] =
// CHECK-NEXT:      %[[NEXT:.*]] = arith.addf %[[XT]], %[[H]]
// CHECK-NEXT:      %[[MASK:.*]] = rnn.random_mask %[[K]]
// CHECK-NEXT:      %[[TAKE:.*]] = arith.cmpf ogt, %[[MASK]], %[[ZERO]]
// CHECK-NEXT:      %[[H1:.*]] = arith.select %[[TAKE]], %[[NEXT]], %[[H]]
// CHECK:           rnn.yield %[[H1]] state(%[[H1]], %{{.*}})
func.func @zoneout(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %y = rnn.unroll @add "a"(%x) {zoneout = [0.25]} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}
