//===- VocabularyTest.cpp - Text as numbers -------------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Vocabulary.h"
#include "TestSupport.h"

using namespace ravel;
using namespace ravel::test;
using Ids = std::vector<int32_t>;

static VocabularyOptions words() {
  VocabularyOptions options;
  options.unit = TextUnit::Word;
  return options;
}

TEST(Vocabulary, OrdersByFrequencyThenBytes) {
  Vocabulary vocabulary =
      get(Vocabulary::build({"b a b", "c a\tb\n"}, words()));
  EXPECT_EQ(vocabulary.size(), 3);
  EXPECT_EQ(get(vocabulary.encode(" a b  c ")), (Ids{1, 0, 2}));
  EXPECT_EQ(get(vocabulary.decode({1, 0, 2})), "a b c");
}

TEST(Vocabulary, SplitsCharactersOfUTF8) {
  Vocabulary vocabulary = get(Vocabulary::build({"naïve 日本"}, {}));
  Ids ids = get(vocabulary.encode("日ï"));
  EXPECT_EQ(ids.size(), 2u);
  EXPECT_EQ(get(vocabulary.decode(ids)), "日ï");
}

TEST(Vocabulary, LeavesOutTheRare) {
  VocabularyOptions options = words();
  options.minCount = 2;
  options.unknown = "<unk>";
  options.reserved = {"<bos>", "<eos>"};
  Vocabulary vocabulary = get(Vocabulary::build({"a a b c c c"}, options));
  EXPECT_EQ(vocabulary.size(), 5);
  EXPECT_EQ(vocabulary.unknownId(), 2);
  EXPECT_EQ(vocabulary.find("<eos>"), 1);
  EXPECT_EQ(get(vocabulary.encode("a b c")), (Ids{4, 2, 3}));
  EXPECT_EQ(get(vocabulary.decode({0, 4, 2, 3, 1})), "a <unk> c");
  // Text that spells a reserved entry is not taken for it.
  EXPECT_EQ(get(vocabulary.encode("<eos>")), Ids{2});

  options.maxSymbols = 1;
  EXPECT_EQ(get(Vocabulary::build({"a a b c c c"}, options)).size(), 4);
}

TEST(Vocabulary, NamesWhatItCannotEncode) {
  Vocabulary vocabulary = get(Vocabulary::build({"a b"}, words()));
  EXPECT_EQ(messageOf(vocabulary.encode("a x")),
            "'x' at byte 2 is not in the vocabulary, which has no unknown "
            "entry");
  EXPECT_CONTAINS(messageOf(vocabulary.encode("a \xff")),
                  "byte 2 of the text is not UTF-8");
  EXPECT_CONTAINS(messageOf(Vocabulary::build({"a", "\xc3"}, words())),
                  "text 1: byte 0 of the text is not UTF-8");
  EXPECT_CONTAINS(messageOf(vocabulary.decode({2})),
                  "id 2 is not in the vocabulary of 2 entries");
  EXPECT_CONTAINS(messageOf(vocabulary.decode({-1})), "id -1");
}

TEST(Vocabulary, RefusesAmbiguousNames) {
  VocabularyOptions options = words();
  options.reserved = {"a"};
  EXPECT_CONTAINS(messageOf(Vocabulary::build({"a b"}, options)),
                  "the text contains 'a'");
  options.reserved = {"x", "x"};
  EXPECT_CONTAINS(messageOf(Vocabulary::build({"a b"}, options)),
                  "reserved entry 'x' occurs twice");
}

TEST(Vocabulary, SavesAndLoads) {
  TemporaryFolder folder;
  std::string path = folder.path("v.json");
  VocabularyOptions options;
  options.unknown = "?";
  options.reserved = {"<s>"};
  Vocabulary vocabulary = get(Vocabulary::build({"日\n\"a\""}, options));
  ASSERT_SUCCESS(vocabulary.save(path));
  Vocabulary loaded = get(Vocabulary::load(path));
  EXPECT_EQ(loaded.toJSON(), vocabulary.toJSON());
  EXPECT_EQ(get(loaded.encode("a日z")), get(vocabulary.encode("a日z")));
}

TEST(Vocabulary, SaysWhatIsMalformed) {
  TemporaryFolder folder;
  auto load = [&](llvm::StringRef text) {
    return messageOf(Vocabulary::load(folder.write("v.json", text)));
  };
  EXPECT_CONTAINS(load("[]"), "v.json: the top level");
  EXPECT_CONTAINS(load("{}"), "v.json: malformed vocabulary: 'unit' must be");
  EXPECT_CONTAINS(load(R"({"unit":"word","entries":["a","a"],"reserved":0})"),
                  "entry 'a' occurs twice");
  EXPECT_CONTAINS(load(R"({"unit":"word","entries":["a"],"reserved":2})"),
                  "'reserved' must be");
  EXPECT_CONTAINS(
      load(R"({"unit":"word","entries":["a"],"reserved":0,"unknown":1})"),
      "'unknown' must be");
}
