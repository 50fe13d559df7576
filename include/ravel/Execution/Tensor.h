//===- Tensor.h - Dense arrays in host memory -------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The host's side of the arrays that compiled code works on: row-major, dense,
// 64-byte aligned. Half-precision types exist only in files; the readers
// convert them to f32.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_TENSOR_H
#define RAVEL_EXECUTION_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cassert>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace ravel {

/// The element types a tensor can have. `Bool` is one byte, 0 or 1.
enum class DType { Bool, I8, U8, I16, U16, I32, U32, I64, U64, F32, F64 };

/// "f32", "i64", "u8", "bool", ...
llvm::StringRef getName(DType dtype);
/// The size of an element in bytes.
int64_t getSizeInBytes(DType dtype);
inline bool isFloat(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F64;
}

namespace detail {
template <typename T> struct DTypeOf;
#define RAVEL_DTYPE(CPP, ENUM)                                                 \
  template <> struct DTypeOf<CPP> {                                            \
    static constexpr DType value = DType::ENUM;                                \
  };
RAVEL_DTYPE(bool, Bool)
RAVEL_DTYPE(int8_t, I8)
RAVEL_DTYPE(uint8_t, U8)
RAVEL_DTYPE(int16_t, I16)
RAVEL_DTYPE(uint16_t, U16)
RAVEL_DTYPE(int32_t, I32)
RAVEL_DTYPE(uint32_t, U32)
RAVEL_DTYPE(int64_t, I64)
RAVEL_DTYPE(uint64_t, U64)
RAVEL_DTYPE(float, F32)
RAVEL_DTYPE(double, F64)
#undef RAVEL_DTYPE
} // namespace detail

/// The DType of a C++ element type.
template <typename T>
inline constexpr DType dtypeOf = detail::DTypeOf<std::remove_const_t<T>>::value;

/// Calls `fn` with a value-initialized element of the C++ type of `dtype`.
template <typename Fn> decltype(auto) dispatch(DType dtype, Fn &&fn) {
  switch (dtype) {
  case DType::Bool:
    return fn(bool());
  case DType::I8:
    return fn(int8_t());
  case DType::U8:
    return fn(uint8_t());
  case DType::I16:
    return fn(int16_t());
  case DType::U16:
    return fn(uint16_t());
  case DType::I32:
    return fn(int32_t());
  case DType::U32:
    return fn(uint32_t());
  case DType::I64:
    return fn(int64_t());
  case DType::U64:
    return fn(uint64_t());
  case DType::F32:
    return fn(float());
  case DType::F64:
    break;
  }
  return fn(double());
}

using Shape = llvm::SmallVector<int64_t, 4>;

/// "[3, 4]"; "[]" for a scalar.
std::string toString(llvm::ArrayRef<int64_t> shape);

/// The product of the dimensions, or nothing if one is negative or if the
/// elements, of `elementSize` bytes each, could not be addressed.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape,
                                     int64_t elementSize = 1);

/// The indices of the element at the linear position `linear` of an array of
/// this shape, as "[1, 0, 7]".
std::string toIndexString(llvm::ArrayRef<int64_t> shape, int64_t linear);

/// Conversions of the bits of the two half-precision formats.
float halfToFloat(uint16_t bits);
float bfloat16ToFloat(uint16_t bits);

/// A zero-initialized block of memory: 64-byte aligned, and readable and
/// writable up to the next multiple of 64 bytes.
class AlignedBuffer {
public:
  static constexpr int64_t alignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t sizeInBytes);

  void *data() { return storage.get(); }
  const void *data() const { return storage.get(); }
  int64_t size() const { return bytes; }

private:
  struct Free {
    void operator()(void *pointer) const;
  };
  std::unique_ptr<void, Free> storage;
  int64_t bytes = 0;
};

/// A view of a dense row-major array owned by something else.
struct TensorRef {
  DType dtype = DType::F32;
  Shape shape;
  const void *data = nullptr;

  int64_t numElements() const { return *countElements(shape); }
  int64_t sizeInBytes() const { return numElements() * getSizeInBytes(dtype); }
};

/// An owning dense row-major array. Moved, not copied; `clone` copies.
class Tensor {
public:
  /// An f32 tensor of shape [0].
  Tensor() : elementType(DType::F32), dims({0}) {}
  /// A tensor of zeros. The dimensions must be non-negative.
  Tensor(DType dtype, llvm::ArrayRef<int64_t> shape);

  Tensor(Tensor &&) = default;
  Tensor &operator=(Tensor &&) = default;

  /// A tensor of these values; there must be as many as the shape holds.
  template <typename T>
  static Tensor of(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<T> values) {
    Tensor result(dtypeOf<T>, shape);
    assert(result.numElements() == int64_t(values.size()));
    std::copy(values.begin(), values.end(), result.view<T>().begin());
    return result;
  }

  DType dtype() const { return elementType; }
  llvm::ArrayRef<int64_t> shape() const { return dims; }
  int64_t rank() const { return dims.size(); }
  int64_t dim(unsigned i) const { return dims[i]; }
  int64_t numElements() const { return *countElements(dims); }
  int64_t sizeInBytes() const {
    return numElements() * getSizeInBytes(elementType);
  }

  void *data() { return buffer.data(); }
  const void *data() const { return buffer.data(); }

  /// All elements in row-major order. T must be the tensor's element type.
  template <typename T> llvm::MutableArrayRef<T> view() {
    assert(dtypeOf<T> == elementType && "view of another element type");
    return llvm::MutableArrayRef<T>(static_cast<T *>(data()), numElements());
  }
  template <typename T> llvm::ArrayRef<T> view() const {
    assert(dtypeOf<T> == elementType && "view of another element type");
    return llvm::ArrayRef<T>(static_cast<const T *>(data()), numElements());
  }

  TensorRef ref() const { return {elementType, dims, data()}; }
  operator TensorRef() const { return ref(); }

  Tensor clone() const;
  /// The same elements under another shape with as many elements.
  llvm::Error reshape(llvm::ArrayRef<int64_t> shape);
  /// Every element converted. Floats become integers only if they are whole;
  /// integers must fit; a finite float that overflows f32 is an error too. The
  /// message names the element's indices.
  llvm::Expected<Tensor> convertTo(DType dtype) const;

private:
  DType elementType;
  Shape dims;
  AlignedBuffer buffer;
};

/// The linear position of the first NaN or infinity; nothing if all elements
/// are finite (integers always are).
std::optional<int64_t> findNonFinite(const TensorRef &tensor);

/// Tensors by name, in the order of their names.
using NamedTensors = std::map<std::string, Tensor, std::less<>>;
/// Views by name, in the order of their names.
using NamedTensorRefs = std::map<std::string, TensorRef, std::less<>>;

NamedTensorRefs toRefs(const NamedTensors &tensors);

} // namespace ravel

#endif // RAVEL_EXECUTION_TENSOR_H
