//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/FunctionCall.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
namespace ravel {

Error checkClasses(const Dataset &dataset, const ClassLimits &limits,
                   StringRef source) {
  for (const Field &field : dataset.fields()) {
    auto limit = limits.find(field.spec.name);
    if (limit == limits.end() || field.spec.dtype != DType::I32)
      continue;
    ArrayRef<int32_t> rows = field.rows->view<int32_t>();
    for (int64_t example = 0; example < dataset.size(); ++example)
      for (int64_t i = 0; i < field.length[example]; ++i) {
        int32_t value = rows[field.begin[example] + i];
        if (value < 0 || value >= limit->second)
          return makeFileError(
              source, "field '" + field.spec.name + "' has the class " +
                          Twine(value) + " in example " + Twine(example) +
                          "; the model takes 0 to " + Twine(limit->second - 1));
      }
  }
  return Error::success();
}

/// The finalizer of the SplitMix64 generator.
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

int32_t makeExampleKey(uint64_t seed, int64_t epoch, int64_t example) {
  return int32_t(uint32_t(mix(mix(mix(seed) ^ epoch) ^ example)));
}

Expected<FunctionCall> FunctionCall::create(const Module &module,
                                            StringRef function,
                                            const ParameterStore &parameters,
                                            Tensor *gradients) {
  const Signature *callee = module.find(function);
  if (!callee) {
    std::string names = join(map_range(module.signatures(),
                                       [](const Signature &signature) {
                                         return "'" + signature.name + "'";
                                       }),
                             ", ");
    return makeError("the model has no function '" + function + "'" +
                     (names.empty() ? Twine() : "; it has " + names));
  }
  FunctionCall call(module, *callee, parameters, gradients);
  for (auto [index, argument] : enumerate(callee->arguments)) {
    if (argument.role == Role::Parameter) {
      const Parameter *parameter = parameters.find(argument.name);
      if (!parameter || parameter->shape != argument.shape ||
          parameters.elementType() != argument.dtype)
        return makeError("the parameter '" + argument.name + "' of '" +
                         function + "' is not among those given");
    }
    if (argument.role == Role::Output && argument.gradientOf.empty() &&
        argument.carry.empty())
      call.resultPositions.push_back(index);
  }
  return call;
}

/// Whether an input is an output of the window before.
bool FunctionCall::isCarried(const Argument &argument) const {
  return !argument.carry.empty() &&
         any_of(callee->arguments, [&](const Argument &other) {
           return other.role == Role::Output && other.carry == argument.carry;
         });
}

std::vector<const Argument *> FunctionCall::dataInputs() const {
  std::vector<const Argument *> inputs;
  for (const Argument &argument : callee->arguments)
    if (argument.role == Role::Input && !isCarried(argument))
      inputs.push_back(&argument);
  return inputs;
}

std::vector<const Argument *> FunctionCall::carriedInputs() const {
  std::vector<const Argument *> inputs;
  for (const Argument &argument : callee->arguments)
    if (argument.role == Role::Input && isCarried(argument))
      inputs.push_back(&argument);
  return inputs;
}

std::vector<const Argument *> FunctionCall::results() const {
  std::vector<const Argument *> list;
  for (unsigned position : resultPositions)
    list.push_back(&callee->arguments[position]);
  return list;
}

/// What an input is, for messages: "a sequence of f32 [4]".
static std::string describe(bool isSequence, DType dtype,
                            ArrayRef<int64_t> shape) {
  return (Twine(isSequence ? "a sequence of " : "one ") + getName(dtype) +
          (shape.empty() ? "" : " " + toString(shape)))
      .str();
}

Expected<std::string> FunctionCall::bind(const Dataset &dataset) const {
  // By class of lengths, the axis, and the input that is on it.
  std::map<int64_t, std::pair<std::string, std::string>> axes;
  // Of a gradient or a regression people know the objective.
  StringRef objective = callee->name;
  objective.consume_back("_grad");
  objective.consume_back(".normal");
  for (const Argument *input : dataInputs()) {
    const Field *field = dataset.find(input->name);
    if (!field) {
      std::string names = join(
          map_range(dataset.fields(),
                    [](const Field &f) { return "'" + f.spec.name + "'"; }),
          ", ");
      return makeError("function '" + objective + "' takes the input '" +
                       input->name +
                       "', which the data do not have; they have " +
                       (names.empty() ? "no fields" : names));
    }
    const FieldSpec &spec = field->spec;
    bool isSequence = input->layout == RowLayout::Sequence;
    // A number and a vector of one component are the same bytes.
    if (input->layout == RowLayout::Shared || spec.isSequence() != isSequence ||
        spec.dtype != input->dtype ||
        countElements(spec.elementShape) != countElements(input->shape))
      return makeError(
          "function '" + objective + "' takes as '" + input->name + "' " +
          describe(isSequence, input->dtype, input->shape) +
          "; the data have " +
          describe(spec.isSequence(), spec.dtype, spec.elementShape));
    if (!isSequence)
      continue;
    auto [it, inserted] =
        axes.try_emplace(input->lengthClass, std::pair(spec.axis, input->name));
    if (it->second.first != spec.axis)
      return makeError("function '" + objective + "' goes through '" +
                       it->second.second + "' and '" + input->name +
                       "' instant by instant, so they must have one length; in "
                       "the data they have lengths of their own");
  }
  return axes.empty() ? "" : axes.begin()->second.first;
}

TensorRef FunctionCall::prepareOutput(unsigned index,
                                      const LayoutsByClass &layouts,
                                      int64_t batch) {
  const Argument &argument = callee->arguments[index];
  if (gradients && !argument.gradientOf.empty())
    if (const Parameter *parameter = parameters->find(argument.gradientOf))
      return viewParameter(*parameter, *gradients);
  auto find = [&](int64_t number) {
    auto it = layouts.find(number);
    return it == layouts.end() ? nullptr : it->second;
  };
  const PackedLayout *memory = find(argument.memoryClass);
  Shape shape;
  for (int64_t size : argument.shape)
    shape.push_back(size != kLongest ? size : memory ? memory->numSteps() : 0);
  if (argument.layout == RowLayout::Sequence) {
    const PackedLayout *layout = find(argument.lengthClass);
    shape.insert(shape.begin(), layout ? layout->numRows() : 0);
  }
  if (argument.layout == RowLayout::Memory)
    shape.insert(shape.begin(), memory ? memory->numRows() : 0);
  if (argument.layout == RowLayout::Example)
    shape.insert(shape.begin(), batch);
  Tensor &output = outputs[index];
  if (output.dtype() != argument.dtype || output.shape() != ArrayRef(shape) ||
      output.numElements() == 0)
    output = Tensor(argument.dtype, shape);
  return output;
}

Expected<BatchCall> FunctionCall::makeCall(const Batch &batch, uint64_t seed,
                                           int64_t epoch) {
  LayoutsByClass layouts;
  for (const Argument *input : dataInputs())
    if (input->layout == RowLayout::Sequence)
      layouts[input->lengthClass] =
          &batch.findAxis(batch.find(input->name)->spec.axis)->layout;
  // Tensors that the call refers to; they must not move.
  std::vector<Tensor> extents;
  extents.reserve(callee->arguments.size());

  if (!batch.continues)
    states.clear();
  for (const Argument *input : carriedInputs()) {
    Shape shape = input->shape;
    shape.insert(shape.begin(), batch.size);
    Tensor &state = states[input->carry];
    if (state.dtype() != input->dtype || state.shape() != ArrayRef(shape))
      state = Tensor(input->dtype, shape);
  }

  Tensor keys(DType::I32, {batch.size});
  for (auto [row, example] : enumerate(batch.examples))
    keys.view<int32_t>()[row] = makeExampleKey(seed, epoch, example);
  Tensor weights(parameters->elementType(), {batch.size});
  dispatch(weights.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (T &weight : weights.view<T>())
      weight = T(1.0 / batch.size);
  });

  std::vector<TensorRef> arguments;
  for (auto [index, argument] : enumerate(callee->arguments)) {
    TensorRef ref{argument.dtype, argument.shape, nullptr};
    switch (argument.role) {
    case Role::Offsets: {
      auto it = layouts.find(argument.lengthClass);
      std::vector<int64_t> offsets{0};
      if (it != layouts.end())
        offsets = it->second->offsets;
      ref = extents.emplace_back(
          Tensor::of<int64_t>({int64_t(offsets.size())}, offsets));
      break;
    }
    case Role::Order: {
      const std::vector<int64_t> &order =
          layouts.at(argument.lengthClass)->order;
      ref = extents.emplace_back(
          Tensor::of<int64_t>({int64_t(order.size())}, order));
      break;
    }
    case Role::Starts:
    case Role::Sources:
    case Role::Longest:
    case Role::Instant:
      return makeError("'" + Twine(callee->name) +
                       "' is a part of a function: it takes what no data give");
    case Role::Batch:
      continue;
    case Role::Input: {
      const Tensor &data = isCarried(argument)
                               ? states[argument.carry]
                               : batch.find(argument.name)->data;
      ref.shape.insert(ref.shape.begin(), data.dim(0));
      ref.data = data.data();
      break;
    }
    case Role::Parameter:
      ref = parameters->tensor(*parameters->find(argument.name));
      break;
    case Role::Key:
      ref = keys;
      break;
    case Role::Weight:
      ref = weights;
      break;
    case Role::Output:
      ref = prepareOutput(index, layouts, batch.size);
      break;
    }
    arguments.push_back(ref);
  }
  if (!prepared) {
    SmallVector<TensorRef> tensors;
    for (unsigned position : callee->find(Role::Parameter))
      tensors.push_back(parameters->tensor(
          *parameters->find(callee->arguments[position].name)));
    Expected<PreparedParameters> computed =
        module->prepare(callee->name, tensors);
    if (!computed)
      return computed.takeError();
    prepared.emplace(std::move(*computed));
  }
  Expected<BoundCall> call =
      module->bind(callee->name, arguments, batch.size, &*prepared);
  if (!call)
    return call.takeError();
  return BatchCall{std::move(extents), std::move(keys), std::move(weights),
                   std::move(*call)};
}

Error FunctionCall::run(const Batch &batch, uint64_t seed, int64_t epoch) {
  Expected<BatchCall> made = makeCall(batch, seed, epoch);
  if (!made)
    return made.takeError();
  made->call();
  for (auto [index, argument] : enumerate(callee->arguments))
    if (argument.role == Role::Output && !argument.carry.empty())
      std::swap(states[argument.carry], outputs[index]);
  return Error::success();
}

TensorRef FunctionCall::result(unsigned k) const {
  return outputs.at(resultPositions[k]);
}

} // namespace ravel
