//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
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
    {"sigmoid", sigmoid, 4.0},
    {"tanh", std::tanh, 4.0},
    {"exp", std::exp, 4.0},
    {"softplus", softplus, 4.0},
    // The exponent of its sigmoid, up to 88, has an error of some ulps.
    {"gelu", gelu, 256.0},
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
  std::vector<float> x = {inf,      -inf,      nan,  big,  -big,
                          denormal, -denormal, 0.0f, -0.0f};
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

//===----------------------------------------------------------------------===//
// f64
//===----------------------------------------------------------------------===//

struct Function {
  const char *op;
  double (*function)(double);
  double low, high;
};

TEST(MathAccuracyF64Test, NearTheLibrarys) {
  const Function functions[] = {
      {"math.exp", std::exp, -700, 709},   {"math.expm1", std::expm1, -30, 30},
      {"math.tanh", std::tanh, -20, 20},   {"math.log", std::log, 0, 1e9},
      {"math.log1p", std::log1p, -1, 10},  {"math.sin", std::sin, -50, 50},
      {"math.cos", std::cos, -50, 50},     {"math.sinh", std::sinh, -20, 20},
      {"math.cosh", std::cosh, -20, 20},   {"math.asin", std::asin, -1, 1},
      {"math.acos", std::acos, -1, 1},     {"math.atan", std::atan, -20, 20},
      {"math.asinh", std::asinh, -20, 20}, {"math.acosh", std::acosh, 1, 40},
      {"math.atanh", std::atanh, -1, 1},   {"math.erf", std::erf, -7, 7},
      {"math.erfc", std::erfc, -7, 26},    {"math.cbrt", std::cbrt, -30, 30},
      {"rnn.sigmoid", sigmoid, -700, 40},  {"rnn.softplus", softplus, -40, 40},
  };
  std::string arguments, body, results, types;
  for (auto [k, function] : llvm::enumerate(functions)) {
    std::string n = std::to_string(k), comma = k ? ", " : "";
    arguments += comma + "%x" + n + ": tensor<64xf32>";
    body +=
        "  %y" + n + " = " + function.op + " %x" + n + " : tensor<64xf32>\n";
    results += comma + "%y" + n;
    types += comma + "tensor<64xf32>";
  }
  CompileOptions options;
  options.precision = DType::F64;
  ModelRunner runner("func.func @f(" + arguments + ") -> (" + types + ") {\n" +
                         body + "  return " + results + " : " + types + "\n}\n",
                     options);
  ASSERT_TRUE(runner.ok());
  const int64_t rows = 512;
  NamedTensors data;
  for (auto [k, function] : llvm::enumerate(functions)) {
    Tensor x(DType::F64, {rows, 64});
    for (auto [i, value] : llvm::enumerate(x.view<double>()))
      value = function.low +
              (function.high - function.low) * i / double(rows * 64 - 1);
    data.emplace("x" + std::to_string(k), std::move(x));
  }
  std::vector<Tensor> outputs =
      runner.call("f", std::vector<int64_t>(rows, 0), data, {});
  ASSERT_EQ(outputs.size(), std::size(functions));
  for (auto [k, function] : llvm::enumerate(functions)) {
    double worst = 0.0, worstAt = 0.0;
    for (auto [x, actual] :
         llvm::zip_equal(data["x" + std::to_string(k)].view<double>(),
                         outputs[k].view<double>())) {
      double expected = function.function(x);
      // Near its zeros a function of a rounded pi is right absolutely.
      double scale = std::max(std::abs(expected), 1e-3);
      if (expected < 1e-3 && expected > 0)
        scale = std::max(expected, 1e-300);
      double error =
          actual == expected ? 0.0 : std::abs(actual - expected) / scale;
      if (!(error <= worst)) {
        worst = error;
        worstAt = x;
      }
    }
    EXPECT_LE(worst, 2e-15) << function.op << "(" << worstAt << ")";
  }
}

TEST(MathAccuracyF64Test, Atan2OfAllQuadrants) {
  CompileOptions options;
  options.precision = DType::F64;
  ModelRunner runner("func.func @f(%y: f32, %x: f32) -> f32 {\n"
                     "  %a = math.atan2 %y, %x : f32\n  return %a : f32\n}\n",
                     options);
  ASSERT_TRUE(runner.ok());
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> values = {-inf, -2.0, -0.3, -0.0, 0.0,
                                0.3,  1.0,  2.0,  inf};
  std::vector<double> x, y;
  for (double a : values)
    for (double b : values) {
      y.push_back(a);
      x.push_back(b);
    }
  NamedTensors data;
  int64_t size = x.size();
  data.emplace("x", Tensor::of<double>({size}, x));
  data.emplace("y", Tensor::of<double>({size}, y));
  std::vector<Tensor> outputs =
      runner.call("f", std::vector<int64_t>(size, 0), data, {});
  ASSERT_EQ(outputs.size(), 1u);
  for (int64_t i = 0; i < size; ++i)
    EXPECT_DOUBLE_EQ(outputs[0].view<double>()[i], std::atan2(y[i], x[i]))
        << y[i] << ", " << x[i];
}

} // namespace
