//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// The steps from a model's text to an object, which compilation in this process
// and ahead of time share.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_EXECUTION_LOWERING_H
#define RAVEL_LIB_EXECUTION_LOWERING_H

#include "CompiledCode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/FileUtilities.h"
#include "ravel/Pipelines/Pipelines.h"
#include "llvm/Support/SourceMgr.h"

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace ravel {

/// A context with everything that a model needs, whose diagnostics go to
/// standard error.
class Session {
public:
  Session();

  /// Parses `source`; inputs get the names that they have in the text.
  mlir::OwningOpRef<mlir::ModuleOp> parse(const ModelSource &source);

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  llvm::SourceMgr sourceMgr;
  std::unique_ptr<mlir::SourceMgrDiagnosticHandler> handler;
};

/// That there were diagnostics, which have been printed.
llvm::Error reportFailure(const ModelSource &source);

/// The target machine that `options` name.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CompileOptions &options);

/// What the pipelines are to do for `options` on that machine.
void fillPipelineOptions(const CompileOptions &options,
                         const llvm::TargetMachine &machine,
                         PipelineOptions &result);

/// Parses `source` and brings it to `level`.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
lowerTo(Session &session, const ModelSource &source,
        const CompileOptions &options, const PipelineOptions &pipeline,
        unsigned level);

/// What the attributes of a batched function's argument say of it.
Argument describeArgument(mlir::func::FuncOp function, unsigned index);

/// What the attribute of a stream's step says.
Streaming describeStreaming(mlir::DictionaryAttr attrs);

/// Fills signatures and manifest from a module at level 5.
void describe(mlir::ModuleOp module, CompiledCode &code);

/// From level 5 to the LLVM dialect.
llvm::Error lowerToLLVM(mlir::ModuleOp module, const PipelineOptions &pipeline,
                        const ModelSource &source);

/// Translates a module of the LLVM dialect for `machine`.
llvm::Expected<std::unique_ptr<llvm::Module>>
translate(mlir::ModuleOp module, llvm::LLVMContext &context,
          llvm::TargetMachine &machine, const ModelSource &source);

/// Says of each function that it is for `machine`.
void setTarget(llvm::Module &module, llvm::TargetMachine &machine);

/// Runs LLVM's passes.
llvm::Error optimize(llvm::Module &module, llvm::TargetMachine &machine,
                     unsigned level);

/// All of that: a module of the LLVM dialect as an object file.
llvm::Expected<std::string> compileToObject(mlir::ModuleOp module,
                                            llvm::TargetMachine &machine,
                                            unsigned level,
                                            const ModelSource &source);

/// The bytes of an object file, or the text of an assembler file.
llvm::Expected<std::string>
emit(llvm::Module &module, llvm::TargetMachine &machine, bool asText = false);

} // namespace ravel

#endif // RAVEL_LIB_EXECUTION_LOWERING_H
