//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The solver of open sizes, and what each op of the dialect tells it.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// SizeSolver
//===----------------------------------------------------------------------===//

unsigned SizeSolver::find(unsigned node) {
  while (nodes[node].parent != node) {
    nodes[node].parent = nodes[nodes[node].parent].parent;
    node = nodes[node].parent;
  }
  return node;
}

unsigned SizeSolver::getNode(Value value, unsigned dim) {
  auto [it, inserted] = variables.try_emplace({value, dim}, nodes.size());
  if (inserted) {
    unsigned node = nodes.size();
    nodes.push_back({node, std::nullopt, std::nullopt});
    auto type = cast<RankedTensorType>(value.getType());
    if (!type.isDynamicDim(dim))
      fix(node, type.getDimSize(dim), value.getLoc());
    return node;
  }
  return it->second;
}

void SizeSolver::fix(unsigned node, int64_t size, Location why) {
  node = find(node);
  if (nodes[node].size && *nodes[node].size != size) {
    if (!failed) {
      InFlightDiagnostic diag =
          emitError(why) << "sizes can't agree: " << size << " here, but "
                         << *nodes[node].size << " elsewhere";
      diag.attachNote(*nodes[node].origin)
          << "size " << *nodes[node].size << " comes from here";
    }
    failed = true;
    return;
  }
  if (!nodes[node].size) {
    nodes[node].size = size;
    nodes[node].origin = why;
  }
}

void SizeSolver::merge(unsigned a, unsigned b, Location why) {
  a = find(a);
  b = find(b);
  if (a == b)
    return;
  if (nodes[a].size && nodes[b].size && *nodes[a].size != *nodes[b].size) {
    if (!failed) {
      InFlightDiagnostic diag =
          emitError(why) << "sizes can't agree: " << *nodes[a].size << " and "
                         << *nodes[b].size << " must be equal here";
      diag.attachNote(*nodes[a].origin)
          << "size " << *nodes[a].size << " comes from here";
      diag.attachNote(*nodes[b].origin)
          << "size " << *nodes[b].size << " comes from here";
    }
    failed = true;
    return;
  }
  if (!nodes[a].size)
    std::swap(a, b);
  nodes[b].parent = a;
}

void SizeSolver::equate(Value a, Value b, Operation *why) {
  auto typeA = dyn_cast<RankedTensorType>(a.getType());
  auto typeB = dyn_cast<RankedTensorType>(b.getType());
  if (!typeA || !typeB || typeA.getRank() != typeB.getRank())
    return;
  for (unsigned dim = 0; dim < typeA.getRank(); ++dim)
    merge(getNode(a, dim), getNode(b, dim), why->getLoc());
}

void SizeSolver::equate(Value value, Type type, Location why) {
  auto own = dyn_cast<RankedTensorType>(value.getType());
  auto other = dyn_cast_or_null<RankedTensorType>(type);
  if (!own || !other || own.getRank() != other.getRank())
    return;
  for (unsigned dim = 0; dim < own.getRank(); ++dim)
    if (!other.isDynamicDim(dim))
      fix(getNode(value, dim), other.getDimSize(dim), why);
}

void SizeSolver::sum(Value result, ValueRange parts, unsigned dim,
                     Operation *why) {
  Sum sum = {getNode(result, dim), {}, why->getLoc()};
  for (Value part : parts)
    sum.parts.push_back(getNode(part, dim));
  sums.push_back(std::move(sum));
}

void SizeSolver::addEquations(Operation *op) {
  // The variables exist, so that sizes written down are known.
  for (Value value : llvm::concat<Value>(SmallVector<Value>(op->getOperands()),
                                         SmallVector<Value>(op->getResults())))
    if (auto type = dyn_cast<RankedTensorType>(value.getType()))
      for (unsigned dim = 0; dim < type.getRank(); ++dim)
        getNode(value, dim);
  if (auto sizes = dyn_cast<SizeInferenceOpInterface>(op))
    return sizes.inferSizes(*this);
  if (op->hasTrait<OpTrait::Elementwise>()) {
    SmallVector<Value> values(op->getOperands());
    llvm::append_range(values, op->getResults());
    for (Value value : llvm::drop_begin(values))
      equate(values.front(), value, op);
    return;
  }
  // Ops of other dialects that are not elementwise.
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    auto type = concat.getResultType();
    for (unsigned dim = 0; dim < type.getRank(); ++dim) {
      if (dim == concat.getDim()) {
        sum(concat.getResult(), concat.getInputs(), dim, op);
        continue;
      }
      for (Value input : concat.getInputs())
        merge(getNode(concat.getResult(), dim), getNode(input, dim),
              op->getLoc());
    }
  }
}

LogicalResult SizeSolver::solve() {
  bool changed = true;
  while (changed && !failed) {
    changed = false;
    for (Sum &sum : sums) {
      std::optional<unsigned> open;
      unsigned numOpen = 0;
      int64_t known = 0;
      for (unsigned part : sum.parts) {
        if (std::optional<int64_t> size = nodes[find(part)].size) {
          known += *size;
          continue;
        }
        open = part;
        ++numOpen;
      }
      std::optional<int64_t> result = nodes[find(sum.result)].size;
      if (numOpen == 0) {
        if (!result || *result != known) {
          fix(sum.result, known, sum.why);
          changed = true;
        }
      } else if (numOpen == 1 && result) {
        if (*result < known) {
          failed = true;
          InFlightDiagnostic diag = emitError(sum.why);
          diag << "sizes can't agree: the parts known have " << known
               << " components, but the whole has " << *result;
          diag.attachNote(*nodes[find(sum.result)].origin)
              << "size " << *result << " comes from here";
          break;
        }
        fix(*open, *result - known, sum.why);
        changed = true;
      }
    }
  }
  return failure(failed);
}

Type SizeSolver::getType(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return value.getType();
  SmallVector<int64_t> shape(type.getShape());
  for (unsigned dim = 0; dim < type.getRank(); ++dim)
    if (std::optional<int64_t> size = nodes[find(getNode(value, dim))].size)
      shape[dim] = *size;
  return type.clone(shape);
}

//===----------------------------------------------------------------------===//
// What ops know
//===----------------------------------------------------------------------===//

// A learned map takes any size to any other.
void GateOp::inferSizes(SizeSolver &) {}
void ProjectOp::inferSizes(SizeSolver &) {}
void ReadoutOp::inferSizes(SizeSolver &) {}
void EmbedOp::inferSizes(SizeSolver &) {}
// Sizes come from where the value is used.
void ParamOp::inferSizes(SizeSolver &) {}
void ConstantOp::inferSizes(SizeSolver &) {}
void HyperOp::inferSizes(SizeSolver &) {}
void BroadcastOp::inferSizes(SizeSolver &) {}
void OneHotOp::inferSizes(SizeSolver &) {}
// The result is a number.
void SumOp::inferSizes(SizeSolver &) {}
void MaxOp::inferSizes(SizeSolver &) {}
void LogSumExpOp::inferSizes(SizeSolver &) {}
void PickOp::inferSizes(SizeSolver &) {}

void SoftmaxOp::inferSizes(SizeSolver &solver) {
  solver.equate(getOperand(), getResult(), *this);
}
void LayerNormOp::inferSizes(SizeSolver &solver) {
  solver.equate(getOperand(), getResult(), *this);
}
void DropoutOp::inferSizes(SizeSolver &solver) {
  solver.equate(getOperand(), getResult(), *this);
}
