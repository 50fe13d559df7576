/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * The entry points of LLVM's OpenMP runtime that compiled code calls, on GNU's
 * runtime, libgomp.
 */
#include "Runtime.h"

void GOMP_parallel(void (*body)(void *), void *data, unsigned threads,
                   unsigned flags);
void GOMP_barrier(void);
int omp_get_thread_num(void);
int omp_get_max_threads(void);

typedef void (*Region)(int32_t *thread, int32_t *bound, void *data);

typedef struct {
  Region region;
  void *data;
} Call;

static void enter(void *pointer) {
  const Call *call = pointer;
  int32_t thread = omp_get_thread_num(), bound = 0;
  call->region(&thread, &bound, call->data);
}

int32_t __kmpc_global_thread_num(void *location) {
  (void)location;
  return omp_get_thread_num();
}

/* What a region reads is gathered in one structure by the compiler. */
void __kmpc_fork_call(void *location, int32_t count, Region region, ...) {
  __builtin_va_list list;
  Call call = {region, 0};
  (void)location;
  __builtin_va_start(list, region);
  if (count > 0)
    call.data = __builtin_va_arg(list, void *);
  __builtin_va_end(list);
  GOMP_parallel(enter, &call, 0, 0);
}

void __kmpc_fork_call_if(void *location, int32_t count, Region region,
                         int32_t condition, void *data) {
  Call call = {region, data};
  (void)location;
  (void)count;
  GOMP_parallel(enter, &call, condition ? 0 : 1, 0);
}

void __kmpc_push_num_threads(void *location, int32_t thread, int32_t count) {
  (void)location;
  (void)thread;
  (void)count;
}

void __kmpc_barrier(void *location, int32_t thread) {
  (void)location;
  (void)thread;
  GOMP_barrier();
}
