//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Moves what depends on parameters alone out of a function, into a companion
// that is called when the parameters are loaded or change.
//
// A gradient's parameters change at every call: it stays as it is.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "ravel/Conversion/Passes.h"

namespace ravel {
#define GEN_PASS_DEF_PREPAREPARAMETERS
#include "ravel/Conversion/Passes.h.inc"
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {
/// What a function computes of its parameters alone.
struct Preparation {
  /// Ops, in order.
  SetVector<Operation *> ops;
  /// Their results that the rest of the function uses.
  SmallVector<Value> results;
};
} // namespace

static bool hasRole(func::FuncOp function, unsigned index, StringRef role) {
  auto attr =
      function.getArgAttrOfType<StringAttr>(index, RNNDialect::kRoleAttr);
  return attr && attr.getValue() == role;
}

/// Whether `op` only shows part of a tensor in another shape.
static bool isView(Operation *op) {
  return isa<tensor::ExtractSliceOp, tensor::CastOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp>(op);
}

static Preparation findPreparation(func::FuncOp function) {
  DenseSet<Value> known, ofParameters;
  for (BlockArgument argument : function.getArguments())
    if (hasRole(function, argument.getArgNumber(), "parameter")) {
      known.insert(argument);
      ofParameters.insert(argument);
    }
  Preparation result;
  for (Operation &op : function.front().without_terminator()) {
    // Part of a parameter is the parameter, not a result.
    bool ofArgument = isView(&op) && isa<BlockArgument>(op.getOperand(0));
    bool isKnown = op.getNumRegions() == 0 && isMemoryEffectFree(&op) &&
                   (!isView(&op) || ofArgument) && op.getNumResults() != 0 &&
                   llvm::all_of(op.getOperands(), [&](Value operand) {
                     return known.contains(operand);
                   });
    if (!isKnown)
      continue;
    result.ops.insert(&op);
    known.insert(op.result_begin(), op.result_end());
    if (llvm::any_of(op.getOperands(), [&](Value operand) {
          return ofParameters.contains(operand);
        }))
      ofParameters.insert(op.result_begin(), op.result_end());
  }
  for (Operation *op : result.ops) {
    if (isView(op))
      continue;
    for (Value value : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      bool leaves = llvm::any_of(value.getUsers(), [&](Operation *user) {
        return !result.ops.contains(user);
      });
      if (type && type.hasStaticShape() && leaves &&
          ofParameters.contains(value))
        result.results.push_back(value);
    }
  }
  return result;
}

static DictionaryAttr makeAttrs(OpBuilder &builder, StringRef role,
                                bool isWritable) {
  NamedAttrList list;
  list.set(RNNDialect::kRoleAttr, builder.getStringAttr(role));
  list.set(bufferization::BufferizationDialect::kWritableAttrName,
           builder.getBoolAttr(isWritable));
  return list.getDictionary(builder.getContext());
}

/// Creates the companion, which takes the parameters and a destination for each
/// result of `preparation`.
static void createCompanion(func::FuncOp function,
                            const Preparation &preparation) {
  OpBuilder builder(function);
  SmallVector<Type> inputs, results;
  SmallVector<Attribute> attrs;
  SmallVector<BlockArgument> parameters;
  for (BlockArgument argument : function.getArguments())
    if (hasRole(function, argument.getArgNumber(), "parameter")) {
      parameters.push_back(argument);
      inputs.push_back(argument.getType());
      attrs.push_back(function.getArgAttrDict(argument.getArgNumber()));
    }
  for (Value value : preparation.results) {
    inputs.push_back(value.getType());
    results.push_back(value.getType());
    attrs.push_back(makeAttrs(builder, "output", /*isWritable=*/true));
  }
  auto companion = func::FuncOp::create(
      builder, function.getLoc(), (function.getName() + ".prepare").str(),
      builder.getFunctionType(inputs, results));
  companion.setAllArgAttrs(attrs);
  companion.setVisibility(function.getVisibility());
  companion->setAttr(RNNDialect::kCompanionAttr,
                     FlatSymbolRefAttr::get(function.getSymNameAttr()));
  Block *entry = companion.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  for (auto [parameter, argument] :
       llvm::zip(parameters, entry->getArguments()))
    mapping.map(parameter, argument);
  // What is computed into fresh memory goes to its destination at once.
  auto destinations = entry->getArguments().drop_front(parameters.size());
  DenseMap<Value, Value> destinationOf;
  for (auto [value, destination] : llvm::zip(preparation.results, destinations))
    destinationOf.try_emplace(value, destination);
  for (Operation *op : preparation.ops) {
    Operation *clone = builder.clone(*op, mapping);
    auto style = dyn_cast<DestinationStyleOpInterface>(clone);
    if (!style)
      continue;
    for (OpOperand &init : style.getDpsInitsMutable()) {
      Value destination = destinationOf.lookup(
          op->getResult(style.getTiedOpResult(&init).getResultNumber()));
      if (destination && init.get().getDefiningOp<tensor::EmptyOp>())
        init.set(destination);
    }
  }
  SmallVector<Value> values;
  for (Value value : preparation.results)
    values.push_back(mapping.lookup(value));
  func::ReturnOp::create(builder, function.getLoc(), values);
}

/// Replaces the results of `preparation` by arguments.
static LogicalResult usePreparation(func::FuncOp function,
                                    Preparation &preparation) {
  OpBuilder builder(function.getContext());
  for (Value value : preparation.results) {
    unsigned position = function.getNumArguments();
    if (failed(function.insertArgument(
            position, value.getType(),
            makeAttrs(builder, "prepared", /*isWritable=*/false),
            value.getLoc())))
      return failure();
    value.replaceAllUsesWith(function.getArgument(position));
  }
  for (Operation *op : llvm::reverse(preparation.ops))
    if (op->use_empty())
      op->erase();
  return success();
}

static bool isGradient(func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (function.getArgAttr(i, RNNDialect::kGradientAttr))
      return true;
  return false;
}

namespace {
struct PrepareParameters
    : ravel::impl::PrepareParametersBase<PrepareParameters> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      if (function.isExternal() || isGradient(function))
        continue;
      Preparation preparation = findPreparation(function);
      if (preparation.results.empty())
        continue;
      createCompanion(function, preparation);
      if (failed(usePreparation(function, preparation)))
        return signalPassFailure();
    }
  }
};
} // namespace
