//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// From an object to what is linked: a static or shared library, or a program.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TARGET_LINK_H
#define RAVEL_TARGET_LINK_H

#include "ravel/Target/AheadOfTime.h"

namespace ravel {

struct LinkOptions {
  /// What names of files begin with: "out/NAME".
  std::string path;
  ThreadRuntime threads = ThreadRuntime::None;
};

/// Writes `libNAME.a`.
llvm::Error writeArchive(const CompiledObject &object,
                         const LinkOptions &options);
/// Links `libNAME.so`, or `NAME.wasm`.
llvm::Error linkShared(const CompiledObject &object,
                       const LinkOptions &options);
/// Links the program `NAME`.
llvm::Error linkProgram(const CompiledObject &object,
                        const LinkOptions &options);

} // namespace ravel

#endif // RAVEL_TARGET_LINK_H
