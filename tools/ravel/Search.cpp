//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `ravel search`: many runs of `ravel train`, each a process of its own, and a
// journal from which a search goes on where it ended.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "Train.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/SearchSpace.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/xxhash.h"
#include <chrono>
#include <cmath>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

using namespace llvm;
namespace ravel::driver {

namespace {

/// A run of `ravel train`: the values of a trial, with one seed, so far.
struct RunKey {
  int64_t trial = 0, seed = 0, epochs = 0;
  bool operator<(const RunKey &other) const {
    return std::tie(trial, seed, epochs) <
           std::tie(other.trial, other.seed, other.epochs);
  }
};

/// What came of it: a value, or the reason why there is none.
struct RunResult {
  double value = HUGE_VAL, seconds = 0;
  std::string metric, error;
};

/// A trial among others.
struct Score {
  int64_t trial = 0, seeds = 0, epochs = 0;
  /// Infinite if one of the seeds failed.
  double mean = HUGE_VAL, deviation = 0;
};

/// What the command line asks for.
struct SearchRequest {
  std::vector<SearchDimension> dimensions;
  std::vector<SearchPoint> points; // of trials
  std::vector<SearchRound> rounds;
  HalvingResource resource = HalvingResource::None;
  /// What goes to `ravel train` as it is.
  std::vector<std::string> options;

  static Expected<SearchRequest> fromCommandLine();
  Error checkNames(const ModelSource &source) const;
};

/// The journal and all that is in --out.
class Search {
public:
  Search(SearchRequest request, ModelSource source)
      : request(std::move(request)), source(std::move(source)) {}

  /// Creates or opens the folder, and reads what was done before.
  Error open();
  Error run();
  /// Writes the table, and trains the best trial again if it is not there.
  Error finish();
  bool wasStopped() const { return stopped; }

private:
  json::Object describe() const;
  Error readJournal(StringRef path);
  Error append(const RunKey &key, const RunResult &result);
  Error runAll(ArrayRef<RunKey> keys);
  RunResult runOne(const RunKey &key, StringRef folder) const;
  std::vector<std::string> getArguments(const RunKey &key,
                                        StringRef folder) const;
  /// The trials of a round, the best first.
  std::vector<Score> rank(ArrayRef<int64_t> trials,
                          const SearchRound &round) const;
  std::string describePoint(int64_t trial) const;
  Error writeTable();
  Error keepBest();
  Error describeFailure(ArrayRef<int64_t> trials,
                        const SearchRound &round) const;
  void removeRuns() const;
  void showLine(const Twine &line);
  std::string getFolder(const RunKey &key) const;
  void showResult(const RunKey &key, const RunResult &result);

  SearchRequest request;
  ModelSource source;
  std::map<RunKey, RunResult> results;
  /// All trials, those that got furthest first and those that failed last.
  std::vector<Score> ranking;
  std::string metric;
  int64_t done = 0, total = 0;
  std::chrono::steady_clock::time_point begin;
  std::optional<Progress> progress;
  bool stopped = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

/// The option of `ravel train` that an argument begins with, without dashes.
static StringRef getOptionName(StringRef argument) {
  if (!argument.consume_front("-"))
    return "";
  argument.consume_front("-");
  return argument.split('=').first;
}

/// The value of the option at `index`, "--name=value" or "--name" "value".
static StringRef getOptionValue(ArrayRef<std::string> options, size_t index) {
  StringRef option = options[index];
  if (option.contains('='))
    return option.split('=').second;
  return index + 1 < options.size() ? StringRef(options[index + 1]) : "";
}

/// Takes --epochs N out of the options.
static Expected<int64_t> takeEpochs(std::vector<std::string> &options) {
  for (auto it = options.begin(); it != options.end(); ++it) {
    if (getOptionName(*it) != "epochs")
      continue;
    StringRef value = StringRef(*it).split('=').second;
    auto last = it + 1;
    if (value.empty() && last != options.end())
      value = *last++;
    int64_t number;
    if (value.getAsInteger(10, number) || number < 1)
      return makeError("--epochs must be at least 1");
    options.erase(it, last);
    return number;
  }
  return makeError("--halving epochs needs --epochs N among the options of "
                   "`ravel train`: how long the best are trained");
}

/// Why `name` can't be an option of `ravel train` here; empty if it can.
static StringRef explainConflict(StringRef name) {
  static constexpr std::pair<StringLiteral, StringLiteral> own[] = {
      {"out", "--out of the search says where runs are"},
      {"seed", "--seed of the search is the first of --seeds"},
      {"overwrite", "--overwrite of the search begins anew"},
      {"resume", "a search that is called again goes on by itself"},
      {"threads", "--threads of the search is that of each run"}};
  for (auto [option, reason] : own)
    if (name == option)
      return reason;
  return "";
}

/// The alias that "--set NAME=VALUE" sets.
static StringRef getAliasName(StringRef setting) {
  return setting.split('=').first.trim().ltrim("#!");
}

/// Complains about what is given twice: `ravel train` would take the last, and
/// the search would be of nothing.
static Error checkDimension(const SearchDimension &dimension,
                            ArrayRef<std::string> options) {
  StringRef name = dimension.getName(), option = getOptionName(name);
  if (StringRef reason = explainConflict(option); !reason.empty())
    return makeError("--over can't give '" + name + "': " + reason);
  if (option == "set")
    return makeError("--over takes the name of an alias without --set");
  if (option == "epochs" && searchHalving == "epochs")
    return makeError("--over can't give '" + name + "': --halving epochs does");
  bool isSet = any_of(settings, [&](const std::string &setting) {
    return getAliasName(setting) == name.ltrim("#!");
  });
  for (size_t i = 0; i < options.size(); ++i) {
    StringRef given = getOptionName(options[i]);
    if (!option.empty() && given == option)
      return makeError("'" + name +
                       "' is searched --over, and among the "
                       "options of `ravel train`");
    isSet |= given == "set" &&
             getAliasName(getOptionValue(options, i)) == name.ltrim("#!");
  }
  if (isSet)
    return makeError("'" + name.ltrim("#!") + "' is searched --over, and set");
  return Error::success();
}

/// Complains about options of `ravel train` that a search gives itself.
static Error checkOptions(ArrayRef<std::string> options,
                          ArrayRef<SearchDimension> dimensions) {
  for (const std::string &option : options)
    if (StringRef reason = explainConflict(getOptionName(option));
        !reason.empty())
      return makeError(
          "'" + option +
          "' can't be among the options of `ravel train`: " + reason);
  for (const SearchDimension &dimension : dimensions)
    if (Error error = checkDimension(dimension, options))
      return error;
  return Error::success();
}

Expected<SearchRequest> SearchRequest::fromCommandLine() {
  SearchRequest request;
  if (searchOver.empty())
    return makeError("expected --over NAME=VALUES, at least once");
  std::set<std::string> names;
  for (const std::string &text : searchOver) {
    Expected<SearchDimension> dimension = SearchDimension::parse(text);
    if (!dimension)
      return dimension.takeError();
    if (!names.insert(StringRef(dimension->getName()).ltrim("#!").str()).second)
      return makeError("--over gives '" + dimension->getName() + "' twice");
    request.dimensions.push_back(std::move(*dimension));
  }
  request.options = trainOptions;
  if (Error error = checkOptions(request.options, request.dimensions))
    return std::move(error);
  if (searchSeeds < 1 || searchJobs < 1)
    return makeError("--seeds and --jobs must be at least 1");
  if (!(searchEta > 1) || std::isinf(searchEta))
    return makeError("--eta must be above 1");
  if (searchGrid) {
    for (const SearchDimension &dimension : request.dimensions)
      if (dimension.getChoices().empty())
        return makeError("--grid goes through choices, but '" +
                         dimension.getName() + "' has a range");
    if (searchTrials.getNumOccurrences())
      return makeError("--grid tries every combination; leave --trials out");
    request.points = enumerateGrid(request.dimensions);
  } else {
    if (searchTrials < 1)
      return makeError("--trials must be at least 1");
    for (int64_t trial = 0; trial < searchTrials; ++trial) {
      SearchPoint &point = request.points.emplace_back();
      for (const SearchDimension &dimension : request.dimensions)
        point.push_back(dimension.draw(seed, trial));
    }
  }
  int64_t epochs = 0;
  if (searchHalving == "seeds") {
    request.resource = HalvingResource::Seeds;
    if (searchSeeds < 2)
      return makeError("--halving seeds needs --seeds of at least 2");
  } else if (searchHalving == "epochs") {
    request.resource = HalvingResource::Epochs;
    Expected<int64_t> most = takeEpochs(request.options);
    if (!most)
      return most.takeError();
    epochs = *most;
  } else if (!searchHalving.empty()) {
    return makeError("--halving takes seeds or epochs, but is '" +
                     searchHalving + "'");
  }
  request.rounds = planRounds(request.resource, request.points.size(),
                              searchSeeds, epochs, searchEta);
  return request;
}

/// Tries all aliases on the model, so that a mistake is found before any run.
Error SearchRequest::checkNames(const ModelSource &source) const {
  for (auto [i, dimension] : enumerate(dimensions)) {
    if (StringRef(dimension.getName()).starts_with("-"))
      continue;
    ModelSource copy = source;
    if (Error error =
            setAlias(copy, dimension.getName() + "=" + points.front()[i]))
      return error;
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

std::string Search::getFolder(const RunKey &key) const {
  return joinPath(joinPath(outFolder, "runs"),
                  std::to_string(key.trial) + "-" +
                      std::to_string(seed + key.seed));
}

/// What must be the same for a search to go on.
json::Object Search::describe() const {
  return json::Object{
      {"model", utohexstr(xxh3_64bits(source.text), /*LowerCase=*/true)},
      {"over", json::Array(std::vector<std::string>(searchOver))},
      {"train", json::Array(request.options)},
      {"seed", std::to_string(seed)},
      {"grid", bool(searchGrid)},
      {"halving", std::string(searchHalving)},
      {"eta", double(searchEta)},
      {"epochs", request.rounds.back().epochs}};
}

Error Search::open() {
  std::string description = joinPath(outFolder, "search.json");
  std::string journal = joinPath(outFolder, "results.jsonl");
  if (Error error = createFolder())
    return error;
  bool exists = sys::fs::exists(description);
  if (!exists && sys::fs::exists(joinPath(outFolder, "train.json")))
    return makeFileError(outFolder, "has a training run; give the search an "
                                    "--out of its own");
  if (exists && overwrite) {
    for (StringRef old : {"results.jsonl", "results.csv", "best.json"})
      sys::fs::remove(joinPath(outFolder, old));
    for (StringRef old : {"runs", "best"})
      sys::fs::remove_directories(joinPath(outFolder, old));
    exists = false;
  }
  if (!exists)
    return writeJSON(description, describe());
  Expected<json::Object> before = readJSONObject(description);
  if (!before)
    return before.takeError();
  json::Object now = describe();
  for (StringRef key :
       {"model", "over", "train", "seed", "grid", "halving", "eta", "epochs"})
    if (!before->get(key) || *before->get(key) != *now.get(key))
      return makeFileError(outFolder, "has a search with another '" + key +
                                          "'; begin anew with --overwrite, or "
                                          "give another --out");
  return sys::fs::exists(journal) ? readJournal(journal) : Error::success();
}

Error Search::readJournal(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> file = readFile(path);
  if (!file)
    return file.takeError();
  StringRef text = (*file)->getBuffer(), complete = text;
  // A last line without its end was cut off.
  if (!text.ends_with("\n"))
    complete = text.take_front(text.rfind('\n') + 1);
  if (complete.size() != text.size())
    if (Error error = writeFileAtomically(path, complete))
      return error;
  int64_t number = 0;
  for (StringRef line : llvm::split(complete, '\n')) {
    ++number;
    if (line.trim().empty())
      continue;
    Expected<json::Value> value =
        parseJSON(line, (path + ":" + Twine(number)).str());
    if (!value)
      return value.takeError();
    const json::Object *object = value->getAsObject();
    std::optional<int64_t> trial;
    std::optional<uint64_t> trainedSeed;
    if (object) {
      trial = object->getInteger("trial");
      if (const json::Value *number = object->get("seed"))
        trainedSeed = number->getAsUINT64();
    }
    if (!trial || !trainedSeed)
      return makeFileError(path,
                           "line " + Twine(number) + " is no result of a run");
    RunResult result;
    result.value = object->getNumber("value").value_or(HUGE_VAL);
    result.metric = object->getString("metric").value_or("").str();
    result.error = object->getString("error").value_or("").str();
    RunKey key{*trial, static_cast<int64_t>(*trainedSeed - seed),
               object->getInteger("epochs").value_or(0)};
    results[key] = std::move(result);
  }
  return Error::success();
}

Error Search::append(const RunKey &key, const RunResult &result) {
  json::Object values;
  for (auto [dimension, value] :
       zip(request.dimensions, request.points[key.trial]))
    values[dimension.getName()] = value;
  json::Object line{{"trial", key.trial},
                    {"seed", seed + key.seed},
                    {"settings", std::move(values)},
                    {"seconds", result.seconds}};
  if (request.resource == HalvingResource::Epochs)
    line["epochs"] = key.epochs;
  if (result.error.empty()) {
    line["value"] = result.value;
    line["metric"] = result.metric;
  } else {
    line["error"] = result.error;
  }
  std::string path = joinPath(outFolder, "results.jsonl");
  std::error_code ec;
  raw_fd_ostream os(path, ec, sys::fs::OF_Append);
  if (ec)
    return makeFileError(path, "cannot be written: " + ec.message());
  os << formatv("{0}", json::Value(std::move(line))) << '\n';
  os.close();
  if (os.has_error()) {
    std::string message = os.error().message();
    os.clear_error();
    return makeFileError(path, "cannot be written: " + message);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

std::vector<std::string> Search::getArguments(const RunKey &key,
                                              StringRef folder) const {
  std::vector<std::string> arguments{"ravel", "train", modelPath};
  for (const std::string &setting : settings)
    arguments.insert(arguments.end(), {"--set", setting});
  for (auto [dimension, value] :
       zip(request.dimensions, request.points[key.trial])) {
    if (StringRef(dimension.getName()).starts_with("-"))
      arguments.push_back(dimension.getName() + "=" + value);
    else
      arguments.insert(arguments.end(),
                       {"--set", dimension.getName() + "=" + value});
  }
  append_range(arguments, request.options);
  if (key.epochs > 0)
    arguments.insert(arguments.end(), {"--epochs", std::to_string(key.epochs)});
  arguments.insert(arguments.end(), {"--seed", std::to_string(seed + key.seed),
                                     "--out", folder.str()});
  return arguments;
}

/// The line of a log that says what went wrong.
static std::string findReason(StringRef log) {
  Expected<std::unique_ptr<MemoryBuffer>> file = readFile(log);
  if (!file) {
    consumeError(file.takeError());
    return "";
  }
  StringRef reason, complaint;
  for (StringRef line : llvm::split((*file)->getBuffer(), '\n')) {
    if (size_t at = line.find("error: "); at != StringRef::npos)
      reason = line.drop_front(at + 7).trim();
    // What an option is wrong for comes without that word.
    if (complaint.empty() && line.consume_front("ravel: "))
      complaint = line.trim();
  }
  return (reason.empty() ? complaint : reason).str();
}

/// Removes all that a run left but its log.
static void keepLogAlone(StringRef folder) {
  std::error_code ec;
  std::vector<std::string> files;
  for (sys::fs::directory_iterator it(folder, ec), end; !ec && it != end;
       it.increment(ec))
    if (sys::path::filename(it->path()) != "log.txt")
      files.push_back(it->path());
  for (const std::string &file : files)
    sys::fs::remove(file);
}

/// Whether the learning rate of each step depends on how many there will be, so
/// that a longer training must begin anew.
static bool dependsOnLength(ArrayRef<std::string> arguments) {
  StringRef schedule;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (getOptionName(arguments[i]) == "schedule")
      schedule = getOptionValue(arguments, i);
  return schedule.starts_with("cosine") && !schedule.contains("total=");
}

RunResult Search::runOne(const RunKey &key, StringRef folder) const {
  std::vector<std::string> arguments = getArguments(key, folder);
  bool goesOn = key.epochs > 0 && !dependsOnLength(arguments) &&
                sys::fs::exists(joinPath(folder, "last.safetensors"));
  arguments.push_back(goesOn ? "--resume" : "--overwrite");
  unsigned each = threads;
  if (each == 0 && searchJobs > 1)
    each = std::max<int64_t>(
        hardware_concurrency().compute_thread_count() / searchJobs, 1);
  if (each > 0)
    arguments.insert(arguments.end(), {"--threads", std::to_string(each)});
  if (!cacheDirectory.empty())
    arguments.insert(arguments.end(), {"--cache-dir", cacheDirectory});
  if (noCache)
    arguments.push_back("--no-cache");

  RunResult result;
  if (std::error_code ec = sys::fs::create_directories(folder)) {
    result.error = "cannot create " + folder.str() + ": " + ec.message();
    return result;
  }
  std::string log = joinPath(folder, "log.txt");
  std::string program = sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&findReason));
  SmallVector<StringRef> words(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log),
                                          StringRef(log)};
  std::string message;
  auto start = std::chrono::steady_clock::now();
  int status =
      sys::ExecuteAndWait(program, words, std::nullopt, redirects,
                          /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (status != 0) {
    result.error = findReason(log);
    if (result.error.empty())
      result.error =
          message.empty() ? "exit status " + std::to_string(status) : message;
    return result;
  }
  Expected<json::Object> written =
      readJSONObject(joinPath(folder, "result.json"));
  if (!written) {
    result.error = llvm::toString(written.takeError());
    return result;
  }
  result.value = written->getNumber("value").value_or(HUGE_VAL);
  result.metric = written->getString("metric").value_or("").str();
  if (!std::isfinite(result.value))
    result.error = "gave no number";
  return result;
}

std::string Search::describePoint(int64_t trial) const {
  std::string text;
  for (auto [dimension, value] : zip(request.dimensions, request.points[trial]))
    text += (text.empty() ? "" : " ") +
            StringRef(dimension.getName()).ltrim("-").str() + "=" + value;
  return text;
}

void Search::showResult(const RunKey &key, const RunResult &result) {
  ++done;
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  std::string text = "failed: " + result.error;
  if (result.error.empty()) {
    text = result.metric + " ";
    raw_string_ostream(text) << format("%.5g", result.value);
  }
  std::string line = formatv("run {0}/{1}, trial {2}, seed {3}", done, total,
                             key.trial, seed + key.seed)
                         .str();
  if (key.epochs > 0)
    line += formatv(", {0} epochs", key.epochs);
  line += formatv(": {0} ({1}); {2} left\n", text, describePoint(key.trial),
                  formatDuration(seconds / double(done) *
                                 double(std::max<int64_t>(total - done, 0))));
  if (!progress) {
    errs() << line;
    return;
  }
  double best = HUGE_VAL;
  for (const auto &[other, value] : results)
    best = std::min(best, value.value);
  progress->update(done, {{"best", best}});
  if (!result.error.empty())
    progress->print(StringRef(line).trim());
}

/// Runs what the journal does not have, several at a time.
Error Search::runAll(ArrayRef<RunKey> keys) {
  std::mutex mutex;
  size_t next = 0;
  std::string failure;
  auto work = [&] {
    for (;;) {
      RunKey key;
      {
        std::lock_guard lock(mutex);
        if (next == keys.size() || wasInterrupted() || !failure.empty())
          return;
        key = keys[next++];
      }
      std::string folder = getFolder(key);
      RunResult result = runOne(key, folder);
      std::lock_guard lock(mutex);
      // A run that an interrupt has ended is none, and nothing may follow a
      // line that could not be written whole.
      if (wasInterrupted() || !failure.empty())
        return;
      if (Error error = append(key, result))
        failure = llvm::toString(std::move(error));
      results[key] = result;
      showResult(key, result);
      // Weights are kept only where training is to go on from them.
      if (!result.error.empty())
        keepLogAlone(folder);
      else if (request.resource != HalvingResource::Epochs)
        sys::fs::remove_directories(folder);
    }
  };
  std::vector<std::thread> workers;
  for (int64_t i = 1; i < searchJobs; ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
  stopped = wasInterrupted();
  return failure.empty() ? Error::success() : makeError(failure);
}

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

std::vector<Score> Search::rank(ArrayRef<int64_t> trials,
                                const SearchRound &round) const {
  std::vector<Score> scores;
  for (int64_t trial : trials) {
    Score score{trial, 0, round.epochs, 0, 0};
    std::vector<double> values;
    for (int64_t i = 0; i < round.seeds; ++i) {
      auto found = results.find({trial, i, round.epochs});
      if (found == results.end())
        continue;
      values.push_back(found->second.value);
      score.mean += found->second.value;
    }
    score.seeds = values.size();
    score.mean = score.seeds > 0 ? score.mean / double(score.seeds) : HUGE_VAL;
    if (std::isfinite(score.mean)) {
      double squares = 0;
      for (double value : values)
        squares += (value - score.mean) * (value - score.mean);
      score.deviation = std::sqrt(squares / double(score.seeds));
    }
    scores.push_back(score);
  }
  stable_sort(scores,
              [](const Score &a, const Score &b) { return a.mean < b.mean; });
  return scores;
}

/// How many runs the rounds from `first` on have.
static int64_t countRuns(const SearchRequest &request, size_t first) {
  int64_t count = 0;
  for (size_t i = first; i < request.rounds.size(); ++i) {
    bool goesOn = i > 0 && request.resource == HalvingResource::Seeds;
    int64_t before = goesOn ? request.rounds[i - 1].seeds : 0;
    count += request.rounds[i].trials * (request.rounds[i].seeds - before);
  }
  return count;
}

/// Whether a run of the journal is one that a round may ask for.
static bool isPlanned(const SearchRequest &request, const RunKey &key) {
  return key.seed >= 0 && key.trial < int64_t(request.points.size()) &&
         any_of(
             request.rounds,
             [&](const SearchRound &round) {
               return key.epochs == round.epochs && key.seed < round.seeds;
             });
}

/// The error of a first round in which no trial has a value.
Error Search::describeFailure(ArrayRef<int64_t> trials,
                              const SearchRound &round) const {
  bool allFailed = true;
  const RunKey *first = nullptr;
  for (const auto &[key, result] : results) {
    allFailed &= !result.error.empty();
    if (!first && !result.error.empty() && is_contained(trials, key.trial) &&
        key.epochs == round.epochs)
      first = &key;
  }
  if (!first)
    return makeError("no run has a value");
  return makeError(Twine(allFailed ? "all runs failed, the first because: "
                                   : "each trial has a run that failed, the "
                                     "first because: ") +
                   results.at(*first).error + " (" + getFolder(*first) +
                   "/log.txt)");
}

/// A line of its own, above that of progress.
void Search::showLine(const Twine &line) {
  if (progress)
    progress->print(line);
  else
    errs() << line << '\n';
}

Error Search::run() {
  std::vector<int64_t> trials(request.points.size());
  for (size_t i = 0; i < trials.size(); ++i)
    trials[i] = i;
  // Those that the journal has are done.
  int64_t known = count_if(results, [&](const auto &entry) {
    return isPlanned(request, entry.first);
  });
  total = std::max<int64_t>(countRuns(request, /*first=*/0) - known, 0);
  ProgressOptions display = getProgressDisplay();
  display.unit = "run";
  display.total = total;
  if (display.terminal)
    progress.emplace(errs(), display);
  begin = std::chrono::steady_clock::now();
  catchInterrupts();
  for (auto [number, round] : enumerate(request.rounds)) {
    std::vector<RunKey> missing;
    for (int64_t i = 0; i < round.seeds; ++i)
      for (int64_t trial : trials)
        if (RunKey key{trial, i, round.epochs}; !results.count(key))
          missing.push_back(key);
    // Those that the journal has take no time, nor do those that failed.
    total = done + missing.size() + countRuns(request, number + 1);
    if (Error error = runAll(missing))
      return error;
    std::vector<Score> scores = rank(trials, round);
    bool isLast = number + 1 == request.rounds.size();
    size_t left = isLast ? scores.size() : request.rounds[number + 1].trials;
    // Those that leave stand behind those that stay.
    ranking.insert(ranking.begin(), scores.begin(), scores.end());
    if (stopped)
      break;
    auto failed = find_if(
        scores, [](const Score &score) { return std::isinf(score.mean); });
    if (number == 0 && failed == scores.begin())
      return describeFailure(trials, round);
    left = std::min<size_t>(left, failed - scores.begin());
    for (const Score &score : ArrayRef(scores).drop_front(left))
      for (int64_t i = 0; i < round.seeds && !isLast; ++i)
        if (results[{score.trial, i, round.epochs}].error.empty())
          sys::fs::remove_directories(getFolder({score.trial, i, 0}));
    trials.clear();
    for (const Score &score : ArrayRef(scores).take_front(left))
      trials.push_back(score.trial);
    llvm::sort(trials);
    if (!isLast)
      showLine(formatv("round {0} of {1}: {2} of {3} trials go on", number + 1,
                       request.rounds.size(), left, scores.size())
                   .str());
  }
  if (progress)
    progress->finish();
  for (const auto &[key, result] : results)
    if (!result.metric.empty())
      metric = result.metric;
  // Each trial once, where it got furthest.
  std::set<int64_t> seen;
  llvm::erase_if(ranking, [&](const Score &score) {
    return score.seeds == 0 || !seen.insert(score.trial).second;
  });
  std::stable_partition(ranking.begin(), ranking.end(), [](const Score &score) {
    return std::isfinite(score.mean);
  });
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

Error Search::writeTable() {
  return writeFileAtomically(
      joinPath(outFolder, "results.csv"), [&](raw_pwrite_stream &os) -> Error {
        os << "trial,seeds,mean,deviation";
        for (const SearchDimension &dimension : request.dimensions)
          os << ',' << StringRef(dimension.getName()).ltrim("-#!");
        os << '\n';
        for (const Score &score : ranking) {
          os << score.trial << ',' << score.seeds << ',';
          // What failed has no value.
          if (std::isfinite(score.mean))
            os << format("%.9g,%.9g", score.mean, score.deviation);
          else
            os << ',';
          for (const std::string &value : request.points[score.trial])
            os << ',' << value;
          os << '\n';
        }
        return Error::success();
      });
}

/// Removes what runs left, but not the logs of those that failed.
void Search::removeRuns() const {
  std::set<std::string> kept;
  for (const auto &[key, result] : results)
    if (!result.error.empty())
      kept.insert(getFolder(key));
  std::error_code ec;
  std::vector<std::string> folders;
  std::string runs = joinPath(outFolder, "runs");
  for (sys::fs::directory_iterator it(runs, ec), end; !ec && it != end;
       it.increment(ec))
    if (!kept.count(it->path()))
      folders.push_back(it->path());
  for (const std::string &folder : folders)
    sys::fs::remove_directories(folder);
  // Stays unless it is empty.
  sys::fs::remove(runs);
}

/// A word as a shell reads it.
static std::string quote(StringRef word) {
  if (!word.empty() && all_of(word, [](char c) {
        return isAlnum(c) || StringRef("-_./=:,+@%").contains(c);
      }))
    return word.str();
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

/// Trains the best trial into the folder `best`, or takes over the run that
/// has.
Error Search::keepBest() {
  RunKey key{ranking.front().trial, 0, ranking.front().epochs};
  std::string best = joinPath(outFolder, "best");
  std::string description = joinPath(outFolder, "best.json");
  json::Object what{{"trial", key.trial}, {"epochs", key.epochs}};
  if (sys::fs::exists(joinPath(best, "train.json")) &&
      sys::fs::exists(description)) {
    Expected<json::Object> before = readJSONObject(description);
    if (!before)
      consumeError(before.takeError());
    else if (json::Value(std::move(*before)) ==
             json::Value(json::Object(what))) {
      removeRuns();
      return Error::success();
    }
  }
  sys::fs::remove(description);
  sys::fs::remove_directories(best);
  if (request.resource == HalvingResource::Epochs &&
      sys::fs::exists(joinPath(getFolder(key), "result.json"))) {
    if (std::error_code ec = sys::fs::rename(getFolder(key), best))
      return makeFileError(best, "cannot be written: " + ec.message());
  } else {
    errs() << "training the best again\n";
    RunResult result = runOne(key, best);
    stopped = wasInterrupted();
    if (stopped)
      return Error::success();
    if (!result.error.empty())
      return makeError("the best trial could not be trained again: " +
                       result.error);
  }
  removeRuns();
  return writeJSON(description, std::move(what));
}

Error Search::finish() {
  if (Error error = writeTable())
    return error;
  if (stopped || ranking.empty() || std::isinf(ranking.front().mean))
    return Error::success();
  if (Error error = keepBest())
    return error;
  if (stopped)
    return Error::success();
  std::vector<size_t> widths;
  for (auto [i, dimension] : enumerate(request.dimensions)) {
    size_t width = dimension.getName().size();
    for (const Score &score : ArrayRef(ranking).take_front(10))
      width = std::max(width, request.points[score.trial][i].size());
    widths.push_back(width);
  }
  outs() << formatv("{0,-5}  {1,5}  {2,12}  {3,10}", "trial", "seeds", metric,
                    "deviation");
  std::string names;
  for (auto [dimension, width] : zip(request.dimensions, widths))
    raw_string_ostream(names)
        << "  "
        << left_justify(StringRef(dimension.getName()).ltrim("-"), width);
  outs() << StringRef(names).rtrim() << '\n';
  for (const Score &score : ArrayRef(ranking).take_front(10)) {
    outs() << formatv("{0,-5}  {1,5}  ", score.trial, score.seeds);
    if (std::isfinite(score.mean))
      outs() << format("%12.5g  %10.2g", score.mean, score.deviation);
    else
      outs() << format("%12s  %10s", "failed", "");
    std::string values;
    for (auto [value, width] : zip(request.points[score.trial], widths))
      raw_string_ostream(values) << "  " << left_justify(value, width);
    outs() << StringRef(values).rtrim() << '\n';
  }
  outs() << "\nthe best:\n ";
  RunKey key{ranking.front().trial, 0, ranking.front().epochs};
  for (const std::string &word : getArguments(key, joinPath(outFolder, "best")))
    outs() << ' ' << quote(word);
  outs() << " --overwrite\n";
  return Error::success();
}

Expected<int> search() {
  Expected<SearchRequest> request = SearchRequest::fromCommandLine();
  if (!request)
    return request.takeError();
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  if (Error error = request->checkNames(model->source))
    return error;
  Search work(std::move(*request), std::move(model->source));
  if (Error error = work.open())
    return error;
  if (Error error = work.run())
    return error;
  if (Error error = work.finish())
    return error;
  if (work.wasStopped()) {
    errs() << "interrupted; the same command goes on where it ended\n";
    return 130;
  }
  return 0;
}

} // namespace ravel::driver
