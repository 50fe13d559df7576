/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * Calls a function on a batch of whole sequences. Callers have the sequences of
 * one example after the other, [B][T][...]; the function takes them packed: the
 * examples sorted by length, longest first, and instant after instant. Where
 * both are the same, as they are for one example, nothing is copied.
 *
 * The workspace holds, in this order: for each class of lengths the first row
 * of each instant and the order of the examples; descriptors of all arguments;
 * packed copies of inputs and outputs; and what the function itself needs.
 */
#include "Runtime.h"

enum { kLine = 64 };

/* No more rows than this, so that sizes in bytes, which have a factor for each
 * row that the compiler knows, can be computed without overflow. */
static const int64_t kMostRows = (int64_t)1 << 36;

typedef struct {
  void *allocated, *aligned;
  int64_t offset;
  /* Sizes, then strides. */
  int64_t extents[10];
} Descriptor;

/* The sequences of one class of lengths. */
typedef struct {
  /* The first row of each instant, and after the last one the number of all. */
  int64_t *offsets;
  /* Which example is in each row of an instant: in the order of the batch, and
   * in the caller's. */
  int64_t *order, *examples;
  const size_t *lengths;
  int64_t instants, most;
} LengthClass;

typedef struct {
  char *memory;
  /* Bytes taken; negative where the memory can't be addressed. */
  int64_t bytes;
} Arena;

/* The next `bytes` bytes; a null memory is only measured. */
static void *take(Arena *arena, int64_t bytes) {
  char *place = arena->memory ? arena->memory + arena->bytes : 0;
  if (arena->bytes < 0 || bytes < 0 ||
      __builtin_add_overflow(arena->bytes, bytes + (kLine - 1), &bytes)) {
    arena->bytes = -1;
    return 0;
  }
  arena->bytes = bytes & -(int64_t)kLine;
  return place;
}

/* The product; negative if a factor is, or if it overflows. By a division, for
 * a 32-bit target has no instruction for the product of two large numbers. */
static int64_t multiply(int64_t a, int64_t b) {
  if (a < 0 || b < 0 || (b != 0 && a > INT64_MAX / b))
    return -1;
  return a * b;
}

static int64_t getElementBytes(const RavelArgument *argument) {
  return argument->dtype == RAVEL_F64 || argument->dtype == RAVEL_I64 ? 8 : 4;
}

static int64_t getRowBytes(const RavelArgument *argument) {
  int64_t bytes = getElementBytes(argument);
  for (int32_t i = 0; i < argument->rank; ++i)
    bytes *= argument->shape[i];
  return bytes;
}

static int isData(const RavelArgument *argument) {
  return argument->role == RAVEL_INPUT || argument->role == RAVEL_OUTPUT;
}

/* What a call needs of the workspace beside what the function itself does. */
typedef struct {
  LengthClass *classes;
  void **pointers;
  Descriptor *descriptors;
  /* Of each argument, where its packed copy is; null for none. */
  char **copies;
} Places;

static int isPacked(const RavelArgument *argument, int64_t batch) {
  return isData(argument) && batch > 1 &&
         (argument->layout == RAVEL_SEQUENCE ||
          argument->layout == RAVEL_EXAMPLE);
}

static Places place(Arena *arena, const RavelFunction *function,
                    const size_t *T, int64_t batch) {
  Places places;
  int32_t count = function->numArguments;
  places.classes =
      take(arena, (function->numLengthClasses + 1) * sizeof(LengthClass));
  places.pointers =
      take(arena, (count + function->numPrepared + 1) * sizeof(void *));
  places.descriptors =
      take(arena, (count + function->numPrepared + 1) * sizeof(Descriptor));
  places.copies = take(arena, count * sizeof(char *));
  for (int32_t c = 0; c < function->numLengthClasses; ++c) {
    void *offsets = take(arena, multiply((int64_t)T[c] + 1, 8));
    void *order = take(arena, multiply(batch, 8));
    void *examples = take(arena, multiply(batch, 8));
    if (arena->memory && arena->bytes >= 0) {
      places.classes[c].offsets = offsets;
      places.classes[c].order = order;
      places.classes[c].examples = examples;
      places.classes[c].most = (int64_t)T[c];
    }
  }
  for (int32_t i = 0; i < count; ++i) {
    const RavelArgument *argument = &function->arguments[i];
    char *copy = 0;
    if (isPacked(argument, batch)) {
      int64_t rows = batch;
      if (argument->layout == RAVEL_SEQUENCE)
        rows = multiply(rows, (int64_t)T[argument->lengthClass]);
      copy = take(arena, multiply(rows, getRowBytes(argument)));
    }
    if (arena->memory && arena->bytes >= 0)
      places.copies[i] = copy;
  }
  return places;
}

static void describe(Descriptor *descriptor, const void *data,
                     const RavelArgument *argument, int64_t rows) {
  int32_t rank = argument->rank + (rows >= 0);
  descriptor->allocated = descriptor->aligned = (void *)data;
  descriptor->offset = 0;
  if (rows >= 0)
    descriptor->extents[0] = rows;
  for (int32_t i = 0; i < argument->rank; ++i)
    descriptor->extents[i + (rows >= 0)] = argument->shape[i];
  int64_t stride = 1;
  for (int32_t i = rank - 1; i >= 0; --i) {
    descriptor->extents[rank + i] = stride;
    stride *= descriptor->extents[i];
  }
}

static void describeList(Descriptor *descriptor, const void *data,
                         int64_t count) {
  descriptor->allocated = descriptor->aligned = (void *)data;
  descriptor->offset = 0;
  descriptor->extents[0] = count;
  descriptor->extents[1] = 1;
}

static int isTooLarge(const RavelFunction *function, const size_t *T,
                      size_t B) {
  if (B == 0 || B > (uint64_t)kMostRows)
    return 1;
  for (int32_t c = 0; c < function->numLengthClasses; ++c) {
    if (T[c] == 0 || T[c] > (uint64_t)kMostRows ||
        multiply((int64_t)T[c], (int64_t)B) > kMostRows)
      return 1;
  }
  for (int32_t i = 0; i < function->numArguments; ++i) {
    const RavelArgument *argument = &function->arguments[i];
    int64_t bytes = multiply((int64_t)B, getRowBytes(argument));
    if (argument->layout == RAVEL_SEQUENCE)
      bytes = multiply(bytes, (int64_t)T[argument->lengthClass]);
    if (isData(argument) && (bytes < 0 || bytes > (int64_t)(SIZE_MAX / 2)))
      return 1;
  }
  return 0;
}

/* All that a call needs; negative if that can't be addressed. */
static int64_t getBytes(const RavelFunction *function, const size_t *T,
                        int64_t batch) {
  Arena arena = {0, 0};
  place(&arena, function, T, batch);
  if (function->workspace)
    take(&arena, function->workspace(T, batch));
  return arena.bytes;
}

size_t ravel_workspace_bytes(const RavelFunction *function, const size_t *T,
                             size_t B) {
  if (isTooLarge(function, T, B))
    return 0;
  int64_t bytes = getBytes(function, T, (int64_t)B);
  return bytes < 0 || (uint64_t)bytes > SIZE_MAX / 2 ? 0 : (size_t)bytes;
}

/* Sorts the examples of a class by length, longest first, and otherwise as they
 * are in `from`, the order of the batch (null: the caller's). Counts lengths in
 * the memory of the offsets, which are written last. */
static void sortExamples(LengthClass *class, const int64_t *from,
                         int64_t batch) {
  int64_t *counts = class->offsets, longer = 0;
  memset(counts, 0, (size_t)(class->most + 1) * sizeof *counts);
  class->instants = 0;
  for (int64_t e = 0; e < batch; ++e) {
    int64_t length = class->lengths ? (int64_t)class->lengths[e] : class->most;
    ++counts[length];
    if (length > class->instants)
      class->instants = length;
  }
  /* How many are longer, which is where those of a length begin. */
  for (int64_t length = class->instants; length >= 0; --length) {
    int64_t same = counts[length];
    counts[length] = longer;
    longer += same;
  }
  for (int64_t i = 0; i < batch; ++i) {
    int64_t e = from ? from[i] : i;
    int64_t length = class->lengths ? (int64_t)class->lengths[e] : class->most;
    int64_t row = counts[length]++;
    class->order[row] = i;
    class->examples[row] = e;
  }
  /* The rows of an instant are those of the examples that are still there. */
  int64_t rows = batch, offset = 0;
  for (int64_t t = 0; t < class->instants; ++t) {
    while (rows > 0 && class->lengths &&
           (int64_t)class->lengths[class->examples[rows - 1]] <= t)
      --rows;
    class->offsets[t] = offset;
    offset += rows;
  }
  class->offsets[class->instants] = offset;
}

static int64_t getLength(const LengthClass *class, int64_t example) {
  return class->lengths ? (int64_t)class->lengths[example] : class->most;
}

enum Direction { kPack, kUnpack };

/* Copies between a caller's data and their packed copy. */
static void move(const RavelArgument *argument, const LengthClass *class,
                 const LengthClass *first, int64_t batch, char *data,
                 char *copy, enum Direction direction) {
  int64_t bytes = getRowBytes(argument);
  if (argument->layout == RAVEL_EXAMPLE) {
    for (int64_t row = 0; row < batch; ++row) {
      char *own = data + (first ? first->examples[row] : row) * bytes;
      if (direction == kPack)
        memcpy(copy + row * bytes, own, (size_t)bytes);
      else
        memcpy(own, copy + row * bytes, (size_t)bytes);
    }
    return;
  }
  for (int64_t row = 0; row < batch; ++row) {
    int64_t example = class->examples[row], length = getLength(class, example);
    char *own = data + example * class->most * bytes;
    for (int64_t t = 0; t < length; ++t) {
      char *packed = copy + (class->offsets[t] + row) * bytes;
      if (direction == kPack)
        memcpy(packed, own + t * bytes, (size_t)bytes);
      else
        memcpy(own + t * bytes, packed, (size_t)bytes);
    }
  }
}

/* Sets what is behind the end of each sequence to 0. */
static void clearEnds(const LengthClass *class, int64_t batch, int64_t bytes,
                      char *data) {
  for (int64_t e = 0; e < batch; ++e) {
    int64_t length = getLength(class, e);
    memset(data + (e * class->most + length) * bytes, 0,
           (size_t)((class->most - length) * bytes));
  }
}

static int checkClasses(const RavelArgument *argument, const LengthClass *class,
                        int64_t batch, const int32_t *data) {
  for (int64_t e = 0; e < batch; ++e) {
    int64_t count = 1, begin = e;
    if (class) {
      count = getLength(class, e);
      begin = e * class->most;
    }
    for (int64_t i = begin; i < begin + count; ++i)
      if (data[i] < 0 || data[i] >= argument->numClasses)
        return RAVEL_ERROR_CLASS;
  }
  return 0;
}

static int isMisaligned(const void *data, size_t bytes) {
  return ((uintptr_t)data & (bytes - 1)) != 0;
}

static int check(const RavelFunction *function, const size_t *T, size_t B,
                 const size_t *const *lengths, void *const *data,
                 void *workspace, size_t workspaceBytes) {
  if (!workspace)
    return RAVEL_ERROR_NULL;
  int error = 0;
  const void *const *next = (const void *const *)data;
  for (int32_t i = 0; i < function->numArguments; ++i) {
    const RavelArgument *argument = &function->arguments[i];
    if (!isData(argument))
      continue;
    const void *pointer = *next++;
    if (!pointer)
      return RAVEL_ERROR_NULL;
    if (isMisaligned(pointer, (size_t)getElementBytes(argument)))
      error = RAVEL_ERROR_ALIGNMENT;
  }
  if (error || isMisaligned(workspace, kLine))
    return RAVEL_ERROR_ALIGNMENT;
  for (int32_t c = 0; c < function->numLengthClasses; ++c)
    if (isMisaligned(lengths[c], sizeof(size_t)))
      return RAVEL_ERROR_ALIGNMENT;
  if (isTooLarge(function, T, B))
    return RAVEL_ERROR_SIZE;
  int64_t bytes = getBytes(function, T, (int64_t)B);
  if (bytes < 0 || (uint64_t)bytes > SIZE_MAX / 2)
    return RAVEL_ERROR_SIZE;
  if ((uint64_t)bytes > workspaceBytes)
    return RAVEL_ERROR_WORKSPACE;
  for (int32_t c = 0; c < function->numLengthClasses; ++c)
    for (size_t e = 0; lengths[c] && e < B; ++e)
      if (lengths[c][e] == 0 || lengths[c][e] > T[c])
        return RAVEL_ERROR_LENGTH;
  return 0;
}

int ravel_run(const RavelFunction *function, const void *weights,
              const size_t *T, size_t B, const size_t *const *lengths,
              void *const *data, void *workspace, size_t workspaceBytes) {
  int error = check(function, T, B, lengths, data, workspace, workspaceBytes);
  if (error)
    return error;
  int64_t batch = (int64_t)B;
  Arena arena = {workspace, 0};
  Places places = place(&arena, function, T, batch);
  int32_t numClasses = function->numLengthClasses;
  LengthClass *classes = places.classes;
  for (int32_t c = 0; c < numClasses; ++c) {
    classes[c].lengths = lengths[c];
    sortExamples(&classes[c], c ? classes[0].examples : 0, batch);
  }
  const LengthClass *first = numClasses ? &classes[0] : 0;

  void **pointers = places.pointers;
  Descriptor *descriptors = places.descriptors;
  void *const *next = data;
  int64_t none = 0;
  for (int32_t i = 0; i < function->numArguments; ++i) {
    const RavelArgument *argument = &function->arguments[i];
    Descriptor *descriptor = &descriptors[i];
    pointers[i] = descriptor;
    /* Where there are no sequences, nobody reads the offsets. */
    const LengthClass *class = argument->lengthClass < numClasses
                                   ? &classes[argument->lengthClass]
                                   : 0;
    switch (argument->role) {
    case RAVEL_BATCH:
      pointers[i] = &batch;
      continue;
    case RAVEL_OFFSETS:
      if (class)
        describeList(descriptor, class->offsets, class->instants + 1);
      else
        describeList(descriptor, &none, 1);
      continue;
    case RAVEL_ORDER:
      describeList(descriptor, class->order, batch);
      continue;
    case RAVEL_PARAMETER: {
      const char *tensor = (const char *)weights + argument->offset;
      describe(descriptor, tensor, argument, -1);
      if (argument->rank == 0)
        pointers[i] = (void *)tensor;
      continue;
    }
    default:
      break;
    }
    char *own = *next++, *memory = places.copies[i] ? places.copies[i] : own;
    if (argument->role == RAVEL_INPUT && argument->numClasses) {
      error =
          checkClasses(argument, argument->layout == RAVEL_SEQUENCE ? class : 0,
                       batch, (const int32_t *)own);
      if (error)
        return error;
    }
    if (memory != own && argument->role == RAVEL_INPUT)
      move(argument, class, first, batch, own, memory, kPack);
    int64_t rows = -1;
    if (argument->layout == RAVEL_SEQUENCE)
      rows = class->offsets[class->instants];
    else if (argument->layout == RAVEL_EXAMPLE)
      rows = batch;
    describe(descriptor, memory, argument, rows);
    if (rows < 0 && argument->rank == 0 && argument->role == RAVEL_INPUT)
      pointers[i] = memory;
  }
  int32_t last = function->numArguments;
  for (int32_t i = 0; i < function->numPrepared; ++i, ++last) {
    describeList(&descriptors[last],
                 (const char *)weights + function->preparedOffsets[i], 1);
    pointers[last] = &descriptors[last];
  }
  if (function->workspace) {
    int64_t bytes = function->workspace(T, batch);
    describeList(&descriptors[last], take(&arena, bytes), bytes);
    pointers[last] = &descriptors[last];
  }
  function->entry(pointers);

  next = data;
  for (int32_t i = 0; i < function->numArguments; ++i) {
    const RavelArgument *argument = &function->arguments[i];
    if (!isData(argument))
      continue;
    char *own = *next++;
    if (argument->role != RAVEL_OUTPUT)
      continue;
    const LengthClass *class = argument->lengthClass < numClasses
                                   ? &classes[argument->lengthClass]
                                   : 0;
    if (places.copies[i])
      move(argument, class, first, batch, own, places.copies[i], kUnpack);
    if (argument->layout == RAVEL_SEQUENCE && class->lengths)
      clearEnds(class, batch, getRowBytes(argument), own);
  }
  return 0;
}

/*===----------------------------------------------------------------------===*\
 * Functions with a decoder, for one example
\*===----------------------------------------------------------------------===*/

/* What a state that was started begins with: "RVLSTART". */
static const uint64_t kStarted = 0x52564c5354415254;

/* The beginning of a state. */
typedef struct {
  uint64_t magic;
  const void *weights;
  int64_t bytes;
  /* Whether the latest states are in the second of two places. */
  int64_t isSecond;
} Header;

/* What is in a state: where it begins, all else follows from the lengths. */
typedef struct {
  Header *header;
  /* Of each class: of `start`, and of the memories of `step`. */
  size_t *lengths, *memories;
  /* 0, 1, ..., the longest length: the first row of each instant. */
  int64_t *offsets;
  /* Of each class of memories: 0 and its length. */
  int64_t *starts;
  /* What `start` gave: a class, states, values of the example, memories. */
  void **given;
  /* The second place of each state, and what a step gives beside them. */
  void **states, **outputs;
  /* Of a call: data, pointers to descriptors, descriptors, workspace. */
  void **data, **pointers;
  Descriptor *descriptors;
  void *workspace;
} Generation;

/* Rows of an argument for one example; negative where it has none. */
static int64_t countRows(const RavelArgument *argument, const size_t *lengths) {
  switch (argument->layout) {
  case RAVEL_SEQUENCE:
    return (int64_t)lengths[argument->lengthClass];
  case RAVEL_MEMORY:
    return (int64_t)lengths[argument->memoryClass];
  case RAVEL_EXAMPLE:
    return 1;
  default:
    return -1;
  }
}

/* The argument with the size of an alignment. */
static RavelArgument resolve(const RavelArgument *argument,
                             const size_t *lengths) {
  RavelArgument resolved = *argument;
  for (int32_t i = 0; i < resolved.rank; ++i)
    if (resolved.shape[i] < 0)
      resolved.shape[i] = (int64_t)lengths[resolved.memoryClass];
  return resolved;
}

static void *takeTensor(Arena *arena, const RavelArgument *argument,
                        const size_t *lengths) {
  RavelArgument resolved = resolve(argument, lengths);
  int64_t rows = countRows(argument, lengths);
  return take(arena, multiply(rows < 0 ? 1 : rows, getRowBytes(&resolved)));
}

static int64_t countArguments(const RavelFunction *function) {
  return function->numArguments + function->numPrepared + 1;
}

/* Finds the parts of a state in its memory, or measures them. `T` may be the
 * state's own. */
static Generation layOut(Arena *arena, const RavelGenerator *generator,
                         const size_t *T, size_t *memories) {
  const RavelFunction *start = generator->start, *step = generator->step;
  Generation parts;
  int64_t longest = 0;
  for (int32_t c = 0; c < start->numLengthClasses; ++c)
    if ((int64_t)T[c] > longest)
      longest = (int64_t)T[c];
  parts.header = take(arena, sizeof(Header));
  parts.lengths =
      take(arena, (start->numLengthClasses + 1) * (int64_t)sizeof(size_t));
  parts.memories =
      take(arena, (step->numLengthClasses + 1) * (int64_t)sizeof(size_t));
  parts.offsets = take(arena, multiply(longest + 1, 8));
  parts.starts = take(arena, (step->numLengthClasses + 1) * 16);
  if (arena->memory)
    memories = parts.memories;
  for (int32_t c = 0; c < step->numLengthClasses; ++c)
    memories[c] = T[generator->memoryClasses[c]];

  int64_t numGiven = 1 + generator->numStates + generator->numExamples +
                     generator->numMemories;
  int64_t most = countArguments(start);
  if (countArguments(step) > most)
    most = countArguments(step);
  int64_t pointer = sizeof(void *);
  parts.given = take(arena, numGiven * pointer);
  parts.states = take(arena, (generator->numStates + 1) * pointer);
  parts.outputs = take(arena, generator->numOutputs * pointer);
  parts.data = take(arena, most * pointer);
  parts.pointers = take(arena, most * pointer);
  parts.descriptors = take(arena, most * (int64_t)sizeof(Descriptor));
  int isThere = arena->memory && arena->bytes >= 0;
  int64_t k = 0;
  for (int32_t i = 0; i < start->numArguments; ++i)
    if (start->arguments[i].role == RAVEL_OUTPUT) {
      void *place = takeTensor(arena, &start->arguments[i], T);
      if (isThere)
        parts.given[k++] = place;
    }
  k = 0;
  for (int32_t i = 0; i < step->numArguments; ++i)
    if (step->arguments[i].role == RAVEL_OUTPUT) {
      void *place = takeTensor(arena, &step->arguments[i], memories);
      if (isThere && k < generator->numOutputs)
        parts.outputs[k] = place;
      else if (isThere)
        parts.states[k - generator->numOutputs] = place;
      ++k;
    }
  int64_t bytes = start->workspace ? start->workspace(T, 1) : 0;
  int64_t stepBytes = step->workspace ? step->workspace(memories, 1) : 0;
  parts.workspace = take(arena, bytes > stepBytes ? bytes : stepBytes);
  return parts;
}

size_t ravel_generator_bytes(const RavelGenerator *generator, const size_t *T) {
  size_t memories[RAVEL_MOST_MEMORIES];
  if (isTooLarge(generator->start, T, 1))
    return 0;
  Arena arena = {0, 0};
  layOut(&arena, generator, T, memories);
  return arena.bytes < 0 || (uint64_t)arena.bytes > SIZE_MAX / 2
             ? 0
             : (size_t)arena.bytes;
}

/* Calls a part for one example, whose inputs and outputs are in `parts->data`.
 */
static void callPart(const RavelFunction *function, const Generation *parts,
                     const size_t *lengths, int isStep) {
  int64_t one = 1;
  void **next = parts->data;
  for (int32_t i = 0; i < function->numArguments; ++i) {
    const RavelArgument *argument = &function->arguments[i];
    Descriptor *descriptor = &parts->descriptors[i];
    parts->pointers[i] = descriptor;
    switch (argument->role) {
    case RAVEL_BATCH:
      parts->pointers[i] = &one;
      continue;
    case RAVEL_OFFSETS:
      describeList(descriptor, parts->offsets,
                   isStep || argument->lengthClass >= function->numLengthClasses
                       ? 1
                       : (int64_t)lengths[argument->lengthClass] + 1);
      continue;
    case RAVEL_ORDER:
    case RAVEL_SOURCES:
      /* The only example is the first. */
      describeList(descriptor, parts->offsets, 1);
      continue;
    case RAVEL_STARTS:
      describeList(descriptor, parts->starts + 2 * argument->memoryClass, 2);
      continue;
    case RAVEL_LONGEST:
      parts->pointers[i] = parts->starts + 2 * argument->memoryClass + 1;
      continue;
    case RAVEL_PARAMETER: {
      const char *tensor =
          (const char *)parts->header->weights + argument->offset;
      describe(descriptor, tensor, argument, -1);
      if (argument->rank == 0)
        parts->pointers[i] = (void *)tensor;
      continue;
    }
    default:
      break;
    }
    void *data = *next++;
    RavelArgument resolved = resolve(argument, lengths);
    int64_t rows = countRows(argument, lengths);
    describe(descriptor, data, &resolved, rows);
    if (rows < 0 && argument->rank == 0 && argument->role == RAVEL_INPUT)
      parts->pointers[i] = data;
  }
  int32_t last = function->numArguments;
  for (int32_t i = 0; i < function->numPrepared; ++i, ++last) {
    describeList(
        &parts->descriptors[last],
        (const char *)parts->header->weights + function->preparedOffsets[i], 1);
    parts->pointers[last] = &parts->descriptors[last];
  }
  if (function->workspace) {
    describeList(&parts->descriptors[last], parts->workspace,
                 function->workspace(lengths, 1));
    parts->pointers[last] = &parts->descriptors[last];
  }
  function->entry(parts->pointers);
}

static int checkStart(const RavelGenerator *generator, const void *state,
                      size_t stateBytes, const size_t *T, void *const *data) {
  const RavelFunction *start = generator->start;
  if (!state)
    return RAVEL_ERROR_NULL;
  int isWrong = isMisaligned(state, kLine);
  void *const *next = data;
  for (int32_t i = 0; i < start->numArguments; ++i)
    if (start->arguments[i].role == RAVEL_INPUT) {
      if (!*next)
        return RAVEL_ERROR_NULL;
      isWrong |=
          isMisaligned(*next++, (size_t)getElementBytes(&start->arguments[i]));
    }
  if (isWrong)
    return RAVEL_ERROR_ALIGNMENT;
  size_t bytes = ravel_generator_bytes(generator, T);
  if (bytes == 0)
    return RAVEL_ERROR_SIZE;
  if (bytes > stateBytes)
    return RAVEL_ERROR_WORKSPACE;
  next = data;
  for (int32_t i = 0; i < start->numArguments; ++i) {
    const RavelArgument *argument = &start->arguments[i];
    if (argument->role != RAVEL_INPUT)
      continue;
    const int32_t *classes = *next++;
    int64_t rows = countRows(argument, T);
    for (int64_t row = 0; argument->numClasses && row < (rows < 0 ? 1 : rows);
         ++row)
      if (classes[row] < 0 || classes[row] >= argument->numClasses)
        return RAVEL_ERROR_CLASS;
  }
  return 0;
}

int ravel_start(const RavelGenerator *generator, const void *weights,
                void *state, size_t stateBytes, const size_t *T,
                void *const *data, int32_t *first) {
  if (!first)
    return RAVEL_ERROR_NULL;
  int error = isMisaligned(first, sizeof *first)
                  ? RAVEL_ERROR_ALIGNMENT
                  : checkStart(generator, state, stateBytes, T, data);
  if (error)
    return error;
  const RavelFunction *start = generator->start;
  Arena arena = {state, 0};
  Generation parts = layOut(&arena, generator, T, 0);
  parts.header->magic = kStarted;
  parts.header->weights = weights;
  parts.header->bytes = arena.bytes;
  parts.header->isSecond = 0;
  int64_t longest = 0;
  for (int32_t c = 0; c < start->numLengthClasses; ++c) {
    parts.lengths[c] = T[c];
    if ((int64_t)T[c] > longest)
      longest = (int64_t)T[c];
  }
  for (int64_t t = 0; t <= longest; ++t)
    parts.offsets[t] = t;
  for (int32_t c = 0; c < generator->step->numLengthClasses; ++c) {
    parts.starts[2 * c] = 0;
    parts.starts[2 * c + 1] = (int64_t)parts.memories[c];
  }
  void **next = parts.data;
  void *const *input = data;
  void **output = parts.given;
  for (int32_t i = 0; i < start->numArguments; ++i)
    if (isData(&start->arguments[i]))
      *next++ = start->arguments[i].role == RAVEL_INPUT ? *input++ : *output++;
  callPart(start, &parts, parts.lengths, /*isStep=*/0);
  *first = *(const int32_t *)parts.given[0];
  return 0;
}

int ravel_next(const RavelGenerator *generator, void *state, int32_t previous,
               void *scores) {
  const RavelFunction *step = generator->step;
  const RavelArgument *class = 0, *score = 0;
  for (int32_t i = 0; i < step->numArguments; ++i) {
    const RavelArgument *argument = &step->arguments[i];
    if (argument->role == RAVEL_INPUT && !class)
      class = argument;
    if (argument->role == RAVEL_OUTPUT && !score)
      score = argument;
  }
  if (!state || !scores)
    return RAVEL_ERROR_NULL;
  if (isMisaligned(state, kLine) ||
      isMisaligned(scores, (size_t)getElementBytes(score)))
    return RAVEL_ERROR_ALIGNMENT;
  Header *header = state;
  if (header->magic != kStarted)
    return RAVEL_ERROR_STATE;
  if (class->numClasses && (previous < 0 || previous >= class->numClasses))
    return RAVEL_ERROR_CLASS;
  /* The lengths come right after the header. */
  Arena arena = {state, 0};
  take(&arena, sizeof(Header));
  const size_t *lengths = take(&arena, 1);
  arena.bytes = 0;
  Generation parts = layOut(&arena, generator, lengths, 0);
  int32_t numStates = generator->numStates;
  void **first = parts.given + 1, **second = parts.states;
  void **from = header->isSecond ? second : first;
  void **to = header->isSecond ? first : second;
  void **next = parts.data;
  int64_t input = 0, output = 0;
  for (int32_t i = 0; i < step->numArguments; ++i) {
    const RavelArgument *argument = &step->arguments[i];
    if (argument->role == RAVEL_INPUT) {
      int64_t k = input++;
      *next++ = k == 0           ? (void *)&previous
                : k <= numStates ? from[k - 1]
                                 : parts.given[k];
    } else if (argument->role == RAVEL_OUTPUT) {
      int64_t k = output++;
      *next++ = k == 0                      ? scores
                : k < generator->numOutputs ? parts.outputs[k]
                                            : to[k - generator->numOutputs];
    }
  }
  callPart(step, &parts, parts.memories, /*isStep=*/1);
  header->isSecond = !header->isSecond;
  return 0;
}

/* The place of the highest of `count` scores. */
static int32_t findHighest(const RavelArgument *argument, const void *scores) {
  int64_t count = 1, best = 0;
  for (int32_t i = 0; i < argument->rank; ++i)
    count *= argument->shape[i];
  for (int64_t i = 1; i < count; ++i) {
    int isHigher =
        argument->dtype == RAVEL_F64
            ? ((const double *)scores)[i] > ((const double *)scores)[best]
            : ((const float *)scores)[i] > ((const float *)scores)[best];
    if (isHigher)
      best = i;
  }
  return (int32_t)best;
}

int ravel_generate(const RavelGenerator *generator, const void *weights,
                   void *state, size_t stateBytes, const size_t *T,
                   void *const *data, int32_t *classes, size_t capacity,
                   size_t *count) {
  if (!classes || !count)
    return RAVEL_ERROR_NULL;
  if (isMisaligned(classes, sizeof *classes) ||
      isMisaligned(count, sizeof *count))
    return RAVEL_ERROR_ALIGNMENT;
  int32_t previous = 0;
  int error =
      ravel_start(generator, weights, state, stateBytes, T, data, &previous);
  if (error)
    return error;
  Arena arena = {state, 0};
  Generation parts = layOut(&arena, generator, T, 0);
  const RavelFunction *step = generator->step;
  const RavelArgument *score = step->arguments;
  while (score->role != RAVEL_OUTPUT)
    ++score;
  *count = 0;
  while (*count < capacity && (int64_t)*count < generator->max) {
    error = ravel_next(generator, state, previous, parts.outputs[0]);
    if (error)
      return error;
    previous = findHighest(score, parts.outputs[0]);
    if (previous == generator->until)
      break;
    classes[(*count)++] = previous;
  }
  return 0;
}
