//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Workspace.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#ifdef __linux__
#include <sys/mman.h>
#endif

using namespace ravel;

static constexpr size_t kLine = 64;
static constexpr size_t kLargePage = 2 << 20;

void Workspace::reserve(size_t bytes) {
  if (bytes <= capacity)
    return;
  // Room for somewhat longer batches, so that growth is rare.
  bytes += bytes / 8;
  size_t alignment = bytes >= kLargePage ? kLargePage : kLine;
  bytes = llvm::alignTo(bytes, alignment);
  memory.reset();
  memory.reset(std::aligned_alloc(alignment, bytes));
  if (!memory)
    llvm::report_bad_alloc_error("out of memory for the workspace of a call");
#ifdef __linux__
  if (alignment == kLargePage)
    madvise(memory.get(), bytes, MADV_HUGEPAGE);
#endif
  capacity = bytes;
}
