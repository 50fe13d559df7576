//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Finds sums of outer products that are computed together; see Contracts.h.
//
// The gradients of a cell's matrices are products of a few sequences with one,
// that of the gradients of its gates. Their columns lie side by side there, so
// the products are parts of one: each side is packed once for all of them.
//
//===----------------------------------------------------------------------===//

#include "Contracts.h"
#include "../RowsToVector/Plan.h"
#include "VectorLoops.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ravel;

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

bool ravel::isVectorContract(linalg::ContractOp op) {
  MLIRContext *context = op.getContext();
  AffineExpr i, j, r;
  bindDims(context, i, j, r);
  SmallVector<AffineMap> maps;
  for (auto [row, column] : {std::pair(r, i), {r, j}, {i, j}})
    maps.push_back(AffineMap::get(3, 0, {row, column}, context));
  Type element = getElementTypeOrSelf(op.getOutputs()[0].getType());
  return op.getIndexingMapsArray() == maps &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return hasVectors(operand) &&
                  getElementTypeOrSelf(operand.getType()) == element;
         });
}

bool ravel::isVectorTotal(linalg::ReduceOp op) {
  if (op.getInputs().size() != 1 || op.getDimensions() != ArrayRef<int64_t>{0})
    return false;
  Value input = op.getInputs()[0];
  Block &body = op.getCombiner().front();
  return hasVectors(input) && hasVectors(op.getInits()[0]) &&
         cast<MemRefType>(input.getType()).getRank() == 2 &&
         body.getOperations().size() == 2 && isa<arith::AddFOp>(body.front());
}

bool ravel::touches(Operation *op, Value memref) {
  bool found = false;
  op->walk([&](Operation *inner) {
    if (inner->getNumRegions() == 0 && isMemoryEffectFree(inner))
      return;
    for (Value operand : inner->getOperands())
      if (isa<MemRefType>(operand.getType()))
        found |= mayAlias(operand, memref);
  });
  return found;
}

linalg::FillOp ravel::findZeros(Operation *op, Value out) {
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    auto fill = dyn_cast<linalg::FillOp>(before);
    if (fill && fill.getOutputs()[0] == out)
      return matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ? fill
                                                                 : nullptr;
    if (touches(before, out))
      return nullptr;
  }
  return nullptr;
}

/// Whether `op` writes no memref that may be that of `memref`.
static bool onlyReads(Operation *op, Value memref) {
  if (!touches(op, memref))
    return true;
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return llvm::none_of(destination.getDpsInits(), [&](Value out) {
      return isa<MemRefType>(out.getType()) && mayAlias(out, memref);
    });
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  if (!effects || op->getNumRegions() != 0)
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    return !isa<MemRefType>(operand.getType()) || !mayAlias(operand, memref) ||
           !(effects.getEffectOnValue<MemoryEffects::Write>(operand) ||
             effects.getEffectOnValue<MemoryEffects::Free>(operand));
  });
}

bool ravel::canSwap(Operation *op, ValueRange reads, ValueRange writes) {
  return llvm::none_of(writes, [&](Value out) { return touches(op, out); }) &&
         llvm::all_of(reads, [&](Value in) { return onlyReads(op, in); });
}

/// Whether `other` can be moved to right before `op`, of the same block.
static bool canMoveTo(Operation *other, Operation *op) {
  auto destination = cast<DestinationStyleOpInterface>(other);
  bool isBefore = other->isBeforeInBlock(op);
  Operation *first = isBefore ? other->getNextNode() : op;
  Operation *end = isBefore ? op : other;
  for (Operation *between = first; between != end;
       between = between->getNextNode())
    if (!canSwap(between,
                 llvm::map_to_vector(destination.getDpsInputOperands(),
                                     [](OpOperand *in) { return in->get(); }),
                 destination.getDpsInits()))
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Writes a product that is one column as a row, its transpose, which lies in
/// memory alike: so its numbers make vectors.
static linalg::ContractOp turnColumn(linalg::ContractOp op) {
  Value out = op.getOutputs()[0];
  auto type = cast<MemRefType>(out.getType());
  int64_t size = type.getDimSize(0);
  if (type.getDimSize(1) != 1 || size == 1 || !type.getLayout().isIdentity())
    return op;
  linalg::FillOp zeros = findZeros(op, out);
  OpBuilder builder(op);
  if (zeros)
    builder.setInsertionPoint(zeros);
  auto row =
      MemRefType::get({1, size}, type.getElementType(),
                      StridedLayoutAttr::get(op.getContext(), 0, {size, 1}));
  Value view = memref::ReinterpretCastOp::create(builder, op.getLoc(), row, out,
                                                 0, ArrayRef<int64_t>{1, size},
                                                 ArrayRef<int64_t>{size, 1});
  if (zeros)
    zeros.getOutputsMutable().assign(view);
  SmallVector<Value> inputs(llvm::reverse(op.getInputs()));
  op.getInputsMutable().assign(inputs);
  op.getOutputsMutable().assign(view);
  return op;
}

/// `op` as columns of the rows of which its right operand is a view.
static Contract getContract(linalg::ContractOp op) {
  Value right = op.getInputs()[1];
  int64_t width = cast<MemRefType>(right.getType()).getDimSize(1);
  Value out = op.getOutputs()[0];
  Contract contract{op,    op.getInputs()[0], right, out, 0,
                    width, findZeros(op, out)};
  auto view = right.getDefiningOp<memref::SubViewOp>();
  if (!view || !hasVectors(view.getSource()) ||
      view.getSourceType().getRank() != 2 || !view.hasUnitStride() ||
      view.getStaticOffsets()[0] != 0 ||
      ShapedType::isDynamic(view.getStaticOffsets()[1]))
    return contract;
  contract.right = view.getSource();
  contract.begin = view.getStaticOffsets()[1];
  contract.end = contract.begin + width;
  return contract;
}

/// The contracts after the first of `contracts`, in order, that can be computed
/// together with it, and that itself.
static SmallVector<Contract> takeMembers(SmallVectorImpl<Contract> &contracts) {
  SmallVector<Contract> members = {contracts.front()}, rest;
  for (const Contract &contract : llvm::drop_begin(contracts)) {
    const Contract &first = members.front();
    bool joins = contract.right == first.right &&
                 contract.op->hasAttr(kDistributedAttr) ==
                     first.op->hasAttr(kDistributedAttr) &&
                 llvm::all_of(members, [&](Contract &member) {
                   return canMoveTo(member.op, contract.op);
                 });
    (joins ? members : rest).push_back(contract);
  }
  contracts = std::move(rest);
  return members;
}

/// Splits `members`, which have one left operand, into runs of adjacent
/// columns.
static SmallVector<ContractGroup::Left, 2>
splitRuns(SmallVector<Contract> members) {
  llvm::sort(members, [](const Contract &a, const Contract &b) {
    return a.begin < b.begin;
  });
  SmallVector<ContractGroup::Left, 2> runs;
  for (Contract &member : members) {
    if (runs.empty() || runs.back().contracts.back().end != member.begin)
      runs.push_back({member.left, {}});
    runs.back().contracts.push_back(member);
  }
  return runs;
}

Operation *ContractGroup::getLast() const {
  Operation *last = nullptr;
  for (const Left &left : lefts)
    for (const Contract &contract : left.contracts)
      if (!last || last->isBeforeInBlock(contract.op))
        last = contract.op;
  return last;
}

/// Adds the total of the right rows to a group that reads them all.
static void addTotal(ContractGroup &group, Block &block) {
  auto type = cast<MemRefType>(group.getRight().getType());
  if (group.getBegin() != 0 || group.getEnd() != type.getDimSize(1))
    return;
  Operation *last = group.getLast();
  for (auto total : block.getOps<linalg::ReduceOp>())
    if (isVectorTotal(total) && total.getInputs()[0] == group.getRight() &&
        total->hasAttr(kDistributedAttr) == last->hasAttr(kDistributedAttr) &&
        canMoveTo(total, last)) {
      group.total = total;
      group.totalZeros = findZeros(total, total.getInits()[0]);
      return;
    }
}

std::vector<ContractGroup> ravel::groupContracts(Block &block) {
  SmallVector<Contract> contracts;
  for (auto op : block.getOps<linalg::ContractOp>())
    if (isVectorContract(op))
      contracts.push_back(getContract(turnColumn(op)));
  std::vector<ContractGroup> groups;
  while (!contracts.empty()) {
    llvm::MapVector<Value, SmallVector<Contract>> byLeft;
    for (Contract &member : takeMembers(contracts))
      byLeft[member.left].push_back(member);
    size_t first = groups.size();
    for (auto &[left, members] : byLeft)
      for (ContractGroup::Left &run : splitRuns(members)) {
        auto group = std::find_if(
            groups.begin() + first, groups.end(), [&](ContractGroup &other) {
              return other.getBegin() == run.contracts.front().begin &&
                     other.getEnd() == run.contracts.back().end &&
                     llvm::none_of(other.lefts, [&](auto &taken) {
                       return taken.rows == run.rows;
                     });
            });
        if (group == groups.end()) {
          groups.emplace_back();
          group = std::prev(groups.end());
        }
        group->lefts.push_back(run);
      }
    for (ContractGroup &group : llvm::drop_begin(groups, first))
      addTotal(group, block);
  }
  return groups;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

/// Tiles of `rows` rows for all left operands of a group.
static int64_t countTiles(const ContractGroup &group, int64_t rows) {
  int64_t tiles = 0;
  for (const ContractGroup::Left &left : group.lefts)
    tiles += llvm::divideCeil(
        cast<MemRefType>(left.rows.getType()).getDimSize(1), rows);
  return tiles;
}

/// Rows of a block such that a panel and two tiles of left rows fit the first
/// cache.
static int64_t getDepth(Tile tile, int64_t bytes,
                        const ContractTarget &target) {
  int64_t numbers = tile.vectors * target.registers.lanes + 2 * tile.rows;
  return std::max<int64_t>(8, target.firstCache / bytes / numbers / 8 * 8);
}

/// A core starts two multiplications and two loads a cycle, and a
/// multiplication takes four. The sums of a tile are read and written once for
/// each block.
static Tile chooseTile(const ContractGroup &group, int64_t bytes,
                       const ContractTarget &target) {
  const RegisterFile &file = target.registers;
  int64_t width = group.getEnd() - group.getBegin();
  Tile best;
  double fewest = std::numeric_limits<double>::infinity();
  for (int64_t rows = 1; rows < file.registers; ++rows)
    for (int64_t vectors = 1; rows * vectors < file.registers; ++vectors) {
      int64_t accumulators = rows * vectors;
      if (accumulators + std::min(rows, vectors) + 1 >= file.registers ||
          vectors > llvm::divideCeilSigned(width, file.lanes))
        continue;
      double loads = rows + vectors;
      double cycles = std::max({accumulators / 2.0, loads / 2, 4.0});
      // Of tiles that take about as long, that with fewer loads.
      cycles *= 1 + loads / accumulators / 8;
      cycles += 2.0 * accumulators / getDepth({rows, vectors}, bytes, target);
      cycles *= countTiles(group, rows) *
                llvm::divideCeil(width, vectors * file.lanes);
      if (cycles < fewest) {
        fewest = cycles;
        best = {rows, vectors};
      }
    }
  return best;
}

ContractBlocks ravel::chooseBlocks(const ContractGroup &group,
                                   const ContractTarget &target) {
  // Left tiles that are packed at once, at most.
  constexpr int64_t kMaxTiles = 512;
  int64_t bytes =
      getElementTypeOrSelf(group.getRight().getType()).getIntOrFloatBitWidth() /
      8;
  ContractBlocks blocks;
  Tile tile = chooseTile(group, bytes, target);
  if (target.tile.rows > 0)
    tile.rows = target.tile.rows;
  if (target.tile.vectors > 0)
    tile.vectors = target.tile.vectors;
  blocks.tile = tile;
  int64_t panelWidth = tile.vectors * target.registers.lanes;
  blocks.numTiles = countTiles(group, tile.rows);
  blocks.numPanels =
      llvm::divideCeil(group.getEnd() - group.getBegin(), panelWidth);
  blocks.depth = getDepth(tile, bytes, target);
  blocks.packedTiles = std::min(blocks.numTiles, kMaxTiles);
  int64_t tileBytes = blocks.depth * tile.rows * bytes;
  int64_t panelBytes = blocks.depth * panelWidth * bytes;
  int64_t cached = std::max<int64_t>(1, target.secondCache * 5 / 8 / tileBytes);
  blocks.cachedTiles = llvm::divideCeil(
      blocks.packedTiles, llvm::divideCeil(blocks.packedTiles, cached));
  blocks.packedPanels =
      std::min(blocks.numPanels,
               std::max<int64_t>(1, target.secondCache / 4 / panelBytes));
  return blocks;
}
