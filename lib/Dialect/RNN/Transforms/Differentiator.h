//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The backward pass of a function, built op by op from its end.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_DIALECT_RNN_TRANSFORMS_DIFFERENTIATOR_H
#define RAVEL_LIB_DIALECT_RNN_TRANSFORMS_DIFFERENTIATOR_H

#include "Activity.h"
#include "llvm/ADT/MapVector.h"

namespace ravel::rnn {

/// Zero, of the type and length of `like`.
mlir::Value createZeroLike(mlir::OpBuilder &builder, mlir::Value like);

/// Builds the backward pass of a function whose body is one block.
class Differentiator final : public AdjointContext {
public:
  Differentiator(mlir::func::FuncOp function, llvm::StringRef objective,
                 Activity activity);

  /// Starts from `gradient` as the gradient of `loss` and visits all ops.
  mlir::LogicalResult run(mlir::Value loss, mlir::Value gradient);

  bool isActive(mlir::Value value) override { return activity.isActive(value); }
  mlir::Value getGradient(mlir::Value value) override;
  void addGradient(mlir::OpBuilder &builder, mlir::Value value,
                   mlir::Value gradient) override;
  mlir::Value getForward(mlir::OpBuilder &builder, mlir::Value value) override;
  mlir::LogicalResult buildScanAdjoint(mlir::OpBuilder &builder,
                                       ScanOp scan) override;
  mlir::LogicalResult buildSegmentsAdjoint(mlir::OpBuilder &builder,
                                           SegmentsOp segments) override;

private:
  /// The part of the backward pass that belongs to one block: that of the
  /// function, of a scan or of one part of time.
  struct Scope {
    explicit Scope(mlir::MLIRContext *context) : builder(context) {}

    /// Where the backward pass of this block grows.
    mlir::OpBuilder builder;
    /// What has been added to a value's gradient. Numbers, vectors and matrices
    /// are summed at once; a sequence may have several summands, for the
    /// backward scan that reads them can add them up as it goes.
    llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value, 1>> gradients;

    //===--- Of a loop only ---===//

    /// The body whose ops are visited.
    mlir::Region *visited = nullptr;
    /// What has been added to the gradients of captured values.
    llvm::MapVector<mlir::Value, llvm::SmallVector<mlir::Value, 1>> captured;

    //===--- Of a scan only ---===//

    ScanOp scan;
    /// The body of the backward scan.
    std::unique_ptr<mlir::Block> body;
    /// An input of the backward scan: a sequence that there is, or the output
    /// of the forward scan with this number.
    struct Input {
      mlir::Value sequence;
      unsigned output = 0;
    };
    llvm::SmallVector<Input> inputs;
    /// Values that the forward scan is to put out after the outputs it has.
    llvm::SmallVector<mlir::Value> residuals;
    /// The values of the backward body that are those of the forward body.
    llvm::DenseMap<mlir::Value, mlir::Value> forward;
  };

  /// The backward loop of a loop: its states and what its results are.
  struct LoopAdjoint {
    /// The states of the forward loop that have a gradient.
    llvm::SmallVector<unsigned> states;
    /// What the states start from, the next states, and the outputs.
    llvm::SmallVector<mlir::Value> initials, next, outputs;
    /// The values whose gradients are the outputs.
    llvm::SmallVector<mlir::Value> sources;
    /// Captured values of the example, whose gradients are states.
    llvm::SmallVector<mlir::Value> summed;
    /// What instants add to the gradients of captured memories, and these. The
    /// factors are outputs, two for each, without a source.
    llvm::SmallVector<ImprintOp> imprints;
    llvm::SmallVector<mlir::Value> memories;
  };

  mlir::LogicalResult sweep(llvm::ArrayRef<mlir::Operation *> ops);
  mlir::LogicalResult buildScanBody(mlir::OpBuilder &builder, Scope &outer,
                                    LoopAdjoint &adjoint);
  mlir::LogicalResult addCapturedMemory(mlir::Value memory,
                                        mlir::ValueRange gradients,
                                        mlir::Operation *loop,
                                        LoopAdjoint &adjoint);
  mlir::LogicalResult addCaptured(mlir::OpBuilder &builder, Scope &inner,
                                  mlir::Block &body, mlir::Operation *loop,
                                  LoopAdjoint &adjoint);
  void collectGradients(Scope &inner, mlir::ValueRange stateArgs,
                        mlir::ValueRange inputArgs, mlir::ValueRange inputs,
                        LoopAdjoint &adjoint);
  void addLoopGradients(mlir::OpBuilder &builder, const LoopAdjoint &adjoint,
                        mlir::ValueRange states, mlir::ValueRange outputs,
                        mlir::ValueRange finals);
  void setOutputGradients(SegmentsOp segments, Scope &outer, Scope &inner,
                          const mlir::IRMapping &mapping,
                          llvm::SmallVectorImpl<mlir::Value> &outputGradients);
  void setStateGradients(mlir::OpBuilder &builder, SegmentsOp segments,
                         Scope &outer, Scope &inner,
                         const mlir::IRMapping &mapping, LoopAdjoint &adjoint);
  void copyActivity(mlir::Operation *from, mlir::Operation *to);
  llvm::SmallVector<mlir::Operation *> repeatForward(SegmentsOp segments,
                                                     SegmentsOp backward,
                                                     Scope &inner,
                                                     mlir::IRMapping &mapping);
  SegmentsOp keepStates(SegmentsOp segments);
  bool isCaptured(mlir::Value value) const;
  bool isShared(mlir::Value value);
  bool isRecomputed(mlir::Operation *op);
  mlir::Value addInput(Scope::Input input, mlir::Type type, mlir::Location loc);

  mlir::func::FuncOp function;
  llvm::StringRef objective;
  Activity activity;
  Scope top;
  Scope *scope = &top;
  llvm::DenseMap<mlir::Value, bool> shared;
};

} // namespace ravel::rnn

#endif // RAVEL_LIB_DIALECT_RNN_TRANSFORMS_DIFFERENTIATOR_H
