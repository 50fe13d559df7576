//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Outputs, final states and all gradients against values of PyTorch
// (test/Reference), in f64 and f32.
//
//===----------------------------------------------------------------------===//

#include "ModelRunner.h"
#include "TestSupport.h"
#include "ravel/Execution/Npy.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace ravel;
using namespace ravel::test;

namespace {

constexpr int64_t kInputs = 5, kHidden = 7;

struct Network {
  const char *file; // the name of the reference
  const char *cell; // the name of the cell in the prelude
  int numStates;
  int layers;
  bool bidirectional;
};

std::string seqType(int64_t size) {
  return llvm::formatv("!rnn.seq<tensor<{0}xf32>>", size).str();
}
const std::string kState = "tensor<7xf32>";

/// The network, its outputs and states, and the loss of the reference: the sum
/// of outputs and final states, each weighted by an input.
std::string writeModel(const Network &network) {
  std::string args = "%x: " + seqType(kInputs), body, results, types, terms;
  int64_t width = network.bidirectional ? 2 * kHidden : kHidden;
  std::string below = "%x";
  int64_t belowSize = kInputs;
  int numTerms = 0;
  std::string total = "%ly";
  auto addTerm = [&](const std::string &value, const std::string &weight) {
    int k = numTerms++;
    terms += llvm::formatv("  %m{0} = arith.mulf {1}, {2} : tensor<7xf32>\n"
                           "  %s{0} = rnn.sum %m{0} : tensor<7xf32>\n"
                           "  %l{0} = arith.addf {3}, %s{0} : f32\n",
                           k, value, weight, total)
                 .str();
    total = "%l" + std::to_string(k);
  };
  for (int layer = 0; layer < network.layers; ++layer) {
    std::vector<std::string> outputs;
    for (std::string direction : {"fwd", "bwd"}) {
      if (direction == "bwd" && !network.bidirectional)
        continue;
      std::string use = "l" + std::to_string(layer) + "." + direction;
      std::string id = "l" + std::to_string(layer) + direction;
      std::string initial, stateTypes, finalTypes;
      for (int k = 0; k < network.numStates; ++k) {
        std::string n = std::to_string(k);
        args += ", %i" + id + n + ": " + kState + " {rnn.name = \"initial." +
                use + "." + n + "\"}";
        args += ", %c" + id + n + ": " + kState + " {rnn.name = \"cotangent." +
                use + "." + n + "\"}";
        initial += (k ? ", %i" : "%i") + id + n;
        stateTypes += ", " + kState;
        results += ", %" + id + "#" + std::to_string(k + 1);
        types += ", " + kState;
        addTerm("%" + id + "#" + std::to_string(k + 1), "%c" + id + n);
      }
      body += llvm::formatv(
                  "  %{0}:{1} = rnn.unroll @{2} \"{3}\" ({4}) state({5}) {6} : "
                  "({7}{8}) -> ({9}{8})\n",
                  id, network.numStates + 1, network.cell, use, below, initial,
                  direction == "bwd" ? "reverse" : "", seqType(belowSize),
                  stateTypes, seqType(kHidden))
                  .str();
      outputs.push_back("%" + id + "#0");
    }
    below = outputs[0];
    if (network.bidirectional) {
      below = "%y" + std::to_string(layer);
      body +=
          llvm::formatv(
              "  {0} = rnn.scan (%a = {1} : {3}, %b = {2} : {3}) -> ({4}) {{\n"
              "    %c = tensor.concat dim(0) %a, %b : (tensor<7xf32>, "
              "tensor<7xf32>) -> tensor<14xf32>\n"
              "    rnn.yield %c : tensor<14xf32>\n  }\n",
              below, outputs[0], outputs[1], seqType(kHidden), seqType(width))
              .str();
    }
    belowSize = width;
  }
  args += ", %cy: " + seqType(width) + " {rnn.name = \"cotangent.y\"}";
  std::string head = llvm::formatv(
      "  %zero = arith.constant 0.0 : f32\n"
      "  %ly = rnn.scan (%yt = {0} : {1}, %ct = %cy : {1}) state(%s = %zero : "
      "f32) -> () {{\n"
      "    %p = arith.mulf %yt, %ct : tensor<{2}xf32>\n"
      "    %q = rnn.sum %p : tensor<{2}xf32>\n"
      "    %r = arith.addf %s, %q : f32\n"
      "    rnn.yield state(%r) : f32\n  }\n",
      below, seqType(width), width);
  return "func.func @loss(" + args + ") -> (f32, " + seqType(width) + types +
         ") {\n" + body + head + terms + "  return " + total + ", " + below +
         results + " : f32, " + seqType(width) + types + "\n}\n";
}

/// The largest error relative to the largest value of the reference.
double getError(const Tensor &actual, const Tensor &expected) {
  EXPECT_EQ(toString(actual.shape()), toString(expected.shape()));
  auto convert = [](const Tensor &tensor) {
    return llvm::cantFail(tensor.convertTo(DType::F64));
  };
  Tensor a = convert(actual), e = convert(expected);
  double scale = 1e-30, error = 0.0;
  for (double value : e.view<double>())
    scale = std::max(scale, std::abs(value));
  for (auto [x, y] : llvm::zip(a.view<double>(), e.view<double>()))
    error = std::max(error, std::isfinite(x) ? std::abs(x - y) : 1e30);
  return error / scale;
}

class ReferenceTest
    : public testing::TestWithParam<std::tuple<Network, DType>> {};

TEST_P(ReferenceTest, EqualsPyTorch) {
  auto [network, dtype] = GetParam();
  std::string path = llvm::formatv(
      "{0}/Reference/{1}_{2}_{3}.npz", RAVEL_TEST_SOURCE_DIR, network.file,
      network.layers, network.bidirectional ? "bi" : "uni");
  NamedTensors reference = llvm::cantFail(readNpz(path));
  NamedTensors data, parameters;
  CompileOptions options;
  options.precision = dtype;
  options.objective = "loss";
  // What is compared is our own code; one layer of each is also optimized.
  options.optimizationLevel = network.layers == 1 ? 3 : 1;
  for (auto &[name, tensor] : reference) {
    llvm::StringRef key = name;
    Tensor converted = key == "lengths"
                           ? tensor.clone()
                           : llvm::cantFail(tensor.convertTo(dtype));
    if (key.consume_front("param."))
      parameters.emplace(key.str(), std::move(converted));
    else
      data.emplace(key.str(), std::move(converted));
    if (key.starts_with("initial."))
      options.gradientInputs.push_back(key.str());
  }
  options.gradientInputs.push_back("x");
  std::vector<int64_t> lengths;
  Tensor wide =
      llvm::cantFail(reference.find("lengths")->second.convertTo(DType::I64));
  for (int64_t length : wide.view<int64_t>())
    lengths.push_back(length);

  ModelRunner runner(writeModel(network), options);
  ASSERT_TRUE(runner.ok());
  const Signature *signature = runner.get().find("loss_grad");
  ASSERT_TRUE(signature);
  std::vector<Tensor> outputs =
      runner.call("loss_grad", lengths, data, parameters);
  ASSERT_FALSE(outputs.empty());

  // A sum of a few hundred products each off by half an ulp stays well below
  // these; they are the bounds that users are promised.
  double tolerance = dtype == DType::F64 ? 1e-10 : 1e-4;
  auto compare = [&](const Tensor &actual, const std::string &name) {
    auto expected = reference.find(name);
    ASSERT_NE(expected, reference.end()) << name;
    EXPECT_LT(getError(actual, expected->second), tolerance) << name;
  };
  std::vector<std::string> names = {"loss", "y"};
  for (int layer = 0; layer < network.layers; ++layer)
    for (std::string direction : {"fwd", "bwd"})
      for (int k = 0; k < network.numStates; ++k)
        if (direction == "fwd" || network.bidirectional)
          names.push_back("final.l" + std::to_string(layer) + "." + direction +
                          "." + std::to_string(k));
  size_t index = 0;
  for (unsigned position : signature->find(Role::Output)) {
    const Argument &argument = signature->arguments[position];
    const Tensor &output = outputs[index];
    if (!argument.gradientOf.empty()) {
      compare(output, "grad." + argument.gradientOf);
    } else if (index == 0) {
      // The reference holds the sum over the batch.
      Tensor losses = llvm::cantFail(output.convertTo(DType::F64));
      Tensor sum(DType::F64, {});
      for (double loss : losses.view<double>())
        sum.view<double>()[0] += loss;
      compare(sum, "loss");
    } else {
      compare(output, names[index]);
    }
    ++index;
  }
  EXPECT_EQ(index,
            names.size() + parameters.size() + options.gradientInputs.size());
}

std::vector<Network> getNetworks() {
  std::vector<Network> networks;
  for (int layers : {1, 2, 3})
    for (bool bidirectional : {false, true}) {
      networks.push_back({"rnn_tanh", "rnn_tanh", 1, layers, bidirectional});
      networks.push_back({"rnn_relu", "rnn_relu", 1, layers, bidirectional});
      networks.push_back({"lstm", "lstm", 2, layers, bidirectional});
      networks.push_back({"gru_reset_before", "gru", 1, layers, bidirectional});
      networks.push_back(
          {"gru_reset_after", "gru_reset_after", 1, layers, bidirectional});
    }
  return networks;
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceTest,
                         testing::Combine(testing::ValuesIn(getNetworks()),
                                          testing::Values(DType::F64,
                                                          DType::F32)),
                         [](const auto &info) {
                           const Network &network = std::get<0>(info.param);
                           return std::string(network.file) + "_" +
                                  std::to_string(network.layers) +
                                  (network.bidirectional ? "_bi_" : "_uni_") +
                                  getName(std::get<1>(info.param)).str();
                         });

} // namespace
