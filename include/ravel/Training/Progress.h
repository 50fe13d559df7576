//===- Progress.h - What a run shows and records ----------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_PROGRESS_H
#define RAVEL_TRAINING_PROGRESS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace ravel {

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

struct ProgressOptions {
  /// True: one line that is written over and over. False: a line now and then.
  bool terminal = false;
  /// Seconds between two displays; by default 0.1 on a terminal, otherwise 10.
  std::optional<double> interval;
  unsigned columns = 80; // of the terminal; the line is cut there
  std::string unit = "step";
  int64_t start = 0; // what is done already, when a run goes on
  int64_t total = 0; // 0: unknown
  /// The time in seconds; by default a steady clock.
  std::function<double()> clock;
};

/// Shows how far a run is:
///   step 1200/5000  24%  loss 0.1234  rate 0.001  310 step/s  0:12 left
class Progress {
public:
  using Value = std::pair<llvm::StringRef, double>;

  Progress(llvm::raw_ostream &os, ProgressOptions options);

  /// `done` of `total` are done. Shown if the last display is long enough ago,
  /// or if this is the end.
  void update(int64_t done, llvm::ArrayRef<Value> values);
  /// Prints a line of its own; the progress line continues below it.
  void print(const llvm::Twine &line);
  /// Ends the line, with the last state that was not shown yet.
  void finish();

private:
  void show();

  llvm::raw_ostream &os;
  ProgressOptions options;
  double begin, shown;
  std::string line; // the latest state
  size_t width = 0; // of what is on the terminal's current line
  bool pending = false;
};

/// "0:07", "12:34", "1:02:03".
std::string formatDuration(double seconds);

//===----------------------------------------------------------------------===//
// Metrics
//===----------------------------------------------------------------------===//

/// Appends one JSON object per line to a file, metrics.jsonl.
class MetricsWriter {
public:
  MetricsWriter(MetricsWriter &&other) noexcept;
  MetricsWriter &operator=(MetricsWriter &&other) noexcept;
  ~MetricsWriter();

  /// Begins an empty file; one that exists is emptied.
  static llvm::Expected<MetricsWriter> create(llvm::StringRef path);
  /// Goes on with a file, which may not exist yet. A partial last line, which a
  /// run that was killed leaves, is cut off, and so is everything from the
  /// first line whose "step" is greater than `step`. Any other line that is not
  /// an object with a "step" is an error.
  static llvm::Expected<MetricsWriter> resume(llvm::StringRef path,
                                              int64_t step);

  /// Appends {"step": step, values...} as one line. A number that is not finite
  /// is written as null. If the line cannot be written whole, none of it is.
  llvm::Error write(int64_t step, llvm::json::Object values);

private:
  MetricsWriter(llvm::StringRef path, int fd) : path(path), fd(fd) {}

  std::string path;
  int fd = -1;
};

} // namespace ravel

#endif // RAVEL_TRAINING_PROGRESS_H
