"""A worker (see workers/Worker.h) that runs cases with PyTorch."""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import PackedSequence

import tensorfile
import torch_cells
import torch_library


def load(path):
    """The reference's tensors; the lengths as a list."""
    tensors = {}
    for name, (shape, values) in tensorfile.read(path).items():
        tensors[name] = (list(values) if name == "lengths" else
                         torch.tensor(values, dtype=torch.float32).reshape(shape))
    return tensors


def store(path, tensors):
    tensorfile.write(path, {
        name: (value.shape, value.detach().contiguous().numpy().tobytes())
        for name, value in tensors.items()})


class Worker:
    def prepare(self, request):
        torch.set_num_threads(request["threads"])
        tensors = load(request["reference"])
        self.rate = request["rate"]
        self.trains = request["mode"] == "training"
        self.streams = request["mode"] == "streaming"
        self.ragged = request["ragged"]
        self.make_network(request, tensors)
        self.make_inputs(request, tensors)
        # Scripted code is compiled in the first calls. Parameters must not change
        # before they are compared.
        for _ in range(3):
            self.backward() if self.trains else self.step()
        return {"version": torch.__version__}

    def make_network(self, request, tensors):
        if request["variant"] == "library":
            self.owner = torch_library.Library(request, tensors)
            self.network = self.owner.network
        else:
            self.owner = torch_cells.CELLS[request["cell"]](tensors)
            self.network = self.owner
        if request["variant"] == "script":
            self.network = torch.jit.script(self.network)
            if not self.trains:
                self.network = torch.jit.freeze(self.network.eval())
        self.parameters = list(self.owner.parameters())

    def make_inputs(self, request, tensors):
        x = tensors["input.x"]
        if self.ragged:
            lengths = tensors["lengths"]
            sizes = [sum(length > step for length in lengths) for step in range(request["T"])]
            x = PackedSequence(x, torch.tensor(sizes))
        elif not self.streams:
            x = x.view(request["T"], request["B"], request["I"])
        self.x = x
        if self.trains:
            self.target = tensors["input.t"].view(request["T"], request["B"], request["H"])
        if self.streams:
            self.state = tensors["input.h"]
            if "input.c" in tensors:
                self.state = (self.state, tensors["input.c"])

    def forward(self):
        if self.streams:
            return self.network(self.x, self.state)
        result = self.network(self.x)
        return result[0] if isinstance(result, tuple) else result

    def backward(self):
        for parameter in self.parameters:
            parameter.grad = None
        F.mse_loss(self.forward(), self.target).backward()

    def step(self):
        if self.trains:
            self.backward()
            with torch.no_grad():
                torch._foreach_add_(self.parameters, [p.grad for p in self.parameters],
                                    alpha=-self.rate)
        else:
            with torch.inference_mode():
                self.forward()

    def evaluate(self, request):
        if self.trains:
            self.backward()
            store(request["to"], self.owner.gradients())
            return {}
        with torch.inference_mode():
            result = self.forward()
        outputs = [result.data if self.ragged else result]
        if self.streams and isinstance(result, tuple):
            outputs = list(result)
        store(request["to"], {f"output.{k}": value for k, value in enumerate(outputs)})
        return {}

    def measure(self, request):
        """As `measureTime` in lib/Execution does."""
        def once(calls):
            begin = time.perf_counter()
            for _ in range(calls):
                self.step()
            return (time.perf_counter() - begin) / calls

        seconds = request["seconds"]
        end = time.perf_counter() + seconds / 10
        shortest = once(1)
        while time.perf_counter() < end:
            shortest = min(shortest, once(1))
        calls = int(20e-6 / shortest) + 1 if shortest < 20e-6 else 1
        end = time.perf_counter() + seconds
        times = []
        while len(times) < 2 or time.perf_counter() < end:
            times.append(once(calls))
        return {"ms": [1e3 * value for value in times]}


def main():
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(worker, request["op"])(request)
        except Exception as error:  # the worker goes on with the next case
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
