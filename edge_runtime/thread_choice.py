"""How many threads an inference should have here: measured once, then kept for this host."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from edge_runtime.host_state import recall, remember
from edge_runtime.runner import Runner

AUTO: Literal["auto"] = "auto"
ThreadCount = int | Literal["auto"]

_TOPIC = "threads"
_MOST_THREADS = 8  # InceptionV3's layers are too small to feed more
_MEASURED_RUNS = 5
_WORTH_A_CORE = 0.9  # more threads must take at most this share of the time of fewer


def available_cores() -> int:
    """Processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no such call
        return os.cpu_count() or 1


def choose_runner(load: Callable[[int], Runner], model: Mapping[str, str]) -> Runner:
    """A runner with the thread count that is fastest on this host.

    1, 2, 4 … threads are tried at the first start of a model on a host, five inferences each
    after one that warms up; more threads are taken where they save a tenth of the median time.
    The choice is kept in the state folder.

    Args:
        load: Loads the model for a number of threads.
        model: What the choice depends on besides the host: the file, runtime and delegate.
    """
    cores = available_cores()
    key = {**model, "cores": str(cores)}
    threads = recall(_TOPIC, key)
    if type(threads) is int and 1 <= threads <= cores:
        return load(threads)
    runner = _fastest(load, min(cores, _MOST_THREADS))
    remember(_TOPIC, key, runner.info.threads)
    return runner


def _fastest(load: Callable[[int], Runner], most: int) -> Runner:
    best = load(1)
    best_s = _median_run_s(best) if most > 1 else 0.0
    threads = 2
    while threads <= most:
        candidate = load(threads)
        candidate_s = _median_run_s(candidate)
        if candidate_s > _WORTH_A_CORE * best_s:
            break
        best, best_s = candidate, candidate_s
        threads *= 2
    return best


def _median_run_s(runner: Runner) -> float:
    tensor = np.zeros(runner.input.shape, np.dtype(runner.input.dtype))
    runner.run(tensor)
    times_s = []
    for _ in range(_MEASURED_RUNS):
        start = time.perf_counter()
        runner.run(tensor)
        times_s.append(time.perf_counter() - start)
    # The module of that name costs a start more than all else here.
    return sorted(times_s)[_MEASURED_RUNS // 2]
