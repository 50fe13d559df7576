//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Phases: ops that read memories are of odd phases, others of even ones, each
// of the first that comes after its operands. An even phase is one kernel, and
// so is each op of an odd one. A value that another kernel reads lies in
// memory: where it is asked for, or in a temporary.
//
// A state that is overwritten before its last reader has run is computed into a
// temporary, and copied by the last kernel.
//
//===----------------------------------------------------------------------===//

#include "RowKernels.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ravel::rnn;

static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>();
}

static bool isOfMemory(Value value) {
  return isa<MemoryType, AlignmentType>(value.getType());
}

bool ravel::rnn::isAttention(Operation *op) {
  return llvm::any_of(op->getOperands(), isOfMemory) ||
         llvm::any_of(op->getResults(), isOfMemory);
}

/// The operands of an op that reads memories that are rows.
static SmallVector<Value> getRowOperands(Operation *op) {
  SmallVector<Value> operands;
  auto score = dyn_cast<ScoreOp>(op);
  for (Value operand : op->getOperands())
    if (!isa<MemoryType>(operand.getType()) &&
        !(score && operand == score.getWeights()))
      operands.push_back(operand);
  return operands;
}

RowKernels::RowKernels(ArrayRef<Operation *> ops, ArrayRef<Result> results,
                       function_ref<bool(Value)> isShared)
    : numDestinations(results.size()) {
  for (Operation *op : ops)
    if (!op->hasTrait<OpTrait::ConstantLike>())
      this->ops.push_back(op);
  findPhases();
  auto add = [&](Value value) {
    if (isConstant(value) || phases.contains(value.getDefiningOp()))
      return;
    if (isa<MemoryType>(value.getType()))
      memories.insert(value);
    else
      (isShared(value) ? shared : inputs).insert(value);
  };
  for (Operation *op : this->ops)
    for (Value operand : op->getOperands())
      add(operand);
  for (const Result &result : results)
    add(result.value);
  findPlaces(results);
}

static Value getReference(Operation *op) {
  return *llvm::find_if(op->getOperands(), isOfMemory);
}

SmallVector<Value> RowKernels::getReferences() const {
  SmallVector<Value> references;
  for (Operation *op : ops)
    if (isAttention(op))
      references.push_back(getReference(op));
  return references;
}

void RowKernels::findPhases() {
  for (Operation *op : ops) {
    bool attends = isAttention(op);
    unsigned phase = attends;
    for (Value operand : op->getOperands()) {
      auto it = phases.find(operand.getDefiningOp());
      if (it != phases.end())
        phase = std::max(phase, it->second + (it->second % 2 != attends));
    }
    phases[op] = phase;
    lastPhase = std::max(lastPhase, phase);
  }
}

unsigned RowKernels::getPhase(Value value) const {
  auto it = phases.find(value.getDefiningOp());
  return it == phases.end() ? 0 : it->second;
}

unsigned RowKernels::getLastUse(Value value) const {
  unsigned last = 0;
  for (Operation *op : ops)
    if (llvm::is_contained(op->getOperands(), value))
      last = std::max(last, phases.lookup(op));
  return last;
}

void RowKernels::findPlaces(ArrayRef<Result> results) {
  // Values that lie in memory once their phase has run.
  DenseSet<Value> placed;
  auto isComputed = [&](Value value) {
    return phases.contains(value.getDefiningOp());
  };
  auto place = [&](Value value, unsigned phase, unsigned destination) {
    places[phase].push_back({value, destination});
    if (isComputed(value) && phase == getPhase(value))
      placed.insert(value);
  };
  // Results that are not written where they are computed are copied at the end.
  SmallVector<unsigned> copied;
  for (auto [index, result] : llvm::enumerate(results)) {
    Value value = result.value;
    unsigned phase = getPhase(value);
    bool attends = phase % 2;
    bool isRead = false;
    if (result.state) {
      unsigned last = getLastUse(result.state);
      isRead = attends ? last >= phase : last > phase;
      for (const Result &other : results)
        isRead |= other.value == result.state && other.state != result.state;
    }
    if (!isComputed(value) || isRead || (attends && placed.contains(value)))
      copied.push_back(index);
    else
      place(value, phase, index);
  }
  if (!copied.empty()) {
    lastPhase += lastPhase % 2;
    for (unsigned index : copied)
      place(results[index].value, lastPhase, index);
  }

  auto addTemporary = [&](Value value, unsigned phase) {
    if (!placed.insert(value).second)
      return;
    places[phase].push_back(
        {value, numDestinations + static_cast<unsigned>(temporaries.size())});
    temporaries.push_back(value);
  };
  for (Operation *op : ops) {
    unsigned phase = phases.lookup(op);
    if (phase % 2 == 0) {
      for (Value operand : op->getOperands())
        if (isComputed(operand) && getPhase(operand) != phase)
          addTemporary(operand, getPhase(operand));
      continue;
    }
    for (Value operand : getRowOperands(op))
      if (isComputed(operand) || shared.contains(operand) ||
          isConstant(operand))
        addTemporary(operand, getPhase(operand));
    for (Value result : op->getResults())
      addTemporary(result, phase);
  }
  for (unsigned index : copied)
    if (Value value = results[index].value;
        isComputed(value) && getPhase(value) != lastPhase)
      addTemporary(value, getPhase(value));
}

/// Writes the kernel of an even phase.
void RowKernels::writeRows(OpBuilder &builder, Location loc, unsigned phase,
                           const Operands &operands,
                           DenseMap<Value, Value> &rows,
                           MutableArrayRef<Value> written) const {
  auto it = places.find(phase);
  if (it == places.end())
    return;
  SmallVector<Operation *> run;
  for (Operation *op : ops)
    if (phases.lookup(op) == phase)
      run.push_back(op);
  llvm::SetVector<Value> ins, sharedIns;
  llvm::SetVector<Operation *> constants;
  auto use = [&](Value value) {
    if (isConstant(value))
      constants.insert(value.getDefiningOp());
    else if (shared.contains(value))
      sharedIns.insert(value);
    else if (!phases.contains(value.getDefiningOp()) ||
             getPhase(value) != phase)
      ins.insert(value);
  };
  for (Operation *op : run)
    llvm::for_each(op->getOperands(), use);
  for (const Place &place : it->second)
    use(place.value);

  SmallVector<Value> inRows, sharedValues, outs;
  for (Value value : ins)
    inRows.push_back(rows.lookup(value));
  for (Value value : sharedIns)
    sharedValues.push_back(operands.shared.lookup(value));
  for (const Place &place : it->second)
    outs.push_back(operands.destinations[place.destination]);
  auto kernel = RowsOp::create(builder, loc, inRows, sharedValues, outs);
  OpBuilder body = OpBuilder::atBlockBegin(&kernel.getEntry());
  IRMapping mapping;
  mapping.map(ins.getArrayRef(), kernel.getRowArgs());
  mapping.map(sharedIns.getArrayRef(), kernel.getSharedArgs());
  for (Operation *constant : constants)
    body.clone(*constant, mapping);
  for (Operation *op : run)
    body.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (const Place &place : it->second)
    yielded.push_back(mapping.lookup(place.value));
  YieldOp::create(body, loc, yielded);
  for (auto [place, result] :
       llvm::zip_equal(it->second, kernel.getResults())) {
    written[place.destination] = result;
    rows.try_emplace(place.value, result);
  }
}

static AttendKind getKind(Operation *op) {
  if (auto score = dyn_cast<ScoreOp>(op))
    return score.getWeights() ? AttendKind::ScoreAdditive : AttendKind::Score;
  if (isa<ScoreAdjointOp>(op))
    return AttendKind::ScoreAdjoint;
  if (isa<WeighOp>(op))
    return AttendKind::Weigh;
  if (isa<WeighAdjointOp>(op))
    return AttendKind::WeighAdjoint;
  if (isa<AddAlignmentsOp>(op))
    return AttendKind::Add;
  return AttendKind::Recall;
}

/// Writes the kernel of an op that reads memories.
void RowKernels::writeAttention(OpBuilder &builder, Operation *op,
                                const Operands &operands,
                                DenseMap<Value, Value> &rows,
                                MutableArrayRef<Value> written) const {
  Value reference = getReference(op), memory, weights;
  for (Value operand : op->getOperands())
    if (isa<MemoryType>(operand.getType()))
      memory = operands.memories.lookup(operand);
  if (auto score = dyn_cast<ScoreOp>(op); score && score.getWeights())
    weights = operands.shared.lookup(score.getWeights());
  SmallVector<Value> ins = llvm::map_to_vector(
      getRowOperands(op), [&](Value value) { return rows.lookup(value); });
  SmallVector<unsigned> destinations;
  for (Value result : op->getResults())
    for (const Place &place : places.find(phases.lookup(op))->second)
      if (place.value == result)
        destinations.push_back(place.destination);
  SmallVector<Value> outs =
      llvm::map_to_vector(destinations, [&](unsigned index) {
        return operands.destinations[index];
      });
  auto kernel = AttendRowsOp::create(
      builder, op->getLoc(), ValueRange(outs).getTypes(), getKind(op), ins,
      memory, weights, operands.extents.lookup(reference).starts,
      operands.sources.lookup(reference), outs, Value(), Value(), Value(),
      Value());
  for (auto [value, destination, result] :
       llvm::zip_equal(op->getResults(), destinations, kernel.getResults())) {
    written[destination] = result;
    rows.try_emplace(value, result);
  }
}

SmallVector<Value> RowKernels::write(OpBuilder &builder, Location loc,
                                     const Operands &operands) const {
  DenseMap<Value, Value> rows = operands.rows;
  SmallVector<Value> written(operands.destinations.size());
  for (unsigned phase = 0; phase <= lastPhase; ++phase) {
    if (phase % 2 == 0) {
      writeRows(builder, loc, phase, operands, rows, written);
      continue;
    }
    for (Operation *op : ops)
      if (phases.lookup(op) == phase)
        writeAttention(builder, op, operands, rows, written);
  }
  return written;
}
