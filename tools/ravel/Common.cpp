//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Pipelines/Pipelines.h"
#include "ravel/Training/Checkpoint.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Threading.h"

using namespace llvm;
namespace ravel::driver {

std::string joinPath(StringRef folder, StringRef name) {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

Expected<ModelFolder> ModelFolder::open() {
  ModelFolder model;
  std::string file = modelPath;
  if (sys::fs::is_directory(modelPath)) {
    model.folder = modelPath;
    file = model.path("model.mlir");
    if (!sys::fs::exists(file))
      return makeFileError(modelPath, "has no model.mlir: it is not a folder "
                                      "that `ravel train` wrote");
    Expected<json::Object> training = readJSONObject(model.path("train.json"));
    if (!training)
      return training.takeError();
    model.training = std::move(*training);
  }
  Expected<ModelSource> source = ModelSource::open(file);
  if (!source)
    return source.takeError();
  model.source = std::move(*source);
  for (const std::string &setting : settings)
    if (Error error = setAlias(model.source, setting))
      return error;
  return model;
}

std::string ModelFolder::path(StringRef file) const {
  return joinPath(folder, file);
}

std::string ModelFolder::findWeights() const {
  if (!folder.empty() && (weights == "best" || weights == "last"))
    return path(weights + ".safetensors");
  if (!weights.empty() || folder.empty())
    return weights;
  if (int64_t count = countMembers(); count > 1) {
    errs() << "note: " << folder << " has " << count
           << " members, and this takes the first; --weights names another\n";
    return getMemberPath(folder, 0);
  }
  std::string best = path("best.safetensors");
  return sys::fs::exists(best) ? best : path("last.safetensors");
}

int64_t ModelFolder::countMembers() const {
  return training.getInteger("members").value_or(1);
}

std::vector<std::string> ModelFolder::findMembers() const {
  int64_t count = countMembers();
  if (!weights.empty() || count <= 1)
    return {findWeights()};
  std::vector<std::string> files;
  for (int64_t member = 0; member < count; ++member)
    files.push_back(getMemberPath(folder, member));
  return files;
}

std::string getMemberPath(StringRef folder, int64_t member) {
  return joinPath(folder, "member-" + std::to_string(member) + ".safetensors");
}

Expected<std::string> getFunctionName(StringRef text, StringRef flag) {
  text.consume_front("@");
  if (text.empty())
    return makeError("expected --" + flag + " @FUNCTION");
  return text.str();
}

Expected<DType> getPrecision(const ModelFolder *model) {
  StringRef text = precision;
  if (text.empty() && model)
    text = model->training.getString("precision").value_or("");
  if (text.empty() || text == "f32")
    return DType::F32;
  if (text == "f64")
    return DType::F64;
  return makeError("--precision " + text + ": expected f32 or f64");
}

Expected<std::string> getWeightType() {
  if (weightType.empty() || weightType == "bf16")
    return weightType;
  return makeError("--weight-type " + weightType + ": expected bf16");
}

Expected<std::vector<std::string>> getOmittedSteps() {
  for (const std::string &step : without)
    if (!is_contained(getOptionalSteps(), step))
      return makeError("--without " + step + ": expected one of " +
                       join(getOptionalSteps(), ", "));
  return std::vector<std::string>(without.begin(), without.end());
}

Expected<int64_t> getCheckpointTime() {
  if (checkpointTime < 0)
    return makeError("--checkpoint-time must not be negative");
  return checkpointTime.getValue();
}

Compiler makeCompiler() {
  setNumThreads(
      threads > 0
          ? threads
          : std::max(
                1u, heavyweight_hardware_concurrency().compute_thread_count()));
  if (noCache)
    return Compiler("");
  return cacheDirectory.empty() ? Compiler() : Compiler(cacheDirectory);
}

Error parseOptimizer(StringRef text, std::string &name,
                     std::map<std::string, double> &settings) {
  StringRef rest = text;
  name =
      rest.take_until([](char c) { return c == '{'; }).trim().ltrim('@').str();
  rest = rest.drop_until([](char c) { return c == '{'; });
  auto fail = [&] {
    return makeError("--optimizer '" + text +
                     "': expected a name, or NAME{SETTING=NUMBER, ...}");
  };
  if (name.empty())
    return fail();
  if (rest.empty())
    return Error::success();
  if (!rest.consume_front("{") || !rest.consume_back("}"))
    return fail();
  SmallVector<StringRef> parts;
  rest.split(parts, ',', -1, false);
  for (StringRef part : parts) {
    auto [key, value] = part.split('=');
    double number;
    if (key.trim().empty() || value.trim().getAsDouble(number))
      return fail();
    settings[key.trim().str()] = number;
  }
  return Error::success();
}

Expected<Module> compileFunction(const Compiler &compiler,
                                 const ModelSource &source, StringRef function,
                                 DType precision) {
  Expected<std::string> type = getWeightType();
  if (!type)
    return type.takeError();
  CompileOptions options;
  options.precision = precision;
  options.weightType = *type;
  options.functions = {function.str()};
  options.cpu = cpu;
  return compiler.compile(source, options);
}

Expected<ParameterStore> makeParameters(const Module &module, DType precision,
                                        StringRef file) {
  std::vector<ParameterSpec> specs;
  for (const ManifestEntry &item : module.manifest())
    specs.push_back(item.spec);
  Expected<ParameterStore> store = ParameterStore::create(specs, precision);
  if (!store)
    return store.takeError();
  if (file.empty()) {
    if (Error error = initializeParameters(module.manifest(), seed, *store))
      return error;
    return store;
  }
  LoadOptions options;
  options.allowUnexpected = true;
  if (Error error = store->load(file, options))
    return error;
  return store;
}

Expected<std::vector<ParameterStore>> makeMembers(const Module &module,
                                                  DType precision,
                                                  ArrayRef<std::string> files) {
  std::vector<ParameterStore> members;
  for (const std::string &file : files) {
    Expected<ParameterStore> member = makeParameters(module, precision, file);
    if (!member)
      return member.takeError();
    members.push_back(std::move(*member));
  }
  return members;
}

std::vector<const ParameterStore *>
getPointers(ArrayRef<ParameterStore> stores) {
  std::vector<const ParameterStore *> pointers;
  for (const ParameterStore &store : stores)
    pointers.push_back(&store);
  return pointers;
}

ClassLimits findClassLimits(const FunctionCall &call) {
  ClassLimits limits;
  for (const Argument *input : call.dataInputs())
    if (input->numClasses)
      limits[input->name] = *input->numClasses;
  return limits;
}

} // namespace ravel::driver
