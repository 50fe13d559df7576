//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_ALIGNMENTPLOT_H
#define RAVEL_TOOLS_RAVEL_ALIGNMENTPLOT_H

#include "ravel/Execution/Tensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace ravel::driver {

/// Where a decoder looked while it wrote one sequence.
struct AlignmentPanel {
  /// What is written beside the columns and rows; sources may be left out.
  std::vector<std::string> source, target;
  Tensor weights; // [rows, columns]
};

/// Draws each panel as a grid whose cells are the darker the more weight they
/// have, one below the other, as an SVG.
llvm::Error writeAlignmentPlot(llvm::StringRef path,
                               llvm::ArrayRef<AlignmentPanel> panels);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_ALIGNMENTPLOT_H
