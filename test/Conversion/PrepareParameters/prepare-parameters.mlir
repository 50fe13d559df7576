// RUN: ravel-opt %s -allow-unregistered-dialect -rnn-prepare-parameters -split-input-file | FileCheck %s

// What follows from parameters alone moves to the companion, into its
// destination; what data take part in stays.

// CHECK-LABEL: func.func @f.prepare(
// CHECK-SAME: %[[W:.*]]: tensor<8x8xf32> {{{.*}}rnn.role = "parameter"}, %[[OUT:.*]]: tensor<1x8x1x8xf32> {bufferization.writable = true, rnn.role = "output"}
// CHECK-SAME: rnn.companion = @f
// CHECK: %[[P:.*]] = rnn.pack ins(%[[W]] : tensor<8x8xf32>) [0] columns 8 outs(%[[OUT]] : tensor<1x8x1x8xf32>)
// CHECK: return %[[P]]

// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[X:[^:]*]]: tensor<8x8xf32>
// CHECK-SAME: %[[P:[^:]*]]: tensor<1x8x1x8xf32> {bufferization.writable = false, rnn.role = "prepared"}
// CHECK-NOT: rnn.pack
// CHECK: %[[D:.*]] = "data"(%[[X]])
// CHECK: "use"(%[[P]], %[[D]])
func.func @f(%x: tensor<8x8xf32> {rnn.role = "input"}, %w: tensor<8x8xf32> {rnn.role = "parameter"}) {
  %e = tensor.empty() : tensor<1x8x1x8xf32>
  %p = rnn.pack ins(%w : tensor<8x8xf32>) [0] columns 8 outs(%e : tensor<1x8x1x8xf32>) -> tensor<1x8x1x8xf32>
  %d = "data"(%x) : (tensor<8x8xf32>) -> tensor<8x8xf32>
  "use"(%p, %d) : (tensor<1x8x1x8xf32>, tensor<8x8xf32>) -> ()
  return
}

// -----

// A view of a parameter is no work, and parameters of a gradient change at each
// call.

// CHECK-NOT: rnn.companion
// CHECK-LABEL: func.func @view(
func.func @view(%w: tensor<8xf32> {rnn.role = "parameter"}) {
  %v = tensor.extract_slice %w[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
  "use"(%v) : (tensor<4xf32>) -> ()
  return
}
// CHECK-LABEL: func.func @gradient(
func.func @gradient(%w: tensor<8xf32> {rnn.role = "parameter"}, %g: tensor<8xf32> {rnn.gradient = @w, rnn.role = "output"}) {
  %v = arith.negf %w : tensor<8xf32>
  "use"(%v) : (tensor<8xf32>) -> ()
  return
}

// -----

// What is computed of part of a parameter moves, too.

// CHECK-LABEL: func.func @part.prepare(
// CHECK: tensor.extract_slice
// CHECK: rnn.pack
// CHECK-LABEL: func.func @part(
// CHECK-NOT: rnn.pack
func.func @part(%w: tensor<2x3x8xf32> {rnn.role = "parameter"}) {
  %s = tensor.extract_slice %w[1, 0, 0] [1, 3, 8] [1, 1, 1] : tensor<2x3x8xf32> to tensor<3x8xf32>
  %e = tensor.empty() : tensor<1x3x1x8xi16>
  %p = rnn.pack ins(%s : tensor<3x8xf32>) [0] columns 8 outs(%e : tensor<1x3x1x8xi16>) {limit = 9} -> tensor<1x3x1x8xi16>
  "use"(%p) : (tensor<1x3x1x8xi16>) -> ()
  return
}
