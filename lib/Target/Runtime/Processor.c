/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * What the processor can do, asked of the processor itself: the C library's
 * answer would be one more symbol to link.
 */
#include "Runtime.h"

#ifdef __x86_64__

typedef struct {
  uint32_t a, b, c, d;
} Registers;

static Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  __asm__ volatile("cpuid"
                   : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                   : "a"(leaf), "c"(subleaf));
  return r;
}

/* The registers that the system saves when it switches threads. */
static uint32_t getSavedState(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

uint64_t ravel_processor_features(void) {
  enum { kVectors = 0x6, kWideVectors = 0xe6 };
  uint32_t leaves = cpuid(0, 0).a;
  Registers one = cpuid(1, 0), seven = {0, 0, 0, 0}, more = {0, 0, 0, 0};
  if (leaves >= 7) {
    seven = cpuid(7, 0);
    if (seven.a >= 1)
      more = cpuid(7, 1);
  }
  Registers extended = {0, 0, 0, 0};
  if (cpuid(0x80000000u, 0).a >= 0x80000001u)
    extended = cpuid(0x80000001u, 0);
  uint32_t saved = one.c >> 27 & 1 ? getSavedState() : 0;
  uint32_t hasVectors = (saved & kVectors) == kVectors;
  uint32_t hasWide = (saved & kWideVectors) == kWideVectors;
  uint64_t features = 0;
#define ADD(BIT, WORD, SHIFT, CONDITION)                                       \
  if ((CONDITION) && ((WORD) >> (SHIFT) & 1))                                  \
  features |= (uint64_t)1 << (BIT)
  ADD(0, one.c, 0, 1);
  ADD(1, one.c, 9, 1);
  ADD(2, one.c, 19, 1);
  ADD(3, one.c, 20, 1);
  ADD(4, one.c, 23, 1);
  ADD(5, one.c, 13, 1);
  ADD(6, one.c, 28, hasVectors);
  ADD(7, seven.b, 5, hasVectors);
  ADD(8, seven.b, 3, 1);
  ADD(9, seven.b, 8, 1);
  ADD(10, extended.c, 5, 1);
  ADD(11, one.c, 22, 1);
  ADD(12, one.c, 29, hasVectors);
  ADD(13, one.c, 12, hasVectors);
  ADD(14, seven.b, 16, hasWide);
  ADD(15, seven.b, 30, hasWide);
  ADD(16, seven.b, 28, hasWide);
  ADD(17, seven.b, 17, hasWide);
  ADD(18, seven.b, 31, hasWide);
  ADD(19, more.a, 5, hasWide);
  ADD(20, seven.c, 11, hasWide);
  ADD(21, seven.d, 23, hasWide);
  ADD(22, more.a, 4, hasVectors);
  ADD(23, seven.c, 1, hasWide);
  ADD(24, seven.c, 6, hasWide);
  ADD(25, seven.b, 21, hasWide);
  ADD(26, seven.c, 12, hasWide);
  ADD(27, seven.c, 14, hasWide);
  ADD(28, seven.c, 9, hasVectors);
  ADD(29, seven.c, 10, hasVectors);
  ADD(30, seven.c, 8, 1);
#undef ADD
  return features;
}

#else

uint64_t ravel_processor_features(void) { return ~(uint64_t)0; }

#endif
