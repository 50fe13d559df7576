//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightLayout.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace ravel;

/// Tensors begin at lines of the cache.
static constexpr int64_t kLine = 64;

static int64_t place(WeightLayout &layout, int64_t bytes) {
  int64_t offset = layout.bytes;
  layout.bytes = llvm::alignTo(offset + bytes, kLine);
  return offset;
}

WeightLayout ravel::layOutExternalWeights(
    llvm::ArrayRef<ManifestEntry> manifest, DType precision,
    llvm::ArrayRef<const LoweredFunction *> functions) {
  WeightLayout layout;
  for (const ManifestEntry &entry : manifest)
    layout.parameters[entry.spec.name] = place(
        layout, *countElements(entry.spec.shape) * getSizeInBytes(precision));
  auto placeParameters = [&](const LoweredFunction &function) {
    for (const LoweredArgument *argument : function.find(Role::Parameter))
      layout.offsets[argument] = layout.parameters.at(argument->argument.name);
  };
  for (const LoweredFunction *function : functions) {
    placeParameters(*function);
    if (!function->preparation)
      continue;
    placeParameters(*function->preparation);
    for (auto [prepared, output] :
         llvm::zip_equal(function->find(LoweredArgument::Kind::Prepared),
                         function->preparation->find(Role::Output)))
      layout.offsets[prepared] = layout.offsets[output] =
          place(layout, prepared->bytes);
    // Descriptors of the arguments, of at most 112 bytes with their addresses,
    // and what the preparation itself needs.
    constexpr int64_t kDescriptor = 112;
    int64_t count = function->preparation->arguments.size() + 1;
    layout.workspaces[function->preparation.get()] =
        place(layout, llvm::alignTo(count * kDescriptor, kLine) +
                          function->preparation->workspaceBytes.value_or(0));
  }
  return layout;
}

namespace {
/// Contents with each distinct piece once.
class ConstantPool {
public:
  explicit ConstantPool(WeightLayout &layout) : layout(layout) {}

  int64_t add(llvm::StringRef bytes) {
    auto [entry, isNew] = known.try_emplace(bytes, layout.bytes);
    if (isNew) {
      place(layout, bytes.size());
      layout.contents += bytes;
      layout.contents.resize(layout.bytes);
    }
    return entry->second;
  }

private:
  WeightLayout &layout;
  llvm::StringMap<int64_t> known;
};
} // namespace

llvm::Expected<WeightLayout> ravel::layOutConstantWeights(
    const ParameterStore &parameters, const Module *preparations,
    llvm::ArrayRef<const LoweredFunction *> functions,
    llvm::function_ref<bool(const LoweredFunction &, unsigned)> isUsed) {
  WeightLayout layout;
  ConstantPool pool(layout);
  auto getParameter = [&](const LoweredArgument &argument) {
    return parameters.tensor(*parameters.find(argument.argument.name));
  };
  for (const LoweredFunction *function : functions) {
    for (auto [index, argument] : llvm::enumerate(function->arguments)) {
      if (argument.argument.role != Role::Parameter)
        continue;
      if (!isUsed(*function, index)) {
        layout.offsets[&argument] = 0;
        continue;
      }
      TensorRef tensor = getParameter(argument);
      layout.offsets[&argument] =
          pool.add({static_cast<const char *>(tensor.data),
                    static_cast<size_t>(*countElements(tensor.shape) *
                                        getSizeInBytes(tensor.dtype))});
    }
    if (!function->preparation)
      continue;
    std::vector<TensorRef> arguments;
    for (const LoweredArgument *argument :
         function->preparation->find(Role::Parameter))
      arguments.push_back(getParameter(*argument));
    std::vector<Tensor> outputs;
    for (const LoweredArgument *argument :
         function->preparation->find(Role::Output))
      outputs.push_back(Tensor(argument->argument.dtype, *argument->shape));
    for (const Tensor &output : outputs)
      arguments.push_back(output);
    if (llvm::Error error = preparations->call(function->preparation->name,
                                               arguments, /*batch=*/1))
      return error;
    for (auto [argument, tensor] : llvm::zip_equal(
             function->find(LoweredArgument::Kind::Prepared), outputs)) {
      TensorRef view = tensor;
      layout.offsets[argument] =
          pool.add({static_cast<const char *>(view.data),
                    static_cast<size_t>(argument->bytes)});
    }
  }
  return layout;
}
