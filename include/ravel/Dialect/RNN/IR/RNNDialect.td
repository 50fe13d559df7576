//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNNDIALECT_TD
#define RAVEL_DIALECT_RNN_IR_RNNDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"

def RNN_Dialect : Dialect {
  let name = "rnn";
  let cppNamespace = "::ravel::rnn";
  let summary = "Recurrent networks: cells, time, objectives";
  let description = [{
    A model is a set of *cells* (what happens to one example at one instant)
    and of functions over one example, whose inputs are vectors, numbers,
    class indices (`i32`) and sequences of those (`!rnn.seq<E>`). Nothing in a
    model mentions batches, padding, masks, weight layout or threads.

    Elementwise arithmetic is `arith` and `math` on tensors. The dialect adds
    what those lack: learned parameters, time and objectives.

    Vectors are one-dimensional tensors of a float type. Inside a cell their
    size may be left open (`tensor<?xf32>`); `rnn-instantiate` solves the sizes
    of each use of the cell from the types at that use.

    Ops come in three groups by the level at which they appear:

    * level 0, the model: `cell`, `optimizer`, `gate`, `project`, `param`,
      `unroll`, `step`, `embed`, objectives and reductions over time;
    * level 1 and 2, explicit: `parameter`, `scan`, `linear`, `lookup` and the
      ops of the gradient (`outer`, `total`, `contract`, `scatter`);
    * level 3, batched: `rows`, a kernel over the examples of a batch, and
      `chains`, a kernel over the components of their states.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"
  ];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Name of the argument attribute that holds what a person calls an input.
    static constexpr llvm::StringLiteral kNameAttr = "rnn.name";
    /// Argument attribute of an explicit parameter: the symbol of its
    /// `rnn.parameter`.
    static constexpr llvm::StringLiteral kParameterAttr = "rnn.parameter";
    /// Argument attribute of the `i32` from which dropout draws.
    static constexpr llvm::StringLiteral kKeyAttr = "rnn.key";
    /// Argument attribute of the per-example weight of a gradient function.
    static constexpr llvm::StringLiteral kWeightAttr = "rnn.weight";
    /// Result attribute of a gradient: the symbol of its `rnn.parameter`.
    static constexpr llvm::StringLiteral kGradientAttr = "rnn.gradient";
    /// Attribute of a loop over time.
    static constexpr llvm::StringLiteral kTimeAttr = "rnn.time";
    /// Argument attributes of a batched function: what the argument is, and how
    /// it is laid out.
    static constexpr llvm::StringLiteral kRoleAttr = "rnn.role";
    static constexpr llvm::StringLiteral kLayoutAttr = "rnn.layout";
    /// Argument attributes of a batched function with sequences of several
    /// lengths: the class of a sequence, and that of a memory or alignment. The
    /// first class is 0 and left out.
    static constexpr llvm::StringLiteral kClassAttr = "rnn.class";
    static constexpr llvm::StringLiteral kMemoryClassAttr = "rnn.memory_class";
    /// Argument attributes of a sequence that a decoder is taught or generates:
    /// the class that it ends with, and how many classes mean no symbol.
    static constexpr llvm::StringLiteral kEndAttr = "rnn.end";
    static constexpr llvm::StringLiteral kReservedAttr = "rnn.reserved";
    /// Function attribute of the part of a generating function that comes
    /// before its decoder: a dictionary of the decoder's settings.
    static constexpr llvm::StringLiteral kDecodeAttr = "rnn.decode";
    /// Function attribute of one step of a stream: how many inputs, states and
    /// values of the example it takes, and how many outputs it gives.
    static constexpr llvm::StringLiteral kStreamAttr = "rnn.stream";
    /// Function attribute: the batch always has this many examples.
    static constexpr llvm::StringLiteral kBatchSizeAttr = "rnn.batch_size";
    /// Attribute of a kernel in the step of a stream: it reads weights forwards
    /// and backwards in turn.
    static constexpr llvm::StringLiteral kTurnsAttr = "rnn.turns";
    /// Argument attribute of class indices: how many classes their uses allow.
    static constexpr llvm::StringLiteral kClassesAttr = "rnn.classes";
    /// Attribute of a function that serves another, whose symbol it holds: one
    /// that computes how much workspace that needs, or prepares weights for it.
    static constexpr llvm::StringLiteral kCompanionAttr = "rnn.companion";
    /// Argument attribute of a value that all examples of a batch share.
    static constexpr llvm::StringLiteral kSharedAttr = "rnn.shared";

  private:
    void registerTypes();
    void registerAttributes();
  public:
  }];
}

#endif // RAVEL_DIALECT_RNN_IR_RNNDIALECT_TD
