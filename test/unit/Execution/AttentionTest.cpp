//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Attention and taught decoders: gradients against central differences in f64,
// on ragged batches whose sources and targets have lengths of their own, and
// results that do not depend on the batch.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

/// An encoder and a decoder of `hidden` units. `score` is the attention's, or
/// empty for none; with `feeding` the decoder's next step reads what attention
/// gave.
std::string writeModel(llvm::StringRef score, bool feeding,
                       int64_t hidden = 5) {
  std::string attend, mixed = "%h1", mixedTypes = "HH";
  if (!score.empty()) {
    attend = llvm::formatv(
        "    %ctx = rnn.attend \"att\" {0} %h1 over %enc : HH, !rnn.seq<HH> -> "
        "HH\n    %a = rnn.gate \"mix\" tanh(%h1, %ctx) : (HH, HH) -> HH\n",
        score);
    mixed = "%a";
  }
  std::string text = llvm::formatv(R"(
func.func @generate(%x: !rnn.seq<tensor<3xf32>>) -> !rnn.seq<i32> {{
  %enc, %h0 = rnn.unroll @gru "enc" (%x) : (!rnn.seq<tensor<3xf32>>) -> (!rnn.seq<HH>, HH)
  %first = arith.constant 0 : i32
  %f0 = rnn.param "fed" : HH
  %y = rnn.decode (%prev = %first) state(%h = %h0 : HH, %f = %f0 : HH) until 0 max 9 -> (!rnn.seq<i32>) {{
    %e = rnn.embed "class" %prev {{vocab = 3} : HH
    %in = arith.addf %e, %f : HH
    %h1, %h2 = rnn.step @gru "dec" (%in) state(%h) : (HH, HH) -> (HH, HH)
{0}    %scores = rnn.project "out" ({1}) : (HH) -> tensor<3xf32>
    rnn.yield %scores state(%h2, {2}) : tensor<3xf32>, HH, HH
  }
  return %y : !rnn.seq<i32>
}
func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %target: !rnn.seq<i32>) -> f32 {{
  %s = rnn.teach @generate(%x) with(%target) : (!rnn.seq<tensor<3xf32>>, !rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>>
  %l = rnn.cross_entropy %s, %target : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32>
  return %l : f32
}
)",
                                   attend, mixed, feeding ? mixed : "%f");
  std::string type = llvm::formatv("tensor<{0}xf32>", hidden);
  for (size_t at; (at = text.find("HH")) != std::string::npos;)
    text.replace(at, 2, type);
  return text;
}

struct Case {
  std::string name, score;
  bool feeding;
  int64_t hidden;
};

class AttentionTest : public testing::TestWithParam<Case> {
protected:
  std::string getText() {
    return writeModel(GetParam().score, GetParam().feeding, GetParam().hidden);
  }
};

TEST_P(AttentionTest, GradientEqualsCentralDifferences) {
  GradientCheck().run(getText());
}

/// Checkpoints in time cut what reads the source into parts, and leave the
/// decoder whole.
TEST_P(AttentionTest, GradientWithCheckpointsEqualsCentralDifferences) {
  // More units are the same again.
  if (GetParam().hidden > 5)
    return;
  CompileOptions options = getGradientOptions(getText());
  options.checkpointTime = 2;
  ModelRunner runner(getText(), options);
  ASSERT_TRUE(runner.ok());
  GradientCheck check;
  runner.otherLengths.push_back(check.otherLengths);
  check.run(runner);
}

/// Each example gives the same bits alone as in company, with one thread and
/// with two.
TEST_P(AttentionTest, ExampleAloneEqualsInBatch) {
  CompileOptions options;
  options.functions = {"loss"};
  ModelRunner runner(getText(), options);
  ASSERT_TRUE(runner.ok());
  std::vector<int64_t> lengths = {6, 5, 1, 5, 2, 7, 3, 3},
                       targets = {2, 6, 3, 1, 5, 1, 4, 4};
  RandomCall call(runner.get(), "loss", lengths, 3, {}, 3, targets);
  runner.otherLengths = {targets};
  std::vector<float> losses;
  for (unsigned threads : {1, 2}) {
    setNumThreads(threads);
    Tensor all =
        std::move(runner.call("loss", lengths, call.data, call.parameters)[0]);
    if (losses.empty())
      losses.assign(all.view<float>().begin(), all.view<float>().end());
    else
      EXPECT_EQ(llvm::ArrayRef(losses), all.view<float>());
  }
  setNumThreads(1);
  for (size_t i = 0; i < lengths.size(); ++i) {
    NamedTensors one;
    for (auto &[name, tensor] : call.data) {
      Shape shape(tensor.shape());
      shape[0] = 1;
      Tensor row(tensor.dtype(), shape);
      memcpy(row.data(),
             static_cast<const char *>(tensor.data()) + i * row.sizeInBytes(),
             row.sizeInBytes());
      one.emplace(name, std::move(row));
    }
    runner.otherLengths = {{targets[i]}};
    Tensor alone =
        std::move(runner.call("loss", {lengths[i]}, one, call.parameters)[0]);
    EXPECT_EQ(alone.view<float>()[0], losses[i]) << "example " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, AttentionTest,
    testing::Values(Case{"None", "", false, 5}, Case{"Dot", "dot", false, 5},
                    Case{"Scaled", "scaled", false, 5},
                    Case{"Bilinear", "bilinear", false, 5},
                    Case{"Additive", "additive", false, 5},
                    Case{"DotFed", "dot", true, 5},
                    Case{"BilinearFed", "bilinear", true, 5},
                    Case{"AdditiveFed", "additive", true, 5},
                    Case{"DotWide", "dot", true, 37},
                    Case{"AdditiveWide", "additive", true, 18}),
    [](const auto &info) { return info.param.name; });

/// Attention outside of a decoder, with a learned query.
TEST(AttentionPoolTest, Gradient) {
  for (llvm::StringRef score : {"dot", "bilinear", "additive"})
    GradientCheck().run(llvm::formatv(R"(
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %t: tensor<4xf32>) -> f32 {{
  %q = rnn.param "query" : tensor<4xf32>
  %y = rnn.attend "pool" {0} %q over %x : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
  %l = rnn.mse %y, %t : tensor<4xf32>, tensor<4xf32>
  return %l : f32
}
)",
                                      score)
                            .str());
}

/// Attention of each instant of a sequence over the sequence itself.
TEST(SelfAttentionTest, Gradient) {
  GradientCheck().run(R"(
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %t: !rnn.seq<tensor<4xf32>>) -> f32 {
  %y = rnn.scan (%xt = %x : !rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<4xf32>>) {
    %q = rnn.project "query" (%xt) : (tensor<4xf32>) -> tensor<4xf32>
    %c = rnn.attend "self" scaled %q over %x : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    rnn.yield %c : tensor<4xf32>
  }
  %l = rnn.mse %y, %t : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>
  return %l : f32
}
)");
}

/// A query that all examples share, in a loop.
TEST(SharedQueryTest, Gradient) {
  GradientCheck().run(R"(
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %t: !rnn.seq<tensor<4xf32>>) -> f32 {
  %w = rnn.param "query" : tensor<4xf32>
  %y = rnn.scan (%a = %t : !rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<4xf32>>) {
    %c = rnn.attend "own" dot %a over %x : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    %d = rnn.attend "shared" bilinear %w over %x : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    %n = arith.mulf %c, %d : tensor<4xf32>
    rnn.yield %n : tensor<4xf32>
  }
  %l = rnn.mse %y, %t : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>
  return %l : f32
}
)");
}

/// Two memories of one decoder, of sources with lengths of their own.
TEST(TwoSourcesTest, Gradient) {
  GradientCheck().run(R"(
func.func @loss(%x: !rnn.seq<tensor<4xf32>>, %z: !rnn.seq<tensor<4xf32>>, %h0: tensor<4xf32>, %t: tensor<4xf32>) -> f32 {
  %y, %h = rnn.scan (%xt = %x : !rnn.seq<tensor<4xf32>>) state(%ht = %h0 : tensor<4xf32>) -> (!rnn.seq<tensor<4xf32>>) {
    %q = arith.addf %xt, %ht : tensor<4xf32>
    %a = rnn.attend "own" bilinear %q over %x : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    %b = rnn.attend "other" dot %a over %z : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    %n = math.tanh %b : tensor<4xf32>
    rnn.yield %n state(%n) : tensor<4xf32>, tensor<4xf32>
  }
  %l = rnn.mse %h, %t : tensor<4xf32>, tensor<4xf32>
  return %l : f32
}
)");
}

/// Two layers that write, and one matrix that embeds sources and targets and
/// makes the scores.
TEST(TiedDecoderTest, Gradient) {
  GradientCheck().run(R"(
func.func @generate(%x: !rnn.seq<i32>) -> !rnn.seq<i32> {
  %e = rnn.embed "shared" %x {vocab = 3} : !rnn.seq<tensor<4xf32>>
  %f, %fh = rnn.unroll @gru "fwd" (%e) : (!rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<2xf32>>, tensor<2xf32>)
  %b, %bh = rnn.unroll @gru "bwd" (%e) reverse : (!rnn.seq<tensor<4xf32>>) -> (!rnn.seq<tensor<2xf32>>, tensor<2xf32>)
  %enc = rnn.project "enc" (%f, %b) : (!rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<4xf32>>
  %h0 = rnn.project "h0" (%fh, %bh) : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  %first = arith.constant 0 : i32
  %y = rnn.decode (%prev = %first) state(%h = %h0 : tensor<4xf32>, %g = %h0 : tensor<4xf32>) until 0 max 9 -> (!rnn.seq<i32>) {
    %p = rnn.embed "shared" %prev {vocab = 3} : tensor<4xf32>
    %o, %h1 = rnn.step @gru "first" (%p) state(%h) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    %q, %g1 = rnn.step @gru "second" (%o) state(%g) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    %c = rnn.attend "att" scaled %q over %enc : tensor<4xf32>, !rnn.seq<tensor<4xf32>> -> tensor<4xf32>
    %m = arith.addf %q, %c : tensor<4xf32>
    %E = rnn.param "shared.weight" {init = #rnn.normal<0.0, 0.1>} : tensor<3x4xf32>
    %scores = rnn.linear %m, %E transpose : tensor<4xf32>, tensor<3x4xf32> -> tensor<3xf32>
    rnn.yield %scores state(%h1, %g1) : tensor<3xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %y : !rnn.seq<i32>
}
func.func @loss(%x: !rnn.seq<i32>, %target: !rnn.seq<i32>) -> f32 {
  %s = rnn.teach @generate(%x) with(%target) : (!rnn.seq<i32>, !rnn.seq<i32>) -> !rnn.seq<tensor<3xf32>>
  %l = rnn.cross_entropy %s, %target : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32>
  return %l : f32
}
)");
}

} // namespace
