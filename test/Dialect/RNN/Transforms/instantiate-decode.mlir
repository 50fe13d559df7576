// RUN: ravel-opt %s -rnn-instantiate | FileCheck %s
// RUN: ravel-opt %s -rnn-instantiate='training scheduled-sampling=0.25' | FileCheck %s --check-prefix=SAMPLED
// RUN: not ravel-opt %s -rnn-instantiate='scheduled-sampling=1.5' 2>&1 | FileCheck %s --check-prefix=RATE

// RATE: 'scheduled-sampling' must be at least 0 and less than 1, but is 1.5

// A decoder without a teacher stays one.
// CHECK-LABEL: func.func @write(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>
// CHECK:         %[[M:.*]] = rnn.remember %[[X]]
// CHECK:         rnn.decode (%{{.*}} = %{{.*}}) state(%[[H:.*]] = %{{.*}} : tensor<4xf32>) until 1 max 9 -> (!rnn.seq<i32>) {
// CHECK:           %[[S:.*]] = rnn.score %[[H]] over %[[M]]
// CHECK:           %[[A:.*]] = rnn.weigh %[[S]]
// CHECK:           rnn.recall %[[A]] of %[[M]]
func.func @write(%x: !rnn.seq<tensor<4xf32>>, %h0: tensor<4xf32>) -> !rnn.seq<i32> {
  %first = arith.constant 2 : i32
  %y = rnn.decode (%prev = %first) state(%h = %h0 : tensor<4xf32>) until 1 max 9 -> (!rnn.seq<i32>) {
    %c = rnn.attend "look" dot %h over %x : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    %e = rnn.embed "class" %prev {vocab = 3} : tensor<4xf32>
    %n = arith.addf %c, %e : tensor<4xf32>
    %s = rnn.project "out" (%n) : (tensor<4xf32>) -> tensor<3xf32>
    rnn.yield %s state(%n) : tensor<3xf32>, tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}

// Told what to choose, it is a scan over the target, one instant later, and the
// target says which class ends it and which stand for no symbol.
// CHECK-LABEL: func.func @taught(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>, %[[H0:[^:]*]]: tensor<4xf32>, %[[T:[^:]*]]: !rnn.seq<i32> {rnn.end = 1 : i32, rnn.reserved = 3 : i64}
// CHECK:         %[[M:.*]] = rnn.remember %[[X]]
// CHECK:         %[[FIRST:.*]] = arith.constant 2 : i32
// CHECK:         %[[PREV:.*]] = rnn.shift %[[T]] from %[[FIRST]]
// CHECK:         rnn.scan (%[[P:.*]] = %[[PREV]] : !rnn.seq<i32>) state(%{{.*}} = %[[H0]] : tensor<4xf32>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK:           rnn.lookup %{{.*}}[%[[P]]]

// Now and then it gets the class that it would have chosen.
// SAMPLED-LABEL: func.func @taught(
// SAMPLED:         rnn.scan (%[[P:.*]] = %{{.*}} : !rnn.seq<i32>) state(%{{.*}} : tensor<4xf32>, %[[OWN:.*]] = %{{.*}} : i32, %[[KEY:.*]] = %{{.*}} : i32)
// SAMPLED:           %[[MASK:.*]] = rnn.random_mask %[[KEY]] {rate = 2.500000e-01 : f64
// SAMPLED:           %[[IS_OWN:.*]] = arith.cmpf oeq
// SAMPLED:           %[[CHOSEN:.*]] = arith.select %[[IS_OWN]], %[[OWN]], %[[P]] : i32
// SAMPLED:           rnn.lookup %{{.*}}[%[[CHOSEN]]]
// SAMPLED:           %[[NEXT:.*]] = arith.fptosi
// SAMPLED:           rnn.yield %{{.*}} state(%{{.*}}, %[[NEXT]], %{{.*}})
func.func @taught(%x: !rnn.seq<tensor<4xf32>>, %h0: tensor<4xf32>, %t: !rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>> {
  %s = rnn.teach @write(%x, %h0) with(%t) : (!rnn.seq<tensor<4xf32>>, tensor<4xf32>, !rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>>
  return %s : !rnn.seq<tensor<3xf32>>
}

// What additive scores make of the memory alone is computed outside.
// CHECK-LABEL: func.func @additive(
// CHECK:         %[[U:.*]] = rnn.scan (%[[XT:.*]] = %{{.*}} : !rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<6xf32>>) {
// CHECK:           rnn.linear %[[XT]]
// CHECK:         }
// CHECK:         %[[KEYS:.*]] = rnn.remember %[[U]]
// CHECK:         rnn.scan
// CHECK:           rnn.score %{{.*}} over %[[KEYS]] additive(%{{.*}} : tensor<6xf32>)
func.func @additive(%x: !rnn.seq<tensor<4xf32>>, %q: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<4xf32>> {
  %y = rnn.scan (%qt = %q : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<4xf32>>) {
    %c = rnn.attend "look" additive %qt over %x {size = 6} : tensor<2xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    rnn.yield %c : tensor<4xf32>
  }
  return %y : !rnn.seq<tensor<4xf32>>
}
