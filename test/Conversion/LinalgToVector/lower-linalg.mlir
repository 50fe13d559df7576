// RUN: ravel-opt %s --rnn-lower-linalg --canonicalize | FileCheck %s

// Three rows of four vectors are accumulated over the rows of a block.

// CHECK-LABEL: func.func @contract
// CHECK:         %[[LEFT:.*]] = memref.alloc() {{.*}} : memref<2x256x3xf32>
// CHECK:         %[[PART:.*]] = memref.alloc() {{.*}} : memref<256x32xf32>
// CHECK:         scf.for
// CHECK:           vector.store %{{.*}}, %[[PART]]
// CHECK:           scf.for {{.*}} iter_args
// CHECK-COUNT-12:    vector.fma
// CHECK-NOT:         vector.fma
// CHECK:             scf.yield
#lhs = affine_map<(i, j, r) -> (r, i)>
#rhs = affine_map<(i, j, r) -> (r, j)>
#out = affine_map<(i, j, r) -> (i, j)>
func.func @contract(%x: memref<?x6xf32>, %g: memref<?x32xf32>, %w: memref<6x32xf32>) {
  linalg.contract indexing_maps = [#lhs, #rhs, #out]
      ins(%x, %g : memref<?x6xf32>, memref<?x32xf32>) outs(%w : memref<6x32xf32>)
  return
}

// CHECK-LABEL: func.func @reduce
// CHECK:         scf.for {{.*}} iter_args
// CHECK:           arith.addf {{.*}} : vector<8xf32>
func.func @reduce(%g: memref<?x8xf32>, %b: memref<8xf32>) {
  linalg.reduce { arith.addf } ins(%g : memref<?x8xf32>) outs(%b : memref<8xf32>) dimensions = [0]
  return
}

// CHECK-LABEL: func.func @fill_and_copy
// CHECK:         vector.store
// CHECK:         vector.load
// CHECK-NOT:     memref.copy
func.func @fill_and_copy(%v: f32, %a: memref<?x8xf32>, %b: memref<?x8xf32>) {
  linalg.fill ins(%v : f32) outs(%a : memref<?x8xf32>)
  memref.copy %a, %b : memref<?x8xf32> to memref<?x8xf32>
  memref.copy %b, %b : memref<?x8xf32> to memref<?x8xf32>
  return
}
