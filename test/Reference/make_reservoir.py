#!/usr/bin/env python3
"""Writes reservoir.npz, a leaky echo state network in numpy and its readout, and
learning.npz, a plastic reservoir and a liquid state machine.

Three sequences of 500, 300 and 200 instants drive 40 units; the readout of the
states and the input is the least-squares solution of the rows and, below them,
sqrt(ridge) times the identity, the bias's row left out.
"""

import os

import numpy as np

UNITS, INPUTS, TARGETS = 40, 2, 2
LENGTHS, WASHOUT = (500, 300, 200), 20
LEAK, RADIUS, RIDGE = 0.7, 0.9, 1e-2

rng = np.random.default_rng(5)
# Four inputs for each unit: the prelude's density.
reads = rng.random((UNITS, UNITS)).argsort(axis=0) < 4
recurrent = rng.uniform(-1, 1, (UNITS, UNITS)) * reads
recurrent *= RADIUS / abs(np.linalg.eigvals(recurrent)).max()
inputs = rng.uniform(-1, 1, (INPUTS, UNITS))
bias = rng.uniform(-0.3, 0.3, UNITS)

x = np.zeros((len(LENGTHS), max(LENGTHS), INPUTS))
y = np.zeros((len(LENGTHS), max(LENGTHS), TARGETS))
states = np.zeros((len(LENGTHS), max(LENGTHS), UNITS))
rows, wanted = [], []
for example, length in enumerate(LENGTHS):
    x[example, :length] = rng.uniform(-1, 1, (length, INPUTS))
    h = np.zeros(UNITS)
    for t in range(length):
        u = x[example, t]
        h = (1 - LEAK) * h + LEAK * np.tanh(u @ inputs + h @ recurrent + bias)
        states[example, t] = h
        y[example, t] = [x[example, t - 2, 0] * x[example, t, 1], h[0] ** 2 + 1]
        if t >= WASHOUT:
            rows.append(np.concatenate([h, u, [1.0]]))
            wanted.append(y[example, t])
penalty = np.sqrt(RIDGE) * np.eye(UNITS + INPUTS, UNITS + INPUTS + 1)
weights = np.linalg.lstsq(
    np.vstack([rows, penalty]),
    np.vstack([wanted, np.zeros((UNITS + INPUTS, TARGETS))]), rcond=None)[0]
error = np.mean((np.array(rows) @ weights - np.array(wanted)) ** 2)

folder = os.path.dirname(os.path.abspath(__file__))
np.savez_compressed(
    os.path.join(folder, "reservoir.npz"),
    lengths=np.array(LENGTHS), x=x, y=y, states=states, weights=weights,
    error=error, **{"param.r.input.weight.0": inputs,
                    "param.r.recurrent.weight.0": recurrent,
                    "param.r.bias": bias})

STEPS, FEW = 80, 12
w, u = rng.uniform(-1, 1, (INPUTS, FEW)), rng.uniform(-0.5, 0.5, (FEW, FEW))
x = rng.uniform(-1, 1, (STEPS, INPUTS))

RATE, MEAN, DEVIATION = 0.01, 0.1, 0.3
h, gain, bias, plastic = np.zeros(FEW), np.ones(FEW), np.zeros(FEW), []
for t in range(STEPS):
    net = x[t] @ w + h @ u
    h = np.tanh(gain * net + bias)
    change = -RATE * (-MEAN / DEVIATION ** 2 + h / DEVIATION ** 2
                      * (2 * DEVIATION ** 2 + 1 - h ** 2 + MEAN * h))
    gain, bias = gain + RATE / gain + change * net, bias + change
    plastic.append(h)

spikes = (rng.random((STEPS, INPUTS)) < 0.3).astype(float)
trace, membrane, current = np.zeros(FEW), np.zeros(FEW), np.zeros(FEW)
spike, rest, liquid = np.zeros(FEW), np.zeros(FEW, int), []
for t in range(STEPS):
    current = 0.7 * current + spikes[t] @ w + spike @ u
    membrane = np.where(rest > 0, 0, 0.97 * membrane + current)
    spike = (membrane > 1).astype(float)
    rest = np.where(spike > 0, 3, np.maximum(rest - 1, 0))
    membrane = np.where(spike > 0, 0, membrane)
    trace = 0.97 * trace + spike
    liquid.append(trace)
assert 0.02 < np.mean(np.diff(liquid, axis=0) > 0) < 0.5

np.savez_compressed(
    os.path.join(folder, "learning.npz"), x=x[None], spikes=spikes[None],
    plastic=np.array(plastic)[None], liquid=np.array(liquid)[None],
    **{"param.r.input.weight.0": w, "param.r.recurrent.weight.0": u})
