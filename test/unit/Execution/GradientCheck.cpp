//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "ravel/Pipelines/Registration.h"
#include "ravel/Prelude/Prelude.h"
#include "ravel/Training/Batching.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

RandomCall::RandomCall(const Module &module, llvm::StringRef function,
                       std::vector<int64_t> lengths, uint64_t seed,
                       const std::map<std::string, Range> &ranges,
                       int32_t numClasses, llvm::ArrayRef<int64_t> otherLengths)
    : lengths(std::move(lengths)) {
  std::mt19937_64 random(seed);
  int64_t batch = this->lengths.size();
  int64_t time = 0;
  for (int64_t length : this->lengths)
    time = std::max(time, length);
  for (int64_t length : otherLengths)
    time = std::max(time, length);
  for (int64_t i = 0; i < batch; ++i)
    weights.push_back(std::uniform_real_distribution(0.5, 1.5)(random));
  const Signature *signature = module.find(function);
  if (!signature) {
    ADD_FAILURE() << "no function " << function.str();
    return;
  }
  for (const Argument &argument : signature->arguments) {
    bool isParameter = argument.role == Role::Parameter;
    if (!isParameter && argument.role != Role::Input)
      continue;
    Shape shape;
    if (argument.layout != RowLayout::Shared)
      shape.push_back(batch);
    if (argument.layout == RowLayout::Sequence)
      shape.push_back(time);
    shape.append(argument.shape.begin(), argument.shape.end());
    Tensor tensor(argument.dtype, shape);
    Range range;
    if (auto found = ranges.find(argument.name); found != ranges.end())
      range = found->second;
    dispatch(argument.dtype, [&](auto element) {
      using T = decltype(element);
      for (T &value : tensor.view<T>())
        if constexpr (std::is_floating_point_v<T>)
          value = static_cast<T>(
              std::uniform_real_distribution(range.low, range.high)(random));
        else
          value = static_cast<T>(
              std::uniform_int_distribution<int>(0, numClasses - 1)(random));
    });
    (isParameter ? parameters : data).emplace(argument.name, std::move(tensor));
  }
}

std::vector<std::string> ravel::test::getFloatInputs(llvm::StringRef text) {
  std::vector<std::string> names;
  llvm::StringRef list = text.split("@loss(").second.split(") ->").first;
  llvm::SmallVector<llvm::StringRef> arguments;
  list.split(arguments, ", ");
  for (llvm::StringRef argument : arguments) {
    auto [name, type] = argument.trim().split(':');
    if (type.contains("f32"))
      names.push_back(name.trim().ltrim('%').str());
  }
  return names;
}

std::vector<PreludeCell> ravel::test::getPreludeCells() {
  mlir::DialectRegistry registry;
  ravel::registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> prelude = parsePrelude(&context);
  std::vector<PreludeCell> cells;
  for (auto cell : prelude->getOps<rnn::CellOp>())
    cells.push_back({cell.getSymName().str(), cell.getStates().size(),
                     cell.getInputs().size()});
  return cells;
}

std::string ravel::test::PreludeCell::forInputs(llvm::StringRef text) const {
  return llvm::join(std::vector<std::string>(numInputs, text.str()), ", ");
}

void ravel::test::PrintTo(const PreludeCell &cell, std::ostream *os) {
  *os << cell.name;
}

CompileOptions ravel::test::getGradientOptions(llvm::StringRef text,
                                               DType precision) {
  CompileOptions options;
  options.precision = precision;
  options.objective = "loss";
  options.gradientInputs = getFloatInputs(text);
  // What is tested is our own code.
  options.optimizationLevel = 1;
  return options;
}

void GradientCheck::run(llvm::StringRef text) const {
  CompileOptions options = getGradientOptions(text);
  options.training = training;
  ModelRunner runner(text, options);
  runner.otherLengths.push_back(otherLengths);
  if (runner.ok())
    run(runner);
}

/// How far each difference may be from the gradient, in parts of the gradient's
/// largest component: of a step of 1e-5 the difference has an error of about
/// 1e-10 of the loss's third derivative, and 1e-11 by rounding of the loss.
static constexpr double kStep = 1e-5, kTolerance = 1e-6;

void GradientCheck::run(const ModelRunner &runner) const {
  const Signature *signature = runner.get().find("loss_grad");
  ASSERT_TRUE(signature);
  RandomCall call(runner.get(), "loss_grad", lengths, seed, ranges,
                  /*numClasses=*/3, otherLengths);
  std::vector<Tensor> outputs = runner.call("loss_grad", lengths, call.data,
                                            call.parameters, call.weights);
  ASSERT_FALSE(outputs.empty());
  int64_t batch = lengths.size();

  /// The losses of the examples, weighted.
  auto getLosses = [&] {
    std::vector<Tensor> results =
        runner.call("loss_grad", lengths, call.data, call.parameters);
    std::vector<double> losses(batch);
    for (int64_t i = 0; i < batch; ++i)
      losses[i] = call.weights[i] * results.front().view<double>()[i];
    return losses;
  };
  unsigned numChecked = 0;
  for (auto [index, output] : llvm::enumerate(outputs)) {
    const Argument &argument =
        signature->arguments[signature->find(Role::Output)[index]];
    if (argument.gradientOf.empty())
      continue;
    ++numChecked;
    bool isShared = argument.layout == RowLayout::Shared;
    auto found = call.parameters.find(argument.gradientOf);
    if (found == call.parameters.end())
      found = call.data.find(argument.gradientOf);
    Tensor &tensor = found->second;
    ASSERT_EQ(toString(tensor.shape()), toString(output.shape()))
        << argument.gradientOf;
    llvm::MutableArrayRef<double> values = tensor.view<double>();
    Tensor expected(DType::F64, tensor.shape());
    // Examples do not depend on each other, so that the same component of all
    // is moved at once.
    int64_t numRows = isShared ? 1 : batch;
    int64_t rowSize = numRows ? int64_t(values.size()) / numRows : 0;
    for (int64_t k = 0; k < rowSize; ++k) {
      auto move = [&](double by) {
        for (int64_t row = 0; row < numRows; ++row)
          values[row * rowSize + k] += by;
      };
      std::vector<double> before(numRows);
      for (int64_t row = 0; row < numRows; ++row)
        before[row] = values[row * rowSize + k];
      move(kStep);
      std::vector<double> high = getLosses();
      move(-2 * kStep);
      std::vector<double> low = getLosses();
      for (int64_t row = 0; row < numRows; ++row)
        values[row * rowSize + k] = before[row];
      for (int64_t row = 0; row < batch; ++row)
        expected.view<double>()[isShared ? k : row * rowSize + k] +=
            (high[row] - low[row]) / (2 * kStep);
    }
    double scale = 1e-2;
    for (double value : expected.view<double>())
      scale = std::max(scale, std::abs(value));
    for (auto [k, pair] : llvm::enumerate(
             llvm::zip_equal(output.view<double>(), expected.view<double>())))
      // Written so that a NaN fails.
      if (!(std::abs(std::get<0>(pair) - std::get<1>(pair)) <=
            kTolerance * scale)) {
        ADD_FAILURE() << "gradient of '" << argument.gradientOf << "' at "
                      << toIndexString(tensor.shape(), k) << " is "
                      << std::get<0>(pair) << ", but the difference is "
                      << std::get<1>(pair);
        break;
      }
  }
  EXPECT_GT(numChecked, 0u);
}
