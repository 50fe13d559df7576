/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * Prints the median time of a step, the longest but for the one in a thousand
 * that the system has interrupted, and the median time of reading BYTES bytes
 * forwards and backwards in turn, in microseconds.
 */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kSteps = 64, kRounds = 2000, kLanes = 16 };
typedef float Vector __attribute__((vector_size(4 * kLanes)));

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec * 1e-3;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Eight sums cover the time that each addition takes. */
static Vector read(const Vector *data, long count, int isBackward) {
  Vector sums[8] = {{0}}, factor = {0};
  factor += 1.1f;
  long begin = isBackward ? count - 8 : 0, way = isBackward ? -8 : 8;
  for (long i = 0; i < count; i += 8, begin += way)
    for (int j = 0; j < 8; ++j)
      sums[j] += data[begin + j] * factor;
  for (int j = 1; j < 8; ++j)
    sums[0] += sums[j];
  return sums[0];
}

int main(void) {
  static float x[MODEL_X_SIZE * kSteps], y[MODEL_Y_SIZE * kSteps];
  static double times[kRounds], readings[kRounds];
  void *state = aligned_alloc(MODEL_ALIGNMENT, model_state_bytes());
  for (int i = 0; i < MODEL_X_SIZE * kSteps; ++i)
    x[i] = (float)(i % 17) / 17.0f - 0.5f;
  if (model_init() || model_reset(state))
    return 1;
  for (int round = 0; round < kRounds; ++round) {
    double begin = now();
    for (int t = 0; t < kSteps; ++t)
      if (model_step(state, x + t * MODEL_X_SIZE, y + t * MODEL_Y_SIZE))
        return 1;
    times[round] = (now() - begin) / kSteps;
  }
  long count = (BYTES / (long)sizeof(Vector) + 7) / 8 * 8;
  Vector *data = aligned_alloc(64, (size_t)count * sizeof(Vector));
  for (long i = 0; i < count; ++i)
    data[i] = (Vector){0};
  Vector sum = {0};
  for (int round = 0; round < kRounds; ++round) {
    double begin = now();
    for (int t = 0; t < kSteps; ++t)
      sum += read(data, count, t & 1);
    readings[round] = (now() - begin) / kSteps;
  }
  volatile float sink = sum[0];
  (void)sink;
  qsort(times, kRounds, sizeof *times, compare);
  qsort(readings, kRounds, sizeof *readings, compare);
  printf("%f %f %f\n", times[kRounds / 2], times[kRounds - 1 - kRounds / 1000],
         readings[kRounds / 2]);
  free(state);
  free(data);
  return 0;
}
