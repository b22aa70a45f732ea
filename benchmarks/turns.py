"""Jobs take turns, so that a busy moment or a warm processor does not hit one of them alone.

In every round each job has one process. The order changes from round to round; jobs that are
compared with each other run next to each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np

from benchmarks.host_conditions import Observed, look_at_host, summarise_conditions
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.row_results import Conditions
from edge_runtime.console import log, progress
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import DeviceError

G = TypeVar("G")


class Timed(Protocol):
    """What every measurement has."""

    @property
    def invoke_ms(self) -> tuple[float, ...]:
        """Inference alone, of each query."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """Something that is measured once a round.

    Attributes:
        name: Different from that of any other job.
        key: All that its measurements depend on, JSON types.
        result: Class of a measurement.
        measure: Measures the round of a number.
        optional: A failure leaves the job out instead of ending the benchmark.
    """

    name: str
    key: Mapping[str, Any]
    result: type[Any]
    measure: Callable[[int], Timed]
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Round:
    """A measurement, and the machine before and after it."""

    measured: Any
    observed: Observed


@dataclass(frozen=True, kw_only=True)
class Taken:
    """All rounds of all jobs.

    Attributes:
        rounds: By name of the job.
        conditions: By name of the job.
        failed: Why a job was left out, by its name.
    """

    rounds: dict[str, list[Round]]
    conditions: dict[str, Conditions]
    failed: dict[str, str]


def take_turns(
    groups: Sequence[Sequence[Job]],
    rounds: int,
    kept: KeptMeasurements,
    *,
    repeat_noisy: int = 0,
) -> Taken:
    """Every round of every job, at first once, then again for groups that were noisy.

    Args:
        groups: Jobs of one group are compared with each other and run next to each other.
        rounds: How many.
        kept: Where finished rounds are kept and found.
        repeat_noisy: How often all rounds of a noisy group are measured again; the attempt with
            the smallest spread counts.

    Raises:
        DeviceError: If a job that is not optional fails.
    """
    taken = _attempt(groups, rounds, kept, 1)
    for attempt in range(2, 2 + repeat_noisy):
        noisy = [group for group in groups if _is_noisy(group, taken)]
        if not noisy:
            break
        log.info("%d of %d groups are noisy: measuring them again", len(noisy), len(groups))
        again = _attempt(noisy, rounds, kept, attempt)
        for group in noisy:
            better = _spread(group, again) < _spread(group, taken)
            for job in group:
                if better and job.name in again.rounds:
                    taken.rounds[job.name] = again.rounds[job.name]
                    taken.conditions[job.name] = again.conditions[job.name]
                if job.name in taken.conditions:
                    taken.conditions[job.name] = replace(
                        taken.conditions[job.name], attempts=attempt
                    )
    return taken


def _attempt(
    groups: Sequence[Sequence[Job]], rounds: int, kept: KeptMeasurements, attempt: int
) -> Taken:
    measured: dict[str, list[Round]] = {job.name: [] for group in groups for job in group}
    failed: dict[str, str] = {}
    turns = [
        (number, job)
        for number in range(rounds)
        for group in rotated(groups, number)
        for job in (reversed(group) if number % 2 else group)
    ]
    for number, job in progress(turns, len(turns), "latency, rounds of all rows"):
        if job.name in failed:
            continue
        try:
            measured[job.name].append(_round(job, number, attempt, kept))
        except DeviceError as error:
            if not job.optional:
                raise
            failed[job.name] = str(error)
            del measured[job.name]
    return Taken(
        rounds=measured,
        conditions={name: _conditions(found, attempt) for name, found in measured.items()},
        failed=failed,
    )


def _round(job: Job, number: int, attempt: int, kept: KeptMeasurements) -> Round:
    key = {**job.key, "job": job.name, "round": number, "attempt": attempt}
    found = kept.recall(key)
    if found is not None:
        return Round(
            measured=from_json(job.result, found["measured"], "measurement"),
            observed=from_json(Observed, found["observed"], "conditions"),
        )
    before = look_at_host()
    measured = job.measure(number)
    observed = Observed(before=before, after=look_at_host())
    kept.keep(key, {"measured": to_json(measured), "observed": to_json(observed)})
    return Round(measured=measured, observed=observed)


def rotated(items: Sequence[G], number: int) -> list[G]:
    """The items, begun at another one each time."""
    shift = number % len(items) if items else 0
    return [*items[shift:], *items[:shift]]


def p50_ms(measured: Timed) -> float:
    """Median latency of inference in a round, one that occurred."""
    return float(np.percentile(measured.invoke_ms, 50, method="inverted_cdf"))


def _conditions(rounds: Sequence[Round], attempt: int) -> Conditions:
    return summarise_conditions(
        [found.observed for found in rounds], [p50_ms(found.measured) for found in rounds], attempt
    )


def _is_noisy(group: Sequence[Job], taken: Taken) -> bool:
    return any(taken.conditions[job.name].noisy for job in group if job.name in taken.conditions)


def _spread(group: Sequence[Job], taken: Taken) -> float:
    return max(
        (taken.conditions[job.name].spread for job in group if job.name in taken.conditions),
        default=float("inf"),
    )
