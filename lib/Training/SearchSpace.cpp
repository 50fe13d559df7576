//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/SearchSpace.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/Random.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <algorithm>
#include <cmath>

using namespace llvm;
namespace ravel {

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

Expected<SearchDimension> SearchDimension::parse(StringRef text) {
  auto fail = [&](const Twine &what) {
    return makeError("--over '" + text + "': " + what);
  };
  SearchDimension result;
  auto [name, values] = text.split('=');
  name = name.trim();
  values = values.trim();
  if (name.empty() || values.empty())
    return fail("expected NAME=uniform(LO,HI), log(LO,HI), int(LO,HI), "
                "logint(LO,HI), or NAME=VALUE,VALUE,...");
  result.name = name.str();
  static constexpr std::pair<StringLiteral, Kind> kinds[] = {
      {"uniform", Uniform},
      {"log", Log},
      {"int", Integer},
      {"logint", LogInteger}};
  StringRef inner = values;
  StringRef word = inner.take_until([](char c) { return c == '('; });
  inner = inner.drop_front(word.size());
  if (!inner.consume_front("(")) {
    for (StringRef choice : split(values, ',')) {
      if (choice.trim().empty())
        return fail("a choice is empty");
      result.choices.push_back(choice.trim().str());
    }
    return result;
  }
  auto *found = find_if(kinds, [&](auto &kind) { return kind.first == word; });
  if (found == std::end(kinds))
    return fail("there is no '" + word +
                "(…)'; there are uniform, log, int and logint");
  result.kind = found->second;
  auto [low, high] = inner.split(',');
  if (!high.consume_back(")") || low.trim().getAsDouble(result.low) ||
      high.trim().getAsDouble(result.high) || !std::isfinite(result.low) ||
      !std::isfinite(result.high))
    return fail("expected two numbers, as in " + word + "(1,2)");
  if (result.low >= result.high)
    return fail("the first number must be below the second");
  if ((result.kind == Log || result.kind == LogInteger) && result.low <= 0)
    return fail("a logarithm needs numbers above 0");
  // Doubles have all whole numbers up to here.
  constexpr double kMost = 9e15;
  if ((result.kind == Integer || result.kind == LogInteger) &&
      (result.low != std::floor(result.low) ||
       result.high != std::floor(result.high) || result.low < -kMost ||
       result.high > kMost))
    return fail("expected whole numbers");
  return result;
}

std::string SearchDimension::draw(uint64_t seed, int64_t trial) const {
  Random random(seed ^ xxh3_64bits(name), trial);
  double share = random.uniform();
  double value = 0;
  switch (kind) {
  case Choice:
    return choices[std::min<size_t>(share * double(choices.size()),
                                    choices.size() - 1)];
  case Uniform:
    value = low + share * (high - low);
    break;
  case Log:
    value = std::exp(std::log(low) + share * std::log(high / low));
    break;
  // Each whole number has as much room as the distance to the next.
  case Integer:
    value = std::floor(low + share * (high - low + 1));
    break;
  case LogInteger:
    value = std::round(
        std::exp(std::log(low - 0.5) +
                 share * (std::log(high + 0.5) - std::log(low - 0.5))));
    break;
  }
  std::string text;
  raw_string_ostream os(text);
  if (kind == Integer || kind == LogInteger)
    os << static_cast<int64_t>(std::clamp(value, low, high));
  else
    os << format("%.6g", value);
  return text;
}

std::vector<SearchPoint> enumerateGrid(ArrayRef<SearchDimension> dimensions) {
  std::vector<SearchPoint> points(1);
  for (const SearchDimension &dimension : dimensions) {
    std::vector<SearchPoint> longer;
    for (const SearchPoint &point : points)
      for (const std::string &choice : dimension.getChoices()) {
        longer.push_back(point);
        longer.back().push_back(choice);
      }
    points = std::move(longer);
  }
  return points;
}

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

std::vector<SearchRound> planRounds(HalvingResource resource, int64_t trials,
                                    int64_t seeds, int64_t epochs, double eta) {
  bool bySeeds = resource == HalvingResource::Seeds;
  bool byEpochs = resource == HalvingResource::Epochs;
  int64_t most = bySeeds ? seeds : byEpochs ? epochs : 1;
  // As many rounds as there are both trials and resource for.
  int64_t count = 1;
  while (std::pow(eta, count) <= double(most) &&
         std::pow(eta, count) <= double(trials))
    ++count;
  std::vector<SearchRound> rounds;
  for (int64_t i = 0; i < count; ++i) {
    int64_t spent = std::llround(double(most) / std::pow(eta, count - 1 - i));
    spent = std::clamp<int64_t>(spent, 1, most);
    SearchRound round;
    round.trials =
        std::max<int64_t>(std::llround(double(trials) / std::pow(eta, i)), 1);
    round.seeds = bySeeds ? spent : seeds;
    round.epochs = byEpochs ? spent : 0;
    rounds.push_back(round);
  }
  return rounds;
}

} // namespace ravel
