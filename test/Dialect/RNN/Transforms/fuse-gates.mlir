// RUN: ravel-opt %s -rnn-fuse-gates | FileCheck %s

// CHECK-LABEL: func.func @products(
// CHECK-SAME:    %[[H:[^:]*]]: tensor<4xf32>, %[[U:[^:]*]]: tensor<4x2xf32>, %[[V:[^:]*]]: tensor<4x3xf32>
// CHECK-NEXT:    %[[UV:.*]] = tensor.concat dim(1) %[[U]], %[[V]] : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<4x5xf32>
// CHECK-NEXT:    %[[P:.*]] = rnn.linear %[[H]], %[[UV]] : tensor<4xf32>, tensor<4x5xf32> -> tensor<5xf32>
// CHECK-NEXT:    %[[A:.*]] = tensor.extract_slice %[[P]][0] [2] [1] : tensor<5xf32> to tensor<2xf32>
// CHECK-NEXT:    %[[B:.*]] = tensor.extract_slice %[[P]][2] [3] [1] : tensor<5xf32> to tensor<3xf32>
// CHECK-NEXT:    return %[[A]], %[[B]]
func.func @products(%h: tensor<4xf32>, %U: tensor<4x2xf32>, %V: tensor<4x3xf32>) -> (tensor<2xf32>, tensor<3xf32>) {
  %0 = rnn.linear %h, %U : tensor<4xf32>, tensor<4x2xf32> -> tensor<2xf32>
  %1 = rnn.linear %h, %V : tensor<4xf32>, tensor<4x3xf32> -> tensor<3xf32>
  return %0, %1 : tensor<2xf32>, tensor<3xf32>
}

// The matrices are joined outside of the loop.
// CHECK-LABEL: func.func @in_loop(
// CHECK-NEXT:    %[[UV:.*]] = tensor.concat
// CHECK-NEXT:    rnn.scan ({{[^)]*}}) state(%[[H:[^ ]*]] =
// CHECK-NEXT:      rnn.linear %[[H]], %[[UV]]
// CHECK-NOT:       rnn.linear
// CHECK:         return
func.func @in_loop(%x: !rnn.seq<tensor<3xf32>>, %h0: tensor<3xf32>, %U: tensor<3x3xf32>, %V: tensor<3x3xf32>) -> tensor<3xf32> {
  %f = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%h = %h0 : tensor<3xf32>) -> () {
    %0 = rnn.linear %h, %U : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %1 = rnn.linear %h, %V : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    %2 = arith.mulf %0, %1 : tensor<3xf32>
    rnn.yield state(%2) : tensor<3xf32>
  }
  return %f : tensor<3xf32>
}

// x U^T + y V^T + a is one product of the vectors joined.
// CHECK-LABEL: func.func @transposed_sum(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2xf32>, %[[Y:[^:]*]]: tensor<3xf32>, %[[A:[^:]*]]: tensor<4xf32>, %[[U:[^:]*]]: tensor<4x2xf32>, %[[V:[^:]*]]: tensor<4x3xf32>
// CHECK-DAG:     %[[UV:.*]] = tensor.concat dim(1) %[[U]], %[[V]]
// CHECK-DAG:     %[[XY:.*]] = tensor.concat dim(0) %[[X]], %[[Y]]
// CHECK:         %[[P:.*]] = rnn.linear %[[XY]], %[[UV]] transpose : tensor<5xf32>, tensor<4x5xf32> -> tensor<4xf32>
// CHECK-NEXT:    %[[S:.*]] = arith.addf %[[P]], %[[A]]
// CHECK-NEXT:    return %[[S]]
func.func @transposed_sum(%x: tensor<2xf32>, %y: tensor<3xf32>, %a: tensor<4xf32>, %U: tensor<4x2xf32>, %V: tensor<4x3xf32>) -> tensor<4xf32> {
  %0 = rnn.linear %x, %U transpose : tensor<2xf32>, tensor<4x2xf32> -> tensor<4xf32>
  %1 = rnn.linear %y, %V transpose : tensor<3xf32>, tensor<4x3xf32> -> tensor<4xf32>
  %2 = arith.addf %0, %a : tensor<4xf32>
  %3 = arith.addf %2, %1 : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// CHECK-LABEL: func.func @different_vectors(
// CHECK-NOT:     tensor.concat
func.func @different_vectors(%g: tensor<4xf32>, %h: tensor<4xf32>, %U: tensor<4x2xf32>, %V: tensor<4x2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = rnn.linear %g, %U : tensor<4xf32>, tensor<4x2xf32> -> tensor<2xf32>
  %1 = rnn.linear %h, %V : tensor<4xf32>, tensor<4x2xf32> -> tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: func.func @one_matrix_twice(
// CHECK-NOT:     tensor.concat
func.func @one_matrix_twice(%h: tensor<4xf32>, %U: tensor<4x2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = rnn.linear %h, %U : tensor<4xf32>, tensor<4x2xf32> -> tensor<2xf32>
  %1 = rnn.linear %h, %U : tensor<4xf32>, tensor<4x2xf32> -> tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// A term that is used elsewhere too stays as it is.
// CHECK-LABEL: func.func @term_used_twice(
// CHECK-NOT:     tensor.concat
func.func @term_used_twice(%x: tensor<2xf32>, %y: tensor<3xf32>, %U: tensor<4x2xf32>, %V: tensor<4x3xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = rnn.linear %x, %U transpose : tensor<2xf32>, tensor<4x2xf32> -> tensor<4xf32>
  %1 = rnn.linear %y, %V transpose : tensor<3xf32>, tensor<4x3xf32> -> tensor<4xf32>
  %2 = arith.addf %0, %1 : tensor<4xf32>
  return %2, %1 : tensor<4xf32>, tensor<4xf32>
}

// In the step of a stream, products that are added become one, the longer vector
// first, and gates of the same vectors join.
// CHECK-LABEL: func.func @step(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2xf32>, %[[H:[^:]*]]: tensor<8xf32>,
// CHECK-SAME:    %[[W1:[^:]*]]: tensor<2x8xf32> {{[^,]*}}, %[[U1:[^:]*]]: tensor<8x8xf32> {{[^,]*}}, %[[W2:[^:]*]]: tensor<2x8xf32> {{[^,]*}}, %[[U2:[^:]*]]: tensor<8x8xf32>
// CHECK-DAG:     %[[M1:.*]] = tensor.concat dim(0) %[[U1]], %[[W1]]
// CHECK-DAG:     %[[M2:.*]] = tensor.concat dim(0) %[[U2]], %[[W2]]
// CHECK:         %[[V:.*]] = tensor.concat dim(0) %[[H]], %[[X]]
// CHECK:         %[[M:.*]] = tensor.concat dim(1) %[[M1]], %[[M2]]
// CHECK:         rnn.linear %[[V]], %[[M]] : tensor<10xf32>, tensor<10x16xf32> -> tensor<16xf32>
// CHECK-NOT:     rnn.linear
func.func @step(%x: tensor<2xf32>, %h: tensor<8xf32>, %W1: tensor<2x8xf32> {rnn.parameter = @W1}, %U1: tensor<8x8xf32> {rnn.parameter = @U1},
                %W2: tensor<2x8xf32> {rnn.parameter = @W2}, %U2: tensor<8x8xf32> {rnn.parameter = @U2}) -> (tensor<8xf32>, tensor<8xf32>)
    attributes {rnn.stream = {}} {
  %0 = rnn.linear %x, %W1 : tensor<2xf32>, tensor<2x8xf32> -> tensor<8xf32>
  %1 = rnn.linear %h, %U1 : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
  %2 = arith.addf %0, %1 : tensor<8xf32>
  %3 = rnn.linear %x, %W2 : tensor<2xf32>, tensor<2x8xf32> -> tensor<8xf32>
  %4 = rnn.linear %h, %U2 : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
  %5 = arith.addf %3, %4 : tensor<8xf32>
  return %2, %5 : tensor<8xf32>, tensor<8xf32>
}
