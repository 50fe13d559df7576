//===- Vocabulary.cpp - Text as numbers -----------------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Vocabulary.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace llvm;
namespace ravel {

/// The length of the well-formed UTF-8 character at the start of `text`; 0 if
/// there is none.
static size_t getCharacterLength(StringRef text) {
  uint8_t lead = text[0];
  size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return length <= text.size() && json::isUTF8(text.take_front(length)) ? length
                                                                        : 0;
}

/// Calls `visit` with each symbol and its position.
static Error forEachSymbol(StringRef text, TextUnit unit,
                           function_ref<Error(StringRef, size_t)> visit) {
  size_t bad;
  if (!json::isUTF8(text, &bad))
    return makeError("byte " + Twine(bad) + " of the text is not UTF-8");
  const StringRef blanks = " \t\n\r\v\f";
  size_t position = 0;
  while (position < text.size()) {
    size_t end;
    if (unit == TextUnit::Character) {
      end = position +
            std::max<size_t>(1, getCharacterLength(text.substr(position)));
    } else {
      position = text.find_first_not_of(blanks, position);
      if (position == StringRef::npos)
        break;
      end = std::min(text.find_first_of(blanks, position), text.size());
    }
    if (Error error = visit(text.slice(position, end), position))
      return error;
    position = end;
  }
  return Error::success();
}

bool Vocabulary::add(StringRef entry) {
  if (!ids.try_emplace(entry, int32_t(entries.size())).second)
    return false;
  entries.push_back(entry.str());
  return true;
}

Expected<Vocabulary> Vocabulary::build(ArrayRef<StringRef> texts,
                                       const VocabularyOptions &options) {
  Vocabulary vocabulary;
  vocabulary.textUnit = options.unit;
  vocabulary.numReserved = options.reserved.size();
  for (const std::string &name : options.reserved)
    if (!json::isUTF8(name) || !vocabulary.add(name))
      return makeError("reserved entry '" + json::fixUTF8(name) +
                       "' occurs twice or is not UTF-8");
  if (options.unknown) {
    vocabulary.unknown = vocabulary.entries.size();
    if (!json::isUTF8(*options.unknown) || !vocabulary.add(*options.unknown))
      return makeError("the unknown entry '" + json::fixUTF8(*options.unknown) +
                       "' is reserved too, or is not UTF-8");
  }

  StringMap<int64_t> counts;
  for (auto [index, text] : enumerate(texts))
    if (Error error =
            forEachSymbol(text, options.unit, [&](StringRef symbol, size_t) {
              ++counts[symbol];
              return Error::success();
            }))
      return makeError("text " + Twine(index) + ": " +
                       llvm::toString(std::move(error)));
  std::vector<std::pair<int64_t, StringRef>> symbols;
  for (const auto &item : counts)
    if (item.second >= options.minCount)
      symbols.push_back({-item.second, item.first()});
  llvm::sort(symbols);
  if (options.maxSymbols > 0 && int64_t(symbols.size()) > options.maxSymbols)
    symbols.resize(options.maxSymbols);
  for (const auto &[count, symbol] : symbols)
    if (!vocabulary.add(symbol))
      return makeError("the text contains '" + symbol +
                       "', which is the name of a reserved or unknown entry");
  if (vocabulary.entries.size() > size_t(std::numeric_limits<int32_t>::max()))
    return makeError("the vocabulary has more entries than an i32 can number");
  return vocabulary;
}

std::optional<int32_t> Vocabulary::find(StringRef entry) const {
  auto it = ids.find(entry);
  if (it == ids.end())
    return std::nullopt;
  return it->second;
}

Expected<std::vector<int32_t>> Vocabulary::encode(StringRef text) const {
  std::vector<int32_t> result;
  Error error = forEachSymbol(
      text, textUnit, [&](StringRef symbol, size_t position) -> Error {
        std::optional<int32_t> id = find(symbol);
        if (id && (*id < numReserved || id == unknown))
          id.reset();
        if (!id)
          id = unknown;
        if (!id)
          return makeError("'" + symbol + "' at byte " + Twine(position) +
                           " is not in the vocabulary, which has no unknown "
                           "entry");
        result.push_back(*id);
        return Error::success();
      });
  if (error)
    return error;
  return result;
}

Expected<std::string> Vocabulary::decode(ArrayRef<int32_t> ids) const {
  std::string text;
  bool first = true;
  for (int32_t id : ids) {
    if (id < 0 || id >= size())
      return makeError("id " + Twine(id) + " is not in the vocabulary of " +
                       Twine(size()) + " entries");
    if (id < numReserved)
      continue;
    if (textUnit == TextUnit::Word && !first)
      text += ' ';
    first = false;
    text += entries[id];
  }
  return text;
}

json::Value Vocabulary::toJSON() const {
  json::Object object{
      {"unit", textUnit == TextUnit::Word ? "word" : "character"},
      {"reserved", numReserved},
      {"entries", json::Array(entries)}};
  if (unknown)
    object["unknown"] = *unknown;
  return object;
}

Expected<Vocabulary> Vocabulary::fromJSON(const json::Value &value,
                                          StringRef path) {
  auto fail = [&](const Twine &what) {
    return makeFileError(path, "malformed vocabulary: " + what);
  };
  const json::Object *object = value.getAsObject();
  if (!object)
    return fail("expected an object");
  Vocabulary vocabulary;
  std::optional<StringRef> unit = object->getString("unit");
  if (unit == "word")
    vocabulary.textUnit = TextUnit::Word;
  else if (unit != "character")
    return fail("'unit' must be \"character\" or \"word\"");
  const json::Array *entries = object->getArray("entries");
  if (!entries || entries->size() > size_t(std::numeric_limits<int32_t>::max()))
    return fail("'entries' must be an array of strings");
  for (const json::Value &entry : *entries) {
    std::optional<StringRef> name = entry.getAsString();
    if (!name)
      return fail("'entries' must be an array of strings");
    if (!vocabulary.add(*name))
      return fail("entry '" + *name + "' occurs twice");
  }
  std::optional<int64_t> reserved = object->getInteger("reserved");
  if (!reserved || *reserved < 0 || *reserved > vocabulary.size())
    return fail("'reserved' must be a number of entries");
  vocabulary.numReserved = *reserved;
  if (const json::Value *unknown = object->get("unknown")) {
    std::optional<int64_t> id = unknown->getAsInteger();
    if (!id || *id < 0 || *id >= vocabulary.size())
      return fail("'unknown' must be the id of an entry");
    vocabulary.unknown = *id;
  }
  return vocabulary;
}

Error Vocabulary::save(StringRef path) const {
  return writeJSON(path, toJSON());
}

Expected<Vocabulary> Vocabulary::load(StringRef path) {
  Expected<json::Object> object = readJSONObject(path);
  if (!object)
    return object.takeError();
  return fromJSON(std::move(*object), path);
}

} // namespace ravel
