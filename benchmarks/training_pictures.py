"""Which pictures a training benchmark works on: a part of a data set that keeps its shares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log
from edge_runtime.contract.manifest import Picture
from edge_runtime.errors import DatasetError
from trainer.config import FitConfig
from trainer.dataset import find_dataset
from trainer.pixel_cache import CachedPixels
from trainer.prepare import binary_labels, open_pixels
from trainer.splits import split_pictures

Indices = npt.NDArray[np.int_]


@dataclass(frozen=True, kw_only=True)
class Subset:
    """Pictures of the training and the validation split.

    Attributes:
        folder: Data set that they are of.
        pictures: Usable ones.
        pixels: Of these.
        unusable: How many were left out.
    """

    folder: Path
    pictures: list[Picture]
    pixels: CachedPixels
    unusable: int

    @property
    def labels(self) -> npt.NDArray[np.int_]:
        """0 or 1 of all (n,)."""
        return binary_labels(self.pictures)

    @property
    def train(self) -> Indices:
        """Indices of the training pictures."""
        return self._of("train")

    @property
    def valid(self) -> Indices:
        """Indices of the validation pictures."""
        return self._of("valid")

    def _of(self, split: str) -> Indices:
        return np.flatnonzero([picture.split == split for picture in self.pictures])


def choose_subset(config: FitConfig, count: int, cache: Path) -> Subset:
    """Draw and decode pictures; afterwards the system has their files in memory.

    Args:
        config: Names the data set, the size and the seed.
        count: How many to draw; all if there are fewer.
        cache: Folder for their pixels.

    Raises:
        DatasetError: If the data set is unsound, or a class is missing in a split of the part.
    """
    dataset = find_dataset(config.data)
    split = split_pictures(dataset.pictures, seed=config.seed)
    chosen = draw_pictures(split, count, seed=config.seed)
    config = replace(config, cache=cache)
    pixels, unusable = open_pixels(config, dataset.folder, chosen)
    usable = [picture for picture in chosen if picture.file not in unusable]
    for file, reason in unusable.items():
        log.warning("warning: %s left out: %s", file, reason)
    _require_all_kinds(usable)
    if unusable:
        pixels, _ = open_pixels(config, dataset.folder, usable)
    return Subset(folder=dataset.folder, pictures=usable, pixels=pixels, unusable=len(unusable))


def draw_pictures(pictures: Sequence[Picture], count: int, *, seed: int) -> list[Picture]:
    """So many training and validation pictures, with the shares that splits and classes have.

    Args:
        pictures: With their splits; those of other splits are passed over.
        count: How many; at least one of each class in each split comes on top if need be.
        seed: Fixes the draw.
    """
    kinds: dict[tuple[str, str], list[Picture]] = {}
    for picture in pictures:
        if picture.split in ("train", "valid"):
            kinds.setdefault((picture.split, picture.label), []).append(picture)
    rng = np.random.default_rng(seed)
    sizes = np.array([len(kinds[kind]) for kind in sorted(kinds)])
    share = min(1.0, count / sizes.sum())
    wanted = np.diff(np.rint(np.cumsum(sizes) * share).astype(int), prepend=0)
    drawn: set[str] = set()
    for kind, number in zip(sorted(kinds), wanted, strict=True):
        members = sorted(kinds[kind], key=lambda picture: picture.file)
        drawn |= {members[i].file for i in rng.permutation(len(members))[: max(1, number)]}
    return [picture for picture in pictures if picture.file in drawn]


def _require_all_kinds(pictures: Sequence[Picture]) -> None:
    kinds = {(picture.split, picture.label) for picture in pictures}
    if len(kinds) < 4:
        raise DatasetError(
            "expected usable training and validation pictures of both classes. "
            f"Received: {sorted(kinds)}. Give more --pictures, or another data set."
        )
