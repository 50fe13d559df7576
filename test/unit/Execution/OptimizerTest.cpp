//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The optimizers of the prelude against their formulas.
//
//===----------------------------------------------------------------------===//

#include "ModelRunner.h"
#include "ravel/Pipelines/Registration.h"
#include "ravel/Prelude/Prelude.h"
#include "gtest/gtest.h"
#include <cmath>
#include <functional>

using namespace ravel;
using namespace ravel::test;

namespace {

/// One element: a parameter and its states.
struct Element {
  double p, s0 = 0.0, s1 = 0.0;
};
using Hyper = std::map<std::string, double>;
using Update =
    std::function<void(Element &, double g, double lr, double t, Hyper &)>;

/// An optimizer as the papers have it, and its hyperparameters: first what they
/// are by default, then other values.
struct Optimizer {
  Update update;
  Hyper defaults, others;
};

void adam(Element &e, double g, double lr, double t, Hyper &h, double decay) {
  e.s0 = h["beta1"] * e.s0 + (1 - h["beta1"]) * g;
  e.s1 = h["beta2"] * e.s1 + (1 - h["beta2"]) * g * g;
  double m = e.s0 / (1 - std::pow(h["beta1"], t));
  double v = e.s1 / (1 - std::pow(h["beta2"], t));
  e.p -= lr * (m / (std::sqrt(v) + h["epsilon"]) + decay * e.p);
}

const std::map<std::string, Optimizer> &getOptimizers() {
  static const std::map<std::string, Optimizer> optimizers = {
      {"sgd",
       {[](Element &e, double g, double lr, double, Hyper &) { e.p -= lr * g; },
        {},
        {}}},
      {"momentum",
       {[](Element &e, double g, double lr, double, Hyper &h) {
          e.s0 = h["momentum"] * e.s0 + g;
          e.p -= lr * e.s0;
        },
        {{"momentum", 0.9}},
        {{"momentum", 0.5}}}},
      {"adam",
       {[](Element &e, double g, double lr, double t, Hyper &h) {
          adam(e, g, lr, t, h, 0.0);
        },
        {{"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}},
        {{"beta1", 0.8}, {"beta2", 0.95}, {"epsilon", 1e-3}}}},
      {"adamw",
       {[](Element &e, double g, double lr, double t, Hyper &h) {
          adam(e, g, lr, t, h, h["decay"]);
        },
        {{"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"decay", 0.01}},
        {{"beta1", 0.7}, {"beta2", 0.9}, {"epsilon", 1e-2}, {"decay", 0.1}}}},
      {"rmsprop",
       {[](Element &e, double g, double lr, double, Hyper &h) {
          e.s0 = h["decay"] * e.s0 + (1 - h["decay"]) * g * g;
          e.p -= lr * g / (std::sqrt(e.s0) + h["epsilon"]);
        },
        {{"decay", 0.99}, {"epsilon", 1e-8}},
        {{"decay", 0.9}, {"epsilon", 1e-3}}}},
  };
  return optimizers;
}

std::vector<std::string> getNames() {
  mlir::DialectRegistry registry;
  ravel::registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> prelude = parsePrelude(&context);
  std::vector<std::string> names;
  for (auto optimizer : prelude->getOps<rnn::OptimizerOp>())
    names.push_back(optimizer.getSymName().str());
  return names;
}

class OptimizerTest : public testing::TestWithParam<std::string> {
public:
  /// Runs six steps in place and compares all elements with `optimizer`.
  void check(const Optimizer &optimizer, Hyper hyper, bool override) {
    CompileOptions options;
    options.precision = DType::F64;
    options.optimizer = GetParam();
    if (override)
      options.hyperparameters = hyper;
    ModelRunner runner("", options);
    ASSERT_TRUE(runner.ok());
    const Signature *signature = runner.get().find(GetParam());
    ASSERT_TRUE(signature);

    std::vector<Argument> inputs, outputs;
    for (const Argument &argument : signature->arguments) {
      if (argument.role == Role::Input)
        inputs.push_back(argument);
      if (argument.role == Role::Output)
        outputs.push_back(argument);
    }
    ASSERT_GE(inputs.size(), 4u);
    const int64_t rows = 3, width = inputs.front().shape.front();
    std::vector<Element> expected(rows * width);
    std::map<std::string, Tensor> tensors;
    for (const Argument &input : inputs) {
      Shape shape;
      if (input.layout == RowLayout::Example)
        shape.push_back(rows);
      shape.append(input.shape.begin(), input.shape.end());
      tensors.emplace(input.name, Tensor(DType::F64, shape));
    }
    for (int64_t i = 0; i < rows * width; ++i)
      expected[i].p = tensors["parameter"].view<double>()[i] =
          std::sin(0.7 * i) - 0.1;
    const double rate = 0.03;
    tensors["learning_rate"].view<double>()[0] = rate;
    Tensor offsets(DType::I64, {1});
    for (int step = 1; step <= 6; ++step) {
      tensors["step"].view<double>()[0] = step;
      for (int64_t i = 0; i < rows * width; ++i) {
        double g = std::cos(1.3 * i + step) * (i % 5 ? 1.0 : 1e-4);
        tensors["gradient"].view<double>()[i] = g;
        optimizer.update(expected[i], g, rate, step, hyper);
      }
      std::vector<TensorRef> arguments;
      unsigned numOutputs = 0;
      for (const Argument &argument : signature->arguments) {
        if (argument.role == Role::Offsets)
          arguments.push_back(offsets);
        if (argument.role == Role::Input)
          arguments.push_back(tensors[argument.name]);
        // Each result takes the place of what it replaces.
        if (argument.role == Role::Output) {
          arguments.push_back(
              tensors[numOutputs == 0
                          ? std::string("parameter")
                          : "state" + std::to_string(numOutputs - 1)]);
          ++numOutputs;
        }
      }
      ASSERT_EQ(llvm::toString(runner.get().call(GetParam(), arguments, rows)),
                "");
      for (int64_t i = 0; i < rows * width; ++i) {
        // A few roundings of numbers of this size.
        EXPECT_NEAR(tensors["parameter"].view<double>()[i], expected[i].p,
                    1e-13)
            << "element " << i << " after step " << step;
        if (outputs.size() > 1)
          EXPECT_NEAR(tensors["state0"].view<double>()[i], expected[i].s0,
                      1e-13);
        if (outputs.size() > 2)
          EXPECT_NEAR(tensors["state1"].view<double>()[i], expected[i].s1,
                      1e-13);
      }
    }
  }
};

TEST_P(OptimizerTest, FollowsItsFormula) {
  auto found = getOptimizers().find(GetParam());
  ASSERT_NE(found, getOptimizers().end())
      << "this test lacks the formula of " << GetParam();
  check(found->second, found->second.defaults, /*override=*/false);
  if (!found->second.others.empty())
    check(found->second, found->second.others, /*override=*/true);
}

INSTANTIATE_TEST_SUITE_P(All, OptimizerTest, testing::ValuesIn(getNames()),
                         [](const auto &info) { return info.param; });

TEST(HyperparameterTest, UnknownNameIsAnError) {
  CompileOptions options;
  options.optimizer = "momentum";
  options.hyperparameters = {{"momentun", 0.5}};
  llvm::Expected<Module> module =
      Compiler(/*cacheDirectory=*/"").compile({"", "test.mlir"}, options);
  ASSERT_FALSE(module);
  EXPECT_EQ(llvm::toString(module.takeError()),
            "optimizer 'momentum' has no hyperparameter 'momentun'; it has "
            "momentum");
}

} // namespace
