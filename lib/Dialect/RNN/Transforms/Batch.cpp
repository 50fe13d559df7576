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
// Sequences of several lengths are of several classes (LengthClasses.h). Each
// but the first has offsets of its own and the order of its rows as arguments.
// A memory among the arguments comes with where each begins and which of them
// each example reads.
//
// Results are written into destinations that the caller owns: where a returned
// value is computed, the destination is the tensor it is computed into.
//
//===----------------------------------------------------------------------===//

#include "../IR/AttentionBatching.h"
#include "../IR/RowKernels.h"
#include "../IR/RowOrder.h"
#include "LengthClasses.h"
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
  explicit FunctionBatching(func::FuncOp source)
      : source(source), classes(source) {}

  LogicalResult run();

  bool isShared(Value value) override { return shared.contains(value); }
  Value getBatched(OpBuilder &builder, Value value) override;
  Value getShared(Value value) override { return mapping.lookup(value); }
  void map(Value value, Value batched) override { mapping.map(value, batched); }
  Value getDestination(OpBuilder &builder, Value value) override;
  const BatchExtent &getExtent(Value sequence) override {
    unsigned number = classes.getClass(sequence).value_or(0);
    return number == 0 ? extent : extents[number];
  }
  const MemoryExtent &getMemory(Value value) override {
    return memories[*classes.getMemoryClass(value)];
  }
  Value getSources(OpBuilder &builder, Value sequence, Value memory) override;
  FailureOr<SmallVector<Value>>
  batchBlock(OpBuilder &builder, Block &block, const BatchExtent &part,
             ArrayRef<Value> blockDestinations) override;

private:
  /// Adds an argument for `value` of the example's function.
  BlockArgument addArgument(Value value, bool isSharedValue, StringRef role,
                            DictionaryAttr attrs);
  /// Adds offsets, batch size, and the arguments for those of the source.
  void addInputs(OpBuilder &builder);
  /// An argument about the batch: `role`, of class `number`.
  BlockArgument addExtentArgument(OpBuilder &builder, Type type, StringRef role,
                                  unsigned number);
  /// Adds what tells how the sequences and memories of class `number` lie.
  void addClass(OpBuilder &builder, unsigned number);
  /// Computes the rest of how sequences and memories lie.
  void createExtents(OpBuilder &builder);
  MemoryExtent createMemoryExtent(OpBuilder &builder,
                                  const BatchExtent &packed);
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
  LengthClasses classes;
  IRMapping mapping;
  DenseSet<Value> shared;
  /// Ops about one example that are not written yet.
  llvm::SetVector<Operation *> pending;
  /// The destinations of returned values.
  DenseMap<Value, Value> destinations;
  /// Of the first class in the block that is being written.
  BatchExtent extent;
  /// By class, the first left out; and of its memories.
  SmallVector<BatchExtent> extents;
  SmallVector<MemoryExtent> memories;
  /// By class of sequences, the example in each packed row; and by class of
  /// memories, the one that each example reads, where that is an argument.
  DenseMap<unsigned, Value> packedSources, exampleSources;
  /// The number of each example.
  Value numbers;
  SmallVector<DictionaryAttr> argAttrs;
};

} // namespace

//===----------------------------------------------------------------------===//
// Signature
//===----------------------------------------------------------------------===//

BlockArgument FunctionBatching::addArgument(Value value, bool isSharedValue,
                                            StringRef role,
                                            DictionaryAttr attrs) {
  Type type = value.getType();
  Location loc = value.getLoc();
  Builder builder(type.getContext());
  NamedAttrList list(attrs);
  list.set(RNNDialect::kRoleAttr, builder.getStringAttr(role));
  list.set(RNNDialect::kLayoutAttr,
           builder.getStringAttr(isSharedValue           ? "shared"
                                 : isa<SeqType>(type)    ? "sequence"
                                 : isa<MemoryType>(type) ? "memory"
                                                         : "example"));
  auto setClass = [&](StringRef name, std::optional<unsigned> number) {
    if (number.value_or(0) != 0)
      list.set(name, builder.getI64IntegerAttr(*number));
  };
  setClass(RNNDialect::kClassAttr, classes.getClass(value));
  if (std::optional<unsigned> number = classes.getMemoryClass(value))
    list.set(RNNDialect::kMemoryClassAttr, builder.getI64IntegerAttr(*number));
  // Bufferization takes arguments for writable, but inputs are the caller's.
  list.set(bufferization::BufferizationDialect::kWritableAttrName,
           builder.getBoolAttr(role == "output"));
  if (role == "input")
    if (std::optional<int64_t> numClasses = findNumClasses(value))
      list.set(RNNDialect::kClassesAttr,
               builder.getI64IntegerAttr(*numClasses));
  argAttrs.push_back(list.getDictionary(type.getContext()));
  if (!isSharedValue)
    type = getRowsType(getElementOrSelf(type));
  else if (role == "output" && !isa<ShapedType>(type))
    type = RankedTensorType::get({}, type);
  return target.front().addArgument(type, loc);
}

BlockArgument FunctionBatching::addExtentArgument(OpBuilder &builder, Type type,
                                                  StringRef role,
                                                  unsigned number) {
  NamedAttrList list;
  list.set(RNNDialect::kRoleAttr, builder.getStringAttr(role));
  if (number != 0)
    list.set(RNNDialect::kClassAttr, builder.getI64IntegerAttr(number));
  if (isa<TensorType>(type))
    list.set(bufferization::BufferizationDialect::kWritableAttrName,
             builder.getBoolAttr(false));
  argAttrs.push_back(list.getDictionary(builder.getContext()));
  return target.front().addArgument(type, source.getLoc());
}

void FunctionBatching::addClass(OpBuilder &builder, unsigned number) {
  auto indices =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getIndexType());
  if (number < classes.getNumSequenceClasses()) {
    extents[number].offsets =
        addExtentArgument(builder, indices, "offsets", number);
    extents[number].order =
        addExtentArgument(builder, indices, "order", number);
    extents[number].batchSize = extent.batchSize;
    return;
  }
  memories[number].starts =
      addExtentArgument(builder, indices, "starts", number);
  exampleSources[number] =
      addExtentArgument(builder, indices, "sources", number);
  memories[number].longest =
      addExtentArgument(builder, builder.getIndexType(), "longest", number);
}

void FunctionBatching::addInputs(OpBuilder &builder) {
  extent.offsets = addExtentArgument(
      builder,
      RankedTensorType::get({ShapedType::kDynamic}, builder.getIndexType()),
      "offsets", 0);
  extent.batchSize =
      addExtentArgument(builder, builder.getIndexType(), "batch", 0);
  extents.resize(classes.getNumClasses());
  memories.resize(classes.getNumClasses());
  // Without sequences the first class is still that of the offsets.
  unsigned first = classes.getNumSequenceClasses() == 0 ? 0 : 1;
  for (unsigned number = first; number < classes.getNumClasses(); ++number)
    addClass(builder, number);
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
    mapping.map(argument, addArgument(argument, isSharedValue, name, attrs));
  }
}

void FunctionBatching::addOutputs() {
  auto results = source.front().getTerminator()->getOperands();
  for (auto [index, value] : llvm::enumerate(results)) {
    DictionaryAttr attrs = source.getResultAttrDict(index);
    bool isSharedValue = isShared(value) && !isa<SeqType>(value.getType()) &&
                         attrs && attrs.contains(RNNDialect::kSharedAttr);
    BlockArgument argument = addArgument(value, isSharedValue, "output", attrs);
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
      builder, value.getLoc(), getRowsType(value.getType()), extent.batchSize);
  return writeBatched(builder, *this, value, destination);
}

Value FunctionBatching::getDestination(OpBuilder &builder, Value value) {
  if (Value destination = destinations.lookup(value))
    return destination;
  SmallVector<Value> sizes;
  if (isa<SeqType>(value.getType()))
    sizes.push_back(getExtent(value).numRows);
  else if (isa<MemoryType>(value.getType()))
    sizes.push_back(getMemory(value).numRows);
  else
    sizes.push_back(extent.batchSize);
  if (isa<AlignmentType>(getElementOrSelf(value.getType())))
    sizes.push_back(getMemory(value).longest);
  return tensor::EmptyOp::create(builder, value.getLoc(),
                                 getRowsType(getElementOrSelf(value.getType())),
                                 sizes);
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

/// Where the memories that are sequences packed as `packed` begin.
MemoryExtent FunctionBatching::createMemoryExtent(OpBuilder &builder,
                                                  const BatchExtent &packed) {
  Location loc = source.getLoc();
  auto indices =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getIndexType());
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value lengths =
      tensor::EmptyOp::create(builder, loc, indices, packed.batchSize);
  lengths = createRowLoop(builder, loc, packed.batchSize, lengths,
                          [&](OpBuilder &body, Value row, Value carried) {
                            return tensor::InsertOp::create(body, loc, zero,
                                                            carried, row)
                                .getResult();
                          });
  lengths = createPackedLoop(
      builder, loc, packed, lengths,
      [&](OpBuilder &body, Value t, Value row, Value carried) {
        Value example = getExample(body, loc, packed, row);
        Value length = arith::AddIOp::create(body, loc, t, one);
        return tensor::InsertOp::create(body, loc, length, carried, example)
            .getResult();
      });
  Value count = arith::AddIOp::create(builder, loc, packed.batchSize, one);
  Value starts = tensor::EmptyOp::create(builder, loc, indices, count);
  starts = tensor::InsertOp::create(builder, loc, zero, starts, zero);
  starts = createRowLoop(
      builder, loc, packed.batchSize, starts,
      [&](OpBuilder &body, Value row, Value carried) {
        Value start = tensor::ExtractOp::create(body, loc, carried, row);
        Value length = tensor::ExtractOp::create(body, loc, lengths, row);
        Value end = arith::AddIOp::create(body, loc, start, length);
        Value next = arith::AddIOp::create(body, loc, row, one);
        return tensor::InsertOp::create(body, loc, end, carried, next)
            .getResult();
      });
  return {starts, packed.numInstants, packed.numRows};
}

void FunctionBatching::createExtents(OpBuilder &builder) {
  Location loc = source.getLoc();
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  auto measure = [&](BatchExtent &packed) {
    Value numOffsets =
        tensor::DimOp::create(builder, loc, packed.offsets, zero);
    packed.numInstants = arith::SubIOp::create(builder, loc, numOffsets, one);
    packed.numRows = tensor::ExtractOp::create(builder, loc, packed.offsets,
                                               packed.numInstants);
  };
  measure(extent);
  DenseSet<unsigned> remembered;
  bool examplesRead = false;
  source.walk([&](Operation *op) {
    if (auto remember = dyn_cast<RememberOp>(op))
      remembered.insert(*classes.getMemoryClass(remember.getResult()));
    if (auto accumulate = dyn_cast<AccumulateOp>(op))
      examplesRead |= !isa<SeqType>(accumulate.getVector().getType());
    else if (isAttention(op) && op->getParentOp() == source)
      examplesRead = true;
  });
  for (unsigned number = 0; number < classes.getNumClasses(); ++number) {
    bool isSequence = number < classes.getNumSequenceClasses();
    if (number > 0 && isSequence)
      measure(extents[number]);
    if (isSequence && remembered.contains(number))
      memories[number] =
          createMemoryExtent(builder, number == 0 ? extent : extents[number]);
    else if (!isSequence)
      for (BlockArgument argument : source.getArguments())
        if (isa<MemoryType>(argument.getType()) &&
            classes.getMemoryClass(argument) == number)
          memories[number].numRows = tensor::DimOp::create(
              builder, loc, mapping.lookup(argument), zero);
  }
  auto indices =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getIndexType());
  if (examplesRead && !remembered.empty()) {
    numbers = tensor::EmptyOp::create(builder, loc, indices, extent.batchSize);
    numbers = createRowLoop(builder, loc, extent.batchSize, numbers,
                            [&](OpBuilder &body, Value row, Value carried) {
                              return tensor::InsertOp::create(body, loc, row,
                                                              carried, row)
                                  .getResult();
                            });
  }
  // Of sequences whose instants read memories.
  auto addSources = [&](Value sequence) {
    unsigned number = *classes.getClass(sequence);
    if (packedSources.contains(number))
      return;
    const BatchExtent &packed = getExtent(sequence);
    Value empty =
        tensor::EmptyOp::create(builder, loc, indices, packed.numRows);
    packedSources[number] = createPackedLoop(
        builder, loc, packed, empty,
        [&](OpBuilder &body, Value t, Value row, Value carried) {
          Value example = getExample(body, loc, packed, row);
          Value first = tensor::ExtractOp::create(body, loc, packed.offsets, t);
          Value to = arith::AddIOp::create(body, loc, first, row);
          return tensor::InsertOp::create(body, loc, example, carried, to)
              .getResult();
        });
  };
  source.walk([&](Operation *op) {
    if (auto accumulate = dyn_cast<AccumulateOp>(op)) {
      if (isa<SeqType>(accumulate.getVector().getType()))
        addSources(accumulate.getVector());
    } else if (auto scan = dyn_cast<ScanOp>(op->getParentOp());
               scan && isAttention(op)) {
      addSources(scan.getInputs().front());
    }
  });
}

Value FunctionBatching::getSources(OpBuilder &, Value sequence, Value memory) {
  if (sequence)
    return packedSources.lookup(*classes.getClass(sequence));
  Value sources = exampleSources.lookup(*classes.getMemoryClass(memory));
  return sources ? sources : numbers;
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
  if (llvm::any_of(run, isAttention)) {
    SmallVector<Value> written =
        batchRun(builder, run.front()->getLoc(), *this, run.getArrayRef(),
                 results, extent.batchSize);
    for (auto [value, result] : llvm::zip_equal(results, written))
      mapping.map(value, result);
    return;
  }
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
      isa<tensor::ConcatOp, tensor::ExtractSliceOp, DensifyOp>(op) ||
      OpTrait::hasElementwiseMappableTraits(&op)) {
    builder.clone(op, mapping);
    return;
  }
  // An outer product of shared vectors is a sum over one row.
  if (auto outer = dyn_cast<OuterOp>(op)) {
    auto getRow = [&](Value vector) -> Value {
      auto type = cast<RankedTensorType>(vector.getType());
      return tensor::ExpandShapeOp::create(
          builder, op.getLoc(), type.clone({1, type.getDimSize(0)}),
          mapping.lookup(vector), ArrayRef<ReassociationIndices>{{0, 1}});
    };
    Value lhs = getRow(outer.getLhs()), rhs = getRow(outer.getRhs());
    mapping.map(outer.getResult(), ContractOp::create(builder, op.getLoc(),
                                                      outer.getType(), lhs, rhs)
                                       .getResult());
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
    if (isa<MemoryType, AlignmentType>(element))
      return success();
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
  if (failed(verifyExample(source)) || failed(classes.verify()))
    return failure();
  OpBuilder builder(source);
  target = func::FuncOp::create(builder, source.getLoc(), source.getName(),
                                builder.getFunctionType({}, {}));
  for (StringRef name : {RNNDialect::kDecodeAttr, RNNDialect::kStreamAttr,
                         RNNDialect::kBatchSizeAttr})
    if (Attribute attr = source->getAttr(name))
      target->setAttr(name, attr);
  builder.setInsertionPointToStart(target.addEntryBlock());
  addInputs(builder);

  findShared(source.front());
  addOutputs();

  Location loc = source.getLoc();
  createExtents(builder);

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
