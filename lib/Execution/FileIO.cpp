//===- FileIO.cpp - Reading and atomically replacing files ----------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
namespace ravel {

Error makeError(const Twine &message) {
  return createStringError(std::make_error_code(std::errc::invalid_argument),
                           message);
}

Error makeFileError(StringRef path, const Twine &message) {
  return makeError(Twine(path) + ": " + message);
}

Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code ec = sys::fs::status(path, status))
    return makeFileError(path, "cannot be read: " + ec.message());
  if (sys::fs::is_directory(status))
    return makeFileError(path, "is a folder; expected a file");
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeFileError(path,
                         "cannot be read: " + buffer.getError().message());
  return std::move(*buffer);
}

/// Makes a rename in `folder` durable. Some file systems refuse to sync a
/// folder; the file itself is safe by then, so that is no error.
static void syncFolder(StringRef folder) {
  SmallString<256> name(folder.empty() ? StringRef(".") : folder);
  int fd = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)::fsync(fd);
  ::close(fd);
}

Error writeFileAtomically(StringRef path,
                          function_ref<Error(raw_pwrite_stream &)> writer) {
  SmallString<256> target(path);
  sys::fs::file_status status;
  bool exists = !sys::fs::status(path, status);
  if (exists) {
    if (!sys::fs::is_regular_file(status))
      return makeFileError(path, "is not a regular file; cannot replace it");
    if (std::error_code ec = sys::fs::real_path(path, target))
      return makeFileError(path, "cannot be resolved: " + ec.message());
  }

  int fd = -1;
  SmallString<256> temporary;
  if (std::error_code ec = sys::fs::createUniqueFile(
          target + ".%%%%%%%%.tmp", fd, temporary, sys::fs::OF_None))
    return makeFileError(path, "cannot be written: " + ec.message());
  auto fail = [&](const Twine &why) {
    std::string message = why.str();
    (void)sys::fs::remove(temporary);
    return makeFileError(path, "cannot be written: " + message);
  };

  if (exists)
    (void)::fchmod(fd, status.permissions());
  {
    raw_fd_ostream os(fd, /*shouldClose=*/false);
    Error error = writer(os);
    os.flush();
    std::error_code ec = os.error();
    os.clear_error();
    if (error || ec) {
      ::close(fd);
      (void)sys::fs::remove(temporary);
      if (!error)
        return makeFileError(path, "cannot be written: " + ec.message());
      return error;
    }
  }
  if (::fsync(fd) != 0) {
    std::error_code ec(errno, std::generic_category());
    ::close(fd);
    return fail(ec.message());
  }
  if (::close(fd) != 0)
    return fail(std::error_code(errno, std::generic_category()).message());
  if (std::error_code ec = sys::fs::rename(temporary, target))
    return fail(ec.message());
  syncFolder(sys::path::parent_path(target));
  return Error::success();
}

Error writeFileAtomically(StringRef path, StringRef contents) {
  return writeFileAtomically(path, [&](raw_pwrite_stream &os) {
    os << contents;
    return Error::success();
  });
}

/// True if no array or object is nested deeper than `limit`.
static bool nestsAtMost(StringRef text, unsigned limit) {
  unsigned depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inString = false;
    } else if (c == '"') {
      inString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit)
        return false;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return true;
}

Expected<json::Value> parseJSON(StringRef text, StringRef path) {
  if (!nestsAtMost(text, 64))
    return makeFileError(path, "JSON is nested deeper than 64 levels");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return makeFileError(path,
                         "invalid JSON: " + llvm::toString(value.takeError()));
  return value;
}

Expected<json::Object> readJSONObject(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  Expected<json::Value> value = parseJSON((*buffer)->getBuffer(), path);
  if (!value)
    return value.takeError();
  json::Object *object = value->getAsObject();
  if (!object)
    return makeFileError(path, "the top level of the JSON must be an object");
  return std::move(*object);
}

Error writeJSON(StringRef path, const json::Value &value) {
  return writeFileAtomically(path, [&](raw_pwrite_stream &os) {
    os << formatv("{0:2}", value) << '\n';
    return Error::success();
  });
}

std::string toString(const json::Value &value) {
  std::string text;
  raw_string_ostream os(text);
  os << value;
  return text;
}

} // namespace ravel
