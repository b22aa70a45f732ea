"""The small file beside a journal that notes its last row, so that missing rows are missed."""

import os
import re
from pathlib import Path

from edge_runtime.errors import IntegrityError
from edge_runtime.journal_chain import Head

HEAD_SUFFIX = ".head"
_NOTED = re.compile(r"(\d{1,18}) ([0-9a-f]{64})\n", re.ASCII)


def head_path(journal: Path) -> Path:
    """Where the last row of a journal is noted."""
    return journal.with_name(journal.name + HEAD_SUFFIX)


def write_head(journal: Path, head: Head) -> None:
    """Note the last row; the file holds the old or the new one, whatever happens.

    Not for two processes at once: who writes holds the journal's lock.

    Raises:
        OSError: If it cannot be written.
    """
    path = head_path(journal)
    beside = path.with_name(path.name + ".partial")
    try:
        with beside.open("w", encoding="ascii") as stream:
            stream.write(f"{head.number} {head.sha256}\n")
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def read_head(journal: Path) -> Head | None:
    """The noted row; None if there is no such file, as after a copy of the journal alone.

    Raises:
        IntegrityError: If the file holds something else.
    """
    path = head_path(journal)
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    noted = _NOTED.fullmatch(text)
    if noted is None:
        raise _unusable(path, repr(text[:80]))
    return Head(number=int(noted[1]), sha256=noted[2])


def _unusable(path: Path, found: str) -> IntegrityError:
    return IntegrityError(
        f"expected the number and digest of the last row in {path.name!r}. Received: {found}. "
        "It was changed since it was written: bring back the file that belongs to the journal."
    )
