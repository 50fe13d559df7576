// RUN: ravel-opt %s -rnn-instantiate=predictions=loss -canonicalize | FileCheck %s
// RUN: ravel-opt %s -rnn-instantiate=predictions=carried_loss -canonicalize | FileCheck %s --check-prefix=CARRY
// RUN: ravel-opt %s -rnn-instantiate=predictions=class_loss -canonicalize | FileCheck %s --check-prefix=CLASS

// The prediction, under the name of what it should equal; no loss.
// CHECK-LABEL: func.func @loss.predictions(
// CHECK-SAME:    %[[X:[^:]*]]: !rnn.seq<tensor<4xf32>>
// CHECK-SAME:    -> (!rnn.seq<tensor<2xf32>> {rnn.name = "wanted"})
// CHECK:         %[[P:.*]] = rnn.scan (%{{.*}} = %[[X]] :
// CHECK-NEXT:      rnn.linear
// CHECK-NOT:     rnn.scan
// CHECK:         return %[[P]]
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %y: !rnn.seq<tensor<2xf32>> {rnn.name = "wanted"}) -> f32 {
  %p = rnn.project "out" (%x) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<2xf32>>
  %l = rnn.mse %p, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}

// CARRY-LABEL: func.func @carried_loss.predictions(
// CARRY-SAME:    -> (tensor<4xf32> {rnn.name = "y"}, tensor<4xf32> {rnn.carry = "h"})
func.func @carried_loss(%x: tensor<4xf32>, %h: tensor<4xf32> {rnn.carry = "h"}, %y: tensor<4xf32> {rnn.name = "y"}) -> (f32, tensor<4xf32> {rnn.carry = "h"}) {
  %h1 = arith.addf %x, %h : tensor<4xf32>
  %l = rnn.mse %h1, %y : tensor<4xf32>, tensor<4xf32>
  return %l, %h1 : f32, tensor<4xf32>
}

// CLASS-LABEL: func.func @class_loss.predictions(
// CLASS-SAME:    -> (tensor<3xf32> {rnn.name = "class"})
func.func @class_loss(%x: tensor<4xf32>, %y: i32 {rnn.name = "class"}) -> f32 {
  %p = rnn.project "classes" (%x) : (tensor<4xf32>) -> tensor<3xf32>
  %l = rnn.cross_entropy %p, %y : tensor<3xf32>, i32
  return %l : f32
}
