"""A labelled picture and a data set of them, whichever way they were described."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_runtime.console import display_name
from edge_runtime.contract.labels import Labels
from edge_runtime.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class LabelledPicture:
    """A picture as the data set's folders or table present it.

    Attributes:
        file: Path relative to the data set, with forward slashes.
        sha256: Of the file's bytes.
        label: Name of its class.
        lesion: Lesion that it shows; None where nothing says.
        patient: Whose lesion it is; None where nothing says.
        metadata: Its row in the table under the table's names, and ``age``, ``sex``, ``site`` and
            ``dx`` whatever the table calls them; empty cells are left out.
        split: Split that folder or table give it; None for a set without split.
    """

    file: str
    sha256: str
    label: str
    lesion: str | None = None
    patient: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A folder of labelled pictures.

    Attributes:
        folder: What the pictures' paths are relative to.
        pictures: At least one of each class, sorted by file.
        unreadable: File and reason of what could not be read.
        left_out: Number of pictures or rows that were not used, by reason.
    """

    folder: Path
    pictures: tuple[LabelledPicture, ...]
    unreadable: tuple[tuple[str, str], ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Description:
    """What is known of a picture before its file is read; fields as in LabelledPicture."""

    file: str
    label: str
    lesion: str | None
    patient: str | None
    metadata: Mapping[str, str]
    split: str | None


def read_dataset(
    folder: Path, described: Sequence[Description], labels: Labels, left_out: Mapping[str, int]
) -> Dataset:
    """The data set of the described pictures, each with the digest of its file.

    Raises:
        DatasetError: If a class is missing from the set, or from one of its splits.
    """
    pictures: list[LabelledPicture] = []
    unreadable: list[tuple[str, str]] = []
    for one in sorted(described, key=lambda picture: picture.file):
        try:
            sha256 = hashlib.sha256((folder / one.file).read_bytes()).hexdigest()
        except OSError as error:
            unreadable.append((one.file, error.strerror or str(error)))
            continue
        pictures.append(LabelledPicture(sha256=sha256, **vars(one)))
    _require_both_classes(folder, pictures, labels, left_out)
    return Dataset(
        folder=folder,
        pictures=tuple(pictures),
        unreadable=tuple(unreadable),
        left_out=dict(left_out),
    )


def _require_both_classes(
    folder: Path,
    pictures: Sequence[LabelledPicture],
    labels: Labels,
    left_out: Mapping[str, int],
) -> None:
    splits: set[str | None] = {picture.split for picture in pictures} or {None}
    for split in sorted(splits, key=str):
        counts = {
            label: sum(p.label == label and p.split == split for p in pictures)
            for label in (labels.negative, labels.positive)
        }
        if min(counts.values()) == 0:
            where = display_name(folder)
            if len(splits) > 1:
                where += f", {f'split {split}' if split else 'rows or folders without a split'}"
            raise DatasetError(
                f"expected pictures of both classes in {where}. Received: {counts}"
                + (f", left out: {dict(left_out)}. " if left_out else ". ")
                + f"Add pictures of both {labels.negative} and {labels.positive} lesions, as class "
                "folders or as rows of the table."
            )
