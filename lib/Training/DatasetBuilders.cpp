//===- DatasetBuilders.cpp - Datasets from tables, text and arrays --------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/DatasetBuilders.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/Npy.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <numeric>

using namespace llvm;
namespace ravel {

static const std::string timeAxis = "time";

//===----------------------------------------------------------------------===//
// Sliding windows over a table
//===----------------------------------------------------------------------===//

/// The named columns, normalized, as rows of a field.
static Expected<std::shared_ptr<const Tensor>>
loadColumns(const Table &table, ArrayRef<std::string> names,
            const Normalization *normalization, DType dtype) {
  Expected<std::vector<int64_t>> columns = table.findColumns(names);
  if (!columns)
    return columns.takeError();
  Expected<Tensor> matrix = table.matrix(*columns);
  if (!matrix)
    return matrix.takeError();
  if (normalization) {
    Expected<Normalization> selected = normalization->select(names);
    if (!selected)
      return selected.takeError();
    if (Error error = selected->apply(*matrix))
      return error;
  }
  Expected<Tensor> converted = matrix->convertTo(dtype);
  if (!converted)
    return makeFileError(table.path(), llvm::toString(converted.takeError()));
  return std::make_shared<const Tensor>(std::move(*converted));
}

Expected<Dataset> buildWindows(const Table &table,
                               const WindowOptions &options) {
  if (options.inputs.empty() || options.targets.empty())
    return makeError("windows need at least one input and one target column");
  if (options.window < 1 || options.horizon < 0 || options.stride < 1)
    return makeError("windows need window >= 1, horizon >= 0 and stride >= 1");
  if (!isFloat(options.dtype))
    return makeError("windows must be of f32 or f64");
  // Neither sum can overflow once each part is less than the rows.
  int64_t rows = table.numRows();
  if (options.window > rows || options.horizon > rows - options.window)
    return makeFileError(
        table.path(),
        "has " + Twine(rows) + " rows; a window of " + Twine(options.window) +
            " and a target " + Twine(options.horizon) + " ahead need " +
            Twine(uint64_t(options.window) + uint64_t(options.horizon)));

  Field x{{options.inputName,
           options.dtype,
           {int64_t(options.inputs.size())},
           timeAxis},
          nullptr,
          {},
          {}};
  Field y{{options.targetName,
           options.dtype,
           {int64_t(options.targets.size())},
           options.everyStep ? timeAxis : ""},
          nullptr,
          {},
          {}};
  for (auto [field, names] :
       {std::pair(&x, &options.inputs), std::pair(&y, &options.targets)}) {
    Expected<std::shared_ptr<const Tensor>> data =
        loadColumns(table, *names, options.normalization, options.dtype);
    if (!data)
      return data.takeError();
    field->rows = std::move(*data);
  }

  std::vector<SourceRows> sources;
  int64_t last = rows - options.window - options.horizon;
  for (int64_t row = 0; row <= last; row += options.stride) {
    x.begin.push_back(row);
    x.length.push_back(options.window);
    int64_t targetEnd = row + options.window + options.horizon;
    int64_t targets = options.everyStep ? options.window : 1;
    y.begin.push_back(targetEnd - targets);
    y.length.push_back(targets);
    sources.push_back({row, targetEnd - targets, targetEnd});
    if (options.stride > last - row)
      break;
  }
  std::vector<Field> fields;
  fields.push_back(std::move(x));
  fields.push_back(std::move(y));
  return Dataset::create(std::move(fields), std::move(sources));
}

Expected<Normalization> fitNormalization(const Table &table,
                                         ArrayRef<std::string> columns,
                                         int64_t begin, int64_t end) {
  Expected<std::vector<int64_t>> indices = table.findColumns(columns);
  if (!indices)
    return indices.takeError();
  Expected<Tensor> matrix = table.matrix(*indices);
  if (!matrix)
    return matrix.takeError();
  return Normalization::fit(*matrix, begin, end, columns);
}

//===----------------------------------------------------------------------===//
// Rows of text
//===----------------------------------------------------------------------===//

/// The rows of an int field.
static std::shared_ptr<const Tensor> makeIntRows(ArrayRef<int32_t> ids) {
  return std::make_shared<const Tensor>(
      Tensor::of<int32_t>({int64_t(ids.size())}, ids));
}

Expected<Dataset> buildTextRows(const Table &table,
                                ArrayRef<TextField> textFields) {
  std::vector<Field> fields;
  for (const TextField &text : textFields) {
    if (text.column < 0 || text.column >= table.numColumns())
      return makeFileError(
          table.path(),
          "has " + Twine(table.numColumns()) + " columns; field '" + text.name +
              "' needs column " + Twine(text.column) + ", counted from 0");
    Field field{{text.name, DType::I32, {}, ""}, nullptr, {}, {}};
    if (!text.isLabel)
      field.spec.axis = text.axis.empty() ? text.name : text.axis;
    std::vector<int32_t> ids;
    for (int64_t row = 0; row < table.numRows(); ++row) {
      StringRef cell = table.cell(row, text.column);
      field.begin.push_back(ids.size());
      if (text.isLabel) {
        std::optional<int32_t> id = text.vocabulary->find(cell.trim());
        if (!id)
          id = text.vocabulary->unknownId();
        if (!id)
          return makeError(table.location(row, text.column) + ": label '" +
                           cell.trim() + "' is not in the vocabulary");
        ids.push_back(*id);
      } else {
        Expected<std::vector<int32_t>> symbols = text.vocabulary->encode(cell);
        if (!symbols)
          return makeError(table.location(row, text.column) + ": " +
                           llvm::toString(symbols.takeError()));
        llvm::append_range(ids, text.prefix);
        llvm::append_range(ids, *symbols);
        llvm::append_range(ids, text.suffix);
      }
      field.length.push_back(ids.size() - field.begin.back());
    }
    field.rows = makeIntRows(ids);
    fields.push_back(std::move(field));
  }
  Expected<Dataset> dataset = Dataset::create(std::move(fields));
  if (!dataset)
    return makeFileError(table.path(), llvm::toString(dataset.takeError()));
  return dataset;
}

//===----------------------------------------------------------------------===//
// One long text
//===----------------------------------------------------------------------===//

Expected<Dataset> buildStreams(ArrayRef<int32_t> ids,
                               const StreamOptions &options) {
  if (options.streams < 1 || options.window < 1)
    return makeError("streams need at least 1 stream and a window of at least "
                     "1 step");
  // Every step needs a successor to be its target.
  int64_t perStream = (int64_t(ids.size()) - 1) / options.streams;
  if (ids.empty() || perStream < 1)
    return makeError(
        "a text of " + Twine(ids.size()) + " symbols cannot be cut into " +
        Twine(options.streams) +
        " streams; expected at least one symbol more than streams");
  std::shared_ptr<const Tensor> rows = makeIntRows(ids);
  Field x{{options.inputName, DType::I32, {}, timeAxis}, rows, {}, {}};
  Field y{{options.targetName, DType::I32, {}, timeAxis}, rows, {}, {}};
  for (int64_t start = 0; start < perStream;) {
    int64_t length = std::min(options.window, perStream - start);
    for (int64_t stream = 0; stream < options.streams; ++stream) {
      int64_t first = stream * perStream + start;
      x.begin.push_back(first);
      y.begin.push_back(first + 1);
      x.length.push_back(length);
      y.length.push_back(length);
    }
    start += length;
  }
  std::vector<Field> fields;
  fields.push_back(std::move(x));
  fields.push_back(std::move(y));
  Expected<Dataset> dataset = Dataset::create(std::move(fields));
  if (dataset)
    dataset->setNumStreams(options.streams);
  return dataset;
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

namespace {
/// Builds the fields of one archive.
class ArrayReader {
public:
  ArrayReader(const NamedTensors &arrays, StringRef source,
              const ArrayOptions &options)
      : arrays(arrays), source(source), options(options) {}

  Expected<Field> read(StringRef name, const Tensor &array);

private:
  using Lengths = std::vector<int64_t>;

  Expected<std::optional<Lengths>> readLengths(const std::string &name) const;
  static ArrayLayout guess(const Tensor &array, const Lengths *lengths,
                           bool ownLengths);
  Error fail(StringRef name, const Twine &what) const {
    return makeFileError(source, "array '" + name + "' " + what);
  }

  const NamedTensors &arrays;
  StringRef source;
  const ArrayOptions &options;
};
} // namespace

/// The lengths in the array of that name, if there is one.
Expected<std::optional<std::vector<int64_t>>>
ArrayReader::readLengths(const std::string &name) const {
  auto it = arrays.find(name);
  if (it == arrays.end())
    return std::nullopt;
  const Tensor &array = it->second;
  if (array.rank() != 1)
    return fail(name, "has shape " + toString(array.shape()) +
                          "; expected one length per example");
  Expected<Tensor> lengths = array.convertTo(DType::I64);
  if (!lengths)
    return fail(name, "must hold whole numbers: " +
                          llvm::toString(lengths.takeError()));
  for (auto [i, length] : enumerate(lengths->view<int64_t>()))
    if (length < 0 || length >= int64_t(1) << 40)
      return fail(name, "has the impossible length " + Twine(length) + " at [" +
                            Twine(i) + "]");
  return lengths->view<int64_t>().vec();
}

ArrayLayout ArrayReader::guess(const Tensor &array, const Lengths *lengths,
                               bool ownLengths) {
  int64_t first = array.dim(0);
  bool perExample = lengths && int64_t(lengths->size()) == first;
  if (array.rank() >= 3)
    return ArrayLayout::Padded;
  if (lengths && !perExample &&
      std::accumulate(lengths->begin(), lengths->end(), int64_t(0)) == first)
    return ArrayLayout::Flat;
  if (array.rank() == 2 &&
      (!isFloat(array.dtype()) || (ownLengths && perExample)))
    return ArrayLayout::Padded;
  return ownLengths ? ArrayLayout::Flat : ArrayLayout::Elements;
}

Expected<Field> ArrayReader::read(StringRef name, const Tensor &array) {
  if (array.rank() < 1 || array.rank() > 3)
    return fail(name, "has shape " + toString(array.shape()) +
                          "; expected 1 to 3 dimensions");
  Expected<std::optional<Lengths>> own = readLengths(name.str() + "_lengths");
  if (!own)
    return own.takeError();
  Expected<std::optional<Lengths>> shared = readLengths("lengths");
  if (!shared)
    return shared.takeError();
  const Lengths *lengths = *own ? &**own : *shared ? &**shared : nullptr;

  auto chosen = options.layouts.find(name.str());
  ArrayLayout layout =
      chosen == options.layouts.end() ? ArrayLayout::Guess : chosen->second;
  if (layout == ArrayLayout::Guess)
    layout = guess(array, lengths, own->has_value());

  Field field;
  field.spec.name = name.str();
  field.spec.dtype = isFloat(array.dtype()) ? options.dtype : DType::I32;
  if (layout != ArrayLayout::Elements)
    field.spec.axis = own->has_value() ? name.str() : timeAxis;
  unsigned leading = layout == ArrayLayout::Padded ? 2 : 1;
  if (array.rank() < leading || array.rank() > leading + 1)
    return fail(name,
                "has shape " + toString(array.shape()) + "; expected " +
                    (leading == 2 ? "[N, T] or [N, T, D] of padded sequences"
                                  : "[N] or [N, D]"));
  ArrayRef<int64_t> elementShape = array.shape().drop_front(leading);
  field.spec.elementShape.assign(elementShape.begin(), elementShape.end());
  if (field.spec.dtype == DType::I32 && !elementShape.empty())
    return fail(name, "holds vectors of integers; expected floats, or one "
                      "integer per element");
  if (layout == ArrayLayout::Flat && !lengths)
    return fail(name, "holds sequences end to end, but there is no array '" +
                          name + "_lengths' or 'lengths'");

  // Which runs of the array's elements are the examples.
  int64_t numExamples =
      layout == ArrayLayout::Flat ? int64_t(lengths->size()) : array.dim(0);
  if (layout == ArrayLayout::Padded && lengths &&
      int64_t(lengths->size()) != numExamples)
    return fail(name, "has " + Twine(numExamples) + " examples; there are " +
                          Twine(lengths->size()) + " lengths");
  std::vector<int64_t> begins; // in the array
  int64_t end = 0, numRows = 0;
  for (int64_t i = 0; i < numExamples; ++i) {
    int64_t length = 1, begin = i;
    if (layout == ArrayLayout::Padded) {
      length = lengths ? (*lengths)[i] : array.dim(1);
      if (length > array.dim(1))
        return fail(name, "is padded to " + Twine(array.dim(1)) +
                              " steps; the length of example " + Twine(i) +
                              " is " + Twine(length));
      begin = i * array.dim(1);
    } else if (layout == ArrayLayout::Flat) {
      length = (*lengths)[i];
      begin = end;
      if (length > array.dim(0) - end)
        return fail(name, "has " + Twine(array.dim(0)) +
                              " rows; the lengths add up to more");
      end += length;
    }
    begins.push_back(begin);
    field.begin.push_back(numRows);
    field.length.push_back(length);
    numRows += length;
  }
  if (layout == ArrayLayout::Flat && end != array.dim(0))
    return fail(name, "has " + Twine(array.dim(0)) +
                          " rows; the lengths add up to " + Twine(end));

  // Gather what is not padding, look at it, and convert it.
  Shape rowShape(elementShape);
  int64_t width = *countElements(rowShape);
  rowShape.insert(rowShape.begin(), numRows);
  Tensor rows(array.dtype(), rowShape);
  int64_t rowBytes = width * getSizeInBytes(array.dtype());
  for (int64_t i = 0; i < numExamples; ++i) {
    const char *from =
        static_cast<const char *>(array.data()) + begins[i] * rowBytes;
    int64_t length = field.length[i];
    TensorRef run{array.dtype(), {length * width}, from};
    if (std::optional<int64_t> at = findNonFinite(run))
      return fail(name,
                  "is not finite at " +
                      toIndexString(array.shape(), begins[i] * width + *at));
    if (length * rowBytes > 0)
      std::memcpy(static_cast<char *>(rows.data()) + field.begin[i] * rowBytes,
                  from, length * rowBytes);
  }
  Expected<Tensor> converted = rows.convertTo(field.spec.dtype);
  if (!converted)
    return fail(name,
                "cannot be used: " + llvm::toString(converted.takeError()) +
                    " (counted without padding)");
  field.rows = std::make_shared<const Tensor>(std::move(*converted));
  return field;
}

Expected<Dataset> buildFromArrays(const NamedTensors &arrays, StringRef source,
                                  const ArrayOptions &options) {
  std::vector<std::string> names = options.fields;
  if (names.empty())
    for (const auto &[name, array] : arrays)
      if (name != "lengths" && !StringRef(name).ends_with("_lengths"))
        names.push_back(name);
  if (names.empty())
    return makeFileError(source, "has no arrays to make fields of");
  ArrayReader reader(arrays, source, options);
  std::vector<Field> fields;
  for (const std::string &name : names) {
    auto it = arrays.find(name);
    if (it == arrays.end()) {
      std::string present;
      for (const auto &[other, array] : arrays)
        present += (present.empty() ? "" : ", ") + other;
      return makeFileError(source, "has no array '" + name +
                                       "'; its arrays are " + present);
    }
    Expected<Field> field = reader.read(name, it->second);
    if (!field)
      return field.takeError();
    fields.push_back(std::move(*field));
  }
  Expected<Dataset> dataset = Dataset::create(std::move(fields));
  if (!dataset)
    return makeFileError(source, llvm::toString(dataset.takeError()));
  return dataset;
}

Expected<Dataset> buildFromNpz(StringRef path, const ArrayOptions &options) {
  Expected<NamedTensors> arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  return buildFromArrays(*arrays, path, options);
}

} // namespace ravel
