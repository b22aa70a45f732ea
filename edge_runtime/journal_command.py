"""``melanoma-edge journal``: verify, export and show what a device has reported."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.journal_chain import Row
from edge_runtime.journal_check import verify_journal
from edge_runtime.journal_database import read_rows
from edge_runtime.journal_export import described, export_rows

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
    found = verify_journal(file)
    head = found.head
    if as_json:
        shown = {"rows": head.number, "head_sha256": head.sha256, "remarks": found.remarks}
        console.write_line(json.dumps(shown))
        return
    console.write_line(f"{head.number} rows, each as it was written")
    console.write_line(f"head {head.sha256}")
    for remark in found.remarks:
        console.write_line(f"remark: {remark}")


@app.command()
def export(
    file: File,
    out: Annotated[Path, typer.Option(help="File to write; must not exist.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of CSV.")] = False,
) -> None:
    """Write every row as CSV, or as JSON lines."""
    console.require_absent(out)
    export_rows(file, out, as_json=as_json)
    console.write_line(f"written to {console.display_name(out)}")
    console.write_line(NOTICE)


@app.command()
def show(
    file: File,
    last: Annotated[int, typer.Option(min=1, help="How many rows.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout.")] = False,
) -> None:
    """Show the last rows."""
    with contextlib.closing(read_rows(file, last=last)) as rows:
        if as_json:
            for row in rows:
                console.write_line(json.dumps(described(row)))
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
                str(entry.get("time")),
                str(entry.get("decision") or "ERROR"),
                f"{score:.3f}" if isinstance(score, float) else "–",
                str(entry.get("model")),
                "; ".join(entry.get("reasons") or [str(entry.get("error") or "")]),
            )
        )
    console.print_table(("row", "time", "decision", "score", "model", "reason"), table)
