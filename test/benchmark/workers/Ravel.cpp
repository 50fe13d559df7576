//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Runs cases with Ravel's libraries, and draws what all workers compute with.
//
//===----------------------------------------------------------------------===//

#include "Worker.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/ProductCount.h"
#include "ravel/Execution/Safetensors.h"
#include "ravel/Training/FunctionCall.h"
#include "ravel/Training/OptimizerCall.h"
#include "ravel/Training/Random.h"
#include "llvm/Support/InitLLVM.h"
#include <chrono>

using namespace llvm;
using namespace ravel;
using namespace ravel::benchmark;

namespace {
class RavelWorker : public Worker {
public:
  Expected<json::Object> prepare(const json::Object &request) override;
  void step() override;
  Expected<NamedTensors> evaluate() override;

private:
  Error compile(const json::Object &request);
  Error makeParameters();
  Error makeBatch(const json::Object &request);
  Error bind();
  Error save(StringRef path) const;

  ModelSource source;
  CompileOptions options;
  std::string function; // that is called
  double rate = 0;
  bool trains = false;

  std::optional<Module> module;
  std::optional<ParameterStore> parameters;
  Tensor gradients;
  std::optional<FunctionCall> call;
  std::optional<BatchCall> batchCall;
  std::optional<OptimizerCall> optimizer;
  Batch batch;
  int64_t stepsTaken = 0;
  double compileSeconds = 0;
};
} // namespace

/// Uniform between -scale and scale.
static float drawNumber(Random &random, float scale) {
  return scale * float(2 * random.uniform() - 1);
}

/// Options of the compiler that a case may set.
static Error setOption(CompileOptions &options, StringRef name,
                       const json::Value &value) {
  if (name == "unroll-time" && value.getAsInteger()) {
    options.unrollTime = *value.getAsInteger();
    return Error::success();
  }
  if (name == "weight-type" && value.getAsString()) {
    options.weightType = value.getAsString()->str();
    return Error::success();
  }
  if (name == "without" && value.getAsString()) {
    options.without.push_back(value.getAsString()->str());
    return Error::success();
  }
  return makeError("this build has no compile option '" + name + "'");
}

Error RavelWorker::compile(const json::Object &request) {
  Expected<ModelSource> file =
      ModelSource::open(request.getString("model").value_or(""));
  if (!file)
    return file.takeError();
  source = std::move(*file);
  options = CompileOptions();
  options.training = trains;
  if (trains) {
    options.objective = "loss";
    options.optimizer = "sgd";
  } else {
    options.functions = {"f"};
  }
  function = trains ? "loss_grad" : "f";
  if (const json::Object *settings = request.getObject("options"))
    for (const auto &[name, value] : *settings)
      if (Error error = setOption(options, name, value))
        return error;
  setNumThreads(request.getInteger("threads").value_or(1));

  Compiler compiler(request.getString("cache").value_or("").str());
  auto begin = std::chrono::steady_clock::now();
  Expected<Module> compiled = compiler.compile(source, options);
  if (!compiled)
    return compiled.takeError();
  compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  module.emplace(std::move(*compiled));
  return Error::success();
}

/// As a model begins, but for vectors, whose usual zeros and ones would hide
/// mistakes.
Error RavelWorker::makeParameters() {
  std::vector<ParameterSpec> specs;
  for (const ManifestEntry &entry : module->manifest())
    specs.push_back(entry.spec);
  Expected<ParameterStore> store = ParameterStore::create(specs);
  if (!store)
    return store.takeError();
  parameters.emplace(std::move(*store));
  if (Error error = initializeParameters(module->manifest(), 1, *parameters))
    return error;
  Random random(2);
  for (const Parameter &parameter : parameters->parameters())
    if (parameter.shape.size() == 1)
      for (float &value : parameters->values<float>(parameter))
        value += drawNumber(random, 0.1f);
  return Error::success();
}

Error RavelWorker::makeBatch(const json::Object &request) {
  std::vector<int64_t> lengths;
  if (const json::Array *list = request.getArray("lengths"))
    for (const json::Value &value : *list)
      lengths.push_back(value.getAsInteger().value_or(1));
  if (lengths.empty())
    return makeError("the request has no lengths");
  batch = Batch();
  batch.size = lengths.size();
  batch.axes.push_back({"time", PackedLayout::of(lengths)});
  const PackedLayout &layout = batch.axes.front().layout;
  batch.examples = batch.order = layout.order;
  Random random(3);
  for (const Argument *input : call->dataInputs()) {
    bool isSequence = input->layout == RowLayout::Sequence;
    ravel::Shape shape = input->shape;
    shape.insert(shape.begin(), isSequence ? layout.numRows() : batch.size);
    Tensor data(input->dtype, shape);
    for (float &value : data.view<float>())
      value = drawNumber(random, 1);
    batch.fields.push_back({FieldSpec{input->name, input->dtype, input->shape,
                                      isSequence ? "time" : ""},
                            std::move(data)});
  }
  return Error::success();
}

Error RavelWorker::bind() {
  Expected<BatchCall> made = call->makeCall(batch);
  if (!made)
    return made.takeError();
  batchCall.emplace(std::move(*made));
  stepsTaken = 0;
  if (!trains)
    return Error::success();
  Expected<OptimizerCall> update =
      OptimizerCall::create(*module, options.optimizer, *parameters, gradients);
  if (!update)
    return update.takeError();
  optimizer.emplace(std::move(*update));
  return Error::success();
}

Error RavelWorker::save(StringRef path) const {
  NamedTensorRefs tensors = parameters->tensors();
  for (const BatchField &field : batch.fields)
    tensors["input." + field.spec.name] = field.data;
  const std::vector<int64_t> &lengths = batch.axes.front().layout.lengths;
  Tensor lengthTensor = Tensor::of<int64_t>({batch.size}, lengths);
  tensors["lengths"] = lengthTensor;
  return writeSafetensors(path, tensors);
}

Expected<json::Object> RavelWorker::prepare(const json::Object &request) {
  trains = request.getString("mode") == StringRef("training");
  rate = request.getNumber("rate").value_or(0);
  // A call must not outlive its module.
  batchCall.reset();
  optimizer.reset();
  call.reset();
  if (Error error = compile(request))
    return error;
  if (request.getBoolean("compile_only").value_or(false))
    return json::Object{{"compile_seconds", compileSeconds}};
  if (Error error = makeParameters())
    return error;
  if (trains)
    gradients = parameters->makeArenaLike(ArenaKind::Trainable);
  Expected<FunctionCall> bound = FunctionCall::create(
      *module, function, *parameters, trains ? &gradients : nullptr);
  if (!bound)
    return bound.takeError();
  call.emplace(std::move(*bound));
  if (Error error = makeBatch(request))
    return error;
  if (Error error = bind())
    return error;
  if (std::optional<StringRef> path = request.getString("reference"))
    if (Error error = save(*path))
      return error;
  Expected<ProductCount> products =
      countProducts(Compiler(""), source, options, function);
  if (!products)
    return products.takeError();
  int64_t rows = batch.axes.front().layout.numRows();
  return json::Object{{"compile_seconds", compileSeconds},
                      {"cached", module->isCached()},
                      {"operations", products->total(rows, batch.size)}};
}

void RavelWorker::step() {
  batchCall->call();
  if (trains)
    optimizer->update(rate, ++stepsTaken);
}

Expected<NamedTensors> RavelWorker::evaluate() {
  batchCall->call();
  NamedTensors tensors;
  auto add = [&](const std::string &name, const TensorRef &value) {
    const float *data = static_cast<const float *>(value.data);
    tensors[name] =
        Tensor::of<float>(value.shape, ArrayRef(data, value.numElements()));
  };
  if (trains) {
    for (const Parameter &parameter : parameters->parameters())
      add(parameter.name, viewParameter(parameter, gradients));
    return tensors;
  }
  for (unsigned k = 0; k < call->results().size(); ++k)
    add("output." + std::to_string(k), call->result(k));
  return tensors;
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  RavelWorker worker;
  return serve(worker);
}
