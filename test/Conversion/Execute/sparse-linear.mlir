// RUN: ravel-opt %s --rnn-decompose --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule=rows=1 --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule="rows=2 vectors=3" --rnn-lower-rows %lower | %run | FileCheck %s

// Sparse weights give the same packed, and as they are; numbers of no component
// are those of the nearest.

func.func @packed(%x: memref<?x5xf32>, %W: memref<2x2x9xf32>, %y: memref<?x9xf32>) {
  %V = memref.subview %W[0, 0, 0] [1, 2, 9] [1, 1, 1] : memref<2x2x9xf32> to memref<2x9xf32, strided<[9, 1]>>
  %N = memref.subview %W[1, 0, 0] [1, 2, 9] [1, 1, 1] : memref<2x2x9xf32> to memref<2x9xf32, strided<[9, 1], offset: 18>>
  %P = memref.alloc() : memref<2x2x1x8xf32>
  %I = memref.alloc() : memref<2x2x1x8xi16>
  rnn.pack ins(%V : memref<2x9xf32, strided<[9, 1]>>) [0] columns 9 outs(%P : memref<2x2x1x8xf32>)
  rnn.pack ins(%N : memref<2x9xf32, strided<[9, 1], offset: 18>>) [0] columns 9 outs(%I : memref<2x2x1x8xi16>) {limit = 5}
  rnn.rows ins(%r = %x : memref<?x5xf32>) shared(%p = %P : memref<2x2x1x8xf32>, %i = %I : memref<2x2x1x8xi16>) outs(%y : memref<?x9xf32>) {
    %o = rnn.packed_sparse_linear %r, %p, %i : tensor<5xf32>, tensor<2x2x1x8xf32>, tensor<2x2x1x8xi16> -> tensor<9xf32>
    rnn.yield %o : tensor<9xf32>
  }
  memref.dealloc %P : memref<2x2x1x8xf32>
  memref.dealloc %I : memref<2x2x1x8xi16>
  return
}

func.func @unpacked(%x: memref<?x5xf32>, %W: memref<2x2x9xf32>, %y: memref<?x9xf32>) {
  rnn.rows ins(%r = %x : memref<?x5xf32>) shared(%w = %W : memref<2x2x9xf32>) outs(%y : memref<?x9xf32>) {
    %o = rnn.sparse_linear %r, %w : tensor<5xf32>, tensor<2x2x9xf32> -> tensor<9xf32>
    rnn.yield %o : tensor<9xf32>
  }
  return
}

// x[r, j] = 10 r + j + 1
func.func @input(%n: index) -> memref<?x5xf32> {
  %x = memref.alloc(%n) : memref<?x5xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %c10 = arith.constant 10 : index
  scf.for %r = %c0 to %n step %c1 {
    scf.for %j = %c0 to %c5 step %c1 {
      %a = arith.muli %r, %c10 : index
      %b = arith.addi %a, %j : index
      %c = arith.addi %b, %c1 : index
      %d = arith.index_cast %c : index to i32
      %f = arith.sitofp %d : i32 to f32
      memref.store %f, %x[%r, %j] : memref<?x5xf32>
    }
  }
  return %x : memref<?x5xf32>
}

// Column u has weights 1 and 100, for components u - 2 and u.
memref.global constant @matrix : memref<2x2x9xf32> = dense<[
  [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
   [100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0]],
  [[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
   [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]]>

// CHECK: 101{{$}}
// CHECK-NEXT: 201{{$}}
// CHECK-NEXT: 301{{$}}
// CHECK-NEXT: 402{{$}}
// CHECK-NEXT: 503{{$}}
// CHECK-NEXT: 504{{$}}
// CHECK-NEXT: 505{{$}}
// CHECK-NEXT: 505{{$}}
// CHECK-NEXT: 505{{$}}
// CHECK-NEXT: 6161{{$}}
// CHECK-NEXT: 6261{{$}}
// CHECK-NEXT: 6361{{$}}
// CHECK-NEXT: 6462{{$}}
// CHECK-NEXT: 6563{{$}}
// CHECK-NEXT: 6564{{$}}
// CHECK-NEXT: 6565{{$}}
// CHECK-NEXT: 6565{{$}}
// CHECK-NEXT: 6565{{$}}
// CHECK-NEXT: 101{{$}}
// CHECK-NEXT: 201{{$}}
// CHECK-NEXT: 301{{$}}
// CHECK-NEXT: 402{{$}}
// CHECK-NEXT: 503{{$}}
// CHECK-NEXT: 504{{$}}
// CHECK-NEXT: 505{{$}}
// CHECK-NEXT: 505{{$}}
// CHECK-NEXT: 505{{$}}
// CHECK-NEXT: 6161{{$}}
// CHECK-NEXT: 6261{{$}}
// CHECK-NEXT: 6361{{$}}
// CHECK-NEXT: 6462{{$}}
// CHECK-NEXT: 6563{{$}}
// CHECK-NEXT: 6564{{$}}
// CHECK-NEXT: 6565{{$}}
// CHECK-NEXT: 6565{{$}}
// CHECK-NEXT: 6565{{$}}
func.func @main() {
  %n = arith.constant 7 : index
  %x = call @input(%n) : (index) -> memref<?x5xf32>
  %W = memref.get_global @matrix : memref<2x2x9xf32>
  %y = memref.alloc(%n) : memref<?x9xf32>
  call @packed(%x, %W, %y) : (memref<?x5xf32>, memref<2x2x9xf32>, memref<?x9xf32>) -> ()
  call @show(%y) : (memref<?x9xf32>) -> ()
  call @unpacked(%x, %W, %y) : (memref<?x5xf32>, memref<2x2x9xf32>, memref<?x9xf32>) -> ()
  call @show(%y) : (memref<?x9xf32>) -> ()
  memref.dealloc %y : memref<?x9xf32>
  memref.dealloc %x : memref<?x5xf32>
  return
}

// The first row and the last.
func.func @show(%y: memref<?x9xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %c9 = arith.constant 9 : index
  scf.for %r = %c0 to %c7 step %c6 {
    scf.for %u = %c0 to %c9 step %c1 {
      %v = memref.load %y[%r, %u] : memref<?x9xf32>
      vector.print %v : f32
    }
  }
  return
}
