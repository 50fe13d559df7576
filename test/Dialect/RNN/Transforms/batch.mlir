// RUN: ravel-opt %s -rnn-batch -canonicalize -cse | FileCheck %s

// The roles of arguments, and how they are laid out.
// CHECK-LABEL: func.func @signature(
// CHECK-SAME:    %{{[^:]*}}: tensor<?xindex> {bufferization.writable = false, rnn.role = "offsets"}
// CHECK-SAME:    %{{[^:]*}}: index {rnn.role = "batch"}
// CHECK-SAME:    %{{[^:]*}}: tensor<?x2xf32> {bufferization.writable = false, rnn.layout = "sequence", rnn.name = "x", rnn.role = "input"}
// CHECK-SAME:    %{{[^:]*}}: tensor<?xi32> {bufferization.writable = false, rnn.layout = "example", rnn.role = "input"}
// CHECK-SAME:    %{{[^:]*}}: tensor<2x3xf32> {bufferization.writable = false, rnn.layout = "shared", rnn.parameter = @W, rnn.role = "parameter"}
// CHECK-SAME:    %{{[^:]*}}: tensor<?xi32> {bufferization.writable = false, rnn.key, rnn.layout = "example", rnn.role = "key"}
// CHECK-SAME:    %{{[^:]*}}: tensor<?xf32> {bufferization.writable = false, rnn.layout = "example", rnn.role = "weight", rnn.weight}
// CHECK-SAME:    %{{[^:]*}}: tensor<?x2xf32> {bufferization.writable = true, rnn.layout = "sequence", rnn.role = "output"}
// CHECK-SAME:    -> tensor<?x2xf32>
func.func @signature(%x: !rnn.seq<tensor<2xf32>> {rnn.name = "x"}, %i: i32, %W: tensor<2x3xf32> {rnn.parameter = @W}, %key: i32 {rnn.key}, %w: f32 {rnn.weight}) -> !rnn.seq<tensor<2xf32>> {
  return %x : !rnn.seq<tensor<2xf32>>
}

// Neighbouring ops about one example are one kernel.
// CHECK-LABEL: func.func @one_example(
// CHECK-SAME:    %{{[^:]*}}: index {{[^,]*}}, %[[X:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %[[I:[^:]*]]: tensor<?xi32> {{[^}]*}}}, %[[OUT:[^:]*]]: tensor<?xf32>
// CHECK-NEXT:    %[[Y:.*]] = rnn.rows ins(%[[XR:.*]] = %[[X]] : tensor<?x2xf32>, %[[IR:.*]] = %[[I]] : tensor<?xi32>) outs(%[[OUT]] : tensor<?xf32>) {
// CHECK-NEXT:      %[[T:.*]] = math.tanh %[[XR]] : tensor<2xf32>
// CHECK-NEXT:      %[[P:.*]] = rnn.pick %[[T]] at %[[IR]] : tensor<2xf32>
// CHECK-NEXT:      rnn.yield %[[P]] : f32
// CHECK:         return %[[Y]]
func.func @one_example(%x: tensor<2xf32>, %i: i32) -> f32 {
  %0 = math.tanh %x : tensor<2xf32>
  %1 = rnn.pick %0 at %i : tensor<2xf32>
  return %1 : f32
}

// At instant t the examples that live are the first rows of the states.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME:    %[[OFFSETS:[^:]*]]: tensor<?xindex> {{[^}]*}}}, %{{[^:]*}}: index {{[^}]*}}}, %[[X:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %[[H0:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %[[U:[^:]*]]: tensor<2x2xf32> {{[^}]*}}}, %[[YS:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %[[HS:[^:]*]]: tensor<?x2xf32>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK:         %[[D:.*]] = tensor.dim %[[OFFSETS]], %[[C0]]
// CHECK:         %[[T:.*]] = arith.subi %[[D]], %[[C1]]
// CHECK:         %[[START:.*]] = rnn.rows ins(%[[R:.*]] = %[[H0]] : tensor<?x2xf32>) outs(%[[HS]] : tensor<?x2xf32>) {
// CHECK-NEXT:      rnn.yield %[[R]]
// CHECK:         %[[L:.*]]:2 = scf.for %[[I:.*]] = %[[C0]] to %[[T]] step %[[C1]] iter_args(%[[Y:.*]] = %[[YS]], %[[H:.*]] = %[[START]])
// CHECK-DAG:       %[[NEXT:.*]] = arith.addi %[[I]], %[[C1]]
// CHECK-DAG:       %[[A:.*]] = tensor.extract %[[OFFSETS]][%[[I]]]
// CHECK-DAG:       %[[B:.*]] = tensor.extract %[[OFFSETS]][%[[NEXT]]]
// CHECK-DAG:       %[[N:.*]] = arith.subi %[[B]], %[[A]]
// CHECK-DAG:       %[[XT:.*]] = tensor.extract_slice %[[X]][%[[A]], 0] [%[[N]], 2] [1, 1]
// CHECK-DAG:       %[[YT:.*]] = tensor.extract_slice %[[Y]][%[[A]], 0] [%[[N]], 2] [1, 1]
// CHECK-DAG:       %[[HT:.*]] = tensor.extract_slice %[[H]][0, 0] [%[[N]], 2] [1, 1]
// CHECK:           %[[R:.*]]:2 = rnn.rows ins(%{{.*}} = %[[XT]] : tensor<?x2xf32>, %[[HR:.*]] = %[[HT]] : tensor<?x2xf32>) shared(%[[UR:.*]] = %[[U]] : tensor<2x2xf32>) outs(%[[YT]], %[[HT]] : tensor<?x2xf32>, tensor<?x2xf32>) {
// CHECK-NEXT:        rnn.linear %[[HR]], %[[UR]]
// CHECK:           tensor.insert_slice %[[R]]#0 into %[[Y]][%[[A]], 0] [%[[N]], 2] [1, 1]
// CHECK:           tensor.insert_slice %[[R]]#1 into %[[H]][0, 0] [%[[N]], 2] [1, 1]
// CHECK:         } {rnn.time}
// CHECK:         return %[[L]]#0, %[[L]]#1
func.func @scan(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<2xf32>, %U: tensor<2x2xf32> {rnn.parameter = @U}) -> (!rnn.seq<tensor<2xf32>>, tensor<2xf32>) {
  %y, %h = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%s = %h0 : tensor<2xf32>) -> (!rnn.seq<tensor<2xf32>>) {
    %0 = rnn.linear %s, %U : tensor<2xf32>, tensor<2x2xf32> -> tensor<2xf32>
    %1 = arith.addf %xt, %0 : tensor<2xf32>
    rnn.yield %1 state(%1) : tensor<2xf32>, tensor<2xf32>
  }
  return %y, %h : !rnn.seq<tensor<2xf32>>, tensor<2xf32>
}

// CHECK-LABEL: func.func @reverse_scan(
// CHECK:         scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step
// CHECK:           %[[LAST:.*]] = arith.subi
// CHECK-NEXT:      %[[T:.*]] = arith.subi %[[LAST]], %[[I]]
// CHECK:           tensor.extract %{{.*}}[%[[T]]]
func.func @reverse_scan(%x: !rnn.seq<tensor<2xf32>>, %h0: tensor<2xf32>) -> tensor<2xf32> {
  %h = rnn.scan reverse (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%s = %h0 : tensor<2xf32>) -> () {
    %0 = arith.addf %xt, %s : tensor<2xf32>
    rnn.yield state(%0) : tensor<2xf32>
  }
  return %h : tensor<2xf32>
}

// All instants of all examples are rows of one kernel.
// CHECK-LABEL: func.func @stateless_scan(
// CHECK-NOT:     scf.for
// CHECK:         rnn.rows ins(%[[XR:.*]] = %{{.*}} : tensor<?x2xf32>) shared(%[[WR:.*]] = %{{.*}} : tensor<2x3xf32>) outs(%{{.*}} : tensor<?x3xf32>) {
// CHECK-NEXT:      rnn.linear %[[XR]], %[[WR]]
func.func @stateless_scan(%x: !rnn.seq<tensor<2xf32>>, %W: tensor<2x3xf32> {rnn.parameter = @W}) -> !rnn.seq<tensor<3xf32>> {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = rnn.linear %xt, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
    rnn.yield %0 : tensor<3xf32>
  }
  return %y : !rnn.seq<tensor<3xf32>>
}

// A value of the example is read by the examples that live.
// CHECK-LABEL: func.func @captured_value(
// CHECK-SAME:    %[[C:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %{{[^:]*}}: tensor<?x2xf32> {{[^}]*}}}) ->
// CHECK:         scf.for
// CHECK:           %[[CT:.*]] = tensor.extract_slice %[[C]][0, 0]
// CHECK:           rnn.rows ins(%[[XR:.*]] = %{{[^ ]*}} : tensor<?x2xf32>, %[[CR:.*]] = %[[CT]] : tensor<?x2xf32>)
// CHECK-NEXT:        arith.addf %[[XR]], %[[CR]]
func.func @captured_value(%x: !rnn.seq<tensor<2xf32>>, %c: tensor<2xf32>) -> !rnn.seq<tensor<2xf32>> {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<2xf32>>) {
    %0 = arith.addf %xt, %c : tensor<2xf32>
    rnn.yield %0 : tensor<2xf32>
  }
  return %y : !rnn.seq<tensor<2xf32>>
}

// CHECK-LABEL: func.func @reverse(
// CHECK:         %[[LENGTHS:.*]] = scf.for
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             tensor.extract %[[LENGTHS]]
// CHECK:             tensor.extract_slice %{{.*}} [1, 2] [1, 1] : tensor<?x2xf32> to tensor<1x2xf32>
// CHECK:             tensor.insert_slice
func.func @reverse(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
  %y = rnn.reverse %x : !rnn.seq<tensor<2xf32>>
  return %y : !rnn.seq<tensor<2xf32>>
}

// Each instant adds one to the examples that live.
// CHECK-LABEL: func.func @length(
// CHECK:         scf.for
// CHECK:           rnn.rows ins(%[[N:.*]] = %{{.*}} : tensor<?xf32>)
// CHECK-NEXT:        %[[ONE:.*]] = arith.constant 1.000000e+00
// CHECK-NEXT:        arith.addf %[[N]], %[[ONE]]
func.func @length(%x: !rnn.seq<tensor<2xf32>>) -> f32 {
  %y = rnn.length %x : !rnn.seq<tensor<2xf32>> -> f32
  return %y : f32
}

// CHECK-LABEL: func.func @totals(
// CHECK-DAG:     rnn.total %{{.*}} : tensor<?x2xf32> -> tensor<2xf32>
// CHECK-DAG:     rnn.contract %{{.*}}, %{{.*}} : tensor<?x2xf32>, tensor<?x2xf32> -> tensor<2x2xf32>
// CHECK-DAG:     rnn.scatter %{{.*}} at %{{.*}} : tensor<?x2xf32>, tensor<?xi32> -> tensor<9x2xf32>
// CHECK:         bufferization.materialize_in_destination
func.func @totals(%x: !rnn.seq<tensor<2xf32>>, %y: tensor<2xf32>, %i: i32) -> (tensor<2xf32> {rnn.shared}, tensor<2x2xf32> {rnn.shared}, tensor<9x2xf32> {rnn.shared}) {
  %0 = rnn.total %x : !rnn.seq<tensor<2xf32>> -> tensor<2xf32>
  %1 = rnn.contract %y, %y : tensor<2xf32>, tensor<2xf32> -> tensor<2x2xf32>
  %2 = rnn.scatter %y at %i : tensor<2xf32>, i32 -> tensor<9x2xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<2x2xf32>, tensor<9x2xf32>
}

// What is computed from shared values alone is computed once.
// CHECK-LABEL: func.func @shared_ops(
// CHECK-SAME:    %[[W:[^:]*]]: tensor<2xf32> {bufferization.writable = false, rnn.layout = "shared"
// CHECK:         %[[T:.*]] = math.tanh %[[W]] : tensor<2xf32>
// CHECK:         rnn.rows shared(%[[TR:.*]] = %[[T]] : tensor<2xf32>) outs(%{{.*}} : tensor<1xf32>) {
// CHECK-NEXT:      rnn.sum %[[TR]]
// CHECK:         rnn.rows ins({{[^)]*}}) shared({{[^)]*}}) outs({{[^)]*}} : tensor<?x2xf32>)
// CHECK-NEXT:      arith.addf
func.func @shared_ops(%x: tensor<2xf32>, %W: tensor<2xf32> {rnn.parameter = @W}) -> tensor<2xf32> {
  %0 = math.tanh %W : tensor<2xf32>
  %1 = rnn.sum %0 : tensor<2xf32>
  %2 = rnn.broadcast %1 : f32 -> tensor<2xf32>
  %3 = arith.addf %x, %2 : tensor<2xf32>
  return %3 : tensor<2xf32>
}

// CHECK-LABEL: func.func @returned_argument(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %[[A:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}, %[[B:[^:]*]]: tensor<?x2xf32> {{[^}]*}}}) ->
// CHECK-NEXT:    bufferization.materialize_in_destination %[[X]] in %[[A]]
// CHECK-NEXT:    bufferization.materialize_in_destination %[[X]] in %[[B]]
func.func @returned_argument(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  return %x, %x : tensor<2xf32>, tensor<2xf32>
}

// A constant is written to each row.
// CHECK-LABEL: func.func @returned_constant(
// CHECK:         rnn.rows outs(%{{.*}} : tensor<?xf32>) {
// CHECK-NEXT:      arith.constant 1.000000e+00
func.func @returned_constant() -> f32 {
  %c = arith.constant 1.0 : f32
  return %c : f32
}

// The columns of a state are chains over the time of each example.
// CHECK-LABEL: func.func @chains(
// CHECK-SAME:    %[[OFFSETS:[^:]*]]: tensor<?xindex> {{.*}}, %[[X:[^:]*]]: tensor<?x3xf32> {{.*}}, %[[E:[^:]*]]: tensor<?x3xf32> {{.*}}, %[[W:[^:]*]]: tensor<3xf32>
// CHECK-SAME:    %[[Y:[^:]*]]: tensor<?x3xf32> {bufferization.writable = true, {{[^}]*}}}, %[[F:[^:]*]]: tensor<?x3xf32>
// CHECK:         %[[S:.*]] = rnn.rows {{.*}} outs(%[[F]] : tensor<?x3xf32>)
// CHECK:         %[[R:.*]]:2 = rnn.chains reverse over(%[[OFFSETS]] : tensor<?xindex>)
// CHECK-SAME:      ins(%[[XR:.*]] = %[[X]] : tensor<?x3xf32>) examples(%[[ER:.*]] = %[[E]] : tensor<?x3xf32>)
// CHECK-SAME:      shared(%[[WR:.*]] = %[[W]] : tensor<3xf32>, %[[CR:.*]] = %{{.*}} : tensor<3xf32>)
// CHECK-SAME:      outs(%[[Y]] : tensor<?x3xf32>) state(%[[SR:.*]] = %[[S]] : tensor<?x3xf32>) {
// CHECK-NEXT:      %[[A:.*]] = arith.mulf %[[WR]], %[[SR]]
// CHECK-NEXT:      %[[B:.*]] = arith.mulf %[[A]], %[[ER]]
// CHECK-NEXT:      %[[C:.*]] = arith.addf %[[B]], %[[XR]]
// CHECK-NEXT:      %[[D:.*]] = arith.addf %[[C]], %[[CR]]
// CHECK-NEXT:      rnn.yield %[[D]] state(%[[D]])
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @chains(%x: !rnn.seq<tensor<3xf32>>, %e: tensor<3xf32>, %w: tensor<3xf32> {rnn.shared}) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) {
  %several = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %y, %f = rnn.scan columnwise reverse (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %e : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
    %0 = arith.mulf %w, %s : tensor<3xf32>
    %1 = arith.mulf %0, %e : tensor<3xf32>
    %2 = arith.addf %1, %xt : tensor<3xf32>
    %3 = arith.addf %2, %several : tensor<3xf32>
    rnn.yield %3 state(%3) : tensor<3xf32>, tensor<3xf32>
  }
  return %y, %f : !rnn.seq<tensor<3xf32>>, tensor<3xf32>
}

// A slice of each element of a sequence is the same columns of all rows.
// CHECK-LABEL: func.func @slices(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x6xf32> {
// CHECK-NOT:     rnn.rows
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[X]]
// CHECK:         %[[S:.*]] = tensor.extract_slice %[[X]][0, 2] [%[[ROWS]], 3] [1, 1] : tensor<?x6xf32> to tensor<?x3xf32>
// CHECK:         rnn.total %[[S]]
func.func @slices(%x: !rnn.seq<tensor<6xf32>>) -> (tensor<3xf32> {rnn.shared}) {
  %0 = rnn.scan (%xt = %x : !rnn.seq<tensor<6xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %1 = tensor.extract_slice %xt[2] [3] [1] : tensor<6xf32> to tensor<3xf32>
    rnn.yield %1 : tensor<3xf32>
  }
  %2 = rnn.total %0 : !rnn.seq<tensor<3xf32>> -> tensor<3xf32>
  return %2 : tensor<3xf32>
}

// One that is returned is written.
// CHECK-LABEL: func.func @returned_slices(
// CHECK:         rnn.rows
// CHECK-NEXT:      tensor.extract_slice
func.func @returned_slices(%x: !rnn.seq<tensor<6xf32>>) -> !rnn.seq<tensor<3xf32>> {
  %0 = rnn.scan (%xt = %x : !rnn.seq<tensor<6xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
    %1 = tensor.extract_slice %xt[2] [3] [1] : tensor<6xf32> to tensor<3xf32>
    rnn.yield %1 : tensor<3xf32>
  }
  return %0 : !rnn.seq<tensor<3xf32>>
}

// A slice of what all examples share is one for all.
// CHECK-LABEL: func.func @slice_of_total(
// CHECK-NOT:     rnn.rows
// CHECK:         %[[T:.*]] = rnn.contract
// CHECK:         tensor.extract_slice %[[T]][0, 1] [2, 2] [1, 1]
func.func @slice_of_total(%x: !rnn.seq<tensor<2xf32>>, %y: !rnn.seq<tensor<4xf32>>) -> (tensor<2x2xf32> {rnn.shared}) {
  %0 = rnn.contract %x, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<4xf32>> -> tensor<2x4xf32>
  %1 = tensor.extract_slice %0[0, 1] [2, 2] [1, 1] : tensor<2x4xf32> to tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// A part of time is a range of rows with offsets of its own, and a batch of the
// examples that live at its first instant. Checkpoints have a row for each
// example and part; totals are summed from part to part.
// CHECK-LABEL: func.func @segments(
// CHECK-SAME:    %[[OFFSETS:[^:]*]]: tensor<?xindex> {{[^}]*}}}, %[[B:[^:]*]]: index {{[^}]*}}}, %[[X:[^:]*]]: tensor<?x2xf32>
// CHECK-DAG:     %[[K:.*]] = arith.constant 4 : index
// CHECK-DAG:     %[[PARTS:.*]] = arith.ceildivui %{{.*}}, %[[K]]
// CHECK-DAG:     %[[MOST:.*]] = tensor.extract %[[OFFSETS]][%{{.*}}]
// CHECK:         %[[LOOP:.*]]:3 = scf.for %[[P:.*]] = %{{.*}} to %[[PARTS]] step %{{.*}} iter_args(%[[CHECKPOINTS:.*]] = %{{.*}}, %[[SUM:.*]] = %{{.*}}, %[[S:.*]] = %{{.*}})
// CHECK:           %[[BEGIN:.*]] = arith.muli %[[P]], %[[K]]
// CHECK:           %[[ROWS:.*]] = arith.minui %{{.*}}, %[[MOST]]
// CHECK:           %[[LIVING:.*]] = arith.minui %{{.*}}, %[[B]]
// CHECK:           %[[OWN:.*]] = tensor.extract_slice
// CHECK:           %[[XP:.*]] = tensor.extract_slice %[[X]][%{{.*}}, 0] [%[[ROWS]], 2]
// CHECK:           %[[KP:.*]] = tensor.extract_slice %[[CHECKPOINTS]][%{{.*}}, 0] [%[[LIVING]], 2]
// CHECK:           %[[SP:.*]] = tensor.extract_slice %[[S]][0, 0] [%[[LIVING]], 2]
// CHECK:           rnn.rows ins(%{{.*}} = %[[SP]] : tensor<?x2xf32>) outs(%[[KP]] :
// CHECK:           %[[TOTAL:.*]] = rnn.total %[[XP]]
// CHECK:           scf.for
// CHECK:             tensor.extract %[[OWN]]
// CHECK:           } {rnn.time}
// CHECK:           arith.addf %[[SUM]], %[[TOTAL]]
func.func @segments(%x: !rnn.seq<tensor<2xf32>>, %s: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32> {rnn.shared}, tensor<2xf32>) {
  %k, %n, %f = rnn.segments of 4 (%xp = %x : !rnn.seq<tensor<2xf32>>) state(%sp = %s : tensor<2xf32>) -> (!rnn.checkpoints<4, tensor<2xf32>>, tensor<2xf32>) {
    %t = rnn.total %xp : !rnn.seq<tensor<2xf32>> -> tensor<2xf32>
    %s1 = rnn.scan (%xt = %xp : !rnn.seq<tensor<2xf32>>) state(%st = %sp : tensor<2xf32>) -> () {
      %0 = arith.addf %st, %xt : tensor<2xf32>
      rnn.yield state(%0) : tensor<2xf32>
    }
    rnn.yield %sp, %t state(%s1) : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
  %g = rnn.segments of 4 reverse (%xp = %x : !rnn.seq<tensor<2xf32>>, %kp = %k : !rnn.checkpoints<4, tensor<2xf32>>) state(%sp = %s : tensor<2xf32>) -> () {
    %s1 = arith.mulf %kp, %sp : tensor<2xf32>
    rnn.yield state(%s1) : tensor<2xf32>
  }
  return %f, %n, %g : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
