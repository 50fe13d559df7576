// RUN: ravel-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{element of a memory must be a vector of floats, but is 'f32'}}
func.func private @memory_of_numbers(!rnn.memory<f32>)

// -----

// expected-error @+1 {{element of an alignment must be a float, but is 'i32'}}
func.func private @alignment_of_classes(!rnn.alignment<i32>)

// -----

func.func @attend_c1_size(%q: tensor<8xf32>, %m: !rnn.seq<tensor<4xf32>>) -> tensor<4xf32> {
  // expected-error @+3 {{C1: elements of the memory must have the query's size; 'bilinear' and 'additive' take others}}
  // expected-note @+2 {{expected type: 'tensor<8xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<4xf32>'}}
  %y = rnn.attend "a" dot %q over %m : tensor<8xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @attend_c1_type(%q: tensor<8xf64>, %m: !rnn.seq<tensor<4xf32>>) -> tensor<4xf32> {
  // expected-error @+1 {{C1: query and memory must be of one element type}}
  %y = rnn.attend "a" bilinear %q over %m : tensor<8xf64>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @attend_c2(%q: tensor<8xf32>, %m: !rnn.seq<tensor<4xf32>>) -> tensor<8xf32> {
  // expected-error @+3 {{C2: the result must be an element of the memory}}
  // expected-note @+2 {{expected type: 'tensor<4xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<8xf32>'}}
  %y = rnn.attend "a" bilinear %q over %m : tensor<8xf32>, !rnn.seq<tensor<4xf32>> -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// -----

func.func @attend_c3_zero(%q: tensor<4xf32>, %m: !rnn.seq<tensor<4xf32>>) -> tensor<4xf32> {
  // expected-error @+1 {{C3: 'size' must be positive, and stands with 'additive' alone}}
  %y = rnn.attend "a" additive %q over %m {size = 0} : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @attend_c3_dot(%q: tensor<4xf32>, %m: !rnn.seq<tensor<4xf32>>) -> tensor<4xf32> {
  // expected-error @+1 {{C3: 'size' must be positive, and stands with 'additive' alone}}
  %y = rnn.attend "a" dot %q over %m {size = 8} : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @attend_c4(%q: tensor<4xf32>, %m: !rnn.seq<tensor<4xf32>>) -> tensor<4xf32> {
  // expected-error @+1 {{C4: weights must be of 'f32'}}
  %y, %w = rnn.attend "a" dot %q over %m : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>, !rnn.alignment<f64>
  return %y : tensor<4xf32>
}

// -----

func.func @remember_c1(%x: !rnn.seq<tensor<4xf32>>) {
  // expected-error @+3 {{C1: the memory must have the sequence's elements}}
  // expected-note @+2 {{expected type: 'tensor<4xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<5xf32>'}}
  %m = rnn.remember %x : !rnn.seq<tensor<4xf32>> -> !rnn.memory<tensor<5xf32>>
  return
}

// -----

func.func @score_c1(%q: tensor<4xf32>, %m: !rnn.memory<tensor<5xf32>>) {
  // expected-error @+3 {{C1: the query must have the type of the memory's elements}}
  // expected-note @+2 {{expected type: 'tensor<5xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<4xf32>'}}
  %s = rnn.score %q over %m : tensor<4xf32>, !rnn.memory<tensor<5xf32>> -> !rnn.alignment<f32>
  return
}

// -----

func.func @score_c1_weights(%q: tensor<5xf32>, %m: !rnn.memory<tensor<5xf32>>, %w: tensor<4xf32>) {
  // expected-error @+3 {{C1: weights must have the type of the memory's elements}}
  // expected-note @+2 {{expected type: 'tensor<5xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<4xf32>'}}
  %s = rnn.score %q over %m additive(%w : tensor<4xf32>) : tensor<5xf32>, !rnn.memory<tensor<5xf32>> -> !rnn.alignment<f32>
  return
}

// -----

func.func @score_c2(%q: tensor<5xf32>, %m: !rnn.memory<tensor<5xf32>>) {
  // expected-error @+3 {{C2: the alignment must be of their element type}}
  // expected-note @+2 {{expected type: 'f32'}}
  // expected-note @+1 {{actual type: 'f64'}}
  %s = rnn.score %q over %m : tensor<5xf32>, !rnn.memory<tensor<5xf32>> -> !rnn.alignment<f64>
  return
}

// -----

func.func @recall_c1(%a: !rnn.alignment<f32>, %m: !rnn.memory<tensor<5xf32>>) {
  // expected-error @+3 {{C1: the result must be an element of the memory}}
  // expected-note @+2 {{expected type: 'tensor<5xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<4xf32>'}}
  %y = rnn.recall %a of %m : !rnn.alignment<f32>, !rnn.memory<tensor<5xf32>> -> tensor<4xf32>
  return
}

// -----

func.func @recall_c1_alignment(%a: !rnn.alignment<f64>, %m: !rnn.memory<tensor<5xf32>>) {
  // expected-error @+3 {{C1: the alignment must be of its element type}}
  // expected-note @+2 {{expected type: 'f32'}}
  // expected-note @+1 {{actual type: 'f64'}}
  %y = rnn.recall %a of %m : !rnn.alignment<f64>, !rnn.memory<tensor<5xf32>> -> tensor<5xf32>
  return
}

// -----

func.func @score_adjoint_c1(%d: !rnn.alignment<f32>, %q: tensor<4xf32>, %m: !rnn.memory<tensor<5xf32>>) {
  // expected-error @+3 {{C1: the query must have the type of the memory's elements}}
  // expected-note @+2 {{expected type: 'tensor<5xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<4xf32>'}}
  %g, %s = rnn.score_adjoint %d, %q over %m : !rnn.alignment<f32>, tensor<4xf32>, !rnn.memory<tensor<5xf32>>
  return
}

// -----

func.func @imprint_c1(%d: !rnn.alignment<f32>, %v: tensor<4xf32>) {
  // expected-error @+3 {{C1: the result must hold the vector's type}}
  // expected-note @+2 {{expected type: 'tensor<4xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<5xf32>'}}
  %y = rnn.imprint %d, %v : !rnn.alignment<f32>, tensor<4xf32> -> !rnn.memory<tensor<5xf32>>
  return
}

// -----

func.func @imprint_c1_added(%d: !rnn.alignment<f32>, %v: tensor<4xf32>, %m: !rnn.memory<tensor<5xf32>>) {
  // expected-error @+3 {{C1: what is added must hold the vector's type}}
  // expected-note @+2 {{expected type: 'tensor<4xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<5xf32>'}}
  %y = rnn.imprint %d, %v additive(%m, %v : !rnn.memory<tensor<5xf32>>, tensor<4xf32>) : !rnn.alignment<f32>, tensor<4xf32> -> !rnn.memory<tensor<4xf32>>
  return
}

// -----

func.func @imprint_c2(%d: !rnn.alignment<f32>, %v: tensor<4xf32>, %m: !rnn.memory<tensor<4xf32>>, %w: tensor<3xf32>) {
  // expected-error @+1 {{C2: a memory that is added comes with weights of the vector's type}}
  %y = rnn.imprint %d, %v additive(%m, %w : !rnn.memory<tensor<4xf32>>, tensor<3xf32>) : !rnn.alignment<f32>, tensor<4xf32> -> !rnn.memory<tensor<4xf32>>
  return
}

// -----

func.func @accumulate_c1(%d: !rnn.seq<!rnn.alignment<f32>>, %v: !rnn.seq<tensor<4xf32>>, %x: !rnn.seq<tensor<5xf32>>) {
  // expected-error @+3 {{C1: elements of the result must have the vectors' type}}
  // expected-note @+2 {{expected type: 'tensor<4xf32>'}}
  // expected-note @+1 {{actual type: 'tensor<5xf32>'}}
  %y = rnn.accumulate %d, %v like %x : !rnn.seq<!rnn.alignment<f32>>, !rnn.seq<tensor<4xf32>> -> !rnn.seq<tensor<5xf32>>
  return
}

// -----

func.func @accumulate_c1_extent(%d: !rnn.alignment<f32>, %v: !rnn.seq<tensor<4xf32>>, %x: !rnn.seq<tensor<4xf32>>) {
  // expected-error @+1 {{C1: both operands must be sequences, or both of one instant}}
  %y = rnn.accumulate %d, %v like %x : !rnn.alignment<f32>, !rnn.seq<tensor<4xf32>> -> !rnn.seq<tensor<4xf32>>
  return
}

// -----

func.func @attend_rows_c1(%q: tensor<?x4xf32>, %i: tensor<?xindex>, %s: tensor<?x?xf32>) {
  // expected-error @+1 {{C1: 'score' takes 1 inputs, 1 outputs, a memory and no shared operand}}
  %y = rnn.attend_rows score ins(%q : tensor<?x4xf32>) of(%i, %i : tensor<?xindex>, tensor<?xindex>) outs(%s : tensor<?x?xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @decode_c1(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<i32> {
  // expected-error @+1 {{C1: arguments of the body must be the class chosen last, then the states; expected types: 'i32', 'tensor<4xf32>', actual types: 'i32'}}
  %y = "rnn.decode"(%start, %h0) <{operandSegmentSizes = array<i32: 1, 0, 1>, until = 0 : i32, max = 5 : i64}> ({
  ^bb0(%prev: i32):
    %s = arith.constant dense<0.0> : tensor<4xf32>
    rnn.yield %s state(%s) : tensor<4xf32>, tensor<4xf32>
  }) : (i32, tensor<4xf32>) -> !rnn.seq<i32>
  return %y : !rnn.seq<i32>
}

// -----

func.func @decode_c2_states(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<i32> {
  %y = rnn.decode (%prev = %start) state(%h = %h0 : tensor<4xf32>) until 0 max 5 -> (!rnn.seq<i32>) {
    // expected-error @+1 {{C2: next states must have the states' types; expected types: 'tensor<4xf32>', actual types: }}
    rnn.yield %h : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}

// -----

func.func @decode_c2_scores(%start: i32) -> !rnn.seq<i32> {
  %y = rnn.decode (%prev = %start) until 0 max 5 -> (!rnn.seq<i32>) {
    // expected-error @+1 {{C2: what the body yields first must be scores, a vector}}
    rnn.yield %prev : i32
  }
  return %y : !rnn.seq<i32>
}

// -----

func.func @decode_c3(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<tensor<4xf32>> {
  // expected-error @+1 {{C3: results must be sequences of i32 and of what else the body puts out; expected types: '!rnn.seq<i32>', actual types: '!rnn.seq<tensor<4xf32>>'}}
  %y = rnn.decode (%prev = %start) until 0 max 5 -> (!rnn.seq<tensor<4xf32>>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<tensor<4xf32>>
}

// -----

func.func @decode_c4_no_class(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<i32> {
  // expected-error @+1 {{C4: 'until' must be one of the 4 classes, but is 4}}
  %y = rnn.decode (%prev = %start) until 4 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}

// -----

func.func @decode_c4_negative(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<i32> {
  // expected-error @+1 {{C4: 'until' must be a class, not -1}}
  %y = rnn.decode (%prev = %start) until -1 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}

// -----

func.func @decode_c4_max(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<i32> {
  // expected-error @+1 {{C4: a decoder that generates needs a positive 'max'}}
  %y = rnn.decode (%prev = %start) until 0 -> (!rnn.seq<i32>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}

// -----

func.func @decode_c4_teacher(%start: i32, %t: !rnn.seq<i32>, %h0: tensor<4xf32>) -> !rnn.seq<tensor<4xf32>> {
  // expected-error @+1 {{C4: a teacher's target ends by itself: 'max' is for a decoder that generates}}
  %y = rnn.decode (%prev = %start) teacher(%t : !rnn.seq<i32>) until 0 max 5 -> (!rnn.seq<tensor<4xf32>>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<tensor<4xf32>>
}

// -----

func.func @decode_c5(%start: i32, %h0: tensor<4xf32>) -> !rnn.seq<tensor<4xf32>> {
  // expected-error @+1 {{C5: the function must return what is generated, in order, and make nothing else of it}}
  %y = rnn.decode (%prev = %start) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  // expected-note @+1 {{it is used here}}
  %e = rnn.embed "again" %y {vocab = 4} : !rnn.seq<tensor<4xf32>>
  return %e : !rnn.seq<tensor<4xf32>>
}

// -----

func.func @plain(%x: !rnn.seq<i32>) -> !rnn.seq<i32> {
  return %x : !rnn.seq<i32>
}
func.func @teach_c1(%x: !rnn.seq<i32>) {
  // expected-error @+1 {{C1: @plain must be a function of the module with a rnn.decode that generates}}
  %s = rnn.teach @plain(%x) with(%x) : (!rnn.seq<i32>, !rnn.seq<i32>) -> !rnn.seq<tensor<4xf32>>
  return
}

// -----

func.func @write(%h0: tensor<4xf32>) -> !rnn.seq<i32> {
  %start = arith.constant 0 : i32
  %y = rnn.decode (%prev = %start) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}
func.func @teach_c2(%x: !rnn.seq<i32>) {
  // expected-error @+1 {{C2: operands must be the arguments of @write; expected types: 'tensor<4xf32>', actual types: '!rnn.seq<i32>'}}
  %s = rnn.teach @write(%x) with(%x) : (!rnn.seq<i32>, !rnn.seq<i32>) -> !rnn.seq<tensor<4xf32>>
  return
}

// -----

func.func @write(%h0: tensor<4xf32>) -> !rnn.seq<i32> {
  %start = arith.constant 0 : i32
  %y = rnn.decode (%prev = %start) until 0 max 5 -> (!rnn.seq<i32>) {
    rnn.yield %h0 : tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}
func.func @teach_c3(%h: tensor<4xf32>, %x: !rnn.seq<i32>) {
  // expected-error @+1 {{C3: results must be the decoder's, with scores first; expected types: '!rnn.seq<tensor<4xf32>>', actual types: '!rnn.seq<i32>'}}
  %s = rnn.teach @write(%h) with(%x) : (tensor<4xf32>, !rnn.seq<i32>) -> !rnn.seq<i32>
  return
}
