// RUN: ravel-opt %s -split-input-file -rnn-differentiate | FileCheck %s

// The gradient function returns the results of the objective, then a gradient
// for each parameter. That of a matrix is one product over the batch.

rnn.parameter @W init(#rnn.zeros) : tensor<2x3xf32>
// CHECK-LABEL: func.func @straight_line(
// CHECK-LABEL: func.func @straight_line_grad(
// CHECK-SAME:      %[[X:[^ ]*]]: tensor<2xf32> {rnn.name = "x"}
// CHECK-SAME:      %[[W:[^ ]*]]: tensor<2x3xf32> {rnn.parameter = @W}
// CHECK-SAME:      %[[WEIGHT:[^ ]*]]: f32 {rnn.weight}
// CHECK-SAME:      -> (f32, tensor<2x3xf32> {rnn.gradient = @W, rnn.shared}) {
// CHECK:         %[[ONE:.*]] = arith.constant dense<1.0{{.*}}>
// CHECK:         %[[P:.*]] = rnn.linear %[[X]], %[[W]]
// CHECK:         %[[T:.*]] = math.tanh %[[P]]
// CHECK:         %[[L:.*]] = rnn.sum %[[T]]
// CHECK:         %[[G:.*]] = rnn.broadcast %[[WEIGHT]]
// CHECK:         %[[TT:.*]] = arith.mulf %[[T]], %[[T]]
// CHECK:         %[[SLOPE:.*]] = arith.subf %[[ONE]], %[[TT]]
// CHECK:         %[[GP:.*]] = arith.mulf %[[G]], %[[SLOPE]]
// CHECK:         %[[GW:.*]] = rnn.contract %[[X]], %[[GP]]
// CHECK:         return %[[L]], %[[GW]]
func.func @straight_line(%x: tensor<2xf32> {rnn.name = "x"}, %W: tensor<2x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %p = rnn.linear %x, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
  %t = math.tanh %p : tensor<3xf32>
  %l = rnn.sum %t : tensor<3xf32>
  return %l : f32
}

// -----

rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @second_use_grad(
// CHECK-SAME:      %[[X:[^ ]*]]: tensor<3xf32>,
// CHECK:         %[[E:.*]] = math.exp
// CHECK:         %[[G:.*]] = rnn.broadcast
// CHECK:         %[[BY_EXP:.*]] = arith.mulf %[[G]], %[[E]]
// CHECK:         %[[SUM:.*]] = arith.addf %[[G]], %[[BY_EXP]]
// CHECK:         %[[GP:.*]] = arith.mulf %[[SUM]], %[[X]]
// CHECK:         rnn.total %[[GP]]
func.func @second_use(%x: tensor<3xf32>, %p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %a = arith.mulf %x, %p : tensor<3xf32>
  %e = math.exp %a : tensor<3xf32>
  %s = arith.addf %e, %a : tensor<3xf32>
  %l = rnn.sum %s : tensor<3xf32>
  return %l : f32
}

// -----

// What is computed from parameters alone is differentiated once for the batch.

rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @shared_value_grad(
// CHECK:         %[[E:.*]] = math.exp
// CHECK:         %[[G:.*]] = arith.mulf %{{.*}}, %arg0
// CHECK:         %[[TOTAL:.*]] = rnn.total %[[G]]
// CHECK:         %[[GP:.*]] = arith.mulf %[[TOTAL]], %[[E]]
// CHECK:         return %{{.*}}, %[[GP]]
func.func @shared_value(%x: tensor<3xf32>, %p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %a = math.exp %p : tensor<3xf32>
  %m = arith.mulf %x, %a : tensor<3xf32>
  %l = rnn.sum %m : tensor<3xf32>
  return %l : f32
}

// -----

// A loss that is shared itself, a penalty on weights: the examples' weights are
// totalled.

rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @shared_loss_grad(
// CHECK:         %[[W:.*]] = rnn.total %arg2 : f32 -> f32
// CHECK:         rnn.broadcast %[[W]]
// CHECK-NOT:     rnn.total
func.func @shared_loss(%x: tensor<3xf32>, %p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %m = arith.mulf %p, %p : tensor<3xf32>
  %l = rnn.sum %m : tensor<3xf32>
  return %l : f32
}

// -----

// The scan puts out its residuals, each once: the activation and the state read.
// Backwards, the state starts from the gradient of the final state.

rnn.parameter @U init(#rnn.zeros) : tensor<3x3xf32>
// CHECK-LABEL: func.func @scan_grad(
// CHECK-SAME:      %[[X:[^ ]*]]: !rnn.seq<tensor<3xf32>>, %[[U:[^ ]*]]: tensor<3x3xf32>
// CHECK-DAG:     %[[ONE:.*]] = arith.constant dense<1.0{{.*}}>
// CHECK:         %[[F:.*]]:3 = rnn.scan (%{{.*}} = %[[X]] : {{.*}}) state(%[[HT:.*]] = %{{.*}}) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) {
// CHECK:           %[[H1:.*]] = math.tanh
// CHECK:           rnn.yield %[[H1]], %[[HT]] state(%[[H1]])
// CHECK:         rnn.sum %[[F]]#2
// CHECK:         %[[G:.*]] = rnn.broadcast
// CHECK:         %[[B:.*]]:2 = rnn.scan reverse (%[[Y:.*]] = %[[F]]#0 : {{.*}}) state(%[[GH:.*]] = %[[G]] : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK:           %[[YY:.*]] = arith.mulf %[[Y]], %[[Y]]
// CHECK:           %[[SLOPE:.*]] = arith.subf %[[ONE]], %[[YY]]
// CHECK:           %[[GA:.*]] = arith.mulf %[[GH]], %[[SLOPE]]
// CHECK:           %[[NEXT:.*]] = rnn.linear %[[GA]], %[[U]] transpose
// CHECK:           rnn.yield %[[GA]] state(%[[NEXT]])
// CHECK:         rnn.contract %[[F]]#1, %[[B]]#0
func.func @scan(%x: !rnn.seq<tensor<3xf32>>, %U: tensor<3x3xf32> {rnn.parameter = @U}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %p = rnn.linear %ht, %U : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %a = arith.addf %xt, %p : tensor<3xf32>
    %h1 = math.tanh %a : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @reverse_scan_grad(
// CHECK:         %[[F:.*]]:2 = rnn.scan reverse
// CHECK:         %[[B:.*]]:2 = rnn.scan (%[[HT:.*]] = %[[F]]#0 : {{.*}}) state(%[[GH:.*]] =
// CHECK:           %[[GA:.*]] = arith.mulf %[[GH]], %[[HT]]
// CHECK:           %[[NEXT:.*]] = arith.mulf %[[GH]], %arg1
// CHECK:           rnn.yield %[[GA]] state(%[[NEXT]])
// CHECK:         rnn.total %[[B]]#0 : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
func.func @reverse_scan(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %k = arith.mulf %a, %ht : tensor<3xf32>
    %h1 = arith.addf %k, %xt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// A state that the loss does not depend on has no gradient.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @unused_state_grad(
// CHECK:         rnn.scan reverse ({{[^)]*}}) state(%[[GH:[^ ]*]] = %{{[^ ]*}} : tensor<3xf32>) ->
func.func @unused_state(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h, %c = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>, %ct = %h0 : tensor<3xf32>) -> () {
    %k = arith.mulf %a, %ht : tensor<3xf32>
    %h1 = arith.addf %k, %xt : tensor<3xf32>
    %c1 = arith.addf %ct, %h1 : tensor<3xf32>
    rnn.yield state(%h1, %c1) : tensor<3xf32>, tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// Nor has one that no parameter reaches, though the loss depends on it; but one
// that a parameter reaches through another state has.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @some_states_grad(
// CHECK:         rnn.scan reverse (%[[NT:[^ ]*]] = {{[^)]*}}) state(%[[GH:[^ ]*]] = %{{[^ ]*}} : tensor<3xf32>, %[[GC:[^ ]*]] = %{{[^ ]*}} : tensor<3xf32>) ->
// CHECK:           %[[GC1:.*]] = arith.mulf %[[GC]], %[[NT]]
// CHECK:           %[[BY_DECAY:.*]] = arith.mulf %[[GH]], %arg1
// CHECK:           %[[GH1:.*]] = arith.addf %[[GC]], %[[BY_DECAY]]
// CHECK:           rnn.yield %{{.*}} state(%[[GH1]], %[[GC1]])
func.func @some_states(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %n, %h, %c = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%nt = %h0 : tensor<3xf32>, %ht = %h0 : tensor<3xf32>, %ct = %h0 : tensor<3xf32>) -> () {
    %n1 = arith.addf %nt, %xt : tensor<3xf32>
    %k = arith.mulf %a, %ht : tensor<3xf32>
    %h1 = arith.addf %k, %xt : tensor<3xf32>
    %d = arith.mulf %ct, %nt : tensor<3xf32>
    %c1 = arith.addf %d, %ht : tensor<3xf32>
    rnn.yield state(%n1, %h1, %c1) : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  }
  %l = rnn.sum %c : tensor<3xf32>
  return %l : f32
}

// -----

// Where the next state does not depend on the state, only the last instant gets
// a gradient.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @only_final_state_grad(
// CHECK:         %[[ZERO:.*]] = arith.constant dense<0.0
// CHECK:         %[[G:.*]] = rnn.broadcast
// CHECK:         rnn.scan reverse (%[[XT:.*]] = %arg0 : {{.*}}) state(%[[GH:.*]] = %[[G]] : tensor<3xf32>)
// CHECK:           %[[GA:.*]] = arith.mulf %[[GH]], %[[XT]]
// CHECK:           rnn.yield %[[GA]] state(%[[ZERO]])
func.func @only_final_state(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %h1 = arith.mulf %a, %xt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// The initial state gets the gradient that the backward scan ends with.

rnn.parameter @h0 init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @initial_state_grad(
// CHECK:         %[[G0:.*]] = rnn.scan reverse
// CHECK:           math.cos
// CHECK:         rnn.total %[[G0]] : tensor<3xf32> -> tensor<3xf32>
func.func @initial_state(%x: !rnn.seq<tensor<3xf32>>, %h0: tensor<3xf32> {rnn.parameter = @h0}) -> f32 attributes {rnn.objective} {
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %s = math.sin %ht : tensor<3xf32>
    %h1 = arith.addf %s, %xt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// An example's own value that every instant uses: a state sums its gradient.

rnn.parameter @W init(#rnn.zeros) : tensor<2x3xf32>
// CHECK-LABEL: func.func @captured_value_grad(
// CHECK:         %[[ZERO:.*]] = arith.constant dense<0.0
// CHECK:         %[[G:.*]] = rnn.broadcast
// CHECK:         %[[SUM:.*]] = rnn.scan reverse (%[[XT:.*]] = %arg0 : {{.*}}) state(%[[S:.*]] = %[[ZERO]] : tensor<3xf32>) -> () {
// CHECK:           %[[GC:.*]] = arith.mulf %[[G]], %[[XT]]
// CHECK:           %[[S1:.*]] = arith.addf %[[S]], %[[GC]]
// CHECK:           rnn.yield state(%[[S1]])
// CHECK:         rnn.contract %arg1, %[[SUM]] : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
func.func @captured_value(%x: !rnn.seq<tensor<3xf32>>, %v: tensor<2xf32>, %W: tensor<2x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %zero = arith.constant 0.0 : f32
  %c = rnn.linear %v, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
  %s = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%st = %zero : f32) -> () {
    %m = arith.mulf %c, %xt : tensor<3xf32>
    %n = rnn.sum %m : tensor<3xf32>
    %s1 = arith.addf %st, %n : f32
    rnn.yield state(%s1) : f32
  }
  return %s : f32
}

// -----

rnn.parameter @W init(#rnn.zeros) : tensor<3x3xf32>
// CHECK-LABEL: func.func @shared_by_two_scans_grad(
// CHECK:         %[[GV:.*]] = rnn.contract
// CHECK:         %[[GU:.*]] = rnn.contract
// CHECK:         %[[G:.*]] = arith.addf %[[GV]], %[[GU]] : tensor<3x3xf32>
// CHECK:         return %{{.*}}, %[[G]]
func.func @shared_by_two_scans(%x: !rnn.seq<tensor<3xf32>>, %W: tensor<3x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %y, %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = rnn.linear %ht, %W : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %h1 = arith.addf %p, %xt : tensor<3xf32>
    rnn.yield %h1 state(%h1) : tensor<3xf32>, tensor<3xf32>
  }
  %h = rnn.scan reverse (%yt = %y : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %p = rnn.linear %ht, %W : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %h1 = arith.addf %p, %yt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// A matrix used twice in one body: two products, no sequence of matrices.

rnn.parameter @W init(#rnn.zeros) : tensor<3x3xf32>
// CHECK-LABEL: func.func @shared_within_scan_grad(
// CHECK-NOT:     rnn.outer
// CHECK-NOT:     !rnn.seq<tensor<3x3xf32>>
// CHECK:         rnn.contract
// CHECK:         rnn.contract
func.func @shared_within_scan(%x: !rnn.seq<tensor<3xf32>>, %W: tensor<3x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %p = rnn.linear %ht, %W : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %q = rnn.linear %p, %W transpose : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %h1 = arith.addf %q, %xt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// A function of a parameter leaves the scan first.

rnn.parameter @W init(#rnn.zeros) : tensor<3x3xf32>
// CHECK-LABEL: func.func @invariant_grad(
// CHECK:         %[[W:.*]] = math.exp %arg1
// CHECK:         rnn.scan
// CHECK:         %[[G:.*]] = rnn.contract
// CHECK:         arith.mulf %[[G]], %[[W]] : tensor<3x3xf32>
func.func @invariant(%x: !rnn.seq<tensor<3xf32>>, %W: tensor<3x3xf32> {rnn.parameter = @W}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %E = math.exp %W : tensor<3x3xf32>
    %p = rnn.linear %ht, %E : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %h1 = arith.addf %p, %xt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// A sequence that two ops read: its gradients are added instant by instant, in
// the backward scan of the op that made it.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @sequence_used_twice_grad(
// CHECK:         %[[GZ:.*]]:2 = rnn.scan reverse
// CHECK:         %[[G1:.*]] = rnn.reverse %[[GZ]]#0
// CHECK:         %[[G2:.*]]:2 = rnn.scan reverse
// CHECK:         rnn.scan (%[[A:[^ ]*]] = %[[G1]] : !rnn.seq<tensor<3xf32>>, %[[B:[^ ]*]] = %[[G2]]#0 : !rnn.seq<tensor<3xf32>>
// CHECK:           arith.addf %[[A]], %[[B]]
func.func @sequence_used_twice(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<1.0> : tensor<3xf32>
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %xt, %a : tensor<3xf32>
    rnn.yield %p : tensor<3xf32>
  }
  %h = rnn.scan (%yt = %y : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %h1 = arith.mulf %ht, %yt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %z = rnn.reverse %y : !rnn.seq<tensor<3xf32>>
  %k = rnn.scan (%zt = %z : !rnn.seq<tensor<3xf32>>) state(%kt = %h : tensor<3xf32>) -> () {
    %k1 = arith.divf %kt, %zt : tensor<3xf32>
    rnn.yield state(%k1) : tensor<3xf32>
  }
  %l = rnn.sum %k : tensor<3xf32>
  return %l : f32
}

// -----

// Masks are drawn again from the key; lookups become a scatter; the gradient of
// a sum over time is parallel in time.

rnn.parameter @E init(#rnn.zeros) : tensor<10x3xf32>
// CHECK-LABEL: func.func @lookup_and_mask_grad(
// CHECK-SAME:      %[[I:[^ ]*]]: !rnn.seq<i32>
// CHECK:         rnn.scan (%{{.*}}) state(%{{.*}}, %[[KT:.*]] = %{{.*}} : i32) -> (!rnn.seq<i32>) {
// CHECK:           rnn.yield %[[KT]] state
// CHECK:         %[[B:.*]] = rnn.scan (%[[K:[^ ]*]] = %{{[^ ]*}} : !rnn.seq<i32>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK:           %[[M:.*]] = rnn.random_mask %[[K]] {rate = 5.000000e-01 : f64, site = 1 : i64}
// CHECK:           %[[G:.*]] = arith.mulf %{{.*}}, %[[M]]
// CHECK:           rnn.yield %[[G]]
// CHECK:         rnn.scatter %[[B]] at %[[I]]
func.func @lookup_and_mask(%i: !rnn.seq<i32>, %key: i32 {rnn.key}, %E: tensor<10x3xf32> {rnn.parameter = @E}) -> f32 attributes {rnn.objective} {
  %zero = arith.constant 0.0 : f32
  %l, %k = rnn.scan (%it = %i : !rnn.seq<i32>) state(%st = %zero : f32, %kt = %key : i32) -> () {
    %e = rnn.lookup %E[%it] : tensor<10x3xf32> -> tensor<3xf32>
    %m = rnn.random_mask %kt {rate = 0.5 : f64, site = 1 : i64} : tensor<3xf32>
    %d = arith.mulf %e, %m : tensor<3xf32>
    %n = rnn.sum %d : tensor<3xf32>
    %s1 = arith.addf %st, %n : f32
    %c = arith.constant 1 : i32
    %k1 = arith.addi %kt, %c : i32
    rnn.yield state(%s1, %k1) : f32, i32
  }
  return %l : f32
}

// -----

// A comparison can't be kept in a sequence; what it compares is.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @comparison_grad(
// CHECK-NOT:     xi1>>
// CHECK:         rnn.scan reverse
// CHECK:           %[[C:.*]] = arith.cmpf ogt
// CHECK:           arith.select %[[C]]
func.func @comparison(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %h0 = arith.constant dense<0.0> : tensor<3xf32>
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %k = arith.mulf %a, %ht : tensor<3xf32>
    %c = arith.cmpf ogt, %xt, %k : tensor<3xf32>
    %h1 = arith.select %c, %xt, %k : tensor<3xi1>, tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}

// -----

// The length of a sequence has no derivative, though the sequence has.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @length_grad(
// CHECK:         %[[N:.*]] = rnn.length
// CHECK:         arith.divf %arg2, %[[N]]
func.func @length(%x: !rnn.seq<tensor<3xf32>>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 attributes {rnn.objective} {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %p = arith.mulf %xt, %a : tensor<3xf32>
    rnn.yield %p : tensor<3xf32>
  }
  %n = rnn.length %y : !rnn.seq<tensor<3xf32>> -> f32
  %s = rnn.sum %a : tensor<3xf32>
  %l = arith.divf %s, %n : f32
  return %l : f32
}

// -----

// CHECK-LABEL: func.func @parts_grad(
// CHECK:         %[[ZERO:.*]] = arith.constant dense<0.0{{.*}}> : tensor<1xf32>
// CHECK:         %[[G:.*]] = rnn.broadcast %arg2 : f32 -> tensor<3xf32>
// CHECK:         %[[GC:.*]] = tensor.concat dim(0) %[[ZERO]], %[[G]], %[[ZERO]]
// CHECK:         %[[GP:.*]] = tensor.extract_slice %[[GC]][2] [3] [1]
// CHECK:         rnn.total %[[GP]]
rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
func.func @parts(%x: tensor<2xf32>, %p: tensor<3xf32> {rnn.parameter = @p}) -> f32 attributes {rnn.objective} {
  %c = tensor.concat dim(0) %x, %p : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %s = tensor.extract_slice %c[1] [3] [1] : tensor<5xf32> to tensor<3xf32>
  %l = rnn.sum %s : tensor<3xf32>
  return %l : f32
}

// -----

// A frozen parameter has no gradient; one that the loss does not depend on has
// gradient zero.

rnn.parameter @p init(#rnn.zeros) frozen : tensor<3xf32>
rnn.parameter @q init(#rnn.zeros) : tensor<4xf32>
// CHECK-LABEL: func.func @frozen_grad(
// CHECK-SAME:      -> (f32, tensor<4xf32> {rnn.gradient = @q, rnn.shared}) {
// CHECK:         %[[ZERO:.*]] = arith.constant dense<0.0{{.*}}> : tensor<4xf32>
// CHECK:         return %{{.*}}, %[[ZERO]] : f32, tensor<4xf32>
func.func @frozen(%x: tensor<3xf32>, %p: tensor<3xf32> {rnn.parameter = @p}, %q: tensor<4xf32> {rnn.parameter = @q}) -> f32 attributes {rnn.objective} {
  %a = arith.mulf %x, %p : tensor<3xf32>
  %l = rnn.sum %a : tensor<3xf32>
  return %l : f32
}

// -----

// Results after the loss are returned as they are; they add no gradient.

rnn.parameter @p init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @other_results_grad(
// CHECK:         %[[E:.*]] = math.exp %arg0
// CHECK:         %[[L:.*]] = rnn.sum %arg0
// CHECK:         %[[B:.*]] = rnn.broadcast
// CHECK-NEXT:    return %[[L]], %[[E]], %[[B]]
func.func @other_results(%p: tensor<3xf32> {rnn.parameter = @p}) -> (f32, tensor<3xf32>) attributes {rnn.objective} {
  %e = math.exp %p : tensor<3xf32>
  %l = rnn.sum %p : tensor<3xf32>
  return %l, %e : f32, tensor<3xf32>
}
