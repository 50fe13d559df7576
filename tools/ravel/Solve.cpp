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
#include "Predictions.h"
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

namespace {

/// How well a readout fits: the mean squared error and the variance of what is
/// wanted.
struct Fitness {
  double error = 0, variance = 0;
  int64_t rows = 0;
};

struct ChosenRidge {
  double ridge = 0;
  /// On the parts that were held out; infinite if there was no choice.
  double error = HUGE_VAL;
};

} // namespace

/// Of several ridges the one with the smallest error on parts that are held out
/// in turn.
static Expected<ChosenRidge>
chooseRidge(ArrayRef<double> candidates,
            ArrayRef<std::unique_ptr<Regression>> parts, Regression::Kind kind,
            bool hasBias, raw_ostream &os) {
  if (candidates.size() == 1)
    return ChosenRidge{candidates.front()};
  ChosenRidge best;
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
    os << formatv("ridge {0:e2}: rmse {1:e4} held out\n", candidate,
                  std::sqrt(sum / count));
    if (sum / count < best.error)
      best = {candidate, sum / count};
  }
  if (std::isinf(best.error))
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

static Fitness measure(const Regression &regression, ArrayRef<double> weights) {
  return {regression.computeError(weights), regression.computeVariance(),
          static_cast<int64_t>(regression.count())};
}

static void report(raw_ostream &os, StringRef what, const Fitness &fitness) {
  os << formatv("{0}: rmse {1:e4}", what, std::sqrt(fitness.error));
  if (fitness.variance > 0)
    os << formatv(", nrmse {0:e4}",
                  std::sqrt(fitness.error / fitness.variance));
  os << formatv(" over {0} rows\n", fitness.rows);
}

/// Complains about numbers that make no sense.
static Error checkOptions(ArrayRef<double> candidates) {
  if (solver != "ridge" && solver != "qr" && solver != "rls")
    return makeError("--solve takes ridge, qr or rls, but is '" + solver + "'");
  if (!metric.empty()) {
    Expected<Metric> measure = parseMetric(metric);
    if (!measure)
      return measure.takeError();
    if (!isOfPredictions(*measure) && *measure != Metric::RMSE)
      return makeError("--solve takes --metric error, rmse or nrmse");
  }
  if (!(forget > 0) || forget > 1)
    return makeError("--forget must be above 0 and at most 1");
  if (forget != 1 && solver != "rls")
    return makeError("--forget is of --solve rls");
  if (solver == "rls" && (candidates.size() > 1 || candidates.front() == 0))
    return makeError("--solve rls takes one --ridge, above 0: it learns in one "
                     "pass");
  if (resume)
    return makeError("--resume goes on with training by gradients; --solve is "
                     "one pass");
  if (washout < 0 || folds < 1 || batchSize < 1)
    return makeError("--washout must not be negative, --folds and --batch must "
                     "be at least 1");
  if (members < 1)
    return makeError("--members must be at least 1");
  if (members > 1 && !initWeights.empty())
    return makeError("--members are drawn, each from a seed of its own, but "
                     "--init-weights gives the weights");
  if (candidates.size() > 1 && folds < 2)
    return makeError("--folds must be at least 2 to choose a --ridge");
  bool exists = sys::fs::exists(joinPath(outFolder, "last.safetensors")) ||
                sys::fs::exists(getMemberPath(outFolder, 0));
  if (exists && !overwrite)
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
  options.solveRows = solver != "ridge";
  options.cpu = cpu;
  return makeCompiler().compile(source, options);
}

/// The parameters as they are drawn or given, in f64, but rounded to the
/// precision in which the model will compute states from them.
static Expected<ParameterStore>
drawParameters(const Module &module, DType precision, int64_t member) {
  Expected<ParameterStore> store =
      makeParameters(module, DType::F64, initWeights);
  if (!store)
    return store;
  if (member > 0)
    if (Error error =
            initializeParameters(module.manifest(), seed + member, *store))
      return std::move(error);
  if (precision == DType::F32)
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

namespace {

/// Readouts of members of an ensemble, or of one model, fitted to the same
/// data.
class Solver {
public:
  Solver(const TrainingRequest &request, const ModelFolder &model,
         ArrayRef<double> candidates)
      : request(request), model(model), candidates(candidates) {}

  Error compile();
  Error readData(DataConfig &config);
  Error run();
  Error save(const DataConfig &config);

private:
  Error fit(ParameterStore &store, raw_ostream &os);
  Error measureClasses();
  /// Whether what is predicted are classes.
  bool predictsClasses() const;

  const TrainingRequest &request;
  const ModelFolder &model;
  ArrayRef<double> candidates;
  std::optional<Module> module;
  std::vector<ParameterStore> stores;
  Split data;
  ReadoutOptions settings;
  ReadoutParameters readout;
  std::string name;
  /// Whether what the readout reads depends on what it gave.
  bool isFedBack = false;
  /// What result.json says.
  std::string metricName;
  double metricValue = 0;
};

} // namespace

Error Solver::compile() {
  Expected<Module> compiled = compileSolver(model.source, request.objective);
  if (!compiled)
    return compiled.takeError();
  module.emplace(std::move(*compiled));
  for (int64_t member = 0; member < members; ++member) {
    Expected<ParameterStore> store =
        drawParameters(*module, request.precision, member);
    if (!store)
      return store.takeError();
    stores.push_back(std::move(*store));
  }
  settings.function = request.objective + ".normal";
  settings.kind = solver == "ridge" ? Regression::NormalEquations
                  : solver == "qr"  ? Regression::Triangular
                                    : Regression::Recursive;
  settings.batchSize = batchSize;
  settings.washout = washout;
  name = getReadoutName(*module->find(settings.function)).str();
  Expected<ReadoutParameters> found = findReadout(stores.front(), name);
  if (!found)
    return found.takeError();
  readout = std::move(*found);
  settings.numTargets = readout.numTargets;
  settings.recursive = {candidates.front(), readout.bias != nullptr, forget};
  for (const Argument &argument : module->find(settings.function)->arguments)
    isFedBack |= argument.role == Role::Parameter &&
                 (argument.name == name + ".bias" ||
                  StringRef(argument.name).starts_with(name + ".weight."));
  if (isFedBack && solver != "rls")
    return makeError("the readout '" + name +
                     "' is fed back: its inputs depend on its own weights, "
                     "which --solve rls can learn; for --solve " +
                     solver + " feed back the target");
  return Error::success();
}

Error Solver::readData(DataConfig &config) {
  Expected<FunctionCall> call =
      FunctionCall::create(*module, settings.function, stores.front());
  if (!call)
    return call.takeError();
  StringRef dataFile = textPath.empty() ? dataPath : textPath;
  Expected<Split> split =
      config.fit(dataFile, validationPath, request.splitting, request.range,
                 seed, call->dataInputs());
  if (!split)
    return split.takeError();
  data = std::move(*split);
  for (const Dataset *part : {&data.training, &data.validation})
    if (part->size() > 0)
      if (Expected<std::string> axis = call->bind(*part); !axis)
        return axis.takeError();
  return checkClasses(data, findClassLimits(*call), dataFile);
}

/// Fits the readout in `store` to the data, and says how well.
Error Solver::fit(ParameterStore &store, raw_ostream &os) {
  Expected<ReadoutParameters> own = findReadout(store, name);
  if (!own)
    return own.takeError();
  raw_ostream *progress = members > 1 ? nullptr : &errs();
  settings.folds = candidates.size() > 1 ? int64_t(folds) : 1;
  settings.onWeights = nullptr;
  if (isFedBack)
    settings.onWeights = [&](ArrayRef<double> weights) {
      setWeights(store, *own, weights);
    };
  Expected<std::vector<std::unique_ptr<Regression>>> parts = collectRegression(
      *module, store, data.training, settings, progress, getProgressDisplay());
  if (!parts)
    return parts.takeError();
  bool hasBias = own->bias != nullptr;
  Expected<ChosenRidge> chosen =
      chooseRidge(candidates, *parts, settings.kind, hasBias, os);
  if (!chosen)
    return chosen.takeError();
  std::unique_ptr<Regression> all =
      parts->size() == 1 ? std::move(parts->front())
                         : merge(settings.kind, *parts, /*without=*/nullptr);
  bool isSingular = false;
  Expected<std::vector<double>> weights =
      all->solve(chosen->ridge, hasBias, &isSingular);
  if (!weights)
    return weights.takeError();
  setWeights(store, *own, *weights);
  if (candidates.size() > 1)
    os << formatv("ridge {0:e2}\n", chosen->ridge);
  if (isSingular)
    os << "note: with this --ridge the normal equations are singular to "
          "rounding; a larger one, or --solve qr, gives a more accurate "
          "readout\n";
  Fitness judged = measure(*all, *weights);
  report(os, "fitted", judged);
  if (data.validation.size() > 0) {
    // What is held out teaches nothing.
    ReadoutOptions judging = settings;
    judging.folds = 1;
    judging.onWeights = nullptr;
    if (judging.kind == Regression::Recursive)
      judging.kind = Regression::Triangular;
    Expected<std::vector<std::unique_ptr<Regression>>> held =
        collectRegression(*module, store, data.validation, judging, progress,
                          getProgressDisplay());
    if (!held)
      return held.takeError();
    judged = measure(*held->front(), *weights);
    report(os, "held out", judged);
  } else if (!std::isinf(chosen->error)) {
    judged.error = chosen->error;
  }
  metricName = judged.variance > 0 ? "nrmse" : "rmse";
  metricValue =
      std::sqrt(judged.error / (judged.variance > 0 ? judged.variance : 1));
  return Error::success();
}

bool Solver::predictsClasses() const {
  // An objective that takes whole numbers as an input may judge others.
  for (const Argument &argument : module->find(request.objective)->arguments)
    if (argument.role == Role::Input && !isFloat(argument.dtype))
      return true;
  return false;
}

/// Says how well classes are told apart, or how well an ensemble predicts.
Error Solver::measureClasses() {
  Expected<Module> judge = compilePredictions(makeCompiler(), model.source,
                                              request.objective, DType::F64);
  if (!judge)
    return judge.takeError();
  std::vector<std::pair<StringRef, const Dataset *>> parts = {
      {"fitted", &data.training}};
  if (data.validation.size() > 0)
    parts.push_back({"held out", &data.validation});
  for (auto [what, part] : parts) {
    Expected<std::optional<PredictionErrors>> errors =
        measurePredictions(*judge, request.objective, getPointers(stores),
                           *part, batchSize, washout, /*stop=*/nullptr);
    if (!errors)
      return errors.takeError();
    Metric measure = (*errors)->getNaturalMetric();
    if (!metric.empty())
      measure = *parseMetric(metric); // which was checked
    Expected<double> scale = getMetricScale(request.config, measure);
    if (!scale)
      return scale.takeError();
    Expected<double> value = (*errors)->get(measure, *scale);
    if (!value)
      return value.takeError();
    metricName = getName(measure).str();
    metricValue = *value;
    int64_t count =
        (*errors)->classes > 0 ? (*errors)->classes : (*errors)->rows;
    errs() << formatv(
        "{0}{1}: {2} {3:e4} over {4} {5}\n",
        members > 1 ? formatv("{0} members, ", int64_t(members)).str() : "",
        what, metricName, *value, count,
        (*errors)->classes > 0 ? "classes" : "rows");
  }
  return Error::success();
}

Error Solver::run() {
  errs() << formatv(
      "solving {0}: '{1}' reads {2} features, {3} examples{4}\n",
      model.source.path, name, readout.numFeatures, data.training.size(),
      data.validation.size() > 0
          ? formatv(" ({0} held out)", data.validation.size()).str()
          : "");
  for (auto [member, store] : enumerate(stores)) {
    if (members > 1)
      errs() << formatv("member {0}/{1}\n", member + 1, int64_t(members));
    if (Error error = fit(store, errs()))
      return error;
  }
  if (members > 1 || !metric.empty())
    return measureClasses();
  // An objective may take classes and judge something else.
  if (predictsClasses())
    if (Error error = measureClasses())
      errs() << "note: " << llvm::toString(std::move(error)) << '\n';
  return Error::success();
}

Error Solver::save(const DataConfig &config) {
  // If there is no room for new weights, the old ones stay with their model.
  if (Error error = createFolder())
    return error;
  for (auto [member, store] : enumerate(stores)) {
    Expected<ParameterStore> result =
        convert(*module, store, request.precision);
    if (!result)
      return result.takeError();
    if (Error error =
            result->save(members > 1 ? getMemberPath(outFolder, member)
                                     : joinPath(outFolder, "last.safetensors")))
      return error;
  }
  sys::fs::remove(joinPath(outFolder, "best.safetensors"));
  if (members > 1)
    sys::fs::remove(joinPath(outFolder, "last.safetensors"));
  // Of an ensemble that was larger, or of one that was there before.
  removeMembers(members > 1 ? int64_t(members) : 0);
  json::Object training{{"objective", request.objective},
                        {"precision", getName(request.precision)},
                        {"metric", members > 1 ? metricName : "loss"},
                        {"decode", ""},
                        {"seed", std::to_string(seed)}};
  if (members > 1)
    training["members"] = int64_t(members);
  if (Error error = writeDescription(model.source, config, std::move(training)))
    return error;
  if (Error error = writeResult(metricName, metricValue))
    return error;
  errs() << "saved in " << outFolder << '\n';
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
  Solver work(*request, *model, *candidates);
  if (Error error = work.compile())
    return error;
  if (Error error = work.readData(request->config))
    return error;
  if (Error error = work.run())
    return error;
  if (Error error = work.save(request->config))
    return error;
  return 0;
}

} // namespace ravel::driver
