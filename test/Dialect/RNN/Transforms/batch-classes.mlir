// RUN: ravel-opt %s -rnn-batch -canonicalize -cse | FileCheck %s

// Sequences that no op meets instant by instant are of two classes. The second
// has offsets of its own, and the order of its rows.
// CHECK-LABEL: func.func @two_lengths(
// CHECK-SAME:    tensor<?xindex> {bufferization.writable = false, rnn.role = "offsets"}
// CHECK-SAME:    index {rnn.role = "batch"}
// CHECK-SAME:    tensor<?xindex> {bufferization.writable = false, rnn.class = 1 : i64, rnn.role = "offsets"}
// CHECK-SAME:    tensor<?xindex> {bufferization.writable = false, rnn.class = 1 : i64, rnn.role = "order"}
// CHECK-SAME:    tensor<?x2xf32> {bufferization.writable = false, rnn.layout = "sequence", rnn.role = "input"}
// CHECK-SAME:    tensor<?x3xf32> {bufferization.writable = false, rnn.class = 1 : i64, rnn.layout = "sequence", rnn.role = "input"}
func.func @two_lengths(%x: !rnn.seq<tensor<2xf32>>, %y: !rnn.seq<tensor<3xf32>>) -> (f32, f32) {
  %0 = rnn.length %x : !rnn.seq<tensor<2xf32>> -> f32
  %1 = rnn.length %y : !rnn.seq<tensor<3xf32>> -> f32
  return %0, %1 : f32, f32
}

// Those that meet in a scan are of one.
// CHECK-LABEL: func.func @one_length(
// CHECK-NOT:     rnn.class
// CHECK:         return
func.func @one_length(%x: !rnn.seq<tensor<2xf32>>, %y: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %0 = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>, %yt = %y : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<2xf32>>) {
    %1 = arith.addf %xt, %yt : tensor<2xf32>
    rnn.yield %1 : tensor<2xf32>
  }
  return %0 : !rnn.seq<tensor<2xf32>>
}

// States of a scan over the second class are put into the order of its rows,
// and back.
// CHECK-LABEL: func.func @states_change_order(
// CHECK-SAME:    %[[ORDER:[^:]*]]: tensor<?xindex> {bufferization.writable = false, rnn.class = 1 : i64, rnn.role = "order"}
// CHECK:         scf.for %[[ROW:.*]] = %{{.*}} to %[[BATCH:.*]] step
// CHECK:           %[[FROM:.*]] = tensor.extract %[[ORDER]][%[[ROW]]]
// CHECK:           tensor.extract_slice %{{.*}}[%[[FROM]], 0] [1, 2]
// CHECK:           tensor.insert_slice %{{.*}}[%[[ROW]], 0] [1, 2]
// CHECK:         scf.for
// CHECK:           rnn.rows
// CHECK:         } {rnn.time}
// CHECK:         scf.for %[[ROW:.*]] = %{{.*}} to %[[BATCH]] step
// CHECK:           %[[TO:.*]] = tensor.extract %[[ORDER]][%[[ROW]]]
// CHECK:           tensor.extract_slice %{{.*}}[%[[ROW]], 0] [1, 2]
// CHECK:           tensor.insert_slice %{{.*}}[%[[TO]], 0] [1, 2]
func.func @states_change_order(%x: !rnn.seq<f32>, %y: !rnn.seq<tensor<2xf32>>, %s0: tensor<2xf32>) -> (tensor<2xf32>, !rnn.seq<f32>) {
  %s = rnn.scan (%yt = %y : !rnn.seq<tensor<2xf32>>) state(%st = %s0 : tensor<2xf32>) -> () {
    %1 = arith.addf %st, %yt : tensor<2xf32>
    rnn.yield state(%1) : tensor<2xf32>
  }
  return %s, %x : tensor<2xf32>, !rnn.seq<f32>
}

// A memory's rows lie example after example; each packed row of the other class
// knows which example's it reads.
// CHECK-LABEL: func.func @attend(
// CHECK:         %[[MEMORY:[0-9]+]] = scf.for {{.*}} -> (tensor<?x4xf32>) {
// CHECK:         %[[S:.*]] = rnn.attend_rows score ins(%{{.*}} : tensor<?x4xf32>) memory(%[[MEMORY]] : tensor<?x4xf32>) of(%[[STARTS:[0-9]+]], %[[SOURCES:[0-9]+]] :
// CHECK:         %[[A:.*]] = rnn.attend_rows weigh ins(%[[S]] : tensor<?x?xf32>) of(%[[STARTS]], %[[SOURCES]] :
// CHECK:         %[[C:.*]] = rnn.attend_rows recall ins(%[[A]] : tensor<?x?xf32>) memory(%[[MEMORY]] :
// CHECK:         return %[[C]]
func.func @attend(%x: !rnn.seq<tensor<4xf32>>, %q: !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>> {
  %m = rnn.remember %x : !rnn.seq<tensor<4xf32>> -> !rnn.memory<tensor<4xf32>>
  %y = rnn.scan (%qt = %q : !rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<4xf32>>) {
    %s = rnn.score %qt over %m : tensor<4xf32>, !rnn.memory<tensor<4xf32>> -> !rnn.alignment<f32>
    %a = rnn.weigh %s : !rnn.alignment<f32>
    %c = rnn.recall %a of %m : !rnn.alignment<f32>, !rnn.memory<tensor<4xf32>> -> tensor<4xf32>
    rnn.yield %c : tensor<4xf32>
  }
  return %y : !rnn.seq<tensor<4xf32>>
}

// In a loop, what comes before attention is one kernel, what comes after it
// another. A state that the first reads is written by the second.
// CHECK-LABEL: func.func @phases(
// CHECK:         scf.for
// CHECK:           %[[STATE:.*]] = tensor.extract_slice %{{.*}}[0, 0]
// CHECK:           %[[Q:.*]] = rnn.rows
// CHECK:             arith.addf
// CHECK:           rnn.attend_rows score ins(%[[Q]] :
// CHECK:           rnn.attend_rows weigh
// CHECK:           %[[C:.*]] = rnn.attend_rows recall
// CHECK:           rnn.rows ins(%{{.*}} = %[[C]] : tensor<?x4xf32>) outs(%[[STATE]] :
// CHECK:             math.tanh
// CHECK:         } {rnn.time}
func.func @phases(%x: !rnn.seq<tensor<4xf32>>, %y: !rnn.seq<tensor<4xf32>>, %s0: tensor<4xf32>) -> tensor<4xf32> {
  %m = rnn.remember %x : !rnn.seq<tensor<4xf32>> -> !rnn.memory<tensor<4xf32>>
  %f = rnn.scan (%yt = %y : !rnn.seq<tensor<4xf32>>) state(%st = %s0 : tensor<4xf32>) -> () {
    %q = arith.addf %st, %yt : tensor<4xf32>
    %s = rnn.score %q over %m : tensor<4xf32>, !rnn.memory<tensor<4xf32>> -> !rnn.alignment<f32>
    %a = rnn.weigh %s : !rnn.alignment<f32>
    %c = rnn.recall %a of %m : !rnn.alignment<f32>, !rnn.memory<tensor<4xf32>> -> tensor<4xf32>
    %n = math.tanh %c : tensor<4xf32>
    rnn.yield state(%n) : tensor<4xf32>
  }
  return %f : tensor<4xf32>
}

// A memory that is given comes with where each begins and which of them an
// example reads.
// CHECK-LABEL: func.func @given_memory(
// CHECK-SAME:    tensor<?xindex> {bufferization.writable = false, rnn.role = "offsets"}, %{{[^:]*}}: index {rnn.role = "batch"}
// CHECK-SAME:    %[[STARTS:[^:]*]]: tensor<?xindex> {bufferization.writable = false, rnn.role = "starts"}
// CHECK-SAME:    %[[SOURCES:[^:]*]]: tensor<?xindex> {bufferization.writable = false, rnn.role = "sources"}
// CHECK-SAME:    index {rnn.role = "longest"}
// CHECK-SAME:    %[[M:[^:]*]]: tensor<?x4xf32> {bufferization.writable = false, rnn.layout = "memory", rnn.memory_class = 0 : i64, rnn.role = "input"}
// CHECK:         rnn.attend_rows score ins({{.*}}) memory(%[[M]] : tensor<?x4xf32>) of(%[[STARTS]], %[[SOURCES]] :
func.func @given_memory(%q: tensor<4xf32>, %m: !rnn.memory<tensor<4xf32>>) -> !rnn.alignment<f32> {
  %s = rnn.score %q over %m : tensor<4xf32>, !rnn.memory<tensor<4xf32>> -> !rnn.alignment<f32>
  return %s : !rnn.alignment<f32>
}

// CHECK-LABEL: func.func @shift(
// CHECK:         scf.for %[[T:[^ ]*]] =
// CHECK:           scf.for
// CHECK:             %[[FIRST:.*]] = arith.cmpi eq, %[[T]]
// CHECK:             arith.select %[[FIRST]]
// CHECK:             tensor.insert
func.func @shift(%x: !rnn.seq<i32>, %first: i32) -> !rnn.seq<i32> {
  %y = rnn.shift %x from %first : !rnn.seq<i32>
  return %y : !rnn.seq<i32>
}
