//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Writes the C header of a compiled object.
//
//===----------------------------------------------------------------------===//

#include "HeaderText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace ravel;
using llvm::formatv;
using llvm::StringRef;

llvm::ArrayRef<ErrorText> ravel::getErrors() {
  static const ErrorText errors[] = {
      {"OK", "no error", false},
      {"ERROR_NULL", "a pointer is null", false},
      {"ERROR_ALIGNMENT",
       "data are not aligned to their elements, or a state,\n     weights or a "
       "workspace not to 64 bytes",
       false},
      {"ERROR_SIZE", "T or B is 0, or too large to be addressed", false},
      {"ERROR_WORKSPACE", "the workspace, or the state, is too small", false},
      {"ERROR_LENGTH", "a length is 0, or greater than T", false},
      {"ERROR_CLASS", "a class index is out of range", false},
      {"ERROR_CPU",
       "the processor lacks features that the code was compiled for", false},
      {"ERROR_STATE", "the state was not reset, or started", false},
      {"ERROR_FORMAT", "the weights are not a safetensors file", true},
      {"ERROR_TRUNCATED", "the file of weights ends too early", true},
      {"ERROR_MISSING", "a tensor is missing", true},
      {"ERROR_SHAPE", "a tensor has another shape", true},
      {"ERROR_TYPE", "a tensor has another type", true},
      {"ERROR_NONFINITE", "a tensor has a value that is not finite", true},
      {"ERROR_FILE", "init_from_file can't read the file", true},
  };
  return errors;
}

std::string ravel::getCommentText(StringRef text) {
  std::string result;
  for (char c : text) {
    bool isDelimiter = !result.empty() && ((result.back() == '*' && c == '/') ||
                                           (result.back() == '/' && c == '*'));
    if (isDelimiter)
      result += ' ';
    // A backslash at the end of a line would join it with the next.
    result += c == '\\' || static_cast<unsigned char>(c) < ' ' ? '?' : c;
  }
  return result;
}

StringRef ravel::getCType(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return "double";
  case DType::I32:
    return "int32_t";
  case DType::I64:
    return "int64_t";
  default:
    return "float";
  }
}

int64_t ravel::countRowElements(const DataParameter &parameter) {
  return *countElements(parameter.shape);
}

/// "[B][T][4]", as run takes it.
std::string ravel::getExtents(const DataParameter &parameter,
                              const Interface &interface) {
  std::string text = "[B]";
  if (parameter.isSequence)
    text += "[T" + interface.lengthClasses[parameter.lengthClass] + "]";
  for (int64_t size : parameter.shape)
    text += "[" + std::to_string(size) + "]";
  return text;
}

std::string ravel::getPointer(const DataParameter &parameter) {
  return (llvm::Twine(parameter.isOutput ? "" : "const ") +
          getCType(parameter.dtype) + " *" + parameter.name)
      .str();
}

static std::string getRowExtents(const DataParameter &parameter) {
  std::string text;
  for (int64_t size : parameter.shape)
    text += "[" + std::to_string(size) + "]";
  return text.empty() ? "one number" : text;
}

static std::string describe(const DataParameter &parameter) {
  std::string text;
  if (parameter.numClasses)
    text += formatv("a class, 0 to {0}", parameter.numClasses - 1);
  if (!parameter.carry.empty())
    text += parameter.isOutput
                ? "the state '" + getCommentText(parameter.carry) +
                      "' after the last instant, for the next call"
                : "the state '" + getCommentText(parameter.carry) +
                      "' before the first instant: zeros, or what the call "
                      "before gave";
  return text;
}

namespace {
class HeaderWriter {
public:
  HeaderWriter(const Interface &interface, llvm::raw_ostream &os)
      : interface(interface), os(os), name(interface.name),
        upper(StringRef(name).upper()) {}

  void write();

private:
  void writeOverview();
  void writeExample();
  void writeConstants();
  void writeErrors();
  void writeInit();
  void writeRun();
  void writeStream();
  void writeGenerator();
  void writeGeneratorExample();
  void writeLoader();
  /// A comment of lines that are wrapped at 78 columns.
  void comment(const llvm::Twine &text);
  /// A declaration whose parameters are wrapped.
  void declare(StringRef result, StringRef function,
               llvm::ArrayRef<std::string> parameters);
  void listData(llvm::ArrayRef<DataParameter> list, bool isRun);
  std::vector<std::string> getRunParameters();
  /// "NAME_X_SIZE".
  std::string getMacro(const DataParameter &parameter, StringRef what) {
    return (upper + "_" + StringRef(parameter.name).upper() + "_" + what).str();
  }
  std::vector<std::string> getWeightsParameter() {
    if (interface.hasExternalWeights)
      return {"const void *weights"};
    return {};
  }

  const Interface &interface;
  llvm::raw_ostream &os;
  std::string name, upper;
};
} // namespace

void HeaderWriter::comment(const llvm::Twine &twine) {
  std::string text = twine.str();
  os << "/*";
  size_t column = 2;
  llvm::SmallVector<StringRef> lines;
  StringRef(text).split(lines, '\n');
  for (auto [index, line] : llvm::enumerate(lines)) {
    if (index > 0) {
      os << "\n *";
      column = 2;
    }
    // Indented lines are tables and code: they stay as they are.
    if (line.starts_with("  ")) {
      os << ' ' << line;
      continue;
    }
    llvm::SmallVector<StringRef> words;
    line.split(words, ' ', -1, false);
    for (StringRef word : words) {
      if (column + 1 + word.size() > 78) {
        os << "\n *";
        column = 2;
      }
      os << ' ' << word;
      column += 1 + word.size();
    }
  }
  os << (text.find('\n') == std::string::npos && column + 3 <= 79 ? " */\n"
                                                                  : "\n */\n");
}

void HeaderWriter::declare(StringRef result, StringRef function,
                           llvm::ArrayRef<std::string> parameters) {
  std::string line = (result + (result.ends_with("*") ? "" : " ") + name + "_" +
                      function + "(")
                         .str();
  size_t indent = line.size();
  if (parameters.empty())
    line += "void";
  for (auto [index, parameter] : llvm::enumerate(parameters)) {
    std::string part = parameter + (index + 1 < parameters.size() ? "," : "");
    if (index > 0) {
      if (line.size() + 1 + part.size() > 79) {
        os << line << '\n';
        line = std::string(indent, ' ');
      } else {
        line += ' ';
      }
    }
    line += part;
  }
  os << line << ");\n\n";
}

void HeaderWriter::listData(llvm::ArrayRef<DataParameter> list, bool isRun) {
  for (const DataParameter &parameter : list) {
    std::string extents =
        isRun ? getExtents(parameter, interface) : getRowExtents(parameter);
    // One sequence is generated at a time.
    if (interface.generates)
      extents = StringRef(extents).substr(3).str();
    std::string text = describe(parameter);
    os << " *   " << (parameter.isOutput ? "out " : "in  ")
       << llvm::left_justify(parameter.name, 10) << ' '
       << llvm::left_justify(getCType(parameter.dtype), 8) << extents;
    if (!text.empty())
      os << "  " << text;
    os << '\n';
  }
}

void HeaderWriter::writeOverview() {
  os << "/*\n * " << name << ".h: the function @"
     << getCommentText(interface.function) << " of "
     << getCommentText(interface.model) << ",\n * compiled by "
     << interface.generator << " for " << interface.target
     << ". Generated: do not edit.\n *\n";
  os << " * " << interface.numParameters << " parameters, "
     << (interface.hasExternalWeights
             ? "read from a safetensors file when it is initialized"
             : "inside the object")
     << ".\n *\n";
  os << " * No function here allocates memory, locks, prints, makes a system "
        "call or\n * touches errno. All may be called from any number of "
        "threads at once, on\n * different memory. Each returns 0 or an error, "
        "which "
     << name << "_strerror\n * explains.\n *\n";
  if (interface.generates)
    writeGeneratorExample();
  else
    writeExample();
  os << " */\n";
}

/// Likewise: what is generated from 100 instants.
void HeaderWriter::writeGeneratorExample() {
  std::string sizes, arrays, data;
  for (size_t i = 0; i < interface.lengthClasses.size(); ++i)
    sizes += (i ? ", " : "") + std::string("100");
  for (const DataParameter &parameter : interface.run) {
    std::string rows = parameter.isSequence ? "100 * " : "";
    arrays +=
        formatv(" *     static {0} {1}[{2}{3}];\n", getCType(parameter.dtype),
                parameter.name, rows, getMacro(parameter, "SIZE"));
    data += parameter.name + ", ";
  }
  os << " * Example:\n *\n";
  if (interface.hasExternalWeights)
    os << " *   #define " << upper << "_WITH_STDIO\n";
  os << " *   #include \"" << name << ".h\"\n *   #include <stdio.h>\n"
     << " *   #include <stdlib.h>\n *\n *   int main(void) {\n"
     << arrays << " *     int32_t classes[" << upper << "_MAX];\n"
     << " *     size_t count = 0, state_bytes = " << name << "_state_bytes("
     << sizes << ");\n *     void *state = aligned_alloc(" << upper
     << "_ALIGNMENT, state_bytes);\n";
  if (interface.hasExternalWeights)
    os << " *     void *weights = aligned_alloc(" << upper << "_ALIGNMENT, "
       << name << "_weights_bytes());\n *     int error = " << name
       << "_init_from_file(weights, \"weights.safetensors\");\n";
  else
    os << " *     int error = " << name << "_init();\n";
  os << " *     if (!error)\n *       error = " << name << "_generate("
     << (interface.hasExternalWeights ? "weights, " : "")
     << "state, state_bytes, " << sizes << (sizes.empty() ? "" : ", ") << data
     << "classes,\n *           " << upper << "_MAX, &count);\n"
     << " *     if (error)\n *       fprintf(stderr, \"%s\\n\", " << name
     << "_strerror(error));\n *     return error != 0;\n *   }\n";
}

/// A program that is complete but for its data: 100 instants of one example at
/// once, and one after the other. Its variables are called what no parameter
/// is.
void HeaderWriter::writeExample() {
  std::string sizes, lengths, arrays, data, resets, instants;
  for (size_t i = 0; i < interface.lengthClasses.size(); ++i) {
    sizes += "100, ";
    lengths += "NULL, ";
  }
  for (const DataParameter &parameter : interface.run) {
    std::string rows = parameter.isSequence ? "100 * " : "";
    arrays +=
        formatv(" *     static {0} {1}[{2}{3}];\n", getCType(parameter.dtype),
                parameter.name, rows, getMacro(parameter, "SIZE"));
    data += parameter.name + ", ";
  }
  for (const DataParameter &parameter : interface.reset)
    resets += ", " + parameter.name;
  for (const DataParameter &parameter : interface.step)
    instants +=
        ", " + parameter.name +
        (parameter.isSequence ? " + n * " + getMacro(parameter, "SIZE") : "");

  std::string weights;
  os << " * Example:\n *\n";
  if (interface.hasExternalWeights) {
    os << " *   #define " << upper << "_WITH_STDIO\n";
    weights = "weights, ";
  }
  os << " *   #include \"" << name << ".h\"\n *   #include <stdio.h>\n"
     << " *   #include <stdlib.h>\n *\n *   int main(void) {\n"
     << arrays << " *     size_t workspace_bytes = " << name
     << "_workspace_bytes(" << sizes << "1);\n"
     << " *     void *workspace = aligned_alloc(" << upper
     << "_ALIGNMENT, workspace_bytes);\n";
  if (interface.hasExternalWeights)
    os << " *     void *weights = aligned_alloc(" << upper << "_ALIGNMENT, "
       << name << "_weights_bytes());\n *     int error = " << name
       << "_init_from_file(weights, \"weights.safetensors\");\n";
  else
    os << " *     int error = " << name << "_init();\n";
  os << " *     if (!error)\n *       error = " << name << "_run(" << weights
     << sizes << "1, " << lengths << data << "workspace, workspace_bytes);\n";
  if (interface.hasStream)
    os << " *     void *state = aligned_alloc(" << upper << "_ALIGNMENT, "
       << name
       << "_state_bytes());\n *     if (!error)\n *       error = " << name
       << "_reset(" << weights << "state" << resets << ");\n"
       << " *     for (size_t n = 0; !error && n < 100; ++n)\n"
       << " *       error = " << name << "_step(state" << instants << ");\n";
  os << " *     if (error)\n *       fprintf(stderr, \"%s\\n\", " << name
     << "_strerror(error));\n *     return error != 0;\n *   }\n";
}

void HeaderWriter::writeConstants() {
  os << "/* States, workspaces and weights begin at a multiple of this many "
        "bytes, and\n * have a multiple of it. */\n#define "
     << upper << "_ALIGNMENT 64\n";
  if (interface.hasStream)
    os << "/* What " << name << "_state_bytes returns. */\n#define " << upper
       << "_STATE_BYTES " << interface.stateBytes << "\n";
  os << "/* Elements of one row: of an instant of a sequence, or of what each "
        "example has\n * one of. */\n";
  for (const DataParameter &parameter : interface.run) {
    os << "#define " << getMacro(parameter, "SIZE") << ' '
       << countRowElements(parameter) << '\n';
    if (parameter.numClasses)
      os << "#define " << getMacro(parameter, "CLASSES") << ' '
         << parameter.numClasses << '\n';
  }
  if (interface.generates)
    os << "/* Classes that have scores, the one that ends a sequence, and the "
          "most that are\n * generated. */\n#define "
       << upper << "_SCORES " << interface.numScores << "\n#define " << upper
       << "_UNTIL " << interface.until << "\n#define " << upper << "_MAX "
       << interface.maxGenerated << '\n';
  os << '\n';
}

void HeaderWriter::writeErrors() {
  comment("Errors." +
          llvm::Twine(interface.hasExternalWeights
                          ? " Where a tensor is wrong, the error is MISSING, "
                            "SHAPE, TYPE or NONFINITE in its lowest 8 bits, "
                            "and the tensor's number, in the order below, in "
                            "those above."
                          : ""));
  os << "enum {\n";
  int number = 0;
  for (const ErrorText &error : getErrors()) {
    if (!error.isExternal || interface.hasExternalWeights)
      os << "  /* " << error.text << " */\n  " << upper << '_' << error.name
         << " = " << number << ",\n";
    ++number;
  }
  os << "  " << upper
     << "_NUM_ERRORS = " << (interface.hasExternalWeights ? number : 9)
     << "\n};\n\n";
  comment("An English text for an error, without a final period; never null.");
  declare("const char *", "strerror", {"int error"});
}

void HeaderWriter::writeInit() {
  if (!interface.hasExternalWeights) {
    comment("To be called before all else: checks that the processor can run "
            "the code. Returns 0 or ERROR_CPU. May be called again.");
    declare("int", "init", {});
    return;
  }
  os << "/*\n * The tensors of the file, by number. Those that the file has "
        "beside them are\n * left alone. F16 and BF16 are widened.\n *\n";
  for (auto [index, parameter] : llvm::enumerate(interface.parameters))
    os << " *   " << llvm::right_justify(std::to_string(index), 3) << "  "
       << llvm::left_justify(getCommentText(parameter.name), 32) << ' '
       << (parameter.dtype == DType::F64 ? "F64 " : "F32 ")
       << toString(parameter.shape) << '\n';
  os << " */\n\n";
  comment("Bytes of memory for weights.");
  declare("size_t", "weights_bytes", {});
  comment("To be called before all else: checks the processor, reads "
          "`file_bytes` bytes of a safetensors file in memory, and fills "
          "`weights` with what the other functions read from then on. `file` "
          "may be released afterwards. Several weights may be in use at once. "
          "After an error `weights` must not be used.");
  declare("int", "init",
          {"void *weights", "const void *file", "size_t file_bytes"});
}

std::vector<std::string> HeaderWriter::getRunParameters() {
  std::vector<std::string> parameters = getWeightsParameter();
  for (const std::string &suffix : interface.lengthClasses)
    parameters.push_back("size_t T" + suffix);
  parameters.push_back("size_t B");
  for (const std::string &suffix : interface.lengthClasses)
    parameters.push_back("const size_t *lengths" + suffix);
  for (const DataParameter &parameter : interface.run)
    parameters.push_back(getPointer(parameter));
  parameters.push_back("void *workspace");
  parameters.push_back("size_t workspace_bytes");
  return parameters;
}

void HeaderWriter::writeRun() {
  std::vector<std::string> sizes;
  for (const std::string &suffix : interface.lengthClasses)
    sizes.push_back("size_t T" + suffix);
  sizes.push_back("size_t B");
  bool hasSequences = !interface.lengthClasses.empty();
  comment("Bytes of workspace for " +
          llvm::Twine(hasSequences ? "B sequences of at most T instants"
                                   : "B examples") +
          "; 0 if that can't be addressed.");
  declare("size_t", "workspace_bytes", sizes);
  os << "/*\n * Runs B examples"
     << (hasSequences ? " of at most T instants" : "")
     << ", one after the other in memory:\n *\n";
  listData(interface.run, /*isRun=*/true);
  os << " *\n";
  if (hasSequences)
    os << " * Of example b the first lengths[b] instants are read, 1 to T; "
          "`lengths` may be\n * NULL, for T instants each. Outputs behind the "
          "end of a sequence are set to 0.\n";
  os << " * An example gives the same whatever its company.";
  if (interface.hasThreads)
    os << " Uses the threads of the\n * OpenMP runtime; reset and step never "
          "do.";
  os << '\n';
  os << " *\n * Errors: NULL, ALIGNMENT, SIZE, WORKSPACE"
     << (hasSequences ? ", LENGTH" : "");
  if (llvm::any_of(interface.run, [](const DataParameter &parameter) {
        return parameter.numClasses != 0;
      }))
    os << ", CLASS";
  os << "; then outputs are as they were.\n */\n";
  declare("int", "run", getRunParameters());
}

void HeaderWriter::writeGenerator() {
  std::vector<std::string> sizes;
  for (const std::string &suffix : interface.lengthClasses)
    sizes.push_back("size_t T" + suffix);
  comment("A state is memory of the caller's in which one sequence is "
          "generated. It has so many bytes" +
          llvm::Twine(sizes.empty() ? "." : " for T instants;") +
          " 0 if that can't be addressed. A state is used by one thread at a "
          "time.");
  declare("size_t", "state_bytes", sizes);
  std::vector<std::string> parameters = getWeightsParameter();
  parameters.insert(parameters.end(), {"void *state", "size_t state_bytes"});
  llvm::append_range(parameters, sizes);
  for (const DataParameter &parameter : interface.run)
    parameters.push_back(getPointer(parameter));
  bool hasClasses =
      llvm::any_of(interface.run, [](const DataParameter &parameter) {
        return parameter.numClasses != 0;
      });

  os << "/*\n * Generates a sequence of classes, always the one with the "
        "highest score, from\n * one example:\n *\n";
  listData(interface.run, /*isRun=*/true);
  os << " *   out classes    int32_t  [capacity]\n *\n * Of these `count` are "
        "written, the end left out; a capacity of\n * "
     << upper << "_MAX is always enough.";
  if (interface.hasExternalWeights)
    os << "\n * `weights` must stay as long as the state is used.";
  os << "\n *\n * Errors: NULL, ALIGNMENT, SIZE, WORKSPACE (the state is too "
        "small)"
     << (hasClasses ? ", CLASS" : "") << ".\n */\n";
  std::vector<std::string> generate = parameters;
  generate.insert(generate.end(),
                  {"int32_t *classes", "size_t capacity", "size_t *count"});
  declare("int", "generate", generate);

  comment("Likewise step by step, for who chooses otherwise: reads the example "
          "and gives the class that the first step is given.");
  parameters.push_back("int32_t *first");
  declare("int", "start", parameters);
  comment(
      "A step: given the class chosen last, the scores of the next, [" +
      llvm::Twine(interface.numScores) +
      "], of which softmax makes probabilities. When " + upper +
      "_UNTIL is chosen, the sequence has ended.\n\nErrors: NULL, ALIGNMENT, "
      "STATE, CLASS; then the state is as it was.");
  declare("int", "next",
          {"void *state", "int32_t previous",
           (getCType(interface.scoreType) + " *scores").str()});
}

void HeaderWriter::writeStream() {
  if (!interface.hasStream) {
    comment("There is no streaming: @" + getCommentText(interface.function) +
            " needs the end of a sequence before it can say anything of its "
            "beginning.");
    os << '\n';
    return;
  }
  comment(
      "A stream is one sequence that is given instant by instant. Its state "
      "is memory of the caller's, of this many bytes. A state is used by "
      "one thread at a time.");
  declare("size_t", "state_bytes", {});
  std::vector<std::string> parameters = getWeightsParameter();
  parameters.push_back("void *state");
  os << "/*\n * Begins a sequence.";
  if (!interface.reset.empty()) {
    os << " Of the example are given\n *\n";
    listData(interface.reset, /*isRun=*/false);
    os << " *\n";
  } else {
    os << '\n';
  }
  if (interface.hasExternalWeights)
    os << " * `weights` must stay as long as the state is used.\n";
  os << " * Errors: NULL, ALIGNMENT"
     << (llvm::any_of(interface.reset,
                      [](const DataParameter &parameter) {
                        return parameter.numClasses != 0;
                      })
             ? ", CLASS"
             : "")
     << ".\n */\n";
  for (const DataParameter &parameter : interface.reset)
    parameters.push_back(getPointer(parameter));
  declare("int", "reset", parameters);

  os << "/*\n * The next instant:\n *\n";
  listData(interface.step, /*isRun=*/false);
  os << " *\n * Outputs that are no sequences are those of the sequence so "
        "far. "
        "What comes out\n * is what "
     << name << "_run gives for the whole, but for rounding.\n *\n"
     << " * Errors: NULL, ALIGNMENT, STATE"
     << (llvm::any_of(interface.step,
                      [](const DataParameter &parameter) {
                        return parameter.numClasses != 0;
                      })
             ? ", CLASS"
             : "")
     << "; then the state is as it was.\n */\n";
  parameters = {"void *state"};
  for (const DataParameter &parameter : interface.step)
    parameters.push_back(getPointer(parameter));
  declare("int", "step", parameters);
  comment("The next n instants, one after the other in memory: [n][...]. Stops "
          "at the first error.");
  parameters.insert(parameters.begin() + 1, "size_t n");
  declare("int", "steps", parameters);
}

/// Objects read no files: this is code of whoever asks for it, be it after the
/// rest was included.
void HeaderWriter::writeLoader() {
  if (!interface.hasExternalWeights)
    return;
  os << "\n#if defined(" << upper << "_WITH_STDIO) && !defined(" << upper
     << "_STDIO_H)\n#define " << upper
     << "_STDIO_H\n\n#include <stdio.h>\n#include <stdlib.h>\n\n";
  comment("Reads a safetensors file and calls " + name + "_init. Allocates.");
  os << "static inline int " << name
     << "_init_from_file(void *weights, const char *path) {\n"
     << "  int error = " << upper << "_ERROR_FILE;\n"
     << "  unsigned char *bytes = NULL;\n"
     << "  long size;\n"
     << "  FILE *file = fopen(path, \"rb\");\n"
     << "  if (!file)\n    return error;\n"
     << "  if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0 &&\n"
     << "      !fseek(file, 0, SEEK_SET)) {\n"
     << "    bytes = (unsigned char *)malloc((size_t)size);\n"
     << "    if (bytes && fread(bytes, 1, (size_t)size, file) == "
        "(size_t)size)\n"
     << "      error = " << name << "_init(weights, bytes, (size_t)size);\n"
     << "  }\n"
     << "  free(bytes);\n  fclose(file);\n  return error;\n}\n\n#endif /* "
     << upper << "_STDIO_H */\n";
}

void HeaderWriter::write() {
  writeOverview();
  os << "#ifndef " << upper << "_H\n#define " << upper
     << "_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  writeConstants();
  writeErrors();
  writeInit();
  if (interface.generates) {
    writeGenerator();
  } else {
    writeRun();
    writeStream();
  }
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << upper << "_H */\n";
  writeLoader();
}

void ravel::writeHeader(const Interface &interface, llvm::raw_ostream &os) {
  HeaderWriter(interface, os).write();
}
