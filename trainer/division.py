"""The pictures of a run: found, audited, divided into splits or folds, decoded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log
from edge_runtime.contract.manifest import Picture, manifest_sha256
from trainer.config import FitConfig
from trainer.dataset import Dataset, LabelledPicture, find_dataset
from trainer.folds import fold_splits
from trainer.leakage import Leakage, check_leakage
from trainer.lesion_kinds import parse_classes
from trainer.pixel_cache import CachedPixels
from trainer.prepare import open_pixels
from trainer.splits import split_pictures


@dataclass(frozen=True, kw_only=True)
class Division:
    """What is trained on.

    Attributes:
        dataset: Where the pictures are from.
        leakage: What the audit found.
        folds: All usable pictures with their splits, once per fold; one entry without folds.
        unusable: Reason by file of the others.
        pixels: Of the usable pictures, in their order.
    """

    dataset: Dataset
    leakage: Leakage
    folds: list[list[Picture]]
    unusable: dict[str, str]
    pixels: CachedPixels

    @property
    def trained_on(self) -> npt.NDArray[np.int_]:
        """Indices of the pictures that some fold trains on, sorted."""
        return np.flatnonzero(
            np.any([[picture.split == "train" for picture in one] for one in self.folds], axis=0)
        )


def divide(config: FitConfig) -> Division:
    """Find, audit, divide and decode the pictures.

    Raises:
        LeakageError: If pictures lie across given splits and that is not allowed.
        DatasetError: If the data set or its split is unsound.
    """
    dataset = find_dataset(config.data, classes=parse_classes(config.classes))
    leakage = check_leakage(dataset, allow=config.allow_leakage)
    pixels, unusable = open_pixels(config, dataset.folder, _undivided(dataset.pictures))
    unusable |= dict(dataset.unreadable)
    for file, reason in unusable.items():
        log.warning("warning: %s left out: %s", file, reason)
    usable = [picture for picture in dataset.pictures if picture.file not in unusable]
    # Drawn from the usable ones, so that each split gets its share of what is trained on.
    folds = _folds(config, usable, leakage)
    if len(usable) < len(dataset.pictures):
        pixels, _ = open_pixels(config, dataset.folder, folds[0])
    return Division(dataset=dataset, leakage=leakage, folds=folds, unusable=unusable, pixels=pixels)


def final_split(config: FitConfig, division: Division) -> list[Picture]:
    """The split of the model that is kept.

    After cross-validation the first fold chooses epoch and operating point, and all others are
    trained on: what the model does on pictures it never saw is known from the folds.
    """
    pictures = division.folds[0]
    if config.folds:
        pictures = [
            replace(picture, split="valid" if picture.split == "test" else "train")
            for picture in pictures
        ]
    _log_split(pictures)
    return pictures


def _undivided(pictures: Sequence[LabelledPicture]) -> list[Picture]:
    return [
        Picture(file=p.file, sha256=p.sha256, label=p.label, group=p.sha256, split="train")
        for p in pictures
    ]


def _folds(
    config: FitConfig, pictures: Sequence[LabelledPicture], leakage: Leakage
) -> list[list[Picture]]:
    if config.folds:
        return fold_splits(
            pictures, folds=config.folds, seed=config.seed, clusters=leakage.clusters
        )
    return [split_pictures(pictures, seed=config.seed, clusters=leakage.clusters)]


def _log_split(pictures: Sequence[Picture]) -> None:
    for split in ("train", "valid", "test"):
        labels = [picture.label for picture in pictures if picture.split == split]
        if labels:
            counts = ", ".join(f"{labels.count(name)} {name}" for name in sorted(set(labels)))
            log.info("%s: %s", split, counts)
    log.info("split %s", manifest_sha256(pictures)[:16])
