//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RAVEL_TOOLS_RAVEL_OPTIONS_H
#define RAVEL_TOOLS_RAVEL_OPTIONS_H

#include "ravel/Execution/Module.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"
#include <map>
#include <string>

namespace ravel::driver {

extern llvm::cl::SubCommand trainCommand, runCommand, evaluateCommand,
    sampleCommand, printCommand, paramsCommand, plotCommand, benchCommand,
    reservoirCommand, searchCommand, compileCommand;

// What to work on.
extern llvm::cl::opt<std::string> modelPath, entry, objective, weights,
    precision, weightType;
extern llvm::cl::list<std::string> without;

// Data.
extern llvm::cl::opt<std::string> dataPath, textPath, validationPath, split,
    rows, unit, fieldNames;
extern llvm::cl::list<std::string> columns, targets, residuals, words,
    characters, labels;
extern llvm::cl::opt<std::string> rawColumns;
extern llvm::cl::opt<int64_t> window, horizon, stride, streams, maxVocabulary;
extern llvm::cl::opt<bool> everyStep, noNormalize;

// Training.
extern llvm::cl::list<std::string> settings;
extern llvm::cl::opt<std::string> outFolder, optimizer, schedule, metric,
    initWeights, solver, ridges;
extern llvm::cl::opt<int64_t> epochs, batchSize, checkpointTime, patience,
    evaluateEvery, logEvery, washout, folds, members;
extern llvm::cl::opt<double> learningRate, clip, scheduledSampling, forget;
extern llvm::cl::opt<std::string> decodeFunction;
extern llvm::cl::opt<bool> resume, overwrite;

// Output.
extern llvm::cl::opt<std::string> output, keep, names, ticks;
extern llvm::cl::opt<bool> raw, printJSON;
extern llvm::cl::opt<unsigned> level;
extern llvm::cl::opt<bool> printTraining;

// Sampling.
extern llvm::cl::opt<int64_t> length;
extern llvm::cl::opt<double> temperature;
extern llvm::cl::opt<std::string> prompt;

// Generating.
extern llvm::cl::opt<int64_t> beam, nbest, topK, maxSteps;
extern llvm::cl::opt<double> lengthPenalty, topP;
extern llvm::cl::opt<bool> drawSamples;
extern llvm::cl::opt<std::string> attentionPath;

// Plotting.
extern llvm::cl::opt<std::string> plotColumns, plotMap, plotX, plotY, plotTitle,
    plotUnit;
extern llvm::cl::opt<bool> plotLogarithmic;

// Searching.
extern llvm::cl::list<std::string> searchOver, trainOptions;
extern llvm::cl::opt<int64_t> searchTrials, searchSeeds, searchJobs;
extern llvm::cl::opt<std::string> searchHalving;
extern llvm::cl::opt<double> searchEta;
extern llvm::cl::opt<bool> searchGrid;

// Looking at reservoirs.
extern llvm::cl::list<std::string> unrolls;
extern llvm::cl::opt<double> inputScale;
extern llvm::cl::opt<int64_t> driveLength, delays;

// Measuring.
extern llvm::cl::opt<std::string> benchFunction, benchMode, benchLengths;
extern llvm::cl::opt<int64_t> benchLength, benchRepeat;
extern llvm::cl::opt<double> benchMinTime;
extern llvm::cl::opt<bool> benchMemory;

// Compiling ahead of time.
extern llvm::cl::opt<std::string> objectPath, targetTriple, features, openmp,
    optimizeFor;
extern llvm::cl::list<std::string> emit, multiversion;
extern llvm::cl::opt<bool> externalWeights, reportOption;

// Common.
extern llvm::cl::opt<unsigned> threads;
extern llvm::cl::opt<uint64_t> seed;
extern llvm::cl::opt<std::string> cacheDirectory, cpu;
extern llvm::cl::opt<bool> noCache;

/// The text that `ravel --help` prints.
llvm::StringRef getOverview();
/// Examples of a command, printed below its options; empty if there is no such
/// command.
llvm::StringRef getExamples(llvm::StringRef command);

} // namespace ravel::driver

#endif // RAVEL_TOOLS_RAVEL_OPTIONS_H
