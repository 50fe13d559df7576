//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The functions that callers of a compiled object see, as LLVM IR around the
// model's own.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_TARGET_INTERFACEEMITTER_H
#define RAVEL_LIB_TARGET_INTERFACEEMITTER_H

#include "LoweredFunction.h"
#include "WeightLayout.h"
#include "ravel/Target/Interface.h"

namespace llvm {
class Module;
} // namespace llvm

namespace ravel {

/// What an object is made of.
struct ObjectParts {
  const LoweredFunction *run = nullptr;
  /// Null where the function does not stream.
  const LoweredFunction *reset = nullptr, *step = nullptr;
  /// Of a function that generates, which has no `run`: its parts.
  const LoweredFunction *start = nullptr, *next = nullptr;
  Decoding decoding;
  WeightLayout weights;
  /// In the order that error codes number them.
  llvm::ArrayRef<ManifestEntry> manifest;
  DType precision = DType::F32;
  /// The features that the processor must have, by the bits of the runtime.
  uint64_t processorFeatures = 0;
};

/// Where a stream's memory has its parts, in bytes.
///
/// The states are there twice: a step reads one copy and writes the other, and
/// the word at `current` tells which is which.
struct StateLayout {
  static constexpr int64_t magic = 0, current = 8, weights = 16, header = 64;
  std::vector<int64_t> states, examples;
  /// Between the two copies of states.
  int64_t copy = 0;
  int64_t workspace = 0;
  int64_t bytes = 0;

  static StateLayout create(const LoweredFunction &step);
};

/// Adds the functions of `interface` to `module`. They call the runtime, which
/// is linked in afterwards.
void emitInterface(const Interface &interface, const ObjectParts &parts,
                   llvm::Module &module);

/// Adds the functions of `interface` as calls of those whose names begin with
/// one of `prefixes`: `init` chooses the last of them whose `features` the
/// processor has.
void emitDispatch(const Interface &interface,
                  llvm::ArrayRef<std::string> prefixes,
                  llvm::ArrayRef<uint64_t> features, llvm::Module &module);

/// Adds what the runtime's `main` needs to know of a stream.
void emitProgram(const Interface &interface, llvm::Module &module);

} // namespace ravel

#endif // RAVEL_LIB_TARGET_INTERFACEEMITTER_H
