"""Runs in a process of its own: interpreters at work, their latency, throughput and memory.

The request is JSON on stdin, the answer the last line on stdout. Nothing is imported but what a
device needs.
"""

import json
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.baseline_process import memory_mib
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.interpreter import choose_runtime, load_runner
from edge_runtime.runner import Runner

_WARMUP = 3


@dataclass(frozen=True, kw_only=True)
class InferenceRequest:
    """What to run.

    Attributes:
        model: Path of a ``.tflite`` file.
        interpreters: Each in a thread of its own, with one thread of inference.
        min_queries: Of each interpreter.
        min_s: Seconds to go on for at least.
    """

    model: str
    interpreters: int
    min_queries: int
    min_s: float


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What came of it.

    Attributes:
        p50_ms: Median latency of all interpreters.
        queries: Of all interpreters.
        throughput_per_s: Of all interpreters together.
        added_mib: Resident memory that loading and running added; None where the system hides it.
        software: Package and version that computed.
    """

    p50_ms: float
    queries: int
    throughput_per_s: float
    added_mib: float | None
    software: str


def measure(request: InferenceRequest) -> Inference:
    """Load, warm up, then let all interpreters run at the same time."""
    status = choose_runtime("auto")  # its import is no growth
    before = memory_mib("VmRSS")
    runners = [
        load_runner(Path(request.model), runtime=status) for _ in range(request.interpreters)
    ]
    shape, dtype = runners[0].input.shape, runners[0].input.dtype
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    for runner in runners:
        for _ in range(_WARMUP):
            runner.run(pixels)
    taken: list[list[float]] = [[] for _ in runners]
    threads = [
        threading.Thread(target=_run, args=(runner, pixels, request, latencies))
        for runner, latencies in zip(runners, taken, strict=True)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    after = memory_mib("VmRSS")
    queries = sum(map(len, taken))
    return Inference(
        p50_ms=statistics.median(one for latencies in taken for one in latencies),
        queries=queries,
        throughput_per_s=queries / seconds,
        added_mib=None if before is None or after is None else after - before,
        software=runners[0].info.runtime,
    )


def _run(
    runner: Runner,
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    request: InferenceRequest,
    latencies: list[float],
) -> None:
    begun = time.perf_counter()
    while len(latencies) < request.min_queries or time.perf_counter() - begun < request.min_s:
        start = time.perf_counter()
        runner.run(pixels)
        latencies.append((time.perf_counter() - start) * 1e3)


def main() -> None:
    """Answer the request on stdin."""
    request = from_json(InferenceRequest, json.load(sys.stdin), "request")
    sys.stdout.write(json.dumps(to_json(measure(request))) + "\n")


if __name__ == "__main__":
    main()
