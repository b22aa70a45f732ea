"""The journal: no reported row is lost, whatever kills, fills or shares it."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge_runtime import journal as journal_module
from edge_runtime.errors import InputError, JournalError
from edge_runtime.journal import Journal
from edge_runtime.journal_check import verify_journal
from edge_runtime.journal_database import read_rows

KILLS = int(os.environ.get("MELANOMA_KILLS", "15"))
APPENDING = """
import sys
from pathlib import Path
from edge_runtime.journal import Journal
with Journal(Path(sys.argv[1])) as journal:
    while True:
        print(journal.append({"writer": sys.argv[2], "reasons": ["x" * 200]}), flush=True)
"""
# A network takes some time; a loop without it would hardly ever leave the file to another.
TAKING_TURNS = APPENDING.replace("import sys", "import sys, time") + "        time.sleep(0.02)\n"


def write(path: Path, rows: int) -> None:
    with Journal(path) as journal:
        for number in range(rows):
            journal.append({"score": number / 7, "reasons": ["é", "score"], "error": None})


def python(script: str, *arguments: str | Path) -> subprocess.Popen[str]:
    line = [sys.executable, "-W", "error", "-c", script, *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)


def test_rows_come_back_as_they_were_reported(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 3)
    write(tmp_path / "j.db", 2)
    rows = list(read_rows(tmp_path / "j.db"))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    told = {name: value for name, value in rows[4].entry.items() if name != "time"}
    assert told == {"score": 1 / 7, "reasons": ["é", "score"], "error": None}
    times = [row.entry["time"] for row in rows]
    assert times == sorted(times)
    assert verify_journal(tmp_path / "j.db").head.number == 5
    assert verify_journal(tmp_path / "j.db").remarks == ()
    assert [row.number for row in read_rows(tmp_path / "j.db", last=2)] == [4, 5]
    assert len(list(read_rows(tmp_path / "j.db", last=99))) == 5


def test_any_sqlite_tool_sees_columns(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 3)
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as database:
        rows = database.execute("SELECT score, reasons FROM assessments ORDER BY id").fetchall()
    assert rows == [(n / 7, '["é","score"]') for n in range(3)]


def test_a_name_that_is_no_utf_8_is_stored(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        journal.append({"source": os.fsdecode(b"caf\xe9.png")})
    (row,) = read_rows(tmp_path / "j.db")
    assert os.fsencode(row.entry["source"]) == b"caf\xe9.png"
    assert verify_journal(tmp_path / "j.db").head.number == 1


def test_kill_9_loses_no_row_that_was_reported(tmp_path: Path) -> None:
    path, reported = tmp_path / "j.db", 0
    for kill in range(KILLS):
        process = python(APPENDING, path, "one")
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.05 * (kill * 37 % 100) / 100)
        process.send_signal(signal.SIGKILL)
        # A line cut short was not read by anybody.
        lines = (first + process.communicate()[0]).splitlines(keepends=True)
        reported = max([reported, *(int(line) for line in lines if line.endswith("\n"))])
        assert verify_journal(path).head.number >= reported
    assert reported >= KILLS


def test_kill_9_while_a_journal_is_made_leaves_one_that_can_be_opened(tmp_path: Path) -> None:
    for kill in range(KILLS):
        path = tmp_path / f"{kill}.db"
        process = python("print(flush=True)" + APPENDING, path, "one")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.06 + 0.03 * (kill * 37 % 100) / 100)
        process.kill()
        process.communicate()
        write(path, 1)
        assert verify_journal(path).head.number >= 1


def test_several_processes_make_one_journal_and_append_to_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    writers = [python(TAKING_TURNS, path, name) for name in ("one", "two", "three")]
    reported: list[int] = []
    for writer in writers:
        assert writer.stdout is not None
        reported += [int(writer.stdout.readline()) for _ in range(20)]
        assert verify_journal(path).head.number >= max(reported)  # while they write
    for writer in writers:
        writer.kill()
        writer.communicate()
    assert len(set(reported)) == 60, "two processes reported one number"
    assert verify_journal(path).head.number >= 60
    assert {row.entry["writer"] for row in read_rows(path)} == {"one", "two", "three"}


def test_a_journal_that_another_process_keeps_is_named_and_free_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "WAIT_S", 0.1)
    with Journal(tmp_path / "j.db") as journal:
        with contextlib.closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalError, match="Another process"):
                journal.append({"reasons": ["kept"]})
        assert journal.append({"reasons": ["free"]}) == 1


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
    assert error.exit_code == 5
    assert "Make room" in str(error), error
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append({"reasons": ["after"]})
print(stored + 1)
"""


def test_a_full_disk_is_named_and_the_journal_goes_on_when_there_is_room(tmp_path: Path) -> None:
    # The limit of file sizes stands in for the disk's: in a process of its own.
    process = python(FILLING, tmp_path / "j.db")
    stored = process.communicate()[0]
    assert process.returncode == 0
    assert verify_journal(tmp_path / "j.db").head.number == int(stored)


LONG_RUN = """
import resource, sys
from pathlib import Path
from edge_runtime.journal import Journal
from edge_runtime.journal_check import verify_journal
path = Path(sys.argv[1])
with Journal(path) as journal:
    for number in range(1, int(sys.argv[2]) + 1):
        journal.append({"time": "2026-01-01T00:00:00.000+00:00", "reasons": ["x" * 700]})
        if number == 2_000:
            verify_journal(path)
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
verify_journal(path)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early)
"""


def test_memory_stays_flat_over_many_rows(tmp_path: Path) -> None:
    rows = 20_000
    # In memory where there is such a folder: the disk's time is not what is asked about.
    memory = Path("/dev/shm")  # noqa: S108
    folder = memory if os.access(memory, os.W_OK) else tmp_path
    path = folder / f"melanoma_journal_{os.getpid()}.db"
    try:
        grown_kib = int(python(LONG_RUN, path, str(rows)).communicate()[0])
        assert sum(1 for _ in read_rows(path)) == rows
    finally:
        for left in folder.glob(f"{path.name}*"):
            left.unlink()
    assert grown_kib < 2_048, "of about 20 MB that were written"


def with_user_version(path: Path, version: int) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")


def test_what_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough to look at\n" * 20)
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("CREATE TABLE t (x)")
    write(tmp_path / "newer.db", 2)
    with_user_version(tmp_path / "newer.db", 2)
    for name in ("text", "other.db", "newer.db"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(JournalError, match=name):
            Journal(tmp_path / name)
        with pytest.raises(JournalError, match=name):
            verify_journal(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    with pytest.raises(InputError, match="absent"):
        verify_journal(tmp_path / "absent.db")
    with pytest.raises(JournalError):
        Journal(tmp_path / "no" / "folder.db")


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    write(tmp_path / "j.db", 40)
    content = bytearray((tmp_path / "j.db").read_bytes())
    content[4096:8192] = b"\xa5" * 4096
    (tmp_path / "j.db").write_bytes(content)
    with pytest.raises(JournalError, match=r"j\.db"):
        verify_journal(tmp_path / "j.db")


def test_reading_changes_nothing(tmp_path: Path) -> None:
    def state() -> dict[str, Any]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    write(tmp_path / "j.db", 4)
    before = state()
    verify_journal(tmp_path / "j.db")
    assert {**state(), **before} == state()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_journal_on_a_medium_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "medium").mkdir()
    write(tmp_path / "medium" / "j.db", 4)
    (tmp_path / "medium").chmod(0o555)
    assert verify_journal(tmp_path / "medium" / "j.db").head.number == 4


MAKING = """
import sys
from pathlib import Path
from edge_runtime.journal import Journal
sys.stdin.readline()
with Journal(Path(sys.argv[1])) as journal:
    journal.append({"reasons": ["made"]})
"""


def test_a_journal_can_be_made_by_several_processes_at_one_moment(tmp_path: Path) -> None:
    for number in range(3):
        line = [sys.executable, "-c", MAKING, tmp_path / f"{number}.db"]
        made = [subprocess.Popen(line, stdin=subprocess.PIPE, text=True) for _ in range(3)]
        for process in made:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.communicate() and process.returncode for process in made] == [0, 0, 0]
        assert verify_journal(tmp_path / f"{number}.db").head.number == 3
