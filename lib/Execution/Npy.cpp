//===- Npy.cpp - NumPy's .npy and .npz files ------------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An .npy file is a magic number, a header that is a Python dictionary literal,
// and the raw elements. An .npz file is a zip archive with one .npy per array.
// The archive is read from its central directory, which has the true sizes also
// where a local header leaves them to a data descriptor.
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Npy.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <cstring>
#include <zlib.h>

using namespace llvm;
using support::endian::read16le;
using support::endian::read32le;
using support::endian::read64le;
namespace ravel {

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

namespace {
/// What the header of a .npy file says.
struct NpyHeader {
  std::string descr;
  bool fortranOrder = false;
  Shape shape;
};

/// A parser of the dictionary literal in a .npy header:
///   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class NpyHeaderParser {
public:
  NpyHeaderParser(StringRef text, StringRef path) : rest(text), path(path) {}

  Expected<NpyHeader> parse() {
    NpyHeader header;
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!consume('{'))
      return malformed("expected '{'");
    while (!consume('}')) {
      std::string key;
      if (!string(key) || !consume(':'))
        return malformed("expected a quoted key and ':'");
      if (key == "descr") {
        hasDescr = true;
        if (!string(header.descr))
          return makeFileError(
              path, "holds a structured array; expected plain numbers");
      } else if (key == "fortran_order") {
        hasOrder = true;
        rest = rest.ltrim();
        header.fortranOrder = rest.consume_front("True");
        if (!header.fortranOrder && !rest.consume_front("False"))
          return malformed("'fortran_order' must be True or False");
      } else if (key == "shape") {
        hasShape = true;
        if (!shape(header.shape))
          return malformed("'shape' must be a tuple of sizes");
      } else {
        return malformed("unknown key '" + key + "'");
      }
      if (!consume(',')) {
        if (consume('}'))
          break;
        return malformed("expected ',' or '}'");
      }
    }
    if (!hasDescr || !hasOrder || !hasShape)
      return malformed("expected 'descr', 'fortran_order' and 'shape'");
    return header;
  }

private:
  Error malformed(const Twine &what) {
    return makeFileError(path, "malformed .npy header: " + what);
  }
  bool consume(char c) {
    rest = rest.ltrim();
    return rest.consume_front(StringRef(&c, 1));
  }
  bool string(std::string &value) {
    rest = rest.ltrim();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return false;
    value = rest.slice(1, end).str();
    rest = rest.drop_front(end + 1);
    return true;
  }
  bool shape(Shape &value) {
    if (!consume('('))
      return false;
    while (!consume(')')) {
      rest = rest.ltrim();
      int64_t dim;
      if (rest.consumeInteger(10, dim) || dim < 0)
        return false;
      rest.consume_front("L"); // Python 2
      value.push_back(dim);
      if (!consume(',')) {
        if (!consume(')'))
          return false;
        break;
      }
    }
    return true;
  }

  StringRef rest, path;
};

/// The element type in a .npy file, which may be one that only files have.
struct NpyType {
  DType dtype;
  bool half = false;
};
} // namespace

static Expected<NpyType> parseNpyType(StringRef descr, StringRef path) {
  StringRef code = descr;
  char order = '|';
  if (!code.empty() && StringRef("<>|=").contains(code[0])) {
    order = code[0];
    code = code.drop_front();
  }
  static const std::pair<StringRef, NpyType> types[] = {
      {"b1", {DType::Bool}}, {"i1", {DType::I8}},  {"u1", {DType::U8}},
      {"i2", {DType::I16}},  {"u2", {DType::U16}}, {"i4", {DType::I32}},
      {"u4", {DType::U32}},  {"i8", {DType::I64}}, {"u8", {DType::U64}},
      {"f4", {DType::F32}},  {"f8", {DType::F64}}, {"f2", {DType::F32, true}}};
  for (const auto &[name, type] : types) {
    if (code != name)
      continue;
    if (order == '>')
      return makeFileError(path, "is big-endian ('" + descr +
                                     "'); expected little-endian, such as '<" +
                                     code + "'");
    return type;
  }
  if (code == "O")
    return makeFileError(path, "holds Python objects; expected plain numbers");
  return makeFileError(path, "has the element type '" + descr +
                                 "'; expected bool, an integer of 1 to 8 bytes "
                                 "or a float of 2, 4 or 8 bytes");
}

/// Moves the elements of `source`, first index fastest, to `target`, last index
/// fastest.
static void transposeFromFortran(const char *source, char *target,
                                 ArrayRef<int64_t> shape, int64_t size) {
  int64_t count = *countElements(shape);
  Shape index(shape.size(), 0), stride(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i)
    stride[i] = stride[i - 1] * shape[i - 1];
  int64_t from = 0;
  for (int64_t to = 0; to < count; ++to) {
    std::memcpy(target + to * size, source + from * size, size);
    for (size_t i = shape.size(); i-- > 0;) {
      from += stride[i];
      if (++index[i] < shape[i])
        break;
      from -= stride[i] * shape[i];
      index[i] = 0;
    }
  }
}

Expected<Tensor> parseNpy(StringRef bytes, StringRef path) {
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY"))
    return makeFileError(path, "is not a .npy file: it does not begin with "
                               "\\x93NUMPY and a version");
  unsigned major = uint8_t(bytes[6]);
  if (major < 1 || major > 3)
    return makeFileError(path, "has .npy version " + Twine(major) +
                                   "; expected 1, 2 or 3");
  size_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start)
    return makeFileError(path, "is truncated within the .npy header");
  uint64_t headerSize =
      major == 1 ? read16le(bytes.data() + 8) : read32le(bytes.data() + 8);
  if (headerSize > bytes.size() - start)
    return makeFileError(path, "is truncated within the .npy header: it "
                               "announces " +
                                   Twine(headerSize) + " bytes, the file has " +
                                   Twine(bytes.size() - start));
  Expected<NpyHeader> header =
      NpyHeaderParser(bytes.substr(start, headerSize), path).parse();
  if (!header)
    return header.takeError();
  Expected<NpyType> type = parseNpyType(header->descr, path);
  if (!type)
    return type.takeError();

  int64_t size = type->half ? 2 : getSizeInBytes(type->dtype);
  std::optional<int64_t> count =
      countElements(header->shape, getSizeInBytes(type->dtype));
  if (!count)
    return makeFileError(path,
                         "has the impossible shape " + toString(header->shape));
  StringRef data = bytes.drop_front(start + headerSize);
  if (data.size() != uint64_t(*count * size))
    return makeFileError(
        path, (data.size() < uint64_t(*count * size) ? "is truncated"
                                                     : "has excess bytes") +
                  Twine(": shape ") + toString(header->shape) + " of '" +
                  header->descr + "' takes " + Twine(*count * size) +
                  " bytes, the file has " + Twine(data.size()));

  std::string reordered;
  if (header->fortranOrder && header->shape.size() > 1) {
    reordered.resize(data.size());
    transposeFromFortran(data.data(), reordered.data(), header->shape, size);
    data = reordered;
  }
  Tensor tensor(type->dtype, header->shape);
  if (type->half) {
    MutableArrayRef<float> values = tensor.view<float>();
    for (int64_t i = 0; i < *count; ++i)
      values[i] = halfToFloat(read16le(data.data() + 2 * i));
  } else if (type->dtype == DType::Bool) {
    MutableArrayRef<bool> values = tensor.view<bool>();
    for (int64_t i = 0; i < *count; ++i)
      values[i] = data[i] != 0;
  } else if (!data.empty()) {
    std::memcpy(tensor.data(), data.data(), data.size());
  }
  return tensor;
}

Expected<Tensor> readNpy(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  return parseNpy((*buffer)->getBuffer(), path);
}

static std::string makeNpyHeader(const TensorRef &tensor) {
  static constexpr const char *codes[] = {"|b1", "|i1", "|u1", "<i2",
                                          "<u2", "<i4", "<u4", "<i8",
                                          "<u8", "<f4", "<f8"};
  std::string dict = "{'descr': '";
  dict += codes[unsigned(tensor.dtype)];
  dict += "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    dict += (i ? " " : "") + itostr(tensor.shape[i]) + ",";
  if (tensor.shape.size() > 1)
    dict.pop_back();
  dict += "), }";
  // Spaces and a newline bring the data to a multiple of 64 bytes.
  bool longHeader = dict.size() > 65000;
  size_t prefix = longHeader ? 12 : 10;
  size_t total = alignTo(prefix + dict.size() + 1, 64);
  dict.append(total - prefix - dict.size() - 1, ' ');
  dict += '\n';
  std::string header("\x93NUMPY", 6);
  header += char(longHeader ? 2 : 1);
  header += '\0';
  for (unsigned i = 0; i < (longHeader ? 4u : 2u); ++i)
    header += char(dict.size() >> (8 * i));
  return header + dict;
}

static StringRef rawBytes(const TensorRef &tensor) {
  return {static_cast<const char *>(tensor.data), size_t(tensor.sizeInBytes())};
}

Error writeNpy(StringRef path, const TensorRef &tensor) {
  return writeFileAtomically(path, [&](raw_pwrite_stream &os) {
    os << makeNpyHeader(tensor) << rawBytes(tensor);
    return Error::success();
  });
}

//===----------------------------------------------------------------------===//
// .npz
//===----------------------------------------------------------------------===//

namespace {
/// An entry of a zip archive's central directory.
struct ZipEntry {
  StringRef name;
  uint16_t flags, method;
  uint32_t crc;
  uint64_t compressedSize, size, localHeader;
};
} // namespace

static constexpr uint32_t localSignature = 0x04034b50;
static constexpr uint32_t centralSignature = 0x02014b50;
static constexpr uint32_t endSignature = 0x06054b50;
static constexpr uint32_t end64Signature = 0x06064b50;
static constexpr uint32_t locator64Signature = 0x07064b50;
static constexpr uint32_t max32 = 0xffffffff;

/// Reads the true sizes from the zip64 extra field where the entry's own 32-bit
/// fields say that they are there. False if the field is missing or too short.
static bool readZip64Extra(StringRef extra, ZipEntry &entry) {
  while (extra.size() >= 4) {
    uint16_t id = read16le(extra.data()), size = read16le(extra.data() + 2);
    extra = extra.drop_front(4);
    if (size > extra.size())
      return false;
    StringRef field = extra.take_front(size);
    extra = extra.drop_front(size);
    if (id != 1)
      continue;
    for (uint64_t *value :
         {&entry.size, &entry.compressedSize, &entry.localHeader}) {
      if (*value != max32)
        continue;
      if (field.size() < 8)
        return false;
      *value = read64le(field.data());
      field = field.drop_front(8);
    }
    return true;
  }
  return false;
}

/// Lists the archive's central directory.
static Expected<std::vector<ZipEntry>> readZipDirectory(StringRef bytes,
                                                        StringRef path) {
  auto malformed = [&](const Twine &what) {
    return makeFileError(path, "malformed .npz archive: " + what);
  };
  if (bytes.size() < 22 || (read32le(bytes.data()) != localSignature &&
                            read32le(bytes.data()) != endSignature))
    return makeFileError(path, "is not a .npz archive: it does not begin with "
                               "a zip entry");

  // The end record is followed by a comment of at most 65535 bytes.
  size_t end = bytes.size() - 22;
  size_t last = end > 65535 ? end - 65535 : 0;
  while (read32le(bytes.data() + end) != endSignature) {
    if (end == last)
      return malformed("no end of the central directory; the file is probably "
                       "truncated");
    --end;
  }
  uint64_t count = read16le(bytes.data() + end + 10);
  uint64_t directorySize = read32le(bytes.data() + end + 12);
  uint64_t directory = read32le(bytes.data() + end + 16);
  if (end >= 20 && read32le(bytes.data() + end - 20) == locator64Signature) {
    uint64_t end64 = read64le(bytes.data() + end - 12);
    if (bytes.size() < 56 || end64 > bytes.size() - 56 ||
        read32le(bytes.data() + end64) != end64Signature)
      return malformed("the zip64 end record is not where it should be");
    count = read64le(bytes.data() + end64 + 32);
    directorySize = read64le(bytes.data() + end64 + 40);
    directory = read64le(bytes.data() + end64 + 48);
  }
  if (directory > bytes.size() || directorySize > bytes.size() - directory)
    return malformed("the central directory lies outside the file");

  StringRef rest = bytes.substr(directory, directorySize);
  std::vector<ZipEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    if (rest.size() < 46 || read32le(rest.data()) != centralSignature)
      return malformed("entry " + Twine(i) + " of " + Twine(count) +
                       " in the central directory is damaged");
    size_t nameSize = read16le(rest.data() + 28);
    size_t extraSize = read16le(rest.data() + 30);
    size_t commentSize = read16le(rest.data() + 32);
    if (rest.size() - 46 < nameSize + extraSize + commentSize)
      return malformed("entry " + Twine(i) + " of " + Twine(count) +
                       " in the central directory is truncated");
    ZipEntry entry;
    entry.flags = read16le(rest.data() + 8);
    entry.method = read16le(rest.data() + 10);
    entry.crc = read32le(rest.data() + 16);
    entry.compressedSize = read32le(rest.data() + 20);
    entry.size = read32le(rest.data() + 24);
    entry.localHeader = read32le(rest.data() + 42);
    entry.name = rest.substr(46, nameSize);
    bool needsZip64 = entry.compressedSize == max32 || entry.size == max32 ||
                      entry.localHeader == max32;
    if (needsZip64 &&
        !readZip64Extra(rest.substr(46 + nameSize, extraSize), entry))
      return malformed("entry '" + entry.name + "' lacks its zip64 sizes");
    entries.push_back(entry);
    rest = rest.drop_front(46 + nameSize + extraSize + commentSize);
  }
  return entries;
}

/// Inflates raw deflate data that must give `size` bytes. The output grows with
/// what is really there, not with what a damaged file announces.
static bool inflateAll(StringRef compressed, uint64_t size, std::string &out) {
  z_stream stream;
  std::memset(&stream, 0, sizeof stream);
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  // zlib counts in 32 bits, so both sides are fed in pieces.
  const size_t piece = size_t(1) << 30;
  size_t consumed = 0, produced = 0;
  char overflow; // where excess output shows itself
  int status = Z_OK;
  while (status == Z_OK) {
    if (produced == out.size() && produced < size)
      out.resize(std::min<uint64_t>(size, 2 * produced + 65536));
    bool full = produced == size;
    size_t in = std::min(piece, compressed.size() - consumed);
    size_t space = full ? 1 : std::min(piece, out.size() - produced);
    stream.next_in = reinterpret_cast<Bytef *>(
        const_cast<char *>(compressed.data() + consumed));
    stream.avail_in = in;
    stream.next_out =
        reinterpret_cast<Bytef *>(full ? &overflow : out.data() + produced);
    stream.avail_out = space;
    status = inflate(&stream, Z_NO_FLUSH);
    consumed += in - stream.avail_in;
    size_t written = space - stream.avail_out;
    if (full && written)
      status = Z_DATA_ERROR;
    else
      produced += written;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && produced == size;
}

static uint32_t checksum(StringRef bytes) {
  return crc32_z(0, reinterpret_cast<const Bytef *>(bytes.data()),
                 bytes.size());
}

Expected<NamedTensors> parseNpz(StringRef bytes, StringRef path) {
  Expected<std::vector<ZipEntry>> entries = readZipDirectory(bytes, path);
  if (!entries)
    return entries.takeError();
  NamedTensors tensors;
  for (const ZipEntry &entry : *entries) {
    if (entry.name.ends_with("/"))
      continue;
    auto fail = [&](const Twine &what) {
      return makeFileError(path, "array '" + entry.name + "' " + what);
    };
    StringRef name = entry.name;
    if (!name.consume_back(".npy"))
      return fail("is not a .npy file; an .npz archive holds nothing else");
    if (entry.flags & 1)
      return fail("is encrypted");
    // The local header repeats the name, and has its own extra field.
    if (bytes.size() < 30 || entry.localHeader > bytes.size() - 30 ||
        read32le(bytes.data() + entry.localHeader) != localSignature)
      return fail("has no local header where the directory says");
    const char *local = bytes.data() + entry.localHeader;
    uint64_t start =
        entry.localHeader + 30 + read16le(local + 26) + read16le(local + 28);
    if (start > bytes.size() || entry.compressedSize > bytes.size() - start)
      return fail("is truncated: it takes " + Twine(entry.compressedSize) +
                  " bytes, the file has " +
                  Twine(start > bytes.size() ? 0 : bytes.size() - start));
    StringRef stored = bytes.substr(start, entry.compressedSize);

    std::string inflated;
    if (entry.method == 8) {
      // Deflate cannot shrink data more than 1032-fold.
      if (entry.size / 1032 > entry.compressedSize + 1)
        return fail("announces an impossible size of " + Twine(entry.size) +
                    " bytes");
      if (!inflateAll(stored, entry.size, inflated))
        return fail("has damaged deflate data");
      stored = inflated;
    } else if (entry.method != 0) {
      return fail("is compressed by zip method " + Twine(entry.method) +
                  "; expected 0 (stored) or 8 (deflate)");
    } else if (entry.size != entry.compressedSize) {
      return fail("is stored, yet has two sizes");
    }
    if (checksum(stored) != entry.crc)
      return fail("does not match its checksum");
    Expected<Tensor> tensor =
        parseNpy(stored, (Twine(path) + "(" + entry.name + ")").str());
    if (!tensor)
      return tensor.takeError();
    if (!tensors.emplace(name.str(), std::move(*tensor)).second)
      return fail("occurs twice");
  }
  return tensors;
}

Expected<NamedTensors> readNpz(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  return parseNpz((*buffer)->getBuffer(), path);
}

namespace {
/// Little-endian fields appended to a string.
struct Fields {
  std::string bytes;
  Fields &u16(uint64_t value) { return put(value, 2); }
  Fields &u32(uint64_t value) { return put(value, 4); }
  Fields &u64(uint64_t value) { return put(value, 8); }

private:
  Fields &put(uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      bytes += char(value >> (8 * i));
    return *this;
  }
};
} // namespace

Error writeNpz(StringRef path, const NamedTensorRefs &arrays,
               uint64_t zip64From) {
  for (const auto &[name, array] : arrays)
    if (name.size() > 60000)
      return makeFileError(path, "an array's name is too long for a .npz");
  return writeFileAtomically(path, [&](raw_pwrite_stream &os) {
    // A 32-bit field is saturated where the zip64 field has the value.
    auto narrow = [&](uint64_t value) {
      return value >= zip64From ? uint64_t(max32) : value;
    };
    // 1980-01-01, so that equal arrays give equal files.
    const uint16_t date = (1 << 5) | 1;
    std::string directory;
    uint64_t position = 0;
    for (const auto &[name, array] : arrays) {
      std::string header = makeNpyHeader(array), file = name + ".npy";
      StringRef data = rawBytes(array);
      uint32_t crc =
          crc32_z(checksum(header),
                  reinterpret_cast<const Bytef *>(data.data()), data.size());
      uint64_t size = header.size() + data.size();
      bool large = size >= zip64From;

      Fields local;
      local.u32(localSignature).u16(large ? 45 : 20).u16(1 << 11).u16(0);
      local.u16(0).u16(date).u32(crc).u32(narrow(size)).u32(narrow(size));
      local.u16(file.size()).u16(large ? 20 : 0);
      local.bytes += file;
      if (large)
        local.u16(1).u16(16).u64(size).u64(size);

      Fields extra;
      if (large)
        extra.u64(size).u64(size);
      if (position >= zip64From)
        extra.u64(position);
      Fields central;
      central.u32(centralSignature).u16(45).u16(extra.bytes.empty() ? 20 : 45);
      central.u16(1 << 11).u16(0).u16(0).u16(date).u32(crc);
      central.u32(narrow(size)).u32(narrow(size)).u16(file.size());
      central.u16(extra.bytes.empty() ? 0 : extra.bytes.size() + 4);
      central.u16(0).u16(0).u16(0).u32(0).u32(narrow(position));
      central.bytes += file;
      if (!extra.bytes.empty())
        central.u16(1).u16(extra.bytes.size());
      directory += central.bytes + extra.bytes;

      os << local.bytes << header << data;
      position += local.bytes.size() + size;
    }

    Fields end;
    bool large = arrays.size() >= 0xffff || position >= zip64From ||
                 directory.size() >= zip64From;
    if (large) {
      end.u32(end64Signature).u64(44).u16(45).u16(45).u32(0).u32(0);
      end.u64(arrays.size()).u64(arrays.size());
      end.u64(directory.size()).u64(position);
      end.u32(locator64Signature).u32(0).u64(position + directory.size());
      end.u32(1);
    }
    uint64_t count = large ? 0xffff : arrays.size();
    end.u32(endSignature).u16(0).u16(0).u16(count).u16(count);
    end.u32(large ? max32 : directory.size());
    end.u32(large ? max32 : position).u16(0);
    os << directory << end.bytes;
    return Error::success();
  });
}

} // namespace ravel
