//===- TestSupport.h - Helpers of the unit tests ----------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_UNITTEST_TESTSUPPORT_H
#define RAVEL_UNITTEST_TESTSUPPORT_H

#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace ravel::test {

/// The value, or the end of the test program with the error's message.
template <typename T> T get(llvm::Expected<T> value) {
  if (!value) {
    std::fprintf(stderr, "unexpected error: %s\n",
                 llvm::toString(value.takeError()).c_str());
    std::abort();
  }
  return std::move(*value);
}

/// The message of an error; empty for success.
inline std::string messageOf(llvm::Error error) {
  return llvm::toString(std::move(error));
}
template <typename T> std::string messageOf(llvm::Expected<T> value) {
  return value ? std::string() : llvm::toString(value.takeError());
}

/// Succeeds if `text` contains `part`.
inline ::testing::AssertionResult contains(llvm::StringRef text,
                                           llvm::StringRef part) {
  if (text.contains(part))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "'" << part.str() << "' is not in '" << text.str() << "'";
}

#define EXPECT_CONTAINS(TEXT, PART)                                            \
  EXPECT_TRUE(::ravel::test::contains(TEXT, PART))
#define EXPECT_SUCCESS(...) EXPECT_EQ(::ravel::test::messageOf(__VA_ARGS__), "")
#define ASSERT_SUCCESS(...) ASSERT_EQ(::ravel::test::messageOf(__VA_ARGS__), "")

/// A folder that lives as long as the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    if (llvm::sys::fs::createUniqueDirectory("ravel-unit", folder))
      std::abort();
  }
  ~TemporaryFolder() { (void)llvm::sys::fs::remove_directories(folder); }

  std::string path(const llvm::Twine &name = "") const {
    llvm::SmallString<128> result(folder);
    llvm::sys::path::append(result, name);
    return std::string(result);
  }
  std::string write(const llvm::Twine &name, llvm::StringRef contents) const {
    std::string file = path(name);
    std::error_code ec;
    llvm::raw_fd_ostream os(file, ec);
    os << contents;
    return file;
  }
  std::string read(const llvm::Twine &name) const {
    return get(readFile(path(name)))->getBuffer().str();
  }
  /// The names of the files in it, sorted.
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    std::error_code ec;
    for (llvm::sys::fs::directory_iterator it(folder, ec), end;
         it != end && !ec; it.increment(ec))
      names.push_back(llvm::sys::path::filename(it->path()).str());
    std::sort(names.begin(), names.end());
    return names;
  }

private:
  llvm::SmallString<128> folder;
};

/// Makes writes past `bytes` fail, as a full disk does.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) {
    handler = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit = before;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }
  rlimit before;
  void (*handler)(int);
};

} // namespace ravel::test

#endif // RAVEL_UNITTEST_TESTSUPPORT_H
