"""WAV files of one channel of 32-bit floats, as make.py and stream.c write them."""
import array
import struct
import sys

HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def swap(samples):
    """Between the file's little end and the machine's."""
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    if len(data) >= HEADER.size:
        fields = HEADER.unpack_from(data)
        if (fields[0], *fields[5:7], fields[11]) == (b"RIFF", 3, 1, b"data"):
            return swap(array.array("f", data[HEADER.size:]))
    sys.exit(f"{path} is no WAV file of the form that make.py writes")


def write(path, samples, rate):
    samples = swap(array.array("f", samples))
    size = 4 * len(samples)
    with open(path, "wb") as file:
        file.write(HEADER.pack(b"RIFF", HEADER.size - 8 + size, b"WAVE",
                               b"fmt ", 16, 3, 1, rate, 4 * rate, 4, 32,
                               b"data", size))
        samples.tofile(file)
