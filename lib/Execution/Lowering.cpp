//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// A model's text to modules at each level, and what the module says of its
// functions.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/AsmParser/AsmParserState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Pipelines/Registration.h"
#include "ravel/Prelude/Prelude.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Model to module
//===----------------------------------------------------------------------===//

Session::Session() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerOpenMPDialectTranslation(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<RNNDialect>();
  context.printOpOnDiagnostic(false);
}

OwningOpRef<ModuleOp> Session::parse(const ModelSource &source) {
  sourceMgr.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(source.text, source.path),
      llvm::SMLoc());
  handler = std::make_unique<SourceMgrDiagnosticHandler>(sourceMgr, &context);
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(FileLineColLoc::get(&context, source.path, 1, 1));
  AsmParserState state;
  if (failed(parseAsmSourceFile(sourceMgr, module->getBody(),
                                ParserConfig(&context), &state)))
    return nullptr;
  // A text that is one module holds what the model's module holds.
  if (llvm::hasSingleElement(*module->getBody()))
    if (auto inner = dyn_cast<ModuleOp>(module->getBody()->front())) {
      inner->remove();
      module = inner;
    }
  for (auto function : module->getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    const AsmParserState::BlockDefinition *block =
        state.getBlockDef(&function.front());
    if (!block)
      continue;
    for (auto [index, argument] : llvm::enumerate(block->arguments)) {
      if (function.getArgAttr(index, RNNDialect::kNameAttr))
        continue;
      llvm::SMRange range = argument.loc;
      llvm::StringRef name(range.Start.getPointer(),
                           range.End.getPointer() - range.Start.getPointer());
      function.setArgAttr(index, RNNDialect::kNameAttr,
                          StringAttr::get(&context, name.ltrim('%')));
    }
  }
  if (failed(mlir::verify(*module)))
    return nullptr;
  return module;
}

llvm::Error ravel::reportFailure(const ModelSource &source) {
  return makeError("'" + source.path + "' was not compiled");
}

/// Makes all functions private but those that `options` ask for.
static llvm::Error selectFunctions(ModuleOp module,
                                   const CompileOptions &options,
                                   const ModelSource &source) {
  std::vector<std::string> wanted = options.functions;
  if (!options.objective.empty())
    wanted = {options.objective};
  bool optimizerAlone = wanted.empty() && !options.optimizer.empty();
  for (const std::string &name : wanted)
    if (!module.lookupSymbol<func::FuncOp>(name)) {
      std::string names;
      for (auto function : module.getOps<func::FuncOp>())
        names += (names.empty() ? "@" : ", @") + function.getName().str();
      return makeError("'" + source.path + "' has no function @" + name +
                       (names.empty() ? "" : "; there are " + names));
    }
  for (auto function : module.getOps<func::FuncOp>())
    if (optimizerAlone ||
        (!wanted.empty() && !llvm::is_contained(wanted, function.getName())))
      function.setPrivate();
  return llvm::Error::success();
}

/// Sets the hyperparameters of the optimizer.
static llvm::Error setHyperparameters(ModuleOp module,
                                      const CompileOptions &options) {
  for (const auto &[name, value] : options.hyperparameters) {
    bool found = false;
    std::string names;
    module.walk([&, &name = name, &value = value](HyperOp op) {
      auto optimizer = op->getParentOfType<OptimizerOp>();
      if (!optimizer || optimizer.getSymName() != options.optimizer)
        return;
      names += (names.empty() ? "" : ", ") + op.getName().str();
      if (op.getName() != name)
        return;
      op.setValue(APFloat(value));
      found = true;
    });
    if (!found)
      return makeError("optimizer '" + options.optimizer +
                       "' has no hyperparameter '" + name + "'" +
                       (names.empty() ? "" : "; it has " + names));
  }
  return llvm::Error::success();
}

llvm::Expected<OwningOpRef<ModuleOp>>
ravel::lowerTo(Session &session, const ModelSource &source,
               const CompileOptions &options, const PipelineOptions &pipeline,
               unsigned level) {
  OwningOpRef<ModuleOp> module = session.parse(source);
  if (!module)
    return reportFailure(source);
  if (llvm::Error error = selectFunctions(*module, options, source))
    return error;
  PassManager link(&session.context);
  RNNLinkPreludeOptions linkOptions;
  linkOptions.optimizer = options.optimizer;
  link.addPass(createRNNLinkPrelude(linkOptions));
  if (level > 0 && failed(link.run(*module)))
    return reportFailure(source);
  if (llvm::Error error = setHyperparameters(*module, options))
    return error;
  PassManager manager(&session.context);
  buildPipeline(manager, pipeline, level);
  if (failed(manager.run(*module)))
    return reportFailure(source);
  return module;
}

//===----------------------------------------------------------------------===//
// Signatures
//===----------------------------------------------------------------------===//

static DType getDType(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF64())
    return DType::F64;
  if (element.isInteger(32))
    return DType::I32;
  if (element.isIndex())
    return DType::I64;
  return DType::F32;
}

Argument ravel::describeArgument(func::FuncOp function, unsigned index) {
  auto text = [&](StringRef name) -> std::string {
    Attribute attr = function.getArgAttr(index, name);
    if (auto string = dyn_cast_or_null<StringAttr>(attr))
      return string.str();
    if (auto symbol = dyn_cast_or_null<FlatSymbolRefAttr>(attr))
      return symbol.getValue().str();
    return "";
  };
  Argument argument;
  std::string role = text(RNNDialect::kRoleAttr);
  argument.role = llvm::StringSwitch<Role>(role)
                      .Case("offsets", Role::Offsets)
                      .Case("order", Role::Order)
                      .Case("starts", Role::Starts)
                      .Case("sources", Role::Sources)
                      .Case("longest", Role::Longest)
                      .Case("batch", Role::Batch)
                      .Case("parameter", Role::Parameter)
                      .Case("key", Role::Key)
                      .Case("weight", Role::Weight)
                      .Case("output", Role::Output)
                      .Case("instant", Role::Instant)
                      .Default(Role::Input);
  argument.layout = llvm::StringSwitch<RowLayout>(text(RNNDialect::kLayoutAttr))
                        .Case("sequence", RowLayout::Sequence)
                        .Case("memory", RowLayout::Memory)
                        .Case("example", RowLayout::Example)
                        .Default(RowLayout::Shared);
  Type type = function.getArgumentTypes()[index];
  argument.dtype = getDType(type);
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    ArrayRef<int64_t> shape = shaped.getShape();
    if (argument.layout != RowLayout::Shared)
      shape = shape.drop_front();
    for (int64_t size : shape)
      argument.shape.push_back(ShapedType::isDynamic(size) ? kLongest : size);
    if (argument.role == Role::Offsets || argument.role == Role::Order ||
        argument.role == Role::Starts || argument.role == Role::Sources)
      argument.shape.clear();
  }
  auto number = [&](StringRef name) -> std::optional<int64_t> {
    auto attr = function.getArgAttrOfType<IntegerAttr>(index, name);
    return attr ? std::optional(attr.getInt()) : std::nullopt;
  };
  argument.lengthClass = number(RNNDialect::kClassAttr).value_or(0);
  argument.memoryClass =
      number(RNNDialect::kMemoryClassAttr).value_or(argument.lengthClass);
  if (std::optional<int64_t> end = number(RNNDialect::kEndAttr)) {
    argument.end = static_cast<int32_t>(*end);
    argument.reserved = number(RNNDialect::kReservedAttr).value_or(*end + 1);
  }
  argument.numClasses = number(RNNDialect::kClassesAttr);
  argument.carry = text("rnn.carry");
  argument.name = text(RNNDialect::kNameAttr);
  if (argument.role == Role::Parameter)
    argument.name = text(RNNDialect::kParameterAttr);
  if (argument.role == Role::Output) {
    argument.gradientOf = text(RNNDialect::kGradientAttr);
    if (argument.gradientOf.empty())
      argument.gradientOf = text("rnn.gradient_of");
  }
  return argument;
}

static StringRef getRole(func::FuncOp function, unsigned index) {
  auto role =
      function.getArgAttrOfType<StringAttr>(index, RNNDialect::kRoleAttr);
  return role ? role.getValue() : "";
}

static int64_t getBytes(MemRefType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

static Decoding describeDecoding(DictionaryAttr attrs) {
  auto get = [&](StringRef name) {
    return attrs.getAs<IntegerAttr>(name).getInt();
  };
  Decoding decoding;
  decoding.until = static_cast<int32_t>(get("until"));
  decoding.max = get("max");
  decoding.states = get("states");
  decoding.examples = get("examples");
  decoding.outputs = get("outputs");
  return decoding;
}

Streaming ravel::describeStreaming(DictionaryAttr attrs) {
  auto get = [&](StringRef name) {
    return attrs.getAs<IntegerAttr>(name).getInt();
  };
  return {get("inputs"), get("states"), get("examples"), get("outputs")};
}

void ravel::describe(ModuleOp module, CompiledCode &code) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || function->hasAttr(RNNDialect::kCompanionAttr))
      continue;
    Signature signature;
    signature.name = function.getName().str();
    if (auto decode =
            function->getAttrOfType<DictionaryAttr>(RNNDialect::kDecodeAttr))
      signature.decoding = describeDecoding(decode);
    if (auto stream =
            function->getAttrOfType<DictionaryAttr>(RNNDialect::kStreamAttr))
      signature.streaming = describeStreaming(stream);
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      StringRef role = getRole(function, i);
      if (role == "workspace")
        signature.hasWorkspace = true;
      else if (role == "prepared")
        signature.preparedBytes.push_back(
            getBytes(cast<MemRefType>(function.getArgumentTypes()[i])));
      else
        signature.arguments.push_back(describeArgument(function, i));
    }
    if (auto companion = module.lookupSymbol<func::FuncOp>(
            (function.getName() + ".prepare").str()))
      signature.preparationHasWorkspace =
          getRole(companion, companion.getNumArguments() - 1) == "workspace";
    code.signatures.push_back(std::move(signature));
  }
  for (auto parameter : module.getOps<ParameterOp>()) {
    ManifestEntry entry;
    entry.spec.name = parameter.getSymName().str();
    auto shape = parameter.getTensorType().getShape();
    entry.spec.shape.assign(shape.begin(), shape.end());
    entry.spec.trainable = !parameter.getFrozen();
    if (auto sparse = dyn_cast<SparseAttr>(parameter.getInit()))
      entry.spec.sparseInputs = sparse.getInputs();
    llvm::raw_string_ostream(entry.initializer) << parameter.getInit();
    code.manifest.push_back(std::move(entry));
  }
}

//===----------------------------------------------------------------------===//
// The LLVM dialect
//===----------------------------------------------------------------------===//

llvm::Error ravel::lowerToLLVM(ModuleOp module, const PipelineOptions &pipeline,
                               const ModelSource &source) {
  PassManager manager(module.getContext());
  buildLLVMPipeline(manager, pipeline);
  if (failed(manager.run(module)))
    return reportFailure(source);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<ParameterOp>(op))
      op.erase();
  return llvm::Error::success();
}
