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
#include <mutex>
#include <omp.h>

using namespace ravel;

namespace {
using Entry = void (*)(void **);

/// The entry points of a signature.
struct Function {
  Entry run = nullptr;
  /// Tells the bytes of workspace; null where none is needed.
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
  /// In the order of the signatures.
  std::vector<Function> functions;
  Workspaces workspaces;
};

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
  auto lookup = [&](llvm::StringRef name, Entry &entry) -> llvm::Error {
    llvm::Expected<llvm::orc::ExecutorAddr> address =
        impl->jit->lookup(("ravel_" + name).str());
    if (!address)
      return address.takeError();
    entry = address->toPtr<Entry>();
    return llvm::Error::success();
  };
  for (const Signature &signature : impl->code.signatures) {
    Function &function = impl->functions.emplace_back();
    if (llvm::Error error = lookup(signature.name, function.run))
      return error;
    if (signature.hasWorkspace)
      if (llvm::Error error =
              lookup(signature.name + ".workspace", function.workspace))
        return error;
  }
  return Module(std::move(impl));
}

/// The shape that an argument must have.
static Shape getExpectedShape(const Argument &argument, int64_t rows,
                              int64_t batch) {
  Shape shape;
  if (argument.layout == RowLayout::Sequence)
    shape.push_back(rows);
  else if (argument.layout == RowLayout::Example)
    shape.push_back(batch);
  shape.append(argument.shape.begin(), argument.shape.end());
  return shape;
}

/// How compiled code takes a tensor: {allocated, aligned, offset, sizes...,
/// strides...}.
using Descriptor = llvm::SmallVector<int64_t, 7>;

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

llvm::Error Module::call(llvm::StringRef function,
                         llvm::ArrayRef<TensorRef> arguments,
                         int64_t batch) const {
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

  llvm::SmallVector<Descriptor> descriptors;
  llvm::SmallVector<void *> pointers;
  descriptors.reserve(signature->arguments.size());
  int64_t rows = 0;
  const TensorRef *next = arguments.begin();
  for (const Argument &argument : signature->arguments) {
    if (argument.role == Role::Batch) {
      pointers.push_back(&batch);
      continue;
    }
    const TensorRef &tensor = *next++;
    Shape expected;
    if (argument.role == Role::Offsets) {
      if (tensor.dtype != DType::I64 || tensor.shape.size() != 1 ||
          tensor.shape[0] < 1)
        return makeError("offsets of @" + function +
                         " must be i64 of shape [instants + 1], but are " +
                         getName(tensor.dtype) + " of shape " +
                         toString(tensor.shape));
      expected = tensor.shape;
      rows = static_cast<const int64_t *>(tensor.data)[tensor.shape[0] - 1];
    } else {
      expected = getExpectedShape(argument, rows, batch);
    }
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
  const Function &entries = impl->functions[signature - signatures().begin()];
  if (!entries.workspace) {
    entries.run(pointers.data());
    return llvm::Error::success();
  }
  int64_t bytes = 0;
  Descriptor needed = describe(&bytes, {1});
  pointers.push_back(needed.data());
  entries.workspace(pointers.data());
  Workspace workspace = impl->workspaces.take(bytes);
  Descriptor memory = describe(workspace.data(), {bytes});
  pointers.back() = memory.data();
  entries.run(pointers.data());
  impl->workspaces.giveBack(std::move(workspace));
  return llvm::Error::success();
}

void ravel::setNumThreads(unsigned count) {
  omp_set_num_threads(static_cast<int>(std::max(count, 1u)));
}
