//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Gradients of every cell of the prelude and of every op that has one, against
// central differences in f64.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

//===----------------------------------------------------------------------===//
// Cells of the prelude
//===----------------------------------------------------------------------===//

/// A loss of the outputs and final states of one unroll of `cell`, forward or
/// in reverse, from given states.
std::string writeUnroll(const PreludeCell &cell, llvm::ArrayRef<int64_t> states,
                        bool reverse) {
  std::string args, initial, types, terms, finalTypes;
  std::string total = "%l";
  for (auto [k, size] : llvm::enumerate(states)) {
    std::string type = llvm::formatv("tensor<{0}xf32>", size);
    args += llvm::formatv(", %s{0}: {1}, %t{0}: {1}", k, type);
    initial += llvm::formatv("{0}%s{1}", k ? ", " : "", k);
    types += ", " + type;
    terms += llvm::formatv("  %m{0} = rnn.mse %y#{1}, %t{0} : {2}, {2}\n"
                           "  %l{0} = arith.addf {3}, %m{0} : f32\n",
                           k, k + 1, type, total);
    total = llvm::formatv("%l{0}", k);
  }
  std::string y =
      llvm::formatv("!rnn.seq<tensor<{0}xf32>>", states.front()).str();
  return llvm::formatv(
      "func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %t: {0}{1}) -> f32 {{\n"
      "  %y:{2} = rnn.unroll @{3} \"cell\" ({9}) state({4}) {5} : "
      "({10}{6}) -> ({0}{6})\n"
      "  %l = rnn.mse %y#0, %t {{reduction = \"sum\"} : {0}, {0}\n"
      "{7}  return {8} : f32\n}\n",
      y, args, states.size() + 1, cell.name, initial, reverse ? "reverse" : "",
      types, terms, total, cell.forInputs("%x"),
      cell.forInputs("!rnn.seq<tensor<3xf32>>"));
}

class PreludeGradientTest : public testing::TestWithParam<PreludeCell> {};

TEST_P(PreludeGradientTest, EqualsCentralDifferences) {
  std::vector<int64_t> sizes(GetParam().numStates, 4);
  // The one cell whose states differ in size.
  if (GetParam().name == "lstm_projected")
    sizes = {3, 5};
  GradientCheck().run(writeUnroll(GetParam(), sizes, /*reverse=*/false));
}

INSTANTIATE_TEST_SUITE_P(All, PreludeGradientTest,
                         testing::ValuesIn(getPreludeCells()),
                         [](const auto &info) { return info.param.name; });

TEST(GradientTest, ReversedUnroll) {
  GradientCheck().run(writeUnroll({"gru", 1}, {4}, /*reverse=*/true));
}

//===----------------------------------------------------------------------===//
// Elementwise functions
//===----------------------------------------------------------------------===//

/// A loss that sums a weighted sum of each term, a line that defines `%NAME.y`
/// of five components from arguments `%NAME.0`, `%NAME.1`, …
class TermWriter {
public:
  void add(const std::string &name, const std::string &line,
           std::vector<Range> ranges) {
    for (auto [k, range] : llvm::enumerate(ranges)) {
      std::string argument = name + "." + std::to_string(k);
      args += (args.empty() ? "%" : ", %") + argument + ": tensor<5xf32>";
      check.ranges[argument] = range;
    }
    body += "  " + line + "\n";
    addTerm(name + ".y");
  }
  void addTerm(const std::string &value) {
    body += llvm::formatv(
        "  %q{0} = arith.mulf %{1}, %weights : tensor<5xf32>\n"
        "  %s{0} = rnn.sum %q{0} : tensor<5xf32>\n"
        "  %t{0} = arith.addf %{2}, %s{0} : f32\n",
        numTerms, value,
        numTerms ? "t" + std::to_string(numTerms - 1) : std::string("zero"));
    ++numTerms;
  }
  std::string take() const {
    return "func.func @loss(" + args +
           ") -> f32 {\n  %zero = arith.constant 0.0 : f32\n"
           "  %weights = arith.constant dense<[0.3, -1.1, 0.7, 1.9, -0.4]> : "
           "tensor<5xf32>\n" +
           body + "  return %t" + std::to_string(numTerms - 1) + " : f32\n}\n";
  }

  GradientCheck check;

private:
  std::string args, body;
  int numTerms = 0;
};

struct Function {
  const char *name;
  std::vector<Range> ranges;
};

TEST(GradientTest, ElementwiseOps) {
  Range any, positive{0.2, 2.0}, inside{-0.9, 0.9}, above{1.1, 2.0},
      far{3.0, 4.0};
  const Function functions[] = {
      {"arith.addf", {any, any}},
      {"arith.subf", {any, any}},
      {"arith.mulf", {any, any}},
      {"arith.divf", {any, positive}},
      {"arith.negf", {any}},
      {"arith.remf", {far, {1.1, 1.3}}},
      {"arith.maximumf", {any, any}},
      {"arith.minimumf", {any, any}},
      {"arith.maxnumf", {any, any}},
      {"arith.minnumf", {any, any}},
      {"math.absf", {any}},
      {"math.acos", {inside}},
      {"math.acosh", {above}},
      {"math.asin", {inside}},
      {"math.asinh", {any}},
      {"math.atan", {any}},
      {"math.atanh", {inside}},
      {"math.atan2", {any, positive}},
      {"math.cbrt", {positive}},
      {"math.copysign", {any, any}},
      {"math.cos", {any}},
      {"math.cosh", {any}},
      {"math.erf", {any}},
      {"math.erfc", {any}},
      {"math.exp", {any}},
      {"math.exp2", {any}},
      {"math.expm1", {any}},
      {"math.fma", {any, any, any}},
      {"math.log", {positive}},
      {"math.log10", {positive}},
      {"math.log1p", {positive}},
      {"math.log2", {positive}},
      {"math.powf", {positive, any}},
      {"math.rsqrt", {positive}},
      {"math.sin", {any}},
      {"math.sinh", {any}},
      {"math.sqrt", {positive}},
      {"math.tan", {any}},
      {"math.tanh", {any}},
      {"rnn.sigmoid", {any}},
      {"rnn.relu", {any}},
      {"rnn.leaky_relu", {any}},
      {"rnn.elu", {any}},
      {"rnn.softplus", {any}},
      {"rnn.gelu", {any}},
      {"rnn.silu", {any}},
      {"rnn.hard_sigmoid", {any}},
      {"rnn.softmax", {any}},
  };
  TermWriter writer;
  for (const Function &function : functions) {
    std::string name = function.name, operands;
    std::replace(name.begin(), name.end(), '.', '_');
    for (size_t k = 0; k < function.ranges.size(); ++k)
      operands += llvm::formatv("{0}%{1}.{2}", k ? ", " : "", name, k);
    writer.add(name,
               llvm::formatv("%{0}.y = {1} {2} : tensor<5xf32>", name,
                             function.name, operands),
               function.ranges);
  }
  // What is flat has no gradient but is no error.
  for (const char *op : {"math.ceil", "math.floor", "math.round",
                         "math.roundeven", "math.trunc"}) {
    std::string name = op;
    std::replace(name.begin(), name.end(), '.', '_');
    writer.add(name,
               llvm::formatv("%{0}.y = {1} %{0}.0 : tensor<5xf32>", name, op),
               {{0.1, 0.4}});
  }
  writer.add("select",
             "%select.c = arith.cmpf olt, %select.0, %select.1 : "
             "tensor<5xf32>\n  %select.y = arith.select %select.c, %select.1, "
             "%select.2 : tensor<5xi1>, tensor<5xf32>",
             {any, any, any});
  writer.check.lengths = {0, 0};
  writer.check.run(writer.take());
}

TEST(GradientTest, VectorOps) {
  const char *model = R"mlir(
    func.func @loss(%x: tensor<5xf32>, %z: tensor<5xf32>, %i: i32, %a: f32, %u: tensor<3xf32>, %v: tensor<4xf32>, %w: tensor<7xf32>, %m: tensor<2x5xf32> {rnn.shared}) -> f32 {
      %sum = rnn.sum %x : tensor<5xf32>
      %max = rnn.max %x : tensor<5xf32>
      %lse = rnn.log_sum_exp %x : tensor<5xf32>
      %pick = rnn.pick %z at %i : tensor<5xf32>
      %spread = rnn.broadcast %a : f32 -> tensor<5xf32>
      %norm = rnn.layer_norm "norm" %x : tensor<5xf32>
      %soft = rnn.softmax %z : tensor<5xf32>
      %p = arith.mulf %spread, %norm : tensor<5xf32>
      %q = arith.mulf %p, %soft : tensor<5xf32>
      %qs = rnn.sum %q : tensor<5xf32>
      %cat = tensor.concat dim(0) %u, %v : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
      %cw = arith.mulf %cat, %w : tensor<7xf32>
      %slice = tensor.extract_slice %cw[2] [3] [1] : tensor<7xf32> to tensor<3xf32>
      %first = tensor.extract_slice %cw[0] [3] [1] : tensor<7xf32> to tensor<3xf32>
      %last = tensor.extract_slice %w[4] [3] [1] : tensor<7xf32> to tensor<3xf32>
      %sl = math.exp %slice : tensor<3xf32>
      %sf = arith.mulf %sl, %first : tensor<3xf32>
      %st = arith.mulf %sf, %last : tensor<3xf32>
      %sls = rnn.sum %st : tensor<3xf32>
      %learned = rnn.param "learned" {init = #rnn.normal<0.0, 1.0>} : tensor<5xf32>
      %lx = arith.mulf %learned, %x : tensor<5xf32>
      %ll = arith.mulf %learned, %lx : tensor<5xf32>
      %lls = rnn.sum %ll : tensor<5xf32>
      %e0 = rnn.embed "table" %i {vocab = 3} : tensor<5xf32>
      %e1 = arith.mulf %e0, %z : tensor<5xf32>
      %es = rnn.sum %e1 : tensor<5xf32>
      %mse = rnn.mse %x, %z : tensor<5xf32>, tensor<5xf32>
      %mae = rnn.mae %x, %z : tensor<5xf32>, tensor<5xf32>
      %target = rnn.sigmoid %z : tensor<5xf32>
      %bce = rnn.bce %x, %target : tensor<5xf32>, tensor<5xf32>
      %ce = rnn.cross_entropy %x, %i : tensor<5xf32>, i32
      %0 = arith.mulf %sum, %max : f32
      %1 = arith.mulf %0, %lse : f32
      %2 = arith.mulf %pick, %qs : f32
      %3 = arith.addf %1, %2 : f32
      %4 = arith.mulf %3, %sls : f32
      %5 = arith.addf %4, %lls : f32
      %6 = arith.addf %5, %es : f32
      %7 = arith.addf %6, %mse : f32
      %8 = arith.addf %7, %mae : f32
      %9 = arith.mulf %8, %bce : f32
      %10 = arith.addf %9, %ce : f32
      return %10 : f32
    })mlir";
  GradientCheck check;
  check.run(model);
}

TEST(GradientTest, Activations) {
  std::string body;
  std::string below = "%x";
  for (const char *activation :
       {"identity", "sigmoid", "tanh", "relu", "softplus", "gelu", "silu",
        "hard_sigmoid", "leaky_relu", "elu", "exp"}) {
    body += llvm::formatv("  %{0} = rnn.gate \"{0}\" {0}({1}) : "
                          "(!rnn.seq<tensor<2xf32>>) -> "
                          "!rnn.seq<tensor<2xf32>>\n",
                          activation, below);
    below = std::string("%") + activation;
  }
  GradientCheck().run(
      "func.func @loss(%x: !rnn.seq<tensor<2xf32>>, %t: "
      "!rnn.seq<tensor<2xf32>>) -> f32 {\n" +
      body + "  %l = rnn.mse " + below +
      ", %t : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>\n"
      "  return %l : f32\n}\n");
}

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

TEST(GradientTest, OverTime) {
  GradientCheck check;
  // The maximum of no instants is minus infinity.
  check.lengths = {6, 5, 2, 5, 1};
  check.run(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %z: !rnn.seq<tensor<3xf32>>, %i: !rnn.seq<i32>, %w: tensor<3xf32>) -> f32 {
      %e = rnn.embed "table" %i {vocab = 3} : !rnn.seq<tensor<3xf32>>
      %r = rnn.reverse %x : !rnn.seq<tensor<3xf32>>
      %p = rnn.project "mix" (%e, %r, %z) : (!rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
      %s = rnn.softmax %p : !rnn.seq<tensor<3xf32>>
      %n = rnn.layer_norm "norm" %p : !rnn.seq<tensor<3xf32>>
      %last = rnn.last %p : !rnn.seq<tensor<3xf32>>
      %sum = rnn.sum_over_time %s : !rnn.seq<tensor<3xf32>>
      %mean = rnn.mean_over_time %n : !rnn.seq<tensor<3xf32>>
      %max = rnn.max_over_time %p : !rnn.seq<tensor<3xf32>>
      %0 = arith.mulf %last, %sum : tensor<3xf32>
      %1 = arith.mulf %mean, %max : tensor<3xf32>
      %2 = arith.addf %0, %1 : tensor<3xf32>
      %3 = arith.mulf %2, %w : tensor<3xf32>
      %4 = rnn.sum %3 : tensor<3xf32>
      %length = rnn.length %x : !rnn.seq<tensor<3xf32>> -> f32
      %5 = arith.mulf %4, %length : f32
      return %5 : f32
    })mlir");
}

TEST(GradientTest, ObjectivesOfSequences) {
  GradientCheck().run(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %z: !rnn.seq<tensor<3xf32>>, %i: !rnn.seq<i32>) -> f32 {
      %0 = rnn.cross_entropy %x, %i : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32>
      %1 = rnn.mse %x, %z : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %2 = rnn.mae %x, %z : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %3 = rnn.bce %x, %z : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %4 = rnn.cross_entropy %z, %i {reduction = "sum"} : !rnn.seq<tensor<3xf32>>, !rnn.seq<i32>
      %5 = rnn.mse %z, %x {reduction = "sum"} : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %6 = rnn.mae %z, %x {reduction = "sum"} : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %7 = rnn.bce %z, %x {reduction = "sum"} : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %a = arith.mulf %0, %1 : f32
      %b = arith.mulf %2, %3 : f32
      %c = arith.mulf %4, %5 : f32
      %d = arith.mulf %6, %7 : f32
      %e = arith.addf %a, %b : f32
      %f = arith.addf %c, %d : f32
      %g = arith.addf %e, %f : f32
      return %g : f32
    })mlir");
}

TEST(GradientTest, Feedback) {
  GradientCheck().run(R"mlir(
    rnn.cell @jordan(%x, %y0) state(%h) {
      %h1 = rnn.gate "hidden" tanh(%x, %y0, %h) : tensor<?xf32>
      %y1 = rnn.project "out" (%h1) : tensor<?xf32>
      rnn.yield %y1 state(%h1)
    }
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %h: tensor<4xf32>, %y0: tensor<2xf32>, %t: !rnn.seq<tensor<2xf32>>, %th: tensor<4xf32>) -> f32 {
      %y, %hT = rnn.unroll @jordan "rnn" (%x) state(%h) feedback(%y0) : (!rnn.seq<tensor<3xf32>>, tensor<4xf32>, tensor<2xf32>) -> (!rnn.seq<tensor<2xf32>>, tensor<4xf32>)
      %0 = rnn.mse %y, %t : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
      %1 = rnn.mse %hT, %th : tensor<4xf32>, tensor<4xf32>
      %2 = arith.addf %0, %1 : f32
      return %2 : f32
    })mlir");
}

TEST(GradientTest, Step) {
  GradientCheck().run(R"mlir(
    func.func @loss(%x: tensor<3xf32>, %h: tensor<4xf32>, %c: tensor<4xf32>, %t: tensor<4xf32>) -> f32 {
      %y, %h1, %c1 = rnn.step @lstm "rnn" (%x) state(%h, %c) : (tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      %z, %h2, %c2 = rnn.step @lstm "rnn" (%x) state(%h1, %c1) : (tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      %p = arith.mulf %h2, %c2 : tensor<4xf32>
      %q = arith.addf %p, %y : tensor<4xf32>
      %l = rnn.mse %q, %t : tensor<4xf32>, tensor<4xf32>
      return %l : f32
    })mlir");
}

TEST(GradientTest, CapturedValuesOfTheExample) {
  GradientCheck().run(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %c: tensor<3xf32>, %a: f32, %i: i32) -> f32 {
      %zero = arith.constant dense<0.0> : tensor<3xf32>
      %e = rnn.embed "table" %i {vocab = 3} : tensor<3xf32>
      %s = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) state(%st = %zero : tensor<3xf32>) -> () {
        %0 = arith.mulf %xt, %c : tensor<3xf32>
        %1 = rnn.broadcast %a : f32 -> tensor<3xf32>
        %2 = arith.mulf %1, %st : tensor<3xf32>
        %3 = arith.addf %0, %2 : tensor<3xf32>
        %4 = arith.mulf %3, %e : tensor<3xf32>
        %5 = math.tanh %4 : tensor<3xf32>
        rnn.yield state(%5) : tensor<3xf32>
      }
      %y = rnn.scan (%xt = %x : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
        %0 = arith.mulf %xt, %s : tensor<3xf32>
        %1 = arith.mulf %0, %c : tensor<3xf32>
        rnn.yield %1 : tensor<3xf32>
      }
      %m = rnn.mean_over_time %y : !rnn.seq<tensor<3xf32>>
      %p = arith.mulf %m, %s : tensor<3xf32>
      %q = arith.addf %p, %s : tensor<3xf32>
      %l = rnn.sum %q : tensor<3xf32>
      return %l : f32
    })mlir");
}

TEST(GradientTest, SharedParameters) {
  GradientCheck().run(R"mlir(
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %t: !rnn.seq<tensor<3xf32>>) -> f32 {
      %gain = rnn.param "gain" {init = #rnn.constant<1.0>} : tensor<3xf32>
      %w = rnn.param "matrix" {init = #rnn.glorot} : tensor<3x3xf32>
      %a = rnn.unroll @gru "rnn" (%x) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
      %b = rnn.unroll @gru "rnn" (%x) reverse : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
      %c = rnn.unroll @gru "rnn" (%a) : (!rnn.seq<tensor<3xf32>>) -> !rnn.seq<tensor<3xf32>>
      %y = rnn.scan (%at = %a : !rnn.seq<tensor<3xf32>>, %bt = %b : !rnn.seq<tensor<3xf32>>, %ct = %c : !rnn.seq<tensor<3xf32>>) -> (!rnn.seq<tensor<3xf32>>) {
        %0 = arith.addf %at, %bt : tensor<3xf32>
        %1 = arith.mulf %0, %gain : tensor<3xf32>
        %2 = rnn.linear %1, %w : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
        %3 = rnn.linear %2, %w transpose : tensor<3xf32>, tensor<3x3xf32> -> tensor<3xf32>
        %4 = arith.addf %3, %ct : tensor<3xf32>
        rnn.yield %4 : tensor<3xf32>
      }
      %l = rnn.mse %y, %t : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
      %g = arith.mulf %gain, %gain : tensor<3xf32>
      %s = rnn.sum %g : tensor<3xf32>
      %r = arith.addf %l, %s : f32
      return %r : f32
    })mlir");
}

TEST(GradientTest, StatesThatDoNotMatter) {
  GradientCheck().run(R"mlir(
    rnn.cell @mixed(%x) state(%h, %unused, %constant) {
      %h1 = rnn.gate "hidden" tanh(%x, %h, %constant) : tensor<?xf32>
      %u1 = rnn.gate "unused" tanh(%x, %unused) : tensor<?xf32>
      rnn.yield %h1 state(%h1, %u1, %constant)
    }
    func.func @loss(%x: !rnn.seq<tensor<3xf32>>, %h: tensor<4xf32>, %u: tensor<2xf32>, %c: tensor<3xf32>, %t: tensor<4xf32>) -> f32 {
      %y:4 = rnn.unroll @mixed "rnn" (%x) state(%h, %u, %c) : (!rnn.seq<tensor<3xf32>>, tensor<4xf32>, tensor<2xf32>, tensor<3xf32>) -> (!rnn.seq<tensor<4xf32>>, tensor<4xf32>, tensor<2xf32>, tensor<3xf32>)
      %l = rnn.mse %y#1, %t : tensor<4xf32>, tensor<4xf32>
      return %l : f32
    })mlir");
}

} // namespace
