//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_TD
#define RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RNNSetPrecision : Pass<"rnn-set-precision", "::mlir::ModuleOp"> {
  let summary = "Compute in another float type than f32";
  let description = [{
    Replaces `f32` by `type` in every type and constant of a model.

    ```mlir
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32>
    // -rnn-set-precision=type=f64
    func.func @f(%x: tensor<4xf64>) -> tensor<4xf64>
    ```
  }];
  let options = [
    Option<"type", "type", "std::string", "\"f32\"", "f32 or f64">,
  ];
}

def RNNInstantiate : Pass<"rnn-instantiate", "::mlir::ModuleOp"> {
  let summary = "Write each use of a cell out, with sizes solved and parameters explicit";
  let description = [{
    Level 0 to level 1. Every function becomes one without calls, whose ops are
    explicit: `unroll` becomes a `scan` whose body is the cell with the sizes of
    this use, ops on sequences become scans without state, gates become
    products, sums and activations. Parameters become trailing arguments, the
    same name being the same parameter, and are listed as `rnn.parameter` in the
    module, the manifest. Cells are erased.

    With `training`, dropout and zoneout draw from an argument marked `rnn.key`;
    otherwise they do what they do at inference.

    With `solve`, an objective that is given the result of a `rnn.readout` is
    joined by NAME.normal, which takes the same data and gives the sums over all
    instants and examples of which the readout's normal equations are made:
    `z^T z`, where z is what the readout reads, a 1, and its target. Where the
    readout is of sequences and no loop goes backwards, the states of loops are
    carried from window to window (`rnn.carry`), so that data of any length can
    be given in parts. With `solve-rows` it gives the z themselves. A readout
    within a loop may be fed back there; then the function still takes its
    weights.

    With `predictions`, an objective is joined by NAME.predictions, which takes
    the same data and gives what is predicted; the result's `rnn.name` is that of
    the input that it should equal. With `states`, a function is joined by
    NAME.states, which gives the first output of each `rnn.unroll`, under the
    unroll's name, and carries all states from call to call.

    ```mlir
    rnn.cell @elman(%x) state(%h) {
      %h1 = rnn.gate "hidden" tanh(%x, %h) : tensor<?xf32>
      rnn.yield %h1 state(%h1)
    }
    func.func @run(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>> {
      %y = rnn.unroll @elman "a" (%x) : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>>
      return %y : !rnn.seq<tensor<3xf32>>
    }
    ```
    becomes
    ```mlir
    rnn.parameter @"a.hidden.weight.0" init(#rnn.glorot) : tensor<2x3xf32>
    rnn.parameter @"a.hidden.weight.1" init(#rnn.glorot) : tensor<3x3xf32>
    rnn.parameter @"a.hidden.bias" init(#rnn.zeros) : tensor<3xf32>
    func.func @run(%x: !rnn.seq<tensor<2xf32>>, %W: tensor<2x3xf32> {rnn.parameter = @"a.hidden.weight.0"}, %U: …, %b: …) -> !rnn.seq<tensor<3xf32>> {
      %h0 = arith.constant dense<0.0> : tensor<3xf32>
      %y, %h = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) state(%ht = %h0 : tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>) {
        %0 = rnn.linear %xt, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
        %1 = rnn.linear %ht, %U : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
        %2 = arith.addf %0, %1 : tensor<3xf32>
        %3 = arith.addf %2, %b : tensor<3xf32>
        %4 = math.tanh %3 : tensor<3xf32>
        rnn.yield %4 state(%4) : tensor<3xf32>, tensor<3xf32>
      }
      return %y : !rnn.seq<tensor<3xf32>>
    }
    ```
  }];
  let options = [
    Option<"solve", "solve", "std::string", "\"\"",
           "The objective whose readout gets a function of normal equations">,
    Option<"solveRows", "solve-rows", "bool", "false",
           "Give the rows of the regression, not the sums of their products">,
    Option<"predictions", "predictions", "std::string", "\"\"",
           "The objective that gets a function of its predictions">,
    Option<"states", "states", "std::string", "\"\"",
           "The function that gets one of its loops' states">,
    Option<"training", "training", "bool", "false",
           "Whether dropout and zoneout draw at random">,
    Option<"scheduledSampling", "scheduled-sampling", "double", "0.0",
           "With `training`, how often a taught decoder is given the class that "
           "it would have chosen (Bengio et al., 2015)">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::ravel::rnn::RNNDialect", "::mlir::tensor::TensorDialect"];
}

def RNNOutlineDecode : Pass<"rnn-outline-decode", "::mlir::ModuleOp"> {
  let summary = "Cut functions that generate into what comes first and one step";
  let description = [{
    Level 1. A function with a decoder that generates becomes two: `NAME.start`,
    which gives the class to start from, the initial states, and what else a
    step needs, and `NAME.step`, the decoder's body. Who calls them chooses
    among the scores of each step: greedily, at random, or by beam search. The
    attribute `rnn.decode` holds the decoder's settings.

    ```mlir
    func.func @f(%h0: tensor<8xf32>, %W: tensor<8x5xf32> {rnn.parameter = @"out.weight.0"}) -> !rnn.seq<i32> {
      %first = arith.constant 0 : i32
      %y = rnn.decode (%prev = %first) state(%h = %h0 : tensor<8xf32>) until 0 max 20 -> (!rnn.seq<i32>) {
        %scores = rnn.linear %h, %W : tensor<8xf32>, tensor<8x5xf32> -> tensor<5xf32>
        rnn.yield %scores state(%h) : tensor<5xf32>, tensor<8xf32>
      }
      return %y : !rnn.seq<i32>
    }
    ```
    becomes
    ```mlir
    func.func @f.start(%h0: tensor<8xf32>) -> (i32, tensor<8xf32>) attributes {rnn.decode = {…}} {
      %first = arith.constant 0 : i32
      return %first, %h0 : i32, tensor<8xf32>
    }
    func.func @f.step(%prev: i32, %h: tensor<8xf32>, %W: tensor<8x5xf32> {…}) -> (tensor<5xf32>, tensor<8xf32>) {
      %scores = rnn.linear %h, %W : tensor<8xf32>, tensor<8x5xf32> -> tensor<5xf32>
      return %scores, %h : tensor<5xf32>, tensor<8xf32>
    }
    ```
  }];
}

def RNNSparsify : Pass<"rnn-sparsify", "::mlir::ModuleOp"> {
  let summary = "Keep only the weights of a frozen matrix that need not be 0";
  let description = [{
    Level 1. A frozen parameter [inputs, outputs] whose initializer gives each
    column the same number of weights becomes [2, degree, outputs], products with
    it `rnn.sparse_linear`. Any other use gets the matrix with its zeros.

    A weight of a sparse matrix costs several of a dense one: its component of
    the vector is looked up. Matrices that hold a larger share than
    `max-density`, or fewer rows than `min-inputs`, stay as they are.

    ```mlir
    rnn.parameter @W init(#rnn.reservoir<density = 0.05>) frozen : tensor<100x80xf32>
    func.func @f(%x: tensor<100xf32>, %W: tensor<100x80xf32> {rnn.parameter = @W}) -> tensor<80xf32> {
      %y = rnn.linear %x, %W : tensor<100xf32>, tensor<100x80xf32> -> tensor<80xf32>
      return %y : tensor<80xf32>
    }
    // becomes
    rnn.parameter @W init(#rnn.sparse<#rnn.reservoir<density = 0.05>, 100>) frozen : tensor<2x5x80xf32>
    func.func @f(%x: tensor<100xf32>, %W: tensor<2x5x80xf32> {rnn.parameter = @W}) -> tensor<80xf32> {
      %y = rnn.sparse_linear %x, %W : tensor<100xf32>, tensor<2x5x80xf32> -> tensor<80xf32>
      return %y : tensor<80xf32>
    }
    ```
  }];
  let options = [
    Option<"maxDensity", "max-density", "double", "0.1",
           "The largest share of weights in a sparse matrix">,
    Option<"minInputs", "min-inputs", "int64_t", "32",
           "The fewest rows of a sparse matrix">,
  ];
  let statistics = [
    Statistic<"numSparsified", "num-sparsified", "Parameters made sparse">,
  ];
}

def RNNOutlineStream : Pass<"rnn-outline-stream", "::mlir::ModuleOp"> {
  let summary = "Write what one instant of a function over sequences does";
  let description = [{
    Level 1. Beside a function over sequences come two: `NAME.reset`, from inputs
    that are not sequences to the first states, and `NAME.step`, from one element
    of each sequence and the states to the results and the next states. After
    each step the results are those of the function over the sequence so far.
    The attribute `rnn.stream` of the step counts its arguments and results. What
    is marked `rnn.carry` is a state that starts from zero.

    Elements and states below 2^-100 (in f64 2^-996) are taken for zero: where
    they fade, processors would take a hundred times as long.

    A function that needs the end of a sequence before its beginning, as one with
    a loop in reverse does, stays alone; a remark says why.

    ```mlir
    func.func @f(%x: !rnn.seq<tensor<8xf32>>, %s0: tensor<8xf32>) -> tensor<8xf32> {
      %y, %s = rnn.scan (%xt = %x : !rnn.seq<tensor<8xf32>>) state(%st = %s0 : tensor<8xf32>) -> (!rnn.seq<tensor<8xf32>>) {
        %s1 = arith.addf %st, %xt : tensor<8xf32>
        rnn.yield %s1 state(%s1) : tensor<8xf32>, tensor<8xf32>
      }
      return %s : tensor<8xf32>
    }
    ```
    is joined by
    ```mlir
    func.func @f.reset(%s0: tensor<8xf32>) -> tensor<8xf32> {
      return %s0 : tensor<8xf32>
    }
    func.func @f.step(%x: tensor<8xf32>, %st: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) attributes {rnn.stream = {…}} {
      %x1 = … // %x, or 0 where it is tiny
      %s1 = arith.addf %st, %x1 : tensor<8xf32>
      %s2 = … // %s1, or 0 where it is tiny
      return %s1, %s2 : tensor<8xf32>, tensor<8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def RNNDifferentiate : Pass<"rnn-differentiate", "::mlir::ModuleOp"> {
  let summary = "Build the gradient function of an objective";
  let description = [{
    Level 1 to level 2. An objective is a function over one example whose first
    result, a number, is the loss. Beside it the pass puts a function that takes
    the same arguments and then the example's weight in the batch (one over its
    size, or zero to leave the example out), and returns the same results and
    then the gradient of `weight * loss`:

    * for each parameter that is not frozen, summed over the batch and marked
      `rnn.gradient`; zero where the loss does not depend on it;
    * for each input named in `wrt`, for this example alone, marked
      `rnn.gradient_of`.

    A declaration of the gradient function, there for other functions to call
    it, becomes its definition.

    The gradient of a `rnn.scan` is a `rnn.scan` of the opposite direction. What
    its body needs of the forward body comes out of the forward scan as further
    sequences. A parameter's gradient is the `rnn.total` of what each instant of
    each example adds; where that is an outer product, nothing but the two
    sequences of factors is kept, and one `rnn.contract` multiplies them.

    With `checkpoint-time`, scans become the bodies of `rnn.segments`, which keeps
    the states before each part of time alone. Its gradient runs each part again
    before it goes backwards through it:

    ```mlir
    %k, %h = rnn.segments of 4 (%xp = %x : …) state(%hp = %h0 : …) -> (!rnn.checkpoints<4, …>) {
      %h1 = rnn.scan (%xt = %xp : …) state(%ht = %hp : …) -> () { … }
      rnn.yield %hp state(%h1) : …
    }
    %dW, %g0 = rnn.segments of 4 reverse (%xp = %x : …, %hp = %k : …) state(%gp = %g : …) -> (tensor<3x3xf32>) {
      %r, %h1 = rnn.scan (%xt = %xp : …) state(%ht = %hp : …) -> (…) { … }
      %d, %g1 = rnn.scan reverse (%rt = %r : …) state(%gt = %gp : …) -> (…) { … }
      %dWp = rnn.contract %r, %d : …
      rnn.yield %dWp state(%g1) : …
    }
    ```

    ```mlir
    rnn.parameter @W init(#rnn.glorot) : tensor<2x3xf32>
    func.func @loss(%x: tensor<2xf32>, %W: tensor<2x3xf32> {rnn.parameter = @W}) -> f32 {
      %y = rnn.linear %x, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
      %l = rnn.sum %y : tensor<3xf32>
      return %l : f32
    }
    // -rnn-differentiate=function=loss adds
    func.func @loss_grad(%x: tensor<2xf32>, %W: tensor<2x3xf32> {rnn.parameter = @W}, %w: f32 {rnn.weight})
        -> (f32, tensor<2x3xf32> {rnn.gradient = @W, rnn.shared}) {
      %y = rnn.linear %x, %W : tensor<2xf32>, tensor<2x3xf32> -> tensor<3xf32>
      %l = rnn.sum %y : tensor<3xf32>
      %g = rnn.broadcast %w : f32 -> tensor<3xf32>
      %dW = rnn.contract %x, %g : tensor<2xf32>, tensor<3xf32> -> tensor<2x3xf32>
      return %l, %dW : f32, tensor<2x3xf32>
    }
    ```
  }];
  let options = [
    Option<"function", "function", "std::string", "\"\"",
           "The objective; without it, every function marked `rnn.objective`">,
    Option<"resultName", "result-name", "std::string", "\"\"",
           "The gradient function's name; without it, the objective's and `_grad`">,
    ListOption<"wrt", "wrt", "std::string",
               "What to differentiate by: `parameters` (which is the default), "
               "names or numbers of arguments">,
    Option<"replace", "replace", "bool", "false",
           "Erase the objective, whose results the gradient function has too">,
    Option<"checkpointTime", "checkpoint-time", "int64_t", "0",
           "Cut time into parts of so many instants, keep the states before "
           "each, and compute the rest again in the backward pass; 0 keeps all">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::ravel::rnn::RNNDialect"];
}

def RNNHoistTimeParallel : Pass<"rnn-hoist-time-parallel", "::mlir::ModuleOp"> {
  let summary = "Move products that do not depend on a state out of the loop over time";
  let description = [{
    A product inside a scan whose vector does not depend on the states runs over
    all instants at once, in a scan without state before the loop; one that the
    next states do not depend on, in a scan without state after it. Ops before
    and behind a product go with it. Sums are reordered so that what does not
    depend on the states is added first.

    ```mlir
    %y, %f = rnn.scan (%xt = %x : …) state(%h = %h0 : …) -> (…) {
      %0 = rnn.linear %xt, %W : …
      %1 = rnn.linear %h, %U : …
      %2 = arith.addf %0, %1 : …
      rnn.yield %2 state(%2) : …
    }
    ```
    becomes
    ```mlir
    %p = rnn.scan (%xt = %x : …) -> (…) {
      %0 = rnn.linear %xt, %W : …
      rnn.yield %0 : …
    }
    %y, %f = rnn.scan (%pt = %p : …) state(%h = %h0 : …) -> (…) {
      %1 = rnn.linear %h, %U : …
      %2 = arith.addf %pt, %1 : …
      rnn.yield %2 state(%2) : …
    }
    ```
  }];
}

def RNNLinearRecurrence : Pass<"rnn-linear-recurrence", "::mlir::ModuleOp"> {
  let summary = "Find the scans whose states are chains of numbers of their own";
  let description = [{
    Marks as `columnwise` each scan in which a component of a state depends on
    the same component of states and inputs alone. Every component of every
    example is then a chain of its own, which needs no other; where the states
    enter linearly (a leaky integrator, minGRU, a diagonal state-space layer, the
    sum of an objective, and the adjoints of these), the time of a chain can be
    split as well.

    What is not columnwise and depends on no state, like a product or a sum over
    a vector, moves into a scan without state before the loop; what is not
    columnwise and leads to no next state, into one after it. States of
    different sizes, of which one drives the other, get loops of their own.
    Elementwise work of a scan without state that only the loop reads moves into
    the loop, so that its result never goes to memory.

    A scan in which a state passes through a product or a sum stays as it is.

    ```mlir
    %y, %f = rnn.scan (%xt = %x : …) state(%h = %h0 : …) -> (…) {
      %z = rnn.linear %xt, %W : …
      %0 = arith.mulf %a, %h : …
      %1 = arith.addf %0, %z : …
      rnn.yield %1 state(%1) : …
    }
    ```
    becomes
    ```mlir
    %z = rnn.scan (%xt = %x : …) -> (…) {
      %0 = rnn.linear %xt, %W : …
      rnn.yield %0 : …
    }
    %y, %f = rnn.scan columnwise (%zt = %z : …) state(%h = %h0 : …) -> (…) {
      %0 = arith.mulf %a, %h : …
      %1 = arith.addf %0, %zt : …
      rnn.yield %1 state(%1) : …
    }
    ```
  }];
}

def RNNFuseGates : Pass<"rnn-fuse-gates", "::mlir::ModuleOp"> {
  let summary = "Make one product of those that share an operand";
  let description = [{
    Products of one vector with several matrices become one product with the
    matrices side by side, of which each takes its slice. A sum of transposed
    products, as gradients have them, becomes one product of the vectors joined.
    The joined matrices are made once, outside of the loop.

    ```mlir
    %0 = rnn.linear %h, %U : tensor<4xf32>, tensor<4x2xf32> -> tensor<2xf32>
    %1 = rnn.linear %h, %V : tensor<4xf32>, tensor<4x3xf32> -> tensor<3xf32>
    ```
    becomes
    ```mlir
    %UV = tensor.concat dim(1) %U, %V : …
    %01 = rnn.linear %h, %UV : tensor<4xf32>, tensor<4x5xf32> -> tensor<5xf32>
    %0 = tensor.extract_slice %01[0] [2] [1] : tensor<5xf32> to tensor<2xf32>
    %1 = tensor.extract_slice %01[2] [3] [1] : tensor<5xf32> to tensor<3xf32>
    ```
  }];
  let options = [
    Option<"joinSteps", "join-steps", "bool", "true",
           "Whether products that are added become one in steps of streams: then "
           "a step's weights are not those of the function, but one piece">,
  ];
}

def RNNJoinOutputs : Pass<"rnn-join-outputs", "::mlir::ModuleOp"> {
  let summary = "Make one sequence of outputs that products take side by side";
  let description = [{
    Outputs of a scan that its body, or the body of a scan that reads them, joins
    for a product, or that are factors of outer products with one other factor,
    become one output. Totals of outer products of the parts become one total of
    which each takes its columns; other scans read slices.

    ```mlir
    %a, %b = rnn.scan (…) {
      …
      rnn.yield %0, %1 : tensor<2xf32>, tensor<3xf32>
    }
    %U = rnn.contract %h, %a : … -> tensor<4x2xf32>
    %V = rnn.contract %h, %b : … -> tensor<4x3xf32>
    ```
    becomes
    ```mlir
    %ab = rnn.scan (…) {
      …
      %2 = tensor.concat dim(0) %0, %1 : …
      rnn.yield %2 : tensor<5xf32>
    }
    %UV = rnn.contract %h, %ab : … -> tensor<4x5xf32>
    %U = tensor.extract_slice %UV[0, 0] [4, 2] [1, 1] : tensor<4x5xf32> to tensor<4x2xf32>
    %V = tensor.extract_slice %UV[0, 2] [4, 3] [1, 1] : tensor<4x5xf32> to tensor<4x3xf32>
    ```
  }];
}

def RNNBatch : Pass<"rnn-batch", "::mlir::ModuleOp"> {
  let summary = "Rewrite functions over one example as functions over a batch";
  let description = [{
    Level 2 to level 3. A vector becomes `tensor<?xDxf32>`, one row for each
    example. Sequences become *packed* tensors: examples sorted by length,
    longest first, the rows of instant 0 of all examples first, then those of
    instant 1, and so on, so that the step at an instant works on the first
    `offsets[t+1] - offsets[t]` rows of the states. No padding exists that could
    influence a result, and ended examples cost nothing. A scan becomes an
    `scf.for` over time, marked `rnn.time`, around one `rnn.rows`; a scan without
    state becomes one `rnn.rows` over all instants of all examples.

    The arguments of the batched function are `offsets` and `batch`, then those
    of the example's function, then one destination for each result. Each is
    marked with its role: `rnn.role` is "offsets", "batch", "input",
    "parameter", "key", "weight" or "output", and `rnn.layout` is "sequence",
    "memory", "example" or "shared".

    Sequences that no op meets instant by instant may differ in length: they are
    of several *classes*, in order of the arguments. Each class after the first
    adds its `offsets` and an `order`, the example in each row of its instants.
    A class of memories among the arguments adds `starts`, the first row of each
    memory, `sources`, which of them each example reads, and `longest`, its
    length. The attributes `rnn.class` and `rnn.memory_class` give a value's
    class.

    ```mlir
    func.func @f(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>> {
      %y = rnn.scan (%xt = %x : !rnn.seq<tensor<2xf32>>) -> (!rnn.seq<tensor<2xf32>>) {
        %0 = math.tanh %xt : tensor<2xf32>
        rnn.yield %0 : tensor<2xf32>
      }
      return %y : !rnn.seq<tensor<2xf32>>
    }
    ```
    becomes
    ```mlir
    func.func @f(%offsets: tensor<?xindex> {rnn.role = "offsets"}, %batch: index {rnn.role = "batch"},
                 %x: tensor<?x2xf32> {rnn.role = "input", …}, %out: tensor<?x2xf32> {rnn.role = "output", …}) -> tensor<?x2xf32> {
      %y = rnn.rows ins(%xt = %x : tensor<?x2xf32>) outs(%out : tensor<?x2xf32>) {
        %0 = math.tanh %xt : tensor<2xf32>
        rnn.yield %0 : tensor<2xf32>
      }
      return %y : tensor<?x2xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::ravel::rnn::RNNDialect"];
}

#endif // RAVEL_DIALECT_RNN_TRANSFORMS_PASSES_TD
