// A linear map of rows.
func.func @f(%x: tensor<2xf32>) -> tensor<1xf32> {
  %y = rnn.project "w" (%x) : (tensor<2xf32>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}
func.func @loss(%x: tensor<2xf32>, %y: tensor<1xf32>) -> f32 {
  %p = call @f(%x) : (tensor<2xf32>) -> tensor<1xf32>
  %l = rnn.mse %p, %y : tensor<1xf32>, tensor<1xf32>
  return %l : f32
}
