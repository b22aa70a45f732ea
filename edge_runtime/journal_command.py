"""``melanoma-edge journal``: verify, export and show what a device has reported."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.csv_sink import spreadsheet_safe
from edge_runtime.journal import Row, read_rows
from edge_runtime.journal_check import last_rows, verify_journal

_COLUMNS = (
    *("number", "time", "decision", "score", "threshold", "reasons", "error", "source"),
    *("picture_sha256", "model", "model_sha256", "card_sha256", "runtime", "delegate"),
    *("fallback", "frame_age_ms", "latency_ms", "sha256", "notice"),
)

app = typer.Typer(
    help="Verify, export and show a journal of results.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(readable=False, help="A journal of melanoma-edge.")]


@app.command()
def verify(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="The head as JSON on stdout.")] = False,
) -> None:
    """Follow the chain of digests; ends with 3 at the first row that is not as it was written.

    Note the head down elsewhere: who can write the journal and the file beside it could write
    both anew, and then only the head tells.
    """
    head = verify_journal(file)
    if as_json:
        console.write_line(json.dumps({"rows": head.number, "head_sha256": head.sha256}))
    else:
        console.write_line(f"{head.number} rows, each as it was written")
        console.write_line(f"head {head.sha256}")


@app.command()
def export(
    file: File,
    out: Annotated[Path, typer.Option(help="File to write; must not exist.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of CSV.")] = False,
) -> None:
    """Write every row as CSV, or as JSON lines."""
    console.require_absent(out)
    beside = out.with_name(out.name + ".partial")
    try:
        with beside.open("w", newline="", encoding="utf-8") as stream:
            if as_json:
                stream.writelines(json.dumps(_described(row)) + "\n" for row in read_rows(file))
            else:
                writer = csv.DictWriter(stream, _COLUMNS, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(_flat(row) for row in read_rows(file))
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    console.write_line(f"written to {console.display_name(out)}")
    console.write_line(NOTICE)


@app.command()
def show(
    file: File,
    last: Annotated[int, typer.Option(min=1, help="How many rows.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout.")] = False,
) -> None:
    """Show the last rows."""
    rows = last_rows(file, last)
    if as_json:
        for row in rows:
            console.write_line(json.dumps(_described(row)))
        return
    _print_rows(rows)
    console.write_line()
    console.write_line(NOTICE)


def _print_rows(rows: Iterable[Row]) -> None:
    table = []
    for row in rows:
        entry = row.entry
        score = entry.get("score")
        table.append(
            (
                str(row.number),
                str(entry["time"]),
                str(entry.get("decision") or "ERROR"),
                "–" if score is None else f"{score:.3f}",
                str(entry["model"]),
                "; ".join(entry.get("reasons") or [str(entry.get("error") or "")]),
            )
        )
    console.print_table(("row", "time", "decision", "score", "model", "reason"), table)


def _described(row: Row) -> dict[str, Any]:
    return {"number": row.number, **row.entry, "sha256": row.sha256}


def _flat(row: Row) -> dict[str, str]:
    described = _described(row)
    described["reasons"] = "; ".join(described.get("reasons") or [])
    return {
        name: spreadsheet_safe("" if value is None else str(value))
        for name, value in described.items()
    }
