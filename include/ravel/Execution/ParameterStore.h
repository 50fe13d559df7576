//===- ParameterStore.h - A model's learned values --------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All trainable parameters of a model lie in one arena, all frozen ones in
// another. An arena is one tensor of shape [P/64, 64]: an optimizer is a single
// vectorized sweep over it, and its own state is more tensors of that shape.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_PARAMETERSTORE_H
#define RAVEL_EXECUTION_PARAMETERSTORE_H

#include "ravel/Execution/Safetensors.h"
#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace ravel {

/// What a model's manifest says about a parameter.
struct ParameterSpec {
  std::string name;
  Shape shape; // all dimensions positive; [] is a scalar
  bool trainable = true;
  /// For a sparse matrix [2, degree, outputs], its inputs; 0 for others. The
  /// first half are weights, the second says which input each is for.
  int64_t sparseInputs = 0;
};

/// A parameter with its place.
struct Parameter {
  std::string name;
  Shape shape;
  bool trainable;
  int64_t sparseInputs;
  int64_t offset;      // of its first element in its arena; a multiple of 64
  int64_t numElements; // without the padding that follows
};

/// Which of the two arenas.
enum class ArenaKind { Trainable, Frozen };

/// Where each parameter lies. Parameters keep the order in which they were
/// given; each begins at a multiple of 64 elements, and so does the arena's
/// end.
class ParameterLayout {
public:
  static constexpr int64_t rowSize = 64; // elements

  /// An error if a name is empty or repeated, a dimension is not positive, or
  /// the whole could not be addressed.
  static llvm::Expected<ParameterLayout>
  create(llvm::ArrayRef<ParameterSpec> specs);

  llvm::ArrayRef<Parameter> parameters() const { return list; }
  /// Null if there is none of that name.
  const Parameter *find(llvm::StringRef name) const;
  /// In elements, padding included; a multiple of 64.
  int64_t arenaSize(ArenaKind kind) const {
    return kind == ArenaKind::Trainable ? trainableSize : frozenSize;
  }
  /// The number of learned values, padding excluded.
  int64_t countValues(ArenaKind kind) const;
  /// A zeroed arena: a tensor of shape [arenaSize/64, 64].
  Tensor makeArena(ArenaKind kind, DType dtype) const;

private:
  std::vector<Parameter> list;
  llvm::StringMap<size_t> indices;
  int64_t trainableSize = 0, frozenSize = 0;
};

/// What to tolerate when parameters are loaded.
struct LoadOptions {
  bool allowMissing = false;    // keep the current value
  bool allowUnexpected = false; // ignore what the model does not have
  /// Only tensors whose name begins with `prefix` are considered; the rest of
  /// the name is the parameter's.
  std::string prefix;
  /// Tensors whose name begins with one of these are never unexpected.
  std::vector<std::string> ignoredPrefixes;
  bool checkOnly = false; // complain as ever, but copy nothing
};

/// A parameter's part of an arena of `layout` as a tensor.
TensorRef viewParameter(const Parameter &parameter, const Tensor &arena);

/// Copies tensors into the arenas, f32 and f64 converted to the arenas' element
/// type. `trainable` or `frozen` may be null: those parameters are left alone
/// and need not be there. Everything is checked before anything is copied; the
/// message lists every complaint (up to ten): missing, unexpected, misshapen,
/// of a wrong type, not finite. `source` names the file in messages.
///
/// A sparse matrix is taken from a dense tensor, too, and a dense one from a
/// sparse tensor [2, degree, outputs].
llvm::Error copyParameters(const NamedTensors &tensors,
                           const ParameterLayout &layout, Tensor *trainable,
                           Tensor *frozen, const LoadOptions &options,
                           llvm::StringRef source);

/// The parameters of one model: a layout and its two arenas.
class ParameterStore {
public:
  /// Zeroed parameters of element type f32 or f64.
  static llvm::Expected<ParameterStore>
  create(llvm::ArrayRef<ParameterSpec> specs, DType elementType = DType::F32);

  const ParameterLayout &layout() const { return places; }
  llvm::ArrayRef<Parameter> parameters() const { return places.parameters(); }
  const Parameter *find(llvm::StringRef name) const {
    return places.find(name);
  }
  DType elementType() const { return dtype; }

  /// Of shape [P/64, 64]. Whoever writes a whole arena keeps the padding zero
  /// (an optimizer does: its gradient there is zero).
  Tensor &arena(ArenaKind kind) {
    return kind == ArenaKind::Trainable ? trainable : frozen;
  }
  const Tensor &arena(ArenaKind kind) const {
    return kind == ArenaKind::Trainable ? trainable : frozen;
  }
  /// A zeroed tensor like the arena: gradients, an optimizer's moments.
  Tensor makeArenaLike(ArenaKind kind) const {
    return places.makeArena(kind, dtype);
  }

  /// The elements of one parameter. T must be the element type.
  template <typename T>
  llvm::MutableArrayRef<T> values(const Parameter &parameter) {
    return arena(kindOf(parameter))
        .view<T>()
        .slice(parameter.offset, parameter.numElements);
  }
  template <typename T>
  llvm::ArrayRef<T> values(const Parameter &parameter) const {
    return arena(kindOf(parameter))
        .view<T>()
        .slice(parameter.offset, parameter.numElements);
  }
  TensorRef tensor(const Parameter &parameter) const {
    return viewParameter(parameter, arena(kindOf(parameter)));
  }
  /// All parameters by name.
  NamedTensorRefs tensors() const;

  /// True if every element of padding is zero.
  bool isPaddingZero() const;

  /// See `copyParameters`.
  llvm::Error load(const NamedTensors &tensors, llvm::StringRef source,
                   const LoadOptions &options = {});
  /// Loads a safetensors file; all or nothing.
  llvm::Error load(llvm::StringRef path, const LoadOptions &options = {});
  /// Saves a safetensors file, atomically.
  llvm::Error save(llvm::StringRef path, const Metadata &metadata = {}) const;

  static ArenaKind kindOf(const Parameter &parameter) {
    return parameter.trainable ? ArenaKind::Trainable : ArenaKind::Frozen;
  }

private:
  ParameterLayout places;
  DType dtype = DType::F32;
  Tensor trainable, frozen;
};

} // namespace ravel

#endif // RAVEL_EXECUTION_PARAMETERSTORE_H
