//===- DatasetBuilders.h - Datasets from tables, text and arrays -*- C++
//-*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_DATASETBUILDERS_H
#define RAVEL_TRAINING_DATASETBUILDERS_H

#include "ravel/Training/Dataset.h"
#include "ravel/Training/Normalization.h"
#include "ravel/Training/Table.h"
#include "ravel/Training/Vocabulary.h"
#include <map>
#include <string>
#include <vector>

namespace ravel {

//===----------------------------------------------------------------------===//
// Sliding windows over a table
//===----------------------------------------------------------------------===//

struct WindowOptions {
  std::vector<std::string> inputs, targets; // columns, by name; not empty
  int64_t window = 1;                       // rows of input, at least 1
  int64_t horizon = 1; // rows from an input to its target, at least 0
  int64_t stride = 1;  // rows from a window to the next, at least 1
  /// False: one target, `horizon` rows after the window's last row (a vector).
  /// True: a target for each of the window's rows (a sequence).
  bool everyStep = false;
  /// Applied to the columns of its names, which must include all in use.
  const Normalization *normalization = nullptr;
  std::string inputName = "x", targetName = "y"; // fields
  DType dtype = DType::F32;                      // or F64
};

/// Cuts a table into windows: field x is the sequence of the input columns in
/// rows r .. r+window-1, on the axis "time"; field y is the target columns of
/// row r+window-1+horizon, or of rows r+horizon .. r+window-1+horizon.
llvm::Expected<Dataset> buildWindows(const Table &table,
                                     const WindowOptions &options);

/// Fits a normalization of these columns on the table's rows [begin, end).
llvm::Expected<Normalization>
fitNormalization(const Table &table, llvm::ArrayRef<std::string> columns,
                 int64_t begin, int64_t end);

//===----------------------------------------------------------------------===//
// Rows of text
//===----------------------------------------------------------------------===//

/// A field made of a column of text.
struct TextField {
  std::string name;
  int64_t column = 0;
  const Vocabulary *vocabulary = nullptr;
  /// True: the whole cell is one entry of the vocabulary, and the field one
  /// int. False: a sequence of the cell's symbols.
  bool isLabel = false;
  /// Ids put before and after every sequence, such as those of begin and end.
  std::vector<int32_t> prefix, suffix;
  /// The sequence's axis; by default the field's own name. Fields such as words
  /// and their tags, which have the same length in each row, share an axis.
  std::string axis;
};

/// One example per row: a pair of text sequences, words and tags, a text and
/// its label. A symbol that a vocabulary lacks is an error with its location.
llvm::Expected<Dataset> buildTextRows(const Table &table,
                                      llvm::ArrayRef<TextField> fields);

//===----------------------------------------------------------------------===//
// One long text
//===----------------------------------------------------------------------===//

struct StreamOptions {
  int64_t streams = 1; // read in parallel; this is the batch size
  int64_t window = 1;  // steps between truncations of backpropagation
  std::string inputName = "x", targetName = "y"; // fields
};

/// Cuts one long sequence into `streams` pieces of equal length (what is left
/// over at the end is dropped), and these into windows; field y is x, one step
/// ahead. Both are sequences of ints on the axis "time". Example k*streams + b
/// is window k of stream b; the last windows may be shorter. The state at the
/// end of a window is the one to begin the next with.
llvm::Expected<Dataset> buildStreams(llvm::ArrayRef<int32_t> ids,
                                     const StreamOptions &options);

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// How an array holds a field of N examples.
enum class ArrayLayout {
  Guess,
  Padded,   // [N, T] or [N, T, D]: sequences, padded to T
  Flat,     // [sum of lengths] or [sum of lengths, D]: sequences, end to end
  Elements, // [N] or [N, D]: one element each
};

struct ArrayOptions {
  /// The arrays to use; all of them if empty. Arrays named "lengths" or
  /// "NAME_lengths" are not fields.
  std::vector<std::string> fields;
  /// By field; `Guess` for those not named.
  std::map<std::string, ArrayLayout> layouts;
  DType dtype = DType::F32; // of the float fields; or F64
};

/// Makes a dataset of an archive's arrays. Integer arrays become ints (i32),
/// float arrays floats.
///
/// The lengths of a field's sequences are the array "NAME_lengths" (the field
/// then has an axis of its own, NAME), or "lengths" (the axis is "time"), or,
/// for a padded array without either, T for all (axis "time").
///
/// Unless told, the layout of an array a is guessed: `Padded` if it has rank 3,
/// or rank 2 and integers, or rank 2, NAME_lengths and N rows; otherwise `Flat`
/// if lengths apply whose sum, but not whose number, is a's first dimension,
/// otherwise `Elements`. What lies beyond a sequence's length is not read.
/// `source` names the file in messages.
llvm::Expected<Dataset> buildFromArrays(const NamedTensors &arrays,
                                        llvm::StringRef source,
                                        const ArrayOptions &options = {});

/// The same of a .npz file.
llvm::Expected<Dataset> buildFromNpz(llvm::StringRef path,
                                     const ArrayOptions &options = {});

} // namespace ravel

#endif // RAVEL_TRAINING_DATASETBUILDERS_H
