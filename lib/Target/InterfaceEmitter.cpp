//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "InterfaceEmitter.h"
#include "Runtime/Runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsAArch64.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace ravel;
using llvm::Constant;
using llvm::Type;
using llvm::Value;

/// Parts of memory begin at lines of the cache.
static constexpr int64_t kLine = 64;

/// What a state that was reset begins with.
static constexpr uint64_t kMagic = 0x52564c5354415445; // "RVLSTATE"

StateLayout StateLayout::create(const LoweredFunction &step) {
  StateLayout layout;
  auto inputs = step.find(Role::Input);
  const Streaming &streaming = *step.streaming;
  int64_t end = header;
  auto place = [&](int64_t bytes) {
    int64_t offset = end;
    end = llvm::alignTo(end + bytes, kLine);
    return offset;
  };
  for (int64_t i = 0; i < streaming.states; ++i)
    layout.states.push_back(place(inputs[streaming.inputs + i]->bytes));
  layout.copy = end - header;
  end += layout.copy;
  for (int64_t i = 0; i < streaming.examples; ++i)
    layout.examples.push_back(
        place(inputs[streaming.inputs + streaming.states + i]->bytes));
  layout.workspace = place(step.workspaceBytes.value_or(0));
  layout.bytes = end;
  return layout;
}

namespace {

class Emitter {
public:
  Emitter(const Interface &interface, const ObjectParts &parts,
          llvm::Module &module)
      : interface(interface), parts(parts), module(module),
        context(module.getContext()), builder(context),
        pointer(llvm::PointerType::get(context, 0)), i32(builder.getInt32Ty()),
        i64(builder.getInt64Ty()),
        size(module.getDataLayout().getIntPtrType(context)) {}

  void emitWeights();
  void emitInit();
  void emitRun();
  void emitStream();
  void emitGenerator();
  void emitStrerror();

private:
  // Constants.
  Constant *number(int64_t value) { return builder.getInt64(value); }
  Constant *number32(int64_t value) {
    return builder.getInt32(static_cast<uint32_t>(value));
  }
  llvm::GlobalVariable *createConstant(Constant *value,
                                       const llvm::Twine &name);
  Constant *createArray(llvm::ArrayRef<Constant *> values, Type *type,
                        const llvm::Twine &name);
  Constant *createOffsets(const LoweredFunction &function);
  llvm::StructType *getArgumentType();
  Constant *describeArgument(const LoweredArgument &argument);
  Constant *describeArguments(llvm::ArrayRef<const LoweredArgument *> list,
                              const llvm::Twine &name);
  Constant *describeFunction(const LoweredFunction &function,
                             int64_t numLengthClasses);
  Constant *describeGenerator();
  /// A function (T of each class, batch) to the bytes of workspace that
  /// `function` needs for sequences, or memories, of T instants.
  llvm::Function *emitWorkspaceQuery(const LoweredFunction &function);
  /// Memory of the function's frame with these values, one after the other.
  Value *createArrayOf(Type *type, llvm::ArrayRef<Value *> values);
  Constant *describeWeights();

  // Functions.
  /// A function that callers see, with its entry block.
  llvm::Function *createFunction(const llvm::Twine &suffix, Type *result,
                                 llvm::ArrayRef<Type *> types);
  llvm::FunctionCallee getRuntime(llvm::StringRef name, Type *result,
                                  llvm::ArrayRef<Type *> types) {
    return module.getOrInsertFunction(
        name, llvm::FunctionType::get(result, types, false));
  }
  Value *advance(Value *base, int64_t bytes) {
    return builder.CreateInBoundsGEP(builder.getInt8Ty(), base, number(bytes));
  }
  llvm::LoadInst *load(Type *type, Value *base, int64_t offset) {
    return builder.CreateLoad(type, advance(base, offset));
  }
  Value *isMisaligned(Value *address, int64_t alignment);
  /// Returns `code` where `condition` holds, which is rare.
  void returnIf(Value *condition, Value *code);
  void returnIf(Value *condition, int code) {
    returnIf(condition, number32(code));
  }
  /// The checks of pointers: those to data, each with its element's size, and
  /// those to memory that begins at a line.
  void checkPointers(llvm::ArrayRef<std::pair<Value *, int64_t>> data,
                     llvm::ArrayRef<Value *> lines);
  /// Calls the model's function `function`. `getData` gives the addresses of
  /// inputs and outputs, in order, and the number of the instant.
  void call(const LoweredFunction &function, Value *weights, Value *workspace,
            llvm::function_ref<Value *(const LoweredArgument &)> getData);
  /// The processor's mode of arithmetic, and whether it had to be changed; null
  /// where the processor has none.
  struct Mode {
    Value *saved = nullptr, *isOther = nullptr;
  };
  Value *readMode();
  void writeMode(Value *mode);
  /// Has the processor take tiny numbers for zero.
  Mode flushTinyNumbers();
  void restoreMode(const Mode &mode);
  void emitIf(Value *condition, llvm::function_ref<void()> body);
  /// Memory of the function's frame.
  Value *createSlot(Type *type);
  void emitReset();
  void emitStep();
  void emitSteps();
  int64_t getElementSize(const LoweredArgument &argument) {
    return getSizeInBytes(argument.argument.dtype);
  }

  const Interface &interface;
  const ObjectParts &parts;
  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::IRBuilder<> builder;
  Type *pointer, *i32, *i64, *size;
  /// The constant weights; null if they are the caller's.
  llvm::GlobalVariable *weights = nullptr;
  StateLayout state;
};

} // namespace

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

llvm::GlobalVariable *Emitter::createConstant(Constant *value,
                                              const llvm::Twine &name) {
  return new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                  llvm::GlobalValue::PrivateLinkage, value,
                                  name);
}

Constant *Emitter::createArray(llvm::ArrayRef<Constant *> values, Type *type,
                               const llvm::Twine &name) {
  if (values.empty())
    return llvm::ConstantPointerNull::get(
        llvm::cast<llvm::PointerType>(pointer));
  return createConstant(llvm::ConstantArray::get(
                            llvm::ArrayType::get(type, values.size()), values),
                        name);
}

llvm::StructType *Emitter::getArgumentType() {
  return llvm::StructType::get(context, {i32, i32, i32, i32, i32, i32, i64,
                                         llvm::ArrayType::get(i64, 4), i64});
}

Constant *Emitter::describeArgument(const LoweredArgument &argument) {
  const Argument &described = argument.argument;
  llvm::SmallVector<Constant *> shape;
  for (int64_t dim : described.shape)
    shape.push_back(number(dim));
  int64_t rank = shape.size();
  shape.resize(4, number(0));
  return llvm::ConstantStruct::get(
      getArgumentType(),
      {number32(static_cast<int>(described.role)),
       number32(static_cast<int>(described.layout)),
       number32(static_cast<int>(described.dtype)),
       number32(described.lengthClass), number32(described.memoryClass),
       number32(rank), number(described.numClasses.value_or(0)),
       llvm::ConstantArray::get(llvm::ArrayType::get(i64, 4), shape),
       number(parts.weights.offsets.lookup(&argument))});
}

Constant *
Emitter::describeArguments(llvm::ArrayRef<const LoweredArgument *> list,
                           const llvm::Twine &name) {
  llvm::SmallVector<Constant *> arguments;
  for (const LoweredArgument *argument : list)
    arguments.push_back(describeArgument(*argument));
  return createArray(arguments, getArgumentType(), name);
}

/// The places of what was prepared for `function`.
Constant *Emitter::createOffsets(const LoweredFunction &function) {
  llvm::SmallVector<Constant *> offsets;
  for (const LoweredArgument *argument :
       function.find(LoweredArgument::Kind::Prepared))
    offsets.push_back(number(parts.weights.offsets.lookup(argument)));
  return createArray(offsets, i64, function.name + ".prepared");
}

llvm::Function *Emitter::emitWorkspaceQuery(const LoweredFunction &run) {
  auto *query = llvm::Function::Create(
      llvm::FunctionType::get(i64, {pointer, i64}, false),
      llvm::GlobalValue::InternalLinkage, run.name + ".bytes", module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", query));
  if (run.workspaceBytes) {
    builder.CreateRet(number(*run.workspaceBytes));
    return query;
  }
  llvm::Function *companion = module.getFunction(run.name + ".workspace");
  // A step of a decoder has memories, and no sequences.
  bool isStep = &run == parts.next;
  Value *batch = query->getArg(1), *result = createSlot(i64);
  auto getLength = [&](int64_t lengthClass) {
    Value *length =
        builder.CreateLoad(size, builder.CreateConstInBoundsGEP1_64(
                                     size, query->getArg(0), lengthClass));
    return builder.CreateZExt(length, i64);
  };
  llvm::SmallVector<Value *> arguments;
  auto addMemRef = [&](Value *address, llvm::ArrayRef<Value *> sizes) {
    arguments.append({address, address, number(0)});
    llvm::append_range(arguments, sizes);
    arguments.append(sizes.size(), number(1));
  };
  for (const LoweredArgument &argument : run.arguments) {
    // The companion is not given the workspace.
    if (argument.kind == LoweredArgument::Kind::Workspace)
      continue;
    if (argument.argument.role == Role::Batch) {
      arguments.push_back(batch);
      continue;
    }
    int64_t memoryClass = argument.argument.memoryClass;
    if (argument.argument.role == Role::Longest) {
      arguments.push_back(getLength(memoryClass));
      continue;
    }
    if (!argument.shape) {
      arguments.push_back(llvm::PoisonValue::get(
          companion->getArg(arguments.size())->getType()));
      continue;
    }
    // Of data it reads the sizes alone.
    llvm::SmallVector<Value *> sizes;
    Value *address =
        llvm::ConstantPointerNull::get(llvm::cast<llvm::PointerType>(pointer));
    for (int64_t dim : *argument.shape)
      sizes.push_back(dim < 0 && argument.argument.role == Role::Output &&
                              !sizes.empty()
                          ? getLength(memoryClass)
                          : number(std::max<int64_t>(dim, 0)));
    if (argument.argument.role == Role::Offsets && isStep) {
      sizes.front() = number(1);
    } else if (argument.argument.role == Role::Offsets) {
      sizes.front() = builder.CreateAdd(
          getLength(argument.argument.lengthClass), number(1));
    } else if (argument.argument.role == Role::Starts) {
      sizes.front() = builder.CreateAdd(batch, number(1));
    } else if (argument.argument.layout == RowLayout::Memory) {
      sizes.front() = builder.CreateMul(getLength(memoryClass), batch);
    } else if (argument.argument.layout == RowLayout::Sequence) {
      sizes.front() =
          builder.CreateMul(getLength(argument.argument.lengthClass), batch);
    } else if (argument.argument.layout == RowLayout::Example ||
               argument.argument.role == Role::Order ||
               argument.argument.role == Role::Sources) {
      sizes.front() = batch;
    }
    addMemRef(address, sizes);
  }
  addMemRef(result, {number(1)});
  builder.CreateCall(companion, arguments);
  builder.CreateRet(builder.CreateLoad(i64, result));
  return query;
}

/// `RavelFunction` of the runtime.
Constant *Emitter::describeFunction(const LoweredFunction &run,
                                    int64_t numLengthClasses) {
  auto null =
      llvm::ConstantPointerNull::get(llvm::cast<llvm::PointerType>(pointer));
  Constant *workspace = null;
  if (run.hasWorkspace)
    workspace = emitWorkspaceQuery(run);
  auto ordinary = run.find(LoweredArgument::Kind::Ordinary);
  auto *type = llvm::StructType::get(
      context, {pointer, pointer, i32, i32, i32, i32, pointer, pointer});
  return createConstant(
      llvm::ConstantStruct::get(
          type, {module.getFunction("ravel_" + run.name), workspace,
                 number32(ordinary.size()),
                 number32(run.find(LoweredArgument::Kind::Prepared).size()),
                 number32(numLengthClasses), number32(0),
                 describeArguments(ordinary, run.name + ".arguments"),
                 createOffsets(run)}),
      run.name + ".description");
}

/// `RavelGenerator` of the runtime.
Constant *Emitter::describeGenerator() {
  const LoweredFunction &start = *parts.start, &next = *parts.next;
  const Decoding &decoding = parts.decoding;
  int64_t firstMemory = 1 + decoding.states + decoding.examples;
  auto given = llvm::ArrayRef(start.find(Role::Output)).drop_front(firstMemory);
  llvm::SmallVector<Constant *> classes;
  size_t number = 0;
  for (const LoweredArgument *input : next.find(Role::Input)) {
    if (input->argument.layout != RowLayout::Memory)
      continue;
    size_t own = input->argument.memoryClass;
    classes.resize(std::max(classes.size(), own + 1), number32(0));
    classes[own] = number32(given[number++]->argument.memoryClass);
  }
  Constant *startDescription =
      describeFunction(start, interface.lengthClasses.size());
  Constant *nextDescription = describeFunction(next, classes.size());
  auto *type = llvm::StructType::get(
      context, {pointer, pointer, i32, i32, i32, i32, i32, i32, i64, pointer});
  return createConstant(
      llvm::ConstantStruct::get(
          type, {startDescription, nextDescription, number32(decoding.states),
                 number32(decoding.examples), number32(given.size()),
                 number32(decoding.outputs), number32(decoding.until),
                 number32(0), this->number(decoding.max),
                 createArray(classes, i32, "memory.classes")}),
      "generator.description");
}

/// `RavelWeights` of the runtime.
Constant *Emitter::describeWeights() {
  auto *parameterType = llvm::StructType::get(
      context, {pointer, i32, i32, llvm::ArrayType::get(i64, 4), i64});
  llvm::SmallVector<Constant *> list;
  for (const ManifestEntry &entry : parts.manifest) {
    llvm::SmallVector<Constant *> shape;
    for (int64_t dim : entry.spec.shape)
      shape.push_back(number(dim));
    shape.resize(4, number(0));
    Constant *name = createConstant(
        llvm::ConstantDataArray::getString(context, entry.spec.name),
        "parameter.name");
    list.push_back(llvm::ConstantStruct::get(
        parameterType,
        {name, number32(static_cast<int>(parts.precision)),
         number32(entry.spec.shape.size()),
         llvm::ConstantArray::get(llvm::ArrayType::get(i64, 4), shape),
         number(parts.weights.parameters.at(entry.spec.name))}));
  }
  auto *preparationType = llvm::StructType::get(
      context, {pointer, i32, i32, pointer, pointer, i64, i64});
  llvm::SmallVector<Constant *> preparations;
  for (const LoweredFunction *function :
       {parts.run, parts.reset, parts.step, parts.start, parts.next}) {
    if (!function || !function->preparation)
      continue;
    const LoweredFunction &preparation = *function->preparation;
    auto parameters = preparation.find(Role::Parameter);
    preparations.push_back(llvm::ConstantStruct::get(
        preparationType,
        {module.getFunction("ravel_" + preparation.name),
         number32(parameters.size()),
         number32(preparation.find(Role::Output).size()),
         describeArguments(parameters, preparation.name + ".parameters"),
         createOffsets(*function),
         number(parts.weights.workspaces.lookup(&preparation)),
         number(preparation.hasWorkspace
                    ? preparation.workspaceBytes.value_or(0)
                    : 0)}));
  }
  auto *type =
      llvm::StructType::get(context, {i32, i32, pointer, pointer, i64});
  return createConstant(
      llvm::ConstantStruct::get(
          type, {number32(list.size()), number32(preparations.size()),
                 createArray(list, parameterType, "parameters"),
                 createArray(preparations, preparationType, "preparations"),
                 number(parts.weights.bytes)}),
      "weights.description");
}

void Emitter::emitWeights() {
  if (interface.hasExternalWeights)
    return;
  weights =
      createConstant(llvm::ConstantDataArray::getRaw(
                         parts.weights.contents, parts.weights.contents.size(),
                         builder.getInt8Ty()),
                     interface.name + ".weights");
  weights->setAlignment(llvm::Align(kLine));
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

llvm::Function *Emitter::createFunction(const llvm::Twine &suffix, Type *result,
                                        llvm::ArrayRef<Type *> types) {
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(result, types, false),
      llvm::GlobalValue::ExternalLinkage, interface.name + suffix, module);
  function->setDoesNotThrow();
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", function));
  return function;
}

Value *Emitter::createSlot(Type *type) {
  llvm::BasicBlock &entry =
      builder.GetInsertBlock()->getParent()->getEntryBlock();
  return llvm::IRBuilder<>(&entry, entry.begin()).CreateAlloca(type);
}

Value *Emitter::isMisaligned(Value *address, int64_t alignment) {
  Value *bits = builder.CreateAnd(builder.CreatePtrToInt(address, size),
                                  llvm::ConstantInt::get(size, alignment - 1));
  return builder.CreateIsNotNull(bits);
}

void Emitter::returnIf(Value *condition, Value *code) {
  llvm::Function *function = builder.GetInsertBlock()->getParent();
  auto *leave = llvm::BasicBlock::Create(context, "", function);
  auto *stay = llvm::BasicBlock::Create(context, "", function);
  builder.CreateCondBr(condition, leave, stay,
                       llvm::MDBuilder(context).createUnlikelyBranchWeights());
  builder.SetInsertPoint(leave);
  builder.CreateRet(code);
  builder.SetInsertPoint(stay);
}

void Emitter::checkPointers(llvm::ArrayRef<std::pair<Value *, int64_t>> data,
                            llvm::ArrayRef<Value *> lines) {
  Value *null = builder.getFalse(), *misaligned = builder.getFalse();
  auto add = [&](Value *address, int64_t alignment) {
    null = builder.CreateOr(null, builder.CreateIsNull(address));
    misaligned = builder.CreateOr(misaligned, isMisaligned(address, alignment));
  };
  for (auto [address, alignment] : data)
    add(address, alignment);
  for (Value *address : lines)
    add(address, kLine);
  returnIf(builder.CreateOr(null, misaligned),
           builder.CreateSelect(null, number32(RAVEL_ERROR_NULL),
                                number32(RAVEL_ERROR_ALIGNMENT)));
}

void Emitter::call(
    const LoweredFunction &function, Value *weights, Value *workspace,
    llvm::function_ref<Value *(const LoweredArgument &)> getData) {
  auto getAddress = [&](const LoweredArgument &argument) -> Value * {
    if (argument.kind == LoweredArgument::Kind::Workspace)
      return workspace;
    if (argument.kind == LoweredArgument::Kind::Prepared ||
        argument.argument.role == Role::Parameter)
      return advance(weights, parts.weights.offsets.lookup(&argument));
    if (argument.argument.role == Role::Input ||
        argument.argument.role == Role::Output ||
        argument.argument.role == Role::Instant)
      return getData(argument);
    // Offsets, which nobody reads where there is one instant.
    return llvm::ConstantPointerNull::get(
        llvm::cast<llvm::PointerType>(pointer));
  };
  llvm::SmallVector<Value *> arguments;
  for (const LoweredArgument &argument : function.arguments) {
    if (argument.argument.role == Role::Batch) {
      arguments.push_back(number(1));
      continue;
    }
    Value *address = getAddress(argument);
    if (argument.argument.role == Role::Instant) {
      arguments.push_back(address);
      continue;
    }
    if (!argument.shape) {
      Type *type = builder.getFloatTy();
      if (argument.argument.dtype == DType::F64)
        type = builder.getDoubleTy();
      else if (argument.argument.dtype == DType::I32)
        type = i32;
      else if (argument.argument.dtype == DType::I64)
        type = i64;
      arguments.push_back(builder.CreateLoad(type, address));
      continue;
    }
    // A memref: {allocated, aligned, offset, sizes..., strides...}.
    arguments.append({address, address, number(0)});
    llvm::SmallVector<Value *> strides(argument.shape->size());
    int64_t stride = 1;
    for (size_t dim = argument.shape->size(); dim-- > 0;) {
      strides[dim] = number(stride);
      stride *= std::max<int64_t>((*argument.shape)[dim], 0);
    }
    for (int64_t dim : *argument.shape) {
      if (argument.kind == LoweredArgument::Kind::Workspace)
        dim = function.workspaceBytes.value_or(0);
      arguments.push_back(number(std::max<int64_t>(dim, 0)));
    }
    llvm::append_range(arguments, strides);
  }
  builder.CreateCall(module.getFunction(function.name), arguments);
}

//===----------------------------------------------------------------------===//
// Tiny numbers
//===----------------------------------------------------------------------===//

// States that fade come to numbers too small to be normal, and each operation
// on such a number costs some processors a hundred times what it costs
// otherwise. Changing the mode costs as much as a small model's step, so that
// it is left alone where the caller has set it, as audio hosts do.

Value *Emitter::readMode() {
  switch (module.getTargetTriple().getArch()) {
  case llvm::Triple::x86_64: {
    Value *slot = createSlot(i32);
    builder.CreateIntrinsic(llvm::Intrinsic::x86_sse_stmxcsr, {slot});
    return builder.CreateLoad(i32, slot);
  }
  case llvm::Triple::aarch64:
    return builder.CreateIntrinsic(llvm::Intrinsic::aarch64_get_fpcr, {});
  default:
    return nullptr;
  }
}

void Emitter::writeMode(Value *mode) {
  if (module.getTargetTriple().isAArch64()) {
    builder.CreateIntrinsic(llvm::Intrinsic::aarch64_set_fpcr, {mode});
    return;
  }
  Value *slot = createSlot(i32);
  builder.CreateStore(mode, slot);
  builder.CreateIntrinsic(llvm::Intrinsic::x86_sse_ldmxcsr, {slot});
}

void Emitter::emitIf(Value *condition, llvm::function_ref<void()> body) {
  llvm::Function *function = builder.GetInsertBlock()->getParent();
  auto *then = llvm::BasicBlock::Create(context, "", function);
  auto *next = llvm::BasicBlock::Create(context, "", function);
  builder.CreateCondBr(condition, then, next);
  builder.SetInsertPoint(then);
  body();
  builder.CreateBr(next);
  builder.SetInsertPoint(next);
}

Emitter::Mode Emitter::flushTinyNumbers() {
  // x86: flush to zero, and denormals are zero. AArch64: flush to zero.
  uint64_t bits = module.getTargetTriple().isAArch64() ? 1 << 24 : 0x8040;
  Mode mode;
  mode.saved = readMode();
  if (!mode.saved)
    return mode;
  Constant *wanted = llvm::ConstantInt::get(mode.saved->getType(), bits);
  mode.isOther =
      builder.CreateICmpNE(builder.CreateAnd(mode.saved, wanted), wanted);
  emitIf(mode.isOther,
         [&] { writeMode(builder.CreateOr(mode.saved, wanted)); });
  return mode;
}

void Emitter::restoreMode(const Mode &mode) {
  if (mode.saved)
    emitIf(mode.isOther, [&] { writeMode(mode.saved); });
}

//===----------------------------------------------------------------------===//
// Whole sequences
//===----------------------------------------------------------------------===//

void Emitter::emitInit() {
  bool isExternal = interface.hasExternalWeights;
  llvm::Function *init =
      createFunction("_init", i32,
                     isExternal ? llvm::ArrayRef<Type *>{pointer, pointer, size}
                                : llvm::ArrayRef<Type *>());
  if (parts.processorFeatures != 0) {
    Value *features =
        builder.CreateCall(getRuntime("ravel_processor_features", i64, {}));
    Value *required = number(parts.processorFeatures);
    returnIf(
        builder.CreateICmpNE(builder.CreateAnd(features, required), required),
        RAVEL_ERROR_PROCESSOR);
  }
  if (!isExternal) {
    builder.CreateRet(number32(0));
    return;
  }
  Value *result = builder.CreateCall(
      getRuntime("ravel_read_weights", i32, {pointer, pointer, pointer, size}),
      {describeWeights(), init->getArg(0), init->getArg(1), init->getArg(2)});
  builder.CreateRet(result);
  createFunction("_weights_bytes", size, {});
  builder.CreateRet(llvm::ConstantInt::get(size, parts.weights.bytes));
}

Value *Emitter::createArrayOf(Type *type, llvm::ArrayRef<Value *> values) {
  Value *array = createSlot(
      llvm::ArrayType::get(type, std::max<size_t>(values.size(), 1)));
  for (auto [index, value] : llvm::enumerate(values))
    builder.CreateStore(value,
                        builder.CreateConstInBoundsGEP1_64(type, array, index));
  return array;
}

void Emitter::emitRun() {
  if (!parts.run)
    return;
  size_t numClasses = interface.lengthClasses.size();
  Constant *description = describeFunction(*parts.run, numClasses);

  // (T of each class, B)
  llvm::SmallVector<Type *> types(numClasses + 1, size);
  llvm::Function *bytes = createFunction("_workspace_bytes", size, types);
  llvm::SmallVector<Value *> sizes;
  for (size_t i = 0; i < numClasses; ++i)
    sizes.push_back(bytes->getArg(i));
  builder.CreateRet(builder.CreateCall(
      getRuntime("ravel_workspace_bytes", size, {pointer, pointer, size}),
      {description, createArrayOf(size, sizes), bytes->getArg(numClasses)}));

  // ([weights,] T of each class, B, lengths of each class, data, workspace, its
  // bytes)
  types.clear();
  if (interface.hasExternalWeights)
    types.push_back(pointer);
  size_t first = types.size();
  types.append(numClasses + 1, size);
  types.append(numClasses + interface.run.size() + 1, pointer);
  types.push_back(size);
  llvm::Function *run = createFunction("_run", i32, types);
  auto getArguments = [&](size_t begin, size_t count) {
    llvm::SmallVector<Value *> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(run->getArg(begin + i));
    return values;
  };
  Value *steps = createArrayOf(size, getArguments(first, numClasses));
  Value *batch = run->getArg(first + numClasses);
  Value *lengths =
      createArrayOf(pointer, getArguments(first + numClasses + 1, numClasses));
  Value *data = createArrayOf(
      pointer, getArguments(first + 2 * numClasses + 1, interface.run.size()));
  size_t last = types.size() - 1;
  Value *base = weights;
  if (interface.hasExternalWeights) {
    base = run->getArg(0);
    checkPointers({}, {base});
  }
  Mode mode = flushTinyNumbers();
  Value *result =
      builder.CreateCall(getRuntime("ravel_run", i32,
                                    {pointer, pointer, pointer, size, pointer,
                                     pointer, pointer, size}),
                         {description, base, steps, batch, lengths, data,
                          run->getArg(last - 1), run->getArg(last)});
  restoreMode(mode);
  builder.CreateRet(result);
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

void Emitter::emitStream() {
  if (!parts.step)
    return;
  state = StateLayout::create(*parts.step);
  createFunction("_state_bytes", size, {});
  builder.CreateRet(llvm::ConstantInt::get(size, state.bytes));
  emitReset();
  emitStep();
  emitSteps();
}

void Emitter::emitReset() {
  const LoweredFunction &reset = *parts.reset;
  auto inputs = reset.find(Role::Input);
  size_t first = interface.hasExternalWeights ? 1 : 0;
  llvm::SmallVector<Type *> types(first + 1 + inputs.size(), pointer);
  llvm::Function *function = createFunction("_reset", i32, types);
  Value *memory = function->getArg(first);
  Value *base = weights;
  if (first)
    base = function->getArg(0);
  llvm::SmallVector<std::pair<Value *, int64_t>> data;
  for (auto [index, input] : llvm::enumerate(inputs))
    data.push_back(
        {function->getArg(first + 1 + index), getElementSize(*input)});
  llvm::SmallVector<Value *> lines{memory};
  if (first)
    lines.push_back(base);
  checkPointers(data, lines);
  for (auto [entry, input] : llvm::zip(data, inputs))
    if (input->argument.numClasses)
      returnIf(builder.CreateICmpUGE(builder.CreateLoad(i32, entry.first),
                                     number32(*input->argument.numClasses)),
               RAVEL_ERROR_CLASS);
  builder.CreateMemSet(memory, builder.getInt8(0), state.bytes,
                       llvm::Align(kLine));
  builder.CreateStore(number(kMagic), advance(memory, StateLayout::magic));
  if (first)
    builder.CreateStore(base, advance(memory, StateLayout::weights));
  size_t nextInput = 0, nextOutput = 0;
  call(reset, base, advance(memory, state.workspace),
       [&](const LoweredArgument &argument) -> Value * {
         if (argument.argument.role == Role::Input)
           return data[nextInput++].first;
         size_t index = nextOutput++, numStates = state.states.size();
         return advance(memory, index < numStates
                                    ? state.states[index]
                                    : state.examples[index - numStates]);
       });
  builder.CreateRet(number32(0));
}

void Emitter::emitStep() {
  const LoweredFunction &step = *parts.step;
  const Streaming &streaming = *step.streaming;
  auto inputs = step.find(Role::Input), outputs = step.find(Role::Output);
  llvm::SmallVector<Type *> types(1 + streaming.inputs + streaming.outputs,
                                  pointer);
  llvm::Function *function = createFunction("_step", i32, types);
  Value *memory = function->getArg(0);
  llvm::SmallVector<std::pair<Value *, int64_t>> data;
  for (int64_t i = 0; i < streaming.inputs; ++i)
    data.push_back({function->getArg(1 + i), getElementSize(*inputs[i])});
  for (int64_t i = 0; i < streaming.outputs; ++i)
    data.push_back({function->getArg(1 + streaming.inputs + i),
                    getElementSize(*outputs[i])});
  checkPointers(data, {memory});
  returnIf(builder.CreateICmpNE(load(i64, memory, StateLayout::magic),
                                number(kMagic)),
           RAVEL_ERROR_STATE);
  for (int64_t i = 0; i < streaming.inputs; ++i)
    if (inputs[i]->argument.numClasses)
      returnIf(builder.CreateICmpUGE(builder.CreateLoad(i32, data[i].first),
                                     number32(*inputs[i]->argument.numClasses)),
               RAVEL_ERROR_CLASS);
  Value *base = weights;
  if (interface.hasExternalWeights)
    base = load(pointer, memory, StateLayout::weights);
  // The copy that is read is this far from the first.
  Value *skipped = load(i64, memory, StateLayout::current);
  Value *other = builder.CreateSub(number(state.copy), skipped);
  builder.CreateStore(other, advance(memory, StateLayout::current));
  auto getState = [&](int64_t index, Value *copy) {
    Value *first = advance(memory, state.states[index]);
    return builder.CreateInBoundsGEP(builder.getInt8Ty(), first, copy);
  };
  int64_t nextInput = 0, nextOutput = 0;
  auto getInput = [&](int64_t index) -> Value * {
    if (index < streaming.inputs)
      return data[index].first;
    index -= streaming.inputs;
    if (index < streaming.states)
      return getState(index, skipped);
    return advance(memory, state.examples[index - streaming.states]);
  };
  auto getOutput = [&](int64_t index) -> Value * {
    if (index < streaming.outputs)
      return data[streaming.inputs + index].first;
    return getState(index - streaming.outputs, other);
  };
  call(step, base, advance(memory, state.workspace),
       [&](const LoweredArgument &argument) -> Value * {
         if (argument.argument.role == Role::Instant)
           return builder.CreateZExt(builder.CreateIsNotNull(skipped), i64);
         return argument.argument.role == Role::Input ? getInput(nextInput++)
                                                      : getOutput(nextOutput++);
       });
  builder.CreateRet(number32(0));
}

/// A loop over instants that calls the step.
void Emitter::emitSteps() {
  const LoweredFunction &step = *parts.step;
  const Streaming &streaming = *step.streaming;
  auto inputs = step.find(Role::Input), outputs = step.find(Role::Output);
  size_t numData = streaming.inputs + streaming.outputs;
  llvm::SmallVector<Type *> types{pointer, size};
  types.append(numData, pointer);
  llvm::Function *function = createFunction("_steps", i32, types);
  auto *loop = llvm::BasicBlock::Create(context, "", function);
  auto *next = llvm::BasicBlock::Create(context, "", function);
  auto *end = llvm::BasicBlock::Create(context, "", function);
  Value *count = function->getArg(1);
  Mode mode = flushTinyNumbers();
  auto *entry = builder.GetInsertBlock();
  builder.CreateCondBr(builder.CreateIsNull(count), end, loop);
  builder.SetInsertPoint(loop);
  llvm::PHINode *index = builder.CreatePHI(size, 2);
  index->addIncoming(llvm::ConstantInt::get(size, 0), entry);
  llvm::SmallVector<Value *> arguments{function->getArg(0)};
  llvm::SmallVector<llvm::PHINode *> addresses;
  for (size_t i = 0; i < numData; ++i) {
    addresses.push_back(builder.CreatePHI(pointer, 2));
    addresses.back()->addIncoming(function->getArg(2 + i), entry);
    arguments.push_back(addresses.back());
  }
  Value *code = builder.CreateCall(module.getFunction(interface.name + "_step"),
                                   arguments);
  builder.CreateCondBr(builder.CreateIsNotNull(code), end, next);
  builder.SetInsertPoint(next);
  for (size_t i = 0; i < numData; ++i) {
    const LoweredArgument &argument = i < size_t(streaming.inputs)
                                          ? *inputs[i]
                                          : *outputs[i - streaming.inputs];
    addresses[i]->addIncoming(advance(addresses[i], argument.bytes), next);
  }
  Value *done = builder.CreateAdd(index, llvm::ConstantInt::get(size, 1));
  index->addIncoming(done, next);
  builder.CreateCondBr(builder.CreateICmpULT(done, count), loop, end);
  builder.SetInsertPoint(end);
  llvm::PHINode *result = builder.CreatePHI(i32, 3);
  result->addIncoming(number32(0), entry);
  result->addIncoming(code, loop);
  result->addIncoming(number32(0), next);
  restoreMode(mode);
  builder.CreateRet(result);
}

//===----------------------------------------------------------------------===//
// Generators
//===----------------------------------------------------------------------===//

void Emitter::emitGenerator() {
  if (!parts.start)
    return;
  Constant *description = describeGenerator();
  size_t numClasses = interface.lengthClasses.size();
  size_t numInputs = interface.run.size();
  auto getArguments = [](llvm::Function *function, size_t begin, size_t count) {
    llvm::SmallVector<Value *> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(function->getArg(begin + i));
    return values;
  };

  // (T of each class)
  llvm::Function *bytes = createFunction(
      "_state_bytes", size, llvm::SmallVector<Type *>(numClasses, size));
  builder.CreateRet(builder.CreateCall(
      getRuntime("ravel_generator_bytes", size, {pointer, pointer}),
      {description, createArrayOf(size, getArguments(bytes, 0, numClasses))}));

  // ([weights,] state, its bytes, T of each class, data, ...)
  size_t first = interface.hasExternalWeights ? 1 : 0;
  auto emitStart = [&](const llvm::Twine &suffix, llvm::StringRef runtime,
                       llvm::ArrayRef<Type *> rest) {
    llvm::SmallVector<Type *> types(first + 1, pointer);
    types.append(numClasses + 1, size);
    types.append(numInputs, pointer);
    llvm::append_range(types, rest);
    llvm::Function *function = createFunction(suffix, i32, types);
    Value *base = weights;
    if (first) {
      base = function->getArg(0);
      checkPointers({}, {base});
    }
    llvm::SmallVector<Type *> given{pointer, pointer, pointer,
                                    size,    pointer, pointer};
    llvm::append_range(given, rest);
    llvm::SmallVector<Value *> arguments{
        description,
        base,
        function->getArg(first),
        function->getArg(first + 1),
        createArrayOf(size, getArguments(function, first + 2, numClasses)),
        createArrayOf(pointer, getArguments(function, first + 2 + numClasses,
                                            numInputs))};
    llvm::append_range(
        arguments,
        getArguments(function, types.size() - rest.size(), rest.size()));
    Mode mode = flushTinyNumbers();
    Value *result =
        builder.CreateCall(getRuntime(runtime, i32, given), arguments);
    restoreMode(mode);
    builder.CreateRet(result);
  };
  emitStart("_start", "ravel_start", {pointer});
  emitStart("_generate", "ravel_generate", {pointer, size, pointer});

  // (state, the class chosen last, scores)
  llvm::Function *next = createFunction("_next", i32, {pointer, i32, pointer});
  Mode mode = flushTinyNumbers();
  Value *result = builder.CreateCall(
      getRuntime("ravel_next", i32, {pointer, pointer, i32, pointer}),
      {description, next->getArg(0), next->getArg(1), next->getArg(2)});
  restoreMode(mode);
  builder.CreateRet(result);
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

static std::string describe(DType dtype, llvm::ArrayRef<int64_t> shape) {
  return (getName(dtype) + " of shape " + toString(shape)).str();
}

void Emitter::emitStrerror() {
  std::vector<std::string> texts = {
      "no error",
      "a pointer is null",
      "data are not aligned to their elements, or a state, weights or a "
      "workspace not to 64 bytes",
      "T or B is 0, or too large to be addressed",
      "the workspace, or the state, is too small",
      "a length is 0, or greater than the number of instants",
      "a class index is out of range",
      "the processor lacks features that the code was compiled for",
      "the state was not reset, or started",
      "the weights are not a safetensors file",
      "the file of weights ends too early"};
  size_t numGeneral = texts.size();
  if (interface.hasExternalWeights)
    for (int kind = RAVEL_ERROR_MISSING; kind <= RAVEL_ERROR_NONFINITE; ++kind)
      for (const ManifestEntry &entry : parts.manifest) {
        std::string what = "tensor '" + entry.spec.name + "' ";
        std::string shape = describe(parts.precision, entry.spec.shape);
        texts.push_back(what + (kind == RAVEL_ERROR_MISSING
                                    ? "is missing: it must be " + shape
                                : kind == RAVEL_ERROR_SHAPE
                                    ? "has another shape: it must be " + shape
                                : kind == RAVEL_ERROR_TYPE
                                    ? "has another type: it must be " + shape
                                    : "has a value that is not finite"));
      }
  if (interface.hasExternalWeights)
    texts.push_back("the file of weights can't be read");
  texts.push_back("an unknown error");
  std::string all;
  llvm::SmallVector<Constant *> begins;
  for (const std::string &text : texts) {
    begins.push_back(number32(all.size()));
    all += text;
    all += '\0';
  }
  Constant *table = createArray(begins, i32, "errors.begins");
  Constant *text = createConstant(
      llvm::ConstantDataArray::getString(context, all, /*AddNull=*/false),
      "errors.text");
  llvm::Function *function = createFunction("_strerror", pointer, {i32});
  Value *code = function->getArg(0), *unknown = number32(texts.size() - 1);
  Value *index = builder.CreateSelect(
      builder.CreateICmpULT(code, number32(numGeneral)), code, unknown);
  if (interface.hasExternalWeights) {
    // (number of the tensor << 8) | kind
    Value *kind = builder.CreateSub(builder.CreateAnd(code, number32(0xff)),
                                    number32(RAVEL_ERROR_MISSING));
    Value *tensor = builder.CreateLShr(code, number32(8));
    Value *count = number32(parts.manifest.size());
    Value *isTensor = builder.CreateAnd(
        builder.CreateICmpULE(
            kind, number32(RAVEL_ERROR_NONFINITE - RAVEL_ERROR_MISSING)),
        builder.CreateICmpULT(tensor, count));
    Value *specific =
        builder.CreateAdd(builder.CreateMul(kind, count),
                          builder.CreateAdd(tensor, number32(numGeneral)));
    index = builder.CreateSelect(isTensor, specific, index);
    // The code of `NAME_init_from_file`, which is in the header.
    index = builder.CreateSelect(
        builder.CreateICmpEQ(code, number32(RAVEL_ERROR_FILE)),
        number32(texts.size() - 2), index);
  }
  Value *begin = builder.CreateLoad(
      i32,
      builder.CreateInBoundsGEP(i32, table, builder.CreateZExt(index, size)));
  builder.CreateRet(builder.CreateInBoundsGEP(builder.getInt8Ty(), text,
                                              builder.CreateZExt(begin, size)));
}

void ravel::emitInterface(const Interface &interface, const ObjectParts &parts,
                          llvm::Module &module) {
  Emitter emitter(interface, parts, module);
  emitter.emitWeights();
  emitter.emitInit();
  emitter.emitRun();
  emitter.emitStream();
  emitter.emitGenerator();
  emitter.emitStrerror();
}
