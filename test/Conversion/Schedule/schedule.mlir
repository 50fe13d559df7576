// RUN: ravel-opt %s --rnn-schedule | FileCheck %s
// RUN: ravel-opt %s --rnn-schedule="vector-width=512 num-registers=32" | FileCheck %s --check-prefix=WIDE
// RUN: ravel-opt %s --rnn-schedule="first-cache=65536 second-cache=131072" | FileCheck %s --check-prefix=CACHES
// RUN: ravel-opt %s --rnn-schedule="rows=2 vectors=3 depth=64 panel-rows=10" | FileCheck %s --check-prefix=GIVEN

// Twelve sums, three factors and one vector of weights fill sixteen registers.
// 128 components of 32 columns are half of a first cache of 32 KB.

// CHECK-LABEL:  func.func @long_product(
// CHECK:          schedule = #rnn.schedule<lanes = 8, panel = 96, stages = [<block = [3, 4], row = 8, depths = [128]>]>
// WIDE-LABEL:   func.func @long_product(
// WIDE:           schedule = #rnn.schedule<lanes = 16, panel = 96, stages = [<block = [6, 4], row = 4, depths = [64]>]>
// CACHES-LABEL: func.func @long_product(
// CACHES:         schedule = #rnn.schedule<lanes = 8, panel = 36, stages = [<block = [3, 4], row = 8, depths = [256]>]>
// GIVEN-LABEL:  func.func @long_product(
// GIVEN:          schedule = #rnn.schedule<lanes = 8, panel = 12, stages = [<block = [2, 3], row = 3, depths = [64]>]>
func.func @long_product(%x: memref<?x512xf32>, %W: memref<512x64xf32>, %y: memref<?x64xf32>) {
  rnn.rows ins(%a = %x : memref<?x512xf32>) shared(%Wr = %W : memref<512x64xf32>) outs(%y : memref<?x64xf32>) {
    %p = rnn.linear %a, %Wr : tensor<512xf32>, tensor<512x64xf32> -> tensor<64xf32>
    rnn.yield %p : tensor<64xf32>
  }
  return
}

// Weights that fit the first cache are taken in one go.

// CHECK-LABEL: func.func @short_product(
// CHECK:         schedule = #rnn.schedule<lanes = 8, panel = 96, stages = [<block = [6, 2], row = 2, depths = [0]>]>
func.func @short_product(%x: memref<?x8xf32>, %W: memref<8x16xf32>, %y: memref<?x16xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) shared(%Wr = %W : memref<8x16xf32>) outs(%y : memref<?x16xf32>) {
    %p = rnn.linear %a, %Wr : tensor<8xf32>, tensor<8x16xf32> -> tensor<16xf32>
    rnn.yield %p : tensor<16xf32>
  }
  return
}

// A kernel without products takes row after row.

// CHECK-LABEL: func.func @elementwise(
// CHECK:         schedule = #rnn.schedule<lanes = 8, panel = 1, stages = [<block = [1, 2], row = 2>]>
func.func @elementwise(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
    %b = arith.mulf %a, %a : tensor<8xf32>
    rnn.yield %b : tensor<8xf32>
  }
  return
}

// CHECK-LABEL: func.func @keeps_its_own(
// CHECK:         schedule = #rnn.schedule<lanes = 4, panel = 2, stages = [<block = [1, 1], row = 1>]>
func.func @keeps_its_own(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
      attributes {schedule = #rnn.schedule<lanes = 4, panel = 2, stages = [<block = [1, 1], row = 1>]>} {
    rnn.yield %a : tensor<8xf32>
  }
  return
}
