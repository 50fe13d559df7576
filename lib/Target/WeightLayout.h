//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Where a compiled object has each parameter, and what is computed of them.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_TARGET_WEIGHTLAYOUT_H
#define RAVEL_LIB_TARGET_WEIGHTLAYOUT_H

#include "LoweredFunction.h"
#include "ravel/Execution/ParameterStore.h"
#include "llvm/ADT/DenseMap.h"
#include <map>

namespace ravel {

/// All of an object's weights are one piece of memory, constant in the object
/// or the caller's own.
struct WeightLayout {
  /// The place of each parameter and prepared tensor among the arguments of
  /// functions and preparations, in bytes.
  llvm::DenseMap<const LoweredArgument *, int64_t> offsets;
  /// The place of each parameter of the manifest, where weights are read.
  std::map<std::string, int64_t> parameters;
  /// The place of each preparation's workspace and descriptors.
  llvm::DenseMap<const LoweredFunction *, int64_t> workspaces;
  int64_t bytes = 0;
  /// The contents of constant weights.
  std::string contents;
};

/// Places weights that a caller's file gives.
WeightLayout
layOutExternalWeights(llvm::ArrayRef<ManifestEntry> manifest, DType precision,
                      llvm::ArrayRef<const LoweredFunction *> functions);

/// Computes all that functions need of `parameters`, by `preparations`: a
/// module with each function's `NAME.prepare`. Parameters that only these read
/// are left out: `isUsed` tells. Equal contents are there once.
llvm::Expected<WeightLayout> layOutConstantWeights(
    const ParameterStore &parameters, const Module *preparations,
    llvm::ArrayRef<const LoweredFunction *> functions,
    llvm::function_ref<bool(const LoweredFunction &, unsigned)> isUsed);

} // namespace ravel

#endif // RAVEL_LIB_TARGET_WEIGHTLAYOUT_H
