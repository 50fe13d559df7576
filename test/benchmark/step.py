"""Measures one step of a stream: a recurrent layer, one example, one thread,
compiled ahead of time for this machine.

    step.py [--cells lstm,gru] [--sizes 1x32,32x32,...] [--weight-type bf16]

Beside the time of a step stands what the machine needs to read as many bytes of
weights, forwards and backwards in turn, with one multiplication for each number:
the least time of any code that has these weights in memory. Medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "Target", "Inputs"))
import arrays

MODEL = """func.func @f(%x: !rnn.seq<tensor<{i}xf32>>) -> !rnn.seq<tensor<{h}xf32>> {{
  %y = rnn.unroll @{cell} "a" (%x) : (!rnn.seq<tensor<{i}xf32>>) -> !rnn.seq<tensor<{h}xf32>>
  return %y : !rnn.seq<tensor<{h}xf32>>
}}
"""

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--cells", default="lstm,gru,gru_reset_after")
parser.add_argument(
    "--sizes",
    default="1x8,1x16,1x32,1x40,1x64,1x128,"
    "8x8,16x16,32x32,40x40,64x64,128x128,256x256",
    help="inputs x units",
)
parser.add_argument("--weight-type", default="")
args = parser.parse_args()

print("cell              inputs units  step us  worst us  reading us  share")
with tempfile.TemporaryDirectory() as folder:
    path = lambda name: os.path.join(folder, name)
    for cell in args.cells.split(","):
        for size in args.sizes.split(","):
            i, h = map(int, size.split("x"))
            with open(path("model.mlir"), "w") as file:
                file.write(MODEL.format(i=i, h=h, cell=cell))
            arrays.write_weights(path("model.mlir"), path("w.safetensors"))
            command = ["ravel", "compile", path("model.mlir"), "-o", path("model")]
            command += ["--weights", path("w.safetensors"), "--cpu", "native"]
            if args.weight_type:
                command += ["--weight-type", args.weight_type]
            subprocess.check_call(command)
            gates = 4 if cell.startswith("lstm") else 3
            bytes = gates * h * (i + h) * (2 if args.weight_type else 4)
            subprocess.check_call(
                ["clang", "-O3", "-march=native", "-I", folder]
                + ["-DBYTES=%d" % bytes, os.path.join(here, "workers", "step.c")]
                + [path("model.o"), "-o", path("step")]
            )
            step, worst, reading = map(
                float, subprocess.check_output([path("step")]).split()
            )
            print(
                "%-17s %6d %5d  %7.3f  %8.2f  %10.3f  %5.2f"
                % (cell, i, h, step, worst, reading, reading / step),
                flush=True,
            )
