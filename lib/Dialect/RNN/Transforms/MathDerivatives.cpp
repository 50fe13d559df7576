//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Derivatives of ops of the dialects `arith`, `math` and `tensor`.
//
// Those of elementwise functions are a table, one line each: the gradients of
// the operands as expressions in `g`, the gradient of the result, `y`, the
// result, and `x0`, `x1`, …, the operands. An expression is a recipe, evaluated
// only for an operand that wants a gradient; so a value of the forward pass is
// asked for only if it is needed.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/Transforms/MathDerivatives.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include <functional>

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

namespace {

/// Where an expression is evaluated: an op, and the place in the backward pass.
struct Site {
  OpBuilder &builder;
  AdjointContext &context;
  Operation *op;

  Location getLoc() const { return op->getLoc(); }
  Type getType() const { return op->getResult(0).getType(); }
};

/// A recipe for a value of the backward pass. An empty one is zero.
class Expr {
public:
  using Build = std::function<Value(Site &)>;

  Expr() = default;
  Expr(Build build) : build(std::move(build)) {}
  Expr(double value)
      : build([value](Site &site) {
          return createSplat(site.builder, site.getLoc(), site.getType(),
                             value);
        }) {}

  bool isZero() const { return !build; }
  Value operator()(Site &site) const { return build(site); }

private:
  Build build;
};

/// The gradients of an op's operands.
using Partials = SmallVector<Expr, 3>;

} // namespace

/// `OpTy` of operands.
template <typename OpTy, typename... Operands>
static Expr apply(Operands... operands) {
  return Expr::Build([=](Site &site) -> Value {
    // Braces evaluate from left to right, on every compiler.
    std::array<Value, sizeof...(Operands)> values{operands(site)...};
    return std::apply(
        [&](auto... value) -> Value {
          return OpTy::create(site.builder, site.getLoc(), value...);
        },
        values);
  });
}

static Expr operator+(Expr a, Expr b) { return apply<arith::AddFOp>(a, b); }
static Expr operator-(Expr a, Expr b) { return apply<arith::SubFOp>(a, b); }
static Expr operator*(Expr a, Expr b) { return apply<arith::MulFOp>(a, b); }
static Expr operator/(Expr a, Expr b) { return apply<arith::DivFOp>(a, b); }
static Expr operator-(Expr a) { return apply<arith::NegFOp>(a); }

static Expr compare(arith::CmpFPredicate predicate, Expr a, Expr b) {
  return Expr::Build([=](Site &site) -> Value {
    Value lhs = a(site);
    Value rhs = b(site);
    return arith::CmpFOp::create(site.builder, site.getLoc(), predicate, lhs,
                                 rhs);
  });
}
static Expr operator>(Expr a, Expr b) {
  return compare(arith::CmpFPredicate::OGT, a, b);
}
static Expr operator>=(Expr a, Expr b) {
  return compare(arith::CmpFPredicate::OGE, a, b);
}
static Expr select(Expr condition, Expr a, Expr b) {
  return apply<arith::SelectOp>(condition, a, b);
}

static Expr operand(unsigned index) {
  return Expr::Build([=](Site &site) {
    return site.context.getForward(site.builder, site.op->getOperand(index));
  });
}

//===----------------------------------------------------------------------===//
// Elementwise functions
//===----------------------------------------------------------------------===//

/// The line of `OpTy` in the table, which the first call writes.
template <typename OpTy>
static const Partials &getPartials(Partials line = {}) {
  static const Partials partials = std::move(line);
  return partials;
}

namespace {

template <typename OpTy>
struct ElementwiseModel
    : DifferentiableOpInterface::ExternalModel<ElementwiseModel<OpTy>, OpTy> {
  LogicalResult buildAdjoint(Operation *op, OpBuilder &builder,
                             AdjointContext &context) const {
    Site site{builder, context, op};
    for (auto [operand, partial] :
         llvm::zip_equal(op->getOperands(), getPartials<OpTy>()))
      if (!partial.isZero() && context.isActive(operand))
        context.addGradient(builder, operand, partial(site));
    return success();
  }
  bool isPiecewiseConstant(Operation *) const {
    return llvm::all_of(getPartials<OpTy>(),
                        [](const Expr &partial) { return partial.isZero(); });
  }
};

} // namespace

template <typename OpTy> static void add(MLIRContext *context, Partials line) {
  getPartials<OpTy>(std::move(line));
  OpTy::template attachInterface<ElementwiseModel<OpTy>>(*context);
}

static void addElementwise(MLIRContext *context) {
  constexpr double ln2 = 0.69314718055994530942;
  constexpr double ln10 = 2.30258509299404568402;
  constexpr double twoOverSqrtPi = 1.12837916709551257390;
  const Expr zero;
  const Expr g([](Site &site) {
    return site.context.getGradient(site.op->getResult(0));
  });
  const Expr y([](Site &site) {
    return site.context.getForward(site.builder, site.op->getResult(0));
  });
  const Expr x0 = operand(0), x1 = operand(1);
  const Expr sign0 = apply<math::CopySignOp>(Expr(1.0), x0);
  const Expr sign1 = apply<math::CopySignOp>(Expr(1.0), x1);

  // Where two operands of a maximum or minimum are equal, the first counts.
  // clang-format off
  add<arith::AddFOp>     (context, {g, g});
  add<arith::SubFOp>     (context, {g, -g});
  add<arith::MulFOp>     (context, {g * x1, g * x0});
  add<arith::DivFOp>     (context, {g / x1, -(g * y) / x1});
  add<arith::NegFOp>     (context, {-g});
  add<arith::RemFOp>     (context, {g, -(g * apply<math::TruncOp>(x0 / x1))});
  add<arith::MaximumFOp> (context, {select(x0 >= x1, g, 0.0), select(x0 >= x1, 0.0, g)});
  add<arith::MaxNumFOp>  (context, {select(x0 >= x1, g, 0.0), select(x0 >= x1, 0.0, g)});
  add<arith::MinimumFOp> (context, {select(x1 >= x0, g, 0.0), select(x1 >= x0, 0.0, g)});
  add<arith::MinNumFOp>  (context, {select(x1 >= x0, g, 0.0), select(x1 >= x0, 0.0, g)});
  add<arith::SelectOp>   (context, {zero, select(x0, g, 0.0), select(x0, 0.0, g)});

  add<math::AbsFOp>      (context, {select(x0 > 0.0, g, select(0.0 > x0, -g, 0.0))});
  add<math::AcosOp>      (context, {-(g * apply<math::RsqrtOp>(1.0 - x0 * x0))});
  add<math::AcoshOp>     (context, {g * apply<math::RsqrtOp>(x0 * x0 - 1.0)});
  add<math::AsinOp>      (context, {g * apply<math::RsqrtOp>(1.0 - x0 * x0)});
  add<math::AsinhOp>     (context, {g * apply<math::RsqrtOp>(1.0 + x0 * x0)});
  add<math::AtanOp>      (context, {g / (1.0 + x0 * x0)});
  add<math::AtanhOp>     (context, {g / (1.0 - x0 * x0)});
  add<math::Atan2Op>     (context, {g * x1 / (x0 * x0 + x1 * x1), -(g * x0) / (x0 * x0 + x1 * x1)});
  add<math::CbrtOp>      (context, {g / (3.0 * y * y)});
  add<math::CeilOp>      (context, {zero});
  add<math::CopySignOp>  (context, {g * sign0 * sign1, zero});
  add<math::CosOp>       (context, {-(g * apply<math::SinOp>(x0))});
  add<math::CoshOp>      (context, {g * apply<math::SinhOp>(x0)});
  add<math::ErfOp>       (context, {g * (twoOverSqrtPi * apply<math::ExpOp>(-(x0 * x0)))});
  add<math::ErfcOp>      (context, {-(g * (twoOverSqrtPi * apply<math::ExpOp>(-(x0 * x0))))});
  add<math::ExpOp>       (context, {g * y});
  add<math::Exp2Op>      (context, {g * (ln2 * y)});
  add<math::ExpM1Op>     (context, {g * (y + 1.0)});
  add<math::FloorOp>     (context, {zero});
  add<math::FmaOp>       (context, {g * x1, g * x0, g});
  add<math::LogOp>       (context, {g / x0});
  add<math::Log10Op>     (context, {g / (ln10 * x0)});
  add<math::Log1pOp>     (context, {g / (1.0 + x0)});
  add<math::Log2Op>      (context, {g / (ln2 * x0)});
  add<math::PowFOp>      (context, {g * (x1 * apply<math::PowFOp>(x0, x1 - 1.0)), g * (y * apply<math::LogOp>(x0))});
  add<math::RoundOp>     (context, {zero});
  add<math::RoundEvenOp> (context, {zero});
  add<math::RsqrtOp>     (context, {g * (-0.5 * (y * y * y))});
  add<math::SinOp>       (context, {g * apply<math::CosOp>(x0)});
  add<math::SinhOp>      (context, {g * apply<math::CoshOp>(x0)});
  add<math::SqrtOp>      (context, {g * (0.5 / y)});
  add<math::TanOp>       (context, {g * (1.0 + y * y)});
  add<math::TanhOp>      (context, {g * (1.0 - y * y)});
  add<math::TruncOp>     (context, {zero});
  // clang-format on
}

//===----------------------------------------------------------------------===//
// Parts of vectors
//===----------------------------------------------------------------------===//

namespace {

struct ConcatModel
    : DifferentiableOpInterface::ExternalModel<ConcatModel, tensor::ConcatOp> {
  /// Each operand gets its slice of the gradient.
  LogicalResult buildAdjoint(Operation *op, OpBuilder &builder,
                             AdjointContext &context) const {
    auto concat = cast<tensor::ConcatOp>(op);
    Value g = context.getGradient(concat.getResult());
    int64_t dim = static_cast<int64_t>(concat.getDim());
    int64_t offset = 0;
    for (Value operand : concat.getInputs()) {
      auto type = cast<RankedTensorType>(operand.getType());
      if (!type.hasStaticShape())
        return op->emitOpError("is differentiable for static shapes only");
      if (context.isActive(operand)) {
        SmallVector<OpFoldResult> offsets(type.getRank(),
                                          builder.getIndexAttr(0));
        SmallVector<OpFoldResult> strides(type.getRank(),
                                          builder.getIndexAttr(1));
        SmallVector<OpFoldResult> sizes =
            getAsIndexOpFoldResult(builder.getContext(), type.getShape());
        offsets[dim] = builder.getIndexAttr(offset);
        context.addGradient(
            builder, operand,
            tensor::ExtractSliceOp::create(builder, op->getLoc(), type, g,
                                           offsets, sizes, strides));
      }
      offset += type.getDimSize(dim);
    }
    return success();
  }
};

struct ExtractSliceModel
    : DifferentiableOpInterface::ExternalModel<ExtractSliceModel,
                                               tensor::ExtractSliceOp> {
  /// The gradient between zeros.
  LogicalResult buildAdjoint(Operation *op, OpBuilder &builder,
                             AdjointContext &context) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    RankedTensorType type = slice.getSourceType();
    if (type.getRank() != 1 || slice.getType().getRank() != 1 ||
        !type.hasStaticShape() ||
        ShapedType::isDynamicShape(slice.getStaticSizes()) ||
        ShapedType::isDynamic(slice.getStaticOffsets()[0]) ||
        slice.getStaticStrides()[0] != 1)
      return op->emitOpError("is differentiable for static slices of vectors "
                             "with stride 1 only");
    int64_t before = slice.getStaticOffsets()[0];
    int64_t after = type.getDimSize(0) - before - slice.getStaticSizes()[0];
    auto createZeros = [&](int64_t size) {
      return createSplat(builder, op->getLoc(),
                         RankedTensorType::get({size}, type.getElementType()),
                         0.0);
    };
    SmallVector<Value> parts;
    if (before > 0)
      parts.push_back(createZeros(before));
    parts.push_back(context.getGradient(slice.getResult()));
    if (after > 0)
      parts.push_back(createZeros(after));
    if (parts.size() > 1)
      parts = {
          tensor::ConcatOp::create(builder, op->getLoc(), /*dim=*/0, parts)};
    context.addGradient(builder, slice.getSource(), parts.front());
    return success();
  }
};

} // namespace

void ravel::rnn::registerMathDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RNNDialect *,
                            arith::ArithDialect *, math::MathDialect *,
                            tensor::TensorDialect *) {
    addElementwise(context);
    tensor::ConcatOp::attachInterface<ConcatModel>(*context);
    tensor::ExtractSliceOp::attachInterface<ExtractSliceModel>(*context);
  });
}
