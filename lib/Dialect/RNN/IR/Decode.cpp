//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Syntax and constraints of decoders.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace ravel::rnn;

void DecodeOp::build(OpBuilder &builder, OperationState &state, Value start,
                     ValueRange states, int32_t until, IntegerAttr max,
                     TypeRange results) {
  state.addOperands(start);
  state.addOperands(states);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.setOperandSegmentSizes(
      {1, 0, static_cast<int32_t>(states.size())});
  properties.setUntil(builder.getI32IntegerAttr(until));
  properties.setMax(max);
  state.addTypes(results);
  Block &block = state.addRegion()->emplaceBlock();
  block.addArgument(builder.getI32Type(), start.getLoc());
  for (Value value : states)
    block.addArgument(value.getType(), value.getLoc());
}

/// `(%prev = %start) (teacher(%target : type))? (state(…))? until N (max N)?`
ParseResult DecodeOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments(1);
  OpAsmParser::UnresolvedOperand start, teacher;
  SmallVector<OpAsmParser::UnresolvedOperand> states;
  SmallVector<Type> stateTypes, outputTypes;
  Type teacherType;
  Builder &builder = parser.getBuilder();
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLParen() || parser.parseArgument(arguments.front()) ||
      parser.parseEqual() || parser.parseOperand(start) || parser.parseRParen())
    return failure();
  arguments.front().type = builder.getI32Type();
  if (succeeded(parser.parseOptionalKeyword("teacher")) &&
      (parser.parseLParen() || parser.parseOperand(teacher) ||
       parser.parseColonType(teacherType) || parser.parseRParen()))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("state")) &&
      parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, states,
                    stateTypes))
    return failure();
  for (auto [argument, type] :
       llvm::zip(llvm::drop_begin(arguments), stateTypes))
    argument.type = type;
  int32_t until;
  if (parser.parseKeyword("until") || parser.parseInteger(until))
    return failure();
  result.addAttribute("until", builder.getI32IntegerAttr(until));
  int64_t max;
  if (succeeded(parser.parseOptionalKeyword("max"))) {
    if (parser.parseInteger(max))
      return failure();
    result.addAttribute("max", builder.getI64IntegerAttr(max));
  }
  if (parseLoopBody(parser, result, arguments, outputTypes) ||
      parser.resolveOperand(start, builder.getI32Type(), result.operands) ||
      (teacherType &&
       parser.resolveOperand(teacher, teacherType, result.operands)) ||
      parser.resolveOperands(states, stateTypes, loc, result.operands))
    return failure();
  result.addTypes(outputTypes);
  result.getOrAddProperties<Properties>().setOperandSegmentSizes(
      {1, teacherType ? 1 : 0, static_cast<int32_t>(states.size())});
  return success();
}

void DecodeOp::print(OpAsmPrinter &printer) {
  printer << " (" << getPrevious() << " = " << getStart() << ')';
  if (getTeacher())
    printer << " teacher(" << getTeacher() << " : " << getTeacher().getType()
            << ')';
  if (!getStates().empty()) {
    printer << " state";
    printBindings(printer, getStateArgs(), getStates());
  }
  printer << " until " << getUntil();
  if (getMax())
    printer << " max " << *getMax();
  printer.printOptionalAttrDict(
      (*this)->getAttrs(),
      {getOperandSegmentSizesAttrName(), getUntilAttrName(), getMaxAttrName()});
  printer << " -> (" << getResultTypes() << ") ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

void DecodeOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn) {}

LogicalResult DecodeOp::verify() {
  if (static_cast<int32_t>(getUntil()) < 0)
    return emitOpError("C4: 'until' must be a class, not ")
           << static_cast<int32_t>(getUntil());
  if (getTeacher())
    return getMax() ? emitOpError("C4: a teacher's target ends by itself: "
                                  "'max' is for a decoder that generates")
                    : success();
  if (!getMax() || static_cast<int64_t>(*getMax()) < 1)
    return emitOpError("C4: a decoder that generates needs a positive 'max'");
  return success();
}

LogicalResult DecodeOp::verifyRegions() {
  SmallVector<Type> expected{getStart().getType()};
  llvm::append_range(expected, getStates().getTypes());
  if (!llvm::equal(expected, getEntry().getArgumentTypes()))
    return emitOpError("C1: arguments of the body must be the class chosen "
                       "last, then the states; expected types: ")
           << TypeRange(expected)
           << ", actual types: " << getEntry().getArgumentTypes();
  auto yield = dyn_cast<YieldOp>(getEntry().back());
  if (!yield)
    return emitOpError("C2: body must end in rnn.yield");
  if (!llvm::equal(yield.getStates().getTypes(), getStates().getTypes()))
    return yield.emitOpError("C2: next states must have the states' types; "
                             "expected types: ")
           << getStates().getTypes()
           << ", actual types: " << yield.getStates().getTypes();
  auto scores =
      yield.getOutputs().empty()
          ? RankedTensorType()
          : dyn_cast<RankedTensorType>(yield.getOutputs().front().getType());
  if (!scores || scores.getRank() != 1)
    return yield.emitOpError(
        "C2: what the body yields first must be scores, a vector");
  int64_t classes = scores.getDimSize(0);
  if (!ShapedType::isDynamic(classes) &&
      static_cast<int64_t>(getUntil()) >= classes)
    return emitOpError("C4: 'until' must be one of the ")
           << classes << " classes, but is " << getUntil();
  SmallVector<Type> results;
  for (Type type : yield.getOutputs().getTypes())
    results.push_back(SeqType::get(getContext(), type));
  if (!getTeacher())
    results.front() =
        SeqType::get(getContext(), IntegerType::get(getContext(), 32));
  if (!llvm::equal(results, getResultTypes()))
    return emitOpError("C3: results must be sequences of ")
           << (getTeacher() ? "scores" : "i32")
           << " and of what else the body puts out; expected types: "
           << TypeRange(results) << ", actual types: " << getResultTypes();
  if (getTeacher())
    return success();
  for (OpResult result : getResults())
    for (OpOperand &use : result.getUses())
      if (!use.getOwner()->hasTrait<OpTrait::ReturnLike>() ||
          use.getOperandNumber() != result.getResultNumber() ||
          use.getOwner()->getNumOperands() != getNumResults()) {
        InFlightDiagnostic diag =
            emitOpError("C5: the function must return what is generated, in "
                        "order, and make nothing else of it");
        diag.attachNote(use.getOwner()->getLoc()) << "it is used here";
        return diag;
      }
  return success();
}

LogicalResult TeachOp::verify() {
  if (getTarget().size() != 1)
    return emitOpError("C2: takes one target, but is given ")
           << getTarget().size();
  return success();
}

LogicalResult TeachOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto callee = symbolTable.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getCalleeAttr());
  DecodeOp decode;
  if (callee && !callee.isExternal())
    for (auto op : callee.getFunctionBody().getOps<DecodeOp>())
      decode = op.getTeacher() ? decode : op;
  if (!decode)
    return emitOpError("C1: @")
           << getCallee()
           << " must be a function of the module with a rnn.decode that "
              "generates";
  if (!llvm::equal(callee.getArgumentTypes(), getOperands_().getTypes()))
    return emitOpError("C2: operands must be the arguments of @")
           << getCallee()
           << "; expected types: " << TypeRange(callee.getArgumentTypes())
           << ", actual types: " << getOperands_().getTypes();
  SmallVector<Type> results;
  for (Type type : decode.getYield().getOutputs().getTypes())
    results.push_back(SeqType::get(getContext(), type));
  if (!llvm::equal(results, getResultTypes()))
    return emitOpError("C3: results must be the decoder's, with scores first; "
                       "expected types: ")
           << TypeRange(results) << ", actual types: " << getResultTypes();
  return success();
}
