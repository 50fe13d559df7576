//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// From a model's text to functions that can be called: compilation to native
// code, the cache of compiled code on disk, and the functions' signatures.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_EXECUTION_MODULE_H
#define RAVEL_EXECUTION_MODULE_H

#include "ravel/Execution/ParameterStore.h"
#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ravel {

/// What an argument of a compiled function is.
enum class Role {
  Offsets,   ///< i64 [instants + 1]: the first packed row of each instant
  Order,     ///< i64 [batch]: the example in each row of the class's instants
  Starts,    ///< i64 [memories + 1]: the first row of each memory
  Sources,   ///< i64 [batch]: the memory that each example reads
  Longest,   ///< i64 []: the length of the longest memory
  Batch,     ///< the number of examples
  Input,     ///< data, named as in the model
  Parameter, ///< a learned tensor, named as in the manifest
  Key,       ///< i32 [batch]: what an example's dropout draws from
  Weight,    ///< [batch]: the weight of each example's loss in a gradient
  Output,    ///< a result, which the function writes
  Instant,   ///< of a stream's step: the number of the instant, modulo 2
};

/// How an argument's rows are laid out.
enum class RowLayout {
  Sequence, ///< [packed rows, shape...]: the instants of all examples
  Memory,   ///< [rows, shape...]: one memory after the other
  Example,  ///< [batch, shape...]
  Shared,   ///< [shape...]: the same for all examples
};

struct Argument {
  Role role;
  RowLayout layout = RowLayout::Shared;
  DType dtype = DType::F32;
  /// The shape of one row: [D] for vectors of D components, [] for numbers. An
  /// alignment has as many numbers as the longest memory of its class has
  /// elements, here `kLongest`.
  Shape shape;
  /// Of a sequence, and of `Offsets` and `Order`: the class of its length.
  int64_t lengthClass = 0;
  /// Of a memory or an alignment, and of `Starts`, `Sources` and `Longest`.
  int64_t memoryClass = 0;
  /// Of an input or parameter: its name.
  std::string name;
  /// Of an input of class indices: how many classes its uses allow.
  std::optional<int64_t> numClasses;
  /// Of an input and an output that carry a state from one window of a stream
  /// to the next: the name they share.
  std::string carry;
  /// Of an output that is a gradient: the parameter's or input's name.
  std::string gradientOf;
  /// Of an input that a decoder is taught: the class that each sequence ends
  /// with, and how many classes, the first, stand for no symbol.
  std::optional<int32_t> end;
  int64_t reserved = 0;
};

/// The size that an alignment's row has in `Argument::shape`.
constexpr int64_t kLongest = -1;

/// How a function generates: `NAME.start` gives the class to start from, the
/// states and the values of the example, and memories; `NAME.step`, given these
/// and the class chosen last, the body's outputs, scores first, and next
/// states.
struct Decoding {
  /// The class that ends a sequence, and the most classes in one.
  int32_t until = 0;
  int64_t max = 0;
  /// How many states, values of the example, and outputs there are.
  int64_t states = 0, examples = 0, outputs = 0;
};

/// How a function over sequences streams: `NAME.reset` gives the first states
/// and the values of the example, and `NAME.step`, given one element of each
/// sequence and these, the results so far and the next states.
struct Streaming {
  /// How many inputs, states and values of the example `NAME.step` takes, in
  /// this order, and how many outputs it gives before the next states.
  int64_t inputs = 0, states = 0, examples = 0, outputs = 0;
};

struct Signature {
  std::string name;
  std::vector<Argument> arguments;
  /// Whether a call needs memory for what it computes in between; `Module`
  /// provides it.
  bool hasWorkspace = false;
  /// The bytes of each tensor that is computed from the parameters alone,
  /// before any call: packed weights above all.
  std::vector<int64_t> preparedBytes;
  /// Whether that computation needs memory.
  bool preparationHasWorkspace = false;
  /// Of the first part of a function that generates.
  std::optional<Decoding> decoding;
  /// Of one step of a stream.
  std::optional<Streaming> streaming;

  /// The arguments of a role, by their positions in `arguments`.
  llvm::SmallVector<unsigned> find(Role role) const;
};

/// An entry of the manifest: a parameter and what it starts from.
struct ManifestEntry {
  ParameterSpec spec;
  /// The initializer attribute as it is written: "#rnn.glorot".
  std::string initializer;
};

struct CompileOptions {
  /// The float type of all computation.
  DType precision = DType::F32;
  /// Whether dropout and zoneout draw at random.
  bool training = false;
  /// A function whose gradient with respect to the parameters is compiled, as
  /// "<objective>_grad", in place of all functions.
  std::string objective;
  /// An objective that is joined by "<objective>.normal", the sums of which its
  /// readout's normal equations are made.
  std::string solve;
  /// Whether that gives the rows of the regression, not the sums of products.
  bool solveRows = false;
  /// An objective that is joined by "<objective>.predictions", what it judges.
  std::string predictions;
  /// A function that is joined by "<function>.states", what its loops give.
  std::string states;
  /// Inputs that the gradient is taken for too, by name.
  std::vector<std::string> gradientInputs;
  /// Instants between the states that the backward pass keeps of a loop over
  /// time; it computes the rest again. 0: it keeps all that it needs.
  int64_t checkpointTime = 0;
  /// How often, in training, a taught decoder is given the class that it would
  /// have chosen.
  double scheduledSampling = 0;
  /// An optimizer of the model or the prelude that is added, under its name.
  std::string optimizer;
  /// Values for the optimizer's hyperparameters.
  std::map<std::string, double> hyperparameters;
  /// Functions to compile; all if empty.
  std::vector<std::string> functions;
  /// What packed weights are rounded to in functions that aren't gradients:
  /// "bf16" halves the memory that a step reads; "" for no rounding.
  std::string weightType;
  /// Steps of the pipelines to leave out (`getOptionalSteps`), to see what they
  /// do.
  std::vector<std::string> without;
  /// Unrolls the loop over time by this factor.
  unsigned unrollTime = 1;
  /// How hard LLVM tries, 0 to 3. Our own passes always run, and leave to LLVM
  /// what 1 does: 3 takes half as long again for code that is no faster.
  unsigned optimizationLevel = 1;
  /// Whether little code and few weights matter more than the time of a step.
  bool small = false;
  /// Whether functions that stream get a `NAME.reset` and a `NAME.step`.
  bool stream = false;
  /// The target compiled for, as LLVM names it; the host if empty.
  std::string triple;
  /// The processor compiled for, as LLVM names it, and what is added to or
  /// taken from its features ("+avx512f,-fma"). Empty: the host's, or what is
  /// usual for the target that was named.
  std::string cpu, features;
};

struct CompiledCode;

/// What a function computes of its parameters alone; see `Module::prepare`.
class PreparedParameters {
public:
  ~PreparedParameters();
  PreparedParameters(PreparedParameters &&) noexcept;
  PreparedParameters &operator=(PreparedParameters &&) noexcept;

private:
  friend class Module;
  struct Impl;
  explicit PreparedParameters(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// A function with its arguments, checked once and called as often as wanted.
/// The module, and what the arguments refer to, must outlive it.
class BoundCall {
public:
  ~BoundCall();
  BoundCall(BoundCall &&) noexcept;
  BoundCall &operator=(BoundCall &&) noexcept;

  void operator()();
  /// The memory that it works in, besides arguments and prepared parameters.
  int64_t workspaceBytes() const;

private:
  friend class Module;
  struct Impl;
  explicit BoundCall(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// A model's functions as native code. Calls may run at once on several threads
/// of the caller if they write to different memory.
class Module {
public:
  ~Module();
  Module(Module &&) noexcept;

  llvm::ArrayRef<ManifestEntry> manifest() const;
  llvm::ArrayRef<Signature> signatures() const;
  /// Null if there is no such function.
  const Signature *find(llvm::StringRef function) const;

  /// Binds a function to its arguments. They follow its signature: for each but
  /// `Batch` a tensor in memory of the shape that role and layout give; outputs
  /// are written by each call. An error where a dtype or a shape is wrong. Data
  /// are trusted: offsets must be those of a packed batch, and class indices in
  /// range. `prepared` is what `prepare` gave for the same parameters; without,
  /// they are prepared now.
  llvm::Expected<BoundCall>
  bind(llvm::StringRef function, llvm::ArrayRef<TensorRef> arguments,
       int64_t batch, const PreparedParameters *prepared = nullptr) const;
  /// Binds, and calls once.
  llvm::Error call(llvm::StringRef function,
                   llvm::ArrayRef<TensorRef> arguments, int64_t batch,
                   const PreparedParameters *prepared = nullptr) const;

  /// Computes what calls of a function with these parameters need of them: the
  /// arguments of role `Parameter`, in order.
  llvm::Expected<PreparedParameters>
  prepare(llvm::StringRef function, llvm::ArrayRef<TensorRef> parameters) const;

  /// Whether the code came from the cache.
  bool isCached() const;

  /// Links compiled code into this process.
  static llvm::Expected<Module> load(CompiledCode code, bool cached);

private:
  struct Impl;
  explicit Module(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// A model's text and where it came from, for messages.
struct ModelSource {
  std::string text;
  std::string path;

  static llvm::Expected<ModelSource> open(llvm::StringRef path);
};

/// Compiles models. Diagnostics go to standard error as they arise; the error
/// returned says only that there were some.
class Compiler {
public:
  /// `cacheDirectory` holds compiled code by content; empty for no cache. It is
  /// created when needed; entries that are damaged or were written by another
  /// build or for another processor are ignored and replaced.
  explicit Compiler(std::string cacheDirectory = getDefaultCacheDirectory());

  llvm::Expected<Module> compile(const ModelSource &source,
                                 const CompileOptions &options) const;

  /// The IR of the model at a level, 0 to 6, as text.
  llvm::Expected<std::string> print(const ModelSource &source,
                                    const CompileOptions &options,
                                    unsigned level) const;

  /// The names of the model's functions.
  llvm::Expected<std::vector<std::string>>
  listFunctions(const ModelSource &source) const;

  /// $RAVEL_CACHE_DIR, or ravel/ in $XDG_CACHE_HOME or ~/.cache.
  static std::string getDefaultCacheDirectory();

private:
  std::string cacheDirectory;
};

/// Draws initial values: every parameter from its initializer, with a seed made
/// of `seed` and its name.
llvm::Error initializeParameters(llvm::ArrayRef<ManifestEntry> manifest,
                                 uint64_t seed, ParameterStore &store);

/// The threads that compiled code uses from now on, at least 1.
void setNumThreads(unsigned count);

} // namespace ravel

#endif // RAVEL_EXECUTION_MODULE_H
