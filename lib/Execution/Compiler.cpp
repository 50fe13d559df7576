//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// A model's text to native code, by the stages of the pipelines and LLVM, and
// the cache of the result on disk.
//
//===----------------------------------------------------------------------===//

#include "CompiledCode.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/AsmParser/AsmParserState.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/Module.h"
#include "ravel/Pipelines/Pipelines.h"
#include "ravel/Pipelines/Registration.h"
#include "ravel/Prelude/Prelude.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/xxhash.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include <unistd.h>

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

//===----------------------------------------------------------------------===//
// Target
//===----------------------------------------------------------------------===//

/// The target machine that `options` name.
static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CompileOptions &options) {
  static bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return makeError(message);
  std::string cpu = options.cpu, features = options.features;
  if (cpu.empty()) {
    cpu = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures()) {
      features += features.empty() ? "" : ",";
      features += (feature.second ? "+" : "-") + feature.first().str();
    }
  }
  // Only written fused multiply-adds are fused, so that a row gives the same
  // bits in whatever loop it is computed.
  llvm::TargetOptions targetOptions;
  targetOptions.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, features, targetOptions, llvm::Reloc::PIC_, std::nullopt,
      *llvm::CodeGenOpt::getLevel(std::min(options.optimizationLevel, 3u))));
}

/// The size of a data cache of this machine that `name` asks `sysconf` for, or
/// what is usual if the system doesn't say.
static int64_t getCacheSize(int name, int64_t usual) {
  long size = sysconf(name);
  return size > 0 ? size : usual;
}

/// Fills what the pipelines need to know of the target's vectors and caches.
/// Those of a processor that was named are not known.
static void describeTarget(const llvm::TargetMachine &machine, bool isNamed,
                           PipelineOptions &options) {
  if (!isNamed) {
    options.firstCache =
        getCacheSize(_SC_LEVEL1_DCACHE_SIZE, options.firstCache);
    options.secondCache =
        getCacheSize(_SC_LEVEL2_CACHE_SIZE, options.secondCache);
  }
  llvm::StringRef features = machine.getTargetFeatureString();
  auto has = [&](llvm::StringRef feature) {
    return features.contains(feature);
  };
  options.vectorWidth = 128;
  options.numRegisters = 16;
  if (machine.getTargetTriple().isAArch64()) {
    options.numRegisters = 32;
  } else if (has("+avx512f")) {
    options.vectorWidth = 512;
    options.numRegisters = 32;
  } else if (has("+avx")) {
    options.vectorWidth = 256;
  }
}

//===----------------------------------------------------------------------===//
// Model to module
//===----------------------------------------------------------------------===//

namespace {

/// A context with everything that a model needs, whose diagnostics go to
/// standard error.
class Session {
public:
  Session() {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerOpenMPDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<RNNDialect>();
    context.printOpOnDiagnostic(false);
  }

  /// Parses `source`; inputs get the names that they have in the text.
  OwningOpRef<ModuleOp> parse(const ModelSource &source);

  MLIRContext context{MLIRContext::Threading::DISABLED};
  llvm::SourceMgr sourceMgr;
  std::unique_ptr<SourceMgrDiagnosticHandler> handler;
};

} // namespace

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

static llvm::Error reportFailure(const ModelSource &source) {
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
      if (op->getParentOfType<OptimizerOp>().getSymName() != options.optimizer)
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

static void fillPipelineOptions(const CompileOptions &options,
                                const llvm::TargetMachine &machine,
                                PipelineOptions &result) {
  result.training = options.training;
  result.precision = getName(options.precision).str();
  result.objective = options.objective;
  result.gradientInputs = options.gradientInputs;
  result.checkpointTime = options.checkpointTime;
  result.scheduledSampling = options.scheduledSampling;
  result.optimizer = options.optimizer;
  result.unrollTime = options.unrollTime;
  result.without = options.without;
  if (options.objective.empty())
    result.weights = options.weightType;
  describeTarget(machine, !options.cpu.empty(), result);
}

/// Parses `source` and brings it to `level`.
static llvm::Expected<OwningOpRef<ModuleOp>>
lowerTo(Session &session, const ModelSource &source,
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

/// What the attributes of a batched function's argument say of it.
static Argument describeArgument(func::FuncOp function, unsigned index) {
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

static void describe(ModuleOp module, CompiledCode &code) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || function->hasAttr(RNNDialect::kCompanionAttr))
      continue;
    Signature signature;
    signature.name = function.getName().str();
    if (auto decode =
            function->getAttrOfType<DictionaryAttr>(RNNDialect::kDecodeAttr))
      signature.decoding = describeDecoding(decode);
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
    llvm::raw_string_ostream(entry.initializer) << parameter.getInit();
    code.manifest.push_back(std::move(entry));
  }
}

//===----------------------------------------------------------------------===//
// Module to object
//===----------------------------------------------------------------------===//

/// Level 1 does what ours leave: MLIR's passes have simplified, hoisted and
/// vectorized already, and LLVM's analyses of loops take longer than all else.
static llvm::Error optimize(llvm::Module &module, llvm::TargetMachine &machine,
                            unsigned level) {
  if (level != 1)
    return makeOptimizingTransformer(level, /*sizeLevel=*/0, &machine)(&module);
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(
          passes,
          "function(sroa,early-cse<memssa>,"
          "instcombine<max-iterations=1;no-verify-fixpoint>,simplifycfg,"
          "loop-mssa(licm),early-cse,simplifycfg),globaldce"))
    return error;
  passes.run(module, modules);
  return llvm::Error::success();
}

static llvm::Expected<std::string> emitObject(ModuleOp module,
                                              llvm::TargetMachine &machine,
                                              unsigned optimizationLevel,
                                              const ModelSource &source) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context, source.path);
  if (!llvmModule)
    return reportFailure(source);
  llvmModule->setDataLayout(machine.createDataLayout());
  llvmModule->setTargetTriple(machine.getTargetTriple());
  for (llvm::Function &function : *llvmModule) {
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
  if (llvm::Error error = optimize(*llvmModule, machine, optimizationLevel))
    return error;
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return makeError("this target can't write object files");
  passes.run(*llvmModule);
  return std::string(bytes.begin(), bytes.end());
}

//===----------------------------------------------------------------------===//
// Compiler
//===----------------------------------------------------------------------===//

llvm::Expected<ModelSource> ModelSource::open(llvm::StringRef path) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  return ModelSource{(*buffer)->getBuffer().str(), path.str()};
}

Compiler::Compiler(std::string cacheDirectory)
    : cacheDirectory(std::move(cacheDirectory)) {}

std::string Compiler::getDefaultCacheDirectory() {
  if (const char *directory = std::getenv("RAVEL_CACHE_DIR"))
    return directory;
  llvm::SmallString<128> path;
  if (const char *cache = std::getenv("XDG_CACHE_HOME"))
    path = cache;
  else if (const char *home = std::getenv("HOME")) {
    path = home;
    llvm::sys::path::append(path, ".cache");
  } else {
    return "";
  }
  llvm::sys::path::append(path, "ravel");
  return path.str().str();
}

/// What tells this build of the compiler from others: the size and date of the
/// program. A change of any pass changes the program.
static std::string getBuildIdentity() {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status("/proc/self/exe", status))
    return "";
  return (llvm::Twine(status.getSize()) + "-" +
          llvm::Twine(
              status.getLastModificationTime().time_since_epoch().count()))
      .str();
}

/// The name of the cache's entry: a hash of all that the code depends on.
static std::string getCacheKey(const ModelSource &source,
                               const CompileOptions &options,
                               const llvm::TargetMachine &machine) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto add = [&](llvm::StringRef part) { os << part.size() << ':' << part; };
  add(getBuildIdentity());
  add(source.text);
  add(getName(options.precision));
  add(options.training ? "training" : "inference");
  add(options.objective);
  for (const std::string &name : options.gradientInputs)
    add(name);
  add("optimizer");
  add(options.optimizer);
  for (const auto &[name, value] : options.hyperparameters) {
    add(name);
    os << llvm::format("%a,", value);
  }
  for (const std::string &step : options.without)
    add(step);
  add("weights");
  add(options.weightType);
  add("functions");
  for (const std::string &name : options.functions)
    add(name);
  os << options.checkpointTime << ',' << options.scheduledSampling << ','
     << options.unrollTime << ',' << options.optimizationLevel << ',';
  add(machine.getTargetTriple().str());
  add(machine.getTargetCPU());
  add(machine.getTargetFeatureString());
  PipelineOptions target;
  describeTarget(machine, !options.cpu.empty(), target);
  os << target.firstCache << ',' << target.secondCache;
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)),
                     /*LowerCase=*/true);
}

llvm::Expected<Module> Compiler::compile(const ModelSource &source,
                                         const CompileOptions &options) const {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  llvm::SmallString<128> entry;
  if (!cacheDirectory.empty()) {
    entry = cacheDirectory;
    llvm::sys::path::append(entry, getCacheKey(source, options, **machine));
    entry += ".ravel";
    if (std::optional<CompiledCode> code = CompiledCode::read(entry)) {
      llvm::Expected<Module> loaded =
          Module::load(std::move(*code), /*cached=*/true);
      if (loaded)
        return loaded;
      // An entry that can't be loaded is as good as none.
      llvm::consumeError(loaded.takeError());
    }
  }

  Session session;
  PipelineOptions pipeline;
  fillPipelineOptions(options, **machine, pipeline);
  pipeline.gradientOnly = true;
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      lowerTo(session, source, options, pipeline, /*level=*/5);
  if (!module)
    return module.takeError();
  CompiledCode code;
  describe(**module, code);
  PassManager rest(&session.context);
  buildLLVMPipeline(rest, pipeline);
  if (failed(rest.run(**module)))
    return reportFailure(source);
  for (Operation &op : llvm::make_early_inc_range(*(*module)->getBody()))
    if (isa<ParameterOp>(op))
      op.erase();
  llvm::Expected<std::string> object = emitObject(
      **module, **machine, std::min(options.optimizationLevel, 3u), source);
  if (!object)
    return object.takeError();
  code.object = std::move(*object);
  // Without a cache the code works as well: a full disk is no error here.
  if (!entry.empty())
    code.write(entry);
  return Module::load(std::move(code), /*cached=*/false);
}

llvm::Expected<std::string> Compiler::print(const ModelSource &source,
                                            const CompileOptions &options,
                                            unsigned level) const {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  Session session;
  PipelineOptions pipeline;
  fillPipelineOptions(options, **machine, pipeline);
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      lowerTo(session, source, options, pipeline, level);
  if (!module)
    return module.takeError();
  std::string text;
  llvm::raw_string_ostream os(text);
  (*module)->print(os);
  os << '\n';
  return text;
}

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

llvm::Error ravel::initializeParameters(llvm::ArrayRef<ManifestEntry> manifest,
                                        uint64_t seed, ParameterStore &store) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<RNNDialect>();
  for (const ManifestEntry &entry : manifest) {
    auto init = dyn_cast_or_null<InitializerAttrInterface>(
        parseAttribute(entry.initializer, &context));
    const Parameter *parameter = store.find(entry.spec.name);
    if (!init || !parameter)
      return makeError("parameter '" + entry.spec.name +
                       "' can't be initialized by " + entry.initializer);
    std::vector<double> values(parameter->numElements);
    std::string identity = std::to_string(seed) + "/" + entry.spec.name;
    init.fill(entry.spec.shape, llvm::xxh3_64bits(identity), values);
    dispatch(store.elementType(), [&](auto element) {
      using T = decltype(element);
      if constexpr (std::is_floating_point_v<T>)
        llvm::transform(values, store.values<T>(*parameter).begin(),
                        [](double value) { return static_cast<T>(value); });
    });
  }
  return llvm::Error::success();
}
