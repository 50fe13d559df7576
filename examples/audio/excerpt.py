#!/usr/bin/env python3
"""Some samples as a table: excerpt.py INPUT.WAV TARGET.WAV OUTPUT.WAV BEGIN COUNT

Beside the three signals stands the error, tenfold.
"""
import sys

import wav

if len(sys.argv) != 6:
    sys.exit(__doc__)
signals = [wav.read(path) for path in sys.argv[1:4]]
begin, count = map(int, sys.argv[4:])
print("sample,input,circuit,model,error")
for at, (x, y, z) in enumerate(list(zip(*signals))[begin:begin + count]):
    print(f"{at},{x:.5f},{y:.5f},{z:.5f},{10 * (z - y):.5f}")
