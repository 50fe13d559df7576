// RUN: not ravel-opt %s -rnn-set-precision=type=f16 2>&1 | FileCheck %s

// CHECK: rnn-set-precision: type must be f32 or f64, but is f16
