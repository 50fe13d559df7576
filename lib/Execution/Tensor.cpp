//===- Tensor.cpp - Dense arrays in host memory ---------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Tensor.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

using namespace llvm;
namespace ravel {

StringRef getName(DType dtype) {
  switch (dtype) {
  case DType::Bool:
    return "bool";
  case DType::I8:
    return "i8";
  case DType::U8:
    return "u8";
  case DType::I16:
    return "i16";
  case DType::U16:
    return "u16";
  case DType::I32:
    return "i32";
  case DType::U32:
    return "u32";
  case DType::I64:
    return "i64";
  case DType::U64:
    return "u64";
  case DType::F32:
    return "f32";
  case DType::F64:
    break;
  }
  return "f64";
}

int64_t getSizeInBytes(DType dtype) {
  return dispatch(dtype, [](auto zero) { return int64_t(sizeof(zero)); });
}

std::string toString(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + itostr(shape[i]);
  return text + "]";
}

std::optional<int64_t> countElements(ArrayRef<int64_t> shape,
                                     int64_t elementSize) {
  // Leaves room for rounding up to the alignment.
  const int64_t limit = (int64_t(1) << 60) / elementSize;
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0) {
      empty = true;
      continue;
    }
    if (count > limit / dim)
      return std::nullopt;
    count *= dim;
  }
  return empty ? 0 : count;
}

std::string toIndexString(ArrayRef<int64_t> shape, int64_t linear) {
  Shape indices(shape.size(), 0);
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] <= 0)
      break;
    indices[i] = linear % shape[i];
    linear /= shape[i];
  }
  return toString(indices);
}

float bfloat16ToFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits >> 15) << 31;
  uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24 is exact in f32.
    float value = std::ldexp(float(mantissa), -24);
    return sign ? -value : value;
  }
  uint32_t wide = sign | (mantissa << 13) |
                  (exponent == 31 ? 255u << 23 : (exponent + 112) << 23);
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

AlignedBuffer::AlignedBuffer(int64_t sizeInBytes) : bytes(sizeInBytes) {
  assert(sizeInBytes >= 0 && "negative size");
  int64_t rounded = alignTo(std::max<int64_t>(sizeInBytes, 1), alignment);
  void *pointer = std::aligned_alloc(alignment, rounded);
  if (!pointer)
    report_bad_alloc_error("out of memory for a tensor");
  std::memset(pointer, 0, rounded);
  storage.reset(pointer);
}

void AlignedBuffer::Free::operator()(void *pointer) const {
  std::free(pointer);
}

Tensor::Tensor(DType dtype, ArrayRef<int64_t> shape)
    : elementType(dtype), dims(shape) {
  std::optional<int64_t> count = countElements(shape, getSizeInBytes(dtype));
  if (!count)
    report_fatal_error(Twine("invalid tensor shape ") + toString(shape));
  buffer = AlignedBuffer(*count * getSizeInBytes(dtype));
}

Tensor Tensor::clone() const {
  Tensor result(elementType, dims);
  if (int64_t size = sizeInBytes())
    std::memcpy(result.data(), data(), size);
  return result;
}

Error Tensor::reshape(ArrayRef<int64_t> shape) {
  if (countElements(shape) != numElements())
    return makeError("cannot reshape " + toString(dims) + " to " +
                     toString(shape) + ": the number of elements differs");
  dims.assign(shape.begin(), shape.end());
  return Error::success();
}

/// Converts one element; false if `To` cannot hold it.
template <typename From, typename To> static bool convert(From from, To &to) {
  if constexpr (std::is_same_v<To, bool>) {
    to = from != From(0);
    return from == From(0) || from == From(1);
  } else if constexpr (std::is_floating_point_v<To>) {
    to = static_cast<To>(from);
    if constexpr (std::is_floating_point_v<From>)
      return std::isfinite(to) || !std::isfinite(from);
    return true;
  } else if constexpr (std::is_floating_point_v<From>) {
    // Both bounds are powers of two (or zero), hence exact in a double.
    double value = from;
    double low = double(std::numeric_limits<To>::min());
    double high = std::ldexp(1.0, std::numeric_limits<To>::digits);
    if (!(value >= low && value < high) || value != std::trunc(value))
      return false;
    to = static_cast<To>(value);
    return true;
  } else {
    to = static_cast<To>(from);
    return static_cast<From>(to) == from && (to < To(0)) == (from < From(0));
  }
}

Expected<Tensor> Tensor::convertTo(DType dtype) const {
  if (dtype == elementType)
    return clone();
  Tensor result(dtype, dims);
  int64_t failed = -1;
  dispatch(elementType, [&](auto from) {
    dispatch(dtype, [&](auto to) {
      ArrayRef<decltype(from)> source = view<decltype(from)>();
      MutableArrayRef<decltype(to)> target = result.view<decltype(to)>();
      for (size_t i = 0; i < source.size(); ++i)
        if (!convert(source[i], target[i])) {
          failed = i;
          return;
        }
    });
  });
  if (failed >= 0)
    return makeError("the " + getName(elementType) + " element at " +
                     toIndexString(dims, failed) + " does not fit " +
                     getName(dtype));
  return result;
}

template <typename T>
static std::optional<int64_t> findNonFinite(const void *data, int64_t count) {
  const T *values = static_cast<const T *>(data);
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(values[i]))
      return i;
  return std::nullopt;
}

std::optional<int64_t> findNonFinite(const TensorRef &tensor) {
  if (tensor.dtype == DType::F32)
    return findNonFinite<float>(tensor.data, tensor.numElements());
  if (tensor.dtype == DType::F64)
    return findNonFinite<double>(tensor.data, tensor.numElements());
  return std::nullopt;
}

NamedTensorRefs toRefs(const NamedTensors &tensors) {
  NamedTensorRefs refs;
  for (const auto &[name, tensor] : tensors)
    refs.emplace(name, tensor.ref());
  return refs;
}

} // namespace ravel
