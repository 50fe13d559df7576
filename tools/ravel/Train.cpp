//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Train.h"
#include "Commands.h"
#include "Generate.h"
#include "Options.h"
#include "Predictions.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/xxhash.h"
#include <csignal>

using namespace llvm;
namespace ravel::driver {

//===----------------------------------------------------------------------===//
// Ctrl-C
//===----------------------------------------------------------------------===//

static volatile std::sig_atomic_t interrupted = 0;

static void handleInterrupt(int) { interrupted = 1; }

void catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = handleInterrupt;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool wasInterrupted() { return interrupted != 0; }

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

Expected<double> getMetricScale(const DataConfig &config, Metric metric) {
  if (metric != Metric::RMSE)
    return 1.0;
  const ColumnField *target = config.numericTarget();
  if (config.kind() == DataConfig::Table && !target)
    return makeError("--metric rmse needs one --target or --residual");
  if (!target)
    return 1.0;
  double scale = config.scaleOf(target->columns.front()).second;
  for (const std::string &column : target->columns)
    if (config.scaleOf(column).second != scale)
      return makeError("--metric rmse needs target columns of one unit; leave "
                       "one, or use --raw-columns");
  return scale;
}

static std::string describeHash(StringRef text) {
  return utohexstr(xxh3_64bits(text), /*LowerCase=*/true);
}

/// What a resumed run must have in common with the one it goes on with.
static Expected<json::Object> describeRun(const ModelSource &source,
                                          const DataConfig &config,
                                          StringRef data) {
  Expected<std::unique_ptr<MemoryBuffer>> file = readFile(data);
  if (!file)
    return file.takeError();
  return json::Object{{"model", describeHash(source.text)},
                      {"data", describeHash((*file)->getBuffer())},
                      {"columns", describeHash(toString(config.toJSON()))},
                      {"optimizer", optimizer},
                      {"learning_rate", double(learningRate)},
                      {"clip", double(clip)},
                      {"patience", int64_t(patience)},
                      {"evaluate_every", int64_t(evaluateEvery)},
                      {"scheduled_sampling", double(scheduledSampling)},
                      {"split", split},
                      {"seed", std::to_string(seed)}};
}

/// Complains about numbers that make no sense.
static Error checkOptions() {
  if (epochs < 1 || batchSize < 1)
    return makeError("--epochs and --batch must be at least 1");
  if (streams < 1)
    return makeError("--streams must be at least 1");
  if (!(scheduledSampling >= 0) || scheduledSampling >= 1)
    return makeError("--scheduled-sampling must be at least 0 and less than 1");
  if (!(clip >= 0) || patience < 0 || evaluateEvery < 0 || logEvery < 0 ||
      maxVocabulary < 0)
    return makeError("--clip, --patience, --evaluate-every, --log-every and "
                     "--max-vocabulary must not be negative");
  return Error::success();
}

/// The input that a decoder is taught, which is what errors are counted in.
static Expected<std::string> findTarget(const FunctionCall &call) {
  for (const Argument *input : call.dataInputs())
    if (input->end)
      return input->name;
  return makeError("--decode: the objective '" + call.signature().name +
                   "' teaches no decoder");
}

/// The function of --decode, or `trained` where a metric needs one; an error if
/// there is none.
static Expected<std::string> getDecodeFunction(Metric measure,
                                               StringRef trained = "") {
  if (!decodeFunction.empty())
    return getFunctionName(decodeFunction, "decode");
  if (isErrorRate(measure) && !trained.empty())
    return trained.str();
  if (isErrorRate(measure))
    return makeError("--metric " + getName(measure) +
                     " needs --decode, a function that generates");
  return "";
}

Expected<TrainingRequest> TrainingRequest::fromCommandLine() {
  Expected<std::string> function =
      getFunctionName(driver::objective, "objective");
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
  Expected<DType> precision = getPrecision();
  if (!precision)
    return precision.takeError();
  return TrainingRequest{std::move(*function), *splitting, *range,
                         std::move(*config), *precision};
}

Error checkClasses(const Split &data, const ClassLimits &limits,
                   StringRef dataFile) {
  if (Error error = checkClasses(data.training, limits, dataFile))
    return error;
  return checkClasses(data.validation, limits,
                      validationPath.empty() ? dataFile
                                             : StringRef(validationPath));
}

ProgressOptions getProgressDisplay() {
  ProgressOptions display;
  display.terminal = sys::Process::StandardErrIsDisplayed();
  if (display.terminal)
    if (unsigned width = sys::Process::StandardErrColumns())
      display.columns = width;
  return display;
}

Error createFolder() {
  if (std::error_code ec = sys::fs::create_directories(outFolder))
    return makeFileError(outFolder, "cannot be created: " + ec.message());
  return Error::success();
}

void removeMembers(int64_t from) {
  for (int64_t member = from; sys::fs::exists(getMemberPath(outFolder, member));
       ++member)
    sys::fs::remove(getMemberPath(outFolder, member));
}

Error writeResult(StringRef metric, double value) {
  return writeJSON(joinPath(outFolder, "result.json"),
                   json::Object{{"metric", metric}, {"value", value}});
}

Error writeDescription(const ModelSource &source, const DataConfig &config,
                       json::Object training) {
  if (Error error =
          writeFileAtomically(joinPath(outFolder, "model.mlir"), source.text))
    return error;
  if (Error error =
          writeJSON(joinPath(outFolder, "data.json"), config.toJSON()))
    return error;
  return writeJSON(joinPath(outFolder, "train.json"), std::move(training));
}

//===----------------------------------------------------------------------===//
// ravel train
//===----------------------------------------------------------------------===//

Expected<int> train() {
  if (!solver.empty())
    return solveReadout();
  if (Error error = checkOptions())
    return error;
  Expected<TrainingRequest> request = TrainingRequest::fromCommandLine();
  if (!request)
    return request.takeError();
  const std::string &function = request->objective;
  DataConfig &config = request->config;
  DType type = request->precision;
  Expected<Metric> measure =
      parseMetric(metric.empty() ? StringRef("loss") : StringRef(metric));
  if (!measure)
    return measure.takeError();
  if (members != 1 || forget != 1)
    return makeError("--members and --forget need --solve");
  if (washout < 0)
    return makeError("--washout must not be negative");
  if (washout > 0 && !isOfPredictions(*measure))
    return makeError("--washout needs --solve, or a metric of predictions: "
                     "error or nrmse");
  Expected<std::string> decode = getDecodeFunction(*measure);
  if (!decode)
    return decode.takeError();
  config.setDType(type);
  // A bad schedule should not wait for the compiler.
  StringRef scheduleText = schedule;
  std::string trial = scheduleText.str();
  if (scheduleText.starts_with("cosine") && !scheduleText.contains("total"))
    trial +=
        scheduleText.contains(':') ? ",total=1000000000" : ":total=1000000000";
  Expected<Schedule> parsed = Schedule::parse(trial, learningRate);
  if (!parsed)
    return parsed.takeError();

  std::string last = joinPath(outFolder, "last.safetensors");
  bool exists = sys::fs::exists(last);
  bool isTaken = exists || sys::fs::exists(getMemberPath(outFolder, 0));
  if (isTaken && !resume && !overwrite)
    return makeFileError(outFolder, "has a training run already; go on with "
                                    "--resume, or replace it with --overwrite");
  if (!exists && resume)
    return makeFileError(outFolder, "has no training run to resume");

  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  CompileOptions options;
  options.precision = type;
  options.objective = function;
  options.cpu = cpu;
  Expected<int64_t> interval = getCheckpointTime();
  if (!interval)
    return interval.takeError();
  options.checkpointTime = *interval;
  options.scheduledSampling = scheduledSampling;
  if (Error error =
          parseOptimizer(optimizer, options.optimizer, options.hyperparameters))
    return error;
  Compiler compiler = makeCompiler();
  CompileOptions inferenceOptions;
  inferenceOptions.precision = type;
  inferenceOptions.functions = {function};
  if (!decode->empty())
    inferenceOptions.functions.push_back(*decode);
  if (isOfPredictions(*measure))
    inferenceOptions.predictions = function;
  inferenceOptions.cpu = cpu;
  options.training = true;
  Expected<Module> training = compiler.compile(model->source, options);
  if (!training)
    return training.takeError();
  Expected<ParameterStore> parameters =
      makeParameters(*training, type, initWeights);
  if (!parameters)
    return parameters.takeError();
  Expected<FunctionCall> call =
      FunctionCall::create(*training, function + "_grad", *parameters);
  if (!call)
    return call.takeError();

  StringRef dataFile = textPath.empty() ? dataPath : textPath;
  Expected<Split> data =
      config.fit(dataFile, validationPath, request->splitting, request->range,
                 seed, call->dataInputs());
  if (!data)
    return data.takeError();
  bool validates = data->validation.size() > 0;
  for (const Dataset *part : {&data->training, &data->validation})
    if (part->size() > 0)
      if (Expected<std::string> axis = call->bind(*part); !axis)
        return axis.takeError();
  if (patience > 0 && !validates)
    return makeError("--patience needs validation data: --split or "
                     "--validation");
  Expected<double> scale = getMetricScale(config, *measure);
  if (!scale)
    return scale.takeError();
  ClassLimits limits = findClassLimits(*call);
  if (const Vocabulary *vocabulary = config.textVocabulary())
    for (const auto &[name, limit] : limits)
      if (vocabulary->size() > limit)
        return makeFileError(dataFile, "has " + Twine(vocabulary->size()) +
                                           " different symbols; the model's '" +
                                           name + "' takes " + Twine(limit));
  if (Error error = checkClasses(*data, limits, dataFile))
    return error;
  std::optional<Module> inference;
  if (validates) {
    Expected<Module> compiled =
        compiler.compile(model->source, inferenceOptions);
    if (!compiled)
      return compiled.takeError();
    inference.emplace(std::move(*compiled));
  }

  // The folder: everything that `ravel run` needs, first.
  Expected<json::Object> run = describeRun(model->source, config, dataFile);
  if (!run)
    return run.takeError();
  if (Error error = createFolder())
    return error;
  sys::fs::remove(joinPath(outFolder, "result.json"));
  if (!resume) {
    for (StringRef old : {"best.safetensors", "last.safetensors"})
      sys::fs::remove(joinPath(outFolder, old));
    removeMembers(/*from=*/0);
    if (Error error =
            writeDescription(model->source, config,
                             json::Object{{"objective", function},
                                          {"precision", getName(type)},
                                          {"metric", getName(*measure)},
                                          {"decode", *decode},
                                          {"seed", std::to_string(seed)}}))
      return error;
  }

  TrainerOptions settings;
  settings.objective = function;
  settings.optimizer = options.optimizer;
  settings.epochs = epochs;
  settings.batchSize = batchSize;
  settings.learningRate = learningRate;
  settings.schedule = schedule;
  settings.clip = clip;
  settings.patience = patience;
  settings.evaluateEvery = evaluateEvery;
  settings.logEvery = logEvery;
  settings.metric = *measure;
  settings.metricScale = *scale;
  settings.seed = seed;
  settings.folder = outFolder;
  settings.resume = resume;
  settings.run = std::move(*run);
  settings.stop = wasInterrupted;
  if (!decode->empty() && validates) {
    Expected<std::string> target = findTarget(*call);
    if (!target)
      return target.takeError();
    if (!generates(*inference, *decode))
      return makeError("--decode: function '" + *decode +
                       "' does not generate: it has no rnn.decode");
    settings.countErrors = [&, target = *target, stop = settings.stop] {
      return countErrors(*inference, *decode, *parameters, data->validation,
                         target, batchSize, stop);
    };
  }
  if (isOfPredictions(*measure) && validates)
    settings.measurePredictions =
        [&, stop = settings.stop]() -> Expected<std::optional<double>> {
      Expected<std::optional<PredictionErrors>> errors =
          measurePredictions(*inference, function, &*parameters,
                             data->validation, batchSize, washout, stop);
      if (!errors)
        return errors.takeError();
      if (!*errors)
        return std::nullopt;
      Expected<double> value = (*errors)->get(*measure, *scale);
      if (!value)
        return value.takeError();
      return *value;
    };
  Trainer trainer(*training, inference ? &*inference : nullptr, *parameters,
                  data->training, validates ? &data->validation : nullptr,
                  std::move(settings));
  Expected<int64_t> steps = trainer.countSteps();
  if (!steps)
    return steps.takeError();

  errs() << formatv(
      "training {0}: {1} parameters, {2} examples{3}, {4} "
      "steps\n",
      model->source.path,
      parameters->layout().countValues(ArenaKind::Trainable),
      data->training.size(),
      validates ? formatv(" ({0} held out)", data->validation.size()).str()
                : "",
      *steps);
  catchInterrupts();
  Expected<TrainingResult> result = trainer.run(&errs(), getProgressDisplay());
  if (!result)
    return result.takeError();

  if (result->bestMetric)
    errs() << formatv("best {0} {1:f4} at step {2}\n", getName(*measure),
                      *result->bestMetric, result->bestStep);
  if (result->kind != TrainingResult::Interrupted)
    if (Error error = result->bestMetric
                          ? writeResult(getName(*measure), *result->bestMetric)
                          : writeResult("training loss", result->lastLoss))
      return error;
  if (result->kind == TrainingResult::Interrupted) {
    errs() << formatv("interrupted after step {0}; {1} is saved: go on with "
                      "--resume\n",
                      result->step, outFolder);
    return 130;
  }
  errs() << formatv("{0} after step {1}, epoch {2}; loss {3:f4}; saved in "
                    "{4}\n",
                    result->kind == TrainingResult::Stagnated ? "stopped early"
                                                              : "finished",
                    result->step, result->epoch, result->lastLoss, outFolder);
  return 0;
}

//===----------------------------------------------------------------------===//
// ravel evaluate
//===----------------------------------------------------------------------===//

Expected<int> evaluateModel() {
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  StringRef name = objective;
  if (name.empty())
    name = model->training.getString("objective").value_or("");
  Expected<std::string> function = getFunctionName(name, "objective");
  if (!function)
    return function.takeError();
  StringRef metricText = metric;
  if (metricText.empty())
    metricText = model->training.getString("metric").value_or("loss");
  Expected<Metric> measure = parseMetric(metricText);
  if (!measure)
    return measure.takeError();
  Expected<std::string> decode = getDecodeFunction(
      *measure, model->training.getString("decode").value_or(""));
  if (!decode)
    return decode.takeError();
  Expected<RowRange> range = RowRange::parse(rows);
  if (!range)
    return range.takeError();
  Expected<DType> type = getPrecision(&*model);
  if (!type)
    return type.takeError();
  StringRef dataFile = textPath.empty() ? dataPath : textPath;
  if (dataFile.empty())
    return makeError("expected --data FILE or --text FILE");
  Expected<DataConfig> config =
      model->folder.empty() ? DataConfig::fromCommandLine()
                            : DataConfig::load(model->path("data.json"));
  if (!config)
    return config.takeError();
  config->setDType(*type);
  if (batchSize < 1)
    return makeError("--batch must be at least 1");
  if ((config->kind() == DataConfig::Text) != !textPath.empty())
    return makeError(textPath.empty()
                         ? "the model was trained on a text; give it --text"
                         : "--text needs a folder that was trained on one");
  if (config->kind() == DataConfig::Text && !config->textVocabulary())
    return makeError("--text needs the vocabulary of a folder that `ravel "
                     "train` wrote");

  std::vector<std::string> files = model->findMembers();
  if (washout < 0)
    return makeError("--washout must not be negative");
  if (washout > 0 && !isOfPredictions(*measure) && *measure != Metric::RMSE)
    return makeError("--washout needs a metric of predictions: error, rmse or "
                     "nrmse");
  bool predicts = isOfPredictions(*measure) || washout > 0 || files.size() > 1;
  Compiler compiler = makeCompiler();
  Expected<Module> module =
      predicts ? compilePredictions(compiler, model->source, *function, *type)
               : compileFunction(compiler, model->source, *function, *type);
  if (!module)
    return module.takeError();
  Expected<std::vector<ParameterStore>> members =
      makeMembers(*module, *type, files);
  if (!members)
    return members.takeError();
  const ParameterStore *parameters = &members->front();
  Expected<FunctionCall> call =
      FunctionCall::create(*module, *function, *parameters);
  if (!call)
    return call.takeError();
  Expected<Dataset> data = config->read(dataFile, *range, call->dataInputs());
  if (!data)
    return data.takeError();
  ClassLimits limits = findClassLimits(*call);
  if (Error error = checkClasses(*data, limits, dataFile))
    return error;
  if (!decode->empty()) {
    Expected<std::string> target = findTarget(*call);
    if (!target)
      return target.takeError();
    Expected<Module> decoder =
        compileFunction(compiler, model->source, *decode, *type);
    if (!decoder)
      return decoder.takeError();
    Expected<std::optional<ErrorCounts>> errors = countErrors(
        *decoder, *decode, *parameters, *data, *target, batchSize, nullptr);
    if (!errors)
      return errors.takeError();
    outs() << formatv("token-error {0:f4}, sequence-error {1:f4} on {2} "
                      "sources\n",
                      (*errors)->tokenErrorRate(),
                      (*errors)->sequenceErrorRate(), (*errors)->sequences);
    return 0;
  }
  Expected<double> scale = getMetricScale(*config, *measure);
  if (!scale)
    return scale.takeError();
  if (predicts) {
    Expected<std::optional<PredictionErrors>> errors =
        measurePredictions(*module, *function, getPointers(*members), *data,
                           batchSize, washout, nullptr);
    if (!errors)
      return errors.takeError();
    Expected<double> value = (*errors)->get(*measure, *scale);
    if (!value)
      return value.takeError();
    outs() << formatv("{0} {1:f4} on {2} examples\n", getName(*measure), *value,
                      (*errors)->examples);
    return 0;
  }
  Expected<std::optional<Evaluation>> result =
      evaluate(*module, *function, *parameters, *data, batchSize);
  if (!result)
    return result.takeError();
  outs() << formatv("{0} {1:f4} on {2} examples\n", getName(*measure),
                    (*result)->get(*measure, *scale), (*result)->examples);
  return 0;
}

} // namespace ravel::driver
