//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_UNROLLTIME
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
struct UnrollTimePass : ravel::impl::UnrollTimeBase<UnrollTimePass> {
  using Base::Base;

  void runOnOperation() override {
    if (factor < 1) {
      getOperation().emitError("rnn-unroll-time: factor must be at least 1, "
                               "but is ")
          << factor.getValue();
      return signalPassFailure();
    }
    if (factor == 1)
      return;
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->hasAttr(RNNDialect::kTimeAttr))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops)
      if (failed(loopUnrollByFactor(loop, factor))) {
        loop.emitError("this loop over time can't be unrolled by ")
            << factor.getValue();
        return signalPassFailure();
      }
  }
};
} // namespace
