/* Written from the header alone. */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  enum { kSteps = 20 };
  float x[kSteps * MODEL_X_SIZE], y[kSteps * MODEL_Y_SIZE], z[MODEL_Y_SIZE];
  int error = model_init();
  size_t bytes = model_workspace_bytes(kSteps, 1);
  void *workspace = aligned_alloc(MODEL_ALIGNMENT, bytes);
  void *state = aligned_alloc(MODEL_ALIGNMENT, model_state_bytes());
  for (int i = 0; i < kSteps * MODEL_X_SIZE; ++i)
    x[i] = (float)(i % 13) / 13.0f - 0.5f;
  if (!error)
    error = model_run(kSteps, 1, NULL, x, y, workspace, bytes);
  if (!error)
    error = model_reset(state);
  for (int t = 0; !error && t < kSteps; ++t) {
    error = model_step(state, x + t * MODEL_X_SIZE, z);
    for (int i = 0; !error && i < MODEL_Y_SIZE; ++i)
      if (z[i] - y[t * MODEL_Y_SIZE + i] > 1e-6f ||
          y[t * MODEL_Y_SIZE + i] - z[i] > 1e-6f)
        return fprintf(stderr, "instant %d differs\n", t), 1;
  }
  if (error)
    fprintf(stderr, "%s\n", model_strerror(error));
  else
    puts("the same");
  free(workspace);
  free(state);
  return error != 0;
}
