//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ravel/Pipelines/Registration.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "ravel/Conversion/Passes.h"
#include "ravel/Dialect/RNN/IR/RNN.h"
#include "ravel/Dialect/RNN/Transforms/BufferizableOpInterfaceImpl.h"
#include "ravel/Dialect/RNN/Transforms/MathDerivatives.h"
#include "ravel/Dialect/RNN/Transforms/Passes.h"
#include "ravel/Pipelines/Pipelines.h"
#include "ravel/Prelude/Prelude.h"

void ravel::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<rnn::RNNDialect>();
  rnn::registerMathDerivatives(registry);
  rnn::registerBufferizableOpInterfaceExternalModels(registry);
}

void ravel::registerAllPasses() {
  mlir::registerAllPasses();
  rnn::registerRavelRNNPasses();
  registerRavelPreludePasses();
  registerRavelConversionPasses();
  registerPipelines();
}
