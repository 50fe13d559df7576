//===- Safetensors.cpp - The safetensors weight format --------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Safetensors.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;
namespace ravel {

static constexpr StringLiteral metadataKey = "__metadata__";
/// The limit that the format's reference implementation has, too.
static constexpr uint64_t maxHeaderSize = 100'000'000;

namespace {
enum class Conversion { None, Half, BFloat16 };

/// An element type as files name it.
struct FileType {
  StringLiteral name;
  DType dtype;
  Conversion conversion;
};

/// A tensor that the header announces.
struct Entry {
  StringRef name;
  const FileType *type;
  Shape shape;
  uint64_t begin, end; // bytes from the start of the data section
};
} // namespace

static const FileType fileTypes[] = {
    {"BOOL", DType::Bool, Conversion::None},
    {"I8", DType::I8, Conversion::None},
    {"U8", DType::U8, Conversion::None},
    {"I16", DType::I16, Conversion::None},
    {"U16", DType::U16, Conversion::None},
    {"I32", DType::I32, Conversion::None},
    {"U32", DType::U32, Conversion::None},
    {"I64", DType::I64, Conversion::None},
    {"U64", DType::U64, Conversion::None},
    {"F32", DType::F32, Conversion::None},
    {"F64", DType::F64, Conversion::None},
    {"F16", DType::F32, Conversion::Half},
    {"BF16", DType::F32, Conversion::BFloat16}};

static int64_t getFileElementSize(const FileType &type) {
  return type.conversion == Conversion::None ? getSizeInBytes(type.dtype) : 2;
}

/// Reads one tensor's description; the byte range is checked against the shape.
static Expected<Entry> parseEntry(StringRef name, const json::Value &value,
                                  StringRef path) {
  auto fail = [&](const Twine &what) {
    return makeFileError(path, "tensor '" + name + "' " + what);
  };
  const json::Object *object = value.getAsObject();
  if (!object)
    return fail("must be described by a JSON object");
  std::optional<StringRef> dtype = object->getString("dtype");
  const json::Array *shape = object->getArray("shape");
  const json::Array *offsets = object->getArray("data_offsets");
  if (!dtype || !shape || !offsets || object->size() != 3)
    return fail("must have 'dtype', 'shape' and 'data_offsets'");

  Entry entry;
  entry.name = name;
  entry.type = find_if(
      fileTypes, [&](const FileType &type) { return type.name == *dtype; });
  if (entry.type == std::end(fileTypes))
    return fail("has the element type '" + *dtype +
                "'; expected BOOL, I8 to I64, U8 to U64, F16, BF16, F32 or "
                "F64");
  for (const json::Value &dim : *shape) {
    std::optional<int64_t> size = dim.getAsInteger();
    if (!size || *size < 0)
      return fail("has a shape with something other than sizes in it");
    entry.shape.push_back(*size);
  }
  std::optional<uint64_t> begin, end;
  if (offsets->size() == 2) {
    begin = (*offsets)[0].getAsUINT64();
    end = (*offsets)[1].getAsUINT64();
  }
  if (!begin || !end || *begin > *end)
    return fail("must have 'data_offsets' [begin, end] with begin <= end");
  entry.begin = *begin;
  entry.end = *end;
  int64_t size = getFileElementSize(*entry.type);
  std::optional<int64_t> count = countElements(entry.shape, 8);
  if (!count)
    return fail("has the impossible shape " + toString(entry.shape));
  if (entry.end - entry.begin != uint64_t(*count * size))
    return fail("has " + Twine(entry.end - entry.begin) +
                " bytes of data; expected " + Twine(*count * size) +
                " for shape " + toString(entry.shape) + " of " + *dtype);
  return entry;
}

static Tensor loadEntry(const Entry &entry, StringRef data) {
  Tensor tensor(entry.type->dtype, entry.shape);
  const char *source = data.data() + entry.begin;
  if (entry.type->conversion == Conversion::None) {
    if (entry.end > entry.begin)
      std::memcpy(tensor.data(), source, entry.end - entry.begin);
    if (entry.type->dtype == DType::Bool) {
      uint8_t *values = static_cast<uint8_t *>(tensor.data());
      for (int64_t i = 0; i < tensor.numElements(); ++i)
        values[i] = values[i] != 0;
    }
    return tensor;
  }
  MutableArrayRef<float> values = tensor.view<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits = support::endian::read16le(source + 2 * i);
    values[i] = entry.type->conversion == Conversion::Half
                    ? halfToFloat(bits)
                    : bfloat16ToFloat(bits);
  }
  return tensor;
}

Expected<Safetensors> parseSafetensors(StringRef bytes, StringRef path) {
  if (bytes.size() < 8)
    return makeFileError(path, "is not a safetensors file: it has " +
                                   Twine(bytes.size()) +
                                   " bytes; expected at least 8");
  uint64_t headerSize = support::endian::read64le(bytes.data());
  if (headerSize > maxHeaderSize)
    return makeFileError(path, "is not a safetensors file: it announces a "
                               "header of " +
                                   Twine(headerSize) +
                                   " bytes; expected at most " +
                                   Twine(maxHeaderSize));
  if (headerSize > bytes.size() - 8)
    return makeFileError(
        path, "is truncated within the header: it should have at least " +
                  Twine(headerSize + 8) + " bytes, but has " +
                  Twine(bytes.size()));
  StringRef headerText = bytes.substr(8, headerSize);
  StringRef data = bytes.drop_front(8 + headerSize);
  if (!headerText.starts_with("{"))
    return makeFileError(path, "is not a safetensors file: the header must "
                               "begin with '{'");
  Expected<json::Value> header = parseJSON(headerText, path);
  if (!header)
    return header.takeError();

  Safetensors result;
  std::vector<Entry> entries;
  for (const auto &[key, value] : *header->getAsObject()) {
    if (StringRef(key) != metadataKey) {
      Expected<Entry> entry = parseEntry(key, value, path);
      if (!entry)
        return entry.takeError();
      entries.push_back(std::move(*entry));
      continue;
    }
    const json::Object *metadata = value.getAsObject();
    if (!metadata)
      return makeFileError(path, "'__metadata__' must be an object of strings");
    for (const auto &[name, text] : *metadata) {
      std::optional<StringRef> string = text.getAsString();
      if (!string)
        return makeFileError(path, "metadata '" + StringRef(name) +
                                       "' must be a string");
      result.metadata.emplace(name.str(), string->str());
    }
  }

  // The tensors must tile the data section.
  llvm::sort(entries, [](const Entry &a, const Entry &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t position = 0;
  for (const Entry &entry : entries) {
    if (entry.end > data.size())
      return makeFileError(path, "is truncated: tensor '" + entry.name +
                                     "' ends at byte " + Twine(entry.end) +
                                     " of the data, the file has " +
                                     Twine(data.size()));
    if (entry.begin != position)
      return makeFileError(
          path, "tensor '" + entry.name + "' begins at byte " +
                    Twine(entry.begin) + " of the data, which " +
                    (entry.begin < position ? "overlaps the tensor"
                                            : "leaves a gap after the tensor") +
                    " before it; expected " + Twine(position));
    position = entry.end;
  }
  if (position != data.size())
    return makeFileError(path, "has " + Twine(data.size() - position) +
                                   " bytes that belong to no tensor");
  for (const Entry &entry : entries)
    result.tensors.emplace(entry.name.str(), loadEntry(entry, data));
  return result;
}

Expected<Safetensors> readSafetensors(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  return parseSafetensors((*buffer)->getBuffer(), path);
}

static StringRef getFileTypeName(DType dtype) {
  return find_if(fileTypes,
                 [&](const FileType &type) { return type.dtype == dtype; })
      ->name;
}

Error writeSafetensors(StringRef path, const NamedTensorRefs &tensors,
                       const Metadata &metadata) {
  using Named = std::pair<const std::string, TensorRef>;
  std::vector<const Named *> ordered;
  for (const Named &named : tensors) {
    if (named.first == metadataKey)
      return makeFileError(path, "'__metadata__' cannot name a tensor");
    if (!json::isUTF8(named.first))
      return makeFileError(path, "a tensor's name is not UTF-8");
    ordered.push_back(&named);
  }
  for (const auto &[key, text] : metadata)
    if (!json::isUTF8(key) || !json::isUTF8(text))
      return makeFileError(path, "metadata '" + json::fixUTF8(key) +
                                     "' is not UTF-8");
  llvm::sort(ordered, [](const Named *a, const Named *b) {
    int64_t sizeOfA = getSizeInBytes(a->second.dtype);
    int64_t sizeOfB = getSizeInBytes(b->second.dtype);
    return std::tie(sizeOfB, a->first) < std::tie(sizeOfA, b->first);
  });

  std::string header;
  raw_string_ostream os(header);
  json::OStream json(os);
  json.object([&] {
    if (!metadata.empty())
      json.attributeObject(metadataKey, [&] {
        for (const auto &[key, text] : metadata)
          json.attribute(key, text);
      });
    int64_t position = 0;
    for (const Named *named : ordered)
      json.attributeObject(named->first, [&] {
        json.attribute("dtype", getFileTypeName(named->second.dtype));
        json.attributeArray("shape", [&] {
          for (int64_t dim : named->second.shape)
            json.value(dim);
        });
        json.attributeArray("data_offsets", [&] {
          json.value(position);
          json.value(position += named->second.sizeInBytes());
        });
      });
  });
  os.flush();
  header.resize(alignTo(8 + header.size(), 64) - 8, ' ');
  if (header.size() > maxHeaderSize)
    return makeFileError(path, "the header would take " + Twine(header.size()) +
                                   " bytes; the format allows " +
                                   Twine(maxHeaderSize));

  return writeFileAtomically(path, [&](raw_pwrite_stream &os) {
    char size[8];
    support::endian::write64le(size, header.size());
    os << StringRef(size, 8) << header;
    for (const Named *named : ordered)
      os << StringRef(static_cast<const char *>(named->second.data),
                      named->second.sizeInBytes());
    return Error::success();
  });
}

} // namespace ravel
