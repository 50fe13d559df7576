// RUN: ravel-opt %s --rnn-expand-math | FileCheck %s

// CHECK-LABEL: func.func @tanh
// CHECK-NOT:     math.tanh
// CHECK:         math.fma {{.*}} : vector<8xf32>
// CHECK:         math.copysign
func.func @tanh(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.tanh %x : vector<8xf32>
  return %y : vector<8xf32>
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
