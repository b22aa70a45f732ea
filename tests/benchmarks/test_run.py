"""``melanoma-bench run`` from end to end on the tiny model."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import plot_panels
from benchmarks.results import Results
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.embed import open_sealed, write_sealed
from edge_runtime.contract.golden import GoldenSet
from edge_runtime.contract.operating_point import choose_operating_point, scores_from_logits
from edge_runtime.contract.schema import from_json
from edge_runtime.errors import (
    DelegateUnavailableError,
)


def results_in(out: Path) -> dict[str, Any]:
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def row(results: dict[str, Any], variant: str) -> dict[str, Any]:
    return next(model for model in results["models"] if model["variant"] == variant)


@pytest.fixture(scope="module")
def done(bench, shared_world, tmp_path_factory) -> tuple[Path, str]:
    """Output folder and stdout of a benchmark of both variants on the test split."""
    out = tmp_path_factory.mktemp("done") / "out"
    stdout = bench(shared_world.models, "--data", shared_world.data, "--queries", 12, "--out", out)
    return out, stdout


def test_results_have_the_schema_and_plain_numbers(done):
    results = from_json(Results, results_in(done[0]), "results")
    assert results.schema_version == 1
    assert [model.variant for model in results.models] == ["keras", "float32", "int8"]
    assert (results.pictures.pictures, results.pictures.scored) == (16, 16)
    assert (results.pictures.positive, results.pictures.groups) == (8, 8)
    assert results.pictures.chosen_by == "scores.csv"
    assert results.notice == NOTICE


def test_accuracy_equals_a_direct_computation(done, shared_world):
    results = results_in(done[0])
    test = [picture for picture in shared_world.scored if picture.split == "test"]
    labels = np.array([picture.label == "malignant" for picture in test])
    logits = {v: shared_world.logits(v, [p.file for p in test]) for v in ("float32", "int8")}
    refers = {}
    for variant in logits:
        scores = scores_from_logits(logits[variant], shared_world.temperature)
        threshold = open_sealed(shared_world.model(variant)).card.operating_point.threshold
        refers[variant] = scores >= threshold
        accuracy = row(results, variant)["accuracy"]
        pairs = scores[labels][:, None] - scores[~labels][None]
        expected = {
            "roc_auc": np.mean((pairs > 0) + 0.5 * (pairs == 0)),
            "sensitivity": np.mean(refers[variant][labels]),
            "specificity": np.mean(~refers[variant][~labels]),
            "accuracy": np.mean(refers[variant] == labels),
        }
        for name, value in expected.items():
            assert accuracy["figures"][name]["value"] == pytest.approx(value), name
        assert accuracy["threshold"] == threshold
        assert accuracy["brier"] == pytest.approx(np.mean((scores - labels) ** 2))
        assert accuracy["decisions"]["refer"] == refers[variant].sum()
        keras = np.array([picture.logit for picture in test])
        assert accuracy["max_logit_difference"] == pytest.approx(
            np.abs(logits[variant] - keras).max()
        )
        keras_scores = np.array([picture.score for picture in test])
        assert accuracy["max_score_difference"] == pytest.approx(
            np.abs(scores - keras_scores).max()
        )
    assert row(results, "int8")["accuracy"]["flips"] == (refers["int8"] != refers["float32"]).sum()
    assert 0 < row(results, "float32")["accuracy"]["figures"]["roc_auc"]["value"] < 1


def test_every_figure_has_an_interval_around_it(done):
    for model in results_in(done[0])["models"]:
        for name in ("roc_auc", "pr_auc", "sensitivity", "specificity", "accuracy", "f1"):
            figure = model["accuracy"]["figures"][name]
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1, name
            assert figure["low"] < figure["high"], name
    change = row(results_in(done[0]), "int8")["accuracy"]["roc_auc_change"]
    assert change["low"] <= change["value"] <= change["high"]


def test_keras_row_has_its_own_threshold_and_no_latency(done, shared_world):
    keras = row(results_in(done[0]), "keras")
    valid = [picture for picture in shared_world.scored if picture.split == "valid"]
    point = choose_operating_point(
        np.array([int(picture.label == "malignant") for picture in valid]),
        np.array([picture.score for picture in valid]),
        target=0.75,
    )
    assert keras["accuracy"]["threshold"] == point.threshold
    assert keras["latency"] is None
    assert keras["size_bytes"] is None
    float32 = row(results_in(done[0]), "float32")
    assert float32["accuracy"]["max_logit_difference"] == pytest.approx(
        shared_world.keras_offset, abs=1e-5
    )


def test_latencies_are_ordered_and_add_up(done):
    results = results_in(done[0])
    for variant in ("float32", "int8"):
        latency = row(results, variant)["latency"]
        assert latency["queries"] == 15  # 12 asked for, in 5 rounds of equal size
        assert len(latency["round_invoke_p50_ms"]) == 5
        for part in ("end_to_end", "preprocess", "invoke"):
            times = latency[part]
            assert 0 < times["min_ms"] <= times["p50_ms"] <= times["p90_ms"] <= times["p99_ms"]
        means = {part: latency[part]["mean_ms"] for part in ("end_to_end", "preprocess", "invoke")}
        assert means["preprocess"] + means["invoke"] < means["end_to_end"]
        assert latency["self_test_ms"] < latency["open_ms"]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's process status")
def test_memory_is_that_of_a_bare_process(done):
    memory = row(results_in(done[0]), "int8")["memory"]
    assert 20 < memory["steady_mib"] <= memory["peak_mib"] < 200


def test_environment_names_neither_user_nor_paths(done, shared_world):
    results = results_in(done[0])
    text = (done[0] / "results.json").read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert str(shared_world.models.parent) not in text
    environment = results["environment"]
    assert environment["cores"] >= 1
    assert {"python", "numpy", "pillow", "melanoma-edge"} <= set(environment["versions"])
    assert row(results, "int8")["runtime"].split()[0] in environment["versions"]
    assert results["pictures"]["data"] == "data"


def test_table_notes_and_files(done):
    out, stdout = done
    assert sorted(path.name for path in out.iterdir()) == [
        "accuracy_latency.png",
        "results.json",
        "table.md",
    ]
    assert not out.with_name("out.partial").exists()
    lines = stdout.splitlines()
    assert lines[0].startswith("variant")
    assert [line.split()[0] for line in lines[2:5]] == ["keras", "float32", "int8"]
    assert "16 of 16 test pictures" in stdout
    assert "demonstration model" in stdout
    assert lines[-1] == NOTICE
    table = (out / "table.md").read_text(encoding="utf-8")
    assert "| int8 |" in table
    assert NOTICE in table


def test_plot_is_a_picture_with_colours(done):
    with Image.open(done[0] / "accuracy_latency.png") as image:
        image.load()
        assert image.format == "PNG"
        assert image.width > 1000
        colours = {colour for _, colour in image.convert("RGB").getcolors(maxcolors=1 << 24)}
    for variant in ("float32", "int8"):
        assert tuple(bytes.fromhex(plot_panels.COLOURS[variant][1:])) in colours


def test_as_a_command_from_a_folder_that_has_the_same_names(shared_world, tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").write_text("raise SystemExit('wrong package')")
    command = [sys.executable, "-P", "-c", "from benchmarks.cli import main; main()", "run"]
    models, data = str(shared_world.model("int8")), str(shared_world.data)
    ended = subprocess.run(
        [*command, models, "--json", "--data", data, "--queries", "1", "--out", "out"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    results = from_json(Results, json.loads(ended.stdout), "results")
    assert [model.variant for model in results.models] == ["keras", "int8"]
    assert results.models[1].accuracy.flips is None
    assert NOTICE in ended.stderr


def test_variant_for_absent_hardware_is_left_out_and_said(bench, world, tmp_path, quick):
    sealed = open_sealed(world.model("int8"))
    golden = GoldenSet(
        cases=tuple(
            dataclasses.replace(case, logits={"edgetpu": 0.0}) for case in sealed.card.golden.cases
        ),
        tolerance={"edgetpu": 1.0},
    )
    card = dataclasses.replace(
        sealed.card, variant="edgetpu", requires_delegate="edgetpu", golden=golden
    )
    world.model("int8").unlink()
    flatbuffer = Path(__file__).parents[1] / "data" / "tiny_int8.tflite"
    write_sealed(world.model("edgetpu"), flatbuffer.read_bytes(), card, sealed.golden)
    stdout = bench(world.models, "--data", world.data, *quick)
    results = results_in(tmp_path / "out")
    assert [model["variant"] for model in results["models"]] == ["keras", "float32"]
    assert "Edge TPU" in results["skipped"]["edgetpu"]
    assert "edgetpu was left out" in stdout
    world.model("float32").unlink()
    with pytest.raises(DelegateUnavailableError):
        bench(world.models, "--data", world.data, "--out", tmp_path / "other")


def test_default_output_lies_beside_the_models(bench, world):
    bench(world.model("int8"), "--data", world.data, "--queries", 1)
    (out,) = world.models.glob("benchmark-*")
    assert (out / "results.json").is_file()


def test_pictures_that_cannot_be_scored_are_counted_and_left_out(bench, world, tmp_path, quick):
    (world.models / "scores.csv").unlink()
    Image.new("RGB", (64, 64), (90, 90, 90)).save(world.data / "benign" / "flat.png")
    (world.data / "malignant" / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    stdout = bench(world.models, "--data", world.data, "--split", "all", *quick)
    results = results_in(tmp_path / "out")
    assert (results["pictures"]["pictures"], results["pictures"]["scored"]) == (50, 48)
    decisions = row(results, "int8")["accuracy"]["decisions"]
    assert (decisions["retake"], decisions["unreadable"]) == (1, 1)
    assert sum(decisions.values()) == 50
    assert "1 to RETAKE, 1 that could not be used" in stdout
