//===- Table.h - Tables of text and numbers ---------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads comma- and tab-separated files. A cell is text until a column is asked
// for as numbers, so that only the columns in use must be clean; what is not a
// finite number is reported as file:line:column.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_TABLE_H
#define RAVEL_TRAINING_TABLE_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ravel {

struct TableOptions {
  /// Between the cells of a row. By default a tab for files named .tsv or
  /// .tab, otherwise a comma.
  std::optional<char> separator;
  /// Whether a cell may be enclosed in double quotes, with "" for a quote
  /// inside. By default true, except where a tab separates: text in tab-
  /// separated files commonly has bare quotes.
  std::optional<bool> quotes;
  /// Whether the first row names the columns. `Guess` takes it for names if
  /// none of its cells is a number and some cell of the second row is.
  enum class Header { Guess, Present, Absent } header = Header::Guess;
};

/// A table in memory.
class Table {
public:
  /// Reads a file. Line ends are LF or CRLF; a byte-order mark is skipped, and
  /// so are empty lines, except in a table of one column. A row with another
  /// number of cells than the first, an unclosed quote, text after a closing
  /// quote, and a repeated column name are errors.
  static llvm::Expected<Table> read(llvm::StringRef path,
                                    const TableOptions &options = {});
  /// The same of `text`; `path` chooses defaults and is used in messages.
  static llvm::Expected<Table> parse(llvm::StringRef text, llvm::StringRef path,
                                     const TableOptions &options = {});

  llvm::StringRef path() const { return file; }
  int64_t numRows() const {
    return names.empty() ? 0 : int64_t(cells.size() / names.size());
  }
  int64_t numColumns() const { return names.size(); }
  /// The columns' names; "0", "1", ... if the file gives none.
  llvm::ArrayRef<std::string> columnNames() const { return names; }
  /// The column of that name; otherwise the error lists the names there are.
  llvm::Expected<int64_t> findColumn(llvm::StringRef name) const;
  llvm::Expected<std::vector<int64_t>>
  findColumns(llvm::ArrayRef<std::string> names) const;

  /// The text of a cell, without quotes.
  llvm::StringRef cell(int64_t row, int64_t column) const {
    return cells[row * numColumns() + column].text;
  }
  /// "file:line:column" of a cell; lines and columns (bytes) count from 1.
  std::string location(int64_t row, int64_t column) const;

  /// True if the first cell that is neither empty nor a word for "missing" is
  /// a number.
  bool looksNumeric(int64_t column) const;
  /// The columns for which `looksNumeric` holds.
  std::vector<int64_t> numericColumns() const;

  /// The column's cells as they are.
  std::vector<llvm::StringRef> textColumn(int64_t column) const;
  /// The column as numbers. A cell that is empty, not a number, NaN, infinite
  /// or beyond the range of f64 is an error with its location.
  llvm::Expected<std::vector<double>> numericColumn(int64_t column) const;
  /// Columns side by side: an f64 tensor [numRows, columns].
  llvm::Expected<Tensor> matrix(llvm::ArrayRef<int64_t> columns) const;

private:
  struct Cell {
    llvm::StringRef text;
    uint32_t line, column;
  };
  struct Parser;

  llvm::Expected<double> parseNumber(int64_t row, int64_t column) const;

  std::string file;
  /// Cells point into the buffer, or into `unquoted` if they had "" in them.
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::unique_ptr<llvm::BumpPtrAllocator> unquoted;
  std::vector<std::string> names;
  std::vector<Cell> cells;
};

} // namespace ravel

#endif // RAVEL_TRAINING_TABLE_H
