//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The runtime that objects carry with them (Runtime/), as LLVM bitcode.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_TARGET_RUNTIMEBITCODE_H
#define RAVEL_LIB_TARGET_RUNTIMEBITCODE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/TargetParser/Triple.h"

namespace ravel {

enum class RuntimePart {
  Core, ///< calls on batches, weights, the processor
  Gomp, ///< LLVM's OpenMP entry points on GNU's runtime
  Main, ///< a program around a stream
};

/// The bitcode for processors of a family; empty if there is none.
llvm::StringRef getRuntimeBitcode(llvm::Triple::ArchType family,
                                  RuntimePart part);

} // namespace ravel

#endif // RAVEL_LIB_TARGET_RUNTIMEBITCODE_H
