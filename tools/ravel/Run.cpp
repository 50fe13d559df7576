//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Data.h"
#include "Generate.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/Npy.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace llvm;
namespace ravel::driver {

namespace {
/// One result of a function, for every example of the data.
struct Result {
  const Argument *argument;
  /// Of one row. Alignments are as wide as the longest source of all.
  std::vector<int64_t> shape;
  std::vector<Tensor> values; // [length, shape...] or [shape...]

  bool isSequence() const { return argument->layout == RowLayout::Sequence; }
  int64_t width() const { return *countElements(shape); }
};

/// An input that the data don't have.
struct Ticks {
  std::string input;
  int64_t count = 0;
  /// The class of its length.
  std::optional<int64_t> lengthClass;

  static Expected<Ticks> fromCommandLine();
  bool areOf(const Argument &argument) const {
    return lengthClass && argument.layout == RowLayout::Sequence &&
           argument.lengthClass == *lengthClass;
  }
};

/// Turns results into rows of text.
class Writer {
public:
  Writer(const DataConfig &config, const Dataset &data,
         const std::optional<Table> &table, const Ticks &ticks,
         std::vector<Result> &results)
      : config(config), data(data), table(table), ticks(ticks),
        results(results) {}

  Error writeNpz(StringRef path, ArrayRef<std::string> names);
  Error writeTable(raw_ostream &os, char separator,
                   ArrayRef<std::string> names);

private:
  bool isPrediction(const Result &result) const;
  const Vocabulary *getVocabulary(const Result &result) const;
  int64_t getRow(int64_t example, int64_t instant, const Result &result) const;
  void undo();
  Expected<std::vector<std::string>> nameColumns(ArrayRef<std::string> names);

  const DataConfig &config;
  const Dataset &data;
  const std::optional<Table> &table;
  const Ticks &ticks;
  std::vector<Result> &results;
};
} // namespace

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

Expected<Ticks> Ticks::fromCommandLine() {
  Ticks result;
  if (driver::ticks.empty())
    return result;
  auto [name, count] = StringRef(driver::ticks).split('=');
  if (name.trim().empty() || count.trim().getAsInteger(10, result.count) ||
      result.count < 1)
    return makeError("--ticks takes INPUT=N, with N at least 1, but is '" +
                     driver::ticks + "'");
  result.input = name.trim().str();
  return result;
}

/// Takes the ticks out of what data must give.
static Error findTicks(std::vector<const Argument *> &inputs, Ticks &ticks) {
  if (ticks.input.empty())
    return Error::success();
  auto found = find_if(inputs, [&](const Argument *input) {
    return input->name == ticks.input;
  });
  if (found == inputs.end() || (*found)->layout != RowLayout::Sequence)
    return makeError("--ticks: the function has no sequence '" + ticks.input +
                     "' among its inputs");
  ticks.lengthClass = (*found)->lengthClass;
  for (const Argument *input : inputs)
    if (input != *found && ticks.areOf(*input))
      return makeError("--ticks: '" + ticks.input + "' must be as long as '" +
                       input->name + "', which the data give");
  inputs.erase(found);
  return Error::success();
}

/// `data`, or one example where there are none, with an input of zeros.
static Expected<Dataset> addTicks(const Dataset &data, const Argument &input,
                                  const Ticks &ticks) {
  std::vector<Field> fields(data.fields());
  Shape shape = input.shape;
  shape.insert(shape.begin(), ticks.count);
  auto zeros = std::make_shared<Tensor>(input.dtype, shape);
  std::memset(zeros->data(), 0, zeros->sizeInBytes());
  int64_t examples = std::max<int64_t>(data.size(), 1);
  std::vector<int64_t> begin(examples), length(examples, ticks.count);
  fields.push_back({{ticks.input, input.dtype, input.shape, "ticks"},
                    std::move(zeros),
                    std::move(begin),
                    std::move(length)});
  std::vector<SourceRows> sources;
  for (int64_t example = 0; example < data.size(); ++example)
    sources.push_back(data.source(example));
  return Dataset::create(std::move(fields), std::move(sources));
}

/// The axis of the sequences of a class of lengths.
static std::string getAxis(const FunctionCall &call, const Dataset &data,
                           int64_t lengthClass) {
  for (const Argument *input : call.dataInputs())
    if (input->layout == RowLayout::Sequence &&
        input->lengthClass == lengthClass)
      return data.find(input->name)->spec.axis;
  return "";
}

/// The shape of one row of a result of a call on `data`.
static std::vector<int64_t> getRowShape(const FunctionCall &call,
                                        const Dataset &data,
                                        const Argument &argument) {
  std::vector<int64_t> shape;
  for (int64_t size : argument.shape) {
    if (size == kLongest) {
      size = 0;
      std::string axis = getAxis(call, data, argument.memoryClass);
      for (int64_t example = 0; example < data.size(); ++example)
        size = std::max(size, data.length(axis, example));
    }
    shape.push_back(size);
  }
  return shape;
}

/// `rows`, [rows, shape...], with rows of the shape `row`: what is added is 0.
static Tensor widen(const TensorRef &rows, ArrayRef<int64_t> row) {
  Shape shape(row);
  shape.insert(shape.begin(), rows.shape.front());
  Tensor result(rows.dtype, shape);
  if (result.numElements() == 0)
    return result;
  std::memset(result.data(), 0, result.sizeInBytes());
  int64_t from = rows.sizeInBytes() / shape[0];
  int64_t to = result.sizeInBytes() / shape[0];
  for (int64_t i = 0; i < shape[0]; ++i)
    std::memcpy(static_cast<char *>(result.data()) + i * to,
                static_cast<const char *>(rows.data) + i * from, from);
  return result;
}

/// Calls a function on every example of a dataset.
static Expected<std::vector<Result>> runAll(FunctionCall &call,
                                            const Dataset &data) {
  Expected<std::string> axis = call.bind(data);
  if (!axis)
    return axis.takeError();
  std::vector<Result> results;
  for (const Argument *argument : call.results()) {
    Result &result = results.emplace_back();
    result.argument = argument;
    result.shape = getRowShape(call, data, *argument);
    result.values.resize(data.size());
  }
  BatchingOptions options;
  options.batchSize = data.numStreams() ? data.numStreams() : batchSize;
  options.shuffle = false;
  options.axis = *axis;
  Expected<Batcher> batcher = Batcher::create(data, options);
  if (!batcher)
    return batcher.takeError();
  for (int64_t i = 0, e = batcher->batchesPerEpoch(); i < e; ++i) {
    Batch batch = batcher->next();
    if (Error error = call.run(batch, seed))
      return error;
    for (auto [k, result] : enumerate(results)) {
      TensorRef value = call.result(k);
      Tensor widened;
      if (ArrayRef(result.shape) != ArrayRef(result.argument->shape)) {
        widened = widen(value, result.shape);
        value = widened;
      }
      if (result.isSequence()) {
        std::string own = getAxis(call, data, result.argument->lengthClass);
        std::vector<Tensor> parts = unpack(batch.findAxis(own)->layout, value);
        for (auto [row, example] : enumerate(batch.examples))
          result.values[example] = std::move(parts[row]);
        continue;
      }
      for (auto [row, example] : enumerate(batch.examples)) {
        Tensor part(result.argument->dtype, Shape(ArrayRef(result.shape)));
        size_t begin = result.argument->layout == RowLayout::Example
                           ? row * part.sizeInBytes()
                           : 0;
        if (part.sizeInBytes() > 0)
          std::memcpy(part.data(),
                      static_cast<const char *>(value.data) + begin,
                      part.sizeInBytes());
        result.values[example] = std::move(part);
      }
    }
  }
  return results;
}

/// Adds the results of another member of an ensemble.
static Error addResults(std::vector<Result> &sums, ArrayRef<Result> results) {
  for (auto [k, sum] : enumerate(sums)) {
    if (!isFloat(sum.argument->dtype))
      return makeError("the members of an ensemble are averaged, but result " +
                       Twine(k) + " is of whole numbers");
    for (auto [value, more] : zip(sum.values, results[k].values))
      dispatch(value.dtype(), [&, &value = value, &more = more](auto zero) {
        using T = decltype(zero);
        const T *from = static_cast<const T *>(more.data());
        T *to = static_cast<T *>(value.data());
        for (int64_t i = 0, e = value.numElements(); i < e; ++i)
          to[i] += from[i];
      });
  }
  return Error::success();
}

/// Calls a function on every example by each of several sets of parameters, and
/// takes the mean of the results.
static Expected<std::vector<Result>>
averageAll(const Module &module, StringRef function,
           ArrayRef<ParameterStore> members, const Dataset &data) {
  std::vector<Result> sums;
  for (const ParameterStore &member : members) {
    Expected<FunctionCall> call =
        FunctionCall::create(module, function, member);
    if (!call)
      return call.takeError();
    Expected<std::vector<Result>> results = runAll(*call, data);
    if (!results || members.size() == 1)
      return results;
    if (sums.empty())
      sums = std::move(*results);
    else if (Error error = addResults(sums, *results))
      return std::move(error);
  }
  for (Result &sum : sums)
    for (Tensor &value : sum.values)
      dispatch(value.dtype(), [&](auto zero) {
        using T = decltype(zero);
        T *values = static_cast<T *>(value.data());
        for (int64_t i = 0, e = value.numElements(); i < e; ++i)
          values[i] /= T(members.size());
      });
  return sums;
}

//===----------------------------------------------------------------------===//
// What results mean
//===----------------------------------------------------------------------===//

/// Whether a result predicts the numeric target: the first one of its form, of
/// a function that is not told the target.
bool Writer::isPrediction(const Result &result) const {
  const ColumnField *target = config.numericTarget();
  auto fits = [&](const Result &other) {
    return isFloat(other.argument->dtype) &&
           other.isSequence() ==
               (config.isWindowed() && config.hasTargetEveryStep()) &&
           other.width() == int64_t(target->columns.size());
  };
  // A change is added to the row before, which what runs by itself has not.
  bool isKnown =
      !target || !target->isResidual || !ticks.areOf(*result.argument);
  // What runs by itself needs no table.
  bool isOfTable = table || ticks.lengthClass;
  return !raw && target && isOfTable && !data.find(target->name) && isKnown &&
         fits(result) && &result == &*find_if(results, fits);
}

/// The vocabulary that a result's components are scores for; null if none.
const Vocabulary *Writer::getVocabulary(const Result &result) const {
  const Vocabulary *vocabulary = config.targetVocabulary();
  return !raw && vocabulary && isFloat(result.argument->dtype) &&
                 result.shape.size() == 1 &&
                 result.width() >= vocabulary->size()
             ? vocabulary
             : nullptr;
}

/// The row of the table that an output speaks of: that of the target.
int64_t Writer::getRow(int64_t example, int64_t instant,
                       const Result &result) const {
  SourceRows source = data.source(example);
  if (!config.isWindowed())
    return source.targetBegin;
  if (!result.isSequence())
    return source.targetEnd - 1;
  // What runs by itself goes on where the data end.
  if (ticks.areOf(*result.argument))
    return source.first + data.length(data.axes().front(), example) + instant;
  return source.first + instant +
         (config.hasTargetEveryStep() ? config.getHorizon() : 0);
}

/// Undoes the normalization of what is predicted, and adds up a residual.
void Writer::undo() {
  for (Result &result : results) {
    if (!isPrediction(result))
      continue;
    const ColumnField &target = *config.numericTarget();
    std::optional<Tensor> matrix;
    if (target.isResidual) {
      Expected<std::vector<int64_t>> columns =
          table->findColumns(target.columns);
      Expected<Tensor> read =
          columns ? table->matrix(*columns) : columns.takeError();
      // A residual's columns were read before: they are there, and numbers.
      if (read)
        matrix = std::move(*read);
      else
        consumeError(read.takeError());
    }
    int64_t width = result.width();
    for (auto [example, value] : enumerate(result.values))
      dispatch(value.dtype(), [&, &value = value,
                               example = example](auto zero) {
        using T = decltype(zero);
        T *components = static_cast<T *>(value.data());
        for (int64_t i = 0, e = value.numElements(); i < e; ++i) {
          auto [mean, deviation] = config.scaleOf(target.columns[i % width]);
          if (target.isResidual && matrix) {
            int64_t row =
                getRow(example, i / width, result) - config.getHorizon();
            mean = matrix->view<double>()[row * width + i % width];
          }
          components[i] = T(double(components[i]) * deviation + mean);
        }
      });
  }
}

/// The names of a table's columns of results.
Expected<std::vector<std::string>>
Writer::nameColumns(ArrayRef<std::string> names) {
  std::vector<std::string> columns;
  for (auto [k, result] : enumerate(results)) {
    std::string base = "out" + std::to_string(k);
    if (getVocabulary(result))
      columns.push_back("predicted");
    else if (isPrediction(result))
      for (const std::string &column : config.numericTarget()->columns)
        columns.push_back("predicted_" + column);
    else if (result.shape.empty())
      columns.push_back(base);
    else
      for (int64_t i = 0; i < result.width(); ++i)
        columns.push_back(base + "." + std::to_string(i));
  }
  if (names.empty())
    return columns;
  if (names.size() != columns.size())
    return makeError("--names has " + Twine(names.size()) +
                     " names; there are " + Twine(columns.size()) +
                     " columns: " + join(columns, ", "));
  return names.vec();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Error Writer::writeNpz(StringRef path, ArrayRef<std::string> names) {
  if (!names.empty() && names.size() != results.size())
    return makeError("--names has " + Twine(names.size()) +
                     " names; the function has " + Twine(results.size()) +
                     " results");
  undo();
  NamedTensors arrays;
  for (auto [k, result] : enumerate(results)) {
    std::string name = names.empty() ? "out" + std::to_string(k) : names[k];
    int64_t total = 0;
    std::vector<int64_t> lengths;
    for (const Tensor &value : result.values) {
      lengths.push_back(result.isSequence() ? value.dim(0) : 1);
      total += lengths.back();
    }
    Shape shape((ArrayRef(result.shape)));
    shape.insert(shape.begin(), total);
    Tensor joined(result.argument->dtype, shape);
    char *out = static_cast<char *>(joined.data());
    for (const Tensor &value : result.values) {
      if (value.sizeInBytes() > 0)
        std::memcpy(out, value.data(), value.sizeInBytes());
      out += value.sizeInBytes();
    }
    if (result.isSequence())
      arrays.emplace(name + "_lengths",
                     Tensor::of<int64_t>({int64_t(lengths.size())}, lengths));
    arrays.emplace(name, std::move(joined));
  }
  return ravel::writeNpz(path, toRefs(arrays));
}

static void writeCell(raw_ostream &os, StringRef text, char separator) {
  if (!text.contains(separator) && !text.contains('"') && !text.contains('\n'))
    os << text;
  else {
    os << '"';
    for (char c : text)
      os << (c == '"' ? "\"" : "") << c;
    os << '"';
  }
}

static void writeNumber(raw_ostream &os, const Tensor &tensor, int64_t at) {
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T value = static_cast<const T *>(tensor.data())[at];
    if constexpr (std::is_floating_point_v<T>)
      os << format(sizeof(T) == 4 ? "%.9g" : "%.17g", double(value));
    else
      os << int64_t(value);
  });
}

/// The place of the largest of some components.
static int64_t findLargest(const Tensor &tensor, int64_t begin, int64_t size) {
  int64_t best = 0;
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *values = static_cast<const T *>(tensor.data()) + begin;
    best = std::max_element(values, values + size) - values;
  });
  return best;
}

Error Writer::writeTable(raw_ostream &os, char separator,
                         ArrayRef<std::string> names) {
  if (results.empty())
    return makeError("the function has no results to print");
  bool isSequence = results.front().isSequence();
  for (const Result &result : results)
    if (result.isSequence() != isSequence)
      return makeError("results of one element and sequences do not fit into "
                       "one table; write --output FILE.npz");
  Expected<std::vector<std::string>> columns = nameColumns(names);
  if (!columns)
    return columns.takeError();
  std::vector<std::string> kept;
  SmallVector<StringRef> pieces;
  StringRef(keep).split(pieces, ',', -1, false);
  for (StringRef piece : pieces)
    kept.push_back(piece.trim().str());
  std::vector<int64_t> keptColumns;
  if (!kept.empty()) {
    if (!table)
      return makeError("--keep needs a table");
    Expected<std::vector<int64_t>> found = table->findColumns(kept);
    if (!found)
      return found.takeError();
    keptColumns = std::move(*found);
  }
  undo();

  os << "row";
  if (isSequence)
    os << separator << "instant";
  for (const auto &list :
       {ArrayRef<std::string>(kept), ArrayRef<std::string>(*columns)})
    for (const std::string &name : list) {
      os << separator;
      writeCell(os, name, separator);
    }
  os << '\n';
  for (int64_t example = 0; example < data.size(); ++example) {
    int64_t instants = isSequence ? results.front().values[example].dim(0) : 1;
    for (int64_t instant = 0; instant < instants; ++instant) {
      int64_t row = table ? getRow(example, instant, results.front()) : example;
      os << row;
      if (isSequence)
        os << separator << instant;
      for (int64_t column : keptColumns) {
        os << separator;
        if (row < table->numRows())
          writeCell(os, table->cell(row, column), separator);
      }
      for (const Result &result : results) {
        const Tensor &value = result.values[example];
        int64_t width = result.width(), begin = instant * width;
        if (const Vocabulary *vocabulary = getVocabulary(result)) {
          os << separator;
          writeCell(
              os,
              vocabulary->entry(findLargest(value, begin, vocabulary->size())),
              separator);
          continue;
        }
        for (int64_t i = 0; i < width; ++i) {
          os << separator;
          writeNumber(os, value, begin + i);
        }
      }
      os << '\n';
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// ravel run
//===----------------------------------------------------------------------===//

Expected<int> run() {
  Expected<std::string> function = getFunctionName(entry, "entry");
  if (!function)
    return function.takeError();
  Expected<RowRange> range = RowRange::parse(rows);
  if (!range)
    return range.takeError();
  if (batchSize < 1)
    return makeError("--batch must be at least 1");
  Expected<Ticks> ticks = Ticks::fromCommandLine();
  if (!ticks)
    return ticks.takeError();
  StringRef extension = sys::path::extension(output);
  if (!output.empty() && extension != ".csv" && extension != ".tsv" &&
      extension != ".npz")
    return makeError("--output " + output + ": expected .csv, .tsv or .npz");
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  Expected<DType> type = getPrecision(&*model);
  if (!type)
    return type.takeError();
  // A folder's description is of the data it was trained on; arrays always
  // speak for themselves.
  bool isArrays = StringRef(dataPath).ends_with(".npz");
  Expected<DataConfig> config =
      model->folder.empty() || isArrays
          ? dataPath.empty() ? DataConfig() : DataConfig::fromCommandLine()
          : DataConfig::load(model->path("data.json"));
  if (!config)
    return config.takeError();
  config->setDType(*type);

  Compiler compiler = makeCompiler();
  Expected<Module> module =
      compileFunction(compiler, model->source, *function, *type);
  if (!module)
    return module.takeError();
  bool isGenerator = generates(*module, *function);
  std::vector<std::string> files = model->findMembers();
  if (files.size() > 1 && isGenerator)
    return makeError("the members of an ensemble can't generate together; "
                     "--weights names one of them");
  if (files.front().empty() && !module->manifest().empty())
    errs() << "note: without --weights, parameters are drawn at random, with "
              "seed "
           << seed << '\n';
  Expected<std::vector<ParameterStore>> members =
      makeMembers(*module, *type, files);
  if (!members)
    return members.takeError();
  const ParameterStore *parameters = &members->front();
  if (dataPath.empty() && !isGenerator && ticks->input.empty())
    return makeError("expected --data FILE");
  std::string called = *function + (isGenerator ? ".start" : "");
  Expected<FunctionCall> call =
      FunctionCall::create(*module, called, *parameters);
  if (!call)
    return call.takeError();
  ClassLimits limits = findClassLimits(*call);
  if (dataPath.empty() && isGenerator)
    return runGenerator(*module, *function, *parameters, *config, limits,
                        nullptr, outs());
  std::optional<Table> table;
  std::vector<const Argument *> inputs = call->dataInputs();
  if (Error error = findTicks(inputs, *ticks))
    return error;
  if (dataPath.empty() && !inputs.empty())
    return makeError("expected --data FILE");
  Expected<Dataset> data = inputs.empty() && ticks->lengthClass
                               ? Dataset()
                               : config->read(dataPath, *range, inputs, &table);
  if (!data)
    return data.takeError();
  if (ticks->lengthClass) {
    std::vector<const Argument *> all = call->dataInputs();
    auto input = find_if(all, [&](const Argument *argument) {
      return argument->name == ticks->input;
    });
    data = addTicks(*data, **input, *ticks);
    if (!data)
      return data.takeError();
  }
  if (Error error = checkClasses(*data, limits, dataPath))
    return error;
  if (isGenerator)
    return runGenerator(*module, *function, *parameters, *config, limits,
                        &*data, outs());

  Expected<std::vector<Result>> results =
      averageAll(*module, called, *members, *data);
  if (!results)
    return results.takeError();
  std::vector<std::string> given;
  SmallVector<StringRef> pieces;
  StringRef(names).split(pieces, ',', -1, false);
  for (StringRef piece : pieces)
    given.push_back(piece.trim().str());
  Writer writer(*config, *data, table, *ticks, *results);
  if (extension == ".npz") {
    if (Error error = writer.writeNpz(output, given))
      return error;
    return 0;
  }
  if (output.empty()) {
    if (Error error = writer.writeTable(outs(), ',', given))
      return error;
    return 0;
  }
  if (Error error =
          writeFileAtomically(output, [&](raw_pwrite_stream &os) -> Error {
            return writer.writeTable(os, extension == ".tsv" ? '\t' : ',',
                                     given);
          }))
    return error;
  return 0;
}

} // namespace ravel::driver
