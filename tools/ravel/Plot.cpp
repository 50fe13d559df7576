//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Line plots as SVG: a few lines over one axis, with ticks, a grid and a
// legend.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Table.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace llvm;
namespace ravel::driver {

namespace {
struct Line {
  std::string name;
  std::vector<double> values; // NaN where there is none
};

/// Where things are on the page, in pixels.
struct Frame {
  double width = 1200, height = 480;
  double left = 70, right = 20, top = 56, bottom = 52;
};
} // namespace

// Truth dark, forecast strong, what it is compared with pale.
static constexpr StringLiteral colors[] = {"#222222", "#d1495b", "#7fb2d9",
                                           "#66a182", "#edae49", "#8d6cab"};
static constexpr StringLiteral widths[] = {"1.6", "1.8", "1.2"};

static std::string escape(StringRef text) {
  std::string escaped;
  for (char c : text) {
    if (c == '<')
      escaped += "&lt;";
    else if (c == '&')
      escaped += "&amp;";
    else if (uint8_t(c) >= 0x20)
      escaped += c;
  }
  return escaped;
}

/// A step of 1, 2 or 5 times a power of ten that cuts `span` into about
/// `count` pieces.
static double chooseStep(double span, int count) {
  double step = std::pow(10, std::floor(std::log10(span / count)));
  for (double factor : {1, 2, 5, 10})
    if (span / (step * factor) <= count)
      return step * factor;
  return step * 10;
}

/// A column as numbers; cells that are empty, and only those, are NaN.
static Expected<std::vector<double>> readColumn(const Table &table,
                                                StringRef name) {
  Expected<int64_t> column = table.findColumn(name);
  if (!column)
    return column.takeError();
  std::vector<double> values;
  for (int64_t row = 0; row < table.numRows(); ++row) {
    StringRef cell = table.cell(row, *column).trim();
    double value = std::nan("");
    if (!cell.empty() && (cell.getAsDouble(value) || !std::isfinite(value)))
      return makeError(table.location(row, *column) + ": '" + cell +
                       "' is not a number");
    values.push_back(value);
  }
  return values;
}

/// Rows that get a label on the x axis, with that label. Dates get one at each
/// beginning of a month.
static std::vector<std::pair<int64_t, std::string>>
chooseTicks(const Table &table, std::optional<int64_t> column) {
  static constexpr StringLiteral months[] = {"Jan", "Feb", "Mar", "Apr",
                                             "May", "Jun", "Jul", "Aug",
                                             "Sep", "Oct", "Nov", "Dec"};
  std::vector<std::pair<int64_t, std::string>> ticks;
  int64_t rows = table.numRows();
  for (int64_t row = 0; column && row < rows; ++row) {
    StringRef cell = table.cell(row, *column);
    unsigned month = 0;
    if (cell.size() >= 10 && cell[4] == '-' && cell[7] == '-' &&
        cell.substr(8, 2) == "01" &&
        !cell.substr(5, 2).getAsInteger(10, month) && month >= 1 &&
        month <= 12) {
      std::string label = months[month - 1].str();
      if (month == 1 || ticks.empty())
        label += " " + cell.take_front(4).str();
      ticks.push_back({row, label});
    }
  }
  if (ticks.size() > 1 && ticks.size() <= 14)
    return ticks;
  if (ticks.size() > 14) {
    size_t every = (ticks.size() + 13) / 14;
    for (size_t i = 0; i * every < ticks.size(); ++i)
      ticks[i] = ticks[i * every];
    ticks.resize((ticks.size() + every - 1) / every);
    return ticks;
  }
  ticks.clear();
  int64_t step =
      std::max<int64_t>(1, chooseStep(std::max<int64_t>(rows, 1), 12));
  for (int64_t row = 0; row < rows; row += step)
    ticks.push_back(
        {row, column ? table.cell(row, *column).str() : std::to_string(row)});
  return ticks;
}

static void drawPlot(raw_ostream &os, ArrayRef<Line> lines,
                     ArrayRef<std::pair<int64_t, std::string>> ticks,
                     int64_t rows) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Line &line : lines)
    for (double value : line.values)
      if (!std::isnan(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  if (!(low <= high))
    low = high = 0;
  if (low == high) {
    low -= 1;
    high += 1;
  }
  double step = chooseStep(high - low, 8);
  low = std::floor(low / step) * step;
  high = std::ceil(high / step) * step;

  Frame frame;
  double innerWidth = frame.width - frame.left - frame.right;
  double innerHeight = frame.height - frame.top - frame.bottom;
  auto toX = [&](double row) {
    return frame.left + innerWidth * row / std::max<int64_t>(rows - 1, 1);
  };
  auto toY = [&](double value) {
    return frame.top + innerHeight * (high - value) / (high - low);
  };
  os << format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g "
               "%g\" width=\"%g\" height=\"%g\" font-family=\"sans-serif\" "
               "font-size=\"14\">\n",
               frame.width, frame.height, frame.width, frame.height)
     << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  if (!plotTitle.empty())
    os << format("<text x=\"%g\" y=\"24\" font-size=\"17\" "
                 "font-weight=\"bold\">",
                 frame.left)
       << escape(plotTitle) << "</text>\n";
  for (int64_t i = 0; low + i * step <= high + step / 2; ++i) {
    double value = low + i * step;
    os << format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                 "stroke=\"#e3e3e3\"/>\n",
                 frame.left, frame.width - frame.right, toY(value), toY(value))
       << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" "
                 "fill=\"#555\">%g</text>\n",
                 frame.left - 8, toY(value) + 5,
                 std::fabs(value) < step / 1e6 ? 0.0 : value);
  }
  for (const auto &[row, label] : ticks)
    os << format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                 "stroke=\"#e3e3e3\"/>\n",
                 toX(row), toX(row), frame.top, frame.height - frame.bottom)
       << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
                 "fill=\"#555\">",
                 toX(row), frame.height - frame.bottom + 22)
       << escape(label) << "</text>\n";
  os << format("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" "
               "fill=\"none\" stroke=\"#999\"/>\n",
               frame.left, frame.top, innerWidth, innerHeight);
  if (!plotUnit.empty())
    os << format("<text transform=\"translate(20 %g) rotate(-90)\" "
                 "text-anchor=\"middle\" fill=\"#333\">",
                 frame.top + innerHeight / 2)
       << escape(plotUnit) << "</text>\n";
  // The first lines are drawn last, over the others.
  for (size_t k = lines.size(); k-- > 0;) {
    os << "<path fill=\"none\" stroke-linejoin=\"round\" stroke=\""
       << colors[k % std::size(colors)] << "\" stroke-width=\""
       << widths[std::min(k, std::size(widths) - 1)] << "\" d=\"";
    bool isDown = false;
    for (auto [row, value] : enumerate(lines[k].values)) {
      if (!std::isnan(value))
        os << format("%s%.1f %.1f ", isDown ? "L" : "M", toX(row), toY(value));
      isDown = !std::isnan(value);
    }
    os << "\"/>\n";
  }
  double x = frame.width - frame.right;
  for (size_t k = lines.size(); k-- > 0;) {
    x -= 8.2 * lines[k].name.size() + 24;
    os << format("<text x=\"%.1f\" y=\"44\" fill=\"#333\">", x)
       << escape(lines[k].name) << "</text>\n"
       << format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"39\" y2=\"39\" "
                 "stroke-width=\"3\" stroke=\"%s\"/>\n",
                 x - 32, x - 8, colors[k % std::size(colors)].data());
    x -= 32;
  }
  os << "</svg>\n";
}

Expected<int> plot() {
  if (dataPath.empty() || plotColumns.empty() || output.empty())
    return makeError("expected --data FILE, --lines NAME=COLUMN,... and "
                     "--output FILE.svg");
  Expected<Table> table = Table::read(dataPath);
  if (!table)
    return table.takeError();
  if (table->numRows() == 0)
    return makeFileError(dataPath, "has no rows");
  std::optional<int64_t> xColumn;
  if (!plotX.empty()) {
    Expected<int64_t> found = table->findColumn(plotX);
    if (!found)
      return found.takeError();
    xColumn = *found;
  }
  std::vector<Line> lines;
  SmallVector<StringRef> pieces;
  StringRef(plotColumns).split(pieces, ',', -1, false);
  for (StringRef piece : pieces) {
    auto [name, column] = piece.split('=');
    if (column.empty())
      column = name;
    Expected<std::vector<double>> values = readColumn(*table, column.trim());
    if (!values)
      return values.takeError();
    lines.push_back({name.trim().str(), std::move(*values)});
  }
  auto ticks = chooseTicks(*table, xColumn);
  if (Error error =
          writeFileAtomically(output, [&](raw_pwrite_stream &os) -> Error {
            drawPlot(os, lines, ticks, table->numRows());
            return Error::success();
          }))
    return error;
  return 0;
}

} // namespace ravel::driver
