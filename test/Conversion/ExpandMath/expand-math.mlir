// RUN: ravel-opt %s --rnn-expand-math | FileCheck %s

// The polynomial of e^-2|x|, one division, and the sign of x.
// CHECK-LABEL: func.func @tanh
// CHECK-NOT:     math.tanh
// CHECK:         %[[SIZE:.*]] = math.absf %[[X:.*]] : vector<8xf32>
// CHECK:         %[[TWICE:.*]] = arith.addf %[[SIZE]], %[[SIZE]]
// CHECK:         arith.minimumf %[[TWICE]]
// CHECK:         math.fma {{.*}} : vector<8xf32>
// CHECK:         %[[BITS:.*]] = arith.bitcast %[[X]] : vector<8xf32> to vector<8xi32>
// CHECK:         %[[SIGN:.*]] = arith.andi %[[BITS]]
// CHECK:         arith.divf
// CHECK-NOT:     arith.divf
// CHECK:         arith.ori %{{.*}}, %[[SIGN]]
func.func @tanh(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.tanh %x : vector<8xf32>
  return %y : vector<8xf32>
}

// One division, and no comparison: a NaN passes the bounds.
// CHECK-LABEL: func.func @sigmoid
// CHECK:         %[[LOW:.*]] = arith.maximumf
// CHECK:         arith.minimumf %[[LOW]]
// CHECK-NOT:     arith.cmpf
// CHECK-NOT:     arith.select
// CHECK:         arith.divf
// CHECK-NOT:     arith.divf
// CHECK:         return
func.func @sigmoid(%x: vector<8xf32>) -> vector<8xf32> {
  %y = rnn.sigmoid %x : vector<8xf32>
  return %y : vector<8xf32>
}

// The last product rounds to infinity, a subnormal number or 0.
// CHECK-LABEL: func.func @exp_of_f64
// CHECK:         %[[BITS:.*]] = arith.shli %{{.*}} : vector<4xi64>
// CHECK:         %[[POWER:.*]] = arith.bitcast %[[BITS]]
// CHECK:         %[[ONCE:.*]] = math.fma %[[POWER]], %{{.*}}, %[[POWER]]
// CHECK:         %[[TWICE:.*]] = arith.mulf %[[ONCE]], %[[POWER]]
// CHECK:         return %[[TWICE]]
func.func @exp_of_f64(%x: vector<4xf64>) -> vector<4xf64> {
  %y = math.exp %x : vector<4xf64>
  return %y : vector<4xf64>
}

// CHECK-LABEL: func.func @made_of_exp
// CHECK-NOT:     rnn.softplus
// CHECK-NOT:     rnn.gelu
// CHECK:         return
func.func @made_of_exp(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>) {
  %y = rnn.softplus %x : vector<8xf32>
  %z = rnn.gelu %x : vector<8xf32>
  return %y, %z : vector<8xf32>, vector<8xf32>
}

// CHECK-LABEL: func.func @number_of_f64
// CHECK-NOT:     math.log
// CHECK:         math.fma {{.*}} : f64
func.func @number_of_f64(%x: f64) -> f64 {
  %y = math.log %x : f64
  return %y : f64
}

// CHECK-LABEL: func.func @instruction_stays
// CHECK:         math.sqrt
func.func @instruction_stays(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.sqrt %x : vector<8xf32>
  return %y : vector<8xf32>
}
