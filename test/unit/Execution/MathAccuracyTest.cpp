//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How far compiled functions are from the true values, over numbers of all
// sizes. ActivationAccuracyTest.cpp takes every f32.
//
//===----------------------------------------------------------------------===//

#include "ModelRunner.h"
#include "Ulps.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

template <typename T> T sigmoid(T x) { return 1 / (1 + std::exp(-x)); }
template <typename T> T softplus(T x) {
  return std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}
/// The tanh form, written so that it is precise for negative numbers too.
template <typename T> T gelu(T x) {
  const T a = 1.59576912160573071175978423973752747L;
  return x * sigmoid(a * (x + T(0.044715L) * x * x * x));
}

/// A function and its reference in a wider type.
template <typename Wide> struct Function {
  const char *op;
  Wide (*reference)(Wide);
  /// Of f32 and f64, as the documentation of `rnn-expand-math` states.
  double maxUlps[2];
  /// Results smaller than so many of the smallest normal number are only known
  /// to within one of these.
  double numVague = 0;
};

/// The functions whose error is stated; the activations are the first five.
template <typename Wide> const std::vector<Function<Wide>> &getFunctions() {
  static const std::vector<Function<Wide>> functions = {
      {"rnn.sigmoid", sigmoid<Wide>, {2, 2}, /*numVague=*/1},
      {"math.tanh", std::tanh, {2, 2.5}},
      {"math.exp", std::exp, {2, 2}},
      {"rnn.softplus", softplus<Wide>, {3, 3}},
      {"rnn.gelu", gelu<Wide>, {3, 3}, /*numVague=*/256},
      {"math.exp2", std::exp2, {2, 2}},
      {"math.expm1", std::expm1, {2, 2}},
      {"math.log", std::log, {1, 1}},
      {"math.log1p", std::log1p, {1, 1}},
      {"math.erf", std::erf, {5, 1}},
  };
  return functions;
}

/// The results of all functions for `x`, whose size is a multiple of 64.
template <typename Wide, typename Float>
std::vector<Tensor> compute(llvm::ArrayRef<Float> x) {
  std::string body, results, types;
  for (auto [k, function] : llvm::enumerate(getFunctions<Wide>())) {
    std::string n = std::to_string(k), comma = k ? ", " : "";
    body += "  %y" + n + " = " + function.op + " %x : tensor<64xf32>\n";
    results += comma + "%y" + n;
    types += comma + "tensor<64xf32>";
  }
  CompileOptions options;
  options.precision = dtypeOf<Float>;
  ModelRunner runner("func.func @f(%x: tensor<64xf32>) -> (" + types + ") {\n" +
                         body + "  return " + results + " : " + types + "\n}\n",
                     options);
  if (!runner.ok())
    return {};
  int64_t rows = x.size() / 64;
  NamedTensors data;
  data.emplace("x", Tensor::of<Float>({rows, 64}, x));
  return runner.call("f", std::vector<int64_t>(rows, 0), data, {});
}

/// Compares all functions with their references for `x`.
template <typename Wide, typename Float> void checkUlps(std::vector<Float> x) {
  constexpr Float smallest = std::numeric_limits<Float>::min();
  x.resize((x.size() + 63) / 64 * 64);
  std::vector<Tensor> results = compute<Wide, Float>(x);
  ASSERT_EQ(results.size(), getFunctions<Wide>().size());
  for (auto [function, result] : llvm::zip(getFunctions<Wide>(), results)) {
    double worst = 0;
    Float worstAt = 0;
    int64_t numWrong = 0;
    for (auto [input, actual] :
         llvm::zip_equal(x, result.template view<Float>())) {
      Wide expected = function.reference(input);
      if (std::abs(expected) < function.numVague * smallest) {
        numWrong += !(std::abs(actual - expected) <= smallest);
        continue;
      }
      double error = getErrorInUlps(actual, expected);
      if (!(error <= worst)) {
        worst = error;
        worstAt = input;
      }
    }
    ::testing::Test::RecordProperty(std::string(function.op) + ".max_ulps",
                                    std::to_string(worst));
    EXPECT_LE(worst, function.maxUlps[sizeof(Float) / 8])
        << function.op << "(" << worstAt << ")";
    EXPECT_EQ(numWrong, 0) << function.op;
  }
}

TEST(MathAccuracyTest, UlpsOfF32) {
  // A sample of all finite numbers, and a finer one of what networks see.
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 4099)
    if (auto value = llvm::bit_cast<float>(uint32_t(bits));
        std::isfinite(value))
      x.push_back(value);
  for (int i = -1'000'000; i <= 1'000'000; ++i)
    x.push_back(i * 2.3e-5f);
  for (int i = -100'000; i <= 100'000; ++i)
    x.push_back(i * 1.1e-3f);
  checkUlps<double>(x);
}

TEST(MathAccuracyTest, UlpsOfF64) {
  if (std::numeric_limits<long double>::digits <= 53)
    GTEST_SKIP() << "no type wider than double";
  std::vector<double> x;
  for (int exponent = -60; exponent < 12; ++exponent)
    for (int i = 0; i < 2000; ++i)
      for (double sign : {-1.0, 1.0})
        x.push_back(sign * std::ldexp(1 + i / 2000.0, exponent));
  for (int i = -400'000; i <= 400'000; ++i)
    x.push_back(i * 2.3e-5);
  for (int i = -100'000; i <= 100'000; ++i)
    x.push_back(i * 7.1e-3);
  checkUlps<long double>(x);
}

TEST(MathAccuracyTest, Limits) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float big = std::numeric_limits<float>::max();
  const float denormal = std::numeric_limits<float>::denorm_min();
  std::vector<float> x = {inf,      -inf,      nan,  big,  -big,
                          denormal, -denormal, 0.0f, -0.0f};
  x.resize(64);
  std::vector<Tensor> results = compute<double, float>(x);
  ASSERT_EQ(results.size(), getFunctions<double>().size());
  auto at = [&](int function, int input) {
    return results[function].view<float>()[input];
  };
  for (auto [k, function] : llvm::enumerate(getFunctions<double>()))
    EXPECT_TRUE(std::isnan(at(k, 2))) << function.op;
  for (int high : {0, 3}) {
    EXPECT_EQ(at(0, high), 1.0f);
    EXPECT_EQ(at(1, high), 1.0f);
    EXPECT_EQ(at(2, high), inf);
    EXPECT_EQ(at(3, high), x[high]);
    EXPECT_FLOAT_EQ(at(4, high), x[high]);
  }
  for (int low : {1, 4}) {
    EXPECT_EQ(at(0, low), 0.0f);
    EXPECT_EQ(at(1, low), -1.0f);
    EXPECT_EQ(at(2, low), 0.0f);
    EXPECT_EQ(at(3, low), 0.0f);
    EXPECT_EQ(at(4, low), 0.0f);
  }
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

TEST(MathAccuracyF64Test, NearTheLibrarys) {
  struct {
    const char *op;
    double (*function)(double);
    double low, high;
  } const functions[] = {
      {"math.exp", std::exp, -700, 709},   {"math.expm1", std::expm1, -30, 30},
      {"math.tanh", std::tanh, -20, 20},   {"math.log", std::log, 0, 1e9},
      {"math.log1p", std::log1p, -1, 10},  {"math.sin", std::sin, -50, 50},
      {"math.cos", std::cos, -50, 50},     {"math.sinh", std::sinh, -20, 20},
      {"math.cosh", std::cosh, -20, 20},   {"math.asin", std::asin, -1, 1},
      {"math.acos", std::acos, -1, 1},     {"math.atan", std::atan, -20, 20},
      {"math.asinh", std::asinh, -20, 20}, {"math.acosh", std::acosh, 1, 40},
      {"math.atanh", std::atanh, -1, 1},   {"math.erf", std::erf, -7, 7},
      {"math.erfc", std::erfc, -7, 26},    {"math.cbrt", std::cbrt, -30, 30},
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
