//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the C++ header of a compiled object: classes that own the memory which
// the C functions work in.
//
//===----------------------------------------------------------------------===//

#include "HeaderText.h"
#include "llvm/Support/FormatVariadic.h"

using namespace ravel;
using llvm::formatv;
using llvm::StringRef;

namespace {
class CppHeaderWriter {
public:
  CppHeaderWriter(const Interface &interface, llvm::raw_ostream &os)
      : interface(interface), os(os), name(interface.name),
        upper(StringRef(name).upper()),
        isExternal(interface.hasExternalWeights) {}

  void write();

private:
  void writeErrors();
  void writeMemory();
  void writeWeights();
  void writeStream();
  void writeBatch();
  void writeGenerator();
  /// "std::span<const float, 4> x", or of any extent.
  std::string getSpan(const DataParameter &parameter, bool isFixed);
  std::string getSpans(llvm::ArrayRef<DataParameter> list, bool isFixed);
  std::string getData(llvm::ArrayRef<DataParameter> list);

  const Interface &interface;
  llvm::raw_ostream &os;
  std::string name, upper;
  bool isExternal;
};
} // namespace

std::string CppHeaderWriter::getSpan(const DataParameter &parameter,
                                     bool isFixed) {
  std::string type = parameter.isOutput ? "" : "const ";
  type += getCType(parameter.dtype);
  if (isFixed)
    type += ", " + std::to_string(countRowElements(parameter));
  return "std::span<" + type + "> " + parameter.name;
}

std::string CppHeaderWriter::getSpans(llvm::ArrayRef<DataParameter> list,
                                      bool isFixed) {
  std::string text;
  for (const DataParameter &parameter : list)
    text += (text.empty() ? "" : ", ") + getSpan(parameter, isFixed);
  return text;
}

std::string CppHeaderWriter::getData(llvm::ArrayRef<DataParameter> list) {
  std::string text;
  for (const DataParameter &parameter : list)
    text += ", " + parameter.name + ".data()";
  return text;
}

void CppHeaderWriter::writeErrors() {
  os << "/// As in " << name
     << ".h, which says what each is. `Error{}` is `ok`.\n"
     << "enum class [[nodiscard]] Error : int {\n";
  for (const ErrorText &error : getErrors()) {
    if (error.isExternal && !isExternal)
      continue;
    StringRef rest = error.name;
    rest.consume_front("ERROR_");
    os << "  " << (rest == "CLASS" ? "badClass" : rest.lower()) << " = "
       << upper << '_' << error.name << ",\n";
  }
  os << "};\n/// Of constructors and `reserve`.\n"
     << "inline constexpr Error outOfMemory{-1};\n"
     << "inline const char *message(Error error) noexcept {\n"
     << "  return error == outOfMemory ? \"out of memory\"\n"
     << "                              : " << name
     << "_strerror(static_cast<int>(error));\n}\n";
  if (isExternal)
    os << "/// The error without the number of the tensor that is wrong.\n"
       << "inline Error kind(Error error) noexcept {\n"
       << "  return error == outOfMemory\n"
       << "             ? error\n"
       << "             : static_cast<Error>(static_cast<int>(error) & 0xff);\n"
       << "}\n";
  os << '\n';
}

void CppHeaderWriter::writeMemory() {
  os << R"(/// Memory that begins at a multiple of 64 bytes. Empty where there was none.
class Memory {
public:
  Memory() = default;
  explicit Memory(std::size_t bytes)
      : pointer(::operator new(bytes ? bytes : 1, alignment, std::nothrow)),
        bytes(pointer ? bytes : 0) {}
  Memory(Memory &&other) noexcept
      : pointer(std::exchange(other.pointer, nullptr)),
        bytes(std::exchange(other.bytes, 0)) {}
  Memory &operator=(Memory &&other) noexcept {
    std::swap(pointer, other.pointer);
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~Memory() { ::operator delete(pointer, alignment); }

  void *data() const noexcept { return pointer; }
  std::size_t size() const noexcept { return bytes; }

private:
)" << "  static constexpr std::align_val_t alignment{"
     << upper << "_ALIGNMENT};\n"
     << R"(  void *pointer = nullptr;
  std::size_t bytes = 0;
};

)";
}

void CppHeaderWriter::writeWeights() {
  os << R"(/// Weights that were read from a safetensors file. Streams and batches refer to
/// them, so that they must live longer.
class Weights {
public:
  /// Reads the bytes of a file. Look at `error` before anything else.
  explicit Weights(std::span<const std::byte> file)
)" << "      : memory("
     << name << "_weights_bytes()),\n"
     << "        result(memory.data()\n"
     << "                   ? static_cast<Error>(" << name
     << "_init(memory.data(), file.data(),\n"
     << "                                               file.size()))\n"
     << "                   : outOfMemory) {}\n"
     << "#if __STDC_HOSTED__\n"
     << "  /// Reads a file.\n"
     << "  explicit Weights(const char *path)\n"
     << "      : memory(" << name << "_weights_bytes()),\n"
     << "        result(memory.data()\n"
     << "                   ? static_cast<Error>(" << name
     << "_init_from_file(memory.data(), path))\n"
     << "                   : outOfMemory) {}\n#endif\n"
     << R"(  Error error() const noexcept { return result; }
  const void *data() const noexcept { return memory.data(); }

private:
  Memory memory;
  Error result;
};

)";
}

void CppHeaderWriter::writeStream() {
  if (!interface.hasStream)
    return;
  std::string owner = isExternal ? "const Weights &weights" : "";
  std::string resets = getSpans(interface.reset, /*isFixed=*/true);
  bool isSimple = interface.reset.empty();
  os << "/// One sequence, given instant by instant. Only the constructor "
        "allocates.\n"
     << "class Stream {\npublic:\n"
     << "  /// Look at `error` before anything else"
     << (isSimple ? "" : ", and call `reset`") << ".\n"
     << "  " << (isExternal ? "explicit " : "") << "Stream(" << owner
     << ")\n      : memory(" << name << "_state_bytes())"
     << (isExternal ? ", weights(weights.data())" : "") << " {\n";
  if (!isExternal)
    os << "    result = static_cast<Error>(" << name << "_init());\n";
  else
    os << "    result = weights.error();\n";
  os << "    if (result == Error{} && !memory.data())\n"
     << "      result = outOfMemory;\n";
  if (isSimple)
    os << "    if (result == Error{})\n      result = reset();\n";
  os << "  }\n  Error error() const noexcept { return result; }\n\n"
     << "  /// Begins a new sequence.\n"
     << "  Error reset(" << resets << ") noexcept {\n"
     << "    return static_cast<Error>(" << name << "_reset("
     << (isExternal ? "weights, " : "") << "this->memory.data()"
     << getData(interface.reset) << "));\n  }\n\n"
     << "  /// The next instant.\n"
     << "  Error step(" << getSpans(interface.step, /*isFixed=*/true)
     << ") noexcept {\n    return static_cast<Error>(" << name
     << "_step(this->memory.data()" << getData(interface.step) << "));\n  }\n\n"
     << "  /// As many instants as all of these have room for.\n"
     << "  Error process(" << getSpans(interface.step, /*isFixed=*/false)
     << ") noexcept {\n    std::size_t n = static_cast<std::size_t>(-1);\n";
  for (const DataParameter &parameter : interface.step) {
    int64_t count = countRowElements(parameter);
    os << "    n = std::min(n, " << parameter.name << ".size()"
       << (count == 1 ? "" : " / " + std::to_string(count)) << ");\n";
  }
  os << "    return static_cast<Error>(" << name
     << "_steps(this->memory.data(), n" << getData(interface.step)
     << "));\n  }\n\nprivate:\n  Memory memory;\n";
  if (isExternal)
    os << "  const void *weights;\n";
  os << "  Error result{};\n};\n\n";
}

void CppHeaderWriter::writeBatch() {
  std::string sizes, sizeNames, lengths, lengthData;
  for (const std::string &suffix : interface.lengthClasses) {
    sizes += "std::size_t T" + suffix + ", ";
    sizeNames += "T" + suffix + ", ";
    lengths += "std::span<const std::size_t> lengths" + suffix + ", ";
    lengthData +=
        formatv("lengths{0}.empty() ? nullptr : lengths{0}.data(), ", suffix);
  }
  os << "/// Whole sequences, any number at once. Only the constructor and "
        "`reserve`\n/// allocate.\n"
     << "class Batch {\npublic:\n"
     << "  /// Look at `error` before anything else.\n  "
     << (isExternal
             ? "explicit Batch(const Weights &weights)\n      : "
               "result(weights.error()), weights(weights.data()) {}\n"
             : "Batch() : result(static_cast<Error>(" + name + "_init())) {}\n")
     << "  Error error() const noexcept { return result; }\n\n"
     << "  /// Makes room for so many instants and examples.\n"
     << "  Error reserve(" << sizes << "std::size_t B) {\n"
     << "    std::size_t bytes = " << name << "_workspace_bytes(" << sizeNames
     << "B);\n"
     << "    if (bytes == 0)\n      return Error::size;\n"
     << "    if (bytes > memory.size())\n      memory = Memory(bytes);\n"
     << "    return memory.data() ? Error{} : outOfMemory;\n  }\n\n"
     << "  /// Runs B examples; `" << name
     << ".h` says how data lie. Sizes of spans are\n  /// checked.";
  if (!interface.lengthClasses.empty())
    os << " Empty `lengths`: all have T instants.";
  os << "\n  Error run(" << sizes << "std::size_t B, " << lengths
     << getSpans(interface.run, /*isFixed=*/false) << ") noexcept {\n"
     << "    if (";
  std::string check;
  for (const DataParameter &parameter : interface.run) {
    std::string size = "B";
    if (parameter.isSequence)
      size += ", T" + interface.lengthClasses[parameter.lengthClass];
    check += (check.empty() ? "" : " ||\n        ") +
             std::string("!Batch::holds(") + parameter.name + ".size(), {" +
             size + ", " + std::to_string(countRowElements(parameter)) + "})";
  }
  for (const std::string &suffix : interface.lengthClasses)
    check += formatv(" ||\n        (!lengths{0}.empty() && lengths{0}.size() < "
                     "B)",
                     suffix);
  os << check << ")\n      return Error::size;\n"
     << "    return static_cast<Error>(" << name << "_run("
     << (isExternal ? "weights, " : "") << sizeNames << "B, " << lengthData;
  for (const DataParameter &parameter : interface.run)
    os << parameter.name << ".data(), ";
  os << "this->memory.data(), this->memory.size()));\n  }\n\nprivate:\n"
     << R"(  /// Whether `size` elements are as many as the product of `factors`.
  static bool holds(std::size_t size,
                    std::initializer_list<std::size_t> factors) noexcept {
    for (std::size_t factor : factors) {
      if (factor == 0)
        return true;
      size /= factor;
    }
    return size != 0;
  }

  Memory memory;
  Error result{};
)";
  if (isExternal)
    os << "  const void *weights;\n";
  os << "};\n\n";
}

void CppHeaderWriter::writeGenerator() {
  std::string sizes, sizeNames;
  for (const std::string &suffix : interface.lengthClasses) {
    sizes += "std::size_t T" + suffix + ", ";
    sizeNames += "T" + suffix + ", ";
  }
  std::string check;
  for (const DataParameter &parameter : interface.run) {
    std::string size = std::to_string(countRowElements(parameter));
    if (parameter.isSequence)
      size = "T" + interface.lengthClasses[parameter.lengthClass] +
             (size == "1" ? "" : " * " + size);
    check +=
        (check.empty() ? "" : " || ") + parameter.name + ".size() < " + size;
  }
  std::string inputs = getSpans(interface.run, /*isFixed=*/false);
  if (!inputs.empty())
    inputs += ", ";
  std::string sizesAlone =
      StringRef(sizes).drop_back(sizes.empty() ? 0 : 2).str();
  std::string namesAlone =
      StringRef(sizeNames).drop_back(sizes.empty() ? 0 : 2).str();
  os << "/// Sequences of classes, generated one at a time. Only the "
        "constructor "
        "and\n/// `reserve` allocate.\n"
     << "class Generator {\npublic:\n"
     << "  /// Look at `error` before anything else.\n  "
     << (isExternal ? "explicit Generator(const Weights &weights)\n      : "
                      "result(weights.error()), weights(weights.data()) {}\n"
                    : "Generator() : result(static_cast<Error>(" + name +
                          "_init())) {}\n")
     << "  Error error() const noexcept { return result; }\n\n"
     << "  /// Makes room for inputs of so many instants.\n"
     << "  Error reserve(" << sizesAlone << ") {\n"
     << "    std::size_t bytes = " << name << "_state_bytes(" << namesAlone
     << ");\n"
     << "    if (bytes == 0)\n      return Error::size;\n"
     << "    if (bytes > memory.size())\n      memory = Memory(bytes);\n"
     << "    return memory.data() ? Error{} : outOfMemory;\n  }\n\n"
     << "  /// Writes the likeliest classes to `classes`, whose first `count` "
        "are "
        "them.\n"
     << "  Error generate(" << sizes << inputs
     << "std::span<std::int32_t> classes, std::size_t &count) noexcept {\n";
  if (!check.empty())
    os << "    if (" << check << ")\n      return Error::size;\n";
  std::string given;
  for (const DataParameter &parameter : interface.run)
    given += parameter.name + ".data(), ";
  std::string call = (isExternal ? "weights, " : "") +
                     std::string("this->memory.data(), this->memory.size(), ") +
                     sizeNames + given;
  os << "    return static_cast<Error>(" << name << "_generate(" << call
     << "classes.data(), classes.size(), &count));\n  }\n\n"
     << "  /// Reads an example; `first` is the class for the first step.\n"
     << "  Error start(" << sizes << inputs
     << "std::int32_t &first) noexcept {\n";
  if (!check.empty())
    os << "    if (" << check << ")\n      return Error::size;\n";
  os << "    return static_cast<Error>(" << name << "_start(" << call
     << "&first));\n  }\n"
     << "  /// The scores of the next class.\n"
     << "  Error next(std::int32_t previous, std::span<"
     << getCType(interface.scoreType) << ", " << interface.numScores
     << "> scores) noexcept {\n    return static_cast<Error>(" << name
     << "_next(this->memory.data(), previous, scores.data()));\n  }\n\n"
     << "private:\n  Memory memory;\n  Error result{};\n";
  if (isExternal)
    os << "  const void *weights;\n";
  os << "};\n\n";
}

void CppHeaderWriter::write() {
  os << "// " << name << ".hpp: @" << getCommentText(interface.function)
     << " of " << getCommentText(interface.model) << ", compiled by "
     << interface.generator << ", for C++20.\n// Generated: do not edit. "
     << name << ".h says what the functions do.\n//\n"
     << "// No exception is thrown, and nothing but constructors and `reserve` "
        "allocates.\n\n"
     << "#ifndef " << upper << "_HPP\n#define " << upper << "_HPP\n\n"
     << (isExternal
             ? "#if __STDC_HOSTED__ && !defined(" + upper +
                   "_WITH_STDIO)\n#define " + upper + "_WITH_STDIO\n#endif\n"
             : "")
     << "#include \"" << name << ".h\"\n"
     << "#include <algorithm>\n#include <cstddef>\n#include <cstdint>\n"
        "#include <initializer_list>\n#include <new>\n#include <span>\n"
        "#include <utility>\n\n"
     << "namespace ravel_models::" << name << " {\n\n";
  writeErrors();
  writeMemory();
  if (isExternal)
    writeWeights();
  if (interface.generates) {
    writeGenerator();
  } else {
    writeStream();
    writeBatch();
  }
  os << "} // namespace ravel_models::" << name << "\n\n#endif // " << upper
     << "_HPP\n";
}

void ravel::writeCppHeader(const Interface &interface, llvm::raw_ostream &os) {
  CppHeaderWriter(interface, os).write();
}
