"""The series of the tasks, from their equations."""

import numpy as np


def mackey_glass(length, tau, seed, step=0.1):
    """x' = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x(t), every whole t.

    Mackey & Glass, Oscillation and chaos in physiological control systems,
    Science 197 (1977), by Runge and Kutta's method with steps of 0.1, squashed
    by tanh(x - 1) as Jaeger (2001) does. The first 1000 values are left out.
    """
    rng = np.random.default_rng(seed)
    delay, every = round(tau / step), round(1 / step)
    steps = (length + 1000) * every
    x = np.empty(delay + 1 + steps)
    x[:delay + 1] = 1.2 + 0.2 * (rng.random(delay + 1) - 0.5)

    def slope(now, past):
        return 0.2 * past / (1 + past ** 10) - 0.1 * now

    for t in range(delay, delay + steps):
        now, past, next_past = x[t], x[t - delay], x[t - delay + 1]
        middle = (past + next_past) / 2
        a = slope(now, past)
        b = slope(now + step / 2 * a, middle)
        c = slope(now + step / 2 * b, middle)
        d = slope(now + step * c, next_past)
        x[t + 1] = now + step / 6 * (a + 2 * b + 2 * c + d)
    return np.tanh(x[delay + 1::every][1000:1000 + length] - 1)


def narma10(length, seed):
    """y' = 0.3 y + 0.05 y sum(last ten y) + 1.5 u(t - 9) u(t) + 0.1, u in [0, 0.5].

    Returns u and y. A seed whose series diverges, which happens, gives way to
    another.
    """
    for attempt in range(100):
        rng = np.random.default_rng((seed, attempt))
        u = rng.uniform(0, 0.5, length + 10)
        y = np.zeros(length + 11)
        for t in range(9, length + 10):
            y[t + 1] = (0.3 * y[t] + 0.05 * y[t] * y[t - 9:t + 1].sum()
                        + 1.5 * u[t - 9] * u[t] + 0.1)
        if np.isfinite(y).all() and abs(y).max() < 2:
            return u[10:], y[11:]
    raise RuntimeError("every series diverged")


def spike_patterns(examples, seed, classes=10, channels=40, duration=500,
                   rate=20.0, jitter=4.0, part=0):
    """Spike trains [examples, duration, channels], one instant a millisecond,
    and the template that each is of.

    Each template is a Poisson process of `rate` spikes a second in each channel;
    in an example of it each spike is displaced by a normal distribution of
    `jitter` milliseconds: Maass, Natschlaeger & Markram, Real-time computing
    without stable states, Neural Computation 14 (2002). Parts of one seed share
    their templates.
    """
    rng = np.random.default_rng(seed)
    templates = [[rng.uniform(0, duration, rng.poisson(rate * duration / 1000))
                  for _ in range(channels)] for _ in range(classes)]
    rng = np.random.default_rng((seed, part))
    labels = np.arange(examples) % classes
    spikes = np.zeros((examples, duration, channels), np.float32)
    for example, label in enumerate(labels):
        for channel, times in enumerate(templates[label]):
            moved = np.round(times + rng.normal(0, jitter, len(times))).astype(int)
            spikes[example, moved[(moved >= 0) & (moved < duration)], channel] = 1
    return spikes, labels.astype(np.int32)
