//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Data.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/DatasetBuilders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <numeric>

using namespace llvm;
namespace ravel::driver {

//===----------------------------------------------------------------------===//
// Small languages of the command line
//===----------------------------------------------------------------------===//

Expected<RowRange> RowRange::parse(StringRef text) {
  RowRange range;
  auto [begin, end] = text.split(':');
  bool valid = text.contains(':') &&
               (begin.empty() || !begin.getAsInteger(10, range.begin)) &&
               (end.empty() || !end.getAsInteger(10, range.end));
  if (!text.empty() && (!valid || range.begin < 0 || range.end <= range.begin))
    return makeError("--rows " + text +
                     ": expected BEGIN:END, such as 0:1000 or 1000:");
  return range;
}

Expected<SplitSpec> SplitSpec::parse(StringRef text) {
  SplitSpec split;
  if (text.empty())
    return split;
  StringRef kind = text.split(':').first, value = text.split(':').second;
  auto parseFraction = [&] {
    return !value.getAsDouble(split.fraction) && split.fraction > 0 &&
           split.fraction < 1;
  };
  bool valid = false;
  if (kind == "time" || kind == "seed") {
    split.kind = kind == "time" ? Time : Seed;
    valid = parseFraction();
  } else if (kind == "rows") {
    split.kind = Row;
    valid = !value.getAsInteger(10, split.row) && split.row > 0;
  }
  if (!valid)
    return makeError("--split " + text +
                     ": expected time:F or seed:F with a fraction between 0 "
                     "and 1, or rows:N");
  return split;
}

static std::vector<std::string> splitList(StringRef text) {
  std::vector<std::string> parts;
  SmallVector<StringRef> pieces;
  text.split(pieces, ',', -1, false);
  for (StringRef piece : pieces)
    parts.push_back(piece.trim().str());
  return parts;
}

/// Parses "input=column,column" of an option.
static Error addFields(std::vector<ColumnField> &fields,
                       const cl::list<std::string> &option, StringRef flag,
                       ColumnField::Kind kind, bool isTarget = false,
                       bool isResidual = false) {
  for (StringRef text : option) {
    auto [name, list] = text.split('=');
    ColumnField field{kind, name.trim().str(), splitList(list), isTarget,
                      isResidual};
    if (field.name.empty() || field.columns.empty() ||
        (kind != ColumnField::Numbers && field.columns.size() != 1))
      return makeError("--" + flag + " " + text +
                       ": expected an input's name, "
                       "'=', and " +
                       (kind == ColumnField::Numbers
                            ? "columns with commas between them"
                            : "a column"));
    field.name = StringRef(field.name).ltrim('%').str();
    fields.push_back(std::move(field));
  }
  return Error::success();
}

Expected<DataConfig> DataConfig::fromCommandLine() {
  DataConfig config;
  if (!textPath.empty() && !dataPath.empty())
    return makeError("--data and --text exclude each other");
  if (!textPath.empty()) {
    config.which = Text;
    config.textInputs = splitList(driver::fieldNames);
    if (config.textInputs.size() != 2)
      return makeError("--text-inputs needs two names, such as x,y");
    if (driver::unit != "characters" && driver::unit != "words")
      return makeError("--unit " + driver::unit +
                       ": expected characters or words");
    config.unit =
        driver::unit == "words" ? TextUnit::Word : TextUnit::Character;
    config.streams = driver::streams;
    config.window = driver::window > 0 ? driver::window : 100;
    config.maxVocabulary = driver::maxVocabulary;
    return config;
  }
  if (dataPath.empty())
    return makeError("expected --data FILE or --text FILE");
  if (StringRef(dataPath).ends_with(".npz"))
    return config;

  config.which = Table;
  config.window = driver::window;
  config.horizon = driver::horizon;
  config.stride = driver::stride;
  config.everyStep = driver::everyStep;
  config.normalize = !driver::noNormalize;
  config.rawColumns = splitList(driver::rawColumns);
  config.maxVocabulary = driver::maxVocabulary;
  using F = ColumnField;
  if (Error error = addFields(config.fields, columns, "columns", F::Numbers))
    return error;
  if (Error error =
          addFields(config.fields, targets, "target", F::Numbers, true))
    return error;
  if (Error error = addFields(config.fields, residuals, "residual", F::Numbers,
                              true, true))
    return error;
  if (Error error = addFields(config.fields, words, "words", F::Words))
    return error;
  if (Error error =
          addFields(config.fields, characters, "characters", F::Characters))
    return error;
  if (Error error = addFields(config.fields, labels, "label", F::Label, true))
    return error;
  if (Error error = config.check())
    return error;
  return config;
}

/// What the pieces of a table's configuration must agree on.
Error DataConfig::check() const {
  if (which != Table)
    return Error::success();
  if (fields.empty())
    return makeError("a table needs --columns INPUT=COLUMN,... (or --words, "
                     "--characters)");
  StringSet<> seen;
  for (const ColumnField &field : fields) {
    if (!seen.insert(field.name).second)
      return makeError("the input '" + field.name + "' is given twice");
    if (isWindowed() && field.kind != ColumnField::Numbers)
      return makeError("windows are of numbers; '" + field.name + "' is text");
    if (!isWindowed() && field.isResidual)
      return makeError("--residual needs --window or --every-step");
  }
  if (window < 0 || horizon < 0 || stride < 1)
    return makeError("expected --window 0 or more, --horizon 0 or more and "
                     "--stride 1 or more");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// data.json
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kindNames[] = {"table", "text", "arrays"};
static constexpr StringLiteral fieldKinds[] = {"numbers", "words", "characters",
                                               "label"};

json::Value DataConfig::toJSON() const {
  json::Object object{{"kind", kindNames[which]}};
  json::Object saved;
  for (const auto &[name, vocabulary] : vocabularies)
    saved[name] = vocabulary.toJSON();
  if (which == Table) {
    json::Array list;
    for (const ColumnField &field : fields)
      list.push_back(json::Object{{"name", field.name},
                                  {"kind", fieldKinds[field.kind]},
                                  {"columns", json::Array(field.columns)},
                                  {"target", field.isTarget},
                                  {"residual", field.isResidual}});
    object["fields"] = std::move(list);
    object["window"] = window;
    object["horizon"] = horizon;
    object["stride"] = stride;
    object["every_step"] = everyStep;
    if (normalization)
      object["normalization"] = normalization->toJSON();
    object["vocabularies"] = std::move(saved);
  }
  if (which == Text) {
    object["inputs"] = json::Array(textInputs);
    object["streams"] = streams;
    object["window"] = window;
    object["vocabularies"] = std::move(saved);
  }
  return object;
}

Expected<DataConfig> DataConfig::fromJSON(const json::Object &object,
                                          StringRef path) {
  auto fail = [&](const Twine &what) {
    return makeFileError(path, "is no description of data: " + what);
  };
  DataConfig config;
  StringRef kind = object.getString("kind").value_or("");
  auto *found = find(kindNames, kind);
  if (found == std::end(kindNames))
    return fail("'kind' must be table, text or arrays");
  config.which = Kind(found - kindNames);
  auto getCount = [&](StringRef key, int64_t fallback) {
    return object.getInteger(key).value_or(fallback);
  };
  config.window = getCount("window", 0);
  config.horizon = getCount("horizon", 1);
  config.stride = getCount("stride", 1);
  config.streams = getCount("streams", 32);
  config.everyStep = object.getBoolean("every_step").value_or(false);
  if (const json::Array *list = object.getArray("fields"))
    for (const json::Value &value : *list) {
      const json::Object *item = value.getAsObject();
      const json::Array *columns = item ? item->getArray("columns") : nullptr;
      auto *kind = item ? find(fieldKinds, item->getString("kind").value_or(""))
                        : std::end(fieldKinds);
      if (!columns || columns->empty() || kind == std::end(fieldKinds))
        return fail("a field needs 'kind' and 'columns'");
      ColumnField field;
      field.kind = ColumnField::Kind(kind - fieldKinds);
      field.name = item->getString("name").value_or("").str();
      for (const json::Value &column : *columns)
        field.columns.push_back(column.getAsString().value_or("").str());
      field.isTarget = item->getBoolean("target").value_or(false);
      field.isResidual = item->getBoolean("residual").value_or(false);
      config.fields.push_back(std::move(field));
    }
  if (const json::Value *value = object.get("normalization")) {
    Expected<Normalization> loaded = Normalization::fromJSON(*value, path);
    if (!loaded)
      return loaded.takeError();
    config.normalization = std::move(*loaded);
  }
  if (const json::Object *saved = object.getObject("vocabularies"))
    for (const auto &[name, value] : *saved) {
      Expected<Vocabulary> loaded = Vocabulary::fromJSON(value, path);
      if (!loaded)
        return loaded.takeError();
      config.vocabularies.emplace(StringRef(name).str(), std::move(*loaded));
    }
  if (config.which == Text) {
    if (const json::Array *inputs = object.getArray("inputs"))
      for (const json::Value &input : *inputs)
        config.textInputs.push_back(input.getAsString().value_or("").str());
    if (config.textInputs.size() != 2 || !config.textVocabulary() ||
        config.window < 1 || config.streams < 1)
      return fail("a text needs two 'inputs', a window, streams and a "
                  "vocabulary");
    config.unit = config.textVocabulary()->unit();
  }
  for (const ColumnField &field : config.fields)
    if (field.kind != ColumnField::Numbers &&
        !config.vocabularies.count(field.name))
      return fail("'" + field.name + "' has no vocabulary");
  if (Error error = config.check())
    return fail(llvm::toString(std::move(error)));
  return config;
}

Expected<DataConfig> DataConfig::load(StringRef path) {
  Expected<json::Object> object = readJSONObject(path);
  if (!object)
    return object.takeError();
  return fromJSON(*object, path);
}

//===----------------------------------------------------------------------===//
// What there is to be predicted
//===----------------------------------------------------------------------===//

const ColumnField *DataConfig::numericTarget() const {
  const ColumnField *target = nullptr;
  for (const ColumnField &field : fields)
    if (field.isTarget && field.kind == ColumnField::Numbers) {
      if (target)
        return nullptr;
      target = &field;
    }
  return target;
}

const Vocabulary *DataConfig::targetVocabulary() const {
  if (which == Text)
    return textVocabulary();
  // A label, or else the last text: what is given last is what is predicted.
  const ColumnField *target = nullptr;
  for (const ColumnField &field : fields)
    if (field.kind != ColumnField::Numbers)
      target = &field;
  if (!target)
    return nullptr;
  auto it = vocabularies.find(target->name);
  return it == vocabularies.end() ? nullptr : &it->second;
}

const Vocabulary *DataConfig::generatedVocabulary() const {
  // Only these have an end.
  for (const auto &[name, vocabulary] : vocabularies)
    if (vocabulary.reservedCount() > 0)
      return &vocabulary;
  return nullptr;
}

const Vocabulary *DataConfig::vocabularyOf(StringRef input) const {
  auto it = vocabularies.find(input);
  return it == vocabularies.end() ? nullptr : &it->second;
}

const Vocabulary *DataConfig::textVocabulary() const {
  if (which != Text || textInputs.empty())
    return nullptr;
  auto it = vocabularies.find(textInputs.front());
  return it == vocabularies.end() ? nullptr : &it->second;
}

std::pair<double, double> DataConfig::scaleOf(StringRef column) const {
  if (normalization)
    for (int64_t i = 0; i < normalization->numColumns(); ++i)
      if (normalization->name(i) == column)
        return {normalization->mean(i), normalization->deviation(i)};
  return {0, 1};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// Reads a table. Where it cannot be guessed that the first row names the
/// columns, as in a table of text alone, it does if it has all names in use.
Expected<ravel::Table> DataConfig::readTable(StringRef path) const {
  Expected<ravel::Table> table = ravel::Table::read(path);
  auto hasColumns = [&](const ravel::Table &table) {
    return all_of(fields, [&](const ColumnField &field) {
      return all_of(field.columns, [&](const std::string &column) {
        return is_contained(table.columnNames(), column);
      });
    });
  };
  if (!table || hasColumns(*table))
    return table;
  TableOptions options;
  options.header = TableOptions::Header::Present;
  Expected<ravel::Table> named = ravel::Table::read(path, options);
  if (named && hasColumns(*named))
    return named;
  if (!named)
    consumeError(named.takeError());
  return table;
}

/// The input of that name; null if there is none.
static const Argument *findInput(DataConfig::Inputs inputs, StringRef name) {
  auto *it = find_if(
      inputs, [&](const Argument *input) { return input->name == name; });
  return it == inputs.end() ? nullptr : *it;
}

/// The instants of a field: its columns, normalized, and for a residual the
/// change over `horizon` rows.
static Expected<std::shared_ptr<const Tensor>>
makeNumberRows(const DataConfig &config, const ravel::Table &table,
               const ColumnField &field, DType dtype) {
  Expected<std::vector<int64_t>> columns = table.findColumns(field.columns);
  if (!columns)
    return columns.takeError();
  Expected<Tensor> matrix = table.matrix(*columns);
  if (!matrix)
    return matrix.takeError();
  MutableArrayRef<double> values = matrix->view<double>();
  int64_t width = columns->size(), numRows = table.numRows();
  for (int64_t column = 0; column < width; ++column) {
    auto [mean, deviation] = config.scaleOf(field.columns[column]);
    for (int64_t row = 0; row < numRows; ++row) {
      double &value = values[row * width + column];
      value = (value - mean) / deviation;
    }
  }
  if (field.isResidual)
    for (int64_t i = values.size() - 1; i >= 0; --i)
      values[i] -= i >= config.getHorizon() * width
                       ? values[i - config.getHorizon() * width]
                       : values[i];
  Expected<Tensor> converted = matrix->convertTo(dtype);
  if (!converted)
    return makeFileError(table.path(), llvm::toString(converted.takeError()));
  return std::make_shared<const Tensor>(std::move(*converted));
}

Expected<Dataset> DataConfig::build(const ravel::Table &table, RowRange rows,
                                    Inputs inputs) const {
  static const std::string time = "time";
  std::vector<Field> list;
  std::vector<SourceRows> sources;
  std::vector<TextField> texts;
  bool needsTarget = false;
  for (const ColumnField &field : fields)
    if (findInput(inputs, field.name))
      needsTarget |= field.isTarget;

  int64_t numRows = table.numRows();
  if (numRows == 0)
    return makeFileError(table.path(), "has no rows");
  // The first rows of windows, or the rows.
  std::vector<int64_t> begins;
  int64_t size = window, first = 0, end = numRows;
  if (isSeries()) {
    first = std::min(rows.begin, numRows);
    end = std::min(rows.end, numRows);
    size = end - first - (needsTarget ? horizon : 0);
    if (size < 1)
      return makeFileError(table.path(),
                           "has no sequence in the rows asked for; it has " +
                               Twine(numRows) + " rows");
  }
  if (!isWindowed()) {
    for (int64_t row = 0; row < numRows; ++row) {
      begins.push_back(row);
      sources.push_back({row, row, row + 1});
    }
  } else {
    int64_t reach = needsTarget ? horizon : 0;
    if (size > numRows || reach > numRows - size)
      return makeFileError(
          table.path(),
          "has " + Twine(numRows) + " rows; a window of " + Twine(size) +
              (needsTarget ? " and a target " + Twine(horizon) + " on"
                           : Twine()) +
              " need more");
    for (int64_t row = first; row <= end - size - reach;) {
      begins.push_back(row);
      int64_t target = row + size - 1 + horizon;
      if (isSeries() && !needsTarget)
        sources.push_back({row, row + size, row + size});
      else
        sources.push_back({row,
                           everyStep && needsTarget ? row + horizon : target,
                           target + 1});
      if (stride > numRows - row)
        break;
      row += stride;
    }
  }

  for (const ColumnField &field : fields) {
    const Argument *input = findInput(inputs, field.name);
    if (!input)
      continue;
    if (field.kind != ColumnField::Numbers) {
      Expected<int64_t> column = table.findColumn(field.columns.front());
      if (!column)
        return column.takeError();
      TextField text;
      text.name = field.name;
      text.column = *column;
      text.vocabulary = &vocabularies.find(field.name)->second;
      text.isLabel = field.kind == ColumnField::Label;
      // Sequences that the function meets instant by instant have one length.
      text.axis = time;
      if (input->lengthClass > 0)
        text.axis += std::to_string(input->lengthClass);
      if (input->end)
        text.suffix.push_back(*input->end);
      texts.push_back(std::move(text));
      continue;
    }
    Field made;
    made.spec = {field.name, dtype, {int64_t(field.columns.size())}, ""};
    bool isSequence = isWindowed() && (!field.isTarget || everyStep);
    if (isSequence)
      made.spec.axis = time;
    Expected<std::shared_ptr<const Tensor>> data =
        makeNumberRows(*this, table, field, dtype);
    if (!data)
      return data.takeError();
    made.rows = std::move(*data);
    for (auto [begin, source] : zip_equal(begins, sources)) {
      made.begin.push_back(!field.isTarget || !isWindowed() ? begin
                           : everyStep ? begin + horizon
                                       : source.targetBegin);
      made.length.push_back(isSequence ? size : 1);
    }
    list.push_back(std::move(made));
  }
  if (!texts.empty()) {
    Expected<Dataset> text = buildTextRows(table, texts);
    if (!text)
      return text.takeError();
    append_range(list, text->fields());
  }
  if (list.empty())
    return makeFileError(table.path(),
                         "has none of the function's inputs: " +
                             (inputs.empty()
                                  ? "it takes no data"
                                  : join(map_range(inputs,
                                                   [](const Argument *input) {
                                                     return input->name;
                                                   }),
                                         ", ")));
  Expected<Dataset> dataset =
      Dataset::create(std::move(list), std::move(sources));
  if (!dataset)
    return makeFileError(table.path(), llvm::toString(dataset.takeError()));
  if (isSeries())
    return dataset;
  Dataset selected = selectSourceRows(*dataset, rows.begin, rows.end);
  if (selected.size() == 0)
    return makeFileError(table.path(), "has no example in the rows asked for; "
                                       "it has " +
                                           Twine(numRows) + " rows");
  return selected;
}

/// The rows of the source that a dataset's examples are made of.
static std::vector<int64_t> getSourceRows(const Dataset &dataset,
                                          int64_t window, int64_t numRows) {
  std::vector<bool> used(numRows);
  for (int64_t example = 0; example < dataset.size(); ++example) {
    SourceRows source = dataset.source(example);
    for (int64_t row = source.first; row < source.first + window; ++row)
      used[row] = true;
    for (int64_t row = source.targetBegin; row < source.targetEnd; ++row)
      if (row < numRows)
        used[row] = true;
  }
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < numRows; ++row)
    if (used[row])
      rows.push_back(row);
  return rows;
}

int64_t DataConfig::countInputRows(const Dataset &dataset) const {
  if (isSeries() && dataset.size() > 0 && !dataset.axes().empty())
    return dataset.length(dataset.axes().front(), 0);
  return std::max<int64_t>(window, 1);
}

Error DataConfig::fitColumns(const ravel::Table &table,
                             const Dataset &training) {
  std::vector<std::string> list;
  for (const ColumnField &field : fields)
    if (field.kind == ColumnField::Numbers)
      for (const std::string &column : field.columns)
        if (!is_contained(list, column) && !is_contained(rawColumns, column))
          list.push_back(column);
  if (!normalize || list.empty())
    return Error::success();
  Expected<std::vector<int64_t>> columns = table.findColumns(list);
  if (!columns)
    return columns.takeError();
  Expected<Tensor> matrix = table.matrix(*columns);
  if (!matrix)
    return matrix.takeError();
  std::vector<int64_t> rows =
      getSourceRows(training, countInputRows(training), table.numRows());
  int64_t width = list.size();
  Tensor gathered(DType::F64, {int64_t(rows.size()), width});
  for (auto [i, row] : enumerate(rows))
    for (int64_t column = 0; column < width; ++column)
      gathered.view<double>()[i * width + column] =
          matrix->view<double>()[row * width + column];
  Expected<Normalization> fitted =
      Normalization::fit(gathered, 0, rows.size(), list);
  if (!fitted)
    return fitted.takeError();
  normalization = std::move(*fitted);
  return Error::success();
}

/// What stands for the first `count` classes of sequences that end with class
/// `end`.
static std::vector<std::string> nameReserved(int64_t count, int32_t end) {
  std::vector<std::string> reserved;
  for (int64_t i = 0; i < count; ++i)
    reserved.push_back(i == end ? "<end>" : "<" + std::to_string(i) + ">");
  return reserved;
}

Error DataConfig::fitVocabularies(const ravel::Table &table,
                                  ArrayRef<int64_t> trainingRows,
                                  Inputs inputs) {
  vocabularies.clear();
  for (const ColumnField &field : fields) {
    if (field.kind == ColumnField::Numbers)
      continue;
    Expected<int64_t> column = table.findColumn(field.columns.front());
    if (!column)
      return column.takeError();
    VocabularyOptions options;
    options.unit = field.kind == ColumnField::Characters ? TextUnit::Character
                                                         : TextUnit::Word;
    options.maxSymbols = maxVocabulary;
    const Argument *input = findInput(inputs, field.name);
    if (input && input->end)
      options.reserved = nameReserved(input->reserved, *input->end);
    // What is generated is never unknown.
    else if (field.kind != ColumnField::Label)
      options.unknown = "<unk>";
    std::vector<StringRef> texts;
    for (int64_t row : trainingRows) {
      texts.push_back(table.cell(row, *column));
      if (field.kind == ColumnField::Label &&
          texts.back().trim().find_first_of(" \t") != StringRef::npos)
        return makeError(table.location(row, *column) +
                         ": a label must be one word");
    }
    Expected<Vocabulary> built = Vocabulary::build(texts, options);
    if (!built)
      return makeFileError(table.path(), llvm::toString(built.takeError()));
    vocabularies.emplace(field.name, std::move(*built));
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

Expected<Dataset> DataConfig::buildText(StringRef text) const {
  Expected<std::vector<int32_t>> ids = textVocabulary()->encode(text);
  if (!ids)
    return ids.takeError();
  StreamOptions options;
  options.streams = streams;
  options.window = window;
  options.inputName = textInputs[0];
  options.targetName = textInputs[1];
  return buildStreams(*ids, options);
}

/// The byte at which a text's symbol begins, or its end if there are fewer.
static size_t findSymbol(StringRef text, TextUnit unit, int64_t symbol) {
  auto isSpace = [](char c) { return llvm::isSpace(c); };
  size_t at = 0;
  if (unit == TextUnit::Word) {
    for (; at < text.size(); ++at)
      if (!isSpace(text[at]) && (at == 0 || isSpace(text[at - 1])) &&
          symbol-- == 0)
        return at;
    return at;
  }
  for (; at < text.size(); ++at)
    if ((uint8_t(text[at]) & 0xc0) != 0x80 && symbol-- == 0)
      return at;
  return at;
}

static int64_t countSymbols(StringRef text, TextUnit unit) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); ++at)
    count += unit == TextUnit::Word
                 ? !llvm::isSpace(text[at]) &&
                       (at == 0 || llvm::isSpace(text[at - 1]))
                 : (uint8_t(text[at]) & 0xc0) != 0x80;
  return count;
}

Expected<Split> DataConfig::fitText(StringRef path, StringRef validation,
                                    const SplitSpec &split) {
  Expected<std::unique_ptr<MemoryBuffer>> file = readFile(path);
  if (!file)
    return file.takeError();
  StringRef text = (*file)->getBuffer(), held;
  if (split.kind == SplitSpec::Seed)
    return makeError("a text is split by time:F or rows:N, not by seed");
  if (split.kind != SplitSpec::None) {
    int64_t symbols = countSymbols(text, unit);
    int64_t at = split.kind == SplitSpec::Row
                     ? split.row
                     : symbols - std::llround(split.fraction * symbols);
    if (at >= symbols)
      return makeFileError(path, "has " + Twine(symbols) +
                                     " symbols; none are left to validate on");
    size_t byte = findSymbol(text, unit, at);
    held = text.substr(byte);
    text = text.take_front(byte);
  }
  std::unique_ptr<MemoryBuffer> other;
  StringRef heldPath = path;
  if (!validation.empty()) {
    Expected<std::unique_ptr<MemoryBuffer>> read = readFile(validation);
    if (!read)
      return read.takeError();
    other = std::move(*read);
    held = other->getBuffer();
    heldPath = validation;
  }
  VocabularyOptions options;
  options.unit = unit;
  options.maxSymbols = maxVocabulary;
  if (unit == TextUnit::Word || maxVocabulary > 0)
    options.unknown = "<unk>";
  Expected<Vocabulary> built = Vocabulary::build({text}, options);
  if (!built)
    return makeFileError(path, llvm::toString(built.takeError()));
  vocabularies.clear();
  vocabularies.emplace(textInputs.front(), std::move(*built));

  Split result;
  Expected<Dataset> training = buildText(text);
  if (!training)
    return makeFileError(path, llvm::toString(training.takeError()));
  result.training = std::move(*training);
  if (!held.empty()) {
    Expected<Dataset> rest = buildText(held);
    if (!rest)
      return makeFileError(heldPath, "in what is held out: " +
                                         llvm::toString(rest.takeError()));
    result.validation = std::move(*rest);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// All kinds
//===----------------------------------------------------------------------===//

static Expected<Split> splitDataset(const Dataset &dataset,
                                    const SplitSpec &split, int64_t numRows,
                                    uint64_t seed) {
  switch (split.kind) {
  case SplitSpec::None:
    break;
  case SplitSpec::Time:
    return splitLast(dataset, split.fraction);
  case SplitSpec::Row:
    return splitAtRow(dataset, split.row);
  case SplitSpec::Seed:
    return splitRandomly(dataset, split.fraction, seed);
  }
  return Split{dataset, Dataset()};
}

Expected<Split> DataConfig::buildParts(const ravel::Table &table, RowRange rows,
                                       const SplitSpec &split, uint64_t seed,
                                       Inputs inputs) const {
  if (!isSeries()) {
    Expected<Dataset> dataset = build(table, rows, inputs);
    if (!dataset)
      return dataset.takeError();
    return splitDataset(*dataset, split, table.numRows(), seed);
  }
  // A series is cut in two.
  int64_t end = std::min(rows.end, table.numRows()), cut = end;
  if (split.kind == SplitSpec::Seed)
    return makeError("one sequence can't be split by chance; give --split "
                     "time:F or rows:N, or --window");
  if (split.kind == SplitSpec::Row)
    cut = std::clamp(split.row, std::min(rows.begin, end), end);
  if (split.kind == SplitSpec::Time)
    cut = end - std::llround(double(end - rows.begin) * split.fraction);
  Expected<Dataset> training = build(table, {rows.begin, cut}, inputs);
  if (!training)
    return training.takeError();
  Split parts{std::move(*training), Dataset()};
  if (split.kind == SplitSpec::None)
    return parts;
  Expected<Dataset> validation = build(table, {cut, end}, inputs);
  if (!validation)
    return validation.takeError();
  parts.validation = std::move(*validation);
  return parts;
}

Expected<Split> DataConfig::fit(StringRef path, StringRef validation,
                                const SplitSpec &split, RowRange rows,
                                uint64_t seed, Inputs inputs) {
  if (split.kind != SplitSpec::None && !validation.empty())
    return makeError("--split and --validation exclude each other");
  if (which == Text)
    return fitText(path, validation, split);

  Split result;
  if (which == Arrays) {
    Expected<Dataset> dataset = read(path, rows, inputs);
    if (!dataset)
      return dataset.takeError();
    Expected<Split> parts =
        splitDataset(*dataset, split, dataset->size(), seed);
    if (!parts)
      return parts.takeError();
    result = std::move(*parts);
  } else {
    Expected<ravel::Table> table = readTable(path);
    if (!table)
      return table.takeError();
    // Which examples are for training is known before normalization is. The
    // vocabularies are built of everything for that, and then again.
    std::vector<int64_t> all(table->numRows());
    std::iota(all.begin(), all.end(), 0);
    if (Error error = fitVocabularies(*table, all, inputs))
      return error;
    Expected<Split> parts = buildParts(*table, rows, split, seed, inputs);
    if (!parts)
      return parts.takeError();
    if (Error error = fitColumns(*table, parts->training))
      return error;
    if (Error error = fitVocabularies(
            *table,
            getSourceRows(parts->training, countInputRows(parts->training),
                          table->numRows()),
            inputs))
      return error;
    parts = buildParts(*table, rows, split, seed, inputs);
    if (!parts)
      return parts.takeError();
    result = std::move(*parts);
  }
  if (!validation.empty()) {
    Expected<Dataset> other = read(validation, {}, inputs);
    if (!other)
      return other.takeError();
    result.validation = std::move(*other);
  }
  return result;
}

Expected<Dataset> DataConfig::read(StringRef path, RowRange rows, Inputs inputs,
                                   std::optional<ravel::Table> *result) {
  if (which == Text) {
    Expected<std::unique_ptr<MemoryBuffer>> file = readFile(path);
    if (!file)
      return file.takeError();
    Expected<Dataset> dataset = buildText((*file)->getBuffer());
    if (!dataset)
      return makeFileError(path, llvm::toString(dataset.takeError()));
    return dataset;
  }
  if (which == Arrays) {
    ArrayOptions options;
    for (const Argument *input : inputs)
      options.fields.push_back(input->name);
    options.dtype = dtype;
    Expected<Dataset> dataset = buildFromNpz(path, options);
    if (!dataset)
      return dataset.takeError();
    Dataset selected = selectSourceRows(*dataset, rows.begin, rows.end);
    if (selected.size() == 0)
      return makeFileError(path, "has no example in the rows asked for");
    return selected;
  }
  Expected<ravel::Table> table = readTable(path);
  if (!table)
    return table.takeError();
  Expected<Dataset> dataset = build(*table, rows, inputs);
  if (dataset && result)
    *result = std::move(*table);
  return dataset;
}

} // namespace ravel::driver
