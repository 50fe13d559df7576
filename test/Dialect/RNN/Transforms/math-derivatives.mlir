// RUN: ravel-opt %s -rnn-differentiate=wrt=0 -convert-math-to-llvm -convert-math-to-libm -convert-arith-to-llvm -convert-func-to-llvm -reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main -entry-point-result=i64 | FileCheck %s

// Each derivative in the table against a central difference. The result has a
// bit for each that is wrong, in the order of `main`.

// CHECK: {{^}}0{{$}}

// 0 where the slope of %f at %x, from %grad, is that of the chord.
func.func private @check(%f: (f64) -> f64, %grad: (f64, f64) -> (f64, f64), %x: f64) -> i64 {
  %step = arith.constant 1.0e-6 : f64
  %tolerance = arith.constant 1.0e-7 : f64
  %weight = arith.constant 2.0 : f64
  %half_width = arith.mulf %weight, %step : f64
  %right = arith.addf %x, %step : f64
  %left = arith.subf %x, %step : f64
  %above = call_indirect %f(%right) : (f64) -> f64
  %below = call_indirect %f(%left) : (f64) -> f64
  %rise = arith.subf %above, %below : f64
  %chord = arith.divf %rise, %half_width : f64
  %l, %slope = call_indirect %grad(%x, %weight) : (f64, f64) -> (f64, f64)
  %expected = arith.mulf %weight, %chord : f64
  %error = arith.subf %slope, %expected : f64
  %size = math.absf %error : f64
  %good = arith.cmpf olt, %size, %tolerance : f64
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %result = arith.select %good, %zero, %one : i64
  return %result : i64
}

func.func private @f_absf(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.absf %x : f64
  return %y : f64
}
func.func private @f_acos(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.acos %x : f64
  return %y : f64
}
func.func private @f_acosh(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.acosh %x : f64
  return %y : f64
}
func.func private @f_asin(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.asin %x : f64
  return %y : f64
}
func.func private @f_asinh(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.asinh %x : f64
  return %y : f64
}
func.func private @f_atan(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.atan %x : f64
  return %y : f64
}
func.func private @f_atanh(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.atanh %x : f64
  return %y : f64
}
func.func private @f_cbrt(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.cbrt %x : f64
  return %y : f64
}
func.func private @f_ceil(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.ceil %x : f64
  return %y : f64
}
func.func private @f_cos(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.cos %x : f64
  return %y : f64
}
func.func private @f_cosh(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.cosh %x : f64
  return %y : f64
}
func.func private @f_erf(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.erf %x : f64
  return %y : f64
}
func.func private @f_erfc(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.erfc %x : f64
  return %y : f64
}
func.func private @f_exp(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.exp %x : f64
  return %y : f64
}
func.func private @f_exp2(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.exp2 %x : f64
  return %y : f64
}
func.func private @f_expm1(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.expm1 %x : f64
  return %y : f64
}
func.func private @f_floor(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.floor %x : f64
  return %y : f64
}
func.func private @f_log(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.log %x : f64
  return %y : f64
}
func.func private @f_log10(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.log10 %x : f64
  return %y : f64
}
func.func private @f_log1p(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.log1p %x : f64
  return %y : f64
}
func.func private @f_log2(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.log2 %x : f64
  return %y : f64
}
func.func private @f_negf(%x: f64) -> f64 attributes {rnn.objective} {
  %y = arith.negf %x : f64
  return %y : f64
}
func.func private @f_round(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.round %x : f64
  return %y : f64
}
func.func private @f_roundeven(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.roundeven %x : f64
  return %y : f64
}
func.func private @f_rsqrt(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.rsqrt %x : f64
  return %y : f64
}
func.func private @f_sin(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.sin %x : f64
  return %y : f64
}
func.func private @f_sinh(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.sinh %x : f64
  return %y : f64
}
func.func private @f_sqrt(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.sqrt %x : f64
  return %y : f64
}
func.func private @f_tan(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.tan %x : f64
  return %y : f64
}
func.func private @f_tanh(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.tanh %x : f64
  return %y : f64
}
func.func private @f_trunc(%x: f64) -> f64 attributes {rnn.objective} {
  %y = math.trunc %x : f64
  return %y : f64
}
func.func private @f_addf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.addf %x, %c : f64
  return %y : f64
}
func.func private @f_addf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.addf %c, %x : f64
  return %y : f64
}
func.func private @f_subf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.subf %x, %c : f64
  return %y : f64
}
func.func private @f_subf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.subf %c, %x : f64
  return %y : f64
}
func.func private @f_mulf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.mulf %x, %c : f64
  return %y : f64
}
func.func private @f_mulf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.mulf %c, %x : f64
  return %y : f64
}
func.func private @f_divf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.divf %x, %c : f64
  return %y : f64
}
func.func private @f_divf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.divf %c, %x : f64
  return %y : f64
}
func.func private @f_remf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.remf %x, %c : f64
  return %y : f64
}
func.func private @f_remf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 4.1 : f64
  %y = arith.remf %c, %x : f64
  return %y : f64
}
func.func private @f_maximumf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.maximumf %x, %c : f64
  return %y : f64
}
func.func private @f_maximumf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.maximumf %c, %x : f64
  return %y : f64
}
func.func private @f_minimumf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.minimumf %x, %c : f64
  return %y : f64
}
func.func private @f_minimumf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.minimumf %c, %x : f64
  return %y : f64
}
func.func private @f_maxnumf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.maxnumf %x, %c : f64
  return %y : f64
}
func.func private @f_maxnumf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.maxnumf %c, %x : f64
  return %y : f64
}
func.func private @f_minnumf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.minnumf %x, %c : f64
  return %y : f64
}
func.func private @f_minnumf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = arith.minnumf %c, %x : f64
  return %y : f64
}
func.func private @f_atan2_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.atan2 %x, %c : f64
  return %y : f64
}
func.func private @f_atan2_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.atan2 %c, %x : f64
  return %y : f64
}
func.func private @f_copysign_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.copysign %x, %c : f64
  return %y : f64
}
func.func private @f_copysign_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.copysign %c, %x : f64
  return %y : f64
}
func.func private @f_powf_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.powf %x, %c : f64
  return %y : f64
}
func.func private @f_powf_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.powf %c, %x : f64
  return %y : f64
}
func.func private @f_fma_0(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.fma %x, %c, %c : f64
  return %y : f64
}
func.func private @f_fma_1(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.fma %c, %x, %c : f64
  return %y : f64
}
func.func private @f_fma_2(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %y = math.fma %c, %c, %x : f64
  return %y : f64
}
func.func private @f_square(%x: f64) -> f64 attributes {rnn.objective} {
  %y = arith.mulf %x, %x : f64
  return %y : f64
}
func.func private @f_select_left(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %t = arith.cmpf olt, %x, %c : f64
  %y = arith.select %t, %x, %c : f64
  return %y : f64
}
func.func private @f_select_right(%x: f64) -> f64 attributes {rnn.objective} {
  %c = arith.constant 1.7 : f64
  %t = arith.cmpf ogt, %x, %c : f64
  %y = arith.select %t, %c, %x : f64
  return %y : f64
}

func.func private @f_absf_grad(f64, f64) -> (f64, f64)
func.func private @f_acos_grad(f64, f64) -> (f64, f64)
func.func private @f_acosh_grad(f64, f64) -> (f64, f64)
func.func private @f_asin_grad(f64, f64) -> (f64, f64)
func.func private @f_asinh_grad(f64, f64) -> (f64, f64)
func.func private @f_atan_grad(f64, f64) -> (f64, f64)
func.func private @f_atanh_grad(f64, f64) -> (f64, f64)
func.func private @f_cbrt_grad(f64, f64) -> (f64, f64)
func.func private @f_ceil_grad(f64, f64) -> (f64, f64)
func.func private @f_cos_grad(f64, f64) -> (f64, f64)
func.func private @f_cosh_grad(f64, f64) -> (f64, f64)
func.func private @f_erf_grad(f64, f64) -> (f64, f64)
func.func private @f_erfc_grad(f64, f64) -> (f64, f64)
func.func private @f_exp_grad(f64, f64) -> (f64, f64)
func.func private @f_exp2_grad(f64, f64) -> (f64, f64)
func.func private @f_expm1_grad(f64, f64) -> (f64, f64)
func.func private @f_floor_grad(f64, f64) -> (f64, f64)
func.func private @f_log_grad(f64, f64) -> (f64, f64)
func.func private @f_log10_grad(f64, f64) -> (f64, f64)
func.func private @f_log1p_grad(f64, f64) -> (f64, f64)
func.func private @f_log2_grad(f64, f64) -> (f64, f64)
func.func private @f_negf_grad(f64, f64) -> (f64, f64)
func.func private @f_round_grad(f64, f64) -> (f64, f64)
func.func private @f_roundeven_grad(f64, f64) -> (f64, f64)
func.func private @f_rsqrt_grad(f64, f64) -> (f64, f64)
func.func private @f_sin_grad(f64, f64) -> (f64, f64)
func.func private @f_sinh_grad(f64, f64) -> (f64, f64)
func.func private @f_sqrt_grad(f64, f64) -> (f64, f64)
func.func private @f_tan_grad(f64, f64) -> (f64, f64)
func.func private @f_tanh_grad(f64, f64) -> (f64, f64)
func.func private @f_trunc_grad(f64, f64) -> (f64, f64)
func.func private @f_addf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_addf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_subf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_subf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_mulf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_mulf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_divf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_divf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_remf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_remf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_maximumf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_maximumf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_minimumf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_minimumf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_maxnumf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_maxnumf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_minnumf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_minnumf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_atan2_left_grad(f64, f64) -> (f64, f64)
func.func private @f_atan2_right_grad(f64, f64) -> (f64, f64)
func.func private @f_copysign_left_grad(f64, f64) -> (f64, f64)
func.func private @f_copysign_right_grad(f64, f64) -> (f64, f64)
func.func private @f_powf_left_grad(f64, f64) -> (f64, f64)
func.func private @f_powf_right_grad(f64, f64) -> (f64, f64)
func.func private @f_fma_0_grad(f64, f64) -> (f64, f64)
func.func private @f_fma_1_grad(f64, f64) -> (f64, f64)
func.func private @f_fma_2_grad(f64, f64) -> (f64, f64)
func.func private @f_square_grad(f64, f64) -> (f64, f64)
func.func private @f_select_left_grad(f64, f64) -> (f64, f64)
func.func private @f_select_right_grad(f64, f64) -> (f64, f64)

func.func @main() -> i64 {
  %two = arith.constant 2 : i64
  %r0 = arith.constant 0 : i64

  %x0 = arith.constant 0.7 : f64
  %f0 = constant @f_select_right : (f64) -> f64
  %g0 = constant @f_select_right_grad : (f64, f64) -> (f64, f64)
  %c0 = call @check(%f0, %g0, %x0) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s0 = arith.muli %r0, %two : i64
  %r1 = arith.addi %s0, %c0 : i64

  %x1 = arith.constant 0.7 : f64
  %f1 = constant @f_select_left : (f64) -> f64
  %g1 = constant @f_select_left_grad : (f64, f64) -> (f64, f64)
  %c1 = call @check(%f1, %g1, %x1) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s1 = arith.muli %r1, %two : i64
  %r2 = arith.addi %s1, %c1 : i64

  %x2 = arith.constant 0.7 : f64
  %f2 = constant @f_square : (f64) -> f64
  %g2 = constant @f_square_grad : (f64, f64) -> (f64, f64)
  %c2 = call @check(%f2, %g2, %x2) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s2 = arith.muli %r2, %two : i64
  %r3 = arith.addi %s2, %c2 : i64

  %x3 = arith.constant 0.7 : f64
  %f3 = constant @f_fma_2 : (f64) -> f64
  %g3 = constant @f_fma_2_grad : (f64, f64) -> (f64, f64)
  %c3 = call @check(%f3, %g3, %x3) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s3 = arith.muli %r3, %two : i64
  %r4 = arith.addi %s3, %c3 : i64

  %x4 = arith.constant 0.7 : f64
  %f4 = constant @f_fma_1 : (f64) -> f64
  %g4 = constant @f_fma_1_grad : (f64, f64) -> (f64, f64)
  %c4 = call @check(%f4, %g4, %x4) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s4 = arith.muli %r4, %two : i64
  %r5 = arith.addi %s4, %c4 : i64

  %x5 = arith.constant 0.7 : f64
  %f5 = constant @f_fma_0 : (f64) -> f64
  %g5 = constant @f_fma_0_grad : (f64, f64) -> (f64, f64)
  %c5 = call @check(%f5, %g5, %x5) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s5 = arith.muli %r5, %two : i64
  %r6 = arith.addi %s5, %c5 : i64

  %x6 = arith.constant 0.7 : f64
  %f6 = constant @f_powf_right : (f64) -> f64
  %g6 = constant @f_powf_right_grad : (f64, f64) -> (f64, f64)
  %c6 = call @check(%f6, %g6, %x6) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s6 = arith.muli %r6, %two : i64
  %r7 = arith.addi %s6, %c6 : i64

  %x7 = arith.constant 0.7 : f64
  %f7 = constant @f_powf_left : (f64) -> f64
  %g7 = constant @f_powf_left_grad : (f64, f64) -> (f64, f64)
  %c7 = call @check(%f7, %g7, %x7) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s7 = arith.muli %r7, %two : i64
  %r8 = arith.addi %s7, %c7 : i64

  %x8 = arith.constant 0.7 : f64
  %f8 = constant @f_copysign_right : (f64) -> f64
  %g8 = constant @f_copysign_right_grad : (f64, f64) -> (f64, f64)
  %c8 = call @check(%f8, %g8, %x8) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s8 = arith.muli %r8, %two : i64
  %r9 = arith.addi %s8, %c8 : i64

  %x9 = arith.constant 0.7 : f64
  %f9 = constant @f_copysign_left : (f64) -> f64
  %g9 = constant @f_copysign_left_grad : (f64, f64) -> (f64, f64)
  %c9 = call @check(%f9, %g9, %x9) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s9 = arith.muli %r9, %two : i64
  %r10 = arith.addi %s9, %c9 : i64

  %x10 = arith.constant 0.7 : f64
  %f10 = constant @f_atan2_right : (f64) -> f64
  %g10 = constant @f_atan2_right_grad : (f64, f64) -> (f64, f64)
  %c10 = call @check(%f10, %g10, %x10) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s10 = arith.muli %r10, %two : i64
  %r11 = arith.addi %s10, %c10 : i64

  %x11 = arith.constant 0.7 : f64
  %f11 = constant @f_atan2_left : (f64) -> f64
  %g11 = constant @f_atan2_left_grad : (f64, f64) -> (f64, f64)
  %c11 = call @check(%f11, %g11, %x11) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s11 = arith.muli %r11, %two : i64
  %r12 = arith.addi %s11, %c11 : i64

  %x12 = arith.constant 0.7 : f64
  %f12 = constant @f_minnumf_right : (f64) -> f64
  %g12 = constant @f_minnumf_right_grad : (f64, f64) -> (f64, f64)
  %c12 = call @check(%f12, %g12, %x12) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s12 = arith.muli %r12, %two : i64
  %r13 = arith.addi %s12, %c12 : i64

  %x13 = arith.constant 0.7 : f64
  %f13 = constant @f_minnumf_left : (f64) -> f64
  %g13 = constant @f_minnumf_left_grad : (f64, f64) -> (f64, f64)
  %c13 = call @check(%f13, %g13, %x13) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s13 = arith.muli %r13, %two : i64
  %r14 = arith.addi %s13, %c13 : i64

  %x14 = arith.constant 0.7 : f64
  %f14 = constant @f_maxnumf_right : (f64) -> f64
  %g14 = constant @f_maxnumf_right_grad : (f64, f64) -> (f64, f64)
  %c14 = call @check(%f14, %g14, %x14) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s14 = arith.muli %r14, %two : i64
  %r15 = arith.addi %s14, %c14 : i64

  %x15 = arith.constant 0.7 : f64
  %f15 = constant @f_maxnumf_left : (f64) -> f64
  %g15 = constant @f_maxnumf_left_grad : (f64, f64) -> (f64, f64)
  %c15 = call @check(%f15, %g15, %x15) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s15 = arith.muli %r15, %two : i64
  %r16 = arith.addi %s15, %c15 : i64

  %x16 = arith.constant 0.7 : f64
  %f16 = constant @f_minimumf_right : (f64) -> f64
  %g16 = constant @f_minimumf_right_grad : (f64, f64) -> (f64, f64)
  %c16 = call @check(%f16, %g16, %x16) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s16 = arith.muli %r16, %two : i64
  %r17 = arith.addi %s16, %c16 : i64

  %x17 = arith.constant 0.7 : f64
  %f17 = constant @f_minimumf_left : (f64) -> f64
  %g17 = constant @f_minimumf_left_grad : (f64, f64) -> (f64, f64)
  %c17 = call @check(%f17, %g17, %x17) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s17 = arith.muli %r17, %two : i64
  %r18 = arith.addi %s17, %c17 : i64

  %x18 = arith.constant 0.7 : f64
  %f18 = constant @f_maximumf_right : (f64) -> f64
  %g18 = constant @f_maximumf_right_grad : (f64, f64) -> (f64, f64)
  %c18 = call @check(%f18, %g18, %x18) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s18 = arith.muli %r18, %two : i64
  %r19 = arith.addi %s18, %c18 : i64

  %x19 = arith.constant 0.7 : f64
  %f19 = constant @f_maximumf_left : (f64) -> f64
  %g19 = constant @f_maximumf_left_grad : (f64, f64) -> (f64, f64)
  %c19 = call @check(%f19, %g19, %x19) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s19 = arith.muli %r19, %two : i64
  %r20 = arith.addi %s19, %c19 : i64

  %x20 = arith.constant 0.7 : f64
  %f20 = constant @f_remf_right : (f64) -> f64
  %g20 = constant @f_remf_right_grad : (f64, f64) -> (f64, f64)
  %c20 = call @check(%f20, %g20, %x20) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s20 = arith.muli %r20, %two : i64
  %r21 = arith.addi %s20, %c20 : i64

  %x21 = arith.constant 4.1 : f64
  %f21 = constant @f_remf_left : (f64) -> f64
  %g21 = constant @f_remf_left_grad : (f64, f64) -> (f64, f64)
  %c21 = call @check(%f21, %g21, %x21) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s21 = arith.muli %r21, %two : i64
  %r22 = arith.addi %s21, %c21 : i64

  %x22 = arith.constant 0.7 : f64
  %f22 = constant @f_divf_right : (f64) -> f64
  %g22 = constant @f_divf_right_grad : (f64, f64) -> (f64, f64)
  %c22 = call @check(%f22, %g22, %x22) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s22 = arith.muli %r22, %two : i64
  %r23 = arith.addi %s22, %c22 : i64

  %x23 = arith.constant 0.7 : f64
  %f23 = constant @f_divf_left : (f64) -> f64
  %g23 = constant @f_divf_left_grad : (f64, f64) -> (f64, f64)
  %c23 = call @check(%f23, %g23, %x23) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s23 = arith.muli %r23, %two : i64
  %r24 = arith.addi %s23, %c23 : i64

  %x24 = arith.constant 0.7 : f64
  %f24 = constant @f_mulf_right : (f64) -> f64
  %g24 = constant @f_mulf_right_grad : (f64, f64) -> (f64, f64)
  %c24 = call @check(%f24, %g24, %x24) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s24 = arith.muli %r24, %two : i64
  %r25 = arith.addi %s24, %c24 : i64

  %x25 = arith.constant 0.7 : f64
  %f25 = constant @f_mulf_left : (f64) -> f64
  %g25 = constant @f_mulf_left_grad : (f64, f64) -> (f64, f64)
  %c25 = call @check(%f25, %g25, %x25) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s25 = arith.muli %r25, %two : i64
  %r26 = arith.addi %s25, %c25 : i64

  %x26 = arith.constant 0.7 : f64
  %f26 = constant @f_subf_right : (f64) -> f64
  %g26 = constant @f_subf_right_grad : (f64, f64) -> (f64, f64)
  %c26 = call @check(%f26, %g26, %x26) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s26 = arith.muli %r26, %two : i64
  %r27 = arith.addi %s26, %c26 : i64

  %x27 = arith.constant 0.7 : f64
  %f27 = constant @f_subf_left : (f64) -> f64
  %g27 = constant @f_subf_left_grad : (f64, f64) -> (f64, f64)
  %c27 = call @check(%f27, %g27, %x27) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s27 = arith.muli %r27, %two : i64
  %r28 = arith.addi %s27, %c27 : i64

  %x28 = arith.constant 0.7 : f64
  %f28 = constant @f_addf_right : (f64) -> f64
  %g28 = constant @f_addf_right_grad : (f64, f64) -> (f64, f64)
  %c28 = call @check(%f28, %g28, %x28) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s28 = arith.muli %r28, %two : i64
  %r29 = arith.addi %s28, %c28 : i64

  %x29 = arith.constant 0.7 : f64
  %f29 = constant @f_addf_left : (f64) -> f64
  %g29 = constant @f_addf_left_grad : (f64, f64) -> (f64, f64)
  %c29 = call @check(%f29, %g29, %x29) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s29 = arith.muli %r29, %two : i64
  %r30 = arith.addi %s29, %c29 : i64

  %x30 = arith.constant 0.7 : f64
  %f30 = constant @f_trunc : (f64) -> f64
  %g30 = constant @f_trunc_grad : (f64, f64) -> (f64, f64)
  %c30 = call @check(%f30, %g30, %x30) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s30 = arith.muli %r30, %two : i64
  %r31 = arith.addi %s30, %c30 : i64

  %x31 = arith.constant 0.7 : f64
  %f31 = constant @f_tanh : (f64) -> f64
  %g31 = constant @f_tanh_grad : (f64, f64) -> (f64, f64)
  %c31 = call @check(%f31, %g31, %x31) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s31 = arith.muli %r31, %two : i64
  %r32 = arith.addi %s31, %c31 : i64

  %x32 = arith.constant 0.7 : f64
  %f32 = constant @f_tan : (f64) -> f64
  %g32 = constant @f_tan_grad : (f64, f64) -> (f64, f64)
  %c32 = call @check(%f32, %g32, %x32) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s32 = arith.muli %r32, %two : i64
  %r33 = arith.addi %s32, %c32 : i64

  %x33 = arith.constant 0.7 : f64
  %f33 = constant @f_sqrt : (f64) -> f64
  %g33 = constant @f_sqrt_grad : (f64, f64) -> (f64, f64)
  %c33 = call @check(%f33, %g33, %x33) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s33 = arith.muli %r33, %two : i64
  %r34 = arith.addi %s33, %c33 : i64

  %x34 = arith.constant 0.7 : f64
  %f34 = constant @f_sinh : (f64) -> f64
  %g34 = constant @f_sinh_grad : (f64, f64) -> (f64, f64)
  %c34 = call @check(%f34, %g34, %x34) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s34 = arith.muli %r34, %two : i64
  %r35 = arith.addi %s34, %c34 : i64

  %x35 = arith.constant 0.7 : f64
  %f35 = constant @f_sin : (f64) -> f64
  %g35 = constant @f_sin_grad : (f64, f64) -> (f64, f64)
  %c35 = call @check(%f35, %g35, %x35) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s35 = arith.muli %r35, %two : i64
  %r36 = arith.addi %s35, %c35 : i64

  %x36 = arith.constant 0.7 : f64
  %f36 = constant @f_rsqrt : (f64) -> f64
  %g36 = constant @f_rsqrt_grad : (f64, f64) -> (f64, f64)
  %c36 = call @check(%f36, %g36, %x36) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s36 = arith.muli %r36, %two : i64
  %r37 = arith.addi %s36, %c36 : i64

  %x37 = arith.constant 0.7 : f64
  %f37 = constant @f_roundeven : (f64) -> f64
  %g37 = constant @f_roundeven_grad : (f64, f64) -> (f64, f64)
  %c37 = call @check(%f37, %g37, %x37) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s37 = arith.muli %r37, %two : i64
  %r38 = arith.addi %s37, %c37 : i64

  %x38 = arith.constant 0.7 : f64
  %f38 = constant @f_round : (f64) -> f64
  %g38 = constant @f_round_grad : (f64, f64) -> (f64, f64)
  %c38 = call @check(%f38, %g38, %x38) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s38 = arith.muli %r38, %two : i64
  %r39 = arith.addi %s38, %c38 : i64

  %x39 = arith.constant 0.7 : f64
  %f39 = constant @f_negf : (f64) -> f64
  %g39 = constant @f_negf_grad : (f64, f64) -> (f64, f64)
  %c39 = call @check(%f39, %g39, %x39) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s39 = arith.muli %r39, %two : i64
  %r40 = arith.addi %s39, %c39 : i64

  %x40 = arith.constant 0.7 : f64
  %f40 = constant @f_log2 : (f64) -> f64
  %g40 = constant @f_log2_grad : (f64, f64) -> (f64, f64)
  %c40 = call @check(%f40, %g40, %x40) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s40 = arith.muli %r40, %two : i64
  %r41 = arith.addi %s40, %c40 : i64

  %x41 = arith.constant 0.7 : f64
  %f41 = constant @f_log1p : (f64) -> f64
  %g41 = constant @f_log1p_grad : (f64, f64) -> (f64, f64)
  %c41 = call @check(%f41, %g41, %x41) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s41 = arith.muli %r41, %two : i64
  %r42 = arith.addi %s41, %c41 : i64

  %x42 = arith.constant 0.7 : f64
  %f42 = constant @f_log10 : (f64) -> f64
  %g42 = constant @f_log10_grad : (f64, f64) -> (f64, f64)
  %c42 = call @check(%f42, %g42, %x42) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s42 = arith.muli %r42, %two : i64
  %r43 = arith.addi %s42, %c42 : i64

  %x43 = arith.constant 0.7 : f64
  %f43 = constant @f_log : (f64) -> f64
  %g43 = constant @f_log_grad : (f64, f64) -> (f64, f64)
  %c43 = call @check(%f43, %g43, %x43) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s43 = arith.muli %r43, %two : i64
  %r44 = arith.addi %s43, %c43 : i64

  %x44 = arith.constant 0.7 : f64
  %f44 = constant @f_floor : (f64) -> f64
  %g44 = constant @f_floor_grad : (f64, f64) -> (f64, f64)
  %c44 = call @check(%f44, %g44, %x44) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s44 = arith.muli %r44, %two : i64
  %r45 = arith.addi %s44, %c44 : i64

  %x45 = arith.constant 0.7 : f64
  %f45 = constant @f_expm1 : (f64) -> f64
  %g45 = constant @f_expm1_grad : (f64, f64) -> (f64, f64)
  %c45 = call @check(%f45, %g45, %x45) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s45 = arith.muli %r45, %two : i64
  %r46 = arith.addi %s45, %c45 : i64

  %x46 = arith.constant 0.7 : f64
  %f46 = constant @f_exp2 : (f64) -> f64
  %g46 = constant @f_exp2_grad : (f64, f64) -> (f64, f64)
  %c46 = call @check(%f46, %g46, %x46) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s46 = arith.muli %r46, %two : i64
  %r47 = arith.addi %s46, %c46 : i64

  %x47 = arith.constant 0.7 : f64
  %f47 = constant @f_exp : (f64) -> f64
  %g47 = constant @f_exp_grad : (f64, f64) -> (f64, f64)
  %c47 = call @check(%f47, %g47, %x47) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s47 = arith.muli %r47, %two : i64
  %r48 = arith.addi %s47, %c47 : i64

  %x48 = arith.constant 0.7 : f64
  %f48 = constant @f_erfc : (f64) -> f64
  %g48 = constant @f_erfc_grad : (f64, f64) -> (f64, f64)
  %c48 = call @check(%f48, %g48, %x48) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s48 = arith.muli %r48, %two : i64
  %r49 = arith.addi %s48, %c48 : i64

  %x49 = arith.constant 0.7 : f64
  %f49 = constant @f_erf : (f64) -> f64
  %g49 = constant @f_erf_grad : (f64, f64) -> (f64, f64)
  %c49 = call @check(%f49, %g49, %x49) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s49 = arith.muli %r49, %two : i64
  %r50 = arith.addi %s49, %c49 : i64

  %x50 = arith.constant 0.7 : f64
  %f50 = constant @f_cosh : (f64) -> f64
  %g50 = constant @f_cosh_grad : (f64, f64) -> (f64, f64)
  %c50 = call @check(%f50, %g50, %x50) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s50 = arith.muli %r50, %two : i64
  %r51 = arith.addi %s50, %c50 : i64

  %x51 = arith.constant 0.7 : f64
  %f51 = constant @f_cos : (f64) -> f64
  %g51 = constant @f_cos_grad : (f64, f64) -> (f64, f64)
  %c51 = call @check(%f51, %g51, %x51) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s51 = arith.muli %r51, %two : i64
  %r52 = arith.addi %s51, %c51 : i64

  %x52 = arith.constant 0.7 : f64
  %f52 = constant @f_ceil : (f64) -> f64
  %g52 = constant @f_ceil_grad : (f64, f64) -> (f64, f64)
  %c52 = call @check(%f52, %g52, %x52) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s52 = arith.muli %r52, %two : i64
  %r53 = arith.addi %s52, %c52 : i64

  %x53 = arith.constant 0.7 : f64
  %f53 = constant @f_cbrt : (f64) -> f64
  %g53 = constant @f_cbrt_grad : (f64, f64) -> (f64, f64)
  %c53 = call @check(%f53, %g53, %x53) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s53 = arith.muli %r53, %two : i64
  %r54 = arith.addi %s53, %c53 : i64

  %x54 = arith.constant 0.3 : f64
  %f54 = constant @f_atanh : (f64) -> f64
  %g54 = constant @f_atanh_grad : (f64, f64) -> (f64, f64)
  %c54 = call @check(%f54, %g54, %x54) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s54 = arith.muli %r54, %two : i64
  %r55 = arith.addi %s54, %c54 : i64

  %x55 = arith.constant 0.7 : f64
  %f55 = constant @f_atan : (f64) -> f64
  %g55 = constant @f_atan_grad : (f64, f64) -> (f64, f64)
  %c55 = call @check(%f55, %g55, %x55) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s55 = arith.muli %r55, %two : i64
  %r56 = arith.addi %s55, %c55 : i64

  %x56 = arith.constant 0.7 : f64
  %f56 = constant @f_asinh : (f64) -> f64
  %g56 = constant @f_asinh_grad : (f64, f64) -> (f64, f64)
  %c56 = call @check(%f56, %g56, %x56) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s56 = arith.muli %r56, %two : i64
  %r57 = arith.addi %s56, %c56 : i64

  %x57 = arith.constant 0.3 : f64
  %f57 = constant @f_asin : (f64) -> f64
  %g57 = constant @f_asin_grad : (f64, f64) -> (f64, f64)
  %c57 = call @check(%f57, %g57, %x57) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s57 = arith.muli %r57, %two : i64
  %r58 = arith.addi %s57, %c57 : i64

  %x58 = arith.constant 1.7 : f64
  %f58 = constant @f_acosh : (f64) -> f64
  %g58 = constant @f_acosh_grad : (f64, f64) -> (f64, f64)
  %c58 = call @check(%f58, %g58, %x58) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s58 = arith.muli %r58, %two : i64
  %r59 = arith.addi %s58, %c58 : i64

  %x59 = arith.constant 0.3 : f64
  %f59 = constant @f_acos : (f64) -> f64
  %g59 = constant @f_acos_grad : (f64, f64) -> (f64, f64)
  %c59 = call @check(%f59, %g59, %x59) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s59 = arith.muli %r59, %two : i64
  %r60 = arith.addi %s59, %c59 : i64

  %x60 = arith.constant -0.7 : f64
  %f60 = constant @f_absf : (f64) -> f64
  %g60 = constant @f_absf_grad : (f64, f64) -> (f64, f64)
  %c60 = call @check(%f60, %g60, %x60) : ((f64) -> f64, (f64, f64) -> (f64, f64), f64) -> i64
  %s60 = arith.muli %r60, %two : i64
  %r61 = arith.addi %s60, %c60 : i64
  return %r61 : i64
}
