//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Copies of the rows of a group in the order in which tiles read them; see
// ContractKernel.cpp.
//
//===----------------------------------------------------------------------===//

#include "ContractKernel.h"

using namespace mlir;
using namespace ravel;

/// Bytes that are fetched at once.
static constexpr int64_t kLine = 64;

/// Copies columns of the left rows: [tile, r, row of the tile]. A tile is
/// written in whole vectors, whose ends the next row overwrites.
void ContractLowering::packLeft(const Rows &rows, Span tiles) {
  int64_t vectors = llvm::divideCeil(tile.rows, lanes);
  int64_t firstTile = 0;
  for (const ContractGroup::Left &part : group.lefts) {
    int64_t columns = cast<MemRefType>(part.rows.getType()).getDimSize(1);
    int64_t count = countTiles(columns), lastTile = firstTile + count;
    // Tiles of which all vectors lie in the row.
    int64_t whole = columns < vectors * lanes
                        ? 0
                        : (columns - vectors * lanes) / tile.rows + 1;
    Value begin = loops.max(tiles.begin, loops.index(firstTile));
    Value end = loops.min(tiles.end, loops.index(lastTile));
    Value middle = loops.min(end, loops.index(firstTile + whole));
    loops.forEach(loops.index(0), rows.count, 1, [&](Value r) {
      Value row = loops.add(rows.first, r), place = loops.mul(r, tile.rows);
      auto copy = [&](Value number, bool isWhole) {
        Value local = loops.sub(number, tiles.begin);
        Value column =
            loops.mul(loops.sub(number, loops.index(firstTile)), tile.rows);
        for (int64_t v = 0; v < vectors; ++v) {
          Value from = loops.add(column, v * lanes), vector;
          Values indices{row, from};
          if (isWhole) {
            vector = vector::LoadOp::create(b, loops.type, part.rows, indices);
          } else {
            Value rest = loops.sub(loops.index(columns), from);
            vector =
                vector::MaskedLoadOp::create(b, loops.type, part.rows, indices,
                                             loops.mask(rest), loops.zero());
          }
          vector::StoreOp::create(
              b, vector, left, ValueRange{local, loops.add(place, v * lanes)});
        }
      };
      loops.forEach(begin, middle, 1, [&](Value each) { copy(each, true); });
      if (whole < count)
        loops.forEach(loops.max(begin, middle), end, 1,
                      [&](Value each) { copy(each, false); });
    });
    firstTile = lastTile;
  }
}

/// Copies columns of the right rows: [panel, r, column].
void ContractLowering::packRight(const Rows &rows, Span panels, bool addTotal) {
  Value from = group.getRight();
  auto copy = [&](Value r, Value row, Value panel, bool isWhole) {
    Value local = loops.sub(panel, panels.begin);
    Value first = loops.mul(panel, panelWidth);
    Columns columns = isWhole ? getPanel(first) : getLastPanel(first);
    Columns source = columns;
    source.first = loops.add(first, group.getBegin());
    for (int64_t u = 0; u < tile.vectors; ++u) {
      Value vector =
          u < columns.vectors ? loops.load(from, row, source, u) : loops.zero();
      loops.store(vector, right, {local, r}, getPanel(loops.index(0)), u);
      if (!addTotal)
        continue;
      Columns places = getPanel(first);
      Value sum = loops.load(totals, {}, places, u);
      loops.store(arith::AddFOp::create(b, sum, vector), totals, {}, places, u);
    }
  };
  Value whole = loops.min(panels.end, loops.index(wholePanels));
  loops.forEach(loops.index(0), rows.count, 1, [&](Value r) {
    Value row = loops.add(rows.first, r);
    loops.forEach(panels.begin, whole, 1,
                  [&](Value panel) { copy(r, row, panel, true); });
    if (wholePanels < blocks.numPanels)
      loops.ifTrue(loops.isEqual(panels.end, loops.index(blocks.numPanels)),
                   [&] { copy(r, row, loops.index(wholePanels), false); });
  });
}

/// Copies columns of the right rows and adds them up; after the last block,
/// writes their total.
void ContractLowering::emitTotal(const Rows &rows, Span panels) {
  loops.ifTrue(rows.isFirst, [&] {
    loops.forEach(panels.begin, panels.end, 1, [&](Value panel) {
      for (int64_t u = 0; u < tile.vectors; ++u)
        loops.store(loops.zero(), totals, {},
                    getPanel(loops.mul(panel, panelWidth)), u);
    });
  });
  packRight(rows, panels, /*addTotal=*/true);
  linalg::ReduceOp op = group.total;
  Value out = op.getInits()[0];
  auto copy = [&](Columns columns) {
    for (int64_t u = 0; u < columns.vectors; ++u) {
      Value sum = loops.load(totals, {}, columns, u);
      if (!group.totalZeros)
        sum = arith::AddFOp::create(b, loops.load(out, {}, columns, u), sum);
      loops.store(sum, out, {}, columns, u);
    }
  };
  loops.ifTrue(rows.isLast, [&] {
    Value whole = loops.min(panels.end, loops.index(wholePanels));
    loops.forEach(panels.begin, whole, 1, [&](Value panel) {
      copy(getPanel(loops.mul(panel, panelWidth)));
    });
    if (wholePanels < blocks.numPanels)
      loops.ifTrue(
          loops.isEqual(panels.end, loops.index(blocks.numPanels)),
          [&] { copy(getLastPanel(loops.index(wholePanels * panelWidth))); });
  });
}

/// Fetches the rows of a call, some of those that are packed next.
void ContractLowering::fetchNext(Value call, Value perCall) {
  int64_t bytes = loops.element.getIntOrFloatBitWidth() / 8;
  int64_t step = kLine / bytes;
  Value begin = arith::MulIOp::create(b, call, perCall);
  Value end = loops.min(loops.add(begin, perCall), nextCount);
  Value last = loops.index(group.getEnd() - 1);
  Value column = loops.add(loops.mul(nextPanel, panelWidth), group.getBegin());
  loops.forEach(begin, end, 1, [&](Value r) {
    Value row = loops.add(nextRow, r);
    for (int64_t at = 0; at < blocks.packedPanels * panelWidth; at += step)
      memref::PrefetchOp::create(
          b, group.getRight(),
          ValueRange{row, loops.min(loops.add(column, at), last)},
          /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  });
}
