//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Reserves a kernel's memory.
//
//===----------------------------------------------------------------------===//

#include "RowsLowering.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include <numeric>

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Scratch memory of more bytes than this comes from the heap.
static constexpr int64_t kLargeScratch = 32 * 1024;

Value ravel::getInstant(RowsOp op) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || !function->hasAttr(RNNDialect::kStreamAttr))
    return Value();
  for (BlockArgument argument : function.getArguments()) {
    auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      RNNDialect::kRoleAttr);
    if (role && role.getValue() == "instant")
      return argument;
  }
  return Value();
}

scf::ForOp ravel::getTimeLoop(RowsOp op) {
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    if (loop->hasAttr(RNNDialect::kTimeAttr))
      return loop;
  return nullptr;
}

/// Kernels of one loop over time give a row to the same thread: they may read
/// what the others wrote of it.
void RowsLowering::chooseRowGroup() {
  for (StageAttr stage : schedule.getStages())
    rowGroup = std::lcm(rowGroup, stage.getBlockRows());
  // Rows of one line of the cache go to one thread.
  if (rowGroup == 1)
    rowGroup = kRowGroup;
  if (sharesRows)
    rowGroup = std::lcm(rowGroup, kRowGroup);
}

/// Reserves memory for the sums of products whose weights exceed the first
/// cache: for each row of a panel and each vector of a block of columns.
void RowsLowering::allocatePartialSums(Region &region) {
  builder.setInsertionPointToStart(&region.front());
  for (auto [number, stage] : llvm::enumerate(plan.getStages()))
    for (auto [place, group] : llvm::enumerate(stage.groups)) {
      auto type = getProductVector(group.products[0].op).getType();
      int64_t vectors =
          group.products.size() * getStage(number).getBlockVectors();
      int64_t part = getStage(number).getDepths()[place];
      if (part == 0)
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
