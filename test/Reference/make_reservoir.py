#!/usr/bin/env python3
"""Writes reservoir.npz: a leaky echo state network in numpy, and its readout.

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
recurrent = rng.uniform(-1, 1, (UNITS, UNITS)) * (rng.random((UNITS, UNITS)) < 0.2)
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

np.savez_compressed(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "reservoir.npz"),
    lengths=np.array(LENGTHS), x=x, y=y, states=states, weights=weights,
    error=error, **{"param.r.input.weight.0": inputs,
                    "param.r.recurrent.weight.0": recurrent,
                    "param.r.bias": bias})
