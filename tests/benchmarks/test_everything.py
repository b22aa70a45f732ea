"""The whole comparison in one command, which does nothing twice."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import everything
from benchmarks.cli import app
from benchmarks.merged import read_results


@pytest.fixture(autouse=True)
def no_other_software(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building its environments takes the registries; a Python without it is left out with why."""
    monkeypatch.setattr(everything, "mediapipe_python", lambda _: Path(sys.executable))
    monkeypatch.setattr(everything, "tflite_runtime_python", lambda _: None)


def test_a_trained_model_is_measured_once_and_described(shared_world, tmp_path):
    out, run = tmp_path / "out", tmp_path / "run"
    run.mkdir()
    (run / "model.keras").write_bytes(b"none")  # a baseline that fails does not end the rest
    command = ["everything", "--out", out, "--run", run, "--models", shared_world.models]
    command += ["--data", shared_world.data, "--published", shared_world.model("float32")]

    def call() -> None:
        result = CliRunner().invoke(app, [str(word) for word in command])
        assert result.exit_code == 0, result.output

    call()
    (run,) = read_results(out / "results").runs
    assert {row.variant for row in run.models if row.latency} == {"float32", "int8"}
    assert "mediapipe" in " ".join(run.skipped)
    page = next((out / "report").glob("*.html"))
    assert "Time by operator" in page.read_text(encoding="utf-8")
    before = page.stat().st_mtime_ns
    call()
    assert page.stat().st_mtime_ns == before


def test_real_pictures_get_no_baseline_of_random_weights(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(everything, "_call", lambda *words, **_: calls.append(words))
    folder = str(tmp_path)
    command = ["everything", "--out", str(tmp_path / "out")]
    for option in ("--run", "--data", "--models"):
        command += [option, folder]
    assert CliRunner().invoke(app, command).exit_code == 0
    measured, *_ = calls
    assert measured[:2] == ("benchmarks", "run")
    assert "--published" not in measured


def test_a_run_without_its_pictures_is_refused(tmp_path):
    command = ["everything", "--out", str(tmp_path), "--run", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "--data" in result.output
