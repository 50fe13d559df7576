//===- SafetensorsTest.cpp - The safetensors weight format ----------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Safetensors.h"
#include "TestSupport.h"

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;

static std::string makeFile(StringRef header, StringRef data = "") {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += char(uint64_t(header.size()) >> (8 * i));
  return bytes + header.str() + data.str();
}

static std::string messageFor(StringRef header, size_t dataSize) {
  return messageOf(parseSafetensors(
      makeFile(header, std::string(dataSize, '\0')), "w.safetensors"));
}

TEST(Safetensors, RoundTripsTensorsAndMetadata) {
  TemporaryFolder folder;
  std::string path = folder.path("w.safetensors");
  NamedTensors tensors;
  tensors.emplace("a/bias", Tensor::of<int8_t>({3}, {1, 2, 3}));
  tensors.emplace("b.weight", Tensor::of<double>({2, 2}, {1, 2, 3, 4}));
  tensors.emplace("c", Tensor::of<float>({}, {5}));
  tensors.emplace("none", Tensor(DType::F32, {0, 4}));
  tensors.emplace("naïve \"name\"", Tensor::of<bool>({2}, {true, false}));
  Metadata metadata{{"epoch", "3"}, {"note", "line\nbreak"}};
  ASSERT_SUCCESS(writeSafetensors(path, toRefs(tensors), metadata));

  Safetensors file = get(readSafetensors(path));
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.tensors.size(), tensors.size());
  EXPECT_EQ(file.tensors.at("b.weight").view<double>().vec(),
            (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(file.tensors.at("a/bias").view<int8_t>().vec(),
            (std::vector<int8_t>{1, 2, 3}));
  EXPECT_EQ(file.tensors.at("c").view<float>().vec(), std::vector<float>{5});
  EXPECT_EQ(file.tensors.at("c").rank(), 0);
  EXPECT_EQ(file.tensors.at("none").dim(1), 4);
  EXPECT_TRUE(file.tensors.at("naïve \"name\"").view<bool>()[0]);

  // The data section is aligned.
  std::string bytes = folder.read("w.safetensors");
  EXPECT_EQ((8 + uint8_t(bytes[0]) + 256 * uint8_t(bytes[1])) % 64, 0);
}

TEST(Safetensors, ReadsHalfPrecisionAsF32) {
  Safetensors file = get(parseSafetensors(
      makeFile(R"({"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},)"
               R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]}})",
               StringRef("\x00\x3c\x40\xc0", 4)),
      "w.safetensors"));
  EXPECT_EQ(file.tensors.at("h").view<float>()[0], 1.0f);
  EXPECT_EQ(file.tensors.at("b").view<float>()[0], -3.0f);
}

TEST(Safetensors, ComplainsPrecisely) {
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
                 4),
      "w.safetensors: tensor 'a' has 4 bytes of data; expected 8 for shape [2] "
      "of F32");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F8","shape":[2],"data_offsets":[0,2]}})", 2),
      "tensor 'a' has the element type 'F8'; expected");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                 R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
                 6),
      "tensor 'b' begins at byte 2 of the data, which overlaps the tensor");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                 8),
      "leaves a gap");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                 7),
      "is truncated: tensor 'a' ends at byte 8 of the data, the file has 7");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                 9),
      "has 5 bytes that belong to no tensor");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})",
                 4),
      "begin <= end");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
                 4),
      "other than sizes");
  EXPECT_CONTAINS(
      messageFor(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],)"
                 R"("data_offsets":[0,0]}})",
                 0),
      "impossible shape");
  EXPECT_CONTAINS(messageFor(R"({"__metadata__":{"a":1}})", 0),
                  "metadata 'a' must be a string");
  EXPECT_CONTAINS(messageFor(R"({"a":3})", 0), "must be described by");
  EXPECT_CONTAINS(messageFor("[]", 0), "must begin with '{'");
  EXPECT_CONTAINS(messageFor("{", 0), "invalid JSON");
}

TEST(Safetensors, CountsATruncatedFileWhole) {
  // A header of 100 bytes is announced; the file ends after its first.
  std::string bytes("\x64\0\0\0\0\0\0\0{", 9);
  EXPECT_CONTAINS(messageOf(parseSafetensors(bytes, "weights.safetensors")),
                  "should have at least 108 bytes, but has 9");
}

TEST(Safetensors, RefusesImpossibleHeaderSizes) {
  EXPECT_CONTAINS(
      messageOf(parseSafetensors(std::string(16, '\xff'), "w.safetensors")),
      "is not a safetensors file: it announces a header of "
      "18446744073709551615 bytes");
  EXPECT_CONTAINS(messageOf(parseSafetensors("abc", "w.safetensors")),
                  "it has 3 bytes");
}

TEST(Safetensors, DamageNeverCrashes) {
  TemporaryFolder folder;
  std::string path = folder.path("w.safetensors");
  NamedTensors tensors;
  tensors.emplace("a", Tensor::of<float>({2}, {1, 2}));
  tensors.emplace("b", Tensor::of<int64_t>({1}, {1}));
  ASSERT_SUCCESS(writeSafetensors(path, toRefs(tensors), {{"k", "v"}}));
  std::string bytes = folder.read("w.safetensors");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(messageOf(parseSafetensors(StringRef(bytes).take_front(size),
                                         "w.safetensors")),
              "");
  for (size_t i = 0; i < bytes.size(); ++i)
    for (char flip : {'\x01', '\x10', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] ^= flip;
      (void)messageOf(parseSafetensors(damaged, "w.safetensors"));
    }
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  TemporaryFolder folder;
  std::string path = folder.path("w.safetensors");
  Tensor tensor(DType::F32, {1});
  EXPECT_CONTAINS(
      messageOf(writeSafetensors(path, {{"__metadata__", tensor.ref()}})),
      "cannot name a tensor");
  EXPECT_CONTAINS(messageOf(writeSafetensors(path, {{"\xff", tensor.ref()}})),
                  "not UTF-8");
  EXPECT_TRUE(folder.list().empty());
}
