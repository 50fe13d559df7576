// RUN: ravel-opt %s -rnn-lower-attention=vector-width=256 | FileCheck %s

// The rows of a memory are read from where the row's example begins, several at
// once and then one by one.
// CHECK-LABEL: func.func @score(
// CHECK-SAME:    %[[Q:[^:]*]]: memref<?x16xf32>, %[[M:[^:]*]]: memref<?x16xf32>, %[[STARTS:[^:]*]]: memref<?xindex>, %[[SOURCES:[^:]*]]: memref<?xindex>, %[[S:[^:]*]]: memref<?x?xf32>
// CHECK:         scf.for %[[R:.*]] = %{{.*}} to
// CHECK:           %[[E:.*]] = memref.load %[[SOURCES]][%[[R]]]
// CHECK:           %[[BEGIN:.*]] = memref.load %[[STARTS]][%[[E]]]
// CHECK:           %[[END:.*]] = memref.load %[[STARTS]]
// CHECK:           %[[COUNT:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK:           scf.for
// CHECK:             scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-4:       vector.fma
// CHECK-COUNT-4:     vector.reduction <add>
// CHECK:           scf.for
// CHECK:             vector.fma
// CHECK-NOT:         vector.fma
// CHECK:             vector.reduction <add>
func.func @score(%q: memref<?x16xf32>, %m: memref<?x16xf32>, %starts: memref<?xindex>, %sources: memref<?xindex>, %s: memref<?x?xf32>) {
  rnn.attend_rows score ins(%q : memref<?x16xf32>) memory(%m : memref<?x16xf32>) of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%s : memref<?x?xf32>)
  return
}

// CHECK-LABEL: func.func @score_additive(
// CHECK:         %[[SUM:.*]] = arith.addf %{{.*}} : vector<8xf32>
// CHECK:         %[[T:.*]] = math.tanh %[[SUM]]
// CHECK:         vector.fma %{{.*}}, %[[T]], %{{.*}}
func.func @score_additive(%q: memref<?x8xf32>, %m: memref<?x8xf32>, %w: memref<8xf32>, %starts: memref<?xindex>, %sources: memref<?xindex>, %s: memref<?x?xf32>) {
  rnn.attend_rows score_additive ins(%q : memref<?x8xf32>) memory(%m : memref<?x8xf32>) shared(%w : memref<8xf32>) of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%s : memref<?x?xf32>)
  return
}

// Numbers beyond the memory are neither read nor left as they were.
// CHECK-LABEL: func.func @weigh(
// CHECK:         vector.maskedload
// CHECK:         arith.maximumf
// CHECK:         vector.reduction <maximumf>
// CHECK:         math.exp
// CHECK:         vector.maskedstore
// CHECK:         vector.reduction <add>
// CHECK:         vector.maskedstore
// CHECK:         %[[ZERO:.*]] = arith.constant 0.0
// CHECK:         scf.for
// CHECK:           memref.store %[[ZERO]]
func.func @weigh(%s: memref<?x?xf32>, %starts: memref<?xindex>, %sources: memref<?xindex>, %a: memref<?x?xf32>) {
  rnn.attend_rows weigh ins(%s : memref<?x?xf32>) of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%a : memref<?x?xf32>)
  return
}

// A rest of columns is a masked vector.
// CHECK-LABEL: func.func @recall(
// CHECK:         scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>)
// CHECK:           vector.load
// CHECK:           vector.fma
// CHECK:           vector.maskedload
// CHECK:           vector.fma
// CHECK:         vector.store
// CHECK:         vector.maskedstore
func.func @recall(%a: memref<?x?xf32>, %m: memref<?x11xf32>, %starts: memref<?xindex>, %sources: memref<?xindex>, %y: memref<?x11xf32>) {
  rnn.attend_rows recall ins(%a : memref<?x?xf32>) memory(%m : memref<?x11xf32>) of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%y : memref<?x11xf32>)
  return
}

// Threads deal groups of rows; those that share columns elsewhere wait.
// CHECK-LABEL: func.func @shared_rows(
// CHECK-SAME:    %[[ID:[^:,]*]]: index, %[[N:[^:,]*]]: index, %[[CID:[^:,]*]]: index, %[[CN:[^:,]*]]: index
// CHECK-DAG:     %[[FIRST:.*]] = arith.addi %[[ID]], %[[CID]]
// CHECK-DAG:     %[[STEP:.*]] = arith.maxui %[[N]], %[[CN]]
// CHECK:         scf.for %{{.*}} = %[[FIRST]] to %{{.*}} step %[[STEP]]
// CHECK:         scf.if
// CHECK:           omp.barrier
func.func @shared_rows(%id: index, %n: index, %cid: index, %cn: index, %a: memref<?x?xf32>, %b: memref<?x?xf32>, %starts: memref<?xindex>, %sources: memref<?xindex>, %s: memref<?x?xf32>) {
  rnn.attend_rows add ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%s : memref<?x?xf32>) distribute(%id, %n) columns(%cid, %cn)
  return
}

// A memory's gradient is a sum over rows: threads share its columns.
// CHECK-LABEL: func.func @accumulate(
// CHECK-SAME:    %[[ID:[^:,]*]]: index, %[[N:[^:,]*]]: index, %[[D:[^:,]*]]: memref<?x?xf32>, %[[V:[^:,]*]]: memref<?x64xf32>
// CHECK:         arith.divui %{{.*}}, %[[N]]
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             vector.load %[[V]]
// CHECK:             scf.for
// CHECK:               memref.load %[[D]]
// CHECK:               vector.fma
// CHECK:               vector.store
func.func @accumulate(%id: index, %n: index, %d: memref<?x?xf32>, %v: memref<?x64xf32>, %starts: memref<?xindex>, %sources: memref<?xindex>, %dm: memref<?x64xf32>) {
  rnn.attend_rows accumulate ins(%d, %v : memref<?x?xf32>, memref<?x64xf32>) of(%starts, %sources : memref<?xindex>, memref<?xindex>) outs(%dm : memref<?x64xf32>) distribute(%id, %n)
  return
}
