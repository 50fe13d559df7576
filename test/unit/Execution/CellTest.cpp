//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Cells that nobody foresaw: what a user may write must compile, have a right
// gradient, and learn.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

struct Cell {
  const char *name;
  /// The cell @cell.
  const char *text;
  /// The line that defines `%y : !rnn.seq<tensor<4xf32>>` from `%x` and `%z`,
  /// both `!rnn.seq<tensor<3xf32>>`.
  const char *use;
};

/// An unroll of a cell whose states have the size of its output.
constexpr const char *kPlain =
    R"(%y = rnn.unroll @cell "rnn" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>>)";

const Cell cells[] = {
    // Krause et al., Multiplicative LSTM for sequence modelling (2016).
    {"MultiplicativeLSTM", R"mlir(
     rnn.cell @cell(%x) state(%h, %c) {
       %mx = rnn.project "mx" (%x) {bias = false} : tensor<?xf32>
       %mh = rnn.project "mh" (%h) {bias = false} : tensor<?xf32>
       %m = arith.mulf %mx, %mh : tensor<?xf32>
       %i = rnn.gate "input" sigmoid(%x, %m) : tensor<?xf32>
       %f = rnn.gate "forget" sigmoid(%x, %m) {bias_init = 1.0} : tensor<?xf32>
       %o = rnn.gate "output" sigmoid(%x, %m) : tensor<?xf32>
       %g = rnn.gate "cell" tanh(%x, %m) : tensor<?xf32>
       %keep = arith.mulf %f, %c : tensor<?xf32>
       %add = arith.mulf %i, %g : tensor<?xf32>
       %c1 = arith.addf %keep, %add : tensor<?xf32>
       %t = math.tanh %c1 : tensor<?xf32>
       %h1 = arith.mulf %o, %t : tensor<?xf32>
       rnn.yield %h1 state(%h1, %c1)
     })mlir",
     kPlain},
    {"StatesOfTwoSizes", R"mlir(
     rnn.cell @cell(%x) state(%fast, %slow) {
       %f1 = rnn.gate "fast" tanh(%x, %fast, %slow) : tensor<?xf32>
       %u = rnn.gate "update" sigmoid(%f1, %slow) : tensor<?xf32>
       %n = rnn.gate "slow" tanh(%f1) : tensor<?xf32>
       %d = arith.subf %n, %slow : tensor<?xf32>
       %ud = arith.mulf %u, %d : tensor<?xf32>
       %s1 = arith.addf %slow, %ud : tensor<?xf32>
       rnn.yield %f1 state(%f1, %s1)
     })mlir",
     R"(%y, %f, %s = rnn.unroll @cell "rnn" (%x) : (!rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<4xf32>>, tensor<4xf32>, tensor<2xf32>))"},
    {"Softmax", R"mlir(
     rnn.cell @cell(%x) state(%h) {
       %p = rnn.project "choice" (%x, %h) : tensor<?xf32>
       %a = rnn.softmax %p : tensor<?xf32>
       %n = rnn.gate "new" tanh(%x, %h) : tensor<?xf32>
       %d = arith.subf %n, %h : tensor<?xf32>
       %ad = arith.mulf %a, %d : tensor<?xf32>
       %h1 = arith.addf %h, %ad : tensor<?xf32>
       rnn.yield %h1 state(%h1)
     })mlir",
     kPlain},
    {"ParameterVector", R"mlir(
     rnn.cell @cell(%x) state(%h) {
       %p = rnn.param "rate" {init = #rnn.uniform<-1.0, 1.0>} : tensor<?xf32>
       %a = rnn.sigmoid %p : tensor<?xf32>
       %n = rnn.gate "new" tanh(%x, %h) : tensor<?xf32>
       %d = arith.subf %n, %h : tensor<?xf32>
       %ad = arith.mulf %a, %d : tensor<?xf32>
       %h1 = arith.addf %h, %ad : tensor<?xf32>
       rnn.yield %h1 state(%h1)
     })mlir",
     kPlain},
    {"ScalarState", R"mlir(
     rnn.cell @cell(%x) state(%h, %energy: f32) {
       %square = arith.mulf %x, %x : tensor<?xf32>
       %sum = rnn.sum %square : tensor<?xf32>
       %decay = arith.constant 0.7 : f32
       %kept = arith.mulf %energy, %decay : f32
       %e1 = arith.addf %kept, %sum : f32
       %r = math.rsqrt %e1 : f32
       %scale = rnn.broadcast %r : f32 -> tensor<?xf32>
       %n = rnn.gate "new" tanh(%x, %h) : tensor<?xf32>
       %h1 = arith.mulf %n, %scale : tensor<?xf32>
       rnn.yield %h1 state(%h1, %e1) : tensor<?xf32>, tensor<?xf32>, f32
     })mlir",
     kPlain},
    {"TwoInputs", R"mlir(
     rnn.cell @cell(%a, %b) state(%h) {
       %g = rnn.gate "which" sigmoid(%a, %b, %h) : tensor<?xf32>
       %p = rnn.project "a" (%a) : tensor<?xf32>
       %q = rnn.gate "b" tanh(%b, %h) : tensor<?xf32>
       %d = arith.subf %p, %q : tensor<?xf32>
       %gd = arith.mulf %g, %d : tensor<?xf32>
       %h1 = arith.addf %q, %gd : tensor<?xf32>
       rnn.yield %h1 state(%h1)
     })mlir",
     R"(%y = rnn.unroll @cell "rnn" (%x, %z) : (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>>)"},
    {"TwoOutputs", R"mlir(
     rnn.cell @cell(%x) state(%h) {
       %h1 = rnn.gate "new" tanh(%x, %h) : tensor<?xf32>
       %o = rnn.gate "out" sigmoid(%x, %h1) : tensor<?xf32>
       rnn.yield %h1, %o state(%h1)
     })mlir",
     R"(%a, %b = rnn.unroll @cell "rnn" (%x) : (!rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<5xf32>>)
     %y = rnn.project "join" (%a, %b) : (!rnn.seq<tensor<4xf32>>, !rnn.seq<tensor<5xf32>>) -> !rnn.seq<tensor<4xf32>>)"},
    {"CountingState", R"mlir(
     rnn.cell @cell(%x) state(%h, %n: i32) {
       %one = arith.constant 1 : i32
       %n1 = arith.addi %n, %one : i32
       %e = rnn.embed "position" %n {vocab = 8} : tensor<?xf32>
       %p = rnn.project "new" (%x, %h) : tensor<?xf32>
       %s = arith.addf %p, %e : tensor<?xf32>
       %h1 = math.tanh %s : tensor<?xf32>
       rnn.yield %h1 state(%h1, %n1) : tensor<?xf32>, tensor<?xf32>, i32
     })mlir",
     kPlain},
    {"Slices", R"mlir(
     rnn.cell @cell(%x: tensor<3xf32>) state(%hc: tensor<8xf32>) {
       %h = tensor.extract_slice %hc[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
       %c = tensor.extract_slice %hc[4] [4] [1] : tensor<8xf32> to tensor<4xf32>
       %xh = tensor.concat dim(0) %x, %h : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
       %p = rnn.project "gates" (%xh) : (tensor<7xf32>) -> tensor<16xf32>
       %ip = tensor.extract_slice %p[0] [4] [1] : tensor<16xf32> to tensor<4xf32>
       %fp = tensor.extract_slice %p[4] [4] [1] : tensor<16xf32> to tensor<4xf32>
       %gp = tensor.extract_slice %p[8] [4] [1] : tensor<16xf32> to tensor<4xf32>
       %op = tensor.extract_slice %p[12] [4] [1] : tensor<16xf32> to tensor<4xf32>
       %i = rnn.sigmoid %ip : tensor<4xf32>
       %f = rnn.sigmoid %fp : tensor<4xf32>
       %g = math.tanh %gp : tensor<4xf32>
       %o = rnn.sigmoid %op : tensor<4xf32>
       %keep = arith.mulf %f, %c : tensor<4xf32>
       %add = arith.mulf %i, %g : tensor<4xf32>
       %c1 = arith.addf %keep, %add : tensor<4xf32>
       %t = math.tanh %c1 : tensor<4xf32>
       %h1 = arith.mulf %o, %t : tensor<4xf32>
       %next = tensor.concat dim(0) %h1, %c1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
       rnn.yield %h1 state(%next) : tensor<4xf32>, tensor<8xf32>
     })mlir",
     kPlain},
    {"NoState", R"mlir(
     rnn.cell @cell(%x) state() {
       %h = rnn.gate "hidden" gelu(%x) : tensor<?xf32>
       %n = rnn.layer_norm "norm" %h : tensor<?xf32>
       %y = rnn.gate "out" elu(%n) : tensor<?xf32>
       rnn.yield %y
     })mlir",
     R"(%y = rnn.unroll @cell "rnn" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<4xf32>>)"},
    // One matrix twice in a step, and numbers made of vectors.
    {"SharedInOneStep", R"mlir(
     rnn.cell @cell(%x) state(%h) {
       %a = rnn.gate "think" tanh(%x, %h) : tensor<?xf32>
       %b = rnn.gate "think" tanh(%x, %a) : tensor<?xf32>
       %largest = rnn.max %b : tensor<?xf32>
       %mass = rnn.log_sum_exp %a : tensor<?xf32>
       %ratio = arith.divf %largest, %mass : f32
       %r = rnn.broadcast %ratio : f32 -> tensor<?xf32>
       %h1 = arith.addf %b, %r : tensor<?xf32>
       rnn.yield %h1 state(%h1)
     })mlir",
     kPlain},
    {"MatrixAndConstants", R"mlir(
     rnn.cell @cell(%x: tensor<3xf32>) state(%h: tensor<4xf32>) {
       %decay = arith.constant dense<[0.1, 0.3, 0.7, 0.9]> : tensor<4xf32>
       %basis = arith.constant dense<[[0.5, -1.0, 0.25, 2.0], [1.0, 0.1, -0.5, 0.3], [0.2, 0.4, 0.8, -1.6]]> : tensor<3x4xf32>
       %w = rnn.param "mix" {init = #rnn.orthogonal<1.0>} : tensor<4x4xf32>
       %u = rnn.linear %x, %basis : tensor<3xf32>, tensor<3x4xf32> -> tensor<4xf32>
       %v = rnn.linear %h, %w transpose : tensor<4xf32>, tensor<4x4xf32> -> tensor<4xf32>
       %s = arith.addf %u, %v : tensor<4xf32>
       %n = math.tanh %s : tensor<4xf32>
       %d = arith.subf %h, %n : tensor<4xf32>
       %kd = arith.mulf %decay, %d : tensor<4xf32>
       %h1 = arith.addf %n, %kd : tensor<4xf32>
       rnn.yield %h1 state(%h1) : tensor<4xf32>, tensor<4xf32>
     })mlir",
     kPlain},
};

void PrintTo(const Cell &cell, std::ostream *os) { *os << cell.name; }

class CellTest : public testing::TestWithParam<Cell> {};

std::string writeModel(const Cell &cell) {
  return std::string(cell.text) +
         "\nfunc.func @loss(%x: !rnn.seq<tensor<3xf32>>, %z: "
         "!rnn.seq<tensor<3xf32>>, %t: !rnn.seq<tensor<1xf32>>) -> f32 {\n" +
         cell.use + R"mlir(
       %o = rnn.project "readout" (%y) : (!rnn.seq<tensor<4xf32>>) -> !rnn.seq<tensor<1xf32>>
       %l = rnn.mse %o, %t : !rnn.seq<tensor<1xf32>>, !rnn.seq<tensor<1xf32>>
       return %l : f32
     })mlir";
}

TEST_P(CellTest, HasGradientAndLearns) {
  std::string text = writeModel(GetParam());
  ModelRunner runner(text, getGradientOptions(text));
  ASSERT_TRUE(runner.ok());
  GradientCheck check;
  check.run(runner);

  // The target follows the inputs, so that there is something to learn.
  RandomCall call(runner.get(), "loss_grad", check.lengths);
  int64_t batch = check.lengths.size(), time = check.lengths.front();
  for (int64_t row = 0; row < batch * time; ++row) {
    llvm::ArrayRef<double> x =
        call.data.find("x")->second.view<double>().slice(3 * row, 3);
    llvm::ArrayRef<double> z =
        call.data.find("z")->second.view<double>().slice(3 * row, 3);
    call.data.find("t")->second.view<double>()[row] =
        0.5 * x[0] - 0.25 * x[1] + 0.1 * z[2] + 0.3;
  }
  NamedTensors parameters = runner.initialize(/*seed=*/3, DType::F64);
  const Signature *signature = runner.get().find("loss_grad");
  auto descend = [&] {
    std::vector<Tensor> outputs =
        runner.call("loss_grad", check.lengths, call.data, parameters);
    double loss = 0.0;
    for (double one : outputs.front().view<double>())
      loss += one / batch;
    for (auto [index, position] :
         llvm::enumerate(signature->find(Role::Output))) {
      auto found = parameters.find(signature->arguments[position].gradientOf);
      if (found != parameters.end())
        for (auto [value, gradient] : llvm::zip_equal(
                 found->second.view<double>(), outputs[index].view<double>()))
          value -= 0.2 / batch * gradient;
    }
    return loss;
  };
  double first = descend(), last = first;
  for (int step = 0; step < 300; ++step)
    last = descend();
  EXPECT_LT(last, 0.3 * first);
}

INSTANTIATE_TEST_SUITE_P(All, CellTest, testing::ValuesIn(cells),
                         [](const auto &info) { return info.param.name; });

} // namespace
