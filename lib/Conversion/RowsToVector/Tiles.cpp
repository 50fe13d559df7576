//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Chooses register tiles; see Tiles.h.
//
//===----------------------------------------------------------------------===//

#include "Tiles.h"
#include <algorithm>

using namespace ravel;

/// Vectors in a domain, the last of which may be partly filled.
static int64_t countVectors(const RegisterFile &target, int64_t domain) {
  return std::max<int64_t>(1, (domain + target.lanes - 1) / target.lanes);
}

Tile ravel::chooseProductTile(const RegisterFile &target, int64_t products,
                              int64_t domain) {
  products = std::max<int64_t>(products, 1);
  Tile best;
  double fewest = 1e9;
  for (int64_t rows : {6, 3, 2, 1})
    for (int64_t vectors : {1, 2, 3, 4}) {
      int64_t accumulators = rows * products * vectors;
      int64_t operands = std::min(rows, products * vectors) + 1;
      bool fits = accumulators + operands <= target.registers;
      if (vectors > countVectors(target, domain) ||
          (!fits && rows * vectors > 1))
        continue;
      double loads = double(products * vectors + rows) / accumulators;
      if (loads < fewest) {
        fewest = loads;
        best = {rows, vectors};
      }
    }
  return best;
}

Tile ravel::chooseRowTile(const RegisterFile &target, int64_t products,
                          int64_t domain) {
  // Two multiplications a cycle, each of which takes four cycles.
  constexpr int64_t kChains = 8;
  products = std::max<int64_t>(products, 1);
  int64_t vectors = (kChains + products - 1) / products;
  vectors = std::min(vectors,
                     std::max<int64_t>(1, (target.registers - 2) / products));
  return {1, std::min(vectors, countVectors(target, domain))};
}

Tile ravel::chooseWideTile(const RegisterFile &target, int64_t products,
                           int64_t domain) {
  // Beside the sums, a number of the row and what passes by.
  constexpr int64_t kOthers = 4;
  products = std::max<int64_t>(products, 1);
  int64_t all = countVectors(target, domain);
  Tile best{1, 1};
  for (int64_t vectors = 2; vectors <= all; ++vectors)
    if (all % vectors == 0 && vectors * products + kOthers <= target.registers)
      best.vectors = vectors;
  return best;
}
