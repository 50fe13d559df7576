//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the vector code of values; see Evaluator.h.
//
// A value is evaluated by what it is: an elementwise op becomes the same op on
// vectors, a slice its source further on, a row or a value in memory a load. A
// product is a sum over k of a number of the row times a vector of weights. The
// terms are added one by one, in order of k, for every tile: a row gives the
// same bits in whatever block it falls.
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

std::pair<Value, bool> Evaluator::getMemory(const Kernel &kernel, Value value) {
  if (std::optional<unsigned> out = kernel.plan.getOutOf(value))
    return {RowsOp(kernel.op).getOuts()[*out], false};
  return {kernel.scratch.lookup(value), true};
}

Value ravel::getSharedMemref(RowsOp op, Value matrix) {
  return op.getShared()[cast<BlockArgument>(matrix).getArgNumber() -
                        op.getIns().size()];
}

static bool isVector(Value value) {
  return isa<RankedTensorType>(value.getType());
}

Value Evaluator::getColumn(int64_t u, int64_t offset) {
  int64_t distance = u * kernel.lanes + offset;
  if (distance == 0)
    return window.column;
  Value constant = arith::ConstantIndexOp::create(builder, distance);
  return builder.createOrFold<arith::AddIOp>(window.column, constant);
}

Value Evaluator::getMask() {
  SmallVector<bool> mask(kernel.lanes, false);
  std::fill_n(mask.begin(), window.lastLanes, true);
  return arith::ConstantOp::create(
      builder,
      DenseElementsAttr::get(getVectorType(builder.getI1Type()), mask));
}

/// A vector all of whose components are `value`.
Value Evaluator::splat(Type element, double value) {
  TypedAttr attr;
  if (isa<FloatType>(element))
    attr = builder.getFloatAttr(element, value);
  else
    attr = builder.getIntegerAttr(element, static_cast<int64_t>(value));
  return arith::ConstantOp::create(
      builder, DenseElementsAttr::get(getVectorType(element), attr));
}

Value Evaluator::load(Value memref, ValueRange indices, int64_t u) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  VectorType type = getVectorType(element);
  if (!isPartial(u))
    return vector::LoadOp::create(builder, type, memref, indices);
  return vector::MaskedLoadOp::create(builder, type, memref, indices, getMask(),
                                      splat(element, 0));
}

void Evaluator::storeVector(Value vector, Value memref, ValueRange indices,
                            int64_t u) {
  if (isPartial(u))
    vector::MaskedStoreOp::create(builder, memref, indices, getMask(), vector);
  else
    vector::StoreOp::create(builder, vector, memref, indices);
}

std::pair<Value, Evaluator::Values> Evaluator::locate(Value base, unsigned row,
                                                      Value column) {
  RowsOp op = kernel.op;
  if (auto argument = dyn_cast<BlockArgument>(base)) {
    unsigned number = argument.getArgNumber();
    if (number < op.getIns().size())
      return {op.getIns()[number], {window.rows[row], column}};
    return {op.getShared()[number - op.getIns().size()], {column}};
  }
  auto [memref, isSlot] = getMemory(kernel, base);
  return {memref, {isSlot ? window.slots[row] : window.rows[row], column}};
}

Evaluator::Values Evaluator::loadRows(Value base, int64_t offset) {
  Values result;
  for (unsigned row = 0; row < window.rows.size(); ++row)
    for (int64_t u = 0; u < window.vectors; ++u) {
      auto [memref, indices] = locate(base, row, getColumn(u, offset));
      // A shared vector is the same for each row.
      if (indices.size() == 1 && row > 0)
        result.push_back(result[u]);
      else
        result.push_back(load(memref, indices, u));
    }
  return result;
}

Evaluator::Values Evaluator::evaluate(Value value, int64_t offset) {
  auto it = vectors.find({value, offset});
  if (it != vectors.end())
    return it->second;
  Values result = compute(value, offset);
  vectors[{value, offset}] = result;
  return result;
}

Evaluator::Values Evaluator::compute(Value value, int64_t offset) {
  if (isa<BlockArgument>(value) || kernel.plan.isLoaded(value, stage))
    return loadRows(value, offset);
  Operation *op = value.getDefiningOp();
  unsigned places = window.rows.size() * window.vectors;
  Type element = getElementTypeOrSelf(value);
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = cast<DenseElementsAttr>(constant.getValue());
    Value vector = arith::ConstantOp::create(
        builder, dense.resizeSplat(getVectorType(element)));
    return Values(places, vector);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return evaluate(slice.getSource(), offset + slice.getStaticOffsets()[0]);
  if (isa<BroadcastOp, tensor::SplatOp>(op)) {
    Values result;
    for (Value number : evaluateNumber(op->getOperand(0)))
      result.append(
          window.vectors,
          vector::BroadcastOp::create(builder, getVectorType(element), number));
    return result;
  }
  if (auto lookup = dyn_cast<LookupOp>(op)) {
    RowsOp rows = kernel.op;
    Value matrix = getSharedMemref(rows, lookup.getMatrix());
    Values result;
    for (Value number : evaluateNumber(lookup.getIndex())) {
      Value index =
          arith::IndexCastOp::create(builder, builder.getIndexType(), number);
      for (int64_t u = 0; u < window.vectors; ++u)
        result.push_back(load(matrix, {index, getColumn(u, offset)}, u));
    }
    return result;
  }
  if (auto hot = dyn_cast<OneHotOp>(op)) {
    Values result;
    Value one = splat(element, 1), zero = splat(element, 0);
    for (Value number : evaluateNumber(hot.getIndex()))
      for (int64_t u = 0; u < window.vectors; ++u) {
        Value components = getComponents(u, offset);
        Value wanted =
            vector::BroadcastOp::create(builder, components.getType(), number);
        Value equal = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                            components, wanted);
        result.push_back(arith::SelectOp::create(builder, equal, one, zero));
      }
    return result;
  }
  if (auto mask = dyn_cast<RandomMaskOp>(op))
    return drawMask(mask, offset);

  SmallVector<Values> operands;
  for (Value operand : op->getOperands()) {
    if (isVector(operand)) {
      operands.push_back(evaluate(operand, offset));
      continue;
    }
    Values &spread = operands.emplace_back();
    for (Value number : evaluateNumber(operand))
      spread.append(window.vectors, number);
  }
  Values result;
  for (unsigned place = 0; place < places; ++place) {
    IRMapping mapping;
    for (auto [operand, values] : llvm::zip(op->getOperands(), operands))
      mapping.map(operand, values[place]);
    Operation *clone = builder.clone(*op, mapping);
    for (OpResult each : clone->getResults())
      each.setType(getVectorType(getElementTypeOrSelf(each)));
    result.push_back(clone->getResult(cast<OpResult>(value).getResultNumber()));
  }
  return result;
}

Evaluator::Values Evaluator::evaluateNumber(Value value) {
  auto it = numbers.find(value);
  if (it != numbers.end())
    return it->second;
  RowsOp op = kernel.op;
  Values result;
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getArgNumber() >= op.getIns().size()) {
    Value shared = op.getShared()[argument.getArgNumber() - op.getIns().size()];
    if (isa<MemRefType>(shared.getType()))
      shared = memref::LoadOp::create(builder, shared, ValueRange());
    result.assign(window.rows.size(), shared);
  } else if (argument || kernel.plan.isLoaded(value, stage)) {
    for (unsigned row = 0; row < window.rows.size(); ++row) {
      auto [memref, indices] = locate(value, row, Value());
      result.push_back(memref::LoadOp::create(builder, memref, indices[0]));
    }
  } else if (auto pick = value.getDefiningOp<PickOp>()) {
    MemoryVector vector = Plan::getMemoryVector(pick.getOperand());
    for (auto [row, number] :
         llvm::enumerate(evaluateNumber(pick.getIndex()))) {
      Value column =
          arith::IndexCastOp::create(builder, builder.getIndexType(), number);
      if (vector.offset != 0)
        column = arith::AddIOp::create(
            builder, column,
            arith::ConstantIndexOp::create(builder, vector.offset));
      auto [memref, indices] = locate(vector.base, row, column);
      result.push_back(memref::LoadOp::create(builder, memref, indices));
    }
  } else {
    Operation *inner = value.getDefiningOp();
    SmallVector<Values> operands;
    for (Value operand : inner->getOperands())
      operands.push_back(evaluateNumber(operand));
    for (unsigned row = 0; row < window.rows.size(); ++row) {
      IRMapping mapping;
      for (auto [operand, values] : llvm::zip(inner->getOperands(), operands))
        mapping.map(operand, values[row]);
      Operation *clone = builder.clone(*inner, mapping);
      result.push_back(
          clone->getResult(cast<OpResult>(value).getResultNumber()));
    }
  }
  numbers[value] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void Evaluator::prefetch() {
  constexpr int64_t kLineBits = 512;
  for (auto [argument, offset] : kernel.plan.getStages()[stage].reads) {
    int64_t bits = kernel.lanes * getElementTypeOrSelf(argument.getType())
                                      .getIntOrFloatBitWidth();
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
    int64_t depth = type.getDimSize(0), begin = 0;
    Values sums;
    auto it = kernel.partial.find({stage, number});
    if (usePartial && it != kernel.partial.end()) {
      begin = (depth - 1) / it->second.depth * it->second.depth;
      sums = loadPartial(number);
    } else {
      sums.assign(size * group.products.size(),
                  splat(type.getElementType(), 0));
    }
    sums = accumulate(number, arith::ConstantIndexOp::create(builder, begin),
                      arith::ConstantIndexOp::create(builder, depth), sums);
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

/// Vector u of the weights of component k.
Value Evaluator::loadWeights(const Product &product, Value k, int64_t u) {
  RowsOp op = kernel.op;
  if (auto linear = dyn_cast<LinearOp>(product.op))
    return load(getSharedMemref(op, linear.getMatrix()),
                {k, getColumn(u, product.offset)}, u);
  auto linear = cast<PackedLinearOp>(product.op);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  int64_t columns = linear.getColumns(), lanes = kernel.lanes;
  Value panel = builder.createOrFold<arith::DivUIOp>(window.column,
                                                     index(lanes));
  if (int64_t further = product.offset % columns / lanes + u)
    panel = arith::AddIOp::create(builder, panel, index(further));
  Value memref = getSharedMemref(op, linear.getWeights());
  Type stored = cast<MemRefType>(memref.getType()).getElementType();
  Value weights = vector::LoadOp::create(
      builder, getVectorType(stored), memref,
      ValueRange{panel, k, index(product.offset / columns), index(0)});
  Type element = linear.getVector().getType().getElementType();
  if (stored == element)
    return weights;
  return arith::ExtFOp::create(builder, getVectorType(element), weights);
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
  int64_t bits = kernel.lanes * type.getElementTypeBitWidth();
  int64_t step = std::max<int64_t>(1, kLineBits / bits);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, value);
  };
  Value panel = builder.createOrFold<arith::DivUIOp>(window.column,
                                                     index(kernel.lanes));
  // This block's share of the next part.
  int64_t share = llvm::divideCeil(depth, blocks);
  Value block = arith::DivUIOp::create(
      builder, window.slots[0],
      index(static_cast<int64_t>(window.rows.size())));
  Value first = arith::AddIOp::create(
      builder, arith::AddIOp::create(builder, begin, index(depth)),
      arith::MulIOp::create(builder, block, index(share)));
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

Evaluator::Values Evaluator::accumulate(unsigned number, Value begin, Value end,
                                        ValueRange inits) {
  const ProductGroup &group = kernel.plan.getStages()[stage].groups[number];
  ArrayRef<Product> products = group.products;
  Type element = getProductVector(products[0].op).getType().getElementType();
  unsigned rows = window.rows.size();

  Value step = arith::ConstantIndexOp::create(builder, 1);
  auto loop = scf::ForOp::create(builder, begin, end, step, inits);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  Value column = k;
  if (group.vector.offset != 0)
    column = arith::AddIOp::create(
        builder, k,
        arith::ConstantIndexOp::create(builder, group.vector.offset));
  auto loadFactor = [&](unsigned row) -> Value {
    auto [memref, indices] = locate(group.vector.base, row, column);
    Value number = memref::LoadOp::create(builder, memref, indices);
    return vector::BroadcastOp::create(builder, getVectorType(element), number);
  };
  Values sums(inits.size());
  auto add = [&](unsigned index, unsigned row, int64_t u, Value factor,
                 Value weights) {
    unsigned place = (index * rows + row) * window.vectors + u;
    sums[place] = vector::FMAOp::create(builder, factor, weights,
                                        loop.getRegionIterArg(place));
  };
  // What there is less of is held in registers, the rest passes by.
  if (rows <= products.size() * window.vectors) {
    Values factors;
    for (unsigned row = 0; row < rows; ++row)
      factors.push_back(loadFactor(row));
    for (unsigned index = 0; index < products.size(); ++index)
      for (int64_t u = 0; u < window.vectors; ++u) {
        Value weights = loadWeights(products[index], k, u);
        for (unsigned row = 0; row < rows; ++row)
          add(index, row, u, factors[row], weights);
      }
  } else {
    Values weights;
    for (unsigned index = 0; index < products.size(); ++index)
      for (int64_t u = 0; u < window.vectors; ++u)
        weights.push_back(loadWeights(products[index], k, u));
    for (unsigned row = 0; row < rows; ++row) {
      Value factor = loadFactor(row);
      for (unsigned index = 0; index < products.size(); ++index)
        for (int64_t u = 0; u < window.vectors; ++u)
          add(index, row, u, factor, weights[index * window.vectors + u]);
    }
  }
  scf::YieldOp::create(builder, sums);
  return Values(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Roots
//===----------------------------------------------------------------------===//

void Evaluator::store(const Root &root, ValueRange values) {
  Value memref;
  bool isSlot = false;
  if (root.kind == Root::Out && !kernel.plan.isStaged(root.out)) {
    memref = RowsOp(kernel.op).getOuts()[root.out];
  } else {
    Value target = root.kind == Root::Out
                       ? RowsOp(kernel.op).getYield().getOutputs()[root.out]
                       : root.target;
    std::tie(memref, isSlot) = getMemory(kernel, target);
  }
  for (unsigned row = 0; row < window.rows.size(); ++row)
    for (int64_t u = 0; u < window.vectors; ++u)
      storeVector(values[row * window.vectors + u], memref,
                  {isSlot ? window.slots[row] : window.rows[row],
                   getColumn(u, root.targetOffset)},
                  u);
}

void Evaluator::copy(Value value, Value target) {
  auto [memref, isSlot] = getMemory(kernel, value);
  Value from = isSlot ? window.slots[0] : window.rows[0];
  for (int64_t u = 0; u < window.vectors; ++u) {
    Value column = getColumn(u, 0);
    storeVector(load(memref, {from, column}, u), target,
                {window.rows[0], column}, u);
  }
}

Value Evaluator::fold(const Root &root, Value accumulator, ValueRange values) {
  bool isSum = root.target.getDefiningOp<SumOp>() != nullptr;
  for (int64_t u = 0; u < window.vectors; ++u) {
    Value folded =
        isSum
            ? arith::AddFOp::create(builder, accumulator, values[u]).getResult()
            : arith::MaximumFOp::create(builder, accumulator, values[u])
                  .getResult();
    if (isPartial(u))
      folded = arith::SelectOp::create(builder, getMask(), folded, accumulator);
    accumulator = folded;
  }
  return accumulator;
}

//===----------------------------------------------------------------------===//
// Random masks
//===----------------------------------------------------------------------===//

/// The numbers of the components of vector `u`.
Value Evaluator::getComponents(int64_t u, int64_t offset) {
  VectorType type = getVectorType(builder.getI32Type());
  auto lanes = llvm::to_vector(llvm::seq<int32_t>(0, kernel.lanes));
  Value steps = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(type, ArrayRef<int32_t>(lanes)));
  Value column = arith::IndexCastOp::create(builder, builder.getI32Type(),
                                            getColumn(u, offset));
  Value start = vector::BroadcastOp::create(builder, type, column);
  return arith::AddIOp::create(builder, start, steps);
}

/// Component c is `mix(mix(mix(key) + site) + c)` in 32 bits, where `mix` adds
/// 0x9e3779b9 and applies the finalizer of MurmurHash3:
///   h ^= h >> 16; h *= 0x85ebca6b; h ^= h >> 13; h *= 0xc2b2ae35; h ^= h >> 16
/// It is dropped where the upper 24 bits are less than rate * 2^24.
Evaluator::Values Evaluator::drawMask(RandomMaskOp op, int64_t offset) {
  auto constant = [&](Type type, uint32_t value) -> Value {
    APInt bits(32, value);
    TypedAttr attr = builder.getIntegerAttr(builder.getI32Type(), bits);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, bits);
    return arith::ConstantOp::create(builder, attr);
  };
  auto mix = [&](Value h) -> Value {
    Type type = h.getType();
    auto shift = [&](Value h, uint32_t by) -> Value {
      return arith::XOrIOp::create(
          builder, h, arith::ShRUIOp::create(builder, h, constant(type, by)));
    };
    h = arith::AddIOp::create(builder, h, constant(type, 0x9e3779b9u));
    h = shift(h, 16);
    h = arith::MulIOp::create(builder, h, constant(type, 0x85ebca6bu));
    h = shift(h, 13);
    h = arith::MulIOp::create(builder, h, constant(type, 0xc2b2ae35u));
    return shift(h, 16);
  };
  Type element = getElementTypeOrSelf(op.getResult());
  double rate = op.getRate().convertToDouble();
  VectorType type = getVectorType(builder.getI32Type());
  Value kept = splat(element, 1.0 / (1.0 - rate)), dropped = splat(element, 0);
  Value threshold = constant(type, static_cast<uint32_t>(rate * (1 << 24)));
  Values result;
  for (Value key : evaluateNumber(op.getKey())) {
    Value site = constant(key.getType(), static_cast<uint32_t>(op.getSite()));
    Value seed = mix(arith::AddIOp::create(builder, mix(key), site));
    Value seeds = vector::BroadcastOp::create(builder, type, seed);
    for (int64_t u = 0; u < window.vectors; ++u) {
      Value hash =
          mix(arith::AddIOp::create(builder, seeds, getComponents(u, offset)));
      Value bits = arith::ShRUIOp::create(builder, hash, constant(type, 8));
      Value isDropped = arith::CmpIOp::create(
          builder, arith::CmpIPredicate::ult, bits, threshold);
      result.push_back(
          arith::SelectOp::create(builder, isDropped, dropped, kept));
    }
  }
  return result;
}
