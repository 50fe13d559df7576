//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Plot.h"
#include "Commands.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Table.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace llvm;
namespace ravel::driver {

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
static std::vector<Tick> chooseTicks(const Table &table,
                                     std::optional<int64_t> column) {
  static constexpr StringLiteral months[] = {"Jan", "Feb", "Mar", "Apr",
                                             "May", "Jun", "Jul", "Aug",
                                             "Sep", "Oct", "Nov", "Dec"};
  std::vector<Tick> ticks;
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
  ticks = chooseTicks(rows);
  if (column)
    for (Tick &tick : ticks)
      tick.second = table.cell(tick.first, *column).str();
  return ticks;
}

std::vector<Tick> chooseTicks(int64_t count, int64_t first) {
  std::vector<Tick> ticks;
  int64_t step =
      std::max<int64_t>(1, chooseStep(std::max<int64_t>(count, 1), 12));
  // Round numbers.
  for (int64_t row = (step - first % step) % step; row < count; row += step)
    ticks.push_back({row, std::to_string(first + row)});
  return ticks;
}

//===----------------------------------------------------------------------===//
// Drawing
//===----------------------------------------------------------------------===//

/// What is shown of a value; NaN if nothing is.
static double show(double value, const PlotFrame &frame) {
  if (!frame.isLogarithmic)
    return value;
  return value > 0 ? std::log10(value) : std::nan("");
}

namespace {

/// The values between which an axis goes, and the step of its labels.
struct Scale {
  double low, high, step;
};

} // namespace

static Scale chooseScale(ArrayRef<Line> lines, const PlotFrame &frame) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Line &line : lines)
    for (double value : line.values)
      if (double shown = show(value, frame); std::isfinite(shown)) {
        low = std::min(low, shown);
        high = std::max(high, shown);
      }
  if (!(low <= high))
    low = high = 0;
  if (low == high) {
    low -= 1;
    high += 1;
  }
  double step = chooseStep(high - low, 8);
  // Powers of ten have labels, what is between them has none.
  if (frame.isLogarithmic)
    step = std::max(step, 1.0);
  return {std::floor(low / step) * step, std::ceil(high / step) * step, step};
}

static std::string labelValue(double shown, double step,
                              const PlotFrame &frame) {
  std::string text;
  raw_string_ostream os(text);
  if (frame.isLogarithmic)
    os << format("1e%g", shown);
  else
    os << format("%g", std::fabs(shown) < step / 1e6 ? 0.0 : shown);
  return text;
}

static void writeText(raw_ostream &os, double x, double y, StringRef anchor,
                      StringRef text) {
  os << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" "
               "fill=\"#555\">",
               x, y, anchor.data())
     << escape(text) << "</text>\n";
}

static void writeGridLine(raw_ostream &os, double x0, double y0, double x1,
                          double y1) {
  os << format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
               "stroke=\"#e3e3e3\"/>\n",
               x0, x1, y0, y1);
}

/// The beginning of the element, with all that stands around the plot.
static void openFrame(raw_ostream &os, const PlotFrame &frame) {
  os << format("<svg xmlns=\"http://www.w3.org/2000/svg\" y=\"%g\" "
               "viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
               "font-family=\"sans-serif\" font-size=\"14\">\n",
               frame.y, frame.width, frame.height, frame.width, frame.height)
     << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  if (!frame.title.empty())
    os << format("<text x=\"%g\" y=\"24\" font-size=\"17\" "
                 "font-weight=\"bold\">",
                 frame.left)
       << escape(frame.title) << "</text>\n";
  if (!frame.xLabel.empty())
    writeText(os, (frame.left + frame.width - frame.right) / 2,
              frame.height - 8, "middle", frame.xLabel);
  if (!frame.yLabel.empty())
    os << format("<text transform=\"translate(20 %g) rotate(-90)\" "
                 "text-anchor=\"middle\" fill=\"#333\">",
                 (frame.top + frame.height - frame.bottom) / 2)
       << escape(frame.yLabel) << "</text>\n";
}

static void drawLegend(raw_ostream &os, const PlotFrame &frame,
                       ArrayRef<Line> lines) {
  double x = frame.width - frame.right;
  for (size_t k = lines.size(); k-- > 0;) {
    if (lines[k].name.empty())
      continue;
    x -= 8.2 * lines[k].name.size() + 24;
    os << format("<text x=\"%.1f\" y=\"44\" fill=\"#333\">", x)
       << escape(lines[k].name) << "</text>\n"
       << format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"39\" y2=\"39\" "
                 "stroke-width=\"3\" stroke=\"%s\"/>\n",
                 x - 32, x - 8, colors[k % std::size(colors)].data());
    x -= 32;
  }
}

void drawLines(raw_ostream &os, const PlotFrame &frame, ArrayRef<Line> lines,
               ArrayRef<Tick> ticks) {
  Scale scale = chooseScale(lines, frame);
  double right = frame.width - frame.right;
  double bottom = frame.height - frame.bottom;
  size_t rows = 2;
  for (const Line &line : lines)
    rows = std::max(rows, line.values.size());
  auto toX = [&](double row) {
    return frame.left + (right - frame.left) * row / double(rows - 1);
  };
  auto toY = [&](double shown) {
    return frame.top + (bottom - frame.top) * (scale.high - shown) /
                           (scale.high - scale.low);
  };
  openFrame(os, frame);
  for (int64_t i = 0; scale.low + i * scale.step <= scale.high + scale.step / 2;
       ++i) {
    double shown = scale.low + i * scale.step;
    writeGridLine(os, frame.left, toY(shown), right, toY(shown));
    writeText(os, frame.left - 8, toY(shown) + 5, "end",
              labelValue(shown, scale.step, frame));
  }
  for (const auto &[row, label] : ticks) {
    writeGridLine(os, toX(row), frame.top, toX(row), bottom);
    writeText(os, toX(row), bottom + 22, "middle", label);
  }
  os << format("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" "
               "fill=\"none\" stroke=\"#999\"/>\n",
               frame.left, frame.top, right - frame.left, bottom - frame.top);
  // The first lines are drawn last, over the others.
  for (size_t k = lines.size(); k-- > 0;) {
    os << "<path fill=\"none\" stroke-linejoin=\"round\" stroke=\""
       << colors[k % std::size(colors)] << "\" stroke-width=\""
       << widths[std::min(k, std::size(widths) - 1)] << "\" d=\"";
    bool isDown = false;
    for (auto [row, value] : enumerate(lines[k].values)) {
      double shown = show(value, frame);
      if (std::isfinite(shown))
        os << format("%s%.1f %.1f ", isDown ? "L" : "M", toX(row), toY(shown));
      isDown = std::isfinite(shown);
    }
    os << "\"/>\n";
  }
  drawLegend(os, frame, lines);
  os << "</svg>\n";
}

/// Between dark for 0 and light for 1, the lightness even.
static std::string chooseColor(double share) {
  static constexpr int stops[][3] = {{48, 18, 94},
                                     {58, 82, 139},
                                     {32, 144, 140},
                                     {94, 201, 97},
                                     {250, 230, 60}};
  double at = std::clamp(share, 0.0, 1.0) * double(std::size(stops) - 1);
  size_t below = std::min<size_t>(size_t(at), std::size(stops) - 2);
  std::string text;
  raw_string_ostream os(text);
  os << '#';
  for (int i = 0; i < 3; ++i)
    os << format("%02x", int(stops[below][i] +
                             (at - double(below)) *
                                 (stops[below + 1][i] - stops[below][i])));
  return text;
}

void drawMap(raw_ostream &os, const PlotFrame &frame, const Map &map) {
  Scale scale = chooseScale(Line{"", map.values}, frame);
  double right = frame.width - frame.right - 90;
  double bottom = frame.height - frame.bottom;
  double cellWidth = (right - frame.left) / double(map.columns.size());
  double cellHeight = (bottom - frame.top) / double(map.rows.size());
  openFrame(os, frame);
  for (auto [i, value] : enumerate(map.values)) {
    double shown = show(value, frame);
    if (!std::isfinite(shown))
      continue;
    os << format(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
        "height=\"%.1f\" fill=\"%s\"><title>%g</title></rect>\n",
        frame.left + double(i % map.columns.size()) * cellWidth,
        bottom - double(i / map.columns.size() + 1) * cellHeight, cellWidth,
        cellHeight,
        chooseColor((shown - scale.low) / (scale.high - scale.low)).c_str(),
        value);
  }
  for (auto [i, label] : enumerate(map.columns))
    writeText(os, frame.left + (double(i) + 0.5) * cellWidth, bottom + 20,
              "middle", label);
  for (auto [i, label] : enumerate(map.rows))
    writeText(os, frame.left - 8, bottom - (double(i) + 0.5) * cellHeight + 5,
              "end", label);
  // The colors and what they stand for.
  constexpr int kSteps = 50;
  double step = (bottom - frame.top) / kSteps;
  for (int i = 0; i < kSteps; ++i)
    os << format("<rect x=\"%.1f\" y=\"%.1f\" width=\"18\" "
                 "height=\"%.1f\" fill=\"%s\"/>\n",
                 right + 20, bottom - (i + 1) * step, step + 0.5,
                 chooseColor((i + 0.5) / kSteps).c_str());
  for (double shown = scale.low; shown <= scale.high + scale.step / 2;
       shown += scale.step)
    writeText(os, right + 44,
              bottom -
                  (bottom - frame.top) * (shown - scale.low) /
                      (scale.high - scale.low) +
                  5,
              "start", labelValue(shown, scale.step, frame));
  os << "</svg>\n";
}

//===----------------------------------------------------------------------===//
// ravel plot
//===----------------------------------------------------------------------===//

/// The places of the different cells of a column, in the order of numbers, or
/// as they come where they are words.
static std::vector<std::string> findPlaces(const Table &table, int64_t column) {
  std::vector<std::string> places;
  bool areNumbers = true;
  for (int64_t row = 0; row < table.numRows(); ++row) {
    double number;
    StringRef cell = table.cell(row, column).trim();
    areNumbers &= !cell.getAsDouble(number);
    if (!is_contained(places, cell))
      places.push_back(cell.str());
  }
  if (areNumbers)
    sort(places, [](StringRef a, StringRef b) {
      double first = 0, second = 0;
      (void)a.getAsDouble(first);
      (void)b.getAsDouble(second);
      return first < second;
    });
  return places;
}

/// The map of the column --map over --x and --y; the mean where there are
/// several rows of one place.
static Expected<Map> readMap(const Table &table) {
  if (plotX.empty() || plotY.empty())
    return makeError("--map needs --x COLUMN and --y COLUMN");
  Expected<int64_t> x = table.findColumn(plotX);
  if (!x)
    return x.takeError();
  Expected<int64_t> y = table.findColumn(plotY);
  if (!y)
    return y.takeError();
  Expected<std::vector<double>> values = readColumn(table, plotMap);
  if (!values)
    return values.takeError();
  Map map{findPlaces(table, *x), findPlaces(table, *y), {}};
  std::vector<double> counts(map.rows.size() * map.columns.size());
  map.values.resize(counts.size());
  for (auto [row, value] : enumerate(*values)) {
    if (std::isnan(value))
      continue;
    auto place = [&](ArrayRef<std::string> places, int64_t column) {
      return find(places, table.cell(row, column).trim()) - places.begin();
    };
    size_t at =
        place(map.rows, *y) * map.columns.size() + place(map.columns, *x);
    map.values[at] += value;
    counts[at] += 1;
  }
  for (auto [value, count] : zip(map.values, counts))
    value = count > 0 ? value / count : std::nan("");
  return map;
}

static Expected<std::vector<Line>> readLines(const Table &table) {
  std::vector<Line> lines;
  SmallVector<StringRef> pieces;
  StringRef(plotColumns).split(pieces, ',', -1, false);
  for (StringRef piece : pieces) {
    auto [name, column] = piece.split('=');
    if (column.empty())
      column = name;
    Expected<std::vector<double>> values = readColumn(table, column.trim());
    if (!values)
      return values.takeError();
    lines.push_back({name.trim().str(), std::move(*values)});
  }
  return lines;
}

Expected<int> plot() {
  if (dataPath.empty() || plotColumns.empty() == plotMap.empty() ||
      output.empty())
    return makeError("expected --data FILE, --lines NAME=COLUMN,... or --map "
                     "COLUMN, and --output FILE.svg");
  Expected<Table> table = Table::read(dataPath);
  if (!table)
    return table.takeError();
  if (table->numRows() == 0)
    return makeFileError(dataPath, "has no rows");
  PlotFrame frame;
  frame.title = plotTitle;
  frame.yLabel = plotUnit;
  frame.isLogarithmic = plotLogarithmic;
  auto write = [&](function_ref<void(raw_ostream &)> draw) -> Expected<int> {
    if (Error error =
            writeFileAtomically(output, [&](raw_pwrite_stream &os) -> Error {
              draw(os);
              return Error::success();
            }))
      return std::move(error);
    return 0;
  };
  if (!plotMap.empty()) {
    Expected<Map> map = readMap(*table);
    if (!map)
      return map.takeError();
    frame.width = 800;
    frame.height = 560;
    frame.xLabel = plotX;
    if (frame.yLabel.empty())
      frame.yLabel = plotY;
    return write([&](raw_ostream &os) { drawMap(os, frame, *map); });
  }
  std::optional<int64_t> xColumn;
  if (!plotX.empty()) {
    Expected<int64_t> found = table->findColumn(plotX);
    if (!found)
      return found.takeError();
    xColumn = *found;
  }
  Expected<std::vector<Line>> lines = readLines(*table);
  if (!lines)
    return lines.takeError();
  auto ticks = chooseTicks(*table, xColumn);
  return write([&](raw_ostream &os) { drawLines(os, frame, *lines, ticks); });
}

} // namespace ravel::driver
