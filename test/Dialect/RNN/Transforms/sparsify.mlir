// RUN: ravel-opt %s -rnn-sparsify -split-input-file | FileCheck %s
// RUN: ravel-opt %s -rnn-sparsify="max-density=0.5 min-inputs=4" -split-input-file | FileCheck %s --check-prefix=ALL

// A frozen matrix of few weights keeps these alone.

// CHECK: rnn.parameter @W init(#rnn.sparse<#rnn.reservoir<density = 5.000000e-02>, 100>) frozen : tensor<2x5x80xf32>
// CHECK-LABEL: func.func @product(
// CHECK-SAME: %[[X:.*]]: tensor<100xf32>, %[[W:.*]]: tensor<2x5x80xf32> {rnn.parameter = @W}
// CHECK: rnn.sparse_linear %[[X]], %[[W]] : tensor<100xf32>, tensor<2x5x80xf32> -> tensor<80xf32>
rnn.parameter @W init(#rnn.reservoir<density = 0.05>) frozen : tensor<100x80xf32>
func.func @product(%x: tensor<100xf32>, %W: tensor<100x80xf32> {rnn.parameter = @W}) -> tensor<80xf32> {
  %y = rnn.linear %x, %W : tensor<100xf32>, tensor<100x80xf32> -> tensor<80xf32>
  return %y : tensor<80xf32>
}

// -----

// Other uses get the zeros, too.

// CHECK-LABEL: func.func @transposed(
// CHECK: %[[D:.*]] = rnn.densify %{{.*}} : tensor<2x5x80xf32> -> tensor<100x80xf32>
// CHECK: rnn.linear %{{.*}}, %[[D]] transpose
rnn.parameter @W init(#rnn.reservoir<density = 0.05>) frozen : tensor<100x80xf32>
func.func @transposed(%x: tensor<80xf32>, %W: tensor<100x80xf32> {rnn.parameter = @W}) -> tensor<100xf32> {
  %y = rnn.linear %x, %W transpose : tensor<80xf32>, tensor<100x80xf32> -> tensor<100xf32>
  return %y : tensor<100xf32>
}

// -----

// Learned, full, or small matrices stay as they are.

// CHECK-DAG: rnn.parameter @learned init(#rnn.reservoir<density = 5.000000e-02>) : tensor<100x80xf32>
// CHECK-DAG: rnn.parameter @full init(#rnn.reservoir<density = 2.000000e-01>) frozen : tensor<100x80xf32>
// CHECK-DAG: rnn.parameter @small init(#rnn.reservoir<density = 5.000000e-02>) frozen : tensor<8x80xf32>
// CHECK-DAG: rnn.parameter @other init(#rnn.zeros) frozen : tensor<100x80xf32>
// ALL-DAG: rnn.parameter @full init({{.*}}) frozen : tensor<2x20x80xf32>
// ALL-DAG: rnn.parameter @small init({{.*}}) frozen : tensor<2x1x80xf32>
rnn.parameter @learned init(#rnn.reservoir<density = 0.05>) : tensor<100x80xf32>
rnn.parameter @full init(#rnn.reservoir<density = 0.2>) frozen : tensor<100x80xf32>
rnn.parameter @small init(#rnn.reservoir<density = 0.05>) frozen : tensor<8x80xf32>
rnn.parameter @other init(#rnn.zeros) frozen : tensor<100x80xf32>
