//===- Dataset.cpp - Examples made of named fields ------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Dataset.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Random.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <numeric>

using namespace llvm;
namespace ravel {

/// Checks one field by itself.
static Error checkField(const Field &field) {
  auto fail = [&](const Twine &what) {
    return makeError("field '" + field.spec.name + "' " + what);
  };
  const FieldSpec &spec = field.spec;
  if (spec.dtype != DType::F32 && spec.dtype != DType::F64 &&
      spec.dtype != DType::I32)
    return fail("has elements of " + getName(spec.dtype) +
                "; expected f32, f64 or i32");
  if (spec.elementShape.size() > 1)
    return fail("has elements of shape " + toString(spec.elementShape) +
                "; expected numbers or vectors");
  Shape rowShape = spec.elementShape;
  rowShape.insert(rowShape.begin(),
                  field.rows->rank() ? field.rows->dim(0) : 0);
  if (field.rows->dtype() != spec.dtype ||
      field.rows->shape() != ArrayRef<int64_t>(rowShape))
    return fail("has rows of another type or shape than its elements");
  if (field.begin.size() != field.length.size())
    return fail("has a different number of begins and lengths");
  for (auto [example, begin, length] : enumerate(field.begin, field.length))
    if (begin < 0 || length < 0 || begin > rowShape[0] ||
        length > rowShape[0] - begin || (!spec.isSequence() && length != 1))
      return fail("has rows out of range in example " + Twine(example));
  if (std::optional<int64_t> at = findNonFinite(*field.rows))
    return fail("is not finite at " + toIndexString(rowShape, *at) +
                " of its rows");
  return Error::success();
}

Expected<Dataset> Dataset::create(std::vector<Field> fields,
                                  std::vector<SourceRows> sources) {
  Dataset dataset;
  if (fields.empty())
    return makeError("a dataset must have a field");
  dataset.numExamples = fields.front().begin.size();
  for (auto [index, field] : enumerate(fields)) {
    const FieldSpec &spec = field.spec;
    if (Error error = checkField(field))
      return error;
    if (int64_t(field.begin.size()) != dataset.numExamples)
      return makeError("field '" + spec.name + "' has " +
                       Twine(field.begin.size()) + " examples; expected " +
                       Twine(dataset.numExamples) + ", as field '" +
                       fields.front().spec.name + "' has");
    for (const Field &other : ArrayRef(fields).take_front(index))
      if (other.spec.name == spec.name)
        return makeError("field '" + spec.name + "' occurs twice");
    if (!spec.isSequence())
      continue;
    auto it = llvm::find(dataset.axisNames, spec.axis);
    if (it == dataset.axisNames.end()) {
      dataset.axisNames.push_back(spec.axis);
      dataset.axisFields.push_back(index);
      continue;
    }
    const Field &first =
        fields[dataset.axisFields[it - dataset.axisNames.begin()]];
    for (int64_t i = 0; i < dataset.numExamples; ++i)
      if (field.length[i] != first.length[i])
        return makeError("in example " + Twine(i) + ", field '" + spec.name +
                         "' has length " + Twine(field.length[i]) +
                         "; expected " + Twine(first.length[i]) +
                         ", as field '" + first.spec.name +
                         "' of the same axis '" + spec.axis + "' has");
  }
  if (!sources.empty() && int64_t(sources.size()) != dataset.numExamples)
    return makeError("a dataset's sources must be as many as its examples");
  if (sources.empty())
    for (int64_t i = 0; i < dataset.numExamples; ++i)
      sources.push_back({i, i, i + 1});
  dataset.list = std::move(fields);
  dataset.sources = std::move(sources);
  return dataset;
}

const Field *Dataset::find(StringRef name) const {
  auto it = find_if(
      list, [&](const Field &field) { return field.spec.name == name; });
  return it == list.end() ? nullptr : &*it;
}

int64_t Dataset::length(StringRef axis, int64_t example) const {
  auto it = llvm::find(axisNames, axis);
  assert(it != axisNames.end() && "no such axis");
  return list[axisFields[it - axisNames.begin()]].length[example];
}

TensorRef Dataset::value(const Field &field, int64_t example) const {
  TensorRef ref{field.spec.dtype, field.spec.elementShape, nullptr};
  int64_t rowBytes = ref.sizeInBytes();
  ref.data = static_cast<const char *>(field.rows->data()) +
             field.begin[example] * rowBytes;
  if (field.spec.isSequence())
    ref.shape.insert(ref.shape.begin(), field.length[example]);
  return ref;
}

SourceRows Dataset::source(int64_t example) const { return sources[example]; }

Dataset Dataset::select(ArrayRef<int64_t> examples) const {
  Dataset result;
  result.axisNames = axisNames;
  result.axisFields = axisFields;
  result.numExamples = examples.size();
  for (int64_t example : examples)
    result.sources.push_back(sources[example]);
  for (const Field &field : list) {
    Field part{field.spec, field.rows, {}, {}};
    for (int64_t example : examples) {
      part.begin.push_back(field.begin[example]);
      part.length.push_back(field.length[example]);
    }
    result.list.push_back(std::move(part));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Splits
//===----------------------------------------------------------------------===//

Dataset selectSourceRows(const Dataset &dataset, int64_t begin, int64_t end,
                         bool inputsToo) {
  std::vector<int64_t> examples;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    SourceRows source = dataset.source(i);
    if (source.targetBegin >= begin && source.targetEnd <= end &&
        (!inputsToo || source.first >= begin))
      examples.push_back(i);
  }
  return dataset.select(examples);
}

static Error checkSplit(const Dataset &dataset) {
  if (dataset.numStreams())
    return makeError("a dataset of streams cannot be split; split its text");
  return Error::success();
}

static Expected<Split> checkParts(Split split) {
  if (split.training.size() == 0 || split.validation.size() == 0)
    return makeError("the split leaves " + Twine(split.training.size()) +
                     " examples for training and " +
                     Twine(split.validation.size()) +
                     " for validation; expected some of each");
  return split;
}

Expected<Split> splitAtRow(const Dataset &dataset, int64_t row) {
  if (Error error = checkSplit(dataset))
    return error;
  return checkParts(
      {selectSourceRows(dataset, 0, row), selectSourceRows(dataset, row)});
}

static Error checkFraction(double fraction) {
  if (fraction > 0 && fraction < 1)
    return Error::success();
  return makeError(formatv("the fraction for validation must lie between 0 and "
                           "1, not be {0}",
                           fraction)
                       .str());
}

Expected<Split> splitLast(const Dataset &dataset, double fraction) {
  if (Error error = checkFraction(fraction))
    return error;
  int64_t rows = 0;
  for (int64_t i = 0; i < dataset.size(); ++i)
    rows = std::max(rows, dataset.source(i).targetEnd);
  return splitAtRow(dataset, rows - std::llround(rows * fraction));
}

Expected<Split> splitRandomly(const Dataset &dataset, double fraction,
                              uint64_t seed) {
  if (Error error = checkSplit(dataset))
    return error;
  if (Error error = checkFraction(fraction))
    return error;
  std::vector<int64_t> order(dataset.size());
  std::iota(order.begin(), order.end(), 0);
  Random(seed).shuffle(MutableArrayRef(order));
  MutableArrayRef<int64_t> all = order;
  size_t count = std::llround(dataset.size() * fraction);
  MutableArrayRef<int64_t> validation = all.take_front(count);
  MutableArrayRef<int64_t> training = all.drop_front(count);
  llvm::sort(validation);
  llvm::sort(training);
  return checkParts({dataset.select(training), dataset.select(validation)});
}

} // namespace ravel
