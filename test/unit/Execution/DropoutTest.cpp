//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Dropout and zoneout: what they draw, and what it depends on.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

const char *kModel = R"mlir(
  rnn.cell @read(%x) state(%h) {
    rnn.yield %h state(%x)
  }
  rnn.cell @follow(%x) state(%h) {
    rnn.yield %x state(%x)
  }
  func.func @drop(%x: !rnn.seq<tensor<64xf32>>) -> !rnn.seq<tensor<64xf32>> {
    %y = rnn.dropout %x {rate = 0.3} : !rnn.seq<tensor<64xf32>>
    return %y : !rnn.seq<tensor<64xf32>>
  }
  func.func @drop_twice(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
    %y = rnn.dropout %x {rate = 0.5} : tensor<64xf32>
    %z = rnn.dropout %x {rate = 0.5} : tensor<64xf32>
    return %y, %z : tensor<64xf32>, tensor<64xf32>
  }
  func.func @state(%x: !rnn.seq<tensor<64xf32>>, %h: tensor<64xf32>) -> !rnn.seq<tensor<64xf32>> {
    %y = rnn.unroll @read "r" (%x) state(%h) {state_dropout = 0.3} : (!rnn.seq<tensor<64xf32>>, tensor<64xf32>) -> !rnn.seq<tensor<64xf32>>
    return %y : !rnn.seq<tensor<64xf32>>
  }
  func.func @zone(%x: !rnn.seq<tensor<64xf32>>) -> !rnn.seq<tensor<64xf32>> {
    %y = rnn.unroll @follow "z" (%x) {zoneout = 0.25} : (!rnn.seq<tensor<64xf32>>) -> !rnn.seq<tensor<64xf32>>
    return %y : !rnn.seq<tensor<64xf32>>
  }
)mlir";

constexpr int64_t kBatch = 8, kTime = 50, kSize = 64;

class DropoutTest : public testing::Test {
public:
  static const ModelRunner &get(bool training) {
    CompileOptions options;
    options.training = true;
    static ModelRunner trained(kModel, options);
    static ModelRunner inferred(kModel, CompileOptions());
    return training ? trained : inferred;
  }
  void SetUp() override {
    ASSERT_TRUE(get(true).ok() && get(false).ok());
    ones = Tensor(DType::F32, {kBatch, kTime, kSize});
    std::fill(ones.view<float>().begin(), ones.view<float>().end(), 1.0f);
    data.emplace("x", ones.clone());
    Tensor state(DType::F32, {kBatch, kSize});
    std::fill(state.view<float>().begin(), state.view<float>().end(), 1.0f);
    data.emplace("h", std::move(state));
  }
  Tensor call(bool training, llvm::StringRef function,
              llvm::ArrayRef<int32_t> keys = {}) {
    std::vector<int64_t> lengths(kBatch, kTime);
    std::vector<Tensor> outputs =
        get(training).call(function, lengths, data, {}, {}, keys);
    return std::move(outputs.front());
  }

  Tensor ones;
  NamedTensors data;
};

/// The share of zeros; each draw is 0 with the same probability.
double countZeros(llvm::ArrayRef<float> values) {
  return double(llvm::count(values, 0.0f)) / values.size();
}

TEST_F(DropoutTest, RateIsRespected) {
  // Keys that follow each other must draw as well as any.
  Tensor y = call(true, "drop", {0, 1, 2, 3, 4, 5, 6, 7});
  llvm::ArrayRef<float> values = y.view<float>();
  // Five standard deviations of 25600 draws.
  EXPECT_NEAR(countZeros(values), 0.3, 5 * 0.00287);
  for (float value : values)
    EXPECT_TRUE(value == 0.0f || value == 1.0f / 0.7f) << value;
  // Instants and examples draw alike but not the same: two draws agree with
  // probability 0.58.
  int64_t agreeInstants = 0, agreeExamples = 0, n = 0;
  for (int64_t b = 0; b + 1 < kBatch; ++b)
    for (int64_t k = 0; k < (kTime - 1) * kSize; ++k, ++n) {
      float value = values[b * kTime * kSize + k];
      agreeInstants += value == values[b * kTime * kSize + k + kSize];
      agreeExamples += value == values[(b + 1) * kTime * kSize + k];
    }
  EXPECT_NEAR(double(agreeInstants) / n, 0.58, 0.02);
  EXPECT_NEAR(double(agreeExamples) / n, 0.58, 0.02);
}

TEST_F(DropoutTest, SitesDrawApart) {
  std::vector<int64_t> lengths(kBatch, 1);
  NamedTensors one;
  one.emplace("x", data.find("h")->second.clone());
  std::vector<Tensor> outputs = get(true).call("drop_twice", lengths, one, {});
  int64_t agree = 0;
  for (auto [a, b] :
       llvm::zip(outputs[0].view<float>(), outputs[1].view<float>()))
    agree += a == b;
  EXPECT_NEAR(double(agree) / (kBatch * kSize), 0.5, 0.11);
}

TEST_F(DropoutTest, DependsOnTheKeyAlone) {
  for (const char *function : {"drop", "state", "zone"}) {
    Tensor y = call(true, function, {5, 6, 7, 8, 9, 10, 11, 12});
    Tensor again = call(true, function, {5, 6, 7, 8, 9, 10, 11, 12});
    EXPECT_EQ(y.view<float>(), again.view<float>());
    // Another place in the batch, and alone.
    Tensor moved = call(true, function, {8, 5, 5, 3, 2, 1, 0, 9});
    size_t size = kTime * kSize;
    EXPECT_EQ(moved.view<float>().slice(size, size),
              y.view<float>().slice(0, size));
    EXPECT_EQ(moved.view<float>().slice(2 * size, size),
              y.view<float>().slice(0, size));
    EXPECT_EQ(moved.view<float>().slice(0, size),
              y.view<float>().slice(3 * size, size));
    EXPECT_NE(moved.view<float>().slice(3 * size, size),
              y.view<float>().slice(3 * size, size));
    NamedTensors one;
    one.emplace("x", Tensor(DType::F32, {1, kTime, kSize}));
    one.emplace("h", Tensor(DType::F32, {1, kSize}));
    for (auto &[name, tensor] : one)
      std::fill(tensor.view<float>().begin(), tensor.view<float>().end(), 1.0f);
    std::vector<Tensor> alone =
        get(true).call(function, {kTime}, one, {}, {}, {8});
    EXPECT_EQ(alone[0].view<float>(), y.view<float>().slice(3 * size, size));
  }
}

TEST_F(DropoutTest, InferenceIsTheIdentity) {
  EXPECT_EQ(call(false, "drop").view<float>(), ones.view<float>());
  EXPECT_EQ(call(false, "state").view<float>(), ones.view<float>());
  for (const Signature &signature : get(false).get().signatures())
    EXPECT_TRUE(signature.find(Role::Key).empty());
}

TEST_F(DropoutTest, StatesHaveOneMaskForAllSteps) {
  Tensor y = call(true, "state");
  llvm::ArrayRef<float> values = y.view<float>();
  for (int64_t b = 0; b < kBatch; ++b)
    for (int64_t t = 1; t < kTime; ++t)
      EXPECT_EQ(values.slice((b * kTime + t) * kSize, kSize),
                values.slice(b * kTime * kSize, kSize));
  // 512 draws.
  EXPECT_NEAR(countZeros(values), 0.3, 0.1);
}

TEST_F(DropoutTest, ZoneoutKeepsComponents) {
  for (auto [index, value] :
       llvm::enumerate(data.find("x")->second.view<float>()))
    value = 1.0f + index / kSize % kTime;
  Tensor y = call(true, "zone");
  Tensor mean = call(false, "zone");
  int64_t kept = 0;
  for (int64_t b = 0; b < kBatch; ++b)
    for (int64_t t = 0; t < kTime; ++t)
      for (int64_t k = 0; k < kSize; ++k) {
        auto at = [&](const Tensor &tensor, int64_t t) {
          return t < 0 ? 0.0f
                       : tensor.view<float>()[(b * kTime + t) * kSize + k];
        };
        float now = at(y, t);
        EXPECT_TRUE(now == t + 1 || now == at(y, t - 1));
        kept += now != t + 1;
        EXPECT_FLOAT_EQ(at(mean, t), 0.25f * at(mean, t - 1) + 0.75f * (t + 1));
      }
  EXPECT_NEAR(double(kept) / (kBatch * kTime * kSize), 0.25, 5 * 0.0027);
}

TEST(DropoutGradientTest, EqualsCentralDifferences) {
  GradientCheck check;
  check.training = true;
  check.run(R"mlir(
    rnn.cell @noisy(%x) state(%h, %c) {
      %d = rnn.dropout %x {rate = 0.2} : tensor<?xf32>
      %c1 = rnn.gate "cell" tanh(%d, %h, %c) : tensor<?xf32>
      %h1 = rnn.gate "hidden" sigmoid(%d, %c1) : tensor<?xf32>
      rnn.yield %h1 state(%h1, %c1)
    }
    func.func @loss(%x: !rnn.seq<tensor<5xf32>>, %h: tensor<4xf32>, %c: tensor<4xf32>, %t: !rnn.seq<tensor<4xf32>>) -> f32 {
      %y:3 = rnn.unroll @noisy "rnn" (%x) state(%h, %c) {dropout = 0.3, state_dropout = [0.3, 0.2], zoneout = [0.2, 0.4]} : (!rnn.seq<tensor<5xf32>>, tensor<4xf32>, tensor<4xf32>) -> (!rnn.seq<tensor<4xf32>>, tensor<4xf32>, tensor<4xf32>)
      %d = rnn.dropout %y#0 {rate = 0.5} : !rnn.seq<tensor<4xf32>>
      %l = rnn.mse %d, %t : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>
      %k = rnn.dropout %y#2 {rate = 0.25} : tensor<4xf32>
      %m = rnn.mse %k, %h : tensor<4xf32>, tensor<4xf32>
      %r = arith.addf %l, %m : f32
      return %r : f32
    })mlir");
}

} // namespace
