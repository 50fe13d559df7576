//===- Random.cpp - A reproducible random number generator ----------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Random.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;
namespace ravel {

/// One step of SplitMix64, which spreads a seed over the whole state.
static uint64_t splitMix(uint64_t &x) {
  uint64_t z = x += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Random::Random(uint64_t seed) {
  for (uint64_t &word : state)
    word = splitMix(seed);
}

Random::Random(uint64_t seed, uint64_t stream) {
  uint64_t mixed = splitMix(seed);
  uint64_t other = ~stream;
  mixed ^= splitMix(other);
  for (uint64_t &word : state)
    word = splitMix(mixed);
}

static uint64_t rotateLeft(uint64_t x, int by) {
  return (x << by) | (x >> (64 - by));
}

uint64_t Random::next() {
  uint64_t result = rotateLeft(state[1] * 5, 7) * 9;
  uint64_t shifted = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotateLeft(state[3], 45);
  return result;
}

uint64_t Random::below(uint64_t bound) {
  // Numbers under 2^64 mod bound would favour small results.
  uint64_t threshold = -bound % bound;
  uint64_t number;
  do
    number = next();
  while (number < threshold);
  return number % bound;
}

double Random::uniform() { return double(next() >> 11) * 0x1p-53; }

double Random::normal() {
  // The polar method; the second number is dropped, to keep the state small.
  for (;;) {
    double u = 2 * uniform() - 1, v = 2 * uniform() - 1, s = u * u + v * v;
    if (s > 0 && s < 1)
      return u * std::sqrt(-2 * std::log(s) / s);
  }
}

json::Value Random::toJSON() const {
  json::Array words;
  for (uint64_t word : state)
    words.push_back(utohexstr(word, /*LowerCase=*/true));
  return words;
}

Expected<Random> Random::fromJSON(const json::Value &value) {
  const json::Array *words = value.getAsArray();
  Random random;
  bool valid = words && words->size() == random.state.size();
  uint64_t any = 0;
  for (size_t i = 0; valid && i < random.state.size(); ++i) {
    std::optional<StringRef> text = (*words)[i].getAsString();
    valid = text && !text->getAsInteger(16, random.state[i]);
    any |= random.state[i];
  }
  if (!valid || !any)
    return makeError("a random generator's state must be four hexadecimal "
                     "numbers, not all zero");
  return random;
}

} // namespace ravel
