//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Compiled code in this process, and how it is called.
//
//===----------------------------------------------------------------------===//

#include "ravel/Execution/Module.h"
#include "CompiledCode.h"
#include "Workspace.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include <map>
#include <mutex>
#include <omp.h>

using namespace ravel;

namespace {
using Entry = void (*)(void **);

/// A function and what tells how much workspace it needs; null if it needs
/// none.
struct Function {
  Entry run = nullptr;
  Entry workspace = nullptr;
};

/// Memory that calls work in, kept from call to call.
class Workspaces {
public:
  /// Memory of at least `bytes` bytes.
  Workspace take(size_t bytes);
  void giveBack(Workspace workspace);

private:
  std::mutex mutex;
  std::vector<Workspace> free;
};
} // namespace

struct Module::Impl {
  CompiledCode code;
  bool cached;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  /// In the order of the signatures. Where nothing is prepared, the second is
  /// null.
  std::vector<Function> functions, preparations;
  Workspaces workspaces;

  llvm::Expected<Function> lookup(llvm::StringRef name, bool hasWorkspace);
  /// Calls `function` with `pointers` and, if it needs one, a workspace.
  void run(const Function &function, llvm::SmallVectorImpl<void *> &pointers);
  /// The workspace for a call of `function`, which needs one, with `pointers`.
  Workspace takeWorkspace(const Function &function,
                          llvm::SmallVectorImpl<void *> &pointers,
                          int64_t &bytes);
};

struct PreparedParameters::Impl {
  std::vector<Workspace> tensors;
};

/// How compiled code takes a tensor: {allocated, aligned, offset, sizes...,
/// strides...}.
using Descriptor = llvm::SmallVector<int64_t, 7>;

struct BoundCall::Impl {
  ~Impl() {
    if (workspaces)
      workspaces->giveBack(std::move(workspace));
  }

  Entry entry = nullptr;
  int64_t batch = 0;
  llvm::SmallVector<Descriptor> descriptors;
  llvm::SmallVector<void *> pointers;
  /// Of parameters that no caller has prepared.
  std::optional<PreparedParameters> prepared;
  Workspace workspace;
  int64_t workspaceBytes = 0;
  /// Where that came from; null if there is none.
  Workspaces *workspaces = nullptr;
};

BoundCall::BoundCall(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
BoundCall::BoundCall(BoundCall &&) noexcept = default;
BoundCall &BoundCall::operator=(BoundCall &&) noexcept = default;
BoundCall::~BoundCall() = default;

void BoundCall::operator()() { impl->entry(impl->pointers.data()); }
int64_t BoundCall::workspaceBytes() const { return impl->workspaceBytes; }

PreparedParameters::PreparedParameters(std::unique_ptr<Impl> impl)
    : impl(std::move(impl)) {}
PreparedParameters::PreparedParameters(PreparedParameters &&) noexcept =
    default;
PreparedParameters &
PreparedParameters::operator=(PreparedParameters &&) noexcept = default;
PreparedParameters::~PreparedParameters() = default;

Workspace Workspaces::take(size_t bytes) {
  Workspace workspace;
  {
    std::scoped_lock lock(mutex);
    if (!free.empty()) {
      workspace = std::move(free.back());
      free.pop_back();
    }
  }
  workspace.reserve(bytes);
  return workspace;
}

void Workspaces::giveBack(Workspace workspace) {
  std::scoped_lock lock(mutex);
  free.push_back(std::move(workspace));
}

Module::Module(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Module::Module(Module &&) noexcept = default;
Module::~Module() = default;

llvm::ArrayRef<ManifestEntry> Module::manifest() const {
  return impl->code.manifest;
}
llvm::ArrayRef<Signature> Module::signatures() const {
  return impl->code.signatures;
}
bool Module::isCached() const { return impl->cached; }

const Signature *Module::find(llvm::StringRef function) const {
  for (const Signature &signature : signatures())
    if (signature.name == function)
      return &signature;
  return nullptr;
}

llvm::SmallVector<unsigned> Signature::find(Role role) const {
  llvm::SmallVector<unsigned> positions;
  for (auto [index, argument] : llvm::enumerate(arguments))
    if (argument.role == role)
      positions.push_back(index);
  return positions;
}

llvm::Expected<Function> Module::Impl::lookup(llvm::StringRef name,
                                              bool hasWorkspace) {
  Function function;
  auto find = [&](const llvm::Twine &name, Entry &entry) -> llvm::Error {
    llvm::Expected<llvm::orc::ExecutorAddr> address =
        jit->lookup(("ravel_" + name).str());
    if (!address)
      return address.takeError();
    entry = address->toPtr<Entry>();
    return llvm::Error::success();
  };
  if (llvm::Error error = find(name, function.run))
    return error;
  if (hasWorkspace)
    if (llvm::Error error = find(name + ".workspace", function.workspace))
      return error;
  return function;
}

llvm::Expected<Module> Module::load(CompiledCode code, bool cached) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto impl = std::make_unique<Impl>();
  impl->code = std::move(code);
  impl->cached = cached;
  llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>> jit =
      llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  impl->jit = std::move(*jit);
  // The OpenMP runtime, malloc and free are this process's.
  auto symbols = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      impl->jit->getDataLayout().getGlobalPrefix());
  if (!symbols)
    return symbols.takeError();
  impl->jit->getMainJITDylib().addGenerator(std::move(*symbols));
  if (llvm::Error error = impl->jit->addObjectFile(
          llvm::MemoryBuffer::getMemBuffer(impl->code.object, "model.o",
                                           /*RequiresNullTerminator=*/false)))
    return error;
  for (const Signature &signature : impl->code.signatures) {
    llvm::Expected<Function> function =
        impl->lookup(signature.name, signature.hasWorkspace);
    if (!function)
      return function.takeError();
    impl->functions.push_back(*function);
    impl->preparations.emplace_back();
    if (signature.preparedBytes.empty())
      continue;
    function = impl->lookup(signature.name + ".prepare",
                            signature.preparationHasWorkspace);
    if (!function)
      return function.takeError();
    impl->preparations.back() = *function;
  }
  return Module(std::move(impl));
}

static Descriptor describe(void *data, llvm::ArrayRef<int64_t> shape) {
  auto address = reinterpret_cast<int64_t>(data);
  Descriptor descriptor = {address, address, 0};
  descriptor.append(shape.begin(), shape.end());
  descriptor.append(shape.size(), 0);
  int64_t stride = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    descriptor[3 + shape.size() + dim] = stride;
    stride *= shape[dim];
  }
  return descriptor;
}

Workspace Module::Impl::takeWorkspace(const Function &function,
                                      llvm::SmallVectorImpl<void *> &pointers,
                                      int64_t &bytes) {
  Descriptor needed = describe(&bytes, {1});
  pointers.push_back(needed.data());
  function.workspace(pointers.data());
  pointers.pop_back();
  return workspaces.take(bytes);
}

void Module::Impl::run(const Function &function,
                       llvm::SmallVectorImpl<void *> &pointers) {
  if (!function.workspace)
    return function.run(pointers.data());
  int64_t bytes = 0;
  Workspace workspace = takeWorkspace(function, pointers, bytes);
  Descriptor memory = describe(workspace.data(), {bytes});
  pointers.push_back(memory.data());
  function.run(pointers.data());
  workspaces.giveBack(std::move(workspace));
}

namespace {
/// The sizes that the arguments of a call give, and what they must be.
class CallShapes {
public:
  CallShapes(llvm::StringRef function, int64_t batch)
      : function(function), batch(batch) {}

  /// The shape that `tensor` must have as the next argument, or what is wrong
  /// with it.
  llvm::Expected<Shape> expect(const Argument &argument,
                               const TensorRef &tensor);

private:
  llvm::Error refuse(llvm::StringRef what, const TensorRef &tensor) {
    return makeError(what + " of @" + function + ", but " +
                     (tensor.shape.empty() ? "is " : "are ") +
                     getName(tensor.dtype) + " of shape " +
                     toString(tensor.shape));
  }

  llvm::StringRef function;
  int64_t batch;
  /// By class: the packed rows, the rows of memories, the longest of them.
  std::map<int64_t, int64_t> rows, memoryRows, longest;
};
} // namespace

llvm::Expected<Shape> CallShapes::expect(const Argument &argument,
                                         const TensorRef &tensor) {
  auto getLast = [&] {
    return static_cast<const int64_t *>(tensor.data)[tensor.shape[0] - 1];
  };
  bool isList = tensor.dtype == DType::I64 && tensor.shape.size() == 1 &&
                tensor.shape[0] >= 1;
  switch (argument.role) {
  case Role::Offsets:
    if (!isList)
      return refuse("offsets must be i64 of shape [instants + 1]", tensor);
    rows[argument.lengthClass] = getLast();
    longest[argument.lengthClass] = tensor.shape[0] - 1;
    memoryRows[argument.lengthClass] = getLast();
    return tensor.shape;
  case Role::Starts:
    if (!isList)
      return refuse("starts must be i64 of shape [memories + 1]", tensor);
    memoryRows[argument.memoryClass] = getLast();
    return tensor.shape;
  case Role::Order:
  case Role::Sources:
    return Shape{batch};
  case Role::Longest:
    if (tensor.dtype == DType::I64 && tensor.shape.empty())
      longest[argument.memoryClass] =
          *static_cast<const int64_t *>(tensor.data);
    return Shape();
  default:
    break;
  }
  Shape shape;
  if (argument.layout == RowLayout::Sequence)
    shape.push_back(rows[argument.lengthClass]);
  else if (argument.layout == RowLayout::Memory)
    shape.push_back(memoryRows[argument.memoryClass]);
  else if (argument.layout == RowLayout::Example)
    shape.push_back(batch);
  for (int64_t size : argument.shape)
    shape.push_back(size == kLongest ? longest[argument.memoryClass] : size);
  return shape;
}

/// Adds what was prepared to the arguments. Its shape is static, so that code
/// looks at its address alone.
static void appendPrepared(const Signature &signature,
                           llvm::ArrayRef<Workspace> tensors,
                           llvm::SmallVectorImpl<Descriptor> &descriptors,
                           llvm::SmallVectorImpl<void *> &pointers) {
  for (auto [tensor, bytes] : llvm::zip(tensors, signature.preparedBytes)) {
    descriptors.push_back(describe(tensor.data(), {bytes, 1, 1, 1}));
    pointers.push_back(descriptors.back().data());
  }
}

/// The parameters among the arguments of a call.
static llvm::SmallVector<TensorRef>
getParameters(const Signature &signature, llvm::ArrayRef<TensorRef> arguments) {
  llvm::SmallVector<TensorRef> parameters;
  const TensorRef *next = arguments.begin();
  for (const Argument &argument : signature.arguments) {
    if (argument.role == Role::Parameter)
      parameters.push_back(*next);
    next += argument.role != Role::Batch;
  }
  return parameters;
}

llvm::Expected<BoundCall>
Module::bind(llvm::StringRef function, llvm::ArrayRef<TensorRef> arguments,
             int64_t batch, const PreparedParameters *prepared) const {
  const Signature *signature = find(function);
  if (!signature)
    return makeError("no function @" + function + " was compiled");
  size_t numTensors =
      llvm::count_if(signature->arguments, [](const Argument &argument) {
        return argument.role != Role::Batch;
      });
  if (arguments.size() != numTensors)
    return makeError("@" + function + " takes " + llvm::Twine(numTensors) +
                     " tensors, but is given " + llvm::Twine(arguments.size()));

  auto call = std::make_unique<BoundCall::Impl>();
  call->batch = batch;
  llvm::SmallVector<Descriptor> &descriptors = call->descriptors;
  llvm::SmallVector<void *> &pointers = call->pointers;
  // One more for the workspace: pointers must stay right.
  descriptors.reserve(signature->arguments.size() +
                      signature->preparedBytes.size() + 1);
  CallShapes shapes(function, batch);
  const TensorRef *next = arguments.begin();
  for (const Argument &argument : signature->arguments) {
    if (argument.role == Role::Batch) {
      pointers.push_back(&call->batch);
      continue;
    }
    const TensorRef &tensor = *next++;
    llvm::Expected<Shape> wanted = shapes.expect(argument, tensor);
    if (!wanted)
      return wanted.takeError();
    Shape expected = *wanted;
    if (tensor.dtype != argument.dtype ||
        llvm::ArrayRef(tensor.shape) != llvm::ArrayRef(expected))
      return makeError(
          "argument " + llvm::Twine(pointers.size()) +
          (argument.name.empty() ? "" : " ('" + argument.name + "')") +
          " of @" + function + " must be " + getName(argument.dtype) +
          " of shape " + toString(expected) + ", but is " +
          getName(tensor.dtype) + " of shape " + toString(tensor.shape));
    // A number that all examples share is passed by value.
    void *data = const_cast<void *>(tensor.data);
    if (expected.empty() && argument.role != Role::Output) {
      pointers.push_back(data);
      continue;
    }
    descriptors.push_back(describe(data, expected));
    pointers.push_back(descriptors.back().data());
  }
  if (!signature->preparedBytes.empty()) {
    if (!prepared) {
      llvm::Expected<PreparedParameters> computed =
          prepare(function, getParameters(*signature, arguments));
      if (!computed)
        return computed.takeError();
      call->prepared.emplace(std::move(*computed));
      prepared = &*call->prepared;
    }
    appendPrepared(*signature, prepared->impl->tensors, descriptors, pointers);
  }
  const Function &code = impl->functions[signature - signatures().begin()];
  call->entry = code.run;
  if (code.workspace) {
    int64_t &bytes = call->workspaceBytes;
    call->workspace = impl->takeWorkspace(code, pointers, bytes);
    call->workspaces = &impl->workspaces;
    descriptors.push_back(describe(call->workspace.data(), {bytes}));
    pointers.push_back(descriptors.back().data());
  }
  return BoundCall(std::move(call));
}

llvm::Error Module::call(llvm::StringRef function,
                         llvm::ArrayRef<TensorRef> arguments, int64_t batch,
                         const PreparedParameters *prepared) const {
  llvm::Expected<BoundCall> call = bind(function, arguments, batch, prepared);
  if (!call)
    return call.takeError();
  (*call)();
  return llvm::Error::success();
}

llvm::Expected<PreparedParameters>
Module::prepare(llvm::StringRef function,
                llvm::ArrayRef<TensorRef> parameters) const {
  const Signature *signature = find(function);
  if (!signature)
    return makeError("no function @" + function + " was compiled");
  llvm::SmallVector<unsigned> positions = signature->find(Role::Parameter);
  if (parameters.size() != positions.size())
    return makeError("@" + function + " has " + llvm::Twine(positions.size()) +
                     " parameters, but is given " +
                     llvm::Twine(parameters.size()));
  auto result = std::make_unique<PreparedParameters::Impl>();
  llvm::SmallVector<Descriptor> descriptors;
  descriptors.reserve(parameters.size() + signature->preparedBytes.size());
  llvm::SmallVector<void *> pointers;
  for (auto [position, tensor] : llvm::zip(positions, parameters)) {
    const Argument &argument = signature->arguments[position];
    if (tensor.dtype != argument.dtype ||
        llvm::ArrayRef(tensor.shape) != llvm::ArrayRef(argument.shape))
      return makeError("parameter '" + argument.name + "' of @" + function +
                       " must be " + getName(argument.dtype) + " of shape " +
                       toString(argument.shape) + ", but is " +
                       getName(tensor.dtype) + " of shape " +
                       toString(tensor.shape));
    void *data = const_cast<void *>(tensor.data);
    descriptors.push_back(describe(data, argument.shape));
    pointers.push_back(argument.shape.empty() ? data
                                              : descriptors.back().data());
  }
  for (int64_t bytes : signature->preparedBytes)
    result->tensors.emplace_back().reserve(bytes);
  appendPrepared(*signature, result->tensors, descriptors, pointers);
  if (!signature->preparedBytes.empty())
    impl->run(impl->preparations[signature - signatures().begin()], pointers);
  return PreparedParameters(std::move(result));
}

void ravel::setNumThreads(unsigned count) {
  omp_set_num_threads(static_cast<int>(std::max(count, 1u)));
}
