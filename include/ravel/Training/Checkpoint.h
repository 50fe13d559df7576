//===- Checkpoint.h - A training run on disk --------------------*- C++ -*-===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A checkpoint is one safetensors file: the parameters under their own names,
// so that it also serves as a file of weights; each of the optimizer's state
// arenas, taken apart by parameter, under "optimizer/STATE/PARAMETER"; tensors
// carried from batch to batch under "carried/NAME"; and in the metadata, under
// "training", what else it takes to go on as if nothing had happened.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_CHECKPOINT_H
#define RAVEL_TRAINING_CHECKPOINT_H

#include "ravel/Execution/ParameterStore.h"
#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ravel {

/// Where a run is, apart from tensors.
struct TrainingState {
  int64_t step = 0;  // updates done
  int64_t epoch = 0; // passes over the data done
  std::optional<double> bestMetric;
  int64_t bestStep = 0;
  llvm::json::Value data = nullptr;     // Batcher::toJSON
  llvm::json::Value schedule = nullptr; // Schedule::toJSON
  llvm::json::Value random = nullptr;   // Random::toJSON
  llvm::json::Object extra;             // of the caller's

  llvm::json::Value toJSON() const;
  static llvm::Expected<TrainingState> fromJSON(const llvm::json::Value &value);
};

/// An optimizer's state by name ("m", "v"): each an arena like that of the
/// trainable parameters.
using OptimizerState = std::map<std::string, Tensor, std::less<>>;

/// Writes a checkpoint, atomically. State names must not contain '/', and no
/// parameter may be named "optimizer/..." or "carried/...".
llvm::Error saveCheckpoint(llvm::StringRef path,
                           const ParameterStore &parameters,
                           const OptimizerState &optimizer,
                           const NamedTensorRefs &carried,
                           const TrainingState &state);

/// Reads a checkpoint: fills the parameters and the arenas in `optimizer`,
/// which keep their addresses, and replaces `carried`. If anything is missing,
/// unexpected or does not fit, everything stays as it was.
llvm::Expected<TrainingState> loadCheckpoint(llvm::StringRef path,
                                             ParameterStore &parameters,
                                             OptimizerState &optimizer,
                                             NamedTensors &carried);

/// Loads only the parameters, from a checkpoint or from any safetensors file.
llvm::Error loadWeights(llvm::StringRef path, ParameterStore &parameters);

/// A folder of checkpoints: step-000001200.safetensors, ..., and
/// best.safetensors.
class CheckpointFolder {
public:
  /// Creates the folder if it does not exist. Of the numbered checkpoints, the
  /// latest `keep` (at least 1) remain.
  static llvm::Expected<CheckpointFolder> open(llvm::StringRef folder,
                                               int64_t keep = 3);

  /// Saves under the state's step, as the best one too if `isBest`, and then
  /// removes what is not to be kept.
  llvm::Error save(const ParameterStore &parameters,
                   const OptimizerState &optimizer,
                   const NamedTensorRefs &carried, const TrainingState &state,
                   bool isBest = false);

  /// The paths of the numbered checkpoints, oldest first.
  llvm::Expected<std::vector<std::string>> list() const;
  /// The latest one; nothing if there is none.
  llvm::Expected<std::optional<std::string>> latest() const;
  std::string bestPath() const;
  std::string pathOf(int64_t step) const;

private:
  CheckpointFolder(llvm::StringRef folder, int64_t keep)
      : folder(folder), keep(keep) {}

  std::string folder;
  int64_t keep;
};

} // namespace ravel

#endif // RAVEL_TRAINING_CHECKPOINT_H
