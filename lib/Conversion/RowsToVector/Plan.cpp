//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Plans the stages of a kernel; see Plan.h.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

Value ravel::getRootMemref(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    if (auto view = dyn_cast<ViewLikeOpInterface>(op))
      memref = view.getViewSource();
    else
      break;
  }
  return memref;
}

bool ravel::mayAlias(Value a, Value b) {
  a = getRootMemref(a);
  b = getRootMemref(b);
  if (a == b)
    return true;
  for (auto [one, other] : {std::pair(a, b), std::pair(b, a)})
    if (auto select = one.getDefiningOp<arith::SelectOp>())
      return mayAlias(select.getTrueValue(), other) ||
             mayAlias(select.getFalseValue(), other);
  auto isAllocation = [](Value value) {
    return value.getDefiningOp<memref::AllocOp>() ||
           value.getDefiningOp<memref::AllocaOp>();
  };
  auto isFunctionArgument = [](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner()->isEntryBlock() &&
           isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
  };
  auto isDistinct = [&](Value value) {
    return isAllocation(value) || isFunctionArgument(value);
  };
  return !isDistinct(a) || !isDistinct(b);
}

int64_t ravel::getLanes(RowsOp op, int64_t vectorWidth) {
  int64_t width = 32;
  auto widen = [&](Value value) {
    if (auto type = dyn_cast<FloatType>(getElementTypeOrSelf(value)))
      width = std::max<int64_t>(width, type.getWidth());
  };
  op.getBody().walk(
      [&](Operation *inner) { llvm::for_each(inner->getResults(), widen); });
  llvm::for_each(op.getEntry().getArguments(), widen);
  int64_t lanes = vectorWidth / width;
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || !function->hasAttr(RNNDialect::kStreamAttr))
    return lanes;
  // A step is as long as the chain of its operations, and those on short
  // vectors are done sooner.
  constexpr int64_t kFewestLanes = 4;
  int64_t longest = 1;
  for (Value value : op.getYield().getOutputs())
    if (auto type = dyn_cast<RankedTensorType>(value.getType()))
      longest = std::max(longest, type.getDimSize(0));
  while (lanes > kFewestLanes && lanes / 2 >= longest)
    lanes /= 2;
  return lanes;
}

static bool isVector(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 1;
}

static bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() >= 2;
}

bool ravel::isProduct(Operation *op) {
  return isa_and_present<LinearOp, PackedLinearOp, SparseLinearOp,
                         PackedSparseLinearOp>(op);
}

TypedValue<RankedTensorType> ravel::getProductVector(Operation *op) {
  return cast<TypedValue<RankedTensorType>>(op->getOperand(0));
}

int64_t ravel::getProductDepth(Operation *op) {
  auto getSize = [](Value matrix, unsigned dim) {
    return cast<RankedTensorType>(matrix.getType()).getDimSize(dim);
  };
  if (auto sparse = dyn_cast<SparseLinearOp>(op))
    return getSize(sparse.getMatrix(), 1);
  if (auto sparse = dyn_cast<PackedSparseLinearOp>(op))
    return getSize(sparse.getWeights(), 1);
  return getProductVector(op).getType().getDimSize(0);
}

int64_t ravel::getProductWork(Operation *op) {
  // A component that is looked up takes a cycle, in which a vector of eight
  // would be multiplied.
  constexpr int64_t kLookupWork = 8;
  bool isSparse = isa<SparseLinearOp, PackedSparseLinearOp>(op);
  return 2 * getProductDepth(op) * (isSparse ? kLookupWork : 1);
}

static int64_t getSize(Value vector) {
  return cast<RankedTensorType>(vector.getType()).getDimSize(0);
}

static bool isReduction(Operation *op) {
  return isa_and_present<SumOp, MaxOp>(op);
}

/// Whether a component of the op's result depends on the same component of its
/// operands only.
static bool isElementwise(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>();
}

static bool isConstant(Value value) {
  return value.getDefiningOp<arith::ConstantOp>() != nullptr;
}

static bool isTranscendental(Operation *op) {
  if (isa<SigmoidOp, SoftplusOp, GeluOp>(op))
    return true;
  return isa<math::MathDialect>(op->getDialect()) &&
         !isa<math::AbsFOp, math::FmaOp, math::CopySignOp, math::FloorOp,
              math::CeilOp, math::RoundEvenOp>(op);
}

MemoryVector Plan::getMemoryVector(Value vector) {
  MemoryVector result{vector, 0};
  while (auto slice = result.base.getDefiningOp<tensor::ExtractSliceOp>()) {
    result.offset += slice.getStaticOffsets()[0];
    result.base = slice.getSource();
  }
  if (isa<BlockArgument>(result.base) ||
      result.base.getDefiningOp<tensor::ConcatOp>())
    return result;
  return {vector, 0};
}

namespace ravel {
class PlanBuilder {
public:
  PlanBuilder(RowsOp op) : op(op) {}
  FailureOr<Plan> build();

private:
  /// What a root reads of a row of `ins`.
  struct Read {
    BlockArgument row;
    unsigned stage;
    /// The first column read while the stage's first is evaluated; none where
    /// all columns are read.
    std::optional<int64_t> offset;
  };

  LogicalResult computeLevels();
  LogicalResult computeLevel(Operation *op);
  int64_t getLevel(Value value) { return levels.lookup(value); }
  int64_t getMemoryLevel(Value vector);
  bool hasProduct(Value value, int64_t level);
  bool isCostly(Value value);
  void requireMemory(Value vector);
  void addRoots(Value value, Root root);
  void addRoot(Root root, int64_t domain);
  void requireEarlierValues();
  void requireEarlierValues(Value value, int64_t level,
                            DenseSet<Value> &visited);
  void findPieces();
  void buildStages();
  void walk(Value value, std::optional<int64_t> offset, unsigned stage);
  bool isSafe(const Read &read, unsigned out);
  void chooseMemory();

  RowsOp op;
  Plan plan;
  DenseMap<Value, int64_t> levels;
  /// Vectors and numbers that lie in memory.
  SetVector<Value> inMemory;
  /// Numbers that a reduction gives, and the level of its stage.
  llvm::MapVector<Value, int64_t> reductions;
  /// The size of pieces in which a vector is asked for by slices.
  DenseMap<Value, int64_t> pieces;
  SmallVector<Read> reads;
  DenseSet<std::tuple<Value, int64_t, unsigned>> walked;
};
} // namespace ravel

/// The level at which all columns of `vector` can be read in memory.
int64_t PlanBuilder::getMemoryLevel(Value vector) {
  Value base = Plan::getMemoryVector(vector).base;
  if (isa<BlockArgument>(base) || base.getDefiningOp<tensor::ConcatOp>())
    return getLevel(base);
  return getLevel(base) + 1;
}

/// Puts `vector`, or what it is a slice of, into memory.
void PlanBuilder::requireMemory(Value vector) {
  Value base = Plan::getMemoryVector(vector).base;
  if (!isa<BlockArgument>(base))
    inMemory.insert(base);
}

LogicalResult PlanBuilder::computeLevels() {
  for (BlockArgument argument : op.getEntry().getArguments())
    levels[argument] = 0;
  for (Operation &inner : op.getEntry().without_terminator())
    if (failed(computeLevel(&inner)))
      return failure();
  return success();
}

/// Gives the results of `inner` their level, and puts into memory what it must
/// find there.
LogicalResult PlanBuilder::computeLevel(Operation *inner) {
  int64_t level = 0;
  for (Value operand : inner->getOperands())
    level = std::max(level, getLevel(operand));
  auto set = [&](int64_t value) {
    for (Value result : inner->getResults())
      levels[result] = value;
    return success();
  };
  for (Value operand : inner->getOperands())
    if (isMatrix(operand) && !llvm::is_contained(op.getSharedArgs(), operand))
      return inner->emitOpError("takes a matrix that rows don't share");
  if (isProduct(inner)) {
    Value vector = getProductVector(inner);
    requireMemory(vector);
    return set(getMemoryLevel(vector));
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(inner)) {
    inMemory.insert(concat);
    return set(level + 1);
  }
  if (auto pick = dyn_cast<PickOp>(inner)) {
    requireMemory(pick.getOperand());
    return set(
        std::max(getMemoryLevel(pick.getOperand()), getLevel(pick.getIndex())));
  }
  if (isReduction(inner)) {
    Value operand = inner->getOperand(0);
    if (hasProduct(operand, level)) {
      inMemory.insert(operand);
      ++level;
    }
    reductions[inner->getResult(0)] = level;
    inMemory.insert(inner->getResult(0));
    return set(level + 1);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(inner)) {
    if (slice.getSourceType().getRank() != 1 ||
        ShapedType::isDynamic(slice.getStaticOffsets()[0]) ||
        slice.getStaticStrides()[0] != 1)
      return inner->emitOpError(
          "needs a static offset and stride 1 in a kernel");
    return set(level);
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(inner)) {
    Value number = broadcast.getOperand();
    if (number.getDefiningOp() && !isConstant(number))
      inMemory.insert(number);
    return set(level);
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(inner)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (dense && !dense.isSplat())
      return inner->emitOpError("must be a splat in a kernel");
    return set(0);
  }
  if (isElementwise(inner) ||
      isa<LookupOp, OneHotOp, RandomMaskOp, tensor::SplatOp>(inner))
    return set(level);
  // Arithmetic on numbers need not be elementwise.
  if (isMemoryEffectFree(inner) && inner->getNumRegions() == 0 &&
      llvm::none_of(inner->getOperandTypes(), llvm::IsaPred<ShapedType>) &&
      llvm::none_of(inner->getResultTypes(), llvm::IsaPred<ShapedType>))
    return set(level);
  return inner->emitOpError("has no evaluation by rows and columns");
}

/// Whether a component of `value` holds a product that is evaluated at `level`.
bool PlanBuilder::hasProduct(Value value, int64_t level) {
  Operation *inner = value.getDefiningOp();
  if (!inner || !isVector(value) || getLevel(value) < level)
    return false;
  if (isProduct(inner))
    return true;
  if (isa<tensor::ConcatOp>(inner))
    return false;
  return llvm::any_of(inner->getOperands(), [&](Value operand) {
    return hasProduct(operand, level);
  });
}

/// Whether evaluating `value` once more costs more than reading it.
bool PlanBuilder::isCostly(Value value) {
  Operation *inner = value.getDefiningOp();
  if (!inner || !isVector(value))
    return false;
  if (isProduct(inner) || isa<RandomMaskOp>(inner) || isTranscendental(inner))
    return true;
  if (isa<tensor::ConcatOp>(inner))
    return false;
  return llvm::any_of(inner->getOperands(),
                      [&](Value operand) { return isCostly(operand); });
}

/// Puts costly values into memory that a root of a later level asks for.
void PlanBuilder::requireEarlierValues() {
  DenseSet<Value> visited;
  for (Value value : op.getYield().getOutputs())
    requireEarlierValues(value, getLevel(value), visited);
  for (auto [number, level] : reductions)
    requireEarlierValues(number.getDefiningOp()->getOperand(0), level, visited);
  // Grows while it is walked.
  for (unsigned i = 0; i < inMemory.size(); ++i) {
    Value value = inMemory[i];
    if (auto concat = value.getDefiningOp<tensor::ConcatOp>())
      for (Value part : concat.getInputs())
        requireEarlierValues(part, getLevel(part), visited);
    else if (!reductions.contains(value))
      requireEarlierValues(value, getLevel(value), visited);
  }
}

void PlanBuilder::requireEarlierValues(Value value, int64_t level,
                                       DenseSet<Value> &visited) {
  Operation *inner = value.getDefiningOp();
  if (!inner || !isVector(value) || isConstant(value))
    return;
  if (getLevel(value) < level) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(inner))
      if (inMemory.contains(slice.getSource()))
        return;
    if (isCostly(value))
      requireMemory(value);
    return;
  }
  if (isProduct(inner) || isa<tensor::ConcatOp>(inner) ||
      !visited.insert(value).second)
    return;
  for (Value operand : inner->getOperands())
    requireEarlierValues(operand, level, visited);
}

/// Finds vectors that are asked for by slices of equal size, so that their
/// roots are split into such pieces and share the slices' loop.
void PlanBuilder::findPieces() {
  for (Operation &inner : op.getEntry()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(inner);
    if (!slice)
      continue;
    int64_t size = getSize(slice), whole = getSize(slice.getSource());
    if (whole % size != 0 || slice.getStaticOffsets()[0] % size != 0)
      continue;
    auto [it, isNew] = pieces.try_emplace(slice.getSource(), size);
    if (!isNew && it->second != size)
      it->second = 0;
  }
}

/// Adds `root` to the stage of its level and domain.
void PlanBuilder::addRoot(Root root, int64_t domain) {
  Stage::Kind kind = Stage::Columns;
  int64_t level = getLevel(root.value);
  if (root.kind == Root::Reduce) {
    level = reductions.lookup(root.target);
    // Threads that share a row share all but reductions, which each needs.
    if (op.getColumnId())
      kind = Stage::Reductions;
  } else if (root.kind == Root::Number)
    kind = Stage::Numbers;
  if (kind != Stage::Reductions && hasProduct(root.value, level))
    kind = Stage::Products;
  auto it = llvm::find_if(plan.stages, [&](const Stage &stage) {
    return stage.level == level && stage.kind == kind && stage.domain == domain;
  });
  if (it == plan.stages.end()) {
    plan.stages.push_back({level, kind, domain, {}, {}, {}, {}});
    it = std::prev(plan.stages.end());
  }
  it->roots.push_back(root);
}

/// Adds the roots that evaluate all of `value` to the target of `root`: the
/// parts of a concatenation, or the pieces that other slices use.
void PlanBuilder::addRoots(Value value, Root root) {
  if (auto concat = value.getDefiningOp<tensor::ConcatOp>()) {
    for (Value part : concat.getInputs()) {
      addRoots(part, root);
      root.targetOffset += getSize(part);
    }
    return;
  }
  root.value = value;
  int64_t size = getSize(value), piece = pieces.lookup(value);
  if (piece == 0)
    piece = size;
  for (int64_t offset = 0; offset < size; offset += piece) {
    addRoot(root, piece);
    root.offset += piece;
    root.targetOffset += piece;
  }
}

/// Adds `product` to the group of its vector. Packed and sparse weights are a
/// stream of their own.
static void addProduct(Stage &stage, MemoryVector vector, Product product) {
  auto *group = llvm::find_if(stage.groups, [&](const ProductGroup &group) {
    Operation *first = group.products[0].op;
    if (!isa<LinearOp>(first) || !isa<LinearOp>(product.op))
      return first == product.op;
    return group.vector.base == vector.base &&
           group.vector.offset == vector.offset &&
           getSize(getProductVector(first)) ==
               getSize(getProductVector(product.op));
  });
  if (group == stage.groups.end()) {
    stage.groups.push_back({vector, {}});
    group = std::prev(stage.groups.end());
  }
  if (!llvm::is_contained(group->products, product))
    group->products.push_back(product);
}

/// Notes what evaluating `value` at columns from `offset` on reads and
/// multiplies in `stage`. Without an offset, all columns are read.
void PlanBuilder::walk(Value value, std::optional<int64_t> offset,
                       unsigned stage) {
  if (isMatrix(value) ||
      !walked.insert({value, offset.value_or(-1), stage}).second)
    return;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (!isVector(value))
      plan.stages[stage].numbers.insert(value);
    reads.push_back({argument, stage, offset});
    if (offset && isVector(value) &&
        argument.getArgNumber() < op.getIns().size())
      plan.stages[stage].reads.push_back({argument, *offset});
    return;
  }
  if (!isVector(value))
    plan.stages[stage].numbers.insert(value);
  if (plan.isLoaded(value, stage) || isConstant(value))
    return;
  Operation *inner = value.getDefiningOp();
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(inner))
    return walk(slice.getSource(), *offset + slice.getStaticOffsets()[0],
                stage);
  if (auto pick = dyn_cast<PickOp>(inner)) {
    walk(Plan::getMemoryVector(pick.getOperand()).base, std::nullopt, stage);
    return walk(pick.getIndex(), 0, stage);
  }
  if (isProduct(inner)) {
    MemoryVector vector = Plan::getMemoryVector(getProductVector(inner));
    walk(vector.base, std::nullopt, stage);
    addProduct(plan.stages[stage], vector, {inner, *offset});
    return;
  }
  for (Value operand : inner->getOperands())
    walk(operand, isVector(operand) ? offset : 0, stage);
}

void PlanBuilder::buildStages() {
  for (Value value : inMemory) {
    Root root{Root::Store, value, 0, value, 0, 0};
    if (reductions.contains(value)) {
      root.kind = Root::Reduce;
      root.value = value.getDefiningOp()->getOperand(0);
      addRoot(root, getSize(root.value));
    } else if (!isVector(value)) {
      root.kind = Root::Number;
      addRoot(root, 0);
    } else {
      addRoots(value, root);
    }
  }
  for (auto [index, value] : llvm::enumerate(op.getYield().getOutputs()))
    if (isVector(value) && !inMemory.contains(value))
      addRoots(value,
               {Root::Out, value, 0, Value(), 0, static_cast<unsigned>(index)});
  llvm::stable_sort(plan.stages, [](const Stage &a, const Stage &b) {
    return std::tuple(a.level, static_cast<int>(a.kind)) <
           std::tuple(b.level, static_cast<int>(b.kind));
  });
  for (auto [index, stage] : llvm::enumerate(plan.stages))
    for (Root &root : stage.roots)
      if (root.target) {
        unsigned &last =
            plan.ready.try_emplace(root.target, index).first->second;
        last = std::max<unsigned>(last, index);
      }
  for (unsigned index = 0; index < plan.stages.size(); ++index)
    for (unsigned i = 0; i < plan.stages[index].roots.size(); ++i) {
      Root root = plan.stages[index].roots[i];
      walk(root.value, root.offset, index);
    }
}

/// Whether `read` sees the old value of a row of `ins` that has the memory of
/// operand `out` of `outs`, if that is written as soon as it is evaluated.
bool PlanBuilder::isSafe(const Read &read, unsigned out) {
  Value value = op.getYield().getOutputs()[out];
  for (auto [index, stage] : llvm::enumerate(plan.stages))
    for (const Root &root : stage.roots) {
      bool writes = root.kind == Root::Out
                        ? root.out == out
                        : root.kind == Root::Store && root.target == value;
      if (!writes || read.stage < index)
        continue;
      if (read.stage > index || !read.offset)
        return false;
      int64_t distance = std::abs(*read.offset - root.targetOffset);
      if (distance != 0 && distance < stage.domain)
        return false;
    }
  return true;
}

/// Decides which outputs are staged, and where values that lie in memory are.
void PlanBuilder::chooseMemory() {
  auto outputs = op.getYield().getOutputs();
  for (auto [index, value] : llvm::enumerate(outputs)) {
    // Numbers are few: they are written after all stages.
    bool isStaged = !isVector(value);
    bool isDisjoint = llvm::is_contained(
        op.getDisjoint().value_or(ArrayRef<int64_t>()), index);
    for (const Read &read : reads) {
      unsigned number = read.row.getArgNumber();
      if (number < op.getIns().size() && !isDisjoint &&
          mayAlias(op.getIns()[number], op.getOuts()[index]) &&
          !isSafe(read, index))
        isStaged = true;
    }
    plan.staged.push_back(isStaged);
    if (isStaged)
      plan.scratch.insert(value);
    else if (inMemory.contains(value))
      plan.outOf.try_emplace(value, index);
  }
  for (Value value : inMemory)
    if (!plan.outOf.contains(value))
      plan.scratch.insert(value);
}

FailureOr<Plan> PlanBuilder::build() {
  if (failed(computeLevels()))
    return failure();
  // A number that is yielded is written from memory, or is an argument's.
  for (Value value : op.getYield().getOutputs())
    if (!isVector(value))
      inMemory.insert(value);
  findPieces();
  requireEarlierValues();
  buildStages();
  chooseMemory();
  return std::move(plan);
}

FailureOr<Plan> Plan::create(RowsOp op) { return PlanBuilder(op).build(); }
