//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// A state that a step reads as a whole, to multiply it with weights, can't be
// overwritten while the step computes it anew: it would be written elsewhere
// and copied at the end, which threads that share its columns would have to
// wait for. With two buffers a step reads the one that the step before wrote.
//
// An example that has ended, or has not begun, is in neither. Both start with
// the initial states, so that it begins right; and a state whose last value is
// asked for goes to its own memory as well, which the loop does not read.
//
//===----------------------------------------------------------------------===//

#include "../RowsToVector/Plan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_DOUBLEBUFFER
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
/// A state in memory outside of a loop, and the views of its first rows that
/// the loop's kernel reads and writes.
struct State {
  Value memory;
  SmallVector<unsigned> ins;
  unsigned out;
};
} // namespace

/// The memory that `value` is all of, or the first rows of: an allocation or an
/// argument.
static Value getRoot(Value value) {
  while (auto subview = value.getDefiningOp<memref::SubViewOp>())
    value = subview.getSource();
  bool isWhole =
      isa<BlockArgument>(value) || value.getDefiningOp<memref::AllocOp>();
  return isWhole ? value : Value();
}

/// Whether the rows of `type` follow one another from its first element on.
static bool isContiguous(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return type.getRank() > 0 &&
         succeeded(type.getStridesAndOffset(strides, offset)) && offset == 0 &&
         strides == computeSuffixProduct(type.getShape());
}

/// The memory outside of `loop` of which `view` is the first rows: an
/// allocation, an argument, or the first rows of such.
static Value getMemory(Value view, scf::ForOp loop) {
  auto subview = view.getDefiningOp<memref::SubViewOp>();
  if (!subview || !loop->isAncestor(subview))
    return nullptr;
  Value source = subview.getSource();
  Value root = getRoot(source);
  bool isOutside = !loop.getRegion().isAncestor(source.getParentRegion());
  return root && isOutside && isContiguous(cast<MemRefType>(source.getType()))
             ? source
             : Value();
}

/// All views of `root`, and it.
static SmallVector<Value> getAliases(Value root) {
  SmallVector<Value> aliases{root};
  for (unsigned i = 0; i < aliases.size(); ++i)
    for (Operation *user : aliases[i].getUsers())
      if (isa<ViewLikeOpInterface>(user))
        llvm::append_range(aliases, user->getResults());
  return aliases;
}

/// Whether all that `loop` does with `memory` are views for `kernel`.
static bool isPrivate(Value memory, scf::ForOp loop, RowsOp kernel) {
  auto isView = [&](Operation *op) {
    auto view = dyn_cast_if_present<memref::SubViewOp>(op);
    return view && view->getParentOp() == loop && view.getSource() == memory;
  };
  return llvm::all_of(getAliases(getRoot(memory)), [&](Value alias) {
    return llvm::all_of(alias.getUsers(), [&](Operation *user) {
      return !loop->isAncestor(user) || isView(user) ||
             (user == kernel && isView(alias.getDefiningOp()));
    });
  });
}

/// The states that the kernel would have to copy.
static SmallVector<State> findStates(scf::ForOp loop, RowsOp kernel,
                                     const Plan &plan) {
  SmallVector<State> states;
  for (auto [index, out] : llvm::enumerate(kernel.getOuts())) {
    Value memory = getMemory(out, loop);
    if (!plan.isStaged(index) || !memory ||
        cast<MemRefType>(out.getType()).getRank() != 2)
      continue;
    State state{memory, {}, static_cast<unsigned>(index)};
    for (auto [number, in] : llvm::enumerate(kernel.getIns()))
      if (getMemory(in, loop) == memory)
        state.ins.push_back(number);
    if (!state.ins.empty() && isPrivate(memory, loop, kernel))
      states.push_back(std::move(state));
  }
  return states;
}

/// Whether anything after `loop` may read `memory`.
static bool isUsedAfter(Value memory, scf::ForOp loop) {
  Value root = getRoot(memory);
  if (isa<BlockArgument>(root))
    return true;
  for (Value alias : getAliases(root))
    for (Operation *user : alias.getUsers()) {
      if (isa<memref::DeallocOp>(user) || loop->isAncestor(user))
        continue;
      Operation *top = loop->getBlock()->findAncestorOpInBlock(*user);
      if (!top || !top->isBeforeInBlock(loop))
        return true;
    }
  return false;
}

static void doubleBuffer(scf::ForOp loop, RowsOp kernel, const State &state) {
  ImplicitLocOpBuilder builder(kernel.getLoc(), loop);
  auto stateType = cast<MemRefType>(state.memory.getType());
  auto type = MemRefType::get(stateType.getShape(), stateType.getElementType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(memref::DimOp::create(builder, state.memory, dim));
  auto alignment = builder.getI64IntegerAttr(64);
  SmallVector<Value> buffers;
  for (unsigned i = 0; i < 2; ++i) {
    buffers.push_back(memref::AllocOp::create(builder, type, sizes, alignment));
    memref::CopyOp::create(builder, state.memory, buffers.back());
  }
  builder.setInsertionPointAfter(loop);
  for (Value buffer : buffers)
    memref::DeallocOp::create(builder, buffer);

  builder.setInsertionPoint(kernel);
  Value two = arith::ConstantIndexOp::create(builder, 2);
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  Value parity = arith::RemUIOp::create(builder, loop.getInductionVar(), two);
  Value isEven =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, parity, zero);
  Value before =
      arith::SelectOp::create(builder, isEven, buffers[0], buffers[1]);
  Value after =
      arith::SelectOp::create(builder, isEven, buffers[1], buffers[0]);
  auto view = [&](Value old, Value memory) -> Value {
    auto subview = old.getDefiningOp<memref::SubViewOp>();
    return memref::SubViewOp::create(
        builder, subview.getType(), memory, subview.getMixedOffsets(),
        subview.getMixedSizes(), subview.getMixedStrides());
  };
  for (unsigned in : state.ins) {
    OpOperand &operand = kernel.getInsMutable()[in];
    operand.set(view(operand.get(), before));
  }
  OpOperand &out = kernel.getOutsMutable()[state.out];
  Value next = view(out.get(), after);
  SmallVector<int64_t> disjoint(
      kernel.getDisjoint().value_or(ArrayRef<int64_t>()));
  if (!isUsedAfter(state.memory, loop)) {
    out.set(next);
    disjoint.push_back(state.out);
  } else {
    disjoint.push_back(kernel.getOuts().size());
    Value value = kernel.getYield().getOutputs()[state.out];
    kernel.getOutsMutable().append(next);
    kernel.getYield().getOutputsMutable().append(value);
  }
  kernel.setDisjoint(disjoint);
}

namespace {
struct DoubleBuffer : ravel::impl::DoubleBufferBase<DoubleBuffer> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<std::pair<scf::ForOp, RowsOp>> work;
    getOperation()->walk([&](scf::ForOp loop) {
      if (loop->hasAttr(RNNDialect::kTimeAttr) &&
          isConstantIntValue(loop.getLowerBound(), 0) &&
          isConstantIntValue(loop.getStep(), 1))
        for (RowsOp kernel : loop.getBody()->getOps<RowsOp>())
          work.push_back({loop, kernel});
    });
    for (auto [loop, kernel] : work) {
      FailureOr<Plan> plan = Plan::create(kernel);
      if (failed(plan))
        return signalPassFailure();
      for (const State &state : findStates(loop, kernel, *plan))
        doubleBuffer(loop, kernel, state);
    }
  }
};
} // namespace
