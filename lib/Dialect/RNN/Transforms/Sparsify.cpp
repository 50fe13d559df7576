//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNSPARSIFY
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

/// Makes products with `argument`, which was a matrix of type `dense`, sparse.
static void replaceUses(BlockArgument argument, RankedTensorType dense) {
  Value matrix;
  for (OpOperand &use : llvm::make_early_inc_range(argument.getUses())) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    if (linear && !linear.getTranspose()) {
      OpBuilder builder(linear);
      Value product = SparseLinearOp::create(builder, linear.getLoc(),
                                             linear.getResult().getType(),
                                             linear.getVector(), argument);
      linear.replaceAllUsesWith(product);
      linear.erase();
      continue;
    }
    if (!matrix) {
      auto builder = OpBuilder::atBlockBegin(argument.getOwner());
      matrix = DensifyOp::create(builder, argument.getLoc(), dense, argument);
    }
    // The new op is a use, too.
    if (use.getOwner() != matrix.getDefiningOp())
      use.set(matrix);
  }
}

namespace {
struct Sparsify : public ravel::rnn::impl::RNNSparsifyBase<Sparsify> {
  using Base::Base;

  void runOnOperation() override {
    for (auto parameter : getOperation().getOps<ParameterOp>())
      if (std::optional<int64_t> degree = getDegree(parameter))
        sparsify(parameter, *degree);
  }

private:
  /// Weights in each column of `parameter`, if it is worth making sparse.
  std::optional<int64_t> getDegree(ParameterOp parameter) {
    RankedTensorType type = parameter.getTensorType();
    if (!parameter.getFrozen() || type.getRank() != 2 ||
        type.getDimSize(0) < std::max<int64_t>(minInputs, 1) ||
        type.getDimSize(0) > kMostSparseInputs)
      return std::nullopt;
    std::optional<int64_t> degree =
        parameter.getInit().getDegree(type.getShape());
    if (!degree || static_cast<double>(*degree) >
                       maxDensity * static_cast<double>(type.getDimSize(0)))
      return std::nullopt;
    return degree;
  }

  void sparsify(ParameterOp parameter, int64_t degree) {
    RankedTensorType dense = parameter.getTensorType();
    RankedTensorType sparse = dense.clone({2, degree, dense.getDimSize(1)});
    parameter.setType(sparse);
    parameter.setInitAttr(SparseAttr::get(&getContext(), parameter.getInit(),
                                          dense.getDimSize(0)));
    auto name = FlatSymbolRefAttr::get(parameter.getSymNameAttr());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      bool isChanged = false;
      for (unsigned i = 0; i < function.getNumArguments(); ++i) {
        if (function.getArgAttr(i, RNNDialect::kParameterAttr) != name)
          continue;
        BlockArgument argument = function.getArgument(i);
        argument.setType(sparse);
        replaceUses(argument, dense);
        isChanged = true;
      }
      if (isChanged)
        function.setType(FunctionType::get(&getContext(),
                                           function.front().getArgumentTypes(),
                                           function.getResultTypes()));
    }
    ++numSparsified;
  }
};
} // namespace
