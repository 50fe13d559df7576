// What generate.c does, by the C++ header.
#include "model.hpp"
#include <cstdio>
#include <vector>

using namespace ravel_models::model;

static std::vector<std::int32_t> readClasses() {
  std::size_t length = 0;
  std::vector<std::int32_t> classes;
  if (std::scanf("%zu", &length) != 1)
    return classes;
  classes.resize(length);
  for (std::int32_t &value : classes)
    if (std::scanf("%d", &value) != 1)
      return {};
  return classes;
}

int main() {
  Generator generator;
  if (generator.error() != Error::ok)
    return 1;
  for (std::vector<std::int32_t> a; !(a = readClasses()).empty();) {
    std::vector<std::int32_t> b = readClasses(), found(MODEL_MAX);
    std::vector<float> style(3);
    for (float &value : style)
      if (std::scanf("%f", &value) != 1)
        return 1;
    if (generator.reserve(a.size(), b.size()) != Error::ok)
      return 1;
    std::size_t count = 0;
    if (generator.generate(a.size(), b.size(), a, b, style, found, count) !=
        Error::ok)
      return 1;
    for (std::size_t i = 0; i < count; ++i)
      std::printf("%s%d", i ? " " : "", found[i]);
    std::printf("\n");
    if (generator.generate(a.size() + 1, b.size(), a, b, style, found, count) !=
        Error::size)
      return 1;
    std::int32_t first = 0;
    std::vector<float> scores(MODEL_SCORES);
    if (generator.start(a.size(), b.size(), a, b, style, first) != Error::ok ||
        generator.next(first, std::span<float, MODEL_SCORES>(scores)) !=
            Error::ok)
      return 1;
  }
  return 0;
}
