#!/usr/bin/env python3
"""Prints 500 rows of a sum of two waves."""

import math

print("value")
for row in range(500):
    print(f"{50 + 10 * math.sin(0.31 * row) + 5 * math.sin(0.11 * row):.6f}")
