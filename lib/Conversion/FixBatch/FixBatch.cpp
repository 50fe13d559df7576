//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Makes the number of examples of a batch a constant where it is known, so that
// loops over them fold. The step of a stream is told the number of the instant,
// or whether it is odd. Casts from the arguments' new types to the old ones
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
        auto cast =
            memref::CastOp::create(builder, argument.getLoc(), type, argument);
        argument.replaceAllUsesExcept(cast, cast);
      }
    }
    // Every other step reads weights backwards: it finds in the cache what the
    // step before read last.
    if (function->hasAttr(RNNDialect::kStreamAttr)) {
      NamedAttribute role(builder.getStringAttr(RNNDialect::kRoleAttr),
                          builder.getStringAttr("instant"));
      if (failed(function.insertArgument(
              function.getNumArguments(), builder.getIndexType(),
              builder.getDictionaryAttr(role), function.getLoc())))
        return signalPassFailure();
    }
    function.setType(builder.getFunctionType(
        entry.getArgumentTypes(), function.getFunctionType().getResults()));
  }
};
} // namespace
