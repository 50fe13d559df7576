//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/AttrTypeSubElements.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNSETPRECISION
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

/// `value`, rounded to the format of `type`.
static APFloat convertTo(APFloat value, FloatType type) {
  bool losesInfo;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value;
}

namespace {
struct SetPrecisionPass
    : public ravel::rnn::impl::RNNSetPrecisionBase<SetPrecisionPass> {
  using Base::Base;

  void runOnOperation() override {
    if (type == "f32")
      return;
    if (type != "f64") {
      getOperation().emitError("rnn-set-precision: type must be f32 or f64, "
                               "but is ")
          << type;
      return signalPassFailure();
    }
    auto target = Float64Type::get(&getContext());
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](Float32Type) -> Type { return target; });
    replacer.addReplacement([&](FloatAttr attr) -> std::optional<Attribute> {
      if (!attr.getType().isF32())
        return std::nullopt;
      return FloatAttr::get(target, convertTo(attr.getValue(), target));
    });
    replacer.addReplacement(
        [&](DenseFPElementsAttr attr) -> std::optional<Attribute> {
          if (!attr.getElementType().isF32())
            return std::nullopt;
          return attr.mapValues(target, [&](const APFloat &value) {
            return convertTo(value, target).bitcastToAPInt();
          });
        });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};
} // namespace
