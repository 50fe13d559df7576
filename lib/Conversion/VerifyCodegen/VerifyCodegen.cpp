//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Fails where compiled code could not be fast.
//
// * G1: a function of `math` on a vector that would become a call for each
//   component. Functions that are instructions may stay.
// * G2: an allocation in a loop over time.
// * G3: threads that start in a loop over time.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_VERIFYCODEGEN
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;

/// Whether a function of `math` on a vector becomes calls, not instructions.
static bool isScalarized(Operation *op) {
  if (!isa_and_present<math::MathDialect>(op->getDialect()) ||
      !isa<VectorType>(op->getResult(0).getType()))
    return false;
  return !isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
              math::FloorOp, math::FmaOp, math::RoundEvenOp, math::RoundOp,
              math::SqrtOp, math::TruncOp, math::CountLeadingZerosOp,
              math::CountTrailingZerosOp, math::CtPopOp>(op);
}

static bool isAllocation(Operation *op) {
  if (isa<memref::AllocOp, memref::AllocaOp, memref::ReallocOp>(op))
    return true;
  auto call = dyn_cast<LLVM::CallOp>(op);
  return call && call.getCallee() &&
         llvm::is_contained({"malloc", "aligned_alloc", "calloc"},
                            *call.getCallee());
}

/// The loop over time in which `op` is, if any.
static Operation *getTimeLoop(Operation *op) {
  for (Operation *parent = op->getParentOp(); parent;
       parent = parent->getParentOp())
    if (parent->hasAttr("rnn.time"))
      return parent;
  return nullptr;
}

/// Emits the diagnostic of a rule that `op` breaks.
static LogicalResult verify(Operation *op) {
  if (isScalarized(op))
    return op->emitOpError("G1: would be computed one component at a time");
  bool isFork = isa<omp::ParallelOp, scf::ParallelOp, scf::ForallOp>(op);
  if (!isFork && !isAllocation(op))
    return success();
  Operation *loop = getTimeLoop(op);
  if (!loop)
    return success();
  InFlightDiagnostic diagnostic =
      isFork ? op->emitOpError("G3: starts threads at each step of time")
             : op->emitOpError("G2: allocates at each step of time");
  diagnostic.attachNote(loop->getLoc()) << "the loop over time is here";
  return diagnostic;
}

namespace {
struct VerifyCodegen : ravel::impl::VerifyCodegenBase<VerifyCodegen> {
  using Base::Base;

  void runOnOperation() override {
    bool failedAny = false;
    getOperation()->walk(
        [&](Operation *op) { failedAny |= failed(verify(op)); });
    if (failedAny)
      signalPassFailure();
  }
};
} // namespace
