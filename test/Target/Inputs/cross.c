/* Runs a model on a processor of another family and compares with what `ravel
 * run` gives here. Without a C library, so that none is needed for each family:
 * the exit status is 0, or the number of the check that failed. */
#include "model.h"
#include "data.h"

void *memcpy(void *to, const void *from, size_t bytes) {
  char *t = to;
  for (const char *f = from; bytes--;)
    *t++ = *f++;
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  for (char *t = to; bytes--;)
    *t++ = (char)value;
  return to;
}

static _Alignas(64) unsigned char workspace[1 << 20], state[1 << 14];
static float batch[B * T * OUTPUTS], stream[T * OUTPUTS];

static int differ(const float *got, const float *wanted, int count) {
  for (int i = 0; i < count; ++i) {
    float difference = got[i] - wanted[i];
    /* NaN, too, is different. */
    if (!(difference < TOLERANCE && difference > -TOLERANCE))
      return 1;
  }
  return 0;
}

int test(void) {
  if (model_init())
    return 1;
  if (model_workspace_bytes(T, B) > sizeof workspace ||
      model_state_bytes() > sizeof state)
    return 2;
  if (model_run(T, B, lengths, x, batch, workspace, sizeof workspace))
    return 3;
  for (int b = 0; b < B; ++b)
    if (differ(batch + b * T * OUTPUTS, wanted + b * T * OUTPUTS,
               T * OUTPUTS))
      return 4;
  for (int b = 0; b < B; ++b) {
    if (model_reset(state) ||
        model_steps(state, lengths[b], x + b * T * INPUTS, stream))
      return 5;
    if (differ(stream, wanted + b * T * OUTPUTS, (int)lengths[b] * OUTPUTS))
      return 6;
  }
  if (model_step(state, x, 0) != MODEL_ERROR_NULL)
    return 7;
  return 0;
}

#ifndef __wasm__
void _start(void) {
#ifdef __aarch64__
  register long status __asm__("x0") = test();
  register long call __asm__("x8") = 94;
  __asm__ volatile("svc 0" : : "r"(status), "r"(call));
#else
  register long status __asm__("a0") = test();
  register long call __asm__("a7") = 94;
  __asm__ volatile("ecall" : : "r"(status), "r"(call));
#endif
  for (;;)
    ;
}
#endif
