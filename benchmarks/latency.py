"""How long each variant takes and how much memory it needs, each in a process of its own.

Variants take turns: in every round each has one process, started in an order that changes from
round to round, so that a busy moment or a warm processor does not hit one variant alone. Queries
follow each other without pause (the single-stream scenario of MLPerf Inference, arXiv:1911.02549).
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Measurement, MeasureRequest
from benchmarks.results import Distribution, Latency, Memory, Settings
from edge_runtime.console import progress
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import DeviceError

ROUNDS = 5
WARMUP = 5


def measure_in_turns(
    models: Sequence[Path], pictures: Sequence[Path], settings: Settings
) -> dict[Path, list[Measurement]]:
    """Every round of every model.

    Args:
        models: Sealed model files.
        pictures: Pictures that can be scored, cycled over; all models get the same ones.
        settings: Number of queries, rounds and threads.

    Raises:
        DeviceError: If a measuring process fails.
    """
    measured: dict[Path, list[Measurement]] = {model: [] for model in models}
    per_round = math.ceil(settings.queries / settings.rounds)
    turns = [
        (number, model) for number in range(settings.rounds) for model in _rotated(models, number)
    ]
    for number, model in progress(turns, len(turns), "latency, rounds of all variants"):
        first = number * per_round
        queries = [pictures[i % len(pictures)] for i in range(first, first + per_round)]
        measured[model].append(_measure_in_child(model, queries, settings))
    return measured


def _rotated(models: Sequence[Path], number: int) -> list[Path]:
    shift = number % len(models)
    return [*models[shift:], *models[:shift]]


def _measure_in_child(model: Path, pictures: Sequence[Path], settings: Settings) -> Measurement:
    request = MeasureRequest(
        model=str(model),
        runtime=settings.runtime,
        threads=settings.threads,
        warmup=settings.warmup,
        pictures=tuple(str(picture) for picture in pictures),
    )
    # The child imports what this process imports, whatever lies in the working directory.
    child = subprocess.run(
        [sys.executable, "-P", "-m", "benchmarks.measure"],
        input=json.dumps(to_json(request)),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    lines = child.stdout.splitlines()
    if child.returncode != 0 or not lines:
        said = child.stderr.strip().splitlines()
        raise DeviceError(
            f"expected a measurement of {model.name!r}. Received: a process that ended with "
            f"status {child.returncode}: {said[-1] if said else 'no message'}. A negative status "
            "is a signal, -9 mostly a lack of memory: measure one variant at a time."
        )
    return from_json(Measurement, json.loads(lines[-1]), "measurement")


def summarise(rounds: Sequence[Measurement]) -> tuple[Latency, Memory]:
    """All rounds of one variant as one."""
    openings = [measured.opening for measured in rounds]
    end_to_end = _pooled([measured.end_to_end_ms for measured in rounds])
    latency = Latency(
        queries=len(end_to_end),
        end_to_end=_distribution(end_to_end),
        preprocess=_distribution(_pooled([measured.preprocess_ms for measured in rounds])),
        invoke=_distribution(_pooled([measured.invoke_ms for measured in rounds])),
        round_invoke_p50_ms=tuple(
            _distribution(np.array(measured.invoke_ms)).p50_ms for measured in rounds
        ),
        open_ms=_median([o.verify_ms + o.load_ms + o.self_test_ms for o in openings]),
        verify_ms=_median([opening.verify_ms for opening in openings]),
        load_ms=_median([opening.load_ms for opening in openings]),
        self_test_ms=_median([opening.self_test_ms for opening in openings]),
        first_ms=_median([measured.first_ms for measured in rounds]),
    )
    steady = [measured.steady_mib for measured in rounds if measured.steady_mib is not None]
    peaks = [measured.peak_mib for measured in rounds if measured.peak_mib is not None]
    memory = Memory(
        steady_mib=_median(steady) if steady else None, peak_mib=max(peaks, default=None)
    )
    return latency, memory


def _pooled(rounds: Sequence[Sequence[float]]) -> npt.NDArray[np.float64]:
    return np.array([value for values in rounds for value in values], dtype=np.float64)


def _distribution(values_ms: npt.NDArray[np.float64]) -> Distribution:
    # An inverted distribution function never invents a latency between two that occurred.
    p50, p90, p99 = np.percentile(values_ms, (50, 90, 99), method="inverted_cdf")
    return Distribution(
        min_ms=float(values_ms.min()),
        mean_ms=float(values_ms.mean()),
        p50_ms=float(p50),
        p90_ms=float(p90),
        p99_ms=float(p99),
    )


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
