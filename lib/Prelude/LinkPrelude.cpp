//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Parser/Parser.h"
#include "ravel/Prelude/Prelude.h"

namespace ravel {
#define GEN_PASS_DEF_RNNLINKPRELUDE
#include "ravel/Prelude/Passes.h.inc"

namespace detail {
/// The files of the prelude, ending in null.
extern const char *const preludeText[];
} // namespace detail
} // namespace ravel

using namespace mlir;
using namespace ravel;
using namespace ravel::rnn;

OwningOpRef<ModuleOp> ravel::parsePrelude(MLIRContext *context) {
  std::string text;
  for (const char *const *file = detail::preludeText; *file; ++file)
    text += *file;
  return parseSourceString<ModuleOp>(text, context, "prelude");
}

/// The symbol of the cell that `op` uses; null where it uses none.
static FlatSymbolRefAttr getUsedCell(Operation *op) {
  if (auto unroll = dyn_cast<UnrollOp>(op))
    return unroll.getCellAttr();
  if (auto step = dyn_cast<StepOp>(op))
    return step.getCellAttr();
  return nullptr;
}

/// "@a, @b, ..." of the ops of type `OpTy` in `modules`.
template <typename OpTy>
static std::string listNames(ArrayRef<ModuleOp> modules) {
  std::string names;
  for (ModuleOp module : modules)
    for (auto op : module.getOps<OpTy>())
      names += (names.empty() ? "@" : ", @") + op.getSymName().str();
  return names;
}

namespace {
struct LinkPreludePass
    : public ravel::impl::RNNLinkPreludeBase<LinkPreludePass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OwningOpRef<ModuleOp> prelude = parsePrelude(&getContext());
    if (!prelude)
      return signalPassFailure();
    SymbolTable symbols(module), preludeSymbols(*prelude);
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());

    // A cell that is added may use others: ops yet to be looked at.
    SmallVector<Operation *> pending;
    module.walk([&](Operation *op) { pending.push_back(op); });
    while (!pending.empty()) {
      Operation *op = pending.pop_back_val();
      FlatSymbolRefAttr name = getUsedCell(op);
      if (!name || symbols.lookup(name.getAttr()))
        continue;
      auto cell = preludeSymbols.lookup<CellOp>(name.getAttr());
      if (!cell) {
        op->emitError("unknown cell ")
            << name << "; there are " << listNames<CellOp>({module, *prelude});
        return signalPassFailure();
      }
      Operation *copy = builder.clone(*cell);
      symbols.insert(copy);
      copy->walk([&](Operation *inner) { pending.push_back(inner); });
    }

    if (optimizer.empty())
      return;
    if (Operation *own = symbols.lookup(optimizer)) {
      if (isa<OptimizerOp>(own))
        return;
      InFlightDiagnostic diag = module.emitError("@")
                                << optimizer << " must be a rnn.optimizer";
      diag.attachNote(own->getLoc()) << "but is this";
      return signalPassFailure();
    }
    auto found = preludeSymbols.lookup<OptimizerOp>(optimizer);
    if (!found) {
      module.emitError("unknown optimizer @")
          << optimizer << "; there are "
          << listNames<OptimizerOp>({module, *prelude});
      return signalPassFailure();
    }
    builder.clone(*found);
  }
};
} // namespace
