"""What ``melanoma-train fit`` leaves behind, and what it refuses."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.contract.card import load_draft
from edge_runtime.contract.manifest import read_scores
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.evaluation import roc_auc

pytestmark = pytest.mark.tensorflow

Command = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("--weights", "none", "--cut", "mixed0", "--image-size", "75")


def test_a_run_folder_holds_all_that_was_promised(run_folder: Path) -> None:
    names = {path.relative_to(run_folder).as_posix() for path in run_folder.rglob("*.*")}
    assert names == {
        "model.keras",
        "card.json",
        "split.csv",
        "scores.csv",
        "history.csv",
        "metrics.json",
        "run.json",
        "plots/curves.png",
        "plots/roc.png",
        "plots/confusion_matrix.png",
    }
    assert not run_folder.with_name("run.partial").exists()


def test_every_metric_has_an_interval_around_it(run_folder: Path) -> None:
    metrics = json.loads((run_folder / "metrics.json").read_text())
    assert set(metrics) == {"train", "valid", "test"}
    wanted = {"accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "sensitivity"}
    for row in metrics.values():
        assert wanted <= set(row)
        for estimate in row.values():
            assert estimate["low"] <= estimate["value"] <= estimate["high"]


def test_metrics_and_scores_tell_the_same(run_folder: Path) -> None:
    pictures = [p for p in read_scores(run_folder / "scores.csv") if p.split == "test"]
    labels = [int(picture.label == "malignant") for picture in pictures]
    auc = roc_auc(labels, [picture.score for picture in pictures])
    metrics = json.loads((run_folder / "metrics.json").read_text())
    assert metrics["test"]["roc_auc"]["value"] == pytest.approx(auc)


def test_scores_are_the_calibrated_logits(run_folder: Path) -> None:
    draft = load_draft((run_folder / "card.json").read_text())
    for picture in read_scores(run_folder / "scores.csv"):
        assert picture.score == score_from_logit(picture.logit, draft.temperature)


def test_the_operating_point_reaches_its_target_on_validation(run_folder: Path) -> None:
    point = load_draft((run_folder / "card.json").read_text()).operating_point
    assert point.sensitivity.value >= point.target == 0.95


def test_no_lesion_crosses_the_split(run_folder: Path, drawn_data: Path) -> None:
    with (drawn_data / "metadata.csv").open() as stream:
        lesions = {row["file"]: row["lesion_id"] for row in csv.DictReader(stream)}
    assert len(set(lesions.values())) < len(lesions)
    splits: dict[str, set[str]] = {}
    for picture in read_scores(run_folder / "scores.csv"):
        assert picture.group == lesions[picture.file]
        splits.setdefault(picture.group, set()).add(picture.split)
    assert all(len(names) == 1 for names in splits.values())


def test_the_same_seed_gives_the_same_model(
    command: Command, run_folder: Path, drawn_data: Path, tmp_path: Path
) -> None:
    command("trainer", "fit", drawn_data, "--out", tmp_path / "again", *SMALL)
    first = read_scores(run_folder / "scores.csv")
    for old, new in zip(first, read_scores(tmp_path / "again" / "scores.csv"), strict=True):
        assert (old.file, old.split) == (new.file, new.split)
        assert new.logit == pytest.approx(old.logit, abs=1e-4)


def test_an_interrupted_run_goes_on_where_it_stopped(
    command: Command, run_folder: Path, drawn_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    arguments = ["fit", str(drawn_data), "--out", str(out), *SMALL, "--batch-size", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"MELANOMA_CACHE": str(tmp_path / "cache")},
    )
    checkpoint = out.with_name("run.partial") / "features.json"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not out.exists()
    resumed = command("trainer", *arguments)
    assert "going on after" in resumed.stderr
    first = read_scores(run_folder / "scores.csv")
    for old, new in zip(first, read_scores(out / "scores.csv"), strict=True):
        assert new.logit == pytest.approx(old.logit, abs=1e-4)


def test_an_unreadable_picture_is_named_and_the_rest_is_trained_on(
    command: Command, drawn_data: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(drawn_data, tmp_path / "data")
    (data / "benign" / "cut_short.jpg").write_bytes(
        next((data / "benign").glob("*.jpg")).read_bytes()[:600]
    )
    (data / "malignant" / "words.jpg").write_text("not a picture")
    (data / "malignant" / "empty.png").write_bytes(b"")
    done = command("trainer", "fit", data, "--out", tmp_path / "run", *SMALL)
    assert "benign/cut_short.jpg left out" in done.stderr
    with (tmp_path / "run" / "unusable.csv").open() as stream:
        unusable = {row["file"]: row["reason"] for row in csv.DictReader(stream)}
    assert set(unusable) == {"benign/cut_short.jpg", "malignant/words.jpg", "malignant/empty.png"}
    assert all(unusable.values())
    assert len(read_scores(tmp_path / "run" / "scores.csv")) == 80


def test_an_output_that_exists_is_refused(
    command: Command, run_folder: Path, drawn_data: Path
) -> None:
    done = command("trainer", "fit", drawn_data, "--out", run_folder, *SMALL, expect=2)
    assert "does not exist yet" in done.stderr


def test_a_folder_with_one_class_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "data" / "benign").mkdir(parents=True)
    (tmp_path / "data" / "benign" / "a.jpg").write_bytes(b"x")
    done = command("trainer", "fit", tmp_path / "data", "--out", tmp_path / "run", expect=4)
    assert "both classes" in done.stderr
    assert not (tmp_path / "run.partial").exists()


def test_a_class_of_empty_pictures_is_refused(
    command: Command, drawn_data: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(drawn_data, tmp_path / "data")
    for path in (data / "malignant").iterdir():
        path.write_bytes(b"")
    done = command("trainer", "fit", data, "--out", tmp_path / "run", *SMALL, expect=4)
    assert "malignant" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("isic_id,target\ngone,0\nlost,1\n", "2 rows without a file, the first: 'gone', 'lost'"),
        ("picture,target\na,0\nb,1\n", "a column that names each row's picture"),
        ("isic_id,kind\na,0\nb,1\n", "a column that tells the class"),
        ("isic_id,label\na,harmless\nb,harmful\n", "left out: {'harmless': 1, 'harmful': 1}"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    command: Command, drawn_data: Path, tmp_path: Path, table: str, says: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name, label in (("a", "benign"), ("b", "malignant")):
        shutil.copyfile(min((drawn_data / label).iterdir()), data / f"{name}.jpg")
    (data / "metadata.csv").write_text(table)
    done = command("trainer", "fit", data, "--out", tmp_path / "run", *SMALL, expect=4)
    assert says in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("content", "name"), [(b"no weights", "weights.npz"), (b"no weights", "weights.h5")]
)
def test_weights_of_another_kind_are_refused(
    command: Command, drawn_data: Path, tmp_path: Path, content: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    weights = ("--weights", tmp_path / name, "--cut", "mixed0", "--image-size", 75)
    done = command("trainer", "fit", drawn_data, "--out", tmp_path / "run", *weights, expect=4)
    assert "weights of InceptionV3" in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("--cut", "mixed11"),
        ("--target", "accuracy=0.9"),
        ("--target", "sensitivity=2"),
        ("--unfreeze", "mixed11"),
        ("--recipe", "another"),
        ("--imbalance", "none"),
    ],
)
def test_wrong_options_are_refused_before_any_work(
    command: Command, drawn_data: Path, tmp_path: Path, wrong: tuple[str, str]
) -> None:
    done = command("trainer", "fit", drawn_data, "--out", tmp_path / "run", *wrong, expect=2)
    assert wrong[0] in done.stderr
    assert list(tmp_path.iterdir()) == []
