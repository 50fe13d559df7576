"""Cells that PyTorch's library does not have, as one writes them there with
care: the gates' weights in one matrix, and the product with the input in front
of the loop. They can be scripted."""

from typing import List

import torch
import torch.nn.functional as F


def joined(tensors, layer, names):
    """Parameters of the gates side by side."""
    return torch.nn.Parameter(torch.cat([tensors[f"{layer}.{name}"] for name in names], dim=-1))


class Custom(torch.nn.Module):
    """`pieces` says which parameters of the reference an own parameter joins."""

    def __init__(self, tensors, pieces):
        super().__init__()
        self.pieces = pieces
        for name, parts in pieces.items():
            setattr(self, name, joined(tensors, "layer0", parts))

    def gradients(self):
        result = {}
        for name, parts in self.pieces.items():
            grad = getattr(self, name).grad
            for part, piece in zip(parts, grad.chunk(len(parts), dim=-1)):
                result[f"layer0.{part}"] = piece
        return result


def gates(names, suffix):
    return [name + suffix for name in names]


class PeepholeLSTM(Custom):
    def __init__(self, tensors):
        names = ("input", "forget", "output", "cell")
        super().__init__(tensors, {
            "W": gates(names, ".weight.0"), "U": gates(names, ".weight.1"),
            "b": gates(names, ".bias"), "P": gates(names[:2], ".peephole"),
            "p": ["output.peephole"]})

    def forward(self, x):
        T, B, I = x.shape
        H = self.U.shape[0]
        xs = torch.addmm(self.b, x.reshape(T * B, I), self.W).view(T, B, 4 * H)
        h, c = x.new_zeros(B, H), x.new_zeros(B, H)
        outputs: List[torch.Tensor] = []
        for t in range(T):
            s = torch.addmm(xs[t], h, self.U)
            peeped = s[:, :2 * H] + self.P * torch.cat((c, c), dim=1)
            i, f = torch.sigmoid(peeped).chunk(2, dim=1)
            c = f * c + i * torch.tanh(s[:, 3 * H:])
            o = torch.sigmoid(s[:, 2 * H:3 * H] + self.p * c)
            h = o * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs)


class LayerNormLSTM(Custom):
    def __init__(self, tensors):
        names = ("input", "forget", "output", "cell")
        super().__init__(tensors, {
            "W": gates(names, ".x.weight.0"), "U": gates(names, ".h.weight.0"),
            "gx": gates(names, ".x.norm.gain"), "gh": gates(names, ".h.norm.gain"),
            "b": gates(names, ".h.norm.bias"), "gc": ["norm.gain"], "bc": ["norm.bias"]})

    def forward(self, x):
        T, B, I = x.shape
        H = self.U.shape[0]
        xs = torch.mm(x.reshape(T * B, I), self.W).view(T, B, 4, H)
        xs = F.layer_norm(xs, [H]).view(T, B, 4 * H) * self.gx + self.b
        h, c = x.new_zeros(B, H), x.new_zeros(B, H)
        outputs: List[torch.Tensor] = []
        for t in range(T):
            hs = F.layer_norm(torch.mm(h, self.U).view(B, 4, H), [H]).view(B, 4 * H)
            s = torch.addcmul(xs[t], hs, self.gh)
            i, f, o = torch.sigmoid(s[:, :3 * H]).chunk(3, dim=1)
            c = f * c + i * torch.tanh(s[:, 3 * H:])
            h = o * torch.tanh(F.layer_norm(c, [H], self.gc, self.bc))
            outputs.append(h)
        return torch.stack(outputs)


class MadeUp(Custom):
    def __init__(self, tensors):
        names = ("keep", "write", "value")
        super().__init__(tensors, {
            "W": gates(names, ".weight.0"), "U": gates(names, ".weight.1"),
            "b": gates(names, ".bias")})

    def forward(self, x):
        T, B, I = x.shape
        H = self.U.shape[0]
        xs = torch.addmm(self.b, x.reshape(T * B, I), self.W).view(T, B, 3 * H)
        h, s = x.new_zeros(B, H), x.new_zeros(B, H)
        outputs: List[torch.Tensor] = []
        for t in range(T):
            sums = torch.addmm(xs[t], h, self.U)
            k, w = torch.sigmoid(sums[:, :2 * H]).chunk(2, dim=1)
            s = torch.lerp(sums[:, 2 * H:], s, k)
            h = torch.lerp(h, s * torch.rsqrt(1 + s * s), w)
            outputs.append(h)
        return torch.stack(outputs)


CELLS = {"lstm_peephole": PeepholeLSTM, "lstm_layer_norm": LayerNormLSTM, "made_up": MadeUp}
