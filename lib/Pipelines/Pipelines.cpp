//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "ravel/Conversion/Passes.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "ravel/Prelude/Prelude.h"

using namespace mlir;
using namespace ravel;

llvm::ArrayRef<llvm::StringRef> ravel::getOptionalSteps() {
  static constexpr llvm::StringRef steps[] = {
      "sparse",  "hoist",         "linear-scan", "fuse",     "join",   "pack",
      "prepare", "double-buffer", "plan-memory", "parallel", "columns"};
  return steps;
}

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void ravel::buildInstantiationPipeline(OpPassManager &pm,
                                       const PipelineOptions &options) {
  RNNLinkPreludeOptions link;
  link.optimizer = options.optimizer;
  pm.addPass(createRNNLinkPrelude(link));
  rnn::RNNSetPrecisionOptions precision;
  precision.type = options.precision;
  pm.addPass(rnn::createRNNSetPrecision(precision));
  rnn::RNNInstantiateOptions instantiate;
  instantiate.training = options.training;
  instantiate.solve = options.solve;
  instantiate.solveRows = options.solveRows;
  instantiate.predictions = options.predictions;
  instantiate.states = options.states;
  instantiate.scheduledSampling = options.scheduledSampling;
  pm.addPass(rnn::createRNNInstantiate(instantiate));
  if (options.runs("sparse"))
    pm.addPass(rnn::createRNNSparsify());
  pm.addPass(rnn::createRNNOutlineDecode());
  if (options.stream)
    pm.addPass(rnn::createRNNOutlineStream());
  addCleanup(pm);
}

void ravel::buildGradientPipeline(OpPassManager &pm,
                                  const PipelineOptions &options) {
  if (!options.objective.empty()) {
    rnn::RNNDifferentiateOptions differentiate;
    differentiate.function = options.objective;
    differentiate.replace = options.gradientOnly;
    differentiate.checkpointTime = options.checkpointTime;
    differentiate.wrt.assign({"parameters"});
    differentiate.wrt.append(options.gradientInputs.begin(),
                             options.gradientInputs.end());
    pm.addPass(rnn::createRNNDifferentiate(differentiate));
    addCleanup(pm);
  }
  if (options.runs("hoist")) {
    pm.addPass(rnn::createRNNHoistTimeParallel());
    addCleanup(pm);
  }
  if (options.runs("linear-scan")) {
    pm.addPass(rnn::createRNNLinearRecurrence());
    addCleanup(pm);
  }
  if (options.runs("fuse")) {
    rnn::RNNFuseGatesOptions fuse;
    fuse.joinSteps = !options.small;
    pm.addPass(rnn::createRNNFuseGates(fuse));
    addCleanup(pm);
  }
  if (options.runs("join")) {
    pm.addPass(rnn::createRNNJoinOutputs());
    addCleanup(pm);
  }
}

void ravel::buildBatchPipeline(OpPassManager &pm, const PipelineOptions &) {
  pm.addPass(rnn::createRNNBatch());
  addCleanup(pm);
}

void ravel::buildBufferPipeline(OpPassManager &pm,
                                const PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createDecompose());
  PackWeightsOptions pack;
  pack.vectorWidth = options.vectorWidth;
  pack.weights = options.weights;
  // What can't be read as vectors is packed anyway.
  pack.transposedOnly = !options.runs("pack");
  pm.addNestedPass<func::FuncOp>(createPackWeights(pack));
  addCleanup(pm);
  if (options.runs("prepare"))
    pm.addPass(createPrepareParameters());
  pm.addPass(createConvertRNNToLinalg());
  // Before equal zeros merge: each sum starts from zeros where it is to lie.
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  addCleanup(pm);
  pm.addPass(createBufferizeBatches());
  if (options.stream)
    pm.addNestedPass<func::FuncOp>(createFixBatch());
  addCleanup(pm);
  bufferization::BufferDeallocationPipelineOptions deallocation;
  bufferization::buildBufferDeallocationPipeline(pm, deallocation);
  pm.addPass(createConvertBufferizationToMemRefPass());
  addCleanup(pm);
}

void ravel::addSchedulePass(OpPassManager &pm, const PipelineOptions &options) {
  ScheduleOptions schedule;
  schedule.vectorWidth = options.vectorWidth;
  schedule.numRegisters = options.numRegisters;
  schedule.firstCache = options.firstCache;
  schedule.secondCache = options.secondCache;
  pm.addNestedPass<func::FuncOp>(createSchedule(schedule));
}

void ravel::buildLoopPipeline(OpPassManager &pm,
                              const PipelineOptions &options) {
  if (options.runs("double-buffer"))
    pm.addNestedPass<func::FuncOp>(createDoubleBuffer());
  if (options.unrollTime > 1) {
    UnrollTimeOptions unroll;
    unroll.factor = options.unrollTime;
    pm.addPass(createUnrollTime(unroll));
  }
  if (options.runs("parallel")) {
    ParallelizeOptions parallelize;
    if (!options.runs("columns"))
      parallelize.minWork = std::numeric_limits<int64_t>::max() / 2;
    pm.addPass(createParallelize(parallelize));
  }
  addSchedulePass(pm, options);
  LowerRowsOptions rows;
  rows.compact = options.compact;
  pm.addNestedPass<func::FuncOp>(createLowerRows(rows));
  LowerAttentionOptions attention;
  attention.vectorWidth = options.vectorWidth;
  pm.addNestedPass<func::FuncOp>(createLowerAttention(attention));
  LowerChainsOptions chains;
  chains.vectorWidth = options.vectorWidth;
  chains.numRegisters = options.numRegisters;
  chains.parallel = options.runs("parallel");
  pm.addPass(createLowerChains(chains));
  LowerLinalgOptions linalg;
  linalg.vectorWidth = options.vectorWidth;
  linalg.numRegisters = options.numRegisters;
  linalg.firstCache = options.firstCache;
  linalg.secondCache = options.secondCache;
  pm.addNestedPass<func::FuncOp>(createLowerLinalg(linalg));
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  addCleanup(pm);
  if (options.runs("plan-memory"))
    pm.addPass(createPlanMemory());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addNestedPass<func::FuncOp>(createExpandMath());
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createVerifyCodegen());
}

void ravel::buildLLVMPipeline(OpPassManager &pm, const PipelineOptions &) {
  pm.addNestedPass<func::FuncOp>(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addNestedPass<func::FuncOp>(LLVM::createLLVMRequestCWrappersPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createEmitEntryPoints());
  addCleanup(pm);
}

void ravel::buildPipeline(OpPassManager &pm, const PipelineOptions &options,
                          unsigned level) {
  using Stage = void (*)(OpPassManager &, const PipelineOptions &);
  const Stage stages[] = {buildInstantiationPipeline, buildGradientPipeline,
                          buildBatchPipeline,         buildBufferPipeline,
                          buildLoopPipeline,          buildLLVMPipeline};
  for (Stage stage : ArrayRef(stages).take_front(level))
    stage(pm, options);
}

void ravel::registerPipelines() {
  auto add = [](StringRef name, StringRef description,
                void (*build)(OpPassManager &, const PipelineOptions &)) {
    registerPassPipeline(
        name, description,
        [build](OpPassManager &pm, StringRef text, auto emitError) {
          auto options = PipelineOptions::createFromString(text);
          if (!options)
            return emitError("invalid pipeline options: " + text);
          build(pm, *options);
          return success();
        },
        [](auto) {});
  };
  add("rnn-to-explicit", "Level 0 to 1: link and instantiate cells",
      buildInstantiationPipeline);
  add("rnn-to-gradient", "Level 1 to 2: build gradients, arrange products",
      buildGradientPipeline);
  add("rnn-to-batch", "Level 2 to 3: one example to a batch",
      buildBatchPipeline);
  add("rnn-to-buffers", "Level 3 to 4: tensors to buffers",
      buildBufferPipeline);
  add("rnn-to-loops", "Level 4 to 5: kernels to loops and vectors",
      buildLoopPipeline);
  add("rnn-to-llvm", "The whole way from a model to the LLVM dialect",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildPipeline(pm, options);
      });
}
