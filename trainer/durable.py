"""Files that hold how far a run has come: whole or not there, with a clear word on a full disk."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from edge_runtime.console import display_name
from edge_runtime.errors import DatasetError


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A stream to a file beside ``path``, which gets that name once all is written.

    Raises:
        DatasetError: If the disk is full or cannot be written; what was there before stays.
    """
    beside = path.with_name(path.name + ".partial")
    try:
        with beside.open("wb") as stream:
            yield stream
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DatasetError(
            f"expected room for {path.name!r} in {display_name(path.parent)}. "
            f"Received: {error.strerror}. Free space; the same command then goes on."
        ) from error
