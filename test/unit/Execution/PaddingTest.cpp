//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Neighbours and padding never matter: an example alone, in a batch, in a
// longer batch and in another order gives the same bits.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

// Sizes that are no multiples of a vector's.
const char *kModel = R"mlir(
  func.func @loss(%x: !rnn.seq<tensor<5xf32>>, %h: tensor<21xf32>, %c: tensor<21xf32>, %t: !rnn.seq<tensor<6xf32>>) -> (f32, !rnn.seq<tensor<21xf32>>, !rnn.seq<tensor<19xf32>>, !rnn.seq<tensor<6xf32>>, tensor<21xf32>, tensor<21xf32>, tensor<19xf32>, tensor<6xf32>, f32) {
    %f, %hT, %cT = rnn.unroll @lstm "forward" (%x) state(%h, %c) : (!rnn.seq<tensor<5xf32>>, tensor<21xf32>, tensor<21xf32>) -> (!rnn.seq<tensor<21xf32>>, tensor<21xf32>, tensor<21xf32>)
    %b, %bT = rnn.unroll @gru "backward" (%f) reverse : (!rnn.seq<tensor<21xf32>>) -> (!rnn.seq<tensor<19xf32>>, tensor<19xf32>)
    %r = rnn.reverse %f : !rnn.seq<tensor<21xf32>>
    %y = rnn.project "out" (%b, %r) : (!rnn.seq<tensor<19xf32>>, !rnn.seq<tensor<21xf32>>) -> !rnn.seq<tensor<6xf32>>
    %last = rnn.last %y : !rnn.seq<tensor<6xf32>>
    %n = rnn.length %y : !rnn.seq<tensor<6xf32>> -> f32
    %l = rnn.mse %y, %t : !rnn.seq<tensor<6xf32>>, !rnn.seq<tensor<6xf32>>
    return %l, %f, %b, %y, %hT, %cT, %bT, %last, %n : f32, !rnn.seq<tensor<21xf32>>, !rnn.seq<tensor<19xf32>>, !rnn.seq<tensor<6xf32>>, tensor<21xf32>, tensor<21xf32>, tensor<19xf32>, tensor<6xf32>, f32
  })mlir";

const std::vector<int64_t> kLengths = {7, 3, 0, 1, 5, 7, 2, 4, 9, 7, 1, 6, 8};

/// Bits `[first, first + count)` of bytes.
llvm::StringRef getBytes(const Tensor &tensor, int64_t row, int64_t rows) {
  int64_t size = tensor.sizeInBytes() / rows;
  return {static_cast<const char *>(tensor.data()) + row * size, size_t(size)};
}

/// Examples `chosen` of named tensors, in this order.
NamedTensors choose(const NamedTensors &tensors,
                    llvm::ArrayRef<int64_t> chosen) {
  NamedTensors result;
  for (const auto &[name, tensor] : tensors) {
    Shape shape(tensor.shape());
    int64_t rows = shape[0];
    shape[0] = chosen.size();
    Tensor part(tensor.dtype(), shape);
    for (auto [to, from] : llvm::enumerate(chosen)) {
      llvm::StringRef bytes = getBytes(tensor, from, rows);
      memcpy(static_cast<char *>(part.data()) + to * bytes.size(), bytes.data(),
             bytes.size());
    }
    result.emplace(name, std::move(part));
  }
  return result;
}

class PaddingTest : public testing::Test {
public:
  static void SetUpTestSuite() {
    CompileOptions options = getGradientOptions(kModel, DType::F32);
    options.optimizationLevel = 3;
    runner = new ModelRunner(kModel, options);
    if (!runner->ok())
      return;
    all = new RandomCall(runner->get(), "loss_grad", kLengths);
  }
  static void TearDownTestSuite() {
    delete all;
    delete runner;
  }
  void SetUp() override { ASSERT_TRUE(runner->ok()); }

  static std::vector<Tensor> call(llvm::ArrayRef<int64_t> chosen,
                                  const NamedTensors &data) {
    std::vector<int64_t> lengths;
    std::vector<double> weights;
    for (int64_t index : chosen) {
      lengths.push_back(kLengths[index]);
      weights.push_back(all->weights[index]);
    }
    return runner->call("loss_grad", lengths, choose(data, chosen),
                        all->parameters, weights);
  }

  /// Expects of each chosen example the bits that it has in `expected`, a call
  /// with all. Outputs that all examples share are left out.
  static void expectSame(llvm::ArrayRef<int64_t> chosen,
                         llvm::ArrayRef<Tensor> actual,
                         llvm::ArrayRef<Tensor> expected) {
    const Signature *signature = runner->get().find("loss_grad");
    for (auto [index, position] :
         llvm::enumerate(signature->find(Role::Output))) {
      if (index >= actual.size())
        break;
      if (signature->arguments[position].layout == RowLayout::Shared)
        continue;
      for (auto [row, example] : llvm::enumerate(chosen))
        EXPECT_EQ(getBytes(actual[index], row, chosen.size()),
                  getBytes(expected[index], example, kLengths.size()))
            << "output " << index << " of example " << example;
    }
  }

  static ModelRunner *runner;
  static RandomCall *all;
};

ModelRunner *PaddingTest::runner = nullptr;
RandomCall *PaddingTest::all = nullptr;

std::vector<int64_t> getAll() {
  std::vector<int64_t> all;
  for (size_t i = 0; i < kLengths.size(); ++i)
    all.push_back(i);
  return all;
}

TEST_F(PaddingTest, NeighboursDoNotMatter) {
  std::vector<Tensor> expected = call(getAll(), all->data);
  for (std::vector<int64_t> chosen : std::vector<std::vector<int64_t>>{
           {0},
           {1},
           {2},
           {3},
           {4},
           {8},
           {10},
           {12},
           {3, 10},
           {2, 3},
           {0, 5, 9},
           {9, 5, 0},
           {8, 0, 1, 2, 3, 4},
           {12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}})
    expectSame(chosen, call(chosen, all->data), expected);
}

TEST_F(PaddingTest, LargeBatchesDoNotMatter) {
  std::vector<Tensor> expected = call(getAll(), all->data);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < 101; ++i)
    chosen.push_back(5 * i % kLengths.size());
  expectSame(chosen, call(chosen, all->data), expected);
}

TEST_F(PaddingTest, NotANumberStaysWithItsExample) {
  std::vector<Tensor> expected = call(getAll(), all->data);
  NamedTensors data = choose(all->data, getAll());
  const int64_t sick = 5;
  for (auto &[name, tensor] : data) {
    int64_t size = tensor.numElements() / kLengths.size();
    for (float &value : tensor.view<float>().slice(sick * size, size))
      value = std::numeric_limits<float>::quiet_NaN();
  }
  std::vector<int64_t> healthy = getAll();
  std::vector<Tensor> outputs = call(healthy, data);
  EXPECT_TRUE(std::isnan(outputs[0].view<float>()[sick]));
  // The healthy rows of what the sick batch gives.
  healthy.erase(healthy.begin() + sick);
  const Signature *signature = runner->get().find("loss_grad");
  for (auto [index, position] : llvm::enumerate(signature->find(Role::Output)))
    if (signature->arguments[position].layout != RowLayout::Shared)
      for (int64_t example : healthy)
        EXPECT_EQ(getBytes(outputs[index], example, kLengths.size()),
                  getBytes(expected[index], example, kLengths.size()))
            << "output " << index << " of example " << example;
}

TEST_F(PaddingTest, EmptyExampleKeepsItsStates) {
  const int64_t empty = 2;
  ASSERT_EQ(kLengths[empty], 0);
  for (std::vector<int64_t> chosen :
       std::vector<std::vector<int64_t>>{{empty}, {empty, empty}, getAll()}) {
    std::vector<Tensor> outputs = call(chosen, all->data);
    int64_t row = chosen.size() > 2 ? empty : 0;
    int64_t rows = chosen.size();
    EXPECT_EQ(getBytes(outputs[4], row, rows),
              getBytes(all->data.find("h")->second, empty, kLengths.size()));
    EXPECT_EQ(getBytes(outputs[5], row, rows),
              getBytes(all->data.find("c")->second, empty, kLengths.size()));
    // Loss, final state from zero, last element and length.
    for (int index : {0, 6, 7, 8})
      for (char byte : getBytes(outputs[index], row, rows))
        EXPECT_EQ(byte, 0);
    for (size_t index = 9; index < outputs.size(); ++index)
      if (chosen.size() < 3)
        for (float value : outputs[index].view<float>())
          EXPECT_EQ(value, 0.0f);
  }
}

TEST_F(PaddingTest, EmptyExampleAddsNothingToGradients) {
  std::vector<int64_t> without = getAll();
  without.erase(without.begin() + 2);
  std::vector<Tensor> expected = call(without, all->data);
  std::vector<Tensor> actual = call(getAll(), all->data);
  const Signature *signature = runner->get().find("loss_grad");
  for (auto [index, position] : llvm::enumerate(signature->find(Role::Output)))
    if (signature->arguments[position].layout == RowLayout::Shared)
      EXPECT_EQ(getBytes(actual[index], 0, 1), getBytes(expected[index], 0, 1));
}

TEST_F(PaddingTest, NoExamples) {
  std::vector<Tensor> outputs = call({}, all->data);
  for (const Tensor &output : outputs)
    for (float value : output.view<float>())
      EXPECT_EQ(value, 0.0f);
}

} // namespace
