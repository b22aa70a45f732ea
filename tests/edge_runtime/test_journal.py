"""The journal: no reported row is lost, no changed row goes unseen."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import InputError, IntegrityError, JournalError
from edge_runtime.journal import Journal, head_path, read_rows
from edge_runtime.journal_check import last_rows, verify_journal

KILLS = int(os.environ.get("MELANOMA_KILLS", "12"))
APPENDING = """
import sys
from pathlib import Path
from edge_runtime.journal import Journal
with Journal(Path(sys.argv[1])) as journal:
    while True:
        print(journal.append({"writer": sys.argv[2], "reasons": ["x" * 200]}), flush=True)
"""


def write(path: Path, rows: int) -> None:
    with Journal(path) as journal:
        for number in range(rows):
            journal.append({"score": number / 7, "reasons": ["é", "score"], "error": None})


def appending(path: Path, name: str = "one") -> subprocess.Popen[str]:
    line = [sys.executable, "-c", APPENDING, path, name]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)


def test_rows_come_back_as_they_were_reported(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 3)
    write(tmp_path / "j.db", 2)
    rows = list(read_rows(tmp_path / "j.db"))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert rows[4].entry == {"score": 1 / 7, "reasons": ["é", "score"], "error": None}
    assert verify_journal(tmp_path / "j.db").number == 5
    assert [row.number for row in last_rows(tmp_path / "j.db", 2)] == [4, 5]


def test_any_sqlite_tool_sees_columns(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 3)
    with sqlite3.connect(tmp_path / "j.db") as database:
        scores = database.execute("SELECT score FROM assessments ORDER BY id").fetchall()
    assert scores == [(0.0,), (1 / 7,), (2 / 7,)]


TAMPERING = {
    "a changed result": "UPDATE rows SET body = replace(body, 'score', 'Score') WHERE id = {n}",
    "a changed digest": "UPDATE rows SET row_sha256 = upper(row_sha256) WHERE id = {n}",
    "a deleted row": "DELETE FROM rows WHERE id = {n}",
    "the rows from there on deleted": "DELETE FROM rows WHERE id >= {n}",
    "a row put in": "INSERT INTO rows SELECT 99, body, previous_sha256, row_sha256 FROM rows "
    "WHERE id = {n}",
}


@pytest.mark.parametrize("how", TAMPERING)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.integers(1, 9))
def test_tampering_is_found(how: str, row: int, tmp_path: Path) -> None:
    path = tmp_path / f"{time.monotonic_ns()}.db"
    write(path, 9)
    with sqlite3.connect(path) as database:
        assert database.execute(TAMPERING[how].format(n=row)).rowcount > 0
    with pytest.raises(IntegrityError, match="row"):
        verify_journal(path)


def test_two_rows_changed_places_are_found(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 5)
    with sqlite3.connect(tmp_path / "j.db") as database:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            database.execute("UPDATE rows SET id = ? WHERE id = ?", (new, old))
    with pytest.raises(IntegrityError, match="row 2"):
        verify_journal(tmp_path / "j.db")


def test_a_copy_without_the_noted_head_is_still_verified(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 4)
    head = verify_journal(tmp_path / "j.db")
    head_path(tmp_path / "j.db").unlink()
    assert verify_journal(tmp_path / "j.db") == head


def test_reading_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 4)
    before = (tmp_path / "j.db").read_bytes()
    verify_journal(tmp_path / "j.db")
    assert (tmp_path / "j.db").read_bytes() == before


def test_kill_9_loses_no_row_that_was_reported(tmp_path: Path) -> None:
    path, reported = tmp_path / "j.db", 0
    for kill in range(KILLS):
        process = appending(path)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.05 * (kill * 37 % 100) / 100)
        process.send_signal(signal.SIGKILL)
        # A line cut short was not read by anybody.
        lines = (first + process.communicate()[0]).splitlines(keepends=True)
        reported = max([reported, *(int(line) for line in lines if line.endswith("\n"))])
        assert verify_journal(path).number >= reported
    assert reported >= KILLS


def test_two_processes_append_to_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    write(path, 1)
    writers = [appending(path, name) for name in ("one", "two")]
    for writer in writers:
        assert writer.stdout is not None
        for _ in range(20):
            writer.stdout.readline()
    for writer in writers:
        writer.kill()
        writer.communicate()
    assert verify_journal(path).number >= 41
    assert {row.entry.get("writer") for row in read_rows(path)} == {None, "one", "two"}


FILLING = """
import resource, signal, sys
from pathlib import Path
from edge_runtime.errors import JournalError
from edge_runtime.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
journal.append({"reasons": ["before"]})
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
stored = 1
try:
    while True:
        journal.append({"reasons": ["x" * 5000]})
        stored += 1
except JournalError as error:
    assert "Make room" in str(error), error
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append({"reasons": ["after"]})
print(stored + 1)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file sizes here")
def test_a_full_disk_is_named_and_the_journal_goes_on_when_there_is_room(tmp_path: Path) -> None:
    line = [sys.executable, "-c", FILLING, tmp_path / "j.db"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert verify_journal(tmp_path / "j.db").number == int(done.stdout)


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough to look at\n" * 20)
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE t (x)")
    for name in ("text", "other.db"):
        with pytest.raises(JournalError, match=name):
            Journal(tmp_path / name)
        with pytest.raises(JournalError, match=name):
            verify_journal(tmp_path / name)
    with pytest.raises(InputError, match="absent"):
        verify_journal(tmp_path / "absent.db")
    with pytest.raises(JournalError):
        Journal(tmp_path / "no" / "folder.db")
