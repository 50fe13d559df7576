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

/// How progress is shown on standard error.
ProgressOptions getProgressDisplay();

/// Creates --out if it does not exist.
llvm::Error createFolder();

/// Writes what `ravel run` needs besides weights into --out.
llvm::Error writeDescription(const ModelSource &source,
                             const DataConfig &config,
                             llvm::json::Object training);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_TRAIN_H
