//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Cuts a function that generates in two: what comes before its decoder, and one
// step of the decoder. What the step uses of the first part is handed over:
//
//   * the class to start from and the initial states, one for each example;
//   * other values of the example, which every step reads;
//   * memories.
//
// Parameters are arguments of both, each of those that it uses.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNOUTLINEDECODE
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

namespace {
/// What the body of a decoder uses from outside.
struct Captured {
  llvm::SetVector<Value> parameters, examples, memories;
  llvm::SetVector<Operation *> constants;
};
} // namespace

static bool isParameter(func::FuncOp function, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.getOwner() == &function.front() &&
         function.getArgAttr(argument.getArgNumber(),
                             RNNDialect::kParameterAttr);
}

/// Fails where the body uses what no step can be handed.
static FailureOr<Captured> findCaptured(func::FuncOp function,
                                        DecodeOp decode) {
  Captured captured;
  WalkResult result = decode.getBody().walk([&](Operation *op) {
    for (Value value : op->getOperands()) {
      Operation *def = value.getDefiningOp();
      if (decode.getBody().isAncestor(value.getParentRegion()))
        continue;
      if (def && def->hasTrait<OpTrait::ConstantLike>()) {
        captured.constants.insert(def);
      } else if (isParameter(function, value)) {
        captured.parameters.insert(value);
      } else if (isa<MemoryType>(value.getType())) {
        captured.memories.insert(value);
      } else if (isa<SeqType>(value.getType())) {
        InFlightDiagnostic diag = op->emitError(
            "a decoder reads sequences from outside by rnn.attend alone");
        diag.attachNote(value.getLoc()) << "the sequence is defined here";
        return WalkResult::interrupt();
      } else {
        captured.examples.insert(value);
      }
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return captured;
}

static void addResults(func::FuncOp function, ValueRange values) {
  Operation *returned = function.front().getTerminator();
  returned->setOperands(values);
  function.setType(FunctionType::get(
      function.getContext(), function.getArgumentTypes(), values.getTypes()));
  function.removeResAttrsAttr();
}

/// Removes parameters that nothing uses.
static LogicalResult dropParameters(func::FuncOp function) {
  llvm::BitVector unused(function.getNumArguments());
  for (BlockArgument argument : function.getArguments())
    if (argument.use_empty() && isParameter(function, argument))
      unused.set(argument.getArgNumber());
  return function.eraseArguments(unused);
}

/// One step of `decode` as a function: (class chosen last, states, values of
/// the example, memories, parameters) to (what the body puts out, next states).
static func::FuncOp createStep(func::FuncOp function, DecodeOp decode,
                               const Captured &captured) {
  OpBuilder builder(function->getContext());
  builder.setInsertionPointAfter(function);
  Location loc = decode.getLoc();
  auto step =
      func::FuncOp::create(builder, loc, (function.getName() + ".step").str(),
                           builder.getFunctionType({}, {}));
  Block *entry = step.addEntryBlock();
  SmallVector<DictionaryAttr> attrs;
  IRMapping mapping;
  auto add = [&](Value value, const Twine &name) {
    mapping.map(value, entry->addArgument(value.getType(), value.getLoc()));
    attrs.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        RNNDialect::kNameAttr, builder.getStringAttr(name))));
  };
  add(decode.getPrevious(), "previous");
  for (auto [index, state] : llvm::enumerate(decode.getStateArgs()))
    add(state, "state" + Twine(index));
  for (auto [index, value] : llvm::enumerate(captured.examples))
    add(value, "example" + Twine(index));
  for (auto [index, value] : llvm::enumerate(captured.memories))
    add(value, "memory" + Twine(index));
  for (Value value : captured.parameters) {
    add(value, "");
    attrs.back() =
        function.getArgAttrDict(cast<BlockArgument>(value).getArgNumber());
  }
  builder.setInsertionPointToStart(entry);
  for (Operation *constant : captured.constants)
    builder.clone(*constant, mapping);
  for (Operation &op : decode.getEntry().without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results;
  for (Value value : decode.getYield().getOperands())
    results.push_back(mapping.lookup(value));
  func::ReturnOp::create(builder, loc, results);
  step.setType(builder.getFunctionType(entry->getArgumentTypes(),
                                       TypeRange(ValueRange(results))));
  step.setAllArgAttrs(attrs);
  return step;
}

static LogicalResult outline(func::FuncOp function, DecodeOp decode) {
  FailureOr<Captured> captured = findCaptured(function, decode);
  if (failed(captured))
    return failure();
  createStep(function, decode, *captured);

  Builder builder(function.getContext());
  SmallVector<Value> results{decode.getStart()};
  llvm::append_range(results, decode.getStates());
  llvm::append_range(results, captured->examples);
  llvm::append_range(results, captured->memories);
  auto number = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  function->setAttr(
      RNNDialect::kDecodeAttr,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("until", number(decode.getUntil())),
           builder.getNamedAttr("max", number(*decode.getMax())),
           builder.getNamedAttr("states", number(decode.getStates().size())),
           builder.getNamedAttr("examples", number(captured->examples.size())),
           builder.getNamedAttr(
               "outputs", number(decode.getYield().getOutputs().size()))}));
  addResults(function, results);
  decode.erase();
  function.setName((function.getName() + ".start").str());
  return dropParameters(function);
}

namespace {
struct OutlineDecodePass
    : public ravel::rnn::impl::RNNOutlineDecodeBase<OutlineDecodePass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<DecodeOp> decoders;
    getOperation().walk([&](DecodeOp op) { decoders.push_back(op); });
    DenseSet<Operation *> seen;
    for (DecodeOp decode : decoders) {
      auto function = dyn_cast<func::FuncOp>(decode->getParentOp());
      if (!function || !seen.insert(function).second) {
        decode.emitError("a function generates one sequence: its decoder must "
                         "stand in it by itself");
        return signalPassFailure();
      }
      Operation *returned = function.front().getTerminator();
      if (!llvm::equal(returned->getOperands(), decode.getResults())) {
        decode.emitError("a function that generates must return what its "
                         "decoder gives, and nothing else");
        return signalPassFailure();
      }
      if (failed(outline(function, decode)))
        return signalPassFailure();
    }
  }
};
} // namespace
