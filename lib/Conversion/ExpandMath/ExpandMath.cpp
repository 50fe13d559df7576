//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the functions of `math`, and the activations of `rnn`, as arithmetic
// on numbers and vectors of f32 and f64 alike, so that code calls no library
// and vectors stay vectors. The functions are in Exponential.cpp,
// Logarithm.cpp, Circular.cpp and ErrorFunction.cpp; what has none there and is
// f32 has one in MLIR.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ravel/Conversion/Passes.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

namespace ravel {
#define GEN_PASS_DEF_EXPANDMATH
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;

namespace {
using UnaryFn = Value (Arithmetic::*)(Value);
using BinaryFn = Value (Arithmetic::*)(Value, Value);

/// Replaces an op on f32 or f64 by what `expand` builds.
struct ExpandPattern : RewritePattern {
  using Expand = std::function<Value(Arithmetic &, ValueRange)>;

  ExpandPattern(StringRef name, MLIRContext *context, Expand expand,
                bool doubleOnly)
      : RewritePattern(name, /*benefit=*/2, context), expand(std::move(expand)),
        doubleOnly(doubleOnly) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    Type type = op->getResult(0).getType();
    Type element = getElementTypeOrSelf(type);
    if (!element.isF64() && (doubleOnly || !element.isF32()))
      return rewriter.notifyMatchFailure(op, "of another float type");
    if (isa<ShapedType>(type) && !isa<VectorType>(type))
      return rewriter.notifyMatchFailure(op, "neither a number nor a vector");
    ImplicitLocOpBuilder builder(op->getLoc(), rewriter);
    Arithmetic arithmetic(builder, type);
    rewriter.replaceOp(op, expand(arithmetic, op->getOperands()));
    return success();
  }

  Expand expand;
  bool doubleOnly;
};

/// The patterns, by what they are made of.
class PatternTable {
public:
  explicit PatternTable(RewritePatternSet &patterns) : patterns(patterns) {}

  template <typename OpTy>
  void add(ExpandPattern::Expand expand, bool doubleOnly = false) {
    patterns.add(std::make_unique<ExpandPattern>(
        OpTy::getOperationName(), patterns.getContext(), std::move(expand),
        doubleOnly));
  }
  template <typename OpTy> void add(UnaryFn function, bool doubleOnly = false) {
    add<OpTy>(
        [function](Arithmetic &a, ValueRange x) { return (a.*function)(x[0]); },
        doubleOnly);
  }
  template <typename OpTy>
  void add(BinaryFn function, bool doubleOnly = false) {
    add<OpTy>([function](Arithmetic &a,
                         ValueRange x) { return (a.*function)(x[0], x[1]); },
              doubleOnly);
  }

private:
  RewritePatternSet &patterns;
};

struct ExpandMath : ravel::impl::ExpandMathBase<ExpandMath> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

static void addExponentials(PatternTable &table) {
  table.add<math::ExpOp>(&Arithmetic::exp);
  table.add<math::Exp2Op>(&Arithmetic::exp2);
  table.add<math::ExpM1Op>(&Arithmetic::expm1);
  table.add<math::SinhOp>(&Arithmetic::sinh);
  table.add<math::CoshOp>(&Arithmetic::cosh);
  table.add<math::TanhOp>(&Arithmetic::tanh);
  table.add<rnn::SigmoidOp>(&Arithmetic::sigmoid);
  table.add<rnn::SoftplusOp>(&Arithmetic::softplus);
  table.add<rnn::GeluOp>(&Arithmetic::gelu);
}

static void addLogarithms(PatternTable &table) {
  table.add<math::LogOp>(&Arithmetic::log);
  table.add<math::Log1pOp>(&Arithmetic::log1p);
  table.add<math::Log2Op>([](Arithmetic &a, ValueRange x) {
    return a.mul(a.log(x[0]), a.constant(1.44269504088896340736));
  });
  table.add<math::Log10Op>([](Arithmetic &a, ValueRange x) {
    return a.mul(a.log(x[0]), a.constant(0.43429448190325182765));
  });
  table.add<math::PowFOp>(&Arithmetic::pow);
  table.add<math::AsinhOp>(&Arithmetic::asinh);
  table.add<math::AcoshOp>(&Arithmetic::acosh);
  table.add<math::AtanhOp>(&Arithmetic::atanh);
  table.add<math::RsqrtOp>([](Arithmetic &a, ValueRange x) {
    return a.div(a.constant(1), a.sqrt(x[0]));
  });
}

static void addCircular(PatternTable &table) {
  table.add<math::SinOp>(&Arithmetic::sin);
  table.add<math::CosOp>(&Arithmetic::cos);
  table.add<math::TanOp>([](Arithmetic &a, ValueRange x) {
    return a.div(a.sin(x[0]), a.cos(x[0]));
  });
}

/// Functions of f64 that MLIR has for f32.
static void addDoubleOnly(PatternTable &table) {
  constexpr bool doubleOnly = true;
  table.add<math::ErfOp>(&Arithmetic::erf, doubleOnly);
  table.add<math::ErfcOp>(&Arithmetic::erfc, doubleOnly);
  table.add<math::CbrtOp>(&Arithmetic::cbrt, doubleOnly);
  table.add<math::AsinOp>(&Arithmetic::asin, doubleOnly);
  table.add<math::AcosOp>(&Arithmetic::acos, doubleOnly);
  table.add<math::AtanOp>(&Arithmetic::atan, doubleOnly);
  table.add<math::Atan2Op>(&Arithmetic::atan2, doubleOnly);
}

void ExpandMath::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  PatternTable table(patterns);
  addExponentials(table);
  addLogarithms(table);
  addCircular(table);
  addDoubleOnly(table);
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return llvm::is_contained({"math.erf", "math.erfc", "math.atan",
                               "math.atan2", "math.asin", "math.acos",
                               "math.cbrt"},
                              name);
  });
  if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
    signalPassFailure();
}
