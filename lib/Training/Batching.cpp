//===- Batching.cpp - Packed minibatches ----------------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Batching.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Random.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <numeric>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// The packed layout
//===----------------------------------------------------------------------===//

PackedLayout PackedLayout::of(ArrayRef<int64_t> lengths) {
  PackedLayout layout;
  layout.order.resize(lengths.size());
  std::iota(layout.order.begin(), layout.order.end(), 0);
  llvm::sort(layout.order, [&](int64_t a, int64_t b) {
    return std::tie(lengths[b], a) < std::tie(lengths[a], b);
  });
  for (int64_t index : layout.order)
    layout.lengths.push_back(lengths[index]);

  int64_t active = lengths.size();
  int64_t numSteps = lengths.empty() ? 0 : layout.lengths.front();
  for (int64_t t = 0; t < numSteps; ++t) {
    while (layout.lengths[active - 1] <= t)
      --active;
    layout.offsets.push_back(layout.offsets.back() + active);
  }
  return layout;
}

std::vector<int64_t> PackedLayout::ranks() const {
  std::vector<int64_t> ranks(order.size());
  for (auto [row, index] : enumerate(order))
    ranks[index] = row;
  return ranks;
}

/// The bytes of one element of an array [N] + E.
static int64_t getRowBytes(const TensorRef &array) {
  TensorRef row{array.dtype, Shape(ArrayRef(array.shape).drop_front()),
                nullptr};
  return row.sizeInBytes();
}

Tensor pack(const PackedLayout &layout, ArrayRef<TensorRef> sequences) {
  assert(int64_t(sequences.size()) == layout.size() && "sequences missing");
  if (sequences.empty())
    return Tensor();
  Shape shape = sequences.front().shape;
  shape[0] = layout.numRows();
  Tensor packed(sequences.front().dtype, shape);
  int64_t rowBytes = getRowBytes(packed);
  char *out = static_cast<char *>(packed.data());
  for (int64_t t = 0; t < layout.numSteps(); ++t)
    for (int64_t row = 0; row < layout.numActive(t); ++row) {
      const TensorRef &sequence = sequences[layout.order[row]];
      std::memcpy(out, static_cast<const char *>(sequence.data) + t * rowBytes,
                  rowBytes);
      out += rowBytes;
    }
  return packed;
}

std::vector<Tensor> unpack(const PackedLayout &layout,
                           const TensorRef &packed) {
  assert(packed.shape[0] == layout.numRows() && "another layout");
  int64_t rowBytes = getRowBytes(packed);
  std::vector<Tensor> sequences(layout.size());
  for (auto [row, index] : enumerate(layout.order)) {
    Shape shape = packed.shape;
    shape[0] = layout.lengths[row];
    Tensor sequence(packed.dtype, shape);
    for (int64_t t = 0; t < shape[0]; ++t)
      std::memcpy(static_cast<char *>(sequence.data()) + t * rowBytes,
                  static_cast<const char *>(packed.data) +
                      (layout.offsets[t] + int64_t(row)) * rowBytes,
                  rowBytes);
    sequences[index] = std::move(sequence);
  }
  return sequences;
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

const BatchField *Batch::find(StringRef field) const {
  auto it = find_if(
      fields, [&](const BatchField &item) { return item.spec.name == field; });
  return it == fields.end() ? nullptr : &*it;
}

const BatchAxis *Batch::findAxis(StringRef axis) const {
  auto it =
      find_if(axes, [&](const BatchAxis &item) { return item.name == axis; });
  return it == axes.end() ? nullptr : &*it;
}

/// The axis of that name, or the dataset's first one, or "".
static StringRef chooseAxis(const Dataset &dataset, StringRef axis) {
  if (axis.empty() && !dataset.axes().empty())
    return dataset.axes().front();
  return axis;
}

static std::vector<int64_t>
getLengths(const Dataset &dataset, ArrayRef<int64_t> examples, StringRef axis) {
  std::vector<int64_t> lengths;
  for (int64_t example : examples)
    lengths.push_back(dataset.length(axis, example));
  return lengths;
}

Batch makeBatch(const Dataset &dataset, ArrayRef<int64_t> examples,
                StringRef axis) {
  Batch batch;
  batch.size = examples.size();
  axis = chooseAxis(dataset, axis);
  if (axis.empty()) {
    batch.order.resize(examples.size());
    std::iota(batch.order.begin(), batch.order.end(), 0);
  } else {
    batch.order = PackedLayout::of(getLengths(dataset, examples, axis)).order;
  }
  for (int64_t index : batch.order)
    batch.examples.push_back(examples[index]);

  if (!axis.empty())
    batch.axes.push_back({axis.str(), {}});
  for (const std::string &name : dataset.axes())
    if (name != axis)
      batch.axes.push_back({name, {}});
  for (BatchAxis &item : batch.axes)
    item.layout =
        PackedLayout::of(getLengths(dataset, batch.examples, item.name));

  for (const Field &field : dataset.fields()) {
    std::vector<TensorRef> values;
    for (int64_t example : batch.examples)
      values.push_back(dataset.value(field, example));
    if (field.spec.isSequence()) {
      batch.fields.push_back(
          {field.spec, pack(batch.findAxis(field.spec.axis)->layout, values)});
      continue;
    }
    Shape shape = field.spec.elementShape;
    shape.insert(shape.begin(), batch.size);
    Tensor data(field.spec.dtype, shape);
    char *out = static_cast<char *>(data.data());
    for (const TensorRef &value : values) {
      std::memcpy(out, value.data, value.sizeInBytes());
      out += value.sizeInBytes();
    }
    batch.fields.push_back({field.spec, std::move(data)});
  }
  return batch;
}

//===----------------------------------------------------------------------===//
// Order of batches
//===----------------------------------------------------------------------===//

Expected<Batcher> Batcher::create(const Dataset &dataset,
                                  const BatchingOptions &options) {
  if (options.batchSize < 1 || options.bucketBatches < 1)
    return makeError("the batch size, and the batches in a bucket, must be at "
                     "least 1");
  if (dataset.size() == 0)
    return makeError("the dataset has no examples");
  if (!options.axis.empty() && !is_contained(dataset.axes(), options.axis))
    return makeError("the dataset has no axis '" + options.axis + "'");
  if (dataset.numStreams() && dataset.numStreams() != options.batchSize)
    return makeError("the dataset has " + Twine(dataset.numStreams()) +
                     " streams; the batch size must be the same, not " +
                     Twine(options.batchSize));
  Batcher batcher(dataset, options);
  int64_t rest = dataset.size() % options.batchSize;
  batcher.numBatches =
      dataset.size() / options.batchSize + (rest && !options.dropLast ? 1 : 0);
  if (batcher.numBatches == 0)
    return makeError("the dataset has " + Twine(dataset.size()) +
                     " examples, fewer than a batch of " +
                     Twine(options.batchSize) +
                     ", and smaller batches are left out");
  batcher.beginEpoch();
  return batcher;
}

void Batcher::beginEpoch() {
  examples.resize(dataset->size());
  std::iota(examples.begin(), examples.end(), 0);
  begins.resize(numBatches);
  for (int64_t i = 0; i < numBatches; ++i)
    begins[i] = i * options.batchSize;
  if (!options.shuffle || dataset->numStreams())
    return;

  Random random(options.seed, at.epoch);
  MutableArrayRef<int64_t> all = examples;
  random.shuffle(all);
  // What is left over when small batches are dropped is dropped by chance.
  all = all.take_front(
      std::min<int64_t>(all.size(), numBatches * options.batchSize));
  examples.resize(all.size());
  StringRef axis = chooseAxis(*dataset, options.axis);
  if (!axis.empty() && options.bucketBatches > 1) {
    // Sorting keys carry the place after the shuffle, so that equal lengths
    // stay shuffled.
    // Where examples have several lengths, those of equal first length are put
    // in order of the others.
    std::vector<StringRef> axes{axis};
    for (const std::string &name : dataset->axes())
      if (name != axis)
        axes.push_back(name);
    using Key = std::pair<SmallVector<int64_t, 2>, size_t>;
    std::vector<Key> keys;
    for (int64_t example : all) {
      SmallVector<int64_t, 2> lengths;
      for (StringRef name : axes)
        lengths.push_back(-dataset->length(name, example));
      keys.push_back({std::move(lengths), keys.size()});
    }
    MutableArrayRef<Key> rest = keys;
    int64_t bucket = std::min<int64_t>(options.bucketBatches, numBatches) *
                     options.batchSize;
    for (; !rest.empty();
         rest = rest.drop_front(std::min<int64_t>(bucket, rest.size())))
      llvm::sort(rest.take_front(std::min<int64_t>(bucket, rest.size())));
    std::vector<int64_t> shuffled = examples;
    for (auto [place, key] : enumerate(keys))
      examples[place] = shuffled[key.second];
  }
  random.shuffle(MutableArrayRef(begins));
}

Error Batcher::seek(BatchPosition position) {
  if (position.epoch < 0 || position.step < 0 || position.step >= numBatches)
    return makeError("there is no batch " + Twine(position.step) +
                     " of epoch " + Twine(position.epoch) + "; an epoch has " +
                     Twine(numBatches) + " batches");
  bool sameEpoch = at.epoch == position.epoch;
  at = position;
  if (!sameEpoch)
    beginEpoch();
  return Error::success();
}

ArrayRef<int64_t> Batcher::peek() const {
  int64_t begin = begins[at.step];
  return ArrayRef(examples).slice(
      begin, std::min<int64_t>(options.batchSize, examples.size() - begin));
}

Batch Batcher::next() {
  Batch batch = makeBatch(*dataset, peek(), options.axis);
  batch.continues = dataset->numStreams() && at.step > 0;
  if (++at.step == numBatches) {
    at = {at.epoch + 1, 0};
    beginEpoch();
  }
  return batch;
}

/// All that the order of the batches depends on, but for the lengths.
json::Object Batcher::describe() const {
  return json::Object{{"examples", dataset->size()},
                      {"batch_size", options.batchSize},
                      {"shuffle", options.shuffle},
                      {"seed", std::to_string(options.seed)},
                      {"drop_last", options.dropLast},
                      {"bucket_batches", options.bucketBatches},
                      {"axis", json::fixUTF8(options.axis)},
                      {"streams", dataset->numStreams()}};
}

json::Value Batcher::toJSON() const {
  json::Object object = describe();
  object["epoch"] = at.epoch;
  object["step"] = at.step;
  return object;
}

Error Batcher::restore(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  std::optional<int64_t> epoch, step;
  if (object) {
    epoch = object->getInteger("epoch");
    step = object->getInteger("step");
  }
  if (!epoch || !step)
    return makeError("a data position must be an object with 'epoch' and "
                     "'step'");
  for (const auto &[key, now] : describe()) {
    const json::Value *then = object->get(key);
    if (!then || *then != now)
      return makeError("cannot go on with the saved order of batches: '" +
                       StringRef(key) + "' was " +
                       (then ? toString(*then) : "missing") + ", now it is " +
                       toString(now));
  }
  return seek({*epoch, *step});
}

} // namespace ravel
