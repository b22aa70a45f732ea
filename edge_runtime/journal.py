"""What a device has reported, row by row, in an SQLite file that shows when a row was changed.

Each row holds the digest of the row before it and of itself: a row that is changed, deleted or put
in between breaks the chain. The last digest is also kept in a small file beside the journal, which
tells when rows are missing at the end. Who can write both files can forge both: note the head down
elsewhere, as ``verify`` prints it, if that matters.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_runtime.console import display_name, log
from edge_runtime.errors import InputError, JournalError

APPLICATION_ID = 0x4D454C4A  # "MELJ"
SCHEMA_VERSION = 1
GENESIS = "0" * 64  # stands before the first row
HEAD_SUFFIX = ".head"
_WAIT_S = 10.0  # for another process that is writing

_FIELDS = (
    *("time", "source", "picture_sha256", "decision", "score", "logit", "reasons", "error"),
    *("threshold", "rule", "target", "model", "model_sha256", "card_sha256", "runtime"),
    *("delegate", "fallback", "frame_age_ms", "preprocess_ms", "invoke_ms", "latency_ms"),
)
_SCHEMA = f"""
CREATE TABLE rows (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    previous_sha256 TEXT NOT NULL,
    row_sha256 TEXT NOT NULL
) STRICT;
CREATE VIEW assessments AS SELECT id, {
    ", ".join(f"json_extract(body, '$.{field}') AS {field}" for field in _FIELDS)
}, row_sha256 FROM rows;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""  # noqa: S608 - our own names


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row as it is stored.

    Attributes:
        number: Its place, from 1.
        body: What was reported, as JSON text.
        previous_sha256: Digest of the row before it.
        sha256: Its own digest.
    """

    number: int
    body: str
    previous_sha256: str
    sha256: str

    @property
    def entry(self) -> dict[str, Any]:
        """What was reported, by field."""
        entry: dict[str, Any] = json.loads(self.body)
        return entry


class Journal:
    """An open journal. Several processes may append to one file; not for several threads."""

    def __init__(self, path: Path) -> None:
        """Open a journal, or make one.

        Raises:
            JournalError: If the file is no journal of this release, or cannot be opened.
        """
        self.path = path
        with _errors_named(path):
            self._database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            # A row that was reported is on the disk, also if the power fails.
            self._database.execute("PRAGMA synchronous = FULL")
            self._make_or_check()

    def _make_or_check(self) -> None:
        with _transaction(self._database):
            empty = not self._database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            if empty:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._database.execute(statement)
        require_journal(self._database, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def append(self, entry: dict[str, Any]) -> int:
        """Store one row and return its number; once this returns, no crash loses it.

        Args:
            entry: What was reported, plain JSON types.

        Raises:
            JournalError: If the disk is full or another process keeps the file; nothing is stored
                then, and a later call may succeed.
        """
        body = json.dumps(entry, sort_keys=True, ensure_ascii=False, allow_nan=False)
        with _errors_named(self.path), _transaction(self._database):
            last = self._database.execute(
                "SELECT id, row_sha256 FROM rows ORDER BY id DESC LIMIT 1"
            ).fetchone()
            number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
            digest = row_sha256(number, previous, body)
            self._database.execute(
                "INSERT INTO rows VALUES (?, ?, ?, ?)", (number, body, previous, digest)
            )
        self._write_head(number, digest)
        return number

    def _write_head(self, number: int, digest: str) -> None:
        """Note the last row beside the journal; the row itself is stored already."""
        head = head_path(self.path)
        beside = head.with_name(f"{head.name}.{os.getpid()}.partial")
        try:
            with beside.open("w", encoding="ascii") as stream:
                stream.write(f"{number} {digest}\n")
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(head)
        except OSError as error:
            beside.unlink(missing_ok=True)
            log.warning(
                "warning: the row is stored, its number not noted beside it: %s", error.strerror
            )


def head_path(journal: Path) -> Path:
    """The small file that notes the last row."""
    return journal.with_name(journal.name + HEAD_SUFFIX)


def row_sha256(number: int, previous_sha256: str, body: str) -> str:
    """Digest of a row: of its place, the digest before it and what it reports."""
    return hashlib.sha256(f"{number}\n{previous_sha256}\n{body}".encode()).hexdigest()


def read_rows(path: Path) -> Iterator[Row]:
    """Every row of a journal in its order; the file is not changed.

    Raises:
        InputError: If it cannot be read.
        JournalError: If it is no journal of this release.
    """
    if not path.is_file():
        raise InputError(
            f"expected a journal. Received: no file {display_name(path)}. Check the path."
        )
    with _errors_named(path):
        location = f"{path.resolve().as_uri()}?mode=ro"
        database = sqlite3.connect(location, uri=True, timeout=_WAIT_S)
        with contextlib.closing(database):
            require_journal(database, path)
            rows = database.execute("SELECT * FROM rows ORDER BY id")
            for number, body, previous, digest in rows:
                yield Row(number=number, body=body, previous_sha256=previous, sha256=digest)


def require_journal(database: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no journal of this release.

    Raises:
        JournalError: Then.
    """
    found = tuple(
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    if found != (APPLICATION_ID, SCHEMA_VERSION):
        raise JournalError(
            f"expected a journal of version {SCHEMA_VERSION}. Received: {display_name(path)}, "
            f"application_id={found[0]}, version={found[1]}. Name another file."
        )


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        # After a full disk SQLite may have rolled back on its own.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(
            f"expected a journal that can be read and written. Received: {display_name(path)}: "
            f"{error}. Nothing was stored of this row. Make room on the disk, check permissions, "
            "or name another file."
        ) from error
