//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Canonical forms of scans and segmented loops, and of totals of what scans put
// out.
//
// A loop carries nothing that nobody reads: no output, input or state without a
// use, none twice, and no state that never changes; and one without states has
// no direction. This matters for speed as well as for looks: a backward scan
// whose adjoint states turn out to be constant in time loses them, and is then
// parallel in time.
//
// The total of outer products is written as one product of two sequences, so
// that no sequence of matrices is ever stored.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

/// Moves the body of `loop` into a new loop before it with the inputs and
/// states whose bits are set, which yields `outputs`, whose results are of
/// `types`, and the kept next states. An argument of the body that is dropped
/// has no uses but in the yield. The old loop is left without a body, to be
/// replaced.
template <typename LoopOp>
static LoopOp recreate(RewriterBase &rewriter, LoopOp loop,
                       const llvm::BitVector &keepInputs,
                       const llvm::BitVector &keepStates, ValueRange outputs,
                       TypeRange types) {
  OpBuilder::InsertionGuard guard(rewriter);
  SmallVector<Value> inputs, states, next;
  llvm::BitVector dropped(keepInputs.size() + keepStates.size());
  YieldOp yield = loop.getYield();
  for (auto [index, input] : llvm::enumerate(loop.getInputs())) {
    if (keepInputs[index])
      inputs.push_back(input);
    else
      dropped.set(index);
  }
  for (auto [index, state] : llvm::enumerate(loop.getStates())) {
    if (keepStates[index]) {
      states.push_back(state);
      next.push_back(yield.getStates()[index]);
    } else {
      dropped.set(keepInputs.size() + index);
    }
  }

  rewriter.setInsertionPoint(yield);
  rewriter.replaceOpWithNewOp<YieldOp>(yield, outputs, next);
  rewriter.setInsertionPoint(loop);
  LoopOp result = loop.createLike(rewriter, inputs, states, types);
  result->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  Block *empty = &result.getEntry();
  rewriter.inlineRegionBefore(loop.getBody(), result.getBody(),
                              result.getBody().end());
  rewriter.eraseBlock(empty);
  rewriter.modifyOpInPlace(result,
                           [&] { result.getEntry().eraseArguments(dropped); });
  return result;
}

ScanOp ScanOp::appendOutputs(RewriterBase &rewriter, ValueRange values) {
  unsigned numOutputs = getOutputs().size();
  SmallVector<Value> outputs(getYield().getOutputs());
  llvm::append_range(outputs, values);
  SmallVector<Type> types;
  for (Value output : outputs)
    types.push_back(SeqType::get(getContext(), output.getType()));
  ScanOp result =
      recreate(rewriter, *this, llvm::BitVector(getInputs().size(), true),
               llvm::BitVector(getStates().size(), true), outputs, types);
  SmallVector<Value> replacements(result.getOutputs().take_front(numOutputs));
  llvm::append_range(replacements, result.getFinals());
  rewriter.replaceOp(*this, replacements);
  return result;
}

SegmentsOp SegmentsOp::keepStates(RewriterBase &rewriter) {
  unsigned numOutputs = getOutputs().size();
  SmallVector<Value> outputs(getYield().getOutputs());
  SmallVector<Type> types(getOutputs().getTypes());
  for (Value state : getStateArgs()) {
    outputs.push_back(state);
    types.push_back(
        CheckpointsType::get(getContext(), getLength(), state.getType()));
  }
  SegmentsOp result =
      recreate(rewriter, *this, llvm::BitVector(getInputs().size(), true),
               llvm::BitVector(getStates().size(), true), outputs, types);
  SmallVector<Value> replacements(result.getOutputs().take_front(numOutputs));
  llvm::append_range(replacements, result.getFinals());
  rewriter.replaceOp(*this, replacements);
  return result;
}

/// The states that a used output or a used final state depends on.
template <typename LoopOp> static llvm::BitVector findLiveStates(LoopOp scan) {
  YieldOp yield = scan.getYield();
  llvm::BitVector live(scan.getStates().size());
  llvm::SmallPtrSet<Operation *, 16> visited;
  SmallVector<Value> worklist;
  auto visit = [&](Operation *op) {
    // Ops of nested regions may use values of the body too.
    if (visited.insert(op).second)
      op->walk([&](Operation *nested) {
        llvm::append_range(worklist, nested->getOperands());
      });
  };
  auto addState = [&](unsigned index) {
    if (!live.test(index)) {
      live.set(index);
      worklist.push_back(yield.getStates()[index]);
    }
  };

  for (auto [output, value] :
       llvm::zip_equal(scan.getOutputs(), yield.getOutputs()))
    if (!output.use_empty())
      worklist.push_back(value);
  for (auto [index, final] : llvm::enumerate(scan.getFinals()))
    if (!final.use_empty())
      addState(index);
  for (Operation &op : scan.getEntry().without_terminator())
    if (!isMemoryEffectFree(&op))
      visit(&op);

  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      unsigned numInputs = scan.getInputs().size();
      if (argument.getOwner() == &scan.getEntry() &&
          argument.getArgNumber() >= numInputs)
        addState(argument.getArgNumber() - numInputs);
      continue;
    }
    if (Operation *op =
            scan.getEntry().findAncestorOpInBlock(*value.getDefiningOp()))
      visit(op);
  }
  return live;
}

namespace {

/// Drops what a loop carries for nothing.
template <typename LoopOp> struct SimplifyLoop : OpRewritePattern<LoopOp> {
  using OpRewritePattern<LoopOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(LoopOp scan,
                                PatternRewriter &rewriter) const override {
    bool changed = mergeOutputs(scan, rewriter);
    changed |= mergeInputs(scan, rewriter);
    llvm::BitVector keepStates = dropStates(scan, rewriter);

    if (scan.getReverse() && keepStates.none()) {
      rewriter.modifyOpInPlace(scan, [&] { scan.setReverse(false); });
      changed = true;
    }

    llvm::BitVector keepInputs(scan.getInputs().size());
    for (auto [index, argument] : llvm::enumerate(scan.getInputArgs()))
      if (!argument.use_empty())
        keepInputs.set(index);
    // One sequence is needed for the length.
    auto isKeptSequence = [&](auto input) {
      return keepInputs[input.index()] && isa<SeqType>(input.value().getType());
    };
    if (llvm::none_of(llvm::enumerate(scan.getInputs()), isKeptSequence))
      keepInputs.set(findSequence(scan.getInputs()));

    SmallVector<Value> outputs, replaced;
    SmallVector<Type> types;
    for (auto [output, value] :
         llvm::zip_equal(scan.getOutputs(), scan.getYield().getOutputs()))
      if (!output.use_empty()) {
        outputs.push_back(value);
        types.push_back(output.getType());
        replaced.push_back(output);
      }

    if (keepInputs.all() && keepStates.all() &&
        outputs.size() == scan.getOutputs().size()) {
      if (!changed)
        return rewriter.notifyMatchFailure(scan, "carries nothing in vain");
      return success();
    }

    for (auto [index, final] : llvm::enumerate(scan.getFinals()))
      if (keepStates[index])
        replaced.push_back(final);
    LoopOp simpler =
        recreate(rewriter, scan, keepInputs, keepStates, outputs, types);
    rewriter.replaceAllUsesWith(replaced, simpler.getResults());
    rewriter.eraseOp(scan);
    return success();
  }

private:
  /// The number of the first input that is a sequence.
  static unsigned findSequence(OperandRange inputs) {
    auto it = llvm::find_if(
        inputs, [](Value input) { return isa<SeqType>(input.getType()); });
    return it - inputs.begin();
  }

  /// Uses an input in place of an output that repeats it, and one output in
  /// place of another that yields the same value.
  static bool mergeOutputs(LoopOp scan, PatternRewriter &rewriter) {
    bool changed = false;
    llvm::SmallDenseMap<Value, Value> sequences;
    for (auto [argument, input] :
         llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
      sequences.try_emplace(argument, input);
    for (auto [output, value] :
         llvm::zip_equal(scan.getOutputs(), scan.getYield().getOutputs())) {
      if (output.use_empty())
        continue;
      auto [it, inserted] = sequences.try_emplace(value, output);
      if (inserted || it->second.getType() != output.getType())
        continue;
      rewriter.replaceAllUsesWith(output, it->second);
      changed = true;
    }
    return changed;
  }

  /// Reads one input in place of another that is the same sequence.
  static bool mergeInputs(LoopOp scan, PatternRewriter &rewriter) {
    bool changed = false;
    llvm::SmallDenseMap<Value, Value> arguments;
    for (auto [argument, input] :
         llvm::zip_equal(scan.getInputArgs(), scan.getInputs())) {
      auto [it, inserted] = arguments.try_emplace(input, argument);
      if (inserted || argument.use_empty())
        continue;
      rewriter.replaceAllUsesWith(argument, it->second);
      changed = true;
    }
    return changed;
  }

  /// Finds states that nobody reads, or that never change, and uses their
  /// initial values in place of them. Returns the states to keep.
  static llvm::BitVector dropStates(LoopOp scan, PatternRewriter &rewriter) {
    llvm::BitVector keep = findLiveStates(scan);
    YieldOp yield = scan.getYield();
    for (unsigned index = 0; index < keep.size(); ++index) {
      Value argument = scan.getStateArgs()[index];
      Value initial = scan.getStates()[index];
      Value next = yield.getStates()[index];
      // A sequence of length 0 leaves the initial state, as all others do.
      if (next == argument || next == initial) {
        keep.reset(index);
        rewriter.replaceAllUsesWith(scan.getFinals()[index], initial);
      }
      if (!keep[index])
        rewriter.replaceAllUsesWith(argument, initial);
    }
    return keep;
  }
};

//===----------------------------------------------------------------------===//
// Totals
//===----------------------------------------------------------------------===//

/// The sequences whose elements are `values` of the body of `scan`: inputs or
/// outputs that there are, or else new outputs, for which `scan` is replaced.
static SmallVector<Value> getSequences(PatternRewriter &rewriter, ScanOp scan,
                                       ArrayRef<Value> values) {
  auto find = [&](Value value) -> Value {
    for (auto [argument, input] :
         llvm::zip_equal(scan.getInputArgs(), scan.getInputs()))
      if (argument == value)
        return input;
    for (auto [output, element] :
         llvm::zip_equal(scan.getOutputs(), scan.getYield().getOutputs()))
      if (element == value)
        return output;
    return Value();
  };
  SmallVector<Value> missing;
  for (Value value : values)
    if (!find(value) && !llvm::is_contained(missing, value))
      missing.push_back(value);
  if (!missing.empty())
    scan = scan.appendOutputs(rewriter, missing);
  return llvm::map_to_vector(values, find);
}

/// Pushes a total into what it sums: a product's total is a `rnn.contract`, a
/// scattered row's is a `rnn.scatter`, and a sum of matrices is taken apart to
/// find those.
struct PushTotal : OpRewritePattern<TotalOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TotalOp total,
                                PatternRewriter &rewriter) const override {
    Value summand = total.getOperand();
    auto scan = summand.getDefiningOp<ScanOp>();
    if (scan) {
      unsigned index = cast<OpResult>(summand).getResultNumber();
      if (index < scan.getOutputs().size())
        summand = scan.getYield().getOutputs()[index];
      else
        scan = nullptr;
    }
    Operation *op = summand.getDefiningOp();
    if (!op || !isa<OuterOp, ScatterRowOp, arith::AddFOp>(op))
      return rewriter.notifyMatchFailure(total, "not a product or sum");
    auto type = dyn_cast<RankedTensorType>(summand.getType());
    if (isa<arith::AddFOp>(op) && (!type || type.getRank() < 2))
      return rewriter.notifyMatchFailure(total, "a vector is summed at once");

    SmallVector<Value> parts(op->getOperands());
    if (scan)
      parts = getSequences(rewriter, scan, parts);
    if (isa<OuterOp>(op)) {
      rewriter.replaceOpWithNewOp<ContractOp>(total, type, parts[0], parts[1]);
    } else if (isa<ScatterRowOp>(op)) {
      rewriter.replaceOpWithNewOp<ScatterOp>(total, type, parts[0], parts[1]);
    } else {
      Value lhs = TotalOp::create(rewriter, total.getLoc(), type, parts[0]);
      Value rhs = TotalOp::create(rewriter, total.getLoc(), type, parts[1]);
      rewriter.replaceOpWithNewOp<arith::AddFOp>(total, lhs, rhs);
    }
    return success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Lengths
//===----------------------------------------------------------------------===//

/// A sequence that `value` has the length of, and that was there before it.
static Value getOlderSequence(Value value) {
  Operation *def = value.getDefiningOp();
  if (auto reverse = dyn_cast_if_present<ReverseOp>(def))
    return reverse.getOperand();
  if (!isa_and_present<ScanOp, SegmentsOp>(def))
    return Value();
  return *llvm::find_if(def->getOperands(), [](Value operand) {
    return isa<SeqType>(operand.getType());
  });
}

/// Asks for the length of the oldest sequence, so that no other is kept for it.
OpFoldResult LengthOp::fold(FoldAdaptor) {
  Value older = getOlderSequence(getOperand());
  if (!older)
    return {};
  getOperandMutable().assign(older);
  return getResult();
}

//===----------------------------------------------------------------------===//
// What the ops bring
//===----------------------------------------------------------------------===//

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                         MLIRContext *context) {
  results.add<SimplifyLoop<ScanOp>>(context);
}

void SegmentsOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                             MLIRContext *context) {
  results.add<SimplifyLoop<SegmentsOp>>(context);
}

void TotalOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                          MLIRContext *context) {
  results.add<PushTotal>(context);
}
