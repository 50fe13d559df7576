#!/usr/bin/env python3
"""Derives the polynomials of lib/Conversion/ExpandMath/Exponential.cpp.

Prints, for f32 and f64, the coefficients from the lowest power on and how far
the polynomial with these coefficients is from its function, in units of 2^-24
and 2^-53 of the result that it is used for. Needs python3-mpmath.

Each is the best polynomial in the sense of Chebyshev: the largest weighted
error is the smallest that the degree allows. Remez' exchange algorithm finds it:
solve for the coefficients whose error has one size and alternating signs at as
many points as there are unknowns, move the points to where the error is largest,
and repeat. The coefficients are then rounded to the format. Each is multiplied
by a power of r, which is small, so that the rounding adds little; the errors
printed include it.
"""

import mpmath as mp

mp.mp.dps = 60
BITS = {"f32": 24, "f64": 53}
LN2 = mp.log(2)


def round_to(x, bits):
    """x with a mantissa of that many bits."""
    mantissa, exponent = mp.frexp(x)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits)


def chebyshev(low, high, count):
    return [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count))
        for i in range(count)
    ]


def find_extrema(errors):
    """The indices of the largest error of each run of errors of one sign."""
    extrema = []
    for i, error in enumerate(errors):
        if not extrema or errors[extrema[-1]] * error < 0:
            extrema.append(i)
        elif abs(error) > abs(errors[extrema[-1]]):
            extrema[-1] = i
    return extrema


def remez(function, weight, power, low, high, degree):
    """The coefficients c that minimize the largest weighted error of
    sum_k c_k x^(power k) on [low, high]."""
    count = degree + 2
    grid = chebyshev(low, high, 600)
    values = [function(x) for x in grid]
    weights = [weight(x) for x in grid]
    # The weight is 0 at 0: no point lies there.
    points = [
        x if abs(x) > (high - low) / 100 else (high - low) / (4 * count)
        for x in chebyshev(low, high, count)
    ]
    for _ in range(50):
        matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
        for row, x in enumerate(points):
            for k in range(degree + 1):
                matrix[row, k] = x ** (power * k)
            matrix[row, degree + 1] = (-1) ** row / weight(x)
            right[row] = function(x)
        solution = mp.lu_solve(matrix, right)
        coefficients = list(solution)[: degree + 1]
        errors = [
            w * (evaluate(coefficients, x, power) - value)
            for x, value, w in zip(grid, values, weights)
        ]
        worst = max(map(abs, errors))
        extrema = find_extrema(errors)
        while len(extrema) > count:
            ends = abs(errors[extrema[0]]), abs(errors[extrema[-1]])
            extrema.pop(0 if ends[0] < ends[1] else -1)
        if worst - abs(solution[degree + 1]) < worst / 200 or len(extrema) < count:
            break
        points = [grid[i] for i in extrema]
    return coefficients


def evaluate(coefficients, x, power):
    return mp.polyval(coefficients[::-1], x**power)


def show(name, function, weight, power, low, high, degrees):
    """`degrees` are those of f32 and f64."""
    for (format, bits), degree in zip(BITS.items(), degrees):
        exact = remez(function, weight, power, low, high, degree)
        rounded = [round_to(c, bits) for c in exact]
        grid = [low + (high - low) * mp.mpf(2 * i + 1) / 4000 for i in range(2000)]
        error = max(
            abs(weight(x) * (evaluate(rounded, x, power) - function(x))) for x in grid
        )
        print(f"{name} {format}: error {mp.nstr(error * 2**bits, 3)} * 2^-{bits}")
        for coefficient in rounded:
            print("   ", mp.nstr(coefficient, 9 if format == "f32" else 17))


def expm1_rest(r):
    return (mp.expm1(r) - r) / r**2


def coth_rest(r):
    return (r * mp.coth(r / 2) - 2) / r**2


def coth_weight(r):
    """How an error reaches (c + r) / (c - r) through c = 2 + r^2 P."""
    c = r * mp.coth(r / 2)
    return r**2 * 2 * r / (c**2 - r**2)


def artanh_rest(w):
    return (2 * mp.atanh(w) - 2 * w) / w**3


def show_split(name, value, spare_bits=0):
    """A constant as the sum of two floats, the first with bits to spare."""
    for format, bits in BITS.items():
        high = round_to(value, bits - spare_bits)
        low = round_to(value - high, bits)
        print(f"{name} {format}: {mp.nstr(high, 18)} + {mp.nstr(low, 18)}")


def main():
    # Rounding may take r a little further.
    half = LN2 / 2 * mp.mpf("1.0001")
    show(
        "(e^r - 1 - r) / r^2, |r| <= ln 2 / 2, of e^r - 1",
        expm1_rest,
        lambda r: r**2 / abs(mp.expm1(r)),
        1,
        -half,
        half,
        (4, 10),
    )
    show(
        "(e^r - 1 - r) / r^2, |r| <= ln 2, of e^r",
        expm1_rest,
        lambda r: r**2 / mp.exp(r),
        1,
        -2 * half,
        2 * half,
        (5, 11),
    )
    show(
        "(r coth(r / 2) - 2) / r^2, |r| <= ln 2 / 2, of e^r",
        coth_rest,
        coth_weight,
        2,
        half / 1000,
        half,
        (1, 4),
    )
    show(
        "(2 artanh w - 2 w) / w^3, 0 <= w <= 1/3, of 2 artanh w",
        artanh_rest,
        lambda w: w**3 / (2 * mp.atanh(w)),
        2,
        mp.mpf("1e-4"),
        mp.mpf(1) / 3,
        (3, 9),
    )
    gelu = 2 * mp.sqrt(2 / mp.pi)
    show_split("ln 2", LN2)
    show_split("gelu's a", gelu, spare_bits=8)
    show_split("gelu's b", gelu * mp.mpf("0.044715"))


if __name__ == "__main__":
    main()
