//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `rnn.segments`: building, syntax and constraints.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "ravel/Dialect/RNN/IR/RNN.h"

using namespace mlir;
using namespace ravel::rnn;

/// What the body gets of an input of `type`: the part of a sequence, or one of
/// the checkpoints.
static Type getPartType(Type type) {
  if (auto checkpoints = dyn_cast<CheckpointsType>(type))
    return checkpoints.getElementType();
  return type;
}

void SegmentsOp::build(OpBuilder &builder, OperationState &state,
                       int64_t length, ValueRange inputs, ValueRange states,
                       TypeRange outputs, bool reverse) {
  state.addOperands(inputs);
  state.addOperands(states);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.setOperandSegmentSizes({static_cast<int32_t>(inputs.size()),
                                     static_cast<int32_t>(states.size())});
  properties.setLength(builder.getI64IntegerAttr(length));
  if (reverse)
    properties.setReverse(builder.getUnitAttr());
  state.addTypes(outputs);
  state.addTypes(states.getTypes());
  Block &block = state.addRegion()->emplaceBlock();
  for (Value input : inputs)
    block.addArgument(getPartType(input.getType()), input.getLoc());
  for (Value value : states)
    block.addArgument(value.getType(), value.getLoc());
}

SegmentsOp SegmentsOp::createLike(OpBuilder &builder, ValueRange inputs,
                                  ValueRange states, TypeRange outputs) {
  return SegmentsOp::create(builder, getLoc(), getLength(), inputs, states,
                            outputs, getReverse());
}

ParseResult SegmentsOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> inputs, states;
  SmallVector<Type> inputTypes, stateTypes, outputTypes;
  int64_t length;
  if (parser.parseKeyword("of") || parser.parseInteger(length))
    return failure();
  result.addAttribute("length", parser.getBuilder().getI64IntegerAttr(length));
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    result.addAttribute("reverse", parser.getBuilder().getUnitAttr());
  SMLoc loc = parser.getCurrentLocation();
  if (parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, inputs,
                    inputTypes))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("state")) &&
      parseBindings(parser, OpAsmParser::Delimiter::Paren, arguments, states,
                    stateTypes))
    return failure();
  for (auto [argument, type] :
       llvm::zip(arguments, llvm::concat<Type>(inputTypes, stateTypes)))
    argument.type = getPartType(type);
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

void SegmentsOp::print(OpAsmPrinter &printer) {
  printer << " of " << getLength();
  if (getReverse())
    printer << " reverse";
  printLoopBindings(printer, getInputArgs(), getInputs(), getStateArgs(),
                    getStates());
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {getOperandSegmentSizesAttrName(),
                                 getReverseAttrName(), getLengthAttrName()});
  printer << " -> (" << getOutputs().getTypes() << ") ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

/// Whether a part may yield a value of type `part` for a result of type
/// `result`.
static bool isOutputOf(Type part, Type result) {
  if (auto checkpoints = dyn_cast<CheckpointsType>(result))
    return checkpoints.getElementType() == part;
  return part == result && !isa<CheckpointsType>(part);
}

LogicalResult SegmentsOp::verifyRegions() {
  if (getLength() < 1)
    return emitOpError("C1: the length must be positive, but is ")
           << getLength();
  if (llvm::none_of(getInputs().getTypes(), llvm::IsaPred<SeqType>))
    return emitOpError("C1: needs an input sequence, for it gives the length");
  SmallVector<Type> expected =
      llvm::map_to_vector(getInputs().getTypes(), getPartType);
  llvm::append_range(expected, getStates().getTypes());
  if (!llvm::equal(expected, getEntry().getArgumentTypes()))
    return emitOpError("C2: arguments of the body must be the inputs' parts, "
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
  if (getNumResults() != yield.getOutputs().size() + yield.getStates().size() ||
      !llvm::equal(getFinals().getTypes(), getStates().getTypes()))
    return emitOpError("C4: results must be those of the outputs, then the "
                       "states, but are ")
           << getResultTypes();
  for (auto [part, result] : llvm::zip_equal(yield.getOutputs(), getOutputs()))
    if (!isOutputOf(part.getType(), result.getType()))
      return emitOpError("C4: an output of type ")
             << part.getType() << " can't make a result of type "
             << result.getType();
  for (Type type :
       llvm::concat<const Type>(llvm::to_vector(getInputs().getTypes()),
                                llvm::to_vector(getOutputs().getTypes())))
    if (auto checkpoints = dyn_cast<CheckpointsType>(type);
        checkpoints && checkpoints.getLength() != int64_t(getLength()))
      return emitOpError("C5: checkpoints must be ")
             << getLength() << " instants apart, but are "
             << checkpoints.getLength();
  return success();
}
