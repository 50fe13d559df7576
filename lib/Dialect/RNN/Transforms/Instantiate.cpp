//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Level 0 to level 1. For each function a new one is built by walking its body:
//
//   * a call is replaced by the body of its callee;
//   * an op of the model (`ExpandableOpInterface`) is cloned with its mapped
//     operands, asked to write itself out, and erased;
//   * an op on sequences that is defined on one instant (`Liftable`) is first
//     put into a scan without state, as an op on the sequences' elements;
//   * a decoder with a teacher, its own or that of `rnn.teach`, becomes a scan
//     over the target, one instant later; one without stays a decoder;
//   * any other op is cloned, and so are the ops of its regions.
//
// A use of a cell solves the sizes of the cell's values (`SizeSolver`) from the
// types at the use, and then clones the body as above, with the solved types.
//
// Parameters asked for on the way become arguments of the new function, named
// by the use of the cell and the name in the cell. The manifest of the module
// holds each name once; a name asked for with two shapes is an error.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SaveAndRestore.h"

namespace ravel::rnn {
#define GEN_PASS_DEF_RNNINSTANTIATE
#include "ravel/Dialect/RNN/Transforms/Passes.h.inc"
} // namespace ravel::rnn

using namespace mlir;
using namespace ravel::rnn;

namespace {

/// The parameters of the module, in the order in which they are met.
class Manifest {
public:
  struct Entry {
    RankedTensorType type;
    InitializerAttrInterface init;
    bool trainable;
    Location loc;
    /// The uses of cells that led to it.
    SmallVector<Location> uses;
  };

  /// Adds a parameter; fails where the name is in use for another shape.
  LogicalResult add(Operation *user, ArrayRef<Location> uses, StringRef name,
                    RankedTensorType type, InitializerAttrInterface init,
                    bool trainable) {
    auto [it, inserted] = entries.insert(
        {StringAttr::get(user->getContext(), name),
         {type, init, trainable, user->getLoc(), llvm::to_vector(uses)}});
    if (inserted)
      return success();
    const Entry &first = it->second;
    auto fail = [&](const Twine &message) {
      InFlightDiagnostic diag = user->emitError(message);
      for (Location use : llvm::reverse(uses))
        diag.attachNote(use) << "in this use of the cell";
      diag.attachNote(first.loc) << "it is first used here";
      for (Location use : llvm::reverse(first.uses))
        diag.attachNote(use) << "in this use of the cell";
      return diag;
    };
    if (first.type != type) {
      InFlightDiagnostic diag =
          fail("parameter '" + name + "' is reused with another shape");
      diag.attachNote(first.loc) << "expected type: " << first.type;
      diag.attachNote(user->getLoc()) << "  actual type: " << type;
      return diag;
    }
    if (first.trainable != trainable)
      return fail("parameter '" + name +
                  "' is trainable in one use and frozen in another");
    return success();
  }

  /// Lists the parameters in the module; fails where something else there has
  /// the name of one.
  LogicalResult build(ModuleOp module) {
    SymbolTable symbols(module);
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    for (auto &[name, entry] : entries) {
      if (Operation *other = symbols.lookup(name)) {
        InFlightDiagnostic diag = emitError(entry.loc);
        diag << "the name of parameter '" << name.getValue() << "' is taken";
        diag.attachNote(other->getLoc()) << "by this";
        return diag;
      }
      ParameterOp::create(builder, entry.loc, name, entry.type, entry.init,
                          /*frozen=*/!entry.trainable, StringAttr());
    }
    return success();
  }

private:
  llvm::MapVector<StringAttr, Entry> entries;
};

/// Builds the explicit form of one function.
class FunctionInstantiation : public ExpansionContext {
public:
  FunctionInstantiation(SymbolTable &symbols, Manifest &manifest, bool training,
                        double scheduledSampling = 0)
      : symbols(symbols), manifest(manifest), training(training),
        scheduledSampling(scheduledSampling) {}

  /// Returns the explicit function, beside `source`, or null after a
  /// diagnostic.
  func::FuncOp run(func::FuncOp source);
  /// Returns the function NAME.normal of an objective, or null after a
  /// diagnostic.
  func::FuncOp runNormal(func::FuncOp source, bool givesRows);
  /// Likewise NAME.predictions, and NAME.states of any function.
  func::FuncOp runPredictions(func::FuncOp source);
  func::FuncOp runStates(func::FuncOp source);
  /// The update of one row of a parameter as a function of the name of
  /// `source`: (parameter, gradient, states..., learning rate, step) to
  /// (parameter, states...).
  func::FuncOp run(OptimizerOp source);

  FailureOr<Value> getParameter(Operation *user, StringRef name,
                                RankedTensorType type, Attribute init,
                                bool trainable) override;
  bool isTraining() const override { return training; }
  Value getKey(OpBuilder &builder) override {
    return keys.empty() ? getExampleKey(builder) : keys.back();
  }
  Value getExampleKey(OpBuilder &builder) override;
  int64_t getNextSite() override { return ++lastSite; }
  void pushKey(Value key) override { keys.push_back(key); }
  void popKey() override { keys.pop_back(); }
  FailureOr<CellOp> lookupCell(Operation *user, StringAttr name) override;
  FailureOr<SmallVector<Value>> inlineCell(OpBuilder &builder, Operation *user,
                                           CellOp cell, StringRef use,
                                           ValueRange inputs, ValueRange states,
                                           TypeRange outputs) override;
  FailureOr<SmallVector<Type>> inferCellTypes(Operation *user, CellOp cell,
                                              ArrayRef<Type> inputs,
                                              ArrayRef<Type> states,
                                              ArrayRef<Type> outputs) override;

private:
  /// Writes the ops of `block` but its terminator, through `mapping`. With
  /// `solver`, result types are those that it solved.
  LogicalResult instantiateBlock(Block &block, OpBuilder &builder,
                                 IRMapping &mapping, SizeSolver *solver);
  LogicalResult instantiateOp(Operation *op, OpBuilder &builder,
                              IRMapping &mapping, SizeSolver *solver);
  LogicalResult instantiateCall(func::CallOp call, OpBuilder &builder,
                                IRMapping &mapping);
  LogicalResult instantiateBody(func::FuncOp callee, Operation *user,
                                ValueRange operands, ValueRange results,
                                OpBuilder &builder, IRMapping &mapping);
  LogicalResult instantiateTeach(TeachOp teach, OpBuilder &builder,
                                 IRMapping &mapping);
  LogicalResult instantiateScan(ScanOp scan, OpBuilder &builder,
                                IRMapping &mapping);
  LogicalResult instantiateDecode(DecodeOp decode, OpBuilder &builder,
                                  IRMapping &mapping);
  LogicalResult instantiateTaught(DecodeOp decode, Value target,
                                  OpBuilder &builder, IRMapping &mapping);
  /// The class that a taught decoder's body gets: the target's, or now and then
  /// `own`.
  Value createSampled(OpBuilder &builder, Location loc, Value taught,
                      Value own);
  /// `op`, on sequences, as a scan of the op on their elements.
  LogicalResult liftOp(Operation *op, OpBuilder &builder, IRMapping &mapping);
  /// Writes `clone` out and maps the results of `op` to what replaces it.
  LogicalResult expandOp(Operation *op, Operation *clone, OpBuilder &builder,
                         IRMapping &mapping);
  /// Whether a value is the function's own, not one of a loop.
  bool isOfFunction(Value value) {
    return value.getParentBlock() == &target.front();
  }
  /// Notes what `op` tells about the readout that is to be solved.
  LogicalResult noteReadout(Operation *op, IRMapping &mapping);
  /// Notes what the objective is given, where `op` is one.
  LogicalResult noteObjective(Operation *op, IRMapping &mapping);
  /// Notes the outputs of a loop, where `op` is one.
  LogicalResult noteStates(Operation *op, IRMapping &mapping);
  /// Gives an op of a cell the values that the cell's use sets.
  void applySettings(Operation *op);
  /// Solves the sizes of a cell's body; null types are open.
  LogicalResult solveSizes(SizeSolver &solver, Operation *user, CellOp cell,
                           ArrayRef<Type> inputs, ArrayRef<Type> states,
                           ArrayRef<Type> outputs);
  /// The initial key of a scan; `site` tells scans apart.
  Value createScanKey(OpBuilder &builder, Location loc);

  SymbolTable &symbols;
  Manifest &manifest;
  bool training;
  /// How often a taught decoder is given what it would have chosen.
  double scheduledSampling;
  /// What decoders of the function that is being written out are taught.
  Value teacher;
  func::FuncOp target;
  llvm::StringMap<Value> parameters;
  Value exampleKey;
  SmallVector<Value> keys;
  SmallVector<std::string> prefixes;
  SmallVector<Operation *> active;
  /// Where the cells that are being inlined are used.
  SmallVector<Location> uses;
  /// What those uses set; null entries set nothing.
  SmallVector<DictionaryAttr> settings;
  int64_t lastSite = 0;
  SmallVector<DictionaryAttr> argAttrs;

  /// Called for each op that has been written out, if set.
  LogicalResult (FunctionInstantiation::*note)(Operation *,
                                               IRMapping &) = nullptr;
  SmallVector<FittedReadout> readouts;
  /// The readout that an objective judges.
  std::optional<FittedReadout> solved;
  /// An objective, and the explicit values that it is given.
  struct JudgedValues {
    Operation *objective;
    Value prediction, target;
  };
  std::optional<JudgedValues> judged;
  /// The loops over cells, and the sequences of their first outputs.
  SmallVector<std::pair<UnrollOp, Value>> unrolls;
};

} // namespace

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

FailureOr<Value> FunctionInstantiation::getParameter(Operation *user,
                                                     StringRef name,
                                                     RankedTensorType type,
                                                     Attribute init,
                                                     bool trainable) {
  std::string fullName = llvm::join(prefixes, ".");
  if (!fullName.empty())
    fullName += '.';
  fullName += name;
  if (name.empty())
    return user->emitError("a parameter needs a name");
  if (!type.hasStaticShape())
    return user->emitError("the size of parameter '")
           << fullName << "' can't be inferred; it is " << type;
  auto initializer = cast<InitializerAttrInterface>(init);
  auto emitError = [&] {
    InFlightDiagnostic diag = user->emitError();
    for (Location use : llvm::reverse(uses))
      diag.attachNote(use) << "in this use of the cell";
    return diag;
  };
  if (failed(initializer.verifySettings(emitError)) ||
      failed(manifest.add(user, uses, fullName, type, initializer, trainable)))
    return failure();
  Value &parameter = parameters[fullName];
  if (!parameter) {
    parameter = target.front().addArgument(type, user->getLoc());
    Builder builder(user->getContext());
    argAttrs.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        RNNDialect::kParameterAttr,
        FlatSymbolRefAttr::get(user->getContext(), fullName))));
  }
  return parameter;
}

Value FunctionInstantiation::getExampleKey(OpBuilder &builder) {
  if (!exampleKey) {
    exampleKey =
        target.front().addArgument(builder.getI32Type(), target.getLoc());
    argAttrs.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(RNNDialect::kKeyAttr, builder.getUnitAttr())));
  }
  return exampleKey;
}

Value FunctionInstantiation::createScanKey(OpBuilder &builder, Location loc) {
  Value site = arith::ConstantOp::create(
      builder, loc,
      builder.getI32IntegerAttr(static_cast<int32_t>(getNextSite())));
  return arith::AddIOp::create(builder, loc, getExampleKey(builder), site);
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

FailureOr<CellOp> FunctionInstantiation::lookupCell(Operation *user,
                                                    StringAttr name) {
  if (auto cell = symbols.lookup<CellOp>(name)) {
    if (!llvm::is_contained(active, cell.getOperation()))
      return cell;
    user->emitError("cell @") << name.getValue() << " uses itself";
    return failure();
  }
  user->emitError("unknown cell @")
      << name.getValue()
      << "; a rnn.cell of that name must be in the module or in the prelude";
  return failure();
}

LogicalResult FunctionInstantiation::solveSizes(SizeSolver &solver,
                                                Operation *user, CellOp cell,
                                                ArrayRef<Type> inputs,
                                                ArrayRef<Type> states,
                                                ArrayRef<Type> outputs) {
  YieldOp yield = cell.getYield();
  for (auto [argument, type] : llvm::zip(cell.getInputs(), inputs))
    solver.equate(argument, type, user->getLoc());
  for (auto [argument, type] : llvm::zip(cell.getStates(), states))
    solver.equate(argument, type, user->getLoc());
  for (auto [value, type] : llvm::zip(yield.getOutputs(), outputs))
    solver.equate(value, type, user->getLoc());
  // Last, so that it is an op of the cell where sizes of the use can't agree.
  cell.getBody().walk([&](Operation *op) { solver.addEquations(op); });
  for (auto [state, next] : llvm::zip(cell.getStates(), yield.getStates()))
    solver.equate(state, next, yield);
  return solver.solve();
}

FailureOr<SmallVector<Type>> FunctionInstantiation::inferCellTypes(
    Operation *user, CellOp cell, ArrayRef<Type> inputs, ArrayRef<Type> states,
    ArrayRef<Type> outputs) {
  SizeSolver solver;
  if (failed(solveSizes(solver, user, cell, inputs, states, outputs)))
    return failure();
  SmallVector<Type> types;
  auto add = [&](Value value, StringRef what, size_t index) -> LogicalResult {
    Type type = solver.getType(value);
    types.push_back(type);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.hasStaticShape())
      return success();
    InFlightDiagnostic diag =
        user->emitError("the size of ")
        << what << " #" << index << " of cell @" << cell.getSymName()
        << " can't be inferred from this use; give its initial value or ask "
           "for it as a result";
    diag.attachNote(value.getLoc()) << "it is defined here";
    return diag;
  };
  for (auto [index, value] : llvm::enumerate(cell.getYield().getOutputs()))
    if (failed(add(value, "output", index)))
      return failure();
  for (auto [index, value] : llvm::enumerate(cell.getStates()))
    if (failed(add(value, "state", index)))
      return failure();
  return types;
}

/// Gives vectors of `cell` whose size nothing determines the size of its first
/// state, or where it has none, of its first output.
static LogicalResult fillOpenSizes(SizeSolver &solver, CellOp cell) {
  SmallVector<Value> givers(cell.getStates());
  llvm::append_range(givers, cell.getYield().getOutputs());
  Type size;
  for (Value giver : givers) {
    auto type = dyn_cast<RankedTensorType>(solver.getType(giver));
    if (!size && type && type.getRank() == 1 && type.hasStaticShape())
      size = type;
  }
  for (Operation &op : cell.getEntry())
    for (Value result : op.getResults()) {
      auto type = dyn_cast<RankedTensorType>(solver.getType(result));
      if (type && type.getRank() == 1 && !type.hasStaticShape())
        solver.equate(result, size, op.getLoc());
    }
  return solver.solve();
}

/// Fails where `use` sets what `cell` has no setting for, or to a value of
/// another kind. What initializers take they check themselves.
static LogicalResult verifySettings(Operation *use, CellOp cell,
                                    DictionaryAttr settings) {
  if (!settings || settings.empty())
    return success();
  llvm::SetVector<StringRef> known, numbers;
  AttrTypeWalker walker;
  walker.addWalk([&](SettingAttr setting) { known.insert(setting.getName()); });
  cell.getBody().walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    if (auto hyper = dyn_cast<HyperOp>(op))
      numbers.insert(hyper.getName());
  });
  known.insert(numbers.begin(), numbers.end());
  for (NamedAttribute setting : settings) {
    StringRef name = setting.getName();
    if (!known.contains(name))
      return use->emitError("cell @")
             << cell.getSymName() << " has no setting " << setting.getName()
             << (known.empty() ? "" : "; it has ") << llvm::join(known, ", ");
    bool isNumber = isa<FloatAttr, IntegerAttr>(setting.getValue());
    bool isWord = isa<StringAttr, SettingAttr>(setting.getValue());
    if (!isNumber && (!isWord || numbers.contains(name)))
      return use->emitError("setting ")
             << setting.getName() << " is a number"
             << (numbers.contains(name) ? "" : " or a word") << ", but is "
             << setting.getValue();
  }
  return success();
}

void FunctionInstantiation::applySettings(Operation *op) {
  if (settings.empty() || !settings.back())
    return;
  DictionaryAttr values = settings.back();
  if (auto hyper = dyn_cast<HyperOp>(op)) {
    Attribute value = values.get(hyper.getName());
    if (auto real = dyn_cast_or_null<FloatAttr>(value))
      hyper.setValue(APFloat(real.getValueAsDouble()));
    else if (auto whole = dyn_cast_or_null<IntegerAttr>(value))
      hyper.setValue(APFloat(static_cast<double>(whole.getInt())));
    return;
  }
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](SettingAttr setting) -> Attribute {
    Attribute value = values.get(setting.getName());
    return value ? value : setting;
  });
  replacer.replaceElementsIn(op, /*replaceAttrs=*/true);
}

FailureOr<SmallVector<Value>>
FunctionInstantiation::inlineCell(OpBuilder &builder, Operation *user,
                                  CellOp cell, StringRef use, ValueRange inputs,
                                  ValueRange states, TypeRange outputs) {
  SizeSolver solver;
  if (failed(solveSizes(
          solver, user, cell, SmallVector<Type>(inputs.getTypes()),
          SmallVector<Type>(states.getTypes()), SmallVector<Type>(outputs))) ||
      failed(fillOpenSizes(solver, cell)))
    return failure();
  auto values = user->getAttrOfType<DictionaryAttr>("settings");
  if (failed(verifySettings(user, cell, values)))
    return failure();
  IRMapping mapping;
  mapping.map(cell.getInputs(), inputs);
  mapping.map(cell.getStates(), states);
  prefixes.push_back(use.str());
  active.push_back(cell);
  uses.push_back(user->getLoc());
  settings.push_back(values);
  LogicalResult result =
      instantiateBlock(cell.getEntry(), builder, mapping, &solver);
  settings.pop_back();
  uses.pop_back();
  active.pop_back();
  prefixes.pop_back();
  if (failed(result))
    return failure();
  SmallVector<Value> results;
  for (Value value : cell.getYield().getOperands())
    results.push_back(mapping.lookup(value));
  return results;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// Fails where a type of `op` still has an open size, or the size 0.
static LogicalResult verifyStatic(Operation *op, ArrayRef<Location> uses) {
  for (Value value : op->getResults()) {
    auto type = dyn_cast<RankedTensorType>(getElementOrSelf(value.getType()));
    if (!type || (type.hasStaticShape() && type.getNumElements() != 0))
      continue;
    InFlightDiagnostic diag =
        type.hasStaticShape()
            ? op->emitError("a vector must have components, but this is ")
            : op->emitError("the size of this value can't be inferred; it is ");
    diag << type;
    for (Location use : llvm::reverse(uses))
      diag.attachNote(use) << "in this use of the cell";
    return diag;
  }
  return success();
}

LogicalResult FunctionInstantiation::expandOp(Operation *op, Operation *clone,
                                              OpBuilder &builder,
                                              IRMapping &mapping) {
  auto expandable = dyn_cast<ExpandableOpInterface>(clone);
  if (!expandable) {
    mapping.map(op->getResults(), clone->getResults());
    return success();
  }
  builder.setInsertionPoint(clone);
  FailureOr<SmallVector<Value>> values = expandable.expand(builder, *this);
  builder.setInsertionPointAfter(clone);
  if (failed(values))
    return failure();
  for (auto [result, value] : llvm::zip(op->getResults(), *values))
    mapping.map(result, value);
  clone->erase();
  return success();
}

LogicalResult FunctionInstantiation::liftOp(Operation *op, OpBuilder &builder,
                                            IRMapping &mapping) {
  Location loc = op->getLoc();
  SmallVector<Value> sequences;
  for (Value operand : op->getOperands())
    if (isa<SeqType>(operand.getType()))
      sequences.push_back(mapping.lookup(operand));
  SmallVector<Type> elements;
  for (Type type : op->getResultTypes())
    elements.push_back(getElementOrSelf(type));
  SmallVector<Value> states;
  if (training)
    states.push_back(createScanKey(builder, loc));
  auto scan = ScanOp::create(builder, loc, sequences, states, elements);
  OpBuilder body = OpBuilder::atBlockBegin(&scan.getEntry());
  IRMapping inner = mapping;
  for (auto [sequence, argument] :
       llvm::zip(llvm::make_filter_range(
                     op->getOperands(),
                     [](Value value) { return isa<SeqType>(value.getType()); }),
                 scan.getInputArgs()))
    inner.map(sequence, argument);
  Operation *clone = body.clone(*op, inner);
  for (auto [result, type] : llvm::zip(clone->getResults(), elements))
    result.setType(type);
  if (training)
    pushKey(scan.getStateArgs().front());
  LogicalResult result = expandOp(op, clone, body, inner);
  SmallVector<Value> next;
  if (training) {
    next.push_back(createNextKey(body, loc, keys.back()));
    popKey();
  }
  if (failed(result))
    return failure();
  SmallVector<Value> outputs;
  for (Value value : op->getResults())
    outputs.push_back(inner.lookup(value));
  YieldOp::create(body, loc, outputs, next);
  mapping.map(op->getResults(), scan.getOutputs());
  return success();
}

/// Fails unless `function` can be part of a model: one block, and arguments and
/// results that are values of one example with sizes given. Matrices are what
/// parameters are, so they may come in, but no example gives one.
static LogicalResult verifyModelFunction(func::FuncOp function) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("a function of a model must be one block");
  auto verify = [&](Type type, StringRef what, int64_t maxRank,
                    bool isResult) -> LogicalResult {
    Type element = getElementOrSelf(type);
    if (auto alignment = dyn_cast<AlignmentType>(element);
        alignment && isResult)
      element = alignment.getElementType();
    auto tensor = dyn_cast<RankedTensorType>(element);
    Type scalar = tensor ? tensor.getElementType() : element;
    if (tensor && (tensor.getRank() < 1 || tensor.getRank() > maxRank))
      scalar = nullptr;
    bool isNumber = scalar && (scalar.isF32() || scalar.isF64());
    if (!isNumber && !element.isInteger(32))
      return function.emitError("a model speaks of vectors and numbers of f32 "
                                "or f64, of i32, and of sequences of these, "
                                "but ")
             << what << " is " << type;
    if (tensor && !tensor.hasStaticShape())
      return function.emitError("sizes must be given in functions, but ")
             << what << " is " << type;
    if (tensor && tensor.getNumElements() == 0)
      return function.emitError("a vector must have components, but ")
             << what << " is " << type;
    return success();
  };
  for (Type type : function.getArgumentTypes())
    if (failed(verify(type, "an argument", /*maxRank=*/2, /*isResult=*/false)))
      return failure();
  for (Type type : function.getResultTypes())
    if (failed(verify(type, "a result", /*maxRank=*/1, /*isResult=*/true)))
      return failure();
  return success();
}

LogicalResult FunctionInstantiation::instantiateCall(func::CallOp call,
                                                     OpBuilder &builder,
                                                     IRMapping &mapping) {
  auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
  if (!callee || callee.isExternal())
    return call.emitError("call of @")
           << call.getCallee() << ", which has no body in this module";
  return instantiateBody(callee, call, call.getOperands(), call.getResults(),
                         builder, mapping);
}

/// Writes the body of `callee` for `operands` of `user`, whose `results` it
/// gives.
LogicalResult
FunctionInstantiation::instantiateBody(func::FuncOp callee, Operation *user,
                                       ValueRange operands, ValueRange results,
                                       OpBuilder &builder, IRMapping &mapping) {
  if (llvm::is_contained(active, callee.getOperation()))
    return user->emitError("function @") << callee.getName() << " calls itself";
  if (failed(verifyModelFunction(callee)))
    return failure();
  IRMapping inner;
  for (auto [argument, operand] : llvm::zip(callee.getArguments(), operands))
    inner.map(argument, mapping.lookup(operand));
  active.push_back(callee);
  LogicalResult result =
      instantiateBlock(callee.front(), builder, inner, nullptr);
  active.pop_back();
  if (failed(result))
    return failure();
  for (auto [value, returned] :
       llvm::zip(results, callee.front().getTerminator()->getOperands()))
    mapping.map(value, inner.lookup(returned));
  return success();
}

//===----------------------------------------------------------------------===//
// Decoders
//===----------------------------------------------------------------------===//

LogicalResult FunctionInstantiation::instantiateTeach(TeachOp teach,
                                                      OpBuilder &builder,
                                                      IRMapping &mapping) {
  auto callee = symbols.lookup<func::FuncOp>(teach.getCallee());
  llvm::SaveAndRestore taught(teacher,
                              mapping.lookup(teach.getTarget().front()));
  return instantiateBody(callee, teach, teach.getOperands_(),
                         teach.getResults(), builder, mapping);
}

/// The largest component's place, the first where there are several. Written in
/// what kernels evaluate: the places of largest components, negated, have the
/// first as largest.
static Value createChoice(OpBuilder &builder, Location loc, Value scores) {
  auto type = cast<RankedTensorType>(scores.getType());
  Type scalar = type.getElementType();
  Value largest = MaxOp::create(builder, loc, scalar, scores);
  Value spread = BroadcastOp::create(builder, loc, type, largest);
  Value isLargest = arith::CmpFOp::create(
      builder, loc, arith::CmpFPredicate::OEQ, scores, spread);
  SmallVector<Attribute> places;
  for (int64_t place = 0; place < type.getDimSize(0); ++place)
    places.push_back(builder.getFloatAttr(scalar, -static_cast<double>(place)));
  Value negated = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, places));
  Value none =
      createSplat(builder, loc, type, -static_cast<double>(type.getDimSize(0)));
  Value candidates =
      arith::SelectOp::create(builder, loc, isLargest, negated, none);
  Value first = MaxOp::create(builder, loc, scalar, candidates);
  Value place = arith::NegFOp::create(builder, loc, first);
  return arith::FPToSIOp::create(builder, loc, builder.getI32Type(), place);
}

Value FunctionInstantiation::createSampled(OpBuilder &builder, Location loc,
                                           Value taught, Value own) {
  // A mask of one component, which is 0 as often as the rate says.
  auto type = RankedTensorType::get({1}, builder.getF32Type());
  Value mask = RandomMaskOp::create(builder, loc, type, keys.back(),
                                    builder.getF64FloatAttr(scheduledSampling),
                                    builder.getI64IntegerAttr(getNextSite()));
  Value kept = SumOp::create(builder, loc, type.getElementType(), mask);
  Value zero = createSplat(builder, loc, kept.getType(), 0.0);
  Value isOwn = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                      kept, zero);
  return arith::SelectOp::create(builder, loc, isOwn, own, taught);
}

LogicalResult FunctionInstantiation::instantiateTaught(DecodeOp decode,
                                                       Value sequence,
                                                       OpBuilder &builder,
                                                       IRMapping &mapping) {
  Location loc = decode.getLoc();
  Value start = mapping.lookup(decode.getStart());
  if (auto argument = dyn_cast<BlockArgument>(sequence);
      argument && argument.getOwner() == &target.front()) {
    // Who makes the data has to know.
    int64_t reserved = decode.getUntil() + 1;
    APInt first;
    if (matchPattern(start, m_ConstantInt(&first)))
      reserved = std::max(reserved, first.getSExtValue() + 1);
    NamedAttrList attrs(argAttrs[argument.getArgNumber()]);
    attrs.set(RNNDialect::kEndAttr,
              builder.getI32IntegerAttr(decode.getUntil()));
    attrs.set(RNNDialect::kReservedAttr, builder.getI64IntegerAttr(reserved));
    argAttrs[argument.getArgNumber()] =
        attrs.getDictionary(builder.getContext());
  }
  Value previous =
      ShiftOp::create(builder, loc, sequence.getType(), sequence, start);
  SmallVector<Value> states;
  for (Value state : decode.getStates())
    states.push_back(mapping.lookup(state));
  size_t numStates = states.size();
  bool samples = training && scheduledSampling > 0;
  if (samples)
    states.push_back(start);
  if (training)
    states.push_back(createScanKey(builder, loc));
  SmallVector<Type> elements =
      llvm::map_to_vector(decode.getYield().getOutputs().getTypes(),
                          [](Type type) { return type; });
  auto scan = ScanOp::create(builder, loc, previous, states, elements);
  OpBuilder body = OpBuilder::atBlockBegin(&scan.getEntry());
  IRMapping inner = mapping;
  inner.map(decode.getPrevious(), scan.getInputArgs().front());
  for (auto [from, to] : llvm::zip(decode.getStateArgs(), scan.getStateArgs()))
    inner.map(from, to);
  if (training)
    pushKey(scan.getStateArgs().back());
  if (samples)
    inner.map(decode.getPrevious(),
              createSampled(body, loc, scan.getInputArgs().front(),
                            scan.getStateArgs()[numStates]));
  LogicalResult result =
      instantiateBlock(decode.getEntry(), body, inner, nullptr);
  SmallVector<Value> outputs, next;
  if (succeeded(result)) {
    for (Value value : decode.getYield().getOutputs())
      outputs.push_back(inner.lookup(value));
    for (Value value : decode.getYield().getStates())
      next.push_back(inner.lookup(value));
    if (samples)
      next.push_back(createChoice(body, loc, outputs.front()));
  }
  if (training) {
    next.push_back(createNextKey(body, loc, keys.back()));
    popKey();
  }
  if (failed(result))
    return failure();
  YieldOp::create(body, loc, outputs, next);
  mapping.map(decode.getResults(), scan.getOutputs());
  return success();
}

LogicalResult FunctionInstantiation::instantiateDecode(DecodeOp decode,
                                                       OpBuilder &builder,
                                                       IRMapping &mapping) {
  Value sequence =
      decode.getTeacher() ? mapping.lookup(decode.getTeacher()) : teacher;
  if (sequence)
    return instantiateTaught(decode, sequence, builder, mapping);
  SmallVector<Value> states;
  for (Value state : decode.getStates())
    states.push_back(mapping.lookup(state));
  auto copy = DecodeOp::create(builder, decode.getLoc(),
                               mapping.lookup(decode.getStart()), states,
                               static_cast<int32_t>(decode.getUntil()),
                               decode.getMaxAttr(), decode.getResultTypes());
  OpBuilder body = OpBuilder::atBlockBegin(&copy.getEntry());
  IRMapping inner = mapping;
  inner.map(decode.getEntry().getArguments(), copy.getEntry().getArguments());
  if (failed(instantiateBlock(decode.getEntry(), body, inner, nullptr)))
    return failure();
  auto map = [&](ValueRange values) {
    return llvm::map_to_vector(
        values, [&](Value value) { return inner.lookup(value); });
  };
  YieldOp::create(body, decode.getYield().getLoc(),
                  map(decode.getYield().getOutputs()),
                  map(decode.getYield().getStates()));
  mapping.map(decode.getResults(), copy.getResults());
  return success();
}

LogicalResult FunctionInstantiation::instantiateScan(ScanOp scan,
                                                     OpBuilder &builder,
                                                     IRMapping &mapping) {
  SmallVector<Value> inputs, states;
  for (Value input : scan.getInputs())
    inputs.push_back(mapping.lookup(input));
  for (Value state : scan.getStates())
    states.push_back(mapping.lookup(state));
  size_t numStates = states.size();
  if (training)
    states.push_back(createScanKey(builder, scan.getLoc()));
  SmallVector<Type> elements;
  for (Value output : scan.getOutputs())
    elements.push_back(getElementOrSelf(output.getType()));
  auto copy = ScanOp::create(builder, scan.getLoc(), inputs, states, elements,
                             scan.getReverse());
  OpBuilder body = OpBuilder::atBlockBegin(&copy.getEntry());
  IRMapping inner = mapping;
  inner.map(scan.getInputArgs(), copy.getInputArgs());
  for (auto [from, to] : llvm::zip(scan.getStateArgs(), copy.getStateArgs()))
    inner.map(from, to);
  if (training)
    pushKey(copy.getStateArgs().back());
  LogicalResult result =
      instantiateBlock(scan.getEntry(), body, inner, nullptr);
  SmallVector<Value> next;
  if (succeeded(result))
    for (Value value : scan.getYield().getStates())
      next.push_back(inner.lookup(value));
  if (training) {
    next.push_back(createNextKey(body, scan.getLoc(), keys.back()));
    popKey();
  }
  if (failed(result))
    return failure();
  SmallVector<Value> outputs;
  for (Value value : scan.getYield().getOutputs())
    outputs.push_back(inner.lookup(value));
  YieldOp::create(body, scan.getYield().getLoc(), outputs, next);
  mapping.map(scan.getOutputs(), copy.getOutputs());
  for (auto [from, to] :
       llvm::zip(scan.getFinals(), copy.getFinals().take_front(numStates)))
    mapping.map(from, to);
  return success();
}

//===----------------------------------------------------------------------===//
// Readouts
//===----------------------------------------------------------------------===//

LogicalResult FunctionInstantiation::noteReadout(Operation *op,
                                                 IRMapping &mapping) {
  auto map = [&](Value value) { return mapping.lookup(value); };
  if (auto readout = dyn_cast<ReadoutOp>(op)) {
    readouts.push_back({readout,
                        llvm::map_to_vector(readout.getOperands_(), map),
                        map(readout.getResult()), Value()});
    return success();
  }
  auto objective = dyn_cast<ObjectiveOpInterface>(op);
  if (!objective)
    return success();
  Value prediction = map(objective.getPrediction());
  if (!isOfFunction(prediction))
    return success();
  // A readout within a loop, whose output is judged.
  Value yielded;
  if (auto scan = prediction.getDefiningOp<ScanOp>())
    if (unsigned place = cast<OpResult>(prediction).getResultNumber();
        place < scan.getOutputs().size())
      yielded = scan.getYield().getOutputs()[place];
  for (const FittedReadout &readout : readouts) {
    if (readout.result != prediction && readout.result != yielded)
      continue;
    if (solved) {
      InFlightDiagnostic diag =
          op->emitError("one readout can be solved, but this is a second "
                        "objective of one");
      diag.attachNote(solved->op.getLoc()) << "the first is of this readout";
      return diag;
    }
    solved = readout;
    solved->target = map(objective.getTarget());
  }
  return success();
}

func::FuncOp FunctionInstantiation::runNormal(func::FuncOp source,
                                              bool givesRows) {
  note = &FunctionInstantiation::noteReadout;
  func::FuncOp normal = run(source);
  if (!normal)
    return nullptr;
  if (!solved) {
    InFlightDiagnostic diag = source.emitError(
        "nothing to solve: no objective of this function is given the result "
        "of a rnn.readout");
    for (FittedReadout &readout : readouts)
      diag.attachNote(readout.op.getLoc()) << "this goes elsewhere";
    return nullptr;
  }
  buildRegression(normal, *solved, givesRows);
  normal.setName((source.getName() + ".normal").str());
  return normal;
}

//===----------------------------------------------------------------------===//
// Predictions and states
//===----------------------------------------------------------------------===//

LogicalResult FunctionInstantiation::noteObjective(Operation *op,
                                                   IRMapping &mapping) {
  auto objective = dyn_cast<ObjectiveOpInterface>(op);
  if (!objective || !isOfFunction(mapping.lookup(objective.getPrediction())))
    return success();
  if (judged) {
    InFlightDiagnostic diag = op->emitError(
        "predictions are those of one objective, but this is a second one");
    diag.attachNote(judged->objective->getLoc()) << "the first is here";
    return diag;
  }
  judged = {op, mapping.lookup(objective.getPrediction()),
            mapping.lookup(objective.getTarget())};
  return success();
}

func::FuncOp FunctionInstantiation::runPredictions(func::FuncOp source) {
  note = &FunctionInstantiation::noteObjective;
  func::FuncOp function = run(source);
  if (!function)
    return nullptr;
  if (!judged) {
    source.emitError("this function has no objective that judges predictions, "
                     "such as rnn.mse or rnn.cross_entropy");
    return nullptr;
  }
  if (isa<BceOp>(judged->objective)) {
    judged->objective->emitError(
        "what rnn.bce judges are logits, which can't be compared with its "
        "target; predictions are those of rnn.cross_entropy, rnn.mse or "
        "rnn.mae");
    return nullptr;
  }
  auto argument = dyn_cast<BlockArgument>(judged->target);
  auto name = argument ? argAttrs[argument.getArgNumber()].getAs<StringAttr>(
                             RNNDialect::kNameAttr)
                       : nullptr;
  if (!name) {
    judged->objective->emitError(
        "predictions are compared with an input, but this target is computed");
    return nullptr;
  }
  replaceResults(function, judged->prediction, name);
  function.setName((source.getName() + ".predictions").str());
  return function;
}

LogicalResult FunctionInstantiation::noteStates(Operation *op,
                                                IRMapping &mapping) {
  auto unroll = dyn_cast<UnrollOp>(op);
  if (unroll && isOfFunction(mapping.lookup(unroll.getResult(0))))
    unrolls.push_back({unroll, mapping.lookup(unroll.getResult(0))});
  return success();
}

func::FuncOp FunctionInstantiation::runStates(func::FuncOp source) {
  note = &FunctionInstantiation::noteStates;
  func::FuncOp function = run(source);
  if (!function)
    return nullptr;
  if (unrolls.empty()) {
    source.emitError("this function has no rnn.unroll whose states could be "
                     "looked at");
    return nullptr;
  }
  SmallVector<Value> values;
  SmallVector<StringAttr> names;
  for (auto [unroll, value] : unrolls) {
    values.push_back(value);
    names.push_back(unroll.getNameAttr());
  }
  replaceResults(function, values, names);
  if (!canBeGivenInParts(function)) {
    source.emitError("the states of this function are not those of loops that "
                     "go forwards from zero over the sequences it is given");
    return nullptr;
  }
  carryStates(function);
  // Targets, and parameters of what is gone.
  BitVector unused(function.getNumArguments());
  for (BlockArgument argument : function.getArguments())
    unused[argument.getArgNumber()] = argument.use_empty();
  (void)function.eraseArguments(unused);
  function.setName((source.getName() + ".states").str());
  return function;
}

LogicalResult FunctionInstantiation::instantiateOp(Operation *op,
                                                   OpBuilder &builder,
                                                   IRMapping &mapping,
                                                   SizeSolver *solver) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return instantiateCall(call, builder, mapping);
  if (auto scan = dyn_cast<ScanOp>(op))
    return instantiateScan(scan, builder, mapping);
  if (auto decode = dyn_cast<DecodeOp>(op))
    return instantiateDecode(decode, builder, mapping);
  if (auto teach = dyn_cast<TeachOp>(op))
    return instantiateTeach(teach, builder, mapping);
  if (op->getNumRegions() != 0)
    return op->emitError("'")
           << op->getName()
           << "' can't stand in a model; its control flow is that of "
              "rnn.unroll, rnn.decode and rnn.scan";
  auto isSequence = [](Type type) { return isa<SeqType>(type); };
  if (op->hasTrait<Liftable>() &&
      llvm::any_of(op->getResultTypes(), isSequence)) {
    if (failed(verifyStatic(op, uses)))
      return failure();
    return liftOp(op, builder, mapping);
  }
  Operation *clone = builder.clone(*op, mapping);
  if (solver)
    for (auto [from, to] : llvm::zip(op->getResults(), clone->getResults()))
      to.setType(solver->getType(from));
  if (failed(verifyStatic(clone, uses)))
    return failure();
  applySettings(clone);
  return expandOp(op, clone, builder, mapping);
}

LogicalResult FunctionInstantiation::instantiateBlock(Block &block,
                                                      OpBuilder &builder,
                                                      IRMapping &mapping,
                                                      SizeSolver *solver) {
  for (Operation &op : block.without_terminator())
    if (failed(instantiateOp(&op, builder, mapping, solver)) ||
        (note && failed((this->*note)(&op, mapping))))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

func::FuncOp FunctionInstantiation::run(func::FuncOp source) {
  if (failed(verifyModelFunction(source)))
    return nullptr;
  OpBuilder builder(source);
  target = cast<func::FuncOp>(builder.cloneWithoutRegions(*source));
  Block *entry = target.addEntryBlock();
  source.getAllArgAttrs(argAttrs);
  argAttrs.resize(source.getNumArguments(), builder.getDictionaryAttr({}));
  builder.setInsertionPointToStart(entry);

  IRMapping mapping;
  mapping.map(source.getArguments(), entry->getArguments());
  active.push_back(source);
  if (failed(instantiateBlock(source.front(), builder, mapping, nullptr)))
    return nullptr;
  SmallVector<Value> results;
  for (Value value : source.front().getTerminator()->getOperands())
    results.push_back(mapping.lookup(value));
  func::ReturnOp::create(builder, source.front().getTerminator()->getLoc(),
                         results);
  target.setType(builder.getFunctionType(entry->getArgumentTypes(),
                                         target.getResultTypes()));
  target.setAllArgAttrs(argAttrs);
  return target;
}

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

/// Elements of a parameter that are updated as one row.
static constexpr int64_t kUpdateWidth = 64;

func::FuncOp FunctionInstantiation::run(OptimizerOp source) {
  Location loc = source.getLoc();
  OpBuilder builder(source);
  Type scalar = getScalarType(source.getInputs().front().getType());
  auto vector = RankedTensorType::get({kUpdateWidth}, scalar);
  target = func::FuncOp::create(builder, loc, source.getSymName(),
                                builder.getFunctionType({}, {}));
  Block *entry = target.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  auto addArgument = [&](Type type, const Twine &name, bool shared) {
    NamedAttrList attrs;
    attrs.set(RNNDialect::kNameAttr, builder.getStringAttr(name));
    if (shared)
      attrs.set(RNNDialect::kSharedAttr, builder.getUnitAttr());
    argAttrs.push_back(attrs.getDictionary(builder.getContext()));
    return entry->addArgument(type, loc);
  };
  IRMapping mapping;
  SmallVector<Value> scalars;
  mapping.map(source.getInputs()[0], addArgument(vector, "parameter", false));
  mapping.map(source.getInputs()[1], addArgument(vector, "gradient", false));
  for (auto [index, state] : llvm::enumerate(source.getStates()))
    mapping.map(state, addArgument(vector, "state" + Twine(index), false));
  for (auto [argument, name] :
       llvm::zip(source.getInputs().drop_front(2),
                 ArrayRef<StringRef>{"learning_rate", "step"})) {
    Value number = addArgument(scalar, name, true);
    mapping.map(argument,
                BroadcastOp::create(builder, loc, vector, number).getResult());
  }
  SizeSolver solver;
  source.getBody().walk([&](Operation *op) { solver.addEquations(op); });
  for (Operation &op : source.getEntry().without_terminator())
    for (Value result : op.getResults())
      solver.equate(result, vector, op.getLoc());
  if (failed(solver.solve()) ||
      failed(instantiateBlock(source.getEntry(), builder, mapping, &solver)))
    return nullptr;
  SmallVector<Value> results;
  for (Value value : source.getYield().getOperands())
    results.push_back(mapping.lookup(value));
  func::ReturnOp::create(builder, loc, results);
  target.setType(builder.getFunctionType(entry->getArgumentTypes(),
                                         TypeRange(ValueRange(results))));
  target.setAllArgAttrs(argAttrs);
  return target;
}

namespace {
struct InstantiatePass
    : public ravel::rnn::impl::RNNInstantiateBase<InstantiatePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto nested : module.getOps<ModuleOp>()) {
      nested.emitError("a model is one module; none may stand in another");
      return signalPassFailure();
    }
    if (scheduledSampling < 0 || scheduledSampling >= 1) {
      module.emitError("'scheduled-sampling' must be at least 0 and less than "
                       "1, but is ")
          << scheduledSampling.getValue();
      return signalPassFailure();
    }
    SymbolTable symbols(module);
    Manifest manifest;
    SmallVector<func::FuncOp> sources, targets;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        sources.push_back(function);
    for (func::FuncOp source : sources) {
      // A private function exists for its callers alone.
      if (source.isPrivate())
        continue;
      FunctionInstantiation instantiation(symbols, manifest, training,
                                          scheduledSampling);
      func::FuncOp target = instantiation.run(source);
      if (!target)
        return signalPassFailure();
      targets.push_back(target);
      auto derive = [&](StringRef name, auto run) {
        FunctionInstantiation derivation(symbols, manifest, /*training=*/false);
        return source.getName() != name || run(derivation);
      };
      if (!derive(solve,
                  [&](auto &d) { return d.runNormal(source, solveRows); }) ||
          !derive(predictions,
                  [&](auto &d) { return d.runPredictions(source); }) ||
          !derive(states, [&](auto &d) { return d.runStates(source); }))
        return signalPassFailure();
    }
    for (auto optimizer :
         llvm::make_early_inc_range(module.getOps<OptimizerOp>())) {
      if (!FunctionInstantiation(symbols, manifest, training).run(optimizer))
        return signalPassFailure();
      optimizer.erase();
    }
    for (func::FuncOp source : sources)
      source.erase();
    for (CellOp cell : llvm::make_early_inc_range(module.getOps<CellOp>()))
      cell.erase();
    if (failed(manifest.build(module)))
      return signalPassFailure();
  }
};
} // namespace
