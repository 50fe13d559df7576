//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Interfaces of objects, and compilers that take the headers written for them.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_UNITTEST_TARGET_HEADERSAMPLES_H
#define RAVEL_UNITTEST_TARGET_HEADERSAMPLES_H

#include "TestSupport.h"
#include "ravel/Target/Interface.h"

namespace ravel::test {

/// One sequence in, one out, weights inside.
Interface getPlain();
/// States that are carried, an input that each example has one of.
Interface getCarries();
/// Class indices, a number an instant, weights in a file.
Interface getClasses();
/// Two classes of lengths, no stream, threads.
Interface getTwoLengths();
/// No sequences.
Interface getNoSequences();
/// Elements of f64.
Interface getDouble();
/// Names with which comments, macros and classes must cope.
Interface getAwkward();
std::vector<Interface> getAllSamples();

std::string getHeader(const Interface &interface);
std::string getCppHeader(const Interface &interface);
/// The program in the header's comment.
std::string getExample(const Interface &interface);

/// A compiler of this machine.
struct TestCompiler {
  /// "clang" or "gcc".
  const char *name;
  /// Paths; empty if it isn't installed.
  std::string c, cpp;
};
std::vector<TestCompiler> getCompilers();

/// Writes both headers of all samples to a folder.
void writeSamples(const TemporaryFolder &folder);
/// Runs a program and returns what it printed if it failed, or "".
std::string execute(const TemporaryFolder &folder, llvm::StringRef program,
                    llvm::ArrayRef<llvm::StringRef> arguments);

} // namespace ravel::test

#endif // RAVEL_UNITTEST_TARGET_HEADERSAMPLES_H
