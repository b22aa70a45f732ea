"""What ``melanoma-bench run`` refuses, and that nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import plot
from benchmarks.cli import app
from edge_runtime.errors import (
    CardMissingError,
    DatasetError,
    InputError,
    MissingDependencyError,
    OutputExistsError,
)


def test_empty_folder(bench, tmp_path, quick):
    with pytest.raises(InputError, match="melanoma-convert export"):
        bench(tmp_path, "--data", tmp_path, *quick)
    assert not (tmp_path / "out.partial").exists()


def test_exit_code_of_the_command(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "run", str(tmp_path), "--data", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == InputError.exit_code
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: expected .tflite files.")


def test_missing_models(bench, tmp_path, quick):
    with pytest.raises(InputError, match="no such file or folder"):
        bench(tmp_path / "absent", "--data", tmp_path, *quick)


def test_file_without_card_among_good_ones(bench, world, quick):
    (world.models / "bare.tflite").write_bytes(
        (Path(__file__).parents[1] / "data" / "tiny_int8.tflite").read_bytes()
    )
    with pytest.raises(CardMissingError, match=r"bare\.tflite") as caught:
        bench(world.models, "--data", world.data, *quick)
    assert caught.value.exit_code == 3


def test_variants_of_two_models(bench, world, quick):
    world.seal("int8", model_sha256="b" * 64)
    with pytest.raises(InputError, match="one trained model"):
        bench(world.models, "--data", world.data, *quick)


def test_one_variant_twice(bench, world, quick):
    copy = world.models / "again.tflite"
    copy.write_bytes(world.model("int8").read_bytes())
    with pytest.raises(InputError, match="one file a variant"):
        bench(world.models, "--data", world.data, *quick)


def test_output_is_never_overwritten(bench, shared_world, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputExistsError):
        bench(shared_world.models, "--data", shared_world.data, "--out", tmp_path / "out")


def test_output_in_an_impossible_place(bench, shared_world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--out"):
        bench(shared_world.models, "--data", shared_world.data, "--out", tmp_path / "file" / "out")


def test_nothing_is_left_of_a_failed_benchmark(bench, world, tmp_path, quick):
    for path in (world.data / "benign").iterdir():
        path.unlink()
    with pytest.raises(DatasetError):
        bench(world.models, "--data", world.data, *quick)
    assert not list(tmp_path.glob("out*"))


def test_without_matplotlib_nothing_is_measured(bench, shared_world, quick, monkeypatch):
    monkeypatch.setattr(plot.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"melanoma-edge\[bench\]"):
        bench(shared_world.models, "--data", shared_world.data, *quick)


@pytest.mark.parametrize(("option", "value"), [("--split", "tests"), ("--runtime", "tensorflow")])
def test_unknown_choice(shared_world, option, value):
    arguments = ["run", str(shared_world.models), "--data", str(shared_world.data), option, value]
    result = CliRunner().invoke(app, arguments, env={**os.environ, "TERM": "dumb"})
    assert result.exit_code == 2
    assert value in result.output


def test_a_run_folder_without_a_model(bench, shared_world, tmp_path, quick):
    with pytest.raises(DatasetError, match=r"no model\.keras in"):
        bench(*(shared_world.models, "--data", shared_world.data, "--run-folder", tmp_path), *quick)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_time_without_end(shared_world, value):
    arguments = ["run", str(shared_world.models), "--data", str(shared_world.data)]
    result = CliRunner().invoke(app, [*arguments, "--min-seconds", value])
    assert result.exit_code == 2
    assert "finite" in result.output
