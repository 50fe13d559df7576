//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Names of C and C++ for the names of a model, which may have any characters.
//
//===----------------------------------------------------------------------===//

#include "ravel/Target/Interface.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace ravel;
using llvm::StringRef;

/// Whether headers, or what they include, have another use for the name.
static bool isReserved(StringRef name) {
  static const llvm::StringSet<> reserved = {
      // C and C++.
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor",
      "bool", "break", "case", "catch", "char", "char8_t", "char16_t",
      "char32_t", "class", "co_await", "co_return", "co_yield", "compl",
      "concept", "const", "const_cast", "consteval", "constexpr", "constinit",
      "continue", "decltype", "default", "delete", "do", "double",
      "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false",
      "float", "for", "friend", "goto", "if", "inline", "int", "long",
      "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
      "operator", "or", "or_eq", "private", "protected", "public", "register",
      "reinterpret_cast", "requires", "restrict", "return", "short", "signed",
      "sizeof", "static", "static_assert", "static_cast", "struct", "switch",
      "template", "this", "thread_local", "throw", "true", "try", "typedef",
      "typeid", "typename", "typeof", "typeof_unqual", "union", "unsigned",
      "using", "virtual", "void", "volatile", "wchar_t", "while", "xor",
      "xor_eq",
      // Their libraries, and macros of systems and compilers.
      "EOF", "I", "NULL", "errno", "int32_t", "int64_t", "linux", "size_t",
      "std", "stderr", "stdin", "stdout", "unix",
      // The interface.
      "T", "B", "n", "lengths", "weights", "workspace", "workspace_bytes",
      "state", "file", "file_bytes"};
  // `NAME_ERROR_SIZE` is an error, not the size of something.
  return reserved.contains(name) || name.equals_insensitive("error");
}

std::string ravel::makeCIdentifier(StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  // What begins with an underscore is the implementation's.
  result = StringRef(result).ltrim('_').str();
  if (result.empty() || llvm::isDigit(result[0]))
    result = "x" + result;
  if (isReserved(result))
    result += '_';
  return result;
}

std::string ravel::makeCIdentifier(StringRef name, llvm::StringSet<> &taken) {
  std::string first = makeCIdentifier(name), result = first;
  for (unsigned number = 2; !taken.insert(StringRef(result).upper()).second;
       ++number)
    result = first + "_" + std::to_string(number);
  return result;
}
