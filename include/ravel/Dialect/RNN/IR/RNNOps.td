//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNNOPS_TD
#define RAVEL_DIALECT_RNN_IR_RNNOPS_TD

include "ravel/Dialect/RNN/IR/RNNAttributes.td"
include "ravel/Dialect/RNN/IR/RNNDialect.td"
include "ravel/Dialect/RNN/IR/RNNInterfaces.td"
include "ravel/Dialect/RNN/IR/RNNTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class RNN_Op<string mnemonic, list<Trait> traits = []>
    : Op<RNN_Dialect, mnemonic, traits>;

defvar SizeInference = DeclareOpInterfaceMethods<RNN_SizeInferenceOpInterface>;
defvar Expandable = DeclareOpInterfaceMethods<RNN_ExpandableOpInterface>;
defvar Differentiable = DeclareOpInterfaceMethods<RNN_DifferentiableOpInterface>;
defvar Batchable = DeclareOpInterfaceMethods<RNN_BatchableOpInterface>;

/// The op is defined on one instant and may also be applied to sequences,
/// where it means the same at every instant.
def RNN_Liftable : NativeOpTrait<"Liftable"> {
  let cppNamespace = "::ravel::rnn";
}

//===----------------------------------------------------------------------===//
// Level 0: cells
//===----------------------------------------------------------------------===//

class RNN_CellLike<string mnemonic> : RNN_Op<mnemonic,
    [IsolatedFromAbove, Symbol, OpAsmOpInterface,
     DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$num_inputs,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getEntry() { return getBody().front(); }
    ::mlir::Block::BlockArgListType getInputs() {
      return getEntry().getArguments().take_front(getNumInputs());
    }
    ::mlir::Block::BlockArgListType getStates() {
      return getEntry().getArguments().drop_front(getNumInputs());
    }
    ::ravel::rnn::YieldOp getYield();
  }];
}

def RNN_CellOp : RNN_CellLike<"cell"> {
  let summary = "what happens to one example at one instant";
  let description = [{
    A function `(inputs, states) -> (outputs, next states)` whose learned
    parameters are named where they are used. Types left out are
    `tensor<?xf32>`; open sizes are solved at each use, and a vector whose size
    nothing determines, like a hidden layer's, gets that of the first state, or
    without states of the first output. A cell may have any number of inputs,
    states and outputs.

    Constraints:
    * C1: the body ends in `rnn.yield`, which gives one next state for each state.
    * C2: a next state has the type of its state, up to open sizes.
    * C3: an input is a vector, a float or an `i32`; so is a state.
    * C4: a parameter name is used with one shape only.

    Example:

    ```mlir
    // Elman, Finding structure in time, Cognitive Science 14 (1990).
    rnn.cell @elman(%x) state(%h) {
      %h1 = rnn.gate "hidden" tanh(%x, %h) : tensor<?xf32>
      rnn.yield %h1 state(%h1)
    }
    ```
  }];
}

def RNN_OptimizerOp : RNN_CellLike<"optimizer"> {
  let summary = "how a parameter is updated from its gradient";
  let description = [{
    A function `(parameter, gradient, learning rate, step) state(...) ->
    (parameter, next states)`, applied to each element of each trainable
    parameter. The step counts from 1. States start at zero.

    Constraints:
    * C1: four inputs, and the body ends in `rnn.yield` with one output and
      one next state for each state.
    * C2: everything has the same open size: an optimizer is elementwise, made of
      elementwise ops, `rnn.constant` and `rnn.hyper`.

    Example:

    ```mlir
    rnn.optimizer @descent(%p, %g, %lr, %t) {
      %d = arith.mulf %lr, %g : tensor<?xf32>
      %p1 = arith.subf %p, %d : tensor<?xf32>
      rnn.yield %p1
    }
    ```
  }];
}

def RNN_YieldOp : RNN_Op<"yield", [Pure, Terminator, ReturnLike,
    AttrSizedOperandSegments,
    ParentOneOf<["CellOp", "OptimizerOp", "ScanOp", "SegmentsOp", "DecodeOp",
                 "RowsOp", "ChainsOp"]>]> {
  let summary = "outputs and next states of a cell or scan";
  let description = [{
    Types may be left out where all are `tensor<?xf32>`.

    Example:

    ```mlir
    rnn.cell @count(%x) state(%n) {
      %n1 = arith.addf %n, %x : tensor<?xf32>
      rnn.yield %n1 state(%n1)
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$outputs, Variadic<AnyType>:$states);
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$outputs), [{
    build($_builder, $_state, outputs, ::mlir::ValueRange());
  }]>];
  let hasCustomAssemblyFormat = 1;
}

def RNN_GateOp : RNN_Op<"gate", [RNN_Liftable, SizeInference, Expandable]> {
  let summary = "activation of a learned affine map";
  let description = [{
    `y = activation(sum_k x_k W_k + b)`, with one weight matrix for each
    operand and one bias. The parameters of a gate "g" in a use "u" of its cell
    are `u.g.weight.0`, `u.g.weight.1`, … ([inputs, outputs]) and `u.g.bias`.

    `bias = false` leaves the bias out, `bias_init` is what it starts from (0),
    `init` is the initializer of all weights or one for each operand
    (`#rnn.glorot`).

    Constraints:
    * C1: at least one operand.
    * C2: `init` is an initializer or an array with one for each operand.
    * C3: if an operand is a sequence all are, and so is the result.
    * C4: operands and result have one element type.

    Example:

    ```mlir
    rnn.cell @elman(%x) state(%h) {
      %h1 = rnn.gate "hidden" tanh(%x, %h) {init = [#rnn.glorot, #rnn.orthogonal<1.0>]} : tensor<?xf32>
      rnn.yield %h1 state(%h1)
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_Activation:$activation,
                       Variadic<RNN_VectorLike>:$operands_,
                       DefaultValuedAttr<BoolAttr, "true">:$bias,
                       OptionalAttr<F64Attr>:$bias_init,
                       DefaultValuedAttr<BoolAttr, "true">:$trainable,
                       OptionalAttr<AnyAttr>:$init);
  let results = (outs RNN_VectorLike:$result);
  let assemblyFormat = [{
    $name $activation `(` $operands_ `)` attr-dict `:`
    custom<Signature>(ref($operands_), type($operands_), type($result))
  }];
  let hasVerifier = 1;
}

class RNN_AffineMap<string mnemonic>
    : RNN_Op<mnemonic, [RNN_Liftable, SizeInference, Expandable]> {
  let arguments = (ins StrAttr:$name, Variadic<RNN_VectorLike>:$operands_,
                       DefaultValuedAttr<BoolAttr, "true">:$bias,
                       OptionalAttr<F64Attr>:$bias_init,
                       DefaultValuedAttr<BoolAttr, "true">:$trainable,
                       OptionalAttr<AnyAttr>:$init);
  let results = (outs RNN_VectorLike:$result);
  let assemblyFormat = [{
    $name `(` $operands_ `)` attr-dict `:`
    custom<Signature>(ref($operands_), type($operands_), type($result))
  }];
  let hasVerifier = 1;
}

def RNN_ProjectOp : RNN_AffineMap<"project"> {
  let summary = "learned affine map";
  let description = [{
    `y = sum_k x_k W_k + b`: a `rnn.gate` without an activation, with the same
    parameters and the same constraints C1 to C4.

    Example:

    ```mlir
    func.func @tag(%h: !rnn.seq<tensor<128xf32>>) -> !rnn.seq<tensor<17xf32>> {
      %y = rnn.project "out" (%h) : (!rnn.seq<tensor<128xf32>>) -> !rnn.seq<tensor<17xf32>>
      return %y : !rnn.seq<tensor<17xf32>>
    }
    ```
  }];
}

def RNN_ReadoutOp : RNN_AffineMap<"readout"> {
  let summary = "affine map that is fitted in closed form";
  let description = [{
    `y = sum_k x_k W_k + b`: a `rnn.project`, with the same parameters and the
    same constraints C1 to C4, that `ravel train --solve ridge` fits in one pass
    over the data: `W` minimizes the sum of squares of `y - target` plus `ridge`
    times that of `W`, where the target is that of the objective that `y` is
    given to, 1 and 0 for a class. Training by gradients serves as well.

    Jaeger, *The "echo state" approach to analysing and training recurrent
    neural networks*, GMD report 148 (2001); Hoerl & Kennard, *Ridge regression*,
    Technometrics 12 (1970).

    Example:

    ```mlir
    func.func @predict(%x: !rnn.seq<tensor<1xf32>>) -> !rnn.seq<tensor<1xf32>> {
      %h = rnn.unroll @esn "reservoir" (%x) : (!rnn.seq<tensor<1xf32>>) -> !rnn.seq<tensor<400xf32>>
      %y = rnn.readout "out" (%h) : (!rnn.seq<tensor<400xf32>>) -> !rnn.seq<tensor<1xf32>>
      return %y : !rnn.seq<tensor<1xf32>>
    }
    ```
  }];
}

def RNN_ParamOp : RNN_Op<"param", [SizeInference, Expandable]> {
  let summary = "a learned vector or matrix";
  let description = [{
    An explicit learned tensor: a peephole, a gain, an initial state. It starts
    from `init` (`#rnn.zeros`).

    Constraints:
    * C1: `init` is an initializer.

    Example:

    ```mlir
    rnn.cell @leaky(%x) state(%h) {
      %a = rnn.param "leak" {init = #rnn.constant<0.9>} : tensor<?xf32>
      %k = arith.mulf %a, %h : tensor<?xf32>
      %h1 = arith.addf %k, %x : tensor<?xf32>
      rnn.yield %h1 state(%h1)
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<AnyAttr>:$init,
                       DefaultValuedAttr<BoolAttr, "true">:$trainable);
  let results = (outs AnyTypeOf<[RNN_Vector, RNN_Matrix]>:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def RNN_ConstantOp : RNN_Op<"constant", [Pure, SizeInference, Expandable]> {
  let summary = "a vector of one value, of a size that is solved";
  let description = [{
    Where the size is known, `arith.constant` does the same.

    Example:

    ```mlir
    rnn.cell @complement(%x) state() {
      %one = rnn.constant 1.0 : tensor<?xf32>
      %y = arith.subf %one, %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs RNN_Vector:$result);
  let hasCustomAssemblyFormat = 1;
}

def RNN_HyperOp : RNN_Op<"hyper", [Pure, SizeInference, Expandable,
    ParentOneOf<["OptimizerOp", "CellOp"]>]> {
  let summary = "a setting of an optimizer or a cell, with its default";
  let description = [{
    A number that `ravel train --optimizer 'adam{beta1=0.95}'` may change in an
    optimizer, and the attribute `settings` of its use in a cell.

    Example:

    ```mlir
    rnn.optimizer @decayed(%p, %g, %lr, %t) {
      %decay = rnn.hyper "decay" 0.01 : tensor<?xf32>
      %d = arith.mulf %decay, %p : tensor<?xf32>
      %s = arith.addf %g, %d : tensor<?xf32>
      %u = arith.mulf %lr, %s : tensor<?xf32>
      %p1 = arith.subf %p, %u : tensor<?xf32>
      rnn.yield %p1
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, F64Attr:$value);
  let results = (outs RNN_Vector:$result);
  let hasCustomAssemblyFormat = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise functions that `math` lacks, and functions of a whole vector
//===----------------------------------------------------------------------===//

class RNN_Unary<string mnemonic, list<Trait> traits, Type type = RNN_VectorLike>
    : RNN_Op<mnemonic, !listconcat([Pure, RNN_Liftable, Elementwise,
                                    SameOperandsAndResultType], traits)> {
  let arguments = (ins type:$operand);
  let results = (outs type:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

/// What an op takes that stays until `rnn-expand-math`, in loops on registers.
def RNN_VectorOrRegister : AnyTypeOf<
    [RNN_VectorLike, VectorOfAnyRankOf<[AnyFloat]>],
    "vector, sequence of vectors, or vector register">;

def RNN_SigmoidOp : RNN_Unary<"sigmoid", [Differentiable],
                              RNN_VectorOrRegister> {
  let summary = "1 / (1 + exp(-x))";
  let description = [{
    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.sigmoid %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_ReluOp : RNN_Unary<"relu", [Differentiable]> {
  let summary = "max(x, 0)";
  let description = [{
    The derivative at 0 is 0.

    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.relu %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_LeakyReluOp : RNN_Unary<"leaky_relu", [Expandable]> {
  let summary = "x where positive, 0.01 x elsewhere";
  let description = [{
    Maas et al. (2013).

    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.leaky_relu %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_EluOp : RNN_Unary<"elu", [Expandable]> {
  let summary = "x where positive, exp(x) - 1 elsewhere";
  let description = [{
    Clevert et al. (2016).

    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.elu %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_SoftplusOp : RNN_Unary<"softplus", [Differentiable],
                               RNN_VectorOrRegister> {
  let summary = "log(1 + exp(x))";
  let description = [{
    Computed as max(x, 0) + log1p(exp(-|x|)).

    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.softplus %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_GeluOp : RNN_Unary<"gelu", [Differentiable], RNN_VectorOrRegister> {
  let summary = "x Phi(x), by the tanh form";
  let description = [{
    `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, computed as
    `x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))`; Hendrycks & Gimpel (2016).

    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.gelu %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_SiluOp : RNN_Unary<"silu", [Expandable]> {
  let summary = "x sigmoid(x)";
  let description = [{
    Also called swish.

    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.silu %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}
def RNN_HardSigmoidOp : RNN_Unary<"hard_sigmoid", [Expandable]> {
  let summary = "min(max(x / 6 + 1/2, 0), 1)";
  let description = [{
    Example:

    ```mlir
    rnn.cell @squash(%x) state() {
      %y = rnn.hard_sigmoid %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
}

def RNN_SoftmaxOp : RNN_Op<"softmax", [Pure, RNN_Liftable, SameOperandsAndResultType,
                                       SizeInference, Differentiable]> {
  let summary = "exp(x) / sum(exp(x)) over the vector";
  let description = [{
    The largest component is subtracted first, so that nothing overflows.

    Example:

    ```mlir
    rnn.cell @choose(%x) state() {
      %y = rnn.softmax %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
  let arguments = (ins RNN_VectorLike:$operand);
  let results = (outs RNN_VectorLike:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def RNN_LayerNormOp : RNN_Op<"layer_norm", [RNN_Liftable, SameOperandsAndResultType,
                                            SizeInference, Expandable]> {
  let summary = "layer normalization with learned gain and bias";
  let description = [{
    `y = gain (x - mean(x)) / sqrt(var(x) + epsilon) + bias`, over the vector;
    Ba, Kiros & Hinton, *Layer normalization*, 2016, eq. 4. Parameters
    `NAME.gain` (from 1) and `NAME.bias` (from 0, or `bias_init`; left out with
    `bias = false`).

    Example:

    ```mlir
    rnn.cell @normed(%x) state() {
      %y = rnn.layer_norm "norm" %x : tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_VectorLike:$operand,
                       DefaultValuedAttr<F64Attr, "1.0e-5">:$epsilon,
                       DefaultValuedAttr<BoolAttr, "true">:$bias,
                       OptionalAttr<F64Attr>:$bias_init);
  let results = (outs RNN_VectorLike:$result);
  let assemblyFormat = "$name $operand attr-dict `:` type($result)";
}

def RNN_DropoutOp : RNN_Op<"dropout", [RNN_Liftable, SameOperandsAndResultType,
                                       SizeInference, Expandable]> {
  let summary = "zero with probability `rate` while training";
  let description = [{
    Kept components are multiplied by `1 / (1 - rate)`; outside training the op
    is the identity. Srivastava et al. (2014). Draws depend on the seed, the
    example and the instant alone, never on the batch.

    Constraints:
    * C1: `rate` is at least 0 and less than 1.

    Example:

    ```mlir
    func.func @noisy(%x: !rnn.seq<tensor<8xf32>>) -> !rnn.seq<tensor<8xf32>> {
      %y = rnn.dropout %x {rate = 0.3} : !rnn.seq<tensor<8xf32>>
      return %y : !rnn.seq<tensor<8xf32>>
    }
    ```
  }];
  let arguments = (ins RNN_VectorLike:$operand, F64Attr:$rate);
  let results = (outs RNN_VectorLike:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def RNN_SumOp : RNN_Op<"sum", [Pure, Differentiable, SizeInference,
    TypesMatchWith<"the result is the vector's element type", "operand", "result",
                   "::ravel::rnn::getScalarType($_self)">]> {
  let summary = "sum of a vector's components";
  let description = [{
    Example:

    ```mlir
    rnn.cell @mass(%x) state() {
      %s = rnn.sum %x : tensor<?xf32>
      %y = rnn.broadcast %s : f32 -> tensor<?xf32>
      rnn.yield %y
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$operand);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand)";
}

def RNN_MaxOp : RNN_Op<"max", [Pure, Differentiable, SizeInference,
    TypesMatchWith<"the result is the vector's element type", "operand", "result",
                   "::ravel::rnn::getScalarType($_self)">]> {
  let summary = "largest of a vector's components";
  let description = [{
    The gradient goes to every component that equals it.

    Example:

    ```mlir
    func.func @peak(%x: tensor<8xf32>) -> f32 {
      %y = rnn.max %x : tensor<8xf32>
      return %y : f32
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$operand);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand)";
}

def RNN_LogSumExpOp : RNN_Op<"log_sum_exp", [Pure, Differentiable, SizeInference,
    TypesMatchWith<"the result is the vector's element type", "operand", "result",
                   "::ravel::rnn::getScalarType($_self)">]> {
  let summary = "log(sum(exp(x))) over the vector";
  let description = [{
    The largest component is subtracted first, so that nothing overflows.

    Example:

    ```mlir
    func.func @soft_peak(%x: tensor<8xf32>) -> f32 {
      %y = rnn.log_sum_exp %x : tensor<8xf32>
      return %y : f32
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$operand);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand)";
}

def RNN_BroadcastOp : RNN_Op<"broadcast", [Pure, Differentiable, SizeInference]> {
  let summary = "a vector whose components are all one number";
  let description = [{
    Constraints:
    * C1: the vector has the number's type.

    Example:

    ```mlir
    func.func @spread(%x: f32) -> tensor<8xf32> {
      %y = rnn.broadcast %x : f32 -> tensor<8xf32>
      return %y : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins AnyFloat:$operand);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_OneHotOp : RNN_Op<"one_hot", [Pure, SizeInference]> {
  let summary = "1 at a class index, 0 elsewhere";
  let description = [{
    Example:

    ```mlir
    rnn.cell @code(%i: i32) state() {
      %y = rnn.one_hot %i : tensor<10xf32>
      rnn.yield %y : tensor<10xf32>
    }
    ```
  }];
  let arguments = (ins I32:$index);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = "$index attr-dict `:` type($result)";
}

def RNN_PickOp : RNN_Op<"pick", [Pure, Differentiable, SizeInference,
    TypesMatchWith<"the result is the vector's element type", "operand", "result",
                   "::ravel::rnn::getScalarType($_self)">]> {
  let summary = "a vector's component at a class index";
  let description = [{
    Example:

    ```mlir
    rnn.cell @score(%x, %i: i32) state() {
      %s = rnn.pick %x at %i : tensor<?xf32>
      rnn.yield %s : f32
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$operand, I32:$index);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$operand `at` $index attr-dict `:` type($operand)";
}

//===----------------------------------------------------------------------===//
// Level 0: time
//===----------------------------------------------------------------------===//

def RNN_UnrollOp : RNN_Op<"unroll", [AttrSizedOperandSegments, Expandable,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a cell applied along sequences";
  let description = [{
    ```
    s = states, or zero
    for t in 0 .. length-1 (or down, with `reverse`):
      y[t], s = cell(x[t], s)
    ```

    Results are the sequences of the cell's outputs and, if asked for, the
    final states: those after an example's own last step. With `reverse` the
    first step taken is the example's own last instant, and the output still
    stands at the instant whose input was read. All inputs have one length. A
    sequence of length 0 gives empty outputs and its initial states.

    `feedback(%y)`: the cell's last inputs are its own outputs of the step
    before, starting from the values given (Jordan, 1986).

    `dropout` drops components of the inputs, `state_dropout` of the states as
    the cell reads them with one mask for the whole sequence (Gal & Ghahramani,
    2016; one rate for the first state, or an array of rates), `zoneout` keeps a state's
    old component (Krueger et al., 2017; likewise). All three do nothing
    outside training but zoneout, which then mixes by its rate.

    Parameters used in the cell are named `NAME.…`. Two unrolls with one name
    share their parameters. `settings = {leak = 0.5}` gives values to the cell's
    `rnn.hyper` and `#rnn.setting`.

    Constraints:
    * C1: `@cell` names a `rnn.cell`.
    * C2: as many inputs as the cell takes, counting fed back ones.
    * C3: inputs are sequences whose elements fit the cell's input types.
    * C4: no initial states, or one for each state of the cell.
    * C5: results are the cell's outputs, or those and all its states.
    * C6: at least one input is a sequence, for it gives the length.
    * C7: rates are at least 0 and less than 1; an array of them has at most one
      for each state, and what they apply to are vectors.
    * C8: with `feedback`, one value for each output of the cell, of a type that
      fits the output and the input.

    Example:

    ```mlir
    rnn.cell @elman(%x) state(%h) {
      %h1 = rnn.gate "hidden" tanh(%x, %h) : tensor<?xf32>
      rnn.yield %h1 state(%h1)
    }
    func.func @run(%x: !rnn.seq<tensor<8xf32>>) -> tensor<16xf32> {
      %y, %h = rnn.unroll @elman "rnn" (%x) : (!rnn.seq<tensor<8xf32>>) -> (!rnn.seq<tensor<16xf32>>, tensor<16xf32>)
      return %h : tensor<16xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cell, StrAttr:$name,
                       Variadic<RNN_Seq>:$inputs, Variadic<RNN_State>:$states,
                       Variadic<RNN_State>:$feedback, UnitAttr:$reverse,
                       OptionalAttr<F64Attr>:$dropout,
                       OptionalAttr<AnyAttr>:$state_dropout,
                       OptionalAttr<AnyAttr>:$zoneout,
                       OptionalAttr<DictionaryAttr>:$settings);
  let results = (outs Variadic<AnyType>:$results_);
  let assemblyFormat = [{
    $cell $name `(` $inputs `)` (`state` `(` $states^ `)`)?
    (`feedback` `(` $feedback^ `)`)? (`reverse` $reverse^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def RNN_StepOp : RNN_Op<"step", [AttrSizedOperandSegments, Expandable,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a cell applied at one instant";
  let description = [{
    Results are the cell's outputs and its next states. Constraints C1 to C5
    are those of `rnn.unroll`, with elements in place of sequences.

    Example:

    ```mlir
    rnn.cell @elman(%x) state(%h) {
      %h1 = rnn.gate "hidden" tanh(%x, %h) : tensor<?xf32>
      rnn.yield %h1 state(%h1)
    }
    func.func @next(%x: tensor<8xf32>, %h: tensor<16xf32>) -> tensor<16xf32> {
      %y, %h1 = rnn.step @elman "rnn" (%x) state(%h) : (tensor<8xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
      return %h1 : tensor<16xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cell, StrAttr:$name,
                       Variadic<RNN_State>:$inputs, Variadic<RNN_State>:$states,
                       OptionalAttr<DictionaryAttr>:$settings);
  let results = (outs Variadic<RNN_State>:$results_);
  let assemblyFormat = [{
    $cell $name `(` $inputs `)` (`state` `(` $states^ `)`)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def RNN_EmbedOp : RNN_Op<"embed", [RNN_Liftable, SizeInference, Expandable,
    TypesMatchWith<"indices are i32, a sequence of them for a sequence of vectors",
                   "result", "index", "::ravel::rnn::getIndexTypeLike($_self)">]> {
  let summary = "a learned vector for each class index";
  let description = [{
    Row `index` of the parameter `NAME.weight` ([vocab, size], from
    `#rnn.normal<0.0, 0.1>` or `init`).

    Constraints:
    * C1: `vocab` is positive.

    Example:

    ```mlir
    func.func @embed(%words: !rnn.seq<i32>) -> !rnn.seq<tensor<64xf32>> {
      %x = rnn.embed "words" %words {vocab = 10000} : !rnn.seq<tensor<64xf32>>
      return %x : !rnn.seq<tensor<64xf32>>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_IndexLike:$index, I64Attr:$vocab,
                       DefaultValuedAttr<BoolAttr, "true">:$trainable,
                       OptionalAttr<AnyAttr>:$init);
  let results = (outs RNN_VectorLike:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def RNN_ReverseOp : RNN_Op<"reverse", [Pure, SameOperandsAndResultType,
                                       Differentiable, Batchable]> {
  let summary = "a sequence backwards, from its own end";
  let description = [{
    `y[t] = x[length - 1 - t]`.

    Example:

    ```mlir
    func.func @mirror(%x: !rnn.seq<tensor<8xf32>>) -> !rnn.seq<tensor<8xf32>> {
      %y = rnn.reverse %x : !rnn.seq<tensor<8xf32>>
      return %y : !rnn.seq<tensor<8xf32>>
    }
    ```
  }];
  let arguments = (ins RNN_Seq:$operand);
  let results = (outs RNN_Seq:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

class RNN_OverTime<string mnemonic> : RNN_Op<mnemonic, [Pure, Expandable,
    TypesMatchWith<"the result is one element", "operand", "result",
                   "::llvm::cast<::ravel::rnn::SeqType>($_self).getElementType()">]> {
  let arguments = (ins RNN_Seq:$operand);
  let results = (outs RNN_Element:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand)";
}

def RNN_LastOp : RNN_OverTime<"last"> {
  let summary = "a sequence's own last element";
  let description = [{
    Zero for a sequence of length 0.

    Example:

    ```mlir
    func.func @end(%x: !rnn.seq<tensor<8xf32>>) -> tensor<8xf32> {
      %y = rnn.last %x : !rnn.seq<tensor<8xf32>>
      return %y : tensor<8xf32>
    }
    ```
  }];
}
def RNN_SumOverTimeOp : RNN_OverTime<"sum_over_time"> {
  let summary = "sum of a sequence's elements";
  let description = [{
    Zero for a sequence of length 0.

    Example:

    ```mlir
    func.func @pool(%x: !rnn.seq<tensor<8xf32>>) -> tensor<8xf32> {
      %y = rnn.sum_over_time %x : !rnn.seq<tensor<8xf32>>
      return %y : tensor<8xf32>
    }
    ```
  }];
}
def RNN_MeanOverTimeOp : RNN_OverTime<"mean_over_time"> {
  let summary = "mean of a sequence's elements";
  let description = [{
    Zero for a sequence of length 0.

    Example:

    ```mlir
    func.func @pool(%x: !rnn.seq<tensor<8xf32>>) -> tensor<8xf32> {
      %y = rnn.mean_over_time %x : !rnn.seq<tensor<8xf32>>
      return %y : tensor<8xf32>
    }
    ```
  }];
}
def RNN_MaxOverTimeOp : RNN_OverTime<"max_over_time"> {
  let summary = "componentwise largest of a sequence's elements";
  let description = [{
    Minus infinity for a sequence of length 0.

    Example:

    ```mlir
    func.func @pool(%x: !rnn.seq<tensor<8xf32>>) -> tensor<8xf32> {
      %y = rnn.max_over_time %x : !rnn.seq<tensor<8xf32>>
      return %y : tensor<8xf32>
    }
    ```
  }];
}

def RNN_LengthOp : RNN_Op<"length", [Pure, Batchable,
    DeclareOpInterfaceMethods<RNN_DifferentiableOpInterface, ["isPiecewiseConstant"]>]> {
  let summary = "a sequence's length, as a number";
  let description = [{
    Example:

    ```mlir
    func.func @count(%x: !rnn.seq<tensor<8xf32>>) -> f32 {
      %n = rnn.length %x : !rnn.seq<tensor<8xf32>> -> f32
      return %n : f32
    }
    ```
  }];
  let arguments = (ins RNN_Seq:$operand);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Level 0: attention and decoding
//===----------------------------------------------------------------------===//

def RNN_AttendOp : RNN_Op<"attend", [SizeInference, Expandable]> {
  let summary = "a weighted mean of a sequence, by how well each element fits a query";
  let description = [{
    ```
    a = softmax_i(score(query, memory_i)),  y = sum_i a_i memory_i
    ```

    over the memory's own length: there is nothing to mask. Scores (`n` is the
    query's size):

    * `dot`: `q . m_i` (Luong et al., *Effective approaches to attention-based
      neural machine translation*, EMNLP 2015, eq. 8);
    * `scaled`: `q . m_i / sqrt(n)` (Vaswani et al., 2017, eq. 1);
    * `bilinear`: `q . m_i W`, Luong's "general", with the parameter
      `NAME.weight` [memory, query];
    * `additive`: `v . tanh(q W + m_i U + b)` (Bahdanau et al., *Neural machine
      translation by jointly learning to align and translate*, ICLR 2015, A.1.2),
      with the parameters `NAME.query.weight`, `NAME.memory.weight`,
      `NAME.memory.bias` and `NAME.score.weight`, of `size` hidden units (the
      query's size).

    What a score makes of the memory alone is computed once for all queries. The
    second result, if asked for, is the weights. In a cell or a decoder the
    memory is a sequence from outside.

    Constraints:
    * C1: with `dot` and `scaled` the elements of the memory have the query's
      size; others may differ.
    * C2: the result is an element of the memory.
    * C3: `size` is positive and stands with `additive` alone.
    * C4: weights are of the result's element type.

    Example:

    ```mlir
    func.func @pool(%x: !rnn.seq<tensor<8xf32>>, %q: tensor<8xf32>) -> tensor<8xf32> {
      %y = rnn.attend "pool" bilinear %q over %x : tensor<8xf32>, !rnn.seq<tensor<8xf32>> -> tensor<8xf32>
      return %y : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_AttentionScore:$score,
                       RNN_Vector:$query, RNN_VectorSeq:$memory,
                       OptionalAttr<I64Attr>:$size);
  let results = (outs RNN_Vector:$result, Optional<RNN_Alignment>:$weights);
  let assemblyFormat = [{
    $name $score $query `over` $memory attr-dict `:`
    type($query) `,` type($memory) `->` type($result) (`,` type($weights)^)?
  }];
  let hasVerifier = 1;
}

def RNN_DecodeOp : RNN_Op<"decode", [AttrSizedOperandSegments, RecursiveMemoryEffects,
    SingleBlock,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a sequence of classes, each chosen after those before it";
  let description = [{
    ```
    prev = start, s = initial states
    for t in 0 .. max-1:
      scores, s = body(prev, s)
      prev = y[t] = choice by softmax(scores)
      if y[t] = until: stop
    ```

    The body gives the scores of all classes (logits), and may put out more for
    each step. It may use values from outside: sequences by `rnn.attend`, and
    values of the example.

    A decoder has two lives. Without `teacher` it generates: `ravel run` chooses
    greedily, by sampling or by beam search, and the result is the sequence of
    classes up to `until`, which is left out, with at most `max` of them. With
    `teacher(%target)` the choice is the target's, whatever the scores: the
    result is the sequence of scores, one for each element of the target, which
    ends in `until`. `rnn.teach` gives a function that generates its second
    life.

    Constraints:
    * C1: the body's arguments are the class chosen last (`i32`), then the states.
    * C2: the body yields scores (a vector), what else it puts out, and next
      states of the states' types.
    * C3: results are a sequence of `i32`, with `teacher` of scores, then
      sequences of what else the body puts out.
    * C4: `until` is a class, and `max` is positive; with `teacher` there is none.
    * C5: without `teacher`, results are what the function returns, in order, and
      nothing else is made of them.

    Example:

    ```mlir
    func.func @count(%h0: tensor<8xf32>) -> !rnn.seq<i32> {
      %first = arith.constant 0 : i32
      %y = rnn.decode (%prev = %first) state(%h = %h0 : tensor<8xf32>) until 0 max 20 -> (!rnn.seq<i32>) {
        %x = rnn.embed "class" %prev {vocab = 5} : tensor<8xf32>
        %h1 = rnn.gate "hidden" tanh(%x, %h) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
        %scores = rnn.project "out" (%h1) : (tensor<8xf32>) -> tensor<5xf32>
        rnn.yield %scores state(%h1) : tensor<5xf32>, tensor<8xf32>
      }
      return %y : !rnn.seq<i32>
    }
    ```
  }];
  let arguments = (ins I32:$start, Optional<RNN_IndexSeq>:$teacher,
                       Variadic<RNN_State>:$states, I32Attr:$until,
                       OptionalAttr<I64Attr>:$max);
  let results = (outs Variadic<RNN_Seq>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::Value":$start, "::mlir::ValueRange":$states,
                   "int32_t":$until, "::mlir::IntegerAttr":$max,
                   "::mlir::TypeRange":$results)>,
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getEntry() { return getBody().front(); }
    /// The class that was chosen last.
    ::mlir::BlockArgument getPrevious() { return getEntry().getArgument(0); }
    ::mlir::Block::BlockArgListType getStateArgs() {
      return getEntry().getArguments().drop_front();
    }
    ::ravel::rnn::YieldOp getYield();
  }];
  let extraClassDefinition = [{
    ::ravel::rnn::YieldOp $cppClass::getYield() {
      return ::llvm::cast<::ravel::rnn::YieldOp>(getEntry().getTerminator());
    }
  }];
}

def RNN_TeachOp : RNN_Op<"teach", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a function that generates, told what to choose";
  let description = [{
    The body of the function with `teacher(%target)` in its `rnn.decode`. The
    first result is the sequence of scores in place of the generated classes.

    Constraints:
    * C1: the callee is a function of the module with one `rnn.decode` that
      generates.
    * C2: operands are the callee's arguments.
    * C3: as many results as the callee has, of which the first is a sequence of
      vectors.

    Example:

    ```mlir
    func.func @echo(%x: !rnn.seq<tensor<8xf32>>) -> !rnn.seq<i32> {
      %first = arith.constant 0 : i32
      %h0 = rnn.last %x : !rnn.seq<tensor<8xf32>>
      %y = rnn.decode (%prev = %first) state(%h = %h0 : tensor<8xf32>) until 0 max 20 -> (!rnn.seq<i32>) {
        %scores = rnn.project "out" (%h) : (tensor<8xf32>) -> tensor<5xf32>
        rnn.yield %scores state(%h) : tensor<5xf32>, tensor<8xf32>
      }
      return %y : !rnn.seq<i32>
    }
    func.func @loss(%x: !rnn.seq<tensor<8xf32>>, %target: !rnn.seq<i32>) -> f32 {
      %scores = rnn.teach @echo(%x) with(%target) : (!rnn.seq<tensor<8xf32>>, !rnn.seq<i32>) -> !rnn.seq<tensor<5xf32>>
      %l = rnn.cross_entropy %scores, %target : !rnn.seq<tensor<5xf32>>, !rnn.seq<i32>
      return %l : f32
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$operands_,
                       Variadic<RNN_IndexSeq>:$target);
  let results = (outs Variadic<AnyType>:$results_);
  let assemblyFormat = [{
    $callee `(` $operands_ `)` `with` `(` $target `)` attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Level 0: objectives
//===----------------------------------------------------------------------===//

class RNN_Objective<string mnemonic, TypeConstraint targetType> : RNN_Op<mnemonic, [Pure, Expandable,
    RNN_ObjectiveOpInterface,
    TypesMatchWith<"the loss is a number of the prediction's element type",
                   "prediction", "loss", "::ravel::rnn::getScalarType($_self)">]> {
  let arguments = (ins RNN_VectorLike:$prediction, targetType:$target,
                       DefaultValuedAttr<StrAttr, "\"mean\"">:$reduction);
  let results = (outs AnyFloat:$loss);
  let assemblyFormat = "$prediction `,` $target attr-dict `:` type($prediction) `,` type($target)";
  let hasVerifier = 1;
}

def RNN_CrossEntropyOp : RNN_Objective<"cross_entropy", RNN_IndexLike> {
  let summary = "-log softmax(prediction)[target], in nats";
  let description = [{
    On sequences the mean over the example's own instants, or the sum with
    `reduction = "sum"`. The loss of a batch is the mean over its examples.

    Constraints (of every objective):
    * C1: prediction and target are both sequences or both not, and vectors
      have the same size.
    * C2: `reduction` is "mean" or "sum".

    Example:

    ```mlir
    func.func @loss(%y: !rnn.seq<tensor<17xf32>>, %tags: !rnn.seq<i32>) -> f32 {
      %l = rnn.cross_entropy %y, %tags : !rnn.seq<tensor<17xf32>>, !rnn.seq<i32>
      return %l : f32
    }
    ```
  }];
}
def RNN_MseOp : RNN_Objective<"mse", RNN_TargetLike> {
  let summary = "mean of squared differences";
  let description = [{
    The mean over components and, on sequences, the mean or sum over instants.

    Example:

    ```mlir
    func.func @loss(%y: tensor<2xf32>, %target: tensor<2xf32>) -> f32 {
      %l = rnn.mse %y, %target : tensor<2xf32>, tensor<2xf32>
      return %l : f32
    }
    ```
  }];
}
def RNN_MaeOp : RNN_Objective<"mae", RNN_TargetLike> {
  let summary = "mean of absolute differences";
  let description = [{
    As `rnn.mse`, with absolute values in place of squares.

    Example:

    ```mlir
    func.func @loss(%y: tensor<2xf32>, %target: tensor<2xf32>) -> f32 {
      %l = rnn.mae %y, %target : tensor<2xf32>, tensor<2xf32>
      return %l : f32
    }
    ```
  }];
}
def RNN_BceOp : RNN_Objective<"bce", RNN_TargetLike> {
  let summary = "binary cross-entropy of logits, in nats";
  let description = [{
    `mean_i(softplus(y_i) - target_i y_i)`, the stable form of
    `-target log sigmoid(y) - (1 - target) log(1 - sigmoid(y))`. Otherwise as
    `rnn.mse`.

    Example:

    ```mlir
    func.func @loss(%y: tensor<2xf32>, %target: tensor<2xf32>) -> f32 {
      %l = rnn.bce %y, %target : tensor<2xf32>, tensor<2xf32>
      return %l : f32
    }
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Level 1: explicit
//===----------------------------------------------------------------------===//

def RNN_ParameterOp : RNN_Op<"parameter", [Symbol]> {
  let summary = "an entry of the manifest of parameters";
  let description = [{
    Functions that use a parameter take it as a trailing argument with the
    attribute `rnn.parameter` naming this symbol.

    Constraints:
    * C1: the type is a vector or a matrix of floats, of static shape, or with
      `#rnn.sparse` a sparse matrix (`rnn.sparse_linear`).
    * C2: that is [2, degree, outputs], of the initializer's degree and 1 to 2^24
      inputs, and the parameter is frozen.

    Example:

    ```mlir
    rnn.parameter @"out.weight" init(#rnn.glorot) : tensor<128x17xf32>
    rnn.parameter @"rate" init(#rnn.constant<0.5>) frozen : tensor<4xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       RNN_InitializerAttrInterface:$init, UnitAttr:$frozen,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = [{
    $sym_name `init` `(` $init `)` (`frozen` $frozen^)? attr-dict `:` $type
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getType());
    }
  }];
}

def RNN_ScanOp : RNN_Op<"scan", [AttrSizedOperandSegments, RecursiveMemoryEffects,
    SingleBlock, Differentiable, Batchable,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "the loop over an example's own time";
  let description = [{
    ```
    s = initial states
    for t in 0 .. length-1 (or down, with `reverse`):
      y[t], s = body(x[t], s)
    ```

    The body may use values defined outside: parameters, and values of the
    example that do not depend on time. Results are the sequences `y` and the
    final states. All inputs have one length, which is the outputs' too. A scan
    without states is parallel in time.

    In a `columnwise` scan a component of a state depends on no other component:
    each is a chain of its own. `rnn-linear-recurrence` finds such scans.

    Constraints:
    * C1: at least one input.
    * C2: the body's arguments are the inputs' elements, then the states.
    * C3: the body yields outputs, and next states of the states' types.
    * C4: results are sequences of the outputs, then the states.
    * C5: with `columnwise`, states and outputs are all vectors of one size, or
      all numbers, and the body is columnwise: it is made of elementwise ops,
      arithmetic on numbers, constants of one value, `rnn.broadcast`, and slices
      of what depends on no state.

    Example:

    ```mlir
    func.func @accumulate(%x: !rnn.seq<tensor<8xf32>>, %s0: tensor<8xf32>) -> tensor<8xf32> {
      %y, %s = rnn.scan (%xt = %x : !rnn.seq<tensor<8xf32>>) state(%st = %s0 : tensor<8xf32>) -> (!rnn.seq<tensor<8xf32>>) {
        %s1 = arith.addf %st, %xt : tensor<8xf32>
        rnn.yield %s1 state(%s1) : tensor<8xf32>, tensor<8xf32>
      }
      return %s : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<RNN_Seq>:$inputs, Variadic<RNN_State>:$states,
                       UnitAttr:$reverse, UnitAttr:$columnwise);
  let results = (outs Variadic<AnyType>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::ValueRange":$inputs, "::mlir::ValueRange":$states,
                   "::mlir::TypeRange":$outputElements, CArg<"bool", "false">:$reverse)>,
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getEntry() { return getBody().front(); }
    ::mlir::Block::BlockArgListType getInputArgs() {
      return getEntry().getArguments().take_front(getInputs().size());
    }
    ::mlir::Block::BlockArgListType getStateArgs() {
      return getEntry().getArguments().drop_front(getInputs().size());
    }
    ::ravel::rnn::YieldOp getYield();
    ::mlir::ResultRange getOutputs() {
      return getResults().drop_back(getStates().size());
    }
    ::mlir::ResultRange getFinals() {
      return getResults().take_back(getStates().size());
    }
    /// Whether the instants are independent of each other.
    bool isTimeParallel() { return getStates().empty(); }
    /// Replaces the scan by one that also puts out `values`, which the body may
    /// use at its end, after the outputs it has.
    ::ravel::rnn::ScanOp appendOutputs(::mlir::RewriterBase &rewriter,
                                       ::mlir::ValueRange values);
    /// A scan of the same kind over other inputs and states with results of
    /// the types `outputs`, and a body with arguments alone.
    ::ravel::rnn::ScanOp createLike(::mlir::OpBuilder &builder,
                                    ::mlir::ValueRange inputs,
                                    ::mlir::ValueRange states,
                                    ::mlir::TypeRange outputs);
  }];
  let extraClassDefinition = [{
    ::ravel::rnn::YieldOp $cppClass::getYield() {
      return ::llvm::cast<::ravel::rnn::YieldOp>(getEntry().getTerminator());
    }
  }];
}

def RNN_SegmentsOp : RNN_Op<"segments", [AttrSizedOperandSegments, RecursiveMemoryEffects,
    SingleBlock, Differentiable, Batchable]> {
  let summary = "the loop over the parts of an example's own time";
  let description = [{
    ```
    s = initial states
    for k in 0 .. ceil(length / n) - 1 (or down, with `reverse`):
      part = instants k n .. min((k + 1) n, length) - 1
      y[k], s = body(x restricted to part, s)
    ```

    Time is cut into parts of `n` instants, of which the last may be shorter. The
    body speaks about one part: of a sequence it gets the instants of the part,
    of `!rnn.checkpoints` the value of the part. What it yields goes, by the
    type of the result,

    * from a sequence: into the part of a sequence;
    * from an element: into `!rnn.checkpoints`;
    * from a value that all examples share, made by `rnn.total`, `rnn.contract`
      or `rnn.scatter`: into the sum over all parts, a value of the same type.

    A scan over all of time is the same as scans over the parts, one after the
    other. Cut so, the backward pass keeps no more of the forward pass than the
    states before each part, and computes the rest again, part by part: the
    gradient of a segmented loop is a segmented loop in the opposite direction.

    Constraints:
    * C1: the length is positive, and at least one input is a sequence.
    * C2: the body's arguments are sequences for sequences, elements for
      checkpoints, then the states.
    * C3: the body yields outputs, and next states of the states' types.
    * C4: results are what the outputs allow, then the states.
    * C5: checkpoints are of the op's length.

    Example:

    ```mlir
    func.func @accumulate(%x: !rnn.seq<tensor<8xf32>>, %s0: tensor<8xf32>) -> tensor<8xf32> {
      %k, %s = rnn.segments of 16 (%xp = %x : !rnn.seq<tensor<8xf32>>) state(%sp = %s0 : tensor<8xf32>) -> (!rnn.checkpoints<16, tensor<8xf32>>) {
        %s1 = rnn.scan (%xt = %xp : !rnn.seq<tensor<8xf32>>) state(%st = %sp : tensor<8xf32>) -> () {
          %0 = arith.addf %st, %xt : tensor<8xf32>
          rnn.yield state(%0) : tensor<8xf32>
        }
        rnn.yield %sp state(%s1) : tensor<8xf32>, tensor<8xf32>
      }
      return %s : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$length,
                       Variadic<AnyTypeOf<[RNN_Seq, RNN_Checkpoints]>>:$inputs,
                       Variadic<RNN_State>:$states, UnitAttr:$reverse);
  let results = (outs Variadic<AnyType>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "int64_t":$length, "::mlir::ValueRange":$inputs,
                   "::mlir::ValueRange":$states, "::mlir::TypeRange":$outputs,
                   CArg<"bool", "false">:$reverse)>,
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getEntry() { return getBody().front(); }
    ::mlir::Block::BlockArgListType getInputArgs() {
      return getEntry().getArguments().take_front(getInputs().size());
    }
    ::mlir::Block::BlockArgListType getStateArgs() {
      return getEntry().getArguments().drop_front(getInputs().size());
    }
    ::ravel::rnn::YieldOp getYield();
    ::mlir::ResultRange getOutputs() {
      return getResults().drop_back(getStates().size());
    }
    ::mlir::ResultRange getFinals() {
      return getResults().take_back(getStates().size());
    }
    /// Whether `result` is the sum over all parts of what all examples share.
    bool isTotal(::mlir::Value result) {
      return !::llvm::is_contained(getFinals(), result) &&
             !::llvm::isa<::ravel::rnn::SeqType, ::ravel::rnn::CheckpointsType>(
                 result.getType());
    }
    /// Replaces the op by one that also puts out checkpoints of the states,
    /// after the outputs it has.
    ::ravel::rnn::SegmentsOp keepStates(::mlir::RewriterBase &rewriter);
    /// One of the same length and direction over other inputs and states with
    /// results of the types `outputs`, and a body with arguments alone.
    ::ravel::rnn::SegmentsOp createLike(::mlir::OpBuilder &builder,
                                        ::mlir::ValueRange inputs,
                                        ::mlir::ValueRange states,
                                        ::mlir::TypeRange outputs);
  }];
  let extraClassDefinition = [{
    ::ravel::rnn::YieldOp $cppClass::getYield() {
      return ::llvm::cast<::ravel::rnn::YieldOp>(getEntry().getTerminator());
    }
  }];
}

def RNN_LinearOp : RNN_Op<"linear", [Pure, Differentiable]> {
  let summary = "a vector times a matrix";
  let description = [{
    `y = x W`, with `W` [inputs, outputs]; with `transpose`, `y = x W^T`.

    Constraints:
    * C1: the sizes of vector, matrix and result agree.
    * C2: and so do their element types.

    Example:

    ```mlir
    func.func @affine(%x: tensor<8xf32>, %W: tensor<8x16xf32> {rnn.shared}) -> tensor<16xf32> {
      %y = rnn.linear %x, %W : tensor<8xf32>, tensor<8x16xf32> -> tensor<16xf32>
      return %y : tensor<16xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$vector, RNN_Matrix:$matrix, UnitAttr:$transpose);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = [{
    $vector `,` $matrix (`transpose` $transpose^)? attr-dict `:`
    type($vector) `,` type($matrix) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_SparseLinearOp : RNN_Op<"sparse_linear", [Pure, Differentiable]> {
  let summary = "a vector times a sparse matrix";
  let description = [{
    ```
    y[u] = sum_k matrix[0, k, u] * x[matrix[1, k, u]]
    ```

    A sparse matrix [2, degree, outputs] has the same number of weights in each
    column: `matrix[0]` are the weights, `matrix[1]` says which component of the
    vector each is for, in the same float type, so that it is stored and loaded
    like any other parameter. Whole numbers to 2^24 are exact in f32. A number
    outside of the vector stands for the nearest inside.

    Weights are constants: there is no derivative by them.

    Constraints:
    * C1: the matrix is [2, degree, outputs], with outputs the result's size.
    * C2: element types agree.
    * C3: the vector has 1 to 2^24 components.

    Example:

    ```mlir
    func.func @drive(%x: tensor<100xf32>, %W: tensor<2x5x80xf32> {rnn.shared}) -> tensor<80xf32> {
      %y = rnn.sparse_linear %x, %W : tensor<100xf32>, tensor<2x5x80xf32> -> tensor<80xf32>
      return %y : tensor<80xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$vector, AnyStaticShapeTensor:$matrix);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = [{
    $vector `,` $matrix attr-dict `:`
    type($vector) `,` type($matrix) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_DensifyOp : RNN_Op<"densify", [Pure]> {
  let summary = "a sparse matrix with its zeros";
  let description = [{
    `y[matrix[1, k, u], u] += matrix[0, k, u]`, and 0 elsewhere; the matrix is
    that of `rnn.sparse_linear`.

    Constraints:
    * C1: the matrix is [2, degree, outputs], the result [inputs, outputs].
    * C2: element types agree.
    * C3: there are 1 to 2^24 inputs.

    Example:

    ```mlir
    func.func @dense(%W: tensor<2x5x80xf32> {rnn.shared}) -> (tensor<100x80xf32> {rnn.shared}) {
      %D = rnn.densify %W : tensor<2x5x80xf32> -> tensor<100x80xf32>
      return %D : tensor<100x80xf32>
    }
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$matrix);
  let results = (outs RNN_Matrix:$result);
  let assemblyFormat = "$matrix attr-dict `:` type($matrix) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_LookupOp : RNN_Op<"lookup", [Pure, Differentiable]> {
  let summary = "a row of a matrix";
  let description = [{
    Constraints:
    * C1: the result has as many components as the matrix has columns.
    * C2: and the matrix's element type.

    Example:

    ```mlir
    func.func @row(%W: tensor<10x16xf32> {rnn.shared}, %i: i32) -> tensor<16xf32> {
      %y = rnn.lookup %W[%i] : tensor<10x16xf32> -> tensor<16xf32>
      return %y : tensor<16xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Matrix:$matrix, I32:$index);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = [{
    $matrix `[` $index `]` attr-dict `:` type($matrix) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_RandomMaskOp : RNN_Op<"random_mask", [Pure]> {
  let summary = "a dropout mask drawn from a key";
  let description = [{
    Each component is 0 with probability `rate`, else `1 / (1 - rate)`. It is a
    function of key, `site` and component: a counter-based generator (a
    finalizer of MurmurHash3 over the three), so that the backward pass draws
    it again instead of storing it.

    Constraints:
    * C1: `rate` is at least 0 and less than 1.

    Example:

    ```mlir
    func.func @mask(%key: i32) -> tensor<16xf32> {
      %m = rnn.random_mask %key {rate = 0.5 : f64, site = 3 : i64} : tensor<16xf32>
      return %m : tensor<16xf32>
    }
    ```
  }];
  let arguments = (ins I32:$key, F64Attr:$rate, I64Attr:$site);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = "$key attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Level 1: memories
//===----------------------------------------------------------------------===//

def RNN_ShiftOp : RNN_Op<"shift", [Pure, Batchable,
    TypesMatchWith<"the first element is one of the sequence", "operand", "initial",
                   "::llvm::cast<::ravel::rnn::SeqType>($_self).getElementType()">,
    AllTypesMatch<["operand", "result"]>]> {
  let summary = "a sequence one instant later";
  let description = [{
    `y[0] = initial`, `y[t] = x[t - 1]`: the last element is lost.

    Example:

    ```mlir
    func.func @delay(%x: !rnn.seq<i32>, %first: i32) -> !rnn.seq<i32> {
      %y = rnn.shift %x from %first : !rnn.seq<i32>
      return %y : !rnn.seq<i32>
    }
    ```
  }];
  let arguments = (ins RNN_IndexSeq:$operand, I32:$initial);
  let results = (outs RNN_IndexSeq:$result);
  let assemblyFormat = "$operand `from` $initial attr-dict `:` type($operand)";
}

def RNN_RememberOp : RNN_Op<"remember", [Pure, Differentiable, Batchable]> {
  let summary = "a sequence as a memory";
  let description = [{
    Constraints:
    * C1: the memory has the sequence's elements.

    Example:

    ```mlir
    func.func @keep(%x: !rnn.seq<tensor<8xf32>>) -> !rnn.memory<tensor<8xf32>> {
      %m = rnn.remember %x : !rnn.seq<tensor<8xf32>> -> !rnn.memory<tensor<8xf32>>
      return %m : !rnn.memory<tensor<8xf32>>
    }
    ```
  }];
  let arguments = (ins RNN_VectorSeq:$operand);
  let results = (outs RNN_Memory:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_ScoreOp : RNN_Op<"score", [Pure, Differentiable]> {
  let summary = "how well each element of a memory fits a query";
  let description = [{
    `s_i = q . m_i`, or `s_i = w . tanh(q + m_i)` with `additive(%w)`.

    Constraints:
    * C1: query, elements of the memory and `w` have one type.
    * C2: the alignment is of their element type.

    Example:

    ```mlir
    func.func @fit(%q: tensor<8xf32>, %m: !rnn.memory<tensor<8xf32>>) -> !rnn.alignment<f32> {
      %s = rnn.score %q over %m : tensor<8xf32>, !rnn.memory<tensor<8xf32>> -> !rnn.alignment<f32>
      return %s : !rnn.alignment<f32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$query, RNN_Memory:$memory,
                       Optional<RNN_Vector>:$weights);
  let results = (outs RNN_Alignment:$result);
  let assemblyFormat = [{
    $query `over` $memory (`additive` `(` $weights^ `:` type($weights) `)`)?
    attr-dict `:` type($query) `,` type($memory) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_WeighOp : RNN_Op<"weigh", [Pure, SameOperandsAndResultType, Differentiable]> {
  let summary = "softmax of an alignment";
  let description = [{
    `a_i = exp(s_i) / sum_k exp(s_k)`. The largest score is subtracted first.

    Example:

    ```mlir
    func.func @normalize(%s: !rnn.alignment<f32>) -> !rnn.alignment<f32> {
      %a = rnn.weigh %s : !rnn.alignment<f32>
      return %a : !rnn.alignment<f32>
    }
    ```
  }];
  let arguments = (ins RNN_Alignment:$operand);
  let results = (outs RNN_Alignment:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def RNN_RecallOp : RNN_Op<"recall", [Pure, Differentiable]> {
  let summary = "the weighted sum of a memory";
  let description = [{
    `y = sum_i a_i m_i`.

    Constraints:
    * C1: the result is an element of the memory, and the alignment of its
      element type.

    Example:

    ```mlir
    func.func @mean(%a: !rnn.alignment<f32>, %m: !rnn.memory<tensor<8xf32>>) -> tensor<8xf32> {
      %y = rnn.recall %a of %m : !rnn.alignment<f32>, !rnn.memory<tensor<8xf32>> -> tensor<8xf32>
      return %y : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Alignment:$alignment, RNN_Memory:$memory);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = [{
    $alignment `of` $memory attr-dict `:`
    type($alignment) `,` type($memory) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Level 2: the ops of a gradient
//===----------------------------------------------------------------------===//

def RNN_WeighAdjointOp : RNN_Op<"weigh_adjoint", [Pure, SameOperandsAndResultType]> {
  let summary = "the derivative of softmax of an alignment";
  let description = [{
    `d_i = a_i (g_i - sum_k a_k g_k)`, where `a` is the softmax and `g` its
    gradient.

    Example:

    ```mlir
    func.func @back(%a: !rnn.alignment<f32>, %g: !rnn.alignment<f32>) -> !rnn.alignment<f32> {
      %d = rnn.weigh_adjoint %a, %g : !rnn.alignment<f32>
      return %d : !rnn.alignment<f32>
    }
    ```
  }];
  let arguments = (ins RNN_Alignment:$weights, RNN_Alignment:$gradient);
  let results = (outs RNN_Alignment:$result);
  let assemblyFormat = "$weights `,` $gradient attr-dict `:` type($result)";
}

def RNN_AddAlignmentsOp : RNN_Op<"add_alignments", [Pure, SameOperandsAndResultType]> {
  let summary = "the sum of two alignments";
  let description = [{
    Example:

    ```mlir
    func.func @both(%a: !rnn.alignment<f32>, %b: !rnn.alignment<f32>) -> !rnn.alignment<f32> {
      %s = rnn.add_alignments %a, %b : !rnn.alignment<f32>
      return %s : !rnn.alignment<f32>
    }
    ```
  }];
  let arguments = (ins RNN_Alignment:$lhs, RNN_Alignment:$rhs);
  let results = (outs RNN_Alignment:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def RNN_ScoreAdjointOp : RNN_Op<"score_adjoint", [Pure,
    AllTypesMatch<["query", "gain", "slope"]>]> {
  let summary = "the derivative of additive scores, but for their weights";
  let description = [{
    With `h_i = tanh(q + m_i)`: `gain = sum_i d_i h_i`, the gradient of the
    weights `w`, and `slope = sum_i d_i (1 - h_i^2)`, from which `w slope` is
    the gradient of the query.

    Constraints:
    * C1: the query has the type of the memory's elements.

    Example:

    ```mlir
    func.func @back(%d: !rnn.alignment<f32>, %q: tensor<8xf32>, %m: !rnn.memory<tensor<8xf32>>) -> (tensor<8xf32>, tensor<8xf32>) {
      %gain, %slope = rnn.score_adjoint %d, %q over %m : !rnn.alignment<f32>, tensor<8xf32>, !rnn.memory<tensor<8xf32>>
      return %gain, %slope : tensor<8xf32>, tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Alignment:$gradient, RNN_Vector:$query, RNN_Memory:$memory);
  let results = (outs RNN_Vector:$gain, RNN_Vector:$slope);
  let assemblyFormat = [{
    $gradient `,` $query `over` $memory attr-dict `:`
    type($gradient) `,` type($query) `,` type($memory)
  }];
  let hasVerifier = 1;
}

def RNN_ImprintOp : RNN_Op<"imprint", [Pure, AttrSizedOperandSegments]> {
  let summary = "what one instant adds to a memory's gradient";
  let description = [{
    `y_i = d_i v`, or with `additive(%m, %w)`,
    `y_i = d_i w (1 - tanh^2(v + m_i))`: an outer product, which is never stored.
    Summed over an example's own time it becomes `rnn.accumulate`, and `w`, which
    must not depend on time, a factor of the sum.

    Constraints:
    * C1: the result is a memory of elements of the vector's type, and so is
      what is added to it.
    * C2: a memory that is added comes with weights of the vector's type.

    Example:

    ```mlir
    func.func @back(%d: !rnn.alignment<f32>, %v: tensor<8xf32>) -> !rnn.memory<tensor<8xf32>> {
      %y = rnn.imprint %d, %v : !rnn.alignment<f32>, tensor<8xf32> -> !rnn.memory<tensor<8xf32>>
      return %y : !rnn.memory<tensor<8xf32>>
    }
    ```
  }];
  let arguments = (ins RNN_Alignment:$alignment, RNN_Vector:$vector,
                       Optional<RNN_Memory>:$memory, Optional<RNN_Vector>:$weights);
  let results = (outs RNN_Memory:$result);
  let assemblyFormat = [{
    $alignment `,` $vector
    (`additive` `(` $memory^ `,` $weights `:` type($memory) `,` type($weights) `)`)?
    attr-dict `:` type($alignment) `,` type($vector) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_AccumulateOp : RNN_Op<"accumulate", [Pure, Batchable,
    AllTypesMatch<["like", "result"]>]> {
  let summary = "the sum of imprints over an example's own time";
  let description = [{
    The gradient of a memory, as a sequence: `y_i = sum_t d_ti v_t`, or with
    `additive(%m)`, `y_i = sum_t d_ti (1 - tanh^2(v_t + m_i))`. Both operands
    are sequences, or both are of one instant. `like` is the sequence that was
    remembered, whose length the result has.

    Constraints:
    * C1: the result is of `like`'s type, and its elements have the vectors'.

    Example:

    ```mlir
    func.func @back(%d: !rnn.seq<!rnn.alignment<f32>>, %v: !rnn.seq<tensor<8xf32>>, %x: !rnn.seq<tensor<8xf32>>) -> !rnn.seq<tensor<8xf32>> {
      %y = rnn.accumulate %d, %v like %x : !rnn.seq<!rnn.alignment<f32>>, !rnn.seq<tensor<8xf32>> -> !rnn.seq<tensor<8xf32>>
      return %y : !rnn.seq<tensor<8xf32>>
    }
    ```
  }];
  let arguments = (ins RNN_AlignmentLike:$alignment, RNN_VectorLike:$vector,
                       RNN_VectorSeq:$like, Optional<RNN_Memory>:$memory);
  let results = (outs RNN_VectorSeq:$result);
  let assemblyFormat = [{
    $alignment `,` $vector (`additive` `(` $memory^ `:` type($memory) `)`)?
    `like` $like attr-dict `:` type($alignment) `,` type($vector) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_OuterOp : RNN_Op<"outer", [Pure]> {
  let summary = "outer product of two vectors";
  let description = [{
    What one example at one instant adds to a matrix's gradient. Summed over
    time and batch it becomes `rnn.contract`; the product itself is never
    stored.

    Constraints:
    * C1: the matrix is [size of the first, size of the second], of their element
      type.

    Example:

    ```mlir
    func.func @outer(%a: tensor<8xf32>, %b: tensor<16xf32>) -> tensor<8x16xf32> {
      %y = rnn.outer %a, %b : tensor<8xf32>, tensor<16xf32> -> tensor<8x16xf32>
      return %y : tensor<8x16xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$lhs, RNN_Vector:$rhs);
  let results = (outs RNN_Matrix:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_ScatterRowOp : RNN_Op<"scatter_row", [Pure]> {
  let summary = "a matrix that is zero but for one row";
  let description = [{
    What one lookup adds to its matrix's gradient. Summed over time and batch
    it becomes `rnn.scatter`.

    Constraints:
    * C1: the matrix has as many columns as the vector has components, and its
      element type.

    Example:

    ```mlir
    func.func @row(%g: tensor<16xf32>, %i: i32) -> tensor<10x16xf32> {
      %y = rnn.scatter_row %g at %i : tensor<16xf32> -> tensor<10x16xf32>
      return %y : tensor<10x16xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$vector, I32:$index);
  let results = (outs RNN_Matrix:$result);
  let assemblyFormat = "$vector `at` $index attr-dict `:` type($vector) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_TotalOp : RNN_Op<"total", [Pure, Batchable]> {
  let summary = "sum over all instants and all examples of the batch";
  let description = [{
    Turns what one example (at one instant, for a sequence) contributes into a
    value that the whole batch shares: the gradient of a parameter.

    Canonicalization writes the total of an outer product as `rnn.contract`
    and that of a `rnn.scatter_row` as `rnn.scatter`.

    Constraints:
    * C1: the result is an element of the operand, or of its type.

    Example:

    ```mlir
    func.func @bias_gradient(%g: !rnn.seq<tensor<16xf32>>) -> (tensor<16xf32> {rnn.shared}) {
      %y = rnn.total %g : !rnn.seq<tensor<16xf32>> -> tensor<16xf32>
      return %y : tensor<16xf32>
    }
    ```
  }];
  let arguments = (ins AnyType:$operand);
  let results = (outs RNN_Element:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def RNN_ContractOp : RNN_Op<"contract", [Pure, Batchable]> {
  let summary = "sum of outer products over all instants and examples";
  let description = [{
    `y = sum_r lhs[r]^T rhs[r]`: the gradient of a weight matrix as one product.

    Constraints:
    * C1: the matrix is [size of the first, size of the second], of their element
      type.
    * C2: both speak about one instant, or both are sequences, or both are rows.

    Example:

    ```mlir
    func.func @weight_gradient(%x: !rnn.seq<tensor<8xf32>>, %g: !rnn.seq<tensor<16xf32>>) -> (tensor<8x16xf32> {rnn.shared}) {
      %y = rnn.contract %x, %g : !rnn.seq<tensor<8xf32>>, !rnn.seq<tensor<16xf32>> -> tensor<8x16xf32>
      return %y : tensor<8x16xf32>
    }
    ```
  }];
  let arguments = (ins RNN_VectorRows:$lhs, RNN_VectorRows:$rhs);
  let results = (outs RNN_Matrix:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_ScatterOp : RNN_Op<"scatter", [Pure, Batchable]> {
  let summary = "sum of vectors into the rows of a matrix, over all instants and examples";
  let description = [{
    `y[index[r]] += vector[r]`: the gradient of an embedding.

    Constraints:
    * C1: the matrix has as many columns as the vectors have components, and their
      element type.
    * C2: vectors and indices speak about one instant, or are sequences, or are
      rows, both alike.

    Example:

    ```mlir
    func.func @embedding_gradient(%g: !rnn.seq<tensor<16xf32>>, %i: !rnn.seq<i32>) -> (tensor<10x16xf32> {rnn.shared}) {
      %y = rnn.scatter %g at %i : !rnn.seq<tensor<16xf32>>, !rnn.seq<i32> -> tensor<10x16xf32>
      return %y : tensor<10x16xf32>
    }
    ```
  }];
  let arguments = (ins RNN_VectorRows:$vector, RNN_IndexRows:$index);
  let results = (outs RNN_Matrix:$result);
  let assemblyFormat = "$vector `at` $index attr-dict `:` type($vector) `,` type($index) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Level 3: batched
//===----------------------------------------------------------------------===//

def RNN_PackOp : RNN_Op<"pack", [AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "matrices in the order in which a kernel reads them";
  let description = [{
    ```
    out[p, k, g, l] = matrices[g][k, offsets[g] + p * lanes + l]
    ```
    for columns below `columns`, and 0 beyond; with `transpose`,
    `matrices[g][offsets[g] + p * lanes + l, k]`. A kernel that multiplies a
    vector with these matrices reads one component k after the other, and for
    each the vectors of all matrices. `out` may be of bf16: elements are rounded,
    and two components lie side by side, so that a vector of 32-bit words holds
    the lanes of both:
    ```
    out[p, k / 2, g, 2 l + k mod 2] = matrices[g][k, offsets[g] + p * lanes + l]
    ```
    `out` may be of unsigned integers, too: elements are rounded towards zero
    and lie below `limit`, those outside becoming the nearest inside.

    Works on tensors, and on memrefs once bufferized. `distribute(%id, %n)`
    leaves only the panels p to do whose number modulo `%n` is `%id`.

    Constraints:
    * C1: `out` has rank 4: [ceil(columns / lanes), rows, matrices, lanes]; of
      bf16, [ceil(columns / lanes), ceil(rows / 2), matrices, 2 lanes].
    * C2: each matrix has as many rows, and the columns from its offset on; with
      `transpose` the other way round.
    * C3: a thread's number comes with the number of threads.
    * C4: `limit` comes with integers, which are made of floats; it is positive,
      and they hold all numbers below.

    Example:

    ```mlir
    func.func @gates(%W: tensor<8x32xf32>, %e: tensor<2x8x2x8xf32>) -> tensor<2x8x2x8xf32> {
      %p = rnn.pack ins(%W, %W : tensor<8x32xf32>, tensor<8x32xf32>) [0, 16] columns 16 outs(%e : tensor<2x8x2x8xf32>) -> tensor<2x8x2x8xf32>
      return %p : tensor<2x8x2x8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyShaped>:$matrices, AnyShaped:$out,
                       Optional<Index>:$thread_id, Optional<Index>:$num_threads,
                       DenseI64ArrayAttr:$offsets, I64Attr:$columns,
                       UnitAttr:$transpose, OptionalAttr<I64Attr>:$limit);
  let results = (outs Variadic<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $matrices `:` type($matrices) `)` $offsets `columns` $columns
    (`transpose` $transpose^)? `outs` `(` $out `:` type($out) `)`
    (`distribute` `(` $thread_id^ `,` $num_threads `)`)? attr-dict
    (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def RNN_PackedLinearOp : RNN_Op<"packed_linear", [Pure]> {
  let summary = "a vector times matrices that were packed";
  let description = [{
    The products of the vector and each matrix of `rnn.pack`, one after the
    other.

    Constraints:
    * C1: `weights` is what `rnn.pack` gives for matrices with a row for each
      component of the vector; the result has `columns` components for each
      matrix.

    Example:

    ```mlir
    func.func @gates(%x: tensor<8xf32>, %W: tensor<2x8x2x8xf32>) -> tensor<32xf32> {
      %y = rnn.packed_linear %x, %W : tensor<8xf32>, tensor<2x8x2x8xf32> -> tensor<32xf32>
      return %y : tensor<32xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$vector, AnyRankedTensor:$weights);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = [{
    $vector `,` $weights attr-dict `:`
    type($vector) `,` type($weights) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getNumMatrices() { return getWeights().getType().getShape()[2]; }
    int64_t getLanes();
    /// Columns of each matrix.
    int64_t getColumns() {
      return getResult().getType().getDimSize(0) / getNumMatrices();
    }
  }];
}

def RNN_PackedSparseLinearOp : RNN_Op<"packed_sparse_linear", [Pure]> {
  let summary = "a vector times a sparse matrix that was packed";
  let description = [{
    `rnn.sparse_linear` of what `rnn.pack` gives for the weights of columns and
    for the numbers of their components, one matrix after the other.

    Constraints:
    * C1: weights and indices are [ceil(columns / lanes), degree, matrices,
      lanes]; the result has `columns` components for each matrix.

    Example:

    ```mlir
    func.func @drive(%x: tensor<100xf32>, %W: tensor<10x5x1x8xf32>, %I: tensor<10x5x1x8xi16>) -> tensor<80xf32> {
      %y = rnn.packed_sparse_linear %x, %W, %I : tensor<100xf32>, tensor<10x5x1x8xf32>, tensor<10x5x1x8xi16> -> tensor<80xf32>
      return %y : tensor<80xf32>
    }
    ```
  }];
  let arguments = (ins RNN_Vector:$vector, AnyRankedTensor:$weights,
                       RankedTensorOf<[I16, I32]>:$indices);
  let results = (outs RNN_Vector:$result);
  let assemblyFormat = [{
    $vector `,` $weights `,` $indices attr-dict `:`
    type($vector) `,` type($weights) `,` type($indices) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns of each matrix.
    int64_t getColumns() {
      auto weights = ::llvm::cast<::mlir::ShapedType>(getWeights().getType());
      return getResult().getType().getDimSize(0) / weights.getDimSize(2);
    }
  }];
}

def RNN_RowsOp : RNN_Op<"rows", [AttrSizedOperandSegments, IsolatedFromAbove,
    SingleBlock, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a kernel: the same for each row";
  let description = [{
    ```
    for r in 0 .. rows-1, in any order:
      outs[0][r], outs[1][r], … = body(ins[0][r], …, shared…)
    ```

    Rows are the first dimension of `ins` and `outs` (batch, or packed instants
    of all examples); all have as many rows as the first of `outs`. The body is
    written for one row. `shared` operands are the same for each row. An
    operand of `outs` may be the same memory as one of `ins`: a row is read
    before it is written.

    Works on tensors, and on memrefs once bufferized. `distribute(%id, %n)`
    leaves only the blocks of rows to do whose number modulo `%n` is `%id`.
    `columns(%id, %n)` leaves only part number `%id` of `%n` of the columns of
    each row; the threads that share a row wait for each other where one needs
    what another computes, and at the end. Operands of `outs` listed in
    `disjoint` are never the memory of one of `ins`, though they may look so.
    `schedule` is what `rnn-schedule` chose.

    Constraints:
    * C1: the body's arguments are rows of `ins`, then `shared` operands as
      tensors.
    * C2: the body yields one row for each of `outs`, of which there is one at least.
    * C3: `ins` and `outs` are tensors or memrefs of rank 1 or more.
    * C4: a thread's number comes with the number of threads.
    * C5: `disjoint` lists operands of `outs`.

    Example:

    ```mlir
    func.func @step(%x: tensor<?x8xf32>, %W: tensor<8x16xf32>, %out: tensor<?x16xf32>) -> tensor<?x16xf32> {
      %y = rnn.rows ins(%xr = %x : tensor<?x8xf32>) shared(%Wr = %W : tensor<8x16xf32>) outs(%out : tensor<?x16xf32>) {
        %p = rnn.linear %xr, %Wr : tensor<8xf32>, tensor<8x16xf32> -> tensor<16xf32>
        %t = math.tanh %p : tensor<16xf32>
        rnn.yield %t : tensor<16xf32>
      }
      return %y : tensor<?x16xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<RNN_Rows>:$ins, Variadic<AnyType>:$shared,
                       Variadic<RNN_Rows>:$outs,
                       Optional<Index>:$thread_id, Optional<Index>:$num_threads,
                       Optional<Index>:$column_id, Optional<Index>:$num_column_threads,
                       OptionalAttr<DenseI64ArrayAttr>:$disjoint,
                       OptionalAttr<RNN_ScheduleAttr>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::ValueRange":$ins, "::mlir::ValueRange":$shared,
                   "::mlir::ValueRange":$outs)>,
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getEntry() { return getBody().front(); }
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
    ::mlir::Block::BlockArgListType getRowArgs() {
      return getEntry().getArguments().take_front(getIns().size());
    }
    ::mlir::Block::BlockArgListType getSharedArgs() {
      return getEntry().getArguments().drop_front(getIns().size());
    }
    ::ravel::rnn::YieldOp getYield();
  }];
  let extraClassDefinition = [{
    ::ravel::rnn::YieldOp $cppClass::getYield() {
      return ::llvm::cast<::ravel::rnn::YieldOp>(getEntry().getTerminator());
    }
  }];
}

def RNN_ChainsOp : RNN_Op<"chains", [AttrSizedOperandSegments, IsolatedFromAbove,
    SingleBlock, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a kernel: a recurrence of each component of each example by itself";
  let description = [{
    ```
    for e in 0 .. examples-1, and each column, in any order:
      s = states[0][e], states[1][e], …
      for t in 0 .. length(e)-1 (or down, with `reverse`):
        r = offsets[t] + e
        outs[0][r], outs[1][r], …, s = body(ins[0][r], …, examples[0][e], …, shared…, s)
      states[0][e], states[1][e], … = s
    ```

    The batched form of a `columnwise` scan: `ins` and `outs` are packed
    sequences, `states` and `examples` have a row for each example. The body is
    written for one instant of one example. Its columns don't depend on each
    other, so a lowering may do them in any order and on any thread, and may
    split the time of chains that are linear in their states.

    Works on tensors, and on memrefs once bufferized.

    Constraints:
    * C1: the body's arguments are rows of `ins`, rows of `examples`, `shared`
      operands as tensors, then rows of `states`.
    * C2: the body yields one row for each of `outs`, then one for each state;
      there is one of these at least.
    * C3: `ins`, `examples`, `outs` and `states` are tensors or memrefs of rank 1
      or more.
    * C4: `offsets` are a vector of `index`.
    * C5: states and outputs are all vectors of one size, or all numbers, and the
      body is columnwise, as in a `rnn.scan`.

    Example:

    ```mlir
    func.func @leak(%offsets: tensor<?xindex>, %x: tensor<?x8xf32>, %a: tensor<8xf32>, %s0: tensor<?x8xf32>, %out: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y, %s = rnn.chains over(%offsets : tensor<?xindex>) ins(%xr = %x : tensor<?x8xf32>) shared(%ar = %a : tensor<8xf32>) outs(%out : tensor<?x8xf32>) state(%sr = %s0 : tensor<?x8xf32>) {
        %0 = arith.mulf %ar, %sr : tensor<8xf32>
        %1 = arith.addf %0, %xr : tensor<8xf32>
        rnn.yield %1 state(%1) : tensor<8xf32>, tensor<8xf32>
      }
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyShaped:$offsets, Variadic<RNN_Rows>:$ins,
                       Variadic<RNN_Rows>:$examples, Variadic<AnyType>:$shared,
                       Variadic<RNN_Rows>:$outs, Variadic<RNN_Rows>:$states,
                       UnitAttr:$reverse);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::Value":$offsets, "::mlir::ValueRange":$ins,
                   "::mlir::ValueRange":$examples, "::mlir::ValueRange":$shared,
                   "::mlir::ValueRange":$outs, "::mlir::ValueRange":$states,
                   CArg<"bool", "false">:$reverse)>,
  ];
  let extraClassDeclaration = [{
    ::mlir::Block &getEntry() { return getBody().front(); }
    ::mlir::MutableOperandRange getDpsInitsMutable();
    ::mlir::Block::BlockArgListType getInArgs() {
      return getEntry().getArguments().take_front(getIns().size());
    }
    ::mlir::Block::BlockArgListType getExampleArgs() {
      return getEntry().getArguments().slice(getIns().size(), getExamples().size());
    }
    ::mlir::Block::BlockArgListType getSharedArgs() {
      return getEntry().getArguments().slice(
          getIns().size() + getExamples().size(), getShared().size());
    }
    ::mlir::Block::BlockArgListType getStateArgs() {
      return getEntry().getArguments().take_back(getStates().size());
    }
    ::ravel::rnn::YieldOp getYield();
    /// The components of states and outputs; 0 where they are numbers.
    int64_t getNumColumns();
  }];
}

def RNN_AttendRowsOp : RNN_Op<"attend_rows", [AttrSizedOperandSegments,
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a kernel: what each row does with a memory of its example";
  let description = [{
    ```
    for r in 0 .. rows-1, in any order:
      e = sources[r]
      m = memory[starts[e] .. starts[e + 1] - 1]
      outs[0][r], … = kind(ins[0][r], …, m)
    ```

    Memories lie example after example: that of example `e` is the rows from
    `starts[e]` on. Alignments have a number for each row of the longest memory,
    of which an example uses the first.

    | kind | `ins` | `outs` | |
    |---|---|---|---|
    | `score` | q | s | `rnn.score` |
    | `score_additive` | q | s | the same, with `shared(w)` |
    | `score_adjoint` | d, q | gain, slope | `rnn.score_adjoint` |
    | `weigh` | s | a | `rnn.weigh` |
    | `weigh_adjoint` | a, g | d | `rnn.weigh_adjoint` |
    | `add` | a, b | s | `rnn.add_alignments` |
    | `recall` | a | y | `rnn.recall` |
    | `accumulate` | d, v | dm | `rnn.accumulate` |
    | `accumulate_additive` | d, v | dm | the same, of `additive` |

    The last two add to `outs`, which has the memory's rows. Works on tensors,
    and on memrefs once bufferized. `distribute` and `columns` are as those of
    `rnn.rows`: threads that share columns there share rows here, and wait for
    each other at the end.

    Constraints:
    * C1: as many `ins`, `outs` and shared operands as the kind has, and a memory
      where it reads one.
    * C2: a thread's number comes with the number of threads.

    Example:

    ```mlir
    func.func @score(%q: tensor<?x8xf32>, %m: tensor<?x8xf32>, %starts: tensor<?xindex>, %sources: tensor<?xindex>, %s: tensor<?x?xf32>) -> tensor<?x?xf32> {
      %y = rnn.attend_rows score ins(%q : tensor<?x8xf32>) memory(%m : tensor<?x8xf32>) of(%starts, %sources : tensor<?xindex>, tensor<?xindex>) outs(%s : tensor<?x?xf32>) -> tensor<?x?xf32>
      return %y : tensor<?x?xf32>
    }
    ```
  }];
  let arguments = (ins RNN_AttendKind:$kind, Variadic<RNN_Rows>:$ins,
                       Optional<RNN_Rows>:$memory, Optional<RNN_Rows>:$shared,
                       AnyShaped:$starts, AnyShaped:$sources,
                       Variadic<RNN_Rows>:$outs,
                       Optional<Index>:$thread_id, Optional<Index>:$num_threads,
                       Optional<Index>:$column_id, Optional<Index>:$num_column_threads);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let assemblyFormat = [{
    $kind `ins` `(` $ins `:` type($ins) `)`
    (`memory` `(` $memory^ `:` type($memory) `)`)?
    (`shared` `(` $shared^ `:` type($shared) `)`)?
    `of` `(` $starts `,` $sources `:` type($starts) `,` type($sources) `)`
    `outs` `(` $outs `:` type($outs) `)`
    (`distribute` `(` $thread_id^ `,` $num_threads `)`)?
    (`columns` `(` $column_id^ `,` $num_column_threads `)`)?
    attr-dict (`->` type($results_)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
    /// Whether it adds to a memory's gradient, which all rows of an example do.
    bool accumulates() {
      return getKind() == ::ravel::rnn::AttendKind::Accumulate ||
             getKind() == ::ravel::rnn::AttendKind::AccumulateAdditive;
    }
  }];
}

#endif // RAVEL_DIALECT_RNN_IR_RNNOPS_TD
