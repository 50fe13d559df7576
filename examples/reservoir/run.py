#!/usr/bin/env python3
"""Published figures of reservoir computing, from the command line of Ravel.

  run.py --ravel PATH [--seeds N] [--only TASK,...] --work FOLDER

Draws the data, has `ravel train --solve ridge` fit readouts of reservoirs drawn
from N seeds, and prints for each task the mean over seeds, their standard
deviation, and the figure to compare with; then draws maps. Needs numpy.
"""

import argparse
import concurrent.futures
import csv
import json
import os
import subprocess
import sys
import time

import numpy as np

from data import mackey_glass, narma10, spike_patterns

HERE = os.path.dirname(os.path.abspath(__file__))


class Runner:
    """Calls the tool, one thread for each call."""

    def __init__(self, tool, work):
        self.tool, self.work = tool, work
        os.makedirs(work, exist_ok=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def save(self, name, **arrays):
        np.savez(self.path(name), **arrays)
        return self.path(name)

    def call(self, *arguments):
        done = subprocess.run([self.tool, *map(str, arguments), "--threads", "1"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"ravel {' '.join(map(str, arguments))}\n{done.stderr}")
        return done.stderr

    def solve(self, model, objective, data, out, seed, washout, ridge,
              validation=None, by="ridge", **settings):
        """Fits a readout; the error on `validation`, normalized, if given."""
        arguments = ["train", os.path.join(HERE, model), "--solve", by,
                     "--objective", objective, "--data", data, "--precision",
                     "f64", "--seed", seed, "--washout", washout, "--ridge",
                     ridge, "--out", self.path(out), "--overwrite"]
        for name, value in settings.items():
            arguments += ["--set", f"{name}={value}"]
        if validation:
            arguments += ["--validation", validation]
        self.call(*arguments)
        with open(os.path.join(self.path(out), "result.json")) as file:
            return json.load(file)["value"]

    def run(self, folder, entry, data):
        """The first result of a function: the rows of all examples."""
        self.call("run", self.path(folder), "--entry", entry, "--data", data,
                  "--output", self.path("out.npz"), "--names", "y")
        return np.load(self.path("out.npz"))["y"]


def free_running(runner, seed, tau, units, training, ridge, **settings):
    """NRMSE84: the error 84 instants after the last value that was told."""
    ahead, told, starts = 84, 1000, 50
    series = mackey_glass(training + told + ahead + starts * 100, tau, seed)
    data = runner.save("train.npz", x=series[None, :training, None],
                       y=series[None, 1:training + 1, None])
    # Free-running errors grow from the last digits of the readout.
    runner.solve("mackey_glass.mlir", "@loss", data, "mackey", seed, 100, ridge,
                 by="qr", units=units, **settings)
    begins = training + 100 * np.arange(starts)
    test = runner.save(
        "test.npz",
        told=np.stack([series[b:b + told] for b in begins])[..., None],
        ticks=np.zeros((starts, ahead - 1)),
        ticks_lengths=np.full(starts, ahead - 1))
    free = runner.run("mackey", "@run_free", test)
    predicted = free.reshape(starts, ahead - 1)[:, -1]
    true = series[begins + told - 1 + ahead]
    return np.sqrt(np.mean((predicted - true) ** 2) / series.var())


def narma(runner, seed, objective, ridge, **settings):
    """NMSE on a series of its own."""
    files = []
    for part, length in enumerate((4000, 4000)):
        u, y = narma10(length, 1000 * part + seed)
        files.append(runner.save(f"narma{part}.npz", x=u[None, :, None],
                                 y=y[None, :, None]))
    error = runner.solve("narma.mlir", objective, files[0], "narma", seed, 200,
                         ridge, validation=files[1], **settings)
    return error ** 2


def memory(runner, seed, kind, ridge, **settings):
    """The sum over delays of the squared correlation, on a series of its own."""
    delays, washout = 200, 500
    files, wanted = [], None
    for part, length in enumerate((6000, 6000)):
        u = np.random.default_rng((seed, part)).uniform(-0.8, 0.8, length)
        past = np.zeros((length, delays))
        for k in range(1, delays + 1):
            past[k:, k - 1] = u[:-k]
        files.append(runner.save(f"memory{part}.npz", x=u[None, :, None],
                                 y=past[None]))
        wanted = past[washout:]
    runner.solve("memory.mlir", f"@{kind}_loss", files[0], "memory", seed,
                 washout, ridge, **settings)
    given = runner.run("memory", f"@recall_{kind}", files[1]).reshape(-1, delays)[washout:]
    given = given - given.mean(axis=0)
    wanted = wanted - wanted.mean(axis=0)
    covariance = (given * wanted).mean(axis=0)
    return np.sum(covariance ** 2 / (given.var(axis=0) * wanted.var(axis=0)))


def liquid(runner, seed, **settings):
    """The share of spike patterns that are told apart, in percent."""
    files = []
    for part in range(2):
        x, y = spike_patterns(500, seed, part=part)
        files.append(runner.save(f"spikes{part}.npz", x=x, y=y))
    error = runner.solve("liquid.mlir", "@loss", files[0], "liquid", seed, 0,
                         "1", validation=files[1], **settings)
    return 100 * (1 - error)


# What is run, and the figure that it is compared with.
TASKS = {
    "mackey-glass-17": (
        "NRMSE84, 400 units, 3,000 instants", "2.8e-4 (Jaeger 2001)",
        lambda r, s: free_running(r, s, 17, 400, 3000, "5e-12")),
    "mackey-glass-17-long": (
        "NRMSE84, 400 units, 21,000 instants", "1.2e-4 (Jaeger 2001)",
        lambda r, s: free_running(r, s, 17, 400, 21000, "6e-11",
                                  spectral_radius=1.009, leak=0.826,
                                  input_scaling=0.655, bias_scaling=0.195)),
    "mackey-glass-17-1000": (
        "NRMSE84, 1000 units, 3,000 instants", "6.3e-5 (Jaeger & Haas 2004)",
        lambda r, s: free_running(r, s, 17, 1000, 3000, "1e-14")),
    "mackey-glass-30": (
        "NRMSE84, 400 units, 3,000 instants", "0.11 (Jaeger 2001)",
        lambda r, s: free_running(r, s, 30, 400, 3000, "1e-7", density=0.0125,
                                  spectral_radius=0.846, leak=0.443,
                                  input_scaling=0.837, bias_scaling=0.057)),
    "narma-50": (
        "NMSE, 50 units", "0.107",
        # A cycle of one weight, some of whose connections jump.
        lambda r, s: narma(r, s, "@loss", "1e-10", topology="small_world",
                           distribution="constant", density=0.02, rewire=0.364,
                           spectral_radius=0.933, leak=0.961,
                           input_scaling=0.173, bias_scaling=0.0834)),
    "narma-random-50": (
        "NMSE, 50 units, random weights", "0.107",
        lambda r, s: narma(r, s, "@loss", "6e-11")),
    "narma-400": (
        "NMSE, 400 units", "", lambda r, s: narma(r, s, "@loss", "1e-8", units=400)),
    "narma-deep-51": (
        "NMSE, 3 layers of 17 units", "",
        lambda r, s: narma(r, s, "@deep_loss", "1e-10", topology="small_world",
                           distribution="constant", density=0.06, rewire=0.246,
                           spectral_radius=0.997, leak=0.804,
                           input_scaling=0.117, bias_scaling=0.296)),
    "narma-deep-399": (
        "NMSE, 3 layers of 133 units", "",
        lambda r, s: narma(r, s, "@deep_loss", "1e-8", layer=133)),
    "memory-orthogonal": (
        "memory capacity, 100 units", "at least 95, at most 100 (Jaeger 2001)",
        lambda r, s: memory(r, s, "orthogonal", "0")),
    "memory-random": (
        "memory capacity, 100 units, linear", "at most 100 (Jaeger 2001)",
        lambda r, s: memory(r, s, "random", "1e-12")),
    "memory-tanh": (
        "memory capacity, 100 units, tanh", "at most 100 (Jaeger 2001)",
        lambda r, s: memory(r, s, "tanh", "1e-10")),
    "liquid": (
        "% of 10 spike patterns, jitter 4 ms", "at least 95 (Maass et al. 2002)",
        liquid),
}


def save_narma(runner):
    files = []
    for part in range(2):
        u, y = narma10(4000, part)
        files.append(runner.save(f"narma{part}.npz", x=u[None, :, None],
                                 y=y[None, :, None]))
    return files


def search(runner, out, files, over, *options):
    """Every combination of values on NARMA-10, the mean of three seeds."""
    arguments = ["search", os.path.join(HERE, "narma.mlir"), "--grid", "--seeds",
                 "3", "--jobs", os.cpu_count(), "--threads", "1", "--out",
                 runner.path(out), "--overwrite"]
    for name, values in over.items():
        arguments += ["--over", f"{name}={','.join(map(str, values))}"]
    arguments += ["--", "--solve", "ridge", "--objective", "@loss", "--data",
                  files[0], "--validation", files[1], "--washout", "200",
                  "--ridge", "1e-8", "--precision", "f64", *options]
    done = subprocess.run([runner.tool, *map(str, arguments)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ravel {' '.join(map(str, arguments))}\n{done.stderr}")
    with open(os.path.join(runner.path(out), "results.csv")) as file:
        return list(csv.DictReader(file))


def plot(runner, table, image, *options):
    runner.call("plot", "--data", table, "--output", runner.path(image), *options)
    print(f"  {runner.path(image)}", flush=True)


def draw_edge(runner):
    """Maps of the error over spectral radius and leak, for three input scales."""
    files = save_narma(runner)
    over = {"spectral_radius": [0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5],
            "leak": [0.1, 0.2, 0.4, 0.7, 1.0]}
    for scale in 0.05, 0.3, 1.0:
        out = f"edge-{scale}"
        rows = search(runner, out, files, over, "--set", "units=100",
                      "--set", f"input_scaling={scale}")
        best = rows[0]
        print(f"input scale {scale}: the smallest NRMSE, {float(best['mean']):.3f}, "
              f"at spectral radius {best['spectral_radius']}, leak {best['leak']}")
        plot(runner, os.path.join(runner.path(out), "results.csv"), out + ".svg",
             "--map", "mean", "--x", "spectral_radius", "--y", "leak", "--log",
             "--title", f"NRMSE of NARMA-10, 100 units, input scale {scale}")


def draw_density(runner):
    """Error and time over the density of a matrix of one spectral radius."""
    files, units = save_narma(runner), 1000
    densities = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
    errors = {row["density"]: float(row["mean"])
              for row in search(runner, "density", files, {"density": densities},
                                "--set", f"units={units}")}
    with open(runner.path("density.csv"), "w") as table:
        print("density,nrmse,microseconds", file=table)
        for density in densities:
            report = subprocess.run(
                [runner.tool, "bench", os.path.join(HERE, "narma.mlir"),
                 "--function", "@loss", "--batch", "1", "--length", "2000",
                 "--precision", "f64", "--threads", "1", "--json", "--min-time",
                 "0.5", "--set", f"units={units}", "--set", f"density={density}"],
                capture_output=True, text=True, check=True)
            step = 1e3 * json.loads(report.stdout)["median_ms"] / 2000
            print(f"{density},{errors[str(density)]},{step:.3f}", file=table)
            print(f"density {density}: NRMSE {errors[str(density)]:.4f}, "
                  f"{step:.1f} us a step", flush=True)
    plot(runner, runner.path("density.csv"), "density-error.svg", "--x", "density",
         "--lines", "nrmse", "--title", f"NRMSE of NARMA-10, {units} units")
    plot(runner, runner.path("density.csv"), "density-time.svg", "--x", "density",
         "--lines", "microseconds", "--log", "--y-label", "us a step",
         "--title", f"A step of {units} units, f64, one thread")


MAPS = {"edge": draw_edge, "density": draw_density}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ravel", required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", default=",".join([*TASKS, *MAPS]))
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    unknown = set(options.only.split(",")) - set(TASKS) - set(MAPS)
    if unknown:
        sys.exit(f"no task {', '.join(unknown)}; there are "
                 f"{', '.join([*TASKS, *MAPS])}")
    runners = [Runner(options.ravel, os.path.join(options.work, str(seed)))
               for seed in range(options.seeds)]
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    print(f"{'task':22} {'mean':>10} {'deviation':>10} {'worst':>10}  what; published")
    for name in options.only.split(","):
        if name in MAPS:
            print(f"{name}: {MAPS[name].__doc__}", flush=True)
            MAPS[name](runners[0])
            continue
        what, published, task = TASKS[name]
        begin = time.time()
        values = np.array(list(pool.map(task, runners, range(options.seeds))))
        worst = values.min() if name == "liquid" or "memory" in name else values.max()
        print(f"{name:22} {values.mean():10.3g} {values.std():10.2g} "
              f"{worst:10.3g}  {what}; {published} "
              f"({time.time() - begin:.0f} s)", flush=True)


main()
