//===- Safetensors.h - The safetensors weight format ------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A safetensors file is a 64-bit header size, a JSON header that gives each
// tensor's element type, shape and byte range, and the tensors' bytes, without
// gaps. F16 and BF16 tensors are converted to f32 when read.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_SAFETENSORS_H
#define RAVEL_EXECUTION_SAFETENSORS_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>

namespace ravel {

/// The string map under "__metadata__".
using Metadata = std::map<std::string, std::string, std::less<>>;

struct Safetensors {
  NamedTensors tensors;
  Metadata metadata;
};

/// Reads a whole file. An error if the header is malformed, a type is unknown,
/// a byte range does not match its shape, or the ranges overlap, leave gaps, or
/// do not end where the file ends.
llvm::Expected<Safetensors> readSafetensors(llvm::StringRef path);

/// Parses the bytes of a file; `path` is used in messages only.
llvm::Expected<Safetensors> parseSafetensors(llvm::StringRef bytes,
                                             llvm::StringRef path);

/// Writes a file, atomically. The data section begins at a multiple of 64
/// bytes. The format forbids gaps, so the tensors in it are ordered by falling
/// element size (then by name), which keeps every element aligned. Names and
/// metadata must be UTF-8; "__metadata__" is no name for a tensor.
llvm::Error writeSafetensors(llvm::StringRef path,
                             const NamedTensorRefs &tensors,
                             const Metadata &metadata = {});

} // namespace ravel

#endif // RAVEL_EXECUTION_SAFETENSORS_H
