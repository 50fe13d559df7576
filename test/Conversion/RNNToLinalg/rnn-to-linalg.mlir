// RUN: ravel-opt %s --convert-rnn-to-linalg | FileCheck %s

// CHECK-LABEL: func.func @contract
// CHECK:         %[[Z:.*]] = linalg.fill
// CHECK:         linalg.contract indexing_maps = [{{.*}}] ins(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x16xf32>) outs(%[[Z]] : tensor<8x16xf32>)
func.func @contract(%x: tensor<?x8xf32>, %g: tensor<?x16xf32>) -> tensor<8x16xf32> {
  %y = rnn.contract %x, %g : tensor<?x8xf32>, tensor<?x16xf32> -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// CHECK-LABEL: func.func @total
// CHECK:         linalg.reduce ins(%{{.*}} : tensor<?x16xf32>) outs(%{{.*}} : tensor<16xf32>) dimensions = [0]
func.func @total(%g: tensor<?x16xf32>) -> tensor<16xf32> {
  %y = rnn.total %g : tensor<?x16xf32> -> tensor<16xf32>
  return %y : tensor<16xf32>
}

// CHECK-LABEL: func.func @total_of_numbers
// CHECK:         %[[S:.*]] = linalg.reduce ins(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<f32>) dimensions = [0]
// CHECK:         tensor.extract %{{.*}}[] : tensor<f32>
func.func @total_of_numbers(%g: tensor<?xf32>) -> f32 {
  %y = rnn.total %g : tensor<?xf32> -> f32
  return %y : f32
}

// A matrix that is read in slices is computed slice by slice.
// CHECK-LABEL: func.func @slices_of_contract
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x8xf32>, %[[G:[^:]*]]: tensor<?x16xf32>
// CHECK:         %[[RIGHT:.*]] = tensor.extract_slice %[[G]][0, 10] [%{{.*}}, 6] [1, 1]
// CHECK:         linalg.contract {{.*}} ins(%[[X]], %[[RIGHT]] : {{.*}}) outs(%{{.*}} : tensor<8x6xf32>)
// CHECK:         %[[TOP:.*]] = tensor.extract_slice %[[X]][0, 0] [%{{.*}}, 2] [1, 1]
// CHECK:         linalg.contract {{.*}} ins(%[[TOP]], %[[G]] : {{.*}}) outs(%{{.*}} : tensor<2x16xf32>)
func.func @slices_of_contract(%x: tensor<?x8xf32>, %g: tensor<?x16xf32>) -> (tensor<2x16xf32>, tensor<8x6xf32>) {
  %y = rnn.contract %x, %g : tensor<?x8xf32>, tensor<?x16xf32> -> tensor<8x16xf32>
  %a = tensor.extract_slice %y[0, 0] [2, 16] [1, 1] : tensor<8x16xf32> to tensor<2x16xf32>
  %b = tensor.extract_slice %y[0, 10] [8, 6] [1, 1] : tensor<8x16xf32> to tensor<8x6xf32>
  return %a, %b : tensor<2x16xf32>, tensor<8x6xf32>
}

// CHECK-LABEL: func.func @scatter
// CHECK:         scf.for %[[R:.*]] = {{.*}} iter_args(%[[M:.*]] =
// CHECK:           %[[I:.*]] = tensor.extract %{{.*}}[%[[R]]]
// CHECK:           %[[ROW:.*]] = tensor.extract_slice %[[M]][%{{.*}}, 0] [1, 16] [1, 1] : tensor<10x16xf32> to tensor<16xf32>
// CHECK:           %[[NEW:.*]] = linalg.add {{.*}} outs(%[[ROW]] : tensor<16xf32>)
// CHECK:           tensor.insert_slice %[[NEW]] into %[[M]]
func.func @scatter(%g: tensor<?x16xf32>, %i: tensor<?xi32>) -> tensor<10x16xf32> {
  %y = rnn.scatter %g at %i : tensor<?x16xf32>, tensor<?xi32> -> tensor<10x16xf32>
  return %y : tensor<10x16xf32>
}

// Weights are written into zeros, each into the row that its number says.

// CHECK-LABEL: func.func @densify(
// CHECK: linalg.fill
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: %[[R:.*]] = arith.index_castui
// CHECK: tensor.insert %{{.*}} into %{{.*}}[%[[R]], %{{.*}}]
func.func @densify(%w: tensor<2x3x12xf32>) -> tensor<64x12xf32> {
  %d = rnn.densify %w : tensor<2x3x12xf32> -> tensor<64x12xf32>
  return %d : tensor<64x12xf32>
}

// What is symmetric is computed in parts of columns down to the diagonal, and
// mirrored.

// CHECK-LABEL: func.func @symmetric(
// CHECK: linalg.contract {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x128xf64>, tensor<?x128xf64>) outs(%{{.*}} : tensor<128x128xf64>)
// CHECK: linalg.contract {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x256xf64>, tensor<?x128xf64>) outs(%{{.*}} : tensor<256x128xf64>)
// CHECK: linalg.contract {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x384xf64>, tensor<?x128xf64>) outs(%{{.*}} : tensor<384x128xf64>)
// CHECK: linalg.contract {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x400xf64>, tensor<?x16xf64>) outs(%{{.*}} : tensor<400x16xf64>)
// CHECK-NOT: linalg.contract
// CHECK: scf.for %[[I:.*]] = %{{.*}} to
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %[[I]]
// CHECK: %[[V:.*]] = tensor.extract %{{.*}}[%[[J]], %[[I]]]
// CHECK: tensor.insert %[[V]] into %{{.*}}[%[[I]], %[[J]]]
func.func @symmetric(%z: tensor<?x400xf64>) -> tensor<400x400xf64> {
  %g = rnn.contract %z, %z : tensor<?x400xf64>, tensor<?x400xf64> -> tensor<400x400xf64>
  return %g : tensor<400x400xf64>
}
