//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ModelRunner.h"
#include "ravel/Training/Batching.h"
#include "gtest/gtest.h"
#include <map>

using namespace ravel;
using namespace ravel::test;

static Tensor copy(TensorRef ref) {
  Tensor tensor(ref.dtype, ref.shape);
  memcpy(tensor.data(), ref.data, ref.sizeInBytes());
  return tensor;
}

ModelRunner::ModelRunner(llvm::StringRef text, const CompileOptions &options) {
  // Where threads matter, tests say so.
  setNumThreads(1);
  Compiler compiler(/*cacheDirectory=*/"");
  llvm::Expected<Module> compiled =
      compiler.compile({text.str(), "test.mlir"}, options);
  if (compiled)
    module.emplace(std::move(*compiled));
  else
    ADD_FAILURE() << llvm::toString(compiled.takeError()) << "\n" << text.str();
}

/// The first `length` elements along the second dimension of example `index`.
static Tensor getSequence(const Tensor &padded, int64_t index, int64_t length) {
  Shape shape(padded.shape().drop_front());
  int64_t step = *countElements(padded.shape().drop_front(2)) *
                 getSizeInBytes(padded.dtype());
  int64_t stride = shape[0] * step;
  shape[0] = length;
  Tensor result(padded.dtype(), shape);
  if (length != 0)
    memcpy(result.data(),
           static_cast<const char *>(padded.data()) + index * stride,
           length * step);
  return result;
}

/// The rows of `tensor` in the order of `order`.
static Tensor permute(const Tensor &tensor, llvm::ArrayRef<int64_t> order) {
  Tensor result(tensor.dtype(), tensor.shape());
  int64_t size =
      order.empty() ? 0 : tensor.sizeInBytes() / int64_t(order.size());
  for (auto [to, from] : llvm::enumerate(order))
    memcpy(static_cast<char *>(result.data()) + to * size,
           static_cast<const char *>(tensor.data()) + from * size, size);
  return result;
}

std::vector<Tensor> ModelRunner::call(llvm::StringRef function,
                                      llvm::ArrayRef<int64_t> lengths,
                                      const NamedTensors &data,
                                      const NamedTensors &parameters,
                                      llvm::ArrayRef<double> weights,
                                      llvm::ArrayRef<int32_t> keys) const {
  const Signature *signature = module->find(function);
  if (!signature) {
    ADD_FAILURE() << "no function " << function.str();
    return {};
  }
  PackedLayout layout = PackedLayout::of(lengths);
  int64_t batch = lengths.size();
  // Each class orders the rows of the first one's.
  std::vector<std::vector<int64_t>> lengthsByClass{layout.lengths};
  std::vector<PackedLayout> layouts{PackedLayout::of(layout.lengths)};
  for (const Argument &argument : signature->arguments) {
    if (argument.role != Role::Order)
      continue;
    size_t other = layouts.size() - 1;
    std::vector<int64_t> rows;
    for (int64_t index : layout.order)
      rows.push_back(other < otherLengths.size() ? otherLengths[other][index]
                                                 : lengths[index]);
    layouts.push_back(PackedLayout::of(rows));
    lengthsByClass.push_back(std::move(rows));
  }
  std::vector<Tensor> tensors;
  for (const Argument &argument : signature->arguments) {
    Shape shape;
    const PackedLayout &packedAs = layouts[argument.lengthClass];
    if (argument.layout == RowLayout::Sequence)
      shape.push_back(packedAs.numRows());
    if (argument.layout == RowLayout::Memory)
      shape.push_back(layouts[argument.memoryClass].numRows());
    if (argument.layout == RowLayout::Example)
      shape.push_back(batch);
    for (int64_t size : argument.shape)
      shape.push_back(
          size == kLongest ? layouts[argument.memoryClass].numSteps() : size);
    switch (argument.role) {
    case Role::Batch:
      continue;
    case Role::Offsets:
      tensors.push_back(Tensor::of<int64_t>({int64_t(packedAs.offsets.size())},
                                            packedAs.offsets));
      continue;
    case Role::Order:
      tensors.push_back(Tensor::of<int64_t>({batch}, packedAs.order));
      continue;
    case Role::Starts:
    case Role::Sources:
    case Role::Longest:
    case Role::Instant:
      ADD_FAILURE() << "parts of functions take what is not given";
      return {};
    case Role::Output: {
      // What is not written must not go unseen.
      Tensor output(argument.dtype, shape);
      memset(output.data(), 0xff, output.sizeInBytes());
      tensors.push_back(std::move(output));
      continue;
    }
    case Role::Parameter:
      tensors.push_back(
          fit(argument.name, parameters.find(argument.name)->second));
      continue;
    case Role::Key: {
      Tensor tensor(DType::I32, shape);
      for (int64_t row = 0; row < batch; ++row)
        tensor.view<int32_t>()[row] =
            keys.empty() ? int32_t(7919 * (layout.order[row] + 1))
                         : keys[layout.order[row]];
      tensors.push_back(std::move(tensor));
      continue;
    }
    case Role::Weight: {
      Tensor weight(argument.dtype, shape);
      dispatch(argument.dtype, [&](auto element) {
        for (int64_t row = 0; row < batch; ++row)
          weight.view<decltype(element)>()[row] =
              static_cast<decltype(element)>(
                  weights.empty() ? 1.0 : weights[layout.order[row]]);
      });
      tensors.push_back(std::move(weight));
      continue;
    }
    case Role::Input:
      break;
    }
    auto found = data.find(argument.name);
    if (found == data.end()) {
      ADD_FAILURE() << "no data for " << argument.name;
      return {};
    }
    const Tensor &given = found->second;
    if (argument.layout == RowLayout::Sequence) {
      std::vector<Tensor> sequences;
      std::vector<TensorRef> refs;
      for (auto [index, length] :
           llvm::zip_equal(layout.order, lengthsByClass[argument.lengthClass]))
        sequences.push_back(getSequence(given, index, length));
      for (const Tensor &sequence : sequences)
        refs.push_back(sequence);
      Tensor packed = pack(packedAs, refs);
      // Without sequences there is nothing to take the shape from.
      llvm::cantFail(packed.reshape(shape));
      tensors.push_back(packed.dtype() == argument.dtype
                            ? std::move(packed)
                            : Tensor(argument.dtype, shape));
    } else if (argument.layout == RowLayout::Example) {
      tensors.push_back(permute(given, layout.order));
    } else {
      tensors.push_back(given.clone());
    }
  }
  std::vector<TensorRef> refs(tensors.begin(), tensors.end());
  if (llvm::Error error = module->call(function, refs, batch)) {
    ADD_FAILURE() << llvm::toString(std::move(error));
    return {};
  }

  std::map<int64_t, int64_t> times;
  for (auto [index, packedAs] : llvm::enumerate(layouts))
    times[index] = packedAs.numSteps();
  for (const auto &[name, tensor] : data)
    for (const Argument &argument : signature->arguments)
      if (argument.name == name && argument.layout == RowLayout::Sequence)
        times[argument.lengthClass] = tensor.dim(1);
  std::vector<Tensor> outputs;
  auto next = tensors.begin();
  for (const Argument &argument : signature->arguments) {
    if (argument.role == Role::Batch)
      continue;
    Tensor &tensor = *next++;
    if (argument.role != Role::Output)
      continue;
    if (argument.layout == RowLayout::Example) {
      outputs.push_back(permute(tensor, layout.ranks()));
    } else if (argument.layout == RowLayout::Sequence) {
      Shape shape(tensor.shape());
      shape[0] = times[argument.lengthClass];
      shape.insert(shape.begin(), batch);
      Tensor padded(tensor.dtype(), shape);
      int64_t stride = batch ? padded.sizeInBytes() / batch : 0;
      for (auto [row, sequence] :
           llvm::enumerate(unpack(layouts[argument.lengthClass], tensor)))
        if (sequence.sizeInBytes() != 0)
          memcpy(static_cast<char *>(padded.data()) +
                     layout.order[row] * stride,
                 sequence.data(), sequence.sizeInBytes());
      outputs.push_back(std::move(padded));
    } else {
      outputs.push_back(std::move(tensor));
    }
  }
  return outputs;
}

Tensor ModelRunner::fit(const std::string &name, const Tensor &value) const {
  for (const ManifestEntry &entry : module->manifest()) {
    if (entry.spec.name != name || entry.spec.sparseInputs == 0)
      continue;
    ParameterStore store =
        llvm::cantFail(ParameterStore::create(entry.spec, value.dtype()));
    NamedTensors tensors;
    tensors.emplace(name, value.clone());
    if (llvm::Error error = store.load(tensors, "parameters", {}))
      ADD_FAILURE() << llvm::toString(std::move(error));
    return copy(store.tensor(*store.find(name)));
  }
  return value.clone();
}

NamedTensors ModelRunner::initialize(uint64_t seed, DType dtype) const {
  std::vector<ParameterSpec> specs;
  for (const ManifestEntry &entry : module->manifest())
    specs.push_back(entry.spec);
  auto store = ParameterStore::create(specs, dtype);
  NamedTensors result;
  if (!store) {
    ADD_FAILURE() << llvm::toString(store.takeError());
    return result;
  }
  if (llvm::Error error =
          initializeParameters(module->manifest(), seed, *store))
    ADD_FAILURE() << llvm::toString(std::move(error));
  for (const Parameter &parameter : store->parameters()) {
    result.emplace(parameter.name, copy(store->tensor(parameter)));
  }
  return result;
}
