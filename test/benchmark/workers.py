"""Worker processes (see workers/Worker.h), one for each library and number of
threads, pinned to the same processors."""

import dataclasses
import json
import os
import pathlib
import subprocess
import threading

import machine

HERE = pathlib.Path(__file__).parent
PYTHON = "/usr/bin/python3"  # the one that Debian's packages belong to

# An idle worker stops spinning before the next one's turn; see run.py.
OPENMP = {"KMP_BLOCKTIME": "10"}


class WorkerError(Exception):
    pass


@dataclasses.dataclass
class Peer:
    """A way to run cases: a command, its environment, and what requests say."""
    command: list
    environment: dict = dataclasses.field(default_factory=dict)
    request: dict = dataclasses.field(default_factory=dict)


def peers(binaries, onnxruntime):
    """All peers by name, whether or not they are installed."""
    cpu = machine.cpu_info()
    torch = {"ATEN_CPU_CAPABILITY": machine.vector_capability(cpu)}
    if core := machine.blas_core(cpu):
        torch["OPENBLAS_CORETYPE"] = core
    ravel = [binaries / "ravel-benchmark"]
    torch_worker = [PYTHON, HERE / "torch_worker.py"]
    return {
        "ravel": Peer(ravel, OPENMP),
        "ravel-loop": Peer(ravel, OPENMP, {"options": {"without": "linear-scan"}}),
        "ravel-f32": Peer(ravel, OPENMP, {"options": {}}),
        "onednn": Peer([binaries / "ravel-benchmark-onednn"]),
        "onnxruntime": Peer([binaries / "ravel-benchmark-onnxruntime", onnxruntime]),
        "torch": Peer(torch_worker, torch, {"variant": "library"}),
        "torch-eager": Peer(torch_worker, torch, {"variant": "eager"}),
        "torch-script": Peer(torch_worker, torch, {"variant": "script"}),
    }


class Worker:
    """A running worker."""

    def __init__(self, peer, threads, errors):
        self.peer, self.threads = peer, threads
        processors = machine.choose_processors(threads)
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads),
                           OPENBLAS_NUM_THREADS=str(threads), **peer.environment)
        try:
            self.process = subprocess.Popen(
                peer.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                text=True, env=environment,
                preexec_fn=lambda: os.sched_setaffinity(0, processors))
        except OSError as error:
            raise WorkerError(f"cannot start: {error}") from error

    def ask(self, op, timeout=600, **request):
        request = dict(request, op=op, threads=self.threads, **self.peer.request)
        watch = threading.Timer(timeout, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            raise WorkerError(f"ended with status {self.process.wait()} (see the log of workers)")
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def close(self):
        self.process.stdin.close()
        self.process.wait()
