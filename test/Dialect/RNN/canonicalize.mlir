// RUN: ravel-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func.func @unused_output(
// CHECK:         rnn.scan ({{.*}}) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NOT:       math.sin
// CHECK:           rnn.yield %{{[^,]*}} : tensor<3xf32>
func.func @unused_output(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %y, %z = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %a = math.cos %xt : tensor<3xf32>
    %b = math.sin %xt : tensor<3xf32>
    rnn.yield %a, %b : tensor<3xf32>, tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// CHECK-LABEL: func.func @repeated_output(
// CHECK:         %[[Y:.*]] = rnn.scan
// CHECK:         return %[[Y]], %[[Y]]
func.func @repeated_output(%x: !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
  %y, %z = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
    %a = math.cos %xt : tensor<3xf32>
    rnn.yield %a, %a : tensor<3xf32>, tensor<3xf32>
  }
  return %y, %z : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
}

// CHECK-LABEL: func.func @output_is_input(
// CHECK-NEXT:    return %arg0
func.func @output_is_input(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    rnn.yield %xt : tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// CHECK-LABEL: func.func @repeated_and_unused_inputs(
// CHECK:         rnn.scan (%[[XT:[^ ]*]] = %arg0 : !rnn.seq<tensor<3xf32>>) ->
// CHECK:           arith.addf %[[XT]], %[[XT]]
func.func @repeated_and_unused_inputs(%x: !rnn.seq<tensor<3xf32>>, %z: !rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.scan (%a = %x : !rnn.seq<tensor<3xf32>>, %i = %z : !rnn.seq<i32>, %b = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %s = arith.addf %a, %b : tensor<3xf32>
    rnn.yield %s : tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// One input stays, for it gives the length.
// CHECK-LABEL: func.func @only_input(
// CHECK:         rnn.scan (%{{[^ ]*}} = %arg0 : !rnn.seq<i32>) ->
func.func @only_input(%x: !rnn.seq<i32>, %c: tensor<3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.scan (%a = %x : !rnn.seq<i32>) -> (!rnn.seq<tensor<3xf32>>) {
    rnn.yield %c : tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// States that feed only each other.
// CHECK-LABEL: func.func @unused_states(
// CHECK:         rnn.scan ({{[^)]*}}) ->
// CHECK-NOT:       arith.addf
func.func @unused_states(%x: !rnn.seq<tensor<3xf32>>, %s: tensor<3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y, %f:2 = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%a = %s : tensor<3xf32>, %b = %s : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %a1 = arith.addf %b, %xt : tensor<3xf32>
    %c = math.cos %xt : tensor<3xf32>
    rnn.yield %c state(%a1, %a) : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// CHECK-LABEL: func.func @state_that_another_reads(
// CHECK:         rnn.scan ({{[^)]*}}) state(%{{.*}} : tensor<3xf32>, %{{.*}} : tensor<3xf32>) -> ()
func.func @state_that_another_reads(%x: !rnn.seq<tensor<3xf32>>, %s: tensor<3xf32>) -> tensor<3xf32> {
  %f:2 = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%a = %s : tensor<3xf32>, %b = %s : tensor<3xf32>) -> () {
    %a1 = arith.addf %b, %xt : tensor<3xf32>
    rnn.yield state(%a1, %a) : tensor<3xf32>, tensor<3xf32>
  }
  return %f#0 : tensor<3xf32>
}

// Without states there is no direction either.
// CHECK-LABEL: func.func @unchanged_state(
// CHECK:         %[[Y:.*]] = rnn.scan (%[[XT:[^ ]*]] = %arg0 : !rnn.seq<tensor<3xf32>>) ->
// CHECK:           arith.addf %arg1, %[[XT]]
// CHECK:         return %[[Y]], %arg1
func.func @unchanged_state(%x: !rnn.seq<tensor<3xf32>>, %s: tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) {
  %y, %f = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%a = %s : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %b = arith.addf %a, %xt : tensor<3xf32>
    rnn.yield %b state(%a) : tensor<3xf32>, tensor<3xf32>
  }
  return %y, %f : !rnn.seq<tensor<3xf32>>, tensor<3xf32>
}

// CHECK-LABEL: func.func @total_of_outer(
// CHECK-NEXT:    rnn.contract %arg0, %arg1 : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
func.func @total_of_outer(%a: tensor<2xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %o = rnn.outer %a, %b : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %t = rnn.total %o : tensor<2x3xf32> -> tensor<2x3xf32>
  return %t : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @total_of_scatter_row(
// CHECK-NEXT:    rnn.scatter %arg0 at %arg1 : tensor<3xf32>, i32 -> tensor<9x3xf32>
func.func @total_of_scatter_row(%a: tensor<3xf32>, %i: i32) -> tensor<9x3xf32> {
  %o = rnn.scatter_row %a at %i : tensor<3xf32> -> tensor<9x3xf32>
  %t = rnn.total %o : tensor<9x3xf32> -> tensor<9x3xf32>
  return %t : tensor<9x3xf32>
}

// CHECK-LABEL: func.func @total_of_sum(
// CHECK-DAG:     %[[S:.*]] = rnn.scatter
// CHECK-DAG:     %[[C:.*]] = rnn.contract
// CHECK:         arith.addf %[[S]], %[[C]]
func.func @total_of_sum(%a: tensor<3xf32>, %b: tensor<9xf32>, %i: i32) -> tensor<9x3xf32> {
  %s = rnn.scatter_row %a at %i : tensor<3xf32> -> tensor<9x3xf32>
  %o = rnn.outer %b, %a : tensor<9xf32>, tensor<3xf32> -> tensor<9x3xf32>
  %p = arith.addf %s, %o : tensor<9x3xf32>
  %t = rnn.total %p : tensor<9x3xf32> -> tensor<9x3xf32>
  return %t : tensor<9x3xf32>
}

// One factor is an input; the other is put out.
// CHECK-LABEL: func.func @total_of_scanned_outer(
// CHECK:         %[[C:.*]] = rnn.scan (%[[BT:[^ ]*]] = %arg1 : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      %[[CT:.*]] = math.cos %[[BT]]
// CHECK-NEXT:      rnn.yield %[[CT]]
// CHECK:         rnn.contract %arg0, %[[C]] : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<2x3xf32>
func.func @total_of_scanned_outer(%a: !rnn.seq<tensor<2xf32>>, %b: !rnn.seq<tensor<3xf32>>) -> tensor<2x3xf32> {
  %o = rnn.scan (%at = %a : !rnn.seq<tensor<2xf32>>, %bt = %b : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<2x3xf32>>) {
    %c = math.cos %bt : tensor<3xf32>
    %ot = rnn.outer %at, %c : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
    rnn.yield %ot : tensor<2x3xf32>
  }
  %t = rnn.total %o : !rnn.seq<tensor<2x3xf32>> -> tensor<2x3xf32>
  return %t : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @total_of_scanned_sum(
// CHECK-NOT:     rnn.scan
// CHECK-DAG:     %[[S:.*]] = rnn.scatter %arg1 at %arg2
// CHECK-DAG:     %[[C:.*]] = rnn.contract %arg0, %arg1
// CHECK:         arith.addf %[[S]], %[[C]]
func.func @total_of_scanned_sum(%a: !rnn.seq<tensor<9xf32>>, %b: !rnn.seq<tensor<3xf32>>, %i: !rnn.seq<i32>) -> tensor<9x3xf32> {
  %o = rnn.scan (%at = %a : !rnn.seq<tensor<9xf32>>, %bt = %b : !rnn.seq<tensor<3xf32>>, %it = %i : !rnn.seq<i32>) -> (!rnn.seq<tensor<9x3xf32>>) {
    %s = rnn.scatter_row %bt at %it : tensor<3xf32> -> tensor<9x3xf32>
    %ot = rnn.outer %at, %bt : tensor<9xf32>, tensor<3xf32> -> tensor<9x3xf32>
    %p = arith.addf %s, %ot : tensor<9x3xf32>
    rnn.yield %p : tensor<9x3xf32>
  }
  %t = rnn.total %o : !rnn.seq<tensor<9x3xf32>> -> tensor<9x3xf32>
  return %t : tensor<9x3xf32>
}

// A sum of vectors is totalled as it is.
// CHECK-LABEL: func.func @total_of_vectors(
// CHECK:         arith.addf
// CHECK:         rnn.total
// CHECK-NOT:     rnn.total
func.func @total_of_vectors(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {
  %s = arith.addf %a, %b : tensor<3xf32>
  %t = rnn.total %s : tensor<3xf32> -> tensor<3xf32>
  return %t : tensor<3xf32>
}

// A loop over parts of time carries nothing in vain either; a sequence stays,
// for it gives the length.
// CHECK-LABEL: func.func @segments_unused(
// CHECK:         rnn.segments of 4 (%{{[^ ]*}} = %arg0 : !rnn.seq<f32>, %[[K:[^ ]*]] = %arg2 : !rnn.checkpoints<4, f32>) state(%[[S:[^ ]*]] = %arg3 : f32) -> () {
// CHECK-NEXT:      %[[S1:.*]] = arith.addf %[[S]], %[[K]]
// CHECK-NEXT:      rnn.yield state(%[[S1]])
func.func @segments_unused(%x: !rnn.seq<f32>, %y: !rnn.seq<f32>, %k: !rnn.checkpoints<4, f32>, %s: f32) -> f32 {
  %z, %f, %g = rnn.segments of 4 (%xp = %x : !rnn.seq<f32>, %yp = %y : !rnn.seq<f32>, %kp = %k : !rnn.checkpoints<4, f32>) state(%sp = %s : f32, %tp = %s : f32) -> (!rnn.checkpoints<4, f32>) {
    %s1 = arith.addf %sp, %kp : f32
    %t1 = arith.mulf %tp, %kp : f32
    rnn.yield %tp state(%s1, %t1) : f32, f32, f32
  }
  return %f : f32
}

// The length asked for is that of the sequence that was there first.
// CHECK-LABEL: func.func @length_of_output(
// CHECK-NEXT:    rnn.length %arg0 : !rnn.seq<tensor<3xf32>>
func.func @length_of_output(%x: !rnn.seq<tensor<3xf32>>) -> f32 {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %a = math.cos %xt : tensor<3xf32>
    rnn.yield %a : tensor<3xf32>
  }
  %z = rnn.reverse %y : !rnn.seq<tensor<3xf32>>
  %n = rnn.length %z : !rnn.seq<tensor<3xf32>> -> f32
  return %n : f32
}
