"""Whether a journal is as it was written."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import IntegrityError
from edge_runtime.journal import GENESIS, Row, head_path, read_rows, row_sha256


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last row of a journal.

    Attributes:
        number: How many rows there are.
        sha256: Digest of the last, which stands for all of them.
    """

    number: int
    sha256: str


def verify_journal(path: Path) -> Head:
    """Follow the chain of digests to its end.

    Returns:
        The last row; note it down elsewhere, and a forged journal can be told from this one.

    Raises:
        IntegrityError: If a row was changed, removed or put in; the first such row is named.
        InputError, JournalError: If it cannot be read.
    """
    noted = _noted_head(path)
    head = Head(number=0, sha256=GENESIS)
    for row in read_rows(path):
        head = _follow(head, row)
        if noted is not None and row.number == noted.number and row.sha256 != noted.sha256:
            raise _broken(row.number, "not the one that was noted beside the journal")
    if noted is not None and noted.number > head.number:
        raise _broken(head.number + 1, f"missing, and so are all up to {noted.number}")
    return head


def _follow(head: Head, row: Row) -> Head:
    if row.number != head.number + 1:
        raise _broken(head.number + 1, "missing")
    if row.previous_sha256 != head.sha256:
        raise _broken(row.number, "not the one that followed the row before it")
    if row.sha256 != row_sha256(row.number, row.previous_sha256, row.body):
        raise _broken(row.number, "changed")
    return Head(number=row.number, sha256=row.sha256)


def _noted_head(path: Path) -> Head | None:
    """What is noted beside the journal; None where nothing is, as after a copy of it alone."""
    try:
        number, digest = head_path(path).read_text(encoding="ascii").split()
        return Head(number=int(number), sha256=digest)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"expected the number and digest of the last row in {head_path(path).name!r}. "
            f"Received: {error}. It was changed since it was written."
        ) from error


def _broken(number: int, what: str) -> IntegrityError:
    return IntegrityError(
        f"expected every row as it was written. Received: row {number} is {what}. "
        "What was reported up to the row before it can be trusted, what follows cannot."
    )


def last_rows(path: Path, count: int) -> list[Row]:
    """The last rows of a journal, the oldest of them first."""
    kept: list[Row] = []
    rows: Iterable[Row] = read_rows(path)
    for row in rows:
        kept.append(row)
        if len(kept) > count:
            kept.pop(0)
    return kept
