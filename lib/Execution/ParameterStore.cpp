//===- ParameterStore.cpp - A model's learned values ----------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/ParameterStore.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <list>
#include <unistd.h>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// ParameterLayout
//===----------------------------------------------------------------------===//

Expected<ParameterLayout>
ParameterLayout::create(ArrayRef<ParameterSpec> specs) {
  ParameterLayout layout;
  for (const ParameterSpec &spec : specs) {
    if (spec.name.empty())
      return makeError("a parameter has an empty name");
    if (!layout.indices.try_emplace(spec.name, layout.list.size()).second)
      return makeError("parameter '" + spec.name + "' occurs twice");
    std::optional<int64_t> count = countElements(spec.shape, sizeof(double));
    if (!count || *count == 0)
      return makeError("parameter '" + spec.name + "' has the shape " +
                       toString(spec.shape) +
                       "; expected positive dimensions of a size that fits "
                       "memory");
    int64_t &size = spec.trainable ? layout.trainableSize : layout.frozenSize;
    layout.list.push_back({spec.name, spec.shape, spec.trainable,
                           spec.sparseInputs, size, *count});
    size += alignTo(*count, rowSize);
    if (!countElements({size}, sizeof(double)))
      return makeError("the parameters do not fit memory");
  }
  return layout;
}

const Parameter *ParameterLayout::find(StringRef name) const {
  auto it = indices.find(name);
  return it == indices.end() ? nullptr : &list[it->second];
}

int64_t ParameterLayout::countValues(ArenaKind kind) const {
  int64_t count = 0;
  for (const Parameter &parameter : list)
    if (ParameterStore::kindOf(parameter) == kind)
      count += parameter.numElements;
  return count;
}

Tensor ParameterLayout::makeArena(ArenaKind kind, DType dtype) const {
  return Tensor(dtype, {arenaSize(kind) / rowSize, rowSize});
}

TensorRef viewParameter(const Parameter &parameter, const Tensor &arena) {
  const char *base = static_cast<const char *>(arena.data());
  return {arena.dtype(), parameter.shape,
          base + parameter.offset * getSizeInBytes(arena.dtype())};
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

/// The input that a stored number of a sparse matrix of `inputs` inputs stands
/// for, if it does for one.
template <typename T>
static std::optional<int64_t> getInput(T stored, int64_t inputs) {
  // NaN is none.
  if (!(stored >= 0 && stored < static_cast<T>(inputs)) ||
      stored != std::floor(stored))
    return std::nullopt;
  return static_cast<int64_t>(stored);
}

/// The sparse form of `dense`, [inputs, outputs], with `degree` weights in each
/// column. An error where a column has more.
template <typename T>
static Expected<Tensor> makeSparse(const Tensor &dense, int64_t degree) {
  int64_t inputs = dense.shape()[0], outputs = dense.shape()[1];
  Tensor result(dense.dtype(), {2, degree, outputs});
  ArrayRef<T> from = dense.view<T>();
  MutableArrayRef<T> to = result.view<T>();
  std::vector<int64_t> filled(outputs);
  for (int64_t input = 0; input < inputs; ++input)
    for (int64_t output = 0; output < outputs; ++output) {
      T weight = from[input * outputs + output];
      if (weight == T(0))
        continue;
      int64_t k = filled[output]++;
      if (k >= degree)
        continue;
      to[k * outputs + output] = weight;
      to[(degree + k) * outputs + output] = static_cast<T>(input);
    }
  auto fullest = std::max_element(filled.begin(), filled.end());
  if (*fullest > degree)
    return makeError(
        formatv(
            "column {0} has {1} weights, but this model's density only {2}; a "
            "density of {3} holds them",
            fullest - filled.begin(), *fullest, degree,
            static_cast<double>(*fullest) / static_cast<double>(inputs))
            .str());
  return result;
}

/// An error where a number of the second half of `sparse` is that of none of
/// `inputs` inputs.
template <typename T>
static Error checkInputs(const Tensor &sparse, int64_t inputs) {
  int64_t half = sparse.shape()[1] * sparse.shape()[2];
  ArrayRef<T> stored = sparse.view<T>();
  for (int64_t i = half; i < 2 * half; ++i)
    if (!getInput(stored[i], inputs))
      return makeError(formatv("{0} at {1} is none of {2} inputs", stored[i],
                               toIndexString(sparse.shape(), i), inputs)
                           .str());
  return Error::success();
}

/// The matrix of `inputs` inputs with its zeros.
template <typename T>
static Expected<Tensor> makeDense(const Tensor &sparse, int64_t inputs) {
  if (Error error = checkInputs<T>(sparse, inputs))
    return std::move(error);
  int64_t outputs = sparse.shape()[2], half = sparse.shape()[1] * outputs;
  Tensor result(sparse.dtype(), {inputs, outputs});
  ArrayRef<T> from = sparse.view<T>();
  MutableArrayRef<T> to = result.view<T>();
  for (int64_t i = 0; i < half; ++i)
    to[*getInput(from[half + i], inputs) * outputs + i % outputs] += from[i];
  return result;
}

/// `tensor` in the form of `parameter`, where one of them is sparse and the
/// other isn't; none where it is as it should be, or has another shape anyway.
/// An error where it can't be converted.
template <typename T>
static Expected<std::optional<Tensor>> convertForm(const Tensor &tensor,
                                                   const Parameter &parameter) {
  ArrayRef<int64_t> shape = parameter.shape, given = tensor.shape();
  bool isSparse = given.size() == 3 && given[0] == 2;
  int64_t inputs = parameter.sparseInputs;
  if (inputs == 0 && isSparse && shape.size() == 2 && given[2] == shape[1])
    return makeDense<T>(tensor, shape[0]);
  if (inputs != 0 && given == ArrayRef<int64_t>{inputs, shape.back()})
    return makeSparse<T>(tensor, shape[1]);
  if (inputs != 0 && given == shape)
    if (Error error = checkInputs<T>(tensor, inputs))
      return std::move(error);
  return std::nullopt;
}

/// Why `tensor` cannot be the value of `parameter`; empty if it can.
static std::string findFault(const Tensor &tensor, const Parameter &parameter,
                             DType elementType) {
  std::string name = "'" + parameter.name + "'";
  if (tensor.shape() != ArrayRef<int64_t>(parameter.shape)) {
    std::string fault =
        "misshapen " + name + ": expected shape " + toString(parameter.shape);
    if (parameter.sparseInputs != 0)
      fault += " or, with zeros, " +
               toString(Shape{parameter.sparseInputs, parameter.shape.back()});
    return fault + ", found " + toString(tensor.shape());
  }
  if (!isFloat(tensor.dtype()))
    return "wrong element type of " + name + ": expected f32 or f64, found " +
           getName(tensor.dtype()).str();
  if (std::optional<int64_t> at = findNonFinite(tensor))
    return "not finite: " + name + " at " + toIndexString(tensor.shape(), *at);
  if (tensor.dtype() == DType::F64 && elementType == DType::F32) {
    Expected<Tensor> converted = tensor.convertTo(DType::F32);
    if (!converted)
      return "too large for f32: " + name + ": " +
             llvm::toString(converted.takeError());
  }
  return "";
}

static void copyValues(const Tensor &tensor, const Parameter &parameter,
                       Tensor &arena) {
  dispatch(arena.dtype(), [&](auto to) {
    using To = decltype(to);
    if constexpr (std::is_floating_point_v<To>) {
      auto target =
          arena.view<To>().slice(parameter.offset, parameter.numElements);
      if (tensor.dtype() == DType::F32)
        llvm::copy(tensor.view<float>(), target.begin());
      else
        llvm::transform(tensor.view<double>(), target.begin(),
                        [](double value) { return To(value); });
    }
  });
}

Error copyParameters(const NamedTensors &tensors, const ParameterLayout &layout,
                     Tensor *trainable, Tensor *frozen,
                     const LoadOptions &options, StringRef source) {
  std::vector<std::string> faults;
  std::vector<std::pair<const Parameter *, const Tensor *>> found;
  std::list<Tensor> converted;
  for (const Parameter &parameter : layout.parameters()) {
    Tensor *arena = parameter.trainable ? trainable : frozen;
    if (!arena)
      continue;
    auto it = tensors.find(options.prefix + parameter.name);
    if (it == tensors.end()) {
      if (!options.allowMissing)
        faults.push_back("missing '" + parameter.name + "' of shape " +
                         toString(parameter.shape));
      continue;
    }
    const Tensor *tensor = &it->second;
    std::string fault;
    dispatch(tensor->dtype(), [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_floating_point_v<T>) {
        Expected<std::optional<Tensor>> form =
            convertForm<T>(*tensor, parameter);
        if (!form)
          fault = "unfit '" + parameter.name +
                  "': " + llvm::toString(form.takeError());
        else if (*form)
          tensor = &converted.emplace_back(std::move(**form));
      }
    });
    if (fault.empty())
      fault = findFault(*tensor, parameter, arena->dtype());
    if (fault.empty())
      found.push_back({&parameter, tensor});
    else
      faults.push_back(std::move(fault));
  }
  if (!options.allowUnexpected)
    for (const auto &[fullName, tensor] : tensors) {
      StringRef full = fullName, name = full;
      if (!name.consume_front(options.prefix) || layout.find(name) ||
          any_of(options.ignoredPrefixes, [full](const std::string &ignored) {
            return full.starts_with(ignored);
          }))
        continue;
      faults.push_back("unexpected '" + name.str() + "' of shape " +
                       toString(tensor.shape()) +
                       ": the model has no such parameter");
    }

  if (!faults.empty()) {
    std::string message = "does not fit the model's parameters:";
    for (const std::string &fault : ArrayRef(faults).take_front(10))
      message += "\n  " + fault;
    if (faults.size() > 10)
      message += "\n  and " + std::to_string(faults.size() - 10) + " more";
    return makeFileError(source, message);
  }
  if (options.checkOnly)
    return Error::success();
  for (auto [parameter, tensor] : found)
    copyValues(*tensor, *parameter,
               parameter->trainable ? *trainable : *frozen);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// ParameterStore
//===----------------------------------------------------------------------===//

Expected<ParameterStore> ParameterStore::create(ArrayRef<ParameterSpec> specs,
                                                DType elementType) {
  if (!isFloat(elementType))
    return makeError("parameters must be f32 or f64, not " +
                     getName(elementType));
  Expected<ParameterLayout> layout = ParameterLayout::create(specs);
  if (!layout)
    return layout.takeError();
  // Zeroing an arena that does not fit would end the process.
  double bytes = static_cast<double>(layout->arenaSize(ArenaKind::Trainable) +
                                     layout->arenaSize(ArenaKind::Frozen)) *
                 static_cast<double>(getSizeInBytes(elementType));
  double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes > memory)
    return makeError(formatv("the parameters take {0:f1} GiB, but this machine "
                             "has {1:f1} GiB of memory",
                             bytes / 0x1p30, memory / 0x1p30)
                         .str());
  ParameterStore store;
  store.places = std::move(*layout);
  store.dtype = elementType;
  store.trainable = store.makeArenaLike(ArenaKind::Trainable);
  store.frozen = store.makeArenaLike(ArenaKind::Frozen);
  return store;
}

NamedTensorRefs ParameterStore::tensors() const {
  NamedTensorRefs refs;
  for (const Parameter &parameter : parameters())
    refs.emplace(parameter.name, tensor(parameter));
  return refs;
}

bool ParameterStore::isPaddingZero() const {
  bool zero = true;
  dispatch(dtype, [&](auto type) {
    using T = decltype(type);
    for (const Parameter &parameter : parameters()) {
      ArrayRef<T> row = arena(kindOf(parameter)).view<T>();
      int64_t end = parameter.offset + parameter.numElements;
      int64_t next = alignTo(end, ParameterLayout::rowSize);
      zero &= all_of(row.slice(end, next - end),
                     [](T value) { return value == T(0); });
    }
  });
  return zero;
}

Error ParameterStore::load(const NamedTensors &tensors, StringRef source,
                           const LoadOptions &options) {
  return copyParameters(tensors, places, &trainable, &frozen, options, source);
}

Error ParameterStore::load(StringRef path, const LoadOptions &options) {
  Expected<Safetensors> file = readSafetensors(path);
  if (!file)
    return file.takeError();
  return load(file->tensors, path, options);
}

Error ParameterStore::save(StringRef path, const Metadata &metadata) const {
  return writeSafetensors(path, tensors(), metadata);
}

} // namespace ravel
