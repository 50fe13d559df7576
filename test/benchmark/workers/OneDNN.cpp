//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Runs cases with oneDNN 2. Weights have the layout that a primitive asks for:
// they are reordered once for inference, and in each step of training, where
// they change.
//
//===----------------------------------------------------------------------===//

#include "Worker.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "ravel/Execution/FileIO.h"
#include <cstring>
#include <unordered_map>

using namespace llvm;
using namespace ravel;
using namespace ravel::benchmark;
using dnnl::memory;
using tag = dnnl::memory::format_tag;

namespace {
/// The parameters of a gate, as the cell of the prelude names them.
struct Gate {
  StringRef input, state, bias;
};

/// Weights in plain layout, and in the layouts that primitives ask for.
struct Weights {
  memory plain, forward, backward, gradient, plainGradient;
  dnnl::sum update;
};

class OneDNNWorker : public Worker {
public:
  Expected<json::Object> prepare(const json::Object &request) override;
  void step() override;
  Expected<NamedTensors> evaluate() override;

private:
  using Arguments = std::unordered_map<int, memory>;

  void build(const Reference &reference);
  void buildLSTM();
  template <typename Forward, typename Backward, typename... Algorithm>
  void buildSimple(Algorithm... algorithm);
  template <typename PD> void adoptForward(const PD &pd);
  template <typename PD> void adoptBackward(const PD &pd);
  void fillWeights(const Reference &reference);
  void fillPeepholes(const Reference &reference);
  void makeUpdate();
  void computeGradients();
  void update();
  NamedTensors collect();
  NamedTensors collectGradients();

  memory make(const memory::desc &desc) { return memory(desc, engine); }
  memory makeZero(const memory::desc &desc) {
    memory result = make(desc);
    std::memset(result.get_data_handle(), 0, desc.get_size());
    return result;
  }
  memory::desc any(memory::dims dims) const {
    return {dims, memory::data_type::f32, tag::any};
  }
  void copy(memory &from, memory &to) {
    dnnl::reorder(from, to).execute(stream, from, to);
  }
  dnnl::prop_kind forwardKind() const {
    return shape.trains ? dnnl::prop_kind::forward_training
                        : dnnl::prop_kind::forward_inference;
  }

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  benchmark::Shape shape;
  std::vector<Gate> gates;
  int64_t numBiases = 0;
  std::vector<int64_t> lengths;

  memory::desc input, output, state, bias, peephole, none;
  memory::desc first, last; // states, if they are given and asked for
  dnnl::primitive forward, backward, loss;
  Arguments forwardArguments, backwardArguments;
  Weights inputWeights, stateWeights, biasWeights;
  memory target, slope;
};
} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The gates in the library's order.
static std::vector<Gate> getGates(StringRef cell) {
  if (cell.starts_with("lstm"))
    return {{"input.weight.0", "input.weight.1", "input.bias"},
            {"forget.weight.0", "forget.weight.1", "forget.bias"},
            {"cell.weight.0", "cell.weight.1", "cell.bias"},
            {"output.weight.0", "output.weight.1", "output.bias"}};
  if (cell == "rnn_tanh")
    return {{"hidden.weight.0", "hidden.weight.1", "hidden.bias"}};
  std::vector<Gate> gates{{"update.weight.0", "update.weight.1", "update.bias"},
                          {"reset.weight.0", "reset.weight.1", "reset.bias"}};
  if (cell == "gru_reset_after")
    gates.push_back(
        {"candidate_x.weight.0", "candidate_h.weight.0", "candidate_x.bias"});
  else
    gates.push_back(
        {"candidate.weight.0", "candidate.weight.1", "candidate.bias"});
  return gates;
}

static float *data(const memory &m) {
  return static_cast<float *>(m.get_data_handle());
}

static std::string nameOf(int64_t layer, StringRef name) {
  return ("layer" + Twine(layer) + "." + name).str();
}

/// A layer's weights of one gate, [rows, hidden], in all of them, [layers, 1,
/// rows, gates, hidden].
static float *findRow(const memory &plain, int64_t layer, int64_t rows,
                      int64_t row, int64_t numGates, int64_t gate,
                      int64_t hidden) {
  return data(plain) + (((layer * rows + row) * numGates) + gate) * hidden;
}

void OneDNNWorker::fillWeights(const Reference &reference) {
  int64_t H = shape.hidden, numGates = gates.size();
  auto fill = [&](const memory &plain, StringRef name, int64_t layer,
                  int64_t rows, int64_t count, int64_t gate) {
    const float *values = reference.values(nameOf(layer, name));
    for (int64_t row = 0; row < rows; ++row)
      std::memcpy(findRow(plain, layer, rows, row, count, gate, H),
                  values + row * H, H * sizeof(float));
  };
  for (int64_t layer = 0; layer < shape.layers; ++layer) {
    for (int64_t gate = 0; gate < numGates; ++gate) {
      fill(inputWeights.plain, gates[gate].input, layer, shape.inputs, numGates,
           gate);
      fill(stateWeights.plain, gates[gate].state, layer, H, numGates, gate);
      fill(biasWeights.plain, gates[gate].bias, layer, 1, numBiases, gate);
    }
    if (numBiases > numGates)
      fill(biasWeights.plain, "candidate_h.bias", layer, 1, numBiases,
           numGates);
  }
}

void OneDNNWorker::fillPeepholes(const Reference &reference) {
  float *values = data(forwardArguments.at(DNNL_ARG_WEIGHTS_PEEPHOLE));
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    for (StringRef gate : {"input", "forget", "output"}) {
      std::string name = nameOf(layer, (gate + ".peephole").str());
      std::memcpy(values, reference.values(name), shape.hidden * sizeof(float));
      values += shape.hidden;
    }
}

//===----------------------------------------------------------------------===//
// Primitives
//===----------------------------------------------------------------------===//

template <typename PD> void OneDNNWorker::adoptForward(const PD &pd) {
  inputWeights.forward = make(pd.weights_layer_desc());
  stateWeights.forward = make(pd.weights_iter_desc());
  forwardArguments = {{DNNL_ARG_SRC_LAYER, make(input)},
                      {DNNL_ARG_WEIGHTS_LAYER, inputWeights.forward},
                      {DNNL_ARG_WEIGHTS_ITER, stateWeights.forward},
                      {DNNL_ARG_BIAS, biasWeights.plain},
                      {DNNL_ARG_DST_LAYER, make(output)}};
  if (first)
    forwardArguments[DNNL_ARG_SRC_ITER] = makeZero(state);
  if (last)
    forwardArguments[DNNL_ARG_DST_ITER] = make(state);
  if (shape.trains)
    forwardArguments[DNNL_ARG_WORKSPACE] = make(pd.workspace_desc());
}

template <typename PD> void OneDNNWorker::adoptBackward(const PD &pd) {
  inputWeights.backward = make(pd.weights_layer_desc());
  stateWeights.backward = make(pd.weights_iter_desc());
  inputWeights.gradient = make(pd.diff_weights_layer_desc());
  stateWeights.gradient = make(pd.diff_weights_iter_desc());
  biasWeights.gradient = make(bias);
  slope = make(output);
  backwardArguments = forwardArguments;
  backwardArguments[DNNL_ARG_WEIGHTS_LAYER] = inputWeights.backward;
  backwardArguments[DNNL_ARG_WEIGHTS_ITER] = stateWeights.backward;
  backwardArguments[DNNL_ARG_DIFF_WEIGHTS_LAYER] = inputWeights.gradient;
  backwardArguments[DNNL_ARG_DIFF_WEIGHTS_ITER] = stateWeights.gradient;
  backwardArguments[DNNL_ARG_DIFF_BIAS] = biasWeights.gradient;
  backwardArguments[DNNL_ARG_DIFF_SRC_LAYER] = make(input);
  backwardArguments[DNNL_ARG_DIFF_SRC_ITER] = make(state);
  backwardArguments[DNNL_ARG_DIFF_DST_LAYER] = slope;
}

/// A cell with one state. `algorithm` is what a plain cell's descriptor needs
/// besides.
template <typename Forward, typename Backward, typename... Algorithm>
void OneDNNWorker::buildSimple(Algorithm... algorithm) {
  memory::desc W = any(inputWeights.plain.get_desc().dims());
  memory::desc U = any(stateWeights.plain.get_desc().dims());
  constexpr auto direction = dnnl::rnn_direction::unidirectional_left2right;
  typename Forward::primitive_desc pd({forwardKind(), algorithm..., direction,
                                       input, first, W, U, bias, output, last},
                                      engine);
  adoptForward(pd);
  forward = Forward(pd);
  if (!shape.trains)
    return;
  typename Backward::primitive_desc adjoint(
      {dnnl::prop_kind::backward, algorithm..., direction, input, first, W, U,
       bias, output, none, input, first, W, U, bias, output, none},
      engine, pd);
  adoptBackward(adjoint);
  backward = Backward(adjoint);
}

void OneDNNWorker::buildLSTM() {
  memory::desc W = any(inputWeights.plain.get_desc().dims());
  memory::desc U = any(stateWeights.plain.get_desc().dims());
  constexpr auto direction = dnnl::rnn_direction::unidirectional_left2right;
  dnnl::lstm_forward::primitive_desc pd({forwardKind(), direction, input, first,
                                         first, W, U, peephole, bias, output,
                                         last, last},
                                        engine);
  adoptForward(pd);
  if (first)
    forwardArguments[DNNL_ARG_SRC_ITER_C] = makeZero(state);
  if (last)
    forwardArguments[DNNL_ARG_DST_ITER_C] = make(state);
  if (peephole)
    forwardArguments[DNNL_ARG_WEIGHTS_PEEPHOLE] = make(peephole);
  forward = dnnl::lstm_forward(pd);
  if (!shape.trains)
    return;
  dnnl::lstm_backward::desc desc(
      dnnl::prop_kind::backward, direction, input, first, first, W, U, bias,
      output, none, none, input, first, first, W, U, bias, output, none, none);
  dnnl::lstm_backward::primitive_desc adjoint(desc, engine, pd);
  adoptBackward(adjoint);
  backwardArguments[DNNL_ARG_DIFF_SRC_ITER_C] = make(state);
  backward = dnnl::lstm_backward(adjoint);
}

/// What follows the gradient: parameters minus rate times gradient, and before
/// it: the gradient of the mean of squares.
void OneDNNWorker::makeUpdate() {
  for (Weights *weights : {&inputWeights, &stateWeights, &biasWeights}) {
    memory::desc desc = weights->plain.get_desc();
    weights->plainGradient = make(desc);
    weights->update = dnnl::sum(dnnl::sum::primitive_desc(
        desc, {1.0f, float(-shape.rate)}, {desc, desc}, engine));
  }
  target = make(output);
  float scale = 2.0f / (shape.steps * shape.batch * shape.hidden);
  loss = dnnl::sum(dnnl::sum::primitive_desc(output, {scale, -scale},
                                             {output, output}, engine));
}

void OneDNNWorker::build(const Reference &reference) {
  int64_t T = shape.steps, B = shape.batch, I = shape.inputs, H = shape.hidden,
          L = shape.layers, G = gates.size();
  constexpr auto f32 = memory::data_type::f32;
  input = {{T, B, I}, f32, tag::tnc};
  output = {{T, B, H}, f32, tag::tnc};
  state = {{L, 1, B, H}, f32, tag::ldnc};
  // A backward pass that is not given the first state computes the gradient of
  // an LSTM's weights from states that are a step late.
  first = shape.streams || shape.trains ? state : none;
  last = shape.streams ? state : none;
  bias = {{L, 1, numBiases, H}, f32, tag::ldgo};
  peephole = shape.cell == "lstm_peephole"
                 ? memory::desc({L, 1, 3, H}, f32, tag::ldgo)
                 : memory::desc();
  inputWeights = stateWeights = biasWeights = Weights();
  inputWeights.plain = make({{L, 1, I, G, H}, f32, tag::ldigo});
  stateWeights.plain = make({{L, 1, H, G, H}, f32, tag::ldigo});
  biasWeights.plain = make(bias);
  fillWeights(reference);
  if (shape.cell == "rnn_tanh")
    buildSimple<dnnl::vanilla_rnn_forward, dnnl::vanilla_rnn_backward>(
        dnnl::algorithm::eltwise_tanh);
  else if (shape.cell == "gru")
    buildSimple<dnnl::gru_forward, dnnl::gru_backward>();
  else if (shape.cell == "gru_reset_after")
    buildSimple<dnnl::lbr_gru_forward, dnnl::lbr_gru_backward>();
  else
    buildLSTM();
  if (shape.trains)
    makeUpdate();
  copy(inputWeights.plain, inputWeights.forward);
  copy(stateWeights.plain, stateWeights.forward);
  stream.wait();
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

Expected<json::Object> OneDNNWorker::prepare(const json::Object &request) {
  Expected<benchmark::Shape> parsed = benchmark::Shape::of(request);
  if (!parsed)
    return parsed.takeError();
  shape = *parsed;
  Expected<Reference> reference = Reference::of(request);
  if (!reference)
    return reference.takeError();
  lengths = reference->lengths();
  gates = getGates(shape.cell);
  numBiases = gates.size() + (shape.cell == "gru_reset_after" ? 1 : 0);
  try {
    build(*reference);
  } catch (const dnnl::error &error) {
    return makeError(Twine("oneDNN: ") + error.what());
  }

  auto fill = [&](int argument, const std::string &name) {
    const memory &m = forwardArguments.at(argument);
    std::memcpy(m.get_data_handle(), reference->values(name),
                m.get_desc().get_size());
  };
  if (shape.isRagged)
    pad(reference->values("input.x"), lengths, shape.inputs,
        data(forwardArguments.at(DNNL_ARG_SRC_LAYER)));
  else
    fill(DNNL_ARG_SRC_LAYER, "input.x");
  if (shape.streams)
    fill(DNNL_ARG_SRC_ITER, "input.h");
  if (shape.streams && forwardArguments.count(DNNL_ARG_SRC_ITER_C))
    fill(DNNL_ARG_SRC_ITER_C, "input.c");
  if (shape.trains)
    std::memcpy(data(target), reference->values("input.t"), output.get_size());
  if (peephole)
    fillPeepholes(*reference);
  return json::Object();
}

void OneDNNWorker::computeGradients() {
  for (Weights *weights : {&inputWeights, &stateWeights}) {
    copy(weights->plain, weights->forward);
    copy(weights->plain, weights->backward);
  }
  forward.execute(stream, forwardArguments);
  loss.execute(stream,
               {{DNNL_ARG_MULTIPLE_SRC, forwardArguments[DNNL_ARG_DST_LAYER]},
                {DNNL_ARG_MULTIPLE_SRC + 1, target},
                {DNNL_ARG_DST, slope}});
  // The library adds to gradients.
  for (Weights *weights : {&inputWeights, &stateWeights, &biasWeights})
    std::memset(weights->gradient.get_data_handle(), 0,
                weights->gradient.get_desc().get_size());
  backward.execute(stream, backwardArguments);
  for (Weights *weights : {&inputWeights, &stateWeights, &biasWeights})
    copy(weights->gradient, weights->plainGradient);
  stream.wait();
}

void OneDNNWorker::update() {
  for (Weights *weights : {&inputWeights, &stateWeights, &biasWeights})
    weights->update.execute(
        stream, {{DNNL_ARG_MULTIPLE_SRC, weights->plain},
                 {DNNL_ARG_MULTIPLE_SRC + 1, weights->plainGradient},
                 {DNNL_ARG_DST, weights->plain}});
  stream.wait();
}

void OneDNNWorker::step() {
  if (shape.trains) {
    computeGradients();
    update();
    return;
  }
  forward.execute(stream, forwardArguments);
  stream.wait();
}

Expected<NamedTensors> OneDNNWorker::evaluate() {
  try {
    return collect();
  } catch (const dnnl::error &error) {
    return makeError(Twine("oneDNN: ") + error.what());
  }
}

NamedTensors OneDNNWorker::collectGradients() {
  NamedTensors tensors;
  int64_t H = shape.hidden, numGates = gates.size();
  auto addGradient = [&](StringRef name, const memory &plain, int64_t layer,
                         int64_t rows, int64_t count, int64_t gate) {
    Tensor tensor(DType::F32, {rows, H});
    for (int64_t row = 0; row < rows; ++row)
      std::memcpy(tensor.view<float>().data() + row * H,
                  findRow(plain, layer, rows, row, count, gate, H),
                  H * sizeof(float));
    tensors[nameOf(layer, name)] = std::move(tensor);
  };
  computeGradients();
  for (int64_t layer = 0; layer < shape.layers; ++layer) {
    for (int64_t gate = 0; gate < numGates; ++gate) {
      addGradient(gates[gate].input, inputWeights.plainGradient, layer,
                  shape.inputs, numGates, gate);
      addGradient(gates[gate].state, stateWeights.plainGradient, layer, H,
                  numGates, gate);
      addGradient(gates[gate].bias, biasWeights.plainGradient, layer, 1,
                  numBiases, gate);
    }
    if (numBiases > numGates)
      addGradient("candidate_h.bias", biasWeights.plainGradient, layer, 1,
                  numBiases, numGates);
  }
  return tensors;
}

NamedTensors OneDNNWorker::collect() {
  if (shape.trains)
    return collectGradients();
  NamedTensors tensors;
  int64_t H = shape.hidden;
  step();
  auto add = [&](const std::string &name, int argument) {
    auto found = forwardArguments.find(argument);
    if (found != forwardArguments.end())
      tensors[name] = Tensor::of<float>(
          {shape.batch, H}, ArrayRef(data(found->second), shape.batch * H));
  };
  if (shape.streams) {
    add("output.0", DNNL_ARG_DST_ITER);
    add("output.1", DNNL_ARG_DST_ITER_C);
    return tensors;
  }
  tensors["output.0"] =
      pack(data(forwardArguments[DNNL_ARG_DST_LAYER]), lengths, H);
  return tensors;
}

int main() {
  OneDNNWorker worker;
  return serve(worker);
}
