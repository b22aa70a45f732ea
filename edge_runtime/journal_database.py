"""The SQLite file of a journal: its schema, how it is read, what its errors mean."""

import contextlib
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path

from edge_runtime.console import display_name
from edge_runtime.errors import InputError, IntegrityError, JournalError
from edge_runtime.journal_chain import Row

APPLICATION_ID = 0x4D454C4A  # "MELJ"
SCHEMA_VERSION = 1
WAIT_S = 10.0  # for another process that is writing

FIELDS = (
    *("time", "source", "picture_sha256", "decision", "score", "logit", "reasons", "error"),
    *("threshold", "rule", "target", "model", "model_sha256", "card_sha256", "runtime"),
    *("delegate", "fallback", "frame_age_ms", "preprocess_ms", "invoke_ms", "latency_ms"),
    "notice",
)
_COLUMNS = ", ".join(f"json_extract(body, '$.{field}') AS {field}" for field in FIELDS)
SCHEMA = (
    "CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL, "
    "previous_sha256 TEXT NOT NULL, row_sha256 TEXT NOT NULL) STRICT",
    f"CREATE VIEW assessments AS SELECT id, {_COLUMNS}, row_sha256 FROM rows",  # noqa: S608 - our own names
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_OURS = (
    "SELECT type, name, sql FROM sqlite_master "
    "WHERE name IN ('rows', 'assessments') OR type = 'trigger' ORDER BY name"
)
_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another process keeps it: try again, or close that one.",
    sqlite3.SQLITE_FULL: "Make room on the disk, then go on.",
    sqlite3.SQLITE_IOERR: "Make room on the disk, or look whether it fails.",
    sqlite3.SQLITE_NOTADB: "Name another file.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: keep it, bring back a copy, or name another.",
}


def read_rows(path: Path, *, last: int | None = None) -> Generator[Row, None, None]:
    """Rows of a journal in their order; the file is not changed.

    Close it (``contextlib.closing``) where it may not be read to its end: it keeps the file open.

    Args:
        path: The journal.
        last: How many from its end; None reads all.

    Raises:
        InputError: If there is no such file.
        JournalError: If it is no journal of this release, or damaged.
    """
    with reading(path) as database:
        where = "" if last is None else "WHERE id > (SELECT max(id) FROM rows) - :last "
        rows = database.execute(f"SELECT * FROM rows {where}ORDER BY id", {"last": last})  # noqa: S608 - our own text
        for number, body, previous, digest in rows:
            yield Row(number=number, body=body, previous_sha256=previous, sha256=digest)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A journal, opened so that nothing can change it.

    Raises:
        InputError: If there is no such file.
        JournalError: If it is no journal of this release, or damaged.
    """
    if not path.is_file():
        raise InputError(
            f"expected a journal. Received: no file {display_name(path)}. Check the path."
        )
    with errors_named(path):
        database = _open_read_only(path)
        # What was changed into no text must still be read, to be found.
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        with contextlib.closing(database):
            require_journal(database, path)
            yield database


def _open_read_only(path: Path) -> sqlite3.Connection:
    location = f"{path.resolve().as_uri()}?mode=ro"
    database = sqlite3.connect(location, uri=True, timeout=WAIT_S)
    try:
        database.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        database.close()
        no_shared_memory = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN
        log = path.with_name(path.name + "-wal")
        if not no_shared_memory or (log.exists() and log.stat().st_size):
            raise
        # SQLite cannot make its shared memory on a medium that may not be written. With nothing
        # in the write-ahead log the file is whole, and nobody can write there.
        return sqlite3.connect(f"{location}&immutable=1", uri=True)
    return database


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


def require_own_schema(database: sqlite3.Connection) -> None:
    """Refuse a view that shows something else than the rows, or a trigger that changes them.

    Raises:
        IntegrityError: Then.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        for statement in SCHEMA:
            made.execute(statement)
        expected = made.execute(_OURS).fetchall()
    found = database.execute(_OURS).fetchall()
    odd = sorted({str(name) for _, name, _ in {*found} ^ {*expected}})
    if odd:
        raise IntegrityError(
            "expected the table and the view that a journal is made with, and no triggers. "
            f"Received: others: {', '.join(odd)}. Somebody changed the journal's structure."
        )


@contextlib.contextmanager
def errors_named(path: Path, told: str = "") -> Iterator[None]:
    """Turn SQLite's errors into ours.

    Args:
        path: The journal.
        told: What that means for the caller.

    Raises:
        JournalError: With what to do about it.
    """
    try:
        yield
    except sqlite3.Error as error:
        # The low byte of an extended code is the primary one.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        advice = _ADVICE.get(code, "Check the path and its permissions, or name another file.")
        raise JournalError(
            "expected a journal that can be read and written. Received: "
            f"{display_name(path)}: {error}. {told}{advice}"
        ) from error
