/* Runs a model where allocation and locks end the program, and where the kernel
 * ends it at a system call that is not read, write or exit. */
#define _GNU_SOURCE
#include "model.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int isRealTime;

static void forbid(const char *what) {
  if (!isRealTime)
    return;
  if (write(2, what, strlen(what)) < 0 || write(2, " was called\n", 12) < 0)
    abort();
  syscall(SYS_exit, 3);
}

void *malloc(size_t size) {
  extern void *__libc_malloc(size_t);
  forbid("malloc");
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  extern void *__libc_calloc(size_t, size_t);
  forbid("calloc");
  return __libc_calloc(count, size);
}
void *realloc(void *pointer, size_t size) {
  extern void *__libc_realloc(void *, size_t);
  forbid("realloc");
  return __libc_realloc(pointer, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  extern void *__libc_memalign(size_t, size_t);
  forbid("aligned_alloc");
  return __libc_memalign(alignment, size);
}
void free(void *pointer) {
  extern void __libc_free(void *);
  forbid("free");
  __libc_free(pointer);
}
int pthread_mutex_lock(pthread_mutex_t *mutex) {
  (void)mutex;
  forbid("pthread_mutex_lock");
  return 0;
}
int pthread_mutex_trylock(pthread_mutex_t *mutex) {
  (void)mutex;
  forbid("pthread_mutex_trylock");
  return 0;
}

int main(int argc, char **argv) {
  enum { T = 40, B = 3 };
  static float x[T * B * MODEL_X_SIZE], y[T * B * MODEL_Y_SIZE];
  static const size_t lengths[B] = {7, T, 1};
  (void)argv;
  size_t bytes = model_workspace_bytes(T, B);
  void *workspace = aligned_alloc(MODEL_ALIGNMENT, bytes);
  void *state = aligned_alloc(MODEL_ALIGNMENT, model_state_bytes());
  if (model_init() || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
    return 1;
  isRealTime = 1;
  errno = 77;
  int error = 0;
  for (int i = 0; !error && i < 100; ++i) {
    error = model_run(T, B, i % 2 ? lengths : NULL, x, y, workspace, bytes);
    if (!error)
      error = model_reset(state);
    for (int t = 0; !error && t < T; ++t)
      error = model_step(state, x, y);
    if (!error)
      error = model_steps(state, T, x, y);
    if (!error && model_step(state, NULL, y) != MODEL_ERROR_NULL)
      error = 100;
  }
  if (errno != 77)
    error = 101;
  /* That the trap works. */
  if (!error && argc > 1)
    free(malloc(1));
  syscall(SYS_exit, error ? 2 : 0);
}
