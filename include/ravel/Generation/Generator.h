//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A compiled function that generates, with its parameters.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_GENERATION_GENERATOR_H
#define RAVEL_GENERATION_GENERATOR_H

#include "ravel/Generation/Search.h"
#include "ravel/Training/FunctionCall.h"

namespace ravel {

/// A sequence and, if asked for, where the decoder looked.
struct Generated : Hypothesis {
  /// [steps, longest source]: the alignment of each step, if the function gives
  /// one and it was asked for; what lies beyond the source is 0.
  Tensor alignment;
};

class Generator {
public:
  /// Of the function `name`, compiled as `name.start` and `name.step`. An error
  /// if the module has none. Module and parameters must outlive it.
  static llvm::Expected<Generator> create(const Module &module,
                                          llvm::StringRef name,
                                          const ParameterStore &parameters);

  /// Of the inputs: checks the data, as `FunctionCall::bind`.
  llvm::Expected<std::string> bind(const Dataset &dataset) const {
    return start.bind(dataset);
  }
  std::vector<const Argument *> dataInputs() const {
    return start.dataInputs();
  }
  const Decoding &decoding() const { return *start.signature().decoding; }
  int64_t numClasses() const { return classes; }
  /// Whether the function gives an alignment beside scores.
  bool hasAlignment() const { return alignmentOutput.has_value(); }

  /// Options as the function says: its end, and its limit on steps.
  SearchOptions defaults() const;

  /// Generates for each row of the batch, the best hypotheses first. Examples'
  /// numbers in the dataset tell their draws apart.
  llvm::Expected<std::vector<std::vector<Generated>>>
  generate(const Batch &batch, const SearchOptions &options,
           bool wantsAlignment = false);

private:
  Generator(const Module &module, const Signature &step,
            const ParameterStore &parameters, FunctionCall start)
      : module(&module), step(&step), parameters(&parameters),
        start(std::move(start)) {}

  class Steps;

  const Module *module;
  const Signature *step;
  const ParameterStore *parameters;
  FunctionCall start;
  int64_t classes = 0;
  /// Among the step's outputs, the alignment.
  std::optional<unsigned> alignmentOutput;
  std::optional<PreparedParameters> prepared;
};

} // namespace ravel

#endif // RAVEL_GENERATION_GENERATOR_H
