// RUN: ravel-opt %s -verify-diagnostics -split-input-file

// The cases are in the order of the ops; `Cn` is the constraint that a case
// violates. The others are of the kinds of operands, or of the grammar.

// C1, with no body at all.
// expected-error @below {{'rnn.cell' op region #0 ('body') failed to verify constraint: region with 1 blocks}}
rnn.cell @no_body() {
}

// -----

// expected-error @below {{empty block: expect at least a terminator}}
rnn.cell @no_yield(%x) state(%h) {
}

// -----

rnn.cell @ends_otherwise(%x) {
  // expected-error @below {{'func.return' op expects parent op 'func.func'}}
  func.return
}

// -----

// expected-error @below {{'rnn.cell' op region #0 ('body') failed to verify constraint: region with 1 blocks}}
rnn.cell @two_blocks(%x) {
  rnn.yield %x
^bb1:
  rnn.yield
}

// -----

// C1
// expected-note @below {{this state is never yielded}}
rnn.cell @state_never_yielded(%x) state(%h, %c) {
  // expected-error @below {{'rnn.yield' op C1: must yield one next state for each of the 2 states, but yields 1}}
  rnn.yield %x state(%h)
}

// -----

// C1
rnn.cell @too_many_states(%x) state(%h) {
  // expected-error @below {{'rnn.yield' op C1: must yield one next state for each of the 1 states, but yields 2}}
  rnn.yield %x state(%h, %x)
}

// -----

// C2
// expected-note @below {{expected type: 'tensor<4xf32>'}}
rnn.cell @next_state_of_another_size(%x: tensor<3xf32>) state(%h: tensor<4xf32>) {
  // expected-error @below {{'rnn.yield' op C2: next state #0 must have the type of its state}}
  // expected-note @below {{  actual type: 'tensor<3xf32>'}}
  rnn.yield state(%x) : tensor<3xf32>
}

// -----

// C2
// expected-note @below {{expected type: 'i32'}}
rnn.cell @next_state_of_another_type(%x) state(%n: i32) {
  // expected-error @below {{'rnn.yield' op C2: next state #0 must have the type of its state}}
  // expected-note @below {{  actual type: 'tensor<?xf32>'}}
  rnn.yield state(%x)
}

// -----

// C3
// expected-error @below {{'rnn.cell' op C3: inputs and states must be vectors of floats, floats or i32, but one is 'tensor<f32>'}}
// expected-note @below {{here}}
rnn.cell @rank_0_state(%x) state(%h: tensor<f32>) {
  rnn.yield state(%h) : tensor<f32>
}

// -----

// C3
// expected-error @below {{'rnn.cell' op C3: inputs and states must be vectors of floats, floats or i32, but one is 'tensor<?x?xf32>'}}
// expected-note @below {{here}}
rnn.cell @rank_2_input(%x: tensor<?x?xf32>) {
  rnn.yield
}

// -----

// C3
// expected-error @below {{'rnn.cell' op C3: inputs and states must be vectors of floats, floats or i32, but one is '!rnn.seq<f32>'}}
// expected-note @below {{here}}
rnn.cell @sequence_input(%x: !rnn.seq<f32>) {
  rnn.yield
}

// -----

// C3
// expected-error @below {{'rnn.cell' op C3: inputs and states must be vectors of floats, floats or i32, but one is 'i64'}}
// expected-note @below {{here}}
rnn.cell @i64_input(%x: i64) {
  rnn.yield
}

// -----

// expected-error @below {{'rnn.cell' op has fewer arguments than inputs}}
"rnn.cell"() <{sym_name = "negative_count", num_inputs = -1 : i64}> ({
^bb0(%x: tensor<?xf32>):
  rnn.yield
}) : () -> ()

// -----

// Cells see nothing of what surrounds them.
module {
  %x = arith.constant dense<0.0> : tensor<3xf32>
  // expected-note @below {{required by region isolation constraints}}
  rnn.cell @captures(%y) {
    // expected-error @below {{'rnn.yield' op using value defined outside the region}}
    rnn.yield %x : tensor<3xf32>
  }
}

// -----

// expected-note @below {{see existing symbol definition here}}
rnn.cell @twice() {
  rnn.yield
}
// expected-error @below {{redefinition of symbol named 'twice'}}
rnn.cell @twice() {
  rnn.yield
}

// -----

func.func @cell_in_function() {
  // expected-error @below {{'rnn.cell' op symbol's parent must have the SymbolTable trait}}
  rnn.cell @inner() {
    rnn.yield
  }
  return
}

// -----

// C1
// expected-error @below {{'rnn.optimizer' op C1: must take parameter, gradient, learning rate and step, but takes 3 inputs}}
rnn.optimizer @three_inputs(%p, %g, %lr) {
  rnn.yield %p
}

// -----

// C1
// expected-error @below {{'rnn.optimizer' op C1: must yield the updated parameter, but yields 2 outputs}}
rnn.optimizer @two_outputs(%p, %g, %lr, %t) {
  rnn.yield %p, %g
}

// -----

// C2
// expected-error @below {{'rnn.optimizer' op C2: an optimizer is elementwise; all its values must be vectors of open size, but one is 'tensor<3xf32>'}}
// expected-note @below {{here}}
rnn.optimizer @static_size(%p: tensor<3xf32>, %g, %lr, %t) {
  rnn.yield %g
}

// -----

// C2
// expected-error @below {{'rnn.optimizer' op C2: an optimizer is elementwise; all its values must be vectors of open size, but one is 'f32'}}
rnn.optimizer @scalar_output(%p, %g, %lr, %t) {
  // expected-note @below {{here}}
  %c = arith.constant 0.0 : f32
  rnn.yield %c : f32
}

// -----

// C2
// expected-error @below {{'rnn.optimizer' op C2: an optimizer is elementwise, but 'rnn.sum' is not}}
rnn.optimizer @not_elementwise(%p, %g, %lr, %t) {
  // expected-note @below {{here}}
  %s = rnn.sum %g : tensor<?xf32>
  %p1 = rnn.broadcast %s : f32 -> tensor<?xf32>
  rnn.yield %p1
}

// -----

// C2
// expected-error @below {{'rnn.optimizer' op C2: an optimizer is elementwise, but 'rnn.gate' is not}}
rnn.optimizer @with_parameters(%p, %g, %lr, %t) {
  // expected-note @below {{here}}
  %p1 = rnn.gate "g" tanh(%g) : tensor<?xf32>
  rnn.yield %p1
}

// -----

func.func @hyper_in_function() -> tensor<2xf32> {
  // expected-error @below {{'rnn.hyper' op expects parent op to be one of 'rnn.optimizer, rnn.cell'}}
  %c = rnn.hyper "decay" 0.1 : tensor<2xf32>
  return %c : tensor<2xf32>
}

// -----

func.func @yield_in_function(%x: f32) {
  // expected-error @below {{'rnn.yield' op expects parent op to be one of 'rnn.cell, rnn.optimizer, rnn.scan, rnn.segments, rnn.decode, rnn.rows, rnn.chains'}}
  rnn.yield %x : f32
}

// -----

rnn.cell @yield_types(%x) state(%h) {
  // expected-error @below {{custom op 'rnn.yield' number of operands and types do not match: got 2 operands and 1 types}}
  rnn.yield %x state(%h) : tensor<?xf32>
}

// -----

// C1
rnn.cell @gate_of_nothing() {
  // expected-error @below {{'rnn.gate' op C1: needs at least one operand}}
  %y = rnn.gate "g" tanh() : tensor<?xf32>
  rnn.yield %y
}

// -----

// C1
rnn.cell @project_of_nothing() {
  // expected-error @below {{'rnn.project' op C1: needs at least one operand}}
  %y = rnn.project "g"() : tensor<?xf32>
  rnn.yield %y
}

// -----

// C2
rnn.cell @init_is_no_initializer(%x) {
  // expected-error @below {{'rnn.gate' op C2: 'init' must be an initializer such as #rnn.glorot, but is 1.000000e+00 : f64}}
  %y = rnn.gate "g" tanh(%x) {init = 1.0} : tensor<?xf32>
  rnn.yield %y
}

// -----

// C2
rnn.cell @init_for_one_of_two(%x) {
  // expected-error @below {{'rnn.gate' op C2: 'init' must hold one initializer for each of 2 operands, but holds 1}}
  %y = rnn.gate "g" tanh(%x, %x) {init = [#rnn.glorot]} : tensor<?xf32>
  rnn.yield %y
}

// -----

// C2
rnn.cell @init_holds_no_initializer(%x) {
  // expected-error @below {{'rnn.gate' op C2: 'init' must hold initializers such as #rnn.glorot, but holds "glorot"}}
  %y = rnn.gate "g" tanh(%x) {init = ["glorot"]} : tensor<?xf32>
  rnn.yield %y
}

// -----

// C3
func.func @gate_of_sequence_and_vector(%x: !rnn.seq<tensor<2xf32>>, %y: tensor<2xf32>) {
  // expected-error @below {{'rnn.gate' op C3: operands and result must all be sequences, or none; expected a sequence, but an operand is 'tensor<2xf32>'}}
  %z = rnn.gate "g" tanh(%x, %y) : (!rnn.seq<tensor<2xf32>>, tensor<2xf32>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C3
func.func @project_of_sequence_to_vector(%x: !rnn.seq<tensor<2xf32>>) {
  // expected-error @below {{'rnn.project' op C3: operands and result must all be sequences, or none; expected a vector, but an operand is '!rnn.seq<tensor<2xf32>>'}}
  %z = rnn.project "g"(%x) : (!rnn.seq<tensor<2xf32>>) -> tensor<3xf32>
  return
}

// -----

// C4
func.func @project_to_another_element_type(%x: tensor<2xf32>) {
  // expected-error @below {{'rnn.project' op C4: operands and result must have one element type; expected 'f64', but an operand is 'tensor<2xf32>'}}
  %z = rnn.project "g"(%x) : (tensor<2xf32>) -> tensor<3xf64>
  return
}

// -----

func.func @project_of_indices(%x: !rnn.seq<i32>) {
  // expected-error @below {{'rnn.project' op operand #0 must be variadic of vector or sequence of vectors, but got '!rnn.seq<i32>'}}
  %z = rnn.project "g"(%x) : (!rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

func.func @project_of_matrix(%x: tensor<2x3xf32>) {
  // expected-error @below {{'rnn.project' op operand #0 must be variadic of vector or sequence of vectors, but got 'tensor<2x3xf32>'}}
  %z = rnn.project "g"(%x) : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @unknown_activation(%x: tensor<?xf32>) {
  // expected-error @below {{custom op 'rnn.gate' expected string or keyword containing one of the following enum values for attribute 'activation' [identity, sigmoid, tanh, relu, softplus, gelu, silu, hard_sigmoid, leaky_relu, elu, exp]}}
  %z = rnn.gate "g" swish(%x) : tensor<3xf32>
  return
}

// -----

func.func @signature_without_operand_types(%x: !rnn.seq<tensor<2xf32>>) {
  // expected-error @below {{custom op 'rnn.project' operand types are needed where the result is a sequence: (types) -> type}}
  %z = rnn.project "g"(%x) : !rnn.seq<tensor<3xf32>>
  return
}

// -----

func.func @signature_with_one_type_for_two(%x: tensor<2xf32>) {
  // expected-error @below {{custom op 'rnn.project' expected 2 operand types, but got 1}}
  %z = rnn.project "g"(%x, %x) : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @signature_with_two_results(%x: tensor<2xf32>) {
  // expected-error @below {{custom op 'rnn.project' expected one result type}}
  %z = rnn.project "g"(%x) : (tensor<2xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return
}

// -----

// C1
func.func @param_init() {
  // expected-error @below {{'rnn.param' op C1: 'init' must be an initializer such as #rnn.glorot, but is [#rnn.zeros]}}
  %p = rnn.param "p" {init = [#rnn.zeros]} : tensor<3xf32>
  return
}

// -----

func.func @param_of_rank_3() {
  // expected-error @below {{'rnn.param' op result #0 must be vector (rank-1 float tensor) or matrix (rank-2 float tensor), but got 'tensor<3x3x3xf32>'}}
  %p = rnn.param "p" : tensor<3x3x3xf32>
  return
}

// -----

func.func @constant_of_rank_2() {
  // expected-error @below {{'rnn.constant' op result #0 must be vector (rank-1 float tensor), but got 'tensor<3x3xf32>'}}
  %p = rnn.constant 1.0 : tensor<3x3xf32>
  return
}

// -----

func.func @softmax_of_number(%x: f32) {
  // expected-error @below {{'rnn.softmax' op operand #0 must be vector or sequence of vectors, but got 'f32'}}
  %y = rnn.softmax %x : f32
  return
}

// -----

// C1
func.func @dropout_of_all(%x: tensor<3xf32>) {
  // expected-error @below {{'rnn.dropout' op C1: 'rate' must be at least 0 and less than 1, but is 1.000000e+00 : f64}}
  %y = rnn.dropout %x {rate = 1.0} : tensor<3xf32>
  return
}

// -----

// C1
func.func @dropout_below_zero(%x: tensor<3xf32>) {
  // expected-error @below {{'rnn.dropout' op C1: 'rate' must be at least 0 and less than 1, but is -1.000000e-01 : f64}}
  %y = rnn.dropout %x {rate = -0.1} : tensor<3xf32>
  return
}

// -----

func.func @sum_of_sequence(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{custom op 'rnn.sum' invalid kind of type specified: expected builtin.tensor, but found '!rnn.seq<tensor<3xf32>>'}}
  %y = rnn.sum %x : !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C1
func.func @broadcast_to_another_type(%x: f32) {
  // expected-error @below {{'rnn.broadcast' op C1: the vector must be of 'f32', but is 'tensor<3xf64>'}}
  %y = rnn.broadcast %x : f32 -> tensor<3xf64>
  return
}

// -----

// C1
// expected-note @below {{but is this}}
func.func private @function()
func.func @unroll_of_function(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C1: @function must be a rnn.cell}}
  %y = rnn.unroll @function "u"(%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C2
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) state(%h) {
  rnn.yield %x state(%h)
}
func.func @unroll_with_two_inputs(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C2: cell @cell takes 1 inputs, but is given 2}}
  %y = rnn.unroll @cell "u"(%x, %x) : (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C3
// expected-note @below {{expected type: 'tensor<?xf32>'}}
rnn.cell @cell(%x) state(%h) {
  rnn.yield %x state(%h)
}
func.func @unroll_of_indices(%x: !rnn.seq<i32>) {
  // expected-error @below {{'rnn.unroll' op C3: input #0 does not fit the cell}}
  // expected-note @below {{  actual type: 'i32'}}
  %y = rnn.unroll @cell "u"(%x) : (!rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C3
// expected-note @below {{expected type: 'tensor<4xf32>'}}
rnn.cell @cell(%x: tensor<4xf32>) {
  rnn.yield
}
func.func @input_of_another_size(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C3: input #0 does not fit the cell}}
  // expected-note @below {{  actual type: 'tensor<3xf32>'}}
  rnn.unroll @cell "u"(%x) : (!rnn.seq<tensor<3xf32>>) -> ()
  return
}

// -----

// C3
// expected-note @below {{expected type: 'tensor<4xf32>'}}
rnn.cell @cell(%x) state(%h: tensor<4xf32>) {
  rnn.yield state(%h) : tensor<4xf32>
}
func.func @state_of_another_size(%x: !rnn.seq<tensor<3xf32>>, %h: tensor<3xf32>) {
  // expected-error @below {{'rnn.unroll' op C3: state #0 does not fit the cell}}
  // expected-note @below {{  actual type: 'tensor<3xf32>'}}
  %y = rnn.unroll @cell "u"(%x) state(%h) : (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

// C3
// expected-note @below {{expected type: 'tensor<4xf32>'}}
rnn.cell @cell(%x: tensor<4xf32>) {
  rnn.yield %x : tensor<4xf32>
}
func.func @result_of_another_size(%x: !rnn.seq<tensor<4xf32>>) {
  // expected-error @below {{'rnn.unroll' op C3: result #0 does not fit the cell}}
  // expected-note @below {{  actual type: 'tensor<3xf32>'}}
  %y = rnn.unroll @cell "u"(%x) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C4
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) state(%h, %c) {
  rnn.yield %x state(%h, %c)
}
func.func @one_of_two_states(%x: !rnn.seq<tensor<3xf32>>, %h: tensor<3xf32>) {
  // expected-error @below {{'rnn.unroll' op C4: cell @cell has 2 states, but is given 1}}
  %y = rnn.unroll @cell "u"(%x) state(%h) : (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C5
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) state(%h, %c) {
  rnn.yield %x state(%h, %c)
}
func.func @one_of_two_final_states(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C5: cell @cell gives 1 outputs and 2 states, but 2 results are asked for}}
  %y, %h = rnn.unroll @cell "u"(%x) : (!rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>)
  return
}

// -----

// C5
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) {
  rnn.yield %x
}
func.func @output_is_no_sequence(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C5: result #0 is an output of the cell and must be a sequence}}
  %y = rnn.unroll @cell "u"(%x) : (!rnn.seq<tensor<3xf32>>) -> tensor<3xf32>
  return
}

// -----

// C5
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) state(%h) {
  rnn.yield %x state(%h)
}
func.func @final_state_is_a_sequence(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C5: result #1 must not be a sequence}}
  %y, %h = rnn.unroll @cell "u"(%x) : (!rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>)
  return
}

// -----

// C6
rnn.cell @cell() {
  rnn.yield
}
func.func @no_input() {
  // expected-error @below {{'rnn.unroll' op C6: needs an input sequence, for it gives the length}}
  rnn.unroll @cell "u"() : () -> ()
  return
}

// -----

// C7
rnn.cell @cell(%x) {
  rnn.yield %x
}
func.func @rate_of_one(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C7: 'dropout' must be at least 0 and less than 1, but is 1.000000e+00 : f64}}
  %y = rnn.unroll @cell "u"(%x) {dropout = 1.0} : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C7
rnn.cell @cell(%x) {
  rnn.yield %x
}
func.func @rate_is_text(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C7: 'zoneout' must be at least 0 and less than 1, but is "half"}}
  %y = rnn.unroll @cell "u"(%x) {zoneout = "half"} : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C7
rnn.cell @cell(%x) {
  rnn.yield %x
}
func.func @one_bad_rate_of_two(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C7: 'state_dropout' must be at least 0 and less than 1, but is -1.000000e-01 : f64}}
  %y = rnn.unroll @cell "u"(%x) {state_dropout = [0.1, -0.1]} : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C7
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) state(%h) {
  rnn.yield %x state(%h)
}
func.func @rates_of_states_that_are_not(%x: !rnn.seq<tensor<3xf32>>, %h: tensor<3xf32>) {
  // expected-error @below {{'rnn.unroll' op C7: 'zoneout' holds 2 rates, but cell @cell has 1 states}}
  %y = rnn.unroll @cell "u"(%x) state(%h) {zoneout = [0.1, 0.1]} : (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C7
// expected-note @below {{this state}}
rnn.cell @cell(%x) state(%n: i32) {
  rnn.yield %x state(%n) : tensor<?xf32>, i32
}
func.func @zoneout_of_a_count(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.unroll' op C7: 'zoneout' applies to states that are vectors, but one is 'i32'}}
  %y = rnn.unroll @cell "u"(%x) {zoneout = 0.1} : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C8
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x, %y, %z) {
  rnn.yield %x
}
func.func @feedback_of_two_for_one_output(%x: !rnn.seq<tensor<3xf32>>, %y: tensor<3xf32>) {
  // expected-error @below {{'rnn.unroll' op C8: feedback must hold one value for each of 1 outputs, but holds 2}}
  %z = rnn.unroll @cell "u"(%x) feedback(%y, %y) : (!rnn.seq<tensor<3xf32>>, tensor<3xf32>, tensor<3xf32>) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C8
// expected-note @below {{expected type: 'tensor<?xf32>'}}
rnn.cell @cell(%x, %y) {
  rnn.yield %y
}
func.func @feedback_does_not_fit_the_input(%x: !rnn.seq<tensor<3xf32>>, %y: i32) {
  // expected-error @below {{'rnn.unroll' op C8: fed back input #1 does not fit the cell}}
  // expected-note @below {{  actual type: 'i32'}}
  %z = rnn.unroll @cell "u"(%x) feedback(%y) : (!rnn.seq<tensor<3xf32>>, i32) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C8
// expected-note @below {{expected type: 'tensor<?xf32>'}}
rnn.cell @cell(%x, %n: i32) {
  rnn.yield %x
}
func.func @feedback_does_not_fit_the_output(%x: !rnn.seq<tensor<3xf32>>, %y: i32) {
  // expected-error @below {{'rnn.unroll' op C8: fed back output #0 does not fit the cell}}
  // expected-note @below {{  actual type: 'i32'}}
  %z = rnn.unroll @cell "u"(%x) feedback(%y) : (!rnn.seq<tensor<3xf32>>, i32) -> !rnn.seq<tensor<3xf32>>
  return
}

// -----

// C8
rnn.cell @cell(%x, %y) {
  %z = rnn.gate "g" tanh(%x, %y) : tensor<?xf32>
  rnn.yield %z
}
func.func @feedback_of_another_size(%x: !rnn.seq<tensor<3xf32>>, %y: tensor<4xf32>) {
  // expected-error @below {{'rnn.unroll' op C8: the value fed back at first must have the type of output #0}}
  // expected-note @below {{expected type: 'tensor<5xf32>'}}
  // expected-note @below {{  actual type: 'tensor<4xf32>'}}
  %z = rnn.unroll @cell "u"(%x) feedback(%y) : (!rnn.seq<tensor<3xf32>>, tensor<4xf32>) -> !rnn.seq<tensor<5xf32>>
  return
}

// -----

// C4
// expected-note @below {{the cell is defined here}}
rnn.cell @cell(%x) state(%h) {
  rnn.yield %x state(%h)
}
func.func @step_without_state(%x: tensor<3xf32>) {
  // expected-error @below {{'rnn.step' op C4: a step needs all 1 states of the cell, but is given none}}
  %y = rnn.step @cell "u"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @step_of_sequence(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.step' op operand #0 must be variadic of state (vector, float or i32), but got '!rnn.seq<tensor<3xf32>>'}}
  %y = rnn.step @cell "u"(%x) : (!rnn.seq<tensor<3xf32>>) -> tensor<3xf32>
  return
}

// -----

// C1
func.func @negative_vocabulary(%i: i32) {
  // expected-error @below {{'rnn.embed' op C1: 'vocab' must be positive, but is -4}}
  %y = rnn.embed "e" %i {vocab = -4} : tensor<3xf32>
  return
}

// -----

func.func @no_vocabulary(%i: i32) {
  // expected-error @below {{'rnn.embed' op requires attribute 'vocab'}}
  %y = rnn.embed "e" %i : tensor<3xf32>
  return
}

// -----

func.func @embed_init(%i: i32) {
  // expected-error @below {{'rnn.embed' op C1: 'init' must be an initializer such as #rnn.glorot, but is [#rnn.zeros]}}
  %y = rnn.embed "e" %i {vocab = 4, init = [#rnn.zeros]} : tensor<3xf32>
  return
}

// -----

func.func @embed_with_two_results(%i: i32) {
  // expected-error @below {{custom op 'rnn.embed' expected one result type}}
  %y = rnn.embed "e" %i {vocab = 4} : (i32) -> (tensor<3xf32>, tensor<3xf32>)
  return
}

// -----

// expected-note @below {{prior use here}}
func.func @embed_of_vectors(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{use of value '%x' expects different type than prior uses: '!rnn.seq<i32>' vs '!rnn.seq<tensor<3xf32>>'}}
  %y = rnn.embed "e" %x {vocab = 4} : !rnn.seq<tensor<3xf32>>
  return
}

// -----

func.func @last_of_vector(%x: tensor<3xf32>) {
  // expected-error @below {{custom op 'rnn.last' 'operand' must be sequence, but got 'tensor<3xf32>'}}
  %y = rnn.last %x : tensor<3xf32>
  return
}

// -----

// C1
func.func @sequence_against_vector(%y: !rnn.seq<tensor<3xf32>>, %t: tensor<3xf32>) {
  // expected-error @below {{'rnn.mse' op C1: prediction and target must both be sequences, or neither}}
  %l = rnn.mse %y, %t : !rnn.seq<tensor<3xf32>>, tensor<3xf32>
  return
}

// -----

// C1
// expected-note @below {{expected type: 'tensor<3xf32>'}}
// expected-note @below {{  actual type: 'tensor<4xf32>'}}
func.func @target_of_another_size(%y: tensor<3xf32>, %t: tensor<4xf32>) {
  // expected-error @below {{'rnn.mae' op C1: prediction and target must have the same size}}
  %l = rnn.mae %y, %t : tensor<3xf32>, tensor<4xf32>
  return
}

// -----

// C2
func.func @unknown_reduction(%y: tensor<3xf32>, %t: tensor<3xf32>) {
  // expected-error @below {{'rnn.bce' op C2: 'reduction' must be "mean" or "sum", but is "max"}}
  %l = rnn.bce %y, %t {reduction = "max"} : tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @cross_entropy_with_vectors(%y: tensor<3xf32>) {
  // expected-error @below {{'rnn.cross_entropy' op operand #1 must be class index (i32) or sequence of class indices, but got 'tensor<3xf32>'}}
  %l = rnn.cross_entropy %y, %y : tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @loss_of_numbers(%y: f32) {
  // expected-error @below {{custom op 'rnn.mse' 'prediction' must be vector or sequence of vectors, but got 'f32'}}
  %l = rnn.mse %y, %y : f32, f32
  return
}

// -----

// C1
// expected-error @below {{'rnn.parameter' op C1: a parameter must be a vector or matrix of floats, of static shape, or a sparse matrix with '#rnn.sparse', but is 'f32'}}
rnn.parameter @number init(#rnn.zeros) : f32

// -----

// C1
// expected-error @below {{'rnn.parameter' op C1: a parameter must be a vector or matrix of floats, of static shape, or a sparse matrix with '#rnn.sparse', but is 'tensor<?xf32>'}}
rnn.parameter @open init(#rnn.zeros) : tensor<?xf32>

// -----

// expected-error @below {{custom op 'rnn.parameter' invalid kind of attribute specified}}
rnn.parameter @no_initializer init("zeros") : tensor<3xf32>

// -----

// C1
func.func @scan_of_nothing() {
  // expected-error @below {{'rnn.scan' op C1: needs an input sequence, for it gives the length}}
  rnn.scan () -> () {
    rnn.yield
  }
  return
}

// -----

func.func @scan_of_vector(%x: tensor<3xf32>) {
  // expected-error @below {{custom op 'rnn.scan' expected inputs to be sequences, but one is 'tensor<3xf32>'}}
  rnn.scan (%xt = %x : tensor<3xf32>) -> () {
    rnn.yield
  }
  return
}

// -----

func.func @scan_without_yield(%x: !rnn.seq<f32>) {
  // expected-error @below {{'rnn.scan' op expects a non-empty block}}
  rnn.scan (%xt = %x : !rnn.seq<f32>) -> () {
  }
  return
}

// -----

// C2
func.func @scan_arguments(%x: !rnn.seq<f32>) {
  // expected-error @below {{'rnn.scan' op C2: arguments of the body must be the inputs' elements, then the states; expected types: 'f32', actual types: 'i32'}}
  "rnn.scan"(%x) <{operandSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%xt: i32):
    rnn.yield
  }) : (!rnn.seq<f32>) -> ()
  return
}

// -----

// C3
func.func @scan_ends_otherwise(%x: !rnn.seq<f32>) {
  rnn.scan (%xt = %x : !rnn.seq<f32>) -> () {
    // expected-error @below {{'func.return' op expects parent op 'func.func'}}
    func.return
  }
  return
}

// -----

// C3
func.func @scan_state_of_another_type(%x: !rnn.seq<f32>, %s0: tensor<3xf32>) {
  %s = rnn.scan (%xt = %x : !rnn.seq<f32>) state(%st = %s0 : tensor<3xf32>) -> () {
    // expected-error @below {{'rnn.yield' op C3: next states must have the states' types; expected types: 'tensor<3xf32>', actual types: 'f32'}}
    rnn.yield state(%xt) : f32
  }
  return
}

// -----

// C3
func.func @scan_state_never_yielded(%x: !rnn.seq<f32>, %s0: tensor<3xf32>) {
  %s = rnn.scan (%xt = %x : !rnn.seq<f32>) state(%st = %s0 : tensor<3xf32>) -> () {
    // expected-error @below {{'rnn.yield' op C3: next states must have the states' types; expected types: 'tensor<3xf32>', actual types:}}
    rnn.yield
  }
  return
}

// -----

// C4
func.func @scan_results(%x: !rnn.seq<f32>) {
  // expected-error @below {{'rnn.scan' op C4: results must be sequences of the outputs, then the states; expected types: '!rnn.seq<f32>', actual types: '!rnn.seq<i32>'}}
  %y = rnn.scan (%xt = %x : !rnn.seq<f32>) -> (!rnn.seq<i32>) {
    rnn.yield %xt : f32
  }
  return
}

// -----

// C5
func.func @columnwise_product(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %U: tensor<3x3xf32>) {
  // expected-error @below {{'rnn.scan' op C5: the body is not columnwise: an op of its body is not columnwise}}
  %f = rnn.scan columnwise (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    // expected-note @below {{see 'rnn.linear'}}
    %0 = rnn.linear %s, %U : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
    rnn.yield state(%0) : tensor<3xf32>
  }
  return
}

// -----

// C5
func.func @columnwise_sizes(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>, %n0: f32) {
  // expected-error @below {{'rnn.scan' op C5: the body is not columnwise: its states and outputs must be vectors of one size, or numbers}}
  %f:2 = rnn.scan columnwise (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>, %n = %n0 : f32) -> () {
    // expected-note @below {{see 'rnn.yield'}}
    rnn.yield state(%s, %n) : tensor<3xf32>, f32
  }
  return
}

// -----

// C5
func.func @columnwise_slice(%x: !rnn.seq<tensor<3xf32>>, %s0: tensor<3xf32>) {
  // expected-error @below {{'rnn.scan' op C5: the body is not columnwise: a slice of a state mixes its columns}}
  %f = rnn.scan columnwise (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%s = %s0 : tensor<3xf32>) -> () {
    // expected-note @below {{see 'tensor.extract_slice'}}
    %0 = tensor.extract_slice %s[1] [2] [1] : tensor<3xf32> to tensor<2xf32>
    rnn.yield state(%s) : tensor<3xf32>
  }
  return
}

// -----

// C1
func.func @linear_sizes(%x: tensor<3xf32>, %W: tensor<2x4xf32>) {
  // expected-error @below {{'rnn.linear' op C1: a matrix 'tensor<2x4xf32>' takes a 'tensor<2xf32>' to a 'tensor<4xf32>', not a 'tensor<3xf32>' to a 'tensor<4xf32>'}}
  %y = rnn.linear %x, %W : tensor<3xf32>, tensor<2x4xf32> -> tensor<4xf32>
  return
}

// -----

// C1
func.func @linear_open_size(%x: tensor<?xf32>, %W: tensor<2x4xf32>) {
  // expected-error @below {{'rnn.linear' op C1: a matrix 'tensor<2x4xf32>', transposed, takes a 'tensor<4xf32>' to a 'tensor<2xf32>', not a 'tensor<?xf32>' to a 'tensor<2xf32>'}}
  %y = rnn.linear %x, %W transpose : tensor<?xf32>, tensor<2x4xf32> -> tensor<2xf32>
  return
}

// -----

// C2
func.func @linear_types(%x: tensor<2xf32>, %W: tensor<2x4xf64>) {
  // expected-error @below {{'rnn.linear' op C2: element types must agree, but are 'f32' and 'f64'}}
  %y = rnn.linear %x, %W : tensor<2xf32>, tensor<2x4xf64> -> tensor<4xf64>
  return
}

// -----

// C1
func.func @lookup_size(%W: tensor<2x4xf32>, %i: i32) {
  // expected-error @below {{'rnn.lookup' op C1: result must have as many components as the matrix has columns, 4}}
  %y = rnn.lookup %W[%i] : tensor<2x4xf32> -> tensor<3xf32>
  return
}

// -----

// C2
func.func @lookup_type(%W: tensor<2x4xf32>, %i: i32) {
  // expected-error @below {{'rnn.lookup' op C2: element types must agree, but are 'f32' and 'f64'}}
  %y = rnn.lookup %W[%i] : tensor<2x4xf32> -> tensor<4xf64>
  return
}

// -----

// C1
func.func @mask_of_all(%key: i32) {
  // expected-error @below {{'rnn.random_mask' op C1: 'rate' must be at least 0 and less than 1, but is 1.000000e+00 : f64}}
  %m = rnn.random_mask %key {rate = 1.0 : f64, site = 0 : i64} : tensor<3xf32>
  return
}

// -----

// C1
func.func @outer_sizes(%x: tensor<3xf32>) {
  // expected-error @below {{'rnn.outer' op C1: the matrix does not have the sizes of the vectors}}
  // expected-note @below {{expected type: 'tensor<3x3xf32>'}}
  // expected-note @below {{  actual type: 'tensor<3x4xf32>'}}
  %y = rnn.outer %x, %x : tensor<3xf32>, tensor<3xf32> -> tensor<3x4xf32>
  return
}

// -----

// C1
func.func @outer_types(%x: tensor<3xf32>) {
  // expected-error @below {{'rnn.outer' op C1: element types must agree, but are 'f32' and 'f64'}}
  %y = rnn.outer %x, %x : tensor<3xf32>, tensor<3xf32> -> tensor<3x3xf64>
  return
}

// -----

// C1
func.func @scatter_row_size(%x: tensor<3xf32>, %i: i32) {
  // expected-error @below {{'rnn.scatter_row' op C1: the matrix does not have the sizes of the vectors}}
  // expected-note @below {{expected type: 'tensor<9x3xf32>'}}
  // expected-note @below {{  actual type: 'tensor<9x4xf32>'}}
  %y = rnn.scatter_row %x at %i : tensor<3xf32> -> tensor<9x4xf32>
  return
}

// -----

// C1
func.func @total_type(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.total' op C1: result must be of the operand's element type 'tensor<3xf32>', but is 'tensor<4xf32>'}}
  %y = rnn.total %x : !rnn.seq<tensor<3xf32>> -> tensor<4xf32>
  return
}

// -----

// C1
func.func @contract_sizes(%x: !rnn.seq<tensor<3xf32>>) {
  // expected-error @below {{'rnn.contract' op C1: the matrix does not have the sizes of the vectors}}
  // expected-note @below {{expected type: 'tensor<3x3xf32>'}}
  // expected-note @below {{  actual type: 'tensor<3x4xf32>'}}
  %y = rnn.contract %x, %x : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>> -> tensor<3x4xf32>
  return
}

// -----

// C2
func.func @contract_of_sequence_and_vector(%x: !rnn.seq<tensor<3xf32>>, %y: tensor<3xf32>) {
  // expected-error @below {{'rnn.contract' op C2: operands must both be of one instant, both sequences or both rows, but are a sequence and one instant}}
  %z = rnn.contract %x, %y : !rnn.seq<tensor<3xf32>>, tensor<3xf32> -> tensor<3x3xf32>
  return
}

// -----

// C1
func.func @scatter_size(%x: !rnn.seq<tensor<3xf32>>, %i: !rnn.seq<i32>) {
  // expected-error @below {{'rnn.scatter' op C1: the matrix does not have the sizes of the vectors}}
  // expected-note @below {{expected type: 'tensor<9x3xf32>'}}
  // expected-note @below {{  actual type: 'tensor<9x4xf32>'}}
  %z = rnn.scatter %x at %i : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32> -> tensor<9x4xf32>
  return
}

// -----

// C2
func.func @scatter_of_rows_at_sequence(%x: tensor<?x3xf32>, %i: !rnn.seq<i32>) {
  // expected-error @below {{'rnn.scatter' op C2: operands must both be of one instant, both sequences or both rows, but are rows and a sequence}}
  %z = rnn.scatter %x at %i : tensor<?x3xf32>, !rnn.seq<i32> -> tensor<9x3xf32>
  return
}

// -----

// C1
func.func @rows_arguments(%x: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.rows' op C1: arguments of the body must be rows of the inputs, then the shared operands; expected types: 'tensor<3xf32>', actual types: 'f32'}}
  "rnn.rows"(%x, %x) <{operandSegmentSizes = array<i32: 1, 0, 1, 0, 0, 0, 0>}> ({
  ^bb0(%xr: f32):
    rnn.yield
  }) : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

// C2
func.func @rows_yield(%x: tensor<?x3xf32>) {
  %y = rnn.rows ins(%xr = %x : tensor<?x3xf32>) outs(%x : tensor<?x3xf32>) {
    // expected-error @below {{'rnn.yield' op C2: must yield one row for each output; expected types: 'tensor<3xf32>', actual types: 'tensor<3xf32>', 'tensor<3xf32>'}}
    rnn.yield %xr, %xr : tensor<3xf32>, tensor<3xf32>
  }
  return
}

// -----

// C2
func.func @rows_without_yield(%x: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.rows' op expects a non-empty block}}
  %y = rnn.rows ins(%xr = %x : tensor<?x3xf32>) outs(%x : tensor<?x3xf32>) {
  }
  return
}

// -----

// C2
func.func @rows_ends_otherwise(%x: tensor<?x3xf32>) {
  %y = rnn.rows ins(%xr = %x : tensor<?x3xf32>) outs(%x : tensor<?x3xf32>) {
    // expected-error @below {{'func.return' op expects parent op 'func.func'}}
    func.return
  }
  return
}

// -----

// C2
func.func @rows_without_output(%x: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.rows' op C2: needs at least one output, for it gives the rows}}
  "rnn.rows"(%x) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>}> ({
  ^bb0(%xr: tensor<3xf32>):
    rnn.yield
  }) : (tensor<?x3xf32>) -> ()
  return
}

// -----

// C3
func.func @rows_of_unranked(%x: tensor<*xf32>, %y: tensor<?x3xf32>) {
  // expected-error @below {{custom op 'rnn.rows' C3: expected rows of tensors or memrefs of rank 1 or more, but one is 'tensor<*xf32>'}}
  %z = rnn.rows ins(%xr = %x : tensor<*xf32>) outs(%y : tensor<?x3xf32>) {
    rnn.yield %xr : f32
  }
  return
}

// -----

// C3
func.func @rows_to_rank_0(%x: tensor<f32>) {
  // expected-error @below {{'rnn.rows' op operand #0 must be variadic of rows (ranked tensor or memref of rank 1 or more), but got 'tensor<f32>'}}
  %z = rnn.rows outs(%x : tensor<f32>) {
    rnn.yield
  }
  return
}

// -----

// C4
func.func @thread_of_how_many(%x: tensor<?x3xf32>, %id: index) {
  // expected-error @below {{'rnn.rows' op C4: a thread's number comes with the number of threads}}
  %z = "rnn.rows"(%x, %x, %id) <{operandSegmentSizes = array<i32: 1, 0, 1, 1, 0, 0, 0>}> ({
  ^bb0(%xr: tensor<3xf32>):
    rnn.yield %xr : tensor<3xf32>
  }) : (tensor<?x3xf32>, tensor<?x3xf32>, index) -> tensor<?x3xf32>
  return
}

// -----

// C5
func.func @disjoint_of_no_output(%x: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.rows' op C5: lists output 1 as disjoint, but has 1 outputs}}
  %z = rnn.rows ins(%xr = %x : tensor<?x3xf32>) outs(%x : tensor<?x3xf32>) attributes {disjoint = array<i64: 1>} {
    rnn.yield %xr : tensor<3xf32>
  }
  return
}

// -----

// C1
func.func @chains_arguments(%o: tensor<?xindex>, %s: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.chains' op C1: arguments of the body must be rows of the inputs and of the examples, the shared operands, then rows of the states; expected types: 'tensor<3xf32>', actual types: 'f32'}}
  %z = "rnn.chains"(%o, %s) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 1>}> ({
  ^bb0(%sr: f32):
    rnn.yield state(%sr) : f32
  }) : (tensor<?xindex>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

// C2
func.func @chains_without_state(%o: tensor<?xindex>, %x: tensor<?x3xf32>, %s: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.chains' op C2: the body must end in rnn.yield with a row for each output and each state, of which there is one at least; expected types: 'tensor<3xf32>', 'tensor<3xf32>'}}
  %y:2 = rnn.chains over(%o : tensor<?xindex>) outs(%x : tensor<?x3xf32>) state(%sr = %s : tensor<?x3xf32>) {
    rnn.yield %sr : tensor<3xf32>
  }
  return
}

// -----

// C2
func.func @chains_of_nothing(%o: tensor<?xindex>) {
  // expected-error @below {{'rnn.chains' op C2: the body must end in rnn.yield with a row for each output and each state, of which there is one at least; expected types:}}
  rnn.chains over(%o : tensor<?xindex>) {
    rnn.yield
  }
  return
}

// -----

// C3
func.func @chains_of_unranked(%o: tensor<?xindex>, %x: tensor<*xf32>) {
  // expected-error @below {{custom op 'rnn.chains' C3: expected rows of tensors or memrefs of rank 1 or more, but one is 'tensor<*xf32>'}}
  rnn.chains over(%o : tensor<?xindex>) ins(%xr = %x : tensor<*xf32>) {
    rnn.yield
  }
  return
}

// -----

// C4
func.func @chains_over_floats(%o: tensor<?xf32>, %s: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.chains' op C4: offsets must be a vector of index, but are 'tensor<?xf32>'}}
  %z = rnn.chains over(%o : tensor<?xf32>) state(%sr = %s : tensor<?x3xf32>) {
    rnn.yield state(%sr) : tensor<3xf32>
  }
  return
}

// -----

// C5
func.func @chains_that_mix(%o: tensor<?xindex>, %s: tensor<?x3xf32>) {
  // expected-error @below {{'rnn.chains' op C5: the body is not columnwise: an op of its body is not columnwise}}
  %z = rnn.chains over(%o : tensor<?xindex>) state(%sr = %s : tensor<?x3xf32>) {
    // expected-note @below {{see 'rnn.softmax'}}
    %0 = rnn.softmax %sr : tensor<3xf32>
    rnn.yield state(%0) : tensor<3xf32>
  }
  return
}

// -----

// expected-error @below {{element of a sequence must be a vector or matrix of floats, a float or i32, but is 'i64'}}
func.func private @sequence_of_i64(!rnn.seq<i64>)

// -----

// expected-error @below {{element of a sequence must be a vector or matrix of floats, a float or i32, but is 'tensor<2x3x4xf32>'}}
func.func private @sequence_of_rank_3(!rnn.seq<tensor<2x3x4xf32>>)

// -----

// expected-error @below {{element of a sequence must be a vector or matrix of floats, a float or i32, but is 'tensor<f32>'}}
func.func private @sequence_of_rank_0(!rnn.seq<tensor<f32>>)

// -----

// expected-error @below {{element of a sequence must be a vector or matrix of floats, a float or i32, but is '!rnn.seq<f32>'}}
func.func private @sequence_of_sequences(!rnn.seq<!rnn.seq<f32>>)

// -----

// C1
func.func @pack_shape(%w: tensor<8x16xf32>, %e: tensor<2x8x2x8xf32>) -> tensor<2x8x2x8xf32> {
  // expected-error @below {{'rnn.pack' op C1: packs 1 matrices of 8 rows and 16 columns into [ceil(columns / lanes), rows, matrices, lanes], not into 'tensor<2x8x2x8xf32>'}}
  %p = rnn.pack ins(%w : tensor<8x16xf32>) [0] columns 16 outs(%e : tensor<2x8x2x8xf32>) -> tensor<2x8x2x8xf32>
  return %p : tensor<2x8x2x8xf32>
}

// -----

// C2
func.func @pack_columns(%w: tensor<8x16xf32>, %e: tensor<2x8x1x8xf32>) -> tensor<2x8x1x8xf32> {
  // expected-error @below {{'rnn.pack' op C2: takes 8 rows and 16 columns from column 4 on, which are not there in 'tensor<8x16xf32>'}}
  %p = rnn.pack ins(%w : tensor<8x16xf32>) [4] columns 16 outs(%e : tensor<2x8x1x8xf32>) -> tensor<2x8x1x8xf32>
  return %p : tensor<2x8x1x8xf32>
}

// -----

// C3
func.func @pack_thread(%w: memref<8x16xf32>, %e: memref<2x8x1x8xf32>, %i: index) {
  // expected-error @below {{'rnn.pack' op C3: a thread's number comes with the number of threads}}
  "rnn.pack"(%w, %e, %i) <{offsets = array<i64: 0>, columns = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0>}> : (memref<8x16xf32>, memref<2x8x1x8xf32>, index) -> ()
  return
}

// -----

// C1
func.func @packed_linear(%x: tensor<8xf32>, %w: tensor<2x4x2x8xf32>) -> tensor<32xf32> {
  // expected-error @below {{'rnn.packed_linear' op C1: weights 'tensor<2x4x2x8xf32>' don't take a 'tensor<8xf32>' to a 'tensor<32xf32>'}}
  %y = rnn.packed_linear %x, %w : tensor<8xf32>, tensor<2x4x2x8xf32> -> tensor<32xf32>
  return %y : tensor<32xf32>
}

// -----

func.func @number(%x: f32) -> f32 {
  // expected-error @below {{'rnn.sigmoid' op operand #0 must be vector, sequence of vectors, or vector register, but got 'f32'}}
  %y = rnn.sigmoid %x : f32
  return %y : f32
}

// -----

// expected-error@below {{rows of a block is 0; expected 1 to 32}}
#stage = #rnn.stage<block = [0, 1], row = 2>

// -----

// expected-error@below {{a depth is 12; expected a multiple of 8, or 0}}
#stage = #rnn.stage<block = [3, 1], row = 2, depths = [12]>

// -----

// expected-error@below {{rows of a panel is 0; expected 1 to 4096}}
#schedule = #rnn.schedule<lanes = 8, panel = 0>

// -----

// C1.
func.func @segments_of_nothing(%x: !rnn.seq<f32>) {
  // expected-error @below {{C1: the length must be positive, but is 0}}
  rnn.segments of 0 (%xp = %x : !rnn.seq<f32>) -> () {
    rnn.yield
  }
  return
}

// -----

// C1.
func.func @segments_without_sequence(%k: !rnn.checkpoints<4, f32>) {
  // expected-error @below {{C1: needs an input sequence, for it gives the length}}
  rnn.segments of 4 (%kp = %k : !rnn.checkpoints<4, f32>) -> () {
    rnn.yield
  }
  return
}

// -----

// C2, in the generic form: the grammar gives arguments their types.
func.func @segments_with_other_parts(%x: !rnn.seq<f32>) {
  // expected-error @below {{C2: arguments of the body must be the inputs' parts, then the states; expected types: '!rnn.seq<f32>', actual types: 'f32'}}
  "rnn.segments"(%x) <{length = 4 : i64, operandSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%xp: f32):
    rnn.yield
  }) : (!rnn.seq<f32>) -> ()
  return
}

// -----

// C3.
func.func @segments_without_next_state(%x: !rnn.seq<f32>, %s: f32) {
  %f = rnn.segments of 4 (%xp = %x : !rnn.seq<f32>) state(%sp = %s : f32) -> () {
    // expected-error @below {{C3: next states must have the states' types; expected types: 'f32', actual types:}}
    rnn.yield
  }
  return
}

// -----

// C4.
func.func @segments_of_another_output(%x: !rnn.seq<f32>) {
  // expected-error @below {{C4: an output of type '!rnn.seq<f32>' can't make a result of type 'f32'}}
  %y = rnn.segments of 4 (%xp = %x : !rnn.seq<f32>) -> (f32) {
    rnn.yield %xp : !rnn.seq<f32>
  }
  return
}

// -----

// C4.
func.func @segments_with_too_few_results(%x: !rnn.seq<f32>) {
  // expected-error @below {{C4: results must be those of the outputs, then the states, but are}}
  rnn.segments of 4 (%xp = %x : !rnn.seq<f32>) -> () {
    rnn.yield %xp : !rnn.seq<f32>
  }
  return
}

// -----

// C5.
func.func @segments_of_other_checkpoints(%x: !rnn.seq<f32>, %k: !rnn.checkpoints<8, f32>) {
  // expected-error @below {{C5: checkpoints must be 4 instants apart, but are 8}}
  rnn.segments of 4 (%xp = %x : !rnn.seq<f32>, %kp = %k : !rnn.checkpoints<8, f32>) -> () {
    rnn.yield
  }
  return
}

// -----

// expected-error @below {{checkpoints must be at least one instant apart, but are 0}}
func.func private @checkpoints_at_no_distance() -> !rnn.checkpoints<0, f32>

// -----

func.func @no_pair(%x: tensor<8xf32>, %w: tensor<3x2x4xf32>) {
  // expected-error@+1 {{C1: a sparse matrix is [2, degree, 4], but is 'tensor<3x2x4xf32>'}}
  %y = rnn.sparse_linear %x, %w : tensor<8xf32>, tensor<3x2x4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @two_types(%x: tensor<8xf64>, %w: tensor<2x2x4xf32>) {
  // expected-error@+1 {{C2: element types must agree, but are 'f64' and 'f32'}}
  %y = rnn.sparse_linear %x, %w : tensor<8xf64>, tensor<2x2x4xf32> -> tensor<4xf64>
  return
}

// -----

func.func @too_many_inputs(%w: tensor<2x2x4xf32>) {
  // expected-error@+1 {{C3: takes 1 to 16777216 inputs, but there are 16777217}}
  %y = rnn.densify %w : tensor<2x2x4xf32> -> tensor<16777217x4xf32>
  return
}

// -----

func.func @no_limit(%w: tensor<2x8xf32>, %e: tensor<1x2x1x8xi16>) {
  // expected-error@+1 {{C4: integers are made of floats, have a limit, which is positive, and hold all numbers below}}
  %p = rnn.pack ins(%w : tensor<2x8xf32>) [0] columns 8 outs(%e : tensor<1x2x1x8xi16>) -> tensor<1x2x1x8xi16>
  return
}

// -----

func.func @large_limit(%w: tensor<2x8xf32>, %e: tensor<1x2x1x8xi16>) {
  // expected-error@+1 {{C4: integers are made of floats}}
  %p = rnn.pack ins(%w : tensor<2x8xf32>) [0] columns 8 outs(%e : tensor<1x2x1x8xi16>) {limit = 65537} -> tensor<1x2x1x8xi16>
  return
}

// -----

func.func @packed_otherwise(%x: tensor<9xf32>, %w: tensor<1x2x1x8xf32>, %i: tensor<1x3x1x8xi16>) {
  // expected-error@+1 {{C1: weights and indices are [ceil(columns / lanes), degree, matrices, lanes], but are}}
  %y = rnn.packed_sparse_linear %x, %w, %i : tensor<9xf32>, tensor<1x2x1x8xf32>, tensor<1x3x1x8xi16> -> tensor<8xf32>
  return
}

// -----

func.func @packed_of_none(%x: tensor<9xf32>, %w: tensor<1x2x0x8xf32>, %i: tensor<1x2x0x8xi16>) {
  // expected-error@+1 {{C1: weights and indices are [ceil(columns / lanes), degree, matrices, lanes], but are}}
  %y = rnn.packed_sparse_linear %x, %w, %i : tensor<9xf32>, tensor<1x2x0x8xf32>, tensor<1x2x0x8xi16> -> tensor<8xf32>
  return
}

// -----

// expected-error@+1 {{C1: a parameter must be a vector or matrix of floats}}
rnn.parameter @W init(#rnn.glorot) frozen : tensor<2x5x80xf32>

// -----

// expected-error@+1 {{C2: #rnn.sparse<#rnn.reservoir<density = 5.000000e-02>, 100> is of a frozen parameter [2, 5, outputs] with 1 to 16777216 inputs and as many weights for each output, not of 'tensor<2x4x80xf32>'}}
rnn.parameter @W init(#rnn.sparse<#rnn.reservoir<density = 0.05>, 100>) frozen : tensor<2x4x80xf32>

// -----

// expected-error@+1 {{C2: #rnn.sparse<#rnn.reservoir<density = 5.000000e-02>, 100> is of a frozen parameter}}
rnn.parameter @W init(#rnn.sparse<#rnn.reservoir<density = 0.05>, 100>) : tensor<2x5x80xf32>

// -----

// expected-error@+1 {{C2: #rnn.sparse<#rnn.reservoir, -1> is of a frozen parameter [2, degree, outputs]}}
rnn.parameter @W init(#rnn.sparse<#rnn.reservoir, -1>) frozen : tensor<2x5x80xf32>

// -----

// expected-error@+1 {{C2: #rnn.sparse<#rnn.glorot, 100> is of a frozen parameter [2, degree, outputs]}}
rnn.parameter @W init(#rnn.sparse<#rnn.glorot, 100>) frozen : tensor<2x5x80xf32>
