// RUN: ravel-opt %s --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s

// Three threads, one after the other here, have each row once between them: a
// row that none or two had would not be one more than before.

func.func @increment(%x: memref<?x5xf32>, %id: index, %n: index) {
  rnn.rows ins(%a = %x : memref<?x5xf32>) outs(%x : memref<?x5xf32>) distribute(%id, %n) {
    %one = arith.constant dense<1.0> : tensor<5xf32>
    %b = arith.addf %a, %one : tensor<5xf32>
    rnn.yield %b : tensor<5xf32>
  }
  return
}

// CHECK: 1
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %n = arith.constant 20 : index
  %x = memref.alloc(%n) : memref<?x5xf32>
  %x_any = memref.cast %x : memref<?x5xf32> to memref<?x?xf32>
  call @fill(%x_any) : (memref<?x?xf32>) -> ()
  scf.for %id = %c0 to %c3 step %c1 {
    func.call @increment(%x, %id, %c3) : (memref<?x5xf32>, index, index) -> ()
  }
  %x_e = memref.get_global @expected_x : memref<20x5xf32>
  %x_expected = memref.cast %x_e : memref<20x5xf32> to memref<?x?xf32>
  call @compare(%x_any, %x_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
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
memref.global "private" constant @expected_x : memref<20x5xf32> = dense<
  [[0.375, 0.75, 1.125, 1.5, 0.5],
   [1.25, 1.625, 0.625, 1.0, 1.375],
   [0.75, 1.125, 1.5, 0.5, 0.875],
   [1.625, 0.625, 1.0, 1.375, 0.375],
   [1.125, 1.5, 0.5, 0.875, 1.25],
   [0.625, 1.0, 1.375, 0.375, 0.75],
   [1.5, 0.5, 0.875, 1.25, 1.625],
   [1.0, 1.375, 0.375, 0.75, 1.125],
   [0.5, 0.875, 1.25, 1.625, 0.625],
   [1.375, 0.375, 0.75, 1.125, 1.5],
   [0.875, 1.25, 1.625, 0.625, 1.0],
   [0.375, 0.75, 1.125, 1.5, 0.5],
   [1.25, 1.625, 0.625, 1.0, 1.375],
   [0.75, 1.125, 1.5, 0.5, 0.875],
   [1.625, 0.625, 1.0, 1.375, 0.375],
   [1.125, 1.5, 0.5, 0.875, 1.25],
   [0.625, 1.0, 1.375, 0.375, 0.75],
   [1.5, 0.5, 0.875, 1.25, 1.625],
   [1.0, 1.375, 0.375, 0.75, 1.125],
   [0.5, 0.875, 1.25, 1.625, 0.625]]>
