// RUN: ravel-opt %s -allow-unregistered-dialect -rnn-unroll-time=factor=2 -canonicalize | FileCheck %s
// RUN: ravel-opt %s -allow-unregistered-dialect -rnn-unroll-time | FileCheck %s --check-prefix=ONE

// CHECK-LABEL: func.func @time(
// CHECK-SAME:    %[[N:[^:]*]]: index
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK:         %[[REST:.*]] = arith.remsi %[[N]], %[[C2]]
// CHECK-NEXT:    %[[EVEN:.*]] = arith.subi %[[N]], %[[REST]]
// CHECK-NEXT:    scf.for %[[T:.*]] = %[[C0]] to %[[EVEN]] step %[[C2]] {
// CHECK-NEXT:      "test.step"(%[[T]])
// CHECK-NEXT:      %[[U:.*]] = arith.addi %[[T]], %[[C1]]
// CHECK-NEXT:      "test.step"(%[[U]])
// CHECK-NEXT:    } {rnn.time}
// CHECK-NEXT:    scf.for %[[T:.*]] = %[[EVEN]] to %[[N]] step %[[C1]] {
// CHECK-NEXT:      "test.step"(%[[T]])
// CHECK-NEXT:    } {rnn.time}
// ONE-LABEL:   func.func @time(
// ONE-COUNT-1:   "test.step"
// ONE-NOT:       "test.step"
func.func @time(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    "test.step"(%t) : (index) -> ()
  } {rnn.time}
  return
}

// ONE-LABEL: func.func @state(
// CHECK-LABEL: func.func @state(
// CHECK:         %[[L:.*]] = scf.for {{.*}} iter_args(%[[S:.*]] = %{{.*}})
// CHECK-NEXT:      %[[A:.*]] = "test.step"(%[[S]])
// CHECK-NEXT:      %[[B:.*]] = "test.step"(%[[A]])
// CHECK-NEXT:      scf.yield %[[B]]
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[L]])
func.func @state(%n: index, %s0: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = scf.for %t = %c0 to %n step %c1 iter_args(%a = %s0) -> f32 {
    %b = "test.step"(%a) : (f32) -> f32
    scf.yield %b : f32
  } {rnn.time}
  return %s : f32
}

// CHECK-LABEL: func.func @not_of_time(
// CHECK-COUNT-1: "test.other"
// CHECK-NOT:     "test.other"
func.func @not_of_time(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    "test.other"(%t) : (index) -> ()
  }
  return
}
