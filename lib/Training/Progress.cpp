//===- Progress.cpp - What a run shows and records ------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Progress.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/Support/Format.h"
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

static double readSteadyClock() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Progress::Progress(raw_ostream &os, ProgressOptions given)
    : os(os), options(std::move(given)) {
  if (!options.clock)
    options.clock = readSteadyClock;
  if (!options.interval)
    options.interval = options.terminal ? 0.1 : 10;
  begin = options.clock();
  shown = begin - *options.interval;
}

std::string formatDuration(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9))
    return "?";
  int64_t whole = std::llround(seconds);
  std::string text;
  raw_string_ostream os(text);
  if (whole >= 3600)
    os << format("%lld:%02d:%02d", (long long)(whole / 3600),
                 int(whole / 60 % 60), int(whole % 60));
  else
    os << format("%d:%02d", int(whole / 60), int(whole % 60));
  return os.str();
}

void Progress::update(int64_t done, ArrayRef<Value> values) {
  double now = options.clock();
  bool last = options.total > 0 && done >= options.total;
  line.clear();
  raw_string_ostream text(line);
  text << options.unit << ' ' << done;
  if (options.total > 0)
    text << '/' << options.total
         << format("  %d%%", int(100.0 * done / options.total));
  for (const auto &[name, value] : values)
    text << "  " << name << ' ' << format("%.4g", value);
  double elapsed = now - begin;
  double rate = elapsed > 0 ? (done - options.start) / elapsed : 0;
  if (rate > 0) {
    text << format("  %.3g ", rate) << options.unit << "/s";
    if (last)
      text << "  " << formatDuration(elapsed) << " in all";
    else if (options.total > 0)
      text << "  " << formatDuration((options.total - done) / rate) << " left";
  }
  pending = true;
  if (last || now - shown >= *options.interval) {
    shown = now;
    show();
  }
}

void Progress::show() {
  pending = false;
  if (!options.terminal) {
    os << line << '\n';
    os.flush();
    return;
  }
  // Blanks wipe out what a longer line before has left.
  std::string text = line.substr(0, options.columns ? options.columns - 1 : 0);
  size_t visible = text.size();
  if (visible < width)
    text.append(width - visible, ' ');
  width = visible;
  os << '\r' << text;
  os.flush();
}

void Progress::print(const Twine &message) {
  std::string text = message.str();
  if (options.terminal && width > 0) {
    size_t before = width;
    if (text.size() < before)
      text.append(before - text.size(), ' ');
    os << '\r' << text << '\n';
    width = 0;
    show();
    return;
  }
  os << text << '\n';
  os.flush();
}

void Progress::finish() {
  if (pending)
    show();
  if (options.terminal && width > 0)
    os << '\n';
  width = 0;
  os.flush();
}

//===----------------------------------------------------------------------===//
// Metrics
//===----------------------------------------------------------------------===//

MetricsWriter::MetricsWriter(MetricsWriter &&other) noexcept
    : path(std::move(other.path)), fd(std::exchange(other.fd, -1)) {}

MetricsWriter &MetricsWriter::operator=(MetricsWriter &&other) noexcept {
  std::swap(path, other.path);
  std::swap(fd, other.fd);
  return *this;
}

MetricsWriter::~MetricsWriter() {
  if (fd >= 0)
    ::close(fd);
}

static std::string describeErrno() {
  return std::error_code(errno, std::generic_category()).message();
}

static Expected<int> openForAppending(StringRef path, int flags) {
  int fd = ::open(path.str().c_str(),
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666);
  if (fd < 0)
    return makeFileError(path, "cannot be written: " + describeErrno());
  return fd;
}

Expected<MetricsWriter> MetricsWriter::create(StringRef path) {
  Expected<int> fd = openForAppending(path, O_TRUNC);
  if (!fd)
    return fd.takeError();
  return MetricsWriter(path, *fd);
}

/// How many bytes of a metrics file belong to steps up to `step`.
static Expected<size_t> findCut(StringRef text, StringRef path, int64_t step) {
  size_t position = 0;
  for (int64_t line = 1;; ++line) {
    size_t end = text.find('\n', position);
    if (end == StringRef::npos)
      return position; // nothing, or a partial line
    Expected<json::Value> value =
        parseJSON(text.slice(position, end), (path + ":" + Twine(line)).str());
    if (!value)
      return value.takeError();
    std::optional<int64_t> at;
    if (const json::Object *object = value->getAsObject())
      at = object->getInteger("step");
    if (!at)
      return makeError(path + ":" + Twine(line) +
                       ": expected a JSON object with an integer 'step'");
    if (*at > step)
      return position;
    position = end + 1;
  }
}

Expected<MetricsWriter> MetricsWriter::resume(StringRef path, int64_t step) {
  Expected<int> fd = openForAppending(path, 0);
  if (!fd)
    return fd.takeError();
  MetricsWriter writer(path, *fd);
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  size_t size = (*buffer)->getBufferSize();
  Expected<size_t> cut = findCut((*buffer)->getBuffer(), path, step);
  if (!cut)
    return cut.takeError();
  buffer->reset();
  if (*cut < size && ::ftruncate(writer.fd, *cut) != 0)
    return makeFileError(path, "cannot be cut to step " + Twine(step) + ": " +
                                   describeErrno());
  return writer;
}

/// Replaces numbers that JSON has no way to write.
static void dropNonFinite(json::Value &value) {
  if (json::Object *object = value.getAsObject()) {
    for (auto &item : *object)
      dropNonFinite(item.second);
  } else if (json::Array *array = value.getAsArray()) {
    for (json::Value &item : *array)
      dropNonFinite(item);
  } else if (std::optional<double> number = value.getAsNumber()) {
    if (!std::isfinite(*number))
      value = nullptr;
  }
}

Error MetricsWriter::write(int64_t step, json::Object values) {
  values["step"] = step;
  json::Value value(std::move(values));
  dropNonFinite(value);
  std::string line = toString(value) + "\n";
  off_t before = ::lseek(fd, 0, SEEK_END);
  StringRef rest = line;
  while (!rest.empty()) {
    ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      std::string why = describeErrno();
      if (before >= 0 && ::ftruncate(fd, before) != 0)
        why += "; the last line is now partial";
      return makeFileError(path, "cannot be written: " + why);
    }
    rest = rest.drop_front(written);
  }
  return Error::success();
}

} // namespace ravel
