//===----------------------------------------------------------------------===//
// Part of the Ravel project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How far compiled activations of f32 are from the true values, over floats of
// all sizes.
//
//===----------------------------------------------------------------------===//

#include "ModelRunner.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace ravel;
using namespace ravel::test;

namespace {

const char *kModel = R"mlir(
  func.func @activations(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
    %0 = rnn.sigmoid %x : tensor<64xf32>
    %1 = math.tanh %x : tensor<64xf32>
    %2 = math.exp %x : tensor<64xf32>
    %3 = rnn.softplus %x : tensor<64xf32>
    %4 = rnn.gelu %x : tensor<64xf32>
    return %0, %1, %2, %3, %4 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
  })mlir";

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}
/// The tanh form, written so that it is precise for negative numbers too.
double gelu(double x) {
  return x * sigmoid(2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x));
}

struct Activation {
  const char *name;
  double (*function)(double);
  double maxUlps;
};

/// Results below this may be 0.
constexpr double kTiny = 4e-38;

const Activation activations[] = {
    {"sigmoid", sigmoid, 4.0}, {"tanh", std::tanh, 4.0},
    {"exp", std::exp, 4.0},    {"softplus", softplus, 4.0},
    {"gelu", gelu, 4.0},
};

class MathAccuracyTest : public testing::Test {
public:
  /// The results for `x`, whose size is a multiple of 64.
  static std::vector<Tensor> compute(llvm::ArrayRef<float> x) {
    static ModelRunner runner(kModel, CompileOptions());
    if (!runner.ok())
      return {};
    int64_t rows = x.size() / 64;
    NamedTensors data;
    data.emplace("x", Tensor::of<float>({rows, 64}, x));
    return runner.call("activations", std::vector<int64_t>(rows, 0), data, {});
  }
};

TEST_F(MathAccuracyTest, UlpsOfAllSizes) {
  // A sample of all bit patterns, and a finer one of what networks see.
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 4099)
    x.push_back(llvm::bit_cast<float>(uint32_t(bits)));
  for (int i = -1'000'000; i <= 1'000'000; ++i)
    x.push_back(i * 2.3e-5f);
  for (int i = -100'000; i <= 100'000; ++i)
    x.push_back(i * 1.1e-3f);
  x.resize((x.size() + 63) / 64 * 64);
  std::vector<Tensor> results = compute(x);
  ASSERT_EQ(results.size(), std::size(activations));
  for (auto [activation, result] : llvm::zip(activations, results)) {
    double worst = 0.0;
    float worstAt = 0.0f;
    int64_t numWrong = 0;
    for (auto [input, actual] : llvm::zip_equal(x, result.view<float>())) {
      if (!std::isfinite(input))
        continue;
      double expected = activation.function(input);
      float nearest = static_cast<float>(expected);
      if (std::abs(expected) < kTiny) {
        numWrong += !(std::abs(actual) < kTiny);
        continue;
      }
      if (std::isinf(nearest)) {
        numWrong += actual != nearest;
        continue;
      }
      double ulp = std::nextafter(std::abs(nearest), INFINITY) -
                   double(std::abs(nearest));
      if (std::isinf(ulp))
        ulp = 0x1p104;
      double error = std::abs(actual - expected) / ulp;
      if (!(error <= worst)) {
        worst = error;
        worstAt = input;
      }
    }
    RecordProperty(std::string(activation.name) + ".max_ulps",
                   std::to_string(worst));
    EXPECT_LE(worst, activation.maxUlps)
        << activation.name << "(" << worstAt << ")";
    EXPECT_EQ(numWrong, 0) << activation.name;
  }
}

TEST_F(MathAccuracyTest, Limits) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float big = std::numeric_limits<float>::max();
  const float denormal = std::numeric_limits<float>::denorm_min();
  std::vector<float> x = {inf, -inf, nan, big, -big, denormal, -denormal, 0.0f,
                          -0.0f};
  x.resize(64);
  std::vector<Tensor> results = compute(x);
  ASSERT_EQ(results.size(), 5u);
  auto at = [&](int function, int input) {
    return results[function].view<float>()[input];
  };
  for (int function = 0; function < 5; ++function)
    EXPECT_TRUE(std::isnan(at(function, 2))) << activations[function].name;
  for (int high : {0, 3}) {
    EXPECT_EQ(at(0, high), 1.0f);
    EXPECT_EQ(at(1, high), 1.0f);
    EXPECT_EQ(at(2, high), inf);
    EXPECT_EQ(at(3, high), x[high]);
    EXPECT_EQ(at(4, high), x[high]);
  }
  for (int low : {1, 4}) {
    EXPECT_EQ(at(0, low), 0.0f);
    EXPECT_EQ(at(1, low), -1.0f);
    EXPECT_EQ(at(2, low), 0.0f);
    EXPECT_EQ(at(3, low), 0.0f);
  }
  // The limit at minus infinity itself is that of 0 times infinity.
  EXPECT_EQ(at(4, 4), 0.0f);
  for (int zero : {5, 6, 7, 8}) {
    EXPECT_EQ(at(0, zero), 0.5f);
    EXPECT_NEAR(at(1, zero), 0.0f, 2 * denormal);
    EXPECT_EQ(at(2, zero), 1.0f);
    EXPECT_FLOAT_EQ(at(3, zero), 0.69314718f);
    EXPECT_NEAR(at(4, zero), 0.0f, 2 * denormal);
  }
  EXPECT_TRUE(std::signbit(at(1, 8)));
}

} // namespace
