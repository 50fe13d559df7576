//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Gradients of a compiled objective against central differences of it.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TEST_UNIT_EXECUTION_GRADIENTCHECK_H
#define RAVEL_TEST_UNIT_EXECUTION_GRADIENTCHECK_H

#include "ModelRunner.h"
#include <random>

namespace ravel::test {

/// Where the values of an input or parameter lie.
struct Range {
  double low = -1.0, high = 1.0;
};

/// A batch of random data for a function, and random parameters.
struct RandomCall {
  std::vector<int64_t> lengths;
  NamedTensors data, parameters;
  std::vector<double> weights;

  /// Values are uniform in `ranges` by name, else in [-1, 1]; integers are
  /// below `numClasses`.
  RandomCall(const Module &module, llvm::StringRef function,
             std::vector<int64_t> lengths, uint64_t seed = 1,
             const std::map<std::string, Range> &ranges = {},
             int32_t numClasses = 3, llvm::ArrayRef<int64_t> otherLengths = {});
};

/// The float inputs of `@loss` as its text declares them.
std::vector<std::string> getFloatInputs(llvm::StringRef text);

struct PreludeCell {
  std::string name;
  size_t numStates;
  size_t numInputs = 1;

  /// `text` for each input, joined by commas.
  std::string forInputs(llvm::StringRef text) const;
};
std::vector<PreludeCell> getPreludeCells();
void PrintTo(const PreludeCell &cell, std::ostream *os);

struct GradientCheck {
  /// Lengths are ragged, with more steps than a loop needs to hide a mistake.
  std::vector<int64_t> lengths = {6, 5, 0, 5, 1};
  /// Those of the second class of sequences, if there is one.
  std::vector<int64_t> otherLengths = {2, 6, 3, 0, 5};
  std::map<std::string, Range> ranges;
  /// Whether masks are drawn.
  bool training = false;
  uint64_t seed = 1;

  /// Checks the gradients of `@loss` of `text` by every parameter and every
  /// float input in f64, with the examples weighted at random.
  void run(llvm::StringRef text) const;
  /// The same of a module compiled with all of them.
  void run(const ModelRunner &runner) const;
};

/// Options to compile `@loss` of `text` with all gradients.
CompileOptions getGradientOptions(llvm::StringRef text,
                                  DType precision = DType::F64);

} // namespace ravel::test

#endif // RAVEL_TEST_UNIT_EXECUTION_GRADIENTCHECK_H
