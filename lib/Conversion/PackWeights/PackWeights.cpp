//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Copies weight matrices into the order in which kernels read them.
//
// The rows of a large matrix lie so far apart that those of a few columns share
// few sets of a cache, and a block of columns touches a page in each. Packed, a
// block of columns is one stream. Products that a kernel computes in one loop
// (Plan.h) are packed together, so that all of them are that one stream.
//
//===----------------------------------------------------------------------===//

#include "../RowsToVector/Plan.h"
#include "../RowsToVector/Tiles.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

/// Matrices of fewer bytes than this stay in the first cache as they are.
static constexpr int64_t kSmallMatrix = 16 * 1024;

namespace {
/// Products that are packed together.
struct Group {
  int64_t columns;
  SmallVector<Product> products;
};

/// Columns of a matrix outside of the kernel.
struct Source {
  Value matrix;
  int64_t offset;
};

/// Creates the product, of a type, that takes the place of a group of them.
using CreateFn = function_ref<Value(ImplicitLocOpBuilder &, RankedTensorType)>;

class KernelPacking {
public:
  KernelPacking(RowsOp op, int64_t lanes, Type element, bool transposedOnly)
      : op(op), lanes(lanes), element(element),
        leastBytes(transposedOnly ? std::numeric_limits<int64_t>::max()
                   : element      ? 0
                                  : kSmallMatrix) {}

  LogicalResult run();

private:
  std::optional<Group> chooseGroup(const Stage &stage,
                                   const ProductGroup &products);
  Source getSource(const Product &product, int64_t columns);
  bool isOutside(Value value) {
    return isa<FunctionOpInterface>(value.getParentBlock()->getParentOp());
  }
  ImplicitLocOpBuilder makeBuilder(ArrayRef<Value> matrices);
  Value pack(const Group &group);
  std::pair<Value, Value> packSparse(const Group &group);
  void replace(const Group &group, CreateFn create);
  void rewrite(const Group &group);
  void transposeRest();
  void dropUnused();
  /// The kernel's argument for one more shared operand.
  Value share(Value operand);

  RowsOp op;
  int64_t lanes;
  /// The type that weights are stored in; null for the matrices' own.
  Type element;
  /// Bytes of a matrix from which on it is packed.
  int64_t leastBytes;
};
} // namespace

static Value getSharedOperand(RowsOp op, Value argument) {
  return op.getShared()[cast<BlockArgument>(argument).getArgNumber() -
                        op.getIns().size()];
}

/// What is packed of a group of products: all of it, if each of its linear ops
/// is computed there as a whole, and enough of it to pay.
std::optional<Group> KernelPacking::chooseGroup(const Stage &stage,
                                                const ProductGroup &products) {
  int64_t bytes = 0;
  // A transposed matrix has no vectors to read, and a sparse one numbers that
  // are no integers yet: they are packed, however small.
  auto isMust = [](Operation *product) {
    auto linear = dyn_cast<LinearOp>(product);
    return !linear || linear.getTranspose();
  };
  DenseMap<Operation *, int64_t> covered;
  for (const Product &product : products.products) {
    Value matrix = product.op->getOperand(1);
    auto type = cast<RankedTensorType>(matrix.getType());
    bytes = std::max(bytes,
                     type.getNumElements() * type.getElementTypeBitWidth() / 8);
    if (isMust(product.op) != isMust(products.products[0].op) ||
        !isOutside(getSharedOperand(op, matrix)))
      return std::nullopt;
    covered[product.op] += stage.domain;
  }
  for (auto [product, columns] : covered)
    if (columns !=
        cast<ShapedType>(product->getResult(0).getType()).getDimSize(0))
      return std::nullopt;
  if (bytes < leastBytes && !isMust(products.products[0].op))
    return std::nullopt;
  Group group{stage.domain, llvm::to_vector(products.products)};
  llvm::stable_sort(group.products, [](const Product &a, const Product &b) {
    if (a.op != b.op)
      return a.op->isBeforeInBlock(b.op);
    return a.offset < b.offset;
  });
  return group;
}

/// The matrix that holds the columns of `product`: of a concatenation, the one
/// part that does.
Source KernelPacking::getSource(const Product &product, int64_t columns) {
  auto linear = cast<LinearOp>(product.op);
  Source source{getSharedOperand(op, linear.getMatrix()), product.offset};
  auto concat = source.matrix.getDefiningOp<tensor::ConcatOp>();
  if (!concat || concat.getDim() != (linear.getTranspose() ? 0 : 1))
    return source;
  int64_t begin = 0;
  for (Value part : concat.getInputs()) {
    int64_t size =
        cast<RankedTensorType>(part.getType()).getDimSize(concat.getDim());
    if (product.offset >= begin && product.offset + columns <= begin + size)
      return {part, product.offset - begin};
    begin += size;
  }
  return source;
}

/// A builder behind all of `matrices`, but as early as may be: with the packing
/// of other kernels.
ImplicitLocOpBuilder KernelPacking::makeBuilder(ArrayRef<Value> matrices) {
  Block *entry =
      &op->getParentOfType<FunctionOpInterface>()->getRegion(0).front();
  ImplicitLocOpBuilder builder(op.getLoc(), entry, entry->begin());
  Operation *last = nullptr;
  for (Value matrix : matrices)
    if (Operation *def = matrix.getDefiningOp())
      if (!last || last->isBeforeInBlock(def))
        last = def;
  if (last)
    builder.setInsertionPointAfter(last);
  return builder;
}

/// The weights and the indices of one sparse product.
std::pair<Value, Value> KernelPacking::packSparse(const Group &group) {
  auto linear = cast<SparseLinearOp>(group.products[0].op);
  Value matrix = getSharedOperand(op, linear.getMatrix());
  auto whole = cast<RankedTensorType>(matrix.getType());
  ImplicitLocOpBuilder builder = makeBuilder(matrix);
  int64_t degree = whole.getDimSize(1), outputs = whole.getDimSize(2),
          inputs = linear.getVector().getType().getDimSize(0),
          count = group.products.size();
  SmallVector<int64_t> offsets;
  for (const Product &product : group.products)
    offsets.push_back(product.offset);
  SmallVector<Value> halves;
  for (int64_t half : {0, 1})
    halves.push_back(tensor::ExtractSliceOp::create(
        builder, whole.clone({degree, outputs}), matrix, ValueRange(),
        ValueRange(), ValueRange(), ArrayRef<int64_t>{half, 0, 0},
        ArrayRef<int64_t>{1, degree, outputs}, ArrayRef<int64_t>{1, 1, 1}));
  SmallVector<int64_t> shape{llvm::divideCeilSigned(group.columns, lanes),
                             degree, count, lanes};
  auto packHalf = [&](Value half, Type element, IntegerAttr limit) -> Value {
    Value empty = tensor::EmptyOp::create(builder, shape, element);
    return PackOp::create(builder, TypeRange(empty.getType()),
                          SmallVector<Value>(count, half), empty, Value(),
                          Value(), builder.getDenseI64ArrayAttr(offsets),
                          builder.getI64IntegerAttr(group.columns), UnitAttr(),
                          limit)
        .getResult()[0];
  };
  Value weights = packHalf(halves[0], whole.getElementType(), IntegerAttr());
  Value indices = packHalf(
      halves[1], builder.getIntegerType(llvm::isUInt<16>(inputs - 1) ? 16 : 32),
      builder.getI64IntegerAttr(inputs));
  return {weights, indices};
}

Value KernelPacking::pack(const Group &group) {
  SmallVector<Value> matrices;
  SmallVector<int64_t> offsets;
  for (const Product &product : group.products) {
    Source source = getSource(product, group.columns);
    matrices.push_back(source.matrix);
    offsets.push_back(source.offset);
  }
  auto first = cast<LinearOp>(group.products[0].op);
  RankedTensorType vector = first.getVector().getType();
  ImplicitLocOpBuilder builder = makeBuilder(matrices);
  int64_t side = element ? 2 : 1;
  SmallVector<int64_t> shape{llvm::divideCeilSigned(group.columns, lanes),
                             llvm::divideCeilSigned(vector.getDimSize(0), side),
                             static_cast<int64_t>(group.products.size()),
                             side * lanes};
  auto type =
      RankedTensorType::get(shape, element ? element : vector.getElementType());
  Value empty = tensor::EmptyOp::create(builder, shape, type.getElementType());
  return PackOp::create(builder, TypeRange(type), matrices, empty, Value(),
                        Value(), offsets, group.columns, first.getTranspose(),
                        IntegerAttr())
      .getResult()[0];
}

Value KernelPacking::share(Value operand) {
  op.getSharedMutable().append(operand);
  return op.getEntry().addArgument(operand.getType(), operand.getLoc());
}

/// Replaces the products of `group` by slices of what `create` gives, all of
/// them one after the other.
void KernelPacking::replace(const Group &group, CreateFn create) {
  Operation *first = group.products[0].op;
  ImplicitLocOpBuilder builder(first->getLoc(), first);
  int64_t count = group.products.size();
  auto resultType = cast<RankedTensorType>(first->getResult(0).getType());
  Value all = create(builder, resultType.clone({count * group.columns}));
  for (int64_t begin = 0; begin < count;) {
    Operation *linear = group.products[begin].op;
    auto type = cast<RankedTensorType>(linear->getResult(0).getType());
    int64_t size = type.getDimSize(0);
    Value result = all;
    if (size != count * group.columns)
      result = tensor::ExtractSliceOp::create(
          builder, type, all, ValueRange(), ValueRange(), ValueRange(),
          ArrayRef<int64_t>{begin * group.columns}, ArrayRef<int64_t>{size},
          ArrayRef<int64_t>{1});
    linear->getResult(0).replaceAllUsesWith(result);
    begin += size / group.columns;
  }
  for (const Product &product : group.products)
    if (product.offset == 0)
      product.op->erase();
}

/// Replaces the products of `group` by one of packed weights.
void KernelPacking::rewrite(const Group &group) {
  Operation *first = group.products[0].op;
  Value vector = getProductVector(first);
  if (isa<SparseLinearOp>(first)) {
    std::pair<Value, Value> packed = packSparse(group);
    Value weights = share(packed.first), indices = share(packed.second);
    return replace(
        group,
        [&](ImplicitLocOpBuilder &builder, RankedTensorType type) -> Value {
          return PackedSparseLinearOp::create(builder, type, vector, weights,
                                              indices);
        });
  }
  Value packed = share(pack(group));
  replace(group,
          [&](ImplicitLocOpBuilder &builder, RankedTensorType type) -> Value {
            return PackedLinearOp::create(builder, type, vector, packed);
          });
}

/// Transposes the matrices whose products were not packed, so that their
/// columns can be read as vectors.
void KernelPacking::transposeRest() {
  SmallVector<LinearOp> linears;
  for (auto linear : op.getEntry().getOps<LinearOp>())
    if (linear.getTranspose())
      linears.push_back(linear);
  for (LinearOp linear : linears) {
    Value matrix = getSharedOperand(op, linear.getMatrix());
    ImplicitLocOpBuilder builder(linear.getLoc(), op);
    builder.setInsertionPointAfterValue(matrix);
    auto type = cast<RankedTensorType>(matrix.getType());
    Value empty = tensor::EmptyOp::create(
        builder, ArrayRef<int64_t>{type.getDimSize(1), type.getDimSize(0)},
        type.getElementType());
    Value transposed = linalg::TransposeOp::create(builder, matrix, empty,
                                                   ArrayRef<int64_t>{1, 0})
                           ->getResult(0);
    linear.getMatrixMutable().assign(share(transposed));
    linear.setTranspose(false);
  }
}

/// Drops matrices that only products read which were replaced: what makes them
/// would be computed for nothing.
void KernelPacking::dropUnused() {
  unsigned first = op.getIns().size();
  for (unsigned i = op.getShared().size(); i-- > 0;)
    if (op.getEntry().getArgument(first + i).use_empty()) {
      op.getEntry().eraseArgument(first + i);
      op.getSharedMutable().erase(i);
    }
}

LogicalResult KernelPacking::run() {
  FailureOr<Plan> plan = Plan::create(op);
  if (failed(plan))
    return failure();
  SmallVector<Group> groups;
  DenseMap<Operation *, unsigned> uses;
  for (const Stage &stage : plan->getStages())
    for (const ProductGroup &products : stage.groups) {
      if (isa<PackedLinearOp, PackedSparseLinearOp>(products.products[0].op))
        continue;
      if (std::optional<Group> group = chooseGroup(stage, products))
        groups.push_back(std::move(*group));
    }
  for (const Group &group : groups)
    for (const Product &product : group.products)
      if (product.offset == 0)
        ++uses[product.op];
  for (const Group &group : groups)
    if (llvm::all_of(group.products, [&](const Product &product) {
          return uses.lookup(product.op) == 1;
        }))
      rewrite(group);
  transposeRest();
  dropUnused();
  return success();
}

namespace {
struct PackWeights : ravel::impl::PackWeightsBase<PackWeights> {
  using Base::Base;

  void runOnOperation() override {
    Type element;
    if (weights == "bf16") {
      element = BFloat16Type::get(&getContext());
    } else if (weights != "") {
      getOperation()->emitError("rnn-pack-weights: weights must be bf16 or "
                                "left out, but is ")
          << weights;
      return signalPassFailure();
    }
    SmallVector<RowsOp> kernels;
    getOperation()->walk([&](RowsOp op) { kernels.push_back(op); });
    for (RowsOp op : kernels) {
      // What runs over all instants at once reads its weights seldom.
      auto loop = op->getParentOfType<scf::ForOp>();
      bool isStep = (loop && loop->hasAttr(RNNDialect::kTimeAttr)) ||
                    getOperation()->hasAttr(RNNDialect::kStreamAttr);
      Type stored = isStep ? element : Type();
      if (failed(KernelPacking(op, getLanes(op, vectorWidth), stored,
                               transposedOnly)
                     .run()))
        return signalPassFailure();
    }
  }
};
} // namespace
