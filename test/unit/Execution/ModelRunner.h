//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Compiles a model's text and calls its functions on padded batches: what tests
// of numbers have in common.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TEST_UNIT_EXECUTION_MODELRUNNER_H
#define RAVEL_TEST_UNIT_EXECUTION_MODELRUNNER_H

#include "ravel/Execution/Module.h"
#include "ravel/Execution/Tensor.h"
#include <string>
#include <vector>

namespace ravel::test {

class ModelRunner {
public:
  /// Compiles `text`; a failure fails the test and leaves `ok()` false.
  ModelRunner(llvm::StringRef text, const CompileOptions &options);

  bool ok() const { return module.has_value(); }
  const Module &get() const { return *module; }

  /// Calls `function` on a batch. Sequences are [batch, time, shape...], padded
  /// with anything past `lengths`; `data` and `parameters` are by name. Returns
  /// the outputs, sequences padded with zeros, in the order of the batch.
  /// Without `weights` these are 1; without `keys` each example has its own.
  std::vector<Tensor> call(llvm::StringRef function,
                           llvm::ArrayRef<int64_t> lengths,
                           const NamedTensors &data,
                           const NamedTensors &parameters,
                           llvm::ArrayRef<double> weights = {},
                           llvm::ArrayRef<int32_t> keys = {}) const;

  /// The examples' lengths in the second class of sequences and those after it;
  /// where nothing is given they are those of the first.
  std::vector<std::vector<int64_t>> otherLengths;

  /// Parameters drawn from their initializers, by name.
  NamedTensors initialize(uint64_t seed, DType dtype) const;

private:
  /// A parameter's value in the form that the code takes.
  Tensor fit(const std::string &name, const Tensor &value) const;

  std::optional<Module> module;
};

} // namespace ravel::test

#endif // RAVEL_TEST_UNIT_EXECUTION_MODELRUNNER_H
