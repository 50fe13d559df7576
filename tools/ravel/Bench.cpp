//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "ResidentMemory.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/ProductCount.h"
#include "ravel/Execution/Timing.h"
#include "ravel/Training/Random.h"
#include "ravel/Training/Trainer.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <omp.h>

using namespace llvm;
namespace ravel::driver {

//===----------------------------------------------------------------------===//
// Data at random
//===----------------------------------------------------------------------===//

/// Complains about numbers that make no sense.
static Error checkOptions() {
  if (benchMode != "run" && benchMode != "train")
    return makeError("--mode " + benchMode + ": expected run or train");
  if (batchSize < 1 || benchLength < 1)
    return makeError("--batch and --length must be at least 1");
  if (benchRepeat < 0 || !(benchMinTime >= 0) || !(clip >= 0))
    return makeError("--repeat, --min-time and --clip must not be negative");
  if (!benchLengths.empty() && benchLength.getNumOccurrences())
    return makeError("--length and --lengths exclude each other");
  return Error::success();
}

/// The length of each example, as the command line says.
static Expected<std::vector<int64_t>> drawLengths(Random &random) {
  std::vector<int64_t> lengths(batchSize, benchLength);
  if (benchLengths.empty())
    return lengths;
  auto [low, high] = StringRef(benchLengths).split(':');
  int64_t least, most;
  if (low.getAsInteger(10, least) || high.getAsInteger(10, most) || least < 0 ||
      most < std::max<int64_t>(least, 1))
    return makeError("--lengths " + benchLengths +
                     ": expected LO:HI, such as 5:50");
  for (int64_t &length : lengths)
    length = least + random.below(most - least + 1);
  return lengths;
}

/// Numbers from -1 to 1, and classes below the limit.
static Tensor drawTensor(DType dtype, ArrayRef<int64_t> shape, int64_t classes,
                         Random &random) {
  Tensor tensor(dtype, shape);
  if (dtype == DType::I32) {
    for (int32_t &value : tensor.view<int32_t>())
      value = random.below(classes);
    return tensor;
  }
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (T &value : tensor.view<T>())
      value = T(2 * random.uniform() - 1);
  });
  return tensor;
}

/// A batch with all inputs of a function.
static Batch drawBatch(const FunctionCall &call, const ClassLimits &limits,
                       ArrayRef<int64_t> lengths, Random &random) {
  Batch batch;
  batch.size = lengths.size();
  batch.axes.push_back({"time", PackedLayout::of(lengths)});
  PackedLayout &layout = batch.axes.front().layout;
  batch.examples = batch.order = layout.order;
  for (const Argument *input : call.dataInputs()) {
    bool isSequence = input->layout == RowLayout::Sequence;
    Shape shape = input->shape;
    shape.insert(shape.begin(), isSequence ? layout.numRows() : batch.size);
    auto limit = limits.find(input->name);
    batch.fields.push_back(
        {FieldSpec{input->name, input->dtype, input->shape,
                   isSequence ? "time" : ""},
         drawTensor(input->dtype, shape,
                    limit == limits.end() ? 2 : limit->second, random)});
  }
  return batch;
}

//===----------------------------------------------------------------------===//
// What is measured
//===----------------------------------------------------------------------===//

namespace {
/// A function of a model, or its training step, ready to be called.
class Subject {
public:
  /// Compiles what the command line names.
  Error compile(const ModelFolder &model);
  /// Makes parameters and inputs.
  Error prepare(const ModelFolder &model);
  Error measure();
  void print(raw_ostream &os) const;
  json::Object toJSON() const;

private:
  Error chooseFunction(const ModelFolder &model);
  /// One call, or one training step.
  void step();
  /// Whether any input is a sequence.
  bool hasTime() const;
  json::Object memoryToJSON() const;

  bool trains = benchMode == "train";
  std::string function; // as the command line names it
  DType precision = DType::F32;
  Compiler compiler = makeCompiler();
  CompileOptions options;
  std::optional<Module> module;
  double compileSeconds = 0;

  std::optional<ParameterStore> parameters;
  Tensor gradients;
  std::optional<FunctionCall> call;
  std::optional<BatchCall> batchCall;
  std::optional<OptimizerCall> optimizerCall;
  Batch batch;
  int64_t stepsTaken = 0;
  double operations = 0; // in products, of one step

  Timing timing;
  std::optional<ResidentMemory> memory;
};
} // namespace

/// Names the only function if the command line names none.
Error Subject::chooseFunction(const ModelFolder &model) {
  function = StringRef(benchFunction).ltrim('@').str();
  if (!function.empty())
    return Error::success();
  CompileOptions all;
  all.precision = precision;
  all.cpu = cpu;
  Expected<Module> compiled = compiler.compile(model.source, all);
  if (!compiled)
    return compiled.takeError();
  ArrayRef<Signature> signatures = compiled->signatures();
  if (signatures.size() == 1) {
    function = signatures.front().name;
    return Error::success();
  }
  std::string names;
  for (const Signature &signature : signatures)
    names += (names.empty() ? ": @" : ", @") + signature.name;
  return makeError("expected --function @FUNCTION" + names);
}

Error Subject::compile(const ModelFolder &model) {
  Expected<DType> type = getPrecision(&model);
  if (!type)
    return type.takeError();
  precision = *type;
  if (Error error = chooseFunction(model))
    return error;
  options.precision = precision;
  options.cpu = cpu;
  Expected<std::string> weights = getWeightType();
  if (!weights)
    return weights.takeError();
  if (trains && !weights->empty())
    return makeError("--weight-type is for --mode run: training changes the "
                     "weights by less than 16 bits tell apart");
  options.weightType = *weights;
  Expected<std::vector<std::string>> steps = getOmittedSteps();
  if (!steps)
    return steps.takeError();
  options.without = *steps;
  Expected<int64_t> interval = getCheckpointTime();
  if (!interval)
    return interval.takeError();
  options.checkpointTime = *interval;
  if (trains) {
    options.objective = function;
    options.training = true;
    if (Error error = parseOptimizer(optimizer, options.optimizer,
                                     options.hyperparameters))
      return error;
  } else {
    options.functions = {function};
  }
  auto begin = std::chrono::steady_clock::now();
  Expected<Module> compiled = compiler.compile(model.source, options);
  if (!compiled)
    return compiled.takeError();
  compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  module.emplace(std::move(*compiled));
  return Error::success();
}

Error Subject::prepare(const ModelFolder &model) {
  Expected<ParameterStore> store =
      makeParameters(*module, precision, model.findWeights());
  if (!store)
    return store.takeError();
  parameters.emplace(std::move(*store));
  std::string callee = function + (trains ? "_grad" : "");
  if (trains)
    gradients = parameters->makeArenaLike(ArenaKind::Trainable);
  Expected<FunctionCall> bound = FunctionCall::create(
      *module, callee, *parameters, trains ? &gradients : nullptr);
  if (!bound)
    return bound.takeError();
  call.emplace(std::move(*bound));

  ClassLimits limits = findClassLimits(*call);
  Random random(seed);
  Expected<std::vector<int64_t>> lengths = drawLengths(random);
  if (!lengths)
    return lengths.takeError();
  batch = drawBatch(*call, limits, *lengths, random);
  Expected<BatchCall> made = call->makeCall(batch, seed);
  if (!made)
    return made.takeError();
  batchCall.emplace(std::move(*made));
  if (trains) {
    Expected<OptimizerCall> update = OptimizerCall::create(
        *module, options.optimizer, *parameters, gradients);
    if (!update)
      return update.takeError();
    optimizerCall.emplace(std::move(*update));
  }

  Expected<ProductCount> products =
      countProducts(compiler, model.source, options, callee);
  if (!products)
    return products.takeError();
  operations = products->total(batch.axes.front().layout.numRows(), batch.size);
  return Error::success();
}

void Subject::step() {
  batchCall->call();
  if (!trains)
    return;
  if (clip > 0)
    clipToNorm(gradients, computeGlobalNorm(gradients), clip);
  optimizerCall->update(learningRate, ++stepsTaken);
}

bool Subject::hasTime() const {
  return any_of(batch.fields, [](const BatchField &field) {
    return field.spec.isSequence();
  });
}

Error Subject::measure() {
  TimingOptions how;
  how.time = benchMinTime;
  how.warmUp = benchMinTime / 10;
  how.exactly = benchRepeat;
  timing = measureTime([&] { step(); }, how);
  if (!benchMemory)
    return Error::success();
  Expected<ResidentMemory> taken = measureResidentMemory([&] { step(); });
  if (!taken)
    return taken.takeError();
  memory = *taken;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// What is reported
//===----------------------------------------------------------------------===//

/// Bytes by what they hold. `other` is what resident memory grows by in a step
/// beyond that.
json::Object Subject::memoryToJSON() const {
  int64_t learned = parameters->arena(ArenaKind::Trainable).sizeInBytes() +
                    parameters->arena(ArenaKind::Frozen).sizeInBytes();
  int64_t packed = 0, inputs = 0, outputs = 0, states = 0;
  int64_t slopes = trains ? gradients.sizeInBytes() : 0;
  int64_t workspace = batchCall->call.workspaceBytes();
  for (int64_t bytes : call->signature().preparedBytes)
    packed += bytes;
  for (const BatchField &field : batch.fields)
    inputs += field.data.sizeInBytes();
  for (unsigned k = 0; k < call->results().size(); ++k)
    outputs += call->result(k).sizeInBytes();
  if (optimizerCall) {
    workspace += optimizerCall->workspaceBytes();
    for (const auto &[name, arena] : optimizerCall->state())
      states += arena.sizeInBytes();
  }
  int64_t other = memory->growth();
  return json::Object{{"parameters", learned},
                      {"packed", packed},
                      {"gradients", slopes},
                      {"optimizer", states},
                      {"inputs", inputs},
                      {"outputs", outputs},
                      {"workspace", workspace},
                      {"other", other},
                      {"step", learned + packed + slopes + states + inputs +
                                   outputs + workspace + other},
                      {"process_peak", memory->peak}};
}

json::Object Subject::toJSON() const {
  const PackedLayout &layout = batch.axes.front().layout;
  double seconds = timing.median();
  json::Object object{
      {"function", function},
      {"mode", benchMode},
      {"precision", getName(precision)},
      {"threads", omp_get_max_threads()},
      {"batch", batch.size},
      {"parameters", parameters->layout().countValues(ArenaKind::Trainable) +
                         parameters->layout().countValues(ArenaKind::Frozen)},
      {"compile_seconds", compileSeconds},
      {"cached", module->isCached()},
      {"measurements", int64_t(timing.seconds.size())},
      {"calls_each", timing.callsEach},
      {"minimum_ms", timing.minimum() * 1e3},
      {"median_ms", seconds * 1e3},
      {"steps_per_second", 1 / seconds}};
  if (hasTime()) {
    object["longest"] = layout.numSteps();
    object["instants"] = layout.numRows();
    object["instants_per_second"] = layout.numRows() / seconds;
  }
  if (operations > 0) {
    object["operations"] = operations;
    object["gflops"] = operations / seconds * 1e-9;
  }
  if (memory)
    object["memory"] = memoryToJSON();
  return object;
}

void Subject::print(raw_ostream &os) const {
  const PackedLayout &layout = batch.axes.front().layout;
  double seconds = timing.median();
  os << formatv("@{0}, {1}, {2}, threads: {3}\n", function, benchMode,
                getName(precision), omp_get_max_threads());
  os << "examples: " << batch.size;
  if (hasTime())
    os << formatv(", of up to {0} instants; {1} instants in all",
                  layout.numSteps(), layout.numRows());
  os << '\n';
  os << formatv("compiled in {0:f3} s{1}\n", compileSeconds,
                module->isCached() ? ", from the cache" : "");
  os << formatv("median {0:f5} ms, minimum {1:f5} ms; measurements: {2}\n",
                seconds * 1e3, timing.minimum() * 1e3, timing.seconds.size());
  os << formatv("{0:f1} steps/s", 1 / seconds);
  if (hasTime())
    os << formatv(", {0:f0} instants/s", layout.numRows() / seconds);
  if (operations > 0)
    os << formatv(", {0:f2} GFLOP/s (products: {1:f3} MFLOP a step)",
                  operations / seconds * 1e-9, operations * 1e-6);
  os << '\n';
  if (!memory)
    return;
  json::Object bytes = memoryToJSON();
  os << "memory, in MB:";
  for (StringRef key : {"parameters", "packed", "gradients", "optimizer",
                        "inputs", "outputs", "workspace", "other", "step"})
    os << formatv("{0} {1} {2:f2}", key == "parameters" ? "" : ",", key,
                  *bytes.getInteger(key) * 1e-6);
  os << formatv("; the process at its peak {0:f1}\n",
                *bytes.getInteger("process_peak") * 1e-6);
}

Expected<int> bench() {
  if (Error error = checkOptions())
    return error;
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  Subject subject;
  if (Error error = subject.compile(*model))
    return error;
  if (Error error = subject.prepare(*model))
    return error;
  if (Error error = subject.measure())
    return error;
  if (printJSON)
    outs() << formatv("{0:2}\n", json::Value(subject.toJSON()));
  else
    subject.print(outs());
  return 0;
}

} // namespace ravel::driver
