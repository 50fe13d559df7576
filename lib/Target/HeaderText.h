//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// What the headers in C and C++ have in common.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_TARGET_HEADERTEXT_H
#define RAVEL_LIB_TARGET_HEADERTEXT_H

#include "ravel/Target/Interface.h"

namespace ravel {

/// An error that functions return; its number is its place in `getErrors`.
struct ErrorText {
  /// "ERROR_NULL", which follows the prefix.
  llvm::StringRef name, text;
  /// Whether it is for weights that are read from a file alone.
  bool isExternal;
};
llvm::ArrayRef<ErrorText> getErrors();

/// A model's text, such that no comment ends in it.
std::string getCommentText(llvm::StringRef text);
/// "float".
llvm::StringRef getCType(DType dtype);
/// "const float *x".
std::string getPointer(const DataParameter &parameter);
/// "[B][T][4]".
std::string getExtents(const DataParameter &parameter,
                       const Interface &interface);
/// The elements of one row.
int64_t countRowElements(const DataParameter &parameter);

} // namespace ravel

#endif // RAVEL_LIB_TARGET_HEADERTEXT_H
