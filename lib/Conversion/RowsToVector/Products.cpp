//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the products of a stage: loops over the components of a vector, with
// sums in registers.
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "Packing.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

void Evaluator::prefetch() {
  constexpr int64_t kLineBits = 512;
  for (auto [argument, offset] : kernel.plan.getStages()[stage].reads) {
    int64_t bits =
        kernel.lanes *
        getElementTypeOrSelf(argument.getType()).getIntOrFloatBitWidth();
    int64_t step = std::max<int64_t>(1, kLineBits / bits);
    for (unsigned row = 0; row < window.rows.size(); ++row)
      for (int64_t u = 0; u < window.vectors; u += step) {
        auto [memref, indices] = locate(argument, row, getColumn(u, offset));
        memref::PrefetchOp::create(builder, memref, indices, /*isWrite=*/false,
                                   /*localityHint=*/3, /*isDataCache=*/true);
      }
  }
}

void Evaluator::evaluateProducts(bool usePartial) {
  ArrayRef<ProductGroup> groups = kernel.plan.getStages()[stage].groups;
  unsigned size = window.rows.size() * window.vectors;
  for (auto [number, group] : llvm::enumerate(groups)) {
    auto type = getProductVector(group.products[0].op).getType();
    int64_t depth = getProductDepth(group.products[0].op), begin = 0;
    Values sums;
    auto it = kernel.partial.find({stage, number});
    if (usePartial && it != kernel.partial.end()) {
      begin = (depth - 1) / it->second.depth * it->second.depth;
      sums = loadPartial(number);
    } else {
      sums.assign(size * group.products.size(),
                  splat(type.getElementType(), 0));
    }
    // A pair's second component may be missing.
    auto linear = dyn_cast<PackedLinearOp>(group.products[0].op);
    bool isOdd =
        linear && holdsPairs(linear.getWeights().getType()) && depth % 2 != 0;
    if (kernel.isStep && window.rows.size() == 1)
      sums = accumulateRow(number, depth - isOdd);
    else
      sums = accumulate(number, arith::ConstantIndexOp::create(builder, begin),
                        arith::ConstantIndexOp::create(builder, depth - isOdd),
                        sums);
    if (isOdd)
      sums = multiply(group, arith::ConstantIndexOp::create(builder, depth - 1),
                      1, sums);
    for (auto [index, product] : llvm::enumerate(group.products))
      vectors[{product.op->getResult(0), product.offset}] =
          Values(ArrayRef<Value>(sums).slice(index * size, size));
  }
}

void Evaluator::addPartial(unsigned group, Value begin) {
  Value depth = arith::ConstantIndexOp::create(
      builder, kernel.partial.at({stage, group}).depth);
  Value end = arith::AddIOp::create(builder, begin, depth);
  storePartial(group, accumulate(group, begin, end, loadPartial(group)));
}

void Evaluator::clearPartial(unsigned group) {
  auto type =
      cast<MemRefType>(kernel.partial.at({stage, group}).memref.getType());
  unsigned count = kernel.plan.getStages()[stage].groups[group].products.size();
  Values zeros(count * window.rows.size() * window.vectors,
               splat(type.getElementType(), 0));
  storePartial(group, zeros);
}

Evaluator::Values Evaluator::loadPartial(unsigned group) {
  Value memref = kernel.partial.at({stage, group}).memref;
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  unsigned count = kernel.plan.getStages()[stage].groups[group].products.size();
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  Values sums;
  for (unsigned product = 0; product < count; ++product)
    for (Value slot : window.slots)
      for (int64_t u = 0; u < window.vectors; ++u) {
        Value place = arith::ConstantIndexOp::create(
            builder, product * window.vectors + u);
        sums.push_back(vector::LoadOp::create(builder, getVectorType(element),
                                              memref,
                                              ValueRange{slot, place, zero}));
      }
  return sums;
}

void Evaluator::storePartial(unsigned group, ValueRange sums) {
  Value memref = kernel.partial.at({stage, group}).memref;
  unsigned count = kernel.plan.getStages()[stage].groups[group].products.size();
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  for (unsigned product = 0; product < count; ++product)
    for (Value slot : window.slots)
      for (int64_t u = 0; u < window.vectors; ++u) {
        Value place = arith::ConstantIndexOp::create(
            builder, product * window.vectors + u);
        vector::StoreOp::create(builder, sums.front(), memref,
                                ValueRange{slot, place, zero});
        sums = sums.drop_front();
      }
}

std::pair<Value, Value> Evaluator::locatePanel(const Product &product,
                                               int64_t columns, int64_t u) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  Value panel =
      builder.createOrFold<arith::DivUIOp>(window.column, index(kernel.lanes));
  if (int64_t further = product.offset % columns / kernel.lanes + u)
    panel = arith::AddIOp::create(builder, panel, index(further));
  return {panel, index(product.offset / columns)};
}

Value Evaluator::loadInput(const Product &product, Value k, int64_t u,
                           int64_t lane) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  Value stored;
  if (auto packed = dyn_cast<PackedSparseLinearOp>(product.op)) {
    auto [panel, place] = locatePanel(product, packed.getColumns(), u);
    stored = memref::LoadOp::create(
        builder, getSharedMemref(kernel.op, packed.getIndices()),
        ValueRange{panel, k, place, index(lane)});
  } else {
    if (isPartial(u) && lane >= window.lastLanes)
      return index(0);
    auto linear = cast<SparseLinearOp>(product.op);
    Value column = arith::AddIOp::create(builder, getColumn(u, product.offset),
                                         index(lane));
    stored = convertToInputs(
        builder,
        memref::LoadOp::create(builder,
                               getSharedMemref(kernel.op, linear.getMatrix()),
                               ValueRange{index(1), k, column}),
        linear.getVector().getType().getDimSize(0), builder.getI32Type());
  }
  return arith::IndexCastUIOp::create(builder, builder.getIndexType(), stored);
}

Value Evaluator::gather(const ProductGroup &group, unsigned row,
                        ValueRange inputs) {
  Values numbers;
  for (Value column : inputs) {
    if (group.vector.offset != 0)
      column = arith::AddIOp::create(
          builder, column,
          arith::ConstantIndexOp::create(builder, group.vector.offset));
    auto [memref, place] = locate(group.vector.base, row, column);
    numbers.push_back(memref::LoadOp::create(builder, memref, place));
  }
  return vector::FromElementsOp::create(
      builder, getVectorType(numbers.front().getType()), numbers);
}

Evaluator::Values Evaluator::multiplySparse(const ProductGroup &group, Value k,
                                            ValueRange inits) {
  unsigned rows = window.rows.size();
  Values sums(inits);
  for (auto [number, product] : llvm::enumerate(group.products))
    for (int64_t u = 0; u < window.vectors; ++u) {
      Value weights = loadWeights(product, k, u).front();
      Values inputs;
      for (int64_t lane = 0; lane < kernel.lanes; ++lane)
        inputs.push_back(loadInput(product, k, u, lane));
      for (unsigned row = 0; row < rows; ++row) {
        Value &sum = sums[(number * rows + row) * window.vectors + u];
        Value factors = gather(group, row, inputs);
        sum = vector::FMAOp::create(builder, factors, weights, sum);
      }
    }
  return sums;
}

Evaluator::Values Evaluator::loadWeights(const Product &product, Value k,
                                         int64_t u) {
  RowsOp op = kernel.op;
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  if (auto linear = dyn_cast<LinearOp>(product.op))
    return {load(getSharedMemref(op, linear.getMatrix()),
                 {k, getColumn(u, product.offset)}, u)};
  if (auto linear = dyn_cast<SparseLinearOp>(product.op))
    return {load(getSharedMemref(op, linear.getMatrix()),
                 {zero, k, getColumn(u, product.offset)}, u)};
  if (auto linear = dyn_cast<PackedSparseLinearOp>(product.op)) {
    auto [panel, place] = locatePanel(product, linear.getColumns(), u);
    return {vector::LoadOp::create(
        builder, getVectorType(getElementTypeOrSelf(linear.getWeights())),
        getSharedMemref(op, linear.getWeights()),
        ValueRange{panel, k, place, zero})};
  }
  auto linear = cast<PackedLinearOp>(product.op);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  int64_t lanes = kernel.lanes;
  auto [panel, place] = locatePanel(product, linear.getColumns(), u);
  Value memref = getSharedMemref(op, linear.getWeights());
  auto type = cast<MemRefType>(memref.getType());
  if (!holdsPairs(type))
    return {vector::LoadOp::create(builder,
                                   getVectorType(type.getElementType()), memref,
                                   ValueRange{panel, k, place, index(0)})};
  Value pair = arith::ShRUIOp::create(builder, k, index(1));
  Value stored = vector::LoadOp::create(
      builder, VectorType::get({2 * lanes}, type.getElementType()), memref,
      ValueRange{panel, pair, place, index(0)});
  auto [even, odd] = widenPairs(builder, stored);
  Values weights{even, odd};
  Type element = linear.getVector().getType().getElementType();
  for (Value &each : weights)
    if (!element.isF32())
      each = arith::ExtFOp::create(builder, getVectorType(element), each);
  return weights;
}

void Evaluator::prefetchWeights(unsigned number, Value begin, int64_t depth,
                                int64_t blocks) {
  constexpr int64_t kLineBits = 512;
  const ProductGroup &group = kernel.plan.getStages()[stage].groups[number];
  auto linear = dyn_cast<PackedLinearOp>(group.products[0].op);
  if (!linear)
    return;
  RowsOp op = kernel.op;
  Value memref = getSharedMemref(op, linear.getWeights());
  auto type = cast<MemRefType>(memref.getType());
  // Fewer stay in the second cache from step to step.
  constexpr int64_t kNearWeights = 256 * 1024;
  if (type.getNumElements() * type.getElementTypeBitWidth() / 8 <= kNearWeights)
    return;
  int64_t bits = type.getDimSize(3) * type.getElementTypeBitWidth();
  int64_t step = std::max<int64_t>(1, kLineBits / bits);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  Value panel =
      builder.createOrFold<arith::DivUIOp>(window.column, index(kernel.lanes));
  // This block's share of the next part.
  int64_t share = llvm::divideCeil(depth, blocks);
  Value block =
      arith::DivUIOp::create(builder, window.slots[0],
                             index(static_cast<int64_t>(window.rows.size())));
  Value first = arith::AddIOp::create(
      builder, arith::AddIOp::create(builder, begin, index(depth)),
      arith::MulIOp::create(builder, block, index(share)));
  if (holdsPairs(type)) {
    share = llvm::divideCeil(share, 2);
    first = arith::ShRUIOp::create(builder, first, index(1));
  }
  for (int64_t k = 0; k < share; ++k)
    for (int64_t u = 0; u < window.vectors; ++u)
      for (int64_t product = 0; product < linear.getNumMatrices();
           product += step)
        memref::PrefetchOp::create(
            builder, memref,
            ValueRange{builder.createOrFold<arith::AddIOp>(panel, index(u)),
                       builder.createOrFold<arith::AddIOp>(first, index(k)),
                       index(product), index(0)},
            /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
}

Evaluator::Values Evaluator::multiply(const ProductGroup &group, Value k,
                                      unsigned count, ValueRange inits) {
  ArrayRef<Product> products = group.products;
  if (isa<SparseLinearOp, PackedSparseLinearOp>(products[0].op))
    return multiplySparse(group, k, inits);
  Type element = getProductVector(products[0].op).getType().getElementType();
  unsigned rows = window.rows.size();
  auto loadFactor = [&](unsigned row, unsigned component) -> Value {
    Value column = k;
    if (int64_t further = group.vector.offset + component)
      column = arith::AddIOp::create(
          builder, k, arith::ConstantIndexOp::create(builder, further));
    auto [memref, indices] = locate(group.vector.base, row, column);
    Value number = memref::LoadOp::create(builder, memref, indices);
    return vector::BroadcastOp::create(builder, getVectorType(element), number);
  };
  Values sums(inits);
  auto add = [&](unsigned index, unsigned row, int64_t u, Value factor,
                 Value weights) {
    Value &sum = sums[(index * rows + row) * window.vectors + u];
    sum = vector::FMAOp::create(builder, factor, weights, sum);
  };
  // What there is less of is held in registers, the rest passes by.
  if (rows <= products.size() * window.vectors) {
    SmallVector<Values> factors(rows);
    for (unsigned row = 0; row < rows; ++row)
      for (unsigned component = 0; component < count; ++component)
        factors[row].push_back(loadFactor(row, component));
    for (unsigned index = 0; index < products.size(); ++index)
      for (int64_t u = 0; u < window.vectors; ++u) {
        Values weights = loadWeights(products[index], k, u);
        for (unsigned component = 0; component < count; ++component)
          for (unsigned row = 0; row < rows; ++row)
            add(index, row, u, factors[row][component], weights[component]);
      }
    return sums;
  }
  SmallVector<Values> weights;
  for (unsigned index = 0; index < products.size(); ++index)
    for (int64_t u = 0; u < window.vectors; ++u)
      weights.push_back(loadWeights(products[index], k, u));
  for (unsigned row = 0; row < rows; ++row)
    for (unsigned component = 0; component < count; ++component) {
      Value factor = loadFactor(row, component);
      for (unsigned index = 0; index < products.size(); ++index)
        for (int64_t u = 0; u < window.vectors; ++u)
          add(index, row, u, factor,
              weights[index * window.vectors + u][component]);
    }
  return sums;
}

Evaluator::Values Evaluator::accumulate(unsigned number, Value begin, Value end,
                                        ValueRange inits) {
  const ProductGroup &group = kernel.plan.getStages()[stage].groups[number];
  unsigned count = 1;
  if (auto linear = dyn_cast<PackedLinearOp>(group.products[0].op))
    count = holdsPairs(linear.getWeights().getType()) ? 2 : 1;
  Value step = arith::ConstantIndexOp::create(builder, count);
  auto loop = scf::ForOp::create(builder, begin, end, step, inits);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(builder, multiply(group, loop.getInductionVar(), count,
                                         loop.getRegionIterArgs()));
  return Values(loop.getResults());
}

Evaluator::Values Evaluator::accumulateRow(unsigned number, int64_t depth) {
  const ProductGroup &group = kernel.plan.getStages()[stage].groups[number];
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  int64_t count = 1;
  if (auto linear = dyn_cast<PackedLinearOp>(group.products[0].op))
    count = holdsPairs(linear.getWeights().getType()) ? 2 : 1;
  int64_t size = group.products.size() * window.vectors;
  Type element =
      getProductVector(group.products[0].op).getType().getElementType();
  // Two multiplications a cycle, each of which takes four cycles; and twice as
  // many sums where there are registers for them.
  bool isWide = kernel.lanes * element.getIntOrFloatBitWidth() >= 512;
  int64_t chains = isWide || kernel.instant ? 16 : 8;
  int64_t parts = std::clamp<int64_t>(chains / size, 1, depth / count);
  int64_t step = parts * count, whole = depth / step * step;
  Values sums(parts * size, splat(element, 0));
  // A loop for each way: addresses of a loop that could go either way would be
  // computed anew for each component.
  auto emitLoop = [&](bool isBackward) {
    auto loop =
        scf::ForOp::create(builder, index(0), index(whole), index(step), sums);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    if (isBackward)
      k = arith::SubIOp::create(builder, index(whole - step), k);
    Values next(parts * size);
    for (int64_t i = 0; i < parts; ++i) {
      int64_t part = isBackward ? parts - 1 - i : i;
      Value own = k;
      if (part > 0)
        own = arith::AddIOp::create(builder, k, index(part * count));
      llvm::copy(
          multiply(
              group, own, count,
              ValueRange(loop.getRegionIterArgs()).slice(part * size, size)),
          next.begin() + part * size);
    }
    scf::YieldOp::create(builder, next);
    return loop.getResults();
  };
  if (!kernel.instant) {
    sums = Values(emitLoop(/*isBackward=*/false));
  } else {
    Value isBackward = arith::CmpIOp::create(
        builder, arith::CmpIPredicate::ne,
        arith::AndIOp::create(builder, kernel.instant, index(1)), index(0));
    auto choice = scf::IfOp::create(builder, ValueRange(sums).getTypes(),
                                    isBackward, /*withElseRegion=*/true);
    for (bool way : {true, false}) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(way ? choice.thenBlock()
                                           : choice.elseBlock());
      scf::YieldOp::create(builder, emitLoop(way));
    }
    sums = Values(choice.getResults());
  }
  for (int64_t k = whole; k < depth; k += count) {
    Values first = multiply(group, index(k), count,
                            ArrayRef<Value>(sums).take_front(size));
    llvm::copy(first, sums.begin());
  }
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < size; ++i)
      sums[i] = arith::AddFOp::create(builder, sums[i], sums[part * size + i]);
  sums.truncate(size);
  return sums;
}
