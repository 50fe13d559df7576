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
import ast
import ctypes
import json
import math
import os
import random
import struct
import subprocess
import sys
import zipfile

ravel = "ravel"
random.seed(1)


def write_npy(shape, values):
    header = "{'descr': '<%s%d', 'fortran_order': False, 'shape': (%s), }" % (
        "f" if values.typecode in "fd" else "i",
        values.itemsize,
        "".join("%d," % size for size in shape),
    )
    header += " " * (-(len(header) + 11) % 64) + "\n"
    size = struct.pack("<H", len(header))
    return b"\x93NUMPY\x01\x00" + size + header.encode() + values.tobytes()


def read_npy(data):
    (size,) = struct.unpack_from("<H", data, 8)
    header = ast.literal_eval(data[10 : 10 + size].decode())
    code = {"f4": "f", "f8": "d", "i8": "q", "i4": "i"}[header["descr"][1:]]
    return array.array(code, data[10 + size :])


def write_weights(model, path, options, code):
    """Parameters at random, of a size that keeps states away from limits."""
    listed = subprocess.check_output([ravel, "params", model, "--json"] + options)
    header, data = {}, b""
    for parameter in json.loads(listed)["parameters"]:
        scale = 1 / max(1, parameter["shape"][0]) ** 0.5
        values = array.array(
            code,
            [random.uniform(-scale, scale) for _ in range(parameter["count"])],
        ).tobytes()
        header[parameter["name"]] = {
            "dtype": "F64" if code == "d" else "F32",
            "shape": parameter["shape"],
            "data_offsets": [len(data), len(data) + len(values)],
        }
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


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
    write_weights(args.model, weights, ["--entry", args.entry], code)
    data = {}
    with zipfile.ZipFile(path("in.npz"), "w") as file:
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
            file.writestr(p.name + ".npy", write_npy(shape, data[p.name]))
        file.writestr("lengths.npy", write_npy([batch], array.array("q", lengths)))
    subprocess.check_call(
        [ravel, "run", args.model, "--entry", args.entry, "--weights", weights]
        + ["--data", path("in.npz"), "--output", path("out.npz")]
        + precision
    )
    # What is carried is not put out by `ravel run`, nor by a stream.
    carried = {p.name + "_next" for p in inputs if p.is_carried}
    given = [p for p in outputs if p.name not in carried]
    wanted = {}
    with zipfile.ZipFile(path("out.npz")) as file:
        for i, p in enumerate(given):
            wanted[p.name] = read_npy(file.read("out%d.npy" % i))

    subprocess.check_call(
        [ravel, "compile", args.model, "--entry", args.entry]
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
