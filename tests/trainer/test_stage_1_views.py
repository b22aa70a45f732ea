"""The head of stage 1 learns from the views that are stored for stage 2."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from edge_runtime.contract.manifest import Picture
from trainer.backend import import_keras
from trainer.config import FitConfig
from trainer.frozen import FrozenJob, FrozenOutputs
from trainer.prepare import Prepared
from trainer.stages import train_split

pytestmark = pytest.mark.tensorflow

LABELS = np.tile([0, 1], 200)
SPLITS = np.repeat(["train", "valid"], 200)
TRAIN = np.flatnonzero(SPLITS == "train")


def told_by_views() -> FrozenOutputs:
    """Features of which one tells the label: in validation pictures and in views of the others."""
    job = FrozenJob(
        name="features",
        folder=Path(),
        key="",
        pictures=len(LABELS),
        augmented=TRAIN,
        views=1,
        batch_size=8,
        dtype=np.float32,
    )
    stored = np.random.default_rng(0).normal(0, 1, (len(LABELS) + len(TRAIN), 5))
    outputs = FrozenOutputs(stored.astype(np.float32), job)
    valid = np.flatnonzero(SPLITS == "valid")
    for view, indices, height in ((0, TRAIN, 0), (0, valid, 4), (1, TRAIN, 4)):
        features = outputs.rows(view, indices)
        features[:, 2] = height * LABELS[indices]
        outputs.store(view, indices, features)
    return outputs


@pytest.mark.parametrize(("augmentation", "learned"), [("symmetries", True), ("full", False)])
def test_what_only_the_views_tell_is_learned(augmentation: str, learned: bool) -> None:
    prepared = Prepared(
        network=None,
        features=told_by_views(),
        tunable=None,
        feed=None,
        initial=[],
        labels=LABELS,
        key="",
    )
    pictures = [
        Picture(
            file=f"{number}.jpg",
            sha256="0" * 64,
            label=("benign", "malignant")[label],
            group=str(number),
            split=str(split),
        )
        for number, (label, split) in enumerate(zip(LABELS, SPLITS, strict=True))
    ]
    config = FitConfig(data=Path(), views=1, epochs=40, augmentation=augmentation)
    trained = train_split(
        import_keras(),
        config,
        prepared,
        pictures,
        checkpoint=Path("unused"),
        log_epoch=lambda _: None,
    )
    reached = max(row["val_auc"] for row in trained.head.history)
    assert (reached > 0.9) == learned
