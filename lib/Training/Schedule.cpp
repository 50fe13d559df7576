//===- Schedule.cpp - Learning rates over time ----------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Schedule.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;
namespace ravel {

namespace {
/// A kind of schedule: its word, the settings it takes, and those it must be
/// given.
struct KindInfo {
  Schedule::Kind kind;
  StringLiteral name;
  std::initializer_list<StringRef> settings, required;
};
} // namespace

static ArrayRef<KindInfo> getKinds() {
  using Kind = Schedule::Kind;
  static const KindInfo kinds[] = {
      {Kind::Constant, "constant", {"warmup", "min"}, {}},
      {Kind::Step,
       "step",
       {"every", "factor", "warmup", "min"},
       {"every", "factor"}},
      {Kind::Exponential,
       "exponential",
       {"every", "factor", "warmup", "min"},
       {"factor"}},
      {Kind::Cosine, "cosine", {"total", "warmup", "min"}, {"total"}},
      {Kind::Plateau,
       "plateau",
       {"factor", "patience", "threshold", "cooldown", "mode", "warmup", "min"},
       {"factor"}}};
  return kinds;
}

static const KindInfo &getInfo(Schedule::Kind kind) {
  return *find_if(getKinds(),
                  [&](const KindInfo &info) { return info.kind == kind; });
}

/// Reads the value of a setting that counts something.
static bool parseCount(StringRef text, int64_t minimum, int64_t &value) {
  return !text.getAsInteger(10, value) && value >= minimum;
}

/// Reads the value of a setting that is a real number.
static bool parseReal(StringRef text, double &value) {
  return !text.getAsDouble(value) && std::isfinite(value) && value >= 0;
}

Expected<Schedule> Schedule::parse(StringRef text, double rate) {
  auto fail = [&](const Twine &what) {
    return makeError("schedule '" + text + "': " + what);
  };
  StringRef word = text.split(':').first.trim();
  StringRef rest = text.split(':').second;
  const KindInfo *info = find_if(
      getKinds(), [&](const KindInfo &info) { return info.name == word; });
  if (info == getKinds().end()) {
    std::string names =
        join(map_range(getKinds(),
                       [](const KindInfo &info) { return info.name.str(); }),
             ", ");
    return fail("there is no kind '" + word + "'; expected one of " + names);
  }
  if (!(rate > 0) || !std::isfinite(rate))
    return fail(
        formatv("the learning rate must be positive, not {0}", rate).str());

  Schedule schedule(rate);
  schedule.which = info->kind;
  SmallVector<StringRef> settings, seen;
  if (!rest.trim().empty())
    rest.split(settings, ',');
  for (StringRef setting : settings) {
    auto [key, value] = setting.split('=');
    key = key.trim();
    value = value.trim();
    if (!is_contained(info->settings, key))
      return fail("'" + word + "' has no setting '" + key + "'; it takes " +
                  join(info->settings, ", "));
    if (is_contained(seen, key))
      return fail("'" + key + "' is set twice");
    seen.push_back(key);
    bool valid = false;
    StringRef expected;
    if (key == "warmup" || key == "patience" || key == "cooldown") {
      int64_t &target = key == "warmup"     ? schedule.warmup
                        : key == "patience" ? schedule.patience
                                            : schedule.cooldown;
      expected = "a whole number, 0 or more";
      valid = parseCount(value, 0, target);
    } else if (key == "every" || key == "total") {
      expected = "a whole number, 1 or more";
      valid = parseCount(value, 1,
                         key == "every" ? schedule.every : schedule.total);
    } else if (key == "factor") {
      expected = "a number above 0, at most 1";
      valid = parseReal(value, schedule.factor) && schedule.factor > 0 &&
              schedule.factor <= 1;
    } else if (key == "mode") {
      expected = "min or max";
      valid = value == "min" || value == "max";
      schedule.maximize = value == "max";
    } else {
      expected = "a number, 0 or more";
      valid = parseReal(value,
                        key == "min" ? schedule.minimum : schedule.threshold);
    }
    if (!valid)
      return fail("'" + key + "' must be " + expected + ", not '" + value +
                  "'");
  }
  for (StringRef key : info->required)
    if (!is_contained(seen, key))
      return fail("'" + word + "' needs the setting '" + key + "'");
  if (schedule.minimum > rate)
    return fail(
        formatv("'min' must be at most the learning rate {0}", rate).str());
  if (schedule.which == Kind::Cosine && schedule.total <= schedule.warmup)
    return fail("'total' must be more than 'warmup', whose steps it includes");
  return schedule;
}

/// The rate `step` steps after the warmup.
double Schedule::decay(double step) const {
  switch (which) {
  case Kind::Constant:
    return baseRate;
  case Kind::Step:
    return baseRate * std::pow(factor, std::floor(step / every));
  case Kind::Exponential:
    return baseRate * std::pow(factor, step / every);
  case Kind::Cosine: {
    const double pi = 3.14159265358979323846;
    double part = std::min(step / double(total - warmup), 1.0);
    return minimum + (baseRate - minimum) * 0.5 * (1 + std::cos(pi * part));
  }
  case Kind::Plateau:
    break;
  }
  return baseRate * std::pow(factor, double(decays));
}

double Schedule::rate(int64_t step) const {
  if (step < warmup)
    return baseRate * double(step + 1) / double(warmup);
  return std::max(decay(double(step - warmup)), minimum);
}

bool Schedule::observe(double metric) {
  if (which != Kind::Plateau)
    return false;
  if (std::isfinite(metric)) {
    double sign = maximize ? -1 : 1;
    bool better =
        !best || sign * metric < sign * *best - threshold * std::abs(*best);
    if (better) {
      best = metric;
      stagnant = 0;
      cooling = std::max<int64_t>(cooling - 1, 0);
      return false;
    }
  }
  if (cooling > 0) {
    --cooling;
    return false;
  }
  if (++stagnant <= patience)
    return false;
  stagnant = 0;
  cooling = cooldown;
  ++decays;
  return true;
}

json::Value Schedule::toJSON() const {
  json::Object object{{"kind", getInfo(which).name}};
  if (which == Kind::Plateau) {
    object["best"] = best ? json::Value(*best) : json::Value(nullptr);
    object["stagnant"] = stagnant;
    object["cooling"] = cooling;
    object["decays"] = decays;
  }
  return object;
}

Error Schedule::restore(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  std::optional<StringRef> kind;
  if (object)
    kind = object->getString("kind");
  if (!kind)
    return makeError("a schedule's state must be an object with its 'kind'");
  StringRef own = getInfo(which).name;
  if (*kind != own)
    return makeError("the saved state is that of the schedule '" + *kind +
                     "'; expected '" + own + "'");
  if (which != Kind::Plateau)
    return Error::success();
  std::optional<int64_t> counts[3];
  const char *keys[] = {"stagnant", "cooling", "decays"};
  for (int i = 0; i < 3; ++i) {
    counts[i] = object->getInteger(keys[i]);
    if (!counts[i] || *counts[i] < 0)
      return makeError(Twine("a plateau's state must have a count '") +
                       keys[i] + "'");
  }
  best = object->getNumber("best");
  stagnant = *counts[0];
  cooling = *counts[1];
  decays = *counts[2];
  return Error::success();
}

} // namespace ravel
