//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Target/AheadOfTime.h"
#include "ravel/Target/Link.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
namespace ravel::driver {

namespace {
/// What the command line asks to be written.
struct Emission {
  ObjectForms forms;
  bool object = false, archive = false, shared = false;
};
} // namespace

static Expected<Emission> getEmission() {
  Emission emission;
  if (emit.empty())
    emission.object = true;
  for (const std::string &kind : emit) {
    if (kind == "obj")
      emission.object = true;
    else if (kind == "static")
      emission.archive = true;
    else if (kind == "shared")
      emission.shared = true;
    else if (kind == "llvm")
      emission.forms.llvmIR = true;
    else if (kind == "asm")
      emission.forms.assembly = true;
    else if (kind == "mlir")
      emission.forms.mlir = true;
    else if (kind == "exe")
      emission.forms.program = true;
    else
      return makeError("--emit " + kind +
                       ": expected obj, static, shared, llvm, asm, mlir or "
                       "exe");
  }
  return emission;
}

/// The function that is compiled: the one that is named, or the only one.
static Expected<std::string> findEntry(const ModelFolder &model) {
  if (!entry.empty())
    return getFunctionName(entry, "entry");
  Expected<std::vector<std::string>> names =
      Compiler("").listFunctions(model.source);
  if (!names)
    return names.takeError();
  if (names->size() == 1)
    return names->front();
  for (std::string &name : *names)
    name = "@" + name;
  return makeError("'" + model.source.path + "' has " +
                   (names->empty() ? "no function"
                                   : "several functions: say --entry " +
                                         join(*names, " or ")));
}

static Expected<ObjectOptions> getObjectOptions(const ModelFolder &model) {
  ObjectOptions options;
  options.name = sys::path::filename(objectPath).str();
  if (makeCIdentifier(options.name) != options.name)
    return makeError("-o " + objectPath + ": '" + options.name +
                     "' begins all names in the object, so that it must be an "
                     "identifier of C, such as '" +
                     makeCIdentifier(options.name) + "'");
  Expected<std::string> function = findEntry(model);
  if (!function)
    return function.takeError();
  options.function = *function;
  Expected<DType> type = getPrecision(&model);
  if (!type)
    return type.takeError();
  Expected<std::string> rounded = getWeightType();
  if (!rounded)
    return rounded.takeError();
  options.compile.precision = *type;
  options.compile.weightType = *rounded;
  options.compile.triple = targetTriple;
  options.compile.cpu = cpu;
  // An object is for many machines, unless it is said to be for this one.
  if (cpu.empty() && targetTriple.empty())
    options.compile.cpu = "x86-64-v3";
  options.compile.features = features;
  if (optimizeFor != "speed" && optimizeFor != "size")
    return makeError("--optimize " + optimizeFor + ": expected speed or size");
  options.compile.small = optimizeFor == "size";
  options.processors.assign(multiversion.begin(), multiversion.end());
  if (!options.processors.empty() && !cpu.empty())
    return makeError("--cpu and --multiversion exclude each other");
  if (options.processors.size() > 8)
    return makeError("--multiversion: expected at most 8 processors");
  if (openmp == "libomp")
    options.threads = ThreadRuntime::LibOMP;
  else if (openmp == "libgomp")
    options.threads = ThreadRuntime::LibGOMP;
  else if (openmp != "none")
    return makeError("--openmp " + openmp +
                     ": expected none, libomp or libgomp");
  options.weights = model.findWeights();
  if (externalWeights)
    options.weights.clear();
  else if (options.weights.empty())
    return makeError("say --weights FILE for weights inside the object, or "
                     "--weights-external for an object that reads them");
  return options;
}

static Error write(StringRef suffix, StringRef bytes) {
  return writeFileAtomically(objectPath + suffix.str(), bytes);
}

/// "12.3 KiB".
static std::string formatBytes(int64_t bytes) {
  if (bytes < 1024)
    return formatv("{0} bytes", bytes);
  if (bytes < 1024 * 1024)
    return formatv("{0:F1} KiB", bytes / 1024.0);
  return formatv("{0:F1} MiB", bytes / (1024.0 * 1024));
}

static void printReport(const CompiledObject &object) {
  const Report &report = object.report;
  outs() << "function @" << object.interface.function << " of "
         << object.interface.model << " for " << object.interface.target
         << '\n';
  auto line = [](StringRef name, const Twine &value) {
    outs() << "  " << left_justify(name, 28) << value << '\n';
  };
  line("parameters", Twine(report.parameters));
  line("multiplications a step", Twine(report.productsPerStep));
  line(object.interface.hasExternalWeights ? "memory for weights"
                                           : "weights in the object",
       formatBytes(report.weightBytes));
  if (object.interface.hasStream)
    line("state of a stream", formatBytes(report.stateBytes));
  line("workspace, T = 100, B = 1", formatBytes(report.workspaceBytes));
  int64_t code = 0;
  for (const FunctionReport &function : report.functions)
    code += function.codeBytes;
  line("code", formatBytes(code));
  for (const FunctionReport &function : report.functions)
    line("  " + function.name, formatBytes(function.codeBytes));
  for (const std::string &tiles : report.tiles)
    line("tiles", tiles);
}

Expected<int> compile() {
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  Expected<Emission> emission = getEmission();
  if (!emission)
    return emission.takeError();
  emission->forms.report = reportOption;
  Triple triple(targetTriple.empty() ? sys::getProcessTriple()
                                     : Triple::normalize(targetTriple));
  if (triple.isWasm() && (emission->forms.program || openmp != "none"))
    return makeError(
        Twine(emission->forms.program ? "--emit exe" : "--openmp " + openmp) +
        " is not possible for wasm32: a module has neither a main "
        "program nor threads; --emit shared makes one");
  Expected<ObjectOptions> options = getObjectOptions(*model);
  if (!options)
    return options.takeError();
  Expected<CompiledObject> object =
      compileObject(model->source, *options, emission->forms);
  if (!object)
    return object.takeError();

  std::string header, cppHeader;
  raw_string_ostream headerStream(header), cppHeaderStream(cppHeader);
  writeHeader(object->interface, headerStream);
  writeCppHeader(object->interface, cppHeaderStream);
  SmallVector<std::pair<StringRef, StringRef>> files = {{".h", header},
                                                        {".hpp", cppHeader}};
  if (emission->object)
    files.push_back({".o", object->object});
  if (emission->forms.llvmIR)
    files.push_back({".ll", object->llvmIR});
  if (emission->forms.assembly)
    files.push_back({".s", object->assembly});
  if (emission->forms.mlir)
    files.push_back({".mlir", object->mlir});
  for (auto [suffix, bytes] : files)
    if (Error error = write(suffix, bytes))
      return error;
  LinkOptions link{objectPath, options->threads};
  if (emission->archive)
    if (Error error = writeArchive(*object, link))
      return error;
  if (emission->shared)
    if (Error error = linkShared(*object, link))
      return error;
  if (emission->forms.program)
    if (Error error = linkProgram(*object, link))
      return error;
  if (reportOption)
    printReport(*object);
  return 0;
}

} // namespace ravel::driver
