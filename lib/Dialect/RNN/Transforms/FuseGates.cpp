//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Two rewrites, in the body of each scan and of each function:
//
//   * products of one vector with several shared matrices become one product
//     with the matrices side by side, and slices of it;
//   * a sum of transposed products with shared matrices becomes one transposed
//     product of the vectors joined with the matrices side by side.
//
// The joined matrices are made in the function's body, so outside of any loop
// over time. Nothing here counts gates: a product joins because of its operand.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNFUSEGATES
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

/// The op of the function's own body that holds `op`.
static Operation *getTopLevelOp(Operation *op) {
  while (!isa<func::FuncOp>(op->getParentOp()))
    op = op->getParentOp();
  return op;
}

/// Whether `matrix` is an argument of the function: a parameter, which is
/// available everywhere.
static bool isParameter(Value matrix) {
  auto argument = dyn_cast<BlockArgument>(matrix);
  return argument && isa<func::FuncOp>(argument.getOwner()->getParentOp());
}

/// The matrices side by side, made before the op of the function's body that
/// holds `user`.
static Value joinMatrices(ArrayRef<Value> matrices, Operation *user) {
  OpBuilder builder(getTopLevelOp(user));
  return tensor::ConcatOp::create(builder, user->getLoc(), /*dim=*/1, matrices);
}

/// One product for those of `products`, which take the same vector.
static void joinProducts(ArrayRef<LinearOp> products) {
  LinearOp first = products.front();
  Location loc = first.getLoc();
  SmallVector<Value> matrices;
  for (LinearOp product : products)
    if (!llvm::is_contained(matrices, product.getMatrix()))
      matrices.push_back(product.getMatrix());
  if (matrices.size() < 2)
    return;
  Value joined = joinMatrices(matrices, first);
  OpBuilder builder(first);
  auto joinedType = cast<RankedTensorType>(joined.getType());
  auto type = RankedTensorType::get({joinedType.getDimSize(1)},
                                    joinedType.getElementType());
  Value product = LinearOp::create(builder, loc, type, first.getVector(),
                                   joined, /*transpose=*/false);
  int64_t offset = 0;
  for (Value matrix : matrices) {
    int64_t size = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
    Value slice = tensor::ExtractSliceOp::create(
        builder, loc, type.clone({size}), product, ValueRange(), ValueRange(),
        ValueRange(), ArrayRef<int64_t>{offset}, ArrayRef<int64_t>{size},
        ArrayRef<int64_t>{1});
    offset += size;
    for (LinearOp old : products)
      if (old.getMatrix() == matrix)
        old.replaceAllUsesWith(slice);
  }
  for (LinearOp old : products)
    old.erase();
}

static void fuseProducts(Block &block) {
  llvm::MapVector<Value, SmallVector<LinearOp>> groups;
  for (auto product : block.getOps<LinearOp>())
    if (!product.getTranspose() && isParameter(product.getMatrix()))
      groups[product.getVector()].push_back(product);
  for (auto &[vector, products] : groups)
    if (products.size() > 1)
      joinProducts(products);
}

/// One transposed product for those among the terms of the sum `root`.
static void fuseSum(arith::AddFOp root) {
  SmallVector<Value> terms;
  SmallVector<Operation *> inner;
  collectTerms(root, terms, inner);
  SmallVector<LinearOp> products;
  SmallVector<Value> others;
  for (Value term : terms) {
    auto product = term.getDefiningOp<LinearOp>();
    if (product && product.getTranspose() && product->hasOneUse() &&
        product->getBlock() == root->getBlock() &&
        isParameter(product.getMatrix()))
      products.push_back(product);
    else
      others.push_back(term);
  }
  if (products.size() < 2)
    return;
  SmallVector<Value> vectors, matrices;
  for (LinearOp product : products) {
    vectors.push_back(product.getVector());
    matrices.push_back(product.getMatrix());
  }
  Location loc = root.getLoc();
  Value matrix = joinMatrices(matrices, root);
  OpBuilder builder(root);
  Value vector = tensor::ConcatOp::create(builder, loc, /*dim=*/0, vectors);
  Value sum = LinearOp::create(builder, loc, root.getType(), vector, matrix,
                               /*transpose=*/true);
  for (Value other : others)
    sum = arith::AddFOp::create(builder, loc, sum, other);
  root.replaceAllUsesWith(sum);
  root.erase();
  for (Operation *op : inner)
    op->erase();
  for (LinearOp product : products)
    product.erase();
}

static void fuseSums(Block &block) {
  SmallVector<arith::AddFOp> roots;
  for (auto sum : block.getOps<arith::AddFOp>())
    if (!sum->hasOneUse() || !isa<arith::AddFOp>(*sum->user_begin()))
      roots.push_back(sum);
  for (arith::AddFOp root : roots)
    fuseSum(root);
}

namespace {
struct FuseGatesPass
    : public ravel::rnn::impl::RNNFuseGatesBase<FuseGatesPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      blocks.push_back(&function.front());
      function.walk([&](ScanOp scan) { blocks.push_back(&scan.getEntry()); });
    }
    for (Block *block : blocks) {
      fuseProducts(*block);
      fuseSums(*block);
    }
  }
};
} // namespace
