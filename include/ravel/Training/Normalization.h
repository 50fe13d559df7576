//===- Normalization.h - Standardized columns -------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_NORMALIZATION_H
#define RAVEL_TRAINING_NORMALIZATION_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace ravel {

/// Per column, the mean and the standard deviation that bring it to mean 0 and
/// standard deviation 1. A constant column has standard deviation 1, so that
/// it becomes zero.
class Normalization {
public:
  /// Fits an f32 or f64 matrix [rows, columns] on its rows [begin, end), which
  /// should be the training part and nothing else. `names` are the columns'.
  static llvm::Expected<Normalization> fit(const Tensor &matrix, int64_t begin,
                                           int64_t end,
                                           llvm::ArrayRef<std::string> names);

  int64_t numColumns() const { return columns.size(); }
  llvm::StringRef name(int64_t column) const { return columns[column].name; }
  double mean(int64_t column) const { return columns[column].mean; }
  /// Of the population (divided by the number of rows).
  double deviation(int64_t column) const { return columns[column].deviation; }

  /// That of some columns only, by name: to undo predictions, for example.
  llvm::Expected<Normalization> select(llvm::ArrayRef<std::string> names) const;

  /// (x - mean) / deviation, in place, on an f32 or f64 tensor whose last
  /// dimension is the columns.
  llvm::Error apply(Tensor &tensor) const;
  /// x * deviation + mean, in place.
  llvm::Error undo(Tensor &tensor) const;

  llvm::json::Value toJSON() const;
  /// `path` is used in messages only.
  static llvm::Expected<Normalization> fromJSON(const llvm::json::Value &value,
                                                llvm::StringRef path);
  llvm::Error save(llvm::StringRef path) const;
  static llvm::Expected<Normalization> load(llvm::StringRef path);

private:
  struct Column {
    std::string name;
    double mean, deviation;
  };
  llvm::Error check(const Tensor &tensor) const;

  std::vector<Column> columns;
};

} // namespace ravel

#endif // RAVEL_TRAINING_NORMALIZATION_H
