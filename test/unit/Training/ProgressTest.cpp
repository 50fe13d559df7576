//===- ProgressTest.cpp - What a run shows and records --------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Progress.h"
#include "TestSupport.h"
#include <cmath>

using namespace ravel;
using namespace ravel::test;

namespace {
/// A progress display on a string, with a clock to turn by hand.
struct Display {
  explicit Display(bool terminal, int64_t total = 100) : os(text) {
    options.terminal = terminal;
    options.interval = 1;
    options.total = total;
    options.clock = [this] { return now; };
  }
  double now = 50;
  std::string text;
  llvm::raw_string_ostream os;
  ProgressOptions options;
};
} // namespace

TEST(Progress, PrintsPlainLinesNowAndThen) {
  Display display(false);
  Progress progress(display.os, display.options);
  for (int step = 1; step <= 4; ++step) {
    display.now += 0.5;
    progress.update(step, {{"loss", 1.0 / step}});
  }
  EXPECT_EQ(display.text, "step 1/100  1%  loss 1  2 step/s  0:50 left\n"
                          "step 3/100  3%  loss 0.3333  2 step/s  0:49 left\n");
  progress.finish();
  EXPECT_CONTAINS(display.text, "step 4/100  4%  loss 0.25");
  display.now += 46;
  progress.update(100, {});
  progress.finish();
  EXPECT_CONTAINS(display.text, "0:48 in all\n");
}

TEST(Progress, OverwritesTheTerminalsLine) {
  Display display(true, 0);
  display.options.columns = 20;
  Progress progress(display.os, display.options);
  progress.update(1, {{"a_long_name", 3}});
  EXPECT_EQ(display.text, "\rstep 1  a_long_name");
  display.text.clear();
  progress.print("saved");
  EXPECT_EQ(display.text, "\rsaved              \n\rstep 1  a_long_name");
  display.text.clear();
  display.now += 2;
  progress.update(2, {});
  EXPECT_EQ(display.text, "\rstep 2  1 step/s   ");
  progress.finish();
  EXPECT_EQ(display.text.back(), '\n');
}

TEST(Progress, CountsTheRateFromTheStart) {
  Display display(false);
  display.options.start = 90;
  Progress progress(display.os, display.options);
  display.now += 5;
  progress.update(95, {});
  EXPECT_EQ(display.text, "step 95/100  95%  1 step/s  0:05 left\n");
}

TEST(Progress, FormatsDurations) {
  EXPECT_EQ(formatDuration(7.4), "0:07");
  EXPECT_EQ(formatDuration(3599.6), "1:00:00");
  EXPECT_EQ(formatDuration(3723), "1:02:03");
  EXPECT_EQ(formatDuration(INFINITY), "?");
}

TEST(Metrics, AppendsLines) {
  TemporaryFolder folder;
  std::string path = folder.path("metrics.jsonl");
  {
    MetricsWriter writer = get(MetricsWriter::create(path));
    ASSERT_SUCCESS(writer.write(1, llvm::json::Object{{"loss", 0.5}}));
    ASSERT_SUCCESS(writer.write(
        2, llvm::json::Object{{"loss", NAN}, {"part", "validation"}}));
  }
  EXPECT_EQ(folder.read("metrics.jsonl"),
            "{\"loss\":0.5,\"step\":1}\n"
            "{\"loss\":null,\"part\":\"validation\",\"step\":2}\n");
  get(MetricsWriter::create(path));
  EXPECT_EQ(folder.read("metrics.jsonl"), "");
}

TEST(Metrics, ResumesAtAStep) {
  TemporaryFolder folder;
  std::string lines = "{\"step\":1}\n{\"step\":2}\n";
  std::string path = folder.write("metrics.jsonl",
                                  lines + "{\"step\":3}\n{\"step\":2}\n{\"st");
  {
    MetricsWriter writer = get(MetricsWriter::resume(path, 2));
    ASSERT_SUCCESS(writer.write(3, {}));
  }
  EXPECT_EQ(folder.read("metrics.jsonl"), lines + "{\"step\":3}\n");
  // A partial line alone.
  folder.write("metrics.jsonl", lines + "{\"st");
  get(MetricsWriter::resume(path, 100));
  EXPECT_EQ(folder.read("metrics.jsonl"), lines);
  // No file yet.
  get(MetricsWriter::resume(folder.path("new.jsonl"), 100));
  EXPECT_EQ(folder.read("new.jsonl"), "");
}

TEST(Metrics, RefusesAnotherKindOfFile) {
  TemporaryFolder folder;
  std::string path = folder.write("m.jsonl", "{\"step\":1}\nhello\n");
  EXPECT_CONTAINS(messageOf(MetricsWriter::resume(path, 5)),
                  "m.jsonl:2: invalid JSON");
  EXPECT_EQ(folder.read("m.jsonl"), "{\"step\":1}\nhello\n");
  folder.write("m.jsonl", "{\"a\":1}\n");
  EXPECT_CONTAINS(messageOf(MetricsWriter::resume(path, 5)),
                  "m.jsonl:1: expected a JSON object with an integer 'step'");
  EXPECT_CONTAINS(messageOf(MetricsWriter::create(folder.path("no/m"))),
                  "no/m: cannot be written");
}

TEST(Metrics, FullDiskLeavesNoPartialLine) {
  TemporaryFolder folder;
  std::string path = folder.path("metrics.jsonl");
  MetricsWriter writer = get(MetricsWriter::create(path));
  ASSERT_SUCCESS(writer.write(1, {}));
  std::string message;
  {
    FileSizeLimit limit(20);
    message = messageOf(
        writer.write(2, llvm::json::Object{{"name", std::string(100, 'x')}}));
  }
  EXPECT_CONTAINS(message, "metrics.jsonl: cannot be written");
  EXPECT_EQ(folder.read("metrics.jsonl"), "{\"step\":1}\n");
}
