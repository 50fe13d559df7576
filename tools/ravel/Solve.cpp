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
#include "Options.h"
#include "Train.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Readout.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;
namespace ravel::driver {

namespace {

/// The parameters of a readout: one matrix for each operand, and a bias.
struct ReadoutParameters {
  std::vector<const Parameter *> weights;
  const Parameter *bias = nullptr;
  int64_t numFeatures = 0, numTargets = 0;
};

} // namespace

static Expected<ReadoutParameters> findReadout(const ParameterStore &store,
                                               StringRef name) {
  ReadoutParameters readout;
  while (const Parameter *weight = store.find(
             (name + ".weight." + Twine(readout.weights.size())).str())) {
    readout.weights.push_back(weight);
    readout.numFeatures += weight->shape.front();
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

static void report(StringRef what, double error, const Regression &regression) {
  double variance = regression.computeVariance();
  errs() << formatv("{0}: rmse {1:e4}", what, std::sqrt(error));
  if (variance > 0)
    errs() << formatv(", nrmse {0:e4}", std::sqrt(error / variance));
  errs() << formatv(" over {0} rows\n",
                    static_cast<int64_t>(regression.count()));
}

/// Complains about numbers that make no sense.
static Error checkOptions(ArrayRef<double> candidates) {
  if (solver != "ridge" && solver != "qr")
    return makeError("--solve takes ridge or qr, but is '" + solver + "'");
  if (resume)
    return makeError("--resume goes on with training by gradients; --solve is "
                     "one pass");
  if (washout < 0 || folds < 1 || batchSize < 1)
    return makeError("--washout must not be negative, --folds and --batch must "
                     "be at least 1");
  if (candidates.size() > 1 && folds < 2)
    return makeError("--folds must be at least 2 to choose a --ridge");
  if (sys::fs::exists(joinPath(outFolder, "last.safetensors")) && !overwrite)
    return makeFileError(outFolder, "has a training run already; replace it "
                                    "with --overwrite");
  return Error::success();
}

/// The objective and NAME.normal, in f64.
static Expected<Module> compileSolver(const ModelSource &source,
                                      const std::string &function) {
  CompileOptions options;
  options.precision = DType::F64;
  options.functions = {function};
  options.solve = function;
  options.solveRows = solver == "qr";
  options.cpu = cpu;
  return makeCompiler().compile(source, options);
}

/// The parameters as they are drawn or given, in f64, but rounded to the
/// precision in which the model will compute states from them.
static Expected<ParameterStore> drawParameters(const Module &module,
                                               DType precision) {
  Expected<ParameterStore> store =
      makeParameters(module, DType::F64, initWeights);
  if (store && precision == DType::F32)
    for (const Parameter &parameter : store->parameters())
      for (double &value : store->values<double>(parameter))
        value = static_cast<float>(value);
  return store;
}

/// The name of the readout that a function is of.
static StringRef getReadoutName(const Signature &normal) {
  for (const Argument &argument : normal.arguments)
    if (argument.role == Role::Output && argument.carry.empty())
      return argument.name;
  return "";
}

/// Fits the readout in `store` to the data, and says how well.
static Error fit(const Module &module, ParameterStore &store,
                 const ReadoutParameters &readout, const Split &data,
                 ReadoutOptions settings, ArrayRef<double> candidates) {
  settings.folds = candidates.size() > 1 ? int64_t(folds) : 1;
  settings.numTargets = readout.numTargets;
  Expected<std::vector<std::unique_ptr<Regression>>> parts = collectRegression(
      module, store, data.training, settings, &errs(), getProgressDisplay());
  if (!parts)
    return parts.takeError();
  bool hasBias = readout.bias != nullptr;
  Expected<double> ridge =
      chooseRidge(candidates, *parts, settings.kind, hasBias);
  if (!ridge)
    return ridge.takeError();
  std::unique_ptr<Regression> all =
      merge(settings.kind, *parts, /*without=*/nullptr);
  bool isSingular = false;
  Expected<std::vector<double>> weights =
      all->solve(*ridge, hasBias, &isSingular);
  if (!weights)
    return weights.takeError();
  setWeights(store, readout, *weights);
  if (candidates.size() > 1)
    errs() << formatv("ridge {0:e2}\n", *ridge);
  if (isSingular)
    errs() << "note: with this --ridge the normal equations are singular to "
              "rounding; a larger one, or --solve qr, gives a more accurate "
              "readout\n";
  report("fitted", all->computeError(*weights), *all);
  if (data.validation.size() == 0)
    return Error::success();
  settings.folds = 1;
  Expected<std::vector<std::unique_ptr<Regression>>> held = collectRegression(
      module, store, data.validation, settings, &errs(), getProgressDisplay());
  if (!held)
    return held.takeError();
  const Regression &regression = *held->front();
  report("held out", regression.computeError(*weights), regression);
  return Error::success();
}

Expected<int> solveReadout() {
  Expected<std::vector<double>> candidates = parseRidges();
  if (!candidates)
    return candidates.takeError();
  if (Error error = checkOptions(*candidates))
    return error;
  Expected<TrainingRequest> request = TrainingRequest::fromCommandLine();
  if (!request)
    return request.takeError();
  request->config.setDType(DType::F64);
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  Expected<Module> module = compileSolver(model->source, request->objective);
  if (!module)
    return module.takeError();
  Expected<ParameterStore> store = drawParameters(*module, request->precision);
  if (!store)
    return store.takeError();
  ReadoutOptions settings;
  settings.function = request->objective + ".normal";
  settings.kind =
      solver == "qr" ? Regression::Triangular : Regression::NormalEquations;
  settings.batchSize = batchSize;
  settings.washout = washout;
  StringRef name = getReadoutName(*module->find(settings.function));
  Expected<ReadoutParameters> readout = findReadout(*store, name);
  if (!readout)
    return readout.takeError();

  Expected<FunctionCall> call =
      FunctionCall::create(*module, settings.function, *store);
  if (!call)
    return call.takeError();
  StringRef dataFile = textPath.empty() ? dataPath : textPath;
  Expected<Split> data =
      request->config.fit(dataFile, validationPath, request->splitting,
                          request->range, seed, call->dataInputs());
  if (!data)
    return data.takeError();
  for (const Dataset *part : {&data->training, &data->validation})
    if (part->size() > 0)
      if (Expected<std::string> axis = call->bind(*part); !axis)
        return axis.takeError();
  if (Error error = checkClasses(*data, findClassLimits(*call), dataFile))
    return error;

  errs() << formatv(
      "solving {0}: '{1}' reads {2} features, {3} examples{4}\n",
      model->source.path, name, readout->numFeatures, data->training.size(),
      data->validation.size() > 0
          ? formatv(" ({0} held out)", data->validation.size()).str()
          : "");
  if (Error error =
          fit(*module, *store, *readout, *data, settings, *candidates))
    return error;
  Expected<ParameterStore> result =
      convert(*module, *store, request->precision);
  if (!result)
    return result.takeError();
  // If there is no room for new weights, the old ones stay with their model.
  if (Error error = createFolder())
    return error;
  if (Error error = result->save(joinPath(outFolder, "last.safetensors")))
    return error;
  sys::fs::remove(joinPath(outFolder, "best.safetensors"));
  if (Error error = writeDescription(
          model->source, request->config,
          json::Object{{"objective", request->objective},
                       {"precision", getName(request->precision)},
                       {"metric", "loss"},
                       {"decode", ""},
                       {"seed", std::to_string(seed)}}))
    return error;
  errs() << "saved in " << outFolder << '\n';
  return 0;
}

} // namespace ravel::driver
