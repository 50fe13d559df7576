"""Runs the benchmark; see README.md.

Ravel and its peers compute the same cases with the same parameters and inputs,
in turns, on the same processors. Results go to DIR/results.jsonl, table.md and
chart.svg.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

import cases
import chart
import machine
import report
import tensorfile
import workers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Longer than the threads of an idle worker spin.
PAUSE = 0.03


def find_binaries():
    program = shutil.which("ravel-benchmark")
    return pathlib.Path(program).parent if program else ROOT / "build/release/bin"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench.sh", description=__doc__)
    parser.add_argument("--only", metavar="REGEX", default="",
                        help="only the cases whose names match")
    parser.add_argument("--peers", metavar="NAME,...",
                        help="only these peers (none: an empty list)")
    parser.add_argument("--threads", metavar="N,...", default="1,2",
                        help="numbers of threads (1,2)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path,
                        default=ROOT / "build/bench/results",
                        help="the folder for results (build/bench/results)")
    parser.add_argument("--binaries", metavar="DIR", type=pathlib.Path, default=find_binaries(),
                        help="the folder with ravel-benchmark and its peers")
    parser.add_argument("--onnxruntime", metavar="FILE", default="",
                        help="the library libonnxruntime.so")
    return parser.parse_args()


class Benchmark:
    def __init__(self, arguments):
        self.out = arguments.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.work = self.out / "work"
        self.work.mkdir(exist_ok=True)
        self.rounds, self.seconds = (3, 0.1) if arguments.quick else (7, 0.3)
        self.threads = [int(count) for count in arguments.threads.split(",")]
        self.peers = workers.peers(arguments.binaries.resolve(), arguments.onnxruntime)
        self.wanted = None if arguments.peers is None else arguments.peers.split(",")
        self.limits = machine.Limits(arguments.binaries / "ravel-machine-limits", self.threads)
        self.log = open(self.out / "workers.log", "w")
        self.running = {}
        self.versions = {}
        self.rows = []

    # Workers

    def worker(self, name, threads):
        """A worker that runs; it is started if need be."""
        key = name, threads
        process = self.running.get(key)
        if process is None or process.process.poll() is not None:
            self.running[key] = workers.Worker(self.peers[name], threads, self.log)
        return self.running[key]

    def stop_workers(self):
        for process in self.running.values():
            process.close()
        self.running.clear()

    # One case

    def prepare(self, name, case, threads):
        """Makes a case ready on a worker and compares what it computes."""
        model, reference = self.work / "model.mlir", self.work / "reference.safetensors"
        request = dict(case.request(), model=str(model), reference=str(reference),
                       onnx=str(self.work / "model.onnx"), cache=str(self.work / "cache"))
        if name == "ravel":
            model.write_text(case.model)
        if name == "onnxruntime":
            self.write_onnx(request)
        process = self.worker(name, threads)
        reply = process.ask("prepare", **request)
        self.versions.setdefault(name, reply.get("version"))
        process.ask("evaluate", to=str(self.work / f"{name}.safetensors"))
        if name != "ravel":
            reply["difference"] = tensorfile.difference(
                self.work / "ravel.safetensors", self.work / f"{name}.safetensors")
        return reply

    def write_onnx(self, request):
        file = self.work / "request.json"
        file.write_text(json.dumps(request))
        result = subprocess.run(
            [workers.PYTHON, HERE / "onnx_models.py", file, request["onnx"]],
            capture_output=True, text=True)
        if result.returncode:
            raise workers.WorkerError(result.stderr.strip().splitlines()[-1])

    def measure(self, names, threads):
        """Medians over rounds of each worker's medians, and minima. The workers
        take turns, each round another one first."""
        times = {name: [] for name in names}
        for turn in range(self.rounds):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                time.sleep(PAUSE)
                reply = self.worker(name, threads).ask("measure", seconds=self.seconds)
                times[name].append(reply["ms"])
        return {name: (statistics.median(map(statistics.median, rounds)), min(map(min, rounds)))
                for name, rounds in times.items()}

    def run_case(self, case, threads):
        replies, failures = {}, {}
        names = [name for name in case.peers if self.wanted is None or name in self.wanted]
        for name in ["ravel"] + names:
            try:
                replies[name] = self.prepare(name, case, threads)
            except (workers.WorkerError, ValueError) as error:
                failures[name] = str(error)
                if name == "ravel":
                    break
        times = self.measure(list(replies), threads) if "ravel" in replies else {}
        for name in names or [None]:
            self.add_row(case, threads, name, times, replies, failures)

    def add_row(self, case, threads, name, times, replies, failures):
        row = {"case": case.name, "mode": case.mode, "threads": threads, "ravel_ms": None,
               "peer": name, "peer_ms": None, "ratio": None, "gflops": None,
               "fraction_of_peak": None}
        if "ravel" in times:
            row["ravel_ms"], row["ravel_min_ms"] = times["ravel"]
            row["gflops"] = replies["ravel"]["operations"] / row["ravel_ms"] * 1e-6
            if case.B == 1 and case.swept_bytes:
                row["swept_bytes"], row["steps"] = case.swept_bytes, case.T
            self.relate(row)
        if name in times:
            row["peer_ms"], row["peer_min_ms"] = times[name]
            row["ratio"] = row["peer_ms"] / row["ravel_ms"]
            row["difference"] = replies[name]["difference"]
            row["agrees"] = row["difference"] <= case.tolerance
        error = failures.get("ravel") or failures.get(name)
        if error:
            row["error"] = error
        self.add(row)

    def relate(self, row):
        """Puts a row in relation to what the machine can do."""
        row["fraction_of_peak"] = row["gflops"] / self.limits.peak(row["threads"])
        if "swept_bytes" in row:
            sweep = self.limits.sweep_ms(row["swept_bytes"], row["threads"])
            row["bandwidth_ms"] = sweep * row["steps"]
            row["fraction_of_bandwidth"] = row["bandwidth_ms"] / row["ravel_ms"]

    # What a compile costs

    def run_compile(self, case, threads):
        """Seconds of a compilation, of loading what was compiled before, and
        from the start of a process to a function that can be called."""
        model = self.work / "model.mlir"
        model.write_text(case.model)
        cache = self.work / "compile-cache"

        def compile_once(directory):
            begin = time.perf_counter()
            process = workers.Worker(self.peers["ravel"], threads, self.log)
            reply = process.ask("prepare", **dict(
                case.request(), model=str(model), compile_only=True, cache=directory))
            seconds = time.perf_counter() - begin
            process.close()
            return reply["compile_seconds"], seconds

        row = {"case": case.name, "mode": "compile", "threads": threads, "peer": None}
        try:
            cold = [compile_once("") for _ in range(self.rounds)]
            compile_once(str(cache))
            cached = [compile_once(str(cache)) for _ in range(self.rounds)]
            row["compile_seconds"] = statistics.median(seconds for seconds, _ in cold)
            row["cached_seconds"] = statistics.median(seconds for seconds, _ in cached)
            row["start_seconds"] = statistics.median(seconds for _, seconds in cached)
        except workers.WorkerError as error:
            row["error"] = str(error)
        self.add(row)

    # Results

    def add(self, row):
        self.rows.append(row)
        self.write_results()
        print(report.line(row), flush=True)

    def write_results(self):
        with open(self.out / "results.jsonl", "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in self.rows)

    def description(self):
        """What the run was made with."""
        used = {row["peer"] for row in self.rows if row.get("peer_ms")} | {"ravel"}
        return {
            "processor": machine.cpu_info().get("model name", platform.machine()),
            "limits": self.limits.values,
            "rounds": self.rounds, "seconds": self.seconds,
            "peers": {name: {"version": self.versions.get(name),
                             "environment": self.peers[name].environment}
                      for name in sorted(used)},
        }

    def run(self, chosen):
        load = os.getloadavg()[0]
        if load > 0.5:
            print(f"bench: other programs are running (load {load:.1f}): times will be noisy")
        for threads in self.threads:
            for case in chosen:
                # One thread compiles, whatever runs later.
                if not case.group.startswith("compile"):
                    self.run_case(case, threads)
                elif threads == self.threads[0]:
                    self.run_compile(case, threads)
            self.stop_workers()
            self.limits.measure_again()
        for row in self.rows:
            if row.get("gflops"):
                self.relate(row)
        self.write_results()
        description = self.description()
        (self.out / "run.json").write_text(json.dumps(description, indent=2) + "\n")
        (self.out / "table.md").write_text(report.table(self.rows, description))
        (self.out / "chart.svg").write_text(chart.draw(self.rows))
        print(f"bench: see {self.out}/table.md, chart.svg and results.jsonl")


def main():
    arguments = parse_arguments()
    chosen = [case for case in cases.all_cases() if re.search(arguments.only, case.name)]
    if arguments.list:
        print("\n".join(case.name for case in chosen))
        return 0
    if not chosen:
        print(f"bench: no case matches {arguments.only}", file=sys.stderr)
        return 1
    benchmark = Benchmark(arguments)
    benchmark.run(chosen)
    measured = [row for row in benchmark.rows if row.get("ravel_ms") or row["mode"] == "compile"]
    disagreeing = [row for row in measured if row.get("agrees") is False]
    for row in disagreeing:
        print(f"bench: {row['case']}: {row['peer']} computes something else "
              f"(difference {row['difference']:.1e})", file=sys.stderr)
    return 1 if disagreeing or not measured else 0


if __name__ == "__main__":
    sys.exit(main())
