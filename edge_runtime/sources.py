"""Where pictures come from: files, folders, patterns and a list on stdin."""

import glob
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from edge_runtime.console import display_name
from edge_runtime.dicom import FILE_SUFFIXES
from edge_runtime.errors import InputError

LIST_ON_STDIN = Path("-")


def find_pictures(paths: Iterable[Path], *, recursive: bool = False) -> list[Path]:
    """The files that the paths name, folders replaced by the pictures in them, sorted.

    A path that is neither folder nor pattern is kept as it is, so that a missing file gets its own
    error later. Symbolic links to folders inside a folder are not followed; hidden files are passed
    over.

    Args:
        paths: Files; folders; patterns with ``*``, ``?``, ``[…]`` or ``**``, for where no shell
            expands them; ``-`` for a list on stdin, one path a line, or ended by NUL as
            ``find -print0`` does.
        recursive: Whether to look into folders within folders.

    Raises:
        InputError: If no picture is found, or a folder cannot be read.
    """
    named = [path for given in paths for path in _named_by(given)]
    pictures: list[Path] = []
    for path in named:
        pictures.extend(_pictures_in(path, recursive=recursive) if _is_folder(path) else [path])
    if not pictures:
        names = ", ".join(display_name(path) for path in named) or "an empty list"
        deeper = "" if recursive else ", or use --recursive if they lie deeper"
        raise InputError(
            f"expected pictures ({', '.join(sorted(FILE_SUFFIXES))}). "
            f"Received: none in {names}. Name another folder{deeper}."
        )
    return pictures


def _named_by(path: Path) -> list[Path]:
    if path == LIST_ON_STDIN:
        return _listed(sys.stdin.buffer.read())
    if not glob.has_magic(str(path)) or os.path.lexists(path):
        return [path]  # brackets may stand in a file's name
    # Files of other kinds are passed over, as in a folder. "**" finds what lies in folders, too. A
    # pattern without match gets the error of a missing file.
    found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - which may be absolute
    folders = "**" not in path.parts
    matches = [
        one for one in map(Path, found) if _is_picture(one.name) or (folders and _is_folder(one))
    ]
    return matches or [path]


def _listed(text: bytes) -> list[Path]:
    names = text.split(b"\0") if b"\0" in text else text.splitlines()
    return [Path(os.fsdecode(name)) for name in names if name]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # what cannot be looked at gets its own error when it is read


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in FILE_SUFFIXES


def _pictures_in(folder: Path, *, recursive: bool) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(
            f"expected a readable folder. Received: {display_name(folder)}: {error.strerror}. "
            "Check its permissions."
        ) from error

    pictures = []
    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and recursive)
        pictures += [Path(where, name) for name in sorted(files) if _is_picture(name)]
    return pictures
