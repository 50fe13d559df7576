// One step of $cell, its state in and out.
func.func @f(%x: tensor<${I}xf32>, %h: tensor<${H}xf32>) -> tensor<${H}xf32> {
  %y, %h1 = rnn.step @$cell "layer0" (%x) state(%h) : (tensor<${I}xf32>, tensor<${H}xf32>) -> (tensor<${H}xf32>, tensor<${H}xf32>)
  return %h1 : tensor<${H}xf32>
}
