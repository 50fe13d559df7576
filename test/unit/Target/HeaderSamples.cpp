//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "HeaderSamples.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Program.h"

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;

static DataParameter makeSequence(StringRef name, Shape shape,
                                  DType dtype = DType::F32) {
  DataParameter parameter;
  parameter.name = name.str();
  parameter.dtype = dtype;
  parameter.shape = std::move(shape);
  parameter.isSequence = true;
  return parameter;
}

static DataParameter makeSingle(StringRef name, Shape shape,
                                StringRef carry = "") {
  DataParameter parameter = makeSequence(name, std::move(shape));
  parameter.isSequence = false;
  parameter.carry = carry.str();
  return parameter;
}

static DataParameter asOutput(DataParameter parameter) {
  parameter.isOutput = true;
  return parameter;
}

static Interface makeInterface(StringRef name) {
  Interface interface;
  interface.name = name.str();
  interface.model = (name + ".mlir").str();
  interface.function = "f";
  interface.generator = "Ravel";
  interface.target = "x86-64-v3";
  interface.numParameters = 1088;
  interface.lengthClasses = {""};
  return interface;
}

static void setStream(Interface &interface, int64_t stateBytes) {
  interface.hasStream = true;
  interface.stateBytes = stateBytes;
  for (const DataParameter &parameter : interface.run)
    if (parameter.isSequence)
      interface.step.push_back(parameter);
    else if (!parameter.isOutput && parameter.carry.empty())
      interface.reset.push_back(parameter);
}

static void setExternalWeights(Interface &interface) {
  interface.hasExternalWeights = true;
  interface.weightBytes = 4352;
  interface.parameters = {makeSingle("a.weight.0", {3, 48}),
                          makeSingle("a.bias", {48})};
}

Interface ravel::test::getPlain() {
  Interface interface = makeInterface("plain");
  interface.run = {makeSequence("x", {4}), asOutput(makeSequence("y", {3}))};
  setStream(interface, 192);
  return interface;
}

Interface ravel::test::getCarries() {
  Interface interface = makeInterface("carries");
  interface.run = {makeSequence("x", {1}), makeSingle("g", {4}),
                   makeSingle("h", {32}, "h"), asOutput(makeSequence("y", {1})),
                   asOutput(makeSingle("h_next", {32}, "h"))};
  setExternalWeights(interface);
  setStream(interface, 256);
  return interface;
}

Interface ravel::test::getClasses() {
  Interface interface = makeInterface("classes");
  DataParameter words = makeSequence("words", {}, DType::I32);
  words.numClasses = 50;
  interface.run = {words, asOutput(makeSequence("y0", {50})),
                   asOutput(makeSequence("y1", {}))};
  setExternalWeights(interface);
  setStream(interface, 256);
  return interface;
}

Interface ravel::test::getTwoLengths() {
  Interface interface = makeInterface("two");
  DataParameter target = makeSequence("target", {5}), y = target;
  y.name = "y";
  target.lengthClass = y.lengthClass = 1;
  interface.lengthClasses = {"_source", "_target"};
  interface.run = {makeSequence("source", {3, 2}), target, asOutput(y)};
  interface.hasThreads = true;
  return interface;
}

Interface ravel::test::getNoSequences() {
  Interface interface = makeInterface("single");
  interface.lengthClasses.clear();
  interface.run = {makeSingle("x", {3}), asOutput(makeSingle("y", {}))};
  return interface;
}

Interface ravel::test::getDouble() {
  Interface interface = makeInterface("wide");
  interface.run = {makeSequence("x", {2, 2}, DType::F64),
                   asOutput(makeSequence("y", {2}, DType::F64))};
  setStream(interface, 64);
  return interface;
}

Interface ravel::test::getAwkward() {
  Interface interface = makeInterface("awkward");
  interface.model = "a*/b\\";
  interface.function = "f/*\n";
  // As the compiler of objects names them.
  llvm::StringSet<> taken;
  auto name = [&](StringRef name) { return makeCIdentifier(name, taken); };
  for (StringRef input :
       {"y", "Y", "memory", "result", "holds", "int", "state", "n", "t", "size",
        "Error", "std", "message", "a.b", "a_b", "bytes", "_x", "NULL"})
    interface.run.push_back(makeSequence(name(input), {3}));
  interface.run.push_back(makeSingle(name("weights"), {2}));
  interface.run.push_back(makeSingle(name("s"), {2}, "*/"));
  interface.run.push_back(asOutput(makeSequence(name("y"), {3})));
  setExternalWeights(interface);
  interface.parameters.push_back(makeSingle("w*/\\", {1}));
  setStream(interface, 64);
  return interface;
}

std::vector<Interface> ravel::test::getAllSamples() {
  return {getPlain(),       getCarries(), getClasses(), getTwoLengths(),
          getNoSequences(), getDouble(),  getAwkward()};
}

std::string ravel::test::getHeader(const Interface &interface) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeHeader(interface, os);
  return text;
}

std::string ravel::test::getCppHeader(const Interface &interface) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeCppHeader(interface, os);
  return text;
}

std::string ravel::test::getExample(const Interface &interface) {
  std::string header = getHeader(interface), text;
  StringRef rest = StringRef(header).split(" * Example:\n *\n").second;
  while (!rest.starts_with(" */")) {
    auto [line, next] = rest.split('\n');
    text += (line.starts_with(" *   ") ? line.drop_front(5) : "").str() + "\n";
    rest = next;
  }
  return text;
}

std::vector<TestCompiler> ravel::test::getCompilers() {
  auto find = [](StringRef name) {
    llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName(name);
    return path ? *path : std::string();
  };
  return {{"clang", RAVEL_TEST_C_COMPILER, RAVEL_TEST_CXX_COMPILER},
          {"gcc", find("gcc"), find("g++")}};
}

void ravel::test::writeSamples(const TemporaryFolder &folder) {
  for (const Interface &interface : getAllSamples()) {
    folder.write(interface.name + ".h", getHeader(interface));
    folder.write(interface.name + ".hpp", getCppHeader(interface));
  }
}

std::string ravel::test::execute(const TemporaryFolder &folder,
                                 StringRef program,
                                 llvm::ArrayRef<StringRef> arguments) {
  std::vector<StringRef> all = {program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::string log = folder.path("log"), message;
  std::optional<StringRef> redirects[] = {"", log, log};
  int code = llvm::sys::ExecuteAndWait(program, all, std::nullopt, redirects,
                                       /*SecondsToWait=*/60, 0, &message);
  if (code == 0)
    return "";
  return llvm::join(all, " ") + ": " + message + "\n" + folder.read("log");
}
