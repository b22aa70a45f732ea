"""What ``melanoma-convert`` publishes, and what it refuses."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
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
NAME = "inceptionv3_mixed0_75_"
VARIANTS = ("float32", "float16", "dynamic_int8", "weight_int8", "int8")
FLOAT32, FLOAT16, DYNAMIC_INT8, WEIGHT_INT8, INT8 = (
    f"{NAME}{variant}.tflite" for variant in VARIANTS
)


def test_the_folder_holds_named_variants_and_their_records(models: Path) -> None:
    names = {path.name for path in models.iterdir()}
    records = {f"{NAME}{variant}.gate.json" for variant in VARIANTS}
    files = {f"{NAME}{variant}.tflite" for variant in VARIANTS}
    assert names == files | records | {"scores.csv", "calibration.csv", "export.json"}


def test_the_record_says_what_each_file_holds(models: Path) -> None:
    record = json.loads((models / "export.json").read_text())
    for variant in VARIANTS:
        described = record["variants"][variant]
        content = (models / described["file"]).read_bytes()
        assert described["sha256"] == hashlib.sha256(content).hexdigest()
        assert described["size_bytes"] == len(content)
        assert {o["name"] for o in described["operators"]} >= {"CONV_2D", "FULLY_CONNECTED"}
    assert "int8" in record["variants"]["int8"]["tensors"]
    assert record["ranges"]["method"] == "percentile"
    assert record["ranges"]["pictures"] > 0


def test_each_variant_has_its_gate_report(models: Path) -> None:
    for variant in VARIANTS:
        report = json.loads((models / f"{NAME}{variant}.gate.json").read_text())
        assert report["published"]
        assert {f["limit"] for f in report["findings"]} == {"auc_drop", "sensitivity_drop"}
        for finding in report["findings"]:
            assert finding["drop"]["low"] <= finding["drop"]["value"] <= finding["drop"]["high"]


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
    command: Command, run_folder: Path, models: Path, wide_gate: tuple[str, str], tmp_path: Path
) -> None:
    command("converter", "export", run_folder, "--out", tmp_path / "again", *wide_gate)
    for name in (FLOAT32, FLOAT16, DYNAMIC_INT8, WEIGHT_INT8, INT8):
        assert (tmp_path / "again" / name).read_bytes() == (models / name).read_bytes()


def test_forms_with_float_activations_take_and_give_what_float32_does(models: Path) -> None:
    float32 = open_sealed(models / FLOAT32).card
    for name in (FLOAT16, DYNAMIC_INT8, WEIGHT_INT8):
        card = open_sealed(models / name).card
        assert (card.input, card.output) == (float32.input, float32.output)
        assert card.conversion.calibration_pictures == 0
        assert (models / name).stat().st_size < (models / FLOAT32).stat().st_size


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
    done = command("converter", "export", run_folder, *arguments, expect=2)
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


def test_a_folder_that_cannot_be_written_ends_in_a_clear_error(
    command: Command, run_folder: Path
) -> None:
    done = command("converter", "export", run_folder, "--out", "/proc/models", expect=5)
    assert "expected a disk that can be read and written" in done.stderr
    assert "/proc/models.partial" in done.stderr


def test_an_interrupted_export_leaves_nothing(run_folder: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "converter", "export", run_folder, "--out", tmp_path / "models"]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()  # the first line: the float model is being converted
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_without_the_edgetpu_compiler_what_it_takes_is_left(
    command: Command, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    options = ("--variants", "edgetpu", "--gate", "auc_drop<=1")
    out = tmp_path / "models"
    done = command("converter", "export", run_folder, "--out", out, *options, expect=6)
    assert "apt-get install edgetpu-compiler" in done.stderr
    assert (out / INT8).is_file()
    prediction = json.loads((out / f"{NAME}edgetpu.preflight.json").read_text())
    assert prediction["status"] == "predicted"
    assert not (out / f"{NAME}edgetpu.tflite").exists()


def test_json_describes_the_files_that_were_written(
    command: Command, run_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "models"
    arguments = ("--out", out, "--variants", "float32", "--json")
    described = json.loads(command("converter", "export", run_folder, *arguments).stdout)
    assert described == json.loads((out / "export.json").read_text())["variants"]
    assert (out / described["float32"]["file"]).is_file()
