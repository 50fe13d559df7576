#!/usr/bin/env python3
"""Share of exact sequences by length: accuracy.py PAIRS.TSV NAME=FOUND.TXT...

Writes a table of the length of the source and a column for each NAME, and the
share of all to standard error.
"""
import sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
pairs = [line.rstrip("\n").split("\t") for line in open(sys.argv[1])]
lengths = sorted({len(source) for source, _ in pairs})
columns = []
for argument in sys.argv[2:]:
    name, path = argument.split("=", 1)
    found = open(path).read().splitlines()
    if len(found) != len(pairs):
        sys.exit(f"{path} has {len(found)} lines for {len(pairs)} pairs")
    right = [line == target for line, (_, target) in zip(found, pairs)]
    print(f"{name}: {100 * sum(right) / len(right):.2f} % of {len(right)} "
          "sequences are exact", file=sys.stderr)
    columns.append((name, {n: [r for r, (source, _) in zip(right, pairs)
                               if len(source) == n] for n in lengths}))
print(",".join(["length"] + [name for name, _ in columns]))
for n in lengths:
    print(",".join([str(n)] + [f"{sum(c[n]) / len(c[n]):.4f}"
                               for _, c in columns]))
