// RUN: ravel-opt %s -rnn-pack-weights -split-input-file | FileCheck %s
// RUN: ravel-opt %s -rnn-pack-weights=weights=bf16 -split-input-file | FileCheck %s --check-prefix=BF16

// Products that one loop computes are packed together, each from its part of
// a concatenation.

// CHECK-LABEL: func.func @gates(
// CHECK-SAME: %[[A:[^:]*]]: tensor<64x64xf32>, %[[B:[^:]*]]: tensor<64x64xf32>
// CHECK: %[[P:.*]] = rnn.pack ins(%[[A]], %[[B]] : {{.*}}) [0, 0] columns 64 outs(%{{.*}} : tensor<8x64x2x8xf32>)
// CHECK: rnn.rows ins(%[[X:.*]] = %{{.*}}) shared({{.*}}%[[PR:[^ ]*]] = %[[P]] : tensor<8x64x2x8xf32>)
// CHECK: %[[Y:.*]] = rnn.packed_linear %[[X]], %[[PR]] : tensor<64xf32>, tensor<8x64x2x8xf32> -> tensor<128xf32>
// CHECK: tensor.extract_slice %[[Y]][0] [64] [1]
// CHECK: tensor.extract_slice %[[Y]][64] [64] [1]
// BF16-LABEL: func.func @gates(
// BF16: rnn.pack {{.*}} outs(%{{.*}} : tensor<8x64x2x8xf32>)
func.func @gates(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>, %x: tensor<?x64xf32>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = tensor.concat dim(1) %a, %b : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x128xf32>
  %y = rnn.rows ins(%xr = %x : tensor<?x64xf32>) shared(%wr = %w : tensor<64x128xf32>) outs(%out : tensor<?x64xf32>) {
    %p = rnn.linear %xr, %wr : tensor<64xf32>, tensor<64x128xf32> -> tensor<128xf32>
    %l = tensor.extract_slice %p[0] [64] [1] : tensor<128xf32> to tensor<64xf32>
    %r = tensor.extract_slice %p[64] [64] [1] : tensor<128xf32> to tensor<64xf32>
    %m = arith.mulf %l, %r : tensor<64xf32>
    rnn.yield %m : tensor<64xf32>
  }
  return %y : tensor<?x64xf32>
}

// -----

// Products of several matrices and one vector are one.

// CHECK-LABEL: func.func @matrices(
// CHECK: rnn.pack ins(%{{.*}}, %{{.*}} : {{.*}}) [0, 0] columns 64
// CHECK: rnn.packed_linear
// CHECK-NOT: rnn.linear
func.func @matrices(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>, %x: tensor<?x64xf32>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = rnn.rows ins(%xr = %x : tensor<?x64xf32>) shared(%ar = %a : tensor<64x64xf32>, %br = %b : tensor<64x64xf32>) outs(%out : tensor<?x64xf32>) {
    %l = rnn.linear %xr, %ar : tensor<64xf32>, tensor<64x64xf32> -> tensor<64xf32>
    %r = rnn.linear %xr, %br : tensor<64xf32>, tensor<64x64xf32> -> tensor<64xf32>
    %m = arith.mulf %l, %r : tensor<64xf32>
    rnn.yield %m : tensor<64xf32>
  }
  return %y : tensor<?x64xf32>
}

// -----

// A transposed matrix is packed however small it is; a size that is no multiple
// of the lanes fills whole vectors.

// CHECK-LABEL: func.func @transposed(
// CHECK: rnn.pack ins(%{{.*}} : tensor<5x8xf32>) [0] columns 5 transpose outs(%{{.*}} : tensor<1x8x1x8xf32>)
func.func @transposed(%w: tensor<5x8xf32>, %x: tensor<?x8xf32>, %out: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %y = rnn.rows ins(%xr = %x : tensor<?x8xf32>) shared(%wr = %w : tensor<5x8xf32>) outs(%out : tensor<?x5xf32>) {
    %p = rnn.linear %xr, %wr transpose : tensor<8xf32>, tensor<5x8xf32> -> tensor<5xf32>
    rnn.yield %p : tensor<5xf32>
  }
  return %y : tensor<?x5xf32>
}

// -----

// A small matrix stays.

// CHECK-LABEL: func.func @small(
// CHECK-NOT: rnn.pack
// CHECK: rnn.linear
func.func @small(%w: tensor<8x8xf32>, %x: tensor<?x8xf32>, %out: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = rnn.rows ins(%xr = %x : tensor<?x8xf32>) shared(%wr = %w : tensor<8x8xf32>) outs(%out : tensor<?x8xf32>) {
    %p = rnn.linear %xr, %wr : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
    rnn.yield %p : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

// Weights that a loop over time reads again and again are rounded, if asked.

// BF16-LABEL: func.func @step(
// BF16: rnn.pack {{.*}} outs(%{{.*}} : tensor<1x3x1x16xbf16>)
// BF16: scf.for
// BF16: rnn.packed_linear %{{.*}} : tensor<5xf32>, tensor<1x3x1x16xbf16> -> tensor<5xf32>
func.func @step(%w: tensor<5x5xf32>, %h: tensor<?x5xf32>, %steps: index) -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %last = scf.for %t = %c0 to %steps step %c1 iter_args(%s = %h) -> tensor<?x5xf32> {
    %y = rnn.rows ins(%xr = %s : tensor<?x5xf32>) shared(%wr = %w : tensor<5x5xf32>) outs(%s : tensor<?x5xf32>) {
      %p = rnn.linear %xr, %wr : tensor<5xf32>, tensor<5x5xf32> -> tensor<5xf32>
      rnn.yield %p : tensor<5xf32>
    }
    scf.yield %y : tensor<?x5xf32>
  } {rnn.time}
  return %last : tensor<?x5xf32>
}

// -----

// The halves of a sparse matrix are packed, the numbers of inputs as integers,
// however small it is.

// CHECK-LABEL: func.func @sparse(
// CHECK-SAME: %[[W:[^:]*]]: tensor<2x3x12xf32>
// CHECK: %[[V:.*]] = tensor.extract_slice %[[W]][0, 0, 0] [1, 3, 12] [1, 1, 1]
// CHECK: %[[N:.*]] = tensor.extract_slice %[[W]][1, 0, 0] [1, 3, 12] [1, 1, 1]
// CHECK: rnn.pack ins(%[[V]] : {{.*}}) [0] columns 12 outs(%{{.*}} : tensor<2x3x1x8xf32>)
// CHECK: rnn.pack ins(%[[N]] : {{.*}}) [0] columns 12 outs(%{{.*}} : tensor<2x3x1x8xi16>) {limit = 64 : i64}
// CHECK: rnn.packed_sparse_linear %{{.*}} : tensor<64xf32>, tensor<2x3x1x8xf32>, tensor<2x3x1x8xi16> -> tensor<12xf32>
func.func @sparse(%w: tensor<2x3x12xf32>, %x: tensor<?x64xf32>, %out: tensor<?x12xf32>) -> tensor<?x12xf32> {
  %y = rnn.rows ins(%xr = %x : tensor<?x64xf32>) shared(%wr = %w : tensor<2x3x12xf32>) outs(%out : tensor<?x12xf32>) {
    %p = rnn.sparse_linear %xr, %wr : tensor<64xf32>, tensor<2x3x12xf32> -> tensor<12xf32>
    rnn.yield %p : tensor<12xf32>
  }
  return %y : tensor<?x12xf32>
}
