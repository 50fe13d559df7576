//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Gives all buffers of a function their places in one workspace, which the
// caller hands over and keeps from call to call: a fresh allocation of some
// megabytes costs more in page faults than a step of the model.
//
// A buffer lives from the first to the last op of its block that uses it or a
// view of it. Buffers with the same dynamic sizes whose lives don't overlap
// share a place. A buffer inside a parallel region exists once for each thread.
//
// A buffer in a loop, as those over parts of time have them, holds nothing from
// one iteration to the next, so that its place is the same in all of them. Its
// size may be a minimum (`arith.minui`) of what the iteration needs and a bound
// that is known before the loop: the place has the bound.
//
//===----------------------------------------------------------------------===//

#include "../OpenMPRuntime.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_PLANMEMORY
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Places begin at multiples of this many bytes, a line of the cache.
static constexpr int64_t kLine = 64;
/// Bytes between two places: rows of arrays whose sizes are multiples of a page
/// would fall into the same set of a cache without.
static constexpr int64_t kStagger = 5 * kLine;

namespace {
/// A buffer and when it is in use, in ops of the function as they are written.
struct Buffer {
  memref::AllocOp op;
  /// What its dynamic sizes are at most.
  SmallVector<Value> sizes;
  unsigned first, last;
  /// The parallel region, each of whose threads has such a buffer.
  omp::ParallelOp parallel;
  /// Bytes of what the dynamic sizes, if any, are multiplied with.
  int64_t bytes;
};

/// Room for buffers that are never in use at once.
struct Place {
  SmallVector<Value> sizes;
  bool isPerThread;
  int64_t bytes;
  unsigned last;
  SmallVector<Buffer *> buffers;
};

class MemoryPlan {
public:
  explicit MemoryPlan(func::FuncOp function) : function(function) {}

  /// Finds buffers and their places; false if there are none.
  bool create();
  /// Writes the bytes needed, computed by clones of what computes the sizes, to
  /// each place's begin and returns the total.
  Value emitOffsets(ImplicitLocOpBuilder &builder, IRMapping mapping,
                    SmallVectorImpl<Value> *offsets);
  /// Replaces buffers by views of `workspace`.
  void replace(Value workspace, ModuleOp module);

private:
  void numberOps();
  void collect();
  std::optional<Buffer> describe(memref::AllocOp op,
                                 BufferViewFlowAnalysis &views);
  bool findLife(Buffer &buffer, BufferViewFlowAnalysis &views);
  void assign();
  bool isComputable(Value size);
  Value getBound(Value size);

  func::FuncOp function;
  /// The number of each op, and of the last op in it.
  DenseMap<Operation *, std::pair<unsigned, unsigned>> spans;
  SmallVector<Buffer> buffers;
  SmallVector<Place> places;
  /// The ops of the entry block that compute sizes, in order.
  SetVector<Operation *> sizeOps;
};
} // namespace

/// Adds the ops that compute `size` to `ops`.
static void addSlice(Value size, SetVector<Operation *> &ops) {
  if (isa<BlockArgument>(size))
    return;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  (void)getBackwardSlice(size, &ops, options);
}

/// Whether `size` follows from the function's arguments before anything runs.
bool MemoryPlan::isComputable(Value size) {
  if (auto argument = dyn_cast<BlockArgument>(size);
      argument && argument.getOwner() != &function.front())
    return false;
  SetVector<Operation *> slice;
  addSlice(size, slice);
  return llvm::all_of(slice, [&](Operation *op) {
    if (op->getBlock() != &function.front() || op->getNumRegions() != 0)
      return false;
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      auto argument = dyn_cast<BlockArgument>(load.getMemRef());
      auto role = argument ? function.getArgAttrOfType<StringAttr>(
                                 argument.getArgNumber(), RNNDialect::kRoleAttr)
                           : StringAttr();
      return role && role.getValue() == "offsets";
    }
    return isMemoryEffectFree(op);
  });
}

/// What `size` is at most, computable before anything runs; null if unknown.
Value MemoryPlan::getBound(Value size) {
  if (isComputable(size))
    return size;
  auto least = size.getDefiningOp<arith::MinUIOp>();
  if (!least)
    return Value();
  for (Value operand : least->getOperands())
    if (isComputable(operand))
      return operand;
  return Value();
}

void MemoryPlan::numberOps() {
  unsigned next = 0;
  auto visit = [&](auto &self, Operation *op) -> void {
    unsigned first = next++;
    for (Region &region : op->getRegions())
      for (Operation &nested : region.getOps())
        self(self, &nested);
    spans[op] = {first, next - 1};
  };
  visit(visit, function);
}

/// Whether `block` is that of the function or of loops in it alone, so that
/// what is allocated in it is not a thread's own.
static bool isShared(Block *block) {
  Operation *parent = block->getParentOp();
  while (isa<scf::ForOp>(parent))
    parent = parent->getParentOp();
  return isa<func::FuncOp>(parent);
}

/// Finds when `buffer` is in use; false if it outlives its block.
bool MemoryPlan::findLife(Buffer &buffer, BufferViewFlowAnalysis &views) {
  Block *home = buffer.op->getBlock();
  if (!isShared(home)) {
    Operation *top = function.front().findAncestorOpInBlock(*buffer.op);
    std::tie(buffer.first, buffer.last) = spans[top];
    return true;
  }
  std::tie(buffer.first, buffer.last) = spans[buffer.op];
  bool isUsed = false;
  for (Value view : views.resolve(buffer.op))
    for (Operation *user : view.getUsers()) {
      if (isa<memref::DeallocOp>(user))
        continue;
      Operation *top = home->findAncestorOpInBlock(*user);
      if (!top)
        return false;
      auto [first, last] = spans[top];
      buffer.first = isUsed ? std::min(buffer.first, first) : first;
      buffer.last = isUsed ? std::max(buffer.last, last) : last;
      isUsed = true;
    }
  return true;
}

/// The buffer that `op` allocates, if it can have a place.
std::optional<Buffer> MemoryPlan::describe(memref::AllocOp op,
                                           BufferViewFlowAnalysis &views) {
  if (!op.getType().getLayout().isIdentity() ||
      (!isShared(op->getBlock()) && !op.getDynamicSizes().empty()))
    return std::nullopt;
  Buffer buffer{op, {}, 0, 0, op->getParentOfType<omp::ParallelOp>(), 1};
  for (Value size : op.getDynamicSizes()) {
    buffer.sizes.push_back(getBound(size));
    if (!buffer.sizes.back())
      return std::nullopt;
  }
  if (!findLife(buffer, views))
    return std::nullopt;
  for (int64_t size : op.getType().getShape())
    if (!ShapedType::isDynamic(size))
      buffer.bytes *= size;
  Type element = op.getType().getElementType();
  buffer.bytes *=
      element.isIndex() ? 8 : (element.getIntOrFloatBitWidth() + 7) / 8;
  return buffer;
}

void MemoryPlan::collect() {
  numberOps();
  BufferViewFlowAnalysis views(function);
  function.walk([&](memref::AllocOp op) {
    if (std::optional<Buffer> buffer = describe(op, views))
      buffers.push_back(std::move(*buffer));
  });
}

void MemoryPlan::assign() {
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::stable_sort(order,
                    [](Buffer *a, Buffer *b) { return a->first < b->first; });
  for (Buffer *buffer : order) {
    ArrayRef<Value> sizes = buffer->sizes;
    Place *best = nullptr;
    auto waste = [&](const Place &place) {
      return std::abs(place.bytes - buffer->bytes);
    };
    for (Place &place : places)
      if (place.last < buffer->first && llvm::equal(place.sizes, sizes) &&
          place.isPerThread == bool(buffer->parallel) &&
          (!best || waste(place) < waste(*best)))
        best = &place;
    if (!best) {
      places.push_back({llvm::to_vector(sizes),
                        bool(buffer->parallel),
                        buffer->bytes,
                        0,
                        {}});
      best = &places.back();
    }
    best->bytes = std::max(best->bytes, buffer->bytes);
    best->last = buffer->last;
    best->buffers.push_back(buffer);
  }
}

bool MemoryPlan::create() {
  collect();
  if (buffers.empty())
    return false;
  assign();
  for (const Place &place : places)
    for (Value size : place.sizes)
      addSlice(size, sizeOps);
  sizeOps = topologicalSort(sizeOps);
  return true;
}

Value MemoryPlan::emitOffsets(ImplicitLocOpBuilder &builder, IRMapping mapping,
                              SmallVectorImpl<Value> *offsets) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  for (Operation *op : sizeOps)
    builder.clone(*op, mapping);
  Value total = index(0), threads;
  for (const Place &place : places) {
    if (offsets)
      offsets->push_back(total);
    int64_t bytes = place.bytes;
    if (place.sizes.empty())
      bytes = llvm::alignTo(bytes, kLine) + kStagger;
    Value size = index(bytes);
    for (Value factor : place.sizes)
      size =
          arith::MulIOp::create(builder, size, mapping.lookupOrDefault(factor));
    if (!place.sizes.empty()) {
      size = arith::CeilDivUIOp::create(builder, size, index(kLine));
      size = arith::MulIOp::create(builder, size, index(kLine));
      size = arith::AddIOp::create(builder, size, index(kStagger));
    }
    if (place.isPerThread) {
      if (!threads)
        threads = createRuntimeCall(builder, builder.getLoc(),
                                    function->getParentOfType<ModuleOp>(),
                                    "omp_get_max_threads");
      size = arith::MulIOp::create(builder, size, threads);
    }
    total = arith::AddIOp::create(builder, total, size);
  }
  return total;
}

void MemoryPlan::replace(Value workspace, ModuleOp module) {
  Block &entry = function.front();
  ImplicitLocOpBuilder builder(function.getLoc(), &entry, entry.begin());
  SmallVector<Value> offsets;
  emitOffsets(builder, IRMapping(), &offsets);
  DenseMap<Operation *, Value> threads;
  for (auto [place, offset] : llvm::zip(places, offsets))
    for (Buffer *buffer : place.buffers) {
      memref::AllocOp op = buffer->op;
      for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      builder.setLoc(op.getLoc());
      Value begin = offset;
      if (buffer->parallel) {
        Value &id = threads[buffer->parallel];
        if (!id) {
          builder.setInsertionPointToStart(
              &buffer->parallel.getRegion().front());
          id = createRuntimeCall(builder, op.getLoc(), module,
                                 "omp_get_thread_num");
        }
        builder.setInsertionPoint(op);
        int64_t bytes = llvm::alignTo(place.bytes, kLine) + kStagger;
        Value skipped = arith::MulIOp::create(
            builder, id, arith::ConstantIndexOp::create(builder, bytes));
        begin = arith::AddIOp::create(builder, begin, skipped);
      }
      builder.setInsertionPoint(op);
      op.replaceAllUsesWith(memref::ViewOp::create(builder, op.getType(),
                                                   workspace, begin,
                                                   op.getDynamicSizes())
                                .getResult());
      op.erase();
    }
}

/// A function with the arguments of `function` that writes how many bytes of
/// workspace it needs for them to one more.
static void createCompanion(func::FuncOp function, MemoryPlan &plan) {
  ImplicitLocOpBuilder builder(function.getLoc(), function);
  auto bytesType = MemRefType::get({1}, builder.getIndexType());
  auto inputs = llvm::to_vector(function.getArgumentTypes());
  inputs.push_back(bytesType);
  std::string name = (function.getName() + ".workspace").str();
  auto companion = func::FuncOp::create(
      builder, name, builder.getFunctionType(inputs, TypeRange()));
  companion.setVisibility(function.getVisibility());
  companion->setAttr(RNNDialect::kCompanionAttr,
                     FlatSymbolRefAttr::get(function.getSymNameAttr()));
  Block *entry = companion.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(function.getArguments(), entry->getArguments().drop_back());
  Value total = plan.emitOffsets(builder, mapping, nullptr);
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  memref::StoreOp::create(builder, total, entry->getArguments().back(), zero);
  func::ReturnOp::create(builder);
}

namespace {
struct PlanMemory : ravel::impl::PlanMemoryBase<PlanMemory> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      MemoryPlan plan(function);
      if (function.isExternal() || !plan.create())
        continue;
      createCompanion(function, plan);
      Builder builder(&getContext());
      auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
      NamedAttribute role(builder.getStringAttr(RNNDialect::kRoleAttr),
                          builder.getStringAttr("workspace"));
      unsigned position = function.getNumArguments();
      if (failed(function.insertArgument(position, type,
                                         builder.getDictionaryAttr(role),
                                         function.getLoc())))
        return signalPassFailure();
      plan.replace(function.getArgument(position), module);
    }
  }
};
} // namespace
