"""What a device has reported, row by row, in an SQLite file that shows when a row was changed.

Each row holds the digest of the row before it and of itself: a row that is changed, deleted or put
in between breaks the chain. The last digest is also kept in a small file beside the journal, which
tells when rows are missing at the end. Who can write both files can forge both: note the head down
elsewhere, as ``verify`` prints it, if that matters.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_runtime.console import display_name, log
from edge_runtime.errors import IntegrityError, JournalError
from edge_runtime.journal_chain import Head, Row
from edge_runtime.journal_database import (
    SCHEMA,
    WAIT_S,
    errors_named,
    require_journal,
    require_own_schema,
)
from edge_runtime.journal_head import head_path, read_head, write_head


class Journal:
    """An open journal. Several processes may append to one file; not for several threads."""

    def __init__(self, path: Path) -> None:
        """Open a journal, or make one.

        Raises:
            JournalError: If the file is no journal of this release, cannot be opened, or rows of
                it are missing.
        """
        self.path = path
        with errors_named(path):
            self._database = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
            try:
                self._make_or_check()
            except BaseException:
                self._database.close()
                raise

    def _make_or_check(self) -> None:
        with self._writing():
            if not self._database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                # First: a journal without it has lost it.
                self._start_head()
                for statement in SCHEMA:
                    self._database.execute(statement)
            require_journal(self._database, self.path)
            self._require_own_schema()
            self._require_whole()
        # Only now is it known to be ours to change.
        self._write_ahead()
        # A row that was reported is on the disk, also if the power fails.
        self._database.execute("PRAGMA synchronous = FULL")
        self._note_head()

    def _write_ahead(self) -> None:
        """Keep a write-ahead log; SQLite itself does not wait for others when it changes to one."""
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

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
            entry: What was reported, plain JSON types. One without ``time`` gets that of storing,
                so that rows of several processes are in the order of their times.

        Raises:
            JournalError: If the disk is full, another process keeps the file, or rows were taken
                away; nothing is stored then, and a later call may succeed.
        """
        with errors_named(self.path, "Nothing of this row was stored. "), self._writing():
            self._require_whole()
            row = Row.after(self._last(), {"time": _now()} | entry)
            self._database.execute(
                "INSERT INTO rows VALUES (?, ?, ?, ?)",
                (row.number, row.body, row.previous_sha256, row.sha256),
            )
        self._note_head()
        return row.number

    def _last(self) -> Head:
        last = self._database.execute(
            "SELECT id, row_sha256 FROM rows ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return Head(number=last[0], sha256=last[1]) if last else Head()

    def _start_head(self) -> None:
        """Note that there are no rows, unless rows that are gone were noted before."""
        if head_path(self.path).exists():
            return
        try:
            write_head(self.path, Head())
        except OSError as error:
            raise JournalError(
                f"expected a folder that can be written. Received: {display_name(self.path)}: "
                f"{error.strerror}. Make room on the disk, or check permissions."
            ) from error

    def _require_own_schema(self) -> None:
        try:
            require_own_schema(self._database)
        except IntegrityError as error:
            raise self._not_whole(str(error)) from error

    def _require_whole(self) -> None:
        """Refuse to go on after rows were taken away: a new head would hide it."""
        try:
            noted = read_head(self.path)
        except IntegrityError as error:
            raise self._not_whole(str(error)) from error
        if noted is None:
            raise self._not_whole(f"no file {head_path(self.path).name!r} is beside it.")
        found = Head()
        if noted != found:
            row = self._database.execute(
                "SELECT id, row_sha256 FROM rows WHERE id = ?", (noted.number,)
            ).fetchone()
            found = Head(number=row[0], sha256=row[1]) if row else found
        if noted != found:
            raise self._not_whole(
                f"row {noted.number}, which is noted beside it, is missing or another one."
            )

    def _not_whole(self, found: str) -> JournalError:
        return JournalError(
            "expected a journal as it was written, with all its rows. Received: "
            f"{display_name(self.path)}: {found} Nothing was stored. See what "
            "`melanoma-edge journal verify` says, keep the files as they are, and "
            "name another journal."
        )

    def _note_head(self) -> None:
        """Note the last row beside the journal; the row itself is stored already."""
        try:
            # With the lock: another process may have stored, and noted, a later row meanwhile.
            with self._writing():
                last = self._last()
                if read_head(self.path) != last:
                    write_head(self.path, last)
        except (OSError, sqlite3.Error, IntegrityError) as error:
            log.warning("warning: the row is stored, its number not noted beside it: %s", error)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            # After a full disk SQLite may have rolled back on its own.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
