//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Compilation ahead of time: a function of a model as an object that needs
// nothing else, with an interface in C.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TARGET_AHEADOFTIME_H
#define RAVEL_TARGET_AHEADOFTIME_H

#include "ravel/Execution/Module.h"
#include "ravel/Target/Interface.h"

namespace ravel {

/// Which OpenMP runtime the threads of `run` come from.
enum class ThreadRuntime { None, LibOMP, LibGOMP };

struct ObjectOptions {
  /// The prefix of all names: a C identifier.
  std::string name;
  /// The function that is compiled.
  std::string function;
  /// Precision, weight type, target and processor.
  CompileOptions compile;
  /// The safetensors file of the weights that become part of the object. Empty:
  /// the object reads them when it is initialized.
  std::string weights;
  ThreadRuntime threads = ThreadRuntime::None;
  /// Processors among which the object chooses when it is initialized, the
  /// least first; empty for the one of `compile`.
  std::vector<std::string> processors;
};

/// What is known of a function in the object.
struct FunctionReport {
  std::string name;
  /// Of machine code, in bytes.
  int64_t codeBytes = 0;
};

struct Report {
  int64_t parameters = 0, weightBytes = 0, stateBytes = 0;
  /// Of vectors with matrices, for one instant of one example.
  int64_t productsPerStep = 0;
  /// What the function itself takes of `run`'s workspace, for one example of
  /// 100 instants.
  int64_t workspaceBytes = 0;
  std::vector<FunctionReport> functions;
  /// The tiles that were chosen, a line for each kernel.
  std::vector<std::string> tiles;
};

/// A compiled function, in each form that may be asked for.
struct CompiledObject {
  Interface interface;
  Report report;
  /// What it is for, as LLVM names it.
  std::string triple;
  /// An object file, for the target that was asked for.
  std::string object;
  /// The same with a `main` that streams, if asked for.
  std::string program;
  /// LLVM IR, assembler, and the LLVM dialect, as text; if asked for.
  std::string llvmIR, assembly, mlir;
};

/// What of `CompiledObject` is wanted beside the object file.
struct ObjectForms {
  bool llvmIR = false, assembly = false, mlir = false;
  /// Whether the report is filled as a whole, which takes longer.
  bool report = false;
  /// A `main` that streams numbers from its input to its output.
  bool program = false;
};

llvm::Expected<CompiledObject> compileObject(const ModelSource &source,
                                             const ObjectOptions &options,
                                             const ObjectForms &forms);

} // namespace ravel

#endif // RAVEL_TARGET_AHEADOFTIME_H
