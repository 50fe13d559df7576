//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
namespace ravel::driver {

cl::SubCommand trainCommand("train", "train a model on data");
cl::SubCommand runCommand("run", "run a function of a model on data");
cl::SubCommand evaluateCommand("evaluate", "measure an objective on data");
cl::SubCommand sampleCommand("sample", "write text with a language model");
cl::SubCommand printCommand("print", "show a model's IR at a level");
cl::SubCommand paramsCommand("params", "list a model's parameters");
cl::SubCommand searchCommand("search", "search for the values that train best");
cl::SubCommand reservoirCommand("reservoir",
                                "say what a reservoir does with its input");
cl::SubCommand plotCommand("plot", "draw columns of a table as lines or maps");
cl::SubCommand benchCommand("bench", "measure how fast a function runs");
cl::SubCommand compileCommand("compile", "compile a function ahead of time");

static cl::OptionCategory modelOptions("1. Model"), dataOptions("2. Data"),
    trainingOptions("3. Training"), measureOptions("3. Measuring"),
    outputOptions("4. Output"), commonOptions("5. Common");

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

cl::opt<std::string> modelPath(
    cl::Positional, cl::Required, cl::value_desc("model"),
    cl::desc("<MODEL.mlir, or a folder that `ravel train` wrote>"),
    cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
    cl::sub(sampleCommand), cl::sub(printCommand), cl::sub(paramsCommand),
    cl::sub(benchCommand), cl::sub(compileCommand), cl::sub(reservoirCommand),
    cl::sub(searchCommand), cl::cat(modelOptions));
cl::list<std::string> settings(
    "set", cl::value_desc("name=value"),
    cl::desc("Another value for an alias of the model: a number or word for "
             "`#name = …`, a size or type for `!name = tensor<…>`"),
    cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
    cl::sub(sampleCommand), cl::sub(printCommand), cl::sub(paramsCommand),
    cl::sub(benchCommand), cl::sub(compileCommand), cl::sub(reservoirCommand),
    cl::sub(searchCommand), cl::cat(modelOptions));
cl::opt<std::string>
    entry("entry", cl::value_desc("@function"),
          cl::desc("The function to run (print, params: only this one; "
                   "compile: this one, which may be left out if the model has "
                   "no other)"),
          cl::sub(runCommand), cl::sub(compileCommand), cl::sub(sampleCommand),
          cl::sub(printCommand), cl::sub(paramsCommand),
          cl::sub(reservoirCommand), cl::cat(modelOptions));
cl::opt<std::string>
    objective("objective", cl::value_desc("@function"),
              cl::desc("The function whose first result, a number, is the loss "
                       "(print: with its gradient)"),
              cl::sub(trainCommand), cl::sub(evaluateCommand),
              cl::sub(printCommand), cl::cat(modelOptions));
cl::opt<std::string> weights(
    "weights", cl::value_desc("file"),
    cl::desc("A .safetensors file; for a folder also `best` or `last`. "
             "Default: the folder's best, or its last if there is no best"),
    cl::sub(runCommand), cl::sub(evaluateCommand), cl::sub(sampleCommand),
    cl::sub(benchCommand), cl::sub(compileCommand), cl::sub(reservoirCommand),
    cl::cat(modelOptions));
cl::opt<std::string>
    precision("precision", cl::value_desc("f32|f64"),
              cl::desc("The float type of all computation (f32)"),
              cl::sub(trainCommand), cl::sub(runCommand),
              cl::sub(evaluateCommand), cl::sub(sampleCommand),
              cl::sub(printCommand), cl::sub(benchCommand),
              cl::sub(compileCommand), cl::cat(modelOptions));
cl::opt<std::string> weightType(
    "weight-type", cl::value_desc("bf16"),
    cl::desc("Round weights of loops over time to 16 bits, which halves what a "
             "step reads and pays for batches of one or two; sums keep their "
             "precision"),
    cl::sub(runCommand), cl::sub(evaluateCommand), cl::sub(sampleCommand),
    cl::sub(printCommand), cl::sub(benchCommand), cl::sub(compileCommand),
    cl::cat(modelOptions));
cl::list<std::string> without(
    "without", cl::CommaSeparated, cl::value_desc("step,..."),
    cl::desc(
        "Leave out steps that make code faster, to see what they do: sparse, "
        "hoist, "
        "linear-scan, fuse, join, pack, prepare, double-buffer, plan-memory, "
        "parallel, columns"),
    cl::sub(printCommand), cl::sub(benchCommand), cl::cat(modelOptions));

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

cl::opt<std::string>
    dataPath("data", cl::value_desc("file"),
             cl::desc("A table (.csv, .tsv) or arrays (.npz) whose names are "
                      "those of the function's inputs"),
             cl::sub(trainCommand), cl::sub(runCommand),
             cl::sub(evaluateCommand), cl::sub(plotCommand),
             cl::sub(reservoirCommand), cl::cat(dataOptions));
cl::opt<std::string>
    textPath("text", cl::value_desc("file"),
             cl::desc("A plain text; each symbol is to predict the next"),
             cl::sub(trainCommand), cl::sub(evaluateCommand),
             cl::cat(dataOptions));
cl::list<std::string> columns("columns", cl::value_desc("input=column,..."),
                              cl::desc("Numeric columns that make up an input"),
                              cl::sub(trainCommand), cl::sub(runCommand),
                              cl::sub(evaluateCommand),
                              cl::sub(reservoirCommand), cl::cat(dataOptions));
cl::list<std::string>
    targets("target", cl::value_desc("input=column,..."),
            cl::desc("Numeric columns that make up what is to be predicted"),
            cl::sub(trainCommand), cl::sub(runCommand),
            cl::sub(evaluateCommand), cl::cat(dataOptions));
cl::list<std::string>
    residuals("residual", cl::value_desc("input=column,..."),
              cl::desc("Like --target, but the model predicts the change since "
                       "the window's last row; outputs are made whole again"),
              cl::sub(trainCommand), cl::sub(runCommand),
              cl::sub(evaluateCommand), cl::cat(dataOptions));
cl::list<std::string> words("words", cl::value_desc("input=column"),
                            cl::desc("A column of text as a sequence of words"),
                            cl::sub(trainCommand), cl::cat(dataOptions));
cl::list<std::string>
    characters("characters", cl::value_desc("input=column"),
               cl::desc("A column of text as a sequence of characters"),
               cl::sub(trainCommand), cl::cat(dataOptions));
cl::list<std::string> labels("label", cl::value_desc("input=column"),
                             cl::desc("A column whose cells are classes"),
                             cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<int64_t>
    window("window", cl::init(0), cl::value_desc("rows"),
           cl::desc("Cut a table into windows of so many rows; each is a "
                    "sequence (without it, each row is an example). Of a text: "
                    "symbols between truncations of backpropagation (100)"),
           cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
           cl::sub(reservoirCommand), cl::cat(dataOptions));
cl::opt<int64_t>
    horizon("horizon", cl::init(1), cl::value_desc("rows"),
            cl::desc("Rows from a window's last to its target (1)"),
            cl::sub(trainCommand), cl::sub(runCommand),
            cl::sub(evaluateCommand), cl::cat(dataOptions));
cl::opt<int64_t> stride("stride", cl::init(1), cl::value_desc("rows"),
                        cl::desc("Rows from one window to the next (1)"),
                        cl::sub(trainCommand), cl::sub(runCommand),
                        cl::sub(evaluateCommand), cl::cat(dataOptions));
cl::opt<bool> everyStep("every-step",
                        cl::desc("A target for every row of a window: a "
                                 "sequence. Without --window: all rows are "
                                 "one sequence"),
                        cl::sub(trainCommand), cl::sub(runCommand),
                        cl::sub(evaluateCommand), cl::sub(reservoirCommand),
                        cl::cat(dataOptions));
cl::opt<std::string>
    rows("rows", cl::value_desc("begin:end"),
         cl::desc("Use only these rows of a table, counted from 0, end left "
                  "out. Of windows: those whose targets are there"),
         cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
         cl::sub(reservoirCommand), cl::cat(dataOptions));
cl::opt<std::string>
    split("split", cl::value_desc("time:F|rows:N|seed:F"),
          cl::desc("Hold out for validation: the last fraction F; the rows (of "
                   "a text: symbols) from N on; a fraction drawn by --seed"),
          cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<std::string> validationPath("validation", cl::value_desc("file"),
                                    cl::desc("Validate on a file of its own"),
                                    cl::sub(trainCommand),
                                    cl::cat(dataOptions));
cl::opt<std::string> rawColumns("raw-columns", cl::value_desc("column,..."),
                                cl::desc("Columns that are not normalized"),
                                cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<bool> noNormalize("no-normalize",
                          cl::desc("Take numeric columns as they are (default: "
                                   "mean 0 and deviation 1 over the training "
                                   "part)"),
                          cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<int64_t> streams("streams", cl::init(32), cl::value_desc("N"),
                         cl::desc("Read a text in N places at once (32)"),
                         cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<std::string> unit("unit", cl::init("characters"),
                          cl::value_desc("characters|words"),
                          cl::desc("What --text is made of (characters)"),
                          cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<std::string>
    fieldNames("text-inputs", cl::init("x,y"), cl::value_desc("x,y"),
               cl::desc("The inputs that take a text's symbols and their "
                        "successors"),
               cl::sub(trainCommand), cl::cat(dataOptions));
cl::opt<int64_t>
    maxVocabulary("max-vocabulary", cl::init(0), cl::value_desc("N"),
                  cl::desc("Keep only the N most frequent symbols; the others "
                           "become one that means unknown"),
                  cl::sub(trainCommand), cl::cat(dataOptions));

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

cl::opt<std::string>
    outFolder("out", cl::Required, cl::value_desc("folder"),
              cl::desc("Where weights, metrics and all that `ravel run` needs "
                       "are written"),
              cl::sub(trainCommand), cl::sub(searchCommand),
              cl::cat(trainingOptions));
cl::opt<int64_t> epochs("epochs", cl::init(10), cl::value_desc("N"),
                        cl::desc("Passes over the data (10)"),
                        cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<int64_t> batchSize("batch", cl::init(32), cl::value_desc("N"),
                           cl::desc("Examples in a batch (32)"),
                           cl::sub(trainCommand), cl::sub(runCommand),
                           cl::sub(evaluateCommand), cl::sub(benchCommand),
                           cl::cat(trainingOptions));
cl::opt<double> learningRate("lr", cl::init(1e-3), cl::value_desc("rate"),
                             cl::desc("The learning rate (0.001)"),
                             cl::sub(trainCommand), cl::sub(benchCommand),
                             cl::cat(trainingOptions));
cl::opt<std::string>
    schedule("schedule", cl::init("constant"), cl::value_desc("schedule"),
             cl::desc("How the rate changes: constant, cosine, "
                      "step:every=N,factor=F, exponential:factor=F, "
                      "plateau:factor=F; each may have warmup=N and min=R"),
             cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<std::string>
    optimizer("optimizer", cl::init("adam"), cl::value_desc("name"),
              cl::desc("sgd, momentum, adam, adamw, rmsprop or one of the "
                       "model's own, with settings: 'adam{beta1=0.95}' (adam)"),
              cl::sub(trainCommand), cl::sub(printCommand),
              cl::sub(benchCommand), cl::cat(trainingOptions));
cl::opt<int64_t> checkpointTime(
    "checkpoint-time", cl::init(0), cl::value_desc("K"),
    cl::desc("Keep the states of every K-th instant alone and compute the rest "
             "again in the backward pass: less memory, and the time of a "
             "forward pass or more (0: keep all)"),
    cl::sub(trainCommand), cl::sub(printCommand), cl::sub(benchCommand),
    cl::cat(trainingOptions));
cl::opt<double> clip("clip", cl::init(0), cl::value_desc("norm"),
                     cl::desc("Scale gradients down to this global norm"),
                     cl::sub(trainCommand), cl::sub(benchCommand),
                     cl::cat(trainingOptions));
cl::opt<int64_t> patience("patience", cl::init(0), cl::value_desc("N"),
                          cl::desc("Stop after N evaluations without a better "
                                   "one"),
                          cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<int64_t> evaluateEvery("evaluate-every", cl::init(0),
                               cl::value_desc("steps"),
                               cl::desc("Evaluate and save after so many steps "
                                        "(default: every epoch)"),
                               cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<int64_t>
    logEvery("log-every", cl::init(0), cl::value_desc("steps"),
             cl::desc("A line in metrics.jsonl after so many steps "
                      "(default: every epoch)"),
             cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<std::string> metric(
    "metric",
    cl::value_desc(
        "loss|bits|perplexity|rmse|nrmse|error|token-error|sequence-error"),
    cl::desc("What validation reports and the best is chosen by (loss; with "
             "--solve: error or nrmse). "
             "bits, perplexity: of a loss in nats per symbol; rmse: of "
             "rnn.mse, in the target's own units; nrmse: that by the target's "
             "deviation; error: the share of classes that are not the "
             "likeliest; token-error, "
             "sequence-error: of what --decode generates, edits for "
             "each token and the share that is wrong"),
    cl::sub(trainCommand), cl::sub(evaluateCommand), cl::cat(trainingOptions));
cl::opt<std::string> decodeFunction(
    "decode", cl::value_desc("@function"),
    cl::desc("A function that generates what the objective is taught; "
             "validation counts its errors"),
    cl::sub(trainCommand), cl::sub(evaluateCommand), cl::cat(trainingOptions));
cl::opt<double> scheduledSampling(
    "scheduled-sampling", cl::init(0), cl::value_desc("P"),
    cl::desc("Give a decoder with probability P the class that it would have "
             "chosen, not the target's (0)"),
    cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<std::string> solver(
    "solve", cl::value_desc("ridge|qr|rls"),
    cl::desc(
        "Fit the objective's rnn.readout in closed form, in one pass over "
        "the data, in place of training by gradients: ridge regression by "
        "normal equations; by a QR factorization, which keeps all digits "
        "and takes longer; or by recursive least squares, which learn from "
        "instant to instant, also where the readout is fed back (FORCE)"),
    cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<std::string>
    ridges("ridge", cl::init("1e-8"), cl::value_desc("R,..."),
           cl::desc("What the sum of squared weights counts beside that of "
                    "errors; the best of several on held out data (1e-8)"),
           cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<int64_t> washout("washout", cl::init(0), cl::value_desc("instants"),
                         cl::desc("Instants at the beginning of each sequence "
                                  "that --solve does not fit and metrics of "
                                  "predictions don't count (0)"),
                         cl::sub(trainCommand), cl::sub(evaluateCommand),
                         cl::cat(trainingOptions));
cl::opt<int64_t> members(
    "members", cl::init(1), cl::value_desc("N"),
    cl::desc("With --solve: N models, drawn from --seed and the N - 1 seeds "
             "after it, of which run and evaluate average the outputs (1)"),
    cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<double> forget("forget", cl::init(1), cl::value_desc("F"),
                       cl::desc("What an error counts in --solve rls for each "
                                "instant that has passed since (1)"),
                       cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<int64_t> folds("folds", cl::init(5), cl::value_desc("K"),
                       cl::desc("Parts of the data that are held out in turn "
                                "to choose a --ridge of several (5)"),
                       cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<bool> resume("resume",
                     cl::desc("Go on from the last checkpoint in --out; the "
                              "other options must be those of before"),
                     cl::sub(trainCommand), cl::cat(trainingOptions));
cl::opt<bool> overwrite("overwrite",
                        cl::desc("Replace the training run in --out"),
                        cl::sub(trainCommand), cl::sub(searchCommand),
                        cl::cat(trainingOptions));
cl::opt<std::string>
    initWeights("init-weights", cl::value_desc("file"),
                cl::desc("Begin with the weights of a .safetensors file"),
                cl::sub(trainCommand), cl::cat(trainingOptions));

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

cl::opt<std::string>
    output("output", cl::value_desc("file"),
           cl::desc("Write results to a .csv, .tsv or .npz file (plot: .svg) "
                    "instead of the terminal"),
           cl::sub(runCommand), cl::sub(plotCommand), cl::sub(reservoirCommand),
           cl::cat(outputOptions));
cl::opt<std::string>
    ticks("ticks", cl::value_desc("input=N"),
          cl::desc("An input that the data don't have: N zeros for each "
                   "example. A loop over it goes on by itself for N instants, "
                   "as a model does that listens to its own predictions"),
          cl::sub(runCommand), cl::cat(dataOptions));
cl::opt<std::string>
    keep("keep", cl::value_desc("column,..."),
         cl::desc("Columns of the data to repeat beside the results"),
         cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<std::string> names("names", cl::value_desc("name,..."),
                           cl::desc("What to call the columns of the results"),
                           cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<bool> raw("raw",
                  cl::desc("Results as the function gives them: normalization "
                           "is not undone, scores are not turned into classes"),
                  cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<bool> printJSON("json", cl::desc("Print JSON"), cl::sub(paramsCommand),
                        cl::sub(benchCommand), cl::sub(reservoirCommand),
                        cl::cat(outputOptions));
cl::opt<unsigned>
    level("level", cl::init(0), cl::value_desc("0-6"),
          cl::desc("0 model, 1 explicit, 2 with gradient, 3 batched, "
                   "4 buffers, 5 loops and vectors, 6 LLVM (0)"),
          cl::sub(printCommand), cl::cat(outputOptions));
cl::opt<bool> printTraining("training",
                            cl::desc("With dropout and zoneout at random"),
                            cl::sub(printCommand), cl::cat(modelOptions));

cl::opt<int64_t> length("length", cl::init(500), cl::value_desc("N"),
                        cl::desc("Symbols to write (500)"),
                        cl::sub(sampleCommand), cl::cat(outputOptions));
cl::opt<double> temperature(
    "temperature", cl::init(1), cl::value_desc("T"),
    cl::desc("Below 1 more predictable, 0 always the likeliest (1)"),
    cl::sub(sampleCommand), cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<std::string> prompt("prompt", cl::value_desc("text"),
                            cl::desc("Text to go on from"),
                            cl::sub(sampleCommand), cl::cat(outputOptions));

//===----------------------------------------------------------------------===//
// Generating
//===----------------------------------------------------------------------===//

cl::opt<int64_t>
    beam("beam", cl::init(0), cl::value_desc("N"),
         cl::desc("Generate by beam search with N hypotheses (default: always "
                  "the likeliest class)"),
         cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<int64_t>
    nbest("nbest", cl::init(1), cl::value_desc("N"),
          cl::desc("Write the N best of each, as line, rank, score and text; "
                   "with --sample, N samples (1)"),
          cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<double> lengthPenalty(
    "length-penalty", cl::init(0), cl::value_desc("A"),
    cl::desc("Rank hypotheses of n classes by log P / ((5 + n) / 6)^A (0)"),
    cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<bool> drawSamples("sample",
                          cl::desc("Draw each class by its probability"),
                          cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<int64_t> topK("top-k", cl::init(0), cl::value_desc("K"),
                      cl::desc("Draw from the K likeliest classes (0: all)"),
                      cl::sub(runCommand), cl::sub(sampleCommand),
                      cl::cat(outputOptions));
cl::opt<double> topP("top-p", cl::init(1), cl::value_desc("P"),
                     cl::desc("Draw from the likeliest classes that together "
                              "have probability P (1)"),
                     cl::sub(runCommand), cl::sub(sampleCommand),
                     cl::cat(outputOptions));
cl::opt<int64_t>
    maxSteps("max-steps", cl::init(0), cl::value_desc("N"),
             cl::desc("Stop after N classes (default: as the decoder says)"),
             cl::sub(runCommand), cl::cat(outputOptions));
cl::opt<std::string>
    attentionPath("attention", cl::value_desc("file.svg"),
                  cl::desc("Draw where the decoder looked, if it gives its "
                           "attention's weights"),
                  cl::sub(runCommand), cl::cat(outputOptions));

cl::opt<std::string>
    plotColumns("lines", cl::value_desc("name=column,..."),
                cl::desc("The lines: a name for the legend and a column each"),
                cl::sub(plotCommand), cl::cat(dataOptions));
cl::opt<std::string>
    plotMap("map", cl::value_desc("column"),
            cl::desc("In place of lines: the column's value at each --x and "
                     "--y, as a color (the mean of several)"),
            cl::sub(plotCommand), cl::cat(dataOptions));
cl::opt<std::string> plotY("y", cl::value_desc("column"),
                           cl::desc("The column along the y axis of a --map"),
                           cl::sub(plotCommand), cl::cat(dataOptions));
cl::opt<bool> plotLogarithmic("log",
                              cl::desc("Show values by their logarithms"),
                              cl::sub(plotCommand), cl::cat(outputOptions));
cl::opt<std::string> plotX("x", cl::value_desc("column"),
                           cl::desc("The column along the x axis: numbers or "
                                    "dates (default: the row)"),
                           cl::sub(plotCommand), cl::cat(dataOptions));
cl::opt<std::string> plotTitle("title", cl::value_desc("text"),
                               cl::desc("The title"), cl::sub(plotCommand),
                               cl::cat(outputOptions));
cl::opt<std::string> plotUnit("y-label", cl::value_desc("text"),
                              cl::desc("What the y axis shows"),
                              cl::sub(plotCommand), cl::cat(outputOptions));

//===----------------------------------------------------------------------===//
// Searching
//===----------------------------------------------------------------------===//

cl::list<std::string> searchOver(
    "over", cl::value_desc("name=values"),
    cl::desc("What is searched: an alias of the model (or an option of `ravel "
             "train`, as in --over --lr=log(1e-4,1e-2)) and its values: "
             "uniform(LO,HI), log(LO,HI), int(LO,HI), logint(LO,HI), or "
             "choices with commas"),
    cl::sub(searchCommand), cl::cat(modelOptions));
cl::list<std::string> trainOptions(cl::Positional, cl::ZeroOrMore,
                                   cl::value_desc("-- options of train"),
                                   cl::desc("[-- OPTIONS OF `ravel train`]"),
                                   cl::sub(searchCommand),
                                   cl::cat(trainingOptions));
cl::opt<int64_t> searchTrials("trials", cl::init(20), cl::value_desc("N"),
                              cl::desc("Points that are drawn (20)"),
                              cl::sub(searchCommand), cl::cat(trainingOptions));
cl::opt<bool> searchGrid("grid",
                         cl::desc("Try every combination of choices instead"),
                         cl::sub(searchCommand), cl::cat(trainingOptions));
cl::opt<int64_t>
    searchSeeds("seeds", cl::init(1), cl::value_desc("K"),
                cl::desc("Train each point with K seeds, from --seed on (1)"),
                cl::sub(searchCommand), cl::cat(trainingOptions));
cl::opt<std::string> searchHalving(
    "halving", cl::value_desc("seeds|epochs"),
    cl::desc("Give all points little, and only the best of them more: seeds, "
             "up to --seeds, or epochs, up to the --epochs of `ravel train`"),
    cl::sub(searchCommand), cl::cat(trainingOptions));
cl::opt<double> searchEta("eta", cl::init(3), cl::value_desc("E"),
                          cl::desc("With --halving: how much more, for one of "
                                   "E points (3)"),
                          cl::sub(searchCommand), cl::cat(trainingOptions));
cl::opt<int64_t> searchJobs("jobs", cl::init(1), cl::value_desc("J"),
                            cl::desc("Runs side by side (1)"),
                            cl::sub(searchCommand), cl::cat(commonOptions));

//===----------------------------------------------------------------------===//
// Looking at reservoirs
//===----------------------------------------------------------------------===//

cl::list<std::string> unrolls(
    "unroll", cl::CommaSeparated, cl::value_desc("name,..."),
    cl::desc("Look at the loops of these names (default: all of the function)"),
    cl::sub(reservoirCommand), cl::cat(modelOptions));
cl::opt<double> inputScale("input-scale", cl::init(1), cl::value_desc("S"),
                           cl::desc("Draw inputs from -S to S (1)"),
                           cl::sub(reservoirCommand), cl::cat(dataOptions));
cl::opt<int64_t> driveLength("length", cl::init(0), cl::value_desc("N"),
                             cl::desc("Instants that each measure takes "
                                      "(default: 2000, or 5 for each unit if "
                                      "that is more)"),
                             cl::sub(reservoirCommand), cl::cat(dataOptions));
cl::opt<int64_t> delays("delays", cl::init(0), cl::value_desc("K"),
                        cl::desc("The longest delay of the memory curve "
                                 "(default: 2 for each unit, at most 400)"),
                        cl::sub(reservoirCommand), cl::cat(measureOptions));

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

cl::opt<std::string>
    benchFunction("function", cl::value_desc("@function"),
                  cl::desc("The function to measure (the only one)"),
                  cl::sub(benchCommand), cl::cat(modelOptions));
cl::opt<std::string>
    benchMode("mode", cl::init("run"), cl::value_desc("run|train"),
              cl::desc("run: calls the function. train: a training step, which "
                       "is the gradient of the function, an objective, and "
                       "the optimizer's update (run)"),
              cl::sub(benchCommand), cl::cat(modelOptions));
cl::opt<int64_t> benchLength("length", cl::init(50), cl::value_desc("N"),
                             cl::desc("Instants of each sequence (50)"),
                             cl::sub(benchCommand), cl::cat(dataOptions));
cl::opt<std::string>
    benchLengths("lengths", cl::value_desc("lo:hi"),
                 cl::desc("Draw each sequence's length, from lo to hi"),
                 cl::sub(benchCommand), cl::cat(dataOptions));
cl::opt<int64_t>
    benchRepeat("repeat", cl::init(0), cl::value_desc("N"),
                cl::desc("Measure N times (default: as often as --min-time "
                         "allows)"),
                cl::sub(benchCommand), cl::cat(measureOptions));
cl::opt<double> benchMinTime("min-time", cl::init(1), cl::value_desc("seconds"),
                             cl::desc("Measure for so long, and at least three "
                                      "times (1)"),
                             cl::sub(benchCommand), cl::cat(measureOptions));
cl::opt<bool> benchMemory("memory",
                          cl::desc("Measure the memory that a call takes"),
                          cl::sub(benchCommand), cl::cat(measureOptions));

//===----------------------------------------------------------------------===//
// Common
//===----------------------------------------------------------------------===//

cl::opt<unsigned> threads("threads", cl::init(0), cl::value_desc("N"),
                          cl::desc("Threads of compiled code (default: as many "
                                   "as there are processors)"),
                          cl::sub(trainCommand), cl::sub(runCommand),
                          cl::sub(evaluateCommand), cl::sub(sampleCommand),
                          cl::sub(benchCommand), cl::sub(reservoirCommand),
                          cl::sub(searchCommand), cl::cat(commonOptions));
cl::opt<uint64_t>
    seed("seed", cl::init(0), cl::value_desc("N"),
         cl::desc("Of everything that is drawn at random (0). The "
                  "same seed, threads and machine: the same bits"),
         cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
         cl::sub(sampleCommand), cl::sub(benchCommand),
         cl::sub(reservoirCommand), cl::sub(searchCommand),
         cl::cat(commonOptions));
cl::opt<std::string> cacheDirectory(
    "cache-dir", cl::value_desc("folder"),
    cl::desc("Where compiled code is kept (default: "
             "$RAVEL_CACHE_DIR or ~/.cache/ravel)"),
    cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
    cl::sub(sampleCommand), cl::sub(paramsCommand), cl::sub(benchCommand),
    cl::sub(reservoirCommand), cl::sub(searchCommand), cl::cat(commonOptions));
cl::opt<bool> noCache("no-cache", cl::desc("Compile afresh, keep nothing"),
                      cl::sub(trainCommand), cl::sub(runCommand),
                      cl::sub(evaluateCommand), cl::sub(sampleCommand),
                      cl::sub(paramsCommand), cl::sub(benchCommand),
                      cl::sub(reservoirCommand), cl::sub(searchCommand),
                      cl::cat(commonOptions));
cl::opt<std::string>
    cpu("cpu", cl::value_desc("name"),
        cl::desc("The processor to compile for, as LLVM names "
                 "it (default: this one; compile: x86-64-v3, `native` "
                 "is this one)"),
        cl::sub(trainCommand), cl::sub(runCommand), cl::sub(evaluateCommand),
        cl::sub(sampleCommand), cl::sub(printCommand), cl::sub(benchCommand),
        cl::sub(compileCommand), cl::sub(reservoirCommand),
        cl::cat(commonOptions));

//===----------------------------------------------------------------------===//
// Compiling ahead of time
//===----------------------------------------------------------------------===//

cl::opt<std::string>
    objectPath("o", cl::value_desc("folder/NAME"), cl::Required,
               cl::desc("Where the files go; all names in the object begin "
                        "with NAME_"),
               cl::sub(compileCommand), cl::cat(outputOptions));
cl::list<std::string>
    emit("emit", cl::value_desc("obj,static,..."), cl::CommaSeparated,
         cl::desc("What is written beside the headers: obj (default), static, "
                  "shared, llvm, asm, mlir, exe"),
         cl::sub(compileCommand), cl::cat(outputOptions));
cl::opt<bool> reportOption(
    "report", cl::desc("Print the sizes of code, weights, states, workspace"),
    cl::sub(compileCommand), cl::cat(outputOptions));
cl::opt<bool> externalWeights(
    "weights-external",
    cl::desc("The object reads a safetensors file when it is initialized"),
    cl::sub(compileCommand), cl::cat(modelOptions));
cl::opt<std::string>
    targetTriple("target", cl::value_desc("triple"),
                 cl::desc("The machine compiled for: x86_64-linux-gnu, "
                          "aarch64-linux-gnu, riscv64-linux-gnu, wasm32 "
                          "(this one)"),
                 cl::sub(compileCommand), cl::cat(commonOptions));
cl::opt<std::string> optimizeFor(
    "optimize", cl::value_desc("speed|size"), cl::init("speed"),
    cl::desc("What matters: the time of a step, or the object's size, weights "
             "included (speed)"),
    cl::sub(compileCommand), cl::cat(commonOptions));
cl::opt<std::string>
    features("features", cl::value_desc("+a,-b"),
             cl::desc("Features of the processor to add or take away"),
             cl::sub(compileCommand), cl::cat(commonOptions));
cl::list<std::string> multiversion(
    "multiversion", cl::value_desc("cpu,cpu,..."), cl::CommaSeparated,
    cl::desc("Processors, the least first, among which the object chooses when "
             "it is initialized: x86-64-v2,x86-64-v3,x86-64-v4"),
    cl::sub(compileCommand), cl::cat(commonOptions));
cl::opt<std::string>
    openmp("openmp", cl::value_desc("none|libomp|libgomp"), cl::init("none"),
           cl::desc("Where the threads of `run` come from (none: one thread, "
                    "and nothing to link)"),
           cl::sub(compileCommand), cl::cat(commonOptions));

//===----------------------------------------------------------------------===//
// Help
//===----------------------------------------------------------------------===//

StringRef getOverview() {
  return R"(Ravel compiles, trains and runs recurrent networks that are written as equations.

usage: ravel COMMAND MODEL [options]

commands:
  train     train a model on data; writes a folder
  search    search for the values of a model that train best
  run       run a function of a model, or of a trained folder, on data
  evaluate  measure an objective on data
  sample    write text with a language model
  params    list a model's parameters
  print     show a model's IR at a level, from equations to LLVM
  plot      draw columns of a table as lines or as a map (SVG)
  reservoir say what a reservoir remembers, and whether it is stable
  bench     measure how fast a function runs, and what memory it takes
  compile   compile a function ahead of time, to an object with a C header

`ravel COMMAND --help` explains a command and gives examples.

to begin with:
  ravel params forecast.mlir
  ravel train forecast.mlir --objective @loss --data days.csv \
    --columns x=day,month,value --target y=value --window 28 \
    --split time:0.1 --out forecast
  ravel run forecast --entry @forecast --data days.csv --output forecast.csv
)";
}

StringRef getExamples(StringRef command) {
  return StringSwitch<StringRef>(command)
      .Case("train", R"(
EXAMPLES:

  Predict the next day from 28 days, the last tenth held out:
    ravel train forecast.mlir --objective @loss --data days.csv \
      --columns x=day,month,value --target y=value --window 28 --horizon 1 \
      --split time:0.1 --metric rmse --epochs 15 --lr 0.003 --schedule cosine \
      --clip 1 --out forecast

  A language model of characters, with states carried from window to window:
    ravel train lm.mlir --objective @loss --text book.txt --streams 32 \
      --window 100 --split time:0.05 --metric bits --out lm

  Tag each word; both columns have one entry per word:
    ravel train tagger.mlir --objective @loss --data sentences.tsv \
      --words words=text --words tags=tags --split seed:0.1 --out tagger

  Arrays named like the inputs (and `lengths`), then go on after a Ctrl-C:
    ravel train model.mlir --objective @loss --data train.npz --out model
    ravel train model.mlir --objective @loss --data train.npz --out model --resume

  Spelling to sound: two columns of a table without a header, validated by what
  the model generates:
    ravel train g2p.mlir --objective @loss --data train.tsv \
      --characters word=0 --words phones=1 --validation valid.tsv \
      --decode @pronounce --metric token-error --out g2p

  The folder gets model.mlir, data.json, train.json, metrics.jsonl,
  last.safetensors and, with validation, best.safetensors.
)")
      .Case("run", R"(
EXAMPLES:

  A trained folder knows its columns, normalization and vocabularies:
    ravel run forecast --entry @forecast --data days.csv --rows 1096: \
      --keep date,value --names forecast --output forecast.csv

  A function that generates turns lines into lines:
    ravel run g2p --entry @pronounce --beam 4 < words.txt

  A model and weights of your own, on arrays named like the inputs:
    ravel run model.mlir --entry @f --weights w.safetensors --data in.npz \
      --output out.npz
)")
      .Case("evaluate", R"(
EXAMPLES:

  ravel evaluate forecast --data days.csv --rows 1096: --metric rmse
  ravel evaluate lm --text other.txt --metric bits
)")
      .Case("sample", R"(
EXAMPLES:

  ravel sample lm --entry @next --length 400 --temperature 0.7 \
    --prompt "In the beginning " --seed 1

  The entry takes one i32 (or a sequence of them), gives scores for the next
  one, and passes its states on: argument and result have {rnn.carry = "h"}.
)")
      .Case("print", R"(
EXAMPLES:

  ravel print model.mlir --level 1
  ravel print model.mlir --level 2 --objective @loss
)")
      .Case("params", R"(
EXAMPLES:

  ravel params model.mlir
  ravel params model.mlir --json
)")
      .Case("plot", R"(
EXAMPLES:

  ravel plot --data forecast.csv --x date \
    --lines truth=value,forecast=forecast --y-label '°C' --output forecast.svg
  ravel plot --data search/results.csv --map mean --x spectral_radius --y leak \
    --log --output map.svg
)")
      .Case("search", R"(
EXAMPLES:

  A reservoir's scalings: 50 points, three seeds for the best:
    ravel search esn.mlir --over 'leak=uniform(0.1,1)' \
      --over 'spectral_radius=log(0.1,2)' --trials 50 --seeds 3 --halving seeds \
      --jobs 2 --out search -- --solve ridge --objective @loss \
      --data train.npz --validation test.npz --washout 100

  A map of the error:
    ravel search esn.mlir --grid --over leak=0.1,0.3,1 \
      --over spectral_radius=0.5,0.9,1.3 --out map -- --solve ridge …
    ravel plot --data map/results.csv --map mean --x spectral_radius --y leak \
      --log --output map.svg

  A learning rate, training the best for longer:
    ravel search lm.mlir --over '--lr=log(1e-4,1e-2)' --halving epochs \
      --out search -- --objective @loss --text book.txt --split time:0.1 \
      --epochs 27

  The folder gets results.jsonl (each run), results.csv (each point, the best
  first) and best, a folder like those of `ravel train`. The same command goes on
  with a search that was interrupted, or with more --trials or --seeds.
)")
      .Case("reservoir", R"(
EXAMPLES:

  What the loops of a function do with random input, with a plot:
    ravel reservoir esn.mlir --entry @predict --set spectral_radius=1.2 \
      --output esn.svg

  The same under its own input, for one loop of several:
    ravel reservoir esn.mlir --entry @predict --data series.npz --unroll layer1
)")
      .Case("bench", R"(
EXAMPLES:

  50 instants of 32 examples, on two threads:
    ravel bench model.mlir --function @f --length 50 --batch 32 --threads 2

  Examples of 5 to 50 instants:
    ravel bench model.mlir --function @f --lengths 5:50

  A training step, with its memory, as JSON:
    ravel bench model.mlir --function @loss --mode train --memory --json

  Inputs and, without --weights, parameters are drawn at random from --seed.
  GFLOP/s counts products of vectors and matrices alone, at true instants.
)")
      .Case("compile", R"(
EXAMPLES:

  The trained function, with its weights, as an object with a C and a C++ header:
    ravel compile forecast --entry @forecast -o out/forecast

  A library for this very machine, and what is in it:
    ravel compile forecast --entry @forecast --cpu native --emit static,shared \
      --report -o out/forecast

  Weights that are read when the object is initialized:
    ravel compile model.mlir --entry @f --weights-external -o out/model

  A web page's module, or an object for another processor:
    ravel compile forecast --entry @forecast --target wasm32 --emit shared -o out/forecast
    ravel compile forecast --entry @forecast --target aarch64-linux-gnu -o out/forecast
)")
      .Default("");
}

} // namespace ravel::driver
