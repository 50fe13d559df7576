//===- FileIO.h - Reading and atomically replacing files --------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every file format here shares: errors that name the file, whole-file
// reads, atomic writes, and JSON that is safe to parse whatever it holds.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_FILEIO_H
#define RAVEL_EXECUTION_FILEIO_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace ravel {

/// An error that carries `message` and nothing else.
llvm::Error makeError(const llvm::Twine &message);

/// An error about a file: "PATH: MESSAGE".
llvm::Error makeFileError(llvm::StringRef path, const llvm::Twine &message);

/// Reads (or maps) a whole regular file.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path);

/// Replaces the file at `path` by what `writer` prints, all or nothing.
///
/// The bytes go to a temporary file in the same folder, which is flushed to the
/// disk and then renamed over `path`. Whatever fails (the writer, a full disk,
/// a missing folder), the old file stays as it was and the temporary is
/// removed. A symbolic link is followed: its target is replaced. The mode of an
/// existing file is kept.
llvm::Error writeFileAtomically(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> writer);

/// Replaces the file at `path` by `contents`.
llvm::Error writeFileAtomically(llvm::StringRef path, llvm::StringRef contents);

/// Parses JSON that was found in the file `path` (used in errors only). Nesting
/// deeper than 64 levels is an error: the parser recurses, and no format here
/// needs it.
llvm::Expected<llvm::json::Value> parseJSON(llvm::StringRef text,
                                            llvm::StringRef path);

/// Reads and parses a JSON file whose top level must be an object.
llvm::Expected<llvm::json::Object> readJSONObject(llvm::StringRef path);

/// Writes `value`, indented, with a final newline, atomically.
llvm::Error writeJSON(llvm::StringRef path, const llvm::json::Value &value);

/// The text of `value` on one line.
std::string toString(const llvm::json::Value &value);

} // namespace ravel

#endif // RAVEL_EXECUTION_FILEIO_H
