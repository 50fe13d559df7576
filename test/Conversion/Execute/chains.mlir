// Chains of two coupled states, of examples of different lengths, whole and with
// their time split, against a loop over numbers.

// RUN: ravel-opt %s --rnn-lower-chains=parallel=false %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-lower-chains="parallel=false time-tile=3 vector-width=128" %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-lower-chains="parallel=false chunk=3 min-instants=10" %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-lower-chains="parallel=false chunk=1 min-instants=1" %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-lower-chains="parallel=false chunk=100 min-instants=11" %lower | %run | FileCheck %s

// These states are narrow enough for their time to be split.
// RUN: ravel-opt %s --rnn-lower-chains="parallel=false chunk=3 min-instants=10" | FileCheck %s --check-prefix=SPLIT
// SPLIT: memref.alloc({{.*}}) {{.*}} : memref<?x?x6x8xf32>

func.func @forward(%o: memref<?xindex>, %x: memref<?x5xf32>, %y: memref<?x5xf32>, %z: memref<?x5xf32>, %a: memref<?x5xf32>, %b: memref<?x5xf32>) {
  rnn.chains over(%o : memref<?xindex>) ins(%xr = %x : memref<?x5xf32>) outs(%y, %z : memref<?x5xf32>, memref<?x5xf32>) state(%ar = %a : memref<?x5xf32>, %br = %b : memref<?x5xf32>) {
    %half = arith.constant dense<0.5> : tensor<5xf32>
    %0 = arith.mulf %xr, %ar : tensor<5xf32>
    %1 = arith.mulf %half, %br : tensor<5xf32>
    %2 = arith.subf %0, %1 : tensor<5xf32>
    %3 = arith.addf %2, %xr : tensor<5xf32>
    %4 = arith.mulf %half, %ar : tensor<5xf32>
    %5 = arith.negf %br : tensor<5xf32>
    %6 = arith.mulf %5, %xr : tensor<5xf32>
    %7 = arith.addf %4, %6 : tensor<5xf32>
    %8 = math.tanh %7 : tensor<5xf32>
    rnn.yield %3, %8 state(%3, %7) : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>
  }
  return
}

func.func @backward(%o: memref<?xindex>, %x: memref<?x5xf32>, %y: memref<?x5xf32>, %z: memref<?x5xf32>, %a: memref<?x5xf32>, %b: memref<?x5xf32>) {
  rnn.chains reverse over(%o : memref<?xindex>) ins(%xr = %x : memref<?x5xf32>) outs(%y, %z : memref<?x5xf32>, memref<?x5xf32>) state(%ar = %a : memref<?x5xf32>, %br = %b : memref<?x5xf32>) {
    %half = arith.constant dense<0.5> : tensor<5xf32>
    %0 = arith.mulf %xr, %ar : tensor<5xf32>
    %1 = arith.mulf %half, %br : tensor<5xf32>
    %2 = arith.subf %0, %1 : tensor<5xf32>
    %3 = arith.addf %2, %xr : tensor<5xf32>
    %4 = arith.mulf %half, %ar : tensor<5xf32>
    %5 = arith.negf %br : tensor<5xf32>
    %6 = arith.mulf %5, %xr : tensor<5xf32>
    %7 = arith.addf %4, %6 : tensor<5xf32>
    %8 = math.tanh %7 : tensor<5xf32>
    rnn.yield %3, %8 state(%3, %7) : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>
  }
  return
}

// a' = x a - b / 2 + x,  b' = a / 2 - x b;  y = a', z = tanh(b')
func.func @reference(%reverse: i1, %lengths: memref<3xindex>, %o: memref<?xindex>, %x: memref<?x5xf32>, %y: memref<?x5xf32>, %z: memref<?x5xf32>, %a: memref<?x5xf32>, %b: memref<?x5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %half = arith.constant 0.5 : f32
  scf.for %e = %c0 to %c3 step %c1 {
    %n = memref.load %lengths[%e] : memref<3xindex>
    %last = arith.subi %n, %c1 : index
    scf.for %c = %c0 to %c5 step %c1 {
      %a0 = memref.load %a[%e, %c] : memref<?x5xf32>
      %b0 = memref.load %b[%e, %c] : memref<?x5xf32>
      %f:2 = scf.for %step = %c0 to %n step %c1 iter_args(%ar = %a0, %br = %b0) -> (f32, f32) {
        %mirrored = arith.subi %last, %step : index
        %t = arith.select %reverse, %mirrored, %step : index
        %offset = memref.load %o[%t] : memref<?xindex>
        %r = arith.addi %offset, %e : index
        %xr = memref.load %x[%r, %c] : memref<?x5xf32>
        %0 = arith.mulf %xr, %ar : f32
        %1 = arith.mulf %half, %br : f32
        %2 = arith.subf %0, %1 : f32
        %3 = arith.addf %2, %xr : f32
        %4 = arith.mulf %half, %ar : f32
        %5 = arith.mulf %xr, %br : f32
        %6 = arith.subf %4, %5 : f32
        %7 = math.tanh %6 : f32
        memref.store %3, %y[%r, %c] : memref<?x5xf32>
        memref.store %7, %z[%r, %c] : memref<?x5xf32>
        scf.yield %3, %6 : f32, f32
      }
      memref.store %f#0, %a[%e, %c] : memref<?x5xf32>
      memref.store %f#1, %b[%e, %c] : memref<?x5xf32>
    }
  }
  return
}

// Outputs, then final states, of both directions.
// CHECK-COUNT-8: 1
func.func @main() {
  %true = arith.constant true
  %false = arith.constant false
  %lengths = memref.get_global @lengths : memref<3xindex>
  %o0 = memref.get_global @offsets : memref<14xindex>
  %o = memref.cast %o0 : memref<14xindex> to memref<?xindex>
  %n = arith.constant 29 : index
  %m = arith.constant 3 : index
  %x = memref.alloc(%n) : memref<?x5xf32>
  call @fill(%x) : (memref<?x5xf32>) -> ()
  %got:4 = call @allocate(%n, %m) : (index, index) -> (memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>)
  %want:4 = call @allocate(%n, %m) : (index, index) -> (memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>)
  call @forward(%o, %x, %got#0, %got#1, %got#2, %got#3) : (memref<?xindex>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @reference(%false, %lengths, %o, %x, %want#0, %want#1, %want#2, %want#3) : (i1, memref<3xindex>, memref<?xindex>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#0, %want#0) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#1, %want#1) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#2, %want#2) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#3, %want#3) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @backward(%o, %x, %got#0, %got#1, %got#2, %got#3) : (memref<?xindex>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @reference(%true, %lengths, %o, %x, %want#0, %want#1, %want#2, %want#3) : (i1, memref<3xindex>, memref<?xindex>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#0, %want#0) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#1, %want#1) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#2, %want#2) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  call @compare(%got#3, %want#3) : (memref<?x5xf32>, memref<?x5xf32>) -> ()
  return
}

// Two packed outputs of no value yet, and two states.
func.func private @allocate(%n: index, %m: index) -> (memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>) {
  %y = memref.alloc(%n) : memref<?x5xf32>
  %z = memref.alloc(%n) : memref<?x5xf32>
  %a = memref.alloc(%m) : memref<?x5xf32>
  %b = memref.alloc(%m) : memref<?x5xf32>
  call @fill(%a) : (memref<?x5xf32>) -> ()
  call @fill(%b) : (memref<?x5xf32>) -> ()
  return %y, %z, %a, %b : memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>, memref<?x5xf32>
}

// Element (i, j) is ((7 i + 3 j) mod 11 - 5) / 8.
func.func private @fill(%m: memref<?x5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %eighth = arith.constant 0.125 : f32
  %rows = memref.dim %m, %c0 : memref<?x5xf32>
  scf.for %i = %c0 to %rows step %c1 {
    scf.for %j = %c0 to %c5 step %c1 {
      %a = arith.muli %i, %c7 : index
      %b = arith.muli %j, %c3 : index
      %s = arith.addi %a, %b : index
      %r = arith.remui %s, %c11 : index
      %d = arith.subi %r, %c5 : index
      %k = arith.index_cast %d : index to i32
      %f = arith.sitofp %k : i32 to f32
      %v = arith.mulf %f, %eighth : f32
      memref.store %v, %m[%i, %j] : memref<?x5xf32>
    }
  }
  return
}

// Prints 1 where no element differs from what is expected by more than 1.0e-6,
// some ten roundings of a number below 1.
func.func private @printI64(i64)
func.func private @printNewline()
func.func private @compare(%m: memref<?x5xf32>, %expected: memref<?x5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %true = arith.constant true
  %tolerance = arith.constant 1.0e-6 : f32
  %rows = memref.dim %m, %c0 : memref<?x5xf32>
  %all = scf.for %i = %c0 to %rows step %c1 iter_args(%a = %true) -> (i1) {
    %row = scf.for %j = %c0 to %c5 step %c1 iter_args(%b = %a) -> (i1) {
      %x = memref.load %m[%i, %j] : memref<?x5xf32>
      %y = memref.load %expected[%i, %j] : memref<?x5xf32>
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

memref.global "private" constant @lengths : memref<3xindex> = dense<[13, 11, 5]>
memref.global "private" constant @offsets : memref<14xindex> = dense<[0, 3, 6, 9, 12, 15, 17, 19, 21, 23, 25, 27, 28, 29]>
