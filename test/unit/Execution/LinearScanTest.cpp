//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Recurrences whose components are chains of their own, run as such, against
// the same run step by step. The latter's gradients are checked against central
// differences elsewhere.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

struct Recurrence {
  const char *name;
  const char *cell;
  /// States that the model gives, of the output's size; 0 for none.
  int64_t numStates;
  /// The cell, if it is not of the prelude.
  const char *text = "";
};

const Recurrence recurrences[] = {
    {"MinGRU", "mingru", 1},
    {"MinLSTM", "minlstm", 1},
    {"LeakyIntegrator", "leaky_integrator", 1},
    {"LRU", "lru", 2},
    // Li et al., Independently recurrent neural network (2018).
    {"IndRNN", "indrnn", 1, R"mlir(
     rnn.cell @indrnn(%x) state(%h) {
       %u = rnn.param "recurrent" {init = #rnn.uniform<-1.0, 1.0>} : tensor<?xf32>
       %p = rnn.project "input" (%x) : tensor<?xf32>
       %uh = arith.mulf %u, %h : tensor<?xf32>
       %s = arith.addf %p, %uh : tensor<?xf32>
       %h1 = math.tanh %s : tensor<?xf32>
       rnn.yield %h1 state(%h1)
     })mlir"},
    // An output that is normalized, behind a state whose update is.
    {"Normalized", "normalized", 1, R"mlir(
     rnn.cell @normalized(%x) state(%h) {
       %p = rnn.project "input" (%x) : tensor<?xf32>
       %n = rnn.layer_norm "in" %p : tensor<?xf32>
       %z = rnn.sigmoid %n : tensor<?xf32>
       %zh = arith.mulf %z, %h : tensor<?xf32>
       %h1 = arith.addf %zh, %p : tensor<?xf32>
       %y = rnn.layer_norm "out" %h1 : tensor<?xf32>
       rnn.yield %y state(%h1)
     })mlir"},
    // Numbers among the states, one of which drives the others.
    {"Clocked", "clocked", 0, R"mlir(
     rnn.cell @clocked(%x) state(%h, %energy: f32, %n: i32) {
       %one = arith.constant 1 : i32
       %n1 = arith.addi %n, %one : i32
       %e = rnn.embed "position" %n {vocab = 40} : tensor<?xf32>
       %square = arith.mulf %x, %x : tensor<?xf32>
       %sum = rnn.sum %square : tensor<?xf32>
       %decay = arith.constant 0.7 : f32
       %kept = arith.mulf %energy, %decay : f32
       %e1 = arith.addf %kept, %sum : f32
       %r = math.rsqrt %e1 : f32
       %scale = rnn.broadcast %r : f32 -> tensor<?xf32>
       %p = rnn.project "input" (%x) : tensor<?xf32>
       %a = rnn.sigmoid %e : tensor<?xf32>
       %ah = arith.mulf %a, %h : tensor<?xf32>
       %sp = arith.mulf %scale, %p : tensor<?xf32>
       %h1 = arith.addf %ah, %sp : tensor<?xf32>
       rnn.yield %h1 state(%h1, %e1, %n1) : tensor<?xf32>, tensor<?xf32>, f32, i32
     })mlir"},
};

/// An objective of the outputs at all instants, and of their mean and last.
std::string writeModel(const Recurrence &recurrence, int64_t width,
                       bool reverse) {
  std::string vector = llvm::formatv("tensor<{0}xf32>", width);
  std::string args, states, types, results = "!rnn.seq<" + vector + ">";
  for (int64_t k = 0; k < recurrence.numStates; ++k) {
    args += llvm::formatv(", %s{0}: {1}", k, vector);
    states += llvm::formatv("{0}%s{1}", k ? ", " : "state(", k);
    types += ", " + vector;
    results += ", " + vector;
  }
  std::string all, first;
  if (recurrence.numStates != 0) {
    states += ")";
    all = llvm::formatv(":{0}", 1 + recurrence.numStates);
    first = "#0";
  }
  return std::string(recurrence.text) +
         llvm::formatv(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<5xf32>>, %t: !rnn.seq<{0}>{1}) -> (f32, !rnn.seq<{0}>, {0}, {0}) {{
      %y{7} = rnn.unroll @{2} "rnn" (%x) {3} {4} : (!rnn.seq<tensor<5xf32>>{5}) -> ({6})
      %l = rnn.mse %y{8}, %t : !rnn.seq<{0}>, !rnn.seq<{0}>
      %mean = rnn.mean_over_time %y{8} : !rnn.seq<{0}>
      %last = rnn.last %y{8} : !rnn.seq<{0}>
      %p = arith.mulf %mean, %last : {0}
      %s = rnn.sum %p : {0}
      %r = arith.addf %l, %s : f32
      return %r, %y{8}, %mean, %last : f32, !rnn.seq<{0}>, {0}, {0}
    })mlir",
                       vector, args, recurrence.cell, states,
                       reverse ? "reverse" : "", types, results, all, first)
             .str();
}

ModelRunner compile(llvm::StringRef text, bool linearScan,
                    DType precision = DType::F32, bool training = false) {
  CompileOptions options = getGradientOptions(text, precision);
  if (!linearScan)
    options.without = {"linear-scan"};
  options.training = training;
  return ModelRunner(text, options);
}

/// All outputs as bytes.
std::vector<std::string> getBytes(const ModelRunner &runner,
                                  const RandomCall &call) {
  std::vector<std::string> bytes;
  for (const Tensor &output : runner.call("loss_grad", call.lengths, call.data,
                                          call.parameters, call.weights))
    bytes.emplace_back(static_cast<const char *>(output.data()),
                       output.sizeInBytes());
  return bytes;
}

/// Chains take the same steps in the same order as the loop over time.
void expectSameBits(const std::string &text, bool training = false) {
  ModelRunner chains = compile(text, true, DType::F32, training);
  ModelRunner loop = compile(text, false, DType::F32, training);
  ASSERT_TRUE(chains.ok() && loop.ok());
  for (std::vector<int64_t> lengths :
       {std::vector<int64_t>{37, 12, 0, 5, 37, 1}, {9}, {0, 0}, {}}) {
    RandomCall random(loop.get(), "loss_grad", lengths);
    EXPECT_EQ(getBytes(chains, random), getBytes(loop, random)) << text;
  }
}

class RecurrenceTest : public testing::TestWithParam<Recurrence> {};

TEST_P(RecurrenceTest, GivesTheBitsOfTheLoop) {
  expectSameBits(writeModel(GetParam(), 13, /*reverse=*/false));
  expectSameBits(writeModel(GetParam(), 13, /*reverse=*/true));
}

TEST_P(RecurrenceTest, HasTheRightGradient) {
  GradientCheck().run(writeModel(GetParam(), 3, /*reverse=*/false));
  GradientCheck().run(writeModel(GetParam(), 3, /*reverse=*/true));
}

TEST(LinearScanTest, EveryWidthGivesTheBitsOfTheLoop) {
  for (int64_t width : {1, 8, 40, 100})
    expectSameBits(writeModel(recurrences[0], width, /*reverse=*/false));
}

TEST(LinearScanTest, RandomMasksGiveTheBitsOfTheLoop) {
  std::string text = writeModel(recurrences[0], 13, /*reverse=*/false);
  size_t place = text.find(" : (!rnn.seq<tensor<5xf32>>");
  text.insert(place, " {zoneout = 0.3, dropout = 0.2}");
  expectSameBits(text, /*training=*/true);
}

/// Lengths around those whose time is split, and short ones.
const std::vector<int64_t> kLongLengths = {9001, 300, 5000, 4096, 4095, 0};

/// Examples that are long enough for their time to be split, of states that are
/// narrow enough for it.
std::string writeNarrow(const char *cell, bool reverse) {
  for (const Recurrence &recurrence : recurrences)
    if (llvm::StringRef(recurrence.cell) == cell)
      return writeModel(recurrence, 4, reverse);
  return "";
}

TEST(LinearScanTest, SplittingTimeOnlyRounds) {
  // A step rounds its state by at most one part in 2^53; what was rounded does
  // not grow on, for no factor exceeds 1. Sums over time pass on all of it. So
  // both ways of computing differ by a few T / 2^53 of the largest component;
  // products of several such values by a few times that.
  const double tolerance = 16 * 9001 * 0x1p-53;
  for (const char *cell : {"mingru", "leaky_integrator", "lru"})
    for (bool reverse : {false, true}) {
      std::string text = writeNarrow(cell, reverse);
      ModelRunner chains = compile(text, true, DType::F64);
      ModelRunner loop = compile(text, false, DType::F64);
      ASSERT_TRUE(chains.ok() && loop.ok());
      RandomCall random(loop.get(), "loss_grad", kLongLengths);
      std::vector<Tensor> got =
          chains.call("loss_grad", random.lengths, random.data,
                      random.parameters, random.weights);
      std::vector<Tensor> expected =
          loop.call("loss_grad", random.lengths, random.data, random.parameters,
                    random.weights);
      for (size_t k = 0; k < expected.size(); ++k) {
        llvm::ArrayRef<double> a = got[k].view<double>(),
                               b = expected[k].view<double>();
        double largest = 0, error = 0;
        for (size_t i = 0; i < b.size(); ++i) {
          largest = std::max(largest, std::abs(b[i]));
          error = std::max(error, std::abs(a[i] - b[i]));
        }
        EXPECT_LE(error, tolerance * largest) << cell << ", output " << k;
      }
    }
}

TEST(LinearScanTest, ThreadsGiveTheSameBits) {
  for (std::string text :
       {writeNarrow("lru", false), writeNarrow("mingru", true),
        writeModel(recurrences[0], 100, /*reverse=*/false)}) {
    ModelRunner runner = compile(text, true);
    ASSERT_TRUE(runner.ok());
    for (std::vector<int64_t> lengths :
         {kLongLengths, {9001}, std::vector<int64_t>(40, 230)}) {
      RandomCall random(runner.get(), "loss_grad", lengths);
      setNumThreads(1);
      std::vector<std::string> expected = getBytes(runner, random);
      for (unsigned threads : {2, 3, 7}) {
        setNumThreads(threads);
        EXPECT_EQ(getBytes(runner, random), expected) << threads << " threads";
      }
      setNumThreads(1);
    }
  }
}

TEST(LinearScanTest, AnExampleGivesTheSameBitsAloneAndInCompany) {
  for (bool reverse : {false, true}) {
    std::string text = writeNarrow("lru", reverse);
    ModelRunner runner = compile(text, true);
    ASSERT_TRUE(runner.ok());
    RandomCall random(runner.get(), "loss_grad", kLongLengths);
    std::vector<Tensor> together = runner.call("loss_grad", random.lengths,
                                               random.data, random.parameters);
    for (size_t i = 0; i < kLongLengths.size(); ++i) {
      NamedTensors data;
      for (const auto &[name, tensor] : random.data) {
        Shape shape(tensor.shape());
        shape[0] = 1;
        Tensor own(tensor.dtype(), shape);
        memcpy(own.data(),
               static_cast<const char *>(tensor.data()) + i * own.sizeInBytes(),
               own.sizeInBytes());
        data.emplace(name, std::move(own));
      }
      std::vector<Tensor> alone =
          runner.call("loss_grad", {kLongLengths[i]}, data, random.parameters);
      // The loss, outputs, mean and last: what is one example's own.
      for (size_t k = 0; k < 4; ++k)
        EXPECT_EQ(memcmp(alone[k].data(),
                         static_cast<const char *>(together[k].data()) +
                             i * alone[k].sizeInBytes(),
                         alone[k].sizeInBytes()),
                  0)
            << "example " << i << ", output " << k;
    }
  }
}

void PrintTo(const Recurrence &recurrence, std::ostream *os) {
  *os << recurrence.name;
}

INSTANTIATE_TEST_SUITE_P(, RecurrenceTest, testing::ValuesIn(recurrences),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace
