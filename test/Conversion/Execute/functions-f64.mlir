// RUN: ravel-opt %s --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-schedule=vector-width=64 --rnn-lower-rows %lower | %run | FileCheck %s

// Functions of f64: no component differs from the true value by more than five
// units in its last place.

func.func @functions(%x: memref<1x12xf64>, %exp: memref<1x12xf64>, %expm1: memref<1x12xf64>, %tanh: memref<1x12xf64>, %log1p: memref<1x12xf64>, %log: memref<1x12xf64>, %sin: memref<1x12xf64>) {
  rnn.rows ins(%a = %x : memref<1x12xf64>) outs(%exp, %expm1, %tanh, %log1p, %log, %sin : memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>) {
    %quarter = arith.constant dense<0.25> : tensor<12xf64>
    %size = math.absf %a : tensor<12xf64>
    %positive = arith.addf %size, %quarter : tensor<12xf64>
    %r0 = math.exp %a : tensor<12xf64>
    %r1 = math.expm1 %a : tensor<12xf64>
    %r2 = math.tanh %a : tensor<12xf64>
    %r3 = math.log1p %size : tensor<12xf64>
    %r4 = math.log %positive : tensor<12xf64>
    %r5 = math.sin %a : tensor<12xf64>
    rnn.yield %r0, %r1, %r2, %r3, %r4, %r5 : tensor<12xf64>, tensor<12xf64>, tensor<12xf64>, tensor<12xf64>, tensor<12xf64>, tensor<12xf64>
  }
  return
}

// Prints 1 where no component differs from what is expected by more than that.
func.func private @printI64(i64)
func.func private @printNewline()
func.func private @compare(%m: memref<1x12xf64>, %expected: memref<1x12xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 12 : index
  %true = arith.constant true
  %unit = arith.constant 1.2e-15 : f64
  %all = scf.for %j = %c0 to %n step %c1 iter_args(%a = %true) -> (i1) {
    %x = memref.load %m[%c0, %j] : memref<1x12xf64>
    %y = memref.load %expected[%c0, %j] : memref<1x12xf64>
    %d = arith.subf %x, %y : f64
    %size = math.absf %d : f64
    %scale = math.absf %y : f64
    %bound = arith.mulf %scale, %unit : f64
    %near = arith.cmpf ole, %size, %bound : f64
    %both = arith.andi %a, %near : i1
    scf.yield %both : i1
  }
  %print = arith.extui %all : i1 to i64
  call @printI64(%print) : (i64) -> ()
  call @printNewline() : () -> ()
  return
}

// CHECK: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
func.func @main() {
  %x = memref.get_global @x : memref<1x12xf64>
  %exp = memref.alloc() : memref<1x12xf64>
  %expm1 = memref.alloc() : memref<1x12xf64>
  %tanh = memref.alloc() : memref<1x12xf64>
  %log1p = memref.alloc() : memref<1x12xf64>
  %log = memref.alloc() : memref<1x12xf64>
  %sin = memref.alloc() : memref<1x12xf64>
  call @functions(%x, %exp, %expm1, %tanh, %log1p, %log, %sin) : (memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>, memref<1x12xf64>) -> ()
  %exp_e = memref.get_global @expected_exp : memref<1x12xf64>
  call @compare(%exp, %exp_e) : (memref<1x12xf64>, memref<1x12xf64>) -> ()
  %expm1_e = memref.get_global @expected_expm1 : memref<1x12xf64>
  call @compare(%expm1, %expm1_e) : (memref<1x12xf64>, memref<1x12xf64>) -> ()
  %tanh_e = memref.get_global @expected_tanh : memref<1x12xf64>
  call @compare(%tanh, %tanh_e) : (memref<1x12xf64>, memref<1x12xf64>) -> ()
  %log1p_e = memref.get_global @expected_log1p : memref<1x12xf64>
  call @compare(%log1p, %log1p_e) : (memref<1x12xf64>, memref<1x12xf64>) -> ()
  %log_e = memref.get_global @expected_log : memref<1x12xf64>
  call @compare(%log, %log_e) : (memref<1x12xf64>, memref<1x12xf64>) -> ()
  %sin_e = memref.get_global @expected_sin : memref<1x12xf64>
  call @compare(%sin, %sin_e) : (memref<1x12xf64>, memref<1x12xf64>) -> ()
  return
}

memref.global "private" constant @x : memref<1x12xf64> = dense<
  [[-700.5, -30.0, -2.5, -0.10000000000000001, -1.0000000000000001e-09, 0.0, 1.0000000000000001e-09, 0.29999999999999999, 1.0, 5.0, 25.0, 700.0]]>

// Computed in Python.
memref.global "private" constant @expected_exp : memref<1x12xf64> = dense<
  [[5.9801961186397915e-305, 9.3576229688401748e-14, 0.0820849986238988, 0.90483741803595952, 0.99999999900000003, 1.0, 1.0000000010000001, 1.3498588075760032, 2.7182818284590451, 148.4131591025766, 72004899337.38588, 1.0142320547350045e+304]]>
memref.global "private" constant @expected_expm1 : memref<1x12xf64> = dense<
  [[-1.0, -0.99999999999990641, -0.91791500137610127, -0.095162581964040427, -9.9999999949999999e-10, 0.0, 1.0000000005000001e-09, 0.34985880757600307, 1.7182818284590451, 147.4131591025766, 72004899336.38588, 1.0142320547350045e+304]]>
memref.global "private" constant @expected_tanh : memref<1x12xf64> = dense<
  [[-1.0, -1.0, -0.98661429815143031, -0.099667994624955819, -1.0000000000000001e-09, 0.0, 1.0000000000000001e-09, 0.2913126124515909, 0.76159415595576485, 0.99990920426259511, 1.0, 1.0]]>
memref.global "private" constant @expected_log1p : memref<1x12xf64> = dense<
  [[6.5532208995425156, 3.4339872044851463, 1.2527629684953681, 0.095310179804324865, 9.9999999949999999e-10, 0.0, 9.9999999949999999e-10, 0.26236426446749106, 0.69314718055994529, 1.791759469228055, 3.2580965380214821, 6.5525078870345901]]>
memref.global "private" constant @expected_log : memref<1x12xf64> = dense<
  [[6.5521511900448974, 3.4094961844768505, 1.0116009116784799, -1.0498221244986778, -1.3862943571198905, -1.3862943611198906, -1.3862943571198905, -0.59783700075562041, 0.22314355131420976, 1.6582280766035324, 3.2288261557213689, 6.5514374141402181]]>
memref.global "private" constant @expected_sin : memref<1x12xf64> = dense<
  [[-0.075091002105586419, 0.98803162409286183, -0.59847214410395655, -0.099833416646828155, -1.0000000000000001e-09, 0.0, 1.0000000000000001e-09, 0.29552020666133955, 0.8414709848078965, -0.95892427466313845, -0.13235175009777303, 0.54397052336337559]]>
