//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What an object made ahead of time offers its callers, and the headers that
// tell them.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TARGET_INTERFACE_H
#define RAVEL_TARGET_INTERFACE_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace ravel {

/// A parameter of a C function that points to a caller's data.
struct DataParameter {
  /// A C identifier, unique among the function's parameters.
  std::string name;
  DType dtype = DType::F32;
  /// The shape of one row.
  Shape shape;
  bool isSequence = false;
  bool isOutput = false;
  /// Of a sequence: the class of its length, an index into `lengthClasses`.
  unsigned lengthClass = 0;
  /// Of class indices: how many classes there are; 0 otherwise.
  int64_t numClasses = 0;
  /// Of a state that goes from one window to the next: the name it has in the
  /// model; empty otherwise.
  std::string carry;
};

struct Interface {
  /// The prefix of all names: a C identifier.
  std::string name;
  /// The model's file and function, for the comment at the top.
  std::string model, function;
  /// The version of Ravel, and what the code is compiled for: "x86-64-v3".
  std::string generator, target;
  bool hasExternalWeights = false;
  /// The names, dtypes and shapes of the parameters, in the order that error
  /// codes number them.
  std::vector<DataParameter> parameters;
  /// The suffix of T and lengths for each class of lengths: "_x", or "" where
  /// there is one class alone.
  std::vector<std::string> lengthClasses;
  /// What `run` takes, in order: inputs, then outputs.
  std::vector<DataParameter> run;
  /// Whether the function streams; then what `reset` takes, and what `step`
  /// takes.
  bool hasStream = false;
  std::vector<DataParameter> reset, step;
  /// Whether the function generates classes, and has no `run`: then `run` lists
  /// what is given to begin with. How many classes have scores, the one that
  /// ends, and the most that are generated.
  bool generates = false;
  int64_t numScores = 0, until = 0, maxGenerated = 0;
  DType scoreType = DType::F32;
  /// The number of OpenMP threads is the runtime's to choose.
  bool hasThreads = false;
  int64_t numParameters = 0;
  int64_t stateBytes = 0, weightBytes = 0;
};

/// The identifier of C and C++ that is most like a name of a model: neither a
/// keyword nor a name that the interface uses itself.
std::string makeCIdentifier(llvm::StringRef name);
/// The same, and different from those in `taken`, to which it is added: also in
/// upper case, in which macros are named. `taken` has names in upper case.
std::string makeCIdentifier(llvm::StringRef name, llvm::StringSet<> &taken);

/// Writes `NAME.h`: C99, and C++ that includes it.
void writeHeader(const Interface &interface, llvm::raw_ostream &os);
/// Writes `NAME.hpp`: a C++20 class around it.
void writeCppHeader(const Interface &interface, llvm::raw_ostream &os);

} // namespace ravel

#endif // RAVEL_TARGET_INTERFACE_H
