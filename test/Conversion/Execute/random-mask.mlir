// RUN: ravel-opt %s --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-schedule="vector-width=128 vectors=1" --rnn-lower-rows %lower | %run | FileCheck %s

// A mask depends on key, site and component alone, not on how many components
// are drawn at once.

func.func @mask(%key: memref<?xi32>, %y: memref<?x11xf32>) {
  rnn.rows ins(%k = %key : memref<?xi32>) outs(%y : memref<?x11xf32>) {
    %m = rnn.random_mask %k {rate = 0.25 : f64, site = 3 : i64} : tensor<11xf32>
    rnn.yield %m : tensor<11xf32>
  }
  return
}

// CHECK: 1
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %n = arith.constant 3 : index
  %key = memref.alloc(%n) : memref<?xi32>
  %y = memref.alloc(%n) : memref<?x11xf32>
  scf.for %r = %c0 to %n step %c1 {
    %m = arith.muli %r, %c7 : index
    %k = arith.addi %m, %c1 : index
    %number = arith.index_cast %k : index to i32
    memref.store %number, %key[%r] : memref<?xi32>
  }
  call @mask(%key, %y) : (memref<?xi32>, memref<?x11xf32>) -> ()
  %y_any = memref.cast %y : memref<?x11xf32> to memref<?x?xf32>
  %y_e = memref.get_global @expected_y : memref<3x11xf32>
  %y_expected = memref.cast %y_e : memref<3x11xf32> to memref<?x?xf32>
  call @compare(%y_any, %y_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
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

// Computed in Python by the hash that is documented at Evaluator::drawMask.
memref.global "private" constant @expected_y : memref<3x11xf32> = dense<
  [[1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 0.0, 0.0, 1.33333333, 1.33333333],
   [0.0, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 0.0, 1.33333333],
   [0.0, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 1.33333333, 0.0, 1.33333333, 1.33333333, 1.33333333, 1.33333333]]>
