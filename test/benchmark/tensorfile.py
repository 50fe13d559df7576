"""Safetensors files and how far two of them are apart, with the standard
library alone."""

import array
import json
import math
import operator

FORMATS = {"F32": "f", "I64": "q"}


def read(path):
    """The tensors of a file by name: shapes and flat arrays."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = array.array(FORMATS[entry["dtype"]])
        values.frombytes(data[begin:end])
        tensors[name] = entry["shape"], values
    return tensors


def write(path, tensors):
    """Writes f32 tensors: shapes and bytes by name."""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def difference(ours, theirs):
    """The largest difference between the values of two files, each tensor's in
    parts of its largest value. ValueError says that they can't be compared."""
    ours, theirs = read(ours), read(theirs)
    if ours.keys() != theirs.keys():
        raise ValueError(f"only one has {', '.join(sorted(ours.keys() ^ theirs.keys()))}")
    worst = 0.0
    for name, (_, expected) in ours.items():
        _, found = theirs[name]
        if len(found) != len(expected):
            raise ValueError(f"{name} has {len(found)} values instead of {len(expected)}")
        if not math.isfinite(sum(expected)) or not math.isfinite(sum(found)):
            raise ValueError(f"{name} is not finite")
        gap = max(map(abs, map(operator.sub, expected, found)), default=0.0)
        scale = max(map(abs, expected), default=0.0)
        worst = max(worst, gap / scale if scale > 0 else gap)
    return worst
