//===- FileIOTest.cpp - Atomic writes and bounded JSON --------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/FileIO.h"
#include "TestSupport.h"
#include <sys/stat.h>
#include <unistd.h>

using namespace ravel;
using namespace ravel::test;

TEST(FileIO, ReplacesAFile) {
  TemporaryFolder folder;
  std::string path = folder.write("a.txt", "old");
  ASSERT_SUCCESS(writeFileAtomically(path, "new"));
  EXPECT_EQ(folder.read("a.txt"), "new");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"a.txt"});
}

TEST(FileIO, FailingWriterLeavesTheOldFile) {
  TemporaryFolder folder;
  std::string path = folder.write("a.txt", "old");
  std::string message =
      messageOf(writeFileAtomically(path, [](llvm::raw_pwrite_stream &os) {
        os << "half";
        return makeError("no more");
      }));
  EXPECT_EQ(message, "no more");
  EXPECT_EQ(folder.read("a.txt"), "old");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"a.txt"});
}

TEST(FileIO, FullDiskLeavesTheOldFile) {
  TemporaryFolder folder;
  std::string path = folder.write("a.txt", "old");
  std::string message;
  {
    FileSizeLimit limit(1000);
    message = messageOf(writeFileAtomically(path, std::string(100000, 'x')));
  }
  EXPECT_CONTAINS(message, "a.txt: cannot be written: ");
  EXPECT_EQ(folder.read("a.txt"), "old");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"a.txt"});
}

TEST(FileIO, WritesThroughASymbolicLinkAndKeepsTheMode) {
  TemporaryFolder folder;
  std::string path = folder.write("real", "old"), link = folder.path("link");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_EQ(::symlink("real", link.c_str()), 0);
  ASSERT_SUCCESS(writeFileAtomically(link, "new"));
  EXPECT_EQ(folder.read("real"), "new");
  struct stat status;
  ASSERT_EQ(::lstat(link.c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(::lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(FileIO, NamesWhatCannotBeWritten) {
  TemporaryFolder folder;
  EXPECT_CONTAINS(messageOf(writeFileAtomically(folder.path("no/a"), "x")),
                  "no/a: cannot be written: ");
  EXPECT_CONTAINS(messageOf(writeFileAtomically(folder.path(), "x")),
                  "is not a regular file");
  EXPECT_CONTAINS(messageOf(readFile(folder.path("none"))),
                  "none: cannot be read: ");
  EXPECT_CONTAINS(messageOf(readFile(folder.path())), "is a folder");
}

TEST(FileIO, DeepJSONIsAnErrorNotACrash) {
  EXPECT_CONTAINS(messageOf(parseJSON(std::string(1000000, '['), "a.json")),
                  "a.json: JSON is nested deeper than 64 levels");
  EXPECT_SUCCESS(
      parseJSON("{\"a\": \"" + std::string(100, '[') + "\"}", "a.json"));
  EXPECT_CONTAINS(messageOf(parseJSON("{", "a.json")), "a.json: invalid JSON");
}
