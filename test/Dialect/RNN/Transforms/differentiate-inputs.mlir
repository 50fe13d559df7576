// RUN: ravel-opt %s -rnn-differentiate="function=loss result-name=slopes wrt=x,1" | FileCheck %s

// Gradients of the inputs named in `wrt`, each the example's own, in order of
// the arguments. Parameters are left out if they are not asked for.

rnn.parameter @a init(#rnn.zeros) : tensor<3xf32>
// CHECK-LABEL: func.func @slopes(
// CHECK-SAME:      -> (f32, !rnn.seq<tensor<3xf32>> {rnn.gradient_of = "x"}, tensor<3xf32> {rnn.gradient_of = "1"}) {
// CHECK:         %[[B:.*]]:2 = rnn.scan reverse {{.*}} -> (!rnn.seq<tensor<3xf32>>) {
// CHECK:         return %{{.*}}, %[[B]]#0, %[[B]]#1
func.func @loss(%x: !rnn.seq<tensor<3xf32>> {rnn.name = "x"}, %h0: tensor<3xf32>, %a: tensor<3xf32> {rnn.parameter = @a}) -> f32 {
  %h = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%ht = %h0 : tensor<3xf32>) -> () {
    %k = arith.mulf %a, %ht : tensor<3xf32>
    %h1 = arith.addf %k, %xt : tensor<3xf32>
    rnn.yield state(%h1) : tensor<3xf32>
  }
  %l = rnn.sum %h : tensor<3xf32>
  return %l : f32
}
