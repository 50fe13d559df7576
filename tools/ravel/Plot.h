//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Plots as SVG: lines over one axis, and maps of one number over two.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_PLOT_H
#define RAVEL_TOOLS_RAVEL_PLOT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <utility>
#include <vector>

namespace ravel::driver {

struct Line {
  std::string name;
  std::vector<double> values; // NaN where there is none
};

/// What stands around a plot, and where it stands on the page.
struct PlotFrame {
  std::string title, xLabel, yLabel;
  /// Whether values are shown by their logarithms; those that have none are
  /// left out.
  bool isLogarithmic = false;
  /// In pixels.
  double y = 0, width = 1200, height = 480;
  double left = 70, right = 20, top = 56, bottom = 52;
};

/// A row and its label.
using Tick = std::pair<int64_t, std::string>;

/// About a dozen rows of `count`, labelled by their numbers from `first` on.
std::vector<Tick> chooseTicks(int64_t count, int64_t first = 0);

/// Writes an <svg> element of lines, whose values are of the rows 0, 1, ...
void drawLines(llvm::raw_ostream &os, const PlotFrame &frame,
               llvm::ArrayRef<Line> lines, llvm::ArrayRef<Tick> ticks);

/// A number for each pair of a column and a row.
struct Map {
  std::vector<std::string> columns, rows;
  std::vector<double> values; // [rows, columns]; NaN where there is none
};

/// Writes an <svg> element of a map, the first row at the bottom.
void drawMap(llvm::raw_ostream &os, const PlotFrame &frame, const Map &map);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_PLOT_H
