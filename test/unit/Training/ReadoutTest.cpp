//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Training/Readout.h"
#include "ModelRunner.h"
#include "TestSupport.h"
#include "ravel/Execution/Npy.h"
#include "ravel/Training/Random.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace ravel;
using namespace ravel::test;

using RegressionPointer = std::unique_ptr<Regression>;

/// Adds a row to a regression of either kind.
static void addRow(Regression &regression, Regression::Kind kind,
                   std::vector<double> row) {
  int64_t size = row.size();
  if (kind == Regression::Triangular)
    return regression.add({DType::F64, {1, size}, row.data()});
  std::vector<double> square;
  for (double a : row)
    for (double b : row)
      square.push_back(a * b);
  regression.add({DType::F64, {size, size}, square.data()});
}

/// Rows (x0, x1, 1, y) with y = 2 x0 - 3 x1 + 5 and noise.
static RegressionPointer makeRows(Regression::Kind kind, int rows, double noise,
                                  uint64_t seed) {
  Random random(seed);
  RegressionPointer regression = Regression::create(kind, 2, 1);
  for (int row = 0; row < rows; ++row) {
    double x0 = random.normal(), x1 = random.normal();
    addRow(*regression, kind,
           {x0, x1, 1, 2 * x0 - 3 * x1 + 5 + noise * random.normal()});
  }
  return regression;
}

/// The same rows to recursive least squares; the slopes turn round at `turn`.
static RegressionPointer makeRecursive(int rows, double noise, uint64_t seed,
                                       Regression::RecursiveOptions options,
                                       int turn = -1) {
  Random random(seed);
  RegressionPointer regression =
      Regression::create(Regression::Recursive, 2, 1, options);
  for (int row = 0; row < rows; ++row) {
    double x0 = random.normal(), x1 = random.normal();
    double sign = turn >= 0 && row >= turn ? -1 : 1;
    std::vector<double> values = {
        x0, x1, 1, sign * (2 * x0 - 3 * x1) + 5 + noise * random.normal()};
    regression->add({DType::F64, {1, 4}, values.data()});
  }
  return regression;
}

static std::vector<double> solve(const Regression &regression, double ridge,
                                 bool hasBias = true) {
  llvm::Expected<std::vector<double>> weights =
      regression.solve(ridge, hasBias);
  EXPECT_TRUE(bool(weights)) << llvm::toString(weights.takeError());
  return weights ? *weights : std::vector<double>(3);
}

class ReadoutTest : public testing::TestWithParam<Regression::Kind> {};
INSTANTIATE_TEST_SUITE_P(All, ReadoutTest,
                         testing::Values(Regression::NormalEquations,
                                         Regression::Triangular),
                         [](const auto &info) {
                           return info.param == Regression::Triangular
                                      ? "Triangular"
                                      : "NormalEquations";
                         });

TEST_P(ReadoutTest, SolvesWhatIsLinear) {
  RegressionPointer rows = makeRows(GetParam(), 50, 0, 1);
  std::vector<double> weights = solve(*rows, 0);
  EXPECT_NEAR(weights[0], 2, 1e-12);
  EXPECT_NEAR(weights[1], -3, 1e-12);
  EXPECT_NEAR(weights[2], 5, 1e-12);
  EXPECT_NEAR(rows->computeError(weights), 0, 1e-12);
  EXPECT_EQ(rows->count(), 50);
}

// The gradient of the objective is zero at its least value.
TEST_P(ReadoutTest, RidgeCountsTheWeightsButNotTheBias) {
  RegressionPointer rows = makeRows(GetParam(), 50, 0.1, 1);
  auto objective = [&](std::vector<double> w, double ridge) {
    return rows->computeError(w) * rows->count() +
           ridge * (w[0] * w[0] + w[1] * w[1]);
  };
  std::vector<double> best = solve(*rows, 10);
  for (int i = 0; i < 3; ++i) {
    std::vector<double> more = best, less = best;
    more[i] += 1e-4;
    less[i] -= 1e-4;
    EXPECT_NEAR(objective(more, 10) - objective(less, 10), 0, 1e-8);
    EXPECT_GT(objective(more, 10), objective(best, 10));
  }
}

TEST_P(ReadoutTest, WithoutBiasItIsZero) {
  EXPECT_EQ(solve(*makeRows(GetParam(), 50, 0, 1), 0, false)[2], 0);
}

// Each row corrects the inverse of the same normal equations.
TEST(RecursiveLeastSquaresTest, EqualsRidge) {
  RegressionPointer sums = makeRows(Regression::NormalEquations, 50, 0.5, 1);
  RegressionPointer recursive =
      makeRecursive(50, 0.5, 1, {/*ridge=*/0.1, /*hasBias=*/false, 1});
  std::vector<double> expected = solve(*sums, 0.1, /*hasBias=*/false);
  std::vector<double> actual = solve(*recursive, 0);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(actual[i], expected[i], 1e-12);
  EXPECT_EQ(recursive->count(), 50);
  EXPECT_NEAR(recursive->computeVariance(), sums->computeVariance(), 1e-12);
}

TEST(RecursiveLeastSquaresTest, Forgets) {
  Regression::RecursiveOptions options{/*ridge=*/1e-3, /*hasBias=*/true,
                                       /*forgetting=*/0.9};
  std::vector<double> weights =
      solve(*makeRecursive(400, 0, 1, options, /*turn=*/200), 0);
  EXPECT_NEAR(weights[0], -2, 1e-6);
  EXPECT_NEAR(weights[1], 3, 1e-6);
  EXPECT_NEAR(weights[2], 5, 1e-6);
}

TEST_P(ReadoutTest, PartsMerge) {
  RegressionPointer a = makeRows(GetParam(), 30, 0.5, 1);
  RegressionPointer b = makeRows(GetParam(), 20, 0.5, 2);
  RegressionPointer all = Regression::create(GetParam(), 2, 1);
  all->merge(*a);
  std::vector<double> expected = solve(*a, 1e-3), actual = solve(*all, 1e-3);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(actual[i], expected[i], 1e-12);
  all->merge(*b);
  EXPECT_EQ(all->count(), 50);
}

TEST_P(ReadoutTest, VarianceIsThatOfTheTargets) {
  RegressionPointer rows = Regression::create(GetParam(), 0, 1);
  for (double y : {1.0, 2.0, 6.0})
    addRow(*rows, GetParam(), {1, y});
  EXPECT_NEAR(rows->computeVariance(), (4 + 1 + 9) / 3.0, 1e-12);
}

TEST_P(ReadoutTest, ValuesThatAreNotFiniteGiveNoReadout) {
  RegressionPointer rows = Regression::create(GetParam(), 1, 1);
  addRow(*rows, GetParam(), {NAN, 1, 1});
  EXPECT_EQ(messageOf(rows->solve(1, true)),
            "the readout can't be solved: its features depend on each other; "
            "give a larger --ridge");
}

// Normal equations of such features are singular to rounding, and say so.
TEST(RegressionTest, NormalEquationsTellWhatTheyLost) {
  for (double difference : {1.0, 1e-9}) {
    Random random(1);
    RegressionPointer rows =
        Regression::create(Regression::NormalEquations, 2, 1);
    for (int row = 0; row < 50; ++row) {
      double x = random.normal(), d = random.normal();
      addRow(*rows, Regression::NormalEquations, {x, x + difference * d, 1, d});
    }
    bool isSingular = false;
    EXPECT_SUCCESS(rows->solve(0, true, &isSingular));
    EXPECT_EQ(isSingular, difference < 1e-8);
  }
}

// Two features that differ by 1e-9: squared, that is less than the rounding of
// their sums, but not in a triangular factor.
TEST(RegressionTest, TriangularFactorTellsNearlyDependentFeaturesApart) {
  Random random(1);
  RegressionPointer rows = Regression::create(Regression::Triangular, 2, 1);
  for (int row = 0; row < 50; ++row) {
    double x = random.normal(), d = random.normal();
    addRow(*rows, Regression::Triangular, {x, x + 1e-9 * d, 1, 1e-9 * d});
  }
  std::vector<double> weights = solve(*rows, 0);
  EXPECT_NEAR(weights[0], -1, 1e-5);
  EXPECT_NEAR(weights[1], 1, 1e-5);
}

//===----------------------------------------------------------------------===//
// Against numpy (test/Reference)
//===----------------------------------------------------------------------===//

static constexpr const char *kModel = R"(
func.func @states(%x: !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<40xf32>> {
  %h = rnn.unroll @esn "r" (%x) {settings = {leak = 0.7}} : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<40xf32>>
  return %h : !rnn.seq<tensor<40xf32>>
}
func.func @loss(%x: !rnn.seq<tensor<2xf32>>, %y: !rnn.seq<tensor<2xf32>>) -> f32 {
  %h = call @states(%x) : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<40xf32>>
  %p = rnn.readout "out" (%h, %x) : (!rnn.seq<tensor<40xf32>>, !rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<2xf32>>
  %l = rnn.mse %p, %y : !rnn.seq<tensor<2xf32>>, !rnn.seq<tensor<2xf32>>
  return %l : f32
}
)";

namespace {
struct Reference {
  NamedTensors all, parameters;
  std::vector<int64_t> lengths;

  explicit Reference(const char *file = "reservoir.npz") {
    all =
        get(readNpz(std::string(RAVEL_TEST_SOURCE_DIR) + "/Reference/" + file));
    for (auto &[name, tensor] : all)
      if (llvm::StringRef(name).starts_with("param."))
        parameters[name.substr(6)] = std::move(tensor);
    if (auto it = all.find("lengths"); it != all.end())
      for (int64_t length : it->second.view<int64_t>())
        lengths.push_back(length);
  }
};
} // namespace

TEST(ReservoirCellTest, StatesEqualNumpy) {
  Reference reference;
  CompileOptions options;
  options.precision = DType::F64;
  options.functions = {"states"};
  ModelRunner runner(kModel, options);
  ASSERT_TRUE(runner.ok());
  NamedTensors data;
  data["x"] = std::move(reference.all.at("x"));
  std::vector<Tensor> results =
      runner.call("states", reference.lengths, data, reference.parameters);
  auto expected = reference.all.at("states").view<double>();
  auto actual = results[0].view<double>();
  ASSERT_EQ(actual.size(), expected.size());
  // Each step shrinks errors, so that they stay at the rounding of one.
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], 1e-13);
}

/// The regression of the reference's data, in batches of `batchSize`.
static std::vector<RegressionPointer> collect(Regression::Kind kind,
                                              const Reference &reference,
                                              int64_t batchSize,
                                              int64_t folds) {
  CompileOptions options;
  options.precision = DType::F64;
  options.functions = {"loss"};
  options.solve = "loss";
  options.solveRows = kind == Regression::Triangular;
  Module module = get(Compiler().compile({kModel, "model"}, options));
  std::vector<ParameterSpec> specs;
  for (const ManifestEntry &entry : module.manifest())
    specs.push_back(entry.spec);
  ParameterStore store = get(ParameterStore::create(specs, DType::F64));
  LoadOptions load;
  load.allowMissing = true;
  EXPECT_SUCCESS(store.load(reference.parameters, "reference", load));
  std::vector<Field> fields;
  for (const char *name : {"x", "y"}) {
    const Tensor &data = reference.all.at(name);
    auto rows = std::make_shared<Tensor>(DType::F64,
                                         Shape{data.dim(0) * data.dim(1), 2});
    llvm::copy(data.view<double>(), rows->view<double>().begin());
    Field field{{name, DType::F64, {2}, "time"}, rows, {}, {}};
    for (auto [index, length] : llvm::enumerate(reference.lengths)) {
      field.begin.push_back(index * data.dim(1));
      field.length.push_back(length);
    }
    fields.push_back(std::move(field));
  }
  ReadoutOptions readout;
  readout.function = "loss.normal";
  readout.kind = kind;
  readout.batchSize = batchSize;
  readout.washout = 20;
  readout.folds = folds;
  readout.numTargets = 2;
  return get(collectRegression(
      module, store, get(Dataset::create(std::move(fields))), readout));
}

TEST_P(ReadoutTest, RidgeEqualsNumpyLeastSquares) {
  Reference reference;
  auto expected = reference.all.at("weights").view<double>();
  for (int64_t batchSize : {1, 2, 8}) {
    RegressionPointer rows =
        std::move(collect(GetParam(), reference, batchSize, 1).front());
    EXPECT_EQ(rows->count(), 1000 - 3 * 20);
    std::vector<double> weights = solve(*rows, 1e-2);
    ASSERT_EQ(weights.size(), expected.size());
    for (size_t i = 0; i < weights.size(); ++i)
      EXPECT_NEAR(weights[i], expected[i], 1e-8);
    EXPECT_NEAR(rows->computeError(weights),
                reference.all.at("error").view<double>()[0], 1e-12);
  }
}

// Of three examples two folds hold out whole ones, four cut each by time.
TEST_P(ReadoutTest, FoldsMakeUpTheWhole) {
  Reference reference;
  RegressionPointer whole =
      std::move(collect(GetParam(), reference, 8, 1).front());
  std::vector<double> expected = solve(*whole, 1e-2);
  for (int64_t folds : {2, 4}) {
    std::vector<RegressionPointer> parts =
        collect(GetParam(), reference, 8, folds);
    ASSERT_EQ(int64_t(parts.size()), folds);
    RegressionPointer sum = std::move(parts.front());
    for (int64_t k = 1; k < folds; ++k) {
      EXPECT_GT(parts[k]->count(), 100);
      sum->merge(*parts[k]);
    }
    EXPECT_EQ(sum->count(), whole->count());
    std::vector<double> actual = solve(*sum, 1e-2);
    for (size_t i = 0; i < actual.size(); ++i)
      EXPECT_NEAR(actual[i], expected[i], 1e-9);
  }
}

/// Runs a cell of 12 units of the prelude in f64 on the reference's `input`,
/// and compares its outputs.
static void compareCell(llvm::StringRef use, const char *input,
                        const char *output) {
  Reference reference("learning.npz");
  std::string text =
      ("func.func @f(%x: !rnn.seq<tensor<2xf32>>) -> "
       "!rnn.seq<tensor<12xf32>> {\n  %y = rnn.unroll " +
       use +
       " : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<12xf32>>\n  return %y "
       ": !rnn.seq<tensor<12xf32>>\n}\n")
          .str();
  CompileOptions options;
  options.precision = DType::F64;
  ModelRunner runner(text, options);
  ASSERT_TRUE(runner.ok());
  NamedTensors data;
  data["x"] = std::move(reference.all.at(input));
  std::vector<Tensor> results =
      runner.call("f", {80}, data, reference.parameters);
  auto expected = reference.all.at(output).view<double>();
  auto actual = results[0].view<double>();
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], 1e-12) << i;
}

TEST(ReservoirCellTest, PlasticReservoirEqualsNumpy) {
  compareCell("@esn_plastic \"r\" (%x) {settings = {rate = 0.01, mean = 0.1, "
              "deviation = 0.3}}",
              "x", "plastic");
}

TEST(ReservoirCellTest, LiquidStateMachineEqualsNumpy) {
  compareCell("@liquid \"r\" (%x)", "spikes", "liquid");
}
