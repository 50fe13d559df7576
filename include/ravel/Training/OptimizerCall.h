//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An optimizer is compiled like a function of the model. An `OptimizerCall`
// binds it to the arenas that it works on, once, and holds its state.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_OPTIMIZERCALL_H
#define RAVEL_TRAINING_OPTIMIZERCALL_H

#include "ravel/Execution/Module.h"
#include "ravel/Training/Checkpoint.h"

namespace ravel {

class OptimizerCall {
public:
  /// Binds the optimizer of that name to the trainable parameters and their
  /// gradients, an arena like theirs. All three must outlive the call.
  static llvm::Expected<OptimizerCall> create(const Module &module,
                                              llvm::StringRef name,
                                              ParameterStore &parameters,
                                              Tensor &gradients);

  /// Updates the parameters and the state in place. Steps count from 1.
  void update(double rate, int64_t step);

  OptimizerState &state() { return states; }
  const OptimizerState &state() const { return states; }
  int64_t workspaceBytes() const { return call.workspaceBytes(); }

private:
  OptimizerCall(BoundCall call, OptimizerState states, Tensor rate, Tensor step,
                Tensor offsets)
      : call(std::move(call)), states(std::move(states)), rate(std::move(rate)),
        step(std::move(step)), offsets(std::move(offsets)) {}

  BoundCall call;
  // What the call refers to.
  OptimizerState states;
  Tensor rate, step, offsets;
};

} // namespace ravel

#endif // RAVEL_TRAINING_OPTIMIZERCALL_H
