//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes each `rnn.attend_rows` on memrefs as loops over rows, the elements of
// a memory and vectors of columns. An alignment is a few numbers beside a
// memory's vectors: what matters is that these are read once, in order.
//
// Threads deal rows as the kernels `rnn.rows` beside them do, so that nobody
// waits; where those share columns, threads share rows here and wait at the
// end. The gradient of a memory is a sum over rows: threads share its columns,
// and each adds in the order of the rows.
//
//===----------------------------------------------------------------------===//

#include "../LinalgToVector/VectorLoops.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_LOWERATTENTION
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
/// Memory rows whose scores are computed at once, so that each waits for
/// nothing.
constexpr int64_t kScores = 4;
/// Vectors of a row that are summed at once.
constexpr int64_t kVectors = 4;

/// A part of an alignment: vectors of numbers, the last of which may reach
/// beyond the memory.
struct Numbers {
  Value first, mask;
};

class AttentionLowering {
public:
  AttentionLowering(AttendRowsOp op, const RegisterFile &target)
      : op(op), loops(op, getElement(op), target), b(loops.b),
        lanes(target.lanes) {}

  void run();

private:
  static Type getElement(AttendRowsOp op) {
    return cast<MemRefType>(op.getOuts().front().getType()).getElementType();
  }

  /// The memory of one row's example.
  struct Span {
    Value begin, count;
  };
  Span getSpan(Value row);
  void forOwnRows(function_ref<void(Value)> body);
  void emitRow(Value row);
  void emitScores(Value row, const Span &span);
  void emitScoreAdjoint(Value row, const Span &span);
  void emitWeigh(Value row, const Span &span);
  void emitWeighAdjoint(Value row, const Span &span);
  void emitAdd(Value row, const Span &span);
  void emitRecall(Value row, const Span &span);
  void emitAccumulate();

  Value in(unsigned index) { return op.getIns()[index]; }
  Value out(unsigned index = 0) { return op.getOuts()[index]; }
  int64_t getColumns(Value memref) {
    return cast<MemRefType>(memref.getType()).getShape().back();
  }
  Value loadNumber(Value memref, Value row, Value index) {
    return memref::LoadOp::create(b, memref, ValueRange{row, index});
  }
  Value broadcast(Value number) {
    return vector::BroadcastOp::create(b, loops.type, number);
  }
  Value fma(Value a, Value c, Value sum) {
    return vector::FMAOp::create(b, a, c, sum);
  }
  Value add(Value a, Value c) { return arith::AddFOp::create(b, a, c); }
  Value mul(Value a, Value c) { return arith::MulFOp::create(b, a, c); }
  Value sub(Value a, Value c) { return arith::SubFOp::create(b, a, c); }
  Value splat(double value) {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(loops.type,
                                  b.getFloatAttr(loops.element, value)));
  }
  /// Calls `body` for vectors of the `count` numbers of an alignment, carrying
  /// `inits`.
  SmallVector<Value>
  forNumbers(Value count, ValueRange inits,
             function_ref<SmallVector<Value>(Numbers, ValueRange)> body);
  Value loadNumbers(Value memref, Value row, const Numbers &numbers,
                    Value beyond);
  void storeNumbers(Value vector, Value memref, Value row,
                    const Numbers &numbers);

  AttendRowsOp op;
  VectorLoops loops;
  ImplicitLocOpBuilder &b;
  int64_t lanes;
};
} // namespace

AttentionLowering::Span AttentionLowering::getSpan(Value row) {
  Value source = memref::LoadOp::create(b, op.getSources(), row);
  Value begin = memref::LoadOp::create(b, op.getStarts(), source);
  Value end = memref::LoadOp::create(b, op.getStarts(), loops.add(source, 1));
  return {begin, loops.sub(end, begin)};
}

/// Groups of rows are dealt in turn, as `rnn-lower-rows` does it.
void AttentionLowering::forOwnRows(function_ref<void(Value)> body) {
  Value rows = loops.getRows(out());
  if (!op.getThreadId()) {
    loops.forEach(loops.index(0), rows, 1, body);
    return;
  }
  Value id = op.getThreadId(), threads = op.getNumThreads();
  if (op.getColumnId()) {
    // One of the two kinds of sharing has one thread.
    id = loops.add(id, op.getColumnId());
    threads = loops.max(threads, op.getNumColumnThreads());
  }
  Value groups = loops.ceilDiv(rows, loops.index(kRowGroup));
  auto dealt = scf::ForOp::create(b, id, groups, threads);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(dealt.getBody());
    Value first = loops.mul(dealt.getInductionVar(), kRowGroup);
    Value end = loops.min(loops.add(first, kRowGroup), rows);
    loops.forEach(first, end, 1, body);
  }
  if (!op.getColumnId())
    return;
  Value isShared = loops.isLess(loops.index(1), op.getNumColumnThreads());
  loops.ifTrue(isShared, [&] { omp::BarrierOp::create(b); });
}

SmallVector<Value> AttentionLowering::forNumbers(
    Value count, ValueRange inits,
    function_ref<SmallVector<Value>(Numbers, ValueRange)> body) {
  Value vectors = loops.ceilDiv(count, loops.index(lanes));
  auto loop =
      scf::ForOp::create(b, loops.index(0), vectors, loops.index(1), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value first = loops.mul(loop.getInductionVar(), lanes);
  Value mask = loops.mask(loops.sub(count, first));
  SmallVector<Value> next = body({first, mask}, loop.getRegionIterArgs());
  if (!inits.empty())
    scf::YieldOp::create(b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value AttentionLowering::loadNumbers(Value memref, Value row,
                                     const Numbers &numbers, Value beyond) {
  return vector::MaskedLoadOp::create(b, loops.type, memref,
                                      ValueRange{row, numbers.first},
                                      numbers.mask, beyond);
}

void AttentionLowering::storeNumbers(Value vector, Value memref, Value row,
                                     const Numbers &numbers) {
  vector::MaskedStoreOp::create(b, memref, ValueRange{row, numbers.first},
                                numbers.mask, vector);
}

/// q . m_i, or w . tanh(q + m_i), a few i at once.
void AttentionLowering::emitScores(Value row, const Span &span) {
  Value query = in(0), memory = op.getMemory(), weights = op.getShared();
  int64_t size = getColumns(memory), vectors = size / lanes;
  auto addProducts = [&](ArrayRef<Value> elements, const Columns &columns,
                         ValueRange sums) {
    Value q = loops.load(query, row, columns, 0), w;
    if (weights)
      w = loops.load(weights, {}, columns, 0);
    SmallVector<Value> next;
    for (auto [element, sum] : llvm::zip_equal(elements, sums)) {
      Value m = loops.load(memory, element, columns, 0);
      if (weights)
        next.push_back(fma(w, math::TanhOp::create(b, add(q, m)), sum));
      else
        next.push_back(fma(q, m, sum));
    }
    return next;
  };
  auto emit = [&](Value i, int64_t count) {
    SmallVector<Value> elements, sums(count, loops.zero());
    for (int64_t u = 0; u < count; ++u)
      elements.push_back(loops.add(span.begin, loops.add(i, u)));
    sums = loops.accumulate(loops.index(0), loops.index(vectors), sums,
                            [&](Value k, ValueRange carried) {
                              return addProducts(
                                  elements, {loops.mul(k, lanes), 1, lanes},
                                  carried);
                            });
    if (size % lanes != 0)
      sums = addProducts(elements,
                         {loops.index(vectors * lanes), 1, size % lanes}, sums);
    for (auto [u, sum] : llvm::enumerate(sums)) {
      Value score =
          vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum);
      memref::StoreOp::create(b, score, out(),
                              ValueRange{row, loops.add(i, u)});
    }
  };
  Value rest = arith::RemUIOp::create(b, span.count, loops.index(kScores));
  Value whole = loops.sub(span.count, rest);
  loops.forEach(loops.index(0), whole, kScores,
                [&](Value i) { emit(i, kScores); });
  loops.forEach(whole, span.count, 1, [&](Value i) { emit(i, 1); });
}

void AttentionLowering::emitScoreAdjoint(Value row, const Span &span) {
  Value memory = op.getMemory();
  loops.forColumns(getColumns(memory), 1, std::nullopt, [&](Columns columns) {
    Value q = loops.load(in(1), row, columns, 0);
    SmallVector<Value> sums = loops.accumulate(
        loops.index(0), span.count, {loops.zero(), loops.zero()},
        [&](Value i, ValueRange carried) -> SmallVector<Value> {
          Value d = broadcast(loadNumber(in(0), row, i));
          Value m = loops.load(memory, loops.add(span.begin, i), columns, 0);
          Value h = math::TanhOp::create(b, add(q, m));
          Value slope = sub(splat(1), mul(h, h));
          return {fma(d, h, carried[0]), fma(d, slope, carried[1])};
        });
    loops.store(sums[0], out(0), row, columns, 0);
    loops.store(sums[1], out(1), row, columns, 0);
  });
}

void AttentionLowering::emitWeigh(Value row, const Span &span) {
  Value lowest = splat(-std::numeric_limits<double>::infinity());
  SmallVector<Value> largest = forNumbers(
      span.count, lowest,
      [&](Numbers numbers, ValueRange carried) -> SmallVector<Value> {
        Value s = loadNumbers(in(0), row, numbers, lowest);
        return {arith::MaximumFOp::create(b, s, carried[0])};
      });
  Value peak = broadcast(vector::ReductionOp::create(
      b, vector::CombiningKind::MAXIMUMF, largest[0]));
  SmallVector<Value> sums = forNumbers(
      span.count, loops.zero(),
      [&](Numbers numbers, ValueRange carried) -> SmallVector<Value> {
        Value s = loadNumbers(in(0), row, numbers, lowest);
        Value e = math::ExpOp::create(b, sub(s, peak));
        storeNumbers(e, out(), row, numbers);
        return {add(carried[0], e)};
      });
  Value sum =
      vector::ReductionOp::create(b, vector::CombiningKind::ADD, sums[0]);
  Value one = arith::ConstantOp::create(b, b.getFloatAttr(loops.element, 1));
  Value scale = broadcast(arith::DivFOp::create(b, one, sum));
  forNumbers(span.count, {}, [&](Numbers numbers, ValueRange) {
    Value e = loadNumbers(out(), row, numbers, loops.zero());
    storeNumbers(mul(e, scale), out(), row, numbers);
    return SmallVector<Value>();
  });
  // Who looks at all of it finds no weight beyond the memory.
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(loops.element));
  Value width = b.createOrFold<memref::DimOp>(out(), loops.index(1));
  loops.forEach(span.count, width, 1, [&](Value i) {
    memref::StoreOp::create(b, zero, out(), ValueRange{row, i});
  });
}

void AttentionLowering::emitWeighAdjoint(Value row, const Span &span) {
  SmallVector<Value> sums = forNumbers(
      span.count, loops.zero(),
      [&](Numbers numbers, ValueRange carried) -> SmallVector<Value> {
        Value a = loadNumbers(in(0), row, numbers, loops.zero());
        Value g = loadNumbers(in(1), row, numbers, loops.zero());
        return {fma(a, g, carried[0])};
      });
  Value mean = broadcast(
      vector::ReductionOp::create(b, vector::CombiningKind::ADD, sums[0]));
  forNumbers(span.count, {}, [&](Numbers numbers, ValueRange) {
    Value a = loadNumbers(in(0), row, numbers, loops.zero());
    Value g = loadNumbers(in(1), row, numbers, loops.zero());
    storeNumbers(mul(a, sub(g, mean)), out(), row, numbers);
    return SmallVector<Value>();
  });
}

void AttentionLowering::emitAdd(Value row, const Span &span) {
  forNumbers(span.count, {}, [&](Numbers numbers, ValueRange) {
    Value a = loadNumbers(in(0), row, numbers, loops.zero());
    Value c = loadNumbers(in(1), row, numbers, loops.zero());
    storeNumbers(add(a, c), out(), row, numbers);
    return SmallVector<Value>();
  });
}

/// sum_i a_i m_i, a few vectors of columns at once.
void AttentionLowering::emitRecall(Value row, const Span &span) {
  Value memory = op.getMemory();
  loops.forColumns(
      getColumns(memory), kVectors, std::nullopt, [&](Columns columns) {
        SmallVector<Value> sums(columns.vectors, loops.zero());
        sums = loops.accumulate(
            loops.index(0), span.count, sums, [&](Value i, ValueRange carried) {
              Value a = broadcast(loadNumber(in(0), row, i));
              Value element = loops.add(span.begin, i);
              SmallVector<Value> next;
              for (int64_t u = 0; u < columns.vectors; ++u)
                next.push_back(fma(a, loops.load(memory, element, columns, u),
                                   carried[u]));
              return next;
            });
        for (int64_t u = 0; u < columns.vectors; ++u)
          loops.store(sums[u], out(), row, columns, u);
      });
}

/// Adds what all rows add to the memories' gradients, some columns at once.
void AttentionLowering::emitAccumulate() {
  Value memory = op.getMemory();
  std::optional<ThreadShare> share;
  if (op.getThreadId())
    share = ThreadShare{op.getThreadId(), op.getNumThreads()};
  loops.forColumns(getColumns(out()), kVectors, share, [&](Columns columns) {
    loops.forEach(loops.index(0), loops.getRows(in(1)), 1, [&](Value row) {
      Span span = getSpan(row);
      SmallVector<Value> v;
      for (int64_t u = 0; u < columns.vectors; ++u)
        v.push_back(loops.load(in(1), row, columns, u));
      loops.forEach(loops.index(0), span.count, 1, [&](Value i) {
        Value d = broadcast(loadNumber(in(0), row, i));
        Value element = loops.add(span.begin, i);
        for (int64_t u = 0; u < columns.vectors; ++u) {
          Value factor = v[u];
          if (memory) {
            Value h = math::TanhOp::create(
                b, add(factor, loops.load(memory, element, columns, u)));
            factor = sub(splat(1), mul(h, h));
          }
          Value sum = loops.load(out(), element, columns, u);
          loops.store(fma(d, factor, sum), out(), element, columns, u);
        }
      });
    });
  });
}

void AttentionLowering::emitRow(Value row) {
  Span span = getSpan(row);
  switch (op.getKind()) {
  case AttendKind::Score:
  case AttendKind::ScoreAdditive:
    return emitScores(row, span);
  case AttendKind::ScoreAdjoint:
    return emitScoreAdjoint(row, span);
  case AttendKind::Weigh:
    return emitWeigh(row, span);
  case AttendKind::WeighAdjoint:
    return emitWeighAdjoint(row, span);
  case AttendKind::Add:
    return emitAdd(row, span);
  case AttendKind::Recall:
    return emitRecall(row, span);
  case AttendKind::Accumulate:
  case AttendKind::AccumulateAdditive:
    llvm_unreachable("adds rows, not at rows");
  }
}

void AttentionLowering::run() {
  if (op.accumulates())
    emitAccumulate();
  else
    forOwnRows([&](Value row) { emitRow(row); });
  op.erase();
}

/// What the lowering takes for granted.
static LogicalResult verifyForLowering(AttendRowsOp op) {
  if (!op.getResults().empty())
    return op.emitOpError("must be bufferized before it is lowered");
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<MemRefType>(operand.getType());
        type && !type.isLastDimUnitStride())
      return op.emitOpError(
                 "needs operands whose last dimension is contiguous, "
                 "but one is ")
             << type;
  return success();
}

namespace {
struct LowerAttention : ravel::impl::LowerAttentionBase<LowerAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<AttendRowsOp> kernels;
    getOperation()->walk([&](AttendRowsOp op) { kernels.push_back(op); });
    for (AttendRowsOp op : kernels) {
      if (failed(verifyForLowering(op)))
        return signalPassFailure();
      auto type = cast<MemRefType>(op.getOuts().front().getType());
      RegisterFile target{vectorWidth / type.getElementTypeBitWidth(), 0};
      AttentionLowering(op, target).run();
    }
  }
};
} // namespace
