"""A journal as CSV or JSON lines, for spreadsheets and scripts."""

import contextlib
import csv
import json
from pathlib import Path
from typing import Any

from edge_runtime.csv_sink import spreadsheet_safe
from edge_runtime.journal_chain import Row
from edge_runtime.journal_database import FIELDS, read_rows

COLUMNS = ("number", *FIELDS, "previous_sha256", "sha256")


def export_rows(journal: Path, out: Path, *, as_json: bool) -> None:
    """Write every row; ``out`` is there as a whole or not at all.

    Args:
        journal: What is read.
        out: What is written.
        as_json: JSON lines instead of CSV.

    Raises:
        InputError, JournalError, IntegrityError: If the journal cannot be read.
    """
    beside = out.with_name(out.name + ".partial")
    try:
        with (
            beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream,
            contextlib.closing(read_rows(journal)) as rows,
        ):
            if as_json:
                stream.writelines(json.dumps(described(row)) + "\n" for row in rows)
            else:
                writer = csv.DictWriter(stream, COLUMNS, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(_flat(row) for row in rows)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


def described(row: Row) -> dict[str, Any]:
    """A row's entry with its number and digests."""
    return {
        "number": row.number,
        **row.entry,
        "previous_sha256": row.previous_sha256,
        "sha256": row.sha256,
    }


def _flat(row: Row) -> dict[str, str | float | None]:
    return {name: _cell(value) for name, value in described(row).items()}


def _cell(value: Any) -> str | float | None:
    if value is None or isinstance(value, int | float):
        return value  # a number may begin with a minus
    return spreadsheet_safe("; ".join(map(str, value)) if isinstance(value, list) else str(value))
