// RUN: ravel-opt %s --rnn-decompose --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule=rows=1 --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule="rows=2 vectors=3 vector-width=128" --rnn-lower-rows %lower | %run | FileCheck %s

// As lstm-step.mlir, in f64.

func.func @step(%x: memref<?x20xf64>, %h: memref<?x5xf64>, %c: memref<?x5xf64>, %U: memref<5x20xf64>) {
  rnn.rows ins(%xr = %x : memref<?x20xf64>, %hr = %h : memref<?x5xf64>, %cr = %c : memref<?x5xf64>)
      shared(%w = %U : memref<5x20xf64>) outs(%h, %c : memref<?x5xf64>, memref<?x5xf64>) {
    %l = rnn.linear %hr, %w : tensor<5xf64>, tensor<5x20xf64> -> tensor<20xf64>
    %p = arith.addf %l, %xr : tensor<20xf64>
    %pi = tensor.extract_slice %p[0] [5] [1] : tensor<20xf64> to tensor<5xf64>
    %pf = tensor.extract_slice %p[5] [5] [1] : tensor<20xf64> to tensor<5xf64>
    %pg = tensor.extract_slice %p[10] [5] [1] : tensor<20xf64> to tensor<5xf64>
    %po = tensor.extract_slice %p[15] [5] [1] : tensor<20xf64> to tensor<5xf64>
    %i = rnn.sigmoid %pi : tensor<5xf64>
    %f = rnn.sigmoid %pf : tensor<5xf64>
    %g = math.tanh %pg : tensor<5xf64>
    %o = rnn.sigmoid %po : tensor<5xf64>
    %keep = arith.mulf %f, %cr : tensor<5xf64>
    %new = arith.mulf %i, %g : tensor<5xf64>
    %c1 = arith.addf %keep, %new : tensor<5xf64>
    %t = math.tanh %c1 : tensor<5xf64>
    %h1 = arith.mulf %o, %t : tensor<5xf64>
    rnn.yield %h1, %c1 : tensor<5xf64>, tensor<5xf64>
  }
  return
}

// CHECK: 1
// CHECK-NEXT: 1
func.func @main() {
  %n4 = arith.constant 4 : index
  %x = memref.alloc(%n4) : memref<?x20xf64>
  %x_any = memref.cast %x : memref<?x20xf64> to memref<?x?xf64>
  call @fill(%x_any) : (memref<?x?xf64>) -> ()
  %h = memref.alloc(%n4) : memref<?x5xf64>
  %h_any = memref.cast %h : memref<?x5xf64> to memref<?x?xf64>
  call @fill(%h_any) : (memref<?x?xf64>) -> ()
  %c = memref.alloc(%n4) : memref<?x5xf64>
  %c_any = memref.cast %c : memref<?x5xf64> to memref<?x?xf64>
  call @fill(%c_any) : (memref<?x?xf64>) -> ()
  %U = memref.alloc() : memref<5x20xf64>
  %U_any = memref.cast %U : memref<5x20xf64> to memref<?x?xf64>
  call @fill(%U_any) : (memref<?x?xf64>) -> ()
  call @step(%x, %h, %c, %U) : (memref<?x20xf64>, memref<?x5xf64>, memref<?x5xf64>, memref<5x20xf64>) -> ()
  %h_e = memref.get_global @expected_h : memref<4x5xf64>
  %h_expected = memref.cast %h_e : memref<4x5xf64> to memref<?x?xf64>
  call @compare(%h_any, %h_expected) : (memref<?x?xf64>, memref<?x?xf64>) -> ()
  %c_e = memref.get_global @expected_c : memref<4x5xf64>
  %c_expected = memref.cast %c_e : memref<4x5xf64> to memref<?x?xf64>
  call @compare(%c_any, %c_expected) : (memref<?x?xf64>, memref<?x?xf64>) -> ()
  return
}

// Element (i, j) is ((7 i + 3 j) mod 11 - 5) / 8.
func.func private @fill(%m: memref<?x?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %eighth = arith.constant 0.125 : f64
  %rows = memref.dim %m, %c0 : memref<?x?xf64>
  %columns = memref.dim %m, %c1 : memref<?x?xf64>
  scf.for %i = %c0 to %rows step %c1 {
    scf.for %j = %c0 to %columns step %c1 {
      %a = arith.muli %i, %c7 : index
      %b = arith.muli %j, %c3 : index
      %s = arith.addi %a, %b : index
      %r = arith.remui %s, %c11 : index
      %d = arith.subi %r, %c5 : index
      %k = arith.index_cast %d : index to i32
      %f = arith.sitofp %k : i32 to f64
      %v = arith.mulf %f, %eighth : f64
      memref.store %v, %m[%i, %j] : memref<?x?xf64>
    }
  }
  return
}


// Prints 1 where no element differs from what is expected by more than 1.0e-14.
func.func private @printI64(i64)
func.func private @printNewline()
func.func private @compare(%m: memref<?x?xf64>, %expected: memref<?x?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %tolerance = arith.constant 1.0e-14 : f64
  %rows = memref.dim %m, %c0 : memref<?x?xf64>
  %columns = memref.dim %m, %c1 : memref<?x?xf64>
  %all = scf.for %i = %c0 to %rows step %c1 iter_args(%a = %true) -> (i1) {
    %row = scf.for %j = %c0 to %columns step %c1 iter_args(%b = %a) -> (i1) {
      %x = memref.load %m[%i, %j] : memref<?x?xf64>
      %y = memref.load %expected[%i, %j] : memref<?x?xf64>
      %d = arith.subf %x, %y : f64
      %size = math.absf %d : f64
      %near = arith.cmpf ole, %size, %tolerance : f64
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
memref.global "private" constant @expected_h : memref<4x5xf64> = dense<
  [[-0.03472117751205403, -0.076354639211785286, -0.17079986806418843, 0.23677805883069949, -0.060815346841314032],
   [0.058835290652838289, 0.12919174402845457, -0.0037043878012742119, -0.24682646189296636, 0.17647904230229261],
   [-0.24007371060521626, -0.11868187120710234, 0.27973687230645022, -0.036480488893456682, -0.28298623044647292],
   [0.10042727842204184, -0.064376749509994113, -0.31885836131384609, 0.29506169852380226, -0.04882193841080873]]>
memref.global "private" constant @expected_c : memref<4x5xf64> = dense<
  [[-0.10749850213851175, -0.181053778716357, -0.28337584473087735, 0.41712572388194047, -0.18577376283093594],
   [0.090574424898396275, 0.48337740607752488, -0.01130577972625299, -0.41952984602435373, 0.25669852752874911],
   [-0.45273503376085883, -0.2029936602722977, 0.42596639146246695, -0.13186266447533723, -0.52368937346043987],
   [0.59945759416189615, -0.18109477107119695, -0.52856042064537767, 0.42396943212816302, -0.24050803991859104]]>
