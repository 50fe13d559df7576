//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNNATTRIBUTES_TD
#define RAVEL_DIALECT_RNN_IR_RNNATTRIBUTES_TD

include "ravel/Dialect/RNN/IR/RNNDialect.td"
include "ravel/Dialect/RNN/IR/RNNInterfaces.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------===//
// Initializers
//===----------------------------------------------------------------------===//

class RNN_Initializer<string name, string keyword>
    : AttrDef<RNN_Dialect, name,
              [DeclareAttrInterfaceMethods<RNN_InitializerAttrInterface>]> {
  let mnemonic = keyword;
}

class RNN_FloatParameter<string doc> : APFloatParameter<doc> {
  let parser = "::ravel::rnn::detail::parseDouble($_parser)";
  let printer = "::ravel::rnn::detail::printDouble($_printer, $_self)";
}

def RNN_ZerosAttr : RNN_Initializer<"Zeros", "zeros"> {
  let summary = "all zero";
  let description = "Example: `#rnn.zeros`";
}
def RNN_ConstantInitAttr : RNN_Initializer<"ConstantInit", "constant"> {
  let summary = "one value everywhere";
  let description = "Example: `#rnn.constant<1.0>`";
  let parameters = (ins RNN_FloatParameter<"the value">:$value);
  let assemblyFormat = "`<` $value `>`";
}
def RNN_UniformAttr : RNN_Initializer<"Uniform", "uniform"> {
  let summary = "uniform between two bounds";
  let description = "Example: `#rnn.uniform<-0.1, 0.1>`";
  let parameters = (ins RNN_FloatParameter<"lower bound">:$low,
                        RNN_FloatParameter<"upper bound">:$high);
  let assemblyFormat = "`<` $low `,` $high `>`";
}
def RNN_NormalAttr : RNN_Initializer<"Normal", "normal"> {
  let summary = "normal with a mean and a standard deviation";
  let description = "Example: `#rnn.normal<0.0, 0.01>`";
  let parameters = (ins RNN_FloatParameter<"mean">:$mean,
                        RNN_FloatParameter<"standard deviation">:$stddev);
  let assemblyFormat = "`<` $mean `,` $stddev `>`";
}
def RNN_GlorotAttr : RNN_Initializer<"Glorot", "glorot"> {
  let summary = "uniform in ±sqrt(6 / (inputs + outputs))";
  let description = [{
    Glorot & Bengio, *Understanding the difficulty of training deep feedforward
    neural networks*, AISTATS 2010, eq. 16. Example: `#rnn.glorot`
  }];
}
def RNN_HeAttr : RNN_Initializer<"He", "he"> {
  let summary = "normal with standard deviation sqrt(2 / inputs)";
  let description = [{
    He et al., *Delving deep into rectifiers*, ICCV 2015, eq. 10.
    Example: `#rnn.he`
  }];
}
def RNN_OrthogonalAttr : RNN_Initializer<"Orthogonal", "orthogonal"> {
  let summary = "a random orthogonal matrix times a gain";
  let description = [{
    Saxe et al., *Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks*, ICLR 2014. A matrix that is not square gets
    orthonormal rows or columns, whichever are fewer.
    Example: `#rnn.orthogonal<1.0>`
  }];
  let parameters = (ins RNN_FloatParameter<"gain">:$gain);
  let assemblyFormat = "`<` $gain `>`";
}
def RNN_IdentityAttr : RNN_Initializer<"Identity", "identity"> {
  let summary = "the identity matrix times a gain";
  let description = [{
    Le, Jaitly & Hinton, *A simple way to initialize recurrent networks of
    rectified linear units*, 2015. Example: `#rnn.identity<1.0>`
  }];
  let parameters = (ins RNN_FloatParameter<"gain">:$gain);
  let assemblyFormat = "`<` $gain `>`";
}

//===----------------------------------------------------------------------===//
// Reservoirs
//===----------------------------------------------------------------------===//

/// A number or a word that a use of a cell may set.
class RNN_Settable<string what>
    : AttrOrTypeParameter<"::mlir::Attribute", what> {
  let defaultValue = "::mlir::Attribute()";
  let parser = "::ravel::rnn::detail::parseSettable($_parser)";
  let printer = "::ravel::rnn::detail::printSettable($_printer, $_self)";
}

def RNN_SettingAttr : AttrDef<RNN_Dialect, "Setting"> {
  let mnemonic = "setting";
  let summary = "what a use of a cell may set, with its default";
  let description = [{
    Stands in an initializer of a cell where a number or a word would.
    `rnn.unroll @cell "name" (%x) {settings = {density = 0.02}}` gives another
    value. `rnn.hyper` is the same for a number that the equations use.

    Example: `#rnn.reservoir<density = #rnn.setting<"density", 0.1>>`
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::Attribute":$value);
  let assemblyFormat = "`<` $name `,` custom<SettableValue>($value) `>`";
}

def RNN_ReservoirAttr : RNN_Initializer<"Reservoir", "reservoir"> {
  let summary = "weights that are drawn, scaled, and not learned";
  let description = [{
    Each unit (column) reads `round(density * inputs)` inputs, at least one, by
    weights from `distribution`: `"uniform"` in [-1, 1], `"normal"` (0, 1),
    `"bernoulli"` (-1 or 1 alike), `"constant"` (1). They are multiplied by
    `scale`, or where `spectral_radius` is given, so that the largest absolute
    value of an eigenvalue is that (Jaeger, *The "echo state" approach to
    analysing and training recurrent neural networks*, GMD report 148, 2001).

    Which inputs a unit reads is the `topology`:

    * `"random"`: any;
    * `"ring"`: the unit before, the first one reads the last (Rodan & Tino,
      *Minimum complexity echo state network*, IEEE TNN 22, 2011);
    * `"delay_line"`: the unit before, the first one none. It has no eigenvalue
      but 0, so it takes a `scale`;
    * `"small_world"`: the nearest on a ring, each exchanged for any other with
      the probability `rewire` (Watts & Strogatz, *Collective dynamics of
      'small-world' networks*, Nature 393, 1998).

    With `excitatory` the weights from that share of the inputs, the first, are
    positive, the others negative (Maass et al., *Real-time computing without
    stable states*, Neural Computation 14, 2002).

    With `seed` the weights depend on that alone, else on the seed of the run
    and the parameter's name. Defaults: density 1, "uniform", scale 1, "random",
    rewire 0.1. A vector has one weight for each component.

    Constraints:
    * C1: numbers and words are that, or `#rnn.setting` with such a default.
    * C2: density is above 0 and at most 1, the radius not negative, rewire and
      excitatory from 0 to 1.
    * C3: topology and distribution are of those above.
    * C4: `scale` and `spectral_radius` exclude each other.

    Example: `#rnn.reservoir<density = 0.1, spectral_radius = 0.95>`
  }];
  let parameters = (ins
    RNN_Settable<"share of the inputs that a unit reads">:$density,
    RNN_Settable<"largest absolute value of an eigenvalue">:$spectral_radius,
    RNN_Settable<"factor of all weights">:$scale,
    RNN_Settable<"what weights are drawn from">:$distribution,
    RNN_Settable<"which inputs a unit reads">:$topology,
    RNN_Settable<"probability that a connection is exchanged">:$rewire,
    RNN_Settable<"share of the inputs that excite">:$excitatory,
    RNN_Settable<"of the draw">:$seed);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::llvm::LogicalResult verifySettings(
        ::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError) const;
    std::optional<int64_t> getDegree(::llvm::ArrayRef<int64_t> shape) const;
    ::llvm::Error fillSparse(::llvm::ArrayRef<int64_t> shape, uint64_t seed,
                             ::llvm::MutableArrayRef<double> values) const;
  }];
}

def RNN_SparseAttr : RNN_Initializer<"Sparse", "sparse"> {
  let summary = "the sparse form of a matrix that is drawn";
  let description = [{
    Gives a parameter [2, degree, outputs] the weights that the initializer gives
    a matrix [inputs, outputs] (`rnn.sparse_linear`).

    Example: `#rnn.sparse<#rnn.reservoir<density = 0.1>, 100>`
  }];
  let parameters = (ins "::ravel::rnn::InitializerAttrInterface":$matrix,
                        "int64_t":$inputs);
  let assemblyFormat = "`<` $matrix `,` $inputs `>`";
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

def RNN_StageAttr : AttrDef<RNN_Dialect, "Stage"> {
  let mnemonic = "stage";
  let summary = "how a stage of a kernel walks rows and columns";
  let description = [{
    A stage computes blocks of `block = [rows, vectors]` in registers, and rows
    that fill no block one by one, `row` vectors of each at once. In `depths` is
    for each group of products how many components all rows add up before the
    next ones are read; 0 where a product is accumulated in one go.

    Example: `#rnn.stage<block = [3, 1], row = 2, depths = [128]>`
  }];
  let parameters = (ins "int64_t":$blockRows, "int64_t":$blockVectors,
                        "int64_t":$rowVectors,
                        OptionalArrayRefParameter<"int64_t">:$depths);
  let assemblyFormat = [{
    `<` `block` `=` `[` $blockRows `,` $blockVectors `]` `,` `row` `=` $rowVectors
    (`,` `depths` `=` `[` $depths^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}
def RNN_ScheduleAttr : AttrDef<RNN_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "how a kernel is laid out on a processor";
  let description = [{
    `lanes` components are in a vector. `panel` rows go through all stages, and
    use a block of weights while it is in the cache, before the next rows.

    Example:
    `#rnn.schedule<lanes = 8, panel = 96, stages = [<block = [3, 1], row = 2>]>`
  }];
  let parameters = (ins "int64_t":$lanes, "int64_t":$panelRows,
                        OptionalArrayRefParameter<"StageAttr">:$stages);
  let assemblyFormat = [{
    `<` `lanes` `=` $lanes `,` `panel` `=` $panelRows
    (`,` `stages` `=` `[` $stages^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

def RNN_Activation : I32EnumAttr<"Activation", "activation of a gate", [
    I32EnumAttrCase<"Identity", 0, "identity">,
    I32EnumAttrCase<"Sigmoid", 1, "sigmoid">,
    I32EnumAttrCase<"Tanh", 2, "tanh">,
    I32EnumAttrCase<"Relu", 3, "relu">,
    I32EnumAttrCase<"Softplus", 4, "softplus">,
    I32EnumAttrCase<"Gelu", 5, "gelu">,
    I32EnumAttrCase<"Silu", 6, "silu">,
    I32EnumAttrCase<"HardSigmoid", 7, "hard_sigmoid">,
    I32EnumAttrCase<"LeakyRelu", 8, "leaky_relu">,
    I32EnumAttrCase<"Elu", 9, "elu">,
    I32EnumAttrCase<"Exp", 10, "exp">]> {
  let cppNamespace = "::ravel::rnn";
}

def RNN_AttentionScore : I32EnumAttr<"AttentionScore", "score of attention", [
    I32EnumAttrCase<"Dot", 0, "dot">,
    I32EnumAttrCase<"Scaled", 1, "scaled">,
    I32EnumAttrCase<"Bilinear", 2, "bilinear">,
    I32EnumAttrCase<"Additive", 3, "additive">]> {
  let cppNamespace = "::ravel::rnn";
}

def RNN_AttendKind : I32EnumAttr<"AttendKind", "what a kernel does with memories", [
    I32EnumAttrCase<"Score", 0, "score">,
    I32EnumAttrCase<"ScoreAdditive", 1, "score_additive">,
    I32EnumAttrCase<"ScoreAdjoint", 2, "score_adjoint">,
    I32EnumAttrCase<"Weigh", 3, "weigh">,
    I32EnumAttrCase<"WeighAdjoint", 4, "weigh_adjoint">,
    I32EnumAttrCase<"Recall", 5, "recall">,
    I32EnumAttrCase<"Accumulate", 6, "accumulate">,
    I32EnumAttrCase<"AccumulateAdditive", 7, "accumulate_additive">,
    I32EnumAttrCase<"Add", 8, "add">]> {
  let cppNamespace = "::ravel::rnn";
}

#endif // RAVEL_DIALECT_RNN_IR_RNNATTRIBUTES_TD
