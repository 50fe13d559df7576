//===- ParameterStoreTest.cpp - A model's learned values ------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/ParameterStore.h"
#include "TestSupport.h"
#include <cmath>

using namespace ravel;
using namespace ravel::test;

static const std::vector<ParameterSpec> specs = {
    {"w", {3, 50}, true}, {"embedding", {10}, false}, {"b", {}, true}};

static std::string load(ParameterStore &store, const NamedTensors &tensors,
                        const LoadOptions &options = {}) {
  return messageOf(store.load(tensors, "w.safetensors", options));
}

/// Tensors that fit `specs`.
static NamedTensors makeTensors() {
  NamedTensors tensors;
  Tensor w(DType::F32, {3, 50});
  for (int i = 0; i < 150; ++i)
    w.view<float>()[i] = i + 1;
  tensors.emplace("w", std::move(w));
  tensors.emplace("embedding", Tensor(DType::F32, {10}));
  tensors.emplace("b", Tensor::of<float>({}, {-1}));
  return tensors;
}

TEST(ParameterStore, LaysOutRowsOf64) {
  ParameterStore store = get(ParameterStore::create(specs));
  EXPECT_EQ(store.find("w")->offset, 0);
  EXPECT_EQ(store.find("b")->offset, 192);
  EXPECT_EQ(store.find("b")->numElements, 1);
  EXPECT_EQ(store.find("embedding")->offset, 0);
  EXPECT_EQ(store.find("none"), nullptr);
  EXPECT_EQ(toString(store.arena(ArenaKind::Trainable).shape()), "[4, 64]");
  EXPECT_EQ(toString(store.arena(ArenaKind::Frozen).shape()), "[1, 64]");
  EXPECT_EQ(store.layout().countValues(ArenaKind::Trainable), 151);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(
                store.values<float>(*store.find("b")).data()) %
                64,
            0u);
}

TEST(ParameterStore, RefusesBadSpecs) {
  EXPECT_CONTAINS(messageOf(ParameterStore::create(
                      {ParameterSpec{"a", {1}}, ParameterSpec{"a", {1}}})),
                  "parameter 'a' occurs twice");
  auto messageFor = [](ParameterSpec spec) {
    return messageOf(ParameterStore::create(spec));
  };
  EXPECT_CONTAINS(messageFor({"a", {0}}),
                  "parameter 'a' has the shape [0]; expected positive");
  EXPECT_CONTAINS(messageFor({"a", {int64_t(1) << 62}}), "fits memory");
  EXPECT_CONTAINS(messageFor({"", {1}}), "empty name");
  EXPECT_CONTAINS(messageOf(ParameterStore::create({}, DType::I32)), "not i32");
}

TEST(ParameterStore, SavesAndLoads) {
  TemporaryFolder folder;
  std::string path = folder.path("w.safetensors");
  ParameterStore store = get(ParameterStore::create(specs));
  ASSERT_EQ(load(store, makeTensors()), "");
  EXPECT_TRUE(store.isPaddingZero());
  ASSERT_SUCCESS(store.save(path, {{"model", "lstm"}}));

  // Also into the other precision.
  ParameterStore wide = get(ParameterStore::create(specs, DType::F64));
  ASSERT_SUCCESS(wide.load(path));
  EXPECT_EQ(wide.values<double>(*wide.find("w"))[149], 150.0);
  EXPECT_EQ(wide.values<double>(*wide.find("b"))[0], -1.0);
  EXPECT_TRUE(wide.isPaddingZero());
  wide.arena(ArenaKind::Trainable).view<double>()[150] = 1;
  EXPECT_FALSE(wide.isPaddingZero());
}

TEST(ParameterStore, ListsEveryComplaintAndChangesNothing) {
  ParameterStore store = get(ParameterStore::create(specs));
  ASSERT_EQ(load(store, makeTensors()), "");
  NamedTensors tensors;
  tensors.emplace("w", Tensor(DType::F32, {50, 3}));
  tensors.emplace("b", Tensor(DType::I64, {}));
  tensors.emplace("extra", Tensor(DType::F32, {2}));
  EXPECT_EQ(load(store, tensors),
            "w.safetensors: does not fit the model's parameters:\n"
            "  misshapen 'w': expected shape [3, 50], found [50, 3]\n"
            "  missing 'embedding' of shape [10]\n"
            "  wrong element type of 'b': expected f32 or f64, found i64\n"
            "  unexpected 'extra' of shape [2]: the model has no such "
            "parameter");
  EXPECT_EQ(store.values<float>(*store.find("w"))[0], 1.0f);
}

TEST(ParameterStore, ToleratesWhatItIsToldTo) {
  ParameterStore store = get(ParameterStore::create(specs));
  NamedTensors tensors = makeTensors();
  tensors.erase("w");
  tensors.emplace("extra", Tensor(DType::F32, {2}));
  tensors.emplace("optimizer/m", Tensor(DType::F32, {2}));
  LoadOptions options;
  options.allowMissing = true;
  EXPECT_CONTAINS(load(store, tensors, options), "unexpected 'extra'");
  options.allowUnexpected = true;
  EXPECT_EQ(load(store, tensors, options), "");
  options.allowUnexpected = false;
  options.ignoredPrefixes = {"optimizer/", "ex"};
  EXPECT_EQ(load(store, tensors, options), "");
}

TEST(ParameterStore, RefusesNonFiniteValues) {
  ParameterStore store = get(ParameterStore::create(specs));
  NamedTensors tensors = makeTensors();
  tensors.at("w").view<float>()[51] = NAN;
  EXPECT_CONTAINS(load(store, tensors), "not finite: 'w' at [1, 1]");

  tensors = makeTensors();
  tensors.at("b") = Tensor::of<double>({}, {1e300});
  EXPECT_CONTAINS(load(store, tensors), "too large for f32: 'b'");
}

/// [4, 2], and its sparse form of two weights in a column.
static const std::vector<double> dense = {0, 5, 1, 0, 2, 0, 0, 6};
static const std::vector<double> sparse = {1, 5, 2, 6, 1, 0, 2, 3};

static ParameterStore makeSparseStore() {
  ParameterSpec spec{"w", {2, 2, 2}, /*trainable=*/false};
  spec.sparseInputs = 4;
  return get(ParameterStore::create(spec, DType::F64));
}

static std::string loadOne(ParameterStore &store, Shape shape,
                           llvm::ArrayRef<double> values) {
  NamedTensors tensors;
  tensors.emplace("w", Tensor::of<double>(shape, values));
  return load(store, tensors);
}

TEST(ParameterStore, TakesASparseMatrixFromEitherForm) {
  for (auto [shape, values] :
       {std::pair(Shape{4, 2}, dense), std::pair(Shape{2, 2, 2}, sparse)}) {
    ParameterStore store = makeSparseStore();
    EXPECT_EQ(loadOne(store, shape, values), "");
    EXPECT_EQ(store.values<double>(*store.find("w")),
              llvm::ArrayRef<double>(sparse));
  }
}

TEST(ParameterStore, TakesADenseMatrixFromTheSparseForm) {
  ParameterStore store = get(
      ParameterStore::create(ParameterSpec{"w", {4, 2}, false}, DType::F64));
  EXPECT_EQ(loadOne(store, {2, 2, 2}, sparse), "");
  EXPECT_EQ(store.values<double>(*store.find("w")),
            llvm::ArrayRef<double>(dense));
}

TEST(ParameterStore, RefusesWhatIsNoSparseMatrix) {
  ParameterStore store = makeSparseStore();
  EXPECT_CONTAINS(loadOne(store, {4, 2}, {1, 0, 1, 0, 1, 0, 0, 0}),
                  "unfit 'w': column 0 has 3 weights, but this model's density "
                  "only 2; a density of 0.75 holds them");
  for (double wrong : {4.0, -1.0, 0.5, std::nan("")})
    EXPECT_CONTAINS(loadOne(store, {2, 2, 2}, {1, 1, 1, 1, 0, 0, 0, wrong}),
                    "at [1, 1, 1] is none of 4 inputs");
  EXPECT_CONTAINS(loadOne(store, {3, 2}, {1, 1, 1, 1, 1, 1}),
                  "expected shape [2, 2, 2] or, with zeros, [4, 2], found");
}
