"""What was changed in a journal after it was written does not go unseen."""

import contextlib
import itertools
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import IntegrityError, JournalError
from edge_runtime.journal import Journal
from edge_runtime.journal_chain import GENESIS, Head, Row, row_sha256
from edge_runtime.journal_check import verify_journal
from edge_runtime.journal_database import read_rows
from edge_runtime.journal_head import head_path, write_head

ROWS = 9


def fill(path: Path, rows: int = ROWS) -> Path:
    with Journal(path) as journal:
        for number in range(rows):
            time = f"2026-01-01T00:00:{number:02d}.000+00:00"
            journal.append({"time": time, "score": number / 7, "decision": "REFER"})
    return path


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a journal of nine rows: a copy, which is quicker."""
    folder, count = tmp_path_factory.mktemp("journals"), itertools.count()
    original = fill(folder / "original.db")

    def copy() -> Path:
        path = folder / f"{next(count)}.db"
        shutil.copy(original, path)
        shutil.copy(head_path(original), head_path(path))
        return path

    return copy


def tampered(path: Path, statement: str, *values: object) -> Path:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        assert database.execute(statement, values).rowcount != 0
    return path


COLUMN = st.sampled_from(["body", "previous_sha256", "row_sha256"])
PLACE = st.integers(1, ROWS)


@given(column=COLUMN, row=PLACE, at=st.integers(0, 63), text=st.text(min_size=1, max_size=3))
def test_any_change_of_a_text_is_found(
    fresh: Callable[[], Path], column: str, row: int, at: int, text: str
) -> None:
    path = fresh()
    stored = list(read_rows(path))[row - 1]
    old = {"body": stored.body, "previous_sha256": stored.previous_sha256}.get(
        column, stored.sha256
    )
    new = old[:at] + text + old[at + 1 :]
    if new == old:
        return
    tampered(path, f"UPDATE rows SET {column} = ? WHERE id = ?", new, row)  # noqa: S608
    with pytest.raises(IntegrityError, match=f"row {row} "):
        verify_journal(path)


@given(first=PLACE, count=st.integers(1, ROWS))
def test_deleted_rows_are_found(fresh: Callable[[], Path], first: int, count: int) -> None:
    path = tampered(fresh(), "DELETE FROM rows WHERE id >= ? AND id < ?", first, first + count)
    with pytest.raises(IntegrityError, match=f"row {first} is missing"):
        verify_journal(path)


@settings(max_examples=30)
@given(order=st.permutations(range(1, ROWS + 1)))
def test_rows_in_another_order_are_found(fresh: Callable[[], Path], order: list[int]) -> None:
    if order == sorted(order):
        return
    path = fresh()
    whens = " ".join(f"WHEN {-old} THEN {new}" for new, old in enumerate(order, 1))
    tampered(path, "UPDATE rows SET id = -id")
    tampered(path, f"UPDATE rows SET id = CASE id {whens} END")  # noqa: S608
    moved = next(place for place, old in enumerate(order, 1) if place != old)
    with pytest.raises(IntegrityError, match=f"row {moved} "):
        verify_journal(path)


@given(before=st.integers(1, ROWS))
def test_a_row_put_in_is_found_also_with_a_digest_of_its_own(
    fresh: Callable[[], Path], before: int
) -> None:
    path = fresh()
    rows = list(read_rows(path))
    head = Head(number=before - 1, sha256=rows[before - 2].sha256 if before > 1 else GENESIS)
    forged = Row.after(head, {"decision": "NO_REFERRAL"})
    tampered(path, "UPDATE rows SET id = -id WHERE id >= ?", before)
    tampered(path, "UPDATE rows SET id = 1 - id WHERE id < 0")
    values = (forged.number, forged.body, forged.previous_sha256, forged.sha256)
    tampered(path, "INSERT INTO rows VALUES (?, ?, ?, ?)", *values)
    with pytest.raises(IntegrityError, match="row "):
        verify_journal(path)


@pytest.mark.parametrize("after", range(1, ROWS))
def test_rows_cut_off_stay_missed_for_the_device_does_not_go_on(
    fresh: Callable[[], Path], after: int
) -> None:
    path = tampered(fresh(), "DELETE FROM rows WHERE id > ?", after)
    with pytest.raises(JournalError, match="another journal"):
        Journal(path)
    with pytest.raises(IntegrityError, match=f"row {after + 1} is missing"):
        verify_journal(path)


def test_rows_cut_off_while_the_device_runs_are_missed(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        for _ in range(5):
            journal.append({"score": 0.5})
        tampered(tmp_path / "j.db", "DELETE FROM rows WHERE id > 3")
        with pytest.raises(JournalError, match="row 5"):
            journal.append({"score": 0.5})
    with pytest.raises(IntegrityError, match="row 4 is missing"):
        verify_journal(tmp_path / "j.db")


def test_a_journal_without_the_noted_head_is_verified_with_a_remark_and_not_gone_on_with(
    fresh: Callable[[], Path],
) -> None:
    path = fresh()
    head_path(path).unlink()
    found = verify_journal(path)
    assert found.head.number == ROWS
    assert "could not be missed" in found.remarks[0]
    with pytest.raises(JournalError, match="head"):
        Journal(path)


@pytest.mark.parametrize("noted", ["", "nine", "9 abc\n", "1e9 " + "0" * 64, "٩ " + "0" * 64])
def test_a_noted_head_that_was_changed_is_found(fresh: Callable[[], Path], noted: str) -> None:
    path = fresh()
    head_path(path).write_text(noted, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"\.head"):
        verify_journal(path)


def test_a_chain_made_anew_is_told_by_the_noted_head(fresh: Callable[[], Path]) -> None:
    path, digest = fresh(), GENESIS
    for row in list(read_rows(path)):
        body = row.body.replace("REFER", "NO_REFERRAL")
        previous, digest = digest, row_sha256(row.number, digest, body)
        statement = "UPDATE rows SET body = ?, previous_sha256 = ?, row_sha256 = ? WHERE id = ?"
        tampered(path, statement, body, previous, digest, row.number)
    with pytest.raises(IntegrityError, match="row 9"):
        verify_journal(path)
    # Who writes that file anew, too, is told by a head that was noted elsewhere alone.
    noted = verify_journal(fresh()).head
    write_head(path, Head(number=ROWS, sha256=digest))
    assert verify_journal(path).head != noted


def test_a_row_added_without_the_device_is_remarked_on(fresh: Callable[[], Path]) -> None:
    path = fresh()
    forged = Row.after(verify_journal(path).head, {"decision": "NO_REFERRAL"})
    values = (forged.number, forged.body, forged.previous_sha256, forged.sha256)
    tampered(path, "INSERT INTO rows VALUES (?, ?, ?, ?)", *values)
    assert any("notes row 9" in remark for remark in verify_journal(path).remarks)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW assessments",
        "CREATE TRIGGER t BEFORE INSERT ON rows BEGIN SELECT RAISE(IGNORE); END",
    ],
)
def test_a_changed_structure_is_found(fresh: Callable[[], Path], statement: str) -> None:
    path = tampered(fresh(), statement)
    with pytest.raises(IntegrityError, match="structure"):
        verify_journal(path)
    with pytest.raises(JournalError, match="structure"):
        Journal(path)


@pytest.mark.parametrize("body", ["CAST(x'ff41' AS TEXT)", "'no JSON'", "'[1]'", "''"])
def test_a_row_that_is_no_text_or_json_any_more_is_named(
    fresh: Callable[[], Path], body: str
) -> None:
    path = tampered(fresh(), f"UPDATE rows SET body = {body} WHERE id = 4")  # noqa: S608
    with pytest.raises(IntegrityError, match="row 4"):
        verify_journal(path)
    with pytest.raises(IntegrityError, match="row 4"):
        [row.entry for row in read_rows(path)]


def test_a_clock_that_was_set_back_is_remarked_on_and_no_error(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        for second in (5, 6, 3, 4, 1):
            journal.append({"time": f"2026-01-01T00:00:0{second}.000+00:00"})
    assert verify_journal(tmp_path / "j.db").remarks == (
        "the clock was set back before row 3 and 1 more",
    )
