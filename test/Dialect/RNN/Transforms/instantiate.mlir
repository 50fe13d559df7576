// RUN: ravel-opt %s -rnn-instantiate -canonicalize | FileCheck %s

// The manifest: each name once, in the order of use.
// CHECK:      rnn.parameter @a.hidden.weight.0 init(#rnn.he) : tensor<2x3xf32>
// CHECK-NEXT: rnn.parameter @a.hidden.weight.1 init(#rnn.orthogonal<1.000000e+00>) : tensor<3x3xf32>
// CHECK-NEXT: rnn.parameter @a.hidden.bias init(#rnn.constant<1.000000e+00>) : tensor<3xf32>
// CHECK-NEXT: rnn.parameter @j.g.weight.0 init(#rnn.glorot) : tensor<2x3xf32>
// CHECK-NEXT: rnn.parameter @j.g.weight.1 init(#rnn.glorot) : tensor<3x3xf32>
// CHECK-NEXT: rnn.parameter @out.weight.0 init(#rnn.glorot) frozen : tensor<2x3xf32>
// CHECK-NEXT: rnn.parameter @out.bias init(#rnn.zeros) frozen : tensor<3xf32>
// CHECK-NEXT: rnn.parameter @peephole init(#rnn.zeros) : tensor<2xf32>
// CHECK-NEXT: rnn.parameter @words.weight init(#rnn.normal<0.000000e+00, 1.000000e-01>) : tensor<10x3xf32>
// CHECK-NEXT: rnn.parameter @norm.gain init(#rnn.constant<1.000000e+00>) : tensor<2xf32>
// CHECK-NEXT: rnn.parameter @norm.bias init(#rnn.constant<0.000000e+00>) : tensor<2xf32>
// CHECK-NEXT: rnn.parameter @shared.weight.0 init(#rnn.glorot) : tensor<2x2xf32>
// CHECK-NEXT: rnn.parameter @shared.bias init(#rnn.zeros) : tensor<2xf32>
// CHECK-NOT:  rnn.cell

rnn.cell @elman(%x) state(%h) {
  %h1 = rnn.gate "hidden" tanh(%x, %h) {bias_init = 1.0, init = [#rnn.he, #rnn.orthogonal<1.0>]} : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}

// CHECK-LABEL: func.func @unroll(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<2xf32>>, %[[W:[^:]*]]: tensor<2x3xf32> {rnn.parameter = @a.hidden.weight.0}, %[[U:[^:]*]]: tensor<3x3xf32> {rnn.parameter = @a.hidden.weight.1}, %[[B:[^:]*]]: tensor<3xf32> {rnn.parameter = @a.hidden.bias})
// CHECK:         %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK:         %[[R:.*]]:2 = rnn.scan (%[[XT:.*]] = %[[X]] : !rnn.seq<tensor<2xf32>>) state(%[[H:.*]] = %[[ZERO]] : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      %[[P:.*]] = rnn.linear %[[XT]], %[[W]] : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
// CHECK-NEXT:      %[[Q:.*]] = rnn.linear %[[H]], %[[U]] : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
// CHECK-NEXT:      %[[S:.*]] = arith.addf %[[P]], %[[Q]]
// CHECK-NEXT:      %[[T:.*]] = arith.addf %[[S]], %[[B]]
// CHECK-NEXT:      %[[H1:.*]] = math.tanh %[[T]]
// CHECK-NEXT:      rnn.yield %[[H1]] state(%[[H1]])
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @unroll(%x: !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) {
  %y, %h = rnn.unroll @elman "a"(%x) : (!rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>)
  return %y, %h : !rnn.seq<tensor<3xf32>>, tensor<3xf32>
}

// Another use of the name is another use of the parameters.
// CHECK-LABEL: func.func @step(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2xf32>, %[[H:[^:]*]]: tensor<3xf32>, %[[W:[^:]*]]: tensor<2x3xf32> {rnn.parameter = @a.hidden.weight.0}
// CHECK-NEXT:    rnn.linear %[[X]], %[[W]]
// CHECK-NEXT:    rnn.linear %[[H]],
// CHECK-NOT:     rnn.scan
// CHECK:         %[[H1:.*]] = math.tanh
// CHECK-NEXT:    return %[[H1]]
func.func @step(%x: tensor<2xf32>, %h: tensor<3xf32>) -> tensor<3xf32> {
  %y, %h1 = rnn.step @elman "a"(%x) state(%h) : (tensor<2xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @reverse(
// CHECK:         rnn.scan reverse (
func.func @reverse(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.unroll @elman "a"(%x) reverse : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// What is fed back is a state.
// CHECK-LABEL: func.func @feedback(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<2xf32>>, %[[Y0:[^:]*]]: tensor<3xf32>
// CHECK:         rnn.scan ({{[^)]*}}) state(%[[Y:.*]] = %[[Y0]] : tensor<3xf32>)
// CHECK:           rnn.linear %[[Y]],
// CHECK:           %[[Y1:.*]] = rnn.sigmoid
// CHECK-NEXT:      rnn.yield %[[Y1]] state(%[[Y1]])
rnn.cell @jordan(%x, %y) {
  %y1 = rnn.gate "g" sigmoid(%x, %y) {bias = false} : tensor<?xf32>
  rnn.yield %y1
}
func.func @feedback(%x: !rnn.seq<tensor<2xf32>>, %y0: tensor<3xf32>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.unroll @jordan "j"(%x) feedback(%y0) : (!rnn.seq<tensor<2xf32>>, tensor<3xf32>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// States that are not given start at zero.
// CHECK-LABEL: func.func @initial_states(
// CHECK-DAG:     %[[N0:.*]] = arith.constant 0 : i32
// CHECK-DAG:     %[[S0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:         rnn.scan ({{[^)]*}}) state(%{{.*}} = %[[N0]] : i32, %{{.*}} = %[[S0]] : f32)
rnn.cell @count(%x) state(%n: i32, %s: f32) {
  %one = arith.constant 1 : i32
  %n1 = arith.addi %n, %one : i32
  %t = rnn.sum %x : tensor<?xf32>
  %s1 = arith.addf %s, %t : f32
  rnn.yield %x state(%n1, %s1) : tensor<?xf32>, i32, f32
}
func.func @initial_states(%x: !rnn.seq<tensor<2xf32>>) -> (i32, f32) {
  %y, %n, %s = rnn.unroll @count "m"(%x) : (!rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<2xf32>>, i32, f32)
  return %n, %s : i32, f32
}

// An op that is defined on one instant becomes a scan without state.
// CHECK-LABEL: func.func @op_on_sequence(
// CHECK:         rnn.scan (%[[XT:.*]] = %{{.*}} : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
// CHECK-NEXT:      rnn.linear %[[XT]],
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      rnn.yield
func.func @op_on_sequence(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.project "out"(%x) {trainable = false} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// Sizes are solved through sums of sizes, and constants get them.
// CHECK-LABEL: func.func @solved_sizes(
// CHECK-SAME:    %{{[^:]*}}: tensor<3xf32>, %[[P:[^:]*]]: tensor<2xf32> {rnn.parameter = @peephole}
// CHECK-DAG:     %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<5xf32>
// CHECK-DAG:     %[[J:.*]] = tensor.concat dim(0) %{{.*}}, %[[P]] : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
// CHECK:         arith.addf %[[J]], %[[ONE]] : tensor<5xf32>
rnn.cell @joined(%x, %p) {
  %y = tensor.concat dim(0) %x, %p : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %z = arith.addf %y, %one : tensor<?xf32>
  rnn.yield %z
}
func.func @solved_sizes(%x: tensor<3xf32>) -> tensor<5xf32> {
  %p = rnn.param "peephole" : tensor<2xf32>
  %y = rnn.step @joined "s"(%x, %p) : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// CHECK-LABEL: func.func @embed(
// CHECK-SAME:    %[[I:[^:]*]]: i32, %[[W:[^:]*]]: tensor<10x3xf32> {rnn.parameter = @words.weight}
// CHECK-NEXT:    rnn.lookup %[[W]][%[[I]]] : tensor<10x3xf32> -> tensor<3xf32>
func.func @embed(%i: i32) -> tensor<3xf32> {
  %y = rnn.embed "words" %i {vocab = 10} : tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @layer_norm(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2xf32>, %[[G:[^:]*]]: tensor<2xf32> {rnn.parameter = @norm.gain}, %[[B:[^:]*]]: tensor<2xf32> {rnn.parameter = @norm.bias}
// CHECK:         rnn.sum %[[X]]
// CHECK:         %[[MEAN:.*]] = rnn.broadcast
// CHECK:         %[[C:.*]] = arith.subf %[[X]], %[[MEAN]]
// CHECK:         %[[SQUARE:.*]] = arith.mulf %[[C]], %[[C]]
// CHECK:         rnn.sum %[[SQUARE]]
// CHECK:         %[[RSQRT:.*]] = math.rsqrt
// CHECK:         %[[N:.*]] = arith.mulf %[[C]], %[[RSQRT]]
// CHECK:         %[[S:.*]] = arith.mulf %[[N]], %[[G]]
// CHECK:         arith.addf %[[S]], %[[B]]
func.func @layer_norm(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.layer_norm "norm" %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @last(
// CHECK:         %[[ZERO:.*]] = arith.constant dense<0.000000e+00>
// CHECK:         rnn.scan (%[[XT:.*]] = {{[^)]*}}) state(%{{.*}} = %[[ZERO]] : tensor<2xf32>) -> () {
// CHECK-NEXT:      rnn.yield state(%[[XT]])
func.func @last(%x: !rnn.seq<tensor<2xf32>>) -> tensor<2xf32> {
  %y = rnn.last %x : !rnn.seq<tensor<2xf32>>
  return %y : tensor<2xf32>
}

// The divisor is 1 for a sequence of length 0.
// CHECK-LABEL: func.func @mean_over_time(
// CHECK:         %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[SUM:.*]] = rnn.scan
// CHECK:           arith.addf
// CHECK:         %[[N:.*]] = rnn.length
// CHECK:         %[[M:.*]] = arith.maximumf %[[N]], %[[ONE]]
// CHECK:         %[[D:.*]] = rnn.broadcast %[[M]]
// CHECK:         arith.divf %[[SUM]], %[[D]]
func.func @mean_over_time(%x: !rnn.seq<tensor<2xf32>>) -> tensor<2xf32> {
  %y = rnn.mean_over_time %x : !rnn.seq<tensor<2xf32>>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @max_over_time(
// CHECK:         %[[INF:.*]] = arith.constant 0xFF800000 : f32
// CHECK:         rnn.scan (%[[XT:.*]] = {{[^)]*}}) state(%[[S:.*]] = %[[INF]] : f32)
// CHECK-NEXT:      arith.maximumf %[[S]], %[[XT]]
func.func @max_over_time(%x: !rnn.seq<f32>) -> f32 {
  %y = rnn.max_over_time %x : !rnn.seq<f32>
  return %y : f32
}

// CHECK-LABEL: func.func @cross_entropy(
// CHECK-SAME:    %[[Y:[^:]*]]: tensor<2xf32>, %[[I:[^:]*]]: i32
// CHECK-NEXT:    %[[L:.*]] = rnn.log_sum_exp %[[Y]]
// CHECK-NEXT:    %[[P:.*]] = rnn.pick %[[Y]] at %[[I]]
// CHECK-NEXT:    arith.subf %[[L]], %[[P]]
func.func @cross_entropy(%y: tensor<2xf32>, %i: i32) -> f32 {
  %l = rnn.cross_entropy %y, %i : tensor<2xf32>, i32
  return %l : f32
}

// CHECK-LABEL: func.func @mse(
// CHECK:         %[[D:.*]] = arith.subf
// CHECK-NEXT:    %[[S:.*]] = arith.mulf %[[D]], %[[D]]
// CHECK-NEXT:    rnn.sum %[[S]]
func.func @mse(%y: tensor<2xf32>, %t: tensor<2xf32>) -> f32 {
  %l = rnn.mse %y, %t : tensor<2xf32>, tensor<2xf32>
  return %l : f32
}

// CHECK-LABEL: func.func @mae(
// CHECK:         %[[D:.*]] = arith.subf
// CHECK-NEXT:    %[[S:.*]] = math.absf %[[D]]
// CHECK-NEXT:    rnn.sum %[[S]]
func.func @mae(%y: tensor<2xf32>, %t: tensor<2xf32>) -> f32 {
  %l = rnn.mae %y, %t : tensor<2xf32>, tensor<2xf32>
  return %l : f32
}

// CHECK-LABEL: func.func @mean_of_instants(
// CHECK:         %[[SUM:.*]] = rnn.scan ({{[^)]*}}) state(%[[S:[^ ]*]] =
// CHECK:           rnn.softplus
// CHECK:           arith.addf %[[S]],
// CHECK:         rnn.length
// CHECK:         arith.divf %[[SUM]],
func.func @mean_of_instants(%y: !rnn.seq<tensor<2xf32>>, %t: !rnn.seq<tensor<2xf32>>) -> f32 {
  %l = rnn.bce %y, %t : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}

// CHECK-LABEL: func.func @sum_of_instants(
// CHECK:         %[[SUM:.*]] = rnn.scan
// CHECK-NOT:     rnn.length
// CHECK:         return %[[SUM]]
func.func @sum_of_instants(%y: !rnn.seq<tensor<2xf32>>, %t: !rnn.seq<tensor<2xf32>>) -> f32 {
  %l = rnn.bce %y, %t {reduction = "sum"} : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}

// Calls are inlined; their callee's parameter is one for both.
// CHECK-NOT:   func.func private
// CHECK-LABEL: func.func @calls(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2xf32>, %[[W:[^:]*]]: tensor<2x2xf32> {rnn.parameter = @shared.weight.0}, %[[B:[^:]*]]: tensor<2xf32> {rnn.parameter = @shared.bias})
// CHECK-NEXT:    %[[P:.*]] = rnn.linear %[[X]], %[[W]]
// CHECK-NEXT:    %[[Y:.*]] = arith.addf %[[P]], %[[B]]
// CHECK-NEXT:    %[[Q:.*]] = rnn.linear %[[Y]], %[[W]]
// CHECK-NEXT:    arith.addf %[[Q]], %[[B]]
func.func private @inner(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.project "shared"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @calls(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = call @inner(%x) : (tensor<2xf32>) -> tensor<2xf32>
  %z = call @inner(%y) : (tensor<2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// CHECK-LABEL: func.func @leaky_relu(
// CHECK-NEXT:    %[[C:.*]] = arith.constant dense<0.00999999977>
// CHECK-NEXT:    %[[S:.*]] = arith.mulf %arg0, %[[C]]
// CHECK-NEXT:    arith.maximumf %arg0, %[[S]]
func.func @leaky_relu(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.leaky_relu %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @elu(
// CHECK:         %[[N:.*]] = arith.minimumf %arg0
// CHECK-NEXT:    math.exp %[[N]]
func.func @elu(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.elu %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @silu(
// CHECK-NEXT:    %[[S:.*]] = rnn.sigmoid %arg0
// CHECK-NEXT:    arith.mulf %arg0, %[[S]]
func.func @silu(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.silu %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @hard_sigmoid(
// CHECK:         %[[L:.*]] = arith.maximumf
// CHECK-NEXT:    arith.minimumf %[[L]]
func.func @hard_sigmoid(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = rnn.hard_sigmoid %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// Outside training dropout is the identity, and zoneout mixes by its rate.
// CHECK-LABEL: func.func @not_training(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<2xf32>>)
// CHECK-DAG:     %[[KEEP:.*]] = arith.constant dense<2.500000e-01>
// CHECK-DAG:     %[[TAKE:.*]] = arith.constant dense<7.500000e-01>
// CHECK:         rnn.scan (%{{.*}} = %[[X]] : {{[^)]*}}) state(%[[H:[^ ]*]] =
// CHECK-NEXT:      %[[NEXT:.*]] = arith.addf
// CHECK-DAG:       %[[A:.*]] = arith.mulf %[[H]], %[[KEEP]]
// CHECK-DAG:       %[[B:.*]] = arith.mulf %[[NEXT]], %[[TAKE]]
// CHECK:           %[[H1:.*]] = arith.addf %[[A]], %[[B]]
// CHECK-NEXT:      rnn.yield %[[H1]] state(%[[H1]])
rnn.cell @add(%x) state(%h) {
  %h1 = arith.addf %x, %h : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
func.func @not_training(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %d = rnn.dropout %x {rate = 0.25} : !rnn.seq<tensor<2xf32>>
  %y = rnn.unroll @add "z"(%d) {zoneout = 0.25, dropout = 0.5, state_dropout = 0.5} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

// An optimizer is a function of one row of a parameter.
// CHECK-LABEL: func.func @momentum(
// CHECK-SAME:    %[[P:[^:]*]]: tensor<64xf32> {rnn.name = "parameter"}, %[[G:[^:]*]]: tensor<64xf32> {rnn.name = "gradient"}, %[[M:[^:]*]]: tensor<64xf32> {rnn.name = "state0"}, %[[LR:[^:]*]]: f32 {rnn.name = "learning_rate", rnn.shared}, %{{[^:]*}}: f32 {rnn.name = "step", rnn.shared}) -> (tensor<64xf32>, tensor<64xf32>)
// CHECK:         %[[BETA:.*]] = arith.constant dense<0.899999976> : tensor<64xf32>
// CHECK:         %[[RATE:.*]] = rnn.broadcast %[[LR]]
// CHECK:         %[[K:.*]] = arith.mulf %[[M]], %[[BETA]]
// CHECK:         %[[M1:.*]] = arith.addf %[[K]], %[[G]]
// CHECK:         %[[D:.*]] = arith.mulf %[[RATE]], %[[M1]]
// CHECK:         %[[P1:.*]] = arith.subf %[[P]], %[[D]]
// CHECK:         return %[[P1]], %[[M1]]
rnn.optimizer @momentum(%p, %g, %lr, %t) state(%m) {
  %b = rnn.hyper "beta" 0.9 : tensor<?xf32>
  %k = arith.mulf %b, %m : tensor<?xf32>
  %m1 = arith.addf %k, %g : tensor<?xf32>
  %d = arith.mulf %lr, %m1 : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1 state(%m1)
}
