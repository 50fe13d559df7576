//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What compilation gives and the cache keeps: an object and its description.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_EXECUTION_COMPILEDCODE_H
#define RAVEL_LIB_EXECUTION_COMPILEDCODE_H

#include "ravel/Execution/Module.h"
#include <optional>

namespace ravel {

struct CompiledCode {
  std::vector<Signature> signatures;
  std::vector<ManifestEntry> manifest;
  /// A relocatable object that defines `ravel_NAME` for each signature.
  std::string object;

  /// Reads an entry of the cache; nothing where there is none, or it is not
  /// exactly what `write` wrote.
  static std::optional<CompiledCode> read(llvm::StringRef path);
  /// Writes an entry of the cache. Failure leaves no trace.
  void write(llvm::StringRef path) const;
};

} // namespace ravel

#endif // RAVEL_LIB_EXECUTION_COMPILEDCODE_H
