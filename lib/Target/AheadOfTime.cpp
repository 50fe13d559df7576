//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// A function of a model to an object file: the way that compilation in this
// process goes, and around it the interface in C, the weights, and the runtime.
//
//===----------------------------------------------------------------------===//

#include "ravel/Target/AheadOfTime.h"
#include "../Execution/Lowering.h"
#include "InterfaceEmitter.h"
#include "Runtime/Runtime.h"
#include "RuntimeBitcode.h"
#include "WeightLayout.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/ProductCount.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Object/SymbolSize.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

namespace {

/// The functions of the object, at level 5.
struct Functions {
  std::unique_ptr<LoweredFunction> run, reset, step;
  /// Of a function that generates, in place of those.
  std::unique_ptr<LoweredFunction> start, next;
  Decoding decoding;

  SmallVector<const LoweredFunction *> all() const {
    SmallVector<const LoweredFunction *> list;
    for (const auto *function : {&run, &reset, &step, &start, &next})
      if (*function)
        list.push_back(function->get());
    return list;
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

static DataParameter describeData(const LoweredArgument &lowered,
                                  std::string name) {
  const Argument &argument = lowered.argument;
  DataParameter parameter;
  parameter.name = std::move(name);
  parameter.dtype = argument.dtype;
  parameter.shape = argument.shape;
  parameter.isSequence = argument.layout == RowLayout::Sequence;
  parameter.isOutput = argument.role == Role::Output;
  parameter.lengthClass = argument.lengthClass;
  parameter.numClasses = argument.numClasses.value_or(0);
  parameter.carry = argument.carry;
  return parameter;
}

/// The names of outputs, which have none in a model: "y", or "y0", "y1" ...;
/// and that of the state an output passes on.
static std::vector<std::string>
nameOutputs(ArrayRef<const LoweredArgument *> outputs) {
  size_t count = llvm::count_if(outputs, [](const LoweredArgument *output) {
    return output->argument.carry.empty();
  });
  std::vector<std::string> names;
  size_t next = 0;
  for (const LoweredArgument *output : outputs)
    names.push_back(!output->argument.carry.empty()
                        ? output->argument.carry + "_next"
                    : count == 1 ? "y"
                                 : "y" + std::to_string(next++));
  return names;
}

static Interface describeInterface(const ModelSource &source,
                                   const ObjectOptions &options,
                                   const Functions &functions,
                                   ArrayRef<ManifestEntry> manifest,
                                   const llvm::TargetMachine &machine) {
  Interface interface;
  interface.name = options.name;
  interface.model = llvm::sys::path::filename(source.path).str();
  interface.function = options.function;
  interface.generator = "Ravel";
  interface.target = machine.getTargetTriple().str();
  if (!machine.getTargetCPU().empty())
    interface.target += " " + machine.getTargetCPU().str();
  interface.hasExternalWeights = options.weights.empty();
  interface.hasThreads = options.threads != ThreadRuntime::None;
  for (const ManifestEntry &entry : manifest) {
    DataParameter &parameter = interface.parameters.emplace_back();
    parameter.name = entry.spec.name;
    parameter.dtype = options.compile.precision;
    parameter.shape = entry.spec.shape;
    interface.numParameters += *countElements(entry.spec.shape);
  }

  interface.generates = functions.start != nullptr;
  const LoweredFunction &run =
      interface.generates ? *functions.start : *functions.run;
  auto inputs = run.find(Role::Input), outputs = run.find(Role::Output);
  if (interface.generates)
    outputs.clear();
  std::vector<std::string> outputNames = nameOutputs(outputs);
  // Offsets are there for functions without sequences, too.
  bool hasSequences =
      llvm::any_of(run.arguments, [](const LoweredArgument &argument) {
        return argument.argument.layout == RowLayout::Sequence;
      });
  size_t numClasses = hasSequences ? run.find(Role::Offsets).size() : 0;
  interface.lengthClasses.assign(numClasses, "");
  // A class is called after the first sequence of it.
  llvm::StringSet<> suffixes, taken;
  if (numClasses > 1)
    for (const LoweredArgument *input : inputs) {
      std::string &suffix =
          interface.lengthClasses[input->argument.lengthClass];
      if (input->argument.layout != RowLayout::Sequence || !suffix.empty())
        continue;
      suffix = "_" + makeCIdentifier(input->argument.name, suffixes);
      taken.insert(StringRef("T" + suffix).upper());
      taken.insert(StringRef("lengths" + suffix).upper());
    }
  // What `run` and `reset` both take has one name.
  llvm::StringMap<std::string> inputNames;
  auto getInputName = [&](const LoweredArgument &input) {
    std::string &name = inputNames[input.argument.name];
    if (name.empty())
      name = makeCIdentifier(input.argument.name, taken);
    return name;
  };
  for (const LoweredArgument *input : inputs)
    interface.run.push_back(describeData(*input, getInputName(*input)));
  for (auto [output, name] : llvm::zip_equal(outputs, outputNames))
    interface.run.push_back(
        describeData(*output, makeCIdentifier(name, taken)));
  if (interface.generates) {
    const Argument &scores = functions.next->find(Role::Output)[0]->argument;
    interface.numScores = *countElements(scores.shape);
    interface.scoreType = scores.dtype;
    interface.until = functions.decoding.until;
    interface.maxGenerated = functions.decoding.max;
  }
  if (!functions.step)
    return interface;

  interface.hasStream = true;
  for (const LoweredArgument *input : functions.reset->find(Role::Input))
    interface.reset.push_back(describeData(*input, getInputName(*input)));
  for (const DataParameter &parameter : interface.run)
    if (!parameter.isOutput && parameter.isSequence)
      interface.step.push_back(parameter);
  for (const DataParameter &parameter : interface.run)
    if (parameter.isOutput && parameter.carry.empty())
      interface.step.push_back(parameter);
  interface.stateBytes = StateLayout::create(*functions.step).bytes;
  return interface;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The companions that prepare parameters, as a module for this process.
static llvm::Expected<Module> compilePreparations(ModuleOp module,
                                                  const Functions &functions,
                                                  const ModelSource &source) {
  OwningOpRef<ModuleOp> part = module.clone();
  for (auto function :
       llvm::make_early_inc_range(part->getOps<LLVM::LLVMFuncOp>()))
    if (!function.isExternal() && !function.getName().contains(".prepare"))
      function.erase();
  CompileOptions host;
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(host);
  if (!machine)
    return machine.takeError();
  llvm::Expected<std::string> object =
      compileToObject(*part, **machine, host.optimizationLevel, source);
  if (!object)
    return object.takeError();
  CompiledCode code;
  code.object = std::move(*object);
  for (const LoweredFunction *function : functions.all()) {
    if (!function->preparation)
      continue;
    Signature &signature = code.signatures.emplace_back();
    signature.name = function->preparation->name;
    signature.hasWorkspace = function->preparation->hasWorkspace;
    for (const LoweredArgument *argument :
         function->preparation->find(LoweredArgument::Kind::Ordinary))
      signature.arguments.push_back(argument->argument);
  }
  return Module::load(std::move(code), /*cached=*/false);
}

/// Whether a function of a translated module reads its argument `index`, by its
/// position at level 5.
static bool readsArgument(const llvm::Module &module,
                          const LoweredFunction &function, unsigned index) {
  const llvm::Function *code = module.getFunction(function.name);
  unsigned position = 0;
  for (const LoweredArgument &argument :
       ArrayRef(function.arguments).take_front(index))
    position += argument.shape ? 3 + 2 * argument.shape->size() : 1;
  bool isMemRef = function.arguments[index].shape.has_value();
  return !code->getArg(isMemRef ? position + 1 : position)->use_empty();
}

static llvm::Expected<ParameterStore>
loadParameters(ArrayRef<ManifestEntry> manifest, const ObjectOptions &options) {
  std::vector<ParameterSpec> specs;
  for (const ManifestEntry &entry : manifest)
    specs.push_back(entry.spec);
  llvm::Expected<ParameterStore> store =
      ParameterStore::create(specs, options.compile.precision);
  if (!store)
    return store.takeError();
  LoadOptions load;
  load.allowUnexpected = true;
  if (llvm::Error error = store->load(options.weights, load))
    return error;
  return store;
}

static llvm::Expected<WeightLayout>
layOutWeights(ModuleOp module, const llvm::Module &llvmModule,
              const Functions &functions, ArrayRef<ManifestEntry> manifest,
              const ObjectOptions &options, const ModelSource &source) {
  if (options.weights.empty())
    return layOutExternalWeights(manifest, options.compile.precision,
                                 functions.all());
  llvm::Expected<ParameterStore> parameters = loadParameters(manifest, options);
  if (!parameters)
    return parameters.takeError();
  std::optional<Module> preparations;
  if (llvm::any_of(functions.all(), [](const LoweredFunction *function) {
        return bool(function->preparation);
      })) {
    llvm::Expected<Module> compiled =
        compilePreparations(module, functions, source);
    if (!compiled)
      return compiled.takeError();
    preparations.emplace(std::move(*compiled));
  }
  return layOutConstantWeights(
      *parameters, preparations ? &*preparations : nullptr, functions.all(),
      [&](const LoweredFunction &function, unsigned index) {
        return readsArgument(llvmModule, function, index);
      });
}

//===----------------------------------------------------------------------===//
// Linking
//===----------------------------------------------------------------------===//

/// Links a part of the runtime into `module`.
static llvm::Error linkRuntime(llvm::Module &module, RuntimePart part,
                               llvm::TargetMachine &machine) {
  llvm::StringRef bitcode =
      getRuntimeBitcode(machine.getTargetTriple().getArch(), part);
  llvm::Expected<std::unique_ptr<llvm::Module>> runtime =
      llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "runtime"),
                             module.getContext());
  if (!runtime)
    return runtime.takeError();
  for (llvm::Function &function : **runtime)
    function.removeFnAttr("tune-cpu");
  setTarget(**runtime, machine);
  if (llvm::Linker::linkModules(module, std::move(*runtime)))
    return makeError("the runtime can't be linked");
  return llvm::Error::success();
}

/// Hides all names but those of the interface, which begin with `name`_, and
/// but those of single levels, which begin with `name`__.
static void hideNames(llvm::Module &module, llvm::StringRef name) {
  std::string begin = name.str() + "_", hidden = name.str() + "__";
  for (llvm::GlobalValue &value : module.global_values()) {
    llvm::StringRef own = value.getName();
    bool isSeen = (own.starts_with(begin) && !own.starts_with(hidden)) ||
                  own.starts_with("llvm.") || own == "main";
    if (!value.isDeclaration() && !isSeen)
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
}

/// An error if the code calls what a compiled object must not depend on.
static llvm::Error verifySymbols(const llvm::Module &module,
                                 const ModelSource &source,
                                 const ObjectOptions &options) {
  for (const llvm::Function &function : module) {
    if (!function.isDeclaration() || function.isIntrinsic() ||
        function.use_empty())
      continue;
    llvm::StringRef name = function.getName();
    if (name == "malloc" || name == "free" || name == "aligned_alloc")
      return makeError("'" + source.path + "': @" + options.function +
                       " needs memory whose size is not known before it runs, "
                       "so that it can't be compiled ahead of time");
  }
  return llvm::Error::success();
}

/// The bits of the features that code for `machine` relies on.
static uint64_t getProcessorFeatures(const llvm::TargetMachine &machine) {
  uint64_t features = 0;
  if (machine.getTargetTriple().getArch() != llvm::Triple::x86_64)
    return features;
#define RAVEL_FEATURE(NAME, BIT)                                               \
  if (machine.getMCSubtargetInfo()->checkFeatures("+" NAME))                   \
    features |= uint64_t(1) << BIT;
  RAVEL_PROCESSOR_FEATURES(RAVEL_FEATURE)
#undef RAVEL_FEATURE
  return features;
}

/// Fills the sizes of the code of each function.
static llvm::Error measureCode(CompiledObject &result) {
  llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>> file =
      llvm::object::ObjectFile::createObjectFile(
          llvm::MemoryBufferRef(result.object, "object"));
  if (!file)
    return file.takeError();
  // A module of WebAssembly has no sizes of symbols: its code is one section.
  if (!(*file)->isELF()) {
    for (const llvm::object::SectionRef &section : (*file)->sections())
      if (section.isText())
        result.report.functions.push_back(
            {"all functions", static_cast<int64_t>(section.getSize())});
    return llvm::Error::success();
  }
  for (auto [symbol, bytes] : llvm::object::computeSymbolSizes(**file)) {
    llvm::Expected<llvm::object::SymbolRef::Type> type = symbol.getType();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!type || !name) {
      llvm::consumeError(type.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    if (*type == llvm::object::SymbolRef::ST_Function && bytes != 0)
      result.report.functions.push_back(
          {name->str(), static_cast<int64_t>(bytes)});
  }
  return llvm::Error::success();
}

/// The tiles that each kernel is given, a line each: the schedule is gone once
/// kernels are loops.
static llvm::Expected<std::vector<std::string>>
describeTiles(const ModelSource &source, const CompileOptions &options,
              const PipelineOptions &pipeline) {
  Session session;
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      lowerTo(session, source, options, pipeline, /*level=*/4);
  if (!module)
    return module.takeError();
  PassManager manager(&session.context);
  addSchedulePass(manager, pipeline);
  if (failed(manager.run(**module)))
    return reportFailure(source);
  std::vector<std::string> lines;
  (*module)->walk([&](RowsOp op) {
    std::string line;
    llvm::raw_string_ostream(line)
        << op->getParentOfType<func::FuncOp>().getName() << ": "
        << op.getScheduleAttr();
    lines.push_back(std::move(line));
  });
  return lines;
}

/// An error if the size of a call's workspace is not known before it.
static llvm::Error verifyGenerator(const Functions &functions,
                                   const ModelSource &source) {
  for (const LoweredFunction *function : functions.all())
    if (!function->isWorkspaceKnown)
      return makeError("'" + source.path + "': @" + function->name +
                       " needs memory whose size is not known before it runs, "
                       "so that it can't be compiled ahead of time");
  int64_t numMemories = llvm::count_if(
      functions.next->find(Role::Input), [](const LoweredArgument *input) {
        return input->argument.layout == RowLayout::Memory;
      });
  if (numMemories > RAVEL_MOST_MEMORIES)
    return makeError("'" + source.path + "': the decoder of @" +
                     functions.start->name + " attends to " +
                     llvm::Twine(numMemories) +
                     " sequences; compiled ahead of time it can attend to " +
                     llvm::Twine(int(RAVEL_MOST_MEMORIES)));
  return llvm::Error::success();
}

/// An error if the interface has no way to say what a call needs.
static llvm::Error verifyRun(const LoweredFunction &run,
                             const ModelSource &source) {
  bool isKnown = run.isWorkspaceKnown;
  for (const LoweredArgument *argument :
       run.find(LoweredArgument::Kind::Ordinary))
    isKnown &= argument->argument.layout != RowLayout::Memory &&
               !llvm::is_contained(argument->argument.shape, kLongest);
  if (isKnown)
    return llvm::Error::success();
  return makeError("'" + source.path + "': @" + run.name +
                   " takes or gives what a C function can't be given: "
                   "attention's memories or weights");
}

/// Finds the parts of the function of a level 5 module.
static llvm::Expected<Functions> findFunctions(ModuleOp module,
                                               const CompiledCode &code,
                                               StringRef name,
                                               const ModelSource &source) {
  auto part = [&](StringRef suffix) {
    return describeFunction(module, (name + suffix).str());
  };
  Functions functions;
  functions.run = part("");
  if (!functions.run) {
    boundWorkspace(module, (name + ".start").str());
    boundWorkspace(module, (name + ".step").str());
    functions.start = part(".start");
    functions.next = part(".step");
    for (const Signature &signature : code.signatures)
      if (signature.name == functions.start->name)
        functions.decoding = *signature.decoding;
    if (llvm::Error error = verifyGenerator(functions, source))
      return std::move(error);
    return functions;
  }
  if (llvm::Error error = verifyRun(*functions.run, source))
    return std::move(error);
  functions.step = part(".step");
  if (functions.step && !functions.step->streaming)
    functions.step = nullptr;
  if (functions.step)
    functions.reset = part(".reset");
  return functions;
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

namespace {
/// The code for one level of processors, in a module of its own.
struct Level {
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  Interface interface;
  Report report;
  std::string mlir;
};
} // namespace

/// Instants of the sequence that a report speaks of.
static constexpr int64_t kReportedInstants = 100;

/// Compiles for one processor. All names begin with `options.name`.
static llvm::Expected<Level> compileLevel(const ModelSource &source,
                                          const ObjectOptions &options,
                                          const ObjectForms &forms,
                                          llvm::LLVMContext &context) {
  CompileOptions compile = options.compile;
  compile.stream = true;
  compile.functions = {options.function};
  if (options.threads == ThreadRuntime::None)
    compile.without.push_back("parallel");
  Level level;
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(compile);
  if (!machine)
    return machine.takeError();
  level.machine = std::move(*machine);

  Session session;
  PipelineOptions pipeline;
  fillPipelineOptions(compile, *level.machine, pipeline);
  pipeline.compact = true;
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      lowerTo(session, source, compile, pipeline, /*level=*/5);
  if (!module)
    return module.takeError();
  CompiledCode code;
  describe(**module, code);
  if (forms.report) {
    llvm::Expected<std::vector<std::string>> tiles =
        describeTiles(source, compile, pipeline);
    if (!tiles)
      return tiles.takeError();
    level.report.tiles = std::move(*tiles);
  }
  boundWorkspace(**module, options.function);
  level.report.workspaceBytes =
      evaluateWorkspace(**module, options.function, kReportedInstants,
                        /*batch=*/1)
          .value_or(0);
  llvm::Expected<Functions> found =
      findFunctions(**module, code, options.function, source);
  if (!found)
    return found.takeError();
  const Functions &functions = *found;

  if (llvm::Error error = lowerToLLVM(**module, pipeline, source))
    return error;
  if (forms.mlir)
    llvm::raw_string_ostream(level.mlir) << **module;
  llvm::Expected<std::unique_ptr<llvm::Module>> translated =
      translate(**module, context, *level.machine, source);
  if (!translated)
    return translated.takeError();
  level.module = std::move(*translated);

  llvm::Expected<WeightLayout> weights = layOutWeights(
      **module, *level.module, functions, code.manifest, options, source);
  if (!weights)
    return weights.takeError();
  level.interface = describeInterface(source, options, functions, code.manifest,
                                      *level.machine);
  level.interface.weightBytes = weights->bytes;
  ObjectParts parts;
  parts.run = functions.run.get();
  parts.reset = functions.reset.get();
  parts.step = functions.step.get();
  parts.start = functions.start.get();
  parts.next = functions.next.get();
  parts.decoding = functions.decoding;
  parts.weights = std::move(*weights);
  parts.manifest = code.manifest;
  parts.precision = options.compile.precision;
  parts.processorFeatures = getProcessorFeatures(*level.machine);
  // Each of these is called from one place, with arguments by the dozen.
  for (llvm::StringRef name : {"", ".workspace", ".step", ".reset"})
    for (llvm::StringRef prefix : {"", "_mlir_ciface_"})
      if (llvm::Function *function = level.module->getFunction(
              (prefix + llvm::StringRef(options.function) + name).str()))
        function->addFnAttr(llvm::Attribute::AlwaysInline);
  emitInterface(level.interface, parts, *level.module);
  hideNames(*level.module, options.name);
  setTarget(*level.module, *level.machine);
  return level;
}

/// Compiles for each processor of `options`, the first of which is the least,
/// into one module that chooses among them when it is initialized.
static llvm::Expected<Level> compileLevels(const ModelSource &source,
                                           const ObjectOptions &options,
                                           const ObjectForms &forms,
                                           llvm::LLVMContext &context) {
  Level result;
  std::vector<std::string> prefixes;
  std::vector<uint64_t> features;
  for (const std::string &cpu : options.processors) {
    ObjectOptions single = options;
    single.compile.cpu = cpu;
    single.name += "__" + makeCIdentifier(cpu);
    llvm::Expected<Level> level = compileLevel(source, single, forms, context);
    if (!level)
      return level.takeError();
    prefixes.push_back(single.name);
    features.push_back(getProcessorFeatures(*level->machine));
    if (!result.module) {
      result = std::move(*level);
      result.interface.name = options.name;
      continue;
    }
    // The memory of a caller's must do for all.
    result.interface.stateBytes =
        std::max(result.interface.stateBytes, level->interface.stateBytes);
    result.interface.weightBytes += level->interface.weightBytes;
    result.interface.target += ", " + cpu;
    result.mlir += level->mlir;
    llvm::append_range(result.report.tiles, level->report.tiles);
    if (llvm::Linker::linkModules(*result.module, std::move(level->module)))
      return makeError("the code for '" + cpu + "' can't be linked");
  }
  emitDispatch(result.interface, prefixes, features, *result.module);
  return result;
}

/// Adds a `main` that streams.
static llvm::Error addProgram(const Interface &interface,
                              const ModelSource &source, llvm::Module &module,
                              llvm::TargetMachine &machine) {
  if (!interface.hasStream || !interface.reset.empty() ||
      interface.hasExternalWeights)
    return makeError("'" + source.path +
                     "': a program needs weights inside, and a function that "
                     "streams and takes sequences alone; @" +
                     interface.function + " is not such");
  emitProgram(interface, module);
  return linkRuntime(module, RuntimePart::Main, machine);
}

/// Counts the products of one instant.
static llvm::Error reportProducts(const ModelSource &source,
                                  const ObjectOptions &options,
                                  Report &report) {
  CompileOptions counted = options.compile;
  counted.functions = {options.function};
  llvm::Expected<ProductCount> products =
      countProducts(Compiler(""), source, counted, options.function);
  if (!products)
    return products.takeError();
  // A product of two numbers counts as two operations.
  report.productsPerStep = products->perInstant / 2;
  return llvm::Error::success();
}

llvm::Expected<CompiledObject>
ravel::compileObject(const ModelSource &source, const ObjectOptions &options,
                     const ObjectForms &forms) {
  llvm::LLVMContext context;
  llvm::Expected<Level> level =
      options.processors.empty()
          ? compileLevel(source, options, forms, context)
          : compileLevels(source, options, forms, context);
  if (!level)
    return level.takeError();
  llvm::Module &module = *level->module;
  CompiledObject result;
  result.interface = std::move(level->interface);
  result.report = std::move(level->report);
  result.mlir = std::move(level->mlir);
  result.triple = level->machine->getTargetTriple().str();
  SmallVector<RuntimePart> runtime{RuntimePart::Core};
  if (options.threads == ThreadRuntime::LibGOMP)
    runtime.push_back(RuntimePart::Gomp);
  for (RuntimePart part : runtime)
    if (llvm::Error error = linkRuntime(module, part, *level->machine))
      return error;
  hideNames(module, options.name);
  unsigned optimizationLevel = options.compile.optimizationLevel;
  if (llvm::Error error = optimize(module, *level->machine, optimizationLevel))
    return error;
  if (llvm::Error error = verifySymbols(module, source, options))
    return error;
  if (forms.llvmIR)
    llvm::raw_string_ostream(result.llvmIR) << module;
  if (forms.assembly) {
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
    llvm::Expected<std::string> text =
        emit(*copy, *level->machine, /*asText=*/true);
    if (!text)
      return text.takeError();
    result.assembly = std::move(*text);
  }
  // Emission changes what it emits.
  std::unique_ptr<llvm::Module> kept =
      forms.program ? llvm::CloneModule(module) : nullptr;
  llvm::Expected<std::string> object = emit(module, *level->machine);
  if (!object)
    return object.takeError();
  result.object = std::move(*object);
  if (llvm::Error error = measureCode(result))
    return error;
  if (forms.program) {
    if (llvm::Error error =
            addProgram(result.interface, source, *kept, *level->machine))
      return error;
    hideNames(*kept, options.name);
    if (llvm::Error error = optimize(*kept, *level->machine, optimizationLevel))
      return error;
    object = emit(*kept, *level->machine);
    if (!object)
      return object.takeError();
    result.program = std::move(*object);
  }
  // Nobody knows how often a step will be taken.
  if (forms.report && !result.interface.generates)
    if (llvm::Error error = reportProducts(source, options, result.report))
      return error;
  result.report.parameters = result.interface.numParameters;
  result.report.weightBytes = result.interface.weightBytes;
  result.report.stateBytes = result.interface.stateBytes;
  return result;
}
