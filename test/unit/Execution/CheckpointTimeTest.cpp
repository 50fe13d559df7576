//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// A backward pass that keeps states at some instants alone gives the gradients
// of one that keeps everything.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

/// How far gradients may be apart, in parts of the largest component. They sum
/// the same terms, in another order: of n terms, n * 2^-53 of their sizes' sum.
/// There are fewer than 200 terms, and sums of a tenth of their sizes' sum.
constexpr double kTolerance = 1e-12;

std::vector<Tensor> getOutputs(const std::string &text, const RandomCall *call,
                               int64_t interval,
                               std::unique_ptr<ModelRunner> &runner,
                               std::unique_ptr<RandomCall> &made) {
  CompileOptions options = getGradientOptions(text);
  options.training = true;
  options.checkpointTime = interval;
  runner = std::make_unique<ModelRunner>(text, options);
  if (!runner->ok())
    return {};
  if (!call) {
    made = std::make_unique<RandomCall>(
        runner->get(), "loss_grad", std::vector<int64_t>{9, 6, 0, 5, 11, 1, 8});
    call = made.get();
  }
  return runner->call("loss_grad", call->lengths, call->data, call->parameters,
                      call->weights);
}

/// Compares two gradients of all parameters, and all else bit by bit.
void compare(const Signature &signature, llvm::ArrayRef<Tensor> kept,
             llvm::ArrayRef<Tensor> again) {
  ASSERT_EQ(kept.size(), again.size());
  for (auto [index, pair] : llvm::enumerate(llvm::zip_equal(kept, again))) {
    const Argument &argument =
        signature.arguments[signature.find(Role::Output)[index]];
    llvm::ArrayRef<double> expected = std::get<0>(pair).view<double>();
    llvm::ArrayRef<double> actual = std::get<1>(pair).view<double>();
    ASSERT_EQ(expected.size(), actual.size());
    double scale = 0;
    for (double value : expected)
      scale = std::max(scale, std::abs(value));
    double tolerance = argument.gradientOf.empty() ? 0 : kTolerance * scale;
    for (size_t k = 0; k < expected.size(); ++k)
      // Written so that a NaN fails.
      if (!(std::abs(expected[k] - actual[k]) <= tolerance)) {
        ADD_FAILURE() << "output " << index << " '" << argument.gradientOf
                      << "' at " << k << " is " << actual[k] << ", but "
                      << expected[k] << " if all is kept";
        break;
      }
  }
}

void checkIntervals(const std::string &text,
                    llvm::ArrayRef<int64_t> intervals) {
  std::unique_ptr<ModelRunner> first, runner;
  std::unique_ptr<RandomCall> call, none;
  std::vector<Tensor> kept = getOutputs(text, nullptr, 0, first, call);
  ASSERT_FALSE(kept.empty());
  for (int64_t interval : intervals) {
    SCOPED_TRACE(llvm::formatv("every {0} instants", interval).str());
    compare(*first->get().find("loss_grad"), kept,
            getOutputs(text, call.get(), interval, runner, none));
  }
}

/// A layer of `cell` from given states, with dropout, and a loss of the outputs
/// and of a final state.
std::string writeLayer(const PreludeCell &cell) {
  std::vector<int64_t> sizes(cell.numStates, 4);
  // The one cell whose states differ in size.
  if (cell.name == "lstm_projected")
    sizes = {3, 5};
  std::string args, initial, types;
  for (auto [k, size] : llvm::enumerate(sizes)) {
    std::string type = llvm::formatv("tensor<{0}xf32>", size);
    args += llvm::formatv(", %s{0}: {1}", k, type);
    initial += llvm::formatv("{0}%s{1}", k ? ", " : "", k);
    types += ", " + type;
  }
  std::string state = llvm::formatv("tensor<{0}xf32>", sizes.front());
  return llvm::formatv(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %t: !rnn.seq<tensor<4xf32>>{1}) -> (f32, !rnn.seq<tensor<4xf32>>) {{
      %a:{2} = rnn.unroll @{0} "a" ({6}) state({3}) {{dropout = 0.25} : ({7}{4}) -> (!rnn.seq<{5}>{4})
      %y = rnn.project "y" (%a#0) : (!rnn.seq<{5}>) -> !rnn.seq<tensor<4xf32>>
      %l = rnn.mse %y, %t : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>
      %k = rnn.mse %a#1, %s0 : {5}, {5}
      %r = arith.addf %l, %k : f32
      return %r, %y : f32, !rnn.seq<tensor<4xf32>>
    })mlir",
                       cell.name, args, sizes.size() + 1, initial, types, state,
                       cell.forInputs("%x"),
                       cell.forInputs("!rnn.seq<tensor<3xf32>>"))
      .str();
}

class CheckpointedCellTest : public testing::TestWithParam<PreludeCell> {};

TEST_P(CheckpointedCellTest, GivesTheSameGradients) {
  checkIntervals(writeLayer(GetParam()), {4});
}

INSTANTIATE_TEST_SUITE_P(All, CheckpointedCellTest,
                         testing::ValuesIn(getPreludeCells()),
                         [](const auto &info) { return info.param.name; });

TEST(CheckpointTimeTest, AnyIntervalGivesTheSameGradients) {
  checkIntervals(writeLayer({"gru", 1}), {1, 5, 100});
}

TEST(CheckpointTimeTest, ThreadsGiveTheSameBits) {
  std::string text = writeLayer({"gru", 1});
  CompileOptions options = getGradientOptions(text);
  options.checkpointTime = 3;
  ModelRunner runner(text, options);
  ASSERT_TRUE(runner.ok());
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < 67; ++i)
    lengths.push_back(i % 12);
  RandomCall call(runner.get(), "loss_grad", lengths);
  auto getBytes = [&](unsigned threads) {
    setNumThreads(threads);
    std::string bytes;
    for (const Tensor &output :
         runner.call("loss_grad", lengths, call.data, call.parameters))
      bytes.append(static_cast<const char *>(output.data()),
                   output.sizeInBytes());
    setNumThreads(1);
    return bytes;
  };
  EXPECT_EQ(getBytes(2), getBytes(1));
}

TEST(CheckpointTimeTest, LayersOfBothDirections) {
  checkIntervals(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %t: !rnn.seq<tensor<4xf32>>) -> (f32, !rnn.seq<tensor<4xf32>>) {
      %a = rnn.unroll @gru "a" (%x) {dropout = 0.25} : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>>
      %b = rnn.unroll @gru "b" (%x) reverse : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>>
      %p = rnn.project "p" (%a, %b) : (!rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<5xf32>>
      %q = rnn.dropout %p {rate = 0.5} : !rnn.seq<tensor<5xf32>>
      %c = rnn.unroll @gru "c" (%q) {zoneout = 0.1} : (!rnn.seq<tensor<5xf32>>) -> !rnn.seq<tensor<4xf32>>
      %d = rnn.unroll @lstm "d" (%q) reverse : (!rnn.seq<tensor<5xf32>>) -> !rnn.seq<tensor<4xf32>>
      %y = rnn.project "y" (%c, %d) : (!rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<4xf32>>
      %l = rnn.mse %y, %t : !rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<4xf32>>
      return %l, %y : f32, !rnn.seq<tensor<4xf32>>
    })mlir",
                 {3});
}

TEST(CheckpointTimeTest, ValuesOfTheExampleAndStatesBetweenLoops) {
  checkIntervals(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %i: !rnn.seq<i32>, %h0: tensor<3xf32>, %t: tensor<3xf32>) -> f32 {
      %e = rnn.embed "table" %i {vocab = 3} : !rnn.seq<tensor<3xf32>>
      %w = rnn.project "w" (%x, %e) : (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
      %y, %h = rnn.unroll @gru "encoder" (%w) state(%h0) : (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>)
      %s = rnn.scan (%yt = %y : !rnn.seq<tensor<3xf32>>) state(%st = %h0 : tensor<3xf32>) -> () {
        %0 = arith.mulf %yt, %h : tensor<3xf32>
        %1 = arith.addf %0, %st : tensor<3xf32>
        %2 = math.tanh %1 : tensor<3xf32>
        rnn.yield state(%2) : tensor<3xf32>
      }
      %z, %g = rnn.unroll @gru "decoder" (%e) state(%s) : (!rnn.seq<tensor<3xf32>>, tensor<3xf32>) -> (!rnn.seq<tensor<3xf32>>, tensor<3xf32>)
      %v = rnn.reverse %y : !rnn.seq<tensor<3xf32>>
      %l = rnn.mse %z, %v : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %k = rnn.mse %g, %t : tensor<3xf32>, tensor<3xf32>
      %r = arith.addf %l, %k : f32
      return %r : f32
    })mlir",
                 {4});
}

} // namespace
