//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// How many rows and vectors a kernel keeps in registers.
//
//===----------------------------------------------------------------------===//

#ifndef RAVEL_LIB_CONVERSION_ROWSTOVECTOR_TILES_H
#define RAVEL_LIB_CONVERSION_ROWSTOVECTOR_TILES_H

#include <cstdint>

namespace ravel {

/// The registers of a target.
struct RegisterFile {
  /// Components in a vector.
  int64_t lanes;
  /// Vector registers.
  int64_t registers;
};

/// A block of rows and columns that is evaluated at once.
struct Tile {
  int64_t rows = 1;
  /// Vectors of each row and value.
  int64_t vectors = 1;
};

/// Rows are dealt in groups of so many, whatever the tile of a kernel, so that
/// all kernels of a loop give a row to the same thread. Tiles divide it.
constexpr int64_t kRowGroup = 6;

/// The tile of a loop over the rows of a product: `products` vectors are
/// accumulated together for each row. Each step of the loop over k loads
/// `products * vectors` vectors of weights and `rows` numbers to do the product
/// of both in multiplications: the tile with the fewest loads a multiplication
/// is taken of those that fit the registers. Beside the accumulators these hold
/// the operands of which there are fewer, and one at a time of the others.
Tile chooseProductTile(const RegisterFile &target, int64_t products,
                       int64_t domain);

/// The tile of a loop over single rows: enough accumulators to cover the
/// latency of a multiplication.
Tile chooseRowTile(const RegisterFile &target, int64_t products,
                   int64_t domain);

/// The tile of a loop over single rows that uses all registers, in blocks of
/// one size.
Tile chooseWideTile(const RegisterFile &target, int64_t products,
                    int64_t domain);

} // namespace ravel

#endif // RAVEL_LIB_CONVERSION_ROWSTOVECTOR_TILES_H
