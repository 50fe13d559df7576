//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <random>

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

} // namespace ravel::rnn::detail

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

/// Draws that are the same with every standard library: the distributions of
/// <random> are not specified bit by bit, the engine is.
class Generator {
public:
  explicit Generator(uint64_t seed) : engine(seed) {}
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  /// Standard normal, by Box and Muller (1958).
  double normal() {
    double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(2.0 * M_PI * uniform());
  }

private:
  std::mt19937_64 engine;
};

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

void ZerosAttr::fill(ArrayRef<int64_t>, uint64_t,
                     MutableArrayRef<double> values) const {
  llvm::fill(values, 0.0);
}

void ConstantInitAttr::fill(ArrayRef<int64_t>, uint64_t,
                            MutableArrayRef<double> values) const {
  llvm::fill(values, getValue().convertToDouble());
}

void UniformAttr::fill(ArrayRef<int64_t>, uint64_t seed,
                       MutableArrayRef<double> values) const {
  Generator generator(seed);
  for (double &value : values)
    value = getLow().convertToDouble() +
            (getHigh().convertToDouble() - getLow().convertToDouble()) *
                generator.uniform();
}

void NormalAttr::fill(ArrayRef<int64_t>, uint64_t seed,
                      MutableArrayRef<double> values) const {
  Generator generator(seed);
  for (double &value : values)
    value = getMean().convertToDouble() +
            getStddev().convertToDouble() * generator.normal();
}

void GlorotAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                      MutableArrayRef<double> values) const {
  auto [inputs, outputs] = getFans(shape);
  double bound = std::sqrt(6.0 / static_cast<double>(inputs + outputs));
  Generator generator(seed);
  for (double &value : values)
    value = bound * (2.0 * generator.uniform() - 1.0);
}

void HeAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
                  MutableArrayRef<double> values) const {
  double stddev = std::sqrt(2.0 / static_cast<double>(getFans(shape).first));
  Generator generator(seed);
  for (double &value : values)
    value = stddev * generator.normal();
}

void OrthogonalAttr::fill(ArrayRef<int64_t> shape, uint64_t seed,
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
}

void IdentityAttr::fill(ArrayRef<int64_t> shape, uint64_t,
                        MutableArrayRef<double> values) const {
  auto [rows, columns] = getFans(shape);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      values[r * columns + c] = r == c ? getGain().convertToDouble() : 0.0;
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
