"""How long each row takes and how much memory it needs, each round in a process of its own.

Queries follow each other without pause: MLPerf's SingleStream scenario, see ``early_stopping``.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.child_process import ask_module
from benchmarks.early_stopping import (
    MLPERF_MIN_S,
    PERCENTILES,
    percentile_bound,
    queries_needed,
)
from benchmarks.matrix import Row
from benchmarks.measure import Measurement, MeasureRequest
from benchmarks.results import Distribution, Energy, Latency, Memory, Settings
from benchmarks.row_results import BareRatio, PercentileBound, RoundRatio
from benchmarks.turns import Job, Timed, p50_ms
from edge_runtime.contract.schema import from_json, to_json

ROUNDS = 5
WARMUP = 5
_MLPERF_PERCENTILE = 0.9


def device_job(row: Row, pictures: Sequence[Path], settings: Settings, pictures_key: str) -> Job:
    """A row as the device runs it, from picture file to decision.

    Args:
        row: What runs.
        pictures: Pictures that can be scored, cycled over; all rows get the same ones.
        settings: Number of queries and rounds.
        pictures_key: Digest of the pictures and their order.
    """

    def measure(number: int) -> Measurement:
        first, count = slice_of_round(settings, number)
        request = MeasureRequest(
            model=str(row.path),
            runtime=row.runtime,
            threads=row.threads,
            warmup=settings.warmup,
            pictures=tuple(str(pictures[i % len(pictures)]) for i in range(first, first + count)),
            delegate=row.delegate,
            min_s=settings.min_s / settings.rounds,
        )
        answer = ask_module("benchmarks.measure", to_json(request), repr(row.path.name))
        return from_json(Measurement, answer, "measurement")

    return Job(
        name=row.name,
        key={
            "file": row.file_sha256,
            "pictures": pictures_key,
            "settings": to_json(settings),
        },
        result=Measurement,
        measure=measure,
    )


def slice_of_round(settings: Settings, number: int) -> tuple[int, int]:
    """The first query of a round, and how many."""
    per_round = math.ceil(settings.queries / settings.rounds)
    return number * per_round, per_round


def summarise(rounds: Sequence[Measurement]) -> tuple[Latency, Memory]:
    """All rounds of one row as one."""
    openings = [measured.opening for measured in rounds]
    end_to_end = pooled([measured.end_to_end_ms for measured in rounds])
    invoke = pooled([measured.invoke_ms for measured in rounds])
    resize = pooled([measured.resize_ms for measured in rounds])
    seconds = float(end_to_end.sum()) / 1e3
    latency = Latency(
        queries=len(end_to_end),
        end_to_end=distribution(end_to_end),
        preprocess=distribution(pooled([measured.preprocess_ms for measured in rounds])),
        invoke=distribution(invoke),
        round_invoke_p50_ms=tuple(p50_ms(measured) for measured in rounds),
        open_ms=median([o.verify_ms + o.load_ms + o.self_test_ms for o in openings]),
        verify_ms=median([opening.verify_ms for opening in openings]),
        load_ms=median([opening.load_ms for opening in openings]),
        self_test_ms=median([opening.self_test_ms for opening in openings]),
        first_ms=median([measured.first_ms for measured in rounds]),
        resize=distribution(resize) if resize.size else None,
        throughput_per_s=len(end_to_end) / seconds,
        seconds=seconds,
        bounds=bounds(end_to_end),
        invoke_bounds=bounds(invoke),
        mlperf_minimum=seconds >= MLPERF_MIN_S
        and len(end_to_end) >= queries_needed(_MLPERF_PERCENTILE),
    )
    return latency, memory_of(
        [measured.steady_mib for measured in rounds], [measured.peak_mib for measured in rounds]
    )


def ratio_to_bare(rounds: Sequence[Measurement], bare: Sequence[Timed]) -> BareRatio:
    """A row's latency by that of the bare loop of the same round."""
    loops = [p50_ms(measured) for measured in bare]
    whole = [distribution(pooled([measured.end_to_end_ms])).p50_ms for measured in rounds]
    return BareRatio(
        invoke=_round_ratio([p50_ms(measured) for measured in rounds], loops),
        end_to_end=_round_ratio(whole, loops),
    )


def _round_ratio(above: Sequence[float], below: Sequence[float]) -> RoundRatio:
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return RoundRatio(value=median(ratios), low=min(ratios), high=max(ratios))


def memory_of(steady: Sequence[float | None], peaks: Sequence[float | None]) -> Memory:
    """Of all rounds: the median while steady, and the highest peak."""
    known = [value for value in steady if value is not None]
    return Memory(
        steady_mib=median(known) if known else None,
        peak_mib=max((value for value in peaks if value is not None), default=None),
    )


def energy_of(rounds: Sequence[Measurement]) -> Energy | None:
    """Of all rounds; None where there is no meter, or none that worked."""
    known = [measured.picture_j for measured in rounds if measured.picture_j is not None]
    meter = rounds[0].energy_meter
    if meter is None or not known:
        return None
    return Energy(meter=meter, picture_j=median(known), low_j=min(known), high_j=max(known))


def bounds(values_ms: npt.NDArray[np.float64]) -> tuple[PercentileBound, ...]:
    """MLPerf's estimate of each percentile."""
    return tuple(
        PercentileBound(
            percentile=percentile,
            queries_needed=queries_needed(percentile),
            bound_ms=percentile_bound(values_ms.tolist(), percentile),
        )
        for percentile in PERCENTILES
    )


def pooled(rounds: Sequence[Sequence[float]]) -> npt.NDArray[np.float64]:
    """The latencies of all rounds, float64, shape (n,)."""
    return np.array([value for values in rounds for value in values], dtype=np.float64)


def distribution(values_ms: npt.NDArray[np.float64]) -> Distribution:
    """Of at least one latency."""
    # An inverted distribution function never invents a latency between two that occurred.
    p50, p90, p99 = np.percentile(values_ms, (50, 90, 99), method="inverted_cdf")
    return Distribution(
        min_ms=float(values_ms.min()),
        mean_ms=float(values_ms.mean()),
        p50_ms=float(p50),
        p90_ms=float(p90),
        p99_ms=float(p99),
    )


def median(values: Sequence[float]) -> float:
    """Of at least one value."""
    return float(np.median(values))
