/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * What every object made ahead of time carries with it, in freestanding C that
 * is compiled to LLVM bitcode for each family of processors and linked into the
 * model's code: checks of a call's arguments, the packing of batches, and the
 * reading of weights.
 *
 * The structures describe one function and its parameters; the compiler emits
 * them as constants (lib/Target/Description.cpp) and must agree with them.
 */
#ifndef RAVEL_TARGET_RUNTIME_H
#define RAVEL_TARGET_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/* As `ravel::Role`, `ravel::RowLayout` and `ravel::DType`. */
enum { /* role */
       RAVEL_OFFSETS,
       RAVEL_ORDER,
       RAVEL_STARTS,
       RAVEL_SOURCES,
       RAVEL_LONGEST,
       RAVEL_BATCH,
       RAVEL_INPUT,
       RAVEL_PARAMETER,
       RAVEL_KEY,
       RAVEL_WEIGHT,
       RAVEL_OUTPUT
};
enum { RAVEL_SEQUENCE, RAVEL_MEMORY, RAVEL_EXAMPLE, RAVEL_SHARED }; /* layout */
enum {
  RAVEL_I32 = 5,
  RAVEL_I64 = 7,
  RAVEL_F32 = 9,
  RAVEL_F64 = 10
}; /* dtype */

/* As the header that callers get says. */
enum {
  RAVEL_ERROR_NULL = 1,
  RAVEL_ERROR_ALIGNMENT,
  RAVEL_ERROR_SIZE,
  RAVEL_ERROR_WORKSPACE,
  RAVEL_ERROR_LENGTH,
  RAVEL_ERROR_CLASS,
  RAVEL_ERROR_PROCESSOR,
  RAVEL_ERROR_STATE,
  RAVEL_ERROR_FORMAT,
  RAVEL_ERROR_TRUNCATED,
  RAVEL_ERROR_MISSING,
  RAVEL_ERROR_SHAPE,
  RAVEL_ERROR_TYPE,
  RAVEL_ERROR_NONFINITE,
  RAVEL_ERROR_FILE
};

typedef struct {
  int32_t role, layout, dtype, lengthClass, memoryClass, rank;
  /* Of a class: classes are 0..numClasses-1; 0 if it isn't one. */
  int64_t numClasses;
  /* Sizes of one row, `rank` of them; -1 for the longest memory of the class.
   */
  int64_t shape[4];
  /* Of a parameter: where it is in the weights, in bytes. */
  int64_t offset;
} RavelArgument;

typedef struct {
  /* Takes pointers to descriptors of memrefs, and to numbers. */
  void (*entry)(void **);
  /* Bytes of workspace for examples of T instants at most; null for none. */
  int64_t (*workspace)(const size_t *T, int64_t batch);
  int32_t numArguments, numPrepared, numLengthClasses, unused;
  const RavelArgument *arguments;
  /* Of each prepared tensor: where it is in the weights, in bytes. */
  const int64_t *preparedOffsets;
} RavelFunction;

/* The most sequences that a decoder attends to. */
enum { RAVEL_MOST_MEMORIES = 16 };

/* How a function with a decoder generates for one example: `start` gives the
 * class to begin from, states, values of the example and memories; `step`,
 * given these and the class chosen last, scores, what else there is, and next
 * states.
 */
typedef struct {
  const RavelFunction *start, *step;
  int32_t numStates, numExamples, numMemories, numOutputs;
  /* The class that ends a sequence, and the most classes of one. */
  int32_t until, unused;
  int64_t max;
  /* Of each class of memories of `step`: its class of lengths in `start`. */
  const int32_t *memoryClasses;
} RavelGenerator;

/* A tensor of a safetensors file. */
typedef struct {
  const char *name; /* UTF-8, zero-terminated */
  int32_t dtype, rank;
  int64_t shape[4];
  int64_t offset; /* where it goes in the weights, in bytes */
} RavelParameter;

/* What is computed of the parameters when they are read. */
typedef struct {
  void (*entry)(void **);
  int32_t numParameters, numPrepared;
  const RavelArgument *parameters; /* offset: where in the weights */
  const int64_t *preparedOffsets;
  int64_t workspaceOffset,
      workspaceBytes; /* in the weights; 0 bytes if none is needed */
} RavelPreparation;

typedef struct {
  int32_t numParameters, numPreparations;
  const RavelParameter *parameters;
  const RavelPreparation *preparations;
  int64_t bytes; /* of the weights as a whole */
} RavelWeights;

/* Where the processor has instructions for these, nothing is called. */
#ifndef __cplusplus
#define memcpy __builtin_memcpy
#define memset __builtin_memset
#endif

int ravel_run(const RavelFunction *function, const void *weights,
              const size_t *T, size_t B, const size_t *const *lengths,
              void *const *data, void *workspace, size_t workspaceBytes);
size_t ravel_workspace_bytes(const RavelFunction *function, const size_t *T,
                             size_t B);

size_t ravel_generator_bytes(const RavelGenerator *generator, const size_t *T);
/* Reads the data of one example; `first` gets the class to begin from. */
int ravel_start(const RavelGenerator *generator, const void *weights,
                void *state, size_t stateBytes, const size_t *T,
                void *const *data, int32_t *first);
int ravel_next(const RavelGenerator *generator, void *state, int32_t previous,
               void *scores);
/* Always takes the class with the highest score. */
int ravel_generate(const RavelGenerator *generator, const void *weights,
                   void *state, size_t stateBytes, const size_t *T,
                   void *const *data, int32_t *classes, size_t capacity,
                   size_t *count);

/* Features of an x86-64 processor that code may rely on: LLVM's names, and the
 * bits of `ravel_processor_features`. */
/* clang-format off */
#define RAVEL_PROCESSOR_FEATURES(X)                                            \
  X("sse3", 0) X("ssse3", 1) X("sse4.1", 2) X("sse4.2", 3)                     \
  X("popcnt", 4) X("cx16", 5) X("avx", 6) X("avx2", 7)                         \
  X("bmi", 8) X("bmi2", 9) X("lzcnt", 10) X("movbe", 11)                       \
  X("f16c", 12) X("fma", 13) X("avx512f", 14) X("avx512bw", 15)                \
  X("avx512cd", 16) X("avx512dq", 17) X("avx512vl", 18) X("avx512bf16", 19)    \
  X("avx512vnni", 20) X("avx512fp16", 21) X("avxvnni", 22) X("avx512vbmi", 23) \
  X("avx512vbmi2", 24) X("avx512ifma", 25) X("avx512bitalg", 26) X("avx512vpopcntdq", 27)\
  X("vaes", 28) X("vpclmulqdq", 29) X("gfni", 30)
/* clang-format on */

/* Those that this processor and its system have; all on other processors. */
uint64_t ravel_processor_features(void);

int ravel_read_weights(const RavelWeights *description, void *weights,
                       const void *file, size_t fileBytes);
/* What a program around a stream needs to know of it. */
typedef struct {
  const char *name;
  int64_t stateBytes;
  int32_t numInputs, numOutputs;
  const RavelArgument *arguments; /* inputs, then outputs */
  int (*init)(void);
  int (*reset)(void *state);
  int (*step)(void *state, void *const *data);
  const char *(*strerror)(int error);
} RavelStream;

extern const RavelStream ravel_stream;

#endif /* RAVEL_TARGET_RUNTIME_H */
