//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Cuts time into parts: scans become `rnn.segments` whose bodies are scans over
// one part.
//
// Scans that pass sequences to each other share a loop over parts where they
// can, so that the sequences between them exist for one part at a time: all
// layers of a stack, its head and its loss are one such loop. A scan joins a
// loop if
//
// * both have the same direction, or one of them has none, being without state;
// * whatever it takes from the loop's scans are their outputs, instant by
//   instant. A value that follows from an output by other ways, or from a final
//   state, is there only when all parts are done.
//
// Loops are found op by op, in order; the latest that a scan can join takes it.
// Two loops never need each other: what a loop depends on is kept, and a scan
// that would close a circle doesn't join.
//
// Parts are of the first class of sequences. Scans over others, such as a
// decoder's, and scans that read memories stay whole.
//
//===----------------------------------------------------------------------===//

#include "../IR/AttentionBatching.h"
#include "LengthClasses.h"
#include "Utils.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace ravel::rnn;

namespace {

/// Scans that share a loop over parts.
struct Group {
  SmallVector<ScanOp> members;
  /// The direction, once a member has one.
  std::optional<bool> reverse;
  /// The groups that members need, directly or not.
  llvm::SmallDenseSet<unsigned> needs;
};

/// Finds the groups of the scans of a block.
class Grouping {
public:
  explicit Grouping(func::FuncOp function)
      : block(function.front()), classes(function) {
    for (Operation &op : block)
      visit(op);
  }

  ArrayRef<Group> getGroups() const { return groups; }

private:
  using GroupSet = llvm::SmallDenseSet<unsigned>;

  void visit(Operation &op);
  /// Whether `scan` is to be cut into parts.
  bool isSegmented(ScanOp scan) {
    return classes.getClass(scan.getInputs().front()).value_or(0) == 0 &&
           !readsMemory(scan);
  }
  bool canJoin(ScanOp scan, unsigned number);
  void join(ScanOp scan, unsigned number);
  /// The groups that must be done before `value` is there.
  GroupSet getNeeds(Value value);
  /// What getNeeds gives, but for what a member of group `number` reads of
  /// another.
  GroupSet getNeedsFromOutside(ScanOp scan, unsigned number);

  Block &block;
  LengthClasses classes;
  SmallVector<Group> groups;
  DenseMap<Operation *, unsigned> memberOf;
  DenseMap<Operation *, GroupSet> needs;
};

} // namespace

/// Calls `visit` on each operand of `op` and of the ops in it.
static void forEachOperand(Operation *op,
                           function_ref<void(OpOperand &)> visit) {
  op->walk([&](Operation *nested) {
    for (OpOperand &operand : nested->getOpOperands())
      visit(operand);
  });
}

Grouping::GroupSet Grouping::getNeeds(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != &block)
    return {};
  auto it = memberOf.find(def);
  if (it == memberOf.end())
    return needs.lookup(def);
  GroupSet result = groups[it->second].needs;
  result.insert(it->second);
  return result;
}

Grouping::GroupSet Grouping::getNeedsFromOutside(ScanOp scan, unsigned number) {
  GroupSet result;
  forEachOperand(scan, [&](OpOperand &operand) {
    auto def = operand.get().getDefiningOp<ScanOp>();
    auto it = memberOf.find(def);
    bool isOutput = def && operand.getOwner() == scan &&
                    isa<SeqType>(operand.get().getType());
    if (isOutput && it != memberOf.end() && it->second == number)
      return;
    GroupSet more = getNeeds(operand.get());
    result.insert(more.begin(), more.end());
  });
  return result;
}

bool Grouping::canJoin(ScanOp scan, unsigned number) {
  bool sameDirection = scan.isTimeParallel() || !groups[number].reverse ||
                       *groups[number].reverse == bool(scan.getReverse());
  return sameDirection && !getNeedsFromOutside(scan, number).contains(number);
}

void Grouping::join(ScanOp scan, unsigned number) {
  GroupSet more = getNeedsFromOutside(scan, number);
  Group &group = groups[number];
  group.members.push_back(scan);
  group.needs.insert(more.begin(), more.end());
  if (!scan.isTimeParallel())
    group.reverse = scan.getReverse();
  memberOf[scan] = number;
  // What needs this group needs what it needs.
  for (Group &other : groups)
    if (other.needs.contains(number))
      other.needs.insert(more.begin(), more.end());
  for (auto &[op, needed] : needs)
    if (needed.contains(number))
      needed.insert(more.begin(), more.end());
}

void Grouping::visit(Operation &op) {
  auto scan = dyn_cast<ScanOp>(op);
  if (!scan || !isSegmented(scan)) {
    GroupSet result;
    forEachOperand(&op, [&](OpOperand &operand) {
      GroupSet more = getNeeds(operand.get());
      result.insert(more.begin(), more.end());
    });
    needs[&op] = std::move(result);
    return;
  }
  unsigned number = groups.size();
  for (unsigned candidate = groups.size(); candidate-- > 0;)
    if (canJoin(scan, candidate)) {
      number = candidate;
      break;
    }
  if (number == groups.size())
    groups.emplace_back();
  join(scan, number);
}

/// Puts a loop over parts in the place of the last scan of `group`; its results
/// replace theirs.
static void createSegments(const Group &group, int64_t length) {
  llvm::SetVector<Value> inputs;
  SmallVector<Value> states, outputs;
  auto isMember = [&](Operation *op) {
    return llvm::is_contained(group.members, op);
  };
  for (ScanOp scan : group.members) {
    for (Value input : scan.getInputs())
      if (!input.getDefiningOp() || !isMember(input.getDefiningOp()))
        inputs.insert(input);
    llvm::append_range(states, scan.getStates());
    for (Value output : scan.getOutputs())
      if (!llvm::all_of(output.getUsers(), isMember))
        outputs.push_back(output);
  }

  OpBuilder builder(group.members.back());
  Location loc = builder.getInsertionPoint()->getLoc();
  auto segments = SegmentsOp::create(builder, loc, length, inputs.getArrayRef(),
                                     states, ValueRange(outputs).getTypes(),
                                     group.reverse.value_or(false));
  OpBuilder body = OpBuilder::atBlockEnd(&segments.getEntry());
  IRMapping mapping;
  mapping.map(inputs.getArrayRef(), segments.getInputArgs());
  SmallVector<Value> next;
  auto arguments = segments.getStateArgs();
  for (ScanOp scan : group.members) {
    SmallVector<Value> operands = llvm::map_to_vector(
        scan.getInputs(), [&](Value input) { return mapping.lookup(input); });
    size_t count = scan.getStates().size();
    llvm::append_range(operands, arguments.take_front(count));
    arguments = arguments.drop_front(count);
    Operation *part = body.clone(*scan, mapping);
    part->setOperands(operands);
    llvm::append_range(next, cast<ScanOp>(part).getFinals());
  }
  YieldOp::create(
      body, loc,
      llvm::map_to_vector(outputs, [&](Value v) { return mapping.lookup(v); }),
      next);

  for (auto [output, result] : llvm::zip_equal(outputs, segments.getOutputs()))
    output.replaceAllUsesWith(result);
  auto finals = segments.getFinals();
  for (ScanOp scan : group.members) {
    size_t count = scan.getStates().size();
    for (auto [final, result] :
         llvm::zip_equal(scan.getFinals(), finals.take_front(count)))
      final.replaceAllUsesWith(result);
    finals = finals.drop_front(count);
  }
  for (ScanOp scan : llvm::reverse(group.members))
    scan.erase();
}

void ravel::rnn::segmentTime(func::FuncOp function, int64_t length) {
  Block &block = function.front();
  Grouping grouping(function);
  for (const Group &group : grouping.getGroups())
    createSegments(group, length);
  // Between the scans of a loop there may be users of its results.
  sortTopologically(&block);
}
