"""Finds labelled pictures in a folder: the class folders, split or not, and their metadata."""

import csv
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_runtime.console import display_name
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.preprocess import PICTURE_SUFFIXES
from edge_runtime.errors import DatasetError

METADATA_FILE = "metadata.csv"
_SPLIT_FOLDERS = {"train": ("train",), "valid": ("valid", "val", "validation"), "test": ("test",)}


@dataclass(frozen=True, kw_only=True)
class LabelledPicture:
    """A picture as the data set's folders present it.

    Attributes:
        file: Path relative to the data set, with forward slashes.
        sha256: Of the file's bytes.
        label: Name of its class.
        lesion: Lesion that it shows; None where nothing says.
        patient: Whose lesion it is; None where nothing says.
        metadata: Its row in the metadata, such as ``age`` and ``dx``; empty cells are left out.
        split: Split whose folder it lies in; None for a set without split.
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
        folder: Its path.
        pictures: At least one of each class, sorted by file.
        unreadable: File and reason of what could not be read.
    """

    folder: Path
    pictures: tuple[LabelledPicture, ...]
    unreadable: tuple[tuple[str, str], ...]


def find_dataset(folder: Path, labels: Labels | None = None) -> Dataset:
    """The labelled pictures of a folder.

    The folder holds ``benign/`` and ``malignant/``, or some of ``train/``, ``valid/`` and
    ``test/`` with these two in each. A ``metadata.csv`` with ``file`` and ``lesion_id`` columns
    beside them tells which pictures show the same lesion.

    Raises:
        DatasetError: If the folder is missing, holds neither layout, or lacks a class.
    """
    labels = labels or Labels()
    if not folder.is_dir():
        raise DatasetError(
            f"expected a folder of labelled pictures. Received: {display_name(folder)}, "
            "which is no folder. Check the path."
        )
    rows = _read_metadata(folder / METADATA_FILE)
    pictures: list[LabelledPicture] = []
    unreadable: list[tuple[str, str]] = []
    for split, part in _parts(folder, labels):
        for label in (labels.negative, labels.positive):
            for path in _picture_files(part, label):
                file = path.relative_to(folder).as_posix()
                try:
                    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                except OSError as error:
                    unreadable.append((file, error.strerror or str(error)))
                    continue
                pictures.append(
                    LabelledPicture(
                        file=file,
                        sha256=sha256,
                        label=label,
                        lesion=rows.get(file, {}).get("lesion_id") or None,
                        patient=rows.get(file, {}).get("patient_id") or None,
                        metadata=rows.get(file, {}),
                        split=split,
                    )
                )
    _require_both_classes(folder, pictures, labels)
    pictures.sort(key=lambda picture: picture.file)
    return Dataset(folder=folder, pictures=tuple(pictures), unreadable=tuple(unreadable))


def _parts(folder: Path, labels: Labels) -> list[tuple[str | None, Path]]:
    """The folders that hold the class folders, each with its split's name."""
    parts = [
        (split, folder / name)
        for split, names in _SPLIT_FOLDERS.items()
        for name in names
        if (folder / name).is_dir()
    ]
    if parts:
        return [(split, part) for split, part in parts]
    if any(_class_folder(folder, label) for label in (labels.negative, labels.positive)):
        return [(None, folder)]
    found = sorted(path.name for path in folder.iterdir() if path.is_dir())[:8]
    raise DatasetError(
        f"expected {labels.negative}/ and {labels.positive}/, or train/ with these two in it, "
        f"in {display_name(folder)}. Received: folders {found}. "
        "Arrange the pictures in these folders."
    )


def _class_folder(part: Path, label: str) -> Path | None:
    return next((p for p in part.iterdir() if p.is_dir() and p.name.lower() == label), None)


def _picture_files(part: Path, label: str) -> list[Path]:
    folder = _class_folder(part, label)
    if folder is None:
        return []
    return [
        Path(where, name)
        for where, _, files in os.walk(folder)
        for name in files
        if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES
    ]


def _require_both_classes(folder: Path, pictures: list[LabelledPicture], labels: Labels) -> None:
    splits: set[str | None] = {picture.split for picture in pictures} or {None}
    for split in sorted(splits, key=str):
        counts = {
            label: sum(p.label == label and p.split == split for p in pictures)
            for label in (labels.negative, labels.positive)
        }
        if min(counts.values()) == 0:
            where = display_name(folder / split if split else folder)
            raise DatasetError(
                f"expected pictures of both classes in {where}. Received: {counts}. "
                f"Put pictures into both {labels.negative}/ and {labels.positive}/."
            )


def _read_metadata(path: Path) -> dict[str, dict[str, str]]:
    """Row by file; empty without a metadata file, or without a column that names files."""
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            table = csv.DictReader(stream)
            if "file" not in (table.fieldnames or ()):
                return {}
            return {row["file"]: {k: v for k, v in row.items() if k and v} for row in table}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"expected a readable table {path.name!r}. Received: {error}. "
            "Save it as CSV in UTF-8, or remove it."
        ) from error
