//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `ravel train --solve`: a readout fitted in closed form. Everything is
// computed in f64, whatever the model then runs in: squares of features lose
// half of the digits.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Data.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Readout.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include <cmath>

using namespace llvm;
namespace ravel::driver {

namespace {

/// The parameters of a readout: one matrix for each operand, and a bias.
struct ReadoutParameters {
  std::vector<const Parameter *> weights;
  const Parameter *bias = nullptr;
  int64_t numTargets = 0;
};

} // namespace

static Expected<ReadoutParameters> findReadout(const ParameterStore &store,
                                               StringRef name) {
  ReadoutParameters readout;
  while (const Parameter *weight = store.find(
             (name + ".weight." + Twine(readout.weights.size())).str())) {
    readout.weights.push_back(weight);
    readout.numTargets = weight->shape.back();
  }
  readout.bias = store.find((name + ".bias").str());
  if (readout.weights.empty())
    return makeError("the readout '" + name + "' has no weights");
  return readout;
}

/// Copies solved weights, the bias last, to where they belong.
static void setWeights(ParameterStore &store, const ReadoutParameters &readout,
                       ArrayRef<double> weights) {
  for (const Parameter *weight : readout.weights) {
    copy(weights.take_front(weight->numElements),
         store.values<double>(*weight).begin());
    weights = weights.drop_front(weight->numElements);
  }
  if (readout.bias)
    copy(weights, store.values<double>(*readout.bias).begin());
}

static Expected<std::vector<double>> parseRidges() {
  std::vector<double> values;
  for (StringRef text : llvm::split(StringRef(ridges), ',')) {
    double value;
    if (text.trim().getAsDouble(value) || !(value >= 0) || std::isinf(value))
      return makeError("--ridge takes numbers of at least 0, separated by "
                       "commas, but '" +
                       text + "' is none");
    values.push_back(value);
  }
  return values;
}

/// All parts together but one.
static std::unique_ptr<Regression>
merge(Regression::Kind kind, ArrayRef<std::unique_ptr<Regression>> parts,
      const Regression *without) {
  std::unique_ptr<Regression> all = Regression::create(
      kind, parts.front()->getNumFeatures(), parts.front()->getNumTargets());
  for (const std::unique_ptr<Regression> &part : parts)
    if (part.get() != without)
      all->merge(*part);
  return all;
}

/// Of several ridges the one with the smallest error on parts that are held out
/// in turn.
static Expected<double> chooseRidge(ArrayRef<double> candidates,
                                    ArrayRef<std::unique_ptr<Regression>> parts,
                                    Regression::Kind kind, bool hasBias) {
  if (candidates.size() == 1)
    return candidates.front();
  double best = 0, bestError = HUGE_VAL;
  for (double candidate : candidates) {
    double sum = 0, count = 0;
    for (const std::unique_ptr<Regression> &part : parts) {
      std::unique_ptr<Regression> rest =
          merge(kind, parts, /*without=*/part.get());
      Expected<std::vector<double>> weights = rest->solve(candidate, hasBias);
      if (!weights) {
        consumeError(weights.takeError());
        sum = HUGE_VAL;
        break;
      }
      sum += part->computeError(*weights) * part->count();
      count += part->count();
    }
    errs() << formatv("ridge {0:e2}: rmse {1:e4} held out\n", candidate,
                      std::sqrt(sum / count));
    if (sum / count < bestError) {
      best = candidate;
      bestError = sum / count;
    }
  }
  if (std::isinf(bestError))
    return makeError("none of --ridge gives a readout; give larger ones");
  return best;
}

/// `store` in the precision `type`.
static Expected<ParameterStore>
convert(const Module &module, const ParameterStore &store, DType type) {
  std::vector<ParameterSpec> specs;
  for (const ManifestEntry &item : module.manifest())
    specs.push_back(item.spec);
  Expected<ParameterStore> result = ParameterStore::create(specs, type);
  if (!result)
    return result;
  for (const Parameter &parameter : store.parameters())
    dispatch(type, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_floating_point_v<T>)
        transform(store.values<double>(parameter),
                  result->values<T>(parameter).begin(),
                  [](double value) { return static_cast<T>(value); });
    });
  return result;
}

/// The regression of each fold.
static Expected<std::vector<std::unique_ptr<Regression>>>
collect(const Module &module, const ParameterStore &store, const Dataset &data,
        ReadoutOptions options) {
  ProgressOptions display;
  display.terminal = sys::Process::StandardErrIsDisplayed();
  if (display.terminal)
    if (unsigned width = sys::Process::StandardErrColumns())
      display.columns = width;
  return collectRegression(module, store, data, options, &errs(), display);
}

static void report(StringRef what, double error, const Regression &regression) {
  double variance = regression.computeVariance();
  errs() << formatv("{0}: rmse {1:e4}", what, std::sqrt(error));
  if (variance > 0)
    errs() << formatv(", nrmse {0:e4}", std::sqrt(error / variance));
  errs() << formatv(" over {0} rows\n",
                    static_cast<int64_t>(regression.count()));
}

Expected<int> solveReadout() {
  if (solver != "ridge" && solver != "qr")
    return makeError("--solve takes ridge or qr, but is '" + solver + "'");
  if (resume)
    return makeError("--resume goes on with training by gradients; --solve is "
                     "one pass");
  if (washout < 0 || folds < 1 || batchSize < 1)
    return makeError("--washout must not be negative, --folds and --batch must "
                     "be at least 1");
  Expected<std::vector<double>> candidates = parseRidges();
  if (!candidates)
    return candidates.takeError();
  if (candidates->size() > 1 && folds < 2)
    return makeError("--folds must be at least 2 to choose a --ridge");
  Expected<std::string> function = getFunctionName(objective, "objective");
  if (!function)
    return function.takeError();
  Expected<SplitSpec> splitting = SplitSpec::parse(split);
  if (!splitting)
    return splitting.takeError();
  Expected<RowRange> range = RowRange::parse(rows);
  if (!range)
    return range.takeError();
  Expected<DataConfig> config = DataConfig::fromCommandLine();
  if (!config)
    return config.takeError();
  Expected<DType> type = getPrecision();
  if (!type)
    return type.takeError();
  config->setDType(DType::F64);
  if (sys::fs::exists(joinPath(outFolder, "last.safetensors")) && !overwrite)
    return makeFileError(outFolder, "has a training run already; replace it "
                                    "with --overwrite");

  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  CompileOptions options;
  options.precision = DType::F64;
  options.functions = {*function};
  options.solve = *function;
  options.solveRows = solver == "qr";
  options.cpu = cpu;
  Compiler compiler = makeCompiler();
  Expected<Module> module = compiler.compile(model->source, options);
  if (!module)
    return module.takeError();
  Expected<ParameterStore> drawn =
      makeParameters(*module, DType::F64, initWeights);
  if (!drawn)
    return drawn.takeError();
  // States are those that the model computes with weights of its precision.
  if (*type == DType::F32)
    for (const Parameter &parameter : drawn->parameters())
      for (double &value : drawn->values<double>(parameter))
        value = static_cast<float>(value);

  ReadoutOptions settings;
  settings.function = *function + ".normal";
  settings.kind =
      options.solveRows ? Regression::Triangular : Regression::NormalEquations;
  settings.batchSize = batchSize;
  settings.washout = washout;
  settings.folds = candidates->size() > 1 ? int64_t(folds) : 1;
  const Signature *signature = module->find(settings.function);
  std::string name;
  for (const Argument &argument : signature->arguments)
    if (argument.role == Role::Output && argument.carry.empty())
      name = argument.name;
  Expected<ReadoutParameters> readout = findReadout(*drawn, name);
  if (!readout)
    return readout.takeError();
  settings.numTargets = readout->numTargets;

  Expected<FunctionCall> call =
      FunctionCall::create(*module, settings.function, *drawn);
  if (!call)
    return call.takeError();
  StringRef dataFile = textPath.empty() ? dataPath : textPath;
  Expected<Split> data = config->fit(dataFile, validationPath, *splitting,
                                     *range, seed, call->dataInputs());
  if (!data)
    return data.takeError();
  ClassLimits limits = findClassLimits(*call);
  for (const Dataset *part : {&data->training, &data->validation})
    if (Error error = checkClasses(*part, limits, dataFile))
      return error;

  errs() << formatv(
      "solving {0}: '{1}' reads {2} features, {3} examples{4}\n",
      model->source.path, name, readout->weights.front()->shape.front(),
      data->training.size(),
      data->validation.size() > 0
          ? formatv(" ({0} held out)", data->validation.size()).str()
          : "");
  Expected<std::vector<std::unique_ptr<Regression>>> parts =
      collect(*module, *drawn, data->training, settings);
  if (!parts)
    return parts.takeError();
  bool hasBias = readout->bias != nullptr;
  Expected<double> ridge =
      chooseRidge(*candidates, *parts, settings.kind, hasBias);
  if (!ridge)
    return ridge.takeError();
  std::unique_ptr<Regression> all =
      merge(settings.kind, *parts, /*without=*/nullptr);
  Expected<std::vector<double>> weights = all->solve(*ridge, hasBias);
  if (!weights)
    return weights.takeError();
  setWeights(*drawn, *readout, *weights);
  if (candidates->size() > 1)
    errs() << formatv("ridge {0:e2}\n", *ridge);
  report("fitted", all->computeError(*weights), *all);
  if (data->validation.size() > 0) {
    settings.folds = 1;
    Expected<std::vector<std::unique_ptr<Regression>>> held =
        collect(*module, *drawn, data->validation, settings);
    if (!held)
      return held.takeError();
    const Regression &regression = *held->front();
    report("held out", regression.computeError(*weights), regression);
  }

  if (Error error = beginFolder(model->source, *config,
                                json::Object{{"objective", *function},
                                             {"precision", getName(*type)},
                                             {"metric", "loss"},
                                             {"decode", ""},
                                             {"seed", std::to_string(seed)}}))
    return error;
  Expected<ParameterStore> result = convert(*module, *drawn, *type);
  if (!result)
    return result.takeError();
  if (Error error = result->save(joinPath(outFolder, "last.safetensors")))
    return error;
  errs() << "saved in " << outFolder << '\n';
  return 0;
}

} // namespace ravel::driver
