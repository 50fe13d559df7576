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
#include "Lowering.h"
#include "mlir/AsmParser/AsmParser.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/Module.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/xxhash.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

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
  add("solve");
  add(options.solve);
  add(options.solveRows ? "rows" : "sums");
  add(options.predictions);
  add(options.states);
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
  fillPipelineOptions(options, machine, target);
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
  if (llvm::Error error = lowerToLLVM(**module, pipeline, source))
    return error;
  llvm::Expected<std::string> object =
      compileToObject(**module, **machine, options.optimizationLevel, source);
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

llvm::Expected<std::vector<std::string>>
Compiler::listFunctions(const ModelSource &source) const {
  Session session;
  OwningOpRef<ModuleOp> module = session.parse(source);
  if (!module)
    return reportFailure(source);
  std::vector<std::string> names;
  for (auto function : module->getOps<func::FuncOp>())
    if (!function.isExternal() && !function.isPrivate())
      names.push_back(function.getName().str());
  return names;
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
    if (llvm::Error error =
            init.fill(entry.spec.shape, llvm::xxh3_64bits(identity), values))
      return makeError("parameter '" + entry.spec.name +
                       "': " + llvm::toString(std::move(error)));
    dispatch(store.elementType(), [&](auto element) {
      using T = decltype(element);
      if constexpr (std::is_floating_point_v<T>)
        llvm::transform(values, store.values<T>(*parameter).begin(),
                        [](double value) { return static_cast<T>(value); });
    });
  }
  return llvm::Error::success();
}
