//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes a group of sums of outer products of rows as loops with vectors.
//
// The matrices that a group computes are blocks of one, [left columns, right
// columns], which is computed in tiles of `rows` x `vectors` accumulators:
//
//   for each block of rows r:                        a panel fits the first
//   cache
//     copy the left rows, tile by tile:              [tile, r, row of the tile]
//     for each few panels of right columns:          these fit the second cache
//       copy the right rows, panel by panel:         [panel, r, column]
//       for each block of left tiles:                these fit it too
//         for each of the panels, and each of the tiles:
//           accumulators = tile of sums              (0 in the first block)
//           for r in the block:
//             accumulators += left[tile, r, ..] x right[panel, r, ..]
//           tile of sums = accumulators
//         after the last block: copy the tiles of sums to where they belong
//
// Sums lie tile by tile, so that no tile is partial but those at the edges of
// all, which are padded with zeros. While a tile is computed, a part of the
// right rows that are copied next is fetched. The total of the right rows is
// added up as they are copied.
//
// Threads share panels, and tiles where panels are too few; each packs what it
// needs. Every sum is made by one thread in order of r: blocks and threads have
// no influence on a bit of it.
//
//===----------------------------------------------------------------------===//

#include "ContractKernel.h"

using namespace mlir;
using namespace ravel;

/// Columns that a thread takes at least, where other threads can share tiles.
static constexpr int64_t kLeastColumns = 64;

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

ContractLowering::ContractLowering(const ContractGroup &group,
                                   const ContractTarget &target)
    : group(group), lanes(target.registers.lanes),
      loops(group.getLast(), getElementTypeOrSelf(group.getRight().getType()),
            target.registers),
      b(loops.b), share(getThreadShare(b, group.getLast())),
      blocks(chooseBlocks(group, target)), tile(blocks.tile),
      width(group.getEnd() - group.getBegin()),
      panelWidth(tile.vectors * lanes), wholePanels(width / panelWidth) {}

/// The region whose threads share the work.
omp::ParallelOp ContractLowering::getRegion() {
  if (!share)
    return nullptr;
  return dyn_cast<omp::ParallelOp>(b.getInsertionBlock()->getParentOp());
}

/// Memory of the kernel; what threads share comes before they start.
Value ContractLowering::allocate(ArrayRef<int64_t> shape, bool isShared) {
  OpBuilder::InsertionGuard guard(b);
  if (omp::ParallelOp region = getRegion(); region && isShared)
    b.setInsertionPoint(region);
  return memref::AllocOp::create(b, MemRefType::get(shape, loops.element),
                                 b.getI64IntegerAttr(64));
}

/// Finds this thread's panels and tiles.
void ContractLowering::splitWork() {
  allPanels = {loops.index(0), loops.index(blocks.numPanels)};
  allTiles = {loops.index(0), loops.index(blocks.numTiles)};
  if (!share)
    return;
  int64_t least = llvm::divideCeil(kLeastColumns, panelWidth);
  Value across =
      loops.min(share->count,
                loops.index(std::max<int64_t>(1, blocks.numPanels / least)));
  Value down = loops.min(arith::DivUIOp::create(b, share->count, across),
                         loops.index(blocks.numTiles));
  auto split = [&](Value part, Value parts, int64_t count) {
    auto getEdge = [&](Value id) -> Value {
      return arith::DivUIOp::create(b, loops.mul(loops.min(id, parts), count),
                                    parts);
    };
    return Span{getEdge(part), getEdge(loops.add(part, 1))};
  };
  Value column = arith::RemUIOp::create(b, share->id, across);
  Value row = arith::DivUIOp::create(b, share->id, across);
  allPanels = split(column, across, blocks.numPanels);
  // The threads that are left over get no tiles.
  allTiles = split(row, down, blocks.numTiles);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Adds the products of a block of rows to a tile.
void ContractLowering::emitTile(const Rows &rows, Value panel, Value local,
                                Value number, Value localTile) {
  int64_t size = tile.rows * tile.vectors;
  auto getPlace = [&](int64_t place) {
    return Values{panel, number, loops.index(place * lanes)};
  };
  SmallVector<Type> types(size, loops.type);
  auto choice = scf::IfOp::create(b, types, rows.isFirst,
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(b, Values(size, loops.zero()));
    b.setInsertionPointToStart(choice.elseBlock());
    Values loaded;
    for (int64_t place = 0; place < size; ++place)
      loaded.push_back(
          vector::LoadOp::create(b, loops.type, sums, getPlace(place)));
    scf::YieldOp::create(b, loaded);
  }
  Values results = loops.accumulate(
      loops.index(0), rows.count, choice.getResults(),
      [&](Value r, ValueRange carried) {
        Values next(size);
        Value place = loops.mul(r, tile.rows);
        auto loadVector = [&](int64_t u) {
          return loops.load(right, {local, r}, getPanel(loops.index(0)), u);
        };
        auto loadFactor = [&](int64_t row) -> Value {
          return vector::BroadcastOp::create(
              b, loops.type,
              memref::LoadOp::create(
                  b, left, ValueRange{localTile, loops.add(place, row)}));
        };
        auto add = [&](int64_t row, int64_t u, Value factor, Value vector) {
          int64_t at = row * tile.vectors + u;
          next[at] = vector::FMAOp::create(b, factor, vector, carried[at]);
        };
        // The operands of which there are fewer are held, the others come one
        // by one.
        bool holdsVectors = tile.vectors <= tile.rows;
        int64_t held = std::min(tile.rows, tile.vectors);
        Values operands;
        for (int64_t each = 0; each < held; ++each)
          operands.push_back(holdsVectors ? loadVector(each)
                                          : loadFactor(each));
        for (int64_t other = 0; other < size / held; ++other) {
          Value operand = holdsVectors ? loadFactor(other) : loadVector(other);
          for (int64_t each = 0; each < held; ++each)
            if (holdsVectors)
              add(other, each, operand, operands[each]);
            else
              add(each, other, operands[each], operand);
        }
        return next;
      });
  for (int64_t place = 0; place < size; ++place)
    vector::StoreOp::create(b, results[place], sums, getPlace(place));
}

/// Copies the sums of one panel from tiles to where they belong.
void ContractLowering::unpack(Value panel, Span tiles) {
  int64_t firstTile = 0;
  for (const ContractGroup::Left &part : group.lefts) {
    for (const Contract &contract : part.contracts)
      unpackPart(contract, firstTile, panel, tiles);
    firstTile +=
        countTiles(cast<MemRefType>(part.rows.getType()).getDimSize(1));
  }
}

void ContractLowering::unpackPart(const Contract &contract, int64_t firstTile,
                                  Value panel, Span tiles) {
  auto type = cast<MemRefType>(contract.out.getType());
  int64_t height = type.getDimSize(0), count = countTiles(height);
  int64_t first = contract.begin - group.getBegin();
  // The columns of the panel that belong to this matrix, and its first column.
  Value column = loops.mul(panel, panelWidth);
  Value begin = loops.max(column, loops.index(first));
  Value end = loops.min(loops.add(column, panelWidth),
                        loops.index(first + type.getDimSize(1)));
  Value isWhole = loops.isEqual(loops.add(begin, panelWidth), end);

  auto forRows = [&](VectorLoops::Fn<void(Value, Value, Value)> body) {
    loops.forEach(loops.max(tiles.begin, loops.index(firstTile)),
                  loops.min(tiles.end, loops.index(firstTile + count)), 1,
                  [&](Value number) {
                    Value row = loops.mul(
                        loops.sub(number, loops.index(firstTile)), tile.rows);
                    Value rows = loops.min(loops.index(tile.rows),
                                           loops.sub(loops.index(height), row));
                    loops.forEach(loops.index(0), rows, 1, [&](Value r) {
                      body(number, loops.add(row, r), loops.mul(r, panelWidth));
                    });
                  });
  };
  auto copyVectors = [&](Value number, Value row, Value place) {
    Columns from = getPanel(place);
    Columns to = getPanel(loops.sub(column, loops.index(first)));
    for (int64_t u = 0; u < tile.vectors; ++u) {
      Value sum = loops.load(sums, {panel, number}, from, u);
      if (!contract.zeros)
        sum =
            arith::AddFOp::create(b, loops.load(contract.out, row, to, u), sum);
      loops.store(sum, contract.out, row, to, u);
    }
  };
  auto copyNumbers = [&](Value number, Value row, Value place) {
    loops.forEach(begin, end, 1, [&](Value j) {
      Value at = loops.add(place, loops.sub(j, column));
      Value sum =
          memref::LoadOp::create(b, sums, ValueRange{panel, number, at});
      Values to{row, loops.sub(j, loops.index(first))};
      if (!contract.zeros)
        sum = arith::AddFOp::create(
            b, memref::LoadOp::create(b, contract.out, to), sum);
      memref::StoreOp::create(b, sum, contract.out, to);
    });
  };
  loops.ifTrue(
      isWhole, [&] { forRows(copyVectors); },
      [&] {
        loops.ifTrue(loops.isLess(begin, end), [&] { forRows(copyNumbers); });
      });
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Computes this thread's panels of `tiles`.
void ContractLowering::emitRows(Span tiles) {
  Value one = loops.index(1), zero = loops.index(0);
  Value count = loops.sub(tiles.end, tiles.begin);
  Value parts =
      loops.max(one, loops.ceilDiv(numRows, loops.index(blocks.depth)));
  rowsPerBlock = loops.ceilDiv(numRows, parts);
  scf::ForOp loop = loops.forEach(zero, parts, 1, [&](Value block) {
    Rows rows;
    rows.first = arith::MulIOp::create(b, block, rowsPerBlock);
    rows.count = loops.min(rowsPerBlock, loops.sub(numRows, rows.first));
    rows.isFirst = loops.isEqual(block, zero);
    rows.isLast = loops.isEqual(loops.add(block, 1), parts);
    packLeft(rows, tiles);
    loops.forEach(
        allPanels.begin, allPanels.end, blocks.packedPanels, [&](Value j) {
          Span panels{
              j, loops.min(loops.add(j, blocks.packedPanels), allPanels.end)};
          if (!group.total)
            packRight(rows, panels, /*addTotal=*/false);
          else if (!share && blocks.numTiles <= blocks.packedTiles)
            emitTotal(rows, panels);
          else {
            Value isMine = loops.isEqual(tiles.begin, zero);
            loops.ifTrue(
                isMine, [&] { emitTotal(rows, panels); },
                [&] { packRight(rows, panels, /*addTotal=*/false); });
          }
          Value isMore = loops.isLess(panels.end, allPanels.end);
          nextPanel =
              arith::SelectOp::create(b, isMore, panels.end, allPanels.begin);
          Value after = loops.min(loops.add(rows.first, rows.count), numRows);
          nextRow = arith::SelectOp::create(b, isMore, rows.first, after);
          nextCount = loops.min(rowsPerBlock, loops.sub(numRows, nextRow));
          Value calls = arith::MulIOp::create(
              b, count, loops.sub(panels.end, panels.begin));
          Value perCall = loops.ceilDiv(nextCount, loops.max(calls, one));
          loops.forEach(
              tiles.begin, tiles.end, blocks.cachedTiles, [&](Value i) {
                Span part{
                    i, loops.min(loops.add(i, blocks.cachedTiles), tiles.end)};
                loops.forEach(panels.begin, panels.end, 1, [&](Value panel) {
                  Value local = loops.sub(panel, panels.begin);
                  Value call = arith::MulIOp::create(b, local, count);
                  loops.forEach(part.begin, part.end, 1, [&](Value number) {
                    Value localTile = loops.sub(number, tiles.begin);
                    fetchNext(loops.add(call, localTile), perCall);
                    emitTile(rows, panel, local, number, localTile);
                  });
                  loops.ifTrue(rows.isLast, [&] { unpack(panel, part); });
                });
              });
        });
  });
  loop->setAttr(
      "rnn.contract",
      b.getDictionaryAttr(
          {b.getNamedAttr("cached",
                          b.getDenseI64ArrayAttr(
                              {blocks.cachedTiles, blocks.packedPanels})),
           b.getNamedAttr("depth", b.getI64IntegerAttr(blocks.depth)),
           b.getNamedAttr("tile",
                          b.getDenseI64ArrayAttr({tile.rows, tile.vectors}))}));
}

void ContractLowering::run() {
  sums = allocate({blocks.numPanels, blocks.numTiles, tile.rows * panelWidth},
                  /*isShared=*/true);
  if (group.total)
    totals = allocate({blocks.numPanels * panelWidth}, /*isShared=*/true);
  // A tile's last row is written in whole vectors too.
  int64_t slack = llvm::alignTo(tile.rows, lanes);
  left = allocate({blocks.packedTiles, blocks.depth * tile.rows + slack},
                  /*isShared=*/false);
  right = allocate({blocks.packedPanels, blocks.depth, panelWidth},
                   /*isShared=*/false);
  splitWork();
  numRows = loops.getRows(group.getRight());
  loops.forEach(allTiles.begin, allTiles.end, blocks.packedTiles, [&](Value i) {
    emitRows({i, loops.min(loops.add(i, blocks.packedTiles), allTiles.end)});
  });
  memref::DeallocOp::create(b, left);
  memref::DeallocOp::create(b, right);
  if (omp::ParallelOp region = getRegion())
    b.setInsertionPointAfter(region);
  memref::DeallocOp::create(b, sums);
  if (totals)
    memref::DeallocOp::create(b, totals);
}

void ravel::lowerContracts(const ContractGroup &group,
                           const ContractTarget &target) {
  ContractLowering(group, target).run();
  auto erase = [](Operation *op, linalg::FillOp zeros) {
    op->erase();
    if (zeros)
      zeros.erase();
  };
  for (const ContractGroup::Left &left : group.lefts)
    for (const Contract &contract : left.contracts)
      erase(contract.op, contract.zeros);
  if (group.total)
    erase(group.total, group.totalZeros);
}
