//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `rnn.rows` is an op in destination-passing style: `ins` and `shared` are
// read, `outs` are written whole and never read. A row is read before it is
// written, so that an operand of `ins` may have the very buffer of one of
// `outs`. The body keeps its value semantics: it speaks about rows, not about
// buffers. `rnn.chains` is such an op too, but reads its states before it
// writes them, and shares no other memory between what it reads and writes.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace ravel::rnn;

/// Whether the kernel `op` is on tensors: its body always is.
static bool hasTensors(Operation *op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  return llvm::any_of(op->getOperandTypes(), isTensor) ||
         llvm::any_of(op->getResultTypes(), isTensor);
}

/// Replaces the kernel `op` by one on the buffers of its operands, of which the
/// last hold the results.
static LogicalResult bufferizeKernel(Operation *op, RewriterBase &rewriter,
                                     const BufferizationOptions &options,
                                     BufferizationState &state) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (!isa<TensorType>(operand.getType())) {
      operands.push_back(operand);
      continue;
    }
    FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
    if (failed(buffer))
      return failure();
    operands.push_back(*buffer);
  }
  OperandRange inits = cast<DestinationStyleOpInterface>(op).getDpsInits();
  SmallVector<Value> results(
      ArrayRef(operands).slice(inits.getBeginOperandIndex(), inits.size()));
  OperationState lowered(op->getLoc(), op->getName(), operands, TypeRange(),
                         op->getAttrs());
  for (Region &region : op->getRegions())
    lowered.addRegion()->takeBody(region);
  rewriter.create(lowered);
  replaceOpWithBufferizedValues(rewriter, op, results);
  return success();
}

namespace {
struct RowsOpInterface
    : public DstBufferizableOpInterfaceExternalModel<RowsOpInterface, RowsOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    return !cast<RowsOp>(op).isDpsInit(&operand);
  }

  bool hasTensorSemantics(Operation *op) const { return hasTensors(op); }

  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &state,
                                     ArrayRef<OpOperand *> operands) const {
    auto rows = cast<RowsOp>(op);
    OperandRange shared = rows.getShared();
    return llvm::none_of(operands, [&](OpOperand *operand) {
      return !shared.empty() &&
             operand->getOperandNumber() >= shared.getBeginOperandIndex() &&
             operand->getOperandNumber() <
                 shared.getBeginOperandIndex() + shared.size();
    });
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    if (!cast<RowsOp>(op).hasPureTensorSemantics())
      return success();
    return bufferizeKernel(op, rewriter, options, state);
  }
};

/// What the kernels that are written on the buffers of their operands share.
template <typename Model, typename OpTy>
struct KernelInterface
    : public DstBufferizableOpInterfaceExternalModel<Model, OpTy> {
  bool hasTensorSemantics(Operation *op) const { return hasTensors(op); }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    if (!hasTensors(op))
      return success();
    return bufferizeKernel(op, rewriter, options, state);
  }
};

struct ChainsOpInterface : public KernelInterface<ChainsOpInterface, ChainsOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    OperandRange outs = cast<ChainsOp>(op).getOuts();
    return outs.empty() ||
           operand.getOperandNumber() < outs.getBeginOperandIndex() ||
           operand.getOperandNumber() >=
               outs.getBeginOperandIndex() + outs.size();
  }
};

struct AttendRowsOpInterface
    : public KernelInterface<AttendRowsOpInterface, AttendRowsOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    auto rows = cast<AttendRowsOp>(op);
    return rows.accumulates() || !rows.isDpsInit(&operand);
  }
};

struct PackOpInterface
    : public DstBufferizableOpInterfaceExternalModel<PackOpInterface, PackOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    return !cast<PackOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto pack = cast<PackOp>(op);
    if (!pack.hasPureTensorSemantics())
      return success();
    SmallVector<Value> matrices;
    for (Value matrix : pack.getMatrices()) {
      FailureOr<Value> buffer = getBuffer(rewriter, matrix, options, state);
      if (failed(buffer))
        return failure();
      matrices.push_back(*buffer);
    }
    FailureOr<Value> out = getBuffer(rewriter, pack.getOut(), options, state);
    if (failed(out))
      return failure();
    PackOp::create(rewriter, pack.getLoc(), TypeRange(), matrices, *out,
                   pack.getThreadId(), pack.getNumThreads(),
                   pack.getOffsetsAttr(), pack.getColumnsAttr(),
                   pack.getTransposeAttr(), pack.getLimitAttr());
    replaceOpWithBufferizedValues(rewriter, op, *out);
    return success();
  }
};
} // namespace

void ravel::rnn::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RNNDialect *) {
    RowsOp::attachInterface<RowsOpInterface>(*context);
    AttendRowsOp::attachInterface<AttendRowsOpInterface>(*context);
    PackOp::attachInterface<PackOpInterface>(*context);
    ChainsOp::attachInterface<ChainsOpInterface>(*context);
  });
}
