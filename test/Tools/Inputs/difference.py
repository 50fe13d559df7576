"""Prints what the benchmark finds between two files of results."""

import array
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import tensorfile

folder = pathlib.Path(sys.argv[2])


def compare(ours, theirs):
    for name, tensors in (("ours", ours), ("theirs", theirs)):
        tensorfile.write(folder / name, {
            key: ([len(values)], array.array("f", values).tobytes())
            for key, values in tensors.items()})
    try:
        print(tensorfile.difference(folder / "ours", folder / "theirs"))
    except ValueError as error:
        print(error)


compare({"a": [1, -4]}, {"a": [1, -3]})
compare({"a": [1]}, {"a": [1], "b": [2]})
compare({"a": [1]}, {"a": [float("nan")]})
