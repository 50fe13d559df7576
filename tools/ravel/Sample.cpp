//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Data.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Generation/Search.h"
#include <cmath>

using namespace llvm;
namespace ravel::driver {

/// A batch of one example: one symbol, or a sequence of them.
static Batch makeSymbols(const Argument &input, ArrayRef<int32_t> ids,
                         bool continues) {
  Batch batch;
  batch.size = 1;
  batch.examples = {0};
  batch.order = {0};
  batch.continues = continues;
  FieldSpec spec{input.name, DType::I32, {}, ""};
  if (input.layout == RowLayout::Sequence) {
    spec.axis = "time";
    batch.axes.push_back({"time", PackedLayout::of({int64_t(ids.size())})});
  }
  batch.fields.push_back(
      {std::move(spec), Tensor::of<int32_t>({int64_t(ids.size())}, ids)});
  return batch;
}

/// The scores after the last symbol, of the first `count` classes.
static std::vector<double> getScores(const TensorRef &result, int64_t width,
                                     int64_t count) {
  std::vector<double> scores;
  dispatch(result.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *values =
        static_cast<const T *>(result.data) + result.numElements() - width;
    scores.assign(values, values + count);
  });
  return scores;
}

Expected<int> sample() {
  Expected<std::string> function = getFunctionName(entry, "entry");
  if (!function)
    return function.takeError();
  if (length < 0 || !(temperature >= 0) || !std::isfinite(temperature))
    return makeError("--length and --temperature must not be negative");
  if (topK < 0 || !(topP > 0) || topP > 1)
    return makeError("--top-k must not be negative, and --top-p must be above "
                     "0 and at most 1");
  Expected<ModelFolder> model = ModelFolder::open();
  if (!model)
    return model.takeError();
  if (model->folder.empty())
    return makeFileError(modelPath, "is a file; sampling needs the vocabulary "
                                    "in a folder that `ravel train` wrote");
  Expected<DType> type = getPrecision(&*model);
  if (!type)
    return type.takeError();
  Expected<DataConfig> config = DataConfig::load(model->path("data.json"));
  if (!config)
    return config.takeError();
  const Vocabulary *vocabulary = config->textVocabulary();
  if (!vocabulary)
    return makeFileError(modelPath, "was not trained on --text");
  Expected<std::vector<int32_t>> ids = vocabulary->encode(prompt);
  if (!ids)
    return makeError("--prompt: " + llvm::toString(ids.takeError()));
  if (ids->empty()) {
    // Something has to come first: a line's end, or whatever is commonest.
    std::optional<int32_t> newline = vocabulary->find("\n");
    ids->push_back(newline ? *newline
                           : vocabulary->unknownId().value_or(-1) + 1);
  }

  Compiler compiler = makeCompiler();
  Expected<Module> module =
      compileFunction(compiler, model->source, *function, *type);
  if (!module)
    return module.takeError();
  Expected<ParameterStore> parameters =
      makeParameters(*module, *type, model->findWeights());
  if (!parameters)
    return parameters.takeError();
  Expected<FunctionCall> call =
      FunctionCall::create(*module, *function, *parameters);
  if (!call)
    return call.takeError();
  std::vector<const Argument *> inputs = call->dataInputs();
  std::vector<const Argument *> results = call->results();
  if (inputs.size() != 1 || inputs.front()->dtype != DType::I32 ||
      !inputs.front()->shape.empty() || results.empty() ||
      !isFloat(results.front()->dtype) || results.front()->shape.size() != 1 ||
      results.front()->layout == RowLayout::Shared)
    return makeError("function '" + *function +
                     "' cannot write text: it must "
                     "take one i32 or a sequence of them, and give scores");
  ClassLimits limits = findClassLimits(*call);
  int64_t width = results.front()->shape[0];
  int64_t count = std::min(vocabulary->size(), width);
  for (const auto &[name, limit] : limits)
    count = std::min(count, limit);
  for (int32_t id : *ids)
    if (id >= count)
      return makeError("--prompt: '" + vocabulary->entry(id) +
                       "' is not among the symbols of the model");

  Random random(seed);
  SearchOptions drawing;
  drawing.temperature = temperature;
  drawing.topK = topK;
  drawing.topP = topP;
  bool isSequence = inputs.front()->layout == RowLayout::Sequence;
  bool hasState = !call->carriedInputs().empty();
  bool isWords = vocabulary->unit() == TextUnit::Word;
  outs() << prompt;
  std::vector<int32_t> text = *ids;
  size_t fed = 0; // of `text`, what the states have seen
  for (int64_t i = 0; i < length; ++i) {
    // Without states, everything so far is read again for each symbol.
    if (!hasState)
      fed = isSequence ? 0 : text.size() - 1;
    while (fed < text.size()) {
      size_t take = isSequence ? text.size() - fed : 1;
      if (Error error = call->run(makeSymbols(*inputs.front(),
                                              ArrayRef(text).slice(fed, take),
                                              hasState && fed > 0)))
        return error;
      fed += take;
    }
    int32_t next =
        drawClass(getScores(call->result(0), width, count), drawing, random);
    text.push_back(next);
    Expected<std::string> symbol = vocabulary->decode({next});
    if (!symbol)
      return symbol.takeError();
    outs() << (isWords && (i > 0 || !prompt.empty()) ? " " : "") << *symbol;
    outs().flush();
  }
  outs() << '\n';
  return 0;
}

} // namespace ravel::driver
