"""``melanoma-convert runtimes``: whether a file means the same on every runtime."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from converter.runtime_table import OTHERS, REFERENCE, RuntimeDifference, compare_runtimes
from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import InputError
from edge_runtime.interpreter import probe_runtime
from edge_runtime.sources import find_pictures


def runtimes(
    models: Annotated[list[Path], typer.Argument(help="Files made by melanoma-convert.")],
    data: Annotated[Path, typer.Option(help="Folder of pictures, looked into recursively.")],
    pictures: Annotated[
        int, typer.Option(min=1, help="How many to compare on, spread over the folder.")
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
) -> None:
    """Compare the runtimes that are installed on the same files and pictures.

    Shows how far logits lie from those of ai-edge-litert with XNNPACK, and how many decisions
    differ at each card's operating point. A picture that cannot be used is named and left out,
    and the exit code is 4.
    """
    found = find_pictures([data], recursive=True)
    chosen = found[:: max(1, len(found) // pictures)][:pictures]
    others = [other for other in OTHERS if probe_runtime(other.runtime).version is not None]
    differences = [row for model in models for row in compare_runtimes(model, chosen, others)]
    if as_json:
        console.write_line(json.dumps([row.as_dict() for row in differences]))
    else:
        _print_differences(differences)
        console.write_line(NOTICE)
    if any(row.pictures < len(chosen) for row in differences):
        raise typer.Exit(InputError.exit_code)


def _print_differences(differences: Sequence[RuntimeDifference]) -> None:
    console.print_table(
        ("file", "runtime", "pictures", "Δlogit mean / max", "decisions that differ"),
        [(row.file, row.runtime, str(row.pictures), *_cells(row)) for row in differences],
    )
    console.write_line()
    console.write_line(f"against {REFERENCE.name}; runtimes that are not installed are left out")


def _cells(row: RuntimeDifference) -> tuple[str, str]:
    if row.problem is not None:
        return "–", row.problem
    apart = f"{row.mean_difference:.6f} / {row.max_difference:.6f}"
    return apart, str(row.changed_decisions)
