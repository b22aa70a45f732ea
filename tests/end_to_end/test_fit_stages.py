"""Both stages of training as their user runs them: killed, restarted, over folds, as published."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.contract.card import load_draft
from edge_runtime.contract.manifest import ScoredPicture, read_scores
from edge_runtime.evaluation import roc_auc

pytestmark = pytest.mark.tensorflow

Command = Callable[..., subprocess.CompletedProcess[str]]
TableOf = Callable[[Path], list[dict[str, float]]]
LogitsOf = Callable[[Path, Path], npt.NDArray[np.float64]]
NETWORK = ("--weights", "none", "--cut", "mixed1", "--image-size", "75")
# Few shapes to compile for, few epochs of stage 1: what is tested does not depend on them.
SMALL = (*NETWORK, "--views", "1", "--epochs", "5", "--batch-size", "64")
STAGES = (*SMALL, "--fine-tune-epochs", "4")


@dataclass(frozen=True)
class Twice:
    """A killed run, once gone on with and once restarted, and what each said."""

    resumed: Path
    resumed_said: str
    restarted: Path
    restarted_said: str


@pytest.fixture(scope="module")
def twice(command: Command, drawn_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Twice:
    folder = tmp_path_factory.mktemp("killed")
    resumed, restarted = folder / "resumed", folder / "restarted"
    kill_between_epochs(folder, ("fit", str(drawn_data), "--out", str(resumed), *STAGES))
    assert not resumed.exists()
    shutil.copytree(folder / "resumed.partial", folder / "restarted.partial")
    done = [
        command("trainer", "fit", drawn_data, "--out", out, *STAGES, *options)
        for out, options in ((resumed, ()), (restarted, ("--restart",)))
    ]
    return Twice(resumed, done[0].stderr, restarted, done[1].stderr)


def kill_between_epochs(folder: Path, arguments: tuple[str, ...]) -> None:
    """Starts a training and kills it as soon as it has kept an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"MELANOMA_CACHE": str(folder / "cache")},
    )
    checkpoint = folder / "resumed.partial" / "checkpoint_final.npz"
    deadline = time.monotonic() + 300
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said


def labels_and_scores(pictures: list[ScoredPicture]) -> tuple[list[int], list[float]]:
    return [int(p.label == "malignant") for p in pictures], [p.score for p in pictures]


def test_after_a_kill_the_same_command_goes_on_to_the_same_result(
    table: TableOf, twice: Twice
) -> None:
    assert "fine-tuning: going on after epoch" in twice.resumed_said
    resumed, expected = (table(run / "history.csv") for run in (twice.resumed, twice.restarted))
    assert [row["epoch"] for row in resumed] == [1, 2, 3, 4][: len(expected)]
    for row, other in zip(resumed, expected, strict=True):
        assert row == pytest.approx(other, rel=1e-3, abs=1e-3)
    first, second = (read_scores(run / "scores.csv") for run in (twice.resumed, twice.restarted))
    assert [p.logit for p in first] == pytest.approx([p.logit for p in second], abs=1e-3)


def test_a_restart_takes_nothing_from_what_was_left(twice: Twice) -> None:
    assert "going on" not in twice.restarted_said
    assert not twice.restarted.with_name("restarted.partial").exists()


def test_a_run_of_two_stages_holds_the_course_of_both(table: TableOf, twice: Twice) -> None:
    names = {
        path.relative_to(twice.resumed).as_posix()
        for path in twice.resumed.rglob("*.*")
        if "tfevents" not in path.name
    }
    assert names == {
        "model.keras",
        "card.json",
        "split.csv",
        "scores.csv",
        "history.csv",
        "history_stage_1.csv",
        "metrics.json",
        "run.json",
        "plots/curves.png",
        "plots/roc.png",
        "plots/confusion_matrix.png",
    }
    assert json.loads((twice.resumed / "run.json").read_text())["best_epoch"] in (1, 2, 3, 4)
    assert table(twice.resumed / "history_stage_1.csv")[0]["epoch"] == 1


def test_fine_tuning_is_kept_as_far_as_it_helps_on_the_validation_pictures(
    table: TableOf, twice: Twice
) -> None:
    share = json.loads((twice.resumed / "run.json").read_text())["tuned_share"]
    best_of = {
        stage: max(row["val_auc"] for row in table(twice.resumed / name))
        for stage, name in ((0.0, "history_stage_1.csv"), (1.0, "history.csv"))
    }
    pictures = [p for p in read_scores(twice.resumed / "scores.csv") if p.split == "valid"]
    kept = roc_auc(*labels_and_scores(pictures))
    assert kept >= max(best_of.values()) - 1e-3
    assert share not in best_of or kept == pytest.approx(best_of[share], abs=1e-3)


def test_tensorboard_reads_the_epochs(table: TableOf, twice: Twice) -> None:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    (log,) = (twice.restarted / "tensorboard" / "final").iterdir()
    shown: dict[float, dict[str, float]] = {}
    for event in EventFileLoader(str(log)).Load():
        for value in event.summary.value:
            shown.setdefault(event.step, {})[value.tag] = float(make_ndarray(value.tensor))
    history = table(twice.restarted / "history.csv")
    assert list(shown) == [row["epoch"] for row in history]
    for row in history:
        assert shown[row.pop("epoch")] == pytest.approx(row, rel=1e-5)


def test_the_saved_model_gives_the_logits_of_the_scores(
    logits_of_the_model: LogitsOf, twice: Twice, drawn_data: Path
) -> None:
    logits = [picture.logit for picture in read_scores(twice.resumed / "scores.csv")]
    found = logits_of_the_model(twice.resumed, drawn_data)
    assert np.std(logits) > 0.1
    np.testing.assert_allclose(found, logits, atol=0.01)


def test_the_card_names_what_stage_2_did_about_unequal_classes(twice: Twice) -> None:
    draft = load_draft((twice.resumed / "card.json").read_text())
    assert draft.training.imbalance == "class weights"


def test_folds_score_every_picture_once(command: Command, drawn_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = (*SMALL, "--folds", 2, "--fine-tune-epochs", 1)
    command("trainer", "fit", drawn_data, "--out", out, *options)
    everything = sorted(
        path.relative_to(drawn_data).as_posix() for path in drawn_data.rglob("*.jpg")
    )
    metrics = json.loads((out / "metrics.json").read_text())
    assert set(metrics) == {"out_of_fold", "out_of_fold_stage_1", "train", "valid"}
    for name in ("out_of_fold", "out_of_fold_stage_1"):
        pictures = read_scores(out / f"{name}.csv")
        assert sorted(picture.file for picture in pictures) == everything
        estimate = metrics[name]["roc_auc"]
        assert estimate["value"] == pytest.approx(roc_auc(*labels_and_scores(pictures)))
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert {p.split for p in read_scores(out / "scores.csv")} == {"train", "valid"}
    assert not [path.name for path in out.iterdir() if path.suffix in (".npz", ".npy", ".partial")]


@pytest.fixture(scope="module")
def leaky_data(drawn_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn pictures in train/, valid/ and test/, one of them in two of these."""
    folder = tmp_path_factory.mktemp("leaky") / "data"
    with (drawn_data / "metadata.csv").open() as stream:
        lesions: dict[str, list[str]] = {}
        for row in csv.DictReader(stream):
            lesions.setdefault(row["lesion_id"], []).append(row["file"])
    for number, files in enumerate(lesions.values()):
        split = ("train", "train", "valid", "test")[number % 4]
        for file in files:
            (folder / split / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(drawn_data / file, folder / split / file)
    copied = min((folder / "train" / "benign").iterdir())
    shutil.copyfile(copied, folder / "test" / "benign" / f"copy_of_{copied.name}")
    return folder


@pytest.fixture(scope="module")
def blog_run(command: Command, leaky_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published baseline, trained on pictures of which one leaks."""
    out = tmp_path_factory.mktemp("blog") / "run"
    options = (*SMALL, "--recipe", "blog", "--allow-leakage")
    done = command("trainer", "fit", leaky_data, "--out", out, *options)
    assert "the figures will be too good" in done.stderr
    return out


def test_leaking_pictures_are_refused(command: Command, leaky_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = command("trainer", "fit", leaky_data, "--out", out, *NETWORK, expect=4)
    assert "2 pictures across splits" in done.stderr
    assert "--allow-leakage" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_leaks_that_were_allowed_stand_on_the_card(blog_run: Path) -> None:
    draft = load_draft((blog_run / "card.json").read_text())
    assert draft.training.leaked_pictures == 2
    assert json.loads((blog_run / "run.json").read_text())["options"]["allow_leakage"] is True


def test_the_baseline_is_trained_as_published(
    table: TableOf, logits_of_the_model: LogitsOf, blog_run: Path, leaky_data: Path
) -> None:
    draft = load_draft((blog_run / "card.json").read_text())
    assert draft.training.imbalance == "none"
    assert not (blog_run / "history_stage_1.csv").exists()
    assert [row["epoch"] for row in table(blog_run / "history.csv")] == list(range(1, 16))
    logits: Any = [picture.logit for picture in read_scores(blog_run / "scores.csv")]
    found = logits_of_the_model(blog_run, leaky_data)
    np.testing.assert_allclose(found, logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("cut", "unfreeze"), [("mixed1", "mixed2"), ("mixed0", "mixed0")])
def test_blocks_that_the_cut_leaves_out_cannot_be_freed(
    command: Command, drawn_data: Path, tmp_path: Path, cut: str, unfreeze: str
) -> None:
    wrong = ("--cut", cut, "--unfreeze", unfreeze)
    done = command("trainer", "fit", drawn_data, "--out", tmp_path / "run", *wrong, expect=2)
    assert "--unfreeze" in done.stderr
    assert unfreeze in done.stderr
    assert list(tmp_path.iterdir()) == []
