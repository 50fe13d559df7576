//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `--set NAME=VALUE`: another definition for an alias at the top of a model,
// `#leak = 0.3 : f64` or `!state = tensor<400xf32>`. The lines of the text keep
// their numbers, so that messages point to the user's file.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
namespace ravel::driver {

namespace {

/// The definition of an alias, in one line of the text.
struct Alias {
  StringRef name; // with its sigil
  StringRef value;
};

} // namespace

/// The alias that `line` defines, if it does.
static std::optional<Alias> parseAlias(StringRef line) {
  StringRef text = line.ltrim();
  if (!text.starts_with("#") && !text.starts_with("!"))
    return std::nullopt;
  size_t length = text.drop_front().find_if_not(
      [](char c) { return isAlnum(c) || c == '_' || c == '$'; });
  if (length == StringRef::npos || length == 0)
    return std::nullopt;
  Alias alias{text.take_front(length + 1), {}};
  text = text.drop_front(length + 1).ltrim();
  if (!text.consume_front("="))
    return std::nullopt;
  // A comment ends the line, but not within quotes.
  bool quoted = false;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '"')
      quoted = !quoted;
    if (!quoted && text.substr(end).starts_with("//"))
      break;
  }
  alias.value = text.take_front(end).trim();
  return alias;
}

/// `value` as a literal of the kind that `old` is, where it is short for one: a
/// number without a point, a word without quotes, a size for a vector type.
static std::string completeValue(StringRef old, StringRef value) {
  double number;
  bool isNumber = !value.getAsDouble(number);
  auto [oldNumber, oldType] = old.split(':');
  double before;
  if (isNumber && !oldNumber.trim().getAsDouble(before)) {
    std::string text = value.str();
    // The grammar wants a point in a number that may have a fraction.
    size_t exponent = std::min(value.find_insensitive('e'), value.size());
    if (oldNumber.contains('.') && !value.take_front(exponent).contains('.'))
      text.insert(exponent, ".0");
    if (!oldType.empty())
      text += " : " + oldType.trim().str();
    return text;
  }
  if (old.starts_with("\"") && !value.starts_with("\""))
    return ("\"" + value + "\"").str();
  int64_t size;
  if (old.starts_with("tensor<") && !value.getAsInteger(10, size))
    if (size_t end = old.find('x'); end != StringRef::npos)
      return ("tensor<" + value + old.drop_front(end)).str();
  return value.str();
}

Error setAlias(ModelSource &source, StringRef setting) {
  auto [name, value] = setting.split('=');
  name = name.trim();
  value = value.trim();
  if (name.empty() || value.empty())
    return makeError("--set takes NAME=VALUE, but is '" + setting + "'");
  std::string known;
  for (StringRef line : split(source.text, '\n')) {
    std::optional<Alias> alias = parseAlias(line);
    if (!alias)
      continue;
    if (alias->name != name && alias->name.drop_front() != name) {
      known += (known.empty() ? "" : ", ") + alias->name.str();
      continue;
    }
    std::string completed = completeValue(alias->value, value);
    size_t begin = alias->value.data() - source.text.data();
    source.text.replace(begin, alias->value.size(), completed);
    return Error::success();
  }
  return makeError(
      "--set: '" + source.path + "' has no alias '" + name + "'" +
      (known.empty() ? "; `#" + name + " = …` in a line of its own defines one"
                     : "; it has " + known));
}

} // namespace ravel::driver
