"""``melanoma-bench compare`` and ``merge``: results against older ones, and of several hosts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.compare import Check, compare_results
from benchmarks.errors import BenchmarkError
from benchmarks.merged import dump_merged, host_kind, merge_results, read_results
from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.schema import to_json

_COLUMNS = ("row", "figure", "old", "new", "change", "limit", "verdict")
_FAILED = ("outside", "missing")
_NOTHING = "–"
_NAMED = 3  # failures that the message names


def compare(
    new: Annotated[Path, typer.Argument(help="Folder or JSON that run or merge wrote.")],
    old: Annotated[Path, typer.Argument(help="The same of an earlier time, or a reference.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Every figure as JSON on stdout, not as a table.")
    ] = False,
) -> None:
    """Compare NEW with OLD within tolerances; ends with 7 if a figure lies outside.

    Accuracy is compared on the same pictures, latency and memory on the same kind of host.
    Ratios to the bare interpreter may rise by 5 %, latencies by 15 %, memory by 10 %, or by what
    the tolerances in OLD say; a noisy row may differ by its noise.
    """
    checks = compare_results(read_results(new), read_results(old))
    if as_json:
        console.write_line(json.dumps([to_json(check) for check in checks], indent=2))
    else:
        _show(checks)
    _require_within(checks)


def merge(
    files: Annotated[list[Path], typer.Argument(help="Folders or JSON files of several hosts.")],
    out: Annotated[Path, typer.Option(help="New JSON file.")],
) -> None:
    """Join results of several hosts in one file, which report and compare read."""
    console.require_absent(out)
    merged = merge_results(files)
    partial = out.with_name(out.name + ".partial")
    partial.write_text(dump_merged(merged), encoding="utf-8")
    partial.replace(out)
    for run in merged.runs:
        console.write_line(f"{run.created}  {run.model}  {host_kind(run.environment)}")
    console.write_line("Rows of different hosts are never ranked against each other.")


def _show(checks: Sequence[Check]) -> None:
    for host in dict.fromkeys(check.host for check in checks):
        console.write_line(host)
        console.print_table(_COLUMNS, [_cells(check) for check in checks if check.host == host])
        console.write_line()
    console.write_line(NOTICE)


def _cells(check: Check) -> tuple[str, ...]:
    verdict = f"{check.verdict}: {check.why}" if check.why else check.verdict
    if check.old is None or check.new is None:
        return (check.row, check.figure, *(_NOTHING,) * 4, verdict)
    change = check.new - check.old
    text, limit = f"{change:+.4f}", f"{check.limit or 0:.4f}"
    if check.relative:
        text, limit = f"{change / check.old:+.1%}", f"{check.limit or 0:.0%}"
    return (check.row, check.figure, f"{check.old:.4g}", f"{check.new:.4g}", text, limit, verdict)


def _require_within(checks: Sequence[Check]) -> None:
    compared = [check for check in checks if check.verdict != "not compared"]
    failed = [check for check in compared if check.verdict in _FAILED]
    if not compared:
        raise BenchmarkError(
            "expected results of the same rows, on the same pictures or the same kind of host. "
            "Received: nothing that can be compared. Compare with results of this board."
        )
    if failed:
        named = "; ".join(
            f"{check.row}: {check.figure} {check.verdict}" for check in failed[:_NAMED]
        )
        raise BenchmarkError(
            f"expected all {len(compared)} figures within their tolerances. "
            f"Received: {len(failed)} that are not: {named}. "
            "Repeat on a quiet machine, or find the change that made the difference."
        )
