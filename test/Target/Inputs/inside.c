/* The same model twice: with weights inside, and read from a file. */
#define MODEL_WITH_STDIO
#include "inside.h"
#include "model.h"
#include <string.h>

int main(int argc, char **argv) {
  enum { T = 9 };
  float x[T * MODEL_X_SIZE], a[T * MODEL_Y_SIZE], b[T * MODEL_Y_SIZE];
  void *weights = aligned_alloc(MODEL_ALIGNMENT, model_weights_bytes());
  void *one = aligned_alloc(MODEL_ALIGNMENT, model_state_bytes());
  void *other = aligned_alloc(MODEL_ALIGNMENT, inside_state_bytes());
  for (int i = 0; i < T * MODEL_X_SIZE; ++i)
    x[i] = (float)(i % 7) / 7.0f - 0.3f;
  if (argc < 2 || model_init_from_file(weights, argv[1]) || inside_init() ||
      model_reset(weights, one) || inside_reset(other) ||
      model_steps(one, T, x, a) || inside_steps(other, T, x, b))
    return 1;
  if (model_init_from_file(weights, "no such file") != MODEL_ERROR_FILE)
    return 2;
  return memcmp(a, b, sizeof a) != 0 ? 3 : 0;
}
