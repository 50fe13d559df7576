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
  RAVEL_OFFSETS, RAVEL_ORDER, RAVEL_STARTS, RAVEL_SOURCES, RAVEL_LONGEST,
  RAVEL_BATCH, RAVEL_INPUT, RAVEL_PARAMETER, RAVEL_KEY, RAVEL_WEIGHT, RAVEL_OUTPUT
};
enum { RAVEL_SEQUENCE, RAVEL_MEMORY, RAVEL_EXAMPLE, RAVEL_SHARED }; /* layout */
enum { RAVEL_I32 = 5, RAVEL_I64 = 7, RAVEL_F32 = 9, RAVEL_F64 = 10 }; /* dtype */

typedef struct {
  int32_t role, layout, dtype, lengthClass, memoryClass, rank;
  /* Of a class: classes are 0..numClasses-1; 0 if it isn't one. */
  int64_t numClasses;
  /* Sizes of one row, `rank` of them; -1 for the longest memory of the class. */
  int64_t shape[4];
  /* Of a parameter: where it is in the weights, in bytes. */
  int64_t offset;
} RavelArgument;

typedef struct {
  void (*entry)(void **);     /* takes pointers to memref descriptors and numbers */
  void (*workspace)(void **); /* the same, and a descriptor of one i64 to write; null if none is needed */
  int32_t numArguments, numPrepared, numLengthClasses, unused;
  const RavelArgument *arguments;
  /* Of each prepared tensor: where it is in the weights, in bytes. */
  const int64_t *preparedOffsets;
} RavelFunction;

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
  int64_t workspaceOffset, workspaceBytes; /* in the weights; 0 bytes if none is needed */
} RavelPreparation;

typedef struct {
  int32_t numParameters, numPreparations;
  const RavelParameter *parameters;
  const RavelPreparation *preparations;
  int64_t bytes; /* of the weights as a whole */
} RavelWeights;

int ravel_run(const RavelFunction *function, const void *weights, const size_t *T, size_t B,
              const size_t *const *lengths, void *const *data, void *workspace, size_t workspaceBytes);
size_t ravel_workspace_bytes(const RavelFunction *function, const size_t *T, size_t B);
int ravel_read_weights(const RavelWeights *description, void *weights, const void *file, size_t fileBytes);
#endif /* RAVEL_TARGET_RUNTIME_H */
