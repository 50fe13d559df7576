//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Generation/Generator.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// The steps of one batch. States are tensors with a row for each hypothesis,
/// in two sets: a step reads the one and writes the other.
class Generator::Steps : public StepModel {
public:
  Steps(Generator &generator, const Batch &batch, bool keepsAlignments);

  int64_t numClasses() const override { return generator.classes; }
  Expected<TensorRef> step(ArrayRef<int64_t> parents, ArrayRef<int64_t> sources,
                           ArrayRef<int32_t> tokens) override;

  /// The classes to start from.
  std::vector<int32_t> getFirstTokens() const;
  /// The alignments along a hypothesis.
  Tensor traceAlignment(const Hypothesis &hypothesis) const;

private:
  int64_t getLongest(int64_t memoryClass) const;

  Generator &generator;
  bool keepsAlignments;
  /// What the first part gave: the first classes, states, values of examples,
  /// memories.
  std::vector<TensorRef> given;
  /// By class: where memories begin.
  std::map<int64_t, Tensor> starts;
  /// What the step before wrote: by output of the step.
  std::vector<Tensor> outputs, spare;
  std::vector<Tensor> alignments; // by step
  bool isFirst = true;
};

/// Gathers rows `order` of `from`.
static Tensor gatherRows(const TensorRef &from, ArrayRef<int64_t> order) {
  Shape shape = from.shape;
  int64_t bytes =
      shape[0] == 0 ? 0 : from.sizeInBytes() / std::max<int64_t>(shape[0], 1);
  shape[0] = order.size();
  Tensor result(from.dtype, shape);
  for (auto [to, row] : enumerate(order))
    std::memcpy(static_cast<char *>(result.data()) + to * bytes,
                static_cast<const char *>(from.data) + row * bytes, bytes);
  return result;
}

Generator::Steps::Steps(Generator &generator, const Batch &batch,
                        bool keepsAlignments)
    : generator(generator), keepsAlignments(keepsAlignments) {
  std::vector<const Argument *> results = generator.start.results();
  for (auto [index, argument] : enumerate(results)) {
    given.push_back(generator.start.result(index));
    if (argument->layout != RowLayout::Memory ||
        starts.count(argument->memoryClass))
      continue;
    // Memories lie in the order of the batch.
    for (const Argument *input : generator.start.dataInputs()) {
      if (input->layout != RowLayout::Sequence ||
          input->lengthClass != argument->memoryClass)
        continue;
      const PackedLayout &layout =
          batch.findAxis(batch.find(input->name)->spec.axis)->layout;
      std::vector<int64_t> ranks = layout.ranks(), begins{0};
      for (int64_t rank : ranks)
        begins.push_back(begins.back() + layout.lengths[rank]);
      starts[argument->memoryClass] =
          Tensor::of<int64_t>({int64_t(begins.size())}, begins);
    }
  }
}

std::vector<int32_t> Generator::Steps::getFirstTokens() const {
  const TensorRef &first = given.front();
  auto *data = static_cast<const int32_t *>(first.data);
  return std::vector<int32_t>(data, data + first.numElements());
}

int64_t Generator::Steps::getLongest(int64_t memoryClass) const {
  int64_t longest = 0;
  ArrayRef<int64_t> begins = starts.at(memoryClass).view<int64_t>();
  for (size_t i = 0; i + 1 < begins.size(); ++i)
    longest = std::max(longest, begins[i + 1] - begins[i]);
  return longest;
}

Expected<TensorRef> Generator::Steps::step(ArrayRef<int64_t> parents,
                                           ArrayRef<int64_t> sources,
                                           ArrayRef<int32_t> tokens) {
  const Decoding &decoding = generator.decoding();
  int64_t rows = tokens.size();
  // Rows that continue themselves stay where they are.
  bool stays = !isFirst && !outputs.empty() && rows == outputs[0].dim(0);
  for (int64_t row = 0; stays && row < rows; ++row)
    stays = parents[row] == row;

  // Tensors that the call refers to; they must not move.
  std::vector<Tensor> own;
  own.reserve(generator.step->arguments.size());
  std::vector<TensorRef> arguments;
  std::vector<Tensor> next;
  int64_t input = 0, output = 0;
  // Memories of the step by their class there, and in the first part.
  std::vector<const Argument *> results = generator.start.results();
  int64_t firstMemory = 1 + decoding.states + decoding.examples;
  std::map<int64_t, int64_t> classes;
  int64_t number = 0;
  for (const Argument &argument : generator.step->arguments)
    if (argument.role == Role::Input && argument.layout == RowLayout::Memory)
      classes[argument.memoryClass] =
          results[firstMemory + number++]->memoryClass;
  for (const Argument &argument : generator.step->arguments) {
    switch (argument.role) {
    case Role::Batch:
      continue;
    case Role::Offsets:
      arguments.push_back(own.emplace_back(Tensor::of<int64_t>({1}, {0})));
      continue;
    case Role::Starts:
      arguments.push_back(starts.at(classes.at(argument.memoryClass)));
      continue;
    case Role::Sources:
      arguments.push_back(
          own.emplace_back(Tensor::of<int64_t>({rows}, sources)));
      continue;
    case Role::Longest:
      arguments.push_back(own.emplace_back(Tensor::of<int64_t>(
          {}, {getLongest(classes.at(argument.memoryClass))})));
      continue;
    case Role::Parameter:
      arguments.push_back(generator.parameters->tensor(
          *generator.parameters->find(argument.name)));
      continue;
    case Role::Input: {
      int64_t place = input++;
      if (place == 0)
        arguments.push_back(
            own.emplace_back(Tensor::of<int32_t>({rows}, tokens)));
      else if (place <= decoding.states && stays)
        arguments.push_back(outputs[decoding.outputs + place - 1]);
      else if (place <= decoding.states)
        arguments.push_back(own.emplace_back(gatherRows(
            isFirst ? given[place]
                    : TensorRef(outputs[decoding.outputs + place - 1]),
            parents)));
      else if (place < firstMemory)
        arguments.push_back(
            own.emplace_back(gatherRows(given[place], sources)));
      else
        arguments.push_back(given[place]);
      continue;
    }
    case Role::Output: {
      int64_t place = output++;
      Shape shape{rows};
      for (int64_t size : argument.shape)
        shape.push_back(size == kLongest
                            ? getLongest(classes.at(argument.memoryClass))
                            : size);
      bool fits = place < int64_t(spare.size()) &&
                  spare[place].shape() == ArrayRef(shape);
      next.push_back(fits ? std::move(spare[place])
                          : Tensor(argument.dtype, shape));
      arguments.push_back(next.back());
      continue;
    }
    case Role::Order:
    case Role::Key:
    case Role::Weight:
      return makeError("a step of a decoder takes no such argument");
    }
  }
  if (Error error = generator.module->call(generator.step->name, arguments,
                                           rows, &*generator.prepared))
    return error;
  if (keepsAlignments && generator.alignmentOutput)
    alignments.push_back(next[*generator.alignmentOutput].clone());
  spare = std::move(outputs);
  outputs = std::move(next);
  isFirst = false;
  return TensorRef(outputs.front());
}

Tensor Generator::Steps::traceAlignment(const Hypothesis &hypothesis) const {
  std::vector<const Tensor *> steps;
  if (alignments.empty() || hypothesis.rows.empty())
    return Tensor();
  int64_t width = alignments.front().dim(1);
  Tensor traced(alignments.front().dtype(),
                {int64_t(hypothesis.rows.size()), width});
  int64_t bytes = width * getSizeInBytes(traced.dtype());
  for (auto [step, row] : enumerate(hypothesis.rows))
    std::memcpy(static_cast<char *>(traced.data()) + step * bytes,
                static_cast<const char *>(alignments[step].data()) +
                    row * bytes,
                bytes);
  return traced;
}

//===----------------------------------------------------------------------===//
// Generator
//===----------------------------------------------------------------------===//

Expected<Generator> Generator::create(const Module &module, StringRef name,
                                      const ParameterStore &parameters) {
  std::string startName = (name + ".start").str();
  const Signature *start = module.find(startName);
  const Signature *step = module.find((name + ".step").str());
  if (!start || !step || !start->decoding)
    return makeError("function '" + name +
                     "' does not generate: it has no rnn.decode");
  Expected<FunctionCall> call =
      FunctionCall::create(module, startName, parameters);
  if (!call)
    return call.takeError();
  Generator generator(module, *step, parameters, std::move(*call));
  SmallVector<TensorRef> prepared;
  int64_t output = 0;
  for (const Argument &argument : step->arguments) {
    if (argument.role == Role::Parameter) {
      const Parameter *parameter = parameters.find(argument.name);
      if (!parameter || parameter->shape != argument.shape ||
          parameters.elementType() != argument.dtype)
        return makeError("the parameter '" + argument.name + "' of '" + name +
                         "' is not among those given");
      prepared.push_back(parameters.tensor(*parameter));
    }
    if (argument.role != Role::Output)
      continue;
    if (output == 0)
      generator.classes = argument.shape[0];
    else if (output < start->decoding->outputs && !argument.shape.empty() &&
             argument.shape[0] == kLongest && !generator.alignmentOutput)
      generator.alignmentOutput = output;
    ++output;
  }
  Expected<PreparedParameters> computed = module.prepare(step->name, prepared);
  if (!computed)
    return computed.takeError();
  generator.prepared.emplace(std::move(*computed));
  return generator;
}

SearchOptions Generator::defaults() const {
  SearchOptions options;
  options.end = decoding().until;
  options.maxSteps = decoding().max;
  return options;
}

Expected<std::vector<std::vector<Generated>>>
Generator::generate(const Batch &batch, const SearchOptions &options,
                    bool wantsAlignment) {
  if (Error error = start.run(batch))
    return error;
  Steps steps(*this, batch, wantsAlignment);
  std::vector<int32_t> first = steps.getFirstTokens();
  Expected<std::vector<std::vector<Hypothesis>>> found =
      search(steps, first, options, batch.examples);
  if (!found)
    return found.takeError();
  std::vector<std::vector<Generated>> results;
  for (std::vector<Hypothesis> &list : *found) {
    std::vector<Generated> &row = results.emplace_back();
    for (Hypothesis &hypothesis : list) {
      Generated generated;
      generated.alignment = steps.traceAlignment(hypothesis);
      static_cast<Hypothesis &>(generated) = std::move(hypothesis);
      row.push_back(std::move(generated));
    }
  }
  return results;
}

} // namespace ravel
