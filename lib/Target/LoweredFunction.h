//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The functions of a module at level 5, as code that calls them needs to know
// them.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_TARGET_LOWEREDFUNCTION_H
#define RAVEL_LIB_TARGET_LOWEREDFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "ravel/Execution/Module.h"
#include <optional>

namespace ravel {

struct LoweredArgument {
  /// What the function's signature says; the rest of arguments are what the
  /// compiler has added.
  enum class Kind { Ordinary, Prepared, Workspace } kind = Kind::Ordinary;
  Argument argument;
  /// Of a memref: its sizes, -1 where dynamic. Nothing for a number.
  std::optional<Shape> shape;
  /// The bytes of a memref of static shape.
  int64_t bytes = 0;
};

struct LoweredFunction {
  std::string name;
  std::vector<LoweredArgument> arguments;
  /// The bytes of workspace, if they are the same for all calls.
  std::optional<int64_t> workspaceBytes;
  bool hasWorkspace = false;
  /// Whether the bytes follow from the numbers of instants and examples.
  bool isWorkspaceKnown = true;
  /// What prepares its parameters; null if nothing does.
  std::unique_ptr<LoweredFunction> preparation;
  /// Of one step of a stream.
  std::optional<Streaming> streaming;

  llvm::SmallVector<const LoweredArgument *>
  find(LoweredArgument::Kind kind) const;
  llvm::SmallVector<const LoweredArgument *> find(Role role) const;
};

/// Has the companion that tells how much workspace a function needs tell it for
/// sequences that all have as many instants as there are: the offsets of
/// instant t are t times the number of examples, and the companion reads none.
void boundWorkspace(mlir::ModuleOp module, llvm::StringRef name);

/// The bytes of workspace that a function needs for so many examples of so many
/// instants each, after `boundWorkspace`; nothing if that is not known.
std::optional<int64_t> evaluateWorkspace(mlir::ModuleOp module,
                                         llvm::StringRef name, int64_t instants,
                                         int64_t batch);

/// Describes a function; null if the module has none of that name.
std::unique_ptr<LoweredFunction> describeFunction(mlir::ModuleOp module,
                                                  llvm::StringRef name);

} // namespace ravel

#endif // RAVEL_LIB_TARGET_LOWEREDFUNCTION_H
