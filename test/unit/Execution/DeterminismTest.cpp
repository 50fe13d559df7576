//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The same call gives the same bits: again, on other numbers of threads, and
// with the loop over time unrolled.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

const char *kModel = R"mlir(
  func.func @loss(%x: !rnn.seq<tensor<5xf32>>, %i: !rnn.seq<i32>, %h: tensor<12xf32>, %t: !rnn.seq<tensor<8xf32>>) -> (f32, !rnn.seq<tensor<12xf32>>, tensor<12xf32>) {
    %e = rnn.embed "table" %i {vocab = 3} : !rnn.seq<tensor<4xf32>>
    %p = rnn.project "in" (%x, %e) : (!rnn.seq<tensor<5xf32>>, !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<16xf32>>
    %f, %hT = rnn.unroll @gru "forward" (%p) state(%h) : (!rnn.seq<tensor<16xf32>>, tensor<12xf32>) -> (!rnn.seq<tensor<12xf32>>, tensor<12xf32>)
    %b = rnn.unroll @rnn_tanh "backward" (%p) reverse : (!rnn.seq<tensor<16xf32>>) -> !rnn.seq<tensor<12xf32>>
    %y = rnn.project "out" (%f, %b) : (!rnn.seq<tensor<12xf32>>, !rnn.seq<tensor<12xf32>>) -> !rnn.seq<tensor<8xf32>>
    %l = rnn.mse %y, %t : !rnn.seq<tensor<8xf32>>, !rnn.seq<tensor<8xf32>>
    return %l, %f, %hT : f32, !rnn.seq<tensor<12xf32>>, tensor<12xf32>
  })mlir";

/// All outputs as bytes.
std::vector<std::string> call(const ModelRunner &runner,
                              const RandomCall &call) {
  std::vector<std::string> bytes;
  for (const Tensor &output : runner.call("loss_grad", call.lengths, call.data,
                                          call.parameters, call.weights))
    bytes.emplace_back(static_cast<const char *>(output.data()),
                       output.sizeInBytes());
  return bytes;
}

std::vector<int64_t> getLengths(int64_t batch, int64_t longest) {
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < batch; ++i)
    lengths.push_back((7 * i + longest) % (longest + 1));
  return lengths;
}

CompileOptions getOptions() {
  CompileOptions options = getGradientOptions(kModel, DType::F32);
  options.optimizationLevel = 3;
  return options;
}

const ModelRunner &getRunner() {
  static ModelRunner runner(kModel, getOptions());
  return runner;
}

TEST(DeterminismTest, ThreadsGiveTheSameBits) {
  ASSERT_TRUE(getRunner().ok());
  for (int64_t batch : {1, 7, 64, 133}) {
    RandomCall random(getRunner().get(), "loss_grad", getLengths(batch, 37));
    setNumThreads(1);
    std::vector<std::string> expected = call(getRunner(), random);
    EXPECT_EQ(call(getRunner(), random), expected);
    for (unsigned threads : {2, 3}) {
      setNumThreads(threads);
      EXPECT_EQ(call(getRunner(), random), expected)
          << threads << " threads, batch " << batch;
    }
    setNumThreads(1);
  }
}

TEST(DeterminismTest, UnrollingTimeGivesTheSameBits) {
  CompileOptions options = getOptions();
  // Nor does it matter what else LLVM does.
  options.optimizationLevel = 1;
  options.unrollTime = 4;
  ModelRunner unrolled(kModel, options);
  ASSERT_TRUE(unrolled.ok() && getRunner().ok());
  for (int64_t longest : {0, 1, 3, 4, 5, 8, 14}) {
    RandomCall random(getRunner().get(), "loss_grad", getLengths(9, longest));
    EXPECT_EQ(call(unrolled, random), call(getRunner(), random)) << longest;
  }
}

TEST(DeterminismTest, OneModuleServesAllLengths) {
  ASSERT_TRUE(getRunner().ok());
  RandomCall random(getRunner().get(), "loss_grad", {300, 3});
  std::vector<Tensor> together =
      getRunner().call("loss_grad", {300, 3}, random.data, random.parameters);
  std::vector<Tensor> prefix =
      getRunner().call("loss_grad", {3, 3}, random.data, random.parameters);
  llvm::ArrayRef<float> states = together[1].view<float>();
  EXPECT_EQ(states.take_front(3 * 12),
            prefix[1].view<float>().take_front(3 * 12));
  for (float value : states.take_front(300 * 12))
    EXPECT_TRUE(std::abs(value) <= 1.0f);
}

} // namespace
