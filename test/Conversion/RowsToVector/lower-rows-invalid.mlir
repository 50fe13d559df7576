// RUN: ravel-opt %s --rnn-schedule --rnn-lower-rows --split-input-file --verify-diagnostics

func.func @on_tensors(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error@below {{must be bufferized before it is lowered}}
  %y = rnn.rows ins(%a = %x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
    rnn.yield %a : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

func.func @not_decomposed(%x: memref<?x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
    // expected-error@below {{has no evaluation by rows and columns}}
    %s = rnn.softmax %a : tensor<8xf32>
    rnn.yield %s : tensor<8xf32>
  }
  return
}

// -----

func.func @transposed(%x: memref<?x8xf32>, %w: memref<8x8xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) shared(%wr = %w : memref<8x8xf32>) outs(%x : memref<?x8xf32>) {
    // expected-error@below {{must be packed before it is lowered, for columns of a transposed matrix aren't vectors}}
    %p = rnn.linear %a, %wr transpose : tensor<8xf32>, tensor<8x8xf32> -> tensor<8xf32>
    rnn.yield %p : tensor<8xf32>
  }
  return
}

// -----

func.func @other_lanes(%x: memref<?x8xf32>, %w: memref<2x8x1x4xf32>) {
  rnn.rows ins(%a = %x : memref<?x8xf32>) shared(%wr = %w : memref<2x8x1x4xf32>) outs(%x : memref<?x8xf32>) {
    // expected-error@below {{has weights packed for 4 lanes; the kernel has 8}}
    %p = rnn.packed_linear %a, %wr : tensor<8xf32>, tensor<2x8x1x4xf32> -> tensor<8xf32>
    rnn.yield %p : tensor<8xf32>
  }
  return
}

// -----

func.func @pack_tensors(%w: tensor<8x8xf32>, %e: tensor<1x8x1x8xf32>) -> tensor<1x8x1x8xf32> {
  // expected-error@below {{must be bufferized before it is lowered}}
  %p = rnn.pack ins(%w : tensor<8x8xf32>) [0] columns 8 outs(%e : tensor<1x8x1x8xf32>) -> tensor<1x8x1x8xf32>
  return %p : tensor<1x8x1x8xf32>
}

// -----

func.func @no_such_stage(%x: memref<?x8xf32>) {
  // expected-error@below {{has a schedule of 2 stages; it has 1}}
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>)
      attributes {schedule = #rnn.schedule<lanes = 8, panel = 1, stages = [<block = [1, 2], row = 2>, <block = [1, 2], row = 2>]>} {
    rnn.yield %a : tensor<8xf32>
  }
  return
}

// -----

func.func @no_such_product(%x: memref<?x8xf32>) {
  // expected-error@below {{has a schedule with 1 depths for stage 0, which has 0 groups of products}}
  rnn.rows ins(%a = %x : memref<?x8xf32>) outs(%x : memref<?x8xf32>)
      attributes {schedule = #rnn.schedule<lanes = 8, panel = 1, stages = [<block = [1, 2], row = 2, depths = [64]>]>} {
    rnn.yield %a : tensor<8xf32>
  }
  return
}
