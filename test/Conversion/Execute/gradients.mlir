// RUN: ravel-opt %s --convert-rnn-to-linalg --rnn-bufferize --canonicalize --cse --rnn-schedule --rnn-lower-rows --rnn-lower-linalg --convert-linalg-to-loops %lower | %run | FileCheck %s

// The gradients of a weight matrix, a bias and an embedding: sums over all rows
// of a batch.

func.func @gradients(%x: tensor<?x5xf32>, %g: tensor<?x11xf32>, %i: tensor<?xi32>) -> (tensor<5x11xf32>, tensor<11xf32>, tensor<3x11xf32>) {
  %w = rnn.contract %x, %g : tensor<?x5xf32>, tensor<?x11xf32> -> tensor<5x11xf32>
  %b = rnn.total %g : tensor<?x11xf32> -> tensor<11xf32>
  %e = rnn.scatter %g at %i : tensor<?x11xf32>, tensor<?xi32> -> tensor<3x11xf32>
  return %w, %b, %e : tensor<5x11xf32>, tensor<11xf32>, tensor<3x11xf32>
}

// CHECK: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %v = arith.constant 3 : index
  %n = arith.constant 7 : index
  %x = memref.alloc(%n) : memref<?x5xf32>
  %g = memref.alloc(%n) : memref<?x11xf32>
  %i = memref.alloc(%n) : memref<?xi32>
  %x_any = memref.cast %x : memref<?x5xf32> to memref<?x?xf32>
  %g_any = memref.cast %g : memref<?x11xf32> to memref<?x?xf32>
  call @fill(%x_any) : (memref<?x?xf32>) -> ()
  call @fill(%g_any) : (memref<?x?xf32>) -> ()
  scf.for %r = %c0 to %n step %c1 {
    %m = arith.muli %r, %c5 : index
    %k = arith.remui %m, %v : index
    %number = arith.index_cast %k : index to i32
    memref.store %number, %i[%r] : memref<?xi32>
  }
  %xt = bufferization.to_tensor %x restrict : memref<?x5xf32> to tensor<?x5xf32>
  %gt = bufferization.to_tensor %g restrict : memref<?x11xf32> to tensor<?x11xf32>
  %it = bufferization.to_tensor %i restrict : memref<?xi32> to tensor<?xi32>
  %w, %b, %e = call @gradients(%xt, %gt, %it) : (tensor<?x5xf32>, tensor<?x11xf32>, tensor<?xi32>) -> (tensor<5x11xf32>, tensor<11xf32>, tensor<3x11xf32>)
  %bt = tensor.expand_shape %b [[0, 1]] output_shape [1, 11] : tensor<11xf32> into tensor<1x11xf32>
  %wm = bufferization.to_buffer %w : tensor<5x11xf32> to memref<5x11xf32>
  %bm = bufferization.to_buffer %bt : tensor<1x11xf32> to memref<1x11xf32>
  %em = bufferization.to_buffer %e : tensor<3x11xf32> to memref<3x11xf32>
  %w_any = memref.cast %wm : memref<5x11xf32> to memref<?x?xf32>
  %b_any = memref.cast %bm : memref<1x11xf32> to memref<?x?xf32>
  %e_any = memref.cast %em : memref<3x11xf32> to memref<?x?xf32>
  %w_e = memref.get_global @expected_w : memref<5x11xf32>
  %w_expected = memref.cast %w_e : memref<5x11xf32> to memref<?x?xf32>
  call @compare(%w_any, %w_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %b_e = memref.get_global @expected_b : memref<1x11xf32>
  %b_expected = memref.cast %b_e : memref<1x11xf32> to memref<?x?xf32>
  call @compare(%b_any, %b_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %e_e = memref.get_global @expected_e : memref<3x11xf32>
  %e_expected = memref.cast %e_e : memref<3x11xf32> to memref<?x?xf32>
  call @compare(%e_any, %e_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
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
memref.global "private" constant @expected_w : memref<5x11xf32> = dense<
  [[1.3125, -0.140625, -0.5625, 0.390625, 0.484375, -0.453125, -0.53125, 0.421875, -0.171875, -0.59375, -0.15625],
   [-0.140625, 1.109375, -0.390625, -0.515625, 0.390625, 0.265625, -0.375, -0.5, 1.09375, -0.40625, -0.53125],
   [-0.5625, -0.390625, 0.8125, -0.390625, -0.5625, 0.125, 0.8125, -0.390625, -0.390625, 0.8125, 0.125],
   [0.390625, -0.515625, -0.390625, 1.109375, -0.140625, -0.53125, -0.40625, 1.09375, -0.5, -0.375, 0.265625],
   [0.484375, 0.390625, -0.5625, -0.140625, 1.3125, -0.15625, -0.59375, -0.171875, 0.421875, -0.53125, -0.453125]]>
memref.global "private" constant @expected_b : memref<1x11xf32> = dense<
  [[0.25, 0.125, 0.0, -0.125, -0.25, -0.375, 0.875, 0.75, -0.75, -0.875, 0.375]]>
memref.global "private" constant @expected_e : memref<3x11xf32> = dense<
  [[0.5, -1.125, 0.0, 1.125, -0.5, -0.75, 0.375, 1.5, -1.5, -0.375, 0.75],
   [-0.625, 0.125, 0.875, -1.125, -0.375, 0.375, 1.125, -0.875, -0.125, 0.625, 0.0],
   [0.375, 1.125, -0.875, -0.125, 0.625, 0.0, -0.625, 0.125, 0.875, -1.125, -0.375]]>
