//===- Npy.h - NumPy's .npy and .npz files ----------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read: .npy versions 1 to 3, little endian, C or Fortran order (converted), of
// bool, signed and unsigned integers, f16 (converted to f32), f32 and f64; .npz
// archives of those, stored or deflated, also in zip64 form.
// Written: .npy version 1 (2 for very long shapes), .npz stored.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_NPY_H
#define RAVEL_EXECUTION_NPY_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace ravel {

/// Reads a .npy file. Object, string, structured, complex and big-endian arrays
/// are errors.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);

/// Parses the bytes of a .npy file; `path` is used in messages only.
llvm::Expected<Tensor> parseNpy(llvm::StringRef bytes, llvm::StringRef path);

/// Writes a .npy file, atomically.
llvm::Error writeNpy(llvm::StringRef path, const TensorRef &tensor);

/// Reads all arrays of a .npz archive under their names (without ".npy"). Every
/// array's checksum is verified.
llvm::Expected<NamedTensors> readNpz(llvm::StringRef path);

/// Parses the bytes of a .npz archive; `path` is used in messages only.
llvm::Expected<NamedTensors> parseNpz(llvm::StringRef bytes,
                                      llvm::StringRef path);

/// Writes a .npz archive, atomically. Sizes and positions from `zip64From` on
/// are written in zip64 form; only tests lower it.
llvm::Error writeNpz(llvm::StringRef path, const NamedTensorRefs &arrays,
                     uint64_t zip64From = 0xffffffff);

} // namespace ravel

#endif // RAVEL_EXECUTION_NPY_H
