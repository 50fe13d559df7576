"""Compiles a model, sequences of vectors to sequences of vectors, for another
family of processors, and runs it there: under qemu, or in Node.

    cross.py MODEL.mlir FOLDER FAMILY INPUTS OUTPUTS [compile options]
"""

import array
import os
import random
import subprocess
import sys

import arrays

model, folder, family, inputs, outputs = sys.argv[1:6]
inputs, outputs = int(inputs), int(outputs)
os.makedirs(folder, exist_ok=True)
path = lambda name: os.path.join(folder, name)
here = os.path.dirname(os.path.abspath(__file__))
lengths, steps = [4, 11, 1, 7], 11
# Where there is no fused multiply-add, each product is rounded once more.
tolerance = 1e-5 if family == "wasm32" else 4e-6

draw = random.Random(3)
x = array.array(
    "f", [draw.uniform(-1, 1) for _ in range(len(lengths) * steps * inputs)]
)
arrays.write_weights(model, path("weights.safetensors"))
arrays.write_npz(
    path("in.npz"),
    {
        "x": ([len(lengths), steps, inputs], x),
        "lengths": ([len(lengths)], array.array("q", lengths)),
    },
)
weights = ["--weights", path("weights.safetensors")]
subprocess.check_call(
    ["ravel", "run", model, "--entry", "@f", *weights]
    + ["--data", path("in.npz"), "--output", path("out.npz")]
)
(packed,) = arrays.read_outputs(path("out.npz"), 1)
wanted, next_row = array.array("f"), 0
for length in lengths:
    end = next_row + length * outputs
    wanted += packed[next_row:end]
    wanted += array.array("f", [0.0] * ((steps - length) * outputs))
    next_row = end

with open(path("data.h"), "w") as file:
    file.write("enum { T = %d, B = %d, INPUTS = %d, OUTPUTS = %d };\n" % (
        steps, len(lengths), inputs, outputs))
    file.write("#define TOLERANCE %gf\n" % tolerance)
    file.write("static const size_t lengths[] = {%s};\n" % ", ".join(map(str, lengths)))
    for name, values in ("x", x), ("wanted", wanted):
        text = ", ".join(value.hex() + "f" for value in values)
        file.write("static const float %s[] = {%s};\n" % (name, text))

triple = family if family == "wasm32" else family + "-linux-gnu"
subprocess.check_call(
    ["ravel", "compile", model, *weights, "--target", triple, "-o", path("model")]
    + sys.argv[6:]
)
flags = ["-O1", "-std=c11", "-Wall", "-Werror", "-ffreestanding", "-fno-builtin"]
clang = ["clang", "--target=" + triple, *flags, "-I", folder]
if family == "riscv64":
    clang += ["-march=rv64gcv", "-mno-relax"]
subprocess.check_call(
    clang + ["-c", os.path.join(here, "cross.c"), "-o", path("test.o")]
)
objects = [path("test.o"), path("model.o"), "-o", path("test")]
if family == "wasm32":
    subprocess.check_call(
        ["wasm-ld", "--no-entry", "--export=test", "-z", "stack-size=1048576"]
        + objects
    )
    script = (
        "const fs = require('fs');"
        "WebAssembly.instantiate(fs.readFileSync(process.argv[1]), {})"
        ".then(m => process.exit(m.instance.exports.test()))"
    )
    status = subprocess.call(["node", "-e", script, path("test")])
else:
    subprocess.check_call(["ld.lld", "-static", *objects])
    cpu = ["-cpu", "rv64,v=true,vlen=128"] if family == "riscv64" else []
    status = subprocess.call(["qemu-" + family, *cpu, path("test")])
sys.exit("%s: check %d of cross.c fails" % (family, status) if status else 0)
