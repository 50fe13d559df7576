// One step of $cell, its two states in and out.
func.func @f(%x: tensor<${I}xf32>, %h: tensor<${H}xf32>, %c: tensor<${H}xf32>) -> (tensor<${H}xf32>, tensor<${H}xf32>) {
  %y, %h1, %c1 = rnn.step @$cell "layer0" (%x) state(%h, %c) : (tensor<${I}xf32>, tensor<${H}xf32>, tensor<${H}xf32>) -> (tensor<${H}xf32>, tensor<${H}xf32>, tensor<${H}xf32>)
  return %h1, %c1 : tensor<${H}xf32>, tensor<${H}xf32>
}
