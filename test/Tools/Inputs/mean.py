#!/usr/bin/env python3
"""Complains unless `out0` of FIRST.npz is the mean of that of the others.

  mean.py FIRST.npz OTHER.npz...
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../Target/Inputs"))
from arrays import read_outputs

mean, *others = [read_outputs(path, 1)[0] for path in sys.argv[1:]]
for found, *values in zip(mean, *others):
    # Sums of f32, of numbers about 1.
    if abs(found - sum(values) / len(values)) > 1e-6:
        sys.exit(f"{found} is not the mean of {values}")
