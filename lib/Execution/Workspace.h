//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Memory that a call of compiled code works in.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_EXECUTION_WORKSPACE_H
#define RAVEL_LIB_EXECUTION_WORKSPACE_H

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace ravel {

/// Aligned memory that only grows. Its contents don't survive growth.
class Workspace {
public:
  void *data() const { return memory.get(); }
  /// Makes room for `bytes` bytes, in large pages where the system has some:
  /// kernels walk through megabytes in many streams at once.
  void reserve(size_t bytes);

private:
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };
  std::unique_ptr<void, Free> memory;
  size_t capacity = 0;
};

} // namespace ravel

#endif // RAVEL_LIB_EXECUTION_WORKSPACE_H
