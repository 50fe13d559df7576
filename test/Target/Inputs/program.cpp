#include "model.hpp"
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace model = ravel_models::model;

int main() {
  constexpr std::size_t steps = 20;
  std::vector<float> x(steps * MODEL_X_SIZE), y(steps * MODEL_Y_SIZE), z(y);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = float(i % 13) / 13.0f - 0.5f;
  model::Batch batch;
  model::Stream stream;
  const model::Error none{};
  if (batch.error() != none || stream.error() != none ||
      batch.reserve(steps, 1) != none ||
      batch.run(steps, 1, {}, x, y) != none || stream.process(x, z) != none)
    return std::puts("an error"), 1;
  for (std::size_t i = 0; i < y.size(); ++i)
    if (std::fabs(y[i] - z[i]) > 1e-6f)
      return std::puts("different"), 1;
  if (stream.reset() != none ||
      stream.step(std::span<const float, MODEL_X_SIZE>(x.data(), MODEL_X_SIZE),
                  std::span<float, MODEL_Y_SIZE>(z.data(), MODEL_Y_SIZE)) !=
          none ||
      std::fabs(y[0] - z[0]) > 1e-6f)
    return std::puts("different after a reset"), 1;
  // A span that is too small is an error, not an access.
  if (batch.run(steps, 1, {}, std::span<const float>(x).first(7), y) !=
      model::Error::size)
    return std::puts("no error"), 1;
  std::puts(model::message(none));
}
