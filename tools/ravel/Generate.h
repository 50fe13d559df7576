//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Functions that generate: from lines of text, or from data, and how many
// errors they make.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_GENERATE_H
#define RAVEL_TOOLS_RAVEL_GENERATE_H

#include "Data.h"
#include "ravel/Generation/Generator.h"
#include "ravel/Training/Trainer.h"

namespace ravel::driver {

/// Whether the module has the function `name` in two parts.
bool generates(const Module &module, llvm::StringRef name);

/// `ravel run` of a function that generates: the lines of standard input, or
/// `data` if that is given, to lines of `os`. Returns the exit status.
llvm::Expected<int> runGenerator(const Module &module, llvm::StringRef name,
                                 const ParameterStore &parameters,
                                 const DataConfig &config,
                                 const ClassLimits &limits, const Dataset *data,
                                 llvm::raw_ostream &os);

/// Generates greedily for a dataset, and compares with its field `target`,
/// which ends as decoders do. Examples of one source are one, with several
/// references. Nothing if `stop` said so.
llvm::Expected<std::optional<ErrorCounts>>
countErrors(const Module &module, llvm::StringRef name,
            const ParameterStore &parameters, const Dataset &dataset,
            llvm::StringRef target, int64_t batchSize, const StopFlag &stop);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_GENERATE_H
