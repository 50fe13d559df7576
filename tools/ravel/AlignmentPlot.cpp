//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "AlignmentPlot.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
namespace ravel::driver {

static constexpr int64_t kCell = 26, kMargin = 70, kGap = 30;

static void writeText(raw_ostream &os, int64_t x, int64_t y, StringRef anchor,
                      StringRef text) {
  os << formatv("<text x=\"{0}\" y=\"{1}\" text-anchor=\"{2}\">", x, y, anchor);
  printHTMLEscaped(text, os);
  os << "</text>\n";
}

static double getWeight(const Tensor &weights, int64_t row, int64_t column) {
  double value = 0;
  dispatch(weights.dtype(), [&](auto zero) {
    using T = decltype(zero);
    value = double(
        static_cast<const T *>(weights.data())[row * weights.dim(1) + column]);
  });
  return value;
}

/// The columns that are of the panel's own source.
static int64_t getColumns(const AlignmentPanel &panel) {
  int64_t width = panel.weights.dim(1);
  return panel.source.empty() ? width
                              : std::min<int64_t>(width, panel.source.size());
}

static void writePanel(raw_ostream &os, const AlignmentPanel &panel,
                       int64_t top) {
  int64_t rows = panel.weights.dim(0), columns = getColumns(panel);
  for (int64_t column = 0;
       column < std::min<int64_t>(columns, panel.source.size()); ++column)
    writeText(os, kMargin + column * kCell + kCell / 2, top - 6, "middle",
              panel.source[column]);
  for (int64_t row = 0; row < rows; ++row) {
    if (row < int64_t(panel.target.size()))
      writeText(os, kMargin - 8, top + row * kCell + kCell / 2 + 4, "end",
                panel.target[row]);
    for (int64_t column = 0; column < columns; ++column)
      os << formatv("<rect x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{2}\" "
                    "fill-opacity=\"{3:f3}\"><title>{3:f3}</title></rect>\n",
                    kMargin + column * kCell, top + row * kCell, kCell - 1,
                    getWeight(panel.weights, row, column));
  }
}

Error writeAlignmentPlot(StringRef path, ArrayRef<AlignmentPanel> panels) {
  int64_t width = 0, height = kGap;
  for (const AlignmentPanel &panel : panels) {
    width = std::max(width, getColumns(panel) * kCell);
    height += panel.weights.dim(0) * kCell + 2 * kGap;
  }
  width += kMargin + kGap;
  return writeFileAtomically(path, [&](raw_pwrite_stream &os) -> Error {
    os << formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" "
                  "height=\"{1}\" font-family=\"sans-serif\" "
                  "font-size=\"13\" fill=\"#20456b\">\n"
                  "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                  width, height);
    int64_t top = 2 * kGap;
    for (const AlignmentPanel &panel : panels) {
      writePanel(os, panel, top);
      top += panel.weights.dim(0) * kCell + 2 * kGap;
    }
    os << "</svg>\n";
    return Error::success();
  });
}

} // namespace ravel::driver
