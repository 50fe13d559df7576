//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The way from a model to LLVM, in stages that every tool shares. The stages
// follow the levels of the IR: 0 model, 1 explicit, 2 with gradients and
// products arranged, 3 batched, 4 buffers, 5 loops and vectors; then LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_PIPELINES_PIPELINES_H
#define RAVEL_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "llvm/ADT/STLExtras.h"

namespace ravel {

struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<bool> training{*this, "training",
                        llvm::cl::desc("Whether dropout and zoneout draw"),
                        llvm::cl::init(false)};
  Option<std::string> precision{*this, "precision",
                                llvm::cl::desc("Float type: f32 or f64"),
                                llvm::cl::init("f32")};
  Option<std::string> objective{
      *this, "objective",
      llvm::cl::desc("Function to differentiate with respect to parameters"),
      llvm::cl::init("")};
  Option<std::string> solve{
      *this, "solve",
      llvm::cl::desc("Objective whose readout gets its normal equations"),
      llvm::cl::init("")};
  Option<bool> solveRows{
      *this, "solve-rows",
      llvm::cl::desc("Give the rows of that regression, not their sums"),
      llvm::cl::init(false)};
  Option<std::string> predictions{
      *this, "predictions",
      llvm::cl::desc("Objective that gets a function of its predictions"),
      llvm::cl::init("")};
  Option<std::string> states{
      *this, "states",
      llvm::cl::desc("Function that gets one of its loops' states"),
      llvm::cl::init("")};
  Option<bool> gradientOnly{
      *this, "gradient-only",
      llvm::cl::desc("Keep the gradient of the objective alone"),
      llvm::cl::init(false)};
  ListOption<std::string> gradientInputs{
      *this, "gradient-inputs",
      llvm::cl::desc("Inputs that the gradient is taken for too")};
  Option<int64_t> checkpointTime{
      *this, "checkpoint-time",
      llvm::cl::desc("Instants between the states that a backward pass keeps"),
      llvm::cl::init(0)};
  Option<double> scheduledSampling{
      *this, "scheduled-sampling",
      llvm::cl::desc(
          "How often a taught decoder in training is given the class "
          "that it would have chosen"),
      llvm::cl::init(0)};
  Option<bool> stream{
      *this, "stream",
      llvm::cl::desc("Write what one instant of functions over sequences does"),
      llvm::cl::init(false)};
  Option<std::string> optimizer{*this, "optimizer",
                                llvm::cl::desc("Optimizer to add"),
                                llvm::cl::init("")};
  Option<int64_t> vectorWidth{*this, "vector-width",
                              llvm::cl::desc("Bits of a vector register"),
                              llvm::cl::init(256)};
  Option<int64_t> numRegisters{*this, "num-registers",
                               llvm::cl::desc("Vector registers"),
                               llvm::cl::init(16)};
  Option<int64_t> firstCache{*this, "first-cache",
                             llvm::cl::desc("Bytes of a core's first cache"),
                             llvm::cl::init(32 * 1024)};
  Option<int64_t> secondCache{*this, "second-cache",
                              llvm::cl::desc("Bytes of a core's second cache"),
                              llvm::cl::init(512 * 1024)};
  Option<int64_t> unrollTime{
      *this, "unroll-time",
      llvm::cl::desc("Factor by which the loop over time is unrolled"),
      llvm::cl::init(1)};
  Option<bool> compact{*this, "compact",
                       llvm::cl::desc("Write less code, for objects"),
                       llvm::cl::init(false)};
  Option<bool> small{
      *this, "small",
      llvm::cl::desc("Streams use the weights of whole sequences, though "
                     "their own would be read faster"),
      llvm::cl::init(false)};
  Option<std::string> weights{
      *this, "weights",
      llvm::cl::desc("Type that packed weights are stored in: bf16"),
      llvm::cl::init("")};
  ListOption<std::string> without{
      *this, "without",
      llvm::cl::desc("Steps to leave out (getOptionalSteps), to see what they "
                     "do")};

  bool runs(llvm::StringRef step) const {
    return !llvm::is_contained(without, step);
  }
};

/// The steps on the way that make code faster, but not possible.
llvm::ArrayRef<llvm::StringRef> getOptionalSteps();

/// Level 0 to 1: cells are linked and instantiated.
void buildInstantiationPipeline(mlir::OpPassManager &pm,
                                const PipelineOptions &options);
/// Level 1 to 2: gradients are built and products arranged.
void buildGradientPipeline(mlir::OpPassManager &pm,
                           const PipelineOptions &options);
/// Level 2 to 3: functions over one example become functions over a batch.
void buildBatchPipeline(mlir::OpPassManager &pm,
                        const PipelineOptions &options);
/// Level 3 to 4: tensors become buffers.
void buildBufferPipeline(mlir::OpPassManager &pm,
                         const PipelineOptions &options);
/// The pass of the next stage that chooses the tiles of each kernel.
void addSchedulePass(mlir::OpPassManager &pm, const PipelineOptions &options);
/// Level 4 to 5: kernels become loops with vectors, shared among threads.
void buildLoopPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
/// Level 5 to the LLVM dialect.
void buildLLVMPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// The stages up to level `level`; 6 is the LLVM dialect.
void buildPipeline(mlir::OpPassManager &pm, const PipelineOptions &options,
                   unsigned level = 6);

/// Registers `rnn-to-llvm` and a pipeline for each stage.
void registerPipelines();

} // namespace ravel

#endif // RAVEL_PIPELINES_PIPELINES_H
