// RUN: ravel-opt %s --rnn-decompose --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule=rows=1 --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule="rows=2 vectors=3" --rnn-lower-rows %lower | %run | FileCheck %s

// Two vectors side by side, multiplied by a transposed matrix that was packed:
// what the backward pass of a step does.

func.func @back(%h: memref<?x5xf32>, %g: memref<?x5xf32>, %W: memref<9x10xf32>, %d: memref<?x10xf32>, %dx: memref<?x9xf32>) {
  %P = memref.alloc() : memref<2x10x1x8xf32>
  rnn.pack ins(%W : memref<9x10xf32>) [0] columns 9 transpose outs(%P : memref<2x10x1x8xf32>)
  rnn.rows ins(%hr = %h : memref<?x5xf32>, %gr = %g : memref<?x5xf32>) shared(%w = %P : memref<2x10x1x8xf32>)
      outs(%d, %dx : memref<?x10xf32>, memref<?x9xf32>) {
    %one = arith.constant dense<1.0> : tensor<5xf32>
    %sq = arith.mulf %hr, %hr : tensor<5xf32>
    %slope = arith.subf %one, %sq : tensor<5xf32>
    %a = arith.mulf %slope, %gr : tensor<5xf32>
    %b = arith.mulf %hr, %gr : tensor<5xf32>
    %ab = tensor.concat dim(0) %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<10xf32>
    %x = rnn.packed_linear %ab, %w : tensor<10xf32>, tensor<2x10x1x8xf32> -> tensor<9xf32>
    rnn.yield %ab, %x : tensor<10xf32>, tensor<9xf32>
  }
  memref.dealloc %P : memref<2x10x1x8xf32>
  return
}

// CHECK: 1
// CHECK-NEXT: 1
func.func @main() {
  %n7 = arith.constant 7 : index
  %h = memref.alloc(%n7) : memref<?x5xf32>
  %h_any = memref.cast %h : memref<?x5xf32> to memref<?x?xf32>
  call @fill(%h_any) : (memref<?x?xf32>) -> ()
  %g = memref.alloc(%n7) : memref<?x5xf32>
  %g_any = memref.cast %g : memref<?x5xf32> to memref<?x?xf32>
  call @fill(%g_any) : (memref<?x?xf32>) -> ()
  %W = memref.alloc() : memref<9x10xf32>
  %W_any = memref.cast %W : memref<9x10xf32> to memref<?x?xf32>
  call @fill(%W_any) : (memref<?x?xf32>) -> ()
  %d = memref.alloc(%n7) : memref<?x10xf32>
  %d_any = memref.cast %d : memref<?x10xf32> to memref<?x?xf32>
  call @fill(%d_any) : (memref<?x?xf32>) -> ()
  %dx = memref.alloc(%n7) : memref<?x9xf32>
  %dx_any = memref.cast %dx : memref<?x9xf32> to memref<?x?xf32>
  call @fill(%dx_any) : (memref<?x?xf32>) -> ()
  call @back(%h, %g, %W, %d, %dx) : (memref<?x5xf32>, memref<?x5xf32>, memref<9x10xf32>, memref<?x10xf32>, memref<?x9xf32>) -> ()
  %d_e = memref.get_global @expected_d : memref<7x10xf32>
  %d_expected = memref.cast %d_e : memref<7x10xf32> to memref<?x?xf32>
  call @compare(%d_any, %d_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %dx_e = memref.get_global @expected_dx : memref<7x9xf32>
  %dx_expected = memref.cast %dx_e : memref<7x9xf32> to memref<?x?xf32>
  call @compare(%dx_any, %dx_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  return
}

// Element (i, j) is ((7 i + 3 j) mod 11 - 5) / 8.
func.func private @fill(%m: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %eighth = arith.constant 0.125 : f32
  %rows = memref.dim %m, %c0 : memref<?x?xf32>
  %columns = memref.dim %m, %c1 : memref<?x?xf32>
  scf.for %i = %c0 to %rows step %c1 {
    scf.for %j = %c0 to %columns step %c1 {
      %a = arith.muli %i, %c7 : index
      %b = arith.muli %j, %c3 : index
      %s = arith.addi %a, %b : index
      %r = arith.remui %s, %c11 : index
      %d = arith.subi %r, %c5 : index
      %k = arith.index_cast %d : index to i32
      %f = arith.sitofp %k : i32 to f32
      %v = arith.mulf %f, %eighth : f32
      memref.store %v, %m[%i, %j] : memref<?x?xf32>
    }
  }
  return
}


// Prints 1 where no element differs from what is expected by more than 1.0e-6.
func.func private @printI64(i64)
func.func private @printNewline()
func.func private @compare(%m: memref<?x?xf32>, %expected: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %tolerance = arith.constant 1.0e-6 : f32
  %rows = memref.dim %m, %c0 : memref<?x?xf32>
  %columns = memref.dim %m, %c1 : memref<?x?xf32>
  %all = scf.for %i = %c0 to %rows step %c1 iter_args(%a = %true) -> (i1) {
    %row = scf.for %j = %c0 to %columns step %c1 iter_args(%b = %a) -> (i1) {
      %x = memref.load %m[%i, %j] : memref<?x?xf32>
      %y = memref.load %expected[%i, %j] : memref<?x?xf32>
      %d = arith.subf %x, %y : f32
      %size = math.absf %d : f32
      %near = arith.cmpf ole, %size, %tolerance : f32
      %both = arith.andi %b, %near : i1
      scf.yield %both : i1
    }
    scf.yield %row : i1
  }
  %print = arith.extui %all : i1 to i64
  call @printI64(%print) : (i64) -> ()
  call @printNewline() : () -> ()
  return
}

// Computed in Python from the formulas.
memref.global "private" constant @expected_d : memref<7x10xf32> = dense<
  [[-0.380859375, -0.234375, 0.123046875, 0.375, -0.375, 0.390625, 0.0625, 0.015625, 0.25, 0.25],
   [0.234375, 0.380859375, -0.322265625, 0.0, 0.322265625, 0.0625, 0.390625, 0.140625, 0.0, 0.140625],
   [-0.234375, 0.123046875, 0.375, -0.375, -0.123046875, 0.0625, 0.015625, 0.25, 0.25, 0.015625],
   [0.380859375, -0.322265625, 0.0, 0.322265625, -0.380859375, 0.390625, 0.140625, 0.0, 0.140625, 0.390625],
   [0.123046875, 0.375, -0.375, -0.123046875, 0.234375, 0.015625, 0.25, 0.25, 0.015625, 0.0625],
   [-0.322265625, 0.0, 0.322265625, -0.380859375, -0.234375, 0.140625, 0.0, 0.140625, 0.390625, 0.0625],
   [0.375, -0.375, -0.123046875, 0.234375, 0.380859375, 0.25, 0.25, 0.015625, 0.0625, 0.390625]]>
memref.global "private" constant @expected_dx : memref<7x9xf32> = dense<
  [[0.569824219, -0.686279297, 0.211425781, -0.0134277344, -0.208740234, 0.151855469, -0.588623047, 0.0754394531, 0.607910156],
   [-0.265380859, 0.348876953, 0.0473632812, -0.111816406, 0.266113281, -0.121337891, 0.162597656, 0.290771484, -0.290039062],
   [0.0952148438, -0.0629882812, 0.401855469, -0.271972656, -0.0219726562, 0.356933594, -0.486083984, -0.0454101562, -0.203613281],
   [0.127685547, -0.653320312, 0.0830078125, 0.518554688, -0.249023438, -0.0498046875, -0.137939453, 0.155273438, 0.260498047],
   [-0.185302734, 0.429199219, -0.0493164062, -0.119628906, 0.347167969, -0.152832031, 0.0991210938, 0.329589844, -0.425537109],
   [0.0922851562, -0.195556641, 0.467285156, -0.365722656, -0.0170898438, 0.452392578, -0.702880859, 0.0539550781, -0.0861816406],
   [-0.211669922, -0.332519531, -0.00756835938, 0.121337891, -0.171386719, -0.190185547, 0.462402344, 0.183105469, -0.0505371094]]>
