//===- TensorTest.cpp - Dense arrays in host memory -----------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Tensor.h"
#include "TestSupport.h"
#include <cmath>
#include <limits>

using namespace ravel;
using namespace ravel::test;

TEST(Tensor, IsZeroedAndAligned) {
  for (int64_t size : {0, 1, 15, 16, 17, 1000}) {
    Tensor tensor(DType::F32, {size});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % 64, 0u);
    for (float value : tensor.view<float>())
      EXPECT_EQ(value, 0.0f);
  }
}

TEST(Tensor, CountsElementsWithoutOverflow) {
  EXPECT_EQ(countElements({}), 1);
  EXPECT_EQ(countElements({2, 3, 4}), 24);
  EXPECT_EQ(countElements({int64_t(1) << 40, 0}), 0);
  EXPECT_FALSE(countElements({int64_t(1) << 40, int64_t(1) << 40}));
  // Not even where a zero would hide it.
  EXPECT_FALSE(countElements({int64_t(1) << 40, 0, int64_t(1) << 40}));
  EXPECT_FALSE(countElements({-1}));
  EXPECT_FALSE(countElements({int64_t(1) << 59}, 8));
}

TEST(Tensor, NamesIndices) {
  EXPECT_EQ(toIndexString({2, 3, 4}, 0), "[0, 0, 0]");
  EXPECT_EQ(toIndexString({2, 3, 4}, 23), "[1, 2, 3]");
  EXPECT_EQ(toIndexString({}, 0), "[]");
}

TEST(Tensor, ConvertsWhatFits) {
  Tensor whole = Tensor::of<float>({3}, {-1.0f, 0.0f, 7.0f});
  Tensor ints = get(whole.convertTo(DType::I32));
  EXPECT_EQ(ints.view<int32_t>().vec(), (std::vector<int32_t>{-1, 0, 7}));
  Tensor back = get(ints.convertTo(DType::F64));
  EXPECT_EQ(back.view<double>().vec(), (std::vector<double>{-1, 0, 7}));
}

TEST(Tensor, RefusesWhatDoesNotFit) {
  auto fails = [](Tensor tensor, DType dtype) {
    return !messageOf(tensor.convertTo(dtype)).empty();
  };
  EXPECT_CONTAINS(
      messageOf(Tensor::of<float>({2, 1}, {1.0f, 1.5f}).convertTo(DType::I32)),
      "the f32 element at [1, 0] does not fit i32");
  EXPECT_TRUE(fails(Tensor::of<float>({1}, {NAN}), DType::I64));
  EXPECT_TRUE(fails(Tensor::of<double>({1}, {1e300}), DType::F32));
  EXPECT_TRUE(fails(Tensor::of<double>({1}, {0x1p63}), DType::I64));
  EXPECT_TRUE(fails(Tensor::of<int32_t>({1}, {-1}), DType::U32));
  EXPECT_TRUE(fails(Tensor::of<uint32_t>({1}, {0xffffffffu}), DType::I32));
  EXPECT_TRUE(fails(Tensor::of<int64_t>({1}, {2}), DType::Bool));
  EXPECT_EQ(get(Tensor::of<double>({1}, {-0x1p63}).convertTo(DType::I64))
                .view<int64_t>()[0],
            std::numeric_limits<int64_t>::min());
}

TEST(Tensor, ConvertsHalfPrecision) {
  EXPECT_EQ(halfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(halfToFloat(0xc000), -2.0f);
  EXPECT_EQ(halfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(halfToFloat(0x0001), 0x1p-24f);
  EXPECT_TRUE(std::signbit(halfToFloat(0x8000)));
  EXPECT_TRUE(std::isinf(halfToFloat(0x7c00)));
  EXPECT_TRUE(std::isnan(halfToFloat(0x7e00)));
  EXPECT_EQ(bfloat16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(bfloat16ToFloat(0xc040), -3.0f);
}

TEST(Tensor, FindsTheFirstNonFinite) {
  Tensor tensor = Tensor::of<double>({3}, {1.0, INFINITY, NAN});
  EXPECT_EQ(findNonFinite(tensor), 1);
  tensor.view<double>()[1] = tensor.view<double>()[2] = 0;
  EXPECT_FALSE(findNonFinite(tensor));
}

TEST(Tensor, Reshapes) {
  Tensor tensor = Tensor::of<int32_t>({6}, {0, 1, 2, 3, 4, 5});
  ASSERT_SUCCESS(tensor.reshape({2, 3}));
  EXPECT_EQ(tensor.dim(1), 3);
  EXPECT_CONTAINS(messageOf(tensor.reshape({4})), "[2, 3] to [4]");
}
