//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Compiled decoders that generate: their scores are what a taught pass gives
// for the same sequences, and a batch gives what its examples give alone.
//
//===----------------------------------------------------------------------===//

#include "ravel/Generation/Generator.h"
#include "gtest/gtest.h"
#include <random>

using namespace ravel;

namespace {

constexpr llvm::StringLiteral kModel = R"(
func.func @write(%x: !rnn.seq<i32>) -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
  %e = rnn.embed "source" %x {vocab = 5} : !rnn.seq<tensor<7xf32>>
  %enc, %h0 = rnn.unroll @gru "enc" (%e) : (!rnn.seq<tensor<7xf32>>) -> (!rnn.seq<tensor<19xf32>>, tensor<19xf32>)
  %bias = rnn.project "bias" (%h0) : (tensor<19xf32>) -> tensor<6xf32>
  %m0 = rnn.constant 0.0 : tensor<19xf32>
  %first = arith.constant 0 : i32
  %y, %a = rnn.decode (%prev = %first) state(%h = %h0 : tensor<19xf32>, %m = %m0 : tensor<19xf32>) until 0 max 12 -> (!rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>) {
    %p = rnn.embed "target" %prev {vocab = 6} : tensor<7xf32>
    %in = tensor.concat dim(0) %p, %m : (tensor<7xf32>, tensor<19xf32>) -> tensor<26xf32>
    %o, %h1 = rnn.step @gru "dec" (%in) state(%h) : (tensor<26xf32>, tensor<19xf32>) -> (tensor<19xf32>, tensor<19xf32>)
    %c, %w = rnn.attend "look" additive %o over %enc : tensor<19xf32>, !rnn.seq<tensor<19xf32>> -> tensor<19xf32>, !rnn.alignment<f32>
    %mixed = rnn.gate "mix" tanh(%o, %c) : (tensor<19xf32>, tensor<19xf32>) -> tensor<19xf32>
    %s = rnn.project "out" (%mixed) : (tensor<19xf32>) -> tensor<6xf32>
    %scores = arith.addf %s, %bias : tensor<6xf32>
    rnn.yield %scores, %w state(%h1, %mixed) : tensor<6xf32>, !rnn.alignment<f32>, tensor<19xf32>, tensor<19xf32>
  }
  return %y, %a : !rnn.seq<i32>, !rnn.seq<!rnn.alignment<f32>>
}
func.func @loss(%x: !rnn.seq<i32>, %y: !rnn.seq<i32>) -> f32 {
  %s, %a = rnn.teach @write(%x) with(%y) : (!rnn.seq<i32>, !rnn.seq<i32>) -> (!rnn.seq<tensor<6xf32>>, !rnn.seq<!rnn.alignment<f32>>)
  %l = rnn.cross_entropy %s, %y {reduction = "sum"} : !rnn.seq<tensor<6xf32>>, !rnn.seq<i32>
  return %l : f32
}
)";

/// Sources of different lengths, one of them empty.
std::vector<std::vector<int32_t>> getSources() {
  return {{1, 2, 3}, {4}, {}, {0, 1, 2, 3, 4, 0, 2}, {2, 2}, {3, 1, 4, 1}};
}

Field makeField(llvm::StringRef name,
                llvm::ArrayRef<std::vector<int32_t>> sequences) {
  Field field;
  field.spec = {name.str(), DType::I32, {}, name.str()};
  std::vector<int32_t> all;
  for (const std::vector<int32_t> &sequence : sequences) {
    field.begin.push_back(all.size());
    field.length.push_back(sequence.size());
    all.insert(all.end(), sequence.begin(), sequence.end());
  }
  field.rows = std::make_shared<const Tensor>(
      Tensor::of<int32_t>({int64_t(all.size())}, all));
  return field;
}

class GeneratorTest : public testing::Test {
protected:
  void SetUp() override {
    setNumThreads(1);
    CompileOptions options;
    options.functions = {"write", "loss"};
    auto compiled = Compiler("").compile({kModel.str(), "test.mlir"}, options);
    ASSERT_TRUE(bool(compiled)) << llvm::toString(compiled.takeError());
    module.emplace(std::move(*compiled));
    std::vector<ParameterSpec> specs;
    for (const ManifestEntry &entry : module->manifest())
      specs.push_back(entry.spec);
    auto store = ParameterStore::create(specs, DType::F32);
    ASSERT_TRUE(bool(store));
    parameters.emplace(std::move(*store));
    ASSERT_FALSE(initializeParameters(module->manifest(), 5, *parameters));
    // Large enough for choices to depend on all of it.
    for (const Parameter &parameter : parameters->parameters()) {
      TensorRef tensor = parameters->tensor(parameter);
      float *values = static_cast<float *>(const_cast<void *>(tensor.data));
      for (int64_t i = 0; i < tensor.numElements(); ++i)
        values[i] *= 3;
    }
    auto made = Generator::create(*module, "write", *parameters);
    ASSERT_TRUE(bool(made)) << llvm::toString(made.takeError());
    generator.emplace(std::move(*made));
  }

  std::vector<std::vector<Generated>> generate(llvm::ArrayRef<int64_t> examples,
                                               const SearchOptions &options) {
    auto dataset = Dataset::create({makeField("x", getSources())});
    EXPECT_TRUE(bool(dataset));
    Batch batch = makeBatch(*dataset, examples, "x");
    auto found = generator->generate(batch, options, /*wantsAlignment=*/true);
    if (!found) {
      ADD_FAILURE() << llvm::toString(found.takeError());
      return {};
    }
    std::vector<std::vector<Generated>> result(examples.size());
    for (auto [row, place] : llvm::enumerate(batch.order))
      result[place] = std::move((*found)[row]);
    return result;
  }

  SearchOptions getBeam(int64_t width) {
    SearchOptions options = generator->defaults();
    options.method = SearchOptions::Beam;
    options.width = options.nbest = width;
    return options;
  }

  std::optional<Module> module;
  std::optional<ParameterStore> parameters;
  std::optional<Generator> generator;
};

TEST_F(GeneratorTest, KnowsTheDecoder) {
  EXPECT_EQ(generator->numClasses(), 6);
  EXPECT_EQ(generator->decoding().until, 0);
  EXPECT_EQ(generator->decoding().max, 12);
  EXPECT_EQ(generator->decoding().states, 2);
  EXPECT_EQ(generator->decoding().examples, 1);
  EXPECT_TRUE(generator->hasAlignment());
}

/// The loss of the function that is taught is minus the log-probability.
TEST_F(GeneratorTest, ScoresAreThoseOfATaughtPass) {
  std::vector<std::vector<int32_t>> sources = getSources(), xs, ys;
  std::vector<double> scores;
  std::vector<int64_t> all = {0, 1, 2, 3, 4, 5};
  for (auto [source, list] : llvm::enumerate(generate(all, getBeam(4))))
    for (const Generated &found : list) {
      if (!found.isFinished)
        continue;
      xs.push_back(sources[source]);
      ys.push_back(found.tokens);
      ys.back().push_back(0);
      scores.push_back(found.logProbability);
    }
  ASSERT_GT(scores.size(), 6u);
  auto dataset = Dataset::create({makeField("x", xs), makeField("y", ys)});
  ASSERT_TRUE(bool(dataset));
  auto call = FunctionCall::create(*module, "loss", *parameters);
  ASSERT_TRUE(bool(call));
  ASSERT_TRUE(bool(call->bind(*dataset)));
  std::vector<int64_t> examples(scores.size());
  std::iota(examples.begin(), examples.end(), 0);
  Batch batch = makeBatch(*dataset, examples, "x");
  ASSERT_FALSE(call->run(batch));
  auto *losses = static_cast<const float *>(call->result(0).data);
  for (auto [row, example] : llvm::enumerate(batch.examples))
    EXPECT_NEAR(-losses[row], scores[example], 1e-4);
}

TEST_F(GeneratorTest, BatchEqualsOneByOne) {
  SearchOptions sample = generator->defaults();
  sample.method = SearchOptions::Sample;
  sample.nbest = 3;
  for (const SearchOptions &options :
       {generator->defaults(), getBeam(3), sample}) {
    auto together = generate({0, 1, 2, 3, 4, 5}, options);
    for (int64_t source = 0; source < 6; ++source) {
      auto alone = generate({source}, options);
      ASSERT_EQ(alone[0].size(), together[source].size());
      for (auto [x, y] : llvm::zip_equal(alone[0], together[source])) {
        EXPECT_EQ(x.tokens, y.tokens);
        EXPECT_EQ(x.logProbability, y.logProbability);
      }
    }
  }
}

/// Each step's weights add up to one over the source, and are zero beyond it.
TEST_F(GeneratorTest, AlignmentsAreWeightsOfTheSource) {
  std::vector<std::vector<int32_t>> sources = getSources();
  for (auto [source, list] :
       llvm::enumerate(generate({0, 1, 2, 3, 4, 5}, getBeam(3))))
    for (const Generated &found : list) {
      ASSERT_EQ(found.alignment.dim(0), int64_t(found.rows.size()));
      int64_t width = found.alignment.dim(1);
      for (int64_t step = 0; step < found.alignment.dim(0); ++step) {
        double sum = 0;
        for (int64_t i = 0; i < width; ++i) {
          float weight = found.alignment.view<float>()[step * width + i];
          if (i >= int64_t(sources[source].size()))
            EXPECT_EQ(weight, 0);
          sum += weight;
        }
        EXPECT_NEAR(sum, sources[source].empty() ? 0 : 1, 1e-5);
      }
    }
}

TEST_F(GeneratorTest, OtherFunctionsDoNotGenerate) {
  auto made = Generator::create(*module, "loss", *parameters);
  ASSERT_FALSE(bool(made));
  EXPECT_EQ(llvm::toString(made.takeError()),
            "function 'loss' does not generate: it has no rnn.decode");
}

} // namespace
