// RUN: ravel-opt %s -rnn-batch | FileCheck %s

// The pass brings the dialects it writes, where its input has none of them.
// CHECK-LABEL: func.func @constant(
// CHECK:         rnn.rows
func.func @constant() -> f32 {
  %c = arith.constant 1.0 : f32
  return %c : f32
}
