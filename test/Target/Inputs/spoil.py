"""Writes files of weights in each of which one thing is wrong."""

import json
import struct
import sys

source, folder = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read()
(size,) = struct.unpack_from("<Q", data)
header, tensors = json.loads(data[8 : 8 + size]), data[8 + size :]
name = "a.update.bias"


def write(which, change):
    changed = json.loads(json.dumps(header))
    body = bytearray(tensors)
    result = change(changed, body)
    text = json.dumps(changed).encode()
    with open("%s/%s.safetensors" % (folder, which), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + (result or body))


def set_nan(changed, body):
    begin = changed[name]["data_offsets"][0]
    body[begin + 4 : begin + 8] = struct.pack("<f", float("nan"))


def halve(changed, body):
    # All tensors as bfloat16, and one thing that belongs to nobody.
    packed = b""
    for entry in changed.values():
        begin, end = entry["data_offsets"]
        entry["dtype"] = "BF16"
        entry["data_offsets"] = [len(packed), len(packed) + (end - begin) // 2]
        for at in range(begin, end, 4):
            packed += body[at + 2 : at + 4]
    changed["__metadata__"] = {"made by": 'a "test"\\'}
    changed["other"] = {"dtype": "I8", "shape": [], "data_offsets": [0, 1]}
    return packed


write("missing", lambda changed, body: changed.pop(name) and None)
write("shape", lambda changed, body: changed[name].update(shape=[1, 17]))
write("type", lambda changed, body: changed[name].update(dtype="I32"))
write("nan", set_nan)
write("half", halve)
write("huge", lambda changed, body: changed[name].update(data_offsets=[0, 10**30]))
