//===- Batching.h - Packed minibatches --------------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sequences of different lengths are batched without padding. In the packed,
// time-major layout, sequences are sorted by falling length (equal lengths keep
// their order); then come all elements of step 0, then all of step 1, ... With
// n_t the number of sequences longer than t, step t has n_t rows, those of the
// first n_t sequences, and begins at row n_0 + ... + n_{t-1}:
//
//   sequences  a0 a1 a2        packed   a0 b0 c0 | a1 b1 c1 | a2 b2 | b3
//              b0 b1 b2 b3     offsets  0          3          6       8    9
//              c0 c1           (in the order b, a, c: each step lists b first)
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_BATCHING_H
#define RAVEL_TRAINING_BATCHING_H

#include "ravel/Execution/Tensor.h"
#include "ravel/Training/Dataset.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace ravel {

//===----------------------------------------------------------------------===//
// The packed layout
//===----------------------------------------------------------------------===//

/// How B sequences of given lengths lie in a packed array.
struct PackedLayout {
  /// order[r] is the index, as given, of the sequence in row r of each step.
  std::vector<int64_t> order;
  /// lengths[r] is its length; they fall.
  std::vector<int64_t> lengths;
  /// Step t is rows [offsets[t], offsets[t+1]); T+1 numbers, T the longest
  /// length.
  std::vector<int64_t> offsets{0};

  static PackedLayout of(llvm::ArrayRef<int64_t> lengths);

  int64_t size() const { return order.size(); }           // B
  int64_t numSteps() const { return offsets.size() - 1; } // T
  int64_t numRows() const { return offsets.back(); }      // sum of lengths
  int64_t numActive(int64_t t) const { return offsets[t + 1] - offsets[t]; }
  /// The inverse of `order`.
  std::vector<int64_t> ranks() const;
};

/// Packs sequences: `sequences[i]`, the i-th as given, has shape [length] + E;
/// the result has shape [numRows] + E.
Tensor pack(const PackedLayout &layout, llvm::ArrayRef<TensorRef> sequences);

/// The sequences of a packed array, in the order as given.
std::vector<Tensor> unpack(const PackedLayout &layout, const TensorRef &packed);

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

/// A time axis of a batch.
struct BatchAxis {
  std::string name;
  /// `layout.order` gives rows of the batch: of the first axis it is 0, 1, ...,
  /// since that axis orders the batch; another axis, sorted by lengths of its
  /// own, may permute them.
  PackedLayout layout;
};

/// A field of a batch.
struct BatchField {
  FieldSpec spec;
  /// A sequence: packed along its axis, [numRows] + elementShape. Otherwise,
  /// in the order of the batch: [B] + elementShape.
  Tensor data;
};

/// Examples, packed for one call of compiled code.
struct Batch {
  int64_t size = 0; // B
  /// The dataset's index of the example in each row.
  std::vector<int64_t> examples;
  /// For each row, the example's place in the list that the batch was made of.
  std::vector<int64_t> order;
  std::vector<BatchAxis> axes;
  std::vector<BatchField> fields;
  /// True if each row continues the sequence that the batch before had in the
  /// same row, so that state is carried over (see Dataset::numStreams).
  bool continues = false;

  const BatchField *find(llvm::StringRef field) const;
  const BatchAxis *findAxis(llvm::StringRef axis) const;
};

/// Packs examples of a dataset. The rows are ordered by the axis of that name;
/// if it is empty, by the dataset's first axis; without any, as listed.
Batch makeBatch(const Dataset &dataset, llvm::ArrayRef<int64_t> examples,
                llvm::StringRef axis = "");

//===----------------------------------------------------------------------===//
// Order of batches
//===----------------------------------------------------------------------===//

struct BatchingOptions {
  int64_t batchSize = 32;
  bool shuffle = true; // anew in each epoch; otherwise the dataset's order
  uint64_t seed = 0;
  bool dropLast = false; // leave out an epoch's last batch if it is smaller
  /// While shuffling, examples of similar length are put together: each run of
  /// so many batches is sorted by length. 1 turns this off.
  int64_t bucketBatches = 64;
  std::string axis; // that orders and buckets; see `makeBatch`
};

/// Where a run is: before batch `step` of epoch `epoch`, both from 0.
struct BatchPosition {
  int64_t epoch = 0, step = 0;
  bool operator==(const BatchPosition &other) const {
    return epoch == other.epoch && step == other.step;
  }
};

/// Deals out a dataset's batches, epoch after epoch. The order is a function of
/// the options, the number of examples and their lengths, so a run that seeks
/// to where another stopped sees what it would have seen. A dataset of streams
/// is dealt in its own order, one window of all streams at a time; the batch
/// size must be the number of streams.
class Batcher {
public:
  /// The dataset must outlive the batcher. An error if it is empty, or gives
  /// no batch.
  static llvm::Expected<Batcher> create(const Dataset &dataset,
                                        const BatchingOptions &options);

  int64_t batchesPerEpoch() const { return numBatches; }
  BatchPosition position() const { return at; }
  llvm::Error seek(BatchPosition position);

  /// The examples of the next batch.
  llvm::ArrayRef<int64_t> peek() const;
  /// The next batch. After the last one of an epoch the position is step 0 of
  /// the next epoch.
  Batch next();

  /// The position, with what it depends on.
  llvm::json::Value toJSON() const;
  /// Seeks to a saved position; an error if the batches there were cut another
  /// way (batch size, seed, number of examples, ...).
  llvm::Error restore(const llvm::json::Value &value);

private:
  Batcher(const Dataset &dataset, const BatchingOptions &options)
      : dataset(&dataset), options(options) {}
  void beginEpoch();
  llvm::json::Object describe() const;

  const Dataset *dataset;
  BatchingOptions options;
  int64_t numBatches = 0;
  BatchPosition at;
  /// The epoch's examples, batch after batch, and where each batch begins.
  std::vector<int64_t> examples, begins;
};

} // namespace ravel

#endif // RAVEL_TRAINING_BATCHING_H
