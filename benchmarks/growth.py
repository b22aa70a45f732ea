"""How latency, memory, throughput and training time grow with what causes them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.child_process import ask_module
from benchmarks.environment import describe_environment, load_average
from benchmarks.growth_curves import fit_curves
from benchmarks.growth_inference import Inference, InferenceRequest
from benchmarks.growth_models import BuildRequest, Built
from benchmarks.growth_plan import TRAINING, Effort, Point, plan
from benchmarks.growth_results import SCHEMA_VERSION, GrowthResults, Measured
from benchmarks.growth_training import TrainingRequest, TrainingTime
from benchmarks.kept_measurements import KeptMeasurements
from edge_runtime.console import progress
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.thread_choice import available_cores


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """Where models lie and measurements are kept."""

    models: Path
    kept: KeptMeasurements
    effort: Effort


def run_growth(
    effort: Effort, kept: KeptMeasurements, models: Path, *, quick: bool
) -> GrowthResults:
    """Measure all points, each in a process of its own; those that are kept are taken up.

    Args:
        effort: How much.
        kept: Where finished points are kept and found.
        models: Folder for the networks; made if it is absent.
        quick: Noted in the results.

    Raises:
        DeviceError: If a process fails.
        MissingDependencyError: If the packages for conversion are not installed.
    """
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    load_before = load_average()
    models.mkdir(parents=True, exist_ok=True)
    bench = _Bench(models=models, kept=kept, effort=effort)
    points = plan(effort, available_cores())
    built = _build_all(bench, points)
    turns = [(number, point) for number in range(effort.rounds) for point in points]
    measured, software = [], ""
    for number, point in progress(turns, len(turns), "growth, points"):
        one, by = _measure(bench, point, number, built)
        measured.append(one)
        software = by or software
    return GrowthResults(
        schema_version=SCHEMA_VERSION,
        created=created,
        notice=NOTICE,
        quick=quick,
        software=software,
        effort=effort,
        environment=describe_environment(load_before),
        measured=tuple(measured),
        growth=fit_curves(measured, available_cores()),
    )


def _build_all(bench: _Bench, points: Sequence[Point]) -> dict[tuple[int, str], Built]:
    """The networks that the points run, each built once."""
    wanted = [(point.image_size, point.cut) for point in points if point.study != TRAINING]
    networks = list(dict.fromkeys(wanted))
    built = {}
    for size, cut in progress(networks, len(networks), "growth, networks built"):
        request = BuildRequest(image_size=size, cut=cut, folder=str(bench.models))
        key = {"network": cut, "image_size": size}
        found = bench.kept.recall(key)
        there = found and all(request.path(name).is_file() for name in found["size_bytes"])
        answer = found if there else ask_module("benchmarks.growth_models", to_json(request), cut)
        built[size, cut] = from_json(Built, answer, "network")
        bench.kept.keep(key, answer)
    return built


def _measure(
    bench: _Bench, point: Point, number: int, built: dict[tuple[int, str], Built]
) -> tuple[Measured, str]:
    """A point, and what computed it if that is a runtime."""
    request: TrainingRequest | InferenceRequest
    if point.study == TRAINING:
        request = TrainingRequest(
            pictures=point.pictures, image_size=point.image_size, cut=point.cut
        )
        taken = from_json(
            TrainingTime, _answer(bench, "benchmarks.growth_training", request, point, number)
        )
        training_s = taken.features_s + taken.head_s
        return Measured(point=point, round=number, macs=0, size_bytes=0, training_s=training_s), ""
    network = built[point.image_size, point.cut]
    where = BuildRequest(image_size=point.image_size, cut=point.cut, folder=str(bench.models))
    request = InferenceRequest(
        model=str(where.path(point.variant)),
        interpreters=point.interpreters,
        min_queries=bench.effort.min_queries,
        min_s=bench.effort.min_s,
    )
    ran = from_json(
        Inference, _answer(bench, "benchmarks.growth_inference", request, point, number)
    )
    return Measured(
        point=point,
        round=number,
        macs=network.macs,
        size_bytes=network.size_bytes[point.variant],
        latency_ms=ran.p50_ms,
        throughput_per_s=ran.throughput_per_s,
        added_mib=ran.added_mib,
    ), ran.software


def _answer(bench: _Bench, module: str, request: Any, point: Point, number: int) -> Any:
    key = {"point": to_json(point), "round": number, "effort": _what_counts(bench.effort)}
    found = bench.kept.recall(key)
    if found is None:
        found = ask_module(module, to_json(request), point.name)
        bench.kept.keep(key, found)
    return found


def _what_counts(effort: Effort) -> dict[str, float]:
    """What a single point depends on."""
    return {"min_queries": effort.min_queries, "min_s": effort.min_s}
