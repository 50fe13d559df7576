//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_RESIDENTMEMORY_H
#define RAVEL_TOOLS_RAVEL_RESIDENTMEMORY_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace ravel::driver {

/// The most memory of this process that is resident at once while some work
/// runs, in bytes, and what was resident before. The system counts pages, and
/// adds up the threads' counts now and then: small differences are noise.
struct ResidentMemory {
  int64_t before = 0, peak = 0;

  int64_t growth() const { return peak - before; }
};

/// What was freed before is given back first, so that it counts again.
llvm::Expected<ResidentMemory>
measureResidentMemory(llvm::function_ref<void()> work);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_RESIDENTMEMORY_H
