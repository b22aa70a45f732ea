"""Which pictures are measured: those of the model's own split, or of a data set's folders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from edge_runtime.console import display_name
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.manifest import (
    SCORES_FILE,
    SPLITS,
    Picture,
    ScoredPicture,
    manifest_sha256,
    read_scores,
    require_unchanged,
)
from edge_runtime.errors import DatasetError
from trainer.dataset import Dataset, find_dataset
from trainer.splits import group_of

P = TypeVar("P", bound=Picture)
SPLIT_CHOICES = (*SPLITS, "all")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The pictures of a benchmark.

    Attributes:
        folder: The data set.
        split: ``train``, ``valid``, ``test`` or ``all``.
        pictures: At least one, sorted by file.
        scored: All the pictures the model was made from, with the Keras model's scores; empty
            where ``pictures`` come from the folders of a data set.
        unreadable: Files of the data set that could not be read at all.
    """

    folder: Path
    split: str
    pictures: tuple[Picture, ...]
    scored: tuple[ScoredPicture, ...] = ()
    unreadable: int = 0


def select_pictures(
    models: Path, data: Path, split: str, card: ModelCard, most: int | None = None
) -> Selection:
    """The pictures of a split.

    The split of ``scores.csv`` beside the models holds if its pictures are in the data set. If
    none of them is, the data set is another one, and its own folders tell the split.

    Args:
        models: Folder of the models, where ``scores.csv`` may be.
        data: The data set.
        split: One of :data:`SPLIT_CHOICES`.
        card: Card of one of the models.
        most: Pictures at most, spread evenly over the names of their files; None takes all.

    Raises:
        DatasetError: If only some of the pictures of ``scores.csv`` are there, or neither it nor
            the folders tell the split.
    """
    scores_file = models / SCORES_FILE
    scored = _read_own_scores(scores_file, card) if scores_file.is_file() else []
    of_split = [picture for picture in scored if split in (picture.split, "all")]
    wanted = _spread(sorted(of_split, key=lambda picture: picture.file), most)
    if wanted and _are_in(data, wanted, split):
        return Selection(
            folder=data,
            split=split,
            pictures=tuple(wanted),
            scored=tuple(scored),
        )
    found = _from_folders(data, split, card, scores_found=bool(scored))
    return replace(found, pictures=tuple(_spread(found.pictures, most)))


def _spread(pictures: Sequence[P], most: int | None) -> Sequence[P]:
    count = len(pictures)
    if most is None or most >= count:
        return pictures
    return [pictures[i * count // most] for i in range(most)]


def _read_own_scores(path: Path, card: ModelCard) -> list[ScoredPicture]:
    scored = read_scores(path)
    if manifest_sha256(scored) != card.training.split_sha256:
        raise DatasetError(
            f"expected the {path.name} of the run that {card.name} was trained in. Received: "
            "pictures of another split. Copy the file from that run, or remove it."
        )
    return scored


def _are_in(data: Path, wanted: Sequence[ScoredPicture], split: str) -> bool:
    """Whether the pictures are in the data set, unchanged: all of them, or none."""
    problems = []
    for picture in wanted:
        try:
            require_unchanged(data, picture)
        except DatasetError as error:
            problems.append(error)
    if 0 < len(problems) < len(wanted):
        which = "pictures" if split == "all" else f"{split} pictures"
        raise DatasetError(
            f"expected all {len(wanted)} {which} of {SCORES_FILE} in {display_name(data)}. "
            f"Received: {len(problems)} missing or changed. The first: {problems[0]}"
        ) from problems[0]
    return not problems


def _from_folders(data: Path, split: str, card: ModelCard, *, scores_found: bool) -> Selection:
    dataset = find_dataset(data, card.labels)
    pictures = tuple(
        Picture(
            file=picture.file,
            sha256=picture.sha256,
            label=picture.label,
            group=group_of(picture),
            split=picture.split or "all",
        )
        for picture in dataset.pictures
        if split in (picture.split, "all")
    )
    if not pictures:
        raise DatasetError(_no_split_message(dataset, split, scores_found=scores_found))
    return Selection(
        folder=dataset.folder,
        split=split,
        pictures=pictures,
        unreadable=len(dataset.unreadable),
    )


def _no_split_message(dataset: Dataset, split: str, *, scores_found: bool) -> str:
    folders = sorted({picture.split for picture in dataset.pictures if picture.split})
    scores = (
        f"a {SCORES_FILE} with no {split} picture of this data set"
        if scores_found
        else f"no {SCORES_FILE} beside the models"
    )
    return (
        f"expected a folder {split}/ in {display_name(dataset.folder)}, or its split in "
        f"{SCORES_FILE}. Received: split folders={folders}, and {scores}. Name the data set that "
        "the model was trained on; for one that the model has never seen, use --split all."
    )
