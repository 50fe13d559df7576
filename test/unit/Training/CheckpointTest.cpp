//===- CheckpointTest.cpp - A training run on disk ------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Checkpoint.h"
#include "TestSupport.h"
#include "ravel/Training/Random.h"
#include "ravel/Training/Schedule.h"

using namespace ravel;
using namespace ravel::test;

namespace {
/// A small run.
struct TestRun {
  TestRun()
      : parameters(get(ParameterStore::create({ParameterSpec{"w", {2, 3}},
                                               ParameterSpec{"f", {2}, false},
                                               ParameterSpec{"b", {3}}}))) {
    for (const char *name : {"m", "v"})
      optimizer.emplace(name, parameters.makeArenaLike(ArenaKind::Trainable));
  }
  /// Sets every value to something of its own.
  void fill(float from) {
    for (const Parameter &parameter : parameters.parameters())
      for (float &value : parameters.values<float>(parameter))
        value = from++;
    for (auto &[name, arena] : optimizer)
      for (const Parameter &parameter : parameters.parameters())
        if (parameter.trainable)
          for (float &value : arena.view<float>().slice(parameter.offset,
                                                        parameter.numElements))
            value = from++;
    carried.insert_or_assign("h", Tensor::of<float>({1}, {from}));
  }
  llvm::Error save(llvm::StringRef path) {
    return saveCheckpoint(path, parameters, optimizer, toRefs(carried), state);
  }
  llvm::Expected<TrainingState> load(llvm::StringRef path) {
    return loadCheckpoint(path, parameters, optimizer, carried);
  }
  float weight(int i) {
    return parameters.values<float>(*parameters.find("w"))[i];
  }

  ParameterStore parameters;
  OptimizerState optimizer;
  NamedTensors carried;
  TrainingState state;
};
} // namespace

TEST(Checkpoint, HoldsAllOfARun) {
  TemporaryFolder folder;
  std::string path = folder.path("c.safetensors");
  TestRun run;
  run.fill(1);
  run.state.step = 1200;
  run.state.epoch = 3;
  run.state.bestMetric = 0.1 + 0.2;
  run.state.bestStep = 1000;
  run.state.random = Random(9).toJSON();
  run.state.schedule = get(Schedule::parse("plateau:factor=0.5", 1)).toJSON();
  run.state.extra["model"] = "tagger";
  ASSERT_SUCCESS(run.save(path));

  TestRun other;
  const void *address = other.optimizer.at("m").data();
  TrainingState state = get(other.load(path));
  EXPECT_EQ(state.toJSON(), run.state.toJSON());
  EXPECT_EQ(state.bestMetric, 0.1 + 0.2);
  EXPECT_EQ(get(Random::fromJSON(state.random)), Random(9));
  for (ArenaKind kind : {ArenaKind::Trainable, ArenaKind::Frozen})
    EXPECT_EQ(other.parameters.arena(kind).view<float>(),
              run.parameters.arena(kind).view<float>());
  for (const char *name : {"m", "v"})
    EXPECT_EQ(other.optimizer.at(name).view<float>(),
              run.optimizer.at(name).view<float>());
  EXPECT_EQ(other.optimizer.at("m").data(), address);
  EXPECT_EQ(other.carried.at("h").view<float>(),
            run.carried.at("h").view<float>());
}

TEST(Checkpoint, ServesAsWeights) {
  TemporaryFolder folder;
  std::string path = folder.path("c.safetensors");
  TestRun run;
  run.fill(1);
  ASSERT_SUCCESS(run.save(path));
  TestRun other;
  ASSERT_SUCCESS(loadWeights(path, other.parameters));
  EXPECT_EQ(other.weight(5), 6);
  // And a file of weights is no checkpoint.
  ASSERT_SUCCESS(run.parameters.save(path));
  ASSERT_SUCCESS(loadWeights(path, other.parameters));
  EXPECT_CONTAINS(messageOf(other.load(path)),
                  "c.safetensors: is not a checkpoint");
}

TEST(Checkpoint, ChangesNothingIfAnythingDoesNotFit) {
  TemporaryFolder folder;
  std::string path = folder.path("c.safetensors");
  TestRun run;
  run.fill(1);
  ASSERT_SUCCESS(run.save(path));
  TestRun other;
  other.optimizer.emplace("x",
                          other.parameters.makeArenaLike(ArenaKind::Trainable));
  std::string message = messageOf(other.load(path));
  EXPECT_CONTAINS(message, "missing 'w' of shape [2, 3]");
  EXPECT_EQ(other.weight(0), 0);
  other.optimizer.erase("x");
  other.optimizer.erase("v");
  EXPECT_CONTAINS(messageOf(other.load(path)),
                  "has the state 'v', which the optimizer has not");
  EXPECT_EQ(other.weight(0), 0);
}

TEST(Checkpoint, DamageNeverCrashes) {
  TemporaryFolder folder;
  TestRun run;
  run.fill(1);
  std::string path = folder.path("c.safetensors");
  ASSERT_SUCCESS(run.save(path));
  std::string bytes = folder.read("c.safetensors");
  TestRun other;
  for (size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_NE(messageOf(other.load(
                  folder.write("d", llvm::StringRef(bytes).take_front(size)))),
              "");
  for (size_t i = 0; i < bytes.size(); i += 3) {
    std::string damaged = bytes;
    damaged[i] ^= 1;
    (void)messageOf(other.load(folder.write("d", damaged)));
  }
}

TEST(Checkpoint, FullDiskKeepsTheOldOne) {
  TemporaryFolder folder;
  TestRun run;
  run.fill(1);
  std::string path = folder.path("c.safetensors");
  ASSERT_SUCCESS(run.save(path));
  run.fill(100);
  std::string message;
  {
    FileSizeLimit limit(500);
    message = messageOf(run.save(path));
  }
  EXPECT_CONTAINS(message, "c.safetensors: cannot be written");
  get(run.load(path));
  EXPECT_EQ(run.weight(0), 1);
}

TEST(Checkpoint, RefusesAmbiguousNames) {
  TemporaryFolder folder;
  std::string path = folder.path("c.safetensors");
  ParameterStore store =
      get(ParameterStore::create({ParameterSpec{"optimizer/m", {1}}}));
  EXPECT_CONTAINS(messageOf(saveCheckpoint(path, store, {}, {}, {})),
                  "cannot hold the parameter 'optimizer/m'");
  TestRun run;
  run.optimizer.emplace("a/b",
                        run.parameters.makeArenaLike(ArenaKind::Trainable));
  EXPECT_CONTAINS(messageOf(run.save(path)), "optimizer's state 'a/b'");
  run.optimizer.clear();
  run.optimizer.emplace("m", Tensor(DType::F32, {64}));
  EXPECT_CONTAINS(messageOf(run.save(path)), "expected an arena of shape");
}

TEST(CheckpointFolder, KeepsTheLatestAndTheBest) {
  TemporaryFolder folder;
  CheckpointFolder checkpoints =
      get(CheckpointFolder::open(folder.path("run/checkpoints"), 2));
  EXPECT_FALSE(get(checkpoints.latest()));
  TestRun run;
  for (int64_t step : {100, 200, 1000, 2000000000}) {
    run.fill(step);
    run.state.step = step;
    ASSERT_SUCCESS(checkpoints.save(run.parameters, run.optimizer,
                                    toRefs(run.carried), run.state,
                                    /*isBest=*/step == 200));
  }
  EXPECT_EQ(get(checkpoints.list()),
            (std::vector<std::string>{checkpoints.pathOf(1000),
                                      checkpoints.pathOf(2000000000)}));
  EXPECT_EQ(get(checkpoints.latest()), checkpoints.pathOf(2000000000));
  EXPECT_EQ(get(run.load(checkpoints.bestPath())).step, 200);
  EXPECT_EQ(run.weight(0), 200);
}

TEST(CheckpointFolder, NamesWhatCannotBeCreated) {
  TemporaryFolder folder;
  std::string file = folder.write("file", "");
  EXPECT_CONTAINS(messageOf(CheckpointFolder::open(file + "/run")),
                  "file/run: cannot be created");
}
