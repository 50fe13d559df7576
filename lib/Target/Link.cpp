//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Target/Link.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Triple.h"

using namespace ravel;
using llvm::StringRef;

/// "out/libNAME.a" for "out/NAME" and ".a".
static std::string getLibraryPath(const LinkOptions &options,
                                  StringRef extension) {
  llvm::SmallString<128> path = llvm::sys::path::parent_path(options.path);
  llvm::sys::path::append(
      path, "lib" + llvm::sys::path::filename(options.path) + extension);
  return path.str().str();
}

llvm::Error ravel::writeArchive(const CompiledObject &object,
                                const LinkOptions &options) {
  std::string name = (llvm::sys::path::filename(options.path) + ".o").str();
  llvm::SmallVector<llvm::NewArchiveMember> members;
  members.emplace_back(llvm::MemoryBufferRef(object.object, name));
  // Archives hold no dates: the same object gives the same archive.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> archive =
      llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab,
                                 llvm::object::Archive::K_GNU,
                                 /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return archive.takeError();
  return writeFileAtomically(getLibraryPath(options, ".a"),
                             (*archive)->getBuffer());
}

/// The first of these programs that there is.
static llvm::Expected<std::string> findProgram(llvm::ArrayRef<StringRef> names,
                                               StringRef purpose) {
  for (StringRef name : names)
    if (llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName(name))
      return *path;
  return makeError("no linker was found to make " + purpose + ": install " +
                   names.front() + ", or link the object yourself");
}

/// Runs a linker that writes `output`, which is replaced only if it succeeds.
/// The arguments say "OBJECT" and "OUTPUT" for the two files.
static llvm::Error runLinker(StringRef object,
                             llvm::ArrayRef<StringRef> programs,
                             llvm::ArrayRef<StringRef> arguments,
                             StringRef output) {
  llvm::Expected<std::string> program = findProgram(programs, output);
  if (!program)
    return program.takeError();
  std::string objectFile = (output + ".tmp.o").str();
  std::string partFile = (output + ".tmp").str();
  llvm::scope_exit cleanUp([&] {
    llvm::sys::fs::remove(objectFile);
    llvm::sys::fs::remove(partFile);
  });
  if (llvm::Error error = writeFileAtomically(objectFile, object))
    return error;
  llvm::SmallVector<StringRef> list{*program};
  for (StringRef argument : arguments)
    list.push_back(argument == "OBJECT"   ? StringRef(objectFile)
                   : argument == "OUTPUT" ? StringRef(partFile)
                                          : argument);
  std::string message;
  int status = llvm::sys::ExecuteAndWait(*program, list, std::nullopt, {},
                                         /*SecondsToWait=*/0,
                                         /*MemoryLimit=*/0, &message);
  if (status != 0)
    return makeError("'" + *program + "' could not link '" + output + "'" +
                     (message.empty() ? "" : ": " + message));
  if (std::error_code code = llvm::sys::fs::rename(partFile, output))
    return makeFileError(output, code.message());
  return llvm::Error::success();
}

llvm::Error ravel::linkShared(const CompiledObject &object,
                              const LinkOptions &options) {
  llvm::Triple triple(object.triple);
  if (triple.isWasm())
    return runLinker(object.object, {"wasm-ld", "wasm-ld-22"},
                     {"--no-entry", "--export-dynamic", "--export=__heap_base",
                      "--strip-debug", "OBJECT", "-o", "OUTPUT"},
                     options.path + ".wasm");
  std::string output = getLibraryPath(options, ".so");
  std::string name = ("-soname=" + llvm::sys::path::filename(output)).str();
  if (options.threads == ThreadRuntime::None)
    return runLinker(object.object, {"ld.lld", "ld.lld-22"},
                     {"-shared", "--gc-sections", "-z", "noexecstack", "-z",
                      "relro", "--hash-style=gnu", "--build-id=none", name,
                      "OBJECT", "-o", "OUTPUT"},
                     output);
  // A compiler knows where the runtime is.
  name = "-Wl," + name;
  StringRef runtime = options.threads == ThreadRuntime::LibOMP
                          ? "-l:libomp.so.5"
                          : "-l:libgomp.so.1";
  return runLinker(
      object.object, {"cc", "gcc", "clang", "clang-22"},
      {"-shared", "-nostartfiles", name, "OBJECT", runtime, "-o", "OUTPUT"},
      output);
}

llvm::Error ravel::linkProgram(const CompiledObject &object,
                               const LinkOptions &options) {
  llvm::SmallVector<StringRef> arguments = {"OBJECT", "-o", "OUTPUT", "-lm"};
  if (options.threads == ThreadRuntime::LibOMP)
    arguments.push_back("-l:libomp.so.5");
  if (options.threads == ThreadRuntime::LibGOMP)
    arguments.push_back("-l:libgomp.so.1");
  return runLinker(object.program, {"cc", "gcc", "clang", "clang-22"},
                   arguments, options.path);
}
