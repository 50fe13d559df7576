//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a reservoir does with its input: how much of the past it holds, whether
// it forgets where it began, whether small differences grow, and how many
// inputs it tells apart.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TRAINING_RESERVOIRANALYSIS_H
#define RAVEL_TRAINING_RESERVOIRANALYSIS_H

#include "ravel/Training/FunctionCall.h"
#include <functional>
#include <vector>

namespace ravel {

/// The value of an input's component at an instant, for one of several
/// reservoirs that are driven side by side.
using Drive =
    std::function<double(int64_t row, int64_t instant, int64_t component)>;

/// Numbers drawn from a uniform distribution in [-scale, scale], the same for
/// all components of an instant, other ones for each row.
Drive makeUniformDrive(double scale, uint64_t seed);

/// The loops of a function, driven by inputs of one's own.
class ReservoirProbe {
public:
  /// `function` is "NAME.states" of a module of f64; see `rnn-instantiate`.
  /// Looks at the loops of these names, or at all. An error where there is no
  /// such loop.
  static llvm::Expected<ReservoirProbe>
  create(const Module &module, llvm::StringRef function,
         const ParameterStore &parameters, llvm::ArrayRef<std::string> loops);

  /// The outputs of all loops together.
  int64_t numUnits() const { return units; }
  /// The names of the loops.
  std::vector<std::string> getLoops() const;
  const FunctionCall &getCall() const { return call; }

  /// Begins with all states zero, or for the rows from the second on drawn from
  /// a uniform distribution in [-1, 1].
  void reset(int64_t rows);
  void resetAtRandom(int64_t rows, uint64_t seed);
  /// Drives `rows` reservoirs from `instant` on, for `length` instants. Gives
  /// their outputs, [rows, length, units].
  llvm::Expected<Tensor> run(const Drive &drive, int64_t instant,
                             int64_t length);
  /// Moves the states of row 1 to the distance `distance` from those of row 0,
  /// in the direction in which they lie, or in a random one if they are the
  /// same. Gives the distance that there was.
  double renormalize(double distance, uint64_t seed);

private:
  explicit ReservoirProbe(FunctionCall call) : call(std::move(call)) {}

  FunctionCall call;
  /// The places of the loops in `call.results()`.
  std::vector<unsigned> loops;
  int64_t units = 0, rows = 0;
};

/// The memory capacity (Jaeger, Short term memory in echo state networks, GMD
/// report 152, 2001): for each delay from 1 on, the squared correlation of an
/// input with what a linear readout, fitted to `length` instants, tells of it
/// over as many others. Their sum is at most the number of units.
llvm::Expected<std::vector<double>>
measureMemory(ReservoirProbe &probe, double scale, int64_t delays,
              int64_t length, int64_t washout, uint64_t seed);

/// The largest Lyapunov exponent, per instant, under that input: the mean rate
/// at which two states that are all but the same part (Benettin et al.,
/// Meccanica 15, 1980; of driven reservoirs: Verstraeten et al., Neural
/// Networks 20, 2007).
llvm::Expected<double> estimateLyapunovExponent(ReservoirProbe &probe,
                                                const Drive &drive,
                                                int64_t length, int64_t washout,
                                                uint64_t seed);

/// The distance between outputs that began with zero and with random states,
/// after each instant of one input. With the echo state property it vanishes.
llvm::Expected<std::vector<double>> measureConvergence(ReservoirProbe &probe,
                                                       const Drive &drive,
                                                       int64_t length,
                                                       uint64_t seed);

/// The singular values, the largest first, of the outputs after `length`
/// instants of as many inputs as there are units, less their mean. How many
/// count is the kernel rank (Legenstein & Maass, Neural Networks 20, 2007); for
/// inputs that differ by noise alone it is the generalization rank, and then
/// small is good.
llvm::Expected<std::vector<double>> measureSeparation(ReservoirProbe &probe,
                                                      const Drive &drive,
                                                      int64_t inputs,
                                                      int64_t length);

} // namespace ravel

#endif // RAVEL_TRAINING_RESERVOIRANALYSIS_H
