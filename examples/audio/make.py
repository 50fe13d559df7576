#!/usr/bin/env python3
"""A diode clipper, simulated on plucked strings and noise.

    make.py FOLDER [SEED]

The clipper of a guitar distortion pedal: a resistor, and behind it a capacitor
and two antiparallel diodes to ground. Its output voltage v obeys

    dv/dt = (u - v) / (R C) - 2 Is / C sinh(v / Vt)

with R = 2.2 kOhm, C = 10 nF, Is = 2.52 nA, Vt = 45.3 mV: D. T. Yeh, J. Abel &
J. O. Smith, Simulation of the diode limiter in guitar distortion circuits by
numerical solution of ordinary differential equations, DAFx 2007. A sample of 1 is
an input u of 4.5 V, what an amplifier before it gives at most, and an output v of
1 V. The equation is solved at 8 times 48 kHz by the trapezoidal rule and Newton's
method; the spectrum is cut at 24 kHz before each eighth value is taken.

Strings are Karplus & Strong's (1983), with notes alone, in turn and in chords. The
test has pitches that are not in training; training has louder sounds, so that the
loudest of the test are among what is learned. FOLDER gets

    train.npz               windows of 1024 samples after 64 whose output does not
                            count, x, y, and the weight w that makes a mean of
                            squares an error-to-signal ratio
    valid.npz               whole clips in the same form
    test.npz                x, all of test.x.wav as one sequence
    test.{x,y}.wav          the held-out clips end to end, before and after
    test.curve.wav          what a curve without memory makes of them
"""
import os
import sys

import numpy as np
import wav

RATE, OVERSAMPLING = 48000, 8
R, C, IS, VT, DRIVE = 2200.0, 10e-9, 2.52e-9, 45.3e-3, 4.5
CLIPS = {"train": 160, "valid": 8, "test": 16}  # of a second
LOUDEST = {"train": 1.5, "valid": 1, "test": 1}
WINDOW, WARM_UP, PRE_EMPHASIS = 1024, 64, 0.85


def lowpass(signal, cutoff):
    """A Butterworth response of order 2, without delay."""
    frequencies = np.fft.rfftfreq(len(signal), 1 / RATE)
    gain = 1 / np.sqrt(1 + (frequencies / cutoff) ** 4)
    return np.fft.irfft(np.fft.rfft(signal) * gain, len(signal))


def pluck(random, pitch, count):
    """A string: a burst of noise in a loop that a mean of neighbours damps."""
    period = RATE / (440 * 2 ** ((pitch - 69) / 12)) - 0.5
    whole = int(period)
    part = period - whole
    decay = 10 ** (-3 * period / RATE / random.uniform(0.6, 4))
    burst = lowpass(random.uniform(-1, 1, whole), random.uniform(1500, 7000))
    # The loop's delay is not whole: a line between two of its samples.
    taps = decay * np.convolve([0.5, 0.5], [1 - part, part])
    string = np.zeros(count + whole + 3)
    string[3:whole + 3] = burst - burst.mean()
    for begin in range(whole + 3, len(string), whole):
        end = min(begin + whole, len(string))
        string[begin:end] = sum(tap * string[begin - whole - k:end - whole - k]
                                for k, tap in enumerate(taps))
    return string[3:count + 3] / np.abs(burst).max()


def music(random, pitches, count):
    """Some notes or chords, one after the other, each sounding on."""
    mix = np.zeros(count)
    chord = random.choice([1, 1, 2, 3, 4])
    begins = np.sort(random.integers(0, count * 3 // 4, random.integers(1, 5)))
    begins[0] = random.integers(0, 2000)
    for begin in begins:
        for pitch in random.choice(pitches, chord, replace=False):
            begin = min(begin + random.integers(0, 500), count - 1)  # a strum
            mix[begin:] += random.uniform(0.2, 1) * pluck(random, pitch,
                                                         count - begin)
    return mix


def noise(random, count):
    """Noise of changing loudness."""
    knots = np.exp(random.uniform(np.log(0.02), 0, 9))
    envelope = np.interp(np.arange(count), np.linspace(0, count, 9), knots)
    return envelope * lowpass(random.normal(size=count),
                              np.exp(random.uniform(np.log(500), np.log(5000))))


def make_clip(random, part, number):
    """A second of music, or now and then of noise, that ends in silence."""
    pitches = [pitch for pitch in range(40, 77)
               if (pitch % 5 == 0) == (part == "test")]
    clip = (noise(random, RATE) if number % 8 == 7
            else music(random, pitches, RATE))
    clip = lowpass(clip, 8000)
    fade = np.minimum(1, np.arange(RATE) / 48)
    fade *= np.clip((RATE - 256 - np.arange(RATE)) / 1024, 0, 1)
    clip *= fade
    return clip * (random.uniform(0.05, LOUDEST[part]) / np.abs(clip).max())


def resample(signals, count):
    """Rows with `count` samples in the same time, band-limited."""
    spectrum = np.fft.rfft(signals)
    bins = min(count, signals.shape[1]) // 2
    padded = np.zeros((len(signals), count // 2 + 1), complex)
    padded[:, :bins] = spectrum[:, :bins]
    return np.fft.irfft(padded, count) * (count / signals.shape[1])


def clip_by_diodes(signals):
    """The voltage over the diodes for each row, all rows at once."""
    count = signals.shape[1]
    u = np.ascontiguousarray(resample(DRIVE * signals, OVERSAMPLING * count).T)
    half = 0.5 / (RATE * OVERSAMPLING)
    charge, leak = half / (R * C), half * IS / C
    v, slope = np.zeros(len(signals)), np.zeros(len(signals))
    out = np.empty_like(u)
    # v' - half f(v') = v + half f(v), f being the right side of the equation.
    for t in range(len(u)):
        known = v + slope + charge * u[t]
        for _ in range(50):
            grown = np.exp(v / VT)
            shrunk = 1 / grown
            rest = v * (1 + charge) + leak * (grown - shrunk) - known
            step = rest / (1 + charge + leak / VT * (grown + shrunk))
            v = v - step
            if np.abs(step).max() < 1e-9:
                break
        else:
            sys.exit("Newton's method does not converge")
        slope = charge * (u[t] - v) - leak * 2 * np.sinh(v / VT)
        out[t] = v
    return resample(out.T, count)


def pre_emphasize(y):
    return y - PRE_EMPHASIS * np.concatenate([np.zeros_like(y[:, :1]),
                                              y[:, :-1]], 1)


def weigh(y, warm_up):
    """0 where the states warm up, then what makes the mean of (w d)^2 over a row
    the energy of d over that of the pre-emphasized target."""
    counts = np.ones_like(y)
    counts[:, :warm_up] = 0
    energy = np.sum((counts * pre_emphasize(y)) ** 2, 1, keepdims=True)
    floor = 1e-6 * (y.shape[1] - warm_up)
    return counts * np.sqrt(y.shape[1] / (energy + floor))


def write_npz(path, **arrays):
    np.savez(path, **{name: array[:, :, None].astype(np.float32)
                      for name, array in arrays.items()})


def apply_curve(train_x, train_y, x):
    """The mean output of training for each of 2,000 ranges of the input."""
    edges = np.unique(np.quantile(train_x, np.linspace(0, 1, 2001)[1:-1]))
    ranges = np.digitize(train_x.reshape(-1), edges)
    means = (np.bincount(ranges, train_y.reshape(-1), len(edges) + 1) /
             np.bincount(ranges, minlength=len(edges) + 1).clip(1))
    return means[np.digitize(x, edges)]


def cut(signals):
    """Windows of each row, after the samples that warm up."""
    begins = range(0, signals.shape[1] - WINDOW - WARM_UP + 1, WINDOW)
    return np.concatenate([signals[:, begin:begin + WARM_UP + WINDOW]
                           for begin in begins])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder, seed = sys.argv[1], int((sys.argv + ["0"])[2])
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)
    x = np.stack([make_clip(np.random.default_rng([seed, which, number]), part,
                            number)
                  for which, (part, count) in enumerate(CLIPS.items())
                  for number in range(count)])
    x = x.astype(np.float32).astype(float)  # as it is written
    y = clip_by_diodes(x)
    ends = np.cumsum(list(CLIPS.values()))[:-1]
    train_x, valid_x, test_x = np.split(x, ends)
    train_y, valid_y, test_y = np.split(y, ends)

    windows = cut(train_y)
    write_npz(path("train.npz"), x=cut(train_x), y=windows,
              w=weigh(windows, WARM_UP))
    write_npz(path("valid.npz"), x=valid_x, y=valid_y, w=weigh(valid_y, 0))
    write_npz(path("test.npz"), x=test_x.reshape(1, -1))
    wav.write(path("test.x.wav"), test_x.reshape(-1), RATE)
    wav.write(path("test.y.wav"), test_y.reshape(-1), RATE)
    wav.write(path("test.curve.wav"),
              apply_curve(train_x, train_y, test_x).reshape(-1), RATE)
    print("audio: " + ", ".join(f"{count} s of {part}"
                                for part, count in CLIPS.items()))


main()
