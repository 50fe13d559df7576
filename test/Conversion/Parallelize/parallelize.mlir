// RUN: ravel-opt %s -rnn-parallelize -canonicalize | FileCheck %s
// RUN: ravel-opt %s -rnn-parallelize=min-rows=3 -canonicalize | FileCheck %s --check-prefix=FEW

// Threads start once, outside of the loop over time.
// CHECK-LABEL: func.func @loop(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x8xf32>, %[[Y:[^:]*]]: memref<?x8xf32>
// CHECK-DAG:     %[[LEAST:.*]] = arith.constant 8 : index
// CHECK-DAG:     %[[ROWS:.*]] = memref.dim %[[Y]]
// CHECK:         %[[MANY:.*]] = arith.cmpi uge, %[[ROWS]], %[[LEAST]]
// CHECK:         %[[ALL:.*]] = arith.muli %[[ROWS]], %{{.*}}
// CHECK:         %[[MUCH:.*]] = arith.cmpi uge, %[[ALL]], %{{.*}}
// CHECK:         %[[BOTH:.*]] = arith.andi %[[MANY]], %[[MUCH]]
// CHECK-NEXT:    omp.parallel if(%[[BOTH]]) {
// CHECK-NEXT:      %[[ID:.*]] = llvm.call @omp_get_thread_num() : () -> i32
// CHECK-NEXT:      %[[I:.*]] = arith.index_cast %[[ID]]
// CHECK-NEXT:      %[[THREADS:.*]] = llvm.call @omp_get_num_threads() : () -> i32
// CHECK-NEXT:      %[[N:.*]] = arith.index_cast %[[THREADS]]
// CHECK-NEXT:      scf.for
// CHECK:             rnn.rows ins({{.*}}) outs(%[[Y]] : memref<?x8xf32>) distribute(%[[I]], %[[N]]) {
// CHECK:           } {rnn.time}
// CHECK-NEXT:      omp.terminator
// FEW-LABEL:   func.func @loop(
// FEW:           arith.constant 3 : index
func.func @loop(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    %xt = memref.subview %x[%t, 0] [%n, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
    rnn.rows ins(%xr = %xt : memref<?x8xf32, strided<[8, 1], offset: ?>>) outs(%y : memref<?x8xf32>) {
      rnn.yield %xr : tensor<8xf32>
    }
  } {rnn.time}
  return
}

// CHECK-LABEL: func.func @kernel(
// CHECK:         omp.parallel if(
// CHECK:           rnn.rows {{.*}} distribute(
func.func @kernel(%x: memref<?x8xf32>) {
  rnn.rows ins(%xr = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
    rnn.yield %xr : tensor<8xf32>
  }
  return
}

// Rows can't be dealt out where something else writes, too.
// CHECK-LABEL: func.func @writes_otherwise(
// CHECK-NOT:     omp.parallel
func.func @writes_otherwise(%x: memref<?x8xf32>, %v: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    memref.store %v, %x[%t, %c0] : memref<?x8xf32>
    rnn.rows ins(%xr = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
      rnn.yield %xr : tensor<8xf32>
    }
  } {rnn.time}
  return
}

// In a loop over parts of time, threads start for each part.
// CHECK-LABEL: func.func @parts(
// CHECK-SAME:    %[[Y:[^:]*]]: memref<?x8xf32>
// CHECK:         scf.for
// CHECK:           %[[PART:.*]] = memref.subview %[[Y]]
// CHECK:           omp.parallel if(
// CHECK:             scf.for
// CHECK:               rnn.rows outs(%{{.*}} : {{.*}}) distribute(
// CHECK:             } {rnn.time}
func.func @parts(%y: memref<?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    %part = memref.subview %y[%k, 0] [%n, 8] [1, 1] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
    scf.for %t = %c0 to %n step %c1 {
      %yt = memref.subview %part[%t, 0] [%n, 8] [1, 1] : memref<?x8xf32, strided<[8, 1], offset: ?>> to memref<?x8xf32, strided<[8, 1], offset: ?>>
      rnn.rows outs(%yt : memref<?x8xf32, strided<[8, 1], offset: ?>>) {
        %c = arith.constant dense<0.0> : tensor<8xf32>
        rnn.yield %c : tensor<8xf32>
      }
    } {rnn.time}
  }
  return
}

// Sums that follow each other run in one region, with the zeros they start
// from. Threads start where all of them are enough work.
// CHECK-LABEL: func.func @sums(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x128xf32>
// CHECK:         memref.subview
// CHECK:         %[[ROWS:.*]] = memref.dim %[[X]]
// CHECK:         arith.muli %[[ROWS]], %{{.*}} : index
// CHECK:         omp.parallel if
// CHECK:           linalg.fill {rnn.distributed}
// CHECK-NEXT:      linalg.contract
// CHECK-SAME:        {rnn.distributed}
// CHECK-NEXT:      linalg.reduce
// CHECK-SAME:        {rnn.distributed}
// CHECK:           omp.terminator
// CHECK-NOT:     omp.parallel
func.func @sums(%x: memref<?x128xf32>, %g: memref<?x64xf32>, %out: memref<128x64xf32>, %total: memref<128xf32>) -> memref<64xf32, strided<[1]>> {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<128x64xf32>)
  linalg.contract indexing_maps = [
      affine_map<(i, j, r) -> (r, i)>, affine_map<(i, j, r) -> (r, j)>,
      affine_map<(i, j, r) -> (i, j)>]
    ins(%x, %g : memref<?x128xf32>, memref<?x64xf32>)
    outs(%out : memref<128x64xf32>)
  %part = memref.subview %total[0] [64] [1] : memref<128xf32> to memref<64xf32, strided<[1]>>
  linalg.reduce { arith.addf } ins(%g : memref<?x64xf32>) outs(%part : memref<64xf32, strided<[1]>>) dimensions = [0]
  return %part : memref<64xf32, strided<[1]>>
}

// What reads a sum comes after it.
// CHECK-LABEL: func.func @sum_is_read(
// CHECK:         omp.parallel
// CHECK:           linalg.contract
// CHECK:         memref.copy
// CHECK:         omp.parallel
// CHECK:           linalg.contract
func.func @sum_is_read(%x: memref<?x128xf32>, %g: memref<?x64xf32>, %out: memref<128x64xf32>, %copy: memref<128x64xf32>, %more: memref<128x64xf32>) {
  linalg.contract indexing_maps = [
      affine_map<(i, j, r) -> (r, i)>, affine_map<(i, j, r) -> (r, j)>,
      affine_map<(i, j, r) -> (i, j)>]
    ins(%x, %g : memref<?x128xf32>, memref<?x64xf32>)
    outs(%out : memref<128x64xf32>)
  memref.copy %out, %copy : memref<128x64xf32> to memref<128x64xf32>
  linalg.contract indexing_maps = [
      affine_map<(i, j, r) -> (r, i)>, affine_map<(i, j, r) -> (r, j)>,
      affine_map<(i, j, r) -> (i, j)>]
    ins(%x, %g : memref<?x128xf32>, memref<?x64xf32>)
    outs(%more : memref<128x64xf32>)
  return
}

// Rows that are added to rows of a matrix: each thread goes over all of them,
// and adds some columns.
// CHECK-LABEL: func.func @scatter(
// CHECK:         omp.parallel if
// CHECK:           linalg.fill {rnn.distributed}
// CHECK-NEXT:      scf.for
// CHECK:             linalg.add {rnn.distributed}
func.func @scatter(%g: memref<?x512xf32>, %i: memref<?xi32>, %out: memref<10x512xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  linalg.fill ins(%zero : f32) outs(%out : memref<10x512xf32>)
  scf.for %r = %c0 to %n step %c1 {
    %0 = memref.load %i[%r] : memref<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %2 = memref.subview %g[%r, 0] [1, 512] [1, 1] : memref<?x512xf32> to memref<512xf32, strided<[1], offset: ?>>
    %3 = memref.subview %out[%1, 0] [1, 512] [1, 1] : memref<10x512xf32> to memref<512xf32, strided<[1], offset: ?>>
    linalg.add ins(%3, %2 : memref<512xf32, strided<[1], offset: ?>>, memref<512xf32, strided<[1], offset: ?>>) outs(%3 : memref<512xf32, strided<[1], offset: ?>>)
  }
  return
}

// A small one is not worth the threads.
// CHECK-LABEL: func.func @small_product(
// CHECK-NOT:     omp.parallel
// CHECK:         linalg.contract
func.func @small_product(%x: memref<?x8xf32>, %g: memref<?x4xf32>, %out: memref<8x4xf32>) {
  linalg.contract indexing_maps = [
      affine_map<(i, j, r) -> (r, i)>, affine_map<(i, j, r) -> (r, j)>,
      affine_map<(i, j, r) -> (i, j)>]
    ins(%x, %g : memref<?x8xf32>, memref<?x4xf32>)
    outs(%out : memref<8x4xf32>)
  return
}

// Threads share the columns of a step that does enough work; small weights and
// many rows are split by rows.
// CHECK-LABEL: func.func @columns(
// CHECK:         arith.andi
// CHECK:         %[[ENOUGH:.*]] = arith.cmpi uge
// CHECK:         %[[MAX:.*]] = llvm.call @omp_get_max_threads
// CHECK:         %[[LITTLE:.*]] = arith.cmpi ult
// CHECK:         %[[COLUMNS:.*]] = arith.andi %[[ENOUGH]], %[[LITTLE]]
// CHECK:         omp.parallel if(
// CHECK:           %[[ROW:.*]] = arith.select %[[COLUMNS]], %{{.*}}, %[[ID:.*]] : index
// CHECK:           %[[ROWS:.*]] = arith.select %[[COLUMNS]], %{{.*}}, %[[N:.*]] : index
// CHECK:           %[[COLUMN:.*]] = arith.select %[[COLUMNS]], %[[ID]], %{{.*}} : index
// CHECK:           %[[PARTS:.*]] = arith.select %[[COLUMNS]], %[[N]], %{{.*}} : index
// CHECK:           rnn.rows {{.*}} distribute(%[[ROW]], %[[ROWS]]) columns(%[[COLUMN]], %[[PARTS]])
func.func @columns(%h: memref<?x64xf32>, %y: memref<?x64xf32>, %w: memref<64x64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    rnn.rows ins(%hr = %h : memref<?x64xf32>) shared(%wr = %w : memref<64x64xf32>) outs(%y : memref<?x64xf32>) {
      %p = rnn.linear %hr, %wr : tensor<64xf32>, tensor<64x64xf32> -> tensor<64xf32>
      rnn.yield %p : tensor<64xf32>
    }
  } {rnn.time}
  return
}
