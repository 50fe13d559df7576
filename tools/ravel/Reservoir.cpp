//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// `ravel reservoir`: what the loops of a function do with their input. All is
// computed in f64.
//
//===----------------------------------------------------------------------===//

#include "ravel/Dialect/RNN/IR/Reservoir.h"
#include "Commands.h"
#include "Data.h"
#include "Options.h"
#include "Plot.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Training/ReservoirAnalysis.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <numeric>

using namespace llvm;
namespace ravel::driver {

namespace {

/// A matrix of weights that are drawn and stay.
struct DrawnMatrix {
  std::string name;
  int64_t inputs = 0, units = 0;
  double density = 0;
  /// Of a square one, if it could be computed.
  std::optional<double> spectralRadius;
};

/// All that is said of a reservoir.
struct Report {
  std::vector<DrawnMatrix> matrices;
  std::vector<std::string> loops;
  int64_t units = 0, length = 0, rows = 0;
  std::vector<double> memory, convergence, separation, generalization;
  double lyapunovExponent = 0;

  double getCapacity() const {
    return std::accumulate(memory.begin(), memory.end(), 0.0);
  }
  int64_t getKernelRank() const;
  /// Beside what other inputs do.
  int64_t getGeneralizationRank() const;
  /// The instants after which two states are as good as the same, if they get
  /// there.
  std::optional<int64_t> findMeeting() const;
};

} // namespace

/// What is left of a distance, relative to the first, when states have met.
static constexpr double kMet = 1e-8;
/// Directions in which states differ by less, relative to the largest, do not
/// count for ranks.
static constexpr double kRankTolerance = 1e-3;

std::optional<int64_t> Report::findMeeting() const {
  for (auto [instant, distance] : enumerate(convergence))
    if (distance <= kMet * convergence.front())
      return instant + 1;
  return std::nullopt;
}

/// How many of `values` count beside `largest`.
static int64_t countRank(ArrayRef<double> values, double largest) {
  return count_if(
      values, [&](double value) { return value > kRankTolerance * largest; });
}

int64_t Report::getKernelRank() const {
  return countRank(separation, separation.front());
}

int64_t Report::getGeneralizationRank() const {
  return countRank(generalization, separation.front());
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The nonzero weights of a parameter [inputs, units], or of one that is stored
/// sparse, as many for each unit as the fullest has.
static rnn::SparseMatrix collectWeights(const ManifestEntry &item,
                                        ArrayRef<double> values) {
  int64_t units = item.spec.shape.back();
  bool isSparse = item.spec.sparseInputs != 0;
  int64_t rows = isSparse ? item.spec.shape[1] : item.spec.shape[0];
  std::vector<std::vector<std::pair<int32_t, double>>> columns(units);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t unit = 0; unit < units; ++unit) {
      double value = values[row * units + unit];
      int64_t input = isSparse ? values[(rows + row) * units + unit] : row;
      if (value != 0)
        columns[unit].push_back({int32_t(input), value});
    }
  rnn::SparseMatrix matrix;
  matrix.numInputs = isSparse ? item.spec.sparseInputs : rows;
  matrix.numUnits = units;
  for (const auto &column : columns)
    matrix.degree = std::max<int64_t>(matrix.degree, column.size());
  for (auto &column : columns) {
    column.resize(matrix.degree);
    for (auto [input, value] : column) {
      matrix.indices.push_back(input);
      matrix.values.push_back(value);
    }
  }
  return matrix;
}

static std::vector<DrawnMatrix> describeMatrices(const Module &module,
                                                 ParameterStore &store) {
  std::vector<DrawnMatrix> matrices;
  for (const ManifestEntry &item : module.manifest()) {
    bool isMatrix = item.spec.shape.size() == 2 || item.spec.sparseInputs != 0;
    if (item.spec.trainable || !isMatrix)
      continue;
    rnn::SparseMatrix weights =
        collectWeights(item, store.values<double>(*store.find(item.spec.name)));
    DrawnMatrix &matrix = matrices.emplace_back();
    matrix.name = item.spec.name;
    matrix.inputs = weights.numInputs;
    matrix.units = weights.numUnits;
    int64_t nonzero =
        count_if(weights.values, [](double value) { return value != 0; });
    matrix.density =
        double(nonzero) / (double(matrix.inputs) * double(matrix.units));
    if (matrix.inputs != matrix.units || weights.degree == 0)
      continue;
    Expected<double> radius = rnn::computeSpectralRadius(weights);
    if (radius)
      matrix.spectralRadius = *radius;
    else
      consumeError(radius.takeError());
  }
  return matrices;
}

//===----------------------------------------------------------------------===//
// Measures
//===----------------------------------------------------------------------===//

/// What the data's first example gives, again and again; drawn numbers without
/// data.
static Expected<Drive> makeDrive(const ReservoirProbe &probe,
                                 const ModelFolder &model) {
  if (dataPath.empty())
    return makeUniformDrive(inputScale, seed);
  Expected<RowRange> range = RowRange::parse(rows);
  if (!range)
    return range.takeError();
  // A folder knows the columns of its table, and how they are normalized.
  bool isKnown =
      !model.folder.empty() && !StringRef(dataPath).ends_with(".npz");
  Expected<DataConfig> config = isKnown
                                    ? DataConfig::load(model.path("data.json"))
                                    : DataConfig::fromCommandLine();
  if (!config)
    return config.takeError();
  config->setDType(DType::F64);
  std::vector<const Argument *> inputs = probe.getCall().dataInputs();
  if (inputs.size() != 1 || !isFloat(inputs.front()->dtype))
    return makeError("--data can drive a function with one input, of numbers");
  Expected<Dataset> data = config->read(dataPath, *range, inputs);
  if (!data)
    return data.takeError();
  if (Expected<std::string> axis = probe.getCall().bind(*data); !axis)
    return axis.takeError();
  const Field &field = *data->find(inputs.front()->name);
  if (field.length.front() == 0)
    return makeFileError(dataPath, "begins with an empty sequence");
  int64_t width = std::max<int64_t>(*countElements(inputs.front()->shape), 1);
  return Drive([rows = field.rows, begin = field.begin.front(),
                length = field.length.front(),
                width](int64_t row, int64_t instant, int64_t component) {
    // Rows that should differ begin at other instants.
    int64_t at = begin + (instant + row * (length / 7 + 1)) % length;
    return rows->view<double>()[at * width + component];
  });
}

static Error measure(ReservoirProbe &probe, const Drive &drive,
                     Report &report) {
  int64_t units = probe.numUnits();
  report.units = units;
  report.loops = probe.getLoops();
  report.length =
      driveLength ? int64_t(driveLength) : std::max<int64_t>(2000, 5 * units);
  int64_t longest =
      delays ? int64_t(delays) : std::min<int64_t>(2 * units, 400);
  int64_t washed = std::max<int64_t>(100, longest);
  errs() << formatv("memory: {0} delays, {1} instants\n", longest,
                    report.length);
  Expected<std::vector<double>> memory =
      measureMemory(probe, inputScale, longest, report.length, washed, seed);
  if (!memory)
    return memory.takeError();
  report.memory = std::move(*memory);

  errs() << "stability\n";
  Expected<std::vector<double>> convergence =
      measureConvergence(probe, drive, report.length, seed);
  if (!convergence)
    return convergence.takeError();
  report.convergence = std::move(*convergence);
  Expected<double> exponent =
      estimateLyapunovExponent(probe, drive, report.length, washed, seed);
  if (!exponent)
    return exponent.takeError();
  report.lyapunovExponent = *exponent;

  constexpr int64_t kMostInputs = 500, kInstants = 50;
  report.rows = std::min(units, kMostInputs);
  errs() << formatv("separation: {0} inputs\n", report.rows);
  Expected<std::vector<double>> separation =
      measureSeparation(probe, drive, report.rows, kInstants);
  if (!separation)
    return separation.takeError();
  report.separation = std::move(*separation);
  Drive noise = makeUniformDrive(0.01 * inputScale, seed + 2);
  Expected<std::vector<double>> generalization = measureSeparation(
      probe,
      [&](int64_t row, int64_t instant, int64_t component) {
        return drive(0, instant, component) + noise(row, instant, component);
      },
      report.rows, kInstants);
  if (!generalization)
    return generalization.takeError();
  report.generalization = std::move(*generalization);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

static json::Value toJSON(const Report &report) {
  json::Array matrices;
  for (const DrawnMatrix &matrix : report.matrices) {
    json::Object object{{"name", matrix.name},
                        {"inputs", matrix.inputs},
                        {"units", matrix.units},
                        {"density", matrix.density}};
    if (matrix.spectralRadius)
      object["spectral_radius"] = *matrix.spectralRadius;
    matrices.push_back(std::move(object));
  }
  json::Object object{{"matrices", std::move(matrices)},
                      {"loops", json::Array(report.loops)},
                      {"units", report.units},
                      {"memory_capacity", report.getCapacity()},
                      {"memory", json::Array(report.memory)},
                      {"lyapunov_exponent", report.lyapunovExponent},
                      {"kernel_rank", report.getKernelRank()},
                      {"generalization_rank", report.getGeneralizationRank()}};
  if (std::optional<int64_t> meeting = report.findMeeting())
    object["states_meet_after"] = *meeting;
  else
    object["states_meet_after"] = nullptr;
  return object;
}

static void print(raw_ostream &os, const Report &report) {
  size_t width = 7;
  for (const DrawnMatrix &matrix : report.matrices)
    width = std::max(width, matrix.name.size());
  os << left_justify("weights", width)
     << "  inputs   units  density  spectral radius\n";
  for (const DrawnMatrix &matrix : report.matrices) {
    os << left_justify(matrix.name, width)
       << formatv("  {0,6}  {1,6}  {2,7:f4}", matrix.inputs, matrix.units,
                  matrix.density);
    if (matrix.spectralRadius)
      os << formatv("  {0,15:f6}", *matrix.spectralRadius);
    os << '\n';
  }
  double capacity = report.getCapacity();
  os << formatv("\n{0} units of {1}\n", report.units, join(report.loops, ", "));
  os << formatv("memory capacity      {0:f2} of at most {1}, over {2} delays\n",
                capacity, report.units, report.memory.size());
  os << formatv("Lyapunov exponent    {0:f4} for each instant: small "
                "differences {1}\n",
                report.lyapunovExponent,
                report.lyapunovExponent < 0 ? "vanish" : "grow");
  if (std::optional<int64_t> meeting = report.findMeeting())
    os << formatv("echo states          yes: two initial states meet after {0} "
                  "instants\n",
                  *meeting);
  else
    os << formatv(
        "echo states          no: two initial states differ after {0} "
        "instants\n",
        report.length);
  os << formatv("kernel rank          {0} for {1} inputs\n",
                report.getKernelRank(), report.rows);
  os << formatv("generalization rank  {0} for {1} inputs that differ by noise "
                "of 1 %\n",
                report.getGeneralizationRank(), report.rows);
}

static void draw(raw_ostream &os, const Report &report) {
  PlotFrame frame;
  frame.height = 360;
  os << formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" "
                "height=\"{1}\">\n",
                frame.width, 3 * frame.height);
  frame.title =
      formatv("Memory: {0:f1} of {1} units", report.getCapacity(), report.units)
          .str();
  frame.xLabel = "delay";
  frame.yLabel = "squared correlation";
  drawLines(os, frame, Line{"", report.memory},
            chooseTicks(report.memory.size(), 1));
  frame.y += frame.height;
  frame.title = formatv("Lyapunov exponent {0:f4}", report.lyapunovExponent);
  frame.xLabel = "instant";
  frame.yLabel = "distance of two states";
  frame.isLogarithmic = true;
  ArrayRef<double> convergence = report.convergence;
  if (std::optional<int64_t> meeting = report.findMeeting())
    convergence = convergence.take_front(*meeting + *meeting / 4);
  drawLines(os, frame, Line{"", convergence.vec()},
            chooseTicks(convergence.size(), 1));
  frame.y += frame.height;
  frame.title = formatv("Kernel rank {0}, generalization rank {1}",
                        report.getKernelRank(), report.getGeneralizationRank());
  frame.xLabel = "singular value";
  frame.yLabel = "size";
  drawLines(os, frame,
            {Line{"other inputs", report.separation},
             Line{"other noise", report.generalization}},
            chooseTicks(report.separation.size(), 1));
  os << "</svg>\n";
}

//===----------------------------------------------------------------------===//
// ravel reservoir
//===----------------------------------------------------------------------===//

static Error checkOptions() {
  if (driveLength < 0 || delays < 0)
    return makeError("--length and --delays must not be negative");
  if (driveLength > 0 && driveLength < 100)
    return makeError("--length must be at least 100");
  if (!(inputScale > 0) || std::isinf(inputScale))
    return makeError("--input-scale must be a number above 0");
  if (!output.empty() && !StringRef(output).ends_with(".svg"))
    return makeError("--output " + output + ": expected .svg");
  return Error::success();
}

Expected<int> lookAtReservoir() {
  Expected<std::string> function = getFunctionName(entry, "entry");
  if (!function)
    return function.takeError();
  if (Error error = checkOptions())
    return error;
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  CompileOptions options;
  options.precision = DType::F64;
  options.functions = {*function};
  options.states = *function;
  options.cpu = cpu;
  Expected<Module> module = makeCompiler().compile(model->source, options);
  if (!module)
    return module.takeError();
  Expected<ParameterStore> store =
      makeParameters(*module, DType::F64, model->findWeights());
  if (!store)
    return store.takeError();
  Expected<ReservoirProbe> probe =
      ReservoirProbe::create(*module, *function + ".states", *store,
                             std::vector<std::string>(unrolls));
  if (!probe)
    return probe.takeError();
  Expected<Drive> drive = makeDrive(*probe, *model);
  if (!drive)
    return drive.takeError();
  Report report;
  report.matrices = describeMatrices(*module, *store);
  if (Error error = measure(*probe, *drive, report))
    return error;
  if (printJSON)
    outs() << formatv("{0:2}", toJSON(report)) << '\n';
  else
    print(outs(), report);
  if (!output.empty())
    if (Error error =
            writeFileAtomically(output, [&](raw_pwrite_stream &os) -> Error {
              draw(os, report);
              return Error::success();
            }))
      return error;
  return 0;
}

} // namespace ravel::driver
