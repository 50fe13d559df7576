// RUN: ravel-opt %s --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s

// Two buffers change places; rows of a matrix are looked up.

func.func @negate(%b: memref<?x9xf32>) {
  rnn.rows ins(%r = %b : memref<?x9xf32>) outs(%b : memref<?x9xf32>) {
    %n = arith.negf %r : tensor<9xf32>
    rnn.yield %n : tensor<9xf32>
  }
  return
}

func.func @swap(%a: memref<?x9xf32>, %b: memref<?x9xf32>) {
  rnn.rows ins(%x = %a : memref<?x9xf32>, %y = %b : memref<?x9xf32>) outs(%a, %b : memref<?x9xf32>, memref<?x9xf32>) {
    rnn.yield %y, %x : tensor<9xf32>, tensor<9xf32>
  }
  return
}

func.func @lookup(%i: memref<?xi32>, %W: memref<5x9xf32>, %c: memref<?x9xf32>) {
  rnn.rows ins(%n = %i : memref<?xi32>) shared(%w = %W : memref<5x9xf32>) outs(%c : memref<?x9xf32>) {
    %r = rnn.lookup %w[%n] : tensor<5x9xf32> -> tensor<9xf32>
    %hot = rnn.one_hot %n : tensor<9xf32>
    %s = arith.addf %r, %hot : tensor<9xf32>
    rnn.yield %s : tensor<9xf32>
  }
  return
}

// CHECK: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %v = arith.constant 5 : index
  %n = arith.constant 4 : index
  %a = memref.alloc(%n) : memref<?x9xf32>
  %b = memref.alloc(%n) : memref<?x9xf32>
  %c = memref.alloc(%n) : memref<?x9xf32>
  %W = memref.alloc() : memref<5x9xf32>
  %i = memref.alloc(%n) : memref<?xi32>
  %a_any = memref.cast %a : memref<?x9xf32> to memref<?x?xf32>
  %b_any = memref.cast %b : memref<?x9xf32> to memref<?x?xf32>
  %c_any = memref.cast %c : memref<?x9xf32> to memref<?x?xf32>
  %W_any = memref.cast %W : memref<5x9xf32> to memref<?x?xf32>
  call @fill(%a_any) : (memref<?x?xf32>) -> ()
  call @fill(%b_any) : (memref<?x?xf32>) -> ()
  call @fill(%W_any) : (memref<?x?xf32>) -> ()
  scf.for %r = %c0 to %n step %c1 {
    %m = arith.muli %r, %c3 : index
    %k = arith.remui %m, %v : index
    %number = arith.index_cast %k : index to i32
    memref.store %number, %i[%r] : memref<?xi32>
  }
  call @negate(%b) : (memref<?x9xf32>) -> ()
  call @swap(%a, %b) : (memref<?x9xf32>, memref<?x9xf32>) -> ()
  call @lookup(%i, %W, %c) : (memref<?xi32>, memref<5x9xf32>, memref<?x9xf32>) -> ()
  %a_e = memref.get_global @expected_a : memref<4x9xf32>
  %a_expected = memref.cast %a_e : memref<4x9xf32> to memref<?x?xf32>
  call @compare(%a_any, %a_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %b_e = memref.get_global @expected_b : memref<4x9xf32>
  %b_expected = memref.cast %b_e : memref<4x9xf32> to memref<?x?xf32>
  call @compare(%b_any, %b_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %c_e = memref.get_global @expected_c : memref<4x9xf32>
  %c_expected = memref.cast %c_e : memref<4x9xf32> to memref<?x?xf32>
  call @compare(%c_any, %c_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
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
memref.global "private" constant @expected_a : memref<4x9xf32> = dense<
  [[0.625, 0.25, -0.125, -0.5, 0.5, 0.125, -0.25, -0.625, 0.375],
   [-0.25, -0.625, 0.375, 0.0, -0.375, 0.625, 0.25, -0.125, -0.5],
   [0.25, -0.125, -0.5, 0.5, 0.125, -0.25, -0.625, 0.375, -0.0],
   [-0.625, 0.375, 0.0, -0.375, 0.625, 0.25, -0.125, -0.5, 0.5]]>
memref.global "private" constant @expected_b : memref<4x9xf32> = dense<
  [[-0.625, -0.25, 0.125, 0.5, -0.5, -0.125, 0.25, 0.625, -0.375],
   [0.25, 0.625, -0.375, 0.0, 0.375, -0.625, -0.25, 0.125, 0.5],
   [-0.25, 0.125, 0.5, -0.5, -0.125, 0.25, 0.625, -0.375, 0.0],
   [0.625, -0.375, 0.0, 0.375, -0.625, -0.25, 0.125, 0.5, -0.5]]>
memref.global "private" constant @expected_c : memref<4x9xf32> = dense<
  [[0.375, -0.25, 0.125, 0.5, -0.5, -0.125, 0.25, 0.625, -0.375],
   [0.625, -0.375, 0.0, 1.375, -0.625, -0.25, 0.125, 0.5, -0.5],
   [0.25, 1.625, -0.375, 0.0, 0.375, -0.625, -0.25, 0.125, 0.5],
   [0.125, 0.5, -0.5, -0.125, 1.25, 0.625, -0.375, 0.0, 0.375]]>
