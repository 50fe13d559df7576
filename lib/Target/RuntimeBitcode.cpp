//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RuntimeBitcode.h"

using namespace ravel;

/// Embeds a file: `NAME` and `NAME_end` are where its bytes begin and end.
#define EMBED(NAME, FILE)                                                      \
  __asm__(".section .rodata\n"                                                 \
          ".balign 16\n"                                                       \
          ".global " #NAME "\n" #NAME ":\n"                                    \
          ".incbin \"" RAVEL_RUNTIME_DIR "/" FILE "\"\n"                       \
          ".global " #NAME "_end\n" #NAME "_end:\n"                            \
          ".byte 0\n"                                                          \
          ".text\n");                                                          \
  extern "C" const char NAME[], NAME##_end[];

#define EMBED_FAMILY(FAMILY)                                                   \
  EMBED(ravel_core_##FAMILY, #FAMILY "-core.bc")                               \
  EMBED(ravel_gomp_##FAMILY, #FAMILY "-gomp.bc")                               \
  EMBED(ravel_main_##FAMILY, #FAMILY "-main.bc")

EMBED_FAMILY(x86_64)
EMBED_FAMILY(aarch64)
EMBED_FAMILY(riscv64)
EMBED_FAMILY(wasm32)

llvm::StringRef ravel::getRuntimeBitcode(llvm::Triple::ArchType family,
                                         RuntimePart part) {
#define CASE(FAMILY)                                                           \
  case llvm::Triple::FAMILY:                                                   \
    if (part == RuntimePart::Core)                                             \
      return {ravel_core_##FAMILY,                                             \
              size_t(ravel_core_##FAMILY##_end - ravel_core_##FAMILY)};        \
    if (part == RuntimePart::Gomp)                                             \
      return {ravel_gomp_##FAMILY,                                             \
              size_t(ravel_gomp_##FAMILY##_end - ravel_gomp_##FAMILY)};        \
    return {ravel_main_##FAMILY,                                               \
            size_t(ravel_main_##FAMILY##_end - ravel_main_##FAMILY)};
  switch (family) {
    CASE(x86_64)
    CASE(aarch64)
    CASE(riscv64)
    CASE(wasm32)
  default:
    return {};
  }
#undef CASE
}
