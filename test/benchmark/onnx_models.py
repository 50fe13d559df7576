"""Writes a case as an ONNX model with the parameters of the reference.

    onnx_models.py REQUEST MODEL     (the request is a file of JSON)
"""

import json
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

import tensorfile

# The gates in ONNX's order, as in torch_library.py.
LSTM = [(f"{gate}.weight.0", f"{gate}.weight.1", f"{gate}.bias", None)
        for gate in ("input", "output", "forget", "cell")]
RNN = [("hidden.weight.0", "hidden.weight.1", "hidden.bias", None)]
GRU_RESET_AFTER = [
    ("update.weight.0", "update.weight.1", "update.bias", None),
    ("reset.weight.0", "reset.weight.1", "reset.bias", None),
    ("candidate_x.weight.0", "candidate_h.weight.0", "candidate_x.bias", "candidate_h.bias")]
GRU = [(f"{gate}.weight.0", f"{gate}.weight.1", f"{gate}.bias", None)
       for gate in ("update", "reset", "candidate")]

OPERATORS = {
    "lstm": ("LSTM", LSTM, {}),
    "lstm_peephole": ("LSTM", LSTM, {}),
    "rnn_tanh": ("RNN", RNN, {}),
    "gru": ("GRU", GRU, {"linear_before_reset": 0}),
    "gru_reset_after": ("GRU", GRU_RESET_AFTER, {"linear_before_reset": 1}),
}


class Graph:
    def __init__(self, request):
        self.request = request
        self.tensors = {name: numpy.array(values).reshape(shape)
                        for name, (shape, values) in tensorfile.read(request["reference"]).items()}
        self.nodes, self.constants = [], []

    def constant(self, name, value, dtype=numpy.float32):
        self.constants.append(
            numpy_helper.from_array(numpy.ascontiguousarray(value, dtype), name))
        return name

    def parameters(self, layer, gates):
        """The operator's W, R and B."""
        zeros = numpy.zeros(self.request["H"])

        def part(name):
            return self.tensors[f"layer{layer}.{name}"].T if name else zeros

        W, R, B, S = (numpy.concatenate([part(gate[column]) for gate in gates])[None]
                      for column in range(4))
        return [self.constant(f"W{layer}", W), self.constant(f"R{layer}", R),
                self.constant(f"B{layer}", numpy.concatenate([B, S], axis=1))]

    def add_layer(self, layer, x, last):
        request = self.request
        operator, gates, attributes = OPERATORS[request["cell"]]
        inputs = [x] + self.parameters(layer, gates)
        inputs.append("lengths" if request["ragged"] else "")
        streams = request["mode"] == "streaming"
        is_lstm = operator == "LSTM"
        inputs.append("h" if streams else "")
        if is_lstm:
            inputs.append("c" if streams else "")
        if request["cell"] == "lstm_peephole":
            peepholes = [self.tensors[f"layer{layer}.{gate}.peephole"]
                         for gate in ("input", "output", "forget")]
            inputs.append(self.constant(f"P{layer}", numpy.concatenate(peepholes)[None]))
        outputs = ["", "h1"] + (["c1"] if is_lstm else []) if streams else \
            ["y" if last else f"y{layer}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs,
                                           hidden_size=request["H"], **attributes))
        if last:
            return None
        axes = self.constant(f"axes{layer}", [1], numpy.int64)
        self.nodes.append(helper.make_node("Squeeze", [outputs[0], axes], [f"x{layer + 1}"]))
        return f"x{layer + 1}"

    def interface(self):
        """The graph's inputs and outputs."""
        def value(name, *shape, kind=TensorProto.FLOAT):
            return helper.make_tensor_value_info(name, kind, shape)

        request = self.request
        T, B, I, H = (request[key] for key in "TBIH")
        inputs, outputs = [value("x", T, B, I)], [value("y", T, 1, B, H)]
        if request["ragged"]:
            inputs.append(value("lengths", B, kind=TensorProto.INT32))
        if request["mode"] == "streaming":
            names = ["h"] + (["c"] if request["cell"].startswith("lstm") else [])
            inputs += [value(name, 1, B, H) for name in names]
            outputs = [value(name + "1", 1, B, H) for name in names]
        return inputs, outputs

    def build(self):
        x = "x"
        for layer in range(self.request["L"]):
            x = self.add_layer(layer, x, layer + 1 == self.request["L"])
        inputs, outputs = self.interface()
        graph = helper.make_graph(self.nodes, "case", inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    onnx.save(Graph(request).build(), sys.argv[2])


main()
