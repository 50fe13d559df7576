//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `rnn.chains`.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "ravel/Dialect/RNN/IR/Columnwise.h"

using namespace mlir;
using namespace ravel::rnn;

bool ravel::rnn::isInKernel(Operation *op) {
  return op->getParentOfType<RowsOp>() || op->getParentOfType<ChainsOp>();
}

void ChainsOp::build(OpBuilder &builder, OperationState &state, Value offsets,
                     ValueRange ins, ValueRange examples, ValueRange shared,
                     ValueRange outs, ValueRange states, bool reverse) {
  state.addOperands(offsets);
  auto &properties = state.getOrAddProperties<Properties>();
  SmallVector<int32_t> sizes{1};
  for (ValueRange operands : {ins, examples, shared, outs, states}) {
    state.addOperands(operands);
    sizes.push_back(operands.size());
  }
  llvm::copy(sizes, properties.operandSegmentSizes.begin());
  if (reverse)
    properties.setReverse(builder.getUnitAttr());
  for (ValueRange inits : {outs, states})
    for (Value init : inits)
      if (isa<RankedTensorType>(init.getType()))
        state.addTypes(init.getType());
  Block *block = new Block();
  state.addRegion()->push_back(block);
  auto addArguments = [&](ValueRange values, Type (*getType)(Type)) {
    for (Value value : values)
      block->addArgument(getType(value.getType()), value.getLoc());
  };
  addArguments(ins, getRowType);
  addArguments(examples, getRowType);
  addArguments(shared, getSharedArgType);
  addArguments(states, getRowType);
}

MutableOperandRange ChainsOp::getDpsInitsMutable() {
  unsigned count = getOuts().size() + getStates().size();
  return MutableOperandRange(*this, getNumOperands() - count, count);
}

YieldOp ChainsOp::getYield() {
  return cast<YieldOp>(getEntry().getTerminator());
}

int64_t ChainsOp::getNumColumns() {
  return ravel::rnn::getNumColumns(getEntry());
}

ParseResult ChainsOp::parse(OpAsmParser &parser, OperationState &result) {
  using Delimiter = OpAsmParser::Delimiter;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands(1);
  SmallVector<Type> types(1);
  SmallVector<int32_t> sizes{1};
  SMLoc loc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    result.addAttribute("reverse", parser.getBuilder().getUnitAttr());
  if (parser.parseKeyword("over") || parser.parseLParen() ||
      parser.parseOperand(operands[0]) || parser.parseColonType(types[0]) ||
      parser.parseRParen())
    return failure();
  // A group of operands, and the body's arguments that stand for them.
  auto parseGroup = [&](StringRef keyword,
                        Type (*getType)(Type)) -> ParseResult {
    size_t first = arguments.size(), before = operands.size();
    if (succeeded(parser.parseOptionalKeyword(keyword)) &&
        parseBindings(parser, Delimiter::Paren, arguments, operands, types))
      return failure();
    sizes.push_back(operands.size() - before);
    for (auto [index, argument] :
         llvm::enumerate(MutableArrayRef(arguments).drop_front(first))) {
      Type type = types[before + index];
      if (getType == getRowType && !isRows(type))
        return parser.emitError(loc, "C3: expected rows of tensors or memrefs "
                                     "of rank 1 or more, but one is ")
               << type;
      argument.type = getType(type);
    }
    return success();
  };
  if (parseGroup("ins", getRowType) || parseGroup("examples", getRowType) ||
      parseGroup("shared", getSharedArgType))
    return failure();
  size_t before = operands.size();
  if (succeeded(parser.parseOptionalKeyword("outs")) &&
      (parser.parseLParen() || parser.parseOperandList(operands) ||
       parser.parseColonTypeList(types) || parser.parseRParen()))
    return failure();
  sizes.push_back(operands.size() - before);
  if (parseGroup("state", getRowType) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments) ||
      parser.resolveOperands(operands, types, loc, result.operands))
    return failure();
  llvm::copy(
      sizes,
      result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  for (Type type : ArrayRef(types).take_back(sizes[4] + sizes[5]))
    if (isa<RankedTensorType>(type))
      result.addTypes(type);
  return success();
}

void ChainsOp::print(OpAsmPrinter &printer) {
  if (getReverse())
    printer << " reverse";
  printer << " over(" << getOffsets() << " : " << getOffsets().getType() << ')';
  auto printGroup = [&](StringRef keyword, Block::BlockArgListType arguments,
                        OperandRange group) {
    if (group.empty())
      return;
    printer << ' ' << keyword;
    printBindings(printer, arguments, group);
  };
  printGroup("ins", getInArgs(), getIns());
  printGroup("examples", getExampleArgs(), getExamples());
  printGroup("shared", getSharedArgs(), getShared());
  if (!getOuts().empty())
    printer << " outs(" << getOuts() << " : " << getOuts().getTypes() << ')';
  printGroup("state", getStateArgs(), getStates());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {getOperandSegmentSizesAttrName(), getReverseAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

void ChainsOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn) {}

LogicalResult ChainsOp::verify() {
  auto offsets = cast<ShapedType>(getOffsets().getType());
  if (!offsets.hasRank() || offsets.getRank() != 1 ||
      !offsets.getElementType().isIndex())
    return emitOpError("C4: offsets must be a vector of index, but are ")
           << offsets;
  return success();
}

LogicalResult ChainsOp::verifyRegions() {
  auto append = [](SmallVectorImpl<Type> &types, OperandRange operands,
                   Type (*getType)(Type)) {
    for (Value value : operands)
      types.push_back(getType(value.getType()));
  };
  SmallVector<Type> expected, yielded;
  append(expected, getIns(), getRowType);
  append(expected, getExamples(), getRowType);
  append(expected, getShared(), getSharedArgType);
  append(expected, getStates(), getRowType);
  if (!llvm::equal(expected, getEntry().getArgumentTypes()))
    return emitOpError("C1: arguments of the body must be rows of the inputs "
                       "and of the examples, the shared operands, then rows of "
                       "the states; expected types: ")
           << TypeRange(expected)
           << ", actual types: " << getEntry().getArgumentTypes();
  append(yielded, getOuts(), getRowType);
  append(yielded, getStates(), getRowType);
  auto yield = dyn_cast<YieldOp>(getEntry().back());
  if (!yield || yield.getStates().size() != getStates().size() ||
      yielded.empty() || !llvm::equal(yielded, yield.getOperandTypes()))
    return emitOpError("C2: the body must end in rnn.yield with a row for each "
                       "output and each state, of which there is one at least; "
                       "expected types: ")
           << TypeRange(yielded);
  if (std::optional<MixedColumns> mixed = findMixedColumns(getEntry())) {
    InFlightDiagnostic diag = emitOpError("C5: the body is not columnwise: ")
                              << mixed->why;
    diag.attachNote(mixed->op->getLoc())
        << "see '" << mixed->op->getName() << "'";
    return diag;
  }
  return success();
}

void ChainsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  unsigned firstOut = getNumOperands() - getOuts().size() - getStates().size();
  unsigned firstState = getNumOperands() - getStates().size();
  for (OpOperand &operand : (*this)->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    unsigned number = operand.getOperandNumber();
    if (number < firstOut || number >= firstState)
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
    if (number >= firstOut)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}
