#!/usr/bin/python3
"""Words to phones in PyTorch: how fast it trains and generates, and what.

    g2p_torch.py FOLDER --time-epoch [--steps N] [--batch N]
    g2p_torch.py FOLDER --decode [--weights FILE] [--batch N,...] [--beam N,...]

FOLDER is what examples/g2p/fetch.sh wrote. A line of JSON is printed for each
measurement. The model is that of examples/g2p/g2p.mlir, whose decoder is fed what
it found at the step before; with --no-feeding that of models/g2p.mlir, whose
decoder can be taught in one call of nn.LSTM and one attention. Weights are those
of `ravel train`.
"""

import argparse
import json
import os
import pathlib
import random
import sys
import time

import machine
import tensorfile

END = 0  # ends phones, and stands for what comes before the first
MAX_STEPS = 40


def parse_arguments():
    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path)
    parser.add_argument("--time-epoch", action="store_true",
                        help="time training steps: forward, backward, clipping, Adam")
    parser.add_argument("--decode", action="store_true", help="time generation")
    parser.add_argument("--threads", metavar="N", type=int, default=1)
    parser.add_argument("--steps", metavar="N", type=int, default=100,
                        help="training steps to time (100)")
    parser.add_argument("--batch", metavar="N,...", type=numbers,
                        help="words at once (training: 64; generation: 1,64)")
    parser.add_argument("--beam", metavar="N,...", type=numbers, default=[1, 4],
                        help="hypotheses; 1 is a greedy search (1,4)")
    parser.add_argument("--words", metavar="N", type=int, default=1000,
                        help="words of test.txt to generate for, 0: all (1000)")
    parser.add_argument("--no-feeding", action="store_true", help="models/g2p.mlir")
    parser.add_argument("--weights", metavar="FILE", help="read weights (.safetensors)")
    parser.add_argument("--save", metavar="FILE", help="write weights when all is done")
    parser.add_argument("--output", metavar="FILE", type=pathlib.Path,
                        help="write the phones that the last --batch and --beam gave")
    return parser.parse_args()


# The libraries read these when they are loaded.
ARGUMENTS = parse_arguments()
CPU = machine.cpu_info()
os.environ["OMP_NUM_THREADS"] = str(ARGUMENTS.threads)
os.environ.setdefault("ATEN_CPU_CAPABILITY", machine.vector_capability(CPU))
if machine.blas_core(CPU):
    os.environ.setdefault("OPENBLAS_CORETYPE", machine.blas_core(CPU))

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.utils.rnn import (pack_padded_sequence,  # noqa: E402
                                pad_packed_sequence, pad_sequence)


class Model(nn.Module):
    """What both models have, and how their parameters are called in Ravel."""

    letters, phones, embedded = 28, 40, 64

    def __init__(self, encoder, decoder, fed, rate):
        super().__init__()
        self.size = decoder
        self.letter = nn.Embedding(self.letters, self.embedded)
        self.phone = nn.Embedding(self.phones, self.embedded)
        self.encoder = nn.LSTM(self.embedded, encoder, bidirectional=True)
        self.encoded = nn.Linear(2 * encoder, decoder)
        self.hidden = nn.Linear(2 * encoder, decoder)
        self.cell = nn.Linear(2 * encoder, decoder)
        self.decoder = nn.LSTM(self.embedded + fed, decoder)
        self.drop = nn.Dropout(rate)
        # One bias for each gate, as in Ravel.
        for module in (self.encoder, self.decoder):
            for name, parameter in module.named_parameters():
                if name.startswith("bias_hh"):
                    parameter.requires_grad_(False).zero_()

    def encode(self, words, lengths):
        """The memory [B, T, D], what is outside of it, and the first states.
        Words are sorted by length, the longest first."""
        packed = pack_padded_sequence(self.drop(self.letter(words)), lengths)
        states, (h, c) = self.encoder(packed)
        states, _ = pad_packed_sequence(states)
        memory = self.encoded(states).transpose(0, 1)
        outside = None
        if lengths[-1] < lengths[0]:
            outside = (torch.arange(words.shape[0]) >= lengths.unsqueeze(1)).unsqueeze(1)
        h, c = torch.cat((h[0], h[1]), 1), torch.cat((c[0], c[1]), 1)
        return memory, outside, torch.tanh(self.hidden(h)), self.cell(c)

    def named_weights(self):
        """Ravel's names, and views that have Ravel's shapes: [inputs, outputs],
        for each gate and operand one."""
        def lstm(name, module, suffix):
            parts = {part: getattr(module, torch_name + suffix).chunk(4)
                     for part, torch_name in (("weight.0", "weight_ih"),
                                              ("weight.1", "weight_hh"), ("bias", "bias_ih"))}
            for k, gate in enumerate(("input", "forget", "cell", "output")):
                for part, chunks in parts.items():
                    yield f"{name}.{gate}.{part}", chunks[k].t()

        def linear(name, module, operands):
            for k, columns in enumerate(module.weight.chunk(operands, 1)):
                yield f"{name}.weight.{k}", columns.t()
            yield name + ".bias", module.bias

        yield "letter.weight", self.letter.weight
        yield "phone.weight", self.phone.weight
        yield from lstm("forward", self.encoder, "_l0")
        yield from lstm("backward", self.encoder, "_l0_reverse")
        yield from linear("encoded", self.encoded, 2)
        yield from linear("first.hidden", self.hidden, 2)
        yield from linear("first.cell", self.cell, 2)
        yield from lstm("decoder", self.decoder, "_l0")
        yield from self.named_output_weights(linear)


class FedModel(Model):
    """The decoder is fed its last output, so that a step needs the one before."""

    def __init__(self):
        super().__init__(encoder=160, decoder=256, fed=256, rate=0.2)
        self.keys = nn.Linear(self.size, self.size, bias=False)
        self.mixed = nn.Linear(2 * self.size, self.size)
        self.scores = nn.Linear(self.size, self.phones)

    def named_output_weights(self, linear):
        yield "attention.weight", self.keys.weight.t()
        yield from linear("mixed", self.mixed, 2)
        yield from linear("scores", self.scores, 1)

    def begin(self, words, lengths):
        memory, outside, h, c = self.encode(words, lengths)
        return (memory, self.keys(memory), outside), (h, c, torch.zeros_like(h))

    def gate_weights(self):
        """The weights of the phone, and of the state and what is fed in one."""
        of_phone, of_fed = self.decoder.weight_ih_l0.split((self.embedded, self.size), 1)
        return of_phone, torch.cat((self.decoder.weight_hh_l0, of_fed), 1).t()

    def step(self, sums, weights, source, states):
        """From the phone's part of the gates' sums to the next states, the last
        of which is put out. Rows of one source stand together."""
        memory, keys, outside = source
        h, c, fed = states
        i, f, g, o = torch.addmm(sums, torch.cat((h, fed), 1), weights).chunk(4, 1)
        c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
        h = torch.sigmoid(o) * torch.tanh(c)
        context = attend(h.view(memory.shape[0], -1, self.size), memory, keys, outside)
        return h, c, torch.tanh(self.mixed(torch.cat((h, context.view(h.shape)), 1)))

    def forward(self, words, lengths, previous):
        source, states = self.begin(words, lengths)
        of_phone, weights = self.gate_weights()
        sums = F.linear(self.drop(self.phone(previous)), of_phone, self.decoder.bias_ih_l0)
        outputs = []
        for instant in sums.unbind():
            h, c, fed = self.step(instant, weights, source, states)
            states = h, c, self.drop(fed)
            outputs.append(states[2])
        return self.scores(torch.stack(outputs))

    def stepper(self):
        of_phone, weights = self.gate_weights()
        # The gates' sums of each phone.
        table = F.linear(self.phone.weight, of_phone, self.decoder.bias_ih_l0)

        def step(tokens, source, states):
            states = self.step(table[tokens], weights, source, states)
            return self.scores(states[2]), states
        return step


class PlainModel(Model):
    """The decoder's states depend on phones alone: attention can wait."""

    def __init__(self):
        super().__init__(encoder=96, decoder=192, fed=0, rate=0)
        self.scores = nn.Linear(2 * self.size, self.phones)

    def named_output_weights(self, linear):
        yield from linear("scores", self.scores, 2)

    def begin(self, words, lengths):
        memory, outside, h, c = self.encode(words, lengths)
        return (memory, memory, outside), (h, c)

    def forward(self, words, lengths, previous):
        source, (h, c) = self.begin(words, lengths)
        outputs, _ = self.decoder(self.phone(previous), (h.unsqueeze(0), c.unsqueeze(0)))
        outputs = outputs.transpose(0, 1)
        context = attend(outputs, *source)
        return self.scores(torch.cat((outputs, context), 2)).transpose(0, 1)

    def stepper(self):
        table = F.linear(self.phone.weight, self.decoder.weight_ih_l0, self.decoder.bias_ih_l0)
        weights = self.decoder.weight_hh_l0.t()

        def step(tokens, source, states):
            h, c = states
            i, f, g, o = torch.addmm(table[tokens], h, weights).chunk(4, 1)
            c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
            h = torch.sigmoid(o) * torch.tanh(c)
            memory = source[0]
            context = attend(h.view(memory.shape[0], -1, self.size), *source)
            return self.scores(torch.cat((h, context.view(h.shape)), 1)), (h, c)
        return step


def attend(queries, memory, keys, outside):
    """Queries [B, N, D] look at the memory of their own source."""
    fit = torch.bmm(queries, keys.transpose(1, 2))
    if outside is not None:
        fit = fit.masked_fill(outside, float("-inf"))
    return torch.bmm(fit.softmax(-1), memory)


def load(model, path):
    given = tensorfile.read(path)
    with torch.no_grad():
        for name, view in model.named_weights():
            shape, values = given[name]
            if list(view.shape) != shape:
                sys.exit(f"{path}: {name} has the shape {shape} instead of {list(view.shape)}")
            view.copy_(torch.tensor(values).view(shape))


def save(model, path):
    tensorfile.write(path, {
        name: (view.shape, view.detach().contiguous().numpy().tobytes())
        for name, view in model.named_weights()})


class Data:
    """Words and phones as numbers: by falling frequency, then by bytes, from 1."""

    def __init__(self, folder):
        with open(folder / "train.tsv", encoding="utf-8") as file:
            pairs = [line.rstrip("\n").split("\t") for line in file]
        self.letters = self.number(word for word, _ in pairs)
        self.phones = self.number(phones.split() for _, phones in pairs)
        self.names = {number: name for name, number in self.phones.items()}
        self.pairs = [(self.encode(word), torch.tensor(
            [self.phones[phone] for phone in phones.split()] + [END]))
            for word, phones in pairs]
        self.test = (folder / "test.txt").read_text(encoding="utf-8").split()

    @staticmethod
    def number(texts):
        counts = {}
        for text in texts:
            for symbol in text:
                counts[symbol] = counts.get(symbol, 0) + 1
        order = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        return {symbol: number for number, symbol in enumerate(order, 1)}

    def encode(self, word):
        return torch.tensor([self.letters[letter] for letter in word])

    def batches(self, size):
        """Shuffled batches, each of words of about the same length."""
        pairs = random.sample(self.pairs, len(self.pairs))
        batches = []
        for begin in range(0, len(pairs), 64 * size):
            part = sorted(pairs[begin:begin + 64 * size],
                          key=lambda pair: (-len(pair[0]), -len(pair[1])))
            batches += [part[k:k + size] for k in range(0, len(part), size)]
        random.shuffle(batches)
        return batches


def pad(words):
    return pad_sequence(words), torch.tensor([len(word) for word in words])


class Clock:
    """Wall time, and which part of the processors' time the process had."""

    def __init__(self):
        self.wall, self.busy = time.perf_counter(), time.process_time()

    def rate(self, count):
        wall = time.perf_counter() - self.wall
        busy = time.process_time() - self.busy
        return {"words_per_second": round(count / wall, 1),
                "busy": round(busy / wall / ARGUMENTS.threads, 3)}


def report(mode, model, **fields):
    parameters = sum(view.numel() for _, view in model.named_weights())
    print(json.dumps({"mode": mode, "feeding": isinstance(model, FedModel),
                      "parameters": parameters, "threads": ARGUMENTS.threads, **fields}),
          flush=True)


# Training


def loss_of(model, batch):
    """The mean over examples of the mean over an example's phones."""
    words, lengths = pad([word for word, _ in batch])
    target = pad_sequence([phones for _, phones in batch], padding_value=-1)
    previous = torch.cat((torch.full((1, len(batch)), END), target[:-1].clamp(min=0)))
    scores = model(words, lengths, previous)
    losses = F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=-1,
                             reduction="none")
    sizes = torch.tensor([len(phones) for _, phones in batch])
    return (losses.view(target.shape).sum(0) / sizes).mean()


def time_training(model, data, batch_size):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, 2e-3)
    batches = data.batches(batch_size)
    warmup = 5
    clock, words = None, 0
    for k, batch in enumerate(batches[:warmup + ARGUMENTS.steps]):
        if k == warmup:
            clock, words = Clock(), 0
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        words += len(batch)
    rate = clock.rate(words)
    report("train", model, batch=batch_size, **rate, loss=round(loss.item(), 4),
           epoch_seconds=round(len(data.pairs) / rate["words_per_second"], 1))


# Generation


def select(rows, parts):
    return [part if part is None else part[rows] for part in parts]


def greedy(model, words, lengths):
    step = model.stepper()
    source, states = model.begin(words, lengths)
    tokens = torch.full((words.shape[1],), END)
    found, alive = [[] for _ in tokens], list(range(len(tokens)))
    for _ in range(MAX_STEPS):
        scores, states = step(tokens, source, states)
        tokens = scores.argmax(1)
        chosen = tokens.tolist()
        for place, token in zip(alive, chosen):
            if token != END:
                found[place].append(token)
        if END in chosen:
            keep = [k for k, token in enumerate(chosen) if token != END]
            if not keep:
                break
            alive = [alive[k] for k in keep]
            keep = torch.tensor(keep)
            tokens, source, states = tokens[keep], select(keep, source), select(keep, states)
    return found


def beam_search(model, words, lengths, width):
    """As lib/Generation/Search.cpp: the best of what ends in the first `width`
    places of a step, until `width` have ended or nothing alive can be better.
    What is small is for NumPy, whose calls cost less."""
    count = words.shape[1]
    step = model.stepper()
    source, states = model.begin(words, lengths)
    states = [part.repeat_interleave(width, 0) for part in states]
    tokens = torch.full((count * width,), END)
    sums = np.full((count, width), -np.inf, np.float32)
    sums[:, 0] = 0
    alive, ended = np.arange(count), np.zeros(count, int)
    # Of the best that ended: its probability, its step and its place there.
    best, best_at = np.full(count, -np.inf, np.float32), np.zeros((count, 2), int)
    chosen = np.zeros((MAX_STEPS, 2, count, width), int)  # places before, and classes
    places = np.arange(2 * width)
    for t in range(MAX_STEPS):
        scores, states = step(tokens, source, states)
        logs = scores.log_softmax(1).view(-1, width, model.phones)
        top, index = (torch.from_numpy(sums).unsqueeze(2) + logs).flatten(1).topk(2 * width)
        top = top.numpy()
        parents, classes = np.divmod(index.numpy(), model.phones)
        # What has ended.
        ends = classes == END
        counts = ends[:, :width] & (top[:, :width] > -np.inf)
        if counts.any():
            ended[alive] += counts.sum(1)
            at = counts.argmax(1)
            row = np.arange(len(alive))
            value = np.where(counts[row, at], top[row, at], -np.inf)
            better = (value > best[alive]).nonzero()[0]
            best[alive[better]] = value[better]
            best_at[alive[better], 0] = t
            best_at[alive[better], 1] = parents[better, at[better]]
        # What goes on: the first `width` of the rest, in their order.
        rest = (ends * (2 * width) + places).argsort(1)[:, :width]
        parents, classes, sums = (np.take_along_axis(part, rest, 1)
                                  for part in (parents, classes, top))
        sums = np.where(sums > best[alive, None], sums, -np.inf).astype(np.float32)
        chosen[t, 0, alive], chosen[t, 1, alive] = parents, classes
        rows = parents + np.arange(len(alive))[:, None] * width
        live = (ended[alive] < width) & (sums[:, 0] > -np.inf)
        if not live.all():
            if not live.any():
                break
            alive, sums, classes, rows = alive[live], sums[live], classes[live], rows[live]
            source = select(torch.from_numpy(live), source)
        tokens, rows = torch.from_numpy(classes.ravel()), torch.from_numpy(rows.ravel())
        states = select(rows, states)
    else:
        best_at[alive[best[alive] == -np.inf], 0] = MAX_STEPS
    return trace(best_at.tolist(), chosen)


def trace(best_at, chosen):
    """The phones before each (step, place)."""
    found = []
    for source, (t, place) in enumerate(best_at):
        phones = []
        for k in range(t - 1, -1, -1):
            before, phone = chosen[k, :, source, place]
            phones.append(int(phone))
            place = before
        found.append(phones[::-1])
    return found


def time_decoding(model, data, batch_size, width):
    words = data.test[:ARGUMENTS.words or None]
    batches = []
    for begin in range(0, len(words), batch_size):
        places = sorted(range(begin, min(begin + batch_size, len(words))),
                        key=lambda k: -len(words[k]))
        batches.append((places, *pad([data.encode(words[k]) for k in places])))
    found = [None] * len(words)
    with torch.inference_mode():
        for timed in (False, True):
            clock = Clock()
            for places, *batch in batches if timed else batches[:3]:
                lines = (greedy(model, *batch) if width == 1 else
                         beam_search(model, *batch, width))
                for place, phones in zip(places, lines):
                    found[place] = phones
    report("decode", model, batch=batch_size, beam=width, **clock.rate(len(words)))
    return found


def main():
    if not ARGUMENTS.time_epoch and not ARGUMENTS.decode:
        sys.exit("g2p_torch: expected --time-epoch or --decode")
    torch.set_num_threads(ARGUMENTS.threads)
    torch.manual_seed(0)
    random.seed(0)
    data = Data(ARGUMENTS.folder)
    model = PlainModel() if ARGUMENTS.no_feeding else FedModel()
    if ARGUMENTS.weights:
        load(model, ARGUMENTS.weights)
    if ARGUMENTS.time_epoch:
        for batch_size in ARGUMENTS.batch or [64]:
            time_training(model, data, batch_size)
    if ARGUMENTS.decode:
        model.eval()
        for batch_size in ARGUMENTS.batch or [1, 64]:
            for width in ARGUMENTS.beam:
                found = time_decoding(model, data, batch_size, width)
        if ARGUMENTS.output:
            ARGUMENTS.output.write_text("".join(
                " ".join(data.names[phone] for phone in phones) + "\n" for phones in found))
    if ARGUMENTS.save:
        save(model, ARGUMENTS.save)


main()
