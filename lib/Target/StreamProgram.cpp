//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What the runtime's `main` (Runtime/Main.c) is told of a stream.
//
//===----------------------------------------------------------------------===//

#include "InterfaceEmitter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace ravel;
using llvm::Constant;
using llvm::Type;
using llvm::Value;

void ravel::emitProgram(const Interface &interface, llvm::Module &module) {
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  Type *pointer = builder.getPtrTy(), *i32 = builder.getInt32Ty(),
       *i64 = builder.getInt64Ty();
  auto createConstant = [&](Constant *value) {
    return new llvm::GlobalVariable(module, value->getType(),
                                    /*isConstant=*/true,
                                    llvm::GlobalValue::PrivateLinkage, value);
  };
  // What `main` calls: (state, data of all parameters).
  llvm::Function *step = module.getFunction(interface.name + "_step");
  auto *call = llvm::Function::Create(
      llvm::FunctionType::get(i32, {pointer, pointer}, false),
      llvm::GlobalValue::InternalLinkage, "stream.step", module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", call));
  llvm::SmallVector<Value *> arguments{call->getArg(0)};
  llvm::SmallVector<Constant *> described;
  int64_t numInputs = 0;
  auto *shapeType = llvm::ArrayType::get(i64, 4);
  auto *argumentType = llvm::StructType::get(
      context, {i32, i32, i32, i32, i32, i32, i64, shapeType, i64});
  for (auto [index, parameter] : llvm::enumerate(interface.step)) {
    Value *slot =
        builder.CreateConstInBoundsGEP1_64(pointer, call->getArg(1), index);
    arguments.push_back(builder.CreateLoad(pointer, slot));
    numInputs += !parameter.isOutput;
    llvm::SmallVector<Constant *> shape;
    for (int64_t dim : parameter.shape)
      shape.push_back(builder.getInt64(dim));
    shape.resize(4, builder.getInt64(0));
    Role role = parameter.isOutput ? Role::Output : Role::Input;
    described.push_back(llvm::ConstantStruct::get(
        argumentType,
        {builder.getInt32(static_cast<int>(role)),
         builder.getInt32(static_cast<int>(RowLayout::Shared)),
         builder.getInt32(static_cast<int>(parameter.dtype)),
         builder.getInt32(0), builder.getInt32(0),
         builder.getInt32(parameter.shape.size()),
         builder.getInt64(parameter.numClasses),
         llvm::ConstantArray::get(shapeType, shape), builder.getInt64(0)}));
  }
  builder.CreateRet(builder.CreateCall(step, arguments));
  auto *type =
      llvm::StructType::get(context, {pointer, i64, i32, i32, pointer, pointer,
                                      pointer, pointer, pointer});
  auto *stream = llvm::ConstantStruct::get(
      type,
      {createConstant(
           llvm::ConstantDataArray::getString(context, interface.name)),
       builder.getInt64(interface.stateBytes), builder.getInt32(numInputs),
       builder.getInt32(interface.step.size() - numInputs),
       createConstant(llvm::ConstantArray::get(
           llvm::ArrayType::get(argumentType, described.size()), described)),
       module.getFunction(interface.name + "_init"),
       module.getFunction(interface.name + "_reset"), call,
       module.getFunction(interface.name + "_strerror")});
  new llvm::GlobalVariable(module, type, /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, stream,
                           "ravel_stream");
}
