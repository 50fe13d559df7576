//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Generator.h"
#include "mlir/IR/DialectImplementation.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Dialect/RNN/IR/Reservoir.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace ravel::rnn;

namespace ravel::rnn::detail {

static FailureOr<APFloat> parseDouble(AsmParser &parser) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  return APFloat(value);
}

static void printDouble(AsmPrinter &printer, const APFloat &value) {
  printer.printFloat(value);
}

/// A number, a word, or what stands for one.
static FailureOr<Attribute> parseSettable(AsmParser &parser) {
  Attribute value;
  if (parser.parseAttribute(value))
    return failure();
  return value;
}

static void printSettable(AsmPrinter &printer, Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value))
    printer.printFloat(number.getValue());
  else
    printer.printAttributeWithoutType(value);
}

} // namespace ravel::rnn::detail

static ParseResult parseSettableValue(AsmParser &parser, Attribute &value) {
  return parser.parseAttribute(value);
}

static void printSettableValue(AsmPrinter &printer, Attribute value) {
  ravel::rnn::detail::printSettable(printer, value);
}

#define GET_ATTRDEF_CLASSES
#include "ravel/Dialect/RNN/IR/RNNAttributes.cpp.inc"

void RNNDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ravel/Dialect/RNN/IR/RNNAttributes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Initializers
//===----------------------------------------------------------------------===//

namespace {

/// Inputs and outputs of a parameter of `shape`.
std::pair<int64_t, int64_t> getFans(ArrayRef<int64_t> shape) {
  if (shape.size() < 2)
    return {1, shape.empty() ? 1 : shape.front()};
  int64_t inputs = 1;
  for (int64_t size : shape.drop_back())
    inputs *= size;
  return {inputs, shape.back()};
}

} // namespace

llvm::Error ZerosAttr::fill(ArrayRef<int64_t>, uint64_t,
                            MutableArrayRef<double> values) const {
  llvm::fill(values, 0.0);
  return llvm::Error::success();
}

llvm::Error ConstantInitAttr::fill(ArrayRef<int64_t>, uint64_t,
                                   MutableArrayRef<double> values) const {
  llvm::fill(values, getValue().convertToDouble());
  return llvm::Error::success();
}

llvm::Error UniformAttr::fill(ArrayRef<int64_t>, uint64_t seed,
                              MutableArrayRef<double> values) const {
  Generator generator(seed);
  for (double &value : values)
    value = getLow().convertToDouble() +
            (getHigh().convertToDouble() - getLow().convertToDouble()) *
                generator.uniform();
  return llvm::Error::success();
}

llvm::Error NormalAttr::fill(ArrayRef<int64_t>, uint64_t seed,
                             MutableArrayRef<double> values) const {
  Generator generator(seed);
  for (double &value : values)
    value = getMean().convertToDouble() +
            getStddev().convertToDouble() * generator.normal();
  return llvm::Error::success();
}

llvm::Error GlorotAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                             MutableArrayRef<double> values) const {
  auto [inputs, outputs] = getFans(shape);
  double bound = std::sqrt(6.0 / static_cast<double>(inputs + outputs));
  Generator generator(seed);
  for (double &value : values)
    value = bound * (2.0 * generator.uniform() - 1.0);
  return llvm::Error::success();
}

llvm::Error HeAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                         MutableArrayRef<double> values) const {
  double stddev = std::sqrt(2.0 / static_cast<double>(getFans(shape).first));
  Generator generator(seed);
  for (double &value : values)
    value = stddev * generator.normal();
  return llvm::Error::success();
}

llvm::Error OrthogonalAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                                 MutableArrayRef<double> values) const {
  std::pair<int64_t, int64_t> fans = getFans(shape);
  int64_t rows = fans.first, columns = fans.second;
  // Orthonormalize the fewer of rows and columns: `count` vectors of `length`.
  bool byRows = rows <= columns;
  int64_t count = byRows ? rows : columns, length = byRows ? columns : rows;
  auto at = [&](int64_t vector, int64_t component) -> double & {
    return byRows ? values[vector * columns + component]
                  : values[component * columns + vector];
  };
  Generator generator(seed);
  for (int64_t v = 0; v < count; ++v) {
    double norm = 0.0;
    // A draw that (nearly) lies in the span of those before is drawn again.
    while (norm < 1e-6) {
      for (int64_t i = 0; i < length; ++i)
        at(v, i) = generator.normal();
      // Gram-Schmidt twice is orthogonal to rounding (Giraud et al., 2005).
      for (int pass = 0; pass < 2; ++pass)
        for (int64_t u = 0; u < v; ++u) {
          double dot = 0.0;
          for (int64_t i = 0; i < length; ++i)
            dot += at(v, i) * at(u, i);
          for (int64_t i = 0; i < length; ++i)
            at(v, i) -= dot * at(u, i);
        }
      norm = 0.0;
      for (int64_t i = 0; i < length; ++i)
        norm += at(v, i) * at(v, i);
      norm = std::sqrt(norm);
    }
    for (int64_t i = 0; i < length; ++i)
      at(v, i) /= norm;
  }
  for (double &value : values)
    value *= getGain().convertToDouble();
  return llvm::Error::success();
}

llvm::Error IdentityAttr::fill(ArrayRef<int64_t> shape, uint64_t,
                               MutableArrayRef<double> values) const {
  auto [rows, columns] = getFans(shape);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      values[r * columns + c] = r == c ? getGain().convertToDouble() : 0.0;
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Reservoirs
//===----------------------------------------------------------------------===//

/// What a setting stands for until a use of its cell gives another value.
static Attribute resolve(Attribute value) {
  while (auto setting = dyn_cast_or_null<SettingAttr>(value))
    value = setting.getValue();
  return value;
}

static std::optional<double> getNumber(Attribute value) {
  value = resolve(value);
  if (auto real = dyn_cast_or_null<FloatAttr>(value))
    return real.getValueAsDouble();
  if (auto whole = dyn_cast_or_null<IntegerAttr>(value))
    return static_cast<double>(whole.getInt());
  return std::nullopt;
}

static StringRef getWord(Attribute value, StringRef fallback) {
  auto word = dyn_cast_or_null<StringAttr>(resolve(value));
  return word ? word.getValue() : fallback;
}

static constexpr std::pair<StringRef, Topology> kTopologies[] = {
    {"random", Topology::Random},
    {"ring", Topology::Ring},
    {"delay_line", Topology::DelayLine},
    {"small_world", Topology::SmallWorld}};
static constexpr std::pair<StringRef, Distribution> kDistributions[] = {
    {"uniform", Distribution::Uniform},
    {"normal", Distribution::Normal},
    {"bernoulli", Distribution::Bernoulli},
    {"constant", Distribution::Constant}};

/// The value named `word` in `table`, if any.
template <typename T, size_t n>
static std::optional<T> findWord(const std::pair<StringRef, T> (&table)[n],
                                 StringRef word) {
  for (auto [name, value] : table)
    if (name == word)
      return value;
  return std::nullopt;
}

/// Whether `value`, where given, is one of the words of `table`.
template <typename T, size_t n>
static LogicalResult verifyWord(function_ref<InFlightDiagnostic()> emitError,
                                StringRef name, Attribute value,
                                const std::pair<StringRef, T> (&table)[n]) {
  if (!value)
    return success();
  auto word = dyn_cast<StringAttr>(resolve(value));
  if (!word)
    return emitError() << "C1: '" << name << "' is a word in quotes, but is "
                       << value;
  if (findWord(table, word.getValue()))
    return success();
  InFlightDiagnostic diag = emitError();
  diag << "C3: '" << name << "' is " << word << "; expected one of ";
  llvm::interleaveComma(table, diag,
                        [&](const auto &entry) { diag << entry.first; });
  return diag;
}

LogicalResult
ReservoirAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      Attribute density, Attribute spectralRadius,
                      Attribute scale, Attribute distribution,
                      Attribute topology, Attribute rewire,
                      Attribute excitatory, Attribute seed) {
  constexpr double kAny = std::numeric_limits<double>::max();
  auto verify = [&](StringRef name, Attribute value, double least,
                    double most) -> LogicalResult {
    if (!value)
      return success();
    std::optional<double> number = getNumber(value);
    if (!number)
      return emitError() << "C1: '" << name << "' is a number, but is "
                         << value;
    if (*number >= least && *number <= most)
      return success();
    InFlightDiagnostic diag = emitError();
    diag << "C2: '" << name << "' is " << *number << "; expected at least "
         << least;
    if (most != kAny)
      diag << " and at most " << most;
    return diag;
  };
  if (failed(verify("density", density, 1e-9, 1)) ||
      failed(verify("spectral_radius", spectralRadius, 0, kAny)) ||
      failed(verify("scale", scale, -kAny, kAny)) ||
      failed(verify("rewire", rewire, 0, 1)) ||
      failed(verify("excitatory", excitatory, 0, 1)) ||
      failed(verify("seed", seed, 0, kAny)) ||
      failed(verifyWord(emitError, "distribution", distribution,
                        kDistributions)) ||
      failed(verifyWord(emitError, "topology", topology, kTopologies)))
    return failure();
  if (scale && spectralRadius)
    return emitError() << "C4: 'scale' and 'spectral_radius' exclude each "
                          "other: both say how large weights are";
  return success();
}

LogicalResult ReservoirAttr::verifySettings(
    function_ref<InFlightDiagnostic()> emitError) const {
  return verify(emitError, getDensity(), getSpectralRadius(), getScale(),
                getDistribution(), getTopology(), getRewire(), getExcitatory(),
                getSeed());
}

static ReservoirSpec getSpec(ReservoirAttr attr, ArrayRef<int64_t> shape) {
  ReservoirSpec spec;
  std::tie(spec.numInputs, spec.numUnits) = getFans(shape);
  spec.density = getNumber(attr.getDensity()).value_or(1.0);
  spec.spectralRadius = getNumber(attr.getSpectralRadius());
  spec.scale = getNumber(attr.getScale()).value_or(1.0);
  spec.rewire = getNumber(attr.getRewire()).value_or(0.1);
  spec.excitatory = getNumber(attr.getExcitatory());
  spec.topology = *findWord(kTopologies, getWord(attr.getTopology(), "random"));
  spec.distribution =
      *findWord(kDistributions, getWord(attr.getDistribution(), "uniform"));
  return spec;
}

/// Draws the weights of `attr` and hands each over: that of unit `unit` for its
/// k-th input, which is `input`.
static llvm::Error drawEach(
    ReservoirAttr attr, ArrayRef<int64_t> shape, uint64_t seed,
    function_ref<void(int64_t unit, int64_t k, int64_t input, double weight)>
        take) {
  if (std::optional<double> own = getNumber(attr.getSeed()))
    seed = static_cast<uint64_t>(*own);
  llvm::Expected<SparseMatrix> matrix =
      drawReservoir(getSpec(attr, shape), seed);
  if (!matrix)
    return matrix.takeError();
  for (int64_t unit = 0; unit < matrix->numUnits; ++unit)
    for (int64_t k = 0; k < matrix->degree; ++k) {
      int64_t place = unit * matrix->degree + k;
      take(unit, k, matrix->indices[place], matrix->values[place]);
    }
  return llvm::Error::success();
}

llvm::Error ReservoirAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                                MutableArrayRef<double> values) const {
  int64_t units = getFans(shape).second;
  llvm::fill(values, 0.0);
  return drawEach(*this, shape, seed,
                  [&](int64_t unit, int64_t, int64_t input, double weight) {
                    values[input * units + unit] = weight;
                  });
}

std::optional<int64_t> ReservoirAttr::getDegree(ArrayRef<int64_t> shape) const {
  return ravel::rnn::getDegree(getSpec(*this, shape));
}

llvm::Error ReservoirAttr::fillSparse(ArrayRef<int64_t> shape, uint64_t seed,
                                      MutableArrayRef<double> values) const {
  int64_t units = getFans(shape).second;
  MutableArrayRef<double> inputs = values.drop_front(values.size() / 2);
  return drawEach(*this, shape, seed,
                  [&](int64_t unit, int64_t k, int64_t input, double weight) {
                    values[k * units + unit] = weight;
                    inputs[k * units + unit] = static_cast<double>(input);
                  });
}

llvm::Error SparseAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                             MutableArrayRef<double> values) const {
  return getMatrix().fillSparse({getInputs(), shape.back()}, seed, values);
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

/// Whether `value`, a size named `name`, is from 1 to `most`.
static LogicalResult verifySize(function_ref<InFlightDiagnostic()> emitError,
                                StringRef name, int64_t value, int64_t most) {
  if (value >= 1 && value <= most)
    return success();
  return emitError() << name << " is " << value << "; expected 1 to " << most;
}

LogicalResult StageAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t blockRows, int64_t blockVectors,
                                int64_t rowVectors, ArrayRef<int64_t> depths) {
  constexpr int64_t kMostInBlock = 32;
  for (auto [name, value] : {std::pair("rows of a block", blockRows),
                             std::pair("vectors of a block", blockVectors),
                             std::pair("vectors of a row", rowVectors)})
    if (failed(verifySize(emitError, name, value, kMostInBlock)))
      return failure();
  for (int64_t depth : depths)
    if (depth < 0 || depth % 8 != 0)
      return emitError() << "a depth is " << depth
                         << "; expected a multiple of 8, or 0";
  return success();
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t lanes, int64_t panelRows,
                                   ArrayRef<StageAttr>) {
  constexpr int64_t kMostLanes = 64, kMostRows = 4096;
  return success(succeeded(verifySize(emitError, "lanes", lanes, kMostLanes)) &&
                 succeeded(verifySize(emitError, "rows of a panel", panelRows,
                                      kMostRows)));
}
