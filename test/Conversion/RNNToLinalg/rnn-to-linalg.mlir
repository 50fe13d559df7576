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

// CHECK-LABEL: func.func @scatter
// CHECK:         scf.for %[[R:.*]] = {{.*}} iter_args(%[[M:.*]] =
// CHECK:           %[[I:.*]] = tensor.extract %{{.*}}[%[[R]]]
// CHECK:           %[[ROW:.*]] = tensor.extract_slice %[[M]][%{{.*}}, 0] [1, 16] [1, 1]
// CHECK:           %[[NEW:.*]] = rnn.rows {{.*}} outs(%[[ROW]] : tensor<1x16xf32>)
// CHECK:           tensor.insert_slice %[[NEW]] into %[[M]]
func.func @scatter(%g: tensor<?x16xf32>, %i: tensor<?xi32>) -> tensor<10x16xf32> {
  %y = rnn.scatter %g at %i : tensor<?x16xf32>, tensor<?xi32> -> tensor<10x16xf32>
  return %y : tensor<10x16xf32>
}
