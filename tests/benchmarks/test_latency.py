"""Measuring in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.latency import device_job, summarise
from benchmarks.matrix import Row
from benchmarks.measure import Measurement
from benchmarks.results import Settings
from benchmarks.turns import take_turns
from edge_runtime.classifier import OpeningTimes
from edge_runtime.errors import DeviceError

SETTINGS = Settings(runtime="auto", threads=1, queries=5, rounds=2, warmup=1, resamples=2000)


def measurement(end_to_end: tuple[float, ...], peak: float | None) -> Measurement:
    return Measurement(
        opening=OpeningTimes(verify_ms=1.0, load_ms=2.0, self_test_ms=3.0),
        first_ms=9.0,
        preprocess_ms=tuple(1.0 for _ in end_to_end),
        invoke_ms=tuple(value - 1 for value in end_to_end),
        end_to_end_ms=end_to_end,
        steady_mib=peak and peak / 2,
        peak_mib=peak,
    )


def row(path: Path) -> Row:
    return Row(
        variant=path.stem,
        path=path,
        file_sha256=path.name,
        runtime="ai-edge-litert",
        delegate="cpu",
        threads=1,
    )


def test_each_row_gets_every_round_and_enough_queries(shared_world):
    rows = [row(shared_world.model("float32")), row(shared_world.model("int8"))]
    pictures = sorted((shared_world.data / "benign").iterdir())[:2]
    jobs = [[device_job(one, pictures, SETTINGS, "")] for one in rows]
    taken = take_turns(jobs, SETTINGS.rounds, KeptMeasurements(folder=None))
    assert set(taken.rounds) == {one.name for one in rows}
    for rounds in taken.rounds.values():
        assert [len(found.measured.invoke_ms) for found in rounds] == [3, 3]
        assert [len(found.measured.resize_ms) for found in rounds] == [3, 3]


def test_a_failing_process_is_reported_with_its_last_words(tmp_path):
    (tmp_path / "no.tflite").write_bytes(b"nothing")
    job = device_job(row(tmp_path / "no.tflite"), [tmp_path / "no.png"], SETTINGS, "")
    with pytest.raises(DeviceError, match=r"no\.tflite.*status 1: .*CardMissingError"):
        take_turns([[job]], SETTINGS.rounds, KeptMeasurements(folder=None))


def test_percentiles_are_latencies_that_occurred():
    rounds = [measurement(tuple(range(2, 52)), 80.0), measurement(tuple(range(52, 102)), 100.0)]
    latency, memory = summarise(rounds)
    assert latency.queries == 100
    assert (latency.end_to_end.min_ms, latency.end_to_end.p50_ms) == (2, 51)
    assert (latency.end_to_end.p90_ms, latency.end_to_end.p99_ms) == (91, 100)
    assert latency.end_to_end.mean_ms == 51.5
    assert latency.round_invoke_p50_ms == (25.0, 75.0)
    assert latency.open_ms == 6.0
    assert (memory.steady_mib, memory.peak_mib) == (45.0, 100.0)


def test_memory_may_be_unknown():
    _, memory = summarise([measurement((2.0, 3.0), None)])
    assert memory.steady_mib is None
    assert memory.peak_mib is None


def test_the_measuring_process_loads_only_what_the_device_needs():
    code = "import sys, benchmarks.measure; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in said.stdout.split()}
    assert not loaded & {"typer", "rich", "matplotlib", "trainer", "tensorflow", "keras"}
