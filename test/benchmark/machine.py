"""The machine: what it is, what it can do, and the settings that suit it."""

import json
import math
import os
import subprocess


def cpu_info():
    """Fields of the first processor in /proc/cpuinfo."""
    fields = {}
    with open("/proc/cpuinfo") as file:
        for line in file:
            key, colon, value = line.partition(":")
            if not colon:
                break
            fields[key.strip()] = value.strip()
    return fields


def choose_processors(count):
    """The processors to pin to: as many as there are threads."""
    allowed = sorted(os.sched_getaffinity(0))
    if count > len(allowed):
        raise SystemExit(f"bench: {count} threads need as many processors; there are {len(allowed)}")
    return allowed[:count]


def blas_core(cpu):
    """OpenBLAS' name of this kind of processor: it does not know all of them."""
    flags = cpu.get("flags", "").split()
    if "avx512f" in flags:
        return "SkylakeX"
    if "avx2" in flags:
        return "Zen" if cpu.get("vendor_id") == "AuthenticAMD" else "Haswell"
    return None


def vector_capability(cpu):
    """ATen's name of the vector instructions."""
    flags = cpu.get("flags", "").split()
    return "avx512" if "avx512f" in flags else "avx2" if "avx2" in flags else "default"


class Limits:
    """What the machine can do, by the number of threads: the best of all
    measurements, since other programs can only take from it."""

    def __init__(self, program, threads):
        self.program, self.threads = program, threads
        self.values = self.read()

    def read(self):
        processors = choose_processors(max(self.threads))
        result = subprocess.run(
            [self.program] + [str(count) for count in self.threads], check=True,
            capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, processors))
        return json.loads(result.stdout)

    def measure_again(self):
        for threads, rates in self.read()["threads"].items():
            best = self.values["threads"][threads]
            for name, rate in rates.items():
                best[name] = max(best[name], rate)

    def peak(self, threads):
        return self.values["threads"][str(threads)]["fma_gflops"]

    def sweep_ms(self, nbytes, threads):
        """The least time in which threads read their shares of so many bytes,
        again and again. What exceeds an L2 is read in alternating order, so
        that what is left of the sweep before is read first."""
        share = nbytes / threads
        rates = {level: self.values["threads"][str(threads)][level + "_gbs"] * 1e9 / threads
                 for level in ("l1", "l2", "l3")}
        if share <= self.values["l1_bytes"]:
            return share / rates["l1"] * 1e3
        near = min(share, self.values["l2_bytes"])
        return (near / rates["l2"] + (share - near) / rates["l3"]) * 1e3


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))
