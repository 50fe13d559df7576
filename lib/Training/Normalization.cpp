//===- Normalization.cpp - Standardized columns ---------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Normalization.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace llvm;
namespace ravel {

/// Calls `fn` with each row of a floating-point tensor of that row width.
template <typename Fn>
static void forEachRow(Tensor &tensor, int64_t width, Fn fn) {
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      MutableArrayRef<T> rest = tensor.view<T>();
      for (; !rest.empty(); rest = rest.drop_front(width))
        fn(rest.take_front(width));
    }
  });
}

Expected<Normalization> Normalization::fit(const Tensor &matrix, int64_t begin,
                                           int64_t end,
                                           ArrayRef<std::string> names) {
  if (!isFloat(matrix.dtype()) || matrix.rank() != 2 ||
      matrix.dim(1) != int64_t(names.size()))
    return makeError("normalization needs a float matrix with " +
                     Twine(names.size()) + " columns, not shape " +
                     toString(matrix.shape()) + " of " +
                     getName(matrix.dtype()));
  if (begin < 0 || end > matrix.dim(0) || begin >= end)
    return makeError("cannot fit a normalization on rows " + Twine(begin) +
                     " to " + Twine(end) + " of " + Twine(matrix.dim(0)));
  Expected<Tensor> wide = matrix.convertTo(DType::F64);
  if (!wide)
    return wide.takeError();
  ArrayRef<double> values = wide->view<double>();
  int64_t width = names.size();
  Normalization result;
  for (auto [column, name] : enumerate(names)) {
    // Two passes: the mean first, so that squares do not cancel.
    double sum = 0, squares = 0, count = end - begin;
    for (int64_t row = begin; row < end; ++row)
      sum += values[row * width + column];
    double mean = sum / count;
    for (int64_t row = begin; row < end; ++row) {
      double difference = values[row * width + column] - mean;
      squares += difference * difference;
    }
    double deviation = std::sqrt(squares / count);
    if (!std::isfinite(mean) || !std::isfinite(deviation))
      return makeError("column '" + name +
                       "' cannot be normalized: its "
                       "values, or their squares, are not finite");
    // What rounding of the mean leaves of a constant is not a deviation.
    if (deviation <= 1e-14 * std::abs(mean))
      deviation = 0;
    result.columns.push_back({name, mean, deviation > 0 ? deviation : 1.0});
  }
  return result;
}

Expected<Normalization>
Normalization::select(ArrayRef<std::string> names) const {
  Normalization result;
  for (const std::string &name : names) {
    auto it = find_if(
        columns, [&](const Column &column) { return column.name == name; });
    if (it == columns.end())
      return makeError("the normalization has no column '" + name + "'");
    result.columns.push_back(*it);
  }
  return result;
}

Error Normalization::check(const Tensor &tensor) const {
  if (!isFloat(tensor.dtype()) || tensor.rank() == 0 ||
      tensor.dim(tensor.rank() - 1) != numColumns())
    return makeError("cannot normalize shape " + toString(tensor.shape()) +
                     " of " + getName(tensor.dtype()) +
                     "; expected floats with a last dimension of " +
                     Twine(numColumns()));
  return Error::success();
}

Error Normalization::apply(Tensor &tensor) const {
  if (Error error = check(tensor))
    return error;
  forEachRow(tensor, numColumns(), [&](auto row) {
    for (auto [value, column] : zip_equal(row, columns))
      value = (double(value) - column.mean) / column.deviation;
  });
  return Error::success();
}

Error Normalization::undo(Tensor &tensor) const {
  if (Error error = check(tensor))
    return error;
  forEachRow(tensor, numColumns(), [&](auto row) {
    for (auto [value, column] : zip_equal(row, columns))
      value = double(value) * column.deviation + column.mean;
  });
  return Error::success();
}

json::Value Normalization::toJSON() const {
  json::Array array;
  for (const Column &column : columns)
    array.push_back(json::Object{{"name", json::fixUTF8(column.name)},
                                 {"mean", column.mean},
                                 {"deviation", column.deviation}});
  return json::Object{{"columns", std::move(array)}};
}

Expected<Normalization> Normalization::fromJSON(const json::Value &value,
                                                StringRef path) {
  const json::Object *object = value.getAsObject();
  const json::Array *array = object ? object->getArray("columns") : nullptr;
  if (!array)
    return makeFileError(path, "malformed normalization: expected an object "
                               "with 'columns'");
  Normalization result;
  for (const json::Value &item : *array) {
    const json::Object *column = item.getAsObject();
    std::optional<StringRef> name;
    std::optional<double> mean, deviation;
    if (column) {
      name = column->getString("name");
      mean = column->getNumber("mean");
      deviation = column->getNumber("deviation");
    }
    if (!name || !mean || !deviation || !(*deviation > 0) ||
        !std::isfinite(*mean) || !std::isfinite(*deviation))
      return makeFileError(path, "malformed normalization: a column must have "
                                 "a 'name', a 'mean' and a positive "
                                 "'deviation'");
    result.columns.push_back({name->str(), *mean, *deviation});
  }
  return result;
}

Error Normalization::save(StringRef path) const {
  return writeJSON(path, toJSON());
}

Expected<Normalization> Normalization::load(StringRef path) {
  Expected<json::Object> object = readJSONObject(path);
  if (!object)
    return object.takeError();
  return fromJSON(std::move(*object), path);
}

} // namespace ravel
