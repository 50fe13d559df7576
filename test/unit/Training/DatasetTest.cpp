//===- DatasetTest.cpp - Datasets and where they come from ----------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "ravel/Execution/Npy.h"
#include "ravel/Training/DatasetBuilders.h"
#include <cmath>
#include <set>

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;

/// An example's value as a list of numbers.
static std::vector<double> valueOf(const Dataset &dataset, StringRef name,
                                   int64_t example) {
  TensorRef ref = dataset.value(*dataset.find(name), example);
  std::vector<double> values;
  dispatch(ref.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *data = static_cast<const T *>(ref.data);
    values.assign(data, data + ref.numElements());
  });
  return values;
}
using Values = std::vector<double>;

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// t = 0, 1, ..., 9 and s = 10 t.
static Table makeTable() {
  std::string text = "t,s\n";
  for (int t = 0; t < 10; ++t)
    text += std::to_string(t) + "," + std::to_string(10 * t) + "\n";
  return get(Table::parse(text, "t.csv"));
}

static WindowOptions windowOptions() {
  WindowOptions options;
  options.inputs = {"t", "s"};
  options.targets = {"s"};
  options.window = 3;
  options.horizon = 2;
  return options;
}

TEST(Windows, ManyToOne) {
  Dataset dataset = get(buildWindows(makeTable(), windowOptions()));
  // The last window is 5 6 7, its target row 9.
  ASSERT_EQ(dataset.size(), 6);
  EXPECT_EQ(valueOf(dataset, "x", 5), (Values{5, 50, 6, 60, 7, 70}));
  EXPECT_EQ(valueOf(dataset, "y", 5), Values{90});
  EXPECT_EQ(toString(dataset.value(*dataset.find("x"), 0).shape), "[3, 2]");
  EXPECT_EQ(toString(dataset.value(*dataset.find("y"), 0).shape), "[1]");
  EXPECT_FALSE(dataset.find("y")->spec.isSequence());
  EXPECT_EQ(dataset.length("time", 0), 3);
}

TEST(Windows, EveryStepAndStride) {
  WindowOptions options = windowOptions();
  options.everyStep = true;
  options.stride = 4;
  options.dtype = DType::F64;
  Dataset dataset = get(buildWindows(makeTable(), options));
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_EQ(valueOf(dataset, "y", 0), (Values{20, 30, 40}));
  EXPECT_EQ(valueOf(dataset, "y", 1), (Values{60, 70, 80}));
  EXPECT_EQ(dataset.axes().size(), 1u);
}

TEST(Windows, FillTheTableExactly) {
  WindowOptions options = windowOptions();
  options.window = 8;
  EXPECT_EQ(get(buildWindows(makeTable(), options)).size(), 1);
  options.window = 9;
  EXPECT_EQ(messageOf(buildWindows(makeTable(), options)),
            "t.csv: has 10 rows; a window of 9 and a target 2 ahead need 11");
  options.window = std::numeric_limits<int64_t>::max();
  EXPECT_NE(messageOf(buildWindows(makeTable(), options)), "");
  options.window = 1;
  options.stride = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(get(buildWindows(makeTable(), options)).size(), 1);
}

TEST(Windows, Normalize) {
  Table table = makeTable();
  Normalization fitted = get(fitNormalization(table, {"t", "s"}, 0, 5));
  WindowOptions options = windowOptions();
  options.normalization = &fitted;
  Dataset dataset = get(buildWindows(table, options));
  EXPECT_NEAR(valueOf(dataset, "x", 1)[2], 0, 1e-6); // t = 2, the mean
  EXPECT_NEAR(valueOf(dataset, "y", 0)[0], 20 / std::sqrt(200), 1e-6);
}

TEST(Windows, LocateBadCells) {
  Table table = get(Table::parse("a,b\n1,2\n3,nan\n", "t.csv"));
  WindowOptions options;
  options.inputs = {"a"};
  options.targets = {"b"};
  EXPECT_CONTAINS(messageOf(buildWindows(table, options)),
                  "t.csv:3:3: 'nan' is not finite");
  options.targets = {"c"};
  EXPECT_CONTAINS(messageOf(buildWindows(table, options)), "no column 'c'");
}

TEST(Split, ByTimeKeepsTargetsApart) {
  Dataset dataset = get(buildWindows(makeTable(), windowOptions()));
  Split split = get(splitAtRow(dataset, 7));
  // Targets are rows 4 .. 9.
  EXPECT_EQ(split.training.size(), 3);
  EXPECT_EQ(split.validation.size(), 3);
  EXPECT_EQ(valueOf(split.validation, "y", 0), Values{70});
  EXPECT_EQ(selectSourceRows(dataset, 5, 8).size(), 3);
  EXPECT_EQ(selectSourceRows(dataset, 5, 10, /*inputsToo=*/true).size(), 1);

  split = get(splitLast(dataset, 0.1));
  EXPECT_EQ(split.validation.size(), 1);
  EXPECT_CONTAINS(messageOf(splitAtRow(dataset, 0)), "0 examples for training");
  EXPECT_CONTAINS(messageOf(splitLast(dataset, 1.5)), "between 0 and 1");
}

TEST(Split, DropsWhatStraddles) {
  WindowOptions options = windowOptions();
  options.everyStep = true;
  Split split = get(splitAtRow(get(buildWindows(makeTable(), options)), 6));
  // Targets of example i are rows i+2 .. i+4.
  EXPECT_EQ(split.training.size(), 2);
  EXPECT_EQ(split.validation.size(), 2);
}

TEST(Split, BySeed) {
  WindowOptions options = windowOptions();
  options.window = options.horizon = 1;
  Dataset dataset = get(buildWindows(makeTable(), options));
  Split split = get(splitRandomly(dataset, 0.25, 3));
  EXPECT_EQ(split.validation.size(), 2);
  EXPECT_EQ(split.training.size(), 7);
  std::set<int64_t> rows;
  for (const Dataset *part : {&split.training, &split.validation})
    for (int64_t i = 0; i < part->size(); ++i)
      rows.insert(part->source(i).first);
  EXPECT_EQ(rows.size(), 9u);
  Split again = get(splitRandomly(dataset, 0.25, 3));
  EXPECT_EQ(again.validation.source(0).first, split.validation.source(0).first);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

TEST(TextRows, Pairs) {
  Table table = get(Table::parse("ab\tx y\n\tz\n", "p.tsv"));
  VocabularyOptions options;
  Vocabulary source = get(Vocabulary::build({"ab"}, options));
  options.unit = TextUnit::Word;
  options.reserved = {"<bos>", "<eos>"};
  Vocabulary target = get(Vocabulary::build({"x y z"}, options));
  TextField from{"source", 0, &source, false, {}, {}, ""};
  TextField to{"target", 1, &target, false, {0}, {1}, ""};
  Dataset dataset = get(buildTextRows(table, {from, to}));
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_EQ(valueOf(dataset, "source", 0), (Values{0, 1}));
  EXPECT_EQ(valueOf(dataset, "target", 0), (Values{0, 2, 3, 1}));
  EXPECT_EQ(valueOf(dataset, "source", 1), Values{});
  EXPECT_EQ(valueOf(dataset, "target", 1), (Values{0, 4, 1}));
  EXPECT_EQ(dataset.axes().vec(),
            (std::vector<std::string>{"source", "target"}));

  Table other = get(Table::parse("ab\tx\nac\tx\n", "p.tsv"));
  EXPECT_CONTAINS(messageOf(buildTextRows(other, {from, to})),
                  "p.tsv:2:1: 'c' at byte 1 is not in the vocabulary");
  to.column = 2;
  EXPECT_CONTAINS(messageOf(buildTextRows(other, {to})), "has 2 columns");
}

TEST(TextRows, LabelsAndSharedAxes) {
  Table table = get(Table::parse("a b\tN V\tgood\nb\tV\tbad\n", "p.tsv"));
  VocabularyOptions options;
  options.unit = TextUnit::Word;
  Vocabulary words = get(Vocabulary::build({"a b"}, options));
  Vocabulary tags = get(Vocabulary::build({"N V"}, options));
  Vocabulary labels = get(Vocabulary::build({"bad good"}, options));
  TextField x{"x", 0, &words, false, {}, {}, "time"};
  TextField y{"y", 1, &tags, false, {}, {}, "time"};
  TextField label{"label", 2, &labels, true, {}, {}, ""};
  Dataset dataset = get(buildTextRows(table, {x, y, label}));
  EXPECT_EQ(dataset.axes().vec(), std::vector<std::string>{"time"});
  EXPECT_EQ(valueOf(dataset, "label", 0), Values{1});

  Table uneven = get(Table::parse("a b\tN\tgood\n", "p.tsv"));
  EXPECT_CONTAINS(messageOf(buildTextRows(uneven, {x, y})),
                  "p.tsv: in example 0, field 'y' has length 1; expected 2");
}

TEST(Streams, WindowsContinueEachOther) {
  std::vector<int32_t> ids(24);
  for (int i = 0; i < 24; ++i)
    ids[i] = i;
  StreamOptions options;
  options.streams = 2;
  options.window = 4;
  Dataset dataset = get(buildStreams(ids, options));
  // 11 steps per stream: 4 + 4 + 3.
  ASSERT_EQ(dataset.size(), 6);
  EXPECT_EQ(dataset.numStreams(), 2);
  for (int stream = 0; stream < 2; ++stream) {
    Values x, y;
    for (int window = 0; window < 3; ++window) {
      Values part = valueOf(dataset, "x", window * 2 + stream);
      x.insert(x.end(), part.begin(), part.end());
      part = valueOf(dataset, "y", window * 2 + stream);
      y.insert(y.end(), part.begin(), part.end());
    }
    ASSERT_EQ(x.size(), 11u);
    for (int i = 0; i < 11; ++i) {
      EXPECT_EQ(x[i], stream * 11 + i);
      EXPECT_EQ(y[i], x[i] + 1);
    }
  }
  EXPECT_CONTAINS(messageOf(splitRandomly(dataset, 0.5, 0)), "split its text");
  options.streams = 24;
  EXPECT_CONTAINS(messageOf(buildStreams(ids, options)),
                  "a text of 24 symbols cannot be cut into 24 streams");
  EXPECT_NE(messageOf(buildStreams({}, options)), "");
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

TEST(Arrays, PaddedElementsAndScalars) {
  NamedTensors arrays;
  Tensor x(DType::F64, {2, 3, 2});
  for (int i = 0; i < 12; ++i)
    x.view<double>()[i] = i;
  x.view<double>()[11] = NAN; // padding
  arrays.emplace("x", std::move(x));
  arrays.emplace("lengths", Tensor::of<int64_t>({2}, {3, 2}));
  arrays.emplace("v", Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
  arrays.emplace("label", Tensor::of<uint8_t>({2}, {7, 8}));
  arrays.emplace("w", Tensor::of<float>({2}, {0.5, 0.25}));
  arrays.emplace("tags", Tensor::of<int64_t>({2, 3}, {1, 2, 3, 4, 5, -1}));
  Dataset dataset = get(buildFromArrays(arrays, "a.npz"));
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_EQ(valueOf(dataset, "x", 1), (Values{6, 7, 8, 9}));
  EXPECT_EQ(valueOf(dataset, "tags", 1), (Values{4, 5}));
  EXPECT_EQ(valueOf(dataset, "v", 1), (Values{4, 5, 6}));
  EXPECT_EQ(valueOf(dataset, "label", 1), Values{8});
  EXPECT_EQ(valueOf(dataset, "w", 1), Values{0.25});
  EXPECT_EQ(dataset.axes().vec(), std::vector<std::string>{"time"});
  EXPECT_EQ(dataset.find("x")->spec.dtype, DType::F32);
  EXPECT_EQ(dataset.find("label")->spec.dtype, DType::I32);
}

TEST(Arrays, FlatWithTheirOwnLengths) {
  NamedTensors arrays;
  arrays.emplace("src", Tensor::of<int32_t>({5}, {1, 2, 3, 4, 5}));
  arrays.emplace("src_lengths", Tensor::of<int32_t>({3}, {2, 0, 3}));
  arrays.emplace("dst", Tensor::of<float>({4, 1}, {1, 2, 3, 4}));
  arrays.emplace("dst_lengths", Tensor::of<int32_t>({3}, {1, 2, 1}));
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  ASSERT_SUCCESS(writeNpz(path, toRefs(arrays)));
  Dataset dataset = get(buildFromNpz(path));
  ASSERT_EQ(dataset.size(), 3);
  EXPECT_EQ(valueOf(dataset, "src", 0), (Values{1, 2}));
  EXPECT_EQ(valueOf(dataset, "src", 1), Values{});
  EXPECT_EQ(valueOf(dataset, "src", 2), (Values{3, 4, 5}));
  EXPECT_EQ(valueOf(dataset, "dst", 1), (Values{2, 3}));
  EXPECT_EQ(dataset.axes().size(), 2u);
}

TEST(Arrays, LayoutsCanBeTold) {
  NamedTensors arrays;
  arrays.emplace("x", Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
  ArrayOptions options;
  options.layouts["x"] = ArrayLayout::Padded;
  Dataset dataset = get(buildFromArrays(arrays, "a.npz", options));
  EXPECT_EQ(toString(dataset.value(*dataset.find("x"), 0).shape), "[3]");
  options.layouts["x"] = ArrayLayout::Flat;
  EXPECT_CONTAINS(messageOf(buildFromArrays(arrays, "a.npz", options)),
                  "there is no array 'x_lengths' or 'lengths'");
}

TEST(Arrays, ComplainPrecisely) {
  auto messageFor = [](Tensor x, std::vector<int64_t> lengths,
                       ArrayOptions options = {}) {
    NamedTensors arrays;
    arrays.emplace("x", std::move(x));
    if (!lengths.empty())
      arrays.emplace("lengths",
                     Tensor::of<int64_t>({int64_t(lengths.size())}, lengths));
    return messageOf(buildFromArrays(arrays, "a.npz", options));
  };
  Tensor x(DType::F32, {2, 3, 2});
  x.view<float>()[9] = INFINITY;
  EXPECT_EQ(messageFor(x.clone(), {3, 2}),
            "a.npz: array 'x' is not finite at [1, 1, 1]");
  EXPECT_EQ(messageFor(x.clone(), {3, 4}),
            "a.npz: array 'x' is padded to 3 steps; the length of example 1 is "
            "4");
  EXPECT_EQ(messageFor(x.clone(), {3, 1, 1}),
            "a.npz: array 'x' has 2 examples; there are 3 lengths");
  EXPECT_CONTAINS(messageFor(x.clone(), {3, -1}),
                  "impossible length -1 at [1]");
  EXPECT_CONTAINS(messageFor(Tensor(DType::I32, {2, 3, 2}), {}),
                  "vectors of integers");
  EXPECT_CONTAINS(messageFor(Tensor(DType::F32, {}), {}),
                  "expected 1 to 3 dimensions");
  EXPECT_CONTAINS(
      messageFor(Tensor::of<int64_t>({2}, {1, int64_t(1) << 40}), {}),
      "the i64 element at [1] does not fit i32");
  ArrayOptions options;
  options.fields = {"y"};
  EXPECT_EQ(messageFor(x.clone(), {}, options),
            "a.npz: has no array 'y'; its arrays are x");
}

TEST(Dataset, ChecksItsFields) {
  auto rows =
      std::make_shared<const Tensor>(Tensor::of<float>({3, 1}, {1, 2, NAN}));
  Field field{{"x", DType::F32, {1}, ""}, rows, {0, 1}, {1, 1}};
  EXPECT_CONTAINS(messageOf(Dataset::create({field})),
                  "field 'x' is not finite at [2, 0]");
  field.rows = std::make_shared<const Tensor>(DType::F32, Shape{3, 1});
  EXPECT_SUCCESS(Dataset::create({field}));
  EXPECT_CONTAINS(messageOf(Dataset::create({field, field})), "occurs twice");
  Field other = field;
  other.spec.name = "y";
  other.begin.push_back(2), other.length.push_back(1);
  EXPECT_CONTAINS(messageOf(Dataset::create({field, other})),
                  "field 'y' has 3 examples; expected 2");
  field.begin[1] = 3;
  EXPECT_CONTAINS(messageOf(Dataset::create({field})), "example 1");
}
