"""Where pictures come from: files and folders."""

import os
from collections.abc import Iterable
from pathlib import Path

from edge_runtime.console import display_name
from edge_runtime.contract.preprocess import PICTURE_SUFFIXES
from edge_runtime.errors import InputError


def find_pictures(paths: Iterable[Path], *, recursive: bool = False) -> list[Path]:
    """The files that the paths name, folders replaced by the pictures in them, sorted.

    A path that is no folder is kept as it is, so that a missing file gets its own error later.
    Symbolic links to folders inside a folder are not followed; hidden files are passed over.

    Args:
        paths: Files and folders.
        recursive: Whether to look into folders within folders.

    Raises:
        InputError: If no picture is found, or a folder cannot be read.
    """
    paths = list(paths)
    pictures: list[Path] = []
    for path in paths:
        pictures.extend(_pictures_in(path, recursive=recursive) if _is_folder(path) else [path])
    if not pictures:
        names = ", ".join(display_name(path) for path in paths)
        raise InputError(
            f"expected pictures ({', '.join(sorted(PICTURE_SUFFIXES))}). "
            f"Received: none in {names}. Name another folder, or use --recursive "
            "if they lie deeper."
        )
    return pictures


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # what cannot be looked at gets its own error when it is read


def _pictures_in(folder: Path, *, recursive: bool) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(
            f"expected a readable folder. Received: {display_name(folder)}: {error.strerror}. "
            "Check its permissions."
        ) from error

    pictures = []
    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and recursive)
        pictures += [
            Path(where, name)
            for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES
        ]
    return pictures
