// RUN: ravel-opt %s --rnn-decompose | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK:         %[[MAX:.*]] = rnn.max %[[X:.*]] : tensor<8xf32>
// CHECK:         %[[ALL:.*]] = rnn.broadcast %[[MAX]]
// CHECK:         %[[D:.*]] = arith.subf %[[X]], %[[ALL]]
// CHECK:         %[[E:.*]] = math.exp %[[D]]
// CHECK:         %[[S:.*]] = rnn.sum %[[E]]
// CHECK:         %[[I:.*]] = arith.divf %{{.*}}, %[[S]] : f32
// CHECK:         %[[B:.*]] = rnn.broadcast %[[I]]
// CHECK:         arith.mulf %[[E]], %[[B]]
func.func @softmax(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = rnn.rows ins(%a = %x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
    %s = rnn.softmax %a : tensor<8xf32>
    rnn.yield %s : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// Functions of one component each are evaluated as they are.
// CHECK-LABEL: func.func @elementwise_stays
// CHECK:         rnn.softplus
func.func @elementwise_stays(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = rnn.rows ins(%a = %x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
    %s = rnn.softplus %a : tensor<8xf32>
    rnn.yield %s : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @insert_slice
// CHECK:         %[[L:.*]] = tensor.extract_slice %[[Y:.*]][0] [2] [1]
// CHECK:         %[[R:.*]] = tensor.extract_slice %[[Y]][5] [3] [1]
// CHECK:         tensor.concat dim(0) %[[L]], %{{.*}}, %[[R]]
func.func @insert_slice(%x: tensor<?x3xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %z = rnn.rows ins(%a = %x : tensor<?x3xf32>, %b = %y : tensor<?x8xf32>) outs(%y : tensor<?x8xf32>) {
    %s = tensor.insert_slice %a into %b[2] [3] [1] : tensor<3xf32> into tensor<8xf32>
    rnn.yield %s : tensor<8xf32>
  }
  return %z : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @several_values
// CHECK:         %[[C:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK:         rnn.rows ins(%[[X:.*]] = %{{.*}}) shared(%[[S:.*]] = %[[C]] : tensor<2xf32>)
// CHECK-NEXT:      arith.addf %[[X]], %[[S]]
func.func @several_values(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = rnn.rows ins(%a = %x : tensor<?x2xf32>) outs(%x : tensor<?x2xf32>) {
    %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %s = arith.addf %a, %c : tensor<2xf32>
    rnn.yield %s : tensor<2xf32>
  }
  return %y : tensor<?x2xf32>
}
