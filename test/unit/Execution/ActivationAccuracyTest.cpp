//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Compiled tanh, sigmoid and exp of every f32, NaNs included, against
// references in double.
//
// The bounds are those that the documentation of `rnn-expand-math` states. A
// reference asks the library, which takes some tens of nanoseconds, only where
// the result varies by more than an f32 shows.
//
//===----------------------------------------------------------------------===//

#include "Ulps.h"
#include "ravel/Execution/Module.h"
#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <atomic>
#include <thread>

using namespace ravel;
using namespace ravel::test;

// 1 - tanh 9.02 is less than 2^-25. Near 0 the next term of the series is less
// than 2^-55 of the sum.
static double getTanh(double x) {
  double size = std::abs(x);
  if (size > 9.02)
    return std::copysign(1.0, x);
  return size < 0x1p-13 ? x - x * x * x / 3 : std::tanh(x);
}

static double getSigmoid(double x) {
  if (std::abs(x) > 105)
    return x > 0 ? 1 : 0;
  return std::abs(x) < 0x1p-26 ? 0.5 + x / 4 : 1 / (1 + std::exp(-x));
}

static double getExp(double x) {
  if (std::abs(x) > 105)
    return x > 0 ? INFINITY : 0;
  return std::abs(x) < 0x1p-26 ? 1 + x : std::exp(x);
}

namespace {
/// What is wrong with a compiled function.
struct Findings {
  double maxUlps = 0;
  float worst = 0;
  int64_t numLostNaNs = 0, numBadlySmall = 0, numOutside = 0;

  void merge(const Findings &other) {
    if (other.maxUlps > maxUlps) {
      maxUlps = other.maxUlps;
      worst = other.worst;
    }
    numLostNaNs += other.numLostNaNs;
    numBadlySmall += other.numBadlySmall;
    numOutside += other.numOutside;
  }
};
} // namespace

/// Compares results with `Reference`, whose size is at most `limit`. Where it
/// is below the smallest normal number and `mayFlush`, any such result is
/// right.
template <double Reference(double)>
static void check(llvm::ArrayRef<float> inputs, llvm::ArrayRef<float> results,
                  float limit, bool mayFlush, Findings &findings) {
  for (auto [x, actual] : llvm::zip_equal(inputs, results)) {
    if (std::isnan(x)) {
      findings.numLostNaNs += !std::isnan(actual);
      continue;
    }
    double expected = Reference(x);
    if (actual == static_cast<float>(expected))
      continue;
    findings.numOutside += std::abs(actual) > limit;
    if (mayFlush && std::abs(expected) < std::numeric_limits<float>::min()) {
      findings.numBadlySmall +=
          !(actual >= 0 && actual <= std::numeric_limits<float>::min());
      continue;
    }
    double error = getErrorInUlps(actual, expected);
    if (error > findings.maxUlps) {
      findings.maxUlps = error;
      findings.worst = x;
    }
  }
}

/// Calls @f, which has one vector of 64 as argument and `NumResults` as
/// results, for all floats whose upper bits are `chunk`.
template <size_t NumResults> class Caller {
public:
  static constexpr int kChunkBits = 18;
  static constexpr uint32_t kNumChunks = uint32_t(1) << (32 - kChunkBits);
  static constexpr int64_t kRows = (int64_t(1) << kChunkBits) / 64;

  explicit Caller(const Module &module) : module(module) {
    for (Tensor &result : results)
      result = Tensor(DType::F32, {kRows, 64});
  }

  void call(uint32_t chunk) {
    for (auto [i, x] : llvm::enumerate(input.view<float>()))
      x = llvm::bit_cast<float>((chunk << kChunkBits) + uint32_t(i));
    std::vector<TensorRef> arguments;
    const Signature &signature = *module.find("f");
    Tensor offsets = Tensor::of<int64_t>({1}, {0});
    unsigned next = 0;
    for (const Argument &argument : signature.arguments) {
      if (argument.role == Role::Offsets)
        arguments.push_back(offsets);
      else if (argument.role == Role::Input)
        arguments.push_back(input);
      else if (argument.role == Role::Output)
        arguments.push_back(results[next++]);
    }
    llvm::cantFail(module.call("f", arguments, kRows));
  }

  const Module &module;
  Tensor input = Tensor(DType::F32, {kRows, 64});
  Tensor results[NumResults];
};

TEST(ActivationAccuracyTest, EveryF32) {
  setNumThreads(1);
  llvm::Expected<Module> module = Compiler("").compile({R"mlir(
    func.func @f(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
      %0 = math.tanh %x : tensor<64xf32>
      %1 = rnn.sigmoid %x : tensor<64xf32>
      %2 = math.exp %x : tensor<64xf32>
      return %0, %1, %2 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
    })mlir",
                                                        "test.mlir"},
                                                       CompileOptions());
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());

  using ThreeCaller = Caller<3>;
  std::atomic<uint32_t> next = 0;
  auto work = [&](std::array<Findings, 3> &findings) {
    ThreeCaller caller(*module);
    for (uint32_t chunk; (chunk = next++) < ThreeCaller::kNumChunks;) {
      caller.call(chunk);
      llvm::ArrayRef<float> x = caller.input.view<float>();
      auto getResult = [&](unsigned k) -> llvm::ArrayRef<float> {
        return caller.results[k].view<float>();
      };
      check<getTanh>(x, getResult(0), 1, /*mayFlush=*/false, findings[0]);
      check<getSigmoid>(x, getResult(1), 1, /*mayFlush=*/true, findings[1]);
      check<getExp>(x, getResult(2), INFINITY, /*mayFlush=*/false, findings[2]);
    }
  };
  std::array<Findings, 3> findings[2];
  std::thread other([&] { work(findings[1]); });
  work(findings[0]);
  other.join();

  struct Bound {
    const char *name;
    double maxUlps;
  };
  const Bound bounds[] = {{"tanh", 2}, {"sigmoid", 2}, {"exp", 2}};
  for (auto [k, bound] : llvm::enumerate(bounds)) {
    Findings &all = findings[0][k];
    all.merge(findings[1][k]);
    RecordProperty(std::string(bound.name) + ".max_ulps",
                   std::to_string(all.maxUlps));
    std::printf("%s: %.3f ulp at %a\n", bound.name, all.maxUlps, all.worst);
    EXPECT_LE(all.maxUlps, bound.maxUlps) << bound.name << " at " << all.worst;
    EXPECT_EQ(all.numLostNaNs, 0) << bound.name;
    EXPECT_EQ(all.numBadlySmall, 0) << bound.name;
    EXPECT_EQ(all.numOutside, 0) << bound.name;
  }
}
