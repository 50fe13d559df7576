//===- BatchingTest.cpp - Packed minibatches ------------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Batching.h"
#include "TestSupport.h"
#include "ravel/Training/DatasetBuilders.h"
#include <set>

using namespace ravel;
using namespace ravel::test;
using Longs = std::vector<int64_t>;
using Ints = std::vector<int32_t>;

TEST(PackedLayout, IsTimeMajorByFallingLength) {
  PackedLayout layout = PackedLayout::of({3, 4, 0, 2, 3});
  EXPECT_EQ(layout.order, (Longs{1, 0, 4, 3, 2}));
  EXPECT_EQ(layout.lengths, (Longs{4, 3, 3, 2, 0}));
  EXPECT_EQ(layout.offsets, (Longs{0, 4, 8, 11, 12}));
  EXPECT_EQ(layout.numSteps(), 4);
  EXPECT_EQ(layout.numActive(2), 3);
  EXPECT_EQ(layout.ranks(), (Longs{1, 0, 4, 3, 2}));
}

TEST(PackedLayout, OfNothing) {
  for (Longs lengths : {Longs{}, Longs{0, 0}}) {
    PackedLayout layout = PackedLayout::of(lengths);
    EXPECT_EQ(layout.offsets, Longs{0});
    EXPECT_EQ(layout.numSteps(), 0);
    EXPECT_EQ(layout.size(), int64_t(lengths.size()));
  }
}

TEST(PackedLayout, PacksAndUnpacks) {
  std::vector<Tensor> sequences;
  std::vector<TensorRef> refs;
  Longs lengths{1, 3, 0, 2};
  for (int64_t i = 0; i < 4; ++i) {
    Tensor sequence(DType::F32, {lengths[i], 2});
    for (int64_t j = 0; j < 2 * lengths[i]; ++j)
      sequence.view<float>()[j] = 10 * i + j;
    sequences.push_back(std::move(sequence));
  }
  for (Tensor &sequence : sequences)
    refs.push_back(sequence);
  PackedLayout layout = PackedLayout::of(lengths);
  Tensor packed = pack(layout, refs);
  EXPECT_EQ(toString(packed.shape()), "[6, 2]");
  EXPECT_EQ(packed.view<float>().vec(),
            (std::vector<float>{10, 11, 30, 31, 0, 1, 12, 13, 32, 33, 14, 15}));
  std::vector<Tensor> back = unpack(layout, packed);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(back[i].shape(), sequences[i].shape());
    EXPECT_EQ(back[i].view<float>(), sequences[i].view<float>());
  }
}

/// Examples of the given lengths on the axes a and b, and a number each.
static Dataset makeDataset(const Longs &a, const Longs &b) {
  std::vector<Field> fields;
  for (auto [name, lengths] : {std::pair("a", &a), std::pair("b", &b)}) {
    Field field{{name, DType::I32, {}, name}, nullptr, {}, *lengths};
    Ints rows;
    for (size_t i = 0; i < lengths->size(); ++i) {
      field.begin.push_back(rows.size());
      for (int64_t t = 0; t < (*lengths)[i]; ++t)
        rows.push_back(10 * i + t);
    }
    field.rows = std::make_shared<const Tensor>(
        Tensor::of<int32_t>({int64_t(rows.size())}, rows));
    fields.push_back(std::move(field));
  }
  Field number{{"n", DType::F32, {1}, ""}, nullptr, {}, {}};
  Tensor rows(DType::F32, {int64_t(a.size()), 1});
  for (size_t i = 0; i < a.size(); ++i) {
    number.begin.push_back(i);
    number.length.push_back(1);
    rows.view<float>()[i] = i;
  }
  number.rows = std::make_shared<const Tensor>(std::move(rows));
  fields.push_back(std::move(number));
  return get(Dataset::create(std::move(fields)));
}

TEST(Batch, OrdersRowsByTheFirstAxis) {
  Dataset dataset = makeDataset({1, 9, 2, 3}, {2, 9, 0, 1});
  Batch batch = makeBatch(dataset, {0, 2, 3});
  EXPECT_EQ(batch.size, 3);
  EXPECT_EQ(batch.examples, (Longs{3, 2, 0}));
  EXPECT_EQ(batch.order, (Longs{2, 1, 0}));
  EXPECT_EQ(batch.find("n")->data.view<float>().vec(),
            (std::vector<float>{3, 2, 0}));
  EXPECT_EQ(toString(batch.find("n")->data.shape()), "[3, 1]");
  EXPECT_EQ(batch.find("a")->data.view<int32_t>().vec(),
            (Ints{30, 20, 0, 31, 21, 32}));
  EXPECT_EQ(batch.findAxis("a")->layout.order, (Longs{0, 1, 2}));
  EXPECT_EQ(batch.findAxis("a")->layout.offsets, (Longs{0, 3, 5, 6}));
  // The second axis is sorted by itself; its order gives rows of the batch.
  EXPECT_EQ(batch.findAxis("b")->layout.order, (Longs{2, 0, 1}));
  EXPECT_EQ(batch.find("b")->data.view<int32_t>().vec(), (Ints{0, 30, 1}));
  EXPECT_EQ(batch.find("c"), nullptr);

  batch = makeBatch(dataset, {0, 2, 3}, "b");
  EXPECT_EQ(batch.axes.front().name, "b");
  EXPECT_EQ(batch.examples, (Longs{0, 3, 2}));
}

static Longs lengthsFrom(int n) {
  Longs lengths;
  for (int i = 0; i < n; ++i)
    lengths.push_back((i * 7) % 13);
  return lengths;
}

static std::vector<Longs> dealEpoch(Batcher &batcher) {
  std::vector<Longs> batches;
  for (int64_t i = 0; i < batcher.batchesPerEpoch(); ++i) {
    batches.push_back(batcher.peek().vec());
    batcher.next();
  }
  return batches;
}

TEST(Batcher, DealsEachExampleOnce) {
  Dataset dataset = makeDataset(lengthsFrom(50), lengthsFrom(50));
  for (int64_t bucket : {1, 2, 64}) {
    BatchingOptions options;
    options.batchSize = 8;
    options.bucketBatches = bucket;
    Batcher batcher = get(Batcher::create(dataset, options));
    EXPECT_EQ(batcher.batchesPerEpoch(), 7);
    std::vector<Longs> last;
    for (int epoch = 0; epoch < 3; ++epoch) {
      EXPECT_EQ(batcher.position(), (BatchPosition{epoch, 0}));
      std::vector<Longs> batches = dealEpoch(batcher);
      EXPECT_NE(batches, last);
      last = batches;
      std::set<int64_t> seen;
      for (const Longs &batch : batches)
        seen.insert(batch.begin(), batch.end());
      EXPECT_EQ(seen.size(), 50u);
    }
  }
}

TEST(Batcher, BucketsByLength) {
  Dataset dataset = makeDataset(lengthsFrom(130), lengthsFrom(130));
  BatchingOptions options;
  options.batchSize = 10;
  Batcher batcher = get(Batcher::create(dataset, options));
  // There are ten examples of each length.
  for (const Longs &batch : dealEpoch(batcher))
    for (int64_t example : batch)
      EXPECT_EQ(dataset.length("a", example), dataset.length("a", batch[0]));
}

TEST(Batcher, DropsTheLast) {
  Dataset dataset = makeDataset(lengthsFrom(10), lengthsFrom(10));
  BatchingOptions options;
  options.batchSize = 4;
  options.dropLast = true;
  Batcher batcher = get(Batcher::create(dataset, options));
  EXPECT_EQ(batcher.batchesPerEpoch(), 2);
  for (const Longs &batch : dealEpoch(batcher))
    EXPECT_EQ(batch.size(), 4u);
  options.batchSize = 11;
  EXPECT_CONTAINS(messageOf(Batcher::create(dataset, options)),
                  "10 examples, fewer than a batch of 11");
}

TEST(Batcher, KeepsTheOrderWhenNotShuffling) {
  Dataset dataset = makeDataset(lengthsFrom(5), lengthsFrom(5));
  BatchingOptions options;
  options.batchSize = 2;
  options.shuffle = false;
  Batcher batcher = get(Batcher::create(dataset, options));
  EXPECT_EQ(dealEpoch(batcher), (std::vector<Longs>{{0, 1}, {2, 3}, {4}}));
}

TEST(Batcher, GoesOnWhereItStopped) {
  Dataset dataset = makeDataset(lengthsFrom(50), lengthsFrom(50));
  BatchingOptions options;
  options.batchSize = 8;
  Batcher first = get(Batcher::create(dataset, options));
  for (int i = 0; i < 10; ++i)
    first.next();
  llvm::json::Value saved = first.toJSON();
  Batcher second = get(Batcher::create(dataset, options));
  ASSERT_SUCCESS(second.restore(saved));
  EXPECT_EQ(second.position(), (BatchPosition{1, 3}));
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(first.next().examples, second.next().examples);

  options.batchSize = 9;
  Batcher other = get(Batcher::create(dataset, options));
  EXPECT_CONTAINS(messageOf(other.restore(saved)),
                  "'batch_size' was 8, now it is 9");
  EXPECT_CONTAINS(messageOf(other.restore("x")), "must be an object");
  EXPECT_CONTAINS(messageOf(first.seek({0, 7})), "an epoch has 7 batches");
}

TEST(Batcher, CarriesStreamsOn) {
  Ints ids(25);
  StreamOptions streams;
  streams.streams = 3;
  streams.window = 4;
  Dataset dataset = get(buildStreams(ids, streams));
  BatchingOptions options;
  EXPECT_CONTAINS(messageOf(Batcher::create(dataset, options)),
                  "has 3 streams; the batch size must be the same, not 32");
  options.batchSize = 3;
  Batcher batcher = get(Batcher::create(dataset, options));
  ASSERT_EQ(batcher.batchesPerEpoch(), 2);
  for (int epoch = 0; epoch < 2; ++epoch) {
    Batch batch = batcher.next();
    EXPECT_FALSE(batch.continues);
    EXPECT_EQ(batch.examples, (Longs{0, 1, 2}));
    batch = batcher.next();
    EXPECT_TRUE(batch.continues);
    EXPECT_EQ(batch.examples, (Longs{3, 4, 5}));
  }
}

TEST(Batcher, RefusesBadOptions) {
  Dataset dataset = makeDataset({1}, {1});
  BatchingOptions options;
  options.axis = "c";
  EXPECT_CONTAINS(messageOf(Batcher::create(dataset, options)), "no axis 'c'");
  options = {};
  options.batchSize = 0;
  EXPECT_CONTAINS(messageOf(Batcher::create(dataset, options)), "at least 1");
  options = {};
  Dataset empty = dataset.select({});
  EXPECT_CONTAINS(messageOf(Batcher::create(empty, options)), "no examples");
}
