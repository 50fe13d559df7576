// RUN: ravel-opt %s | ravel-opt | FileCheck %s
// RUN: ravel-opt %s --mlir-print-op-generic | ravel-opt | FileCheck %s

// Each op is printed as it is written here.

// CHECK-LABEL: rnn.cell @inputs_and_states(
// CHECK-SAME:    %[[X:.*]], %[[I:.*]]: i32) state(%[[H:.*]], %[[N:.*]]: f32) {
// CHECK-NEXT:    rnn.yield %[[X]] state(%[[H]], %[[N]]) : tensor<?xf32>, tensor<?xf32>, f32
rnn.cell @inputs_and_states(%x, %i: i32) state(%h, %n: f32) {
  rnn.yield %x state(%h, %n) : tensor<?xf32>, tensor<?xf32>, f32
}

// CHECK-LABEL: rnn.cell @stateless(%{{.*}}) {
// CHECK-NEXT:    rnn.yield %{{[^:]*$}}
rnn.cell @stateless(%x) {
  rnn.yield %x
}

// CHECK-LABEL: rnn.cell @"odd name \22\C3\A9"() attributes {note = 1 : i64} {
// CHECK-NEXT:    rnn.yield{{$}}
rnn.cell @"odd name \22é"() attributes {note = 1} {
  rnn.yield
}

// CHECK-LABEL: rnn.optimizer @descent(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) state(%{{.*}}) {
// CHECK-NEXT:    rnn.hyper "decay" 1.000000e-02 : tensor<?xf32>
rnn.optimizer @descent(%p, %g, %lr, %t) state(%m) {
  %decay = rnn.hyper "decay" 0.01 : tensor<?xf32>
  %d = arith.mulf %decay, %g : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1 state(%m)
}

// CHECK-LABEL: rnn.cell @maps
// CHECK-NEXT:    rnn.gate "a" tanh(%{{.*}}, %{{.*}}) : tensor<?xf32>
// CHECK-NEXT:    rnn.gate "b c" hard_sigmoid(%{{.*}}) {bias_init = 1.000000e+00 : f64, init = [#rnn.he], trainable = false} : (tensor<4xf32>) -> tensor<?xf32>
// CHECK-NEXT:    rnn.project "d"(%{{.*}}) {bias = false, init = #rnn.normal<0.000000e+00, 1.000000e-02>} : tensor<8xf32>
// CHECK-NEXT:    rnn.param "e" {init = #rnn.constant<-9.000000e-01>} : tensor<?xf32>
// CHECK-NEXT:    rnn.constant -1.500000e+00 : tensor<?xf32>
rnn.cell @maps(%x, %z: tensor<4xf32>) state(%h) {
  %a = rnn.gate "a" tanh(%x, %h) : tensor<?xf32>
  %b = rnn.gate "b c" hard_sigmoid(%z) {bias_init = 1.0, init = [#rnn.he], trainable = false} : (tensor<4xf32>) -> tensor<?xf32>
  %d = rnn.project "d"(%x) {bias = false, init = #rnn.normal<0.0, 0.01>} : tensor<8xf32>
  %e = rnn.param "e" {init = #rnn.constant<-0.9>} : tensor<?xf32>
  %f = rnn.constant -1.5 : tensor<?xf32>
  rnn.yield %a state(%b)
}

// In loops they take registers.
// CHECK-LABEL: func.func @on_registers
// CHECK-NEXT:    rnn.sigmoid %{{.*}} : vector<8xf32>
// CHECK-NEXT:    rnn.softplus %{{.*}} : vector<8xf32>
// CHECK-NEXT:    rnn.gelu %{{.*}} : vector<8xf32>
func.func @on_registers(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = rnn.sigmoid %x : vector<8xf32>
  %1 = rnn.softplus %0 : vector<8xf32>
  %2 = rnn.gelu %1 : vector<8xf32>
  return %2 : vector<8xf32>
}

// CHECK-LABEL: rnn.cell @functions
// CHECK-NEXT:    rnn.sigmoid %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.relu %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.leaky_relu %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.elu %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.softplus %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.gelu %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.silu %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.hard_sigmoid %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.softmax %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.layer_norm "n" %{{.*}} {bias = false, epsilon = 1.000000e-03 : f64} : tensor<?xf32>
// CHECK-NEXT:    rnn.dropout %{{.*}} {rate = 3.000000e-01 : f64} : tensor<?xf32>
// CHECK-NEXT:    %[[S:.*]] = rnn.sum %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.max %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.log_sum_exp %{{.*}} : tensor<?xf32>
// CHECK-NEXT:    rnn.broadcast %[[S]] : f32 -> tensor<?xf32>
// CHECK-NEXT:    rnn.one_hot %[[I:.*]] : tensor<10xf32>
// CHECK-NEXT:    rnn.pick %{{.*}} at %[[I]] : tensor<?xf32>
rnn.cell @functions(%x, %i: i32) {
  %0 = rnn.sigmoid %x : tensor<?xf32>
  %1 = rnn.relu %x : tensor<?xf32>
  %2 = rnn.leaky_relu %x : tensor<?xf32>
  %3 = rnn.elu %x : tensor<?xf32>
  %4 = rnn.softplus %x : tensor<?xf32>
  %5 = rnn.gelu %x : tensor<?xf32>
  %6 = rnn.silu %x : tensor<?xf32>
  %7 = rnn.hard_sigmoid %x : tensor<?xf32>
  %8 = rnn.softmax %x : tensor<?xf32>
  %9 = rnn.layer_norm "n" %x {bias = false, epsilon = 0.001} : tensor<?xf32>
  %10 = rnn.dropout %x {rate = 0.3} : tensor<?xf32>
  %11 = rnn.sum %x : tensor<?xf32>
  %12 = rnn.max %x : tensor<?xf32>
  %13 = rnn.log_sum_exp %x : tensor<?xf32>
  %14 = rnn.broadcast %11 : f32 -> tensor<?xf32>
  %15 = rnn.one_hot %i : tensor<10xf32>
  %16 = rnn.pick %x at %i : tensor<?xf32>
  rnn.yield %0
}

// CHECK-LABEL: func.func @time(
// CHECK:         rnn.unroll @inputs_and_states "u"(%{{.*}}, %{{.*}}) state(%{{.*}}, %{{.*}}) reverse {dropout = 1.000000e-01 : f64, zoneout = [2.000000e-01, 0.000000e+00]}
// CHECK-SAME:      : (!rnn.seq<tensor<8xf32>>, !rnn.seq<i32>, tensor<4xf32>, f32) -> (!rnn.seq<tensor<8xf32>>, tensor<4xf32>, f32)
// CHECK-NEXT:    rnn.unroll @stateless "v"(%{{.*}}) : (!rnn.seq<tensor<8xf32>>) -> !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.step @stateless "v"(%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:    rnn.step @inputs_and_states "u"(%{{.*}}, %{{.*}}) state(%{{.*}}, %{{.*}}) : (tensor<4xf32>, i32, tensor<4xf32>, f32) -> (tensor<4xf32>, tensor<4xf32>, f32)
// CHECK-NEXT:    rnn.embed "e" %{{.*}} {vocab = 10 : i64} : !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.embed "e" %{{.*}} {init = #rnn.uniform<-1.000000e-01, 1.000000e-01>, vocab = 10 : i64} : tensor<8xf32>
// CHECK-NEXT:    rnn.reverse %{{.*}} : !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.last %{{.*}} : !rnn.seq<i32>
// CHECK-NEXT:    rnn.sum_over_time %{{.*}} : !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.mean_over_time %{{.*}} : !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.max_over_time %{{.*}} : !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.length %{{.*}} : !rnn.seq<i32> -> f32
func.func @time(%x: !rnn.seq<tensor<8xf32>>, %i: !rnn.seq<i32>, %h: tensor<4xf32>, %n: f32, %j: i32) {
  %u:3 = rnn.unroll @inputs_and_states "u"(%x, %i) state(%h, %n) reverse {dropout = 0.1, zoneout = [0.2, 0.0]} : (!rnn.seq<tensor<8xf32>>, !rnn.seq<i32>, tensor<4xf32>, f32) -> (!rnn.seq<tensor<8xf32>>, tensor<4xf32>, f32)
  %v = rnn.unroll @stateless "v"(%x) : (!rnn.seq<tensor<8xf32>>) -> !rnn.seq<tensor<8xf32>>
  %s = rnn.step @stateless "v"(%h) : (tensor<4xf32>) -> tensor<4xf32>
  %t:3 = rnn.step @inputs_and_states "u"(%h, %j) state(%h, %n) : (tensor<4xf32>, i32, tensor<4xf32>, f32) -> (tensor<4xf32>, tensor<4xf32>, f32)
  %e = rnn.embed "e" %i {vocab = 10} : !rnn.seq<tensor<8xf32>>
  %ei = rnn.embed "e" %j {vocab = 10, init = #rnn.uniform<-0.1, 0.1>} : tensor<8xf32>
  %r = rnn.reverse %x : !rnn.seq<tensor<8xf32>>
  %l = rnn.last %i : !rnn.seq<i32>
  %sum = rnn.sum_over_time %x : !rnn.seq<tensor<8xf32>>
  %mean = rnn.mean_over_time %x : !rnn.seq<tensor<8xf32>>
  %max = rnn.max_over_time %x : !rnn.seq<tensor<8xf32>>
  %length = rnn.length %i : !rnn.seq<i32> -> f32
  return
}

rnn.cell @jordan(%x, %y) {
  %y1 = rnn.gate "g" tanh(%x, %y) : tensor<?xf32>
  rnn.yield %y1
}
// CHECK-LABEL: func.func @feedback(
// CHECK:         rnn.unroll @jordan "u"(%{{.*}}) feedback(%{{.*}}) {state_dropout = []} : (!rnn.seq<tensor<8xf32>>, tensor<4xf32>) -> !rnn.seq<tensor<4xf32>>
func.func @feedback(%x: !rnn.seq<tensor<8xf32>>, %y0: tensor<4xf32>) {
  %y = rnn.unroll @jordan "u"(%x) feedback(%y0) {state_dropout = []} : (!rnn.seq<tensor<8xf32>>, tensor<4xf32>) -> !rnn.seq<tensor<4xf32>>
  return
}

// CHECK-LABEL: func.func @objectives(
// CHECK:         rnn.cross_entropy %{{.*}}, %{{.*}} {reduction = "sum"} : !rnn.seq<tensor<8xf32>>, !rnn.seq<i32>
// CHECK-NEXT:    rnn.mse %{{.*}}, %{{.*}} : !rnn.seq<tensor<8xf32>>, !rnn.seq<tensor<8xf32>>
// CHECK-NEXT:    rnn.mae %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT:    rnn.bce %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>
func.func @objectives(%x: !rnn.seq<tensor<8xf32>>, %i: !rnn.seq<i32>, %h: tensor<4xf32>) {
  %0 = rnn.cross_entropy %x, %i {reduction = "sum"} : !rnn.seq<tensor<8xf32>>, !rnn.seq<i32>
  %1 = rnn.mse %x, %x : !rnn.seq<tensor<8xf32>>, !rnn.seq<tensor<8xf32>>
  %2 = rnn.mae %h, %h : tensor<4xf32>, tensor<4xf32>
  %3 = rnn.bce %h, %h : tensor<4xf32>, tensor<4xf32>
  return
}

// CHECK-DAG: rnn.parameter @a.weight.0 init(#rnn.glorot) : tensor<2x3xf32>
// CHECK-DAG: rnn.parameter @zeros init(#rnn.zeros) frozen : tensor<3xf32>
// CHECK-DAG: rnn.parameter @orthogonal init(#rnn.orthogonal<1.000000e+00>) : tensor<3x3xf64>
// CHECK-DAG: rnn.parameter @identity init(#rnn.identity<5.000000e-01>) : tensor<3x3xf32>
rnn.parameter @"a.weight.0" init(#rnn.glorot) : tensor<2x3xf32>
rnn.parameter @zeros init(#rnn.zeros) frozen : tensor<3xf32>
rnn.parameter @orthogonal init(#rnn.orthogonal<1.0>) : tensor<3x3xf64>
rnn.parameter @identity init(#rnn.identity<0.5>) : tensor<3x3xf32>

// CHECK-LABEL: func.func @scans(
// CHECK:         rnn.scan (%[[XT:.*]] = %{{.*}} : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<2xf32>>) {
// CHECK-NEXT:      rnn.yield %[[XT]] : tensor<2xf32>
// CHECK:         %{{.*}}:2 = rnn.scan reverse (%{{.*}} = %{{.*}} : !rnn.seq<tensor<2xf32>>, %{{.*}} = %{{.*}} : !rnn.seq<i32>) state(%[[S:.*]] = %{{.*}} : tensor<3xf32>, %[[N:.*]] = %{{.*}} : f32) -> () {
// CHECK-NEXT:      rnn.yield state(%[[S]], %[[N]]) : tensor<3xf32>, f32
func.func @scans(%x: !rnn.seq<tensor<2xf32>>, %i: !rnn.seq<i32>, %s0: tensor<3xf32>, %n0: f32) {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<2xf32>>) {
    rnn.yield %xt : tensor<2xf32>
  }
  %f:2 = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<2xf32>>, %it = %i : !rnn.seq<i32>) state(%s = %s0 : tensor<3xf32>, %n = %n0 : f32) -> () {
    rnn.yield state(%s, %n) : tensor<3xf32>, f32
  }
  return
}

// CHECK-LABEL: func.func @columnwise(
// CHECK:         rnn.scan columnwise reverse (%{{.*}} = %{{.*}} : !rnn.seq<tensor<3xf32>>) state(%[[S:.*]] = %{{.*}} : tensor<3xf32>) -> () {
// CHECK-NEXT:      rnn.yield state(%[[S]]) : tensor<3xf32>
// CHECK:         %{{.*}}:2 = rnn.chains reverse over(%{{.*}} : tensor<?xindex>) ins(%{{.*}} = %{{.*}} : tensor<?x3xf32>) examples(%[[E:.*]] = %{{.*}} : tensor<?x3xf32>) shared(%[[W:.*]] = %{{.*}} : f32) outs(%{{.*}} : tensor<?x3xf32>) state(%[[S:.*]] = %{{.*}} : tensor<?x3xf32>) {
// CHECK:           rnn.yield %[[E]] state(%[[S]]) : tensor<3xf32>, tensor<3xf32>
// CHECK:         rnn.chains over(%{{.*}} : memref<?xindex>) outs(%{{.*}} : memref<?xf32>) {
// CHECK-NEXT:      %[[N:.*]] = arith.constant
// CHECK-NEXT:      rnn.yield %[[N]] : f32
func.func @columnwise(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %o: tensor<?xindex>, %r: tensor<?x3xf32>, %w: f32, %om: memref<?xindex>, %m: memref<?xf32>) {
  %f = rnn.scan columnwise reverse (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    rnn.yield state(%s) : tensor<3xf32>
  }
  %y:2 = rnn.chains reverse over(%o : tensor<?xindex>) ins(%i = %r : tensor<?x3xf32>) examples(%e = %r : tensor<?x3xf32>) shared(%v = %w : f32) outs(%r : tensor<?x3xf32>) state(%s = %r : tensor<?x3xf32>) {
    rnn.yield %e state(%s) : tensor<3xf32>, tensor<3xf32>
  }
  rnn.chains over(%om : memref<?xindex>) outs(%m : memref<?xf32>) {
    %n = arith.constant 1.0 : f32
    rnn.yield %n : f32
  }
  return
}

// CHECK-LABEL: func.func @explicit(
// CHECK:         rnn.linear %{{.*}}, %{{.*}} : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
// CHECK-NEXT:    rnn.linear %{{.*}}, %{{.*}} transpose : tensor<3xf32>, tensor<2x3xf32> -> tensor<2xf32>
// CHECK-NEXT:    rnn.lookup %{{.*}}[%{{.*}}] : tensor<2x3xf32> -> tensor<3xf32>
// CHECK-NEXT:    rnn.random_mask %{{.*}} {rate = 5.000000e-01 : f64, site = 3 : i64} : tensor<3xf32>
// CHECK-NEXT:    rnn.outer %{{.*}}, %{{.*}} : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
// CHECK-NEXT:    rnn.scatter_row %{{.*}} at %{{.*}} : tensor<3xf32> -> tensor<9x3xf32>
// CHECK-NEXT:    rnn.total %{{.*}} : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
// CHECK-NEXT:    rnn.total %{{.*}} : tensor<?x2x3xf32> -> tensor<2x3xf32>
// CHECK-NEXT:    rnn.contract %{{.*}}, %{{.*}} : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<3x3xf32>
// CHECK-NEXT:    rnn.contract %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<3x3xf32>
// CHECK-NEXT:    rnn.scatter %{{.*}} at %{{.*}} : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32> -> tensor<9x3xf32>
func.func @explicit(%x: tensor<2xf32>, %g: tensor<3xf32>, %W: tensor<2x3xf32>, %i: i32, %gs: !rnn.seq<tensor<3xf32>>, %is: !rnn.seq<i32>, %Ws: tensor<?x2x3xf32>) {
  %0 = rnn.linear %x, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
  %1 = rnn.linear %g, %W transpose : tensor<3xf32>, tensor<2x3xf32> -> tensor<2xf32>
  %2 = rnn.lookup %W[%i] : tensor<2x3xf32> -> tensor<3xf32>
  %3 = rnn.random_mask %i {rate = 0.5 : f64, site = 3 : i64} : tensor<3xf32>
  %4 = rnn.outer %x, %g : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
  %5 = rnn.scatter_row %g at %i : tensor<3xf32> -> tensor<9x3xf32>
  %6 = rnn.total %gs : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
  %7 = rnn.total %Ws : tensor<?x2x3xf32> -> tensor<2x3xf32>
  %8 = rnn.contract %gs, %gs : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<3x3xf32>
  %9 = rnn.contract %W, %W : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<3x3xf32>
  %10 = rnn.scatter %gs at %is : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32> -> tensor<9x3xf32>
  return
}

// CHECK-LABEL: func.func @rows(
// CHECK:         rnn.rows ins(%[[XR:.*]] = %{{.*}} : tensor<?x8xf32>, %{{.*}} = %{{.*}} : tensor<?xi32>) shared(%{{.*}} = %{{.*}} : tensor<8x16xf32>, %{{.*}} = %{{.*}} : f32) outs(%{{.*}} : tensor<?x8xf32>) {
// CHECK-NEXT:      rnn.yield %[[XR]] : tensor<8xf32>
// CHECK:         rnn.rows outs(%{{.*}}, %{{.*}} : tensor<?xf32>, memref<?x8xf32>) distribute(%{{.*}}, %{{.*}}) attributes {note} {
// CHECK:           rnn.yield %{{.*}}, %{{.*}} : f32, tensor<8xf32>
func.func @rows(%x: tensor<?x8xf32>, %i: tensor<?xi32>, %W: tensor<8x16xf32>, %s: f32, %n: tensor<?xf32>, %m: memref<?x8xf32>, %id: index) {
  %y = rnn.rows ins(%xr = %x : tensor<?x8xf32>, %ir = %i : tensor<?xi32>) shared(%Wr = %W : tensor<8x16xf32>, %sr = %s : f32) outs(%x : tensor<?x8xf32>) {
    rnn.yield %xr : tensor<8xf32>
  }
  %z = rnn.rows outs(%n, %m : tensor<?xf32>, memref<?x8xf32>) distribute(%id, %id) attributes {note} {
    %c = arith.constant 0.0 : f32
    %b = rnn.broadcast %c : f32 -> tensor<8xf32>
    rnn.yield %c, %b : f32, tensor<8xf32>
  }
  return
}

// CHECK-LABEL: func.func @segments(
// CHECK:         %[[R:.*]]:4 = rnn.segments of 16 reverse (%[[X:.*]] = %{{.*}} : !rnn.seq<tensor<3xf32>>, %[[K:.*]] = %{{.*}} : !rnn.checkpoints<16, f32>) state(%[[S:.*]] = %{{.*}} : tensor<3xf32>) {note} -> (!rnn.seq<tensor<3xf32>>, !rnn.checkpoints<16, tensor<3xf32>>, tensor<3xf32>) {
// CHECK:           rnn.yield %[[X]], %[[S]], %{{.*}} state(%[[S]])
// CHECK:         rnn.segments of 1 (%{{.*}} = %{{.*}} : !rnn.seq<tensor<3xf32>>) -> () {
func.func @segments(%x: !rnn.seq<tensor<3xf32>>, %k: !rnn.checkpoints<16, f32>, %s: tensor<3xf32>) {
  %r:4 = rnn.segments of 16 reverse (%xp = %x : !rnn.seq<tensor<3xf32>>, %kp = %k : !rnn.checkpoints<16, f32>) state(%sp = %s : tensor<3xf32>) {note} -> (!rnn.seq<tensor<3xf32>>, !rnn.checkpoints<16, tensor<3xf32>>, tensor<3xf32>) {
    %t = rnn.total %xp : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
    rnn.yield %xp, %sp, %t state(%sp) : !rnn.seq<tensor<3xf32>>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  }
  rnn.segments of 1 (%xp = %x : !rnn.seq<tensor<3xf32>>) -> () {
    rnn.yield
  }
  return
}
