// RUN: ravel-opt %s -rnn-instantiate -verify-diagnostics -split-input-file

// The sizes of a cell that can't agree: both places are named.
rnn.cell @add(%x) state(%h) {
  // expected-error @below {{sizes can't agree: 2 and 3 must be equal here}}
  %s = arith.addf %x, %h : tensor<?xf32>
  rnn.yield %s state(%s)
}
func.func @sizes(%x: tensor<2xf32>, %h: tensor<3xf32>) -> tensor<3xf32> {
  // expected-note @below {{size 2 comes from here}}
  // expected-note @below {{size 3 comes from here}}
  %y, %h1 = rnn.step @add "a"(%x) state(%h) : (tensor<2xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %y : tensor<3xf32>
}

// -----

rnn.cell @two_sizes(%x: tensor<?xf32>) {
  %a = rnn.gate "a" tanh(%x) : tensor<3xf32>
  %b = rnn.gate "b" tanh(%x) : tensor<4xf32>
  %ao = rnn.gate "ao" tanh(%x) : tensor<?xf32>
  // expected-error @below {{sizes can't agree: 7 here, but 6 elsewhere}}
  %bo = tensor.concat dim(0) %a, %b : (tensor<3xf32>, tensor<4xf32>) -> tensor<?xf32>
  %s = arith.addf %ao, %bo : tensor<?xf32>
  rnn.yield %s
}
func.func @joined(%x: tensor<2xf32>) -> tensor<6xf32> {
  // expected-note @below {{size 6 comes from here}}
  %y = rnn.step @two_sizes "a"(%x) : (tensor<2xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

rnn.cell @join(%x) {
  %p = rnn.param "p" : tensor<?xf32>
  // expected-error @below {{sizes can't agree: the parts known have 3 components, but the whole has 2}}
  %y = tensor.concat dim(0) %x, %p : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  rnn.yield %y
}
func.func @part_larger_than_whole(%x: tensor<3xf32>) -> tensor<2xf32> {
  // expected-note @below {{size 2 comes from here}}
  %y = rnn.step @join "a"(%x) : (tensor<3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// A vector of unknown size gets that of the state; a matrix has none to get.
rnn.cell @unused_matrix(%x) {
  // expected-error @below {{the size of this value can't be inferred; it is 'tensor<?x?xf32>'}}
  %p = rnn.param "p" : tensor<?x?xf32>
  rnn.yield %x
}
func.func @size_of_matrix(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-note @below {{in this use of the cell}}
  %y = rnn.step @unused_matrix "a"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// expected-note @below {{it is defined here}}
rnn.cell @elman(%x) state(%h, %c) {
  %h1 = rnn.gate "g" tanh(%x, %h, %c) : tensor<?xf32>
  %y = rnn.project "y"(%h1) : tensor<?xf32>
  rnn.yield %y state(%h1, %c)
}
func.func @size_of_state(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  // expected-error @below {{the size of state #0 of cell @elman can't be inferred from this use; give its initial value or ask for it as a result}}
  %y = rnn.unroll @elman "a"(%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

func.func @reused_with_another_shape(%x: tensor<3xf32>) -> tensor<4xf32> {
  // expected-note @below {{it is first used here}}
  // expected-note @below {{expected type: 'tensor<3x4xf32>'}}
  %y = rnn.project "p"(%x) : (tensor<3xf32>) -> tensor<4xf32>
  // expected-error @below {{parameter 'p.weight.0' is reused with another shape}}
  // expected-note @below {{  actual type: 'tensor<4x4xf32>'}}
  %z = rnn.project "p"(%y) : (tensor<4xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @trainable_and_frozen(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-note @below {{it is first used here}}
  %y = rnn.project "p"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  // expected-error @below {{parameter 'p.weight.0' is trainable in one use and frozen in another}}
  %z = rnn.project "p"(%y) {trainable = false} : (tensor<3xf32>) -> tensor<3xf32>
  return %z : tensor<3xf32>
}

// -----

// expected-note @below {{by this}}
func.func @gain() -> tensor<3xf32> {
  // expected-error @below {{the name of parameter 'gain' is taken}}
  %p = rnn.param "gain" : tensor<3xf32>
  return %p : tensor<3xf32>
}

// -----

func.func @no_name() -> tensor<3xf32> {
  // expected-error @below {{a parameter needs a name}}
  %p = rnn.param "" : tensor<3xf32>
  return %p : tensor<3xf32>
}

// -----

rnn.cell @itself(%x) {
  // expected-error @below {{cell @itself uses itself}}
  %y = rnn.step @itself "inner"(%x) : (tensor<?xf32>) -> tensor<?xf32>
  rnn.yield %y
}
func.func @recursive_cell(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = rnn.step @itself "a"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @recursive_function(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{function @recursive_function calls itself}}
  %y = call @recursive_function(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func private @elsewhere(tensor<3xf32>) -> tensor<3xf32>
func.func @call_of_declaration(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{call of @elsewhere, which has no body in this module}}
  %y = call @elsewhere(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @unlinked(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>> {
  // expected-error @below {{unknown cell @nowhere; a rnn.cell of that name must be in the module or in the prelude}}
  %y = rnn.unroll @nowhere "a"(%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return %y : !rnn.seq<tensor<3xf32>>
}

// -----

// expected-error @below {{sizes must be given in functions, but an argument is '!rnn.seq<tensor<?xf32>>'}}
func.func @open_argument(%x: !rnn.seq<tensor<?xf32>>) {
  return
}

// -----

// expected-error @below {{a model speaks of vectors and numbers of f32 or f64, of i32, and of sequences of these, but an argument is 'index'}}
func.func @index_argument(%x: index) {
  return
}

// -----

// expected-error @below {{a model speaks of vectors and numbers of f32 or f64, of i32, and of sequences of these, but an argument is 'memref<3xf32>'}}
func.func @memref_argument(%x: memref<3xf32>) {
  return
}

// -----

// expected-error @below {{a model speaks of vectors and numbers of f32 or f64, of i32, and of sequences of these, but a result is 'i1'}}
func.func @flag(%x: f32) -> i1 {
  %b = arith.cmpf ogt, %x, %x : f32
  return %b : i1
}

// -----

// expected-error @below {{a function of a model must be one block}}
func.func @blocks(%x: f32) -> f32 {
  cf.br ^bb1
^bb1:
  return %x : f32
}

// -----

// expected-error @below {{a function of a model must be one block}}
func.func private @callee(%x: f32) -> f32 {
  cf.br ^bb1
^bb1:
  return %x : f32
}
func.func @blocks_of_callee(%x: f32) -> f32 {
  %y = call @callee(%x) : (f32) -> f32
  return %y : f32
}

// -----

func.func @control_flow(%x: f32) -> f32 {
  %b = arith.cmpf ogt, %x, %x : f32
  // expected-error @below {{'scf.if' can't stand in a model; its control flow is that of rnn.unroll, rnn.decode and rnn.scan}}
  %y = scf.if %b -> f32 {
    scf.yield %x : f32
  } else {
    scf.yield %x : f32
  }
  return %y : f32
}

// -----

// expected-error @below {{a model speaks of vectors and numbers of f32 or f64, of i32, and of sequences of these, but an argument is 'tensor<3xf16>'}}
func.func @half(%x: tensor<3xf16>) {
  return
}

// -----

// expected-error @below {{a model speaks of vectors and numbers of f32 or f64, of i32, and of sequences of these, but a result is 'tensor<3x3xf32>'}}
func.func @matrix_result() -> tensor<3x3xf32> {
  %p = rnn.param "p" : tensor<3x3xf32>
  return %p : tensor<3x3xf32>
}

// -----

// expected-error @below {{a vector must have components, but an argument is 'tensor<0xf32>'}}
func.func @no_components(%x: tensor<0xf32>) {
  return
}

// -----

func.func @no_components_inside(%x: tensor<3xf32>) {
  // expected-error @below {{a vector must have components, but this is 'tensor<0xf32>'}}
  %y = rnn.project "p"(%x) : (tensor<3xf32>) -> tensor<0xf32>
  return
}

// -----

func.func @last_of_matrices(%x: !rnn.seq<tensor<2x3xf32>>) {
  // expected-error @below {{'rnn.last' op needs a sequence of vectors or floats, but its elements are 'tensor<2x3xf32>'}}
  %y = rnn.last %x : !rnn.seq<tensor<2x3xf32>>
  return
}

// -----

func.func @sum_of_indices(%x: !rnn.seq<i32>) -> i32 {
  // expected-error @below {{'rnn.sum_over_time' op needs a sequence of vectors or floats, but its elements are 'i32'}}
  %y = rnn.sum_over_time %x : !rnn.seq<i32>
  return %y : i32
}

// -----

func.func @mean_of_indices(%x: !rnn.seq<i32>) -> i32 {
  // expected-error @below {{'rnn.mean_over_time' op needs a sequence of vectors or floats, but its elements are 'i32'}}
  %y = rnn.mean_over_time %x : !rnn.seq<i32>
  return %y : i32
}

// -----

func.func @max_of_indices(%x: !rnn.seq<i32>) -> i32 {
  // expected-error @below {{'rnn.max_over_time' op needs a sequence of vectors or floats, but its elements are 'i32'}}
  %y = rnn.max_over_time %x : !rnn.seq<i32>
  return %y : i32
}

// -----

func.func @inside_first() {
  return
}
// expected-error @below {{a model is one module; none may stand in another}}
module {
}

// -----

rnn.cell @leaky(%x) state(%h) {
  %a = rnn.hyper "leak" 0.25 : tensor<?xf32>
  %h1 = arith.mulf %a, %h : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
func.func @unknown_setting(%x: tensor<4xf32>, %h: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{cell @leaky has no setting "leek"; it has leak}}
  %y, %h1 = rnn.step @leaky "a" (%x) state(%h) {settings = {leek = 0.5}} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<4xf32>
}

// -----

rnn.cell @leaky(%x) state(%h) {
  %a = rnn.hyper "leak" 0.25 : tensor<?xf32>
  %h1 = arith.mulf %a, %h : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
func.func @setting_of_a_wrong_kind(%x: tensor<4xf32>, %h: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{setting "leak" is a number, but is "much"}}
  %y, %h1 = rnn.step @leaky "a" (%x) state(%h) {settings = {leak = "much"}} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<4xf32>
}

// -----

rnn.cell @drawn(%x) state(%h) {
  // expected-error@+1 {{C3: 'topology' is "star"; expected one of random, ring, delay_line, small_world}}
  %u = rnn.project "w" (%h) {bias = false, trainable = false, init = #rnn.reservoir<topology = #rnn.setting<"topology", "ring">>} : tensor<?xf32>
  %h1 = arith.addf %u, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
func.func @setting_that_the_initializer_refuses(%x: tensor<4xf32>, %h: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note@+1 {{in this use of the cell}}
  %y, %h1 = rnn.step @drawn "a" (%x) state(%h) {settings = {topology = "star"}} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<4xf32>
}

// -----

rnn.cell @drawn(%x) state(%h) {
  %u = rnn.project "w" (%h) {bias = false, trainable = false, init = #rnn.reservoir<density = #rnn.setting<"density", 0.5>>} : tensor<?xf32>
  %h1 = arith.addf %u, %x : tensor<?xf32>
  rnn.yield %h1 state(%h1)
}
func.func @setting_that_is_no_value(%x: tensor<4xf32>, %h: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{setting "density" is a number or a word, but is unit}}
  %y, %h1 = rnn.step @drawn "a" (%x) state(%h) {settings = {density}} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<4xf32>
}
