//===- Checkpoint.cpp - A training run on disk ----------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Checkpoint.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace llvm;
namespace ravel {

static const std::string optimizerPrefix = "optimizer/";
static const std::string carriedPrefix = "carried/";
static constexpr StringLiteral formatName = "ravel.checkpoint";
static constexpr StringLiteral formatVersion = "1";

//===----------------------------------------------------------------------===//
// TrainingState
//===----------------------------------------------------------------------===//

json::Value TrainingState::toJSON() const {
  json::Object object{{"step", step},
                      {"epoch", epoch},
                      {"best_step", bestStep},
                      {"data", data},
                      {"schedule", schedule},
                      {"random", random},
                      {"extra", json::Object(extra)}};
  if (bestMetric && std::isfinite(*bestMetric))
    object["best_metric"] = *bestMetric;
  return object;
}

Expected<TrainingState> TrainingState::fromJSON(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  TrainingState state;
  if (!object)
    return makeError("the training state must be an object");
  for (auto [key, target] :
       {std::pair("step", &state.step), std::pair("epoch", &state.epoch),
        std::pair("best_step", &state.bestStep)}) {
    std::optional<int64_t> number = object->getInteger(key);
    if (!number || *number < 0)
      return makeError(Twine("the training state must have a count '") + key +
                       "'");
    *target = *number;
  }
  state.bestMetric = object->getNumber("best_metric");
  for (auto [key, target] :
       {std::pair("data", &state.data), std::pair("schedule", &state.schedule),
        std::pair("random", &state.random)})
    if (const json::Value *found = object->get(key))
      *target = *found;
  if (const json::Object *extra = object->getObject("extra"))
    state.extra = *extra;
  return state;
}

//===----------------------------------------------------------------------===//
// One file
//===----------------------------------------------------------------------===//

Error saveCheckpoint(StringRef path, const ParameterStore &parameters,
                     const OptimizerState &optimizer,
                     const NamedTensorRefs &carried,
                     const TrainingState &state) {
  NamedTensorRefs tensors = parameters.tensors();
  for (const Parameter &parameter : parameters.parameters()) {
    StringRef name = parameter.name;
    if (name.starts_with(optimizerPrefix) || name.starts_with(carriedPrefix))
      return makeFileError(path, "cannot hold the parameter '" + name +
                                     "': its name is that of other state");
  }
  ArrayRef<int64_t> arenaShape = parameters.arena(ArenaKind::Trainable).shape();
  for (const auto &[name, arena] : optimizer) {
    if (name.empty() || StringRef(name).contains('/'))
      return makeFileError(path, "cannot hold the optimizer's state '" + name +
                                     "': a name must not be empty or have '/' "
                                     "in it");
    if (!isFloat(arena.dtype()) || arena.shape() != arenaShape)
      return makeFileError(path, "cannot hold the optimizer's state '" + name +
                                     "': expected an arena of shape " +
                                     toString(arenaShape) + ", not " +
                                     toString(arena.shape()));
    for (const Parameter &parameter : parameters.parameters())
      if (parameter.trainable)
        tensors.emplace(optimizerPrefix + name + "/" + parameter.name,
                        viewParameter(parameter, arena));
  }
  for (const auto &[name, tensor] : carried)
    tensors.emplace(carriedPrefix + name, tensor);
  return writeSafetensors(path, tensors,
                          {{"format", formatName.str()},
                           {"version", formatVersion.str()},
                           {"training", toString(state.toJSON())}});
}

/// Reads the training state from a checkpoint's metadata.
static Expected<TrainingState> readState(const Metadata &metadata,
                                         StringRef path) {
  auto get = [&](StringRef key) -> StringRef {
    auto it = metadata.find(key);
    return it == metadata.end() ? StringRef() : StringRef(it->second);
  };
  if (get("format") != formatName)
    return makeFileError(path, "is not a checkpoint: it has no training state");
  if (get("version") != formatVersion)
    return makeFileError(path, "is a checkpoint of version '" + get("version") +
                                   "'; expected " + formatVersion);
  Expected<json::Value> value = parseJSON(get("training"), path);
  if (!value)
    return value.takeError();
  Expected<TrainingState> state = TrainingState::fromJSON(*value);
  if (!state)
    return makeFileError(path, llvm::toString(state.takeError()));
  return state;
}

/// Fills the parameters and the optimizer's arenas, or only checks that this
/// would succeed.
static Error fillTensors(const Safetensors &file, StringRef path,
                         ParameterStore &parameters, OptimizerState &optimizer,
                         bool checkOnly) {
  LoadOptions options;
  options.checkOnly = checkOnly;
  options.ignoredPrefixes = {optimizerPrefix, carriedPrefix};
  if (Error error = parameters.load(file.tensors, path, options))
    return error;
  options.ignoredPrefixes.clear();
  for (auto &[name, arena] : optimizer) {
    options.prefix = optimizerPrefix + name + "/";
    if (Error error = copyParameters(file.tensors, parameters.layout(), &arena,
                                     nullptr, options, path))
      return error;
  }
  return Error::success();
}

Expected<TrainingState> loadCheckpoint(StringRef path,
                                       ParameterStore &parameters,
                                       OptimizerState &optimizer,
                                       NamedTensors &carried) {
  Expected<Safetensors> file = readSafetensors(path);
  if (!file)
    return file.takeError();
  Expected<TrainingState> state = readState(file->metadata, path);
  if (!state)
    return state.takeError();
  for (const auto &[fullName, tensor] : file->tensors) {
    StringRef name = fullName;
    if (name.consume_front(optimizerPrefix) &&
        optimizer.find(name.split('/').first) == optimizer.end())
      return makeFileError(path, "has the state '" + name.split('/').first +
                                     "', which the optimizer has not; it was "
                                     "probably saved with another optimizer");
  }
  for (bool checkOnly : {true, false})
    if (Error error =
            fillTensors(*file, path, parameters, optimizer, checkOnly))
      return error;
  carried.clear();
  for (auto &[fullName, tensor] : file->tensors) {
    StringRef name = fullName;
    if (name.consume_front(carriedPrefix))
      carried.emplace(name.str(), std::move(tensor));
  }
  return state;
}

Error loadWeights(StringRef path, ParameterStore &parameters) {
  LoadOptions options;
  options.ignoredPrefixes = {optimizerPrefix, carriedPrefix};
  return parameters.load(path, options);
}

//===----------------------------------------------------------------------===//
// A folder
//===----------------------------------------------------------------------===//

Expected<CheckpointFolder> CheckpointFolder::open(StringRef folder,
                                                  int64_t keep) {
  if (keep < 1)
    return makeFileError(folder, "must keep at least one checkpoint");
  if (std::error_code ec = sys::fs::create_directories(folder))
    return makeFileError(folder, "cannot be created: " + ec.message());
  return CheckpointFolder(folder, keep);
}

static std::string joinPath(StringRef folder, const Twine &name) {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

std::string CheckpointFolder::pathOf(int64_t step) const {
  std::string name;
  raw_string_ostream os(name);
  os << format("step-%09lld.safetensors", (long long)step);
  return joinPath(folder, os.str());
}

std::string CheckpointFolder::bestPath() const {
  return joinPath(folder, "best.safetensors");
}

Expected<std::vector<std::string>> CheckpointFolder::list() const {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code ec;
  sys::fs::directory_iterator it(folder, ec), end;
  for (; !ec && it != end; it.increment(ec)) {
    StringRef name = sys::path::filename(it->path());
    int64_t step;
    if (name.consume_front("step-") && name.consume_back(".safetensors") &&
        !name.getAsInteger(10, step))
      found.push_back({step, it->path()});
  }
  if (ec)
    return makeFileError(folder, "cannot be listed: " + ec.message());
  llvm::sort(found);
  std::vector<std::string> paths;
  for (auto &[step, path] : found)
    paths.push_back(std::move(path));
  return paths;
}

Expected<std::optional<std::string>> CheckpointFolder::latest() const {
  Expected<std::vector<std::string>> paths = list();
  if (!paths)
    return paths.takeError();
  if (paths->empty())
    return std::nullopt;
  return std::optional<std::string>(paths->back());
}

Error CheckpointFolder::save(const ParameterStore &parameters,
                             const OptimizerState &optimizer,
                             const NamedTensorRefs &carried,
                             const TrainingState &state, bool isBest) {
  if (Error error = saveCheckpoint(pathOf(state.step), parameters, optimizer,
                                   carried, state))
    return error;
  if (isBest)
    if (Error error =
            saveCheckpoint(bestPath(), parameters, optimizer, carried, state))
      return error;
  Expected<std::vector<std::string>> paths = list();
  if (!paths)
    return paths.takeError();
  // Never the one just saved, even where a longer run has left later ones.
  for (size_t i = 0; i + keep < paths->size(); ++i) {
    if ((*paths)[i] == pathOf(state.step))
      continue;
    if (std::error_code ec = sys::fs::remove((*paths)[i]))
      return makeFileError((*paths)[i], "cannot be removed: " + ec.message());
  }
  return Error::success();
}

} // namespace ravel
