//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/OptimizerCall.h"
#include "ravel/Execution/FileIO.h"

using namespace llvm;
namespace ravel {

/// As many states as an optimizer takes, all zero.
static OptimizerState makeState(const Signature &optimizer,
                                const ParameterStore &parameters) {
  OptimizerState state;
  for (const Argument &argument : optimizer.arguments)
    if (argument.role == Role::Input &&
        StringRef(argument.name).starts_with("state"))
      state.emplace(argument.name,
                    parameters.makeArenaLike(ArenaKind::Trainable));
  return state;
}

Expected<OptimizerCall> OptimizerCall::create(const Module &module,
                                              StringRef name,
                                              ParameterStore &parameters,
                                              Tensor &gradients) {
  const Signature *signature = module.find(name);
  if (!signature)
    return makeError("the module has no optimizer '" + name + "'");
  DType dtype = parameters.elementType();
  Tensor &arena = parameters.arena(ArenaKind::Trainable);
  OptimizerState states = makeState(*signature, parameters);
  Tensor rate(dtype, {}), step(dtype, {});
  Tensor offsets(DType::I64, {1}); // no instants

  std::vector<TensorRef> arguments;
  int64_t numOutputs = 0;
  for (const Argument &argument : signature->arguments) {
    StringRef input = argument.name;
    if (argument.role == Role::Batch)
      continue;
    if (argument.role == Role::Offsets)
      arguments.push_back(offsets);
    else if (argument.role == Role::Output)
      // The parameter, then the states in order.
      arguments.push_back(
          numOutputs++ == 0
              ? arena.ref()
              : states.at("state" + std::to_string(numOutputs - 2)).ref());
    else if (argument.role == Role::Input)
      arguments.push_back(input == "parameter"       ? arena.ref()
                          : input == "gradient"      ? gradients.ref()
                          : input == "learning_rate" ? rate.ref()
                          : input == "step" ? step.ref()
                                            : states.at(input.str()).ref());
  }
  Expected<BoundCall> call = module.bind(name, arguments, arena.dim(0));
  if (!call)
    return call.takeError();
  return OptimizerCall(std::move(*call), std::move(states), std::move(rate),
                       std::move(step), std::move(offsets));
}

void OptimizerCall::update(double newRate, int64_t newStep) {
  dispatch(rate.dtype(), [&](auto zero) {
    using T = decltype(zero);
    *static_cast<T *>(rate.data()) = T(newRate);
    *static_cast<T *>(step.data()) = T(newStep);
  });
  call();
}

} // namespace ravel
