//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
namespace ravel::driver {

/// The options that the command line gives for looking at a model.
static Expected<CompileOptions> getCompileOptions(const ModelFolder &model) {
  CompileOptions options;
  Expected<DType> type = getPrecision(&model);
  if (!type)
    return type.takeError();
  Expected<std::string> weights = getWeightType();
  if (!weights)
    return weights.takeError();
  options.precision = *type;
  options.weightType = *weights;
  Expected<std::vector<std::string>> steps = getOmittedSteps();
  if (!steps)
    return steps.takeError();
  options.without = *steps;
  Expected<int64_t> interval = getCheckpointTime();
  if (!interval)
    return interval.takeError();
  options.checkpointTime = *interval;
  options.cpu = cpu;
  options.training = printTraining;
  if (!entry.empty())
    options.functions = {StringRef(entry).ltrim('@').str()};
  if (!objective.empty()) {
    options.objective = StringRef(objective).ltrim('@').str();
    if (optimizer.getNumOccurrences())
      options.optimizer = optimizer;
  }
  return options;
}

Expected<int> print() {
  if (level > 6)
    return makeError("--level " + Twine(level) + ": expected 0 to 6");
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  Expected<CompileOptions> options = getCompileOptions(*model);
  if (!options)
    return options.takeError();
  Expected<std::string> text =
      Compiler("").print(model->source, *options, level);
  if (!text)
    return text.takeError();
  outs() << *text;
  return 0;
}

Expected<int> listParameters() {
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  Expected<CompileOptions> options = getCompileOptions(*model);
  if (!options)
    return options.takeError();
  Expected<Module> module = makeCompiler().compile(model->source, *options);
  if (!module)
    return module.takeError();

  int64_t total = 0, trainable = 0;
  size_t nameWidth = 9, shapeWidth = 5, initializerWidth = 11;
  for (const ManifestEntry &item : module->manifest()) {
    int64_t count = *countElements(item.spec.shape);
    total += count;
    trainable += item.spec.trainable ? count : 0;
    nameWidth = std::max(nameWidth, item.spec.name.size());
    shapeWidth = std::max(shapeWidth, toString(item.spec.shape).size());
    initializerWidth = std::max(initializerWidth, item.initializer.size());
  }
  if (printJSON) {
    json::Array list;
    for (const ManifestEntry &item : module->manifest()) {
      json::Object object{
          {"name", item.spec.name},
          {"shape", json::Array(ArrayRef<int64_t>(item.spec.shape))},
          {"count", *countElements(item.spec.shape)},
          {"initializer", item.initializer},
          {"trainable", item.spec.trainable}};
      if (item.spec.sparseInputs != 0)
        object["sparse_inputs"] = item.spec.sparseInputs;
      list.push_back(std::move(object));
    }
    json::Value value = json::Object{{"parameters", std::move(list)},
                                     {"count", total},
                                     {"trainable", trainable}};
    outs() << formatv("{0:2}", value) << '\n';
    return 0;
  }
  auto line = [&](StringRef name, StringRef shape, StringRef count,
                  StringRef initializer, StringRef trained) {
    outs() << left_justify(name, nameWidth) << "  "
           << left_justify(shape, shapeWidth) << "  "
           << right_justify(count, 10) << "  "
           << left_justify(initializer, initializerWidth) << "  " << trained
           << '\n';
  };
  line("parameter", "shape", "count", "initializer", "trainable");
  for (const ManifestEntry &item : module->manifest())
    line(item.spec.name, toString(item.spec.shape),
         std::to_string(*countElements(item.spec.shape)), item.initializer,
         item.spec.trainable ? "yes" : "no");
  line("total", "", std::to_string(total), "",
       std::to_string(trainable) + " of them");
  return 0;
}

} // namespace ravel::driver
