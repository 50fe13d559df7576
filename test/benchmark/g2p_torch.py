#!/usr/bin/python3
"""The model of examples/g2p in PyTorch: speed, and the same answers.

    g2p_torch.py train FOLDER THREADS [STEPS]
        words a second of training steps: forward, backward, clipping, Adam
    g2p_torch.py decode FOLDER THREADS WEIGHTS BATCH BEAM [WORDS]
        words a second of generation, and the phones on standard output

FOLDER is what examples/g2p/fetch.sh wrote, WEIGHTS a .safetensors file of a
trained model. Best settings: sequences packed and sorted by length in buckets, the
encoder one call of nn.LSTM, attention's keys outside of the decoder's loop, all
examples of a batch at once, finished ones leave; inference mode; vectors as wide
as the processor has.
"""
import json
import os
import random
import struct
import sys
import time

THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else 1
os.environ["OMP_NUM_THREADS"] = str(THREADS)
if "avx512f" in open("/proc/cpuinfo").read():
    os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
    os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.utils.rnn import (pack_padded_sequence,  # noqa: E402
                                pad_packed_sequence, pad_sequence)

EMBED, ENCODER, DECODER, LETTERS, PHONES = 64, 160, 256, 28, 40
DROPOUT, BATCH, END = 0.2, 64, 0


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.letter = nn.Embedding(LETTERS, EMBED)
        self.phone = nn.Embedding(PHONES, EMBED)
        self.encoder = nn.LSTM(EMBED, ENCODER, bidirectional=True)
        self.encoded = nn.Linear(2 * ENCODER, DECODER)
        self.hidden = nn.Linear(2 * ENCODER, DECODER)
        self.cell = nn.Linear(2 * ENCODER, DECODER)
        self.decoder = nn.LSTMCell(EMBED + DECODER, DECODER)
        self.keys = nn.Linear(DECODER, DECODER, bias=False)
        self.mixed = nn.Linear(2 * DECODER, DECODER)
        self.scores = nn.Linear(DECODER, PHONES)
        self.drop = nn.Dropout(DROPOUT)

    def encode(self, words, lengths):
        packed = pack_padded_sequence(self.drop(self.letter(words)), lengths,
                                      enforce_sorted=False)
        states, (h, c) = self.encoder(packed)
        states, _ = pad_packed_sequence(states)
        memory = self.encoded(states).transpose(0, 1)
        mask = torch.arange(words.shape[0]) >= lengths.unsqueeze(1)
        h, c = torch.cat([h[0], h[1]], 1), torch.cat([c[0], c[1]], 1)
        return (memory, self.keys(memory).transpose(1, 2), mask,
                torch.tanh(self.hidden(h)), self.cell(c),
                torch.zeros(words.shape[1], DECODER))

    def step(self, embedded, memory, keys, mask, h, c, fed):
        h, c = self.decoder(torch.cat([embedded, fed], 1), (h, c))
        fit = torch.bmm(h.unsqueeze(1), keys).squeeze(1)
        weights = fit.masked_fill(mask, float("-inf")).softmax(-1)
        context = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
        return h, c, torch.tanh(self.mixed(torch.cat([h, context], 1)))

    def forward(self, words, lengths, previous):
        memory, keys, mask, h, c, fed = self.encode(words, lengths)
        embedded, outputs = self.drop(self.phone(previous)), []
        for instant in embedded:
            h, c, fed = self.step(instant, memory, keys, mask, h, c, fed)
            fed = self.drop(fed)
            outputs.append(fed)
        return self.scores(torch.stack(outputs))


def read_safetensors(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    return {name: torch.frombuffer(bytearray(data[slice(*item["data_offsets"])]),
                                   dtype=torch.float32).reshape(item["shape"])
            for name, item in header.items()
            if name != "__metadata__" and item["dtype"] == "F32"}


def load(model, path):
    """Takes over weights: Ravel's are [inputs, outputs], one for each gate and
    operand."""
    given = read_safetensors(path)
    gates = ["input", "forget", "cell", "output"]

    def join(name, part):
        return torch.cat([given[f"{name}.{gate}.{part}"].T if "weight" in part
                          else given[f"{name}.{gate}.{part}"]
                          for gate in gates])

    def lstm(name, module, suffix):
        getattr(module, "weight_ih" + suffix).copy_(join(name, "weight.0"))
        getattr(module, "weight_hh" + suffix).copy_(join(name, "weight.1"))
        getattr(module, "bias_ih" + suffix).copy_(join(name, "bias"))
        getattr(module, "bias_hh" + suffix).zero_()

    def linear(name, module, operands):
        module.weight.copy_(torch.cat(
            [given[f"{name}.weight.{k}"].T for k in range(operands)], 1))
        module.bias.copy_(given[name + ".bias"])

    with torch.no_grad():
        model.letter.weight.copy_(given["letter.weight"])
        model.phone.weight.copy_(given["phone.weight"])
        lstm("forward", model.encoder, "_l0")
        lstm("backward", model.encoder, "_l0_reverse")
        lstm("decoder", model.decoder, "")
        linear("encoded", model.encoded, 2)
        linear("first.hidden", model.hidden, 2)
        linear("first.cell", model.cell, 2)
        linear("mixed", model.mixed, 2)
        linear("scores", model.scores, 1)
        model.keys.weight.copy_(given["attention.weight"].T)


def read_pairs(folder):
    return [line.rstrip("\n").split("\t")
            for line in open(os.path.join(folder, "train.tsv"))]


def number(texts, first):
    """Symbols by falling frequency, then by bytes, as Ravel numbers them."""
    counts = {}
    for text in texts:
        for symbol in text:
            counts[symbol] = counts.get(symbol, 0) + 1
    order = sorted(counts, key=lambda s: (-counts[s], s))
    return {symbol: first + i for i, symbol in enumerate(order)}


def pad_words(words, letters):
    lengths = torch.tensor([len(word) for word in words])
    return pad_sequence([torch.tensor([letters[c] for c in word])
                         for word in words]), lengths


def train(folder, steps):
    torch.manual_seed(0)
    random.seed(0)
    pairs = read_pairs(folder)
    letters = number([word for word, _ in pairs], 1)
    phones = number([p.split() for _, p in pairs], 1)
    data = [(word, torch.tensor([phones[p] for p in line.split()] + [END]))
            for word, line in pairs]
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    objective = nn.CrossEntropyLoss(ignore_index=-1)
    random.shuffle(data)
    bucket = BATCH * 64
    batches = []
    for begin in range(0, len(data), bucket):
        run = sorted(data[begin:begin + bucket],
                     key=lambda pair: (-len(pair[0]), -len(pair[1])))
        batches += [run[i:i + BATCH] for i in range(0, len(run), BATCH)]
    random.shuffle(batches)
    warmup, begin, words = 5, 0.0, 0
    for k, batch in enumerate(batches[:warmup + steps]):
        if k == warmup:
            begin, words = time.time(), 0
        source, lengths = pad_words([word for word, _ in batch], letters)
        target = pad_sequence([t for _, t in batch], padding_value=-1)
        previous = torch.cat([torch.zeros(1, len(batch), dtype=torch.long),
                              target[:-1].clamp(min=0)])
        scores = model(source, lengths, previous)
        loss = objective(scores.reshape(-1, PHONES), target.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        words += len(batch)
    rate = words / (time.time() - begin)
    print(json.dumps({"mode": "train", "threads": THREADS,
                      "words_per_second": round(rate, 1),
                      "epoch_seconds": round(len(data) / rate, 1)}))


def greedy(model, state):
    memory, keys, mask, h, c, fed = state
    count = h.shape[0]
    found, alive = [[] for _ in range(count)], list(range(count))
    tokens = torch.zeros(count, dtype=torch.long)
    for _ in range(40):
        h, c, fed = model.step(model.phone(tokens), memory, keys, mask, h, c,
                               fed)
        tokens = model.scores(fed).argmax(-1)
        keep = tokens != END
        for place, token in zip(alive, tokens.tolist()):
            if token != END:
                found[place].append(token)
        if not keep.all():
            alive = [p for p, k in zip(alive, keep.tolist()) if k]
            if not alive:
                break
            tokens, memory, keys, mask, h, c, fed = (
                x[keep] for x in (tokens, memory, keys, mask, h, c, fed))
    return found


def beam_search(model, state, width):
    count = state[3].shape[0]
    memory, keys, mask, h, c, fed = (
        x.repeat_interleave(width, 0) for x in state)
    sums = torch.full((count, width), float("-inf"))
    sums[:, 0] = 0
    tokens = torch.zeros(count * width, dtype=torch.long)
    alive = list(range(count))
    finished = [[] for _ in range(count)]
    history = [[[] for _ in range(width)] for _ in range(count)]
    for _ in range(40):
        h, c, fed = model.step(model.phone(tokens), memory, keys, mask, h, c,
                               fed)
        logs = model.scores(fed).log_softmax(-1).view(len(alive), width, -1)
        total = (sums.unsqueeze(-1) + logs).view(len(alive), -1)
        top, index = total.topk(2 * width)
        parents, classes = index // PHONES, index % PHONES
        rows, next_sums, next_tokens, next_alive, next_history = [], [], [], [], []
        for i, place in enumerate(alive):
            own = []
            for rank, (value, parent, token) in enumerate(
                    zip(top[i].tolist(), parents[i].tolist(),
                        classes[i].tolist())):
                if token == END:
                    if rank < width:
                        finished[place].append((value, history[i][parent]))
                elif len(own) < width:
                    own.append((value, parent, token))
            if len(finished[place]) >= width:
                continue
            next_alive.append(place)
            rows += [i * width + parent for _, parent, _ in own]
            next_sums.append([value for value, _, _ in own])
            next_tokens += [token for _, _, token in own]
            next_history.append([history[i][parent] + [token]
                                 for _, parent, token in own])
        if not next_alive:
            break
        alive, history = next_alive, next_history
        sums, tokens = torch.tensor(next_sums), torch.tensor(next_tokens)
        picked = torch.tensor(rows)
        memory, keys, mask, h, c, fed = (
            x[picked] for x in (memory, keys, mask, h, c, fed))
    for i, place in enumerate(alive):
        if not finished[place]:
            finished[place].append((sums[i, 0].item(), history[i][0]))
    return [max(list_)[1] for list_ in finished]


def decode(folder, weights, batch, width, limit):
    pairs = read_pairs(folder)
    letters = number([word for word, _ in pairs], 1)
    phones = number([p.split() for _, p in pairs], 1)
    names = {value: name for name, value in phones.items()}
    model = Model().eval()
    load(model, weights)
    words = open(os.path.join(folder, "test.txt")).read().split()[:limit]
    lines = []
    with torch.inference_mode():
        begin = time.time()
        for i in range(0, len(words), batch):
            state = model.encode(*pad_words(words[i:i + batch], letters))
            lines += (greedy(model, state) if width == 1
                      else beam_search(model, state, width))
        rate = len(words) / (time.time() - begin)
    for line in lines:
        print(" ".join(names[token] for token in line))
    print(json.dumps({"mode": "decode", "threads": THREADS, "batch": batch,
                      "beam": width, "words_per_second": round(rate, 1)}),
          file=sys.stderr)


def main():
    torch.set_num_threads(THREADS)
    arguments = sys.argv[1:]
    if len(arguments) >= 3 and arguments[0] == "train":
        train(arguments[1], int(arguments[3]) if len(arguments) > 3 else 100)
    elif len(arguments) >= 6 and arguments[0] == "decode":
        decode(arguments[1], arguments[3], int(arguments[4]), int(arguments[5]),
               int(arguments[6]) if len(arguments) > 6 else None)
    else:
        sys.exit(__doc__)


main()
