"""Leaks between given splits stop a training, unless they are allowed and counted."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.synthetic import draw_lesion
from trainer.dataset import find_dataset
from trainer.errors import LeakageError
from trainer.leakage import check_leakage
from trainer.splits import split_pictures


@pytest.fixture
def split_set(tmp_path: Path) -> Path:
    """Six drawn lesions of each class, four of them in train/ and two in test/."""
    for n in range(12):
        label = ("benign", "malignant")[n % 2]
        path = tmp_path / ("train" if n < 8 else "test") / label / f"{n:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(draw_lesion(label, 900 + n, (96, 96)))).save(path)
    return tmp_path


def test_a_sound_set_passes(split_set: Path) -> None:
    found = check_leakage(find_dataset(split_set), allow=False)
    assert (found.leaked_pictures, dict(found.clusters)) == (0, {})


def test_leaks_are_refused_with_number_kinds_and_what_to_do(split_set: Path) -> None:
    shutil.copy(split_set / "train/benign/00.png", split_set / "test/benign/copy.png")
    (split_set / "metadata.csv").write_text(
        "file,lesion_id\ntrain/benign/02.png,L\ntest/benign/08.png,L\n", encoding="utf-8"
    )
    with pytest.raises(LeakageError) as refused:
        check_leakage(find_dataset(split_set), allow=False)
    message = str(refused.value)
    assert "Received: 4 pictures across splits (exact copies 1, lesion 1)" in message
    assert "--allow-leakage" in message
    assert "melanoma-train audit DATA --report audit.html" in message
    assert refused.value.exit_code == 4


def test_allowed_leaks_are_counted_and_warned_of(
    split_set: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(split_set / "train/benign/00.png", split_set / "test/malignant/copy.png")
    with caplog.at_level(logging.INFO, logger="melanoma"):
        found = check_leakage(find_dataset(split_set), allow=True)
    assert found.leaked_pictures == 2
    assert "audit: 1 exact copies, 0 near copies" in caplog.text
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert ["several labels" in warnings[0], "too good" in warnings[1]] == [True, True]


def test_without_given_splits_copies_are_kept_together_instead(split_set: Path) -> None:
    data = split_set / "train"
    for n in range(8, 40):
        label = ("benign", "malignant")[n % 2]
        drawn = Image.fromarray(np.asarray(draw_lesion(label, 900 + n, (96, 96))))
        drawn.save(data / label / f"{n:02d}.png")
        drawn.save(data / label / f"{n:02d}.jpg", quality=70)
    dataset = find_dataset(data)
    found = check_leakage(dataset, allow=False)
    assert found.leaked_pictures == 0
    split = split_pictures(dataset.pictures, seed=0, clusters=found.clusters)
    where = {picture.file: picture.split for picture in split}
    assert all(
        where[f"{label}/{n:02d}.png"] == where[f"{label}/{n:02d}.jpg"]
        for n, label in ((n, ("benign", "malignant")[n % 2]) for n in range(8, 40))
    )
