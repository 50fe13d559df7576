/* What a caller may do wrong gives an error, and nothing is written. */
#include "model.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 6, B = 2 };
static int32_t words[T * B];
static float y0[T * B * MODEL_Y0_SIZE], y1[B * MODEL_Y1_SIZE];
static void *workspace;
static size_t bytes;

static int failed;

static void expect(const char *what, int error, int wanted) {
  int isWritten = y0[0] != 7 || y1[0] != 7;
  if (error == wanted && !isWritten)
    return;
  failed = 1;
  printf("%s: '%s' instead of '%s'%s\n", what, model_strerror(error),
         model_strerror(wanted), isWritten ? ", and wrote" : "");
}

static int run(size_t t, size_t b, const size_t *lengths) {
  return model_run(t, b, lengths, words, y0, y1, workspace, bytes);
}

int main(void) {
  size_t zero[B] = {3, 0}, longer[B] = {T + 1, 1}, huge[B] = {1, SIZE_MAX};
  bytes = model_workspace_bytes(T, B);
  workspace = aligned_alloc(MODEL_ALIGNMENT, bytes);
  char *state = aligned_alloc(MODEL_ALIGNMENT, model_state_bytes());
  memset(state, 0, model_state_bytes());
  y0[0] = y1[0] = 7;
  if (model_init())
    return 1;

  expect("no input", model_run(T, B, 0, 0, y0, y1, workspace, bytes),
         MODEL_ERROR_NULL);
  expect("no output", model_run(T, B, 0, words, y0, 0, workspace, bytes),
         MODEL_ERROR_NULL);
  expect("no workspace", model_run(T, B, 0, words, y0, y1, 0, bytes),
         MODEL_ERROR_NULL);
  expect("an odd workspace",
         model_run(T, B, 0, words, y0, y1, (char *)workspace + 32, bytes),
         MODEL_ERROR_ALIGNMENT);
  expect("odd data",
         model_run(T, B, 0, (int32_t *)((char *)words + 1), y0, y1, workspace,
                   bytes),
         MODEL_ERROR_ALIGNMENT);
  expect("a small workspace",
         model_run(T, B, 0, words, y0, y1, workspace, bytes - 1),
         MODEL_ERROR_WORKSPACE);
  expect("no instant", run(0, B, 0), MODEL_ERROR_SIZE);
  expect("no example", run(T, 0, 0), MODEL_ERROR_SIZE);
  for (int shift = 37; shift < 64; ++shift) {
    size_t many = (size_t)1 << shift;
    expect("too many instants", run(many, 1, 0), MODEL_ERROR_SIZE);
    expect("too many examples", run(1, many, 0), MODEL_ERROR_SIZE);
    expect("too many of both", run(many >> 2, many >> 2, 0),
           MODEL_ERROR_SIZE);
    if (model_workspace_bytes(many, 3) || model_workspace_bytes(3, many))
      expect("a size", 0, MODEL_ERROR_SIZE);
  }
  expect("all", run(SIZE_MAX, SIZE_MAX, 0), MODEL_ERROR_SIZE);
  expect("a length of 0", run(T, B, zero), MODEL_ERROR_LENGTH);
  expect("a length of T + 1", run(T, B, longer), MODEL_ERROR_LENGTH);
  expect("a length beyond all", run(T, B, huge), MODEL_ERROR_LENGTH);
  words[T] = MODEL_WORDS_CLASSES;
  expect("a class too high", run(T, B, 0), MODEL_ERROR_CLASS);
  words[T] = -1;
  expect("a class below 0", run(T, B, 0), MODEL_ERROR_CLASS);

  expect("no reset", model_step(state, words, y0, y1), MODEL_ERROR_STATE);
  expect("no state", model_reset(0), MODEL_ERROR_NULL);
  expect("an odd state", model_reset(state + 8), MODEL_ERROR_ALIGNMENT);
  if (model_reset(state))
    return 1;
  expect("a step without input", model_step(state, 0, y0, y1),
         MODEL_ERROR_NULL);
  expect("a step of a class", model_step(state, words + T, y0, y1),
         MODEL_ERROR_CLASS);
  expect("steps without output", model_steps(state, 2, words, y0, 0),
         MODEL_ERROR_NULL);
  expect("no steps", model_steps(state, 0, words, y0, y1), MODEL_OK);
  expect("an unknown error", strcmp(model_strerror(-5), model_strerror(4711)),
         0);
  /* Behind the end of a sequence nobody looks. */
  size_t one[B] = {T, 1};
  words[T] = 0;
  words[T + 1] = 4711;
  y0[0] = y1[0] = 0;
  int error = run(T, B, one);
  if (error) {
    failed = 1;
    printf("behind the end: %s\n", model_strerror(error));
  }
  free(workspace);
  free(state);
  return failed;
}
