//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes each `rnn.rows` on memrefs as loops with vectors in registers.
//
// The body is planned in stages (Plan.h) and evaluated on demand at windows of
// rows and columns (Evaluator.h). The loops around that:
//
//   for each panel of rows:
//     for each stage:
//       products:  for each block of columns:     weights stay in the cache
//                    for each block of rows:      accumulators in registers
//                      the products, then everything that is made of them
//                  for each wider block of columns:
//                    for each row that fills no block: the same
//       otherwise: for each row: numbers; for each block of columns: the rest
//     copy outputs whose memory was still read
//
// A panel is a bounded number of rows, so that scratch memory is bounded.
//
// With `distribute(%id, %n)` rows are dealt in groups: group g belongs to
// thread g mod n. With `columns(%id, %n)` each thread computes some blocks of
// columns of each stage; threads wait for each other after a stage.
//
// Scratch memory is reserved at
// the start of the function or parallel region, never in a loop.
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "Packing.h"
#include "Tiles.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_LOWERROWS
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Scratch memory of more bytes than this comes from the heap.
static constexpr int64_t kLargeScratch = 32 * 1024;

/// Bytes of weights that stay in the first cache beside rows and sums.
static constexpr int64_t kCachedWeights = 16 * 1024;

namespace {
struct TileOptions {
  RegisterFile target;
  int64_t rows, vectors, panelRows;
};

class RowsLowering {
public:
  RowsLowering(RowsOp op, const Plan &plan, const TileOptions &options,
               int64_t lanes)
      : builder(op.getLoc(), op), op(op), plan(plan), options(options),
        kernel(op, plan, lanes) {}

  void run();

private:
  /// Rows from `begin` to `end` of a panel that are evaluated `rows` at a time.
  struct Blocks {
    int64_t rows;
    Value begin, end;
  };
  using BodyFn = llvm::function_ref<void(Value)>;
  using RowsFn = llvm::function_ref<void(const Window &)>;
  using ColumnsFn =
      llvm::function_ref<SmallVector<Value>(const Window &, ValueRange)>;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, value);
  }
  void chooseTiles();
  void allocatePartialSums(Region &region);
  void allocateScratch();
  void countRows();
  void chooseRowGroup();
  SmallVector<Blocks> splitRows(Value count, int64_t rows);
  void addParts(unsigned stage, unsigned group, Value first,
                ArrayRef<Blocks> blocks, const Window &window);
  void shareScratch(Value value, MemRefType type);
  Value getRow(Value local);
  scf::ForOp forEach(Value begin, Value end, int64_t step, BodyFn body);
  SmallVector<Value> forColumns(int64_t domain, int64_t vectors,
                                ValueRange inits, ColumnsFn body);
  void forOwnColumns(int64_t domain, int64_t vectors, ColumnsFn body);
  void emitBarrier();
  void prefetchNextWeights(unsigned stage, Evaluator &evaluator);
  void emitPanels();
  void emitPanel(Value first, Value count);
  void emitProducts(unsigned stage, Value first, Value count);
  void forRows(Value first, ArrayRef<Blocks> blocks, Window window,
               RowsFn body);
  void emitBlock(unsigned stage, const Window &window, bool usePartial);
  void emitRow(ArrayRef<unsigned> stages, Value row, Value slot, bool isLast);
  void emitColumns(unsigned stage, const Window &base);
  bool isCopied(unsigned out);
  void copyOutputs(const Window &base);

  ImplicitLocOpBuilder builder;
  RowsOp op;
  const Plan &plan;
  const TileOptions &options;
  Kernel kernel;
  /// For each stage.
  SmallVector<Tile> blockTiles, rowTiles;
  int64_t panelRows = 1;
  /// Rows that are dealt to a thread together, a multiple of all blocks' rows.
  int64_t rowGroup = 1;
  /// Rows of this thread.
  Value numRows;
};
} // namespace

void RowsLowering::chooseTiles() {
  for (const Stage &stage : plan.getStages()) {
    int64_t products = 0;
    for (const ProductGroup &group : stage.groups)
      products = std::max<int64_t>(products, group.products.size());
    Tile block{1, 2}, row{1, 2};
    if (stage.kind == Stage::Products) {
      RegisterFile target{kernel.lanes, options.target.registers};
      block = chooseProductTile(target, products, stage.domain);
      row = chooseRowTile(target, products, stage.domain);
      panelRows = llvm::alignTo(options.panelRows, kRowGroup);
    }
    if (options.rows > 0)
      block.rows = options.rows;
    if (options.vectors > 0)
      block.vectors = row.vectors = options.vectors;
    blockTiles.push_back(block);
    rowTiles.push_back(row);
  }
}

/// The loop over time that `op` is in, if any.
static scf::ForOp getTimeLoop(RowsOp op) {
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    if (loop->hasAttr(RNNDialect::kTimeAttr))
      return loop;
  return nullptr;
}

/// Kernels of one loop over time give a row to the same thread: they may read
/// what the others wrote of it.
void RowsLowering::chooseRowGroup() {
  for (Tile tile : blockTiles)
    rowGroup = std::lcm(rowGroup, tile.rows);
  // Rows of one line of the cache go to one thread.
  if (rowGroup == 1)
    rowGroup = kRowGroup;
  if (scf::ForOp loop = getTimeLoop(op)) {
    unsigned kernels = 0;
    loop.walk([&](RowsOp) { ++kernels; });
    if (kernels > 1)
      rowGroup = std::lcm(rowGroup, kRowGroup);
  }
}

/// Reserves memory for the sums of products whose weights exceed the first
/// cache: for each row of a panel and each vector of a block of columns.
void RowsLowering::allocatePartialSums(Region &region) {
  builder.setInsertionPointToStart(&region.front());
  for (auto [number, stage] : llvm::enumerate(plan.getStages()))
    for (auto [place, group] : llvm::enumerate(stage.groups)) {
      auto type = getProductVector(group.products[0].op).getType();
      int64_t vectors = group.products.size() * blockTiles[number].vectors;
      int64_t bytes =
          vectors * kernel.lanes * type.getElementTypeBitWidth() / 8;
      int64_t part = std::max<int64_t>(64, kCachedWeights / bytes / 8 * 8);
      if (blockTiles[number].rows == 1 || 4 * type.getDimSize(0) <= 5 * part)
        continue;
      auto memref = MemRefType::get({panelRows, vectors, kernel.lanes},
                                    type.getElementType());
      Value sums = memref::AllocaOp::create(builder, memref,
                                            builder.getI64IntegerAttr(64));
      kernel.partial[{number, place}] = {sums, part};
    }
}

/// Reserves memory for a vector that threads which share its row have in
/// common.
void RowsLowering::shareScratch(Value value, MemRefType type) {
  OpBuilder::InsertionGuard guard(builder);
  auto alignment = builder.getI64IntegerAttr(64);
  Region *region = op.getColumnId().getParentRegion();
  builder.setInsertionPoint(region->getParentOp());
  Value common = memref::AllocOp::create(builder, type, alignment);
  builder.setInsertionPointAfter(region->getParentOp());
  memref::DeallocOp::create(builder, common);
  builder.setInsertionPointAfterValue(op.getColumnId());
  if (Operation *threads = op.getNumColumnThreads().getDefiningOp())
    builder.setInsertionPointAfter(threads);
  Value own = memref::AllocOp::create(builder, type, alignment);
  Value isShared = arith::CmpIOp::create(builder, arith::CmpIPredicate::ugt,
                                         op.getNumColumnThreads(), index(1));
  kernel.scratch[value] =
      arith::SelectOp::create(builder, isShared, common, own);
  builder.setInsertionPoint(region->front().getTerminator());
  memref::DeallocOp::create(builder, own);
}

/// Reserves memory for the values that need it, outside of all loops.
void RowsLowering::allocateScratch() {
  Operation *scope = op->getParentOp();
  while (!isa<FunctionOpInterface, omp::ParallelOp, scf::ParallelOp,
              scf::ForallOp>(scope) &&
         scope->getParentOp())
    scope = scope->getParentOp();
  Region &region = scope->getRegion(0);
  OpBuilder::InsertionGuard guard(builder);
  allocatePartialSums(region);
  for (Value value : plan.getScratch()) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape{panelRows};
    if (type)
      shape.push_back(type.getDimSize(0));
    Type element = getElementTypeOrSelf(value);
    auto memref = MemRefType::get(shape, element);
    if (type && op.getColumnId()) {
      shareScratch(value, memref);
      continue;
    }
    int64_t bytes =
        memref.getNumElements() *
        (element.isIndex() ? 8 : (element.getIntOrFloatBitWidth() + 7) / 8);
    builder.setInsertionPointToStart(&region.front());
    auto alignment = builder.getI64IntegerAttr(64);
    if (bytes <= kLargeScratch) {
      kernel.scratch[value] =
          memref::AllocaOp::create(builder, memref, alignment);
      continue;
    }
    Value buffer = memref::AllocOp::create(builder, memref, alignment);
    kernel.scratch[value] = buffer;
    builder.setInsertionPoint(region.back().getTerminator());
    memref::DeallocOp::create(builder, buffer);
  }
}

/// The number of rows of this thread: whole groups dealt in turn, then those
/// that don't fill a group.
void RowsLowering::countRows() {
  Value all = memref::DimOp::create(builder, op.getOuts()[0], index(0));
  numRows = all;
  if (!op.getThreadId())
    return;
  Value id = op.getThreadId(), threads = op.getNumThreads();
  Value groups = arith::DivUIOp::create(builder, all, index(rowGroup));
  Value rest = arith::RemUIOp::create(builder, all, index(rowGroup));
  // Groups id, id + n, ... below `groups`.
  Value last = arith::AddIOp::create(
      builder, groups, arith::SubIOp::create(builder, threads, index(1)));
  Value mine = arith::DivSIOp::create(
      builder, arith::SubIOp::create(builder, last, id), threads);
  Value next = arith::RemUIOp::create(builder, groups, threads);
  Value isMine =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, next, id);
  Value extra = arith::SelectOp::create(builder, isMine, rest, index(0));
  numRows = arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, mine, index(rowGroup)), extra);
}

/// The row of `ins` and `outs` that is this thread's row number `local`.
Value RowsLowering::getRow(Value local) {
  if (!op.getThreadId())
    return local;
  Value group = arith::DivUIOp::create(builder, local, index(rowGroup));
  Value inner = arith::RemUIOp::create(builder, local, index(rowGroup));
  Value dealt = arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, group, op.getNumThreads()),
      op.getThreadId());
  return arith::AddIOp::create(
      builder, arith::MulIOp::create(builder, dealt, index(rowGroup)), inner);
}

scf::ForOp RowsLowering::forEach(Value begin, Value end, int64_t step,
                                 BodyFn body) {
  auto loop = scf::ForOp::create(builder, begin, end, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
  return loop;
}

/// Calls `body` for blocks of `vectors` vectors of the columns of `domain`, and
/// once more for the rest, with the values that it returned before.
SmallVector<Value> RowsLowering::forColumns(int64_t domain, int64_t vectors,
                                            ValueRange inits, ColumnsFn body) {
  int64_t lanes = kernel.lanes, width = vectors * lanes;
  int64_t whole = domain / width * width;
  SmallVector<Value> carried(inits);
  Window window;
  window.vectors = vectors;
  window.lastLanes = lanes;
  if (whole == width) {
    window.column = index(0);
    carried = body(window, carried);
  } else if (whole > 0) {
    auto loop = scf::ForOp::create(builder, index(0), index(whole),
                                   index(width), carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    window.column = loop.getInductionVar();
    SmallVector<Value> next = body(window, loop.getRegionIterArgs());
    if (!next.empty())
      scf::YieldOp::create(builder, next);
    carried = llvm::to_vector_of<Value>(loop.getResults());
  }
  if (whole == domain)
    return carried;
  int64_t rest = domain - whole;
  window.column = index(whole);
  window.vectors = (rest + lanes - 1) / lanes;
  window.lastLanes = rest - (window.vectors - 1) * lanes;
  return body(window, carried);
}

/// Calls `body` for this thread's blocks of columns: of several threads each
/// takes neighbours, so that it reads the same weights at each step.
void RowsLowering::forOwnColumns(int64_t domain, int64_t vectors,
                                 ColumnsFn body) {
  if (!op.getColumnId()) {
    forColumns(domain, vectors, {}, body);
    return;
  }
  int64_t lanes = kernel.lanes, width = vectors * lanes;
  int64_t whole = domain / width, rest = domain % width;
  Value blocks = index(whole + (rest != 0));
  auto bound = [&](Value id) -> Value {
    return arith::DivUIOp::create(builder,
                                  arith::MulIOp::create(builder, blocks, id),
                                  op.getNumColumnThreads());
  };
  Value first = bound(op.getColumnId());
  Value last =
      bound(arith::AddIOp::create(builder, op.getColumnId(), index(1)));
  Window window;
  window.vectors = vectors;
  window.lastLanes = lanes;
  if (whole > 0) {
    Value end = arith::MinUIOp::create(builder, last, index(whole));
    Value firstColumn = arith::MulIOp::create(builder, first, index(width));
    Value endColumn = arith::MulIOp::create(builder, end, index(width));
    auto loop =
        scf::ForOp::create(builder, firstColumn, endColumn, index(width));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    window.column = loop.getInductionVar();
    // Every other step goes backwards: it finds in the cache what the step
    // before read last.
    if (scf::ForOp time = getTimeLoop(op)) {
      Value isForward = arith::CmpIOp::create(
          builder, arith::CmpIPredicate::eq,
          arith::AndIOp::create(builder, time.getInductionVar(), index(1)),
          index(0));
      Value mirrored = arith::SubIOp::create(
          builder,
          arith::AddIOp::create(
              builder, firstColumn,
              arith::SubIOp::create(builder, endColumn, index(width))),
          window.column);
      window.column =
          arith::SelectOp::create(builder, isForward, window.column, mirrored);
    }
    body(window, {});
  }
  if (rest == 0)
    return;
  Value isLast = arith::AndIOp::create(
      builder,
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, last, blocks),
      arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, first, last));
  auto choice = scf::IfOp::create(builder, isLast, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  window.column = index(whole * width);
  window.vectors = (rest + lanes - 1) / lanes;
  window.lastLanes = rest - (window.vectors - 1) * lanes;
  body(window, {});
}

/// Waits for the threads that share this thread's rows.
void RowsLowering::emitBarrier() {
  if (!op.getColumnId())
    return;
  Value isShared = arith::CmpIOp::create(builder, arith::CmpIPredicate::ugt,
                                         op.getNumColumnThreads(), index(1));
  auto choice = scf::IfOp::create(builder, isShared, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  omp::BarrierOp::create(builder);
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

/// Fetches the weights of the next block of columns while the last part of this
/// one's is multiplied.
void RowsLowering::prefetchNextWeights(unsigned number, Evaluator &evaluator) {
  const Stage &stage = plan.getStages()[number];
  for (auto [place, group] : llvm::enumerate(stage.groups)) {
    int64_t depth =
        getProductVector(group.products[0].op).getType().getDimSize(0);
    int64_t begin = 0;
    auto it = kernel.partial.find({number, place});
    if (it != kernel.partial.end()) {
      begin = (depth - 1) / it->second.depth * it->second.depth;
      depth = it->second.depth;
    }
    evaluator.prefetchWeights(place, index(begin), depth,
                              panelRows / blockTiles[number].rows);
  }
}

/// Evaluates the roots of a stage of products at a block of rows.
void RowsLowering::emitBlock(unsigned stage, const Window &window,
                             bool usePartial) {
  Evaluator evaluator(builder, kernel, stage, window);
  if (getTimeLoop(op))
    evaluator.prefetch();
  if (usePartial)
    prefetchNextWeights(stage, evaluator);
  evaluator.evaluateProducts(usePartial);
  ArrayRef<Root> roots = plan.getStages()[stage].roots;
  // All is read before anything is written.
  SmallVector<SmallVector<Value>> values;
  for (const Root &root : roots)
    values.push_back(evaluator.evaluate(root.value, root.offset));
  for (auto [root, value] : llvm::zip(roots, values))
    evaluator.store(root, value);
}

/// The blocks into which `count` rows fall: whole ones, then smaller ones, then
/// single rows. A step of time has so few rows that single ones would count.
SmallVector<RowsLowering::Blocks> RowsLowering::splitRows(Value count,
                                                          int64_t rows) {
  SmallVector<int64_t> sizes;
  if (rows > 1)
    sizes.push_back(rows);
  if (getTimeLoop(op))
    for (int64_t size = rows; size > 2;)
      sizes.push_back(size = (size + 1) / 2);
  sizes.push_back(1);
  SmallVector<Blocks> blocks;
  Value begin = index(0);
  for (int64_t size : sizes) {
    Value end = count;
    if (size > 1) {
      Value rest = arith::RemUIOp::create(
          builder, arith::SubIOp::create(builder, count, begin), index(size));
      end = arith::SubIOp::create(builder, count, rest);
    }
    blocks.push_back({size, begin, end});
    begin = end;
  }
  return blocks;
}

/// Calls `body` for each of `blocks`, of rows from local row `first` on.
void RowsLowering::forRows(Value first, ArrayRef<Blocks> blocks, Window window,
                           RowsFn body) {
  for (const Blocks &block : blocks)
    forEach(block.begin, block.end, block.rows, [&](Value slot) {
      Value row = getRow(arith::AddIOp::create(builder, first, slot));
      window.rows = {row};
      window.slots = {slot};
      for (int64_t r = 1; r < block.rows; ++r) {
        window.rows.push_back(arith::AddIOp::create(builder, row, index(r)));
        window.slots.push_back(arith::AddIOp::create(builder, slot, index(r)));
      }
      body(window);
    });
}

/// Adds all parts of the weights of a block of columns but the last to the
/// partial sums of `blocks`: all rows use a part before the next one is read.
void RowsLowering::addParts(unsigned number, unsigned group, Value first,
                            ArrayRef<Blocks> blocks, const Window &window) {
  auto it = kernel.partial.find({number, group});
  if (it == kernel.partial.end())
    return;
  const ProductGroup &products = plan.getStages()[number].groups[group];
  int64_t depth =
      getProductVector(products.products[0].op).getType().getDimSize(0);
  int64_t part = it->second.depth, last = (depth - 1) / part * part;
  forRows(first, blocks, window, [&](const Window &rows) {
    Evaluator(builder, kernel, number, rows).clearPartial(group);
  });
  forEach(index(0), index(last), part, [&](Value begin) {
    forRows(first, blocks, window, [&](const Window &rows) {
      Evaluator evaluator(builder, kernel, number, rows);
      evaluator.prefetchWeights(group, begin, part,
                                panelRows / blockTiles[number].rows);
      evaluator.addPartial(group, begin);
    });
  });
}

/// Evaluates a stage of products for `count` rows from local row `first` on:
/// blocks of rows, and single rows with more columns at once.
void RowsLowering::emitProducts(unsigned number, Value first, Value count) {
  const Stage &stage = plan.getStages()[number];
  SmallVector<Blocks> blocks = splitRows(count, blockTiles[number].rows);
  Blocks single = blocks.pop_back_val();
  if (!blocks.empty())
    forOwnColumns(stage.domain, blockTiles[number].vectors,
                  [&](const Window &window, ValueRange) {
                    for (unsigned group = 0; group < stage.groups.size();
                         ++group)
                      addParts(number, group, first, blocks, window);
                    forRows(first, blocks, window, [&](const Window &rows) {
                      emitBlock(number, rows, /*usePartial=*/true);
                    });
                    return SmallVector<Value>();
                  });
  forOwnColumns(stage.domain, rowTiles[number].vectors,
                [&](const Window &window, ValueRange) {
                  forRows(first, single, window, [&](const Window &rows) {
                    emitBlock(number, rows, /*usePartial=*/false);
                  });
                  return SmallVector<Value>();
                });
}

/// Evaluates the columns of one row in a stage without products.
void RowsLowering::emitColumns(unsigned number, const Window &base) {
  const Stage &stage = plan.getStages()[number];
  Evaluator outer(builder, kernel, number, base);
  if (stage.kind == Stage::Numbers) {
    SmallVector<SmallVector<Value>> values;
    for (const Root &root : stage.roots)
      values.push_back(outer.evaluateNumber(root.value));
    for (auto [root, value] : llvm::zip(stage.roots, values)) {
      auto [memref, isSlot] = Evaluator::getMemory(kernel, root.target);
      memref::StoreOp::create(builder, value[0], memref,
                              isSlot ? base.slots[0] : base.rows[0]);
    }
    return;
  }
  for (Value value : stage.numbers)
    outer.evaluateNumber(value);
  SmallVector<Value> inits;
  for (const Root &root : stage.roots) {
    if (root.kind != Root::Reduce)
      continue;
    auto type = cast<FloatType>(root.target.getType());
    bool isSum = root.target.getDefiningOp<SumOp>() != nullptr;
    APFloat start = isSum ? APFloat::getZero(type.getFloatSemantics())
                          : APFloat::getInf(type.getFloatSemantics(), true);
    auto vector = VectorType::get({kernel.lanes}, type);
    inits.push_back(arith::ConstantOp::create(
        builder, DenseElementsAttr::get(vector, start)));
  }
  Tile tile = rowTiles[number];
  auto emit = [&](const Window &columns, ValueRange carried) {
    Window window = columns;
    window.rows = base.rows;
    window.slots = base.slots;
    Evaluator evaluator(builder, kernel, number, window);
    for (Value value : stage.numbers)
      evaluator.setNumber(value, outer.evaluateNumber(value));
    SmallVector<SmallVector<Value>> values;
    for (const Root &root : stage.roots)
      values.push_back(evaluator.evaluate(root.value, root.offset));
    SmallVector<Value> next;
    for (auto [root, value] : llvm::zip(stage.roots, values)) {
      if (root.kind == Root::Reduce)
        next.push_back(evaluator.fold(root, carried[next.size()], value));
      else
        evaluator.store(root, value);
    }
    return next;
  };
  // What all threads need of all columns is folded by each.
  if (inits.empty()) {
    forOwnColumns(stage.domain, tile.vectors, emit);
    return;
  }
  SmallVector<Value> folded =
      forColumns(stage.domain, tile.vectors, inits, emit);
  unsigned next = 0;
  for (const Root &root : stage.roots) {
    if (root.kind != Root::Reduce)
      continue;
    auto kind = root.target.getDefiningOp<SumOp>()
                    ? vector::CombiningKind::ADD
                    : vector::CombiningKind::MAXIMUMF;
    Value number = vector::ReductionOp::create(builder, kind, folded[next++]);
    auto [memref, isSlot] = Evaluator::getMemory(kernel, root.target);
    memref::StoreOp::create(builder, number, memref,
                            isSlot ? base.slots[0] : base.rows[0]);
  }
}

/// Whether output `out` is copied from where its value lies.
bool RowsLowering::isCopied(unsigned out) {
  Value value = op.getYield().getOutputs()[out];
  auto [memref, isSlot] = Evaluator::getMemory(kernel, value);
  if (!memref || memref == op.getOuts()[out] ||
      (!plan.isStaged(out) && !plan.getOutOf(value) &&
       !kernel.scratch.contains(value)))
    return false;
  // A value that was written to the output itself lies nowhere else.
  return llvm::none_of(plan.getStages(), [&](const Stage &stage) {
    return llvm::any_of(stage.roots, [&](const Root &root) {
      return root.kind == Root::Out && root.out == out && !plan.isStaged(out);
    });
  });
}

/// Writes the outputs of one row whose values lie elsewhere.
void RowsLowering::copyOutputs(const Window &base) {
  for (auto [out, value] : llvm::enumerate(op.getYield().getOutputs())) {
    if (!isCopied(out))
      continue;
    auto [memref, isSlot] = Evaluator::getMemory(kernel, value);
    Value target = op.getOuts()[out];
    Value from = isSlot ? base.slots[0] : base.rows[0];
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type) {
      Value number = memref::LoadOp::create(builder, memref, from);
      memref::StoreOp::create(builder, number, target, base.rows[0]);
      continue;
    }
    forOwnColumns(type.getDimSize(0), 2,
                  [&, value = value](const Window &columns, ValueRange) {
                    Window window = columns;
                    window.rows = base.rows;
                    window.slots = base.slots;
                    Evaluator evaluator(builder, kernel,
                                        plan.getStages().size(), window);
                    evaluator.copy(value, target);
                    return SmallVector<Value>();
                  });
  }
}

/// Evaluates stages without products for one row.
void RowsLowering::emitRow(ArrayRef<unsigned> stages, Value row, Value slot,
                           bool isLast) {
  Window base;
  base.rows = {row};
  base.slots = {slot};
  base.vectors = 0;
  for (unsigned stage : stages)
    emitColumns(stage, base);
  if (isLast)
    copyOutputs(base);
}

/// Evaluates all stages for `count` rows from local row `first` on. Stages
/// without products are evaluated row by row, unless threads that share a row
/// wait for each other after each.
void RowsLowering::emitPanel(Value first, Value count) {
  ArrayRef<Stage> stages = plan.getStages();
  SmallVector<unsigned> pending;
  auto flush = [&](bool copies) {
    if (pending.empty() && !copies)
      return;
    if (panelRows == 1)
      emitRow(pending, getRow(first), index(0), copies);
    else
      forEach(index(0), count, 1, [&](Value slot) {
        Value local = arith::AddIOp::create(builder, first, slot);
        emitRow(pending, getRow(local), slot, copies);
      });
    pending.clear();
  };
  for (unsigned stage = 0; stage < stages.size(); ++stage) {
    if (stages[stage].kind == Stage::Products) {
      flush(/*copies=*/false);
      emitProducts(stage, first, count);
      emitBarrier();
      continue;
    }
    pending.push_back(stage);
    if (op.getColumnId()) {
      flush(/*copies=*/false);
      if (stages[stage].kind == Stage::Columns)
        emitBarrier();
    }
  }
  bool copies = llvm::any_of(llvm::seq<unsigned>(0, op.getOuts().size()),
                             [&](unsigned out) { return isCopied(out); });
  flush(copies);
  if (copies)
    emitBarrier();
}

void RowsLowering::emitPanels() {
  scf::ForOp loop = forEach(index(0), numRows, panelRows, [&](Value first) {
    Value count = index(1);
    if (panelRows > 1)
      count = arith::MinUIOp::create(
          builder, arith::SubIOp::create(builder, numRows, first),
          index(panelRows));
    emitPanel(first, count);
  });
  auto list = [&](ArrayRef<Tile> tiles) {
    SmallVector<Attribute> attrs;
    for (auto [stage, tile] : llvm::zip(plan.getStages(), tiles))
      if (stage.kind == Stage::Products)
        attrs.push_back(
            builder.getDenseI64ArrayAttr({tile.rows, tile.vectors}));
    return builder.getArrayAttr(attrs);
  };
  loop->setAttr("rnn.rows",
                builder.getDictionaryAttr(
                    {builder.getNamedAttr(
                         "lanes", builder.getI64IntegerAttr(kernel.lanes)),
                     builder.getNamedAttr("row_tiles", list(rowTiles)),
                     builder.getNamedAttr("tiles", list(blockTiles))}));
}

void RowsLowering::run() {
  chooseTiles();
  chooseRowGroup();
  allocateScratch();
  countRows();
  emitPanels();
  op.erase();
}

/// What the lowering takes for granted.
static LogicalResult verifyForLowering(RowsOp op, int64_t lanes) {
  if (!op.getResults().empty())
    return op.emitOpError("must be bufferized before it is lowered");
  for (auto linear : op.getEntry().getOps<LinearOp>())
    if (linear.getTranspose())
      return linear.emitOpError(
          "must be packed before it is lowered, for "
          "columns of a transposed matrix aren't vectors");
  for (auto linear : op.getEntry().getOps<PackedLinearOp>())
    if (linear.getLanes() != lanes)
      return linear.emitOpError("has weights packed for ")
             << linear.getLanes() << " lanes; the kernel has " << lanes;
  return success();
}

namespace {
struct LowerRows : ravel::impl::LowerRowsBase<LowerRows> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<RowsOp> kernels;
    getOperation()->walk([&](RowsOp op) { kernels.push_back(op); });
    for (RowsOp op : kernels) {
      if (failed(verifyForLowering(op, getLanes(op, vectorWidth))))
        return signalPassFailure();
      FailureOr<Plan> plan = Plan::create(op);
      if (failed(plan))
        return signalPassFailure();
      int64_t lanes = getLanes(op, vectorWidth);
      TileOptions options{{lanes, numRegisters}, rows, vectors, panelRows};
      RowsLowering(op, *plan, options, lanes).run();
    }
    SmallVector<PackOp> packs;
    getOperation()->walk([&](PackOp op) { packs.push_back(op); });
    for (PackOp op : packs) {
      if (!op.getResult().empty()) {
        op.emitOpError("must be bufferized before it is lowered");
        return signalPassFailure();
      }
      lowerPack(op);
    }
  }
};
} // namespace
