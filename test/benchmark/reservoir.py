#!/usr/bin/env python3
"""Reservoirs against the same equations in numpy and scipy, in one run.

    test/benchmark/reservoir.py build/release/bin/ravel [--threads 1] [--rounds 3]

For each size: microseconds of a step at batch 1 (f64), the time that the bytes
of its sparse matrix take at the bandwidth of a copy of as many bytes, and
seconds to drive and fit 10,000 instants (ridge regression by normal equations).
Rounds alternate; the least of each counts. Needs Debian's python3-numpy,
python3-scipy and libopenblas0-openmp.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

SIZES = [(500, 0.1), (2000, 0.02), (5000, 0.01)]
STEPS, BENCH_STEPS, RIDGE = 10000, 1000, 1e-6
MODEL = """!units = tensor<%dxf32>
!value = tensor<1xf32>
func.func @drive(%%x: !rnn.seq<!value>) -> !rnn.seq<!units> {
  %%h, %%l = rnn.unroll @esn "reservoir" (%%x) {settings = {density = %s, spectral_radius = 0.95, leak = 0.5, bias_scaling = 1.0}} : (!rnn.seq<!value>) -> (!rnn.seq<!units>, !units)
  return %%h : !rnn.seq<!units>
}
func.func @loss(%%x: !rnn.seq<!value>, %%y: !rnn.seq<!value>) -> f32 {
  %%h = call @drive(%%x) : (!rnn.seq<!value>) -> !rnn.seq<!units>
  %%p = rnn.readout "out" (%%h) : (!rnn.seq<!units>) -> !rnn.seq<!value>
  %%l = rnn.mse %%p, %%y : !rnn.seq<!value>, !rnn.seq<!value>
  return %%l : f32
}
"""


class Numpy:
    def __init__(self, np, sparse, units, density, x, y):
        rng = np.random.default_rng(0)
        degree = round(density * units)
        columns = [rng.choice(units, degree, False) for _ in range(units)]
        weights = rng.uniform(-1, 1, units * degree) / (degree / 3) ** 0.5
        starts = np.arange(0, units * degree + 1, degree)
        self.np, self.x, self.y = np, x, y
        self.recurrent = sparse.csr_matrix(
            (0.95 * weights, np.concatenate(columns), starts), (units, units)
        )
        self.input = rng.uniform(-1, 1, (units, 1))
        self.bias = rng.uniform(-1, 1, units)
        self.bytes = units * degree * 10

    def drive(self, steps):
        np = self.np
        h = np.zeros(len(self.bias))
        states = np.empty((steps, len(h)))
        for t in range(steps):
            new = np.tanh(self.input @ self.x[t] + self.recurrent @ h + self.bias)
            h = 0.5 * h + 0.5 * new
            states[t] = h
        return states

    def fit(self):
        np = self.np
        z = np.hstack([self.drive(STEPS), np.ones((STEPS, 1))])
        gram = z.T @ z
        gram[np.diag_indices(len(gram) - 1)] += RIDGE
        return np.linalg.solve(gram, z.T @ self.y)

    def stream(self):
        """Seconds to read and write half as many bytes as a step reads."""
        source = self.np.zeros(self.bytes // 16)
        target = self.np.empty_like(source)
        return min(seconds(lambda: self.np.copyto(target, source)) for _ in range(50))


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ravel")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    # Before numpy loads its library.
    os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    import numpy as np
    from scipy import sparse

    shared = ["--precision", "f64", "--threads", str(options.threads)]
    rng = np.random.default_rng(1)
    series = rng.uniform(-1, 1, (STEPS + 1, 1))
    x, y = series[:-1], series[1:]
    print("units  step/us  numpy/us  ratio  stream/us   fit/s  numpy/s  ratio")
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data.npz")
        np.savez(data, x=x[None], y=y[None])
        for units, density in SIZES:
            model = os.path.join(folder, "model.mlir")
            with open(model, "w") as file:
                file.write(MODEL % (units, density))
            peer = Numpy(np, sparse, units, density, x, y)
            bench = [options.ravel, "bench", model, "--function", "@drive", *shared]
            bench += ["--batch", "1", "--length", str(BENCH_STEPS), "--json"]
            train = [options.ravel, "train", model, "--objective", "@loss", *shared]
            train += ["--solve", "ridge", "--ridge", str(RIDGE), "--data", data]
            best = {}

            def note(name, value):
                best[name] = min(best.get(name, value), value)

            for round in range(options.rounds + 1):
                text = subprocess.check_output(bench, stderr=sys.stderr)
                step = json.loads(text)["minimum_ms"] / BENCH_STEPS * 1e3
                out = ["--out", os.path.join(folder, f"run{units}-{round}")]
                # Of the process: compilation from the cache, drawing, solving.
                whole = seconds(
                    lambda: subprocess.check_call(
                        train + out, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                    )
                )
                if round == 0:
                    continue
                note("step", step)
                note("fit", whole)
                note("numpy step", seconds(lambda: peer.drive(BENCH_STEPS)) * 1e3)
                note("numpy fit", seconds(peer.fit))
                note("stream", peer.stream() * 1e6)
            print(
                "%5d  %7.1f  %8.1f  %5.2f  %9.1f  %6.2f  %7.2f  %5.2f"
                % (
                    units,
                    best["step"],
                    best["numpy step"],
                    best["numpy step"] / best["step"],
                    best["stream"],
                    best["fit"],
                    best["numpy fit"],
                    best["numpy fit"] / best["fit"],
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
