#!/usr/bin/env python3
"""What each optional step of the pipelines is worth: runs `ravel bench` with all
of them and without one after the other, and prints a Markdown table of times in
parts of the time with all.

    test/benchmark/shares.py build/release/bin/ravel [--cell lstm] [--rounds 3]
"""

import argparse
import json
import os
import pathlib
import string
import subprocess
import tempfile

MODEL = pathlib.Path(__file__).parent / "models" / "layers-1.mlir"
STEPS = "hoist,fuse,join,pack,prepare,double-buffer,plan-memory,columns,parallel".split(",")
# Mode, instants, examples, units, threads.
SHAPES = [
    ("run", 50, 32, 256, 1),
    ("run", 50, 32, 256, 2),
    ("run", 100, 1, 256, 1),
    ("run", 100, 1, 256, 2),
    ("run", 100, 1, 64, 1),
    ("train", 50, 32, 256, 1),
    ("train", 50, 32, 256, 2),
]


def measure(ravel, model, shape, step):
    """The least time of a call in ms: others disturb, nothing helps."""
    mode, length, batch, _, threads = shape
    command = [ravel, "bench", model, "--function", "f" if mode == "run" else "loss"]
    command += ["--mode", mode, "--length", str(length), "--batch", str(batch)]
    command += ["--threads", str(threads), "--min-time", "0.4", "--json"]
    if mode == "train":
        command += ["--optimizer", "sgd"]
    if step:
        command += ["--without", step]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"shares: {' '.join(map(str, command))}\n{result.stderr}")
    return json.loads(result.stdout)["minimum_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("ravel", help="the driver")
    parser.add_argument("--cell", default="lstm", help="a cell of the prelude")
    parser.add_argument("--rounds", type=int, default=3, help="the least of so many counts")
    arguments = parser.parse_args()

    shapes = [shape for shape in SHAPES if shape[4] <= len(os.sched_getaffinity(0))]
    columns = [f"{mode} T={length} B={batch} H={units}, {threads} thr." for mode, length, batch, units, threads in shapes]
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for shape in shapes:
                model = pathlib.Path(folder) / f"{shape[3]}.mlir"
                text = string.Template(MODEL.read_text())
                model.write_text(text.substitute(cell=arguments.cell, I=shape[3], H=shape[3]))
                for step in [None] + STEPS:
                    time = measure(arguments.ravel, model, shape, step)
                    times[shape, step] = min(time, times.get((shape, step), time))
    print("| without | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    print("| (nothing), ms | " + " | ".join(f"{times[shape, None]:.3g}" for shape in shapes) + " |")
    for step in STEPS:
        ratios = [times[shape, step] / times[shape, None] for shape in shapes]
        print(f"| {step} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
