/* Generates for the examples of generate.py, and complains where steps of one's
 * own, or a mistake, give something else than they should. */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>

#ifndef REAL
#define REAL float
#define SCAN "%f"
#endif

static int failures = 0;
static void expect(int error, int expected) {
  if (error != expected) {
    printf("%s, not %s\n", model_strerror(error), model_strerror(expected));
    ++failures;
  }
}

static int find_highest(const REAL *scores) {
  int best = 0;
  for (int i = 1; i < MODEL_SCORES; ++i)
    if (scores[i] > scores[best])
      best = i;
  return best;
}

static size_t read_classes(int32_t *classes) {
  size_t length = 0;
  if (scanf("%zu", &length) != 1)
    return 0;
  for (size_t i = 0; i < length; ++i)
    if (scanf("%d", &classes[i]) != 1)
      return 0;
  return length;
}

#ifdef EXTERNAL
#define WEIGHTS weights,
#else
#define WEIGHTS
#endif

int main(int argc, char **argv) {
#ifdef EXTERNAL
  void *weights = aligned_alloc(MODEL_ALIGNMENT, model_weights_bytes());
  expect(model_init_from_file(weights, argv[1]), MODEL_OK);
#else
  expect(model_init(), MODEL_OK);
#endif
  (void)argc;
  (void)argv;
  int32_t a[16], b[16], found[MODEL_MAX], previous;
  REAL style[3], scores[MODEL_SCORES];
  size_t Ta, Tb, count;
  while ((Ta = read_classes(a)) != 0) {
    Tb = read_classes(b);
    for (int i = 0; i < 3; ++i)
      if (scanf(SCAN, &style[i]) != 1)
        return 1;
    size_t bytes = model_state_bytes(Ta, Tb);
    char *state = aligned_alloc(MODEL_ALIGNMENT, bytes);
    expect(model_generate(WEIGHTS state, bytes, Ta, Tb, a, b, style, found,
                          MODEL_MAX, &count),
           MODEL_OK);
    for (size_t i = 0; i < count; ++i)
      printf("%s%d", i ? " " : "", found[i]);
    printf("\n");
    expect(model_start(WEIGHTS state, bytes, Ta, Tb, a, b, style, &previous),
           MODEL_OK);
    for (size_t i = 0; i < MODEL_MAX; ++i) {
      expect(model_next(state, previous, scores), MODEL_OK);
      previous = find_highest(scores);
      if (previous != (i < count ? found[i] : MODEL_UNTIL))
        ++failures;
      if (previous == MODEL_UNTIL)
        break;
    }

    expect(model_next(state, MODEL_SCORES, scores), MODEL_ERROR_CLASS);
    expect(model_next(NULL, 0, scores), MODEL_ERROR_NULL);
    expect(model_next(state, 0, NULL), MODEL_ERROR_NULL);
    expect(model_next(state + 4, 0, scores), MODEL_ERROR_ALIGNMENT);
    expect(model_start(WEIGHTS state, bytes, Ta, Tb, a, NULL, style, &previous),
           MODEL_ERROR_NULL);
    expect(model_start(WEIGHTS state, bytes - 64, Ta, Tb, a, b, style, &previous),
           MODEL_ERROR_WORKSPACE);
    expect(model_start(WEIGHTS state, bytes, 0, Tb, a, b, style, &previous),
           MODEL_ERROR_SIZE);
    expect(model_start(WEIGHTS state, bytes, (size_t)-1, Tb, a, b, style,
                       &previous),
           MODEL_ERROR_SIZE);
    expect(model_generate(WEIGHTS state, bytes, Ta, Tb, a, b, style, found, 1,
                          &count),
           MODEL_OK);
    if (count > 1)
      ++failures;
    b[Tb - 1] = 8;
    expect(model_generate(WEIGHTS state, bytes, Ta, Tb, a, b, style, found,
                          MODEL_MAX, &count),
           MODEL_ERROR_CLASS);
    state[0] ^= 1;
    expect(model_next(state, 0, scores), MODEL_ERROR_STATE);
    free(state);
  }
#ifdef EXTERNAL
  free(weights);
#endif
  return failures != 0;
}
