//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A compiled function takes its arguments by position; a batch has fields by
// name. A `FunctionCall` binds the one to the other, holds the memory that
// results are written to, and carries states from one window of a stream to the
// next.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_FUNCTIONCALL_H
#define RAVEL_TRAINING_FUNCTIONCALL_H

#include "ravel/Execution/Module.h"
#include "ravel/Training/Batching.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ravel {

/// The number of classes that an integer input may take, by the input's name;
/// an input that is not named is not limited.
using ClassLimits = std::map<std::string, int64_t, std::less<>>;

/// An error if a dataset has integers that are negative or reach a limit.
llvm::Error checkClasses(const Dataset &dataset, const ClassLimits &limits,
                         llvm::StringRef source);

/// The key that an example's dropout draws from in an epoch.
int32_t makeExampleKey(uint64_t seed, int64_t epoch, int64_t example);

/// A function bound to a batch, and all that it refers to but the batch.
struct BatchCall {
  std::vector<Tensor> extents;
  Tensor keys, weights;
  BoundCall call;
};

class FunctionCall {
public:
  /// Binds the parameters and, if `gradients` is an arena like that of the
  /// trainable parameters, the gradients of a gradient function. All three must
  /// outlive the call, and the values of parameters may change between runs of
  /// a gradient only, or where `parametersChanged` is called. Carried inputs
  /// are those that an output names.
  static llvm::Expected<FunctionCall> create(const Module &module,
                                             llvm::StringRef function,
                                             const ParameterStore &parameters,
                                             Tensor *gradients = nullptr);

  const Signature &signature() const { return *callee; }
  /// The inputs that data must give: all but those carried.
  std::vector<const Argument *> dataInputs() const;
  /// The carried inputs.
  std::vector<const Argument *> carriedInputs() const;
  /// The outputs that are neither gradients nor carried on.
  std::vector<const Argument *> results() const;

  /// Checks that a dataset has every input in the right form. Gives the axis
  /// that must order its batches: that of the function's first sequence; empty
  /// if it has none.
  llvm::Expected<std::string> bind(const Dataset &dataset) const;

  /// Binds the function to a batch of a dataset that `bind` accepted. The call
  /// may be repeated until the next one is made: each begins with the same
  /// states and writes the same results. Carried states start at zero unless
  /// the batch continues the one before.
  llvm::Expected<BatchCall> makeCall(const Batch &batch, uint64_t seed = 0,
                                     int64_t epoch = 0);
  /// Makes a call, calls, and takes over the carried states.
  llvm::Error run(const Batch &batch, uint64_t seed = 0, int64_t epoch = 0);

  /// Says that values of parameters have changed: the next call computes anew
  /// what depends on them alone.
  void parametersChanged() { prepared.reset(); }

  /// The k-th of `results()` of the latest call: valid until the next.
  TensorRef result(unsigned k) const;

  /// The states that the latest call ended with, by name.
  const NamedTensors &carried() const { return states; }
  void setCarried(NamedTensors tensors) { states = std::move(tensors); }
  /// Those states, to be changed and set again.
  NamedTensors takeCarried() { return std::exchange(states, {}); }

private:
  FunctionCall(const Module &module, const Signature &callee,
               const ParameterStore &parameters, Tensor *gradients)
      : module(&module), callee(&callee), parameters(&parameters),
        gradients(gradients) {}

  bool isCarried(const Argument &argument) const;
  /// How the sequences of a call lie, by the class of their lengths.
  using LayoutsByClass = std::map<int64_t, const PackedLayout *>;
  /// The output for `index` with room for the rows of a call.
  TensorRef prepareOutput(unsigned index, const LayoutsByClass &layouts,
                          int64_t batch);

  const Module *module;
  const Signature *callee;
  const ParameterStore *parameters;
  Tensor *gradients;
  /// What the first run prepares of the parameters.
  std::optional<PreparedParameters> prepared;
  std::map<unsigned, Tensor> outputs; // by position in the signature
  std::vector<unsigned> resultPositions;
  NamedTensors states;
};

} // namespace ravel

#endif // RAVEL_TRAINING_FUNCTIONCALL_H
