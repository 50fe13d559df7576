#!/usr/bin/python3
"""Writes the reference arrays of this folder with PyTorch, in f64.

    /usr/bin/python3 make_reference.py [FOLDER]

Every file holds one network on one ragged batch: inputs, parameters under
Ravel's names and in Ravel's layout, results, and the gradient of

    loss = sum(cotangent.y * y) + sum over states of sum(cotangent.S * final.S)

with respect to every parameter, the inputs and the initial states. Each network
of torch.nn is checked here against the plain loop below before it is written,
and the GRU that PyTorch lacks is that same loop.
"""

import os
import sys

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

BATCH, TIME, INPUT, HIDDEN = 4, 9, 5, 7
LENGTHS = {1: [9, 6, 6, 2], 2: [5, 9, 1, 7], 3: [3, 8, 8, 9]}  # by layers


# Cells. GATES lists (name, operands); a gate's operand "x" has the size of the
# cell's input and every other operand the size of the state. A cell maps
# (pre, x, states) to (output, states), where pre(name, operands...) is the
# affine map of that gate.


def rnn_tanh(pre, x, h):
    h1 = torch.tanh(pre("hidden", x, h))
    return h1, [h1]


def rnn_relu(pre, x, h):
    h1 = torch.relu(pre("hidden", x, h))
    return h1, [h1]


def lstm(pre, x, h, c):
    i = torch.sigmoid(pre("input", x, h))
    f = torch.sigmoid(pre("forget", x, h))
    g = torch.tanh(pre("cell", x, h))
    o = torch.sigmoid(pre("output", x, h))
    c1 = f * c + i * g
    h1 = o * torch.tanh(c1)
    return h1, [h1, c1]


def gru_reset_after(pre, x, h):
    r = torch.sigmoid(pre("reset", x, h))
    z = torch.sigmoid(pre("update", x, h))
    n = torch.tanh(pre("candidate_x", x) + r * pre("candidate_h", h))
    h1 = (1 - z) * n + z * h
    return h1, [h1]


def gru_reset_before(pre, x, h):
    r = torch.sigmoid(pre("reset", x, h))
    z = torch.sigmoid(pre("update", x, h))
    n = torch.tanh(pre("candidate", x, r * h))
    h1 = (1 - z) * n + z * h
    return h1, [h1]


XH = ("x", "h")
CELLS = {
    # name: (cell, states, gates)
    "rnn_tanh": (rnn_tanh, 1, {"hidden": XH}),
    "rnn_relu": (rnn_relu, 1, {"hidden": XH}),
    "lstm": (lstm, 2, {"input": XH, "forget": XH, "cell": XH, "output": XH}),
    "gru_reset_after": (
        gru_reset_after,
        1,
        {"reset": XH, "update": XH, "candidate_x": ("x",), "candidate_h": ("h",)},
    ),
    "gru_reset_before": (
        gru_reset_before,
        1,
        {"reset": XH, "update": XH, "candidate": XH},
    ),
}


def uses(layers, directions):
    """The names of the unrolls, layer by layer, forward before backward."""
    return [
        [f"l{layer}.{way}" for way in ("fwd", "bwd")[:directions]]
        for layer in range(layers)
    ]


def make_parameters(rng, gates, layers, directions):
    params = {}
    for layer, names in enumerate(uses(layers, directions)):
        width = {"x": INPUT if layer == 0 else HIDDEN * directions, "h": HIDDEN}
        for use in names:
            for gate, operands in gates.items():
                for index, operand in enumerate(operands):
                    shape = (width[operand], HIDDEN)
                    params[f"{use}.{gate}.weight.{index}"] = rng.uniform(-0.5, 0.5, shape)
                params[f"{use}.{gate}.bias"] = rng.uniform(-0.5, 0.5, HIDDEN)
    return {
        name: torch.tensor(value, requires_grad=True)
        for name, value in params.items()
    }


def loop_network(cell, params, x, lengths, initial, layers, directions):
    """The network example by example and step by step: no padding, no mask."""
    final = {}
    for names in uses(layers, directions):
        rows = []
        for b, length in enumerate(lengths):
            ways = []
            for use in names:

                def pre(gate, *operands):
                    total = params[f"{use}.{gate}.bias"]
                    for index, operand in enumerate(operands):
                        total = total + operand @ params[f"{use}.{gate}.weight.{index}"]
                    return total

                states = [
                    value[b] for name, value in initial.items()
                    if name.startswith(use + ".")
                ]
                outputs = [None] * length
                steps = range(length)
                for t in reversed(steps) if use.endswith("bwd") else steps:
                    outputs[t], states = cell(pre, x[b, t], *states)
                for index, state in enumerate(states):
                    final.setdefault(f"{use}.{index}", []).append(state)
                ways.append(torch.stack(outputs))
            row = torch.cat(ways, 1)
            padding = torch.zeros(TIME - length, row.shape[1], dtype=row.dtype)
            rows.append(torch.cat([row, padding]))
        x = torch.stack(rows)
    return x, {name: torch.stack(value) for name, value in final.items()}


# torch.nn stacks the gates of a weight in this order.
MODULES = {
    "rnn_tanh": (torch.nn.RNN, {"nonlinearity": "tanh"}, ["hidden"]),
    "rnn_relu": (torch.nn.RNN, {"nonlinearity": "relu"}, ["hidden"]),
    "lstm": (torch.nn.LSTM, {}, ["input", "forget", "cell", "output"]),
    "gru_reset_after": (torch.nn.GRU, {}, ["reset", "update", "candidate"]),
}


def torch_network(name, params, x, lengths, initial, layers, directions):
    """The same network by torch.nn, and a function that differentiates a loss."""
    kind, options, order = MODULES[name]
    module = kind(
        INPUT, HIDDEN, layers, batch_first=True,
        bidirectional=directions == 2, **options,
    ).double()
    tensors = {}
    for layer, names in enumerate(uses(layers, directions)):
        for use in names:
            suffix = f"l{layer}" + ("_reverse" if use.endswith("bwd") else "")
            zero = torch.zeros(HIDDEN, dtype=torch.float64)
            parts = {"weight_ih": [], "weight_hh": [], "bias_ih": [], "bias_hh": []}
            for gate in order:
                if f"{use}.{gate}_x.bias" in params:
                    inner, outer = f"{use}.{gate}_x", f"{use}.{gate}_h"
                    recurrent = f"{outer}.weight.0"
                    hidden_bias = params[f"{outer}.bias"]
                else:
                    inner = f"{use}.{gate}"
                    recurrent = f"{inner}.weight.1"
                    hidden_bias = zero
                parts["weight_ih"].append(params[f"{inner}.weight.0"].t())
                parts["weight_hh"].append(params[recurrent].t())
                parts["bias_ih"].append(params[f"{inner}.bias"])
                parts["bias_hh"].append(hidden_bias)
            for part, pieces in parts.items():
                tensors[f"{part}_{suffix}"] = torch.cat(pieces)

    packed = pack_padded_sequence(
        x, torch.tensor(lengths), batch_first=True, enforce_sorted=False
    )
    flat = [use for names in uses(layers, directions) for use in names]
    count = CELLS[name][1]
    start = [torch.stack([initial[f"{use}.{s}"] for use in flat]) for s in range(count)]
    start = tuple(start) if count > 1 else start[0]
    # torch 1.13 has no functional call on nn.RNNBase: set the weights instead,
    # and carry their gradients over to the pieces they were made of.
    with torch.no_grad():
        for key, value in tensors.items():
            getattr(module, key).copy_(value)
    packed_y, states = module(packed, start)
    y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=TIME)
    states = states if count > 1 else (states,)
    final = {
        f"{use}.{s}": states[s][index]
        for index, use in enumerate(flat) for s in range(count)
    }

    def backward(loss):
        loss.backward()
        made = [key for key, value in tensors.items() if value.requires_grad]
        torch.autograd.backward(
            [tensors[key] for key in made],
            [getattr(module, key).grad for key in made],
        )

    return y, final, backward


def gradients(tensors):
    result = {name: tensor.grad.numpy().copy() for name, tensor in tensors.items()}
    for tensor in tensors.values():
        tensor.grad = None
    return result


def make_case(seed, name, layers, directions):
    rng = np.random.RandomState(seed)
    cell, count, gates = CELLS[name]
    lengths = LENGTHS[layers]
    valid = (np.arange(TIME)[None] < np.array(lengths)[:, None])[:, :, None]

    params = make_parameters(rng, gates, layers, directions)
    x = torch.tensor(rng.randn(BATCH, TIME, INPUT) * valid, requires_grad=True)
    slots = [
        f"{use}.{s}"
        for names in uses(layers, directions) for use in names for s in range(count)
    ]
    initial = {
        slot: torch.tensor(rng.uniform(-1, 1, (BATCH, HIDDEN)), requires_grad=True)
        for slot in slots
    }
    cotangent_y = rng.randn(BATCH, TIME, HIDDEN * directions) * valid
    cotangents = {slot: rng.randn(BATCH, HIDDEN) for slot in slots}
    leaves = {"x": x}
    leaves.update({f"initial.{slot}": value for slot, value in initial.items()})
    leaves.update(params)

    def loss_of(y, final):
        total = (y * torch.tensor(cotangent_y)).sum()
        for slot in slots:
            total = total + (final[slot] * torch.tensor(cotangents[slot])).sum()
        return total

    def results(y, final, loss):
        found = {"y": y.detach().numpy(), "loss": loss.detach().numpy()}
        for slot in slots:
            found[f"final.{slot}"] = final[slot].detach().numpy()
        for leaf, gradient in gradients(leaves).items():
            found[f"grad.{leaf}"] = gradient
        return found

    y, final = loop_network(cell, params, x, lengths, initial, layers, directions)
    loss = loss_of(y, final)
    loss.backward()
    found = results(y, final, loss)

    if name in MODULES:
        y, final, backward = torch_network(
            name, params, x, lengths, initial, layers, directions
        )
        loss = loss_of(y, final)
        backward(loss)
        expected = results(y, final, loss)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, 1e-9, 1e-11, err_msg=key)
        found = expected

    arrays = {"x": x.detach().numpy(), "lengths": np.array(lengths, np.int64)}
    arrays.update({f"param.{key}": p.detach().numpy() for key, p in params.items()})
    arrays.update(
        {f"initial.{slot}": value.detach().numpy() for slot, value in initial.items()}
    )
    arrays["cotangent.y"] = cotangent_y
    arrays.update({f"cotangent.{slot}": value for slot, value in cotangents.items()})
    arrays.update(found)
    return {key: np.array(value, order="C") for key, value in arrays.items()}


def main(folder):
    torch.set_num_threads(1)
    seed = 0
    for name in CELLS:
        for layers in (1, 2, 3):
            for directions in (1, 2):
                seed += 1
                way = "bi" if directions == 2 else "uni"
                path = os.path.join(folder, f"{name}_{layers}_{way}.npz")
                np.savez(path, **make_case(seed, name, layers, directions))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
