"""The schema of ``growth.json``, whose fields are those of :class:`GrowthResults`."""

import json
from dataclasses import dataclass

from benchmarks.growth_fit import PowerLaw
from benchmarks.growth_plan import Effort, Point
from benchmarks.row_results import Environment
from edge_runtime.contract.schema import to_json

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A point of one round.

    Attributes:
        point: What was measured.
        round: From 0.
        macs: Multiplications with addition of one inference.
        size_bytes: Of the file; 0 in training.
        latency_ms: Median of inference; None in training.
        throughput_per_s: Pictures a second, all interpreters together; None in training.
        added_mib: Resident memory that loading and running added; None where it is hidden.
        training_s: Features and head; None elsewhere.
    """

    point: Point
    round: int
    macs: int
    size_bytes: int
    latency_ms: float | None = None
    throughput_per_s: float | None = None
    added_mib: float | None = None
    training_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A power law fitted to all rounds of a study.

    Attributes:
        study: As of the points.
        variant: As of the points.
        x: What grows: ``image side (px)``, ``arithmetic (GMAC)``, ``file size (MB)``,
            ``interpreters`` or ``pictures``.
        y: What it costs: ``latency (ms)``, ``added memory (MiB)``, ``pictures/s`` or ``time (s)``.
        law: The fit; None with fewer than two different x.
    """

    study: str
    variant: str
    x: str
    y: str
    law: PowerLaw | None


@dataclass(frozen=True, kw_only=True)
class GrowthResults:
    """All of one benchmark of growth.

    Attributes:
        schema_version: Of this layout.
        created: UTC time at the start, ISO 8601.
        notice: What this software is not.
        quick: Whether few points were measured, once.
        software: Package and version of the runtime.
        effort: How much was measured.
        environment: Where.
        measured: All points of all rounds.
        growth: The fits.
    """

    schema_version: int
    created: str
    notice: str
    quick: bool
    software: str
    effort: Effort
    environment: Environment
    measured: tuple[Measured, ...]
    growth: tuple[Growth, ...]


def dump_growth(results: GrowthResults) -> str:
    """The results as indented JSON with a final newline."""
    return json.dumps(to_json(results), indent=2, allow_nan=False) + "\n"
