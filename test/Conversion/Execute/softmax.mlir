// RUN: ravel-opt %s --rnn-decompose --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule=rows=1 --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule="rows=2 vectors=3 vector-width=128" --rnn-lower-rows %lower | %run | FileCheck %s

// The largest component, then a sum, then the quotients.

func.func @softmax(%x: memref<?x11xf32>, %y: memref<?x11xf32>) {
  rnn.rows ins(%xr = %x : memref<?x11xf32>) outs(%y : memref<?x11xf32>) {
    %s = rnn.softmax %xr : tensor<11xf32>
    rnn.yield %s : tensor<11xf32>
  }
  return
}

// CHECK: 1
func.func @main() {
  %n3 = arith.constant 3 : index
  %x = memref.alloc(%n3) : memref<?x11xf32>
  %x_any = memref.cast %x : memref<?x11xf32> to memref<?x?xf32>
  call @fill(%x_any) : (memref<?x?xf32>) -> ()
  %y = memref.alloc(%n3) : memref<?x11xf32>
  %y_any = memref.cast %y : memref<?x11xf32> to memref<?x?xf32>
  call @fill(%y_any) : (memref<?x?xf32>) -> ()
  call @softmax(%x, %y) : (memref<?x11xf32>, memref<?x11xf32>) -> ()
  %y_e = memref.get_global @expected_y : memref<3x11xf32>
  %y_expected = memref.cast %y_e : memref<3x11xf32> to memref<?x?xf32>
  call @compare(%y_any, %y_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
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
memref.global "private" constant @expected_y : memref<3x11xf32> = dense<
  [[0.0450575283, 0.0655583168, 0.0953867882, 0.138786958, 0.0510568685, 0.0742873053, 0.108087391, 0.157266227, 0.0578550115, 0.0841785451, 0.12247906],
   [0.108087391, 0.157266227, 0.0578550115, 0.0841785451, 0.12247906, 0.0450575283, 0.0655583168, 0.0953867882, 0.138786958, 0.0510568685, 0.0742873053],
   [0.0655583168, 0.0953867882, 0.138786958, 0.0510568685, 0.0742873053, 0.108087391, 0.157266227, 0.0578550115, 0.0841785451, 0.12247906, 0.0450575283]]>
