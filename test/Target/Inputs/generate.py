#!/usr/bin/env python3
"""Writes FOLDER/w.safetensors, examples for speller.mlir as FOLDER/data.npz and, a
line each, as FOLDER/examples.txt.

  generate.py MODEL FOLDER [--precision f64]
"""

import array
import os
import random
import struct
import sys

import arrays

model, folder, *options = sys.argv[1:]
code = "d" if "f64" in options else "f"
path = os.path.join(folder, "w.safetensors")
arrays.write_weights(model, path, code=code)
# Large weights, so that what is generated depends on what is given.
with open(path, "rb") as file:
    content = file.read()
begin = 8 + struct.unpack_from("<Q", content)[0]
values = array.array(code, [5 * value for value in array.array(code, content[begin:])])
with open(path, "wb") as file:
    file.write(content[:begin] + values.tobytes())

draw = random.Random(7)
count, longest = 40, 9
sequences, lengths = {"a": [], "b": []}, {"a": [], "b": []}
styles = array.array(code)
with open(os.path.join(folder, "examples.txt"), "w") as lines:
    for example in range(count):
        line = []
        for name in "ab":
            length = draw.randrange(1, longest + 1)
            classes = [draw.randrange(8) for _ in range(length)]
            lengths[name].append(length)
            sequences[name] += classes + [0] * (longest - length)
            line += [length] + classes
        style = array.array(code, [draw.uniform(-1, 1) for _ in range(3)])
        styles.extend(style)
        print(*line, *style, file=lines)
arrays.write_npz(os.path.join(folder, "data.npz"), {
    "a": ((count, longest), array.array("i", sequences["a"])),
    "a_lengths": ((count,), array.array("q", lengths["a"])),
    "b": ((count, longest), array.array("i", sequences["b"])),
    "b_lengths": ((count,), array.array("q", lengths["b"])),
    "style": ((count, 3), styles),
})
