//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A worker runs the cases of the benchmark on one library. It answers requests,
// one JSON object a line, from standard input on standard output:
//
//   {"op": "prepare", ...case}        makes a case ready
//   {"op": "evaluate", "to": FILE}    writes its outputs, or its gradients
//   {"op": "measure", "seconds": S}   {"ms": [...]}, of calls for S seconds
//
// An answer with "error" says why a request could not be served; the worker
// goes on.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_BENCHMARK_WORKER_H
#define RAVEL_BENCHMARK_WORKER_H

#include "ravel/Execution/Tensor.h"
#include "llvm/Support/JSON.h"

namespace ravel::benchmark {

class Worker {
public:
  virtual ~Worker();

  /// Makes a case ready. Gives what else the answer is to say.
  virtual llvm::Expected<llvm::json::Object>
  prepare(const llvm::json::Object &request) = 0;
  /// What is measured: one call, or one training step.
  virtual void step() = 0;
  /// The outputs of a call, or the gradients of the parameters, under the names
  /// and in the form that Ravel gives them.
  virtual llvm::Expected<NamedTensors> evaluate() = 0;
};

/// Serves requests until the input ends.
int serve(Worker &worker);

/// The numbers of a case.
struct Shape {
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, layers = 0;
  std::string cell;
  bool trains = false;   // a training step
  bool streams = false;  // one step, states in and out
  bool isRagged = false; // lengths differ
  double rate = 0;       // of learning

  static llvm::Expected<Shape> of(const llvm::json::Object &request);
};

/// What a case computes with, as the Ravel worker has drawn it: parameters and
/// inputs by name, and the lengths of the sequences, which fall.
struct Reference {
  NamedTensors tensors;

  static llvm::Expected<Reference> of(const llvm::json::Object &request);
  const float *values(llvm::StringRef name) const;
  std::vector<int64_t> lengths() const;
};

/// Packed rows and sequences padded to one length, both by time: the rows of
/// one step are the first of a padded step.
void pad(const float *packed, llvm::ArrayRef<int64_t> lengths, int64_t width,
         float *padded);
Tensor pack(const float *padded, llvm::ArrayRef<int64_t> lengths,
            int64_t width);

} // namespace ravel::benchmark

#endif // RAVEL_BENCHMARK_WORKER_H
