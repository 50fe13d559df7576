//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Worker.h"
#include "ravel/Execution/FileIO.h"
#include "ravel/Execution/Safetensors.h"
#include "ravel/Execution/Timing.h"
#include <cstring>
#include <iostream>

using namespace llvm;
namespace ravel::benchmark {

Worker::~Worker() = default;

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static json::Object measure(Worker &worker, double seconds) {
  TimingOptions how;
  how.warmUp = seconds / 10;
  how.time = seconds;
  how.fewest = 2;
  Timing timing = measureTime([&] { worker.step(); }, how);
  json::Array milliseconds;
  for (double time : timing.seconds)
    milliseconds.push_back(time * 1e3);
  return json::Object{{"ms", std::move(milliseconds)}};
}

static Expected<json::Object> answer(Worker &worker, StringRef line) {
  Expected<json::Value> value = parseJSON(line, "request");
  if (!value)
    return value.takeError();
  const json::Object *request = value->getAsObject();
  StringRef op = request ? request->getString("op").value_or("") : "";
  if (op == "prepare")
    return worker.prepare(*request);
  if (op == "measure")
    return measure(worker, request->getNumber("seconds").value_or(0.1));
  if (op != "evaluate")
    return makeError("there is no op '" + op + "'");
  Expected<NamedTensors> tensors = worker.evaluate();
  if (!tensors)
    return tensors.takeError();
  if (Error error = writeSafetensors(request->getString("to").value_or(""),
                                     toRefs(*tensors)))
    return error;
  return json::Object();
}

int serve(Worker &worker) {
  std::string line;
  while (std::getline(std::cin, line)) {
    Expected<json::Object> reply = answer(worker, line);
    if (!reply)
      reply = json::Object{{"error", llvm::toString(reply.takeError())}};
    outs() << json::Value(std::move(*reply)) << '\n';
    outs().flush();
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

Expected<Shape> Shape::of(const json::Object &request) {
  Shape shape;
  json::Value value = json::Object(request);
  json::Path::Root root("case");
  json::ObjectMapper map(value, root);
  std::string mode;
  bool complete = map.map("T", shape.steps) && map.map("B", shape.batch) &&
                  map.map("I", shape.inputs) && map.map("H", shape.hidden) &&
                  map.map("L", shape.layers) && map.map("cell", shape.cell) &&
                  map.map("ragged", shape.isRagged) &&
                  map.map("rate", shape.rate) && map.map("mode", mode);
  if (!complete)
    return root.getError();
  shape.trains = mode == "training";
  shape.streams = mode == "streaming";
  return shape;
}

Expected<Reference> Reference::of(const json::Object &request) {
  Expected<Safetensors> file =
      readSafetensors(request.getString("reference").value_or(""));
  if (!file)
    return file.takeError();
  return Reference{std::move(file->tensors)};
}

const float *Reference::values(StringRef name) const {
  auto found = tensors.find(name);
  if (found == tensors.end())
    report_fatal_error("the reference has no tensor " + Twine(name));
  return found->second.view<float>().data();
}

std::vector<int64_t> Reference::lengths() const {
  return tensors.find("lengths")->second.view<int64_t>();
}

//===----------------------------------------------------------------------===//
// Ragged batches
//===----------------------------------------------------------------------===//

/// Calls `visit(row, place)` for the first packed row of each step, the first
/// padded row of it, and the number of sequences that reach it.
static void visitSteps(ArrayRef<int64_t> lengths,
                       function_ref<void(int64_t, int64_t, int64_t)> visit) {
  int64_t row = 0, batch = lengths.size();
  for (int64_t step = 0; step < lengths.front(); ++step) {
    int64_t active =
        count_if(lengths, [&](int64_t length) { return length > step; });
    visit(row, step * batch, active);
    row += active;
  }
}

void pad(const float *packed, ArrayRef<int64_t> lengths, int64_t width,
         float *padded) {
  visitSteps(lengths, [&](int64_t row, int64_t place, int64_t count) {
    std::memcpy(padded + place * width, packed + row * width,
                count * width * sizeof(float));
  });
}

Tensor pack(const float *padded, ArrayRef<int64_t> lengths, int64_t width) {
  int64_t rows = 0;
  for (int64_t length : lengths)
    rows += length;
  Tensor packed(DType::F32, {rows, width});
  float *data = packed.view<float>().data();
  visitSteps(lengths, [&](int64_t row, int64_t place, int64_t count) {
    std::memcpy(data + row * width, padded + place * width,
                count * width * sizeof(float));
  });
  return packed;
}

} // namespace ravel::benchmark
