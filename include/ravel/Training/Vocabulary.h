//===- Vocabulary.h - Text as numbers ---------------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A vocabulary maps the symbols of a text (UTF-8 characters, or words separated
// by white space) to the integers 0, 1, 2, ...
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_VOCABULARY_H
#define RAVEL_TRAINING_VOCABULARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ravel {

/// What counts as one symbol.
enum class TextUnit { Character, Word };

struct VocabularyOptions {
  TextUnit unit = TextUnit::Character;
  /// Symbols seen less often are left out.
  int64_t minCount = 1;
  /// The most frequent symbols are kept, so many at most; 0 is no limit.
  int64_t maxSymbols = 0;
  /// Names of entries that no text contains and that come first, such as
  /// "<bos>" and "<eos>". They are decoded to nothing.
  std::vector<std::string> reserved;
  /// The entry that stands for every symbol left out; it follows the reserved
  /// ones. Without it, such a symbol is an error.
  std::optional<std::string> unknown;
};

class Vocabulary {
public:
  /// Collects the symbols of `texts`. Ids are given by falling frequency, then
  /// by byte order, after the reserved entries and the unknown one. Text that
  /// is not UTF-8 is an error.
  static llvm::Expected<Vocabulary> build(llvm::ArrayRef<llvm::StringRef> texts,
                                          const VocabularyOptions &options);

  int64_t size() const { return entries.size(); }
  TextUnit unit() const { return textUnit; }
  llvm::StringRef entry(int32_t id) const { return entries[id]; }
  /// The id of a symbol or of a reserved name; nothing if there is none.
  std::optional<int32_t> find(llvm::StringRef entry) const;
  std::optional<int32_t> unknownId() const { return unknown; }
  /// The entries that come first and stand for no symbol.
  int32_t reservedCount() const { return numReserved; }

  /// The ids of a text's symbols. An unknown symbol, unless there is an unknown
  /// entry, and bytes that are not UTF-8 are errors that give the byte's
  /// position. A text that spells a reserved name does not get its id.
  llvm::Expected<std::vector<int32_t>> encode(llvm::StringRef text) const;
  /// The text of ids: characters joined, or words with a space between.
  /// Reserved entries leave no trace; an id out of range is an error.
  llvm::Expected<std::string> decode(llvm::ArrayRef<int32_t> ids) const;

  llvm::json::Value toJSON() const;
  /// `path` is used in messages only.
  static llvm::Expected<Vocabulary> fromJSON(const llvm::json::Value &value,
                                             llvm::StringRef path);
  llvm::Error save(llvm::StringRef path) const;
  static llvm::Expected<Vocabulary> load(llvm::StringRef path);

private:
  /// Adds an entry; false if there is one of that name already.
  bool add(llvm::StringRef entry);

  TextUnit textUnit = TextUnit::Character;
  int32_t numReserved = 0;
  std::optional<int32_t> unknown;
  std::vector<std::string> entries;
  llvm::StringMap<int32_t> ids;
};

} // namespace ravel

#endif // RAVEL_TRAINING_VOCABULARY_H
