//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What training by gradients and in closed form share.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_TRAIN_H
#define RAVEL_TOOLS_RAVEL_TRAIN_H

#include "Data.h"
#include "ravel/Training/FunctionCall.h"
#include "ravel/Training/Progress.h"
#include "ravel/Training/Trainer.h"

namespace ravel::driver {

/// What both ways of training ask of the command line.
struct TrainingRequest {
  std::string objective;
  SplitSpec splitting;
  RowRange range;
  DataConfig config;
  DType precision;

  static llvm::Expected<TrainingRequest> fromCommandLine();
};

/// An error if either part of the data has classes out of their limits.
llvm::Error checkClasses(const Split &data, const ClassLimits &limits,
                         llvm::StringRef dataFile);

/// The unit that the root of a loss is in: that of the one column to be
/// predicted.
llvm::Expected<double> getMetricScale(const DataConfig &config, Metric metric);

/// The first interrupt asks for an end, the second one kills.
void catchInterrupts();
bool wasInterrupted();

/// How progress is shown on standard error.
ProgressOptions getProgressDisplay();

/// Creates --out if it does not exist.
llvm::Error createFolder();

/// Removes the weights of members of an ensemble from --out, from one on.
void removeMembers(int64_t from);

/// Writes how well training went into --out, as result.json.
llvm::Error writeResult(llvm::StringRef metric, double value);

/// Writes what `ravel run` needs besides weights into --out.
llvm::Error writeDescription(const ModelSource &source,
                             const DataConfig &config,
                             llvm::json::Object training);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_TRAIN_H
