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
