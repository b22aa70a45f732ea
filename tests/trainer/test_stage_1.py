"""What the head of stage 1 learns from: views, and folds that keep lesions whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from edge_runtime.contract.manifest import Picture
from trainer.backend import import_keras
from trainer.config import FitConfig
from trainer.frozen import FrozenOutputs
from trainer.head import Head
from trainer.prepare import Prepared
from trainer.stages import train_split

pytestmark = pytest.mark.tensorflow

LABELS = np.tile([0, 1], 200)
SPLITS = np.repeat(["train", "valid"], 200)
TRAIN = np.flatnonzero(SPLITS == "train")


OutputsOf = Callable[..., FrozenOutputs]


def told_by_views(outputs_of: OutputsOf) -> FrozenOutputs:
    """Features of which one tells the label: in validation pictures and in views of the others."""
    stored = np.random.default_rng(0).normal(0, 1, (len(LABELS) + len(TRAIN), 5))
    outputs = outputs_of(stored, pictures=len(LABELS), augmented=TRAIN, views=1)
    valid = np.flatnonzero(SPLITS == "valid")
    for view, indices, height in ((0, TRAIN, 0), (0, valid, 4), (1, TRAIN, 4)):
        features = outputs.rows(view, indices)
        features[:, 2] = height * LABELS[indices]
        outputs.store(view, indices, features)
    return outputs


def pictures(groups: npt.NDArray[np.int_]) -> list[Picture]:
    return [
        Picture(
            file=f"{number}.jpg",
            sha256="0" * 64,
            label=("benign", "malignant")[LABELS[number]],
            group=str(group),
            split=str(SPLITS[number]),
        )
        for number, group in enumerate(groups)
    ]


def trained(config: FitConfig, features: FrozenOutputs, groups: npt.NDArray[np.int_]) -> Head:
    prepared = Prepared(
        network=None,
        features=features,
        tunable=None,
        feed=None,
        initial=[],
        labels=LABELS,
        key="",
    )
    done = train_split(
        import_keras(),
        config,
        prepared,
        pictures(groups),
        checkpoint=Path("unused"),
        log_epoch=lambda _: None,
    )
    return done.head


@pytest.mark.parametrize(
    ("augmentation", "learned"), [("sharp", True), ("symmetries", True), ("full", False)]
)
def test_what_only_the_views_tell_is_learned(
    augmentation: str, learned: bool, outputs_of: OutputsOf
) -> None:
    config = FitConfig(data=Path(), views=1, epochs=40, augmentation=augmentation)
    head = trained(config, told_by_views(outputs_of), np.arange(len(LABELS)))
    assert (max(row["val_auc"] for row in head.history) > 0.9) == learned


def test_pictures_of_one_lesion_do_not_vouch_for_each_other(outputs_of: OutputsOf) -> None:
    """Copies on both sides of a fold would reward a head that knows its pictures by heart."""
    lesions = np.arange(len(LABELS)) // 4 * 2 + LABELS
    rng = np.random.default_rng(0)
    stored = rng.normal(0, 1, (lesions.max() + 1, 150))[lesions]
    stored[:, 0] += LABELS
    sizes = []
    for groups in (lesions, np.arange(len(LABELS))):
        features = outputs_of(stored, pictures=len(LABELS), augmented=TRAIN, views=0)
        head = trained(FitConfig(data=Path(), views=0), features, groups)
        sizes.append(float(np.linalg.norm(head.layers[0][0])))
    grouped, single = sizes
    assert single > 2 * grouped
