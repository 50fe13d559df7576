// RUN: ravel-opt %s --rnn-lower-chains --canonicalize --cse --split-input-file | FileCheck %s
// RUN: ravel-opt %s --rnn-lower-chains=parallel=false --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=SERIAL

// Eight vectors of states stay in registers for a tile of time. Then come single
// vectors, of which there are some where threads share the columns.
// CHECK-LABEL: func.func @wide(
// CHECK-SAME:    %[[O:[^:]*]]: memref<?xindex>, %[[X:[^:]*]]: memref<?x128xf32>, %[[Y:[^:]*]]: memref<?x128xf32>, %[[S:[^:]*]]: memref<?x128xf32>
// CHECK:         omp.parallel if(
// CHECK:         %[[ID:.*]] = llvm.call @omp_get_thread_num
// CHECK:             scf.for %[[C:.*]] = {{.*}} step %c64
// CHECK:               vector.load %[[S]][%[[E:.*]], %[[C]]]
// CHECK-COUNT-7:       vector.load %[[S]][%[[E]],
// CHECK:               scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK:                 %[[T:.*]] = memref.load %[[O]]
// CHECK:                 %[[R:.*]] = arith.addi %[[T]], %[[E]]
// CHECK:                 %[[XR:.*]] = vector.load %[[X]][%[[R]], %[[C]]]
// CHECK:                 %[[N:.*]] = arith.addf %{{.*}}, %[[XR]] : vector<8xf32>
// CHECK:                 vector.store %[[N]], %[[Y]][%[[R]], %[[C]]]
// CHECK-COUNT-8:       vector.store %{{.*}}, %[[S]][%[[E]],
// CHECK:             scf.for {{.*}} step %c8
// CHECK:               scf.for {{.*}} -> (vector<8xf32>)
// CHECK:         {rnn.time}
// CHECK:         omp.terminator

// SERIAL-LABEL: func.func @wide(
// SERIAL-NOT:     omp.
func.func @wide(%o: memref<?xindex>, %x: memref<?x128xf32>, %y: memref<?x128xf32>, %s: memref<?x128xf32>) {
  rnn.chains over(%o : memref<?xindex>) ins(%xr = %x : memref<?x128xf32>) outs(%y : memref<?x128xf32>) state(%sr = %s : memref<?x128xf32>) {
    %0 = arith.addf %sr, %xr : tensor<128xf32>
    rnn.yield %0 state(%0) : tensor<128xf32>, tensor<128xf32>
  }
  return
}

// -----

// Columns that fill no vector; what does not change in time is loaded once for a
// tile of time.
// CHECK-LABEL: func.func @rest(
// CHECK-SAME:    %[[A:[^:]*]]: memref<27xf32>, %[[B:[^:]*]]: memref<?x27xf32>
// CHECK:         scf.for {{.*}} step %c24
// SERIAL-LABEL: func.func @rest(
// SERIAL-SAME:    %[[A:[^:]*]]: memref<27xf32>, %[[B:[^:]*]]: memref<?x27xf32>
// SERIAL:           %[[S0:.*]] = vector.maskedload
// SERIAL:           %[[AR:.*]] = vector.maskedload %[[A]][%c24
// SERIAL:           %[[BR:.*]] = vector.maskedload %[[B]][%{{.*}}, %c24
// SERIAL:           scf.for {{.*}} iter_args(%[[S:.*]] = %[[S0]]) -> (vector<8xf32>)
// SERIAL:             %[[P:.*]] = arith.mulf %[[AR]], %[[S]]
// SERIAL:             arith.addf %[[P]], %[[BR]]
// SERIAL:             scf.yield
// SERIAL:           vector.maskedstore
func.func @rest(%o: memref<?xindex>, %a: memref<27xf32>, %b: memref<?x27xf32>, %s: memref<?x27xf32>) {
  rnn.chains reverse over(%o : memref<?xindex>) examples(%br = %b : memref<?x27xf32>) shared(%ar = %a : memref<27xf32>) state(%sr = %s : memref<?x27xf32>) {
    %0 = arith.mulf %ar, %sr : tensor<27xf32>
    %1 = arith.addf %0, %br : tensor<27xf32>
    rnn.yield state(%1) : tensor<27xf32>
  }
  return
}

// -----

// Numbers, and slices and numbers beside vectors.
// CHECK-LABEL: func.func @numbers(
// CHECK:         scf.for {{.*}} -> (f32)
// CHECK:           arith.addf %{{.*}} : f32
// CHECK-LABEL: func.func @beside(
// CHECK:         vector.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x24xf32>, vector<8xf32>
// CHECK:         %[[N:.*]] = memref.load %{{.*}} : memref<?xf32>
// CHECK:         vector.broadcast %[[N]] : f32 to vector<8xf32>
func.func @numbers(%o: memref<?xindex>, %x: memref<?xf32>, %s: memref<?xf32>) {
  rnn.chains over(%o : memref<?xindex>) ins(%xr = %x : memref<?xf32>) state(%sr = %s : memref<?xf32>) {
    %0 = arith.addf %sr, %xr : f32
    rnn.yield state(%0) : f32
  }
  return
}
func.func @beside(%o: memref<?xindex>, %x: memref<?x24xf32>, %n: memref<?xf32>, %y: memref<?x8xf32>) {
  rnn.chains over(%o : memref<?xindex>) ins(%xr = %x : memref<?x24xf32>, %nr = %n : memref<?xf32>) outs(%y : memref<?x8xf32>) {
    %0 = tensor.extract_slice %xr[16] [8] [1] : tensor<24xf32> to tensor<8xf32>
    %1 = rnn.broadcast %nr : f32 -> tensor<8xf32>
    %2 = arith.mulf %0, %1 : tensor<8xf32>
    rnn.yield %2 : tensor<8xf32>
  }
  return
}

// -----

// One chain would leave the processor waiting: long ones are split in time. First
// the linear maps of the parts, then the states before each, then the parts.
// CHECK-LABEL: func.func @narrow(
// CHECK:         memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x?x2x8xf32>
// CHECK:         omp.parallel
// CHECK:           scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK:           omp.barrier
// CHECK:           scf.for {{.*}} -> (vector<8xf32>)
// CHECK:           omp.barrier
// CHECK:           scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK:           omp.terminator
func.func @narrow(%o: memref<?xindex>, %x: memref<?x8xf32>, %s: memref<?x8xf32>) {
  rnn.chains over(%o : memref<?xindex>) ins(%xr = %x : memref<?x8xf32>) state(%sr = %s : memref<?x8xf32>) {
    %0 = arith.mulf %sr, %xr : tensor<8xf32>
    rnn.yield state(%0) : tensor<8xf32>
  }
  return
}

// -----

// A nonlinear chain, and one whose factors are costly, stay whole.
// CHECK-LABEL: func.func @curved(
// CHECK-NOT:     omp.barrier
// CHECK-LABEL: func.func @costly(
// CHECK-NOT:     omp.barrier
func.func @curved(%o: memref<?xindex>, %s: memref<?x8xf32>) {
  rnn.chains over(%o : memref<?xindex>) state(%sr = %s : memref<?x8xf32>) {
    %0 = arith.mulf %sr, %sr : tensor<8xf32>
    rnn.yield state(%0) : tensor<8xf32>
  }
  return
}
func.func @costly(%o: memref<?xindex>, %x: memref<?x8xf32>, %s: memref<?x8xf32>) {
  rnn.chains over(%o : memref<?xindex>) ins(%xr = %x : memref<?x8xf32>) state(%sr = %s : memref<?x8xf32>) {
    %0 = math.exp %xr : tensor<8xf32>
    %1 = arith.mulf %sr, %0 : tensor<8xf32>
    rnn.yield state(%1) : tensor<8xf32>
  }
  return
}
