// RUN: ravel-opt %s -rnn-join-outputs -canonicalize | FileCheck %s

// What the body joins for its own product is put out as it is, and the totals
// of outer products become one.
// CHECK-LABEL: func.func @own_product(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>
// CHECK:         %[[S:.*]]:2 = rnn.scan
// CHECK:           %[[AB:.*]] = tensor.concat dim(0) %[[A:.*]], %[[B:.*]] : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
// CHECK:           rnn.linear %[[AB]], %{{.*}} transpose
// CHECK:           rnn.yield %[[AB]] state
// CHECK:         %[[UV:.*]] = rnn.contract %[[X]], %[[S]]#0 : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<6xf32>> -> tensor<4x6xf32>
// CHECK-DAG:     %[[U:.*]] = tensor.extract_slice %[[UV]][0, 0] [4, 3] [1, 1]
// CHECK-DAG:     %[[V:.*]] = tensor.extract_slice %[[UV]][0, 3] [4, 3] [1, 1]
// CHECK-DAG:     %[[T:.*]] = rnn.total %[[S]]#0 : !rnn.seq<tensor<6xf32>> -> tensor<6xf32>
// CHECK-DAG:     %[[P:.*]] = tensor.extract_slice %[[T]][0] [3] [1]
// CHECK-DAG:     %[[Q:.*]] = tensor.extract_slice %[[T]][3] [3] [1]
// CHECK:         return %[[U]], %[[V]], %[[P]], %[[Q]]
func.func @own_product(%x: !rnn.seq<tensor<4xf32>>, %g: !rnn.seq<tensor<3xf32>>, %W: tensor<3x6xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %a, %b, %f = rnn.scan (%gt = %g : !rnn.seq<tensor<3xf32>>) state(%h = %zero : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %0 = arith.addf %gt, %h : tensor<3xf32>
    %1 = arith.mulf %gt, %h : tensor<3xf32>
    %2 = tensor.concat dim(0) %0, %1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
    %3 = rnn.linear %2, %W transpose : tensor<6xf32>, tensor<3x6xf32> -> tensor<3xf32>
    rnn.yield %0, %1 state(%3) : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  }
  %U = rnn.contract %x, %a : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<4x3xf32>
  %V = rnn.contract %x, %b : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<4x3xf32>
  %p = rnn.total %a : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
  %q = rnn.total %b : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
  return %U, %V, %p, %q : tensor<4x3xf32>, tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>
}

// A scan that joins what it reads, reads it joined; an op that wants a part
// takes a slice.
// CHECK-LABEL: func.func @product_of_reader(
// CHECK:         %[[S:.*]] = rnn.scan
// CHECK:           %[[AB:.*]] = tensor.concat
// CHECK:           rnn.yield %[[AB]] : tensor<6xf32>
// CHECK:         rnn.scan (%[[G:.*]] = %[[S]] : !rnn.seq<tensor<6xf32>>)
// CHECK-NOT:       tensor.concat
// CHECK-DAG:       %[[B:.*]] = tensor.extract_slice %[[G]][3] [3] [1]
// CHECK-DAG:       %[[P:.*]] = rnn.linear %[[G]],
// CHECK:           arith.addf %[[P]], %[[B]]
func.func @product_of_reader(%g: !rnn.seq<tensor<3xf32>>, %W: tensor<3x6xf32>) -> !rnn.seq<tensor<3xf32>> {
  %a, %b = rnn.scan (%gt = %g : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %0 = arith.addf %gt, %gt : tensor<3xf32>
    %1 = arith.mulf %gt, %gt : tensor<3xf32>
    rnn.yield %0, %1 : tensor<3xf32>, tensor<3xf32>
  }
  %y = rnn.scan (%at = %a : !rnn.seq<tensor<3xf32>>, %bt = %b : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = tensor.concat dim(0) %at, %bt : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
    %1 = rnn.linear %0, %W transpose : tensor<6xf32>, tensor<3x6xf32> -> tensor<3xf32>
    %2 = arith.addf %1, %bt : tensor<3xf32>
    rnn.yield %2 : tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// Outer products with one other factor, on whichever side, are joined for
// themselves.
// CHECK-LABEL: func.func @one_factor(
// CHECK-SAME:    %{{[^:]*}}: !rnn.seq<tensor<3xf32>>, %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>
// CHECK:         %[[S:.*]] = rnn.scan
// CHECK:           %[[AB:.*]] = tensor.concat
// CHECK:           rnn.yield %[[AB]]
// CHECK:         %[[UV:.*]] = rnn.contract %[[S]], %[[X]] : !rnn.seq<tensor<6xf32>>, !rnn.seq<tensor<4xf32>> -> tensor<6x4xf32>
// CHECK-DAG:     tensor.extract_slice %[[UV]][0, 0] [3, 4] [1, 1]
// CHECK-DAG:     tensor.extract_slice %[[UV]][3, 0] [3, 4] [1, 1]
func.func @one_factor(%g: !rnn.seq<tensor<3xf32>>, %x: !rnn.seq<tensor<4xf32>>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %a, %b = rnn.scan (%gt = %g : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %0 = arith.addf %gt, %gt : tensor<3xf32>
    %1 = arith.mulf %gt, %gt : tensor<3xf32>
    rnn.yield %0, %1 : tensor<3xf32>, tensor<3xf32>
  }
  %U = rnn.contract %a, %x : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<4xf32>> -> tensor<3x4xf32>
  %V = rnn.contract %b, %x : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<4xf32>> -> tensor<3x4xf32>
  return %U, %V : tensor<3x4xf32>, tensor<3x4xf32>
}

// A product that needs a few of the parts takes a slice of the sequence.
// CHECK-LABEL: func.func @some_parts(
// CHECK-SAME:    %{{[^:]*}}: !rnn.seq<tensor<3xf32>>, %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>, %[[H:[^:]*]]: !rnn.seq<tensor<2xf32>>
// CHECK:         %[[S:.*]] = rnn.scan
// CHECK:         %[[X_ALL:.*]] = rnn.contract %[[X]], %[[S]] : {{.*}} -> tensor<4x6xf32>
// CHECK:         %[[LAST:.*]] = rnn.scan (%[[G:.*]] = %[[S]] : !rnn.seq<tensor<6xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      %[[SLICE:.*]] = tensor.extract_slice %[[G]][3] [3] [1]
// CHECK-NEXT:      rnn.yield %[[SLICE]]
// CHECK:         rnn.contract %[[H]], %[[LAST]]
func.func @some_parts(%g: !rnn.seq<tensor<3xf32>>, %x: !rnn.seq<tensor<4xf32>>, %h: !rnn.seq<tensor<2xf32>>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<2x3xf32>) {
  %a, %b = rnn.scan (%gt = %g : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %0 = arith.addf %gt, %gt : tensor<3xf32>
    %1 = arith.mulf %gt, %gt : tensor<3xf32>
    rnn.yield %0, %1 : tensor<3xf32>, tensor<3xf32>
  }
  %U = rnn.contract %x, %a : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<4x3xf32>
  %V = rnn.contract %x, %b : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<4x3xf32>
  %W = rnn.contract %h, %b : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<2x3xf32>
  return %U, %V, %W : tensor<4x3xf32>, tensor<4x3xf32>, tensor<2x3xf32>
}

// What is returned stays a sequence of its own.
// CHECK-LABEL: func.func @returned(
// CHECK-NOT:     tensor.concat
// CHECK:         return
func.func @returned(%g: !rnn.seq<tensor<3xf32>>, %x: !rnn.seq<tensor<4xf32>>) -> (tensor<4x3xf32>, tensor<4x3xf32>, !rnn.seq<tensor<3xf32>>) {
  %a, %b = rnn.scan (%gt = %g : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %0 = arith.addf %gt, %gt : tensor<3xf32>
    %1 = arith.mulf %gt, %gt : tensor<3xf32>
    rnn.yield %0, %1 : tensor<3xf32>, tensor<3xf32>
  }
  %U = rnn.contract %x, %a : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<4x3xf32>
  %V = rnn.contract %x, %b : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<4x3xf32>
  return %U, %V, %a : tensor<4x3xf32>, tensor<4x3xf32>, !rnn.seq<tensor<3xf32>>
}
