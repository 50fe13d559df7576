//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Code for several processors in one object: the functions that callers see
// choose among those of each level.
//
//===----------------------------------------------------------------------===//

#include "InterfaceEmitter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace ravel;
using llvm::Type;
using llvm::Value;

void ravel::emitDispatch(const Interface &interface,
                         llvm::ArrayRef<std::string> prefixes,
                         llvm::ArrayRef<uint64_t> features,
                         llvm::Module &module) {
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  Type *i32 = builder.getInt32Ty(), *i64 = builder.getInt64Ty();
  // Written by each call of `init`, always with the same.
  auto *chosen = new llvm::GlobalVariable(
      module, i32, /*isConstant=*/false, llvm::GlobalValue::InternalLinkage,
      builder.getInt32(0), interface.name + ".level");
  std::vector<std::string> suffixes;
  for (llvm::Function &function : module)
    if (function.getName().starts_with(prefixes.front() + "_"))
      suffixes.push_back(
          function.getName().drop_front(prefixes.front().size()).str());
  for (const std::string &suffix : suffixes) {
    llvm::Function *least = module.getFunction(prefixes.front() + suffix);
    auto *function = llvm::Function::Create(least->getFunctionType(),
                                            llvm::GlobalValue::ExternalLinkage,
                                            interface.name + suffix, module);
    function->setDoesNotThrow();
    for (llvm::StringRef name : {"target-cpu", "target-features"})
      function->addFnAttr(least->getFnAttribute(name));
    builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", function));
    llvm::SmallVector<Value *> arguments;
    for (llvm::Argument &argument : function->args())
      arguments.push_back(&argument);
    // Sizes are asked for before anything is chosen: the greatest does for all.
    if (arguments.empty() && suffix != "_init") {
      Value *most = builder.CreateCall(least);
      for (const std::string &prefix : prefixes.drop_front())
        most = builder.CreateBinaryIntrinsic(
            llvm::Intrinsic::umax, most,
            builder.CreateCall(module.getFunction(prefix + suffix)));
      builder.CreateRet(most);
      continue;
    }
    Value *level;
    if (suffix == "_init") {
      Value *found = builder.CreateCall(module.getOrInsertFunction(
          "ravel_processor_features", llvm::FunctionType::get(i64, false)));
      level = builder.getInt32(0);
      for (auto [number, wanted] : llvm::enumerate(features)) {
        Value *mask = builder.getInt64(wanted);
        Value *has = builder.CreateICmpEQ(builder.CreateAnd(found, mask), mask);
        level = builder.CreateSelect(has, builder.getInt32(number), level);
      }
      builder.CreateStore(level, chosen)
          ->setAtomic(llvm::AtomicOrdering::Monotonic);
    } else {
      auto *load = builder.CreateLoad(i32, chosen);
      load->setAtomic(llvm::AtomicOrdering::Monotonic);
      level = load;
    }
    auto addCall = [&](const std::string &prefix) {
      auto *block = llvm::BasicBlock::Create(context, "", function);
      llvm::IRBuilder<> inner(block);
      llvm::CallInst *call =
          inner.CreateCall(module.getFunction(prefix + suffix), arguments);
      call->setTailCall();
      inner.CreateRet(call);
      return block;
    };
    auto *choice = builder.CreateSwitch(level, addCall(prefixes.front()),
                                        prefixes.size() - 1);
    for (size_t i = 1; i < prefixes.size(); ++i)
      choice->addCase(builder.getInt32(i), addCall(prefixes[i]));
  }
}
