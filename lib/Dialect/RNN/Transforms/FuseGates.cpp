//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Rewrites, in the body of each scan and of each function:
//
//   * products of one vector with several shared matrices become one product
//     with the matrices side by side, and slices of it;
//   * a sum of transposed products with shared matrices becomes one transposed
//     product of the vectors joined with the matrices side by side;
//   * in the step of a stream, which has no loop over time that a product could
//     leave, a sum of products with shared matrices becomes one product of the
//     vectors joined with the matrices one below the other: one piece of memory
//     that is read once a step. Longer vectors come first, so that they begin
//     where vectors in memory begin.
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

/// Whether `matrix` is an argument of the function, or made of such: a
/// parameter, which is available everywhere.
static bool isParameter(Value matrix) {
  if (auto concat = matrix.getDefiningOp<tensor::ConcatOp>())
    return llvm::all_of(concat.getInputs(), isParameter);
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

/// The matrices one below the other, made where the function begins.
static Value stackMatrices(ArrayRef<Value> matrices, Operation *user) {
  Block *block = getTopLevelOp(user)->getBlock();
  OpBuilder builder(block, block->begin());
  return tensor::ConcatOp::create(builder, user->getLoc(), /*dim=*/0, matrices);
}

/// One product for those among the terms of the sum `root` that are transposed,
/// or that are not.
static void fuseSum(arith::AddFOp root, bool transpose) {
  SmallVector<Value> terms;
  SmallVector<Operation *> inner;
  collectTerms(root, terms, inner);
  SmallVector<LinearOp> products;
  SmallVector<Value> others;
  for (Value term : terms) {
    auto product = term.getDefiningOp<LinearOp>();
    if (product && product.getTranspose() == transpose &&
        product->hasOneUse() && product->getBlock() == root->getBlock() &&
        isParameter(product.getMatrix()))
      products.push_back(product);
    else
      others.push_back(term);
  }
  if (products.size() < 2)
    return;
  if (!transpose)
    llvm::stable_sort(products, [](LinearOp a, LinearOp b) {
      return a.getVector().getType().getDimSize(0) >
             b.getVector().getType().getDimSize(0);
    });
  SmallVector<Value> vectors, matrices;
  for (LinearOp product : products) {
    vectors.push_back(product.getVector());
    matrices.push_back(product.getMatrix());
  }
  Location loc = root.getLoc();
  Value matrix =
      transpose ? joinMatrices(matrices, root) : stackMatrices(matrices, root);
  OpBuilder builder(root);
  Value vector = tensor::ConcatOp::create(builder, loc, /*dim=*/0, vectors);
  Value sum =
      LinearOp::create(builder, loc, root.getType(), vector, matrix, transpose);
  for (Value other : others)
    sum = arith::AddFOp::create(builder, loc, sum, other);
  root.replaceAllUsesWith(sum);
  root.erase();
  for (Operation *op : inner)
    op->erase();
  for (LinearOp product : products)
    product.erase();
}

static void fuseSums(Block &block, bool transpose) {
  SmallVector<arith::AddFOp> roots;
  for (auto sum : block.getOps<arith::AddFOp>())
    if (!sum->hasOneUse() || !isa<arith::AddFOp>(*sum->user_begin()))
      roots.push_back(sum);
  for (arith::AddFOp root : roots)
    fuseSum(root, transpose);
}

/// Makes equal joined vectors one: products are fused by their vector.
static void uniteVectors(Block &block) {
  SmallVector<tensor::ConcatOp> seen;
  for (auto concat :
       llvm::make_early_inc_range(block.getOps<tensor::ConcatOp>())) {
    auto same = llvm::find_if(seen, [&](tensor::ConcatOp other) {
      return other.getDim() == concat.getDim() &&
             llvm::equal(other.getInputs(), concat.getInputs());
    });
    if (same == seen.end()) {
      seen.push_back(concat);
      continue;
    }
    concat.replaceAllUsesWith(same->getResult());
    concat.erase();
  }
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
      if (joinSteps && block->getParentOp()->hasAttr(RNNDialect::kStreamAttr)) {
        fuseSums(*block, /*transpose=*/false);
        uniteVectors(*block);
      }
      fuseProducts(*block);
      fuseSums(*block, /*transpose=*/true);
    }
  }
};
} // namespace
