/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * A program around a stream: each line of its input has the numbers of one
 * instant, each line of its output what the model gives for it. An empty line
 * begins a new sequence.
 */
#include "Runtime.h"

typedef struct FILE FILE;
extern FILE *stdin, *stdout, *stderr;
int fprintf(FILE *, const char *, ...);
int fgetc(FILE *);
int fputc(int, FILE *);
int fflush(FILE *);
int ferror(FILE *);
double strtod(const char *, char **);
long strtol(const char *, char **, int);
void *malloc(size_t);
void *realloc(void *, size_t);
void *aligned_alloc(size_t, size_t);
enum { kEnd = -1 };

/* A line without its end, in memory that grows; null at the end of the input.
 */
static char *readLine(char **memory, size_t *capacity) {
  size_t size = 0;
  for (;;) {
    int c = fgetc(stdin);
    if (c == kEnd && size == 0)
      return 0;
    if (size + 1 >= *capacity) {
      *capacity = *capacity ? 2 * *capacity : 256;
      *memory = realloc(*memory, *capacity);
      if (!*memory)
        return 0;
    }
    if (c == kEnd || c == '\n') {
      if (size > 0 && (*memory)[size - 1] == '\r')
        --size;
      (*memory)[size] = 0;
      return *memory;
    }
    (*memory)[size++] = (char)c;
  }
}

static int isSeparator(char c) { return c == ' ' || c == ',' || c == '\t'; }

static int64_t countElements(const RavelArgument *argument) {
  int64_t count = 1;
  for (int32_t i = 0; i < argument->rank; ++i)
    count *= argument->shape[i];
  return count;
}

static int getBytes(const RavelArgument *argument) {
  return argument->dtype == RAVEL_F64 ? 8 : 4;
}

/* Reads the numbers of one argument from `*line`; 0 if they aren't there. */
static int readNumbers(const RavelArgument *argument, char **line, char *data) {
  for (int64_t i = 0, n = countElements(argument); i < n; ++i) {
    char *end;
    while (isSeparator(**line))
      ++*line;
    if (argument->dtype == RAVEL_I32) {
      int32_t value = (int32_t)strtol(*line, &end, 10);
      memcpy(data + 4 * i, &value, 4);
    } else {
      double value = strtod(*line, &end);
      float single = (float)value;
      if (argument->dtype == RAVEL_F64)
        memcpy(data + 8 * i, &value, 8);
      else
        memcpy(data + 4 * i, &single, 4);
    }
    if (end == *line || (*end && !isSeparator(*end)))
      return 0;
    *line = end;
  }
  return 1;
}

static void writeNumbers(const RavelArgument *argument, const char *data,
                         int *isFirst) {
  for (int64_t i = 0, n = countElements(argument); i < n; ++i) {
    if (!*isFirst)
      fputc(' ', stdout);
    *isFirst = 0;
    if (argument->dtype == RAVEL_I32) {
      int32_t value;
      memcpy(&value, data + 4 * i, 4);
      fprintf(stdout, "%d", value);
    } else if (argument->dtype == RAVEL_F64) {
      double value;
      memcpy(&value, data + 8 * i, 8);
      fprintf(stdout, "%.17g", value);
    } else {
      float value;
      memcpy(&value, data + 4 * i, 4);
      fprintf(stdout, "%.9g", value);
    }
  }
}

static int fail(long line, const char *message) {
  if (line)
    fprintf(stderr, "%s: line %ld: %s\n", ravel_stream.name, line, message);
  else
    fprintf(stderr, "%s: %s\n", ravel_stream.name, message);
  return 1;
}

int main(void) {
  const RavelStream *stream = &ravel_stream;
  int error = stream->init();
  if (error)
    return fail(0, stream->strerror(error));
  int32_t count = stream->numInputs + stream->numOutputs;
  void *state = aligned_alloc(64, (stream->stateBytes + 63) / 64 * 64);
  void **data = malloc((size_t)(count + 1) * sizeof *data);
  if (!state || !data)
    return fail(0, "out of memory");
  int64_t expected = 0;
  for (int32_t i = 0; i < count; ++i) {
    int64_t elements = countElements(&stream->arguments[i]);
    data[i] =
        malloc((size_t)elements * (size_t)getBytes(&stream->arguments[i]));
    if (!data[i])
      return fail(0, "out of memory");
    expected += i < stream->numInputs ? elements : 0;
  }
  error = stream->reset(state);
  if (error)
    return fail(0, stream->strerror(error));

  char *memory = 0, *line;
  size_t capacity = 0;
  for (long number = 1; (line = readLine(&memory, &capacity)); ++number) {
    while (isSeparator(*line))
      ++line;
    if (!*line) {
      stream->reset(state);
      fputc('\n', stdout);
      continue;
    }
    int32_t read = 0;
    while (read < stream->numInputs &&
           readNumbers(&stream->arguments[read], &line, data[read]))
      ++read;
    while (isSeparator(*line))
      ++line;
    if (read < stream->numInputs || *line) {
      fprintf(stderr, "%s: line %ld: expected %ld numbers\n", stream->name,
              number, (long)expected);
      fflush(stdout);
      return 1;
    }
    error = stream->step(state, data);
    if (error) {
      fflush(stdout);
      return fail(number, stream->strerror(error));
    }
    int isFirst = 1;
    for (int32_t i = stream->numInputs; i < count; ++i)
      writeNumbers(&stream->arguments[i], data[i], &isFirst);
    fputc('\n', stdout);
  }
  if (fflush(stdout) || ferror(stdout))
    return fail(0, "the output could not be written");
  return 0;
}
