#!/usr/bin/env python3
"""The error-to-signal ratio of a model's output: score.py OUTPUT TARGET.WAV

OUTPUT is a WAV file or the table that `ravel run` wrote. The ratio is the energy of
the difference over that of the target, of the samples as they are and after
pre-emphasis by 1 - 0.85 / z.
"""
import csv
import sys

import wav


def read(path):
    if not path.endswith(".csv"):
        return wav.read(path)
    with open(path, newline="") as file:
        return [float(row["out0.0"]) for row in csv.DictReader(file)]


def energy(signal):
    return sum(sample * sample for sample in signal)


def pre_emphasize(signal):
    return [now - 0.85 * before for before, now in zip([0, *signal], signal)]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    output, target = map(read, sys.argv[1:])
    if len(output) != len(target):
        sys.exit(f"{sys.argv[1]} has {len(output)} samples for {len(target)}")
    error = [z - y for z, y in zip(output, target)]
    plain = energy(error) / energy(target)
    emphasized = energy(pre_emphasize(error)) / energy(pre_emphasize(target))
    print(f"ESR {100 * plain:.4f} %, with pre-emphasis {100 * emphasized:.4f} %")


main()
