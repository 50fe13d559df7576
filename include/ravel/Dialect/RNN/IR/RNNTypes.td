//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_DIALECT_RNN_IR_RNNTYPES_TD
#define RAVEL_DIALECT_RNN_IR_RNNTYPES_TD

include "ravel/Dialect/RNN/IR/RNNDialect.td"
include "mlir/IR/CommonTypeConstraints.td"

def RNN_SeqType : TypeDef<RNN_Dialect, "Seq"> {
  let mnemonic = "seq";
  let summary = "a sequence of elements, with a length of its own";
  let description = [{
    One example's sequence. The element is a vector (`tensor<64xf32>`), a
    matrix (in gradients), a number (`f32`) or a class index (`i32`). The length belongs to the value
    and differs between the examples of a batch; it may be zero.

    Example:

    ```mlir
    func.func private @tag(!rnn.seq<i32>) -> !rnn.seq<tensor<17xf32>>
    ```
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

def RNN_CheckpointsType : TypeDef<RNN_Dialect, "Checkpoints"> {
  let mnemonic = "checkpoints";
  let summary = "values that an example had every so many instants";
  let description = [{
    One value for each part of `length` instants that `rnn.segments` cuts an
    example's time into: what a state was before the part.

    Example:

    ```mlir
    func.func private @states() -> !rnn.checkpoints<16, tensor<3xf32>>
    ```
  }];
  let parameters = (ins "int64_t":$length, "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $length `,` $elementType `>`";
  let genVerifyDecl = 1;
}

def RNN_MemoryType : TypeDef<RNN_Dialect, "Memory"> {
  let mnemonic = "memory";
  let summary = "a sequence that is read as a whole";
  let description = [{
    What attention looks at: all elements of one example's sequence, in order. A
    sequence is met one instant at a time; a memory is one value, which a step of
    another sequence reads from end to end. Its length is the sequence's own.

    Example:

    ```mlir
    func.func private @encode(!rnn.seq<i32>) -> !rnn.memory<tensor<64xf32>>
    ```
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

def RNN_AlignmentType : TypeDef<RNN_Dialect, "Alignment"> {
  let mnemonic = "alignment";
  let summary = "a number for each element of a memory";
  let description = [{
    Scores or weights that one instant gives to the elements of a memory.

    Example:

    ```mlir
    func.func private @attend(tensor<64xf32>) -> !rnn.alignment<f32>
    ```
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

/// A vector: a rank-1 float tensor.
def RNN_Vector : Type<
    Or<[1DTensorOf<[AnyFloat]>.predicate]>, "vector (rank-1 float tensor)",
    "::mlir::RankedTensorType">;

def RNN_Matrix : Type<
    2DTensorOf<[AnyFloat]>.predicate, "matrix (rank-2 float tensor)",
    "::mlir::RankedTensorType">;

// As of sequences, C++ types stay open.
def RNN_Memory : Type<
    CPred<"::llvm::isa<::ravel::rnn::MemoryType>($_self)">, "memory">;
def RNN_Alignment : Type<
    CPred<"::llvm::isa<::ravel::rnn::AlignmentType>($_self)">, "alignment">;

/// What one instant of a sequence may be.
def RNN_Element : Type<
    Or<[RNN_Vector.predicate, AnyFloat.predicate, I32.predicate,
        RNN_Matrix.predicate]>,
    "element (vector, matrix, float or i32)">;

// The C++ type of sequences stays open: `!rnn.seq` would be left out in print.
def RNN_Seq : Type<
    CPred<"::llvm::isa<::ravel::rnn::SeqType>($_self)">, "sequence">;

def RNN_Checkpoints : Type<
    CPred<"::llvm::isa<::ravel::rnn::CheckpointsType>($_self)">, "checkpoints">;

class RNN_SeqOf<Type element, string what> : Type<
    And<[RNN_Seq.predicate,
         SubstLeaves<"$_self",
             "::llvm::cast<::ravel::rnn::SeqType>($_self).getElementType()",
             element.predicate>]>,
    "sequence of " # what>;

def RNN_AlignmentLike : Type<
    Or<[RNN_Alignment.predicate,
        RNN_SeqOf<RNN_Alignment, "alignments">.predicate]>,
    "alignment or sequence of alignments">;

def RNN_VectorSeq : RNN_SeqOf<RNN_Vector, "vectors">;
def RNN_IndexSeq : RNN_SeqOf<I32, "i32">;

/// A vector, or a sequence of them: ops on these apply at each instant.
def RNN_VectorLike : Type<
    Or<[RNN_Vector.predicate, RNN_VectorSeq.predicate]>,
    "vector or sequence of vectors">;
def RNN_IndexLike : Type<
    Or<[I32.predicate, RNN_IndexSeq.predicate]>,
    "class index (i32) or sequence of class indices">;
/// What the totals over a batch take: an example's value, or once batched the
/// rows of all.
def RNN_VectorRows : Type<
    Or<[RNN_VectorLike.predicate, RNN_Matrix.predicate]>,
    "vector, sequence of vectors, or rows of them">;
def RNN_IndexRows : Type<
    Or<[RNN_IndexLike.predicate, 1DTensorOf<[I32]>.predicate]>,
    "class index (i32), sequence of them, or rows of them">;
def RNN_TargetLike : Type<
    Or<[RNN_Vector.predicate, RNN_VectorSeq.predicate]>,
    "vector or sequence of vectors">;
/// What a kernel reads or writes row by row.
def RNN_Rows : Type<
    And<[CPred<"::llvm::isa<::mlir::RankedTensorType, ::mlir::MemRefType>($_self)">,
         CPred<"::llvm::cast<::mlir::ShapedType>($_self).getRank() >= 1">]>,
    "rows (ranked tensor or memref of rank 1 or more)", "::mlir::ShapedType">;
def RNN_State : Type<
    Or<[RNN_Vector.predicate, AnyFloat.predicate, I32.predicate]>,
    "state (vector, float or i32)">;

#endif // RAVEL_DIALECT_RNN_IR_RNNTYPES_TD
