//===- NpyTest.cpp - NumPy's .npy and .npz files --------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Npy.h"
#include "TestSupport.h"
#include <zlib.h>

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;

/// The bytes of a .npy file of version `major`.
static std::string makeNpy(StringRef dict, StringRef data, int major = 1) {
  std::string bytes("\x93NUMPY", 6);
  bytes += char(major);
  bytes += '\0';
  std::string header = dict.str() + "\n";
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i)
    bytes += char(header.size() >> (8 * i));
  return bytes + header + data.str();
}

template <typename T> static std::string bytesOf(std::vector<T> values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(T)};
}

TEST(Npy, RoundTripsEveryType) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npy");
  for (DType dtype :
       {DType::Bool, DType::I8, DType::U8, DType::I16, DType::U16, DType::I32,
        DType::U32, DType::I64, DType::U64, DType::F32, DType::F64})
    dispatch(dtype, [&](auto zero) {
      using T = decltype(zero);
      Tensor tensor(dtype, {2, 3});
      for (int i = 0; i < 6; ++i)
        tensor.view<T>()[i] = T(i % 2);
      ASSERT_SUCCESS(writeNpy(path, tensor));
      Tensor back = get(readNpy(path));
      EXPECT_EQ(back.dtype(), dtype);
      EXPECT_EQ(back.shape(), tensor.shape());
      EXPECT_TRUE(back.view<T>() == tensor.view<T>());
    });
}

TEST(Npy, RoundTripsScalarsAndEmptyArrays) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npy");
  for (Shape shape : {Shape{}, Shape{0}, Shape{3, 0}, Shape{5}}) {
    ASSERT_SUCCESS(writeNpy(path, Tensor(DType::F64, shape)));
    EXPECT_EQ(get(readNpy(path)).shape(), llvm::ArrayRef<int64_t>(shape));
    // As NumPy writes it, the data begins at a multiple of 64.
    std::string bytes = folder.read("a.npy");
    EXPECT_EQ((bytes.size() - 8 * *countElements(shape)) % 64, 0u);
  }
}

TEST(Npy, ReadsEveryVersion) {
  for (int major : {1, 2, 3}) {
    Tensor tensor = get(parseNpy(
        makeNpy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }",
                bytesOf<int32_t>({7, -8}), major),
        "a.npy"));
    EXPECT_EQ(tensor.view<int32_t>().vec(), (std::vector<int32_t>{7, -8}));
  }
}

TEST(Npy, ConvertsFortranOrder) {
  // a[i, j, k] = 100 i + 10 j + k, first index fastest.
  std::vector<double> values;
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i)
        values.push_back(100 * i + 10 * j + k);
  Tensor tensor = get(parseNpy(
      makeNpy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3, 2)}",
              bytesOf(values)),
      "a.npy"));
  EXPECT_EQ(tensor.view<double>().vec(),
            (std::vector<double>{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120,
                                 121}));
}

TEST(Npy, ConvertsHalfToF32) {
  Tensor tensor = get(parseNpy(
      makeNpy("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }",
              bytesOf<uint16_t>({0x3c00, 0xc000})),
      "a.npy"));
  EXPECT_EQ(tensor.view<float>().vec(), (std::vector<float>{1, -2}));
}

TEST(Npy, SaysWhatItCannotRead) {
  auto messageFor = [](StringRef descr) {
    return messageOf(
        parseNpy(makeNpy("{'descr': " + descr.str() +
                             ", 'fortran_order': False, 'shape': (1,)}",
                         std::string(8, '\0')),
                 "a.npy"));
  };
  EXPECT_CONTAINS(messageFor("'>f8'"), "a.npy: is big-endian");
  EXPECT_CONTAINS(messageFor("'|O'"), "holds Python objects");
  EXPECT_CONTAINS(messageFor("'<c8'"), "element type '<c8'; expected");
  EXPECT_CONTAINS(messageFor("[('x', '<f4')]"), "holds a structured array");
}

TEST(Npy, SaysWhatIsMalformed) {
  auto parse = [](StringRef dict, size_t size = 4) {
    return messageOf(parseNpy(makeNpy(dict, std::string(size, '\0')), "a.npy"));
  };
  EXPECT_CONTAINS(parse("{'descr': '<f4', 'shape': (1,)}"), "expected 'descr'");
  EXPECT_CONTAINS(
      parse("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
      "'shape' must be");
  EXPECT_CONTAINS(parse("{'descr': '<f4', 'fortran_order': False, 'shape': "
                        "(99999999999, 99999999999)}"),
                  "impossible shape");
  EXPECT_CONTAINS(
      parse("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"),
      "is truncated: shape [2] of '<f4' takes 8 bytes, the file has 4");
  EXPECT_CONTAINS(
      parse("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9),
      "has excess bytes");
  EXPECT_CONTAINS(messageOf(parseNpy("hello, world", "a.npy")),
                  "is not a .npy file");
}

TEST(Npy, TruncationNeverCrashes) {
  std::string bytes =
      makeNpy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }",
              bytesOf<int32_t>({7, -8}));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(messageOf(parseNpy(StringRef(bytes).take_front(size), "a.npy")),
              "");
}

static NamedTensors makeArrays() {
  NamedTensors arrays;
  arrays.emplace("x", Tensor::of<float>({2, 2}, {1, 2, 3, 4}));
  arrays.emplace("lengths", Tensor::of<int64_t>({2}, {2, 1}));
  arrays.emplace("empty", Tensor(DType::F64, {0, 3}));
  return arrays;
}

static void expectArrays(const NamedTensors &arrays) {
  ASSERT_EQ(arrays.size(), 3u);
  EXPECT_EQ(arrays.at("x").view<float>().vec(),
            (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(arrays.at("lengths").view<int64_t>().vec(),
            (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(toString(arrays.at("empty").shape()), "[0, 3]");
}

TEST(Npz, RoundTrips) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  ASSERT_SUCCESS(writeNpz(path, toRefs(makeArrays())));
  expectArrays(get(readNpz(path)));
  ASSERT_SUCCESS(writeNpz(path, {}));
  EXPECT_TRUE(get(readNpz(path)).empty());
}

TEST(Npz, RoundTripsZip64) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  for (uint64_t from : {0, 100, 250}) {
    ASSERT_SUCCESS(writeNpz(path, toRefs(makeArrays()), from));
    expectArrays(get(readNpz(path)));
  }
}

/// A .npz with one deflated array.
static std::string makeDeflated(StringRef npy, uint64_t announcedSize,
                                StringRef name = "x.npy") {
  std::string compressed(compressBound(npy.size()) + 64, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(npy.data()));
  stream.avail_in = npy.size();
  stream.next_out = reinterpret_cast<Bytef *>(compressed.data());
  stream.avail_out = compressed.size();
  deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);

  std::string bytes;
  auto put = [&](uint64_t value, int size) {
    for (int i = 0; i < size; ++i)
      bytes += char(value >> (8 * i));
  };
  uint32_t crc =
      crc32(0, reinterpret_cast<const Bytef *>(npy.data()), npy.size());
  auto common = [&] {
    put(20, 2), put(0, 2), put(8, 2), put(0, 4), put(crc, 4);
    put(compressed.size(), 4), put(announcedSize, 4), put(name.size(), 2);
    put(0, 2);
  };
  put(0x04034b50, 4);
  common();
  bytes += name.str() + compressed;
  size_t directory = bytes.size();
  put(0x02014b50, 4), put(20, 2);
  common();
  put(0, 2), put(0, 2), put(0, 2), put(0, 4), put(0, 4);
  bytes += name.str();
  size_t end = bytes.size();
  put(0x06054b50, 4), put(0, 4), put(1, 2), put(1, 2);
  put(end - directory, 4), put(directory, 4), put(0, 2);
  return bytes;
}

TEST(Npz, ReadsDeflated) {
  std::string npy =
      makeNpy("{'descr': '<f8', 'fortran_order': False, 'shape': (50000,), }",
              bytesOf(std::vector<double>(50000, 2.5)));
  NamedTensors arrays = get(parseNpz(makeDeflated(npy, npy.size()), "a.npz"));
  EXPECT_EQ(arrays.at("x").view<double>().vec(),
            std::vector<double>(50000, 2.5));

  EXPECT_CONTAINS(
      messageOf(parseNpz(makeDeflated(npy, npy.size() + 1), "a.npz")),
      "a.npz: array 'x.npy' has damaged deflate data");
  EXPECT_CONTAINS(
      messageOf(parseNpz(makeDeflated(npy, npy.size() - 1), "a.npz")),
      "has damaged deflate data");
  EXPECT_CONTAINS(messageOf(parseNpz(makeDeflated(npy, 0xf0000000), "a.npz")),
                  "impossible size");
}

TEST(Npz, ReadsWhatNumPyWrote) {
  NamedTensors arrays =
      get(readNpz(RAVEL_TEST_SOURCE_DIR "/Reference/lstm_1_uni.npz"));
  EXPECT_FALSE(arrays.empty());
  for (const auto &[name, array] : arrays) {
    EXPECT_GT(array.numElements(), 0) << name;
    EXPECT_FALSE(findNonFinite(array)) << name;
  }
}

TEST(Npz, SaysWhatIsMalformed) {
  std::string npy =
      makeNpy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
              std::string(8, '\1'));
  EXPECT_CONTAINS(messageOf(parseNpz("PK", "a.npz")), "is not a .npz archive");
  EXPECT_CONTAINS(
      messageOf(parseNpz(makeDeflated(npy, npy.size(), "x.txt"), "a.npz")),
      "array 'x.txt' is not a .npy file");
}

TEST(Npz, DamageNeverCrashes) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  std::string npy =
      makeNpy("{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }",
              bytesOf(std::vector<double>(9, 2.5)));
  std::vector<std::string> archives{makeDeflated(npy, npy.size())};
  for (uint64_t from : {0xffffffffu, 0u}) {
    ASSERT_SUCCESS(writeNpz(path, toRefs(makeArrays()), from));
    archives.push_back(folder.read("a.npz"));
  }
  for (const std::string &bytes : archives) {
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_NE(messageOf(parseNpz(StringRef(bytes).take_front(size), "a.npz")),
                "");
    // A changed byte may go unnoticed (in a date), but must do no harm.
    for (size_t i = 0; i < bytes.size(); ++i)
      for (char flip : {'\x01', '\x80', '\xff'}) {
        std::string damaged = bytes;
        damaged[i] ^= flip;
        (void)messageOf(parseNpz(damaged, "a.npz"));
      }
  }
}
