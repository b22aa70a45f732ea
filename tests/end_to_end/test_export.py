"""What ``melanoma-convert`` publishes, and what it refuses."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.manifest import read_scores
from edge_runtime.contract.preprocess import preprocess

pytestmark = pytest.mark.tensorflow

Command = Callable[..., subprocess.CompletedProcess[str]]
FLOAT32, FLOAT16, INT8 = (
    f"inceptionv3_mixed0_75_{variant}.tflite" for variant in ("float32", "float16", "int8")
)


def test_the_folder_holds_named_variants_and_their_records(models: Path) -> None:
    names = {path.name for path in models.iterdir()}
    assert names == {FLOAT32, INT8, "scores.csv", "calibration.csv", "export.json"}


def test_float32_computes_what_keras_computed(models: Path, drawn_data: Path) -> None:
    with LesionClassifier.open(models / FLOAT32) as classifier:
        for picture in read_scores(models / "scores.csv"):
            pixels = preprocess(drawn_data / picture.file, classifier.card.preprocessing)
            assert classifier.logit(pixels) == pytest.approx(picture.logit, abs=1e-3)


def test_int8_follows_float32(models: Path, drawn_data: Path) -> None:
    files = [drawn_data / picture.file for picture in read_scores(models / "scores.csv")]
    logits = []
    for name in (FLOAT32, INT8):
        with LesionClassifier.open(models / name) as classifier:
            logits.append([classifier.assess(file).logit for file in files])
    assert np.corrcoef(np.array(logits, dtype=np.float64))[0, 1] > 0.95


def test_int8_takes_pixels_as_they_are_and_gives_a_float_logit(models: Path) -> None:
    card = open_sealed(models / INT8).card
    assert (card.input.dtype, card.input.scale, card.input.zero_point) == ("uint8", 1.0, 0)
    assert card.input.shape == (1, 75, 75, 3)
    assert (card.output.dtype, card.output.shape) == ("float32", (1, 1))


def test_each_variant_has_its_own_operating_point(models: Path) -> None:
    cards = [open_sealed(models / name).card for name in (FLOAT32, INT8)]
    assert cards[0].operating_point.threshold != cards[1].operating_point.threshold
    for card in cards:
        assert card.operating_point.chosen_on == "valid"
        assert card.operating_point.sensitivity.value >= 0.95


def test_golden_cases_expect_something_of_both_kernel_families(models: Path) -> None:
    for name in (FLOAT32, INT8):
        golden = open_sealed(models / name).card.golden
        assert set(golden.tolerance) == {"xnnpack", "builtin"}
        assert len(golden.cases) == 4


def test_calibration_pictures_are_training_pictures_only(models: Path) -> None:
    train = {p.file for p in read_scores(models / "scores.csv") if p.split == "train"}
    lines = (models / "calibration.csv").read_text().splitlines()[1:]
    assert lines
    assert {line.split(",")[0] for line in lines} <= train


def test_the_same_run_gives_the_same_bytes(
    command: Command, run_folder: Path, models: Path, tmp_path: Path
) -> None:
    command("converter", "export", run_folder, "--out", tmp_path / "again")
    for name in (FLOAT32, INT8):
        assert (tmp_path / "again" / name).read_bytes() == (models / name).read_bytes()


def test_float16_is_made_on_demand_and_lies_close_to_keras(
    command: Command, run_folder: Path, models: Path, drawn_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "models"
    command("converter", "export", run_folder, "--out", out, "--variants", "float16")
    assert {path.name for path in out.iterdir()} == {FLOAT16, "scores.csv", "export.json"}
    card, float32 = open_sealed(out / FLOAT16).card, open_sealed(models / FLOAT32).card
    assert (card.input, card.output) == (float32.input, float32.output)
    assert card.golden.tolerance == float32.golden.tolerance
    assert card.conversion.calibration_pictures == 0
    assert (out / FLOAT16).stat().st_size < (models / FLOAT32).stat().st_size
    picture = next(p for p in read_scores(out / "scores.csv") if p.split == "test")
    with LesionClassifier.open(out / FLOAT16) as classifier:
        logit = classifier.assess(drawn_data / picture.file).logit
    assert logit == pytest.approx(picture.logit, abs=0.05)


def test_the_card_can_be_shown(command: Command, models: Path) -> None:
    shown = command("converter", "card", models / INT8).stdout
    for part in (
        "int8",
        "threshold",
        "sensitivity (valid)",
        "not a medical device",
        "mean nothing",
    ):
        assert part in shown
    parsed = json.loads(command("converter", "card", models / INT8, "--json").stdout)
    assert parsed["variant"] == "int8"


def test_an_output_that_exists_is_refused(command: Command, run_folder: Path, models: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in models.iterdir()}
    done = command("converter", "export", run_folder, "--out", models, expect=2)
    assert "does not exist yet" in done.stderr
    assert {path.name: path.stat().st_mtime_ns for path in models.iterdir()} == before


def test_a_folder_that_is_no_run_is_refused(command: Command, tmp_path: Path) -> None:
    done = command("converter", "export", tmp_path, "--out", tmp_path / "models", expect=3)
    assert "run folder" in done.stderr


@pytest.mark.parametrize("record", ["{}", "[]", "not JSON", '{"picture_folder": null}'])
def test_a_damaged_run_record_is_refused(
    command: Command, run_folder: Path, tmp_path: Path, record: str
) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    (run / "run.json").write_text(record)
    done = command("converter", "export", run, "--out", tmp_path / "models", expect=3)
    assert "run.json" in done.stderr


def test_an_unknown_variant_is_refused(command: Command, run_folder: Path, tmp_path: Path) -> None:
    arguments = ("--out", tmp_path / "models", "--variants", "float32,int3")
    done = command("converter", "export", run_folder, *arguments, expect=6)
    assert "int3" in done.stderr


def test_pictures_that_moved_are_found_by_data(
    command: Command, run_folder: Path, drawn_data: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    record["picture_folder"] = str(tmp_path / "gone")
    (run / "run.json").write_text(json.dumps(record))
    only_float = ("--variants", "float32", "--out", tmp_path / "models")
    done = command("converter", "export", run, *only_float, expect=4)
    assert "--data" in done.stderr
    command("converter", "export", run, *only_float, "--data", drawn_data)


def test_a_model_swapped_for_another_is_refused(
    command: Command, run_folder: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    (run / "model.keras").write_bytes((run / "model.keras").read_bytes() + b"x")
    done = command("converter", "export", run, "--out", tmp_path / "models", expect=3)
    assert "other bytes" in done.stderr


def test_a_picture_that_changed_since_training_is_refused(
    command: Command, run_folder: Path, drawn_data: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(drawn_data, tmp_path / "data")
    changed = next(p for p in read_scores(run_folder / "scores.csv") if p.split == "valid")
    rng = np.random.default_rng(0)
    (data / changed.file).write_bytes(rng.bytes(500))
    arguments = ("--out", tmp_path / "models", "--data", data, "--variants", "float32")
    done = command("converter", "export", run_folder, *arguments, expect=4)
    assert changed.file in done.stderr
    assert not (tmp_path / "models.partial").exists()
