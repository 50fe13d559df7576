//===- Dataset.h - Examples made of named fields ----------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dataset is a list of examples, each with a value for every field: one
// element, or a sequence of them. An element is an int, a float, or a vector of
// floats, as in a model's types i32, f32, tensor<Dxf32>, !rnn.seq<i32>, ...
//
// Fields do not own their examples one by one. All elements of a field are the
// rows of one tensor, and an example is a run of rows; so overlapping windows
// share their memory, and splitting a dataset copies nothing but indices.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_DATASET_H
#define RAVEL_TRAINING_DATASET_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ravel {

/// What a field is.
struct FieldSpec {
  std::string name;
  DType dtype = DType::F32; // F32, F64 or I32
  /// Of one element: [] for a number, [D] for a vector.
  Shape elementShape;
  /// The name of a sequence's time axis; empty if the field holds one element
  /// per example. In an example, all fields of one axis have the same length.
  std::string axis;

  bool isSequence() const { return !axis.empty(); }
};

/// A field with its data.
struct Field {
  FieldSpec spec;
  /// All elements: [R] + elementShape.
  std::shared_ptr<const Tensor> rows;
  /// Per example, its first row and the number of its rows (1 if the field is
  /// no sequence; 0 is allowed if it is).
  std::vector<int64_t> begin, length;
};

/// Which rows of the source (a table, a file of pairs) an example was made of.
struct SourceRows {
  int64_t first = 0;                      // of the inputs
  int64_t targetBegin = 0, targetEnd = 0; // of the targets, [begin, end)
};

class Dataset {
public:
  Dataset() = default;

  /// An error if fields disagree on the number of examples or, on one axis, on
  /// a length; if a name repeats, a row is out of range, a type is not allowed,
  /// or a float is not finite. `sources` has an entry for each example, or none
  /// at all: then example i was made of row i.
  static llvm::Expected<Dataset> create(std::vector<Field> fields,
                                        std::vector<SourceRows> sources = {});

  int64_t size() const { return numExamples; }
  llvm::ArrayRef<Field> fields() const { return list; }
  /// Null if there is none of that name.
  const Field *find(llvm::StringRef name) const;
  /// The names of the time axes, in the order of the fields that have them.
  llvm::ArrayRef<std::string> axes() const { return axisNames; }
  /// The length of an example along an axis that exists.
  int64_t length(llvm::StringRef axis, int64_t example) const;

  /// An example's value: [length] + elementShape for a sequence, elementShape
  /// otherwise. Valid as long as some dataset shares the field.
  TensorRef value(const Field &field, int64_t example) const;
  SourceRows source(int64_t example) const;

  /// The examples of these indices, in this order; they share the data.
  Dataset select(llvm::ArrayRef<int64_t> examples) const;

  /// If not 0, the examples are windows of so many parallel streams, and their
  /// order matters: example k*S + b continues example (k-1)*S + b. `select`
  /// loses this.
  int64_t numStreams() const { return streams; }
  void setNumStreams(int64_t number) { streams = number; }

private:
  std::vector<Field> list;
  std::vector<SourceRows> sources;
  std::vector<std::string> axisNames;
  std::vector<size_t> axisFields; // a field of each axis
  int64_t numExamples = 0, streams = 0;
};

struct Split {
  Dataset training, validation;
};

/// The examples whose targets come from the source's rows [begin, end) alone.
/// Inputs may reach back before `begin`, unless `inputsToo`.
Dataset selectSourceRows(const Dataset &dataset, int64_t begin,
                         int64_t end = std::numeric_limits<int64_t>::max(),
                         bool inputsToo = false);

/// Splits by time: training has the examples whose targets lie before the
/// source's row `row`, validation those whose targets lie at or after it.
/// Examples with targets on both sides are in neither. An empty part, and a
/// dataset of streams, are errors (split their text first).
llvm::Expected<Split> splitAtRow(const Dataset &dataset, int64_t row);

/// Splits by time: validation is the last `fraction` of the source's rows.
llvm::Expected<Split> splitLast(const Dataset &dataset, double fraction);

/// Splits by chance: validation is a fraction of the examples, rounded, that
/// depends on nothing but the seed and the number of examples.
llvm::Expected<Split> splitRandomly(const Dataset &dataset, double fraction,
                                    uint64_t seed);

} // namespace ravel

#endif // RAVEL_TRAINING_DATASET_H
