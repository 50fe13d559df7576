//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Generate.h"
#include "AlignmentPlot.h"
#include "Options.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include <iostream>
#include <map>

using namespace llvm;
namespace ravel::driver {

bool generates(const Module &module, StringRef name) {
  return module.find((name + ".start").str()) != nullptr;
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

static Expected<SearchOptions> getSearchOptions(const Generator &generator) {
  SearchOptions options = generator.defaults();
  if (drawSamples && beam > 0)
    return makeError("--sample and --beam exclude each other");
  options.nbest = nbest;
  options.seed = seed;
  options.temperature = temperature;
  options.topK = topK;
  options.topP = topP;
  options.lengthPenalty = lengthPenalty;
  if (maxSteps < 0)
    return makeError("--max-steps must not be negative");
  if (maxSteps > 0)
    options.maxSteps = maxSteps;
  if (drawSamples)
    options.method = SearchOptions::Sample;
  else if (beam != 0) {
    options.method = SearchOptions::Beam;
    options.width = beam;
  }
  return options;
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

namespace {
/// A line of input: its text and symbols, or nothing if it can't be read.
struct Line {
  int64_t number; // from 0
  std::string text;
  std::optional<std::vector<int32_t>> ids;
};

/// Generates for lines and writes what comes out.
class LineGenerator {
public:
  LineGenerator(Generator &generator, const SearchOptions &options,
                const Vocabulary *source, const Vocabulary *target,
                raw_ostream &os)
      : generator(generator), options(options), source(source), target(target),
        os(os) {}

  /// Answers the lines of `is`, some at once. Returns whether all could be.
  Expected<bool> run(std::istream &is);
  Error answer(const Batch &batch, ArrayRef<int64_t> numbers,
               ArrayRef<std::string> texts, int64_t count);
  Error writeAlignments() const;

private:
  Expected<bool> answerLines(ArrayRef<Line> lines);
  std::optional<std::vector<int32_t>> encode(StringRef text, int64_t number);
  Expected<std::string> decode(const Generated &generated) const;
  Error write(int64_t number, StringRef text, ArrayRef<Generated> hypotheses);
  std::vector<std::string> split(StringRef text, const Vocabulary *vocabulary,
                                 bool isEncoded) const;

  Generator &generator;
  const SearchOptions &options;
  const Vocabulary *source, *target;
  raw_ostream &os;
  std::vector<AlignmentPanel> panels;
};
} // namespace

/// The symbols of a text, as a vocabulary of `unit` sees them.
static std::vector<std::string> getSymbols(StringRef text, TextUnit unit) {
  std::vector<std::string> symbols;
  if (unit == TextUnit::Word) {
    SmallVector<StringRef> parts;
    SplitString(text, parts, " \t\r\n\f\v");
    for (StringRef part : parts)
      symbols.push_back(part.str());
    return symbols;
  }
  for (char c : text) {
    bool continues = (uint8_t(c) & 0xc0) == 0x80;
    if (continues && !symbols.empty())
      symbols.back() += c;
    else
      symbols.push_back(std::string(1, c));
  }
  return symbols;
}

/// The ids of a line, or nothing after a message that names what is unknown.
std::optional<std::vector<int32_t>> LineGenerator::encode(StringRef text,
                                                          int64_t number) {
  Expected<std::vector<int32_t>> ids = source->encode(text);
  auto complain = [&](int64_t column, const Twine &message) {
    errs() << "stdin:" << number + 1 << ':' << column << ": " << message
           << '\n';
  };
  std::vector<std::string> symbols = getSymbols(text, source->unit());
  for (auto [place, symbol] : enumerate(symbols)) {
    std::optional<int32_t> id = source->find(symbol);
    if (id && id != source->unknownId())
      continue;
    if (!ids)
      consumeError(ids.takeError());
    complain(place + 1,
             Twine(source->unit() == TextUnit::Word ? "word" : "character") +
                 " '" + symbol + "' is not among the " +
                 Twine(source->size() - (source->unknownId() ? 1 : 0)) +
                 " symbols that the model was trained on; the line is left "
                 "empty");
    return std::nullopt;
  }
  if (!ids) {
    complain(1, llvm::toString(ids.takeError()));
    return std::nullopt;
  }
  return std::move(*ids);
}

Expected<std::string> LineGenerator::decode(const Generated &generated) const {
  if (target && !raw)
    return target->decode(generated.tokens);
  std::string text;
  for (int32_t token : generated.tokens)
    text += (text.empty() ? "" : " ") + std::to_string(token);
  return text;
}

Error LineGenerator::write(int64_t number, StringRef text,
                           ArrayRef<Generated> hypotheses) {
  for (auto [rank, hypothesis] : enumerate(hypotheses)) {
    Expected<std::string> decoded = decode(hypothesis);
    if (!decoded)
      return decoded.takeError();
    if (options.nbest > 1)
      os << number + 1 << '\t' << rank + 1 << '\t'
         << format("%.6f", hypothesis.score) << '\t';
    os << *decoded << '\n';
    if (rank > 0 || hypothesis.alignment.numElements() == 0)
      continue;
    AlignmentPanel panel;
    panel.source =
        source ? getSymbols(text, source->unit()) : std::vector<std::string>();
    for (int32_t token : hypothesis.tokens)
      panel.target.push_back(target ? target->entry(token).str()
                                    : std::to_string(token));
    if (hypothesis.isFinished)
      panel.target.push_back("<end>");
    panel.weights = hypothesis.alignment.clone();
    panels.push_back(std::move(panel));
  }
  return Error::success();
}

Error LineGenerator::answer(const Batch &batch, ArrayRef<int64_t> numbers,
                            ArrayRef<std::string> texts, int64_t count) {
  Expected<std::vector<std::vector<Generated>>> found =
      generator.generate(batch, options, !attentionPath.empty());
  if (!found)
    return found.takeError();
  std::vector<int64_t> rows(count, -1);
  for (auto [row, place] : enumerate(batch.order))
    rows[place] = row;
  for (int64_t i = 0; i < count; ++i)
    if (Error error = write(numbers[i], texts[i], (*found)[rows[i]]))
      return error;
  return Error::success();
}

/// A batch of sequences of one input.
static Batch makeLines(const Argument &input, ArrayRef<Line> lines,
                       std::vector<int64_t> &numbers,
                       std::vector<std::string> &texts) {
  std::vector<Tensor> sequences;
  std::vector<int64_t> lengths;
  for (const Line &line : lines) {
    if (!line.ids)
      continue;
    numbers.push_back(line.number);
    texts.push_back(line.text);
    lengths.push_back(line.ids->size());
    sequences.push_back(
        Tensor::of<int32_t>({int64_t(line.ids->size())}, *line.ids));
  }
  Batch batch;
  batch.size = lengths.size();
  PackedLayout given = PackedLayout::of(lengths);
  batch.order = given.order;
  std::vector<TensorRef> refs;
  for (int64_t index : batch.order) {
    batch.examples.push_back(numbers[index]);
    refs.push_back(sequences[index]);
  }
  batch.axes.push_back({"time", PackedLayout::of(given.lengths)});
  FieldSpec spec{input.name, DType::I32, {}, "time"};
  batch.fields.push_back({std::move(spec), pack(batch.axes[0].layout, refs)});
  return batch;
}

Expected<bool> LineGenerator::answerLines(ArrayRef<Line> lines) {
  std::vector<int64_t> numbers;
  std::vector<std::string> texts;
  Batch batch =
      makeLines(*generator.dataInputs().front(), lines, numbers, texts);
  bool isWhole = batch.size == int64_t(lines.size());
  std::vector<std::vector<Generated>> answers;
  if (batch.size > 0) {
    Expected<std::vector<std::vector<Generated>>> found =
        generator.generate(batch, options, !attentionPath.empty());
    if (!found)
      return found.takeError();
    answers.resize(batch.size);
    for (auto [row, place] : enumerate(batch.order))
      answers[place] = std::move((*found)[row]);
  }
  size_t next = 0;
  for (const Line &line : lines) {
    if (!line.ids) {
      os << '\n';
      continue;
    }
    if (Error error = write(line.number, line.text, answers[next++]))
      return error;
  }
  os.flush();
  return isWhole;
}

Expected<bool> LineGenerator::run(std::istream &is) {
  bool isWhole = true;
  std::vector<Line> lines;
  auto flush = [&]() -> Error {
    Expected<bool> all = answerLines(lines);
    if (!all)
      return all.takeError();
    isWhole &= *all;
    lines.clear();
    return Error::success();
  };
  std::string text;
  for (int64_t number = 0; std::getline(is, text); ++number) {
    if (!text.empty() && text.back() == '\r')
      text.pop_back();
    lines.push_back({number, text, encode(text, number)});
    if (int64_t(lines.size()) == batchSize)
      if (Error error = flush())
        return error;
  }
  if (!lines.empty())
    if (Error error = flush())
      return error;
  return isWhole;
}

Error LineGenerator::writeAlignments() const {
  if (attentionPath.empty())
    return Error::success();
  return writeAlignmentPlot(attentionPath, panels);
}

//===----------------------------------------------------------------------===//
// ravel run
//===----------------------------------------------------------------------===//

Expected<int> runGenerator(const Module &module, StringRef name,
                           const ParameterStore &parameters,
                           const DataConfig &config, const ClassLimits &limits,
                           const Dataset *data, raw_ostream &os) {
  Expected<Generator> generator = Generator::create(module, name, parameters);
  if (!generator)
    return generator.takeError();
  Expected<SearchOptions> options = getSearchOptions(*generator);
  if (!options)
    return options.takeError();
  if (!attentionPath.empty() && !generator->hasAlignment())
    return makeError("--attention: function '" + name +
                     "' gives no alignment; let its decoder yield the second "
                     "result of rnn.attend after the scores");
  std::vector<const Argument *> inputs = generator->dataInputs();
  const Vocabulary *target = config.generatedVocabulary();
  if (target && target->size() > generator->numClasses())
    target = nullptr;
  if (data) {
    Expected<std::string> axis = generator->bind(*data);
    if (!axis)
      return axis.takeError();
    LineGenerator lines(*generator, *options, nullptr, target, os);
    for (int64_t begin = 0; begin < data->size(); begin += batchSize) {
      std::vector<int64_t> examples;
      for (int64_t i = begin;
           i < std::min<int64_t>(begin + batchSize, data->size()); ++i)
        examples.push_back(i);
      Batch batch = makeBatch(*data, examples, *axis);
      std::vector<std::string> texts(examples.size());
      if (Error error = lines.answer(batch, examples, texts, examples.size()))
        return error;
    }
    if (Error error = lines.writeAlignments())
      return error;
    return 0;
  }
  if (inputs.size() != 1 || inputs.front()->dtype != DType::I32 ||
      inputs.front()->layout != RowLayout::Sequence)
    return makeError("function '" + name +
                     "' reads lines of text only if it takes one sequence of "
                     "i32; give it --data FILE");
  const Vocabulary *source = config.vocabularyOf(inputs.front()->name);
  if (!source)
    return makeError("no vocabulary is known for '" + inputs.front()->name +
                     "': lines of text need a folder that `ravel train` wrote");
  auto limit = limits.find(inputs.front()->name);
  if (limit != limits.end() && source->size() > limit->second)
    return makeError("the vocabulary of '" + inputs.front()->name + "' has " +
                     Twine(source->size()) + " symbols; the model takes " +
                     Twine(limit->second));
  LineGenerator lines(*generator, *options, source, target, os);
  Expected<bool> isWhole = lines.run(std::cin);
  if (!isWhole)
    return isWhole.takeError();
  if (Error error = lines.writeAlignments())
    return error;
  return *isWhole ? 0 : 1;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The bytes of an example's inputs, which are the same for the same source.
static std::string getSource(const Dataset &dataset, int64_t example,
                             ArrayRef<const Argument *> inputs) {
  std::string key;
  for (const Argument *input : inputs) {
    TensorRef value = dataset.value(*dataset.find(input->name), example);
    key += std::to_string(value.sizeInBytes()) + ':';
    key.append(static_cast<const char *>(value.data), value.sizeInBytes());
  }
  return key;
}

Expected<std::optional<ErrorCounts>>
countErrors(const Module &module, StringRef name,
            const ParameterStore &parameters, const Dataset &dataset,
            StringRef target, int64_t batchSize, const StopFlag &stop) {
  Expected<Generator> generator = Generator::create(module, name, parameters);
  if (!generator)
    return generator.takeError();
  Expected<std::string> axis = generator->bind(dataset);
  if (!axis)
    return axis.takeError();
  std::vector<const Argument *> inputs = generator->dataInputs();
  // Sources, each with its references.
  std::map<std::string, size_t> places;
  std::vector<int64_t> examples;
  std::vector<std::vector<std::vector<int32_t>>> references;
  int32_t end = generator->decoding().until;
  for (int64_t example = 0; example < dataset.size(); ++example) {
    auto [it, inserted] = places.try_emplace(
        getSource(dataset, example, inputs), examples.size());
    if (inserted) {
      examples.push_back(example);
      references.emplace_back();
    }
    TensorRef value = dataset.value(*dataset.find(target), example);
    auto *tokens = static_cast<const int32_t *>(value.data);
    std::vector<int32_t> reference(tokens, tokens + value.numElements());
    if (!reference.empty() && reference.back() == end)
      reference.pop_back();
    references[it->second].push_back(std::move(reference));
  }
  Dataset sources = dataset.select(examples);
  BatchingOptions batching;
  batching.batchSize = batchSize;
  batching.shuffle = false;
  batching.axis = *axis;
  Expected<Batcher> batcher = Batcher::create(sources, batching);
  if (!batcher)
    return batcher.takeError();
  ErrorCounts counts;
  for (int64_t i = 0, e = batcher->batchesPerEpoch(); i < e; ++i) {
    if (stop && stop())
      return std::nullopt;
    Batch batch = batcher->next();
    Expected<std::vector<std::vector<Generated>>> found =
        generator->generate(batch, generator->defaults());
    if (!found)
      return found.takeError();
    for (auto [row, example] : enumerate(batch.examples))
      counts.add((*found)[row].front().tokens, references[example]);
  }
  return counts;
}

} // namespace ravel::driver
