//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Makes the number of examples of a batch a constant where it is known, so that
// loops over them fold. Casts from the arguments' new types to the old ones
// leave the rest to canonicalization.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_FIXBATCH
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
struct FixBatch : ravel::impl::FixBatchBase<FixBatch> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto size =
        function->getAttrOfType<IntegerAttr>(RNNDialect::kBatchSizeAttr);
    if (!size || function.isExternal())
      return;
    Block &entry = function.front();
    OpBuilder builder(&entry, entry.begin());
    for (BlockArgument argument : entry.getArguments()) {
      unsigned index = argument.getArgNumber();
      auto has = [&](StringRef name, StringRef value) {
        auto attr = function.getArgAttrOfType<StringAttr>(index, name);
        return attr && attr.getValue() == value;
      };
      if (has(RNNDialect::kRoleAttr, "batch")) {
        Value constant = arith::ConstantIndexOp::create(
            builder, argument.getLoc(), size.getInt());
        argument.replaceAllUsesWith(constant);
      } else if (has(RNNDialect::kLayoutAttr, "example")) {
        auto type = cast<MemRefType>(argument.getType());
        auto shape = llvm::to_vector(type.getShape());
        shape.front() = size.getInt();
        argument.setType(MemRefType::Builder(type).setShape(shape));
        auto cast = memref::CastOp::create(builder, argument.getLoc(), type,
                                           argument);
        argument.replaceAllUsesExcept(cast, cast);
      }
    }
    function.setType(builder.getFunctionType(
        entry.getArgumentTypes(), function.getFunctionType().getResults()));
  }
};
} // namespace
