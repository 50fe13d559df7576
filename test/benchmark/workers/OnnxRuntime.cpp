//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Runs cases with ONNX Runtime. The package that we have is a shared library
// without headers, so the few functions needed are called through the table
// that the library gives. Its order never changes: new functions are appended.
//
//===----------------------------------------------------------------------===//

#include "Worker.h"
#include "ravel/Execution/FileIO.h"
#include <dlfcn.h>

using namespace llvm;
using namespace ravel;
using namespace ravel::benchmark;

//===----------------------------------------------------------------------===//
// The library
//===----------------------------------------------------------------------===//

namespace {
/// Positions in the table of functions.
enum Function : unsigned {
  GetErrorMessage = 2,
  CreateEnv = 3,
  CreateSession = 7,
  Run = 9,
  CreateSessionOptions = 10,
  SetSessionGraphOptimizationLevel = 23,
  SetIntraOpNumThreads = 24,
  SetInterOpNumThreads = 25,
  CreateTensorWithDataAsOrtValue = 49,
  CreateCpuMemoryInfo = 69,
  ReleaseStatus = 93,
  ReleaseSession = 95,
  ReleaseValue = 96,
  ReleaseSessionOptions = 100,
};

/// What the library's header calls by other names.
enum : int { logErrors = 3, optimizeAll = 99, elementF32 = 1, elementI32 = 6 };
enum : int { arenaAllocator = 1, defaultMemory = 0 };

/// What the library's entry point gives.
struct ApiBase {
  const void *const *(*getApi)(uint32_t version);
  const char *(*getVersion)();
};

class Library {
public:
  static Expected<Library> open(StringRef path);

  /// Calls a function that gives nothing.
  template <typename... Arguments>
  void release(Function function, Arguments... arguments) const {
    reinterpret_cast<void (*)(Arguments...)>(
        const_cast<void *>(table[function]))(arguments...);
  }
  /// Calls a function that gives a status.
  template <typename... Arguments>
  Error call(Function function, Arguments... arguments) const {
    void *status = reinterpret_cast<void *(*)(Arguments...)>(
        const_cast<void *>(table[function]))(arguments...);
    return status ? take(status) : Error::success();
  }

  std::string version;

private:
  Error take(void *status) const;
  const void *const *table = nullptr;
};
} // namespace

Expected<Library> Library::open(StringRef path) {
  // No release that has these functions in these places knows less than this.
  constexpr uint32_t apiVersion = 1;
  Library library;
  void *handle = dlopen(path.str().c_str(), RTLD_NOW);
  if (!handle)
    return makeError(dlerror());
  auto getBase =
      reinterpret_cast<const ApiBase *(*)()>(dlsym(handle, "OrtGetApiBase"));
  if (!getBase)
    return makeFileError(path, "has no OrtGetApiBase");
  library.version = getBase()->getVersion();
  library.table = getBase()->getApi(apiVersion);
  if (!library.table)
    return makeFileError(path, "does not know its first interface");
  return library;
}

Error Library::take(void *status) const {
  auto getMessage = reinterpret_cast<const char *(*)(void *)>(
      const_cast<void *>(table[GetErrorMessage]));
  Error error = makeError(getMessage(status));
  release(ReleaseStatus, status);
  return error;
}

//===----------------------------------------------------------------------===//
// The worker
//===----------------------------------------------------------------------===//

namespace {
/// A tensor that the library reads or writes in our memory.
struct Binding {
  std::string name;
  Tensor data;
  void *value = nullptr;
};

class OnnxWorker : public Worker {
public:
  explicit OnnxWorker(Library library) : library(std::move(library)) {}
  Error open();
  Expected<json::Object> prepare(const json::Object &request) override;
  void step() override;
  Expected<NamedTensors> evaluate() override;

private:
  void clear();
  Error makeSession(const json::Object &request);
  Error bind(std::vector<Binding> &list, const std::string &name, Tensor data);
  Error bindAll(const Reference &reference);
  Error run();

  Library library;
  void *environment = nullptr, *memory = nullptr, *session = nullptr;
  benchmark::Shape shape;
  std::vector<int64_t> lengths;
  std::vector<Binding> inputs, outputs;
  // The same for a call.
  std::vector<const char *> inputNames, outputNames;
  std::vector<void *> inputValues, outputValues;
};
} // namespace

Error OnnxWorker::open() {
  if (Error error =
          library.call(CreateEnv, int(logErrors), "benchmark", &environment))
    return error;
  return library.call(CreateCpuMemoryInfo, int(arenaAllocator),
                      int(defaultMemory), &memory);
}

void OnnxWorker::clear() {
  for (std::vector<Binding> *list : {&inputs, &outputs}) {
    for (Binding &binding : *list)
      library.release(ReleaseValue, binding.value);
    list->clear();
  }
  if (session)
    library.release(ReleaseSession, session);
  session = nullptr;
  inputNames.clear();
  outputNames.clear();
  inputValues.clear();
  outputValues.clear();
}

Error OnnxWorker::makeSession(const json::Object &request) {
  std::string path = request.getString("onnx").value_or("").str();
  int threads = request.getInteger("threads").value_or(1);
  void *options = nullptr;
  if (Error error = library.call(CreateSessionOptions, &options))
    return error;
  Error error =
      library.call(SetSessionGraphOptimizationLevel, options, int(optimizeAll));
  if (!error)
    error = library.call(SetIntraOpNumThreads, options, threads);
  if (!error)
    error = library.call(SetInterOpNumThreads, options, 1);
  if (!error)
    error = library.call(CreateSession, environment, path.c_str(), options,
                         &session);
  library.release(ReleaseSessionOptions, options);
  return error;
}

Error OnnxWorker::bind(std::vector<Binding> &list, const std::string &name,
                       Tensor data) {
  Binding &binding = list.emplace_back();
  binding.name = name;
  binding.data = std::move(data);
  int type = binding.data.dtype() == DType::I32 ? elementI32 : elementF32;
  return library.call(CreateTensorWithDataAsOrtValue, memory,
                      binding.data.data(), size_t(binding.data.sizeInBytes()),
                      binding.data.shape().data(), size_t(binding.data.rank()),
                      type, &binding.value);
}

Error OnnxWorker::bindAll(const Reference &reference) {
  int64_t B = shape.batch, H = shape.hidden;
  Tensor x(DType::F32, {shape.steps, B, shape.inputs});
  pad(reference.values("input.x"), lengths, shape.inputs,
      x.view<float>().data());
  Error error = bind(inputs, "x", std::move(x));
  if (!error && shape.isRagged) {
    Tensor sizes(DType::I32, {B});
    copy(lengths, sizes.view<int32_t>().begin());
    error = bind(inputs, "lengths", std::move(sizes));
  }
  if (!error && !shape.streams)
    return bind(outputs, "y", Tensor(DType::F32, {shape.steps, 1, B, H}));
  for (StringRef state : {"h", "c"}) {
    std::string name = ("input." + state).str();
    if (error || !reference.tensors.count(name))
      break;
    Tensor begin =
        Tensor::of<float>({1, B, H}, ArrayRef(reference.values(name), B * H));
    error = bind(inputs, state.str(), std::move(begin));
    if (!error)
      error = bind(outputs, (state + "1").str(), Tensor(DType::F32, {1, B, H}));
  }
  return error;
}

Expected<json::Object> OnnxWorker::prepare(const json::Object &request) {
  clear();
  Expected<benchmark::Shape> parsed = benchmark::Shape::of(request);
  if (!parsed)
    return parsed.takeError();
  shape = *parsed;
  Expected<Reference> reference = Reference::of(request);
  if (!reference)
    return reference.takeError();
  lengths = reference->lengths();
  if (Error error = makeSession(request))
    return error;
  if (Error error = bindAll(*reference))
    return error;
  for (Binding &binding : inputs) {
    inputNames.push_back(binding.name.c_str());
    inputValues.push_back(binding.value);
  }
  for (Binding &binding : outputs) {
    outputNames.push_back(binding.name.c_str());
    outputValues.push_back(binding.value);
  }
  if (Error error = run())
    return error;
  return json::Object{{"version", library.version}};
}

Error OnnxWorker::run() {
  return library.call(Run, session, static_cast<void *>(nullptr),
                      inputNames.data(), inputValues.data(), inputNames.size(),
                      outputNames.data(), outputNames.size(),
                      outputValues.data());
}

void OnnxWorker::step() {
  // `prepare` has run the same call without an error.
  cantFail(run());
}

Expected<NamedTensors> OnnxWorker::evaluate() {
  if (Error error = run())
    return error;
  NamedTensors tensors;
  for (auto [k, binding] : enumerate(outputs))
    tensors["output." + std::to_string(k)] =
        shape.streams
            ? binding.data.clone()
            : pack(binding.data.view<float>().data(), lengths, shape.hidden);
  return tensors;
}

int main(int argc, char **argv) {
  Expected<Library> library = Library::open(argc > 1 ? argv[1] : "");
  if (!library) {
    errs() << llvm::toString(library.takeError()) << '\n';
    return 1;
  }
  OnnxWorker worker(std::move(*library));
  if (Error error = worker.open()) {
    errs() << llvm::toString(std::move(error)) << '\n';
    return 1;
  }
  return serve(worker);
}
