"""Compares a function compiled ahead of time with the same function run by
`ravel run`: a batch of sequences of several lengths, each of them alone, and
each of them streamed instant by instant.

    compare.py MODEL.mlir FOLDER [--entry @f] [--f64] [--tolerance T]
               [--no-stream] NAME:KIND:SIZE... -- compile options

describes inputs and then outputs in the order of the C function: KIND is seq or
one, followed by i for class indices and o for outputs; a size 0 is a number.
What is carried from call to call begins with zeros.
"""

import argparse
import array
import ctypes
import math
import os
import random
import subprocess
import sys

import arrays

random.seed(1)


class Parameter:
    def __init__(self, text, code):
        self.name, kind, size = text.split(":")
        self.is_sequence = kind.startswith("seq")
        self.is_output = kind.endswith("o")
        self.is_carried = kind.endswith("c")
        self.is_index = kind in ("seqi", "onei")
        self.code = "i" if self.is_index else code
        self.shape = [int(size)] if size != "0" else []
        self.size = max(1, int(size))
        self.classes = 5


def check(what, got, wanted, tolerance):
    worst = max(
        (abs(a - b) for a, b in zip(got, wanted)), default=0.0
    )
    finite = all(math.isfinite(value) for value in got)
    if len(got) != len(wanted) or not finite or worst > tolerance:
        sys.exit("%s: worst difference %g, allowed %g" % (what, worst, tolerance))


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--entry", default="@f")
    parser.add_argument("--f64", action="store_true")
    parser.add_argument("--tolerance", type=float)
    parser.add_argument("--no-stream", action="store_true")
    parser.add_argument("parameters", nargs="*")
    args = parser.parse_intermixed_args(sys.argv[1:split])
    code = "d" if args.f64 else "f"
    # Both round each sum differently: some units in the last place of numbers
    # of about 1.
    tolerance = args.tolerance or (1e-13 if args.f64 else 2e-6)
    precision = ["--precision", "f64"] if args.f64 else []
    parameters = [Parameter(text, code) for text in args.parameters]
    inputs = [p for p in parameters if not p.is_output]
    outputs = [p for p in parameters if p.is_output]
    os.makedirs(args.folder, exist_ok=True)
    path = lambda name: os.path.join(args.folder, name)

    lengths = [3, 9, 1, 9, 5, 2, 7]
    batch, steps = len(lengths), max(lengths)
    weights = path("weights.safetensors")
    arrays.write_weights(args.model, weights, ["--entry", args.entry], code)
    data, shaped = {}, {"lengths": ([batch], array.array("q", lengths))}
    for p in inputs:
        rows = batch * (steps if p.is_sequence else 1)
        if p.is_index:
            values = [random.randrange(p.classes) for _ in range(rows)]
        elif p.is_carried:
            values = [0.0] * (rows * p.size)
        else:
            values = [random.uniform(-1, 1) for _ in range(rows * p.size)]
        data[p.name] = array.array(p.code, values)
        shape = [batch] + ([steps] if p.is_sequence else []) + p.shape
        shaped[p.name] = (shape, data[p.name])
    arrays.write_npz(path("in.npz"), shaped)
    subprocess.check_call(
        ["ravel", "run", args.model, "--entry", args.entry, "--weights", weights]
        + ["--data", path("in.npz"), "--output", path("out.npz")]
        + precision
    )
    # What is carried is not put out by `ravel run`, nor by a stream.
    carried = {p.name + "_next" for p in inputs if p.is_carried}
    given = [p for p in outputs if p.name not in carried]
    read = arrays.read_outputs(path("out.npz"), len(given))
    wanted = {p.name: values for p, values in zip(given, read)}

    subprocess.check_call(
        ["ravel", "compile", args.model, "--entry", args.entry]
        + ["--weights", weights, "--emit", "shared", "-o", path("model")]
        + precision
        + sys.argv[split + 1 :]
    )
    lib = ctypes.CDLL(os.path.abspath(path("libmodel.so")))
    lib.model_strerror.restype = ctypes.c_char_p
    lib.model_workspace_bytes.restype = ctypes.c_size_t
    size_t = ctypes.c_size_t

    def must(error):
        if error:
            sys.exit(lib.model_strerror(error).decode())

    def allocate(size):
        memory = ctypes.create_string_buffer(size + 64)
        address = ctypes.addressof(memory)
        return memory, ctypes.c_void_p(address + -address % 64)

    def pointer(values, begin=0):
        address, _ = values.buffer_info()
        return ctypes.c_void_p(address + begin * values.itemsize)

    must(lib.model_init())
    has_sequences = any(p.is_sequence for p in parameters)
    results = {}
    for p in outputs:
        rows = batch * (steps if p.is_sequence else 1)
        results[p.name] = array.array(p.code, [7.0] * (rows * p.size))
    sizes = [size_t(steps)] if has_sequences else []

    def run(first, count, outs):
        size = lib.model_workspace_bytes(*sizes, size_t(count))
        memory, workspace = allocate(size)
        chosen = (size_t * count)(*lengths[first : first + count])
        arguments = sizes + [size_t(count)]
        if has_sequences:
            arguments.append(chosen)
        for p in parameters:
            values = outs[p.name] if p.is_output else data[p.name]
            stride = p.size * (steps if p.is_sequence else 1)
            arguments.append(pointer(values, first * stride))
        must(lib.model_run(*arguments, workspace, size_t(size)))

    def compare(what, got):
        for p in given:
            packed = array.array(p.code)
            for b, length in enumerate(lengths):
                if not p.is_sequence:
                    packed += got[p.name][b * p.size : (b + 1) * p.size]
                    continue
                begin = b * steps * p.size
                packed += got[p.name][begin : begin + length * p.size]
                end = begin + steps * p.size
                if any(got[p.name][begin + length * p.size : end]):
                    sys.exit("%s: %s is not 0 behind its end" % (what, p.name))
            check(what + ": " + p.name, packed, wanted[p.name], tolerance)

    run(0, batch, results)
    compare("batch", results)
    alone = {
        p.name: array.array(p.code, [7.0] * len(results[p.name])) for p in outputs
    }
    for b in range(batch):
        run(b, 1, alone)
    for p in outputs:
        if alone[p.name] != results[p.name]:
            sys.exit("%s: alone and in a batch differ" % p.name)

    if args.no_stream:
        if hasattr(lib, "model_step"):
            sys.exit("it streams")
        return
    memory, state = allocate(lib.model_state_bytes())
    once = [p for p in inputs if not p.is_sequence and not p.is_carried]
    stepped = [p for p in inputs if p.is_sequence]
    streamed = {
        p.name: array.array(p.code, [0.0] * len(results[p.name])) for p in outputs
    }
    for b, length in enumerate(lengths):
        must(
            lib.model_reset(
                state, *[pointer(data[p.name], b * p.size) for p in once]
            )
        )
        at = lambda p, t: (b * steps + t if p.is_sequence else b) * p.size
        half = length // 2
        for t in range(half):
            must(
                lib.model_step(
                    state,
                    *[pointer(data[p.name], at(p, t)) for p in stepped],
                    *[pointer(streamed[p.name], at(p, t)) for p in given],
                )
            )
        # Steps at once write one row of each output for each instant.
        rest = {p.name: array.array(p.code, [0.0] * (steps * p.size)) for p in given}
        must(
            lib.model_steps(
                state,
                size_t(length - half),
                *[pointer(data[p.name], at(p, half)) for p in stepped],
                *[pointer(rest[p.name]) for p in given],
            )
        )
        for p in given:
            if p.is_sequence:
                begin, count = at(p, half), (length - half) * p.size
                streamed[p.name][begin : begin + count] = rest[p.name][:count]
            else:
                begin = (length - half - 1) * p.size
                streamed[p.name][at(p, 0) : at(p, 0) + p.size] = rest[p.name][
                    begin : begin + p.size
                ]
    compare("stream", streamed)


main()
