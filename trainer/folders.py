"""Finds pictures in class folders, split or not, and in folders of any shape."""

import os
from pathlib import Path

from edge_runtime.contract.labels import Labels
from edge_runtime.contract.preprocess import PICTURE_SUFFIXES

_SPLIT_FOLDERS = {"train": ("train",), "valid": ("valid", "val", "validation"), "test": ("test",)}


def class_pictures(folder: Path, labels: Labels) -> dict[str, tuple[str, str | None]] | None:
    """Label and split of each picture in class folders, by its path in the folder.

    Returns:
        None if the folder has neither class folders nor split folders that hold them.
    """
    parts: list[tuple[str | None, Path]] = [
        (split, folder / name)
        for split, names in _SPLIT_FOLDERS.items()
        for name in names
        if (folder / name).is_dir()
    ]
    parts = parts or [(None, folder)]
    both = (labels.negative, labels.positive)
    if not any(_class_folder(part, label) for _, part in parts for label in both):
        return None
    return {
        f"{part.relative_to(folder).as_posix()}/{file}".removeprefix("./"): (label, split)
        for split, part in parts
        for label in both
        for place in [_class_folder(part, label)]
        if place is not None
        for file in (f"{place.name}/{found}" for found in picture_files(place))
    }


def picture_files(folder: Path) -> list[str]:
    """Paths of the pictures in a folder and below, with forward slashes; hidden ones left out."""
    return [
        Path(where, name).relative_to(folder).as_posix()
        for where, _, files in os.walk(folder)
        for name in files
        if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES
    ]


def _class_folder(part: Path, label: str) -> Path | None:
    return next((p for p in part.iterdir() if p.is_dir() and p.name.lower() == label), None)
