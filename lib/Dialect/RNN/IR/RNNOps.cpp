//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "ravel/Dialect/RNN/IR/Columnwise.h"

using namespace mlir;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Assembly helpers
//===----------------------------------------------------------------------===//

/// The type that a cell's values have where none is written.
static RankedTensorType getOpenVectorType(MLIRContext *context) {
  return RankedTensorType::get({ShapedType::kDynamic},
                               Float32Type::get(context));
}

static bool areOpenVectors(TypeRange types) {
  return llvm::all_of(types, [](Type type) {
    return type == getOpenVectorType(type.getContext());
  });
}

/// Parses `result-type`, where operands are then vectors of open size, or
/// `(operand-types) -> result-type`.
static ParseResult
parseSignature(OpAsmParser &parser,
               ArrayRef<OpAsmParser::UnresolvedOperand> operands,
               SmallVectorImpl<Type> &operandTypes, Type &resultType) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  if (auto signature = dyn_cast<FunctionType>(type)) {
    if (signature.getNumResults() != 1)
      return parser.emitError(loc, "expected one result type");
    if (signature.getNumInputs() != operands.size())
      return parser.emitError(loc)
             << "expected " << operands.size() << " operand types, but got "
             << signature.getNumInputs();
    operandTypes.append(signature.getInputs().begin(),
                        signature.getInputs().end());
    resultType = signature.getResult(0);
    return success();
  }
  resultType = type;
  if (isa<SeqType>(type))
    return parser.emitError(loc, "operand types are needed where the result is "
                                 "a sequence: (types) -> type");
  auto vector =
      RankedTensorType::get({ShapedType::kDynamic}, getElementTypeOrSelf(type));
  operandTypes.assign(operands.size(), vector);
  return success();
}

static void printSignature(OpAsmPrinter &printer, Operation *op,
                           OperandRange operands, TypeRange operandTypes,
                           Type resultType) {
  bool open = llvm::all_of(operandTypes, [&](Type type) {
    return type == RankedTensorType::get({ShapedType::kDynamic},
                                         getElementTypeOrSelf(resultType));
  });
  if (open && !isa<SeqType>(resultType))
    printer << resultType;
  else
    printer.printFunctionalType(operandTypes, TypeRange(resultType));
}

//===----------------------------------------------------------------------===//
// CellOp, OptimizerOp
//===----------------------------------------------------------------------===//

/// `(` (%name (`:` type)?)* `)`
static ParseResult
parseArguments(OpAsmParser &parser,
               SmallVectorImpl<OpAsmParser::Argument> &arguments) {
  return parser.parseCommaSeparatedList(
      OpAsmParser::Delimiter::Paren, [&]() -> ParseResult {
        OpAsmParser::Argument &argument = arguments.emplace_back();
        if (parser.parseArgument(argument))
          return failure();
        argument.type = getOpenVectorType(parser.getContext());
        if (succeeded(parser.parseOptionalColon()))
          return parser.parseType(argument.type);
        return success();
      });
}

static ParseResult parseCellLike(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  if (parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                             result.attributes))
    return failure();
  SmallVector<OpAsmParser::Argument> arguments;
  if (parseArguments(parser, arguments))
    return failure();
  result.addAttribute("num_inputs",
                      parser.getBuilder().getI64IntegerAttr(
                          static_cast<int64_t>(arguments.size())));
  if (succeeded(parser.parseOptionalKeyword("state")) &&
      parseArguments(parser, arguments))
    return failure();
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  return parser.parseRegion(*result.addRegion(), arguments);
}

static void printArguments(OpAsmPrinter &printer,
                           Block::BlockArgListType arguments) {
  printer << '(';
  llvm::interleaveComma(arguments, printer, [&](BlockArgument argument) {
    printer << argument;
    if (!areOpenVectors(argument.getType()))
      printer << ": " << argument.getType();
  });
  printer << ')';
}

template <typename OpTy>
static void printCellLike(OpAsmPrinter &printer, OpTy op) {
  printer << ' ';
  printer.printSymbolName(op.getSymName());
  printArguments(printer, op.getInputs());
  if (!op.getStates().empty()) {
    printer << " state";
    printArguments(printer, op.getStates());
  }
  printer.printOptionalAttrDictWithKeyword(
      op->getAttrs(), {SymbolTable::getSymbolAttrName(), "num_inputs"});
  printer << ' ';
  printer.printRegion(op.getBody(), /*printEntryBlockArgs=*/false);
}

/// C1 to C3: `op` yields one next state, of a fitting type, for each state.
template <typename OpTy> static LogicalResult verifyCellLike(OpTy op) {
  if (op.getNumInputs() > op.getEntry().getNumArguments())
    return op.emitOpError("has fewer arguments than inputs");
  for (BlockArgument argument : op.getEntry().getArguments()) {
    auto vector = dyn_cast<RankedTensorType>(argument.getType());
    if (!(vector && vector.getRank() == 1 &&
          isa<FloatType>(vector.getElementType())) &&
        !isa<FloatType>(argument.getType()) &&
        !argument.getType().isInteger(32)) {
      InFlightDiagnostic diag =
          op.emitOpError("C3: inputs and states must be vectors of floats, "
                         "floats or i32, but one is ")
          << argument.getType();
      diag.attachNote(argument.getLoc()) << "here";
      return diag;
    }
  }
  if (op.getEntry().empty() || !isa<YieldOp>(op.getEntry().back()))
    return op.emitOpError("C1: body must end in rnn.yield");
  YieldOp yield = op.getYield();
  size_t numStates = op.getStates().size();
  if (yield.getStates().size() != numStates) {
    InFlightDiagnostic diag =
        yield.emitOpError("C1: must yield one next state for each of the ")
        << numStates << " states, but yields " << yield.getStates().size();
    if (yield.getStates().size() < numStates)
      diag.attachNote(op.getStates()[yield.getStates().size()].getLoc())
          << "this state is never yielded";
    return diag;
  }
  for (auto [index, state, next] :
       llvm::enumerate(op.getStates(), yield.getStates()))
    if (!areCompatible(state.getType(), next.getType())) {
      InFlightDiagnostic diag = yield.emitOpError("C2: next state #")
                                << index << " must have the type of its state";
      diag.attachNote(state.getLoc()) << "expected type: " << state.getType();
      diag.attachNote(yield.getLoc()) << "  actual type: " << next.getType();
      return diag;
    }
  return success();
}

ParseResult CellOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseCellLike(parser, result);
}
void CellOp::print(OpAsmPrinter &printer) { printCellLike(printer, *this); }
LogicalResult CellOp::verifyRegions() { return verifyCellLike(*this); }
void CellOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn) {}
YieldOp CellOp::getYield() { return cast<YieldOp>(getEntry().back()); }

ParseResult OptimizerOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseCellLike(parser, result);
}
void OptimizerOp::print(OpAsmPrinter &printer) {
  printCellLike(printer, *this);
}
void OptimizerOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn) {}
YieldOp OptimizerOp::getYield() { return cast<YieldOp>(getEntry().back()); }

LogicalResult OptimizerOp::verifyRegions() {
  if (failed(verifyCellLike(*this)))
    return failure();
  if (getNumInputs() != 4)
    return emitOpError("C1: must take parameter, gradient, learning rate and "
                       "step, but takes ")
           << getNumInputs() << " inputs";
  if (getYield().getOutputs().size() != 1)
    return emitOpError("C1: must yield the updated parameter, but yields ")
           << getYield().getOutputs().size() << " outputs";
  auto verifyOpen = [&](Value value) -> LogicalResult {
    auto vector = dyn_cast<RankedTensorType>(value.getType());
    if (vector && vector.getRank() == 1 && vector.isDynamicDim(0))
      return success();
    InFlightDiagnostic diag = emitOpError(
        "C2: an optimizer is elementwise; all its values must be vectors of "
        "open size, but one is ");
    diag << value.getType();
    diag.attachNote(value.getLoc()) << "here";
    return diag;
  };
  for (BlockArgument argument : getEntry().getArguments())
    if (failed(verifyOpen(argument)))
      return failure();
  if (failed(verifyOpen(getYield().getOutputs().front())))
    return failure();
  for (Operation &op : getEntry().without_terminator())
    if (!op.hasTrait<OpTrait::Elementwise>() && !isa<ConstantOp, HyperOp>(op)) {
      InFlightDiagnostic diag =
          emitOpError("C2: an optimizer is elementwise, but '");
      diag << op.getName() << "' is not";
      diag.attachNote(op.getLoc()) << "here";
      return diag;
    }
  return success();
}

//===----------------------------------------------------------------------===//
// YieldOp
//===----------------------------------------------------------------------===//

ParseResult YieldOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> outputs, states;
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOperandList(outputs))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("state")) &&
      parser.parseOperandList(states, OpAsmParser::Delimiter::Paren))
    return failure();
  if (parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseOptionalColonTypeList(types))
    return failure();
  size_t count = outputs.size() + states.size();
  if (types.empty())
    types.assign(count, getOpenVectorType(parser.getContext()));
  result.getOrAddProperties<Properties>().setOperandSegmentSizes(
      {static_cast<int32_t>(outputs.size()),
       static_cast<int32_t>(states.size())});
  llvm::append_range(outputs, states);
  return parser.resolveOperands(outputs, types, loc, result.operands);
}

void YieldOp::print(OpAsmPrinter &printer) {
  if (!getOutputs().empty())
    printer << ' ' << getOutputs();
  if (!getStates().empty())
    printer << " state(" << getStates() << ')';
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {getOperandSegmentSizesAttrName()});
  if (!areOpenVectors(getOperandTypes()))
    printer << " : " << getOperandTypes();
}

//===----------------------------------------------------------------------===//
// GateOp, ProjectOp, ParamOp, ConstantOp, HyperOp, EmbedOp, DropoutOp
//===----------------------------------------------------------------------===//

/// `init` is an initializer, or an array with one for each of `count` weights.
static LogicalResult verifyInitializer(Operation *op, Attribute init,
                                       StringRef constraint,
                                       std::optional<size_t> count) {
  if (!init || isa<InitializerAttrInterface>(init))
    return success();
  auto array = dyn_cast<ArrayAttr>(init);
  if (!count || !array)
    return op->emitOpError(constraint)
           << ": 'init' must be an initializer such as #rnn.glorot, but is "
           << init;
  if (array.size() != *count)
    return op->emitOpError(constraint)
           << ": 'init' must hold one initializer for each of " << *count
           << " operands, but holds " << array.size();
  for (Attribute attr : array)
    if (!isa<InitializerAttrInterface>(attr))
      return op->emitOpError(constraint) << ": 'init' must hold initializers "
                                            "such as #rnn.glorot, but holds "
                                         << attr;
  return success();
}

template <typename OpTy> static LogicalResult verifyAffine(OpTy op) {
  if (op.getOperands_().empty())
    return op.emitOpError("C1: needs at least one operand");
  if (failed(verifyInitializer(op, op.getInitAttr(), "C2",
                               op.getOperands_().size())))
    return failure();
  bool sequence = isa<SeqType>(op.getResult().getType());
  Type scalar = getScalarType(op.getResult().getType());
  for (Value operand : op.getOperands_()) {
    if (isa<SeqType>(operand.getType()) != sequence)
      return op.emitOpError("C3: operands and result must all be sequences, or "
                            "none; expected ")
             << (sequence ? "a sequence" : "a vector") << ", but an operand is "
             << operand.getType();
    if (getScalarType(operand.getType()) != scalar)
      return op.emitOpError("C4: operands and result must have one element "
                            "type; expected ")
             << scalar << ", but an operand is " << operand.getType();
  }
  return success();
}

LogicalResult GateOp::verify() { return verifyAffine(*this); }
LogicalResult ProjectOp::verify() { return verifyAffine(*this); }
LogicalResult ReadoutOp::verify() { return verifyAffine(*this); }

LogicalResult ParamOp::verify() {
  return verifyInitializer(*this, getInitAttr(), "C1", std::nullopt);
}

ParseResult ConstantOp::parse(OpAsmParser &parser, OperationState &result) {
  double value;
  Type type;
  if (parser.parseFloat(value) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addAttribute("value", parser.getBuilder().getF64FloatAttr(value));
  result.addTypes(type);
  return success();
}

void ConstantOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printFloat(getValue());
  printer.printOptionalAttrDict((*this)->getAttrs(), {"value"});
  printer << " : " << getType();
}

ParseResult HyperOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  double value;
  Type type;
  if (parser.parseAttribute(name) || parser.parseFloat(value) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addAttribute("name", name);
  result.addAttribute("value", parser.getBuilder().getF64FloatAttr(value));
  result.addTypes(type);
  return success();
}

void HyperOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getNameAttr() << ' ';
  printer.printFloat(getValue());
  printer.printOptionalAttrDict((*this)->getAttrs(), {"name", "value"});
  printer << " : " << getType();
}

ParseResult EmbedOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  OpAsmParser::UnresolvedOperand index;
  Type type;
  if (parser.parseAttribute(name, "name", result.attributes) ||
      parser.parseOperand(index) ||
      parser.parseOptionalAttrDict(result.attributes))
    return failure();
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseColonType(type))
    return failure();
  if (auto signature = dyn_cast<FunctionType>(type)) {
    if (signature.getNumResults() != 1)
      return parser.emitError(loc, "expected one result type");
    type = signature.getResult(0);
  }
  result.addTypes(type);
  return parser.resolveOperand(index, getIndexTypeLike(type), result.operands);
}

void EmbedOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getNameAttr() << ' ' << getIndex();
  SmallVector<StringRef> elided = {"name"};
  if (getTrainable())
    elided.push_back("trainable");
  printer.printOptionalAttrDict((*this)->getAttrs(), elided);
  printer << " : " << getType();
}

LogicalResult EmbedOp::verify() {
  if (static_cast<int64_t>(getVocab()) <= 0)
    return emitOpError("C1: 'vocab' must be positive, but is ")
           << static_cast<int64_t>(getVocab());
  return verifyInitializer(*this, getInitAttr(), "C1", std::nullopt);
}

static bool isRate(const APFloat &rate) {
  double value = rate.convertToDouble();
  return value >= 0.0 && value < 1.0;
}

LogicalResult DropoutOp::verify() {
  if (!isRate(getRate()))
    return emitOpError("C1: 'rate' must be at least 0 and less than 1, but is ")
           << getRateAttr();
  return success();
}

LogicalResult RandomMaskOp::verify() {
  if (!isRate(getRate()))
    return emitOpError("C1: 'rate' must be at least 0 and less than 1, but is ")
           << getRateAttr();
  return success();
}

LogicalResult BroadcastOp::verify() {
  if (getScalarType(getResult().getType()) == getOperand().getType())
    return success();
  return emitOpError("C1: the vector must be of ")
         << getOperand().getType() << ", but is " << getResult().getType();
}

//===----------------------------------------------------------------------===//
// UnrollOp, StepOp
//===----------------------------------------------------------------------===//

/// C7: `attr` is a rate or an array of rates.
static LogicalResult verifyRates(Operation *op, StringRef name,
                                 Attribute attr) {
  if (!attr)
    return success();
  SmallVector<Attribute> rates = {attr};
  if (auto array = dyn_cast<ArrayAttr>(attr))
    rates.assign(array.begin(), array.end());
  for (Attribute rate : rates) {
    auto value = dyn_cast<FloatAttr>(rate);
    if (!value || !isRate(value.getValue()))
      return op->emitOpError("C7: '")
             << name << "' must be at least 0 and less than 1, but is " << rate;
  }
  return success();
}

LogicalResult UnrollOp::verify() {
  if (getInputs().empty())
    return emitOpError("C6: needs an input sequence, for it gives the length");
  if (failed(verifyRates(*this, "dropout", getDropoutAttr())) ||
      failed(verifyRates(*this, "state_dropout", getStateDropoutAttr())) ||
      failed(verifyRates(*this, "zoneout", getZoneoutAttr())))
    return failure();
  return success();
}

/// C1 to C5 of `unroll` and `step`. A cell that is not in the module may come
/// from the prelude and is looked for by `rnn-link-prelude`.
static LogicalResult verifyCellUse(Operation *op, FlatSymbolRefAttr symbol,
                                   SymbolTableCollection &symbolTable,
                                   TypeRange inputs, TypeRange states,
                                   TypeRange fedBack, TypeRange results,
                                   bool unroll) {
  size_t numFedBack = fedBack.size();
  Operation *target = symbolTable.lookupNearestSymbolFrom(op, symbol);
  if (!target)
    return success();
  auto cell = dyn_cast<CellOp>(target);
  if (!cell) {
    InFlightDiagnostic diag = op->emitOpError("C1: ")
                              << symbol << " must be a rnn.cell";
    diag.attachNote(target->getLoc()) << "but is this";
    return diag;
  }
  auto fail = [&](const Twine &message) {
    InFlightDiagnostic diag = op->emitOpError(message);
    diag.attachNote(cell.getLoc()) << "the cell is defined here";
    return diag;
  };
  size_t numInputs = cell.getInputs().size();
  size_t numStates = cell.getStates().size();
  size_t numOutputs = cell.getYield().getOutputs().size();
  if (inputs.size() + numFedBack != numInputs)
    return fail("C2: cell @" + symbol.getValue() + " takes " +
                Twine(numInputs) + " inputs, but is given " +
                Twine(inputs.size() + numFedBack));
  if (!states.empty() && states.size() != numStates)
    return fail("C4: cell @" + symbol.getValue() + " has " + Twine(numStates) +
                " states, but is given " + Twine(states.size()));
  if (!unroll && states.size() != numStates)
    return fail("C4: a step needs all " + Twine(numStates) +
                " states of the cell, but is given none");
  if (results.size() != numOutputs && results.size() != numOutputs + numStates)
    return fail("C5: cell @" + symbol.getValue() + " gives " +
                Twine(numOutputs) + " outputs and " + Twine(numStates) +
                " states, but " + Twine(results.size()) +
                " results are asked for");
  if (numFedBack != 0 && numFedBack != numOutputs)
    return fail("C8: feedback must hold one value for each of " +
                Twine(numOutputs) + " outputs, but holds " + Twine(numFedBack));

  auto mismatch = [&](StringRef what, size_t index, Location where,
                      Type expected, Type actual) {
    InFlightDiagnostic diag = op->emitOpError() << what << " #" << index
                                                << " does not fit the cell";
    diag.attachNote(where) << "expected type: " << expected;
    diag.attachNote(op->getLoc()) << "  actual type: " << actual;
    return diag;
  };
  for (auto [index, type] : llvm::enumerate(inputs)) {
    BlockArgument argument = cell.getInputs()[index];
    if (!areCompatible(argument.getType(), getElementOrSelf(type)))
      return mismatch("C3: input", index, argument.getLoc(), argument.getType(),
                      getElementOrSelf(type));
  }
  for (auto [index, type] : llvm::enumerate(states)) {
    BlockArgument argument = cell.getStates()[index];
    if (!areCompatible(argument.getType(), type))
      return mismatch("C3: state", index, argument.getLoc(), argument.getType(),
                      type);
  }
  for (auto [index, type] : llvm::enumerate(fedBack)) {
    BlockArgument argument = cell.getInputs()[inputs.size() + index];
    if (!areCompatible(argument.getType(), type))
      return mismatch("C8: fed back input", inputs.size() + index,
                      argument.getLoc(), argument.getType(), type);
    Value output = cell.getYield().getOutputs()[index];
    if (!areCompatible(output.getType(), type))
      return mismatch("C8: fed back output", index, output.getLoc(),
                      output.getType(), type);
    if (Type result = getElementOrSelf(results[index]);
        !areCompatible(result, type)) {
      InFlightDiagnostic diag =
          op->emitOpError("C8: the value fed back at first ");
      diag << "must have the type of output #" << index;
      diag.attachNote(op->getLoc()) << "expected type: " << result;
      diag.attachNote(op->getLoc()) << "  actual type: " << type;
      return diag;
    }
  }
  for (auto [index, type] : llvm::enumerate(results)) {
    bool output = index < numOutputs;
    if (output && unroll && !isa<SeqType>(type))
      return fail("C5: result #" + Twine(index) +
                  " is an output of the cell and must be a sequence");
    if ((!output || !unroll) && isa<SeqType>(type))
      return fail("C5: result #" + Twine(index) + " must not be a sequence");
    Value yielded = cell.getYield().getOperand(index);
    if (!areCompatible(yielded.getType(), getElementOrSelf(type)))
      return mismatch("C3: result", index, yielded.getLoc(), yielded.getType(),
                      getElementOrSelf(type));
  }
  return success();
}

/// C7: `attr`, rates of the states of `cell`, says nothing about states that
/// the cell lacks, nor of states that are not vectors.
static LogicalResult verifyStateRates(UnrollOp op, StringRef name,
                                      Attribute attr, CellOp cell) {
  if (!attr)
    return success();
  SmallVector<Attribute> rates = {attr};
  if (auto array = dyn_cast<ArrayAttr>(attr))
    rates.assign(array.begin(), array.end());
  if (rates.size() > cell.getStates().size()) {
    InFlightDiagnostic diag = op.emitOpError("C7: '");
    diag << name << "' holds " << rates.size() << " rates, but cell @"
         << cell.getSymName() << " has " << cell.getStates().size()
         << " states";
    diag.attachNote(cell.getLoc()) << "the cell is defined here";
    return diag;
  }
  for (auto [rate, state] : llvm::zip(rates, cell.getStates())) {
    if (cast<FloatAttr>(rate).getValue().isZero() ||
        isa<RankedTensorType>(state.getType()))
      continue;
    InFlightDiagnostic diag = op.emitOpError("C7: '");
    diag << name << "' applies to states that are vectors, but one is "
         << state.getType();
    diag.attachNote(state.getLoc()) << "this state";
    return diag;
  }
  return success();
}

LogicalResult UnrollOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  if (failed(verifyCellUse(*this, getCellAttr(), symbolTable,
                           getInputs().getTypes(), getStates().getTypes(),
                           getFeedback().getTypes(), getResultTypes(),
                           /*unroll=*/true)))
    return failure();
  auto cell = symbolTable.lookupNearestSymbolFrom<CellOp>(*this, getCellAttr());
  if (!cell)
    return success();
  return success(
      succeeded(verifyStateRates(*this, "state_dropout", getStateDropoutAttr(),
                                 cell)) &&
      succeeded(verifyStateRates(*this, "zoneout", getZoneoutAttr(), cell)));
}

LogicalResult StepOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return verifyCellUse(*this, getCellAttr(), symbolTable,
                       getInputs().getTypes(), getStates().getTypes(),
                       /*fedBack=*/TypeRange(), getResultTypes(),
                       /*unroll=*/false);
}

//===----------------------------------------------------------------------===//
// Objectives
//===----------------------------------------------------------------------===//

template <typename OpTy> static LogicalResult verifyObjective(OpTy op) {
  Type prediction = op.getPrediction().getType();
  Type target = op.getTarget().getType();
  if (isa<SeqType>(prediction) != isa<SeqType>(target))
    return op.emitOpError("C1: prediction and target must both be sequences, "
                          "or neither");
  if (!getElementOrSelf(target).isInteger(32) &&
      !areCompatible(getElementOrSelf(prediction), getElementOrSelf(target))) {
    InFlightDiagnostic diag =
        op.emitOpError("C1: prediction and target must have the same size");
    diag.attachNote(op.getPrediction().getLoc())
        << "expected type: " << getElementOrSelf(prediction);
    diag.attachNote(op.getTarget().getLoc())
        << "  actual type: " << getElementOrSelf(target);
    return diag;
  }
  if (op.getReduction() != "mean" && op.getReduction() != "sum")
    return op.emitOpError(
               "C2: 'reduction' must be \"mean\" or \"sum\", but is \"")
           << op.getReduction() << '"';
  return success();
}

LogicalResult CrossEntropyOp::verify() { return verifyObjective(*this); }
LogicalResult MseOp::verify() { return verifyObjective(*this); }
LogicalResult MaeOp::verify() { return verifyObjective(*this); }
LogicalResult BceOp::verify() { return verifyObjective(*this); }

//===----------------------------------------------------------------------===//
// ScanOp
//===----------------------------------------------------------------------===//

void ScanOp::build(OpBuilder &builder, OperationState &state, ValueRange inputs,
                   ValueRange states, TypeRange outputElements, bool reverse) {
  state.addOperands(inputs);
  state.addOperands(states);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.setOperandSegmentSizes({static_cast<int32_t>(inputs.size()),
                                     static_cast<int32_t>(states.size())});
  if (reverse)
    properties.setReverse(builder.getUnitAttr());
  for (Type type : outputElements)
    state.addTypes(SeqType::get(builder.getContext(), type));
  state.addTypes(states.getTypes());
  Region *region = state.addRegion();
  Block *block = new Block();
  region->push_back(block);
  for (Value input : inputs)
    block->addArgument(cast<SeqType>(input.getType()).getElementType(),
                       input.getLoc());
  for (Value value : states)
    block->addArgument(value.getType(), value.getLoc());
}

ScanOp ScanOp::createLike(OpBuilder &builder, ValueRange inputs,
                          ValueRange states, TypeRange outputs) {
  SmallVector<Type> elements = llvm::map_to_vector(outputs, getElementOrSelf);
  auto scan =
      ScanOp::create(builder, getLoc(), inputs, states, elements, getReverse());
  scan.setColumnwise(getColumnwise());
  return scan;
}

ParseResult ravel::rnn::parseBindings(
    OpAsmParser &parser, OpAsmParser::Delimiter delimiter,
    SmallVectorImpl<OpAsmParser::Argument> &arguments,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
    SmallVectorImpl<Type> &types) {
  return parser.parseCommaSeparatedList(delimiter, [&]() -> ParseResult {
    return failure(parser.parseArgument(arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(operands.emplace_back()) ||
                   parser.parseColonType(types.emplace_back()));
  });
}

void ravel::rnn::printBindings(OpAsmPrinter &printer,
                               Block::BlockArgListType arguments,
                               OperandRange operands) {
  printer << '(';
  llvm::interleaveComma(
      llvm::zip(arguments, operands), printer, [&](auto pair) {
        auto [argument, operand] = pair;
        printer << argument << " = " << operand << " : " << operand.getType();
      });
  printer << ')';
}

ParseResult ravel::rnn::parseLoopBody(OpAsmParser &parser,
                                      OperationState &result,
                                      ArrayRef<OpAsmParser::Argument> arguments,
                                      SmallVectorImpl<Type> &outputTypes) {
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseArrow() ||
      parser.parseLParen())
    return failure();
  if (failed(parser.parseOptionalRParen()) &&
      (parser.parseTypeList(outputTypes) || parser.parseRParen()))
    return failure();
  return parser.parseRegion(*result.addRegion(), arguments);
}

void ravel::rnn::printLoopBindings(OpAsmPrinter &printer,
                                   Block::BlockArgListType inputArgs,
                                   OperandRange inputs,
                                   Block::BlockArgListType stateArgs,
                                   OperandRange states) {
  printer << ' ';
  printBindings(printer, inputArgs, inputs);
  if (states.empty())
    return;
  printer << " state";
  printBindings(printer, stateArgs, states);
}

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> inputs, states;
  SmallVector<Type> inputTypes, stateTypes, outputTypes;
  for (StringRef flag : {"columnwise", "reverse"})
    if (succeeded(parser.parseOptionalKeyword(flag)))
      result.addAttribute(flag, parser.getBuilder().getUnitAttr());
  SMLoc loc = parser.getCurrentLocation();
  if (parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, inputs,
                    inputTypes))
    return failure();
  for (auto [argument, type] : llvm::zip(arguments, inputTypes)) {
    auto seq = dyn_cast<SeqType>(type);
    if (!seq)
      return parser.emitError(loc,
                              "expected inputs to be sequences, but one is ")
             << type;
    argument.type = seq.getElementType();
  }
  if (succeeded(parser.parseOptionalKeyword("state"))) {
    if (parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, states,
                      stateTypes))
      return failure();
    for (auto [argument, type] :
         llvm::zip(llvm::drop_begin(arguments, inputs.size()), stateTypes))
      argument.type = type;
  }
  if (parseLoopBody(parser, result, arguments, outputTypes) ||
      parser.resolveOperands(inputs, inputTypes, loc, result.operands) ||
      parser.resolveOperands(states, stateTypes, loc, result.operands))
    return failure();
  result.addTypes(outputTypes);
  result.addTypes(stateTypes);
  result.getOrAddProperties<Properties>().setOperandSegmentSizes(
      {static_cast<int32_t>(inputs.size()),
       static_cast<int32_t>(states.size())});
  return success();
}

void ScanOp::print(OpAsmPrinter &printer) {
  if (getColumnwise())
    printer << " columnwise";
  if (getReverse())
    printer << " reverse";
  printLoopBindings(printer, getInputArgs(), getInputs(), getStateArgs(),
                    getStates());
  printer.printOptionalAttrDict(
      (*this)->getAttrs(), {getOperandSegmentSizesAttrName(),
                            getReverseAttrName(), getColumnwiseAttrName()});
  printer << " -> (" << getOutputs().getTypes() << ") ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

void ScanOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn) {}

LogicalResult ScanOp::verifyRegions() {
  if (getInputs().empty())
    return emitOpError("C1: needs an input sequence, for it gives the length");
  SmallVector<Type> expected;
  for (Value input : getInputs())
    expected.push_back(cast<SeqType>(input.getType()).getElementType());
  llvm::append_range(expected, getStates().getTypes());
  if (!llvm::equal(expected, getEntry().getArgumentTypes()))
    return emitOpError(
               "C2: arguments of the body must be the inputs' elements, "
               "then the states; expected types: ")
           << TypeRange(expected)
           << ", actual types: " << getEntry().getArgumentTypes();
  auto yield = dyn_cast<YieldOp>(getEntry().back());
  if (!yield)
    return emitOpError("C3: body must end in rnn.yield");
  if (!llvm::equal(yield.getStates().getTypes(), getStates().getTypes()))
    return yield.emitOpError("C3: next states must have the states' types; "
                             "expected types: ")
           << getStates().getTypes()
           << ", actual types: " << yield.getStates().getTypes();
  SmallVector<Type> results;
  for (Value output : yield.getOutputs())
    results.push_back(SeqType::get(getContext(), output.getType()));
  llvm::append_range(results, getStates().getTypes());
  if (!llvm::equal(results, getResultTypes()))
    return emitOpError("C4: results must be sequences of the outputs, then the "
                       "states; expected types: ")
           << TypeRange(results) << ", actual types: " << getResultTypes();
  if (!getColumnwise())
    return success();
  if (std::optional<MixedColumns> mixed = findMixedColumns(getEntry())) {
    InFlightDiagnostic diag = emitOpError("C5: the body is not columnwise: ")
                              << mixed->why;
    diag.attachNote(mixed->op->getLoc())
        << "see '" << mixed->op->getName() << "'";
    return diag;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ParameterOp, LinearOp, LookupOp and the ops of a gradient
//===----------------------------------------------------------------------===//

/// Fails unless all of `types` are of the element type of the first.
static LogicalResult verifySameScalar(Operation *op, StringRef constraint,
                                      TypeRange types) {
  for (Type type : types)
    if (getScalarType(type) != getScalarType(types.front()))
      return op->emitOpError(constraint)
             << ": element types must agree, but are "
             << getScalarType(types.front()) << " and " << getScalarType(type);
  return success();
}

/// Fails unless the matrix is [rows, columns]; either may be open.
static LogicalResult verifyMatrixShape(Operation *op, RankedTensorType matrix,
                                       int64_t rows, int64_t columns) {
  auto expected =
      RankedTensorType::get({rows, columns}, matrix.getElementType());
  if (matrix == expected)
    return success();
  InFlightDiagnostic diag =
      op->emitOpError("C1: the matrix does not have the sizes of the vectors");
  diag.attachNote() << "expected type: " << expected;
  diag.attachNote() << "  actual type: " << matrix;
  return diag;
}

/// The size of a vector, of the vectors of a sequence, or of rows.
static int64_t getVectorSize(Type type) {
  return cast<RankedTensorType>(getElementOrSelf(type)).getShape().back();
}

/// Whether a value speaks about one instant, a sequence or the rows of a batch.
static StringRef getExtent(Type type) {
  if (isa<SeqType>(type))
    return "a sequence";
  auto tensor = dyn_cast<RankedTensorType>(type);
  bool vector = tensor && isa<FloatType>(tensor.getElementType());
  if (tensor && tensor.getRank() == (vector ? 2 : 1))
    return "rows";
  return "one instant";
}

static LogicalResult verifySameExtent(Operation *op, Type a, Type b) {
  if (getExtent(a) == getExtent(b))
    return success();
  return op->emitOpError("C2: operands must both be of one instant, both "
                         "sequences or both rows, but are ")
         << getExtent(a) << " and " << getExtent(b);
}

LogicalResult LinearOp::verify() {
  RankedTensorType matrix = getMatrix().getType();
  int64_t inputs = matrix.getDimSize(getTranspose() ? 1 : 0);
  int64_t outputs = matrix.getDimSize(getTranspose() ? 0 : 1);
  RankedTensorType expectedVector = matrix.clone({inputs});
  RankedTensorType expectedResult = matrix.clone({outputs});
  if (failed(
          verifySameScalar(*this, "C2", getOperation()->getOperandTypes())) ||
      failed(verifySameScalar(*this, "C2", {matrix, getResult().getType()})))
    return failure();
  if (getVector().getType() != expectedVector ||
      getResult().getType() != expectedResult) {
    InFlightDiagnostic diag = emitOpError("C1: a matrix ");
    diag << matrix << (getTranspose() ? ", transposed," : "") << " takes a "
         << expectedVector << " to a " << expectedResult << ", not a "
         << getVector().getType() << " to a " << getResult().getType();
    return diag;
  }
  return success();
}

/// Fails unless a matrix [2, degree, outputs] takes `inputs` numbers to
/// `outputs`.
static LogicalResult verifySparse(Operation *op, Value matrix, int64_t inputs,
                                  int64_t outputs) {
  auto type = cast<RankedTensorType>(matrix.getType());
  if (type.getRank() != 3 || type.getDimSize(0) != 2 ||
      type.getDimSize(2) != outputs)
    return op->emitOpError("C1: a sparse matrix is [2, degree, ")
           << outputs << "], but is " << type;
  if (failed(verifySameScalar(op, "C2", op->getOperandTypes())) ||
      failed(verifySameScalar(op, "C2", {type, op->getResult(0).getType()})))
    return failure();
  if (inputs < 1 || inputs > kMostSparseInputs)
    return op->emitOpError("C3: takes 1 to ")
           << kMostSparseInputs << " inputs, but there are " << inputs;
  return success();
}

LogicalResult SparseLinearOp::verify() {
  return verifySparse(*this, getMatrix(), getVector().getType().getDimSize(0),
                      getResult().getType().getDimSize(0));
}

LogicalResult DensifyOp::verify() {
  return verifySparse(*this, getMatrix(), getResult().getType().getDimSize(0),
                      getResult().getType().getDimSize(1));
}

LogicalResult LookupOp::verify() {
  RankedTensorType matrix = getMatrix().getType();
  if (matrix.getDimSize(1) != getResult().getType().getDimSize(0))
    return emitOpError("C1: result must have as many components as the matrix "
                       "has columns, ")
           << matrix.getDimSize(1);
  return verifySameScalar(*this, "C2", {matrix, getResult().getType()});
}

LogicalResult OuterOp::verify() {
  if (failed(
          verifySameScalar(*this, "C1", getOperation()->getOperandTypes())) ||
      failed(verifySameScalar(*this, "C1",
                              {getLhs().getType(), getResult().getType()})))
    return failure();
  return verifyMatrixShape(*this, getResult().getType(),
                           getVectorSize(getLhs().getType()),
                           getVectorSize(getRhs().getType()));
}

LogicalResult ScatterRowOp::verify() {
  if (failed(verifySameScalar(*this, "C1",
                              {getVector().getType(), getResult().getType()})))
    return failure();
  return verifyMatrixShape(*this, getResult().getType(),
                           getResult().getType().getDimSize(0),
                           getVectorSize(getVector().getType()));
}

LogicalResult ContractOp::verify() {
  if (failed(verifySameExtent(*this, getLhs().getType(), getRhs().getType())) ||
      failed(
          verifySameScalar(*this, "C1", getOperation()->getOperandTypes())) ||
      failed(verifySameScalar(*this, "C1",
                              {getLhs().getType(), getResult().getType()})))
    return failure();
  return verifyMatrixShape(*this, getResult().getType(),
                           getVectorSize(getLhs().getType()),
                           getVectorSize(getRhs().getType()));
}

LogicalResult ScatterOp::verify() {
  if (failed(verifySameExtent(*this, getVector().getType(),
                              getIndex().getType())) ||
      failed(verifySameScalar(*this, "C1",
                              {getVector().getType(), getResult().getType()})))
    return failure();
  return verifyMatrixShape(*this, getResult().getType(),
                           getResult().getType().getDimSize(0),
                           getVectorSize(getVector().getType()));
}

LogicalResult ParameterOp::verify() {
  auto tensor = dyn_cast<RankedTensorType>(getType());
  auto sparse = dyn_cast<SparseAttr>(getInit());
  if (!tensor || !tensor.hasStaticShape() ||
      !isa<FloatType>(tensor.getElementType()) || tensor.getRank() == 0 ||
      tensor.getRank() > (sparse ? 3 : 2))
    return emitOpError("C1: a parameter must be a vector or matrix of floats, "
                       "of static shape, or a sparse matrix with "
                       "'#rnn.sparse', but is ")
           << getType();
  if (!sparse)
    return success();
  int64_t inputs = sparse.getInputs(), outputs = tensor.getShape().back();
  std::optional<int64_t> degree;
  if (inputs > 0 && outputs > 0)
    degree = sparse.getMatrix().getDegree({inputs, outputs});
  if (getFrozen() && inputs <= kMostSparseInputs && degree &&
      tensor.getShape() == ArrayRef<int64_t>{2, *degree, outputs})
    return success();
  InFlightDiagnostic diag = emitOpError("C2: ");
  diag << sparse << " is of a frozen parameter [2, ";
  if (degree)
    diag << *degree;
  else
    diag << "degree";
  return diag << ", outputs] with 1 to " << kMostSparseInputs
              << " inputs and as many weights for each output, not of "
              << tensor;
}

LogicalResult TotalOp::verify() {
  Type element = getElementOrSelf(getOperand().getType());
  if (element == getResult().getType() ||
      getOperand().getType() == getRowsType(getResult().getType()))
    return success();
  return emitOpError("C1: result must be of the operand's element type ")
         << element << ", but is " << getResult().getType();
}

//===----------------------------------------------------------------------===//
// RowsOp
//===----------------------------------------------------------------------===//

bool ravel::rnn::isRows(Type type) {
  return isa<RankedTensorType, MemRefType>(type) &&
         cast<ShapedType>(type).getRank() >= 1;
}

Type ravel::rnn::getRowType(Type type) {
  auto shaped = cast<ShapedType>(type);
  if (shaped.getRank() <= 1)
    return shaped.getElementType();
  return RankedTensorType::get(shaped.getShape().drop_front(),
                               shaped.getElementType());
}

Type ravel::rnn::getSharedArgType(Type type) {
  if (auto memref = dyn_cast<MemRefType>(type))
    return RankedTensorType::get(memref.getShape(), memref.getElementType());
  return type;
}

void RowsOp::build(OpBuilder &builder, OperationState &state, ValueRange ins,
                   ValueRange shared, ValueRange outs) {
  state.addOperands(ins);
  state.addOperands(shared);
  state.addOperands(outs);
  state.getOrAddProperties<Properties>().setOperandSegmentSizes(
      {static_cast<int32_t>(ins.size()), static_cast<int32_t>(shared.size()),
       static_cast<int32_t>(outs.size()), 0, 0, 0, 0});
  for (Value out : outs)
    if (isa<RankedTensorType>(out.getType()))
      state.addTypes(out.getType());
  Block *block = new Block();
  state.addRegion()->push_back(block);
  for (Value value : ins)
    block->addArgument(getRowType(value.getType()), value.getLoc());
  for (Value value : shared)
    block->addArgument(getSharedArgType(value.getType()), value.getLoc());
}

ParseResult RowsOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> ins, shared, outs, threads,
      columnThreads;
  SmallVector<Type> inTypes, sharedTypes, outTypes;
  SMLoc loc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalKeyword("ins")) &&
      parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, ins,
                    inTypes))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("shared")) &&
      parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, shared,
                    sharedTypes))
    return failure();
  for (auto [index, argument] : llvm::enumerate(arguments)) {
    if (index >= ins.size()) {
      argument.type = getSharedArgType(sharedTypes[index - ins.size()]);
      continue;
    }
    if (!isRows(inTypes[index]))
      return parser.emitError(loc, "C3: expected rows of tensors or memrefs of "
                                   "rank 1 or more, but one is ")
             << inTypes[index];
    argument.type = getRowType(inTypes[index]);
  }
  if (parser.parseKeyword("outs") || parser.parseLParen() ||
      parser.parseOperandList(outs) || parser.parseColonTypeList(outTypes) ||
      parser.parseRParen())
    return failure();
  if (succeeded(parser.parseOptionalKeyword("distribute")) &&
      parser.parseOperandList(threads, 2, OpAsmParser::Delimiter::Paren))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("columns")) &&
      parser.parseOperandList(columnThreads, 2, OpAsmParser::Delimiter::Paren))
    return failure();
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments) ||
      parser.resolveOperands(ins, inTypes, loc, result.operands) ||
      parser.resolveOperands(shared, sharedTypes, loc, result.operands) ||
      parser.resolveOperands(outs, outTypes, loc, result.operands) ||
      parser.resolveOperands(threads, parser.getBuilder().getIndexType(),
                             result.operands) ||
      parser.resolveOperands(columnThreads, parser.getBuilder().getIndexType(),
                             result.operands))
    return failure();
  int32_t byRows = threads.empty() ? 0 : 1;
  int32_t byColumns = columnThreads.empty() ? 0 : 1;
  result.getOrAddProperties<Properties>().setOperandSegmentSizes(
      {static_cast<int32_t>(ins.size()), static_cast<int32_t>(shared.size()),
       static_cast<int32_t>(outs.size()), byRows, byRows, byColumns,
       byColumns});
  for (Type type : outTypes)
    if (isa<RankedTensorType>(type))
      result.addTypes(type);
  return success();
}

void RowsOp::print(OpAsmPrinter &printer) {
  if (!getIns().empty()) {
    printer << " ins";
    printBindings(printer, getRowArgs(), getIns());
  }
  if (!getShared().empty()) {
    printer << " shared";
    printBindings(printer, getSharedArgs(), getShared());
  }
  printer << " outs(" << getOuts() << " : " << getOuts().getTypes() << ')';
  if (getThreadId())
    printer << " distribute(" << getThreadId() << ", " << getNumThreads()
            << ')';
  if (getColumnId())
    printer << " columns(" << getColumnId() << ", " << getNumColumnThreads()
            << ')';
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {getOperandSegmentSizesAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

void RowsOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn) {}

LogicalResult RowsOp::verify() {
  if (getOuts().empty())
    return emitOpError("C2: needs at least one output, for it gives the rows");
  if (!getThreadId() != !getNumThreads() ||
      !getColumnId() != !getNumColumnThreads())
    return emitOpError(
        "C4: a thread's number comes with the number of threads");
  int64_t count = getOuts().size();
  for (int64_t out : getDisjoint().value_or(ArrayRef<int64_t>()))
    if (out < 0 || out >= count)
      return emitOpError("C5: lists output ")
             << out << " as disjoint, but has " << count << " outputs";
  return success();
}

LogicalResult RowsOp::verifyRegions() {
  SmallVector<Type> expected;
  for (Value value : getIns())
    expected.push_back(getRowType(value.getType()));
  for (Value value : getShared())
    expected.push_back(getSharedArgType(value.getType()));
  if (!llvm::equal(expected, getEntry().getArgumentTypes()))
    return emitOpError("C1: arguments of the body must be rows of the inputs, "
                       "then the shared operands; expected types: ")
           << TypeRange(expected)
           << ", actual types: " << getEntry().getArgumentTypes();
  SmallVector<Type> rows;
  for (Value value : getOuts())
    rows.push_back(getRowType(value.getType()));
  auto yield = dyn_cast<YieldOp>(getEntry().back());
  if (!yield)
    return emitOpError("C2: body must end in rnn.yield");
  if (!llvm::equal(rows, yield.getOperandTypes()))
    return yield.emitOpError("C2: must yield one row for each output; expected "
                             "types: ")
           << TypeRange(rows) << ", actual types: " << yield.getOperandTypes();
  return success();
}

void RowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  auto add = [&](OpOperand &operand, MemoryEffects::Effect *effect) {
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(effect, &operand,
                           SideEffects::DefaultResource::get());
  };
  for (OpOperand &operand : getInsMutable())
    add(operand, MemoryEffects::Read::get());
  for (OpOperand &operand : getSharedMutable())
    add(operand, MemoryEffects::Read::get());
  for (OpOperand &operand : getOutsMutable())
    add(operand, MemoryEffects::Write::get());
}

namespace {
/// What the type of packed weights says: [panels, rows, matrices, lanes], with
/// rows in pairs where elements are floats of 16 bits.
struct PackedShape {
  explicit PackedShape(ShapedType type)
      : side(type.getElementType().isBF16() ? 2 : 1) {
    isValid = type.getRank() == 4 && type.hasStaticShape() &&
              type.getDimSize(2) > 0 && type.getDimSize(3) > 0 &&
              type.getDimSize(3) % side == 0;
    if (isValid)
      shape.assign(type.getShape().begin(), type.getShape().end());
  }
  bool holds(int64_t columns, int64_t rows, int64_t matrices) const {
    return isValid && shape[0] == llvm::divideCeil(columns, lanes()) &&
           shape[1] == llvm::divideCeil(rows, side) && shape[2] == matrices;
  }
  int64_t lanes() const { return shape[3] / side; }

  int64_t side;
  bool isValid;
  SmallVector<int64_t> shape;
};
} // namespace

int64_t PackedLinearOp::getLanes() {
  return PackedShape(getWeights().getType()).lanes();
}

LogicalResult PackOp::verify() {
  if (!getThreadId() != !getNumThreads())
    return emitOpError(
        "C3: a thread's number comes with the number of threads");
  int64_t count = getMatrices().size(), columns = getColumns();
  unsigned dim = getTranspose() ? 0 : 1;
  auto first =
      count == 0 ? ShapedType() : cast<ShapedType>(getMatrices()[0].getType());
  if (!first || first.getRank() != 2 || !first.hasStaticShape() ||
      static_cast<int64_t>(getOffsets().size()) != count)
    return emitOpError("C2: takes static matrices, with an offset for each");
  int64_t rows = first.getDimSize(1 - dim);
  if (!PackedShape(cast<ShapedType>(getOut().getType()))
           .holds(columns, rows, count))
    return emitOpError("C1: packs ")
           << count << " matrices of " << rows << " rows and " << columns
           << " columns into [ceil(columns / lanes), rows, matrices, lanes], "
              "not into "
           << getOut().getType();
  Type element = getElementTypeOrSelf(getOut().getType());
  if (element.isInteger() != getLimit().has_value() ||
      (getLimit() &&
       (!isa<FloatType>(first.getElementType()) ||
        static_cast<int64_t>(*getLimit()) < 1 ||
        !llvm::isUIntN(std::min(element.getIntOrFloatBitWidth(), 63u),
                       static_cast<int64_t>(*getLimit()) - 1))))
    return emitOpError(
        "C4: integers are made of floats, have a limit, which is "
        "positive, and hold all numbers below");
  for (auto [matrix, offset] : llvm::zip(getMatrices(), getOffsets())) {
    auto type = cast<ShapedType>(matrix.getType());
    if (type.getRank() != 2 || !type.hasStaticShape() || offset < 0 ||
        type.getDimSize(1 - dim) != rows ||
        type.getDimSize(dim) < offset + columns)
      return emitOpError("C2: takes ")
             << rows << " rows and " << columns << " columns from column "
             << offset << " on" << (getTranspose() ? ", transposed," : "")
             << ", which are not there in " << type;
  }
  return success();
}

void PackOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getMatricesMutable())
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
  if (isa<MemRefType>(getOut().getType()))
    effects.emplace_back(MemoryEffects::Write::get(), &getOutMutable(),
                         SideEffects::DefaultResource::get());
}

LogicalResult AttendRowsOp::verify() {
  struct Shape {
    size_t ins, outs;
    bool memory, shared;
  };
  Shape shape = {};
  switch (getKind()) {
  case AttendKind::Score:
    shape = {1, 1, true, false};
    break;
  case AttendKind::ScoreAdditive:
    shape = {1, 1, true, true};
    break;
  case AttendKind::ScoreAdjoint:
    shape = {2, 2, true, false};
    break;
  case AttendKind::Weigh:
    shape = {1, 1, false, false};
    break;
  case AttendKind::WeighAdjoint:
  case AttendKind::Add:
    shape = {2, 1, false, false};
    break;
  case AttendKind::Recall:
    shape = {1, 1, true, false};
    break;
  case AttendKind::Accumulate:
    shape = {2, 1, false, false};
    break;
  case AttendKind::AccumulateAdditive:
    shape = {2, 1, true, false};
    break;
  }
  if (getIns().size() != shape.ins || getOuts().size() != shape.outs ||
      bool(getMemory()) != shape.memory || bool(getShared()) != shape.shared)
    return emitOpError("C1: '")
           << stringifyAttendKind(getKind()) << "' takes " << shape.ins
           << " inputs, " << shape.outs << " outputs, "
           << (shape.memory ? "a" : "no") << " memory and "
           << (shape.shared ? "a" : "no") << " shared operand";
  if (!getThreadId() != !getNumThreads() ||
      !getColumnId() != !getNumColumnThreads())
    return emitOpError(
        "C2: a thread's number comes with the number of threads");
  return success();
}

void AttendRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  auto outs = getOuts();
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isOut =
        operand.getOperandNumber() >= outs.getBeginOperandIndex() &&
        operand.getOperandNumber() < outs.getBeginOperandIndex() + outs.size();
    if (!isOut || accumulates())
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
    if (isOut)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

/// Whether packed weights of `type`, of `depth` rows, make a vector of `size`.
static bool makesVector(ShapedType type, int64_t depth, int64_t size) {
  PackedShape packed(type);
  if (!packed.isValid || size % packed.shape[2] != 0)
    return false;
  int64_t matrices = packed.shape[2];
  return packed.holds(size / matrices, depth, matrices);
}

LogicalResult PackedLinearOp::verify() {
  if (makesVector(getWeights().getType(), getVector().getType().getDimSize(0),
                  getResult().getType().getDimSize(0)))
    return success();
  return emitOpError("C1: weights ")
         << getWeights().getType() << " don't take a " << getVector().getType()
         << " to a " << getResult().getType()
         << "; they are [ceil(columns / lanes), size of the vector, "
            "matrices, lanes]";
}

LogicalResult PackedSparseLinearOp::verify() {
  RankedTensorType weights = getWeights().getType();
  RankedTensorType indices = getIndices().getType();
  if (weights.getRank() == 4 && weights.getShape() == indices.getShape() &&
      makesVector(weights, weights.getDimSize(1),
                  getResult().getType().getDimSize(0)))
    return success();
  return emitOpError("C1: weights and indices are [ceil(columns / lanes), "
                     "degree, matrices, lanes], but are ")
         << weights << " and " << indices;
}

#define GET_OP_CLASSES
#include "ravel/Dialect/RNN/IR/RNNOps.cpp.inc"
