//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a model's inputs are made of: which columns, cut how, normalized by
// what, with which vocabularies. Training fits this to its data and saves it as
// data.json, so that a trained model meets new data in the same way.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_DATA_H
#define RAVEL_TOOLS_RAVEL_DATA_H

#include "ravel/Execution/Module.h"
#include "ravel/Training/Dataset.h"
#include "ravel/Training/Normalization.h"
#include "ravel/Training/Table.h"
#include "ravel/Training/Vocabulary.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ravel::driver {

/// A half-open range of a table's rows.
struct RowRange {
  int64_t begin = 0, end = std::numeric_limits<int64_t>::max();
  static llvm::Expected<RowRange> parse(llvm::StringRef text);
};

/// How validation data are held out.
struct SplitSpec {
  enum Kind { None, Time, Row, Seed } kind = None;
  double fraction = 0;
  int64_t row = 0;
  static llvm::Expected<SplitSpec> parse(llvm::StringRef text);
};

/// An input of the model that columns of a table make up.
struct ColumnField {
  enum Kind { Numbers, Words, Characters, Label } kind = Numbers;
  std::string name;
  std::vector<std::string> columns; // one, unless of numbers
  bool isTarget = false;
  bool isResidual = false;
};

class DataConfig {
public:
  enum Kind { Table, Text, Arrays };
  /// What a function takes of data.
  using Inputs = llvm::ArrayRef<const Argument *>;

  /// What the command line says.
  static llvm::Expected<DataConfig> fromCommandLine();
  llvm::json::Value toJSON() const;
  static llvm::Expected<DataConfig> fromJSON(const llvm::json::Object &object,
                                             llvm::StringRef path);
  static llvm::Expected<DataConfig> load(llvm::StringRef path);

  Kind kind() const { return which; }
  void setDType(DType type) { dtype = type; }

  /// Reads data for training, held-out part and all, and fits normalization
  /// and vocabularies to the training part. `inputs` are those of the
  /// objective. `validation` may be the path of a file of its own.
  llvm::Expected<Split> fit(llvm::StringRef path, llvm::StringRef validation,
                            const SplitSpec &split, RowRange rows,
                            uint64_t seed, Inputs inputs);

  /// Reads more data of the same kind, of which `inputs` are needed. If no
  /// target is among these, windows reach to the end of the table. `table`, if
  /// given, receives the table.
  llvm::Expected<Dataset> read(llvm::StringRef path, RowRange rows,
                               Inputs inputs,
                               std::optional<ravel::Table> *table = nullptr);

  /// The numeric field to be predicted; null if there is not exactly one.
  const ColumnField *numericTarget() const;
  /// The vocabulary of what is to be predicted; null if there is none.
  const Vocabulary *targetVocabulary() const;
  /// Of a text: the vocabulary.
  const Vocabulary *textVocabulary() const;
  /// Of sequences that a decoder was taught; null if there are none.
  const Vocabulary *generatedVocabulary() const;
  /// That of an input; null if it has none.
  const Vocabulary *vocabularyOf(llvm::StringRef input) const;

  /// The mean and deviation that a column was normalized by; 0 and 1 if not.
  std::pair<double, double> scaleOf(llvm::StringRef column) const;
  /// Whether examples are windows of a table.
  bool isWindowed() const {
    return which == Table && (window > 0 || everyStep);
  }
  /// Whether all rows of a table are one sequence.
  bool isSeries() const { return which == Table && window == 0 && everyStep; }
  bool hasTargetEveryStep() const { return everyStep; }
  int64_t getHorizon() const { return horizon; }

private:
  llvm::Expected<ravel::Table> readTable(llvm::StringRef path) const;
  llvm::Expected<Dataset> build(const ravel::Table &table, RowRange rows,
                                Inputs inputs) const;
  llvm::Expected<Split> buildParts(const ravel::Table &table, RowRange rows,
                                   const SplitSpec &split, uint64_t seed,
                                   Inputs inputs) const;
  /// The rows that an example's inputs are made of.
  int64_t countInputRows(const Dataset &dataset) const;
  llvm::Error fitColumns(const ravel::Table &table, const Dataset &training);
  llvm::Error fitVocabularies(const ravel::Table &table,
                              llvm::ArrayRef<int64_t> trainingRows,
                              Inputs inputs);
  llvm::Expected<Split> fitText(llvm::StringRef path,
                                llvm::StringRef validation,
                                const SplitSpec &split);
  llvm::Expected<Dataset> buildText(llvm::StringRef text) const;
  llvm::Error check() const;

  Kind which = Arrays;
  DType dtype = DType::F32;
  // Of a table.
  std::vector<ColumnField> fields;
  int64_t window = 0, horizon = 1, stride = 1;
  bool everyStep = false, normalize = true;
  std::vector<std::string> rawColumns;
  std::optional<Normalization> normalization;
  int64_t maxVocabulary = 0;
  std::map<std::string, Vocabulary, std::less<>> vocabularies; // by field
  // Of a text: its vocabulary is that of the first name.
  std::vector<std::string> textInputs;
  TextUnit unit = TextUnit::Character;
  int64_t streams = 32;
};

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_DATA_H
