// RUN: ravel-opt %s --rnn-decompose --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule=rows=1 --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule="rows=2 vectors=3 vector-width=128" --rnn-lower-rows %lower | %run | FileCheck %s

// Logits, their loss at a class, and its gradient.

func.func @loss(%x: memref<?x4xf32>, %W: memref<4x11xf32>, %y: memref<?x1xf32>, %p: memref<?x11xf32>) {
  rnn.rows ins(%xr = %x : memref<?x4xf32>) shared(%w = %W : memref<4x11xf32>) outs(%y, %p : memref<?x1xf32>, memref<?x11xf32>) {
    %l = rnn.linear %xr, %w : tensor<4xf32>, tensor<4x11xf32> -> tensor<11xf32>
    %s = rnn.log_sum_exp %l : tensor<11xf32>
    %i = arith.constant 3 : i32
    %t = rnn.pick %l at %i : tensor<11xf32>
    %n = arith.subf %s, %t : f32
    %v = rnn.broadcast %n : f32 -> tensor<1xf32>
    %q = rnn.softmax %l : tensor<11xf32>
    %hot = rnn.one_hot %i : tensor<11xf32>
    %g = arith.subf %q, %hot : tensor<11xf32>
    rnn.yield %v, %g : tensor<1xf32>, tensor<11xf32>
  }
  return
}

// CHECK: 1
// CHECK-NEXT: 1
func.func @main() {
  %n4 = arith.constant 4 : index
  %x = memref.alloc(%n4) : memref<?x4xf32>
  %x_any = memref.cast %x : memref<?x4xf32> to memref<?x?xf32>
  call @fill(%x_any) : (memref<?x?xf32>) -> ()
  %W = memref.alloc() : memref<4x11xf32>
  %W_any = memref.cast %W : memref<4x11xf32> to memref<?x?xf32>
  call @fill(%W_any) : (memref<?x?xf32>) -> ()
  %y = memref.alloc(%n4) : memref<?x1xf32>
  %y_any = memref.cast %y : memref<?x1xf32> to memref<?x?xf32>
  call @fill(%y_any) : (memref<?x?xf32>) -> ()
  %p = memref.alloc(%n4) : memref<?x11xf32>
  %p_any = memref.cast %p : memref<?x11xf32> to memref<?x?xf32>
  call @fill(%p_any) : (memref<?x?xf32>) -> ()
  call @loss(%x, %W, %y, %p) : (memref<?x4xf32>, memref<4x11xf32>, memref<?x1xf32>, memref<?x11xf32>) -> ()
  %y_e = memref.get_global @expected_y : memref<4x1xf32>
  %y_expected = memref.cast %y_e : memref<4x1xf32> to memref<?x?xf32>
  call @compare(%y_any, %y_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %p_e = memref.get_global @expected_p : memref<4x11xf32>
  %p_expected = memref.cast %p_e : memref<4x11xf32> to memref<?x?xf32>
  call @compare(%p_any, %p_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
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


// Prints 1 where no element differs from what is expected by more than 2.0e-6.
func.func private @printI64(i64)
func.func private @printNewline()
func.func private @compare(%m: memref<?x?xf32>, %expected: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %tolerance = arith.constant 2.0e-6 : f32
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
memref.global "private" constant @expected_y : memref<4x1xf32> = dense<
  [[2.61498007],
   [2.13610878],
   [3.02892796],
   [2.02744867]]>
memref.global "private" constant @expected_p : memref<4x11xf32> = dense<
  [[0.162333069, 0.0743214947, 0.0954306882, -0.926830753, 0.0791148192, 0.101585439, 0.0924945945, 0.0709180656, 0.0766807122, 0.0984599834, 0.0754918879],
   [0.0949069083, 0.114479584, 0.05847045, -0.881886444, 0.101027878, 0.051599991, 0.06224147, 0.125731226, 0.107543616, 0.0549279045, 0.110957417],
   [0.0661104823, 0.125455651, 0.100806447, -0.951632538, 0.129438041, 0.104006388, 0.0992435883, 0.0476175941, 0.12743129, 0.102393918, 0.0491291388],
   [0.065181886, 0.0492018689, 0.104160357, -0.868328971, 0.0420845886, 0.0890930748, 0.112624199, 0.142370328, 0.04550429, 0.0963325827, 0.121775795]]>
