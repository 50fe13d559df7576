#!/usr/bin/env python3
"""Pairs of sequences of 1 to 20 of 16 symbols: make.py copy|reverse COUNT SEED

Each line is a sequence, a tab, and the symbols that it is to become, with spaces.
"""
import random
import sys

if len(sys.argv) != 4 or sys.argv[1] not in ("copy", "reverse"):
    sys.exit(__doc__)
task, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(seed)
for _ in range(count):
    source = [draw.choice("abcdefghijklmnop") for _ in range(draw.randint(1, 20))]
    target = source if task == "copy" else source[::-1]
    print("".join(source) + "\t" + " ".join(target))
