//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Level 2 to level 3. The body of an example's function is walked in order:
//
//   * a value that all examples share (a parameter, a constant, what is
//   computed
//     from these alone) stays as it is;
//   * an op about time or about the batch writes its own batched form
//     (`BatchableOpInterface`);
//   * any other op speaks about one example. Runs of such ops are gathered into
//     one `rnn.rows` over the examples, whose outputs are the values that are
//     used outside the run.
//
// Results are written into destinations that the caller owns: where a returned
// value is computed, the destination is the tensor it is computed into.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/SaveAndRestore.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNBATCH
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

namespace {

class FunctionBatching : public BatchContext {
public:
  explicit FunctionBatching(func::FuncOp source) : source(source) {}

  LogicalResult run();

  bool isShared(Value value) override { return shared.contains(value); }
  Value getBatched(OpBuilder &builder, Value value) override;
  Value getShared(Value value) override { return mapping.lookup(value); }
  void map(Value value, Value batched) override { mapping.map(value, batched); }
  Value getDestination(OpBuilder &builder, Value value) override;
  const BatchExtent &getExtent() override { return extent; }
  FailureOr<SmallVector<Value>>
  batchBlock(OpBuilder &builder, Block &block, const BatchExtent &part,
             ArrayRef<Value> blockDestinations) override;

private:
  /// Adds an argument for `type` of the example's function.
  BlockArgument addArgument(Type type, bool isSharedValue, StringRef role,
                            DictionaryAttr attrs, Location loc);
  /// Adds offsets, batch size, and the arguments for those of the source.
  void addInputs(OpBuilder &builder);
  /// Adds a destination for each result.
  void addOutputs();
  /// Finds the values of `block` that all examples share.
  void findShared(Block &block);
  /// Writes the ops of `block`.
  LogicalResult writeOps(OpBuilder &builder, Block &block);
  /// Whether `value` was computed into `destination`.
  bool isInPlace(Value value, Value destination);
  /// Writes the run of ops gathered in `pending` as one `rnn.rows`.
  void flush(OpBuilder &builder);
  /// Writes an op on values that all examples share.
  void writeShared(OpBuilder &builder, Operation &op);
  /// Whether an op of the run defines `value`.
  bool isPending(Value value) {
    return pending.contains(value.getDefiningOp());
  }

  func::FuncOp source, target;
  IRMapping mapping;
  DenseSet<Value> shared;
  /// Ops about one example that are not written yet.
  llvm::SetVector<Operation *> pending;
  /// The destinations of returned values.
  DenseMap<Value, Value> destinations;
  /// Of the block that is being written.
  BatchExtent extent;
  SmallVector<DictionaryAttr> argAttrs;
};

} // namespace

//===----------------------------------------------------------------------===//
// Signature
//===----------------------------------------------------------------------===//

BlockArgument FunctionBatching::addArgument(Type type, bool isSharedValue,
                                            StringRef role,
                                            DictionaryAttr attrs,
                                            Location loc) {
  Builder builder(type.getContext());
  NamedAttrList list(attrs);
  list.set(RNNDialect::kRoleAttr, builder.getStringAttr(role));
  list.set(RNNDialect::kLayoutAttr,
           builder.getStringAttr(isSharedValue        ? "shared"
                                 : isa<SeqType>(type) ? "sequence"
                                                      : "example"));
  // Bufferization takes arguments for writable, but inputs are the caller's.
  list.set(bufferization::BufferizationDialect::kWritableAttrName,
           builder.getBoolAttr(role == "output"));
  argAttrs.push_back(list.getDictionary(type.getContext()));
  if (!isSharedValue)
    type = getRowsType(getElementOrSelf(type));
  else if (role == "output" && !isa<ShapedType>(type))
    type = RankedTensorType::get({}, type);
  return target.front().addArgument(type, loc);
}

void FunctionBatching::addInputs(OpBuilder &builder) {
  Location loc = source.getLoc();
  Block &entry = target.front();
  auto role = [&](StringRef name) {
    NamedAttrList list;
    list.set(RNNDialect::kRoleAttr, builder.getStringAttr(name));
    if (name == "offsets")
      list.set(bufferization::BufferizationDialect::kWritableAttrName,
               builder.getBoolAttr(false));
    return list.getDictionary(builder.getContext());
  };
  extent.offsets = entry.addArgument(
      RankedTensorType::get({ShapedType::kDynamic}, builder.getIndexType()),
      loc);
  extent.batchSize = entry.addArgument(builder.getIndexType(), loc);
  argAttrs = {role("offsets"), role("batch")};
  for (BlockArgument argument : source.getArguments()) {
    DictionaryAttr attrs = source.getArgAttrDict(argument.getArgNumber());
    bool parameter = attrs && attrs.contains(RNNDialect::kParameterAttr);
    bool isSharedValue =
        parameter || (attrs && attrs.contains(RNNDialect::kSharedAttr));
    StringRef name = "input";
    if (parameter)
      name = "parameter";
    else if (attrs && attrs.contains(RNNDialect::kKeyAttr))
      name = "key";
    else if (attrs && attrs.contains(RNNDialect::kWeightAttr))
      name = "weight";
    if (isSharedValue)
      shared.insert(argument);
    mapping.map(argument, addArgument(argument.getType(), isSharedValue, name,
                                      attrs, argument.getLoc()));
  }
}

void FunctionBatching::addOutputs() {
  auto results = source.front().getTerminator()->getOperands();
  for (auto [index, value] : llvm::enumerate(results)) {
    DictionaryAttr attrs = source.getResultAttrDict(index);
    bool isSharedValue = isShared(value) && !isa<SeqType>(value.getType()) &&
                         attrs && attrs.contains(RNNDialect::kSharedAttr);
    BlockArgument argument = addArgument(value.getType(), isSharedValue,
                                         "output", attrs, value.getLoc());
    // A value that is returned twice is computed into the first destination.
    if (!isSharedValue)
      destinations.try_emplace(value, argument);
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value FunctionBatching::getBatched(OpBuilder &builder, Value value) {
  if (isPending(value))
    flush(builder);
  if (!isShared(value))
    return mapping.lookup(value);
  Value destination = tensor::EmptyOp::create(
      builder, value.getLoc(), getRowsType(value.getType()), getBatchSize());
  return writeBatched(builder, *this, value, destination);
}

Value FunctionBatching::getDestination(OpBuilder &builder, Value value) {
  if (Value destination = destinations.lookup(value))
    return destination;
  Value count = isa<SeqType>(value.getType()) ? getNumRows() : getBatchSize();
  return tensor::EmptyOp::create(builder, value.getLoc(),
                                 getRowsType(getElementOrSelf(value.getType())),
                                 count);
}

void FunctionBatching::flush(OpBuilder &builder) {
  if (pending.empty())
    return;
  SetVector<Operation *> run = std::move(pending);
  pending.clear();
  SetVector<Value> ins, captured;
  SetVector<Operation *> constants;
  SmallVector<Value> results;
  for (Operation *op : run) {
    for (Value operand : op->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (run.contains(def))
        continue;
      if (def && def->hasTrait<OpTrait::ConstantLike>())
        constants.insert(def);
      else
        (isShared(operand) ? captured : ins).insert(operand);
    }
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !run.contains(user); }))
        results.push_back(result);
  }
  if (results.empty())
    return;
  SmallVector<Value> inValues, sharedValues, outs;
  for (Value value : ins)
    inValues.push_back(mapping.lookup(value));
  for (Value value : captured)
    sharedValues.push_back(mapping.lookup(value));
  for (Value value : results)
    outs.push_back(getDestination(builder, value));
  auto rows = RowsOp::create(builder, run.front()->getLoc(), inValues,
                             sharedValues, outs);
  OpBuilder body = OpBuilder::atBlockBegin(&rows.getEntry());
  IRMapping inner;
  for (Operation *constant : constants)
    body.clone(*constant, inner);
  inner.map(ins.getArrayRef(), rows.getRowArgs());
  inner.map(captured.getArrayRef(), rows.getSharedArgs());
  for (Operation *op : run)
    body.clone(*op, inner);
  SmallVector<Value> yielded;
  for (Value value : results)
    yielded.push_back(inner.lookup(value));
  YieldOp::create(body, source.getLoc(), yielded);
  for (auto [value, result] : llvm::zip(results, rows.getResults()))
    mapping.map(value, result);
}

void FunctionBatching::writeShared(OpBuilder &builder, Operation &op) {
  // Arithmetic on whole tensors is left to linalg.
  if (op.hasTrait<OpTrait::ConstantLike>() ||
      isa<tensor::ConcatOp, tensor::ExtractSliceOp>(op) ||
      OpTrait::hasElementwiseMappableTraits(&op)) {
    builder.clone(op, mapping);
    return;
  }
  // Any other op is a kernel of one row.
  Location loc = op.getLoc();
  SmallVector<Value> captured, outs;
  for (Value operand : op.getOperands())
    captured.push_back(mapping.lookup(operand));
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  for (Value result : op.getResults())
    outs.push_back(tensor::EmptyOp::create(builder, loc,
                                           getRowsType(result.getType()), one));
  auto rows = RowsOp::create(builder, loc, ValueRange(), captured, outs);
  OpBuilder body = OpBuilder::atBlockBegin(&rows.getEntry());
  IRMapping inner;
  for (auto [operand, argument] :
       llvm::zip(op.getOperands(), rows.getSharedArgs()))
    inner.map(operand, argument);
  YieldOp::create(body, loc, body.clone(op, inner)->getResults());
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (auto [result, row] : llvm::zip(op.getResults(), rows.getResults())) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type) {
      mapping.map(
          result,
          tensor::ExtractOp::create(builder, loc, row, zero).getResult());
      continue;
    }
    SmallVector<OpFoldResult> offsets(type.getRank() + 1,
                                      builder.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank() + 1,
                                      builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = {builder.getIndexAttr(1)};
    for (int64_t size : type.getShape())
      sizes.push_back(builder.getIndexAttr(size));
    mapping.map(result, tensor::ExtractSliceOp::create(builder, loc, type, row,
                                                       offsets, sizes, strides)
                            .getResult());
  }
}

//===----------------------------------------------------------------------===//
// Function
//===----------------------------------------------------------------------===//

/// Fails unless each type stands for one example's value, or for a shared one.
static LogicalResult verifyExample(func::FuncOp function) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("a function over one example must be one block");
  auto verify = [&](Type type, StringRef what) -> LogicalResult {
    Type element = getElementOrSelf(type);
    auto tensor = dyn_cast<RankedTensorType>(element);
    if (tensor ? tensor.hasStaticShape() : element.isIntOrFloat())
      return success();
    return function.emitError("only tensors of static shape and numbers, and "
                              "sequences of these, have a form for a batch, "
                              "but ")
           << what << " is " << type;
  };
  for (Type type : function.getArgumentTypes())
    if (failed(verify(type, "an argument")))
      return failure();
  for (Type type : function.getResultTypes())
    if (failed(verify(type, "a result")))
      return failure();
  return success();
}

void FunctionBatching::findShared(Block &block) {
  for (Operation &op : block.without_terminator()) {
    // What is computed from shared values alone, outside of scans, is shared.
    bool reduces = isa<TotalOp, ContractOp, ScatterOp>(op);
    if (reduces ||
        (!isa<BatchableOpInterface>(op) &&
         llvm::all_of(op.getOperands(), [&](Value v) { return isShared(v); })))
      shared.insert(op.getResults().begin(), op.getResults().end());
    if (auto segments = dyn_cast<SegmentsOp>(op))
      for (Value output : segments.getOutputs())
        if (segments.isTotal(output))
          shared.insert(output);
  }
}

LogicalResult FunctionBatching::writeOps(OpBuilder &builder, Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (auto batchable = dyn_cast<BatchableOpInterface>(op)) {
      // The op's operands, and what its regions use, must be written; and all
      // else before a loop that writes blocks of its own.
      bool uses = isa<SegmentsOp>(op);
      op.walk([&](Operation *inner) {
        uses |= llvm::any_of(inner->getOperands(),
                             [&](Value v) { return isPending(v); });
      });
      if (uses)
        flush(builder);
      if (failed(batchable.batch(builder, *this)))
        return failure();
      continue;
    }
    bool isOverTime =
        llvm::any_of(llvm::concat<Value>(SmallVector<Value>(op.getOperands()),
                                         SmallVector<Value>(op.getResults())),
                     [](Value value) { return isa<SeqType>(value.getType()); });
    if (isOverTime || op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      return op.emitError("'") << op.getName() << "' has no form for a batch";
    if (llvm::all_of(op.getResults(), [&](Value v) { return isShared(v); })) {
      writeShared(builder, op);
      continue;
    }
    pending.insert(&op);
  }
  flush(builder);
  return success();
}

bool FunctionBatching::isInPlace(Value value, Value destination) {
  return destinations.lookup(value) == destination && !isShared(value) &&
         !isa<BlockArgument>(value);
}

FailureOr<SmallVector<Value>>
FunctionBatching::batchBlock(OpBuilder &builder, Block &block,
                             const BatchExtent &part,
                             ArrayRef<Value> blockDestinations) {
  llvm::SaveAndRestore enter(extent, part);
  findShared(block);
  OperandRange yielded = block.getTerminator()->getOperands();
  for (auto [value, destination] : llvm::zip_equal(yielded, blockDestinations))
    if (destination && !isShared(value))
      destinations.try_emplace(value, destination);
  if (failed(writeOps(builder, block)))
    return failure();
  SmallVector<Value> results;
  for (auto [value, destination] :
       llvm::zip_equal(yielded, blockDestinations)) {
    if (!destination)
      results.push_back(isShared(value) ? getShared(value) : Value());
    else if (isInPlace(value, destination))
      results.push_back(mapping.lookup(value));
    else
      results.push_back(writeBatched(builder, *this, value, destination));
  }
  return results;
}

LogicalResult FunctionBatching::run() {
  if (failed(verifyExample(source)))
    return failure();
  OpBuilder builder(source);
  target = func::FuncOp::create(builder, source.getLoc(), source.getName(),
                                builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(target.addEntryBlock());
  addInputs(builder);

  findShared(source.front());
  addOutputs();

  Location loc = source.getLoc();
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value numOffsets = tensor::DimOp::create(builder, loc, getOffsets(), zero);
  extent.numInstants = arith::SubIOp::create(builder, loc, numOffsets, one);
  extent.numRows =
      tensor::ExtractOp::create(builder, loc, getOffsets(), getNumInstants());

  if (failed(writeOps(builder, source.front())))
    return failure();

  // Values that are not computed into their destination are copied to it.
  SmallVector<Value> results;
  auto returned = source.front().getTerminator()->getOperands();
  Block &entry = target.front();
  size_t first = entry.getNumArguments() - returned.size();
  for (auto [index, value] : llvm::enumerate(returned)) {
    BlockArgument destination = entry.getArgument(first + index);
    if (isInPlace(value, destination)) {
      results.push_back(mapping.lookup(value));
      continue;
    }
    auto type = cast<RankedTensorType>(destination.getType());
    bool isSharedValue = type != getRowsType(getElementOrSelf(value.getType()));
    // What all examples share is written to each destination anew.
    if (!isSharedValue && isShared(value)) {
      results.push_back(writeBatched(builder, *this, value, destination));
      continue;
    }
    Value copy = mapping.lookup(value);
    if (!isa<ShapedType>(copy.getType()))
      copy = tensor::FromElementsOp::create(builder, loc, type, copy);
    results.push_back(bufferization::MaterializeInDestinationOp::create(
                          builder, loc, type, copy, destination)
                          .getResult());
  }
  func::ReturnOp::create(builder, source.front().getTerminator()->getLoc(),
                         results);
  target.setType(builder.getFunctionType(entry.getArgumentTypes(),
                                         TypeRange(ValueRange(results))));
  target.setAllArgAttrs(argAttrs);
  source.erase();
  return success();
}

namespace {
struct BatchPass : public ravel::rnn::impl::RNNBatchBase<BatchPass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal())
        if (failed(FunctionBatching(function).run()))
          return signalPassFailure();
  }
};
} // namespace
