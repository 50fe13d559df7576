//===- Table.cpp - Tables of text and numbers -----------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Table.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/StringSaver.h"
#include <charconv>
#include <cmath>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

/// Splits the buffer of a table into rows of cells.
struct Table::Parser {
  Parser(Table &table, char separator, bool quotes)
      : table(table), separator(separator), quotes(quotes),
        text(table.buffer->getBuffer()), saver(*table.unquoted) {
    text.consume_front("\xef\xbb\xbf");
    lineStart = text.data();
  }

  /// Calls `addRow` with each row's cells.
  Error parse(function_ref<Error(ArrayRef<Cell>)> addRow) {
    std::vector<Cell> row;
    size_t width = 0;
    while (!text.empty()) {
      row.clear();
      if (Error error = parseRow(row))
        return error;
      bool blank = row.size() == 1 && row[0].text.empty() && !wasQuoted;
      if (blank && (width != 1 || text.empty()))
        continue;
      if (width == 0)
        width = row.size();
      if (row.size() != width)
        return fail(row[0].line, 1,
                    "the row has " + Twine(row.size()) +
                        (row.size() == 1 ? " cell" : " cells") + "; expected " +
                        Twine(width));
      if (Error error = addRow(row))
        return error;
    }
    return Error::success();
  }

private:
  Error fail(uint32_t line, uint32_t column, const Twine &message) {
    return makeError(table.file + ":" + Twine(line) + ":" + Twine(column) +
                     ": " + message);
  }
  uint32_t column() const { return text.data() - lineStart + 1; }

  /// Consumes an LF or CRLF.
  bool consumeLineEnd() {
    if (!text.consume_front("\n") && !text.consume_front("\r\n"))
      return false;
    ++line;
    lineStart = text.data();
    return true;
  }

  Error parseRow(std::vector<Cell> &row) {
    wasQuoted = false;
    for (;;) {
      Cell cell{{}, line, column()};
      if (quotes && text.starts_with("\"")) {
        wasQuoted = true;
        if (Error error = parseQuoted(cell))
          return error;
      } else {
        size_t end = text.find_first_of(StringRef(stops, sizeof stops));
        cell.text = text.take_front(end);
        text = text.drop_front(cell.text.size());
        if (text.empty() || text.starts_with("\n"))
          cell.text.consume_back("\r");
      }
      row.push_back(cell);
      if (text.empty() || consumeLineEnd())
        return Error::success();
      if (text.front() != separator)
        return fail(line, column(), "text after a closing quote");
      text = text.drop_front();
    }
  }

  /// Parses a cell in quotes, in which "" is a quote.
  Error parseQuoted(Cell &cell) {
    text = text.drop_front();
    StringRef whole = text;
    bool hasEscape = false;
    size_t length = 0;
    for (;; ++length) {
      if (length == whole.size())
        return fail(cell.line, cell.column, "the quote is never closed");
      if (whole[length] == '\n') {
        ++line;
        lineStart = whole.data() + length + 1;
      }
      if (whole[length] != '"')
        continue;
      if (whole.substr(length, 2) != "\"\"")
        break;
      hasEscape = true;
      ++length;
    }
    cell.text = whole.take_front(length);
    text = whole.drop_front(length + 1);
    if (hasEscape) {
      std::string plain;
      for (size_t i = 0; i < cell.text.size(); ++i) {
        plain += cell.text[i];
        i += cell.text[i] == '"';
      }
      cell.text = saver.save(plain);
    }
    return Error::success();
  }

  Table &table;
  char separator;
  bool quotes;
  StringRef text; // what is left
  StringSaver saver;
  const char *lineStart;
  uint32_t line = 1;
  bool wasQuoted = false; // some cell of the current row
  const char stops[2] = {separator, '\n'};
};

namespace {
enum class Number { Finite, NotFinite, OutOfRange, None };
} // namespace

/// Reads a number that fills the whole text, blanks around it aside.
static Number parseDouble(StringRef text, double &value) {
  text = text.trim(" \t");
  if (text.consume_front("+") && text.starts_with("-"))
    return Number::None;
  auto [end, status] = std::from_chars(text.begin(), text.end(), value);
  if (end != text.end() || text.empty() ||
      status == std::errc::invalid_argument)
    return Number::None;
  if (status == std::errc::result_out_of_range)
    return Number::OutOfRange;
  return std::isfinite(value) ? Number::Finite : Number::NotFinite;
}

static bool isNumber(StringRef text) {
  double value;
  Number kind = parseDouble(text, value);
  return kind == Number::Finite || kind == Number::OutOfRange;
}

Expected<Table> Table::read(StringRef path, const TableOptions &options) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  return parse((*buffer)->getBuffer(), path, options);
}

Expected<Table> Table::parse(StringRef text, StringRef path,
                             const TableOptions &options) {
  Table table;
  table.file = path.str();
  table.buffer = MemoryBuffer::getMemBufferCopy(text, path);
  table.unquoted = std::make_unique<BumpPtrAllocator>();
  bool isTsv =
      path.ends_with_insensitive(".tsv") || path.ends_with_insensitive(".tab");
  char separator = options.separator.value_or(isTsv ? '\t' : ',');
  bool quotes = options.quotes.value_or(separator != '\t');

  size_t width = 0;
  Error error = Parser(table, separator, quotes).parse([&](ArrayRef<Cell> row) {
    width = row.size();
    llvm::append_range(table.cells, row);
    return Error::success();
  });
  if (error)
    return error;
  if (table.cells.empty())
    return makeFileError(path, "is an empty table");

  bool hasHeader = options.header == TableOptions::Header::Present;
  if (options.header == TableOptions::Header::Guess) {
    ArrayRef<Cell> all = table.cells;
    auto numeric = [](const Cell &cell) { return isNumber(cell.text); };
    hasHeader = all.size() >= 2 * width &&
                none_of(all.take_front(width), numeric) &&
                any_of(all.slice(width, width), numeric);
  }
  if (!hasHeader) {
    for (size_t i = 0; i < width; ++i)
      table.names.push_back(std::to_string(i));
    return table;
  }
  StringSet<> seen;
  for (const Cell &cell : ArrayRef(table.cells).take_front(width)) {
    std::string name = cell.text.trim().str();
    if (!seen.insert(name).second)
      return makeError(table.file + ":" + Twine(cell.line) + ":" +
                       Twine(cell.column) + ": column name '" + name +
                       "' occurs twice");
    table.names.push_back(std::move(name));
  }
  table.cells.erase(table.cells.begin(), table.cells.begin() + width);
  return table;
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

Expected<int64_t> Table::findColumn(StringRef name) const {
  auto it = find(names, name);
  if (it == names.end())
    return makeFileError(file, "has no column '" + name +
                                   "'; its columns are " + join(names, ", "));
  return it - names.begin();
}

Expected<std::vector<int64_t>>
Table::findColumns(ArrayRef<std::string> names) const {
  std::vector<int64_t> columns;
  for (const std::string &name : names) {
    Expected<int64_t> column = findColumn(name);
    if (!column)
      return column.takeError();
    columns.push_back(*column);
  }
  return columns;
}

std::string Table::location(int64_t row, int64_t column) const {
  const Cell &cell = cells[row * numColumns() + column];
  return (file + ":" + Twine(cell.line) + ":" + Twine(cell.column)).str();
}

bool Table::looksNumeric(int64_t column) const {
  for (int64_t row = 0; row < numRows(); ++row) {
    StringRef text = cell(row, column).trim();
    double value;
    if (text.empty() || text.equals_insensitive("na") ||
        text.equals_insensitive("n/a") || text.equals_insensitive("null") ||
        parseDouble(text, value) == Number::NotFinite)
      continue;
    return isNumber(text);
  }
  return false;
}

std::vector<int64_t> Table::numericColumns() const {
  std::vector<int64_t> columns;
  for (int64_t column = 0; column < numColumns(); ++column)
    if (looksNumeric(column))
      columns.push_back(column);
  return columns;
}

std::vector<StringRef> Table::textColumn(int64_t column) const {
  std::vector<StringRef> texts;
  for (int64_t row = 0; row < numRows(); ++row)
    texts.push_back(cell(row, column));
  return texts;
}

Expected<double> Table::parseNumber(int64_t row, int64_t column) const {
  StringRef text = cell(row, column);
  double value;
  const char *what = "";
  switch (parseDouble(text, value)) {
  case Number::Finite:
    return value;
  case Number::NotFinite:
    what = "' is not finite";
    break;
  case Number::OutOfRange:
    what = "' is beyond the range of f64";
    break;
  case Number::None:
    what = "' is not a number";
    break;
  }
  if (text.trim().empty())
    return makeError(location(row, column) + ": the cell is empty; column '" +
                     names[column] + "' must hold numbers");
  return makeError(location(row, column) + ": '" + text + what + "; column '" +
                   names[column] + "' must hold numbers");
}

Expected<std::vector<double>> Table::numericColumn(int64_t column) const {
  std::vector<double> values;
  values.reserve(numRows());
  for (int64_t row = 0; row < numRows(); ++row) {
    Expected<double> value = parseNumber(row, column);
    if (!value)
      return value.takeError();
    values.push_back(*value);
  }
  return values;
}

Expected<Tensor> Table::matrix(ArrayRef<int64_t> columns) const {
  Tensor tensor(DType::F64, {numRows(), int64_t(columns.size())});
  double *out = tensor.view<double>().data();
  for (int64_t row = 0; row < numRows(); ++row)
    for (int64_t column : columns) {
      Expected<double> value = parseNumber(row, column);
      if (!value)
        return value.takeError();
      *out++ = *value;
    }
  return tensor;
}

} // namespace ravel
