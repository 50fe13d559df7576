#!/usr/bin/env python3
"""Writes 60 sequences of three classes as FILE.npz: turns of a point, each class
at a speed and a place of its own, with noise drawn from SEED.

  classes.py FILE.npz SEED
"""

import array
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../Target/Inputs"))
from arrays import write_npz

path, seed = sys.argv[1], int(sys.argv[2])
draw = random.Random(seed)
rows, lengths, classes = [], [], []
for example in range(60):
    kind, length = example % 3, draw.randrange(12, 25)
    angle = draw.uniform(0, 2 * math.pi)
    steps = []
    for _ in range(24):
        angle += 0.4 + 0.3 * kind
        steps.append([math.cos(angle) + kind + draw.gauss(0, 0.15),
                      math.sin(angle) + draw.gauss(0, 0.15)])
    rows.append(steps)
    lengths.append(length)
    classes.append(kind)


def flatten(values):
    return [x for value in values for x in (flatten(value) if isinstance(value, list) else [value])]


write_npz(path, {"x": ((60, 24, 2), array.array("f", flatten(rows))),
                 "lengths": ((60,), array.array("q", lengths)),
                 "y": ((60,), array.array("i", classes))})
