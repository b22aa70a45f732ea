"""Whether a journal is as it was written."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.journal_chain import Head, broken, follow
from edge_runtime.journal_database import read_rows, reading, require_own_schema
from edge_runtime.journal_head import head_path, read_head


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What came of a verification that found nothing changed.

    Attributes:
        head: The last row; note it down elsewhere, and a forged journal can be told from this one.
        remarks: What is odd, or could not be checked, in words.
    """

    head: Head
    remarks: tuple[str, ...]


def verify_journal(path: Path) -> Verification:
    """Follow the chain of digests to its end; a process may be writing meanwhile.

    Raises:
        IntegrityError: If a row was changed, removed or put in; the first such row is named.
        InputError: If there is no such file.
        JournalError: If it is no journal, or damaged.
    """
    noted, head, clock = read_head(path), Head(), _Clock()
    with reading(path) as database:
        require_own_schema(database)
    with contextlib.closing(read_rows(path)) as rows:
        for row in rows:
            head = follow(head, row)
            clock.see(row.number, str(row.entry.get("time") or ""))
            if noted is not None and row.number == noted.number and row.sha256 != noted.sha256:
                raise broken(row.number, "not the one that was noted beside the journal")
    if noted is not None and noted.number > head.number:
        raise broken(head.number + 1, f"missing, and so are all up to {noted.number}")
    return Verification(head=head, remarks=(*_head_remarks(path, head), *clock.remarks()))


class _Clock:
    """Where the time of a row lies before that of the row above it."""

    def __init__(self) -> None:
        self._latest = ""
        self._back: list[int] = []

    def see(self, number: int, time: str) -> None:
        if time < self._latest:
            self._back.append(number)
        self._latest = time or self._latest

    def remarks(self) -> list[str]:
        if not self._back:
            return []
        more = f" and {len(self._back) - 1} more" if len(self._back) > 1 else ""
        return [f"the clock was set back before row {self._back[0]}{more}"]


def _head_remarks(path: Path, head: Head) -> list[str]:
    noted = read_head(path)  # again: rows may have been added while these were read
    name = head_path(path).name
    if noted is None:
        return [f"no {name} beside it: rows cut off the end could not be missed"]
    if noted.number < head.number:
        return [
            f"{name} notes row {noted.number}: what follows was stored by a process that ended at "
            "once or could not write there, or put in by something else"
        ]
    return []
