"""Growth of cost: points, processes, curves, and going on after an interruption."""

import json
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.environment import describe_environment
from benchmarks.growth import run_growth
from benchmarks.growth_curves import fit_curves
from benchmarks.growth_inference import InferenceRequest, measure
from benchmarks.growth_plan import (
    CUT,
    FULL,
    IMAGE_SIZE,
    INTERPRETERS,
    QUICK,
    TRAINING,
    Effort,
    plan,
)
from benchmarks.growth_report import growth_markdown, growth_notes
from benchmarks.growth_results import SCHEMA_VERSION, GrowthResults, Measured, dump_growth
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.plot_growth import plot_growth
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.schema import from_json

TINY = Path(__file__).parents[1] / "data" / "tiny_int8.tflite"
SMALL = Effort(
    image_sizes=(75,),
    cuts=(),
    set_sizes=(),
    interpreters_by_core=0,
    rounds=1,
    min_queries=2,
    min_s=0.0,
)


def drawn_results(effort: Effort, cores: int = 2) -> GrowthResults:
    """Costs that follow power laws, as if they had been measured."""
    measured = []
    for number in range(effort.rounds):
        for point in plan(effort, cores):
            macs = int(1e9 * (point.image_size / 224) ** 2 * int(point.cut[5:]) ** 0.5)
            if point.study == TRAINING:
                one = Measured(
                    point=point, round=number, macs=0, size_bytes=0, training_s=point.pictures / 50
                )
            else:
                one = Measured(
                    point=point,
                    round=number,
                    macs=macs,
                    size_bytes=int(point.cut[5:]) * 1_000_000,
                    latency_ms=macs / 2e7,
                    throughput_per_s=10.0 * min(point.interpreters, cores),
                    added_mib=3.0 * int(point.cut[5:]),
                )
            measured.append(one)
    return GrowthResults(
        schema_version=SCHEMA_VERSION,
        created="2026-01-02T03:04:05+00:00",
        notice=NOTICE,
        quick=effort is QUICK,
        software="ai-edge-litert 2.3.0",
        effort=effort,
        environment=describe_environment(0.1),
        measured=tuple(measured),
        growth=fit_curves(measured, cores),
    )


def test_the_full_plan_has_all_sizes_and_cuts() -> None:
    points = plan(FULL, 4)
    assert {p.image_size for p in points if p.study == IMAGE_SIZE} == {150, 224, 299, 448}
    assert {p.cut for p in points if p.study == CUT} == {f"mixed{n}" for n in range(2, 11)}
    assert {p.interpreters for p in points if p.study == INTERPRETERS} == set(range(1, 9))
    assert QUICK.rounds * len(plan(QUICK, 4)) < FULL.rounds * len(points) / 4


def test_many_cores_do_not_mean_as_many_points() -> None:
    numbers = {p.interpreters for p in plan(FULL, 12) if p.study == INTERPRETERS}
    assert numbers == {1, 2, 4, 8, 12, 16, 24}


def test_interpreters_at_work_tell_latency_throughput_and_memory() -> None:
    one = measure(InferenceRequest(model=str(TINY), interpreters=2, min_queries=5, min_s=0.0))
    assert one.queries >= 10
    assert one.p50_ms > 0
    assert one.throughput_per_s > 0
    assert one.software.startswith(("ai-edge-litert", "tflite-runtime"))


def test_exponents_of_drawn_costs() -> None:
    results = drawn_results(FULL)
    by_study = {(one.study, one.y): one.law for one in results.growth}
    exponents = {key: law.exponent for key, law in by_study.items() if law is not None}
    assert exponents[IMAGE_SIZE, "latency (ms)"] == pytest.approx(2, abs=0.01)
    assert exponents[CUT, "latency (ms)"] == pytest.approx(1, abs=0.01)
    assert exponents[INTERPRETERS, "pictures/s"] == pytest.approx(1)
    assert exponents[TRAINING, "time (s)"] == pytest.approx(1)


@pytest.mark.parametrize("effort", [QUICK, FULL])
def test_each_study_has_its_plot_and_the_table_its_notice(effort: Effort, tmp_path: Path) -> None:
    results = drawn_results(effort)
    plot_growth(results, tmp_path)
    names = {path.name for path in tmp_path.glob("*.png")}
    assert names == {f"growth_{study}.png" for study in (IMAGE_SIZE, CUT, INTERPRETERS, TRAINING)}
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            image.verify()
    assert NOTICE in growth_markdown(results)
    assert any("Not for citing" in note for note in growth_notes(results)) == (effort is QUICK)


def test_results_are_read_back() -> None:
    results = drawn_results(QUICK)
    assert from_json(GrowthResults, json.loads(dump_growth(results)), "growth") == results


def test_plots_where_the_system_hides_memory(tmp_path: Path) -> None:
    results = drawn_results(QUICK)
    hidden = json.loads(dump_growth(results))
    for one in hidden["measured"]:
        one["added_mib"] = None
    plot_growth(from_json(GrowthResults, hidden, "growth"), tmp_path)
    assert list(tmp_path.glob("growth_*.png"))


@pytest.mark.tensorflow
def test_networks_are_built_measured_and_not_measured_again(tmp_path: Path) -> None:
    kept = KeptMeasurements(folder=tmp_path / "kept")
    first = run_growth(SMALL, kept, tmp_path / "models", quick=True)
    assert len(first.measured) == 2
    assert all(one.latency_ms and one.macs > 1e6 for one in first.measured)
    float32, int8 = first.measured
    assert int8.size_bytes < float32.size_bytes / 3
    assert kept.found == 0
    again = run_growth(SMALL, kept, tmp_path / "models", quick=True)
    assert again.measured == first.measured
    assert kept.found == 3
