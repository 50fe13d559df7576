//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_COMMANDS_H
#define RAVEL_TOOLS_RAVEL_COMMANDS_H

#include "ravel/Execution/Module.h"
#include "ravel/Training/FunctionCall.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace ravel::driver {

// Each does what the command line says. The integer is the exit status.
llvm::Expected<int> train();
llvm::Expected<int> run();
llvm::Expected<int> evaluateModel();
llvm::Expected<int> sample();
llvm::Expected<int> print();
llvm::Expected<int> listParameters();
llvm::Expected<int> plot();
llvm::Expected<int> lookAtReservoir();
llvm::Expected<int> search();
llvm::Expected<int> bench();
llvm::Expected<int> compile();

/// `ravel train --solve`.
llvm::Expected<int> solveReadout();

/// What the command line's MODEL stands for.
struct ModelFolder {
  ModelSource source;
  /// The folder that a training run wrote; empty if MODEL is a file.
  std::string folder;
  /// The folder's train.json.
  llvm::json::Object training;

  static llvm::Expected<ModelFolder> open();
  std::string path(llvm::StringRef file) const;
  /// The file of weights that the command line or the folder gives; empty if
  /// there is none.
  std::string findWeights() const;
  /// How many models the folder has of which the outputs are averaged.
  int64_t countMembers() const;
  /// Their weights; one file, as `findWeights` says, if it is no ensemble.
  std::vector<std::string> findMembers() const;
};

/// The weights of one member of an ensemble.
std::string getMemberPath(llvm::StringRef folder, int64_t member);

/// Gives an alias of a model another definition: "NAME=VALUE". An error where
/// there is no such alias.
llvm::Error setAlias(ModelSource &source, llvm::StringRef setting);

std::string joinPath(llvm::StringRef folder, llvm::StringRef name);

/// A function's name without '@'; an error if it is empty.
llvm::Expected<std::string> getFunctionName(llvm::StringRef text,
                                            llvm::StringRef flag);

/// The precision of the command line, or else of the folder, or else f32.
llvm::Expected<DType> getPrecision(const ModelFolder *model = nullptr);

/// What the command line rounds weights to; empty for nothing.
llvm::Expected<std::string> getWeightType();

/// The steps that the command line leaves out.
llvm::Expected<std::vector<std::string>> getOmittedSteps();

/// How many instants the command line puts between the states that a backward
/// pass keeps.
llvm::Expected<int64_t> getCheckpointTime();

/// A compiler with the cache of the command line; sets the number of threads.
Compiler makeCompiler();

/// Parses "adam{beta1=0.95, beta2=0.999}".
llvm::Error parseOptimizer(llvm::StringRef text, std::string &name,
                           std::map<std::string, double> &settings);

/// One function of a model, as it runs outside of training.
llvm::Expected<Module> compileFunction(const Compiler &compiler,
                                       const ModelSource &source,
                                       llvm::StringRef function,
                                       DType precision);

/// The parameters of a module, drawn from the seed or loaded from a file that
/// may have more than those.
llvm::Expected<ParameterStore>
makeParameters(const Module &module, DType precision, llvm::StringRef weights);

/// The parameters of each member of an ensemble, from these files.
llvm::Expected<std::vector<ParameterStore>>
makeMembers(const Module &module, DType precision,
            llvm::ArrayRef<std::string> files);

std::vector<const ParameterStore *>
getPointers(llvm::ArrayRef<ParameterStore> stores);

/// How many classes the integer inputs that data give to a call may have.
ClassLimits findClassLimits(const FunctionCall &call);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_COMMANDS_H
