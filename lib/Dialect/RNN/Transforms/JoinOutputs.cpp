//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Vectors that products take side by side become one sequence.
//
// The backward scan of a cell puts out the gradient of each gate, and what
// follows multiplies them all: the transposed weights inside the step, and the
// totals of outer products after it. Outputs of a scan are joined, the first of
// these rules first, and each output once, where
//
//   1. the body joins them itself, for a product of its own;
//   2. the body of another scan that reads them joins them;
//   3. the other factor of their outer products is the same.
//
// A joined output is written once and takes the place of its parts: other scans
// read slices of it, totals of it are sliced, and the totals of outer products
// with one other factor become one total, whose columns (or rows) are sliced.
// An output with any other use stays as it is, and so do those of a columnwise
// scan, where no component meets another.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNJOINOUTPUTS
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

namespace {

/// Outputs of a scan that become one.
struct Join {
  /// Their numbers, in order.
  SmallVector<unsigned> outputs;
  /// What the body has of them side by side, if anything.
  Value inBody;
};

/// A part of a joined vector.
struct Slice {
  int64_t begin = 0, end = 0;
};

/// A joined sequence, and where its parts are.
struct Joined {
  Value sequence;
  int64_t size = 0;
  llvm::MapVector<Value, Slice> parts;
};

} // namespace

static int64_t getWidth(Value value) {
  return cast<RankedTensorType>(getElementOrSelf(value.getType()))
      .getDimSize(0);
}

//===----------------------------------------------------------------------===//
// What is joined
//===----------------------------------------------------------------------===//

/// Whether all uses of an output can take a slice of a longer one.
static bool canJoin(Value output) {
  auto type = dyn_cast<RankedTensorType>(getElementOrSelf(output.getType()));
  return type && type.getRank() == 1 && type.hasStaticShape() &&
         llvm::all_of(output.getUses(), [](OpOperand &use) {
           auto scan = dyn_cast<ScanOp>(use.getOwner());
           return isa<ContractOp, TotalOp>(use.getOwner()) ||
                  (scan && use.getOperandNumber() < scan.getInputs().size());
         });
}

namespace {

/// Finds what to join of the outputs of one scan.
class JoinFinder {
public:
  explicit JoinFinder(ScanOp scan) : scan(scan) {
    for (auto [index, output] : llvm::enumerate(scan.getOutputs()))
      if (canJoin(output))
        free.insert(index);
  }

  SmallVector<Join> find() {
    addOwnConcats();
    addConcatsOfReaders();
    addSharedFactors();
    return std::move(joins);
  }

private:
  /// Joins `outputs` if there are several of them and each is free still.
  void add(ArrayRef<std::optional<unsigned>> outputs, Value inBody = Value()) {
    llvm::SetVector<unsigned> numbers;
    for (std::optional<unsigned> output : outputs)
      if (!output || !free.contains(*output) || !numbers.insert(*output))
        return;
    if (numbers.size() < 2)
      return;
    joins.push_back({numbers.takeVector(), inBody});
    for (unsigned number : joins.back().outputs)
      free.erase(number);
  }

  void addOwnConcats() {
    auto yielded = scan.getYield().getOutputs();
    for (auto concat : scan.getEntry().getOps<tensor::ConcatOp>())
      add(llvm::map_to_vector(concat.getInputs(),
                              [&](Value part) -> std::optional<unsigned> {
                                auto it = llvm::find(yielded, part);
                                if (it == yielded.end())
                                  return std::nullopt;
                                return it - yielded.begin();
                              }),
          concat.getResult());
  }

  void addConcatsOfReaders() {
    llvm::SetVector<Operation *> readers;
    for (Value output : scan.getOutputs())
      readers.insert(output.user_begin(), output.user_end());
    for (Operation *user : readers) {
      auto reader = dyn_cast<ScanOp>(user);
      if (!reader)
        continue;
      for (auto concat : reader.getEntry().getOps<tensor::ConcatOp>())
        add(llvm::map_to_vector(
            concat.getInputs(), [&](Value part) -> std::optional<unsigned> {
              auto argument = dyn_cast<BlockArgument>(part);
              if (!argument || argument.getOwner() != &reader.getEntry() ||
                  argument.getArgNumber() >= reader.getInputs().size())
                return std::nullopt;
              Value input = reader.getInputs()[argument.getArgNumber()];
              if (input.getDefiningOp() != scan)
                return std::nullopt;
              return cast<OpResult>(input).getResultNumber();
            }));
    }
  }

  void addSharedFactors() {
    // The other factor, and on which side it is.
    llvm::MapVector<std::pair<Value, unsigned>,
                    SmallVector<std::optional<unsigned>>>
        groups;
    for (auto [index, output] : llvm::enumerate(scan.getOutputs()))
      for (OpOperand &use : output.getUses())
        if (isa<ContractOp>(use.getOwner()) && free.contains(index)) {
          unsigned other = 1 - use.getOperandNumber();
          groups[{use.getOwner()->getOperand(other), other}].push_back(index);
        }
    for (auto &[factor, outputs] : groups)
      add(outputs);
  }

  ScanOp scan;
  llvm::DenseSet<unsigned> free;
  SmallVector<Join> joins;
};

} // namespace

//===----------------------------------------------------------------------===//
// Uses of the parts
//===----------------------------------------------------------------------===//

/// Components of a vector.
static Value createSlice(OpBuilder &builder, Location loc, Value vector,
                         Slice range) {
  OpFoldResult begin = builder.getIndexAttr(range.begin),
               size = builder.getIndexAttr(range.end - range.begin),
               one = builder.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(builder, loc, vector, begin, size, one);
}

/// The components in `range` of each element of a sequence of vectors.
static Value createSliceOfSequence(OpBuilder &builder, Location loc,
                                   Value sequence, Slice range) {
  auto type = cast<RankedTensorType>(getElementOrSelf(sequence.getType()))
                  .clone({range.end - range.begin});
  auto scan =
      ScanOp::create(builder, loc, sequence, ValueRange(), TypeRange(type));
  OpBuilder body = OpBuilder::atBlockBegin(&scan.getEntry());
  YieldOp::create(body, loc,
                  createSlice(body, loc, scan.getInputArgs().front(), range));
  return scan.getOutputs().front();
}

/// Writes a concatenation of adjacent slices of `whole` as one slice of it.
static void foldConcats(Block &block, Value whole) {
  for (auto concat :
       llvm::make_early_inc_range(block.getOps<tensor::ConcatOp>())) {
    Slice range;
    bool adjacent = concat.getType().getRank() == 1;
    for (auto [index, part] : llvm::enumerate(concat.getInputs())) {
      auto slice = part.getDefiningOp<tensor::ExtractSliceOp>();
      if (!adjacent || !slice || slice.getSource() != whole) {
        adjacent = false;
        break;
      }
      int64_t begin = slice.getStaticOffsets()[0];
      if (index == 0)
        range = {begin, begin};
      adjacent = begin == range.end;
      range.end += getWidth(slice);
    }
    if (!adjacent)
      continue;
    OpBuilder builder(concat);
    Value value = whole;
    if (range.end - range.begin != getWidth(whole))
      value = createSlice(builder, concat.getLoc(), whole, range);
    concat.replaceAllUsesWith(value);
    concat.erase();
  }
}

/// Lets `reader` read the joined sequence in place of its parts.
static void readJoined(ScanOp reader, const Joined &joined) {
  unsigned number = reader.getInputs().size();
  SmallVector<std::pair<BlockArgument, Slice>> arguments;
  for (auto [argument, input] :
       llvm::zip_equal(reader.getInputArgs(), reader.getInputs()))
    if (auto it = joined.parts.find(input); it != joined.parts.end())
      arguments.push_back({argument, it->second});
  reader.getInputsMutable().append(joined.sequence);
  Location loc = joined.sequence.getLoc();
  BlockArgument whole = reader.getEntry().insertArgument(
      number, getElementOrSelf(joined.sequence.getType()), loc);
  OpBuilder builder = OpBuilder::atBlockBegin(&reader.getEntry());
  for (auto [argument, range] : arguments)
    argument.replaceAllUsesWith(createSlice(builder, loc, whole, range));
  foldConcats(reader.getEntry(), whole);
}

namespace {
/// Totals of parts, all with the same other factor if they are of products.
using Totals = SmallVector<std::pair<Slice, Operation *>>;
} // namespace

/// Replaces `totals` by totals of as much of the joined sequence as they need
/// side by side. `create` makes one; `dim` is that of its parts.
static void
joinTotals(Totals totals, const Joined &joined, unsigned dim,
           function_ref<Value(OpBuilder &, Location, Value, int64_t)> create) {
  Operation *first = totals.front().second;
  for (auto [range, op] : totals)
    if (op->isBeforeInBlock(first))
      first = op;
  llvm::sort(totals, [](const auto &a, const auto &b) {
    return a.first.begin < b.first.begin;
  });
  OpBuilder builder(first);
  ArrayRef<std::pair<Slice, Operation *>> rest = totals;
  while (!rest.empty()) {
    Slice run = rest.front().first;
    ArrayRef<std::pair<Slice, Operation *>> members =
        rest.take_while([&](const auto &total) {
          if (total.first.begin > run.end)
            return false;
          run.end = std::max(run.end, total.first.end);
          return true;
        });
    rest = rest.drop_front(members.size());
    Location loc = members.front().second->getLoc();
    Value sequence = joined.sequence;
    if (run.end - run.begin != joined.size)
      sequence = createSliceOfSequence(builder, loc, sequence, run);
    Value total = create(builder, loc, sequence, run.end - run.begin);
    for (auto [range, op] : members) {
      auto type = cast<RankedTensorType>(op->getResult(0).getType());
      Value part = total;
      if (type != total.getType()) {
        SmallVector<OpFoldResult> offsets(type.getRank(),
                                          builder.getIndexAttr(0));
        SmallVector<OpFoldResult> strides(type.getRank(),
                                          builder.getIndexAttr(1));
        SmallVector<OpFoldResult> sizes;
        for (int64_t size : type.getShape())
          sizes.push_back(builder.getIndexAttr(size));
        offsets[dim] = builder.getIndexAttr(range.begin - run.begin);
        part = tensor::ExtractSliceOp::create(builder, op->getLoc(), type,
                                              total, offsets, sizes, strides);
      }
      op->getResult(0).replaceAllUsesWith(part);
    }
  }
  for (auto [range, op] : totals)
    op->erase();
}

/// Joins the totals of outer products that have a part as operand `side`.
static void joinContracts(const Joined &joined, unsigned side) {
  llvm::MapVector<Value, Totals> groups;
  for (auto &[part, range] : joined.parts)
    for (OpOperand &use : part.getUses())
      if (isa<ContractOp>(use.getOwner()) && use.getOperandNumber() == side)
        groups[use.getOwner()->getOperand(1 - side)].push_back(
            {range, use.getOwner()});
  for (auto &[factor, totals] : groups)
    joinTotals(
        totals, joined, side,
        [&, other = factor](OpBuilder &builder, Location loc, Value sequence,
                            int64_t size) -> Value {
          int64_t width = getWidth(other);
          auto type =
              cast<RankedTensorType>(getElementOrSelf(sequence.getType()));
          if (side == 1)
            return ContractOp::create(builder, loc, type.clone({width, size}),
                                      other, sequence);
          return ContractOp::create(builder, loc, type.clone({size, width}),
                                    sequence, other);
        });
}

static void joinSums(const Joined &joined) {
  Totals totals;
  for (auto &[part, range] : joined.parts)
    for (Operation *user : part.getUsers())
      if (isa<TotalOp>(user))
        totals.push_back({range, user});
  if (totals.empty())
    return;
  joinTotals(totals, joined, 0,
             [&](OpBuilder &builder, Location loc, Value sequence, int64_t) {
               return TotalOp::create(builder, loc,
                                      getElementOrSelf(sequence.getType()),
                                      sequence)
                   .getResult();
             });
}

//===----------------------------------------------------------------------===//
// The scan
//===----------------------------------------------------------------------===//

/// The values that are to be put out for `joins`, made where the body has none.
static SmallVector<Value> createConcats(ScanOp scan, ArrayRef<Join> joins) {
  YieldOp yield = scan.getYield();
  OpBuilder builder(yield);
  SmallVector<Value> concats;
  for (const Join &join : joins) {
    if (join.inBody) {
      concats.push_back(join.inBody);
      continue;
    }
    SmallVector<Value> parts;
    for (unsigned output : join.outputs)
      parts.push_back(yield.getOutputs()[output]);
    concats.push_back(
        tensor::ConcatOp::create(builder, yield.getLoc(), /*dim=*/0, parts));
  }
  return concats;
}

static void joinOutputs(ScanOp scan) {
  if (scan.getColumnwise())
    return;
  SmallVector<Join> joins = JoinFinder(scan).find();
  if (joins.empty())
    return;
  IRRewriter rewriter(scan.getContext());
  unsigned numOutputs = scan.getOutputs().size();
  scan = scan.appendOutputs(rewriter, createConcats(scan, joins));
  for (auto [index, join] : llvm::enumerate(joins)) {
    Joined joined;
    joined.sequence = scan.getOutputs()[numOutputs + index];
    joined.size = getWidth(joined.sequence);
    llvm::SetVector<Operation *> readers;
    int64_t offset = 0;
    for (unsigned output : join.outputs) {
      Value part = scan.getOutputs()[output];
      int64_t end = offset + getWidth(part);
      joined.parts[part] = {offset, end};
      offset = end;
      for (Operation *user : part.getUsers())
        if (isa<ScanOp>(user))
          readers.insert(user);
    }
    for (Operation *reader : readers)
      readJoined(cast<ScanOp>(reader), joined);
    for (unsigned side : {0, 1})
      joinContracts(joined, side);
    joinSums(joined);
  }
}

namespace {
struct JoinOutputsPass
    : public ravel::rnn::impl::RNNJoinOutputsBase<JoinOutputsPass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      for (ScanOp scan :
           llvm::make_early_inc_range(function.front().getOps<ScanOp>()))
        joinOutputs(scan);
    }
  }
};
} // namespace
