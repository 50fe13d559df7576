//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The cache of compiled code on disk.
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "ravel/Execution/Module.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

const ModelSource kDouble = {
    "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
    "  %y = arith.addf %x, %x : tensor<4xf32>\n"
    "  return %y : tensor<4xf32>\n}\n",
    "double.mlir"};
const ModelSource kSquare = {
    "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
    "  %y = arith.mulf %x, %x : tensor<4xf32>\n"
    "  return %y : tensor<4xf32>\n}\n",
    "square.mlir"};

/// @f of 3.
float callWithThree(const Module &module) {
  Tensor offsets(DType::I64, {1}), x(DType::F32, {1, 4}), y(DType::F32, {1, 4});
  x.view<float>()[0] = 3.0f;
  EXPECT_SUCCESS(module.call("f", {offsets, x, y}, /*batch=*/1));
  return y.view<float>()[0];
}

class CacheTest : public testing::Test {
public:
  Module compile(const ModelSource &source,
                 const CompileOptions &options = {}) const {
    return get(Compiler(folder.path("cache")).compile(source, options));
  }
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    std::error_code ec;
    for (llvm::sys::fs::directory_iterator it(folder.path("cache"), ec), end;
         it != end && !ec; it.increment(ec))
      names.push_back(llvm::sys::path::filename(it->path()).str());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder;
};

TEST_F(CacheTest, SecondCompilationIsRead) {
  EXPECT_FALSE(compile(kDouble).isCached());
  Module module = compile(kDouble);
  EXPECT_TRUE(module.isCached());
  EXPECT_EQ(callWithThree(module), 6.0f);
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(CacheTest, EveryOptionIsPartOfTheKey) {
  CompileOptions options;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  EXPECT_FALSE(compile(kSquare, options).isCached());
  options.training = true;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.unrollTime = 2;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.optimizationLevel = 2;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.functions = {"f"};
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.precision = DType::F64;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.optimizer = "momentum";
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.hyperparameters["momentum"] = 0.5;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  options.hyperparameters["momentum"] = 0.5 + 1e-15;
  EXPECT_FALSE(compile(kDouble, options).isCached());
  EXPECT_TRUE(compile(kDouble, options).isCached());
  EXPECT_EQ(list().size(), 10u);
}

TEST_F(CacheTest, DamagedEntryIsReplaced) {
  compile(kDouble);
  ASSERT_EQ(list().size(), 1u);
  std::string name = "cache/" + list()[0];
  std::string good = folder.read(name);
  std::string flipped = good, longer = good + "x";
  flipped[good.size() / 2] ^= 1;
  for (const std::string &bad :
       {std::string(), std::string("garbage"), good.substr(0, 20),
        good.substr(0, good.size() / 2), good.substr(0, good.size() - 1),
        flipped, longer, std::string(good.size(), '\0')}) {
    folder.write(name, bad);
    Module module = compile(kDouble);
    EXPECT_FALSE(module.isCached());
    EXPECT_EQ(callWithThree(module), 6.0f);
    EXPECT_TRUE(compile(kDouble).isCached());
  }
}

TEST_F(CacheTest, EntryOfAnotherModelIsReplaced) {
  compile(kDouble);
  std::string mine = "cache/" + list()[0];
  compile(kSquare);
  std::string other;
  for (const std::string &name : list())
    if ("cache/" + name != mine)
      other = "cache/" + name;
  folder.write(mine, folder.read(other));
  Module module = compile(kDouble);
  EXPECT_FALSE(module.isCached());
  EXPECT_EQ(callWithThree(module), 6.0f);
  EXPECT_TRUE(compile(kDouble).isCached());
}

TEST_F(CacheTest, DirectoryThatCannotBeWritten) {
  folder.write("file", "");
  Module module = get(Compiler(folder.path("file/cache")).compile(kDouble, {}));
  EXPECT_FALSE(module.isCached());
  EXPECT_EQ(callWithThree(module), 6.0f);
}

TEST_F(CacheTest, FullDisk) {
  {
    FileSizeLimit limit(100);
    EXPECT_EQ(callWithThree(compile(kDouble)), 6.0f);
  }
  EXPECT_TRUE(list().empty());
}

} // namespace
