"""Arrays in npz and weights in safetensors, by Python's own library alone."""

import array
import ast
import json
import random
import struct
import subprocess
import zipfile


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


def write_npz(path, arrays):
    """{name: (shape, values)}"""
    with zipfile.ZipFile(path, "w") as file:
        for name, (shape, values) in arrays.items():
            file.writestr(name + ".npy", write_npy(shape, values))


def read_outputs(path, count):
    with zipfile.ZipFile(path) as file:
        return [read_npy(file.read("out%d.npy" % i)) for i in range(count)]


def write_weights(model, path, options=(), code="f"):
    """Parameters at random, of a size that keeps states away from limits."""
    listed = subprocess.check_output(["ravel", "params", model, "--json", *options])
    header, data = {}, b""
    draw = random.Random(2)
    for parameter in json.loads(listed)["parameters"]:
        scale = 1 / max(1, parameter["shape"][0]) ** 0.5
        values = [draw.uniform(-scale, scale) for _ in range(parameter["count"])]
        if "sparse_inputs" in parameter:
            # The second half of a sparse matrix says which input a weight is for.
            for i in range(len(values) // 2, len(values)):
                values[i] = draw.randrange(parameter["sparse_inputs"])
        values = array.array(code, values).tobytes()
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


if __name__ == "__main__":
    import sys

    write_weights(sys.argv[1], sys.argv[2], sys.argv[3:])
